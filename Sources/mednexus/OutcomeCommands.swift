import ArgumentParser
import Cryptography
import Encoding
import INFTs
import Interface
import Licenses
import Primitives
import Transactions
import WalletKit

struct LicenseOutcome: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "outcome",
        abstract: "Reports how a recorded use ended, for everyone to see; the case stays hidden.",
        discussion: """
            An enrolled institution reports: the licensee, or who acts for it. Each use and each case counts once. The case \
            is what the institution itself calls it; the ledger gets a nullifier, from which nobody without the \
            institution's key learns anything.

            \(example(
                "license outcome score-license --opening uses.json --case 2027/0815 --measure measure.md --agrees",
                "license outcome score-license --opening uses.json --use 2 --case 2027/0816 --measure measure.md \\\n"
                    + "    --disagrees --not-observed --from registrar --acting-for hospital"))
            """)
    @Argument(help: "The license's id or name.") var license: String
    @Option(help: ArgumentHelp("What license use kept.", valueName: "file")) var opening: String
    @Option(help: ArgumentHelp("Which of the uses in it, from 1.", valueName: "number")) var use: Int?
    @Option(name: .customLong("case"), help: ArgumentHelp("What the institution calls the case.", valueName: "name"))
    var caseName: String
    @Option(
        help: ArgumentHelp(
            "The document that defines what is measured; what the license's terms name if absent.", valueName: "file"))
    var measure: String?
    @Option(help: ArgumentHelp("Its SHA-256, instead of the file.", valueName: "hash")) var measureHash: String?
    @Flag(inversion: .prefixedNo, exclusivity: .exclusive, help: "What was predicted came about.") var observed: Bool?
    @Flag(help: "The output agrees with what was found.") var agrees = false
    @Flag(help: "It does not.") var disagrees = false
    @Option(help: ArgumentHelp("The institution's case key; this wallet's if absent.", valueName: "file"))
    var caseKey: String?
    @OptionGroup(title: "Signing") var globals: Globals

    func validate() throws {
        guard agrees != disagrees else { throw ValidationError("Say whether it --agrees or --disagrees.") }
        guard measure == nil || measureHash == nil else {
            throw ValidationError("Give --measure or --measure-hash, not both.")
        }
        guard !caseName.isEmpty else { throw ValidationError("Name the case.") }
    }

    func perform(_ session: Session) async throws {
        try await session.verifyNetwork()
        let opened = try UseOpening.load(opening, networkKind: session.network.kind)
        let view = try await session.license(license)
        guard opened.license == view.license.id else {
            throw WalletFailure(.usage, "\(opening) is of another license: \(session.text(opened.license))")
        }
        let index = try index(of: opened)
        let entry = opened.entries[index]
        guard (entry.bin == nil) == (observed == nil) else {
            throw WalletFailure(
                .usage, entry.bin == nil ? "nothing was predicted for this use" : "did what was predicted come about?",
                hint: entry.bin == nil ? "Leave --observed out." : "Give --observed or --no-observed.")
        }
        let receipt = try await receipt(opened, session)
        let measure = try await measure(view, session)
        let secret =
            try caseKey.map { (path) throws(WalletFailure) in try CaseSecrets.read(path) }
            ?? CaseSecrets(try session.unlock()).secret(of: try session.actor())
        let leaves = opened.entries.map { MerkleLog.leafHash($0.entry.encoded) }
        let report = ReportOutcome(
            license: view.license.id, receipt: receipt.number, index: UInt64(index), entry: entry.entry,
            path: MerkleLog.inclusionProof(of: index, in: leaves) ?? [],
            opening: OutcomeOpening(salt: entry.binSalt, bin: entry.bin, inner: entry.inner), measure: measure,
            nullifier: UseCommitments.nullifier(
                secret: secret, inft: view.license.inft, version: receipt.version, measure: measure,
                caseName: Array(caseName.utf8)), agrees: agrees, observed: observed)
        try await session.act([.licenses(.reportOutcome(report))])
    }

    private func index(of opened: UseOpening) throws(WalletFailure) -> Int {
        let count = opened.entries.count
        guard let use else {
            if count == 1 { return 0 }
            throw WalletFailure(.usage, "\(opening) holds \(count) uses", hint: "Say which: --use 1 to \(count).")
        }
        guard (1...count).contains(use) else {
            throw WalletFailure(.usage, "\(opening) holds \(count) uses", hint: "Give --use 1 to \(count).")
        }
        return use - 1
    }

    /// The receipt that the file's entries made.
    private func receipt(_ opened: UseOpening, _ session: Session) async throws -> UseReceipt {
        let params = parameters(["license": session.json(opened.license)])
        for item in try await session.client.items("license_uses", params)
        where item["root"]?.string == opened.root.description {
            return try session.decode(item, as: UseReceipt.self)
        }
        throw WalletFailure(
            .usage, "the ledger has no receipt of these uses",
            hint: "Was the transaction final? mednexus license use --list.")
    }

    private func measure(_ view: LicenseView, _ session: Session) async throws -> Hash {
        if let measure { return try ContentFile(path: measure).hash }
        if let measureHash { return try Codes.hash(measureHash) }
        let terms: TermsView = try await session.client.read(
            "terms_get", .object(["terms": session.json(view.license.terms)]))
        if let price = terms.terms.payment.outcome { return price.measure }
        throw WalletFailure(
            .usage, "by which measure?", hint: "Give --measure FILE or --measure-hash HASH; the terms name none.")
    }
}

struct LicenseCaseKey: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "case-key",
        abstract: "Writes the institution's case key to a file, for colleagues who report for it too.",
        discussion: """
            With it the same case gives the same nullifier, whoever reports. Whoever has it can tell from the names of cases \
            which of them were reported: keep it as secret as the names.

            \(example("license case-key --out cases.key --from registrar --acting-for hospital"))
            """)
    @OptionGroup var globals: Globals
    @Option(help: ArgumentHelp("Where it goes.", valueName: "file")) var out: String

    func perform(_ session: Session) async throws {
        let party = try session.actor()
        try CaseSecrets.write(CaseSecrets(try session.unlock()).secret(of: party), to: out)
        let value = JSONValue.object(["file": .string(out), "institution": session.json(party)])
        session.show(value) { Console.out("Written to \(out).") }
    }
}

struct INFTOutcomes: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "outcomes", abstract: "How it did, as institutions reported: agreement and calibration.",
        discussion: example("inft outcomes score", "inft outcomes score --content-version 2 --bins"))
    @OptionGroup var globals: ReadGlobals
    @Argument(help: "Its id or name.") var inft: String
    @Option(help: ArgumentHelp("This version alone.", valueName: "number")) var contentVersion: UInt64?
    @Flag(help: "Shows each tenth: how often it was predicted, how often it came about.") var bins = false

    func perform(_ session: Session) async throws {
        try await session.verifyNetwork()
        let id: INFTID = try session.id(inft)
        var params = parameters(["inft": session.json(id)])
        if let contentVersion { params.append("version", .unsigned(contentVersion)) }
        let items = try await session.client.items("inft_outcomes", params)
        let names = session.plainNames
        session.list(
            items, ["VERSION", "MEASURE", "BY", "REPORTS", "OF USES", "AGREE", "CALIBRATION ERROR"],
            empty: "Nothing was reported."
        ) { item in
            let totals = item["totals"]
            let isAll = totals?["institution"]?.string == nil
            return [
                "\(totals?["version"]?.unsigned ?? 0)", String((totals?["measure"]?.string ?? "").prefix(16)),
                isAll ? "all" : names.party(totals?["institution"]), "\(totals?["reports"]?.unsigned ?? 0)",
                isAll ? "\(item["uses"]?.unsigned ?? 0)" : "", names.share(item["agreement"]),
                names.share(item["calibrationError"]),
            ]
        }
        guard bins, !globals.json else { return }
        for item in items where item["totals"]?["institution"]?.string == nil {
            let totals = item["totals"]
            Console.out(
                "Version \(totals?["version"]?.unsigned ?? 0), measure \(totals?["measure"]?.string ?? ""):")
            let rows = (totals?["bins"]?.array ?? []).enumerated().map { index, bin in
                [
                    "\(index * 10) to \(index * 10 + 10) %", "\(bin["predicted"]?.unsigned ?? 0)",
                    "\(bin["observed"]?.unsigned ?? 0)",
                ]
            }
            Console.table(["PREDICTED", "CASES", "CAME ABOUT"], rows)
        }
    }
}
