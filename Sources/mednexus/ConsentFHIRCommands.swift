import ArgumentParser
import Consents
import Cryptography
import HealthRecords
import Interface
import Primitives
import Transactions
import WalletKit

struct ConsentImportFHIR: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "import-fhir", abstract: "Gives the consent that a FHIR R4 Consent resource states.",
        discussion: """
            Whatever the ledger can't represent is refused by its name, never dropped; Specs/health-records.md says what \
            becomes of each element. What is refused as doubtful alone can be vouched for: --root says how an outermost \
            provision is read that FHIR leaves open, --action what a permit without actions permits, --set-aside that a \
            document holds no further rule. Codes of data on a person's consent become salted commitments; what opens \
            them goes into the --opening file, for the custodian.

            \(example(
                "consent import-fhir consent.json --map Patient/f001=patient --map Organization/f001=stmary --dry-run",
                "consent import-fhir consent.json --map Patient/f001=patient --map Organization/f001=stmary \\\n"
                    + "    --root permit --set-aside sourceAttachment --from patient --as my-consent"))
            """)
    @Argument(help: "A file with one Consent resource in JSON.") var file: String
    @Option(
        help: ArgumentHelp(
            "Which party a reference means (repeatable): Patient/f001=NAME, or SYSTEM|VALUE=NAME of an identifier.",
            valueName: "reference=party"))
    var map: [String] = []
    @Option(help: "How an outermost provision without a type is read: permit or deny.") var root: String?
    @Option(help: ArgumentHelp("What a permit permits that names no action (repeatable).", valueName: "action"))
    var action: [String] = []
    @Option(
        help: ArgumentHelp(
            "An element that you have read and that holds no further rule (repeatable).", valueName: "element"))
    var setAside: [String] = []
    @Option(help: ArgumentHelp("Where what opens the commitments is written.", valueName: "file")) var opening: String?
    @Flag(help: "Only say what the resource would become.") var dryRun = false
    @OptionGroup(title: "Signing") var globals: Globals

    func perform(_ session: Session) async throws {
        var options = FHIRConsentOptions(
            rootKind: try root.map { (text) throws(WalletFailure) in try Codes.one(text, ProvisionKind.self, "reading")
            },
            actions: SortedList(try Codes.many(action, ConsentAction.self, "action")), setAside: Set(setAside),
            networkKind: session.network.kind)
        for text in map {
            guard let position = text.lastIndex(of: "="), position != text.startIndex else {
                throw WalletFailure(.usage, "\(text) maps nothing", hint: "Write --map Patient/f001=NAME.")
            }
            options.parties[String(text[..<position])] = try session.party(
                String(text[text.index(after: position)...]))
        }
        var openings: [CommitmentOpening] = []
        let read: FHIRConsentImport
        do {
            read = try FHIRConsentImport(try RecordFile.read(file), options: options) { kind, terms in
                let opening = CommitmentOpening(
                    .restriction(kind), salt: Hash(OperatingSystemRandom.bytes32()), terms: terms.elements)
                openings.append(opening)
                return opening.commitment
            }
        } catch let refusal as RecordRefusal {
            throw Self.failure(refusal, file)
        }
        let notes = read.leftBehind.map { "Left behind: \($0)." }
        guard !dryRun else { return try show(read, notes, session) }
        if !openings.isEmpty {
            guard let opening else {
                throw WalletFailure(
                    .usage, "the consent keeps codes of data off the ledger",
                    hint:
                        "Name with --opening the file for the custodian: without it nobody can ever open the commitments."
                )
            }
            try ContentFile.writePrivate(Console.pretty(.array(openings.map(\.json))) + "\n", to: opening)
        }
        var operations: [LedgerOperation] = [.consents(.grant(read.grant))]
        if !globals.coSign.isEmpty, read.grant.scope == .individual {
            operations.append(.consents(.countersign(ConsentCountersign(consent: .operation(0)))))
        }
        try await session.act(operations, notes: notes)
    }

    private func show(_ read: FHIRConsentImport, _ notes: [String], _ session: Session) throws {
        let json = JSONValue.object([
            "grant": try session.client.encode(read.grant),
            "leftBehind": .array(
                read.leftBehind.map {
                    .object(["path": .string($0.path), "what": .string($0.what), "why": .string($0.why)])
                }),
        ])
        session.show(json) {
            for line in read.grant.words(session.plainNames) { Console.out(line) }
            for note in notes { Console.out(note) }
        }
    }

    static func failure(_ refusal: RecordRefusal, _ file: String) -> WalletFailure {
        WalletFailure(
            .usage, "\(file) can't be taken over:\n" + refusal.problems.map { "  \($0)" }.joined(separator: "\n"),
            hint: "See Specs/health-records.md.")
    }
}

struct ConsentExportFHIR: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "export-fhir", abstract: "Writes a consent as a FHIR R4 Consent resource.",
        discussion: """
            Parties are named by their addresses. What FHIR has no place for stands in modifier extensions under \
            urn:mednexus:fhir, which import-fhir reads again.

            \(example("consent export-fhir my-consent"))
            """)
    @Argument(help: "The consent.") var consent: String
    @OptionGroup var globals: ReadGlobals

    func perform(_ session: Session) async throws {
        let now = try await session.ledgerTime()
        let id: ConsentID = try session.id(consent)
        let value = try await session.client.read(
            "consent_get", .object(["consent": try session.client.encode(id)]), as: JSONValue.self)
        let record = try JSONValueDecoder.decode(
            ConsentRecord.self, from: value["consent"] ?? .null, networkKind: session.network.kind)
        let resource = FHIRConsentExport.resource(record, at: now, networkKind: session.network.kind)
        session.show(resource) { Console.out(Console.pretty(resource)) }
    }
}
