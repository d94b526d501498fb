import ArgumentParser
import Consents
import INFTs
import Interface
import Licenses
import Primitives
import Transactions
import WalletKit

struct LicenseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "license", abstract: "Licenses: quote, buy, check, renew, give up, derive.",
        discussion: example(
            "license quote score --from clinic", "license buy score --from clinic --purpose TREAT --as score-license",
            "license check score-license --purpose TREAT --at 2027-03-03"),
        subcommands: [
            LicenseQuoteCommand.self, LicenseBuy.self, LicenseCheckCommand.self, LicenseShow.self, LicenseList.self,
            LicenseRenewCommand.self, LicenseTransferCommand.self, LicenseSurrender.self, LicenseRevoke.self,
            LicenseLink.self, LicenseSeat.self,
        ])
}

extension Session {
    func license(_ text: String) async throws(WalletFailure) -> LicenseView {
        let id: LicenseID = try id(text)
        return try await client.read("license_get", .object(["license": json(id)]))
    }
}

struct LicenseCheckCommand: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Whether a license is in force, or covers a use, now or then. Exit code 1: no.",
        discussion: example(
            "license check score-license", "license check score-license --purpose TREAT --territory DE --at 2027-03-03")
    )
    @Argument(help: "Its id or name.") var license: String
    @Option(help: ArgumentHelp("When: 2027-03-03, or 2027-03-03T12:00 (UTC); now if absent.", valueName: "time"))
    var at: String?
    @OptionGroup(title: "Use") var use: LicenseUseOptions
    @OptionGroup(title: "Proof") var proof: ProofOptions
    @OptionGroup(title: "Signing") var globals: Globals

    func perform(_ session: Session) async throws {
        let now = try await session.ledgerTime()
        let id: LicenseID = try session.id(license)
        var params = parameters(["license": session.json(id)])
        if let at = try Codes.time(at, now: now) { params.append("at", .unsigned(at.milliseconds)) }
        if let use = try use.use(session) { params.append("use", try session.client.encode(use)) }
        let value = try await session.decision("license_check", params, proof)
        let names = session.plainNames
        let isValid = value["isValid"]?.boolean == true
        let reasons = (value["reasons"]?.array ?? []).map { reason in
            "\(reason["reason"]?.string ?? ""): \(Self.readable(reason["message"]?.string ?? "", names))"
        }
        session.show(value) {
            Console.fields([
                ("License", names.identifier(session.text(id))), ("At", names.time(value["at"])),
                ("State", value["state"]?.string ?? "not bought yet"), ("Licensee", names.party(value["licensee"])),
                ("Covered", isValid ? "yes" : "no"), ("Because", isValid ? nil : reasons.joined(separator: "\n")),
            ])
        }
        if !isValid { throw WalletFailure(.refused, "the license does not cover it") }
    }

    /// Names for ids, and dates for what the node tells in milliseconds.
    private static func readable(_ message: String, _ names: SessionNames) -> String {
        let text = names.translated(WalletFailure(.refused, message)).message
        guard let space = text.lastIndex(of: " "), text[..<space].hasSuffix(" at"),
            let time = UInt64(text[text.index(after: space)...])
        else { return text }
        return text[...space] + names.time(Timestamp(time))
    }
}

struct LicenseShow: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "A license: state, for what, from when to when.",
        discussion: example("license show score-license"))
    @OptionGroup var globals: Globals
    @Argument(help: "Its id or name.") var license: String

    func perform(_ session: Session) async throws {
        try await session.verifyNetwork()
        let view = try await session.license(license)
        let record = view.license
        let terms: TermsView = try await session.client.read(
            "terms_get", .object(["terms": session.json(record.terms)]))
        let names = try await session.names()
        session.show(try session.client.encode(view)) {
            let use = record.use
            Console.fields([
                ("License", names.identifier(record.id.description)), ("On", names.identifier(record.inft.description)),
                ("Version", "\(record.version)" + (terms.terms.grant.coversRevisions ? " and later ones" : "")),
                ("State", view.state.name), ("Licensee", names.party(view.licensee)),
                ("Licensor", names.party(record.licensor)),
                ("Price", record.asset.map { names.amount(record.price, of: $0) } ?? "free"),
                ("Bought", names.time(record.purchasedAt)),
                ("Ends", record.expiresAt.map { names.time($0) } ?? "never"),
                (
                    "Renewed",
                    record.renewals.isEmpty ? nil : record.renewals.map { names.time($0.at) }.joined(separator: "\n")
                ),
                ("Ended", record.ending.map { "\($0.state.name) at \(names.time($0.at))" }),
                ("Seats", terms.terms.grant.seats.map { "\(record.seatsTaken) of \($0)" }),
                ("For", use.purposes.isEmpty ? nil : use.purposes.codes.map(\.name).joined(separator: ", ")),
                ("In", use.territories.isEmpty ? nil : use.territories.texts.joined(separator: ", ")),
                ("Commercial", use.isCommercial ? "yes" : "no"), ("Trains models", use.trainsModels ? "yes" : "no"),
                ("Terms", names.identifier(record.terms.description)),
                ("They say", terms.terms.sentences(names).joined(separator: "\n")),
            ])
        }
    }
}

struct LicenseList: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Licenses, newest first: yours, or those on an INFT, or those a party gave.",
        discussion: example("license list --from clinic", "license list --inft score", "license list --licensor clara"))
    @OptionGroup var globals: Globals
    @Option(help: "Held by this party, now or once; who acts if nothing is named.") var licensee: String?
    @Option(help: "On this INFT.") var inft: String?
    @Option(help: "Given by this party.") var licensor: String?
    @Option(help: "At most so many.") var limit = 100

    func perform(_ session: Session) async throws {
        try await session.verifyNetwork()
        var params = JSONObject()
        if let licensee { params.append("licensee", session.json(try session.party(licensee))) }
        if let inft {
            let id: INFTID = try session.id(inft)
            params.append("inft", session.json(id))
        }
        if let licensor { params.append("licensor", session.json(try session.party(licensor))) }
        if params.count == 0 { params.append("licensee", session.json(try session.actor())) }
        let items = try await session.client.items("license_list", params, limit: limit)
        let names = try await session.names()
        session.list(
            items, ["LICENSE", "INFT", "STATE", "LICENSEE", "PRICE", "BOUGHT", "ENDS"], empty: "There is none."
        ) { item in
            let license = item["license"]
            return [
                names.id(license?["id"]), names.id(license?["inft"]), item["state"]?.string ?? "",
                names.party(item["licensee"]), names.amount(license?["price"], of: license?["asset"]),
                names.time(license?["purchasedAt"]) ?? "", names.time(license?["expiresAt"]) ?? "never",
            ]
        }
    }
}

struct LicenseTransferCommand: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "transfer", abstract: "Hands a license on, where its terms allow it; who gets it signs too.",
        discussion: example("license transfer course --to ben --from clara --co-sign ben"))
    @OptionGroup var globals: Globals
    @Argument(help: "Its id or name.") var license: String
    @Option(help: "Who gets it.") var to: String

    func perform(_ session: Session) async throws {
        let transfer = TransferLicense(license: try session.id(license), to: try session.party(to))
        try await session.act([.licenses(.transfer(transfer))])
    }
}

struct LicenseSurrender: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "surrender", abstract: "Gives a license up, without return.",
        discussion: example("license surrender score-license"))
    @OptionGroup var globals: Globals
    @Argument(help: "Its id or name.") var license: String

    func perform(_ session: Session) async throws {
        try await session.act([.licenses(.surrender(SurrenderLicense(license: try session.id(license))))])
    }
}

struct LicenseRevoke: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke", abstract: "Ends a license that you gave, for a cause that its terms name.",
        discussion: example("license revoke tmnxlic1… --cause breach-of-terms --evidence report.pdf --from clara"))
    @OptionGroup var globals: Globals
    @Argument(help: "Its id or name.") var license: String
    @Option(help: ArgumentHelp("\(RevocationCause.names.joined(separator: ", ")).", valueName: "cause")) var cause:
        String
    @Option(help: ArgumentHelp("The evidence: its hash goes on the ledger.", valueName: "path")) var evidence: String?
    @Option(help: ArgumentHelp("Its hash, instead of the file.", valueName: "hash")) var evidenceHash: String?

    func validate() throws {
        if (evidence == nil) == (evidenceHash == nil) {
            throw ValidationError("A revocation cites evidence: --evidence FILE or --evidence-hash HASH.")
        }
    }

    func perform(_ session: Session) async throws {
        let hash = try evidence.map { try ContentFile(path: $0).hash } ?? Codes.hash(evidenceHash ?? "")
        let revoke = RevokeLicense(
            license: try session.id(license), cause: try Codes.one(cause, RevocationCause.self, "cause"),
            evidence: hash)
        try await session.act([.licenses(.revoke(revoke))])
    }
}

struct LicenseLink: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "link", abstract: "Uses licenses up for a derivative: mints it and links it in one transaction.",
        discussion: example(
            "license link score-license --file local.json --class localization --title \"CHA2DS2-VASc, Deutsch\" \\\n"
                + "    --language de --as local"))
    @Argument(help: "A license on each parent: ids or names.") var licenses: [String]
    @OptionGroup var mint: MintOptions
    @OptionGroup(title: "Signing") var globals: Globals

    func perform(_ session: Session) async throws { try await mint.perform(session, parents: licenses) }
}

struct LicenseSeat: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "seat", abstract: "Who may use a license with seats.",
        discussion: example("license seat assign course student", "license seat release course student"),
        subcommands: [LicenseSeatAssign.self, LicenseSeatRelease.self])
}

struct LicenseSeatAssign: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "assign", abstract: "Lets an account use the license.",
        discussion: example("license seat assign course student"))
    @OptionGroup var globals: Globals
    @Argument(help: "The license's id or name.") var license: String
    @Argument(help: "An account: name or address.") var account: String

    func perform(_ session: Session) async throws {
        let assign = AssignSeat(license: try session.id(license), account: try session.address(account))
        try await session.act([.licenses(.assignSeat(assign))])
    }
}

struct LicenseSeatRelease: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "release", abstract: "Takes a seat back.",
        discussion: example("license seat release course student"))
    @OptionGroup var globals: Globals
    @Argument(help: "The license's id or name.") var license: String
    @Argument(help: "An account: name or address.") var account: String

    func perform(_ session: Session) async throws {
        let release = ReleaseSeat(license: try session.id(license), account: try session.address(account))
        try await session.act([.licenses(.releaseSeat(release))])
    }
}
