import ArgumentParser
import Consents
import Cryptography
import INFTs
import Interface
import Licenses
import Primitives
import Transactions
import WalletKit

extension Session {
    func delivery(_ id: DeliveryID) async throws(WalletFailure) -> DeliveryView {
        try await client.read("delivery_get", .object(["delivery": json(id)]))
    }

    /// The same, proven from the checkpoint that this wallet trusts: to whom a key is shown, and that the ledger has bound
    /// them, is no matter of one node's word.
    func proven(_ id: DeliveryID) async throws -> DeliveryView {
        let answer = try await client.provenAnswer(
            "delivery_get", parameters(["delivery": json(id)]), trusting: try pinnedCheckpoint())
        return try decode(answer.value)
    }

    /// A license's delivery that is under way, or a delivery by itself.
    func openDelivery(_ text: String) async throws(WalletFailure) -> DeliveryView {
        if let license: LicenseID = try? id(text) {
            let view = try await self.license(self.text(license))
            guard let id = view.license.openDelivery else {
                let state = view.delivery.map { "; the last one: \($0.state.name)" } ?? ""
                throw WalletFailure(.usage, "the license waits for no delivery\(state)")
            }
            return try await delivery(id)
        }
        return try await delivery(try id(text, DeliveryKind.self))
    }

    /// A delivery by itself, or of a license: the one that is under way, or that brought what it is for. Of two somebody has
    /// to say which, since what is signed for the one is not for the other.
    func delivery(behind text: String) async throws(WalletFailure) -> DeliveryID {
        guard let license: LicenseID = try? id(text) else { return try id(text, DeliveryKind.self) }
        let record = try await self.license(self.text(license)).license
        if let open = record.openDelivery, let delivered = record.delivery {
            throw WalletFailure(
                .usage,
                "the license has two deliveries: \(self.text(open)) is under way, and \(self.text(delivered)) brought what "
                    + "is used now",
                hint: "Name one: --delivery \(self.text(open)) for what is to be delivered, --delivery "
                    + "\(self.text(delivered)) for the uses until then.")
        }
        guard let id = record.openDelivery ?? record.delivery else {
            throw WalletFailure(.usage, "nothing is delivered by the license: its content is open")
        }
        return id
    }

    /// Who is to deliver, and the sealed key that they deliver from.
    private func source(_ record: DeliveryRecord) async throws(WalletFailure) -> (owner: Party, custody: Custody) {
        if let begun = record.begun {
            let custody = Custody(
                holder: record.from, sealingKey: begun.sealingKey, sealedKey: begun.sealedKey, since: begun.at)
            return (record.from, custody)
        }
        if record.act == .licenseTransfer, let license = record.license {
            let view = try await self.license(text(license))
            guard let held = view.license.delivery, let custody = try await delivery(held).delivery.custody else {
                throw WalletFailure(.proofInvalid, "the node shows no delivery behind the license \(text(license))")
            }
            return (view.licensee, custody)
        }
        if let license = record.license, let under = try await self.license(text(license)).license.under {
            let above = try await self.license(text(under.license))
            guard let held = above.license.delivery, let custody = try await delivery(held).delivery.custody else {
                throw WalletFailure(
                    .proofInvalid, "the node shows no delivery behind the license \(text(under.license))")
            }
            return (above.licensee, custody)
        }
        if record.act == .dispute, let id = record.dispute {
            let dispute = try await self.dispute(text(DisputeID(id.bytes))).dispute
            // What was delivered by the disputed purchase, whatever the licensee got since.
            guard let held = dispute.delivery, let custody = try await delivery(held).delivery.custody else {
                throw WalletFailure(.proofInvalid, "the node shows no delivery that is disputed")
            }
            return (dispute.claimant, custody)
        }
        let inft = try await inft(text(record.inft))
        return (inft.owner, try await sealedVersion(record.version, of: record.inft).custody)
    }

    /// Both phases: `begin`, and once that is final `complete`. What was begun before is only completed.
    func deliver(_ told: DeliveryView, _ answers: [NeedAnswer] = []) async throws {
        let view = try await proven(told.delivery.id)
        let record = view.delivery
        switch view.state {
        case .offered: throw WalletFailure(.usage, "the receiver has not accepted yet")
        case .completed: throw WalletFailure(.usage, "it was delivered already")
        case .failed:
            throw WalletFailure(.usage, "the delivery ended: \(record.ending?.outcome.name ?? "without delivery")")
        case .requested:
            try await begin(record, answers)
            guard globals.wait, globals.buildOnly == nil else { return }
            try await complete(try await proven(record.id).delivery)
        case .begun: try await complete(record)
        }
    }

    private func begin(_ record: DeliveryRecord, _ answers: [NeedAnswer]) async throws {
        let (owner, custody) = try await source(record)
        // The same randomness as before, if this wallet wrote one down and could not send what came of it.
        let known = try home.preparedDelivery(record.id, on: network.genesis)
        let randomness = known?.randomness ?? Hash(OperatingSystemRandom.bytes32())
        let made = try keyring().delivery(record, from: custody, by: owner, randomness: randomness.bytes)
        try home.save(
            PreparedDelivery(randomness: randomness, commitment: made.commitment), of: record.id, on: network.genesis)
        let operation: LedgerOperation =
            switch record.act {
            case .transfer:
                .infts(
                    .beginTransfer(
                        TransferBegin(
                            transfer: record.id, sealingKey: custody.sealingKey, commitment: made.commitment,
                            answers: answers)))
            case .dispute:
                .licenses(
                    .beginShow(
                        BeginShow(
                            show: record.id, sealingKey: custody.sealingKey, commitment: made.commitment,
                            answers: answers)))
            default:
                .licenses(
                    .begin(
                        BeginDelivery(
                            delivery: record.id, sealingKey: custody.sealingKey, commitment: made.commitment,
                            answers: answers)))
            }
        do {
            try await act([operation], notes: ["To \(plainNames.party(record.to)): version \(record.version)."])
        } catch let failure as WalletFailure {
            let command = record.act == .transfer ? "inft deliver" : "license deliver"
            throw await explained(failure, delivery: record.id, bring: "\(command) \(text(record.id))")
        }
    }

    /// `record` is proven: what it says was begun is final.
    private func complete(_ record: DeliveryRecord) async throws {
        guard record.begun != nil, record.ending == nil else {
            throw WalletFailure(
                .outcomeUnknown, "the node proves no begun delivery \(text(record.id))", hint: "Repeat the command.")
        }
        guard let prepared = try home.preparedDelivery(record.id, on: network.genesis) else {
            throw WalletFailure(
                .key, "this wallet did not begin the delivery \(text(record.id)), and can't complete it",
                hint: "Complete it from the wallet, or the custodian, that began it.")
        }
        let (owner, custody) = try await source(record)
        let made = try keyring().delivery(record, from: custody, by: owner, randomness: prepared.randomness.bytes)
        guard made.commitment == record.begun?.commitment else {
            throw WalletFailure(.key, "the delivery \(text(record.id)) was begun with something else")
        }
        let operation: LedgerOperation =
            switch record.act {
            case .transfer:
                .infts(
                    .completeTransfer(
                        TransferComplete(transfer: record.id, sealedKey: made.sealedKey, proof: made.proof)))
            case .dispute:
                .licenses(
                    .completeShow(CompleteShow(show: record.id, sealedKey: made.sealedKey, proof: made.proof)))
            default:
                .licenses(
                    .complete(CompleteDelivery(delivery: record.id, sealedKey: made.sealedKey, proof: made.proof)))
            }
        try await act(anyones: true) { _ in [operation] }
    }
}

struct LicenseDeliver: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "deliver", abstract: "Delivers the content key of a license that waits for it.",
        discussion: """
            Two transactions: the first binds buyer and seller and is checked against terms and consent; only when it is \
            final the second shows the key to the buyer, and to nobody else. What was begun before is completed. \
            mednexus custodian run does the same by itself. Who will not deliver gives the price back: mednexus license \
            refund.

            \(example(
                "license deliver tmnxlic1… --from author",
                "license deliver ward --answers answers-ward.json --from author"))
            """)
    @OptionGroup var globals: Globals
    @Argument(help: "The license, or the delivery: id or name.") var license: String
    @OptionGroup var answered: AnswerOptions

    func perform(_ session: Session) async throws {
        try await session.verifyNetwork()
        let view = try await session.openDelivery(license)
        guard view.delivery.act != .transfer else {
            throw WalletFailure(.usage, "that is the transfer of an INFT", hint: "mednexus inft deliver")
        }
        let answers = try answered.answers(for: view.delivery.id, session)
        try await session.together { try await session.deliver(view, answers) }
    }
}

/// What meets the needs of a consent.
struct AnswerOptions: ParsableArguments {
    @Option(help: ArgumentHelp("What `consent answer` wrote, where consents ask for answers.", valueName: "file"))
    var answers: String?

    /// What was answered for the delivery; what was answered for another is refused.
    func answers(for delivery: DeliveryID?, _ session: Session) throws(WalletFailure) -> [NeedAnswer] {
        guard let answers else { return [] }
        let file = try ConsentInputs.answers(answers, session)
        guard let delivery else {
            throw WalletFailure(.usage, "nothing was delivered under the license, so nothing is to be answered")
        }
        guard file.question.delivery == delivery || file.question.subject.bytes == delivery.bytes else {
            throw WalletFailure(
                .usage, "\(answers) answers for \(file.question.words(session.plainNames)), which is another",
                hint: "For this one: mednexus consent answer --delivery \(session.text(delivery)) --out "
                    + "\(AnswerWords.file(for: session.text(delivery))).")
        }
        return file.answers
    }
}

struct LicenseAnswer: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "answer",
        abstract: "Brings answers to what consents ask for the uses of a license that was delivered.",
        discussion: """
            What was answered for the delivery holds for the uses, until the answers' time is over or the policies of the \
            consents behind the content change. Then whoever answers signs again (consent answer --delivery LICENSE), and \
            the licensee brings it.

            \(example("license answer ward --answers answers-ward.json --from clinic"))
            """)
    @OptionGroup var globals: Globals
    @Argument(help: "Its id or name.") var license: String
    @OptionGroup var answered: AnswerOptions

    func perform(_ session: Session) async throws {
        try await session.verifyNetwork()
        let view = try await session.license(license)
        let answers = try answered.answers(for: view.license.delivery, session)
        guard !answers.isEmpty else {
            throw WalletFailure(
                .usage, "which answers?",
                hint: "Add --answers FILE, as mednexus consent answer --delivery \(license) --out FILE writes it.")
        }
        let names = try await session.names()
        let notes = answers.map { answer in
            guard case .signed(let by, let until, _) = answer.evidence else { return "\(answer.need.name): by a proof" }
            return "\(answer.need.name): answered by \(names.party(by)), until \(names.time(until))"
        }
        do {
            try await session.act(
                [.licenses(.answerNeeds(AnswerNeeds(license: view.license.id, answers: answers)))], notes: notes)
        } catch let failure as WalletFailure {
            guard let delivery = view.license.delivery else { throw failure }
            throw await session.explained(failure, delivery: delivery, bring: "license answer \(license)")
        }
    }
}

struct LicenseOpen: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "open", abstract: "Fetches, verifies and decrypts what a license gives access to.",
        discussion: """
            Only while the license is in force, and what consents ask for its uses is answered. A copy that was delivered can be opened at any time, and no program can \
            prevent it; whoever has a reason to (evidence in a dispute, a legal duty to keep) says --outside-license.

            \(example("license open ward --out case.json --from clinic"))
            """)
    @OptionGroup var globals: ReadGlobals
    @Argument(help: "Its id or name.") var license: String
    @Option(help: ArgumentHelp("Where the file goes.", valueName: "file")) var out: String
    @Flag(help: "Although the license does not cover it now.") var outsideLicense = false

    func perform(_ session: Session) async throws {
        try await session.verifyNetwork()
        let view = try await session.license(license)
        if view.license.delivery != nil, !outsideLicense { try await requireForce(view.license.id, session) }
        guard let id = view.license.delivery else {
            let waits = view.license.openDelivery != nil
            throw WalletFailure(
                .usage, waits ? "the license is not delivered yet" : "nothing sealed was delivered under the license",
                hint: waits ? "mednexus license show tells until when it must be." : "")
        }
        let record = try await session.delivery(id).delivery
        guard let custody = record.custody else {
            throw WalletFailure(.proofInvalid, "the node shows no completed delivery \(session.text(id))")
        }
        let (content, _) = try await session.sealedVersion(record.version, of: record.inft)
        let header = try await session.openContent(content, custody, to: out)
        session.showOpened(header, content, file: out)
        guard !globals.json, try await session.inft(session.text(record.inft)).inftClass == .case_ else { return }
        Console.err(
            "Dates in a case are days of a made-up calendar, which begins between the years 1000 and 1100: only the time "
                + "between two of them is true.")
    }
}

extension LicenseOpen {
    /// Another act than reading, by the same key: consent that was withdrawn, or a license that ended, binds who holds a copy.
    private func requireForce(_ id: LicenseID, _ session: Session) async throws {
        let verdict: LicenseVerdict = try await session.client.read(
            "license_check", .object(["license": session.json(id)]))
        if verdict.isValid {
            guard let consents = verdict.consents else { return }
            throw WalletFailure(
                .refused,
                "the license is in force, but not its uses: \(session.sentences(of: consents, id).joined(separator: " "))",
                hint: "Opening it anyway is your own responsibility: --outside-license.")
        }
        let reasons = verdict.reasons.map(\.message)
        throw session.plainNames.translated(
            WalletFailure(
                .refused, "the license does not cover it now: \(reasons.joined(separator: "; "))",
                hint: "Opening it anyway is your own responsibility: --outside-license."))
    }
}

struct LicenseRequestVersion: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "request-version", abstract: "Asks for the key of the newest version, where the terms cover it.",
        discussion: example("license request-version ward --from clinic"))
    @OptionGroup var globals: Globals
    @Argument(help: "Its id or name.") var license: String

    func perform(_ session: Session) async throws {
        try await session.verifyNetwork()
        let view = try await session.license(license)
        let inft = try await session.inft(session.text(view.license.inft))
        guard case .sealed(let content) = inft.latest else {
            throw WalletFailure(.usage, "the newest version is open; anyone can read it")
        }
        _ = try await session.ciphertext(of: content)
        let keyring = try session.keyring()
        try await session.act { (place) throws(WalletFailure) in
            let request = try keyring.request(
                .licenseRevision, inft: inft.id, version: inft.versionCount, root: content.root,
                receiver: view.licensee, license: view.license.id, at: place, operation: 0)
            return [.licenses(.requestVersion(RequestVersion(license: view.license.id, delivery: request)))]
        }
    }
}

struct LicenseDeliveries: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "deliveries", abstract: "Deliveries of content: those to make, or those to receive.",
        discussion: example("license deliveries --from author", "license deliveries --receiving --all --from clinic"))
    @OptionGroup var globals: ReadGlobals
    @Flag(help: "Those that the party receives, instead of those it makes.") var receiving = false
    @Flag(help: "Those that have ended, too.") var all = false
    @Option(help: "Of this party; who acts if absent.") var party: String?
    @Option(help: "At most so many.") var limit = 100

    func perform(_ session: Session) async throws {
        try await session.verifyNetwork()
        let party = try session.party(orActor: party)
        var params = JSONObject()
        params.append(receiving ? "to" : "from", session.json(party))
        if !all { params.append("onlyOpen", .boolean(true)) }
        let items = try await session.client.items("delivery_list", params, limit: limit)
        let names = session.plainNames
        session.list(
            items, ["DELIVERY", "OF", "INFT", "VERSION", "FROM", "TO", "STATE", "BEGIN BY", "COMPLETE BY"],
            empty: "There is none."
        ) { item in
            let record = item["delivery"]
            return [
                names.id(record?["id"]), record?["act"]?.string ?? "", names.id(record?["inft"]),
                "\(record?["version"]?.unsigned ?? 0)", names.party(record?["from"]), names.party(record?["to"]),
                item["state"]?.string ?? "", names.time(record?["beginBy"]) ?? "",
                names.time(item["completeBy"]) ?? "",
            ]
        }
    }
}
