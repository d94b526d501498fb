public import Encoding
public import Primitives

/// Data-use permissions of GA4GH DUO (release 2021-02-23): what data may be used for at all.
public enum DataUsePermission: UInt8, NamedCode, CBORCodable, Comparable {
    /// DUO:0000004, no restriction.
    case noRestriction = 0
    /// DUO:0000042 GRU.
    case generalResearch = 1
    /// DUO:0000006 HMB.
    case healthMedicalBiomedical = 2
    /// DUO:0000007 DS. On a dataset with its diseases; on a person's consent only as a committed restriction.
    case diseaseSpecific = 3
    /// DUO:0000011 POA.
    case populationOrigins = 4

    /// The identifier in DUO.
    public var duo: String {
        switch self {
        case .noRestriction: "DUO:0000004"
        case .generalResearch: "DUO:0000042"
        case .healthMedicalBiomedical: "DUO:0000006"
        case .diseaseSpecific: "DUO:0000007"
        case .populationOrigins: "DUO:0000011"
        }
    }

    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// Data-use modifiers of DUO that take no value. Each stands for itself alone: the ontology file makes NPU and NCU
/// children of NPUNCU, which would let the narrower stand for the wider.
public enum DataUseModifier: UInt8, NamedCode, CBORCodable, Comparable {
    /// DUO:0000012 RS.
    case researchSpecific = 0
    /// DUO:0000015 NMDS.
    case noMethodsResearch = 1
    /// DUO:0000016 GSO.
    case geneticStudiesOnly = 2
    /// DUO:0000018 NPUNCU.
    case nonprofitNonCommercial = 3
    /// DUO:0000019 PUB.
    case publicationRequired = 4
    /// DUO:0000020 COL.
    case collaborationRequired = 5
    /// DUO:0000021 IRB.
    case ethicsApprovalRequired = 6
    /// DUO:0000029 RTN.
    case returnRequired = 7
    /// DUO:0000043 CC.
    case clinicalCare = 8
    /// DUO:0000044 NPOA.
    case noPopulationOrigins = 9
    /// DUO:0000045 NPU.
    case nonprofitOnly = 10
    /// DUO:0000046 NCU.
    case nonCommercialOnly = 11

    /// The identifier in DUO.
    public var duo: String {
        switch self {
        case .researchSpecific: "DUO:0000012"
        case .noMethodsResearch: "DUO:0000015"
        case .geneticStudiesOnly: "DUO:0000016"
        case .nonprofitNonCommercial: "DUO:0000018"
        case .publicationRequired: "DUO:0000019"
        case .collaborationRequired: "DUO:0000020"
        case .ethicsApprovalRequired: "DUO:0000021"
        case .returnRequired: "DUO:0000029"
        case .clinicalCare: "DUO:0000043"
        case .noPopulationOrigins: "DUO:0000044"
        case .nonprofitOnly: "DUO:0000045"
        case .nonCommercialOnly: "DUO:0000046"
        }
    }

    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// The data-use terms of a permitting provision: DUO permissions, diseases, and modifiers with their values.
///
/// An absent value or an empty list puts no limit; what the modifiers with values stand for: `months` TS (DUO:0000025),
/// `publicationNotBefore` MOR (0000024), `regions` GS (0000022), `users` US (0000026), `projects` PS (0000027),
/// `institutions` IS (0000028).
public struct DataUseTerms: CBORCodable, Codable, Hashable, Sendable {
    public let permissions: SortedList<DataUsePermission>
    /// Of DS; only on aggregate consents.
    public let diseases: SortedList<CodedTerm>
    public let modifiers: SortedList<DataUseModifier>
    /// Calendar months that a use may last.
    public let months: UInt64?
    public let publicationNotBefore: Timestamp?
    /// ISO 3166-1 or -2.
    public let regions: SortedList<String>
    public let users: SortedList<Party>
    /// Commitments to projects, as the request names them.
    public let projects: SortedList<Hash>
    public let institutions: SortedList<OrganizationID>

    public init(
        permissions: SortedList<DataUsePermission>, diseases: SortedList<CodedTerm> = [],
        modifiers: SortedList<DataUseModifier> = [], months: UInt64? = nil, publicationNotBefore: Timestamp? = nil,
        regions: SortedList<String> = [], users: SortedList<Party> = [], projects: SortedList<Hash> = [],
        institutions: SortedList<OrganizationID> = []
    ) {
        self.permissions = permissions
        self.diseases = diseases
        self.modifiers = modifiers
        self.months = months
        self.publicationNotBefore = publicationNotBefore
        self.regions = regions
        self.users = users
        self.projects = projects
        self.institutions = institutions
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(9)
        writer.write(permissions)
        writer.write(diseases)
        writer.write(modifiers)
        writer.write(months)
        writer.write(publicationNotBefore)
        writer.array(regions.count)
        for region in regions.elements { writer.write(region) }
        writer.write(users)
        writer.write(projects)
        writer.write(institutions)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 9) { (reader) throws(EncodingFailure) in
            DataUseTerms(
                permissions: try reader.sorted("permissions", max: DataUsePermission.allCases.count),
                diseases: try reader.sorted("diseases", max: ConsentsLimits.codesPerList),
                modifiers: try reader.sorted("modifiers", max: DataUseModifier.allCases.count),
                months: try reader.optional("months"),
                publicationNotBefore: try reader.optional("publicationNotBefore"),
                regions: try reader.jurisdictions("regions"),
                users: try reader.sorted("users", max: ConsentsLimits.partiesPerModifier),
                projects: try reader.sorted("projects", max: ConsentsLimits.partiesPerModifier),
                institutions: try reader.sorted("institutions", max: ConsentsLimits.partiesPerModifier))
        }
    }

    private enum CodingKeys: String, CodingKey {
        case permissions, diseases, modifiers, months, publicationNotBefore, regions, users, projects, institutions
    }

    /// In JSON every field may be left out.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        func list<Element: Codable>(_ key: CodingKeys, of: Element.Type = Element.self) throws -> SortedList<Element> {
            try container.decodeIfPresent(SortedList<Element>.self, forKey: key) ?? []
        }
        self.init(
            permissions: try list(.permissions), diseases: try list(.diseases), modifiers: try list(.modifiers),
            months: try container.decodeIfPresent(UInt64.self, forKey: .months),
            publicationNotBefore: try container.decodeIfPresent(Timestamp.self, forKey: .publicationNotBefore),
            regions: try list(.regions), users: try list(.users), projects: try list(.projects),
            institutions: try list(.institutions))
    }
}

/// ISO 3166 codes: `DE`, `US-MA`.
public enum Regions {
    /// Two capitals, and for a subdivision a hyphen and one to three capitals or digits.
    public static func isWellFormed(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        func isCapital(_ byte: UInt8) -> Bool { byte >= 65 && byte <= 90 }
        guard bytes.count >= 2, bytes.count <= ConsentsLimits.jurisdictionBytes, bytes[..<2].allSatisfy(isCapital)
        else { return false }
        guard bytes.count > 2 else { return true }
        return bytes.count > 3 && bytes[2] == 45
            && bytes[3...].allSatisfy { isCapital($0) || $0 >= 48 && $0 <= 57 }
    }

    /// True if `wider` is `code` or the country that it is a part of.
    public static func contains(_ wider: String, _ code: String) -> Bool {
        if wider == code { return true }
        return wider.utf8.count == 2 && code.utf8.count > 2 && code.utf8.starts(with: wider.utf8)
    }

    /// True if the two have ground in common: one contains the other.
    public static func overlap(_ one: String, _ other: String) -> Bool {
        contains(one, other) || contains(other, one)
    }
}

extension CBORReader {
    /// A strictly ascending list of ISO 3166 codes.
    mutating func jurisdictions(_ field: String) throws(EncodingFailure) -> SortedList<String> {
        let start = offset
        let values = try list(field, max: ConsentsLimits.jurisdictionsPerProvision) {
            (reader) throws(EncodingFailure) in try reader.jurisdiction(field)
        }
        guard zip(values, values.dropFirst()).allSatisfy({ $0 < $1 }) else {
            throw EncodingFailure(.unsorted, at: start, field: field)
        }
        return SortedList(values)
    }

    mutating func jurisdiction(_ field: String) throws(EncodingFailure) -> String {
        let text = try text(field, max: ConsentsLimits.jurisdictionBytes)
        guard Regions.isWellFormed(text) else { throw failure(.outOfRange, field) }
        return text
    }
}
