public import Encoding
public import Primitives
public import StateModel

/// What a proposal would change. Bytes: `[kind, body]`; in JSON an object told by its `type`.
public enum GovernanceChange: CBORCodable, Codable, Hashable, Sendable {
    /// A new validator, at the end of the set.
    case enroll(EnrollmentRequest)
    /// The institution's validator leaves the set.
    case remove(Party)
    /// The institution's validator goes on with another key, another transport key, or both.
    case rotate(EnrollmentRequest)
    /// Ascending by parameter; those that are not named stay as they are.
    case parameters([ParameterChange])
    /// The disease ontology that descents are proved against, from then on: root and count of its edges' Merkle tree.
    case ontology(root: Hash, count: UInt64)

    /// Every value of `type` in JSON.
    public static let names = ["enroll", "remove", "rotate", "parameters", "ontology"]

    /// The institution whose validator would change; nil of parameters and ontology.
    public var institution: Party? {
        switch self {
        case .enroll(let request), .rotate(let request): request.institution
        case .remove(let institution): institution
        case .parameters, .ontology: nil
        }
    }

    /// What it is, one line per fact.
    public func words(_ names: any NameResolver) -> [String] {
        switch self {
        case .enroll(let request):
            ["Enroll the validator “\(request.name)” of \(names.party(request.institution))"] + keys(of: request)
        case .remove(let institution): ["Remove the validator of \(names.party(institution))"]
        case .rotate(let request):
            ["Change the keys of the validator “\(request.name)” of \(names.party(request.institution))"]
                + keys(of: request)
        case .parameters(let changes): changes.map { "Set \($0.parameter.name) to \($0.value)" }
        case .ontology(let root, let count):
            ["Prove descents of diseases against the ontology of \(count) edges with the root \(root)"]
        }
    }

    private func keys(of request: EnrollmentRequest) -> [String] {
        ["Validator key: \(request.key.bytes)", "Transport key: \(request.transportKey)"]
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        switch self {
        case .enroll(let request):
            writer.write(UInt64(0))
            writer.write(request)
        case .remove(let institution):
            writer.write(UInt64(1))
            writer.write(institution)
        case .rotate(let request):
            writer.write(UInt64(2))
            writer.write(request)
        case .parameters(let changes):
            writer.write(UInt64(3))
            writer.write(changes)
        case .ontology(let root, let count):
            writer.write(UInt64(4))
            writer.write(OntologyChange(root: root, count: count))
        }
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.union("change") { (reader, kind, count) throws(EncodingFailure) in
            guard count == 1 else { throw reader.failure(.wrongCount) }
            switch kind {
            case 0: return .enroll(try reader.value())
            case 1: return .remove(try reader.value("institution"))
            case 2: return .rotate(try reader.value())
            case 3:
                let changes: [ParameterChange] = try reader.sortedList(
                    "changes", max: LedgerParameter.allCases.count,
                    by: { (change: ParameterChange) in
                        change.parameter.rawValue
                    })
                guard !changes.isEmpty else { throw reader.failure(.outOfRange, "changes") }
                return .parameters(changes)
            case 4:
                let change: OntologyChange = try reader.value("ontology")
                return .ontology(root: change.root, count: change.count)
            default: throw reader.failure(.unknownCase)
            }
        }
    }

    private enum CodingKeys: String, CodingKey {
        case type, request, institution, changes, root, count
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        switch self {
        case .enroll(let request):
            try container.encode("enroll", forKey: .type)
            try container.encode(request, forKey: .request)
        case .remove(let institution):
            try container.encode("remove", forKey: .type)
            try container.encode(institution, forKey: .institution)
        case .rotate(let request):
            try container.encode("rotate", forKey: .type)
            try container.encode(request, forKey: .request)
        case .parameters(let changes):
            try container.encode("parameters", forKey: .type)
            try container.encode(changes, forKey: .changes)
        case .ontology(let root, let count):
            try container.encode("ontology", forKey: .type)
            try container.encode(root, forKey: .root)
            try container.encode(count, forKey: .count)
        }
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        switch try container.decode(String.self, forKey: .type) {
        case "enroll": self = .enroll(try container.decode(EnrollmentRequest.self, forKey: .request))
        case "remove": self = .remove(try container.decode(Party.self, forKey: .institution))
        case "rotate": self = .rotate(try container.decode(EnrollmentRequest.self, forKey: .request))
        case "parameters":
            let changes = try container.decode([ParameterChange].self, forKey: .changes)
            let numbers = changes.map(\.parameter.rawValue)
            guard !changes.isEmpty, zip(numbers, numbers.dropFirst()).allSatisfy({ $0 < $1 }) else {
                throw DecodingError.dataCorruptedError(
                    forKey: .changes, in: container,
                    debugDescription: "expected at least one change, in the order of the parameters, each once")
            }
            self = .parameters(changes)
        case "ontology":
            self = .ontology(
                root: try container.decode(Hash.self, forKey: .root),
                count: try container.decode(UInt64.self, forKey: .count))
        default:
            throw DecodingError.dataCorruptedError(
                forKey: .type, in: container,
                debugDescription: "expected one of " + Self.names.joined(separator: ", "))
        }
    }
}

/// Bytes: `[root, count]`.
private struct OntologyChange: CBORCodable {
    let root: Hash
    let count: UInt64

    init(root: Hash, count: UInt64) {
        self.root = root
        self.count = count
    }

    func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(root)
        writer.write(count)
    }

    init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("ontology", count: 2) { (reader) throws(EncodingFailure) in
            OntologyChange(root: try reader.value("root"), count: try reader.unsigned("count"))
        }
    }
}

/// The parameters by name, in the order of their record.
public enum LedgerParameter: UInt8, NamedCode, CBORCodable {
    case epochLength = 0
    case deltaMilliseconds = 1
    case heartbeatMilliseconds = 2
    case blockWeight = 3
    case clockSkewMilliseconds = 4

    public var allowed: ClosedRange<UInt64> {
        switch self {
        case .epochLength: GovernanceLimits.epochLength
        case .deltaMilliseconds: GovernanceLimits.deltaMilliseconds
        case .heartbeatMilliseconds: GovernanceLimits.heartbeatMilliseconds
        case .blockWeight: GovernanceLimits.blockWeight
        case .clockSkewMilliseconds: GovernanceLimits.clockSkewMilliseconds
        }
    }
}

/// A parameter's new value. Bytes: `[parameter, value]`.
public struct ParameterChange: CBORCodable, Codable, Hashable, Sendable {
    public let parameter: LedgerParameter
    public let value: UInt64

    public init(_ parameter: LedgerParameter, _ value: UInt64) {
        self.parameter = parameter
        self.value = value
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(parameter)
        writer.write(value)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("change", count: 2) { (reader) throws(EncodingFailure) in
            ParameterChange(try reader.value("parameter"), try reader.unsigned("value"))
        }
    }
}

extension LedgerParameters {
    public func value(of parameter: LedgerParameter) -> UInt64 {
        switch parameter {
        case .epochLength: epochLength
        case .deltaMilliseconds: deltaMilliseconds
        case .heartbeatMilliseconds: heartbeatMilliseconds
        case .blockWeight: blockWeight
        case .clockSkewMilliseconds: clockSkewMilliseconds
        }
    }

    func applying(_ changes: [ParameterChange]) -> LedgerParameters {
        func value(_ parameter: LedgerParameter) -> UInt64 {
            changes.last { $0.parameter == parameter }?.value ?? self.value(of: parameter)
        }
        return LedgerParameters(
            epochLength: value(.epochLength), deltaMilliseconds: value(.deltaMilliseconds),
            heartbeatMilliseconds: value(.heartbeatMilliseconds), blockWeight: value(.blockWeight),
            clockSkewMilliseconds: value(.clockSkewMilliseconds))
    }

    /// The first parameter outside its bounds.
    var firstViolation: LedgerParameter? {
        LedgerParameter.allCases.first { !$0.allowed.contains(value(of: $0)) }
    }
}
