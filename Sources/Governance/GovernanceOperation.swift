public import Encoding
public import Primitives
public import StateModel

/// The operations of the domain: acts of institutions that run validators. In JSON an object with `type` and the
/// operation's fields.
public enum GovernanceOperation: CBORCodable, Codable, Hashable, Sendable {
    case propose(GovernancePropose)
    case vote(GovernanceVote)

    public static let names = [GovernancePropose.name, GovernanceVote.name]

    public var operation: any DomainOperation {
        switch self {
        case .propose(let operation): operation
        case .vote(let operation): operation
        }
    }

    public var name: String {
        switch self {
        case .propose: GovernancePropose.name
        case .vote: GovernanceVote.name
        }
    }

    public var weight: UInt64 { operation.weight }

    public func execute(in context: OperationContext) throws(Refusal) {
        switch self {
        case .propose(let operation): try operation.execute(in: context)
        case .vote(let operation): try operation.execute(in: context)
        }
    }

    private var kind: UInt64 {
        switch self {
        case .propose: 0
        case .vote: 1
        }
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(kind)
        operation.encode(into: &writer)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.union { (reader, kind, count) throws(EncodingFailure) in
            guard count == 1 else { throw reader.failure(.wrongCount) }
            switch kind {
            case 0: return .propose(try reader.value())
            case 1: return .vote(try reader.value())
            default: throw reader.failure(.unknownCase)
            }
        }
    }

    /// Nil if `type` is no operation of this domain.
    public static func decode(type: String, from decoder: any Decoder) throws -> GovernanceOperation? {
        switch type {
        case GovernancePropose.name: .propose(try GovernancePropose(from: decoder))
        case GovernanceVote.name: .vote(try GovernanceVote(from: decoder))
        default: nil
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: OperationTypeKey.self)
        try container.encode(name, forKey: .type)
        try operation.encode(to: encoder)
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: OperationTypeKey.self)
        let type = try container.decode(String.self, forKey: .type)
        guard let operation = try Self.decode(type: type, from: decoder) else {
            throw DecodingError.dataCorruptedError(
                forKey: .type, in: container,
                debugDescription: "expected one of " + Self.names.joined(separator: ", "))
        }
        self = operation
    }
}
