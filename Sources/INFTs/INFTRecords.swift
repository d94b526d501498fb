public import Encoding
public import Primitives

/// A code of a public terminology: (`http://loinc.org`, `8480-6`).
public struct MetadataCode: CBORCodable, Codable, Hashable, Sendable, Comparable {
    public let system: String
    public let code: String

    public init(system: String, code: String) {
        self.system = system
        self.code = code
    }

    /// By bytes, system first: String's own order is canonical equivalence, which is not the bytes'.
    public static func < (left: MetadataCode, right: MetadataCode) -> Bool {
        if !left.system.utf8.elementsEqual(right.system.utf8) {
            return left.system.utf8.lexicographicallyPrecedes(right.system.utf8)
        }
        return left.code.utf8.lexicographicallyPrecedes(right.code.utf8)
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(system)
        writer.write(code)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 2) { (reader) throws(EncodingFailure) in
            MetadataCode(
                system: try reader.text("system", max: INFTsLimits.codeSystemBytes),
                code: try reader.text("code", max: INFTsLimits.codeBytes))
        }
    }
}

/// What everyone may read about an INFT.
public struct INFTMetadata: CBORCodable, Codable, Hashable, Sendable {
    /// Empty for a case.
    public let title: String
    /// Empty for a case.
    public let abstract: String
    /// BCP 47; null where there is no language.
    public let language: String?
    public let field: ClinicalField
    public let evidence: EvidenceLevel
    /// Sorted, unique; none for a case.
    public let codes: [MetadataCode]
    /// ISO 3166-1 alpha-2 or 3166-2; sorted, unique.
    public let jurisdictions: [String]

    public init(
        title: String, abstract: String = "", language: String? = nil, field: ClinicalField = .general,
        evidence: EvidenceLevel = .notApplicable, codes: [MetadataCode] = [], jurisdictions: [String] = []
    ) {
        self.title = title
        self.abstract = abstract
        self.language = language
        self.field = field
        self.evidence = evidence
        self.codes = codes
        self.jurisdictions = jurisdictions
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(7)
        writer.write(title)
        writer.write(abstract)
        if let language { writer.write(language) } else { writer.writeNull() }
        writer.write(field)
        writer.write(evidence)
        writer.write(codes)
        writer.array(jurisdictions.count)
        for jurisdiction in jurisdictions { writer.write(jurisdiction) }
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 7) { (reader) throws(EncodingFailure) in
            INFTMetadata(
                title: try reader.text("title", max: INFTsLimits.titleBytes),
                abstract: try reader.text("abstract", max: INFTsLimits.abstractBytes),
                language: reader.null() ? nil : try reader.text("language", max: INFTsLimits.languageBytes),
                field: try reader.value("field"), evidence: try reader.value("evidence"),
                codes: try reader.sortedList("codes", max: INFTsLimits.codes) { (term: MetadataCode) in term },
                jurisdictions: try reader.list("jurisdictions", max: INFTsLimits.jurisdictions) {
                    (reader) throws(EncodingFailure) in
                    try reader.text(max: INFTsLimits.jurisdictionBytes)
                })
        }
    }

    private enum CodingKeys: String, CodingKey {
        case title, abstract, language, field, evidence, codes, jurisdictions
    }

    /// Whatever is left out takes its plain value.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            title: try container.decodeIfPresent(String.self, forKey: .title) ?? "",
            abstract: try container.decodeIfPresent(String.self, forKey: .abstract) ?? "",
            language: try container.decodeIfPresent(String.self, forKey: .language),
            field: try container.decodeIfPresent(ClinicalField.self, forKey: .field) ?? .general,
            evidence: try container.decodeIfPresent(EvidenceLevel.self, forKey: .evidence) ?? .notApplicable,
            codes: try container.decodeIfPresent([MetadataCode].self, forKey: .codes) ?? [],
            jurisdictions: try container.decodeIfPresent([String].self, forKey: .jurisdictions) ?? [])
    }
}

/// Who made it, how much of it, and in which roles. Contributions are credit, not money: revenue follows the vault.
public struct Creator: CBORCodable, Codable, Hashable, Sendable {
    public let party: Party
    /// The contributions of all creators sum to a whole.
    public let contribution: PartsPerMillion
    /// Ascending, unique.
    public let roles: [CreditRole]

    public init(party: Party, contribution: PartsPerMillion, roles: [CreditRole]) {
        self.party = party
        self.contribution = contribution
        self.roles = roles
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(3)
        writer.write(party)
        writer.write(contribution)
        writer.write(roles)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 3) { (reader) throws(EncodingFailure) in
            Creator(
                party: try reader.value("party"), contribution: try reader.value("contribution"),
                roles: try reader.sortedList("roles", max: INFTsLimits.roles) { (role: CreditRole) in role })
        }
    }
}

/// An INFT. Versions, ancestors and history stand under keys of their own.
public struct INFTRecord: CBORCodable, Codable, Hashable, Sendable {
    public let id: INFTID
    public let inftClass: INFTClass
    public var owner: Party
    /// Sorted by party.
    public let creators: [Creator]
    /// How many versions there are; the newest has this number.
    public var versionCount: UInt64
    public var latest: ContentVersion
    public var metadata: INFTMetadata
    /// Set once: content and metadata never change after it.
    public var frozenAt: Timestamp?
    /// Sorted; linked once, in the transaction of the mint.
    public let parents: [INFTID]
    public var status: INFTStatus
    public var statusSince: Timestamp
    /// Whether it holds data about people, so that a consent set must permit it.
    public let hasHumanData: Bool
    public var consentSet: ConsentSetID?
    public let createdAt: Timestamp
    public let createdHeight: Height
    /// How many history entries there are.
    public var historyCount: UInt64
    /// Since when the owner owns it; offers made before are its former owner's.
    public var ownerSince: Timestamp
    /// The INFT that this one is a clone of, never itself a clone.
    public let cloneOf: INFTID?
    public var cloneCount: UInt64
    /// The transfer that is offered, accepted or begun.
    public var transfer: DeliveryID?

    public var isFrozen: Bool { frozenAt != nil }

    public init(
        id: INFTID, inftClass: INFTClass, owner: Party, creators: [Creator], versionCount: UInt64,
        latest: ContentVersion, metadata: INFTMetadata, frozenAt: Timestamp?, parents: [INFTID], status: INFTStatus,
        statusSince: Timestamp, hasHumanData: Bool, consentSet: ConsentSetID?, createdAt: Timestamp,
        createdHeight: Height, historyCount: UInt64, ownerSince: Timestamp, cloneOf: INFTID? = nil,
        cloneCount: UInt64 = 0, transfer: DeliveryID? = nil
    ) {
        self.id = id
        self.inftClass = inftClass
        self.owner = owner
        self.creators = creators
        self.versionCount = versionCount
        self.latest = latest
        self.metadata = metadata
        self.frozenAt = frozenAt
        self.parents = parents
        self.status = status
        self.statusSince = statusSince
        self.hasHumanData = hasHumanData
        self.consentSet = consentSet
        self.createdAt = createdAt
        self.createdHeight = createdHeight
        self.historyCount = historyCount
        self.ownerSince = ownerSince
        self.cloneOf = cloneOf
        self.cloneCount = cloneCount
        self.transfer = transfer
    }

    private enum CodingKeys: String, CodingKey {
        case id
        case inftClass = "class"
        case owner, creators, versionCount, latest, metadata, frozenAt, parents, status, statusSince, hasHumanData
        case consentSet, createdAt, createdHeight, historyCount, ownerSince, cloneOf, cloneCount, transfer
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(20)
        writer.write(id)
        writer.write(inftClass)
        writer.write(owner)
        writer.write(creators)
        writer.write(versionCount)
        writer.write(latest)
        writer.write(metadata)
        writer.write(frozenAt)
        writer.write(parents)
        writer.write(status)
        writer.write(statusSince)
        writer.write(hasHumanData)
        writer.write(consentSet)
        writer.write(createdAt)
        writer.write(createdHeight)
        writer.write(historyCount)
        writer.write(ownerSince)
        writer.write(cloneOf)
        writer.write(cloneCount)
        writer.write(transfer)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 20) { (reader) throws(EncodingFailure) in
            INFTRecord(
                id: try reader.value("id"), inftClass: try reader.value("class"), owner: try reader.value("owner"),
                creators: try reader.sortedList("creators", max: INFTsLimits.creators) { (one: Creator) in one.party },
                versionCount: try reader.unsigned("versionCount"), latest: try reader.value("latest"),
                metadata: try reader.value("metadata"), frozenAt: try reader.optional("frozenAt"),
                parents: try reader.sortedList("parents", max: INFTsLimits.parents) { (parent: INFTID) in parent },
                status: try reader.value("status"), statusSince: try reader.value("statusSince"),
                hasHumanData: try reader.boolean("hasHumanData"), consentSet: try reader.optional("consentSet"),
                createdAt: try reader.value("createdAt"), createdHeight: try reader.value("createdHeight"),
                historyCount: try reader.unsigned("historyCount"), ownerSince: try reader.value("ownerSince"),
                cloneOf: try reader.optional("cloneOf"), cloneCount: try reader.unsigned("cloneCount"),
                transfer: try reader.optional("transfer"))
        }
    }
}

/// Every ancestor of a derivative, sorted: parents, their parents, and so on. `[ancestors, originals]`
public struct AncestorsRecord: CBORCodable, Codable, Hashable, Sendable {
    public let ancestors: [INFTID]
    /// What ancestors are clones of, where that is no ancestor itself: found harmful, it takes the derivative with it.
    public let originals: [INFTID]

    public init(ancestors: [INFTID], originals: [INFTID] = []) {
        self.ancestors = ancestors
        self.originals = originals
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(ancestors)
        writer.write(originals)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("ancestors", count: 2) { (reader) throws(EncodingFailure) in
            AncestorsRecord(
                ancestors: try reader.sortedList("ancestors", max: INFTsLimits.ancestors) { (one: INFTID) in one },
                originals: try reader.sortedList("originals", max: INFTsLimits.ancestors) { (one: INFTID) in one })
        }
    }
}

/// What happened to an INFT.
public enum HistoryKind: UInt8, NamedCode, CBORCodable {
    case minted = 0
    case linked = 1
    case revised = 2
    case metadataSet = 3
    case frozen = 4
    case statusChanged = 5
    case consentSetChanged = 6
    case resealed = 7
    case cloned = 8
    case transferred = 9
    case erased = 10
}

public struct HistoryEntry: CBORCodable, Codable, Hashable, Sendable {
    public let kind: HistoryKind
    public let time: Timestamp
    public let height: Height
    public let transaction: Hash
    public let actor: Party
    /// After it.
    public let version: UInt64
    /// After it.
    public let status: INFTStatus

    public init(
        kind: HistoryKind, time: Timestamp, height: Height, transaction: Hash, actor: Party, version: UInt64,
        status: INFTStatus
    ) {
        self.kind = kind
        self.time = time
        self.height = height
        self.transaction = transaction
        self.actor = actor
        self.version = version
        self.status = status
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(7)
        writer.write(kind)
        writer.write(time)
        writer.write(height)
        writer.write(transaction)
        writer.write(actor)
        writer.write(version)
        writer.write(status)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 7) { (reader) throws(EncodingFailure) in
            HistoryEntry(
                kind: try reader.value("kind"), time: try reader.value("time"), height: try reader.value("height"),
                transaction: try reader.value("transaction"), actor: try reader.value("actor"),
                version: try reader.unsigned("version"), status: try reader.value("status"))
        }
    }
}
