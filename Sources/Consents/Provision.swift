public import Encoding
public import Identities
public import Primitives

/// To whom a provision speaks.
public enum ActorSelector: CBORCodable, Codable, Hashable, Comparable, Sendable {
    case party(Party)
    /// Whoever holds an accepted, unrevoked credential of this type at the time of the decision.
    case holder(CredentialType, jurisdiction: String?)
    case anyone

    private enum CodingKeys: String, CodingKey { case type, party, credential, jurisdiction }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        switch self {
        case .party(let party):
            try container.encode("party", forKey: .type)
            try container.encode(party, forKey: .party)
        case .holder(let credential, let jurisdiction):
            try container.encode("holder", forKey: .type)
            try container.encode(credential, forKey: .credential)
            try container.encodeIfPresent(jurisdiction, forKey: .jurisdiction)
        case .anyone: try container.encode("anyone", forKey: .type)
        }
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        switch try container.decode(String.self, forKey: .type) {
        case "party": self = .party(try container.decode(Party.self, forKey: .party))
        case "holder":
            self = .holder(
                try container.decode(CredentialType.self, forKey: .credential),
                jurisdiction: try container.decodeIfPresent(String.self, forKey: .jurisdiction))
        case "anyone": self = .anyone
        default:
            throw DecodingError.dataCorruptedError(
                forKey: .type, in: container, debugDescription: "expected party, holder or anyone")
        }
    }

    public func encode(into writer: inout CBORWriter) {
        switch self {
        case .party(let party):
            writer.array(2)
            writer.write(UInt64(0))
            writer.write(party)
        case .holder(let credential, let jurisdiction):
            writer.array(3)
            writer.write(UInt64(1))
            writer.write(UInt64(credential.rawValue))
            if let jurisdiction { writer.write(jurisdiction) } else { writer.writeNull() }
        case .anyone:
            writer.array(1)
            writer.write(UInt64(2))
        }
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.union("actor") { (reader, kind, count) throws(EncodingFailure) in
            switch (kind, count) {
            case (0, 1): .party(try reader.value("party"))
            case (1, 2):
                .holder(
                    try reader.value("credential"),
                    jurisdiction: reader.null() ? nil : try reader.jurisdiction("jurisdiction"))
            case (2, 0): .anyone
            default: throw reader.failure(.unknownCase)
            }
        }
    }

    /// In the order of the canonical bytes.
    public static func < (left: Self, right: Self) -> Bool { left.encoded.lexicographicallyPrecedes(right.encoded) }
}

/// A rule: permit or deny, what it covers, and exceptions to it. A list that is empty and a value that is absent put no
/// limit on what the provision covers.
public struct Provision: CBORCodable, Codable, Hashable, Sendable {
    public let kind: ProvisionKind
    public let actors: SortedList<ActorSelector>
    public let actions: SortedList<ConsentAction>
    /// A purpose includes its kinds: `HRESCH` includes `BIORCH`.
    public let purposes: SortedList<PurposeOfUse>
    /// Only of a permit: the research it permits.
    public let dataUse: DataUseTerms?
    /// Only of a permit: positions in the consent's commitments, each of which narrows it further.
    public let restrictions: SortedList<UInt8>
    /// Where the data may (or may not) be used.
    public let jurisdictions: SortedList<String>
    /// Codes and FHIR resource types of data; only on aggregate consents.
    public let codes: SortedList<CodedTerm>
    /// When the provision applies.
    public let validity: Period?
    /// Data from which time it covers.
    public let dataPeriod: Period?
    /// Exceptions, which override this provision where they apply.
    public let provisions: [Provision]

    public init(
        _ kind: ProvisionKind, actors: SortedList<ActorSelector> = [], actions: SortedList<ConsentAction> = [],
        purposes: SortedList<PurposeOfUse> = [], dataUse: DataUseTerms? = nil, restrictions: SortedList<UInt8> = [],
        jurisdictions: SortedList<String> = [], codes: SortedList<CodedTerm> = [], validity: Period? = nil,
        dataPeriod: Period? = nil, provisions: [Provision] = []
    ) {
        self.kind = kind
        self.actors = actors
        self.actions = actions
        self.purposes = purposes
        self.dataUse = dataUse
        self.restrictions = restrictions
        self.jurisdictions = jurisdictions
        self.codes = codes
        self.validity = validity
        self.dataPeriod = dataPeriod
        self.provisions = provisions
    }

    var namesDiseases: Bool {
        !codes.isEmpty || dataUse.map { !$0.diseases.isEmpty } ?? false
            || provisions.contains(where: \.namesDiseases)
    }

    /// True if what it permits, or a permit inside it, is research of diseases and no wider one.
    var isDiseaseSpecific: Bool {
        dataUse.map { $0.permissions.contains(.diseaseSpecific) && !$0.isOfAnyDisease } ?? false
            || provisions.contains(where: \.isDiseaseSpecific)
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(11)
        writer.write(kind)
        writer.write(actors)
        writer.write(actions)
        writer.write(purposes)
        writer.write(dataUse)
        writer.array(restrictions.count)
        for index in restrictions.elements { writer.write(UInt64(index)) }
        writer.array(jurisdictions.count)
        for jurisdiction in jurisdictions.elements { writer.write(jurisdiction) }
        writer.write(codes)
        writer.write(validity)
        writer.write(dataPeriod)
        writer.write(provisions)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        try self.init(from: &reader, depth: 1)
    }

    init(from reader: inout CBORReader, depth: Int) throws(EncodingFailure) {
        self = try reader.record(count: 11) { (reader) throws(EncodingFailure) in
            Provision(
                try reader.value("kind"),
                actors: try reader.sortedByBytes("actors", max: ConsentsLimits.actorsPerProvision),
                actions: try reader.sorted("actions", max: ConsentAction.allCases.count),
                purposes: try reader.sorted("purposes", max: PurposeOfUse.allCases.count),
                dataUse: try reader.optional("dataUse"), restrictions: try reader.positions("restrictions"),
                jurisdictions: try reader.jurisdictions("jurisdictions"),
                codes: try reader.sorted("codes", max: ConsentsLimits.codesPerList),
                validity: try reader.optional("validity"), dataPeriod: try reader.optional("dataPeriod"),
                provisions: try reader.provisions("provisions", depth: depth + 1))
        }
    }

    private enum CodingKeys: String, CodingKey {
        case kind, actors, actions, purposes, dataUse, restrictions, jurisdictions, codes, validity, dataPeriod
        case provisions
    }

    /// In JSON all but the kind may be left out.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        func list<Element: Codable>(_ key: CodingKeys, of: Element.Type = Element.self) throws -> SortedList<Element> {
            try container.decodeIfPresent(SortedList<Element>.self, forKey: key) ?? []
        }
        self.init(
            try container.decode(ProvisionKind.self, forKey: .kind), actors: try list(.actors),
            actions: try list(.actions), purposes: try list(.purposes),
            dataUse: try container.decodeIfPresent(DataUseTerms.self, forKey: .dataUse),
            restrictions: try list(.restrictions), jurisdictions: try list(.jurisdictions), codes: try list(.codes),
            validity: try container.decodeIfPresent(Period.self, forKey: .validity),
            dataPeriod: try container.decodeIfPresent(Period.self, forKey: .dataPeriod),
            provisions: try container.decodeIfPresent([Provision].self, forKey: .provisions) ?? [])
    }
}

/// The whole of what is consented to: provisions under the base decision, which is always to deny.
public struct ConsentPolicy: CBORCodable, Codable, Hashable, Comparable, Sendable {
    public let provisions: [Provision]

    public init(provisions: [Provision]) { self.provisions = provisions }

    public func encode(into writer: inout CBORWriter) {
        writer.array(1)
        writer.write(provisions)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 1) { (reader) throws(EncodingFailure) in
            ConsentPolicy(provisions: try reader.provisions("provisions", depth: 1))
        }
    }

    /// In the order of the canonical bytes.
    public static func < (left: Self, right: Self) -> Bool { left.encoded.lexicographicallyPrecedes(right.encoded) }
}

extension CBORReader {
    /// The provisions of one level; none below ``ConsentsLimits/provisionDepth``.
    mutating func provisions(_ field: String, depth: Int) throws(EncodingFailure) -> [Provision] {
        let max = depth <= ConsentsLimits.provisionDepth ? ConsentsLimits.provisionsPerLevel : 0
        return try list(field, max: max) { (reader) throws(EncodingFailure) in
            try Provision(from: &reader, depth: depth)
        }
    }

    mutating func positions(_ field: String) throws(EncodingFailure) -> SortedList<UInt8> {
        let start = offset
        let values = try list(field, max: ConsentsLimits.commitmentsPerConsent) { (reader) throws(EncodingFailure) in
            try reader.integer(field, as: UInt8.self)
        }
        guard zip(values, values.dropFirst()).allSatisfy({ $0 < $1 }) else {
            throw EncodingFailure(.unsorted, at: start, field: field)
        }
        return SortedList(values)
    }
}
