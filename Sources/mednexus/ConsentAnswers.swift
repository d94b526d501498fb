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
            uses are to be answered anew (license deliver --answers, license answer). It goes into the file --out, beside \
            the answers to the same question that are there; where an organization needs several members, each runs the \
            command on the same file. Without --until the answer counts as long as the uses of a license, for a year where \
            they have no end, and for another release seven days. A descent of diseases is proved from the ontology's \
            edges (--ontology, lines SYSTEM:CHILD PARENT) without a signature. What is signed for is shown before: the \
            consents, the uses, who receives it, until when; with --opening also what commitments hold. Openings that \
            contradict each other are refused.

            \(example(
                "consent answer --set cohort --to author --action analyze --purpose research --aim general --reference HASH --until 2030-01-31 --out answers.json --from registrar --by stmary",
                "consent answer --delivery ward --until 90d --out answers-ward.json --from board"))
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

    /// What is asked, and what is shown of it.
    private struct Asked {
        let question: AnswerFile.Question
        let requests: [UseRequest]
        let needs: [Need]
        /// Who keeps the data, and alone answers for restrictions.
        let custodian: Party?
        let delivery: DeliveryRecord?
    }

    func perform(_ session: Session) async throws {
        let now = try await session.ledgerTime()
        let asked = try await asked(session)
        var (file, isAnew) = try opened(asked.question, now, session)
        let authority = try await authority(asked, session)
        let gone = file.keep(signersOf: authority.party, authority.signers)
        let tree = try use.research.ontology.map { (path) throws(WalletFailure) in try OntologyInputs.tree(path) }
        let preview = AnswerPreview(
            basis: asked.question.basis, requests: asked.requests, delivery: asked.delivery, needs: wanted(asked),
            openings: try openings(), ontology: tree)
        var statements: [NeedStatement] = []
        for wanted in wanted(asked) {
            if case .ontologyPath(let disease, let ancestor) = wanted {
                guard let tree else { continue }
                guard let edges = tree.proof(from: disease, to: ancestor) else {
                    throw WalletFailure(
                        .usage, "\(disease.code) does not descend from \(ancestor.code) in the ontology")
                }
                file.add(NeedAnswer(need: wanted, evidence: .ontology(edges)))
            } else {
                statements.append(try statement(of: wanted, asked, file, authority, now, session))
            }
        }
        if !statements.isEmpty { try sign(statements, try await preview.lines(session), &file, session) }
        try ContentFile.writePrivate(Console.pretty(try session.client.encode(file)) + "\n", to: out)
        if isAnew { Console.err("\(out) held answers that were given before; it was written anew.") }
        let names = session.plainNames
        for signer in gone {
            Console.err(
                "Left out: the signature of \(names.party(.account(signer))), who does not sign answers of them.")
        }
        let open = asked.needs.compactMap { need -> String? in
            let count = file.signatures(of: need)
            if count == 0 { return need.name }
            guard isOwn(need, file, authority.party) else { return nil }
            return authority.missing(count, names).map { "\(need.name) (\($0))" }
        }
        guard open.isEmpty else {
            return Console.out("Written to \(out). Still open: \(open.joined(separator: ", ")).")
        }
        Console.out("Every need is answered: \(out).")
        if let delivery = asked.delivery { Console.out("Next, \(next(delivery, session)) --answers \(out).") }
    }

    private func isOwn(_ need: Need, _ file: AnswerFile, _ party: Party) -> Bool {
        file.answers.contains { answer in
            if answer.need == need, case .signed(party, _, _) = answer.evidence { true } else { false }
        }
    }

    private func next(_ delivery: DeliveryRecord, _ session: Session) -> String {
        let names = session.plainNames
        guard delivery.begun == nil else {
            let license = delivery.license.map { names.short($0.description) } ?? ""
            return "\(names.argument(delivery.to)): mednexus license answer \(license)"
        }
        let command = delivery.act == .transfer ? "inft deliver" : "license deliver"
        return "\(names.argument(delivery.from)): mednexus \(command) \(names.short(delivery.id.description))"
    }

    /// Who signs for the party that answers; refused before anything is signed that nobody would take.
    private func authority(_ asked: Asked, _ session: Session) async throws -> AnswerAuthority {
        let names = session.plainNames
        let authority = try await session.answerAuthority(of: try session.party(orActor: by))
        let restrictions = wanted(asked).filter(\.isRestriction)
        if let custodian = asked.custodian, !restrictions.isEmpty, custodian != authority.party {
            throw WalletFailure(
                .usage, "\(restrictions[0].name) is answered by \(names.party(custodian)), who keeps the data, alone",
                hint: "Its members say --by \(names.argument(custodian)); a reviewer names the own needs with --need.")
        }
        let signer = try session.sender()
        guard authority.signers.contains(signer) else {
            throw WalletFailure(
                .usage,
                "\(names.party(.account(signer))) does not sign answers of \(names.party(authority.party))",
                hint: "Those do whom its policy for consents names: mednexus org show.")
        }
        return authority
    }

    private func wanted(_ asked: Asked) -> [Need] {
        asked.needs.filter { need.isEmpty || need.contains($0.name) }
    }

    /// What is in the file already, if it answers this question.
    private func opened(
        _ question: AnswerFile.Question, _ now: Timestamp, _ session: Session
    ) throws(WalletFailure) -> (file: AnswerFile, isAnew: Bool) {
        guard try ContentFile.exists(out) else { return (AnswerFile(question, since: now), false) }
        let file = try ConsentInputs.answers(out, session)
        switch file.continuation(by: question, at: now) {
        case .goesOn: return (file, false)
        case .isOver: return (AnswerFile(question, since: now), true)
        case .isForeign:
            throw WalletFailure(
                .usage, "\(out) holds answers for \(file.question.words(session.plainNames))",
                hint: "Name another file with --out.")
        }
    }

    private func statement(
        of need: Need, _ asked: Asked, _ file: AnswerFile, _ authority: AnswerAuthority, _ now: Timestamp,
        _ session: Session
    ) throws -> NeedStatement {
        func statement(_ end: Timestamp) -> NeedStatement {
            NeedStatement(
                network: session.network.genesis, basis: asked.question.basis, revision: asked.question.revision,
                requests: asked.question.requests, subject: asked.question.subject.bytes,
                recipient: asked.question.recipient, need: need, by: authority.party, validUntil: end)
        }
        let told = try until.map { (text) throws(WalletFailure) in try Codes.requiredTime(text, now: now) }
        guard let others = file.others(who: statement, besides: try session.sender(), key: authority.key) else {
            return statement(told ?? AnswerFile.end(of: asked.requests, for: asked.delivery, now: now))
        }
        let time = session.plainNames.time(others.end)
        if let told, told != others.end {
            throw WalletFailure(
                .usage, "others signed until \(time), and all sign for one time",
                hint: "Leave --until out to sign for the same time, or name another file with --out.")
        }
        guard told != nil || others.isVerified else {
            throw WalletFailure(
                .usage, "others are said to have signed until \(time), and no signature in the file shows it",
                hint: "If that is right, say --until \(others.end.milliseconds); else name another file with --out.")
        }
        return statement(others.end)
    }

    private func asked(_ session: Session) async throws -> Asked {
        let asked = try await delivery == nil ? typed(session) : asked(by: delivery ?? "", session)
        guard !asked.needs.isEmpty else {
            throw WalletFailure(.usage, "the consent permits it without any answer")
        }
        return asked
    }

    /// All of it from the delivery, as the ledger will ask it.
    private func asked(by text: String, _ session: Session) async throws -> Asked {
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
        let question = AnswerFile.Question(
            basis: .set(set), revision: revision, requests: UseRequest.hash(of: verdict.requests),
            subject: Hash(record.id.bytes), recipient: record.to, delivery: record.id)
        return Asked(
            question: question, requests: verdict.requests, needs: verdict.needs, custodian: verdict.consentCustodian,
            delivery: record)
    }

    private func typed(_ session: Session) async throws -> Asked {
        guard let to else { throw WalletFailure(.usage, "who would receive it?", hint: "Add --to, or --delivery.") }
        guard let reference else {
            throw WalletFailure(.usage, "an answer is for one release", hint: "Add --reference, or --delivery.")
        }
        let recipient = try session.party(to)
        let requests = try use.requests(by: recipient, session)
        let (needs, revision, custodian) = try await ask(session, requests)
        let question = AnswerFile.Question(
            basis: try basis.basis(session), revision: revision, requests: UseRequest.hash(of: requests),
            subject: Hash(try subject(reference, session)), recipient: recipient, delivery: nil)
        return Asked(question: question, requests: requests, needs: needs, custodian: custodian, delivery: nil)
    }

    /// Needs of all uses, and the revision that they were asked of.
    private func ask(
        _ session: Session, _ requests: [UseRequest]
    ) async throws -> (needs: [Need], revision: UInt64, custodian: Party?) {
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
        let custodian = try record[asked.key]?["custodian"].map {
            try JSONValueDecoder.decode(Party.self, from: $0, networkKind: session.network.kind)
        }
        return (needs, revision, custodian)
    }

    private func subject(_ reference: String, _ session: Session) throws(WalletFailure) -> Bytes32 {
        if let license: LicenseID = try? session.id(reference) { return license.bytes }
        return try Codes.hash(reference).bytes
    }

    private func openings() throws(WalletFailure) -> [AnswerPreview.OpeningFile] {
        try opening.map { (path) throws(WalletFailure) in
            AnswerPreview.OpeningFile(
                path: path, openings: try CommitmentOpening.list(try ContentFile.text(path), file: path))
        }
    }

    private func sign(
        _ statements: [NeedStatement], _ shown: [String], _ file: inout AnswerFile, _ session: Session
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
            let signature = Schnorr.sign(
                message: statement.hash, secret: secret, auxiliary: OperatingSystemRandom.bytes32())
            file.add(AnswerSignature(signer: signer, signature: signature), to: statement)
        }
    }
}

extension AnswerFile.Question {
    /// What the answers are for.
    func words(_ names: SessionNames) -> String {
        guard let delivery else { return "the release \(subject) to \(names.party(recipient))" }
        return "the delivery \(names.identifier(delivery.description)) to \(names.party(recipient))"
    }
}

extension ConsentInputs {
    /// What `consent answer` wrote.
    static func answers(_ path: String, _ session: Session) throws(WalletFailure) -> AnswerFile {
        if (try? JSONParser.parse(ContentFile.text(path)))?.array != nil {
            throw WalletFailure(
                .usage, "\(path) does not say what it answers: an earlier build wrote it",
                hint: "Have it signed anew with consent answer.")
        }
        return try json(path, AnswerFile.self, "answers of consent answer", session)
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
