import ArgumentParser
import Blocks
import INFTs
import Interface
import Licenses
import Primitives
import Proofs
import Transactions
import WalletKit

struct INFTRecall: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "recall", abstract: "It was found harmful: nothing of it, or derived from it, is sold or used on.",
        discussion: """
            For its owner, or who holds a regulator's credential. Licenses on it, on its clones, and on all that derives \
            from any of them are suspended in the same block, payments held for them go back, and whoever holds a license \
            is to answer in time: inft recall-status lists who has not.

            \(example(
                "inft recall sepsis-protocol --reason harm --notice notice.pdf --answer-within 14d --as sepsis-recall",
                "inft recall-status sepsis-recall", "inft lift-recall sepsis-recall --reason corrected"))
            """)
    @OptionGroup var globals: Globals
    @Argument(help: "Its id or name.") var inft: String
    @Option(help: ArgumentHelp("One of \(RecallReason.names.joined(separator: ", ")).")) var reason: String
    @Option(
        help: ArgumentHelp(
            "The document that says what was found and what to do; its SHA-256 goes on the ledger.", valueName: "file"))
    var notice: String
    @Option(help: ArgumentHelp("How long holders have to answer: 14d from now, or a time.", valueName: "time"))
    var answerWithin: String?
    /// The older name.
    @Option(help: .hidden) var answerBy: String?

    func validate() throws {
        if answerWithin != nil, answerBy != nil { throw ValidationError("Give --answer-within once.") }
    }

    func perform(_ session: Session) async throws {
        let recall = Recall(
            inft: try session.id(inft), reason: try Codes.one(reason, RecallReason.self, "reason of a recall"),
            notice: try ContentFile(path: notice).hash,
            answerBy: try Codes.requiredTime(answerWithin ?? answerBy ?? "14d", now: try await session.ledgerTime()))
        try await session.act([.infts(.recall(recall))])
    }
}

struct INFTLiftRecall: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "lift-recall", abstract: "Takes a recall back.",
        discussion: example("inft lift-recall sepsis-recall --reason corrected"))
    @OptionGroup var globals: Globals
    @Argument(help: "The recall's id or name.") var recall: String
    @Option(help: ArgumentHelp("One of \(RecallLiftReason.names.joined(separator: ", ")).")) var reason: String

    func perform(_ session: Session) async throws {
        let lift = LiftRecall(
            recall: try session.id(recall),
            reason: try Codes.one(reason, RecallLiftReason.self, "reason to lift a recall"))
        try await session.act([.infts(.liftRecall(lift))])
    }
}

struct INFTAcknowledge: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "acknowledge", abstract: "Answers the recalls that wait for it, for licenses that you hold.",
        discussion: """
            Without a license: for all of them. Answer stopped, destroyed (you use it no more, and destroyed your copies) \
            or neverUsed; a later answer takes the place of an earlier one.

            \(example(
                "inft acknowledge --answer stopped --from clinic",
                "inft acknowledge protocol-license --answer destroyed --from clinic"))
            """)
    @OptionGroup var globals: Globals
    @Argument(help: "The license's id or name.") var license: String?
    @Option(help: ArgumentHelp("Only this recall.", valueName: "recall")) var recall: String?
    @Option(help: ArgumentHelp("One of \(RecallAnswer.names.joined(separator: ", ")).")) var answer: String

    func perform(_ session: Session) async throws {
        let answer = try Codes.one(answer, RecallAnswer.self, "answer")
        try await session.verifyNetwork()
        let recall: RecallID? = try recall.map { (text) throws(WalletFailure) in try session.id(text) }
        var acts: [AcknowledgeRecall] = []
        if let license {
            let id: LicenseID = try session.id(license)
            for one in try await session.recalls(of: id) where recall == nil || recall == one {
                acts.append(AcknowledgeRecall(license: id, recall: one, answer: answer))
            }
        } else {
            let party = session.json(try session.actor())
            for item in try await session.client.items("recall_duties", ["party": party]) {
                let duty = try session.decoded(item, as: RecallDuty.self)
                guard recall == nil || recall == duty.recall.id else { continue }
                acts.append(AcknowledgeRecall(license: duty.license, recall: duty.recall.id, answer: answer))
            }
        }
        guard !acts.isEmpty else {
            throw WalletFailure(.usage, "no recall waits for your answer", hint: "inft recalls lists all recalls.")
        }
        // As many as one transaction takes; the rest by running it again.
        try await session.act(acts.prefix(16).map { .licenses(.acknowledgeRecall($0)) })
        if acts.count > 16, !globals.json { Console.err("\(acts.count - 16) are left: run it again.") }
    }
}

extension Session {
    /// The recalls that reach what a license is on.
    fileprivate func recalls(of license: LicenseID) async throws(WalletFailure) -> [RecallID] {
        let view = try await client.read("license_get", .object(["license": json(license)]), as: JSONValue.self)
        guard let inft = view["license"]?["inft"] ?? view["inft"] else {
            throw WalletFailure(.unreachable, "the node names no INFT of the license")
        }
        let standing: StandingView = try await client.read("inft_standing", .object(["inft": inft]))
        return standing.tags.filter(\.tag.kind.isRecall).map { RecallID($0.tag.subject.bytes) }
    }

    fileprivate func decoded<Value: Decodable>(_ item: JSONValue, as type: Value.Type) throws(WalletFailure) -> Value {
        do {
            return try JSONValueDecoder.decode(type, from: item, networkKind: network.kind)
        } catch {
            throw WalletFailure(.unreachable, "the node answers in a way this wallet can't read: \(error)")
        }
    }
}

struct INFTRecalls: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "recalls", abstract: "Recalls, newest first; of one INFT with what comes down to it.",
        discussion: example("inft recalls", "inft recalls sepsis-protocol"))
    @OptionGroup var globals: ReadGlobals
    @Argument(help: "An INFT.") var inft: String?

    func perform(_ session: Session) async throws {
        try await session.verifyNetwork()
        let names = session.plainNames
        if let inft {
            let id: INFTID = try session.id(inft)
            let standing: StandingView = try await session.client.read(
                "inft_standing", .object(["inft": session.json(id)]))
            return session.show(try session.client.encode(standing)) {
                guard !standing.isClear else { return Console.out("Nothing stands against it.") }
                Console.table(
                    ["WHAT", "BY WAY OF", "SINCE", "RECALL OR DISPUTE"],
                    standing.tags.map { found in
                        let kind = found.tag.kind
                        let subject = found.tag.subject.bytes
                        return [
                            kind.name,
                            found.inft == id ? "itself" : names.identifier(found.inft.description),
                            names.time(found.tag.since),
                            names.identifier(
                                kind.isRecall ? RecallID(subject).description : DisputeID(subject).description),
                        ]
                    })
            }
        }
        let items = try await session.client.items("inft_recalls")
        session.list(items, ["RECALL", "INFT", "BY", "REASON", "SINCE", "ANSWER BY", "LIFTED"], empty: "None.") {
            item in
            [
                names.id(item["id"]), names.id(item["inft"]),
                item["by"]?.isNull == false ? names.party(item["by"]) : "the validators",
                item["reason"]?.string ?? "", names.time(item["since"]) ?? "", names.time(item["answerBy"]) ?? "",
                names.time(item["lifting"]?["at"]) ?? "",
            ]
        }
    }
}

struct INFTRecallStatus: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "recall-status",
        abstract: "Who has answered a recall, and who has not: proven, down to descendants.",
        discussion: """
            Every license is listed, since licenses are numbered without a gap; of each the ledger proves that its answer \
            is there, or that there is none. --proofs keeps the evidence in a folder, and inft recall-check verifies that \
            folder anywhere, without a node.

            \(example(
                "inft recall-status sepsis-recall --missing", "inft recall-status sepsis-recall --proofs evidence",
                "inft recall-check evidence --genesis genesis.json"))
            """)
    @OptionGroup var globals: ReadGlobals
    @Argument(help: "The recall's id or name.") var recall: String
    @Flag(help: "Only those that have not answered.") var missing = false
    @Option(help: ArgumentHelp("Keep the proofs in this folder.", valueName: "folder")) var proofs: String?
    @OptionGroup(title: "Trust") var trust: TrustOptions

    func perform(_ session: Session) async throws {
        let id: RecallID
        do throws(WalletFailure) {
            id = try session.id(recall)
        } catch {
            guard (try? session.id(recall, INFTKind.self)) != nil else { throw error }
            throw WalletFailure(
                .usage, "\(recall) is an INFT, not a recall", hint: "Its recalls: mednexus inft recalls \(recall)")
        }
        try await session.verifyNetwork()
        let checkpoint = try session.trusted(trust)
        let client = session.client
        let evidence = try await RecallEvidence(of: session.text(id), kind: session.network.kind) {
            (params) throws(WalletFailure) in
            try await client.proven(RecallEvidence.method, params, trusting: checkpoint)
        }
        if let proofs { try evidence.write(to: proofs) }
        try RecallReport(evidence: evidence, onlyMissing: missing, names: session.plainNames).show(session)
        if let proofs, !globals.json { Console.err("Kept in \(proofs): mednexus inft recall-check \(proofs)") }
    }
}

struct INFTRecallCheck: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "recall-check", abstract: "Verifies a folder that recall-status kept: without any node.",
        discussion: example("inft recall-check evidence", "inft recall-check evidence --genesis genesis.json --missing")
    )
    @OptionGroup var globals: ReadGlobals
    @Argument(help: "The folder.") var folder: String
    @Flag(help: "Only those that have not answered.") var missing = false
    @OptionGroup(title: "Trust") var trust: TrustOptions

    func perform(_ session: Session) async throws {
        let checkpoint = try session.trusted(trust)
        let evidence = try await RecallEvidence(of: nil, folder: folder) { _ in checkpoint }
        try RecallReport(evidence: evidence, onlyMissing: missing, names: session.plainNames).show(session)
    }
}

/// The list of a recall, for people and as JSON.
struct RecallReport {
    let evidence: RecallEvidence
    let onlyMissing: Bool
    let names: SessionNames

    private var listed: [JSONValue] {
        onlyMissing
            ? evidence.licenses.filter { $0["standing"]?.string == RecallStanding.missing.name } : evidence.licenses
    }

    func show(_ session: Session) throws(WalletFailure) {
        guard let oldest = evidence.pages.map(\.verified.header).min(by: { $0.height < $1.height }) else { return }
        var json = JSONObject()
        json.append("height", .unsigned(oldest.height.value))
        json.append("time", .unsigned(oldest.time.milliseconds))
        for standing in RecallStanding.allCases {
            json.append(standing.name, .integer(evidence.count(standing)))
        }
        json.append("licenses", .array(listed))
        session.show(.object(json)) {
            Console.out(
                "Proven as of block \(oldest.height), \(dateText(oldest.time)): "
                    + "\(evidence.count(.answered)) answered, \(evidence.count(.awaited)) have time left, "
                    + "\(evidence.count(.missing)) have not answered, \(evidence.count(.notAsked)) were not asked.")
            guard !listed.isEmpty else { return }
            Console.table(
                ["LICENSE", "ON", "HOLDER", "STANDING", "ANSWER", "AT"],
                listed.map { item in
                    [
                        names.id(item["license"]), names.id(item["inft"]), names.party(item["party"]),
                        (item["standing"]?.string ?? "") + (item["isLate"]?.boolean == true ? ", late" : ""),
                        item["answer"]?.string ?? "", names.time(item["answeredAt"]) ?? "",
                    ]
                })
        }
    }
}
