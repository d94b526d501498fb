import ArgumentParser
import Interface
import Primitives
import Revenue
import StateModel
import WalletKit

struct AccountInbox: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "inbox",
        abstract: "What waits for a party, and until when: to accept, sign, deliver, vote on, object to or claim.",
        discussion: """
            Signatures that are missing under a transaction of several travel in files, of which the ledger knows nothing: \
            mednexus tx decode and tx sign.

            \(example("account inbox --from patient", "account inbox --from registrar --acting-for stmary"))
            """)
    @OptionGroup var globals: ReadGlobals
    @Argument(help: "Whose; who acts if absent.") var party: String?

    func perform(_ session: Session) async throws {
        try await session.verifyNetwork()
        let who = try session.party(orActor: party)
        let names = try await session.names()
        let (found, isWhole) = try await session.client.searched(
            "account_tasks", parameters(["party": try session.client.encode(who)]), limit: 1_000)
        let tasks = try found.map { (item) throws(WalletFailure) in try task(item, session) }
        let details = try await TaskDetails(of: tasks, for: who, names, session)
        let signer = try await session.signer(for: who)
        var items = tasks.map {
            entry($0, TaskText(task: $0, party: who, signer: signer, names: names, details: details), signer)
        }
        // What is too late first comes first; what has no deadline last.
        items.sort { ($0["deadline"]?.unsigned ?? .max) < ($1["deadline"]?.unsigned ?? .max) }
        items += try unsettled(session, who)
        if globals.json || items.isEmpty {
            session.list(items, [], empty: "Nothing waits.") { _ in [] }
        } else {
            show(items)
        }
        if !isWhole {
            Console.err("There was more to look through than the node was asked: something else may wait.")
        }
        if !globals.json { try await session.tellOfOrganizations(beside: who, names) }
    }

    /// What waits, in the width of the terminal, and below it what to type, in one piece.
    private func show(_ items: [JSONValue]) {
        let deadlines = items.map { $0["deadlineText"]?.string ?? "-" }
        let indent = (deadlines + ["DEADLINE"]).map(\.count).max().map { $0 + 2 } ?? 0
        func start(_ text: String) -> String { text + String(repeating: " ", count: indent - text.count) }
        Console.out(start("DEADLINE") + "WHAT, AND WHAT TO TYPE")
        for (item, deadline) in zip(items, deadlines) {
            let what = item["what"]?.string ?? ""
            for (index, line) in Console.wrapped(what, Console.width.map { max($0 - indent, 30) }).enumerated() {
                Console.out(start(index == 0 ? deadline : "") + line)
            }
            if let command = item["command"]?.string, !command.isEmpty { Console.out(start("") + "  " + command) }
        }
    }

    private func task(_ item: JSONValue, _ session: Session) throws(WalletFailure) -> PartyTask {
        do {
            return try JSONValueDecoder.decode(PartyTask.self, from: item, networkKind: session.network.kind)
        } catch {
            throw WalletFailure(.unreachable, "the node describes a task in a way this wallet can't read: \(error)")
        }
    }

    private func entry(_ task: PartyTask, _ text: TaskText, _ signer: String) -> JSONValue {
        let (what, command) = text.words
        // Answers are signed by each in turn, and not in one transaction.
        let options = command.hasPrefix("consent answer") ? signer.replacing(" --co-sign NAME", with: "") : signer
        return line(task.act, what, command.isEmpty ? "" : command + options, deadline: task.deadline)
    }

    private func line(_ act: String, _ what: String, _ command: String, deadline: Timestamp?) -> JSONValue {
        var object = JSONObject()
        object.append("act", .string(act))
        object.append("what", .string(what))
        object.append("command", .string(command.isEmpty ? "" : "mednexus " + command))
        if let deadline {
            object.append("deadline", .unsigned(deadline.milliseconds))
            object.append("deadlineText", .string(dateText(deadline)))
        }
        return .object(object)
    }

    private func unsettled(_ session: Session, _ who: Party) throws -> [JSONValue] {
        let records = try Outbox(home: session.home, network: session.network).records()
        return records.filter { $0.state == .submitted && .account($0.sender) == who }.map { record in
            line(
                "tx.wait", "transaction \(record.hash) was sent and is not settled", "tx wait \(record.hash)",
                deadline: record.validUntil)
        }
    }
}

/// What a task says to people, and what they would type. A task of a kind that this wallet does not know is shown by
/// its operation's name.
struct TaskText {
    let task: PartyTask
    /// Whose inbox it is.
    let party: Party
    /// Options behind a command of theirs.
    let signer: String
    let names: SessionNames
    let details: TaskDetails

    var words: (what: String, command: String) {
        rights ?? content ?? market ?? disputed ?? (task.act, "")
    }

    private var from: String { names.party(task.from) }

    private func written<Kind>(_ id: Identifier<Kind>?) -> String { id.map { names.written($0.description) } ?? "" }

    private func id<Kind>(_ id: Identifier<Kind>?) -> String { id.map { names.short($0.description) } ?? "" }

    private var price: String {
        guard let asset = task.asset, let amount = task.amount else { return "nothing" }
        return names.amount(amount, of: asset)
    }

    /// Credentials, mandates, recoveries, votes.
    private var rights: (String, String)? {
        switch task.act {
        case "credential.accept":
            (
                "\(from) offers \(details.credential(task) ?? "a credential")",
                "credential accept \(id(task.credential))"
            )
        case "credential.offer":
            (
                "the credential \(id(task.credential)) of \(from)"
                    + (details.credential(task).map { ", \($0)," } ?? "") + " is about to end",
                "credential offer \(names.argument(task.from)) \(details.type(task) ?? "TYPE")"
            )
        case "mandate.grant":
            (
                "the mandate \(id(task.mandate)) of \(from) is about to end",
                "mandate grant \(names.argument(task.from)) --operation OPERATION --until TIME"
            )
        case "recovery.cancel":
            (
                "\(from) asks that another key speak for this account; object unless you asked for it",
                "account recover cancel \(id(task.recovery))"
            )
        case "recovery.approve":
            (
                "\(from) lost its key, a guardian says; make sure, then agree",
                "account recover approve \(id(task.recovery))"
            )
        case "governance.vote":
            (
                "\(from) proposes: \(details.proposal(task) ?? "a change of the network"); vote yes or no",
                "governance vote \(id(task.proposal)) VOTE"
            )
        default: nil
        }
    }

    /// Consents, deliveries, erasures.
    private var content: (String, String)? {
        let delivery = id(task.delivery)
        return switch task.act {
        case "consent.countersign":
            ("\(from) gives a consent to countersign", "consent countersign \(id(task.consent))")
        case "consent.review": ("broken glass to review", "consent review \(id(task.disclosure))")
        case "license.begin":
            task.obstacle.map {
                (
                    "\(from) waits for the delivery of a license, and it can't be made: "
                        + names.translated(WalletFailure(.refused, $0)).message + "; the price goes back by itself",
                    "license refund \(id(task.license))"
                )
            }
                ?? answered(
                    "\(from) waits for the delivery of a license (who will not deliver gives the price back: mednexus "
                        + "license refund \(delivery)\(signer))", "license deliver \(delivery)", delivery)
        case "license.complete": ("a delivery to \(from) is begun", "license deliver \(delivery)")
        case "inft.beginTransfer": answered("\(from) accepted an INFT", "inft deliver \(delivery)", delivery)
        case "consent.answer":
            (
                "what was answered for the uses of the license \(id(task.license)) of \(names.argument(task.from)) "
                    + (task.deadline == nil ? "counts no more: " : "is about to run out: ")
                    + AnswerWords.who(answers: task.needs ?? [], custodian: custodian)
                    + "; \(names.argument(task.from)) brings it with mednexus license answer \(written(task.license))",
                AnswerWords.answer(task.needs ?? [], delivery: delivery)
            )
        case "inft.consentStale":
            (
                "a consent behind \(id(task.inft)) was withdrawn, narrowed or has expired: it is neither sold nor delivered, "
                    + "until a version without those data cites a set without that consent (consent set create --succeeds)",
                "inft revise \(id(task.inft)) --file FILE --consent-set SET"
            )
        case "inft.completeTransfer": ("an INFT is being handed to \(from)", "inft deliver \(delivery)")
        case "inft.acceptTransfer": ("\(from) offers an INFT", "inft accept \(delivery)")
        case "inft.erase":
            (
                "\(from) asked for erasure",
                "inft erase \(id(task.inft)) --consent \(id(task.consent))"
                    + (task.version.map { " --version \($0)" } ?? "")
            )
        case "inft.authorizeUse":
            (
                "the right of \(from) to run \(id(task.inft)) is about to end",
                "inft authorize \(id(task.inft)) \(names.argument(task.from))"
            )
        default: nil
        }
    }

    /// A delivery before which somebody answers what consents ask: who acts, if they may answer all of it alone.
    private func answered(_ what: String, _ command: String, _ delivery: String) -> (String, String) {
        guard let needs = task.needs, !needs.isEmpty else { return (what, command) }
        let answer = AnswerWords.answer(needs, delivery: delivery)
        let isOwn = task.custodian == party && needs.allSatisfy(AnswerWords.isRestriction)
        let who =
            "\(what); before, \(AnswerWords.who(answers: needs, custodian: custodian))"
        return isOwn
            ? ("\(who), then mednexus \(command) --answers \(AnswerWords.file(for: delivery))\(signer)", answer)
            : (
                "\(who) (mednexus \(AnswerWords.answer(needs, delivery: written(task.delivery))))",
                "\(command) --answers FILE"
            )
    }

    private var custodian: String { task.custodian.map { names.argument($0) } ?? "who keeps the data" }

    /// Offers, licenses, disputes, money.
    private var market: (String, String)? {
        switch task.act {
        case "license.purchase":
            ("\(from) offers a license of \(id(task.inft)) for \(price)", "license quote \(id(task.offer))")
        case "license.renew":
            ("the license \(id(task.license)) is about to end", "license renew \(id(task.license))")
        case "license.expired":
            (
                "the license \(id(task.license)) is about to end, and can't be renewed"
                    + (task.obstacle.map { ": \($0)" } ?? "") + "; who needs it longer buys another",
                "license quote \(id(task.inft))"
            )
        case "license.refund": refund
        case "dispute.raise":
            (
                "the license \(id(task.license)) was delivered; until then you can dispute what came, and \(price) are held",
                "dispute raise \(id(task.license)) --evidence FILE"
            )
        case "license.distributed":
            (
                "\(price) of \(from) are held"
                    + (task.dispute == nil ? " until nobody can dispute it any more" : " while it is disputed"),
                "license show \(id(task.license))"
            )
        case "license.trialEnds":
            ("\(price) of \(from) are held until the trial ends", "license show \(id(task.license))")
        case "license.surrender":
            (
                "the license \(id(task.license)) is on trial: until then it can go back, and \(price) with it",
                "license surrender \(id(task.license))"
            )
        case "license.topUp":
            ("the prepaid uses of the license \(id(task.license)) are spent", "license top-up \(id(task.license)) USES")
        case "license.answerNeeds":
            (
                (task.deadline == nil
                    ? "uses of the license \(id(task.license)) wait for an answer that its consents ask for"
                    : "what was answered for the uses of the license \(id(task.license)) is about to run out")
                    + "; \(AnswerWords.who(answers: task.needs ?? [], custodian: custodian)) (mednexus "
                    + AnswerWords.answer(task.needs ?? [], delivery: written(task.delivery)) + ")",
                "license answer \(id(task.license)) --answers FILE"
            )
        case "license.consentDenied":
            (
                "the consents behind the license \(id(task.license)) permit its uses no more: stop them, or settle it with "
                    + from,
                "license check \(id(task.license))"
            )
        case "license.outcomePriceSettled":
            ("\(price) wait for outcomes of \(id(task.inft))", "license show \(id(task.license))")
        case "license.acknowledgeRecall":
            (
                "\(id(task.inft)) was recalled; say what you did about it",
                "inft acknowledge \(id(task.license)) --answer ANSWER"
            )
        case "revenue.claim":
            (
                "\(task.isPart == true ? "at least " : "")\(price) to claim from \(id(task.inft))",
                "revenue claim \(id(task.inft)) --asset \(code)"
            )
        default: nil
        }
    }

    /// What was bought and is not delivered: what comes back, and how, now or from the deadline on.
    private var refund: (String, String) {
        let license = id(task.license)
        guard let obstacle = task.obstacle else {
            return (
                "the license \(license) waits for \(from) to deliver; if not in time, \(price) come back by themselves, "
                    + "or from then on by mednexus license refund \(license)\(signer)",
                "license show \(license)"
            )
        }
        return (
            "the license \(license) can't be delivered: \(names.translated(WalletFailure(.refused, obstacle)).message); "
                + "take \(price) back, or wait until they come back by themselves",
            "license refund \(license)"
        )
    }

    /// What a dispute waits for, and what comes of doing nothing.
    private var disputed: (String, String)? {
        guard task.act.hasPrefix("dispute.") else { return nil }
        let dispute = id(task.dispute)
        return switch task.act {
        case "dispute.respond":
            ("\(from) disputes; who does not answer in time loses", "dispute respond \(dispute) --evidence FILE")
        case "dispute.revealNonce":
            ("the dispute with \(from) waits for your nonce; who does not reveal it loses", "dispute reveal \(dispute)")
        case "dispute.accept":
            ("drawn as arbiter in a dispute of \(from): accept, or decline", "dispute accept \(dispute)")
        case "dispute.commitVote": ("an arbiter's vote is due", "dispute vote \(dispute) VERDICT")
        case "dispute.revealVote":
            ("an arbiter's vote is to be revealed; else it does not count", "dispute reveal \(dispute)")
        case "dispute.appeal":
            ("lost against \(from); an appeal is possible, with twice the bond", "dispute appeal \(dispute)")
        case "dispute.beginShow", "dispute.completeShow":
            (
                "the arbiter \(from) waits for the content key; who does not show it loses",
                details.dispute(task).map { "dispute show-key \(names.short($0.description))" }
                    ?? "license deliver \(id(task.delivery))"
            )
        default: ("a dispute with \(from)", "dispute show \(dispute)")
        }
    }

    private var code: String { names.assets.first { $0.id == task.asset }?.code ?? id(task.asset) }
}
