public import Encoding
public import Primitives

/// What someone does with the data of a subject.
public enum ConsentAction: UInt8, NamedCode, CBORCodable, Comparable {
    /// Put it, encrypted, under an INFT.
    case deposit = 0
    case access = 1
    /// Learn that it exists, and how much of it.
    case discover = 2
    case analyze = 3
    /// Train a model with it.
    case train = 4
    case share = 5
    case publish = 6
    case commercialize = 7
    /// Contact the subject again through the custodian.
    case contact = 8

    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// Of whom a consent speaks.
public enum ConsentScope: UInt8, NamedCode, CBORCodable {
    /// One person, by a pseudonymous account. Holds nothing that reveals a diagnosis.
    case individual = 0
    /// A dataset of many, spoken for by its controller; may name diseases and codes.
    case aggregate = 1
}

public enum ProvisionKind: UInt8, NamedCode, CBORCodable {
    case deny = 0
    case permit = 1
}

/// What a committed restriction is about; the restriction itself is known to subject and custodian only.
public enum RestrictionKind: UInt8, NamedCode, CBORCodable {
    case disease = 0
    case recordClass = 1
}

/// Code systems a code may come from.
public enum TermSystem: UInt8, NamedCode, CBORCodable, Comparable {
    case mondo = 0
    case diseaseOntology = 1
    case icd10 = 2
    case icd11 = 3
    case snomed = 4
    case orphanet = 5
    case loinc = 6
    /// FHIR R4 resource types: what FHIR Consent calls a class.
    case fhirResource = 7

    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// A code of a system: `mondo`, `0005148`.
public struct CodedTerm: CBORCodable, Codable, Hashable, Comparable, Sendable {
    public let system: TermSystem
    public let code: String

    public init(system: TermSystem, code: String) {
        self.system = system
        self.code = code
    }

    /// Codes are compared by their bytes: letters and case as their system writes them.
    public static func < (left: Self, right: Self) -> Bool {
        if left.system != right.system { return left.system < right.system }
        return left.code.utf8.lexicographicallyPrecedes(right.code.utf8)
    }

    /// As people type it: `mondo:0005148`.
    public var text: String { "\(system.name):\(code)" }

    /// Letters, digits, `.`, `-` and `_` only: a code, never a sentence.
    public var isWellFormed: Bool {
        !code.isEmpty && code.utf8.count <= ConsentsLimits.codeBytes
            && code.utf8.allSatisfy { byte in
                switch byte {
                case 48...57, 65...90, 97...122, 45, 46, 95: true
                default: false
                }
            }
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(system)
        writer.write(code)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 2) { (reader) throws(EncodingFailure) in
            let term = CodedTerm(
                system: try reader.value("system"),
                code: try reader.text("code", max: ConsentsLimits.codeBytes))
            guard term.isWellFormed else { throw reader.failure(.outOfRange, "code") }
            return term
        }
    }
}

/// A span of time: from (inclusive) until (exclusive); nil is open.
public struct Period: CBORCodable, Codable, Hashable, Sendable {
    public let from: Timestamp?
    public let until: Timestamp?

    public init(from: Timestamp? = nil, until: Timestamp? = nil) {
        self.from = from
        self.until = until
    }

    public var isWellFormed: Bool {
        guard let from, let until else { return from != nil || until != nil }
        return from < until
    }

    public func contains(_ time: Timestamp) -> Bool {
        if let from, time < from { return false }
        if let until, time >= until { return false }
        return true
    }

    /// True if every moment of `other` lies inside.
    public func contains(_ other: Period) -> Bool {
        if let from {
            guard let start = other.from, start >= from else { return false }
        }
        if let until {
            guard let end = other.until, end <= until else { return false }
        }
        return true
    }

    public func overlaps(_ other: Period) -> Bool {
        if let from, let end = other.until, end <= from { return false }
        if let until, let start = other.from, start >= until { return false }
        return true
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(from)
        writer.write(until)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 2) { (reader) throws(EncodingFailure) in
            let period = Period(from: try reader.optional("from"), until: try reader.optional("until"))
            guard period.isWellFormed else { throw reader.failure(.outOfRange, "until") }
            return period
        }
    }
}
