import ArgumentParser
import Consents
import Cryptography
import INFTs
import Interface
import Licenses
import Primitives
import WalletKit

struct ConsentAnswerCommand: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "answer",
        abstract: "Meets what a consent asks for before it permits: the custodian, or a reviewer, signs.",
        discussion: """
            The answer is for this release alone: these uses, this recipient, this license or reference, this state of \
            the consent, until then. --delivery takes all of that from a delivery that waits, or from the license whose \
            uses are to be answered anew (license deliver --answers, license answer). It goes into the file --out, beside the answers that are there; where an \
            organization needs several members, each runs the command with the same --until. A descent of diseases is \
            proved from the ontology's edges (--ontology, lines SYSTEM:CHILD PARENT) without a signature. What is signed for \
            is shown before: the consents, the uses, who receives it, until when; with --opening also what commitments hold.

            \(example(
                "consent answer --set cohort --to author --action analyze --purpose research --aim general --reference HASH --until 2030-01-31 --out answers.json --from registrar --by stmary",
                "consent answer --delivery ward --until 90d --out answers.json --from board"))
            """)
    @OptionGroup var globals: Globals
    @OptionGroup var basis: ConsentBasisOptions
    @Option(help: ArgumentHelp("Or what a delivery, or a license, asks.", valueName: "id")) var delivery: String?
    @Option(help: "Who would receive it.") var to: String?
    @OptionGroup var use: ConsentUseOptions
    @Option(help: ArgumentHelp("The license, the transfer, or the disclosure's reference.", valueName: "id"))
    var reference: String?
    @Option(help: ArgumentHelp("Only these needs (repeatable); all that may be signed if absent.", valueName: "need"))
    var need: [String] = []
    @Option(help: "Who answers: the custodian or a reviewer; who acts if absent.") var by: String?
    @Option(help: ArgumentHelp("Until when it counts: 2030-01-31, or 7d.", valueName: "time")) var until: String?
    @Option(
        help: ArgumentHelp(
            "What opens commitments (repeatable), as consent grant or license buy wrote it: then it is shown what they hold.",
            valueName: "file"))
    var opening: [String] = []
    @Option(help: ArgumentHelp("Where the answers are collected.", valueName: "file")) var out: String

    /// What is asked, and of what state of the consents.
    private struct Question {
        let basis: ConsentBasis
        let revision: UInt64
        let requests: [UseRequest]
        let needs: [Need]
        let recipient: Party
        let subject: Bytes32
        /// Of a delivery.
        let delivery: DeliveryRecord?
    }

    func perform(_ session: Session) async throws {
        let now = try await session.ledgerTime()
        let question = try await question(session)
        var answers: [NeedAnswer] = []
        if try ContentFile.exists(out) {
            answers = try ConsentInputs.json(out, [NeedAnswer].self, "list of answers", session)
        }
        let tree = try use.research.ontology.map { (path) throws(WalletFailure) in try OntologyInputs.tree(path) }
        let party = try session.party(orActor: by)
        var statements: [NeedStatement] = []
        for wanted in question.needs where need.isEmpty || need.contains(wanted.name) {
            if case .ontologyPath(let disease, let ancestor) = wanted {
                guard let tree else { continue }
                guard let edges = tree.proof(from: disease, to: ancestor) else {
                    throw WalletFailure(
                        .usage, "\(disease.code) does not descend from \(ancestor.code) in the ontology")
                }
                answers.removeAll { $0.need == wanted }
                answers.append(NeedAnswer(need: wanted, evidence: .ontology(edges)))
                continue
            }
            let end = try Codes.requiredTime(until ?? "7d", now: now)
            statements.append(
                NeedStatement(
                    network: session.network.genesis, basis: question.basis, revision: question.revision,
                    requests: UseRequest.hash(of: question.requests), subject: question.subject,
                    recipient: question.recipient, need: wanted, by: party, validUntil: end))
        }
        if !statements.isEmpty {
            let shown = try await AnswerPreview(
                basis: question.basis, requests: question.requests, delivery: question.delivery,
                openings: try openings()
            ).lines(session)
            try sign(statements, shown, &answers, session)
        }
        try ContentFile.writePrivate(Console.pretty(try session.client.encode(answers)) + "\n", to: out)
        let open = question.needs.filter { need in !answers.contains { $0.need == need } }
        Console.out(
            open.isEmpty
                ? "Every need is answered: \(out)."
                : "Written to \(out). Still open: \(open.map(\.name).joined(separator: ", ")).")
    }

    private func question(_ session: Session) async throws -> Question {
        let question = try await delivery == nil ? typed(session) : asked(by: delivery ?? "", session)
        guard !question.needs.isEmpty else {
            throw WalletFailure(.usage, "the consent permits it without any answer")
        }
        return question
    }

    /// All of it from the delivery, as the ledger will ask it.
    private func asked(by text: String, _ session: Session) async throws -> Question {
        guard basis.consent == nil, basis.set == nil, to == nil, reference == nil, use.isEmpty else {
            throw WalletFailure(.usage, "--delivery says who asks for what; leave the rest out")
        }
        let verdict: DeliveryVerdict = try await session.client.read(
            "delivery_check", .object(["delivery": session.json(try await session.delivery(behind: text))]))
        if let obstacle = verdict.obstacle { throw WalletFailure(.refused, obstacle.message) }
        let record = verdict.delivery.delivery
        guard let set = verdict.consentSet, let revision = verdict.consentRevision else {
            throw WalletFailure(.usage, "the delivery \(session.text(record.id)) asks nothing of a consent")
        }
        return Question(
            basis: .set(set), revision: revision, requests: verdict.requests, needs: verdict.needs,
            recipient: record.to, subject: record.id.bytes, delivery: record)
    }

    private func typed(_ session: Session) async throws -> Question {
        guard let to else { throw WalletFailure(.usage, "who would receive it?", hint: "Add --to, or --delivery.") }
        guard let reference else {
            throw WalletFailure(.usage, "an answer is for one release", hint: "Add --reference, or --delivery.")
        }
        let recipient = try session.party(to)
        let requests = try use.requests(by: recipient, session)
        let (needs, revision) = try await ask(session, requests)
        return Question(
            basis: try basis.basis(session), revision: revision, requests: requests, needs: needs,
            recipient: recipient, subject: try subject(reference, session), delivery: nil)
    }

    /// Needs of all uses, and the revision that they were asked of.
    private func ask(
        _ session: Session, _ requests: [UseRequest]
    ) async throws -> (needs: [Need], revision: UInt64) {
        let asked = try basis.parameter(session)
        let (method, field) = asked.key == "set" ? ("consent_set", "policyRevision") : ("consent_get", "revision")
        let record = try await session.client.read(
            method, .object(parameters([asked.key: asked.value])), as: JSONValue.self)
        guard let revision = record[asked.key]?[field]?.unsigned else {
            throw WalletFailure(.unreachable, "the node tells no revision")
        }
        var needs: [Need] = []
        for request in requests {
            var params = parameters(["request": try session.client.encode(request)])
            params.append(asked.key, asked.value)
            let answer: ConsentAnswer = try await session.client.read("consent_check", .object(params))
            switch answer.decision {
            case .permit: break
            case .needs(let found, _): for need in found where !needs.contains(need) { needs.append(need) }
            case .deny(let reasons):
                throw WalletFailure(
                    .usage, "consent denies it: \(reasons.reasons.elements.map(\.name).joined(separator: ", "))")
            }
        }
        return (needs, revision)
    }

    private func subject(_ reference: String, _ session: Session) throws(WalletFailure) -> Bytes32 {
        if let license: LicenseID = try? session.id(reference) { return license.bytes }
        return try Codes.hash(reference).bytes
    }

    private func openings() throws(WalletFailure) -> [CommitmentOpening] {
        var found: [CommitmentOpening] = []
        for path in opening { found += try CommitmentOpening.list(try ContentFile.text(path), file: path) }
        return found
    }

    private func sign(
        _ statements: [NeedStatement], _ shown: [String], _ answers: inout [NeedAnswer], _ session: Session
    ) throws(WalletFailure) {
        let names = session.plainNames
        let lines =
            statements.map { statement in
                "\(names.party(statement.by)) answers \(statement.need.name) (\(AnswerPreview.meaning(of: statement.need))) "
                    + "for a release to \(names.party(statement.recipient)), until \(names.time(statement.validUntil))."
            } + shown
        try session.confirm(lines, question: "Sign?")
        let signer = try session.sender()
        let secret = try session.signingKey(of: signer)
        for statement in statements {
            let signature = AnswerSignature(
                signer: signer,
                signature: Schnorr.sign(
                    message: statement.hash, secret: secret, auxiliary: OperatingSystemRandom.bytes32()))
            var signatures = [signature]
            if let old = answers.first(where: { $0.need == statement.need }),
                case .signed(statement.by, statement.validUntil, let others) = old.evidence
            {
                signatures = (others.filter { $0.signer != signer } + signatures).sorted { $0.signer < $1.signer }
            }
            answers.removeAll { $0.need == statement.need }
            answers.append(
                NeedAnswer(
                    need: statement.need,
                    evidence: .signed(
                        by: statement.by, validUntil: statement.validUntil, signatures: signatures)))
        }
    }
}

/// Edges of an ontology from a file: `mondo:0005148 0005015`, child and parent, one a line.
enum OntologyInputs {
    static func tree(_ path: String) throws(WalletFailure) -> OntologyTree {
        let bytes = try ContentFile.text(path, limit: 64 << 20)
        var edges: [OntologyTree.Edge] = []
        for (number, line) in bytes.split(separator: 10).enumerated() {
            let words = String(decoding: line, as: UTF8.self).split(whereSeparator: { $0 == " " || $0 == "\t" })
            guard let first = words.first, !first.hasPrefix("#") else { continue }
            guard words.count == 2, let child = try? ConsentInputs.term(String(first)) else {
                throw WalletFailure(
                    .usage, "line \(number + 1) of \(path) is no edge", hint: "Write mondo:0005148 0005015.")
            }
            let parent = CodedTerm(system: child.system, code: String(words[1]))
            guard child.isWellFormed, parent.isWellFormed else {
                throw WalletFailure(.usage, "line \(number + 1) of \(path) holds no codes")
            }
            edges.append(OntologyTree.Edge(child: child, parent: parent.code))
        }
        guard !edges.isEmpty else { throw WalletFailure(.usage, "\(path) holds no edge") }
        return OntologyTree(edges)
    }
}
