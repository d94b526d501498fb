import ArgumentParser
import Consents
import Cryptography
import Interface
import Primitives
import Transactions
import WalletKit

struct ConsentDiscloseCommand: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "disclose", abstract: "The custodian releases data off the ledger, and records it.",
        discussion: """
            Refused unless the consent permits it; what it needs first is answered with `consent answer`. Whom it \
            concerns sees it in `consent disclosures`.

            \(example(
                "consent disclose my-consent --to clinic --action access --purpose treatment --from registrar --acting-for stmary",
                "consent disclose --set cohort --to author --action analyze --purpose research --aim general --answers answers.json --reference HASH --from registrar --acting-for stmary"))
            """)
    @OptionGroup var globals: Globals
    @OptionGroup var basis: ConsentBasisOptions
    @Option(help: "Who receives it.") var to: String
    @OptionGroup var use: ConsentUseOptions
    @Option(help: ArgumentHelp("What `consent answer` wrote.", valueName: "file")) var answers: String?
    @Option(help: ArgumentHelp("The custodian's own; as in the answers, or random, if absent.", valueName: "hash"))
    var reference: String?
    @Option(help: "The INFT that it is about.") var inft: String?

    func perform(_ session: Session) async throws {
        let recipient = try session.party(to)
        let answered = try answers.map { (path) throws(WalletFailure) in try ConsentInputs.answers(path, session) }
        let stated = try reference.map { (text) throws(WalletFailure) in try Codes.hash(text) }
        let requests = try use.requests(by: recipient, session)
        let basis = try basis.basis(session)
        if let question = answered?.question,
            question.delivery != nil || question.recipient != recipient || question.basis != basis
                || question.requests != UseRequest.hash(of: requests)
                || (stated ?? question.subject) != question.subject
        {
            throw WalletFailure(
                .usage, "\(answers ?? "") answers for \(question.words(session.plainNames)), which is another")
        }
        let operation = ConsentDisclose(
            basis: basis, recipient: recipient,
            requests: requests,
            answers: answered?.answers ?? [],
            reference: stated ?? answered?.question.subject ?? Hash(OperatingSystemRandom.bytes32()),
            inft: try inft.map { (text) throws(WalletFailure) in try session.id(text) })
        try await session.act([.consents(.disclose(operation))])
    }
}

struct ConsentBreakGlassCommand: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "break-glass", abstract: "A clinician takes access in an emergency, and opens its review.",
        discussion: """
            Only where the consent names it (BTG). The access ends by itself. --reason is a file with what is stated of \
            the emergency: it stays here, a salted commitment to it goes onto the ledger, and the salt into the file \
            beside it, for the reviewers.

            \(example("consent break-glass my-consent --reason emergency.txt --for 24h --from clinician"))
            """)
    @OptionGroup var globals: Globals
    @Argument(help: "The consent.") var consent: String
    @Option(help: ArgumentHelp("What is stated of the emergency.", valueName: "file")) var reason: String
    @Option(name: .customLong("for"), help: ArgumentHelp("How long: at most 72h.", valueName: "duration"))
    var duration = "24h"
    @Option(help: "Where.") var jurisdiction: String?
    @Option(help: "The INFT that is opened.") var inft: String?

    func perform(_ session: Session) async throws {
        guard let milliseconds = Inputs.duration(duration), milliseconds > 0,
            milliseconds <= ConsentsLimits.breakGlassMilliseconds
        else { throw WalletFailure(.usage, "\(duration) is no duration up to 72h", hint: "Write 24h.") }
        // Block time runs ahead of what the node last said; a minute less never asks for too much.
        let until = try await session.ledgerTime().adding(milliseconds: milliseconds)
        let operation = ConsentBreakGlass(
            consent: try session.id(consent), clinician: try session.sender(),
            reason: try SaltedFile.commit(reason), until: until, jurisdiction: jurisdiction,
            inft: try inft.map { (text) throws(WalletFailure) in try session.id(text) })
        try await session.act([.consents(.breakGlass(operation))])
    }
}

/// A file that stays where it is, and a commitment to it on the ledger: tagged hash of `[salt, content]`.
enum SaltedFile {
    static let tag = HashTag("mednexus/statement")

    /// Writes the salt beside the file, as `FILE.salt`: without it nobody can open the commitment.
    static func commit(_ path: String) throws(WalletFailure) -> Hash {
        let content = try ContentFile.text(path)
        let salt = OperatingSystemRandom.bytes32()
        try ContentFile.writePrivate(salt.description + "\n", to: path + ".salt")
        return tag.hash(salt.array + content)
    }
}

struct ConsentReviewCommand: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "review", abstract: "Says whether the glass was broken rightly; without a name, what waits.",
        discussion: example(
            "consent review --reviewer stmary",
            "consent review glass justified --report report.txt --from reviewer"))
    @OptionGroup var globals: Globals
    @Argument(help: "The disclosure.") var disclosure: String?
    @Argument(help: "justified or unjustified.") var outcome: String?
    @Option(help: "Who reviews; who acts if absent.") var reviewer: String?
    @Option(help: ArgumentHelp("The report, which stays here; a commitment goes onto the ledger.", valueName: "file"))
    var report: String?

    func perform(_ session: Session) async throws {
        let who = try session.party(orActor: reviewer)
        guard let disclosure else { return try await list(who, session) }
        guard let outcome else { throw WalletFailure(.usage, "justified, or unjustified?") }
        let operation = ConsentReview(
            disclosure: try session.id(disclosure), reviewer: who,
            outcome: try Codes.one(outcome, ReviewOutcome.self, "outcome"),
            evidence: try report.map { (path) throws(WalletFailure) in try SaltedFile.commit(path) })
        try await session.act([.consents(.review(operation))])
    }

    private func list(_ who: Party, _ session: Session) async throws {
        try await session.verifyNetwork()
        let items = try await session.client.items(
            "consent_reviews", parameters(["party": try session.client.encode(who)]))
        let names = session.plainNames
        session.list(items, ["DISCLOSURE", "CONSENT", "CLINICIAN", "OPENED", "DEADLINE"], empty: "None.") { item in
            [
                names.id(item["disclosure"]), names.id(item["consent"]), names.party(item["clinician"]),
                names.time(item["openedAt"]) ?? "", names.time(item["deadline"]) ?? "",
            ]
        }
    }
}

struct ConsentReviewersCommand: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "reviewers", abstract: "Who reviews for a custodian; with names, names them anew.",
        discussion: example(
            "consent reviewers --custodian stmary",
            "consent reviewers board officer --from registrar --acting-for stmary"))
    @OptionGroup var globals: Globals
    @Argument(help: "From now on these alone, beside ethics boards.") var reviewers: [String] = []
    @Flag(help: "Name none any more.") var none = false
    @Option(help: "Whose; who acts if absent.") var custodian: String?

    func perform(_ session: Session) async throws {
        let who = try session.party(orActor: custodian)
        guard !reviewers.isEmpty || none else { return try await show(who, session) }
        guard reviewers.isEmpty || !none else { throw WalletFailure(.usage, "either names, or --none") }
        let parties = try reviewers.map { (text) throws(WalletFailure) in try session.party(text) }
        let operation = ConsentNameReviewers(custodian: who, reviewers: SortedList(parties))
        try await session.act([.consents(.nameReviewers(operation))])
    }

    private func show(_ who: Party, _ session: Session) async throws {
        try await session.verifyNetwork()
        let value = try await session.client.read(
            "consent_reviewers", .object(parameters(["custodian": try session.client.encode(who)])),
            as: JSONValue.self)
        let names = session.plainNames
        session.show(value) {
            let list = (value["reviewers"]?.array ?? []).map { names.party($0) }
            Console.fields([
                ("Custodian", names.party(who)),
                ("Reviewers", list.isEmpty ? "none; ethics boards alone" : list.joined(separator: ", ")),
                ("Open reviews", value["openReviews"]?.unsigned.map { "\($0)" }),
                (
                    "Breaking glass",
                    value["isSuspended"]?.boolean == true ? "suspended: reviews are overdue" : "as consents say"
                ),
            ])
        }
    }
}
