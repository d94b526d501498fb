import ArgumentParser
import Cryptography
import HealthRecords
import INFTs
import Interface
import Primitives
import Revenue
import Transactions
import WalletKit

struct CaseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "case",
        abstract: "Patients' cases: without what identifies, before anything else is done with them.",
        discussion: example(
            "case deidentify case.json --out clean.json --report removed.json",
            "case register case.json --report removed.json --consent-set cohort --field neurology --as case"),
        subcommands: [CaseDeidentify.self, CaseRegister.self])
}

/// A record on its way to becoming a case: read, de-identified, and told of what was removed.
struct CaseInput: ParsableArguments {
    @Argument(help: "A GA4GH Phenopacket (version 2) or a FHIR R4 Bundle, in JSON.") var file: String
    @Option(help: ArgumentHelp("Where the report of what was removed goes.", valueName: "file")) var report: String
    @Option(
        help: ArgumentHelp(
            "A text that you have read and let through (repeatable): its path as the report writes it, or **.label.",
            valueName: "path"))
    var allowText: [String] = []

    /// De-identifies the file and writes the report; only what this returns may be encrypted and offered.
    func deidentified() throws -> DeidentifiedCase {
        try RecordFile.refuse(existing: report)
        let result: DeidentifiedCase
        do {
            result = try Deidentification.run(
                try RecordFile.read(file), allowedTexts: Set(allowText), seed: OperatingSystemRandom.bytes32())
        } catch let refusal as RecordRefusal {
            throw ConsentImportFHIR.failure(refusal, file)
        }
        let text = Console.pretty(result.report.json(format: result.format)) + "\n"
        try RecordFile.write(Array(text.utf8), to: report)
        return result
    }
}

/// What everyone may read of a case: a closed vocabulary, and nothing that was read out of the record.
struct CaseMetadataOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("The clinical field: \(ClinicalField.names.joined(separator: ", ")).", valueName: "field"))
    var field = "general"
    @Option(
        help: ArgumentHelp(
            "How well it is founded: \(EvidenceLevel.names.joined(separator: ", ")).", valueName: "level"))
    var evidence = "notApplicable"
    @Option(help: ArgumentHelp("The language of its texts, as en or pt-BR.", valueName: "tag")) var language: String?

    func metadata() throws(WalletFailure) -> INFTMetadata {
        INFTMetadata(
            title: "", language: language, field: try Codes.one(field, ClinicalField.self, "clinical field"),
            evidence: try Codes.one(evidence, EvidenceLevel.self, "evidence level"))
    }
}

struct CaseDeidentify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "deidentify", abstract: "Removes what identifies from a record, and reports what it removed.",
        discussion: """
            By the Safe Harbor method of HIPAA (45 CFR 164.514(b)(2)). Only elements of a closed vocabulary are kept; \
            names, places, numbers, dates and texts go. Dates become days of a made-up calendar, in which only the time \
            between them is true; ages above 89 become 90. Both files are readable by you alone. Neither names what was \
            removed.

            \(example(
                "case deidentify case.json --out clean.json --report removed.json",
                "case deidentify bundle.json --out clean.json --report removed.json --allow-text '**.label'"))
            """)
    @OptionGroup var input: CaseInput
    @Option(help: ArgumentHelp("Where the de-identified record goes.", valueName: "file")) var out: String
    @OptionGroup var globals: ReadGlobals

    func run() async throws {
        guard Set([input.file, input.report, out]).count == 3 else {
            throw WalletFailure(
                .usage, "record, --out and --report name the same file twice",
                hint: "Nothing is written over what was read.")
        }
        try RecordFile.refuse(existing: out)
        let result = try input.deidentified()
        try RecordFile.write(result.bytes, to: out)
        let report = result.report.json(format: result.format)
        if globals.json { return Console.out(report.text) }
        Console.table(
            ["REMOVED", "WHY", "COUNT"], result.report.removed.map { [$0.path, $0.rule, String($0.count)] })
        if !result.report.replaced.isEmpty {
            Console.out("")
            Console.table(
                ["REPLACED", "BY", "COUNT"], result.report.replaced.map { [$0.path, $0.rule, String($0.count)] })
        }
        Console.out("")
        for warning in result.report.warnings { Console.err(warning) }
        Console.out("\(result.bytes.count) bytes in \(out); the report is in \(input.report).")
    }
}

struct CaseRegister: WalletCommand {
    static let configuration = CommandConfiguration(
        commandName: "register",
        abstract: "De-identifies a record, encrypts it, and mints it as a case; offers it in the same transaction.",
        discussion: """
            Nothing of the record goes on the ledger or leaves this machine unencrypted. The ledger gets its size, a \
            commitment to its key, and the clinical field; it says nothing else about a case.

            \(example(
                "case register case.json --report removed.json --consent-set cohort --field neurology \\\n"
                    + "    --terms research-only --price 40.00 --asset EURX --as case --from hospital --acting-for hospital-org"
            ))
            """)
    @OptionGroup var input: CaseInput
    @OptionGroup(title: "Metadata") var metadata: CaseMetadataOptions
    @Option(help: ArgumentHelp("The consent set that permits it.", valueName: "set")) var consentSet: String
    @OptionGroup(title: "Offer, in the same transaction") var sale: SaleOptions
    @OptionGroup(title: "Signing") var globals: Globals

    func perform(_ session: Session) async throws {
        try await session.verifyNetwork()
        let metadata = try metadata.metadata()
        let owner = try session.actor()
        let set: ConsentSetID = try session.id(consentSet)
        let offer = try await sale.operations(for: .operation(0), isSealed: true, session)
        let result = try input.deidentified()
        let removed = result.report.removed.reduce(0) { $0 + $1.count }
        if !globals.json {
            for warning in result.report.warnings { Console.err(warning) }
            Console.err("\(removed) elements were removed; \(input.report) lists them.")
        }
        let kept = try await session.encryptAndUpload(result.bytes, name: "case.json", mediaType: "application/json")
        let whole = [Creator(party: owner, contribution: .whole, roles: [])]
        try await session.mint(kept, owner: owner, and: offer.operations, notes: offer.notes) { content in
            .infts(
                .mint(
                    Mint(
                        inftClass: .case_, content: content, metadata: metadata, creators: whole,
                        holders: [ShareHolder(party: owner, share: .whole)], parents: [], hasHumanData: true,
                        consentSet: set)))
        }
    }
}
