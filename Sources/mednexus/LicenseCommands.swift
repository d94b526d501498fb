import ArgumentParser
import Consents
import Cryptography
import INFTs
import Interface
import Licenses
import Primitives
import Transactions
import WalletKit

struct LicenseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "license", abstract: "Licenses: quote, buy, check, use, renew, give up, derive.",
        discussion: example(
            "license quote score --from clinic", "license buy score --from clinic --purpose TREAT --as score-license",
            "license check score-license --purpose TREAT --at 2027-03-03"),
        subcommands: [
            LicenseQuoteCommand.self, LicenseBuy.self, LicenseCheckCommand.self, LicenseShow.self, LicenseList.self,
            LicenseRenewCommand.self, LicenseTransferCommand.self, LicenseSublicense.self, LicenseSurrender.self,
            LicenseRevoke.self,
            LicenseLink.self, LicenseSeat.self, LicenseDeliver.self, LicenseAnswer.self, LicenseOpen.self,
            LicenseRefund.self,
            LicenseRequestVersion.self, LicenseReceive.self,
            LicenseDeliveries.self, LicenseUseCommand.self, LicenseTopUp.self, LicenseReturnQuota.self,
            LicenseAgentCommand.self, LicenseOutcome.self, LicenseCaseKey.self,
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
    @OptionGroup var globals: ReadGlobals

    func perform(_ session: Session) async throws {
        let now = try await session.ledgerTime()
        let id: LicenseID = try session.id(license)
        var params = parameters(["license": session.json(id)])
        let isKnown = try await isOpened(session)
        if let at = try Codes.time(at, now: now) { params.append("at", .unsigned(at.milliseconds)) }
        if let use = try use.use(session, diseaseIsKnown: isKnown) {
            params.append("use", try session.client.encode(use))
        }
        let value = try await session.decision("license_check", params, proof)
        let names = session.plainNames
        let isValid = value["isValid"]?.boolean == true
        let verdict: LicenseVerdict = try session.decode(value)
        let reasons = (value["reasons"]?.array ?? []).map { reason in
            "\(reason["reason"]?.string ?? ""): \(Self.readable(reason["message"]?.string ?? "", names))"
        }
        session.show(value) {
            Console.fields([
                ("License", names.identifier(session.text(id))), ("At", names.time(value["at"])),
                ("State", value["state"]?.string ?? "not bought yet"), ("Licensee", names.party(value["licensee"])),
                (
                    params["use"] == nil ? "In force" : "Covered",
                    isValid ? params["use"] == nil && verdict.consents != nil ? "yes, as a license" : "yes" : "no"
                ),
                ("Because", isValid ? nil : reasons.joined(separator: "\n")),
                ("Consents", verdict.consents.map { session.sentences(of: $0, id).joined(separator: "\n") }),
                (
                    "Uses",
                    params["use"] == nil && isValid
                        ? "not looked at: --purpose and the like ask whether one is covered" : nil
                ),
            ])
        }
        if !isValid {
            throw WalletFailure(
                .refused, params["use"] == nil ? "the license is not in force" : "the license does not cover it",
                hint: params["use"] == nil ? "" : Self.options(for: verdict.reasons))
        }
    }

    /// Of a license bought by a commitment the ledger can't compare the disease, and does not have to be told it: the file
    /// that opens the commitment tells. False where the ledger knows the diseases.
    private func isOpened(_ session: Session) async throws -> Bool {
        guard let disease = use.disease, let stated = try await session.license(license).license.use.research,
            let project = stated.project, stated.diseases.isEmpty
        else { return false }
        guard let file = use.opening else {
            throw WalletFailure(
                .usage, "the ledger only has a commitment to the diseases that the license is for, and can't compare",
                hint: "Add --opening FILE, as license buy wrote it, or leave --disease out.")
        }
        let openings = try CommitmentOpening.list(try ContentFile.text(file), file: file)
        guard let opening = openings.first(where: { $0.commitment == project }) else {
            throw WalletFailure(.usage, "\(file) does not open the commitment that the license was bought by")
        }
        guard opening.outside([try ConsentInputs.term(disease)], ontology: nil).isEmpty else {
            let bought = opening.terms.elements.map(\.text).joined(separator: ", ")
            throw WalletFailure(.refused, "the license is for research of \(bought), and not of \(disease)")
        }
        return true
    }

    /// What else can be said of the use.
    private static func options(for findings: [LicenseFinding]) -> String {
        var options: [String] = []
        for finding in findings {
            guard let option = CommandWords.useOptions[finding.reason.name], !options.contains(option) else { continue }
            options.append(option)
        }
        return options.isEmpty ? "" : "Said by \(options.joined(separator: ", ")): mednexus help license check."
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
    @OptionGroup var globals: ReadGlobals
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
                ("State", view.state.name + Self.hint(view.state)),
                (
                    "Delivery",
                    view.delivery.map {
                        ([Self.sentence($0, names)] + Self.refund(view, names)).joined(separator: "\n")
                    }
                ),
                ("Licensee", names.party(view.licensee)), ("Licensor", names.party(record.licensor)),
                ("Price", record.asset.map { names.amount(record.price, of: $0) } ?? "free"),
                ("Bought", names.time(record.purchasedAt)),
                (
                    "Ends",
                    Self.end(record, view.state, terms.terms, names)
                        + (view.state == .active && record.expiresAt != nil
                            ? view.renewalObstacle.map { "; can't be renewed: \($0.words)" } ?? "" : "")
                ),
                (
                    "Renewed",
                    record.renewals.isEmpty ? nil : record.renewals.map { names.time($0.at) }.joined(separator: "\n")
                ),
                ("Ended", record.ending.map { "\($0.state.name) at \(names.time($0.at))" }),
                (
                    view.state == .suspended ? "Suspended" : "Ended above",
                    [.suspended, .endedAbove].contains(view.state)
                        ? view.outSince.map { "since \(names.time($0))" } : nil
                ),
                ("Trial", Self.trial(record, view, terms.terms, names)),
                ("Disputed", view.dispute.map { names.identifier($0.description) }),
                ("Prepaid", view.meter.flatMap { Self.sentence($0, record.asset, names) }),
                ("Used", view.meter.map { "\($0.uses) times" }),
                ("Outcomes", view.outcome.map { Self.sentence($0, terms.terms, names) }),
                (
                    "Seats",
                    (record.under?.seats ?? terms.terms.grant.seats).map { "\(record.seatsTaken) of \($0) taken" }
                ), ("Under", record.under.map { names.identifier($0.license.description) }),
                ("Sublicenses", record.sublicenses > 0 ? "\(record.sublicenses): license list --above" : nil),
                ("For", use.purposes.isEmpty ? nil : use.purposes.codes.map(\.name).joined(separator: ", ")),
                ("Research", use.research.map { $0.sentences.joined(separator: "\n") }),
                ("In", use.territories.isEmpty ? nil : use.territories.texts.joined(separator: ", ")),
                ("Commercial", use.isCommercial ? "yes" : "no"), ("Trains models", use.trainsModels ? "yes" : "no"),
                ("Terms", names.identifier(record.terms.description)),
                ("They say", terms.terms.sentences(names).joined(separator: "\n")),
            ])
        }
    }

    private static func end(
        _ record: LicenseRecord, _ state: LicenseState, _ terms: Terms, _ names: SessionNames
    ) -> String {
        if let end = record.expiresAt { return names.time(end) }
        guard let duration = terms.grant.durationMilliseconds else { return "never" }
        return state == .pending
            ? "\(DurationText.exact(milliseconds: duration)) after it is delivered" : "it never began"
    }

    private static func hint(_ state: LicenseState) -> String {
        state == .suspended || state == .endedAbove ? ": mednexus license check tells why" : ""
    }

    /// Whether the price can still be had back, or was.
    private static func trial(
        _ record: LicenseRecord, _ view: LicenseView, _ terms: Terms, _ names: SessionNames
    ) -> String? {
        guard let until = record.trialUntil else { return nil }
        if let ending = record.ending, ending.at < until {
            switch ending {
            case .returned, .revoked:
                let sale = record.price.subtracting(terms.payment.quotaAmount) ?? .zero
                let back = record.asset.map { names.amount(sale, of: $0) } ?? "the price"
                return "ended \(names.time(ending.at)); \(back) of the price came back"
                    + (terms.payment.quotaAmount > .zero ? ", and what was left of the prepaid uses" : "")
            default: return "until \(names.time(until))"
            }
        }
        guard let returns = view.returns, let asset = returns.asset, returns.held > .zero else {
            return "until \(names.time(until))"
        }
        return
            "until \(names.time(until)): license surrender gives \(names.amount(returns.total, of: asset)) back before it"
    }

    /// What waits for outcomes, or what became of it.
    private static func sentence(_ hold: OutcomeHold, _ terms: Terms, _ names: SessionNames) -> String {
        let amount = names.amount(hold.amount, of: hold.asset)
        if let settlement = hold.settlement {
            return "\(amount) \(settlement.isPaid ? "paid" : "given back") \(names.time(settlement.at)): "
                + "\(settlement.agreeing) of \(settlement.reports) reports agreed"
        }
        let own = "\(hold.agreeing) of \(hold.reports) reports under this license agree"
        let until = hold.deadline.map { "decided \(names.time($0))" } ?? "decided after delivery"
        return "\(amount) set aside, \(until)" + (terms.payment.outcome?.basis == .own ? "; \(own)" : "")
    }

    /// Nil where uses cost nothing.
    private static func sentence(_ meter: MeterView, _ asset: AssetID?, _ names: SessionNames) -> String? {
        guard let asset, meter.perUseFee > .zero else { return nil }
        return "\(meter.quota) uses left, \(names.amount(meter.quotaAmount, of: asset)); each costs "
            + "\(names.amount(meter.perUseFee, of: asset)), \(names.amount(meter.fees, of: asset)) paid so far"
    }

    /// Of what was bought and is not delivered: how the price comes back, now or later.
    private static func refund(_ view: LicenseView, _ names: SessionNames) -> [String] {
        guard let refund = view.refund else { return [] }
        let command = "mednexus license refund \(names.short(view.license.id.description))"
        if let obstacle = refund.obstacle {
            return [
                "it can't be made: \(names.translated(WalletFailure(.refused, obstacle)).message)",
                "\(command) gives the price back now",
            ]
        }
        if refund.isDue { return ["its time is over: \(command) gives the price back, if it is not back by itself"] }
        let isBegun = view.delivery?.state == .begun
        let blocks = isBegun ? ", and \(INFTsLimits.completeHeights) blocks after it was begun" : ""
        return [
            "from \(names.time(refund.from)) on\(blocks), \(command) gives the price back, if it is not back by itself"
        ]
    }

    /// What is to happen next, until when; or what came of it.
    private static func sentence(_ view: DeliveryView, _ names: SessionNames) -> String {
        let record = view.delivery
        switch view.state {
        case .offered: return "offered to \(names.party(record.to))"
        case .requested: return "\(names.party(record.from)) must begin it before \(names.time(record.beginBy))"
        case .begun:
            let until = view.completeBy.map { "before \(names.time($0))" } ?? "soon"
            return "begun by \(names.party(record.from)), who must complete it \(until)"
        case .completed:
            let at = record.ending.map { names.time($0.at) } ?? ""
            let text = "version \(record.version), completed \(at)"
            guard let payment = record.payment else { return text }
            if let settled = payment.settledAt {
                let back = ", \(names.amount(payment.amount, of: payment.asset)) came back "
                return text + (payment.isReturned ? back : ", paid out ") + names.time(settled)
            }
            return text + (payment.heldUntil.map { "; the price is held until \(names.time($0))" } ?? "")
        case .failed:
            let back = record.payment?.isReturned == true ? "; the price came back" : ""
            return "ended without delivery: \(record.ending?.outcome.name ?? "")\(back)"
        }
    }
}

struct LicenseList: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Licenses, newest first: yours, or those on an INFT, or those a party gave.",
        discussion: example("license list --from clinic", "license list --inft score", "license list --licensor clara"))
    @OptionGroup var globals: ReadGlobals
    @Option(help: "Held by this party, now or once; who acts if nothing is named.") var licensee: String?
    @Option(help: "On this INFT.") var inft: String?
    @Option(help: "Given by this party.") var licensor: String?
    @Option(help: "Sublicenses of this license.") var above: String?
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
        if let above {
            let id: LicenseID = try session.id(above)
            params.append("above", session.json(id))
        }
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
                names.time(license?["purchasedAt"]) ?? "",
                Self.end(item, names),
            ]
        }
    }

    /// When it ends, or ended: what is over does so before the end that it once had.
    private static func end(_ item: JSONValue, _ names: SessionNames) -> String {
        let state = item["state"]?.string
        let isSuspended = state == LicenseState.suspended.name
        if let since = names.time(item["outSince"]) { return (isSuspended ? "suspended " : "ended ") + since }
        // How long it lasts begins with the delivery, and is said by license show.
        return names.time(item["license"]?["expiresAt"])
            ?? (state == LicenseState.pending.name ? "once delivered" : "never")
    }
}

struct LicenseTransferCommand: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "transfer", abstract: "Hands a license on, where its terms allow it; who gets it signs too.",
        discussion: example("license transfer course --to ben --from clara --co-sign ben"))
    @OptionGroup var globals: Globals
    @Argument(help: "Its id or name.") var license: String
    @Option(help: "Who gets it.") var to: String
    @Option(
        help: ArgumentHelp(
            "Of sealed content, if the key of who gets it is in another wallet: what license receive wrote there.",
            valueName: "path"))
    var request: String?

    func perform(_ session: Session) async throws {
        try await session.verifyNetwork()
        let view = try await session.license(license)
        let to = try session.party(to)
        let names = try await session.names()
        let notes = view.returns?.prepaidLine(names).map { ["\($0) \(names.party(to)) has none."] } ?? []
        guard let held = view.license.delivery else {
            let transfer = TransferLicense(license: view.license.id, to: to)
            return try await session.act([.licenses(.transfer(transfer))], notes: notes)
        }
        if let request {
            let known = try ReceiverRequest.load(request, session)
            return try await session.act(notes: notes) { (place) throws(WalletFailure) in
                try known.require(place, request)
                return [
                    .licenses(.transfer(TransferLicense(license: view.license.id, to: to, delivery: known.delivery)))
                ]
            }
        }
        let (version, content) = try await session.delivered(held)
        _ = try await session.ciphertext(of: content)
        let keyring = try session.keyring()
        try await session.act(notes: notes) { (place) throws(WalletFailure) in
            let delivery = try keyring.request(
                .licenseTransfer, inft: view.license.inft, version: version, root: content.root, receiver: to,
                license: view.license.id, at: place, operation: 0)
            return [.licenses(.transfer(TransferLicense(license: view.license.id, to: to, delivery: delivery)))]
        }
    }
}

extension LicenseReturns {
    /// What comes back of it, and what does not.
    func lines(_ record: LicenseRecord, _ names: SessionNames) -> [String] {
        guard let asset else { return ["It cost nothing."] }
        func text(_ amount: Amount) -> String { names.amount(amount, of: asset) }
        var parts: [String] = []
        if held > .zero { parts.append("\(text(held)) of the price to \(names.party(record.buyer))") }
        if outcome > .zero { parts.append("\(text(outcome)) that waited for outcomes") }
        if prepaid > .zero, let prepaidBy {
            parts.append("\(text(prepaid)) for \(Self.uses(uses)) to \(names.party(prepaidBy))")
        }
        guard !parts.isEmpty else {
            return [record.price > .zero ? "Nothing of the \(text(record.price)) comes back." : "It cost nothing."]
        }
        let rest = total < record.price ? " Nothing else of the \(text(record.price)) does." : ""
        return ["\(text(total)) come back: \(parts.joined(separator: ", ")).\(rest)"]
    }

    /// Where it is handed on; nil if nothing is prepaid.
    func prepaidLine(_ names: SessionNames) -> String? {
        guard let asset, let prepaidBy, uses > 0 else { return nil }
        return "\(names.amount(prepaid, of: asset)) for \(Self.uses(uses)) go back to \(names.party(prepaidBy));"
    }

    private static func uses(_ count: UInt64) -> String { "\(count) prepaid use\(count == 1 ? "" : "s")" }
}

extension Session {
    /// What a completed delivery was of.
    func delivered(_ id: DeliveryID) async throws(WalletFailure) -> (version: UInt64, content: SealedContent) {
        let record = try await delivery(id).delivery
        return (record.version, try await sealedVersion(record.version, of: record.inft).content)
    }
}

/// What who gets a license gives to who hands it on: a fresh sealing key of theirs, proven for one transaction.
struct ReceiverRequest: Codable {
    let sender: Address
    let sequence: UInt64
    let delivery: DeliveryRequest

    /// It is bound to one transaction.
    func require(_ place: OperationPlace, _ path: String) throws(WalletFailure) {
        guard sequence == place.sequence, sender == place.sender else {
            throw WalletFailure(
                .usage, "\(path) was made for transaction number \(sequence); the next is \(place.sequence)",
                hint: "Let it be made anew: mednexus license receive.")
        }
    }

    static func load(_ path: String, _ session: Session) throws(WalletFailure) -> ReceiverRequest {
        do {
            return try JSONValueDecoder.decode(
                ReceiverRequest.self, from: try JSONParser.parse(try ContentFile.text(path)),
                networkKind: session.network.kind)
        } catch let failure as WalletFailure {
            throw failure
        } catch {
            throw WalletFailure(.usage, "\(path) is not what license receive writes: \(error)")
        }
    }
}

struct LicenseReceive: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "receive", abstract: "Prepares to get a license on sealed content from who hands it on.",
        discussion: """
            Fetches the content, and writes a file for the licensee, who adds it with license transfer --request, or
            license sublicense --request.

            \(example("license receive tmnxlic1… --out request.json --from ben"))
            """)
    @OptionGroup var globals: Globals
    @Argument(help: "The license's id or name.") var license: String
    @Option(
        help: ArgumentHelp("The account that will sign for the licensee; the licensee if absent.", valueName: "account")
    )
    var sender: String?
    @Flag(help: "It is to be sublicensed, not handed on.") var sublicense = false
    @Option(help: ArgumentHelp("Where the file for the licensee goes.", valueName: "path")) var out: String

    func perform(_ session: Session) async throws {
        try await session.verifyNetwork()
        let view = try await session.license(license)
        guard let held = view.license.delivery else {
            throw WalletFailure(
                .usage, "nothing sealed was delivered under the license", hint: "Nothing is to prepare.")
        }
        let account: Address
        switch (sender, view.licensee) {
        case (let text?, _): account = try session.address(text)
        case (nil, .account(let address)): account = address
        case (nil, .organization):
            throw WalletFailure(.usage, "the licensee is an organization", hint: "Name who will sign with --sender.")
        }
        let (version, content) = try await session.delivered(held)
        _ = try await session.ciphertext(of: content)
        let place = OperationPlace(
            network: session.network.genesis, sender: account, sequence: try await session.client.sequence(of: account))
        let delivery = try session.keyring().request(
            sublicense ? .license : .licenseTransfer, inft: view.license.inft, version: version, root: content.root,
            receiver: try session.actor(), license: sublicense ? nil : view.license.id, at: place, operation: 0)
        let made = ReceiverRequest(sender: account, sequence: place.sequence, delivery: delivery)
        let value = try session.client.encode(made)
        try ContentFile.writePrivate(value.text + "\n", to: out)
        session.show(value) {
            Console.out(
                "Written to \(out), for transaction number \(place.sequence) of \(session.plainNames.party(.account(account)))."
            )
        }
    }
}

struct LicenseSurrender: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "surrender",
        abstract: "Gives a license up: within its trial for what is held of its price; prepaid uses come back always.",
        discussion: example("license surrender score-license"))
    @OptionGroup var globals: Globals
    @Argument(help: "Its id or name.") var license: String

    func perform(_ session: Session) async throws {
        try await session.verifyNetwork()
        let now = try await session.ledgerTime()
        let view = try await session.license(license)
        let record = view.license
        let names = try await session.names()
        var notes: [String] = []
        if record.isOnTrial(at: now), let until = record.trialUntil {
            notes.append("It is on trial until \(names.time(until)). You have no other trial of this work.")
        }
        notes += view.returns?.lines(record, names) ?? []
        try await session.act([.licenses(.surrender(SurrenderLicense(license: record.id)))], notes: notes)
    }
}

struct LicenseRevoke: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke", abstract: "Ends a license on an INFT that you own, for a cause that its terms name.",
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
