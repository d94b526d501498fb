import ArgumentParser
import Cryptography
import INFTs
import Identities
import Interface
import Licenses
import Primitives
import Revenue
import WalletKit

extension Session {
    func json<Kind: IdentifierKind>(_ id: Identifier<Kind>) -> JSONValue { .string(text(id)) }
    func json(_ party: Party) -> JSONValue { .string(text(party)) }

    /// One item of a list.
    func decode<Value: Decodable>(
        _ value: JSONValue, as type: Value.Type = Value.self
    ) throws(WalletFailure) -> Value {
        do {
            return try JSONValueDecoder.decode(type, from: value, networkKind: network.kind)
        } catch {
            throw WalletFailure(.unreachable, "the node's answer can't be read: \(error)")
        }
    }

    /// The asset that is named, or the ledger's only one.
    func assetOrOnly(_ text: String?) async throws(WalletFailure) -> AssetRecord {
        if let text { return try await asset(text) }
        let all = try await assets()
        if all.count == 1 { return all[0] }
        throw WalletFailure(
            .usage, "which asset?",
            hint: all.isEmpty
                ? "There is none yet: mednexus asset create."
                : "Name it with --asset: \(all.map(\.code).joined(separator: ", ")).")
    }

    func assets(named text: String?) async throws(WalletFailure) -> [AssetRecord] {
        if let text { return [try await asset(text)] }
        return try await assets()
    }
}

extension SessionNames {
    func id<Kind: IdentifierKind>(_ id: Identifier<Kind>) -> String { short(id.description) }

    /// As much as a table has room for.
    static func clipped(_ text: String, _ count: Int) -> String {
        text.count > count ? text.prefix(count - 1) + "…" : text
    }
}

extension WalletFailure {
    /// What the wallet knows that the ledger would refuse: said before anything is signed.
    static func foreseen(_ refusal: Refusal) -> WalletFailure {
        switch refusal {
        case .rejected(let rejection): .refused(rejection)
        case .failed(let failure): WalletFailure(.unreachable, failure.message)
        }
    }
}

/// `--share NAME=PERCENT`, `--role NAME=ROLE,ROLE`.
enum Shares {
    /// Sorted by party. Everything given must sum to a whole.
    static func parse(
        _ texts: [String], option: String, _ session: Session
    ) throws(WalletFailure) -> [ShareHolder] {
        var holders: [ShareHolder] = []
        var sum: UInt64 = 0
        for text in texts {
            guard let (name, value) = Inputs.assignment(text) else {
                throw WalletFailure(.usage, "\(option) \(text) is not NAME=PERCENT", hint: "Write clara=60.")
            }
            let party = try session.party(name)
            let share = try Codes.percent(value)
            guard share > .zero else {
                throw WalletFailure(.usage, "\(name) would have nothing", hint: "Leave \(name) out.")
            }
            guard !holders.contains(where: { $0.party == party }) else {
                throw WalletFailure(.usage, "\(name) is named twice by \(option)")
            }
            sum += UInt64(share.parts)
            holders.append(ShareHolder(party: party, share: share))
        }
        guard sum == UInt64(PartsPerMillion.whole.parts) else {
            throw WalletFailure(
                .usage, "what \(option) gives sums to \(SessionNames.percent(sum)), not to 100 %",
                hint: "Name everyone, yourself too.")
        }
        return holders.sorted { $0.party < $1.party }
    }

    static func roles(_ texts: [String], _ session: Session) throws(WalletFailure) -> [Party: [CreditRole]] {
        var roles: [Party: [CreditRole]] = [:]
        for text in texts {
            guard let (name, value) = Inputs.assignment(text) else {
                throw WalletFailure(
                    .usage, "--role \(text) is not NAME=ROLE", hint: "Write clara=methodology,writing-original-draft.")
            }
            let party = try session.party(name)
            roles[party] = try Codes.many([value] + (roles[party] ?? []).map(\.name), CreditRole.self, "CRediT role")
        }
        return roles
    }
}

/// A file of open content: what everyone can compare.
struct ContentOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The content. Its SHA-256, size and media type go on the ledger; with --seal only the ciphertext's.",
            valueName: "path"))
    var file: String

    @Option(help: ArgumentHelp("Instead of what the file's name tells.", valueName: "type/subtype"))
    var mediaType: String?

    @Option(help: ArgumentHelp("Where anyone can get it: https:, ipfs:, …", valueName: "uri"))
    var uri: String?

    @Flag(help: "Encrypted, its key sealed to you; the ciphertext goes to the node's store, and buyers get the key.")
    var seal = false

    /// Encrypted and uploaded, with a key that this wallet keeps; nil where the content is open.
    func sealed(_ session: Session) async throws -> KeptContentSecret? {
        guard seal else { return nil }
        guard uri == nil else {
            throw WalletFailure(.usage, "sealed content lies in the node's store", hint: "Leave --uri out.")
        }
        return try await session.encryptAndUpload(file, mediaType: mediaType)
    }

    func content() throws(WalletFailure) -> ContentVersion {
        let content = try ContentFile(path: file)
        guard content.size > 0 else { throw WalletFailure(.usage, "\(file) is empty") }
        return .open(
            OpenContent(
                hash: content.hash, size: content.size, mediaType: mediaType ?? Inputs.mediaType(of: file),
                location: uri))
    }
}

/// What everyone may read about an INFT.
struct MetadataOptions: ParsableArguments {
    @Option(help: "What it is called; every class needs one, but cases and data about few people take none.")
    var title: String?

    @Option(help: "At most 2 KiB.")
    var abstract: String?

    @Option(help: ArgumentHelp("BCP 47, such as en or pt-BR.", valueName: "tag"))
    var language: String?

    @Option(help: ArgumentHelp("Clinical field, such as cardiology.", valueName: "field"))
    var field: String?

    @Option(help: ArgumentHelp("1 (systematic review) to 5 (opinion), or notApplicable.", valueName: "level"))
    var evidence: String?

    @Option(
        help: ArgumentHelp(
            "A code of a terminology (repeatable): LOINC:8480-6, SNOMED:…, ICD10:…, or URI:CODE.", valueName: "code"))
    var code: [String] = []

    @Option(help: ArgumentHelp("Where it applies, ISO 3166: DE or US-CA (repeatable).", valueName: "place"))
    var jurisdiction: [String] = []

    /// The systems' URIs as FHIR R5 names them.
    private static let systems = [
        "loinc": "http://loinc.org", "snomed": "http://snomed.info/sct", "icd10": "http://hl7.org/fhir/sid/icd-10",
        "icd10cm": "http://hl7.org/fhir/sid/icd-10-cm", "icd11": "http://id.who.int/icd/release/11/mms",
        "rxnorm": "http://www.nlm.nih.gov/research/umls/rxnorm", "atc": "http://www.whocc.no/atc",
        "ucum": "http://unitsofmeasure.org", "mondo": "http://purl.obolibrary.org/obo/mondo.owl",
        "hpo": "http://human-phenotype-ontology.org", "pmid": "http://www.ncbi.nlm.nih.gov/pubmed",
        "doi": "https://doi.org",
    ]

    var isEmpty: Bool {
        title == nil && abstract == nil && language == nil && field == nil && evidence == nil && code.isEmpty
            && jurisdiction.isEmpty
    }

    /// What is not given stays as it is in `old`.
    func metadata(over old: INFTMetadata = INFTMetadata(title: "")) throws(WalletFailure) -> INFTMetadata {
        let level = evidence.map { $0.count == 1 && $0.first?.isNumber == true ? "level" + $0 : $0 }
        var codes: [MetadataCode] = []
        for text in code {
            guard let (system, code) = Inputs.code(text) else {
                throw WalletFailure(
                    .usage, "\(text) is no code", hint: "Write LOINC:8480-6 or http://loinc.org:8480-6.")
            }
            let uri = Self.systems[system.lowercased().filter { $0 != "-" }]
            guard let uri = uri ?? (system.contains(":") ? system : nil) else {
                throw WalletFailure(
                    .usage, "\(system) is no terminology that this wallet knows",
                    hint: "Known: \(Self.systems.keys.sorted().joined(separator: ", ")); or give its URI.")
            }
            codes.append(MetadataCode(system: uri, code: code))
        }
        codes.sort()
        let unique = codes.enumerated().filter { $0.offset == 0 || codes[$0.offset - 1] != $0.element }.map(\.element)
        return INFTMetadata(
            title: title ?? old.title, abstract: abstract ?? old.abstract, language: language ?? old.language,
            field: try field.map { (text) throws(WalletFailure) in
                try Codes.one(text, ClinicalField.self, "clinical field")
            } ?? old.field,
            evidence: try level.map { (text) throws(WalletFailure) in
                try Codes.one(text, EvidenceLevel.self, "evidence level")
            } ?? old.evidence,
            codes: unique.isEmpty ? old.codes : unique,
            jurisdictions: jurisdiction.isEmpty ? old.jurisdictions : Codes.texts(jurisdiction.map { $0.uppercased() }))
    }
}
