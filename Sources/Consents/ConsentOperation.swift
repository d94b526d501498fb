public import Encoding
public import Primitives
public import StateModel

/// The operations of the domain. In JSON an object with `type` and the operation's fields.
public enum ConsentOperation: CBORCodable, Codable, Hashable, Sendable {
    case grant(ConsentGrant)
    case countersign(ConsentCountersign)
    case withdraw(ConsentWithdraw)
    case createSet(ConsentSetCreate)
    case addToSet(ConsentSetAdd)
    case nameReviewers(ConsentNameReviewers)
    case narrow(ConsentNarrow)
    case disclose(ConsentDisclose)
    case breakGlass(ConsentBreakGlass)
    case review(ConsentReview)

    public static let names = [
        ConsentGrant.name, ConsentCountersign.name, ConsentWithdraw.name, ConsentSetCreate.name, ConsentSetAdd.name,
        ConsentNameReviewers.name, ConsentNarrow.name, ConsentDisclose.name, ConsentBreakGlass.name,
        ConsentReview.name,
    ]

    public var operation: any DomainOperation {
        switch self {
        case .grant(let operation): operation
        case .countersign(let operation): operation
        case .withdraw(let operation): operation
        case .createSet(let operation): operation
        case .addToSet(let operation): operation
        case .nameReviewers(let operation): operation
        case .narrow(let operation): operation
        case .disclose(let operation): operation
        case .breakGlass(let operation): operation
        case .review(let operation): operation
        }
    }

    public var name: String {
        switch self {
        case .grant: ConsentGrant.name
        case .countersign: ConsentCountersign.name
        case .withdraw: ConsentWithdraw.name
        case .createSet: ConsentSetCreate.name
        case .addToSet: ConsentSetAdd.name
        case .nameReviewers: ConsentNameReviewers.name
        case .narrow: ConsentNarrow.name
        case .disclose: ConsentDisclose.name
        case .breakGlass: ConsentBreakGlass.name
        case .review: ConsentReview.name
        }
    }

    public var weight: UInt64 { operation.weight }

    public func execute(in context: OperationContext) throws(Refusal) {
        switch self {
        case .grant(let operation): try operation.execute(in: context)
        case .countersign(let operation): try operation.execute(in: context)
        case .withdraw(let operation): try operation.execute(in: context)
        case .createSet(let operation): try operation.execute(in: context)
        case .addToSet(let operation): try operation.execute(in: context)
        case .nameReviewers(let operation): try operation.execute(in: context)
        case .narrow(let operation): try operation.execute(in: context)
        case .disclose(let operation): try operation.execute(in: context)
        case .breakGlass(let operation): try operation.execute(in: context)
        case .review(let operation): try operation.execute(in: context)
        }
    }

    /// True for what nobody can be kept from: it needs no sponsor, can't be paused, and has weight reserved for it.
    public static func isReserved(_ operation: ConsentOperation) -> Bool {
        if case .withdraw = operation { true } else { false }
    }

    public var isReserved: Bool { Self.isReserved(self) }

    private var kind: UInt64 {
        switch self {
        case .grant: 0
        case .countersign: 1
        case .withdraw: 2
        case .createSet: 3
        case .addToSet: 4
        case .nameReviewers: 5
        case .narrow: 6
        case .disclose: 7
        case .breakGlass: 8
        case .review: 9
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
            case 0: return .grant(try reader.value())
            case 1: return .countersign(try reader.value())
            case 2: return .withdraw(try reader.value())
            case 3: return .createSet(try reader.value())
            case 4: return .addToSet(try reader.value())
            case 5: return .nameReviewers(try reader.value())
            case 6: return .narrow(try reader.value())
            case 7: return .disclose(try reader.value())
            case 8: return .breakGlass(try reader.value())
            case 9: return .review(try reader.value())
            default: throw reader.failure(.unknownCase)
            }
        }
    }

    /// Nil if `type` is no operation of this domain.
    public static func decode(type: String, from decoder: any Decoder) throws -> ConsentOperation? {
        switch type {
        case ConsentGrant.name: .grant(try ConsentGrant(from: decoder))
        case ConsentCountersign.name: .countersign(try ConsentCountersign(from: decoder))
        case ConsentWithdraw.name: .withdraw(try ConsentWithdraw(from: decoder))
        case ConsentSetCreate.name: .createSet(try ConsentSetCreate(from: decoder))
        case ConsentSetAdd.name: .addToSet(try ConsentSetAdd(from: decoder))
        case ConsentNameReviewers.name: .nameReviewers(try ConsentNameReviewers(from: decoder))
        case ConsentNarrow.name: .narrow(try ConsentNarrow(from: decoder))
        case ConsentDisclose.name: .disclose(try ConsentDisclose(from: decoder))
        case ConsentBreakGlass.name: .breakGlass(try ConsentBreakGlass(from: decoder))
        case ConsentReview.name: .review(try ConsentReview(from: decoder))
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
