import ArgumentParser
import Consents
import Cryptography
import Interface
import Primitives
import StateModel
import Transactions
import WalletKit

struct ConsentCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "consent",
        abstract: "Consents: given by the subject, countersigned by the custodian, withdrawn any time.",
        discussion: example("consent templates", "consent list --subject patient"),
        subcommands: [
            ConsentTemplatesCommand.self, ConsentGrantCommand.self, ConsentCountersignCommand.self,
            ConsentNarrowCommand.self, ConsentWithdrawCommand.self, ConsentShow.self, ConsentList.self,
            ConsentSetCommand.self, ConsentCheck.self, ConsentImpactCommand.self, ConsentDisclosures.self,
            ConsentExport.self, ConsentAnswerCommand.self, ConsentDiscloseCommand.self, ConsentBreakGlassCommand.self,
            ConsentReviewCommand.self, ConsentReviewersCommand.self, ConsentImportFHIR.self, ConsentExportFHIR.self,
        ])
}

struct ConsentTemplatesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "templates", abstract: "The published forms of consent; of one, what is signed, in words.",
        discussion: example("consent templates", "consent templates general-research"))
    @OptionGroup var globals: ReadGlobals
    @Argument(help: "One of them.") var template: String?

    func run() async throws {
        if let name = template { return try show(name) }
        if globals.json {
            return Console.out(JSONValue.array(ConsentTemplates.all.map { .object(Self.json($0)) }).text)
        }
        Console.table(
            ["TEMPLATE", "FOR", "WHAT IT SAYS"],
            ConsentTemplates.all.map { [$0.name, $0.scope == .individual ? "a person" : "a dataset", $0.summary] })
    }

    private func show(_ name: String) throws {
        guard let template = ConsentTemplates.named(name) else {
            let names = ConsentTemplates.all.map(\.name).joined(separator: ", ")
            throw WalletFailure(.usage, "there is no template \(name)", hint: "There are: \(names).")
        }
        let custodian = Party.account(Address(Hash.zero.bytes))
        let words = template.policy(ConsentTemplateValues(custodian: custodian)).words(TemplateNames())
        if globals.json {
            var object = Self.json(template)
            object.append("words", .array(words.map { .string($0) }))
            return Console.out(JSONValue.object(object).text)
        }
        Console.out(template.summary)
        Console.out("")
        Console.out("Everything is denied but what follows.")
        for line in words { Console.out(line) }
        for restriction in template.restrictions {
            Console.out(
                "A \(restriction.name) that is named stays off the ledger: a salted commitment stands for it, and only "
                    + "the custodian can open it.")
        }
        if template.needsDiseases { Console.out("The diseases are named when it is granted (--disease).") }
    }

    private static func json(_ template: ConsentTemplate) -> JSONObject {
        parameters([
            "name": .string(template.name), "summary": .string(template.summary),
            "scope": .string(template.scope.name),
            "restrictions": .array(template.restrictions.map { .string($0.name) }),
            "needsDiseases": .boolean(template.needsDiseases),
        ])
    }
}

/// For a form that nobody has filled in.
private struct TemplateNames: NameResolver {
    func party(_ party: Party) -> String { "The custodian" }
    func amount(_ amount: Amount, of asset: AssetID) -> String { "\(amount)" }
    func identifier(_ text: String) -> String { text }
    func time(_ time: Timestamp) -> String { dateText(time) }
}

struct ConsentGrantCommand: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "grant", abstract: "Gives a consent, by a template or a policy of one's own.",
        discussion: """
            In force once the custodian has countersigned; --co-sign of its member does both in one transaction. A \
            disease that a person names stays off the ledger: its salted commitment is written, and what opens it goes \
            into the --opening file, for the custodian.

            \(example(
                "consent grant general-research --custodian stmary --from patient --as my-consent",
                "consent grant disease-research --custodian stmary --disease mondo:0005148 --opening opening.json --from patient",
                "consent grant dataset-gru --custodian stmary --from registrar --acting-for stmary"))
            """)
    @OptionGroup var globals: Globals
    @Argument(help: "A template of `consent templates`, or a file with a policy in JSON.") var template: String
    @Option(help: "Who keeps the data and countersigns.") var custodian: String
    @Option(help: "Whose consent; who acts if absent.") var subject: String?
    @Option(help: "The guardian who gives it for the subject.") var guardian: String?
    @Option(
        help: ArgumentHelp("SYSTEM:CODE (repeatable), where the template asks for diseases.", valueName: "system:code"))
    var disease: [String] = []
    @Option(help: ArgumentHelp("Only for use here (repeatable).", valueName: "code")) var jurisdiction: [String] = []
    @Option(help: ArgumentHelp("Until when: 2030-01-31, or 5y.", valueName: "time")) var expires: String?
    @Option(help: ArgumentHelp("Where what opens the commitments is written.", valueName: "file")) var opening: String?

    func perform(_ session: Session) async throws {
        let now = try await session.ledgerTime()
        let custodian = try session.party(custodian)
        let terms = try disease.map { (text) throws(WalletFailure) in try ConsentInputs.term(text) }
        var commitments: [CommittedRestriction] = []
        let scope: ConsentScope
        let policy: ConsentPolicy
        if let template = ConsentTemplates.named(template) {
            scope = template.scope
            guard !template.needsDiseases && template.restrictions.isEmpty || !terms.isEmpty else {
                throw WalletFailure(.usage, "\(template.name) needs a disease", hint: "Add --disease mondo:0005148.")
            }
            guard terms.isEmpty || template.needsDiseases || !template.restrictions.isEmpty else {
                throw WalletFailure(
                    .usage, "\(template.name) is not restricted to a disease",
                    hint: "Leave --disease out, or take disease-research: mednexus consent templates.")
            }
            guard opening == nil || !template.restrictions.isEmpty else {
                throw WalletFailure(.usage, "\(template.name) commits to nothing", hint: "Leave --opening out.")
            }
            commitments = try commit(template, terms)
            policy = template.policy(
                ConsentTemplateValues(
                    custodian: custodian, diseases: SortedList(template.needsDiseases ? terms : []),
                    jurisdictions: SortedList(Codes.texts(jurisdiction))))
        } else {
            guard terms.isEmpty, opening == nil else {
                throw WalletFailure(
                    .usage, "a policy of one's own says itself which diseases it is for",
                    hint: "Leave --disease and --opening out.")
            }
            policy = try ConsentInputs.policy(template, session)
            let kind = try session.party(orActor: subject)
            if case .organization = kind { scope = .aggregate } else { scope = .individual }
        }
        let grant = ConsentGrant(
            scope: scope, subject: try session.party(orActor: subject),
            guardian: try guardian.map { (text) throws(WalletFailure) in try session.address(text) },
            custodian: custodian, policy: policy, commitments: commitments,
            expiresAt: try Codes.time(expires, now: now))
        var operations: [LedgerOperation] = [.consents(.grant(grant))]
        if !globals.coSign.isEmpty, scope == .individual {
            operations.append(.consents(.countersign(ConsentCountersign(consent: .operation(0)))))
        }
        let disease = commitments.isEmpty ? [] : terms.map(\.text)
        let notes =
            disease.isEmpty
            ? [] : ["The restriction that only its commitment tells of: \(disease.joined(separator: ", "))"]
        try await session.act(operations, notes: notes)
        if let opening, !commitments.isEmpty {
            Console.err(
                "\(opening) opens the commitment: hand it to \(session.plainNames.party(custodian)), and keep a copy. "
                    + "Without it nobody can tell what the consent is restricted to.")
        }
        if !globals.json, operations.count == 1, scope == .individual {
            Console.err("It is proposed, and in force once the custodian has countersigned it.")
        }
    }

    /// Salted commitments to what would name a diagnosis; the openings go to the custodian's file.
    private func commit(_ template: ConsentTemplate, _ terms: [CodedTerm]) throws(WalletFailure)
        -> [CommittedRestriction]
    {
        guard !template.restrictions.isEmpty else { return [] }
        guard let opening else {
            throw WalletFailure(
                .usage, "\(template.name) keeps the disease off the ledger",
                hint: "Name with --opening the file for the custodian: without it nobody can ever open the commitment.")
        }
        var commitments: [CommittedRestriction] = []
        var openings: [JSONValue] = []
        for kind in template.restrictions {
            let restriction = CommitmentOpening(
                .restriction(kind), salt: Hash(OperatingSystemRandom.bytes32()), terms: terms)
            commitments.append(CommittedRestriction(kind: kind, commitment: restriction.commitment))
            openings.append(restriction.json)
        }
        try ContentFile.writePrivate(Console.pretty(.array(openings)) + "\n", to: opening)
        return commitments
    }
}

enum ConsentInputs {
    static func term(_ text: String) throws(WalletFailure) -> CodedTerm {
        guard let (system, code) = Inputs.code(text) else {
            throw WalletFailure(.usage, "\(text) is no code", hint: "Write SYSTEM:CODE, as mondo:0005148.")
        }
        let term = CodedTerm(system: try Codes.one(system, TermSystem.self, "code system"), code: code)
        guard let form = form(of: term.system) else { return term }
        guard form.isOf(code) else {
            throw WalletFailure(
                .usage, "\(code) is no code of \(term.system.name)", hint: "It is \(form.words), as \(form.example).")
        }
        return term
    }

    /// How a system writes its codes. A commitment to a mistyped code would permit nothing, and nobody could see why.
    private static func form(
        of system: TermSystem
    ) -> (words: String, example: String, isOf: (String) -> Bool)? {
        func digits(_ text: Substring, _ count: ClosedRange<Int>) -> Bool {
            count.contains(text.count) && text.allSatisfy { $0.isASCII && $0.isNumber }
        }
        switch system {
        case .mondo: return ("seven digits", "mondo:0005148", { digits($0[...], 7...7) })
        case .diseaseOntology: return ("one to seven digits", "diseaseOntology:9352", { digits($0[...], 1...7) })
        case .orphanet: return ("one to six digits", "orphanet:558", { digits($0[...], 1...6) })
        case .snomed: return ("six to eighteen digits", "snomed:44054006", { digits($0[...], 6...18) })
        case .icd10:
            return (
                "a letter, two characters, and up to four behind a point", "icd10:E11.9",
                { code in
                    let parts = code.split(separator: ".", omittingEmptySubsequences: false)
                    guard let head = parts.first, head.count == 3, parts.count <= 2,
                        let first = head.first, first.isASCII, first.isUppercase,
                        digits(head.dropFirst().prefix(1), 1...1)
                    else { return false }
                    let rest = head.dropFirst(2) + (parts.count == 2 ? parts[1] : "")
                    return rest.allSatisfy { $0.isASCII && ($0.isNumber || $0.isUppercase) }
                        && (parts.count == 1 || (1...4).contains(parts[1].count))
                }
            )
        case .icd11, .loinc, .fhirResource: return nil
        }
    }

    static func policy(_ path: String, _ session: Session) throws -> ConsentPolicy {
        guard path.contains("/") || path.hasSuffix(".json") else {
            let names = ConsentTemplates.all.map(\.name).joined(separator: ", ")
            throw WalletFailure(.usage, "there is no template \(path)", hint: "There are: \(names).")
        }
        do {
            return try JSONValueDecoder.decode(
                ConsentPolicy.self, from: try JSONParser.parse(try ContentFile.text(path)),
                networkKind: session.network.kind)
        } catch let failure as WalletFailure {
            throw failure
        } catch {
            throw WalletFailure(.usage, "\(path) holds no policy: \(error)", hint: "See Specs/domains/consents.md.")
        }
    }

    static func time(_ text: String?, _ session: Session) throws(WalletFailure) -> JSONValue? {
        try Codes.time(text, now: session.network.now).map { .unsigned($0.milliseconds) }
    }
}

struct ConsentCountersignCommand: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "countersign", abstract: "The custodian takes a consent on: it is in force from then on.",
        discussion: example("consent countersign my-consent --from registrar --acting-for stmary"))
    @OptionGroup var globals: Globals
    @Argument(help: "The consent.") var consent: String

    func perform(_ session: Session) async throws {
        try await session.verifyNetwork()
        let id: ConsentID = try session.id(consent)
        let view: ConsentView = try await session.client.read("consent_get", .object(["consent": session.json(id)]))
        let operation = ConsentCountersign(consent: .id(id))
        let subject = session.plainNames.party(view.consent.subject)
        // Who takes a consent on keeps to it from then on, so it is shown as who gave it read it.
        try await session.act(
            [.consents(.countersign(operation))],
            notes: ConsentShow.words(view.consent, session.plainNames)
                + (view.consent.commitments.isEmpty
                    ? [] : ["What opens its commitments is a file that \(subject) has."]))
    }
}

struct ConsentShow: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "A consent: who, for whom, and what it permits.",
        discussion: example("consent show my-consent", "consent show my-consent --at 2026-11-01"))
    @OptionGroup var globals: ReadGlobals
    @Argument(help: "The consent.") var consent: String
    @Option(help: ArgumentHelp("As of then; now if absent.", valueName: "time")) var at: String?

    func perform(_ session: Session) async throws {
        try await session.verifyNetwork()
        let id: ConsentID = try session.id(consent)
        var params = parameters(["consent": try session.client.encode(id)])
        if let at = try ConsentInputs.time(at, session) { params.append("at", at) }
        let value = try await session.client.read("consent_get", .object(params), as: JSONValue.self)
        let names = session.plainNames
        let words = Self.words(
            try JSONValueDecoder.decode(
                ConsentRecord.self, from: value["consent"] ?? .null, networkKind: session.network.kind), names)
        session.show(value) {
            let record = value["consent"]
            let sets = (record?["sets"]?.array ?? []).map { names.id($0) }
            Console.fields([
                ("Consent", names.identifier(session.text(id))), ("Status", value["status"]?.string),
                ("Subject", names.party(record?["subject"])), ("Given by", names.party(record?["grantedBy"])),
                ("Custodian", names.party(record?["custodian"])), ("Given", names.time(record?["grantedAt"])),
                ("In force since", names.time(record?["effectiveAt"])), ("Expires", names.time(record?["expiresAt"])),
                ("Withdrawn", names.time(record?["withdrawnAt"])),
                ("Narrowed", record?["narrowings"]?.unsigned.flatMap { $0 == 0 ? nil : "\($0) times" }),
                ("Erasure asked for", names.time(record?["erasure"]?["requestedAt"])),
                ("Erased", names.time(record?["erasure"]?["erasedAt"])),
                ("Sets", sets.isEmpty ? nil : sets.joined(separator: ", ")),
                ("Says", words.joined(separator: "\n")),
            ])
        }
    }
}

extension ConsentShow {
    /// As the one who gave it read it.
    static func words(_ record: ConsentRecord, _ names: SessionNames) -> [String] {
        let grant = ConsentGrant(
            scope: record.scope, subject: record.subject, custodian: record.custodian, policy: record.policy,
            commitments: record.commitments, expiresAt: record.expiresAt)
        return grant.words(names)
    }
}

struct ConsentList: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Consents of a subject, or kept by a custodian.",
        discussion: example("consent list --subject patient", "consent list --custodian stmary"))
    @OptionGroup var globals: ReadGlobals
    @Option(help: "Whose; who acts if neither is given.") var subject: String?
    @Option(help: "Who keeps the data.") var custodian: String?

    func perform(_ session: Session) async throws {
        try await session.verifyNetwork()
        var params = JSONObject()
        if let custodian, subject == nil {
            params.append("custodian", try session.client.encode(try session.party(custodian)))
        } else {
            params.append("subject", try session.client.encode(try session.party(orActor: subject)))
        }
        let items = try await session.client.items("consent_list", params)
        let names = session.plainNames
        session.list(items, ["CONSENT", "SUBJECT", "CUSTODIAN", "STATUS", "GIVEN", "EXPIRES"], empty: "None.") { item in
            let record = item["consent"]
            return [
                names.id(record?["id"]), names.party(record?["subject"]), names.party(record?["custodian"]),
                item["status"]?.string ?? "", names.time(record?["grantedAt"]) ?? "",
                names.time(record?["expiresAt"]) ?? "open",
            ]
        }
    }
}
