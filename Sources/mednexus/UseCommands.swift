import ArgumentParser
import Consents
import Cryptography
import INFTs
import Interface
import Licenses
import Primitives
import Transactions
import WalletKit

struct LicenseUseCommand: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "use", abstract: "Records uses of a license, and pays for them; with --list it shows them.",
        discussion: """
            The ledger gets salted commitments to input and output, closed codes, and nothing else. What opens them is kept \
            in a file (--opening): with it an institution can report later how a case ended.

            \(example(
                "license use score-license --input case.json --output result.json --purpose TREAT --territory DE",
                "license use score-license --input a.json --output a.out --prediction 73 \\\n"
                    + "    --input b.json --output b.out --prediction 12 --purpose TREAT --opening uses.json --from bot",
                "license use score-license --list"))
            """)
    @Argument(help: "The license's id or name.") var license: String
    @Option(help: ArgumentHelp("What went in (repeatable, with an output each).", valueName: "file"))
    var input: [String] = []
    @Option(help: ArgumentHelp("What came out.", valueName: "file")) var output: [String] = []
    @Option(
        help: ArgumentHelp(
            "The predicted probability: of none of the pairs, or of each. The ledger learns its tenth, and only once an "
                + "outcome is reported.", valueName: "percent"))
    var prediction: [String] = []
    @Option(help: ArgumentHelp("Runs that each pair stands for. Outcomes are of single runs.", valueName: "count"))
    var count: UInt64 = 1
    @Option(help: ArgumentHelp("Where what opens the commitments is kept.", valueName: "file")) var opening: String?
    @Option(
        help: ArgumentHelp("The most you pay beyond what is prepaid; what is shown if absent.", valueName: "amount"))
    var maxFee: String?
    @Flag(help: "Shows the uses that were recorded.") var list = false
    @Option(help: "At most so many, with --list.") var limit = 100
    @OptionGroup(title: "Use") var use: MeteredUseOptions
    @OptionGroup(title: "Signing") var globals: Globals

    func validate() throws {
        if list {
            guard input.isEmpty, output.isEmpty else { throw ValidationError("--list only shows.") }
            return
        }
        guard !input.isEmpty, input.count == output.count, input.count <= LicenseLimits.useEntries else {
            throw ValidationError("Give 1 to \(LicenseLimits.useEntries) --input, and an --output for each.")
        }
        guard prediction.isEmpty || prediction.count == input.count else {
            throw ValidationError("Give a --prediction for each pair, or for none.")
        }
    }

    func perform(_ session: Session) async throws {
        try await session.verifyNetwork()
        let view = try await session.license(license)
        if list { return try await show(view, session) }
        let opening = UseOpening(license: view.license.id, entries: try entries())
        let entries = opening.entries.map(\.entry)
        let cost = try await UseCost(view, uses: count * UInt64(entries.count), maximum: maxFee, session)
        let record = RecordUse(
            license: view.license.id, use: try use.use(), entries: entries, maximumFee: cost.maximum)
        let path = self.opening ?? "\(session.home.path)/uses/\(opening.root).json"
        guard try !ContentFile.exists(path) else {
            throw WalletFailure(.usage, "\(path) is there already", hint: "Name another file with --opening.")
        }
        let kind = session.network.kind
        try await session.act([.licenses(.use(record))], notes: cost.notes) { _ throws(WalletFailure) in
            // On disk before anything is sent: without the salts nobody can ever show what was committed to.
            try opening.save(path, networkKind: kind)
        }
        guard !globals.json, globals.buildOnly == nil else { return }
        Console.out("Kept in \(path): what opens the commitments.")
        guard globals.wait, let meter = try await session.license(license).meter, meter.perUseFee > .zero else {
            return
        }
        Console.out("Prepaid uses left: \(meter.quota).")
    }

    private func entries() throws(WalletFailure) -> [UseOpening.Entry] {
        guard (1...LicenseLimits.usesPerEntry).contains(count) else {
            throw WalletFailure(.usage, "--count is 1 to \(LicenseLimits.usesPerEntry)")
        }
        var entries: [UseOpening.Entry] = []
        for index in input.indices {
            let bin = try prediction.isEmpty ? nil : UseOpening.bin(Codes.percent(prediction[index]))
            entries.append(
                try UseOpening.Entry(
                    inputHash: try ContentFile(path: input[index]).hash,
                    outputHash: try ContentFile(path: output[index]).hash, bin: bin, count: count))
        }
        return entries
    }

    private func show(_ view: LicenseView, _ session: Session) async throws {
        let params = parameters(["license": session.json(view.license.id)])
        let items = try await session.client.items("license_uses", params, limit: limit)
        let names = try await session.names()
        let asset = view.license.asset.map { session.json($0) }
        session.list(
            items, ["NUMBER", "TIME", "BY", "USES", "PREPAID", "COST", "FOR", "REPORTED"], empty: "There is none."
        ) { item in
            let reported = item["reported"]?.unsigned?.nonzeroBitCount ?? 0
            return [
                "\(item["number"]?.unsigned ?? 0)", names.time(item["at"]) ?? "", names.party(item["user"]),
                "\(item["uses"]?.unsigned ?? 0)", "\(item["prepaid"]?.unsigned ?? 0)",
                names.amount(item["fee"], of: asset), item["use"]?["purpose"]?.string ?? "",
                "\(reported) of \(item["entries"]?.unsigned ?? 0)",
            ]
        }
        guard !globals.json, let meter = view.meter else { return }
        Console.out("Prepaid uses left: \(meter.quota).")
    }
}

/// What uses would cost now, in words; and the most that is paid beyond the quota.
struct UseCost {
    let maximum: Amount
    let notes: [String]

    init(
        _ view: LicenseView, uses: UInt64, maximum text: String?, _ session: Session
    ) async throws(WalletFailure) {
        guard let meter = view.meter, meter.perUseFee > .zero, let asset = view.license.asset else {
            maximum = .zero
            notes = ["Uses cost nothing under these terms."]
            return
        }
        let record = try await session.asset(session.text(asset))
        let prepaid = min(meter.quota, uses)
        var lines = [
            "\(uses) use\(uses == 1 ? "" : "s") at \(record.style.text(meter.perUseFee)): \(prepaid) prepaid, "
                + "\(meter.quota - prepaid) left after it"
        ]
        var fee = Amount.zero
        if uses > prepaid {
            let (units, overflow) = meter.perUseFee.units.multipliedReportingOverflow(by: uses - prepaid)
            guard !overflow else { throw WalletFailure(.usage, "so many uses cost more than there is money") }
            fee = Amount(units)
            guard try session.actor() == view.licensee else {
                throw WalletFailure.foreseen(
                    LicenseRejection.quotaSpent.at(
                        "entries", "\(meter.quota) prepaid uses are left, and only the licensee pays for more",
                        hint: "The licensee adds some: mednexus license top-up."))
            }
            let number = uses - prepaid
            lines.append(
                "\(number) \(number == 1 ? "is" : "are") paid singly: \(record.style.text(fee)), from your balance")
        }
        if let text {
            maximum = try session.amount(text, of: record)
            guard fee <= maximum else {
                throw WalletFailure.foreseen(
                    LicenseRejection.feeAboveMaximum.at(
                        "maximumFee",
                        "beyond the quota it costs \(record.style.text(fee)), your maximum is "
                            + record.style.text(maximum), hint: "Nothing was signed."))
            }
        } else {
            maximum = fee
        }
        notes = lines
    }
}

/// What is said of uses, in closed codes.
struct MeteredUseOptions: ParsableArguments {
    @Option(help: ArgumentHelp("HL7 purpose of use: TREAT.", valueName: "code")) var purpose: String?
    @Option(help: ArgumentHelp("Field of use: \(FieldOfUse.names.joined(separator: ", ")).", valueName: "field"))
    var field: String?
    @Option(help: ArgumentHelp("Where, ISO 3166.", valueName: "place")) var territory: String?
    @Option(help: ArgumentHelp("In which language.", valueName: "tag")) var language: String?
    @Option(help: ArgumentHelp("Which version; the one bought if absent.", valueName: "number"))
    var contentVersion: UInt64?
    @Flag(help: "For commercial use.") var commercial = false
    @Flag(help: "To train models.") var training = false
    @Flag(help: "The work is named.") var attributed = false

    func use() throws(WalletFailure) -> MeteredUse {
        MeteredUse(
            purpose: try purpose.map { (text) throws(WalletFailure) in
                try Codes.one(text, PurposeOfUse.self, "purpose of use")
            },
            field: try field.map { (text) throws(WalletFailure) in
                try Codes.one(text, FieldOfUse.self, "field of use")
            },
            territory: territory?.uppercased(), language: language, version: contentVersion, isCommercial: commercial,
            trainsModels: training, attributes: attributed)
    }
}

struct LicenseTopUp: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "top-up", abstract: "Prepays more uses; what is not used comes back at the end.",
        discussion: example("license top-up score-license 500", "license top-up score-license 500 --max-price 250.00"))
    @OptionGroup var globals: Globals
    @Argument(help: "The license's id or name.") var license: String
    @Argument(help: "How many uses.") var uses: UInt64
    @Option(help: ArgumentHelp("The most you set aside; what is shown if absent.", valueName: "amount"))
    var maxPrice: String?

    func perform(_ session: Session) async throws {
        try await session.verifyNetwork()
        let view = try await session.license(license)
        guard let meter = view.meter, meter.perUseFee > .zero, let asset = view.license.asset else {
            throw WalletFailure.foreseen(
                LicenseRejection.notMetered.at("license", "uses cost nothing under these terms"))
        }
        let (units, overflow) = meter.perUseFee.units.multipliedReportingOverflow(by: uses)
        guard !overflow else { throw WalletFailure(.usage, "so many uses cost more than there is money") }
        let price = try await LicensePrice(Amount(units), asset, maximum: maxPrice, session)
        let names = try await session.names()
        let topUp = TopUpQuota(license: view.license.id, uses: uses, maximumPrice: price.maximum)
        try await session.act(
            [.licenses(.topUp(topUp))],
            notes: [
                "\(uses) uses at \(names.amount(meter.perUseFee, of: asset)): "
                    + "\(names.amount(Amount(units), of: asset)). Left until now: \(meter.quota)."
            ])
    }
}

struct LicenseReturnQuota: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "return-quota",
        abstract: "Takes prepaid uses back while the license is suspended (recall, dispute, consent).",
        discussion: example("license return-quota score-license"))
    @OptionGroup var globals: Globals
    @Argument(help: "The license's id or name.") var license: String

    func perform(_ session: Session) async throws {
        try await session.act([.licenses(.returnQuota(ReturnQuota(license: try session.id(license))))])
    }
}

struct LicenseAgentCommand: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "agent", abstract: "Agents that use a license for you: names one, dismisses it, or lists them.",
        discussion: """
            An agent spends the prepaid quota alone, and only while the INFT's owner authorizes it (mednexus inft authorize).

            \(example(
                "license agent score-license", "license agent score-license triage-bot --allowance 1000",
                "license agent score-license triage-bot --dismiss"))
            """)
    @OptionGroup var globals: Globals
    @Argument(help: "The license's id or name.") var license: String
    @Argument(help: "The agent: name or address.") var agent: String?
    @Option(help: ArgumentHelp("At most so many uses; as many as are prepaid if absent.", valueName: "count"))
    var allowance: UInt64?
    @Flag(help: "It no longer uses the license.") var dismiss = false

    func validate() throws {
        if agent == nil, dismiss || allowance != nil { throw ValidationError("Name the agent.") }
        if dismiss, allowance != nil { throw ValidationError("Give --allowance or --dismiss, not both.") }
    }

    func perform(_ session: Session) async throws {
        let id: LicenseID = try session.id(license)
        guard let agent else { return try await list(id, session) }
        let party = try session.party(agent)
        try await session.act([
            .licenses(
                dismiss
                    ? .dismissAgent(DismissAgent(license: id, agent: party))
                    : .nameAgent(NameAgent(license: id, agent: party, allowance: allowance)))
        ])
    }

    private func list(_ id: LicenseID, _ session: Session) async throws {
        try await session.verifyNetwork()
        let items = try await session.client.items("license_agents", parameters(["license": session.json(id)]))
        let names = session.plainNames
        session.list(items, ["AGENT", "NAMED", "MAY STILL USE", "USED"], empty: "There is none.") { item in
            let isNamed = item["isNamed"]?.boolean == true
            let allowance = item["agent"]?["allowance"]?.unsigned.map { "\($0)" } ?? "what is prepaid"
            return [
                names.party(item["agent"]?["agent"]), isNamed ? "yes" : "no", isNamed ? allowance : "",
                "\(item["agent"]?["uses"]?.unsigned ?? 0)",
            ]
        }
    }
}
