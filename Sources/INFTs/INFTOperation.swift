public import Encoding
public import Primitives
public import StateModel

/// Every operation of the INFT domain. `[kind, body]`; in JSON `{"type": "inft.mint", …}`.
public enum INFTOperation: CBORCodable, Codable, Hashable, Sendable {
    case mint(Mint)
    case revise(Revise)
    case setMetadata(SetMetadata)
    case freeze(Freeze)
    case retire(Retire)
    case transfer(TransferOffer)
    case clone(Clone)
    case reseal(Reseal)
    case acceptTransfer(TransferAccept)
    case beginTransfer(TransferBegin)
    case completeTransfer(TransferComplete)
    case cancelTransfer(TransferCancel)
    case setKeyCustodians(SetKeyCustodians)
    case erase(Erase)
    case recall(Recall)
    case liftRecall(LiftRecall)
    case authorizeUse(AuthorizeUse)
    case deauthorizeUse(DeauthorizeUse)

    public static let names = [
        Mint.name, Revise.name, SetMetadata.name, Freeze.name, Retire.name, TransferOffer.name, Clone.name,
        Reseal.name, TransferAccept.name, TransferBegin.name, TransferComplete.name, TransferCancel.name,
        SetKeyCustodians.name, Erase.name, Recall.name, LiftRecall.name, AuthorizeUse.name, DeauthorizeUse.name,
    ]

    private var kind: Int {
        switch self {
        case .mint: 0
        case .revise: 1
        case .setMetadata: 2
        case .freeze: 3
        case .retire: 4
        case .transfer: 5
        case .clone: 6
        case .reseal: 7
        case .acceptTransfer: 8
        case .beginTransfer: 9
        case .completeTransfer: 10
        case .cancelTransfer: 11
        case .setKeyCustodians: 12
        case .erase: 13
        case .recall: 14
        case .liftRecall: 15
        case .authorizeUse: 16
        case .deauthorizeUse: 17
        }
    }

    public var operation: any DomainOperation {
        switch self {
        case .mint(let operation): operation
        case .revise(let operation): operation
        case .setMetadata(let operation): operation
        case .freeze(let operation): operation
        case .retire(let operation): operation
        case .transfer(let operation): operation
        case .clone(let operation): operation
        case .reseal(let operation): operation
        case .acceptTransfer(let operation): operation
        case .beginTransfer(let operation): operation
        case .completeTransfer(let operation): operation
        case .cancelTransfer(let operation): operation
        case .setKeyCustodians(let operation): operation
        case .erase(let operation): operation
        case .recall(let operation): operation
        case .liftRecall(let operation): operation
        case .authorizeUse(let operation): operation
        case .deauthorizeUse(let operation): operation
        }
    }

    public var name: String { type(of: operation).name }

    public var weight: UInt64 { operation.weight }

    /// True for what nobody can be kept from: it needs no sponsor, can't be paused, and has weight reserved for it.
    public var isReserved: Bool {
        if case .erase = self { true } else { isDelivery }
    }

    /// True for the completion of a delivery that was begun.
    public var isDelivery: Bool {
        if case .completeTransfer = self { true } else { false }
    }

    public func execute(in context: OperationContext) throws(Refusal) {
        switch self {
        case .mint(let operation): try operation.execute(in: context)
        case .revise(let operation): try operation.execute(in: context)
        case .setMetadata(let operation): try operation.execute(in: context)
        case .freeze(let operation): try operation.execute(in: context)
        case .retire(let operation): try operation.execute(in: context)
        case .transfer(let operation): try operation.execute(in: context)
        case .clone(let operation): try operation.execute(in: context)
        case .reseal(let operation): try operation.execute(in: context)
        case .acceptTransfer(let operation): try operation.execute(in: context)
        case .beginTransfer(let operation): try operation.execute(in: context)
        case .completeTransfer(let operation): try operation.execute(in: context)
        case .cancelTransfer(let operation): try operation.execute(in: context)
        case .setKeyCustodians(let operation): try operation.execute(in: context)
        case .erase(let operation): try operation.execute(in: context)
        case .recall(let operation): try operation.execute(in: context)
        case .liftRecall(let operation): try operation.execute(in: context)
        case .authorizeUse(let operation): try operation.execute(in: context)
        case .deauthorizeUse(let operation): try operation.execute(in: context)
        }
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(kind)
        operation.encode(into: &writer)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 2) { (reader) throws(EncodingFailure) in
            switch try reader.unsigned("kind") {
            case 0: .mint(try reader.value(Mint.name))
            case 1: .revise(try reader.value(Revise.name))
            case 2: .setMetadata(try reader.value(SetMetadata.name))
            case 3: .freeze(try reader.value(Freeze.name))
            case 4: .retire(try reader.value(Retire.name))
            case 5: .transfer(try reader.value(TransferOffer.name))
            case 6: .clone(try reader.value(Clone.name))
            case 7: .reseal(try reader.value(Reseal.name))
            case 8: .acceptTransfer(try reader.value(TransferAccept.name))
            case 9: .beginTransfer(try reader.value(TransferBegin.name))
            case 10: .completeTransfer(try reader.value(TransferComplete.name))
            case 11: .cancelTransfer(try reader.value(TransferCancel.name))
            case 12: .setKeyCustodians(try reader.value(SetKeyCustodians.name))
            case 13: .erase(try reader.value(Erase.name))
            case 14: .recall(try reader.value(Recall.name))
            case 15: .liftRecall(try reader.value(LiftRecall.name))
            case 16: .authorizeUse(try reader.value(AuthorizeUse.name))
            case 17: .deauthorizeUse(try reader.value(DeauthorizeUse.name))
            default: throw reader.failure(.unknownCase, "kind")
            }
        }
    }

    /// Nil if `type` is no operation of this domain.
    public static func decode(type: String, from decoder: any Decoder) throws -> INFTOperation? {
        switch type {
        case Mint.name: .mint(try Mint(from: decoder))
        case Revise.name: .revise(try Revise(from: decoder))
        case SetMetadata.name: .setMetadata(try SetMetadata(from: decoder))
        case Freeze.name: .freeze(try Freeze(from: decoder))
        case Retire.name: .retire(try Retire(from: decoder))
        case TransferOffer.name: .transfer(try TransferOffer(from: decoder))
        case Clone.name: .clone(try Clone(from: decoder))
        case Reseal.name: .reseal(try Reseal(from: decoder))
        case TransferAccept.name: .acceptTransfer(try TransferAccept(from: decoder))
        case TransferBegin.name: .beginTransfer(try TransferBegin(from: decoder))
        case TransferComplete.name: .completeTransfer(try TransferComplete(from: decoder))
        case TransferCancel.name: .cancelTransfer(try TransferCancel(from: decoder))
        case SetKeyCustodians.name: .setKeyCustodians(try SetKeyCustodians(from: decoder))
        case Erase.name: .erase(try Erase(from: decoder))
        case Recall.name: .recall(try Recall(from: decoder))
        case LiftRecall.name: .liftRecall(try LiftRecall(from: decoder))
        case AuthorizeUse.name: .authorizeUse(try AuthorizeUse(from: decoder))
        case DeauthorizeUse.name: .deauthorizeUse(try DeauthorizeUse(from: decoder))
        default: nil
        }
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

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: OperationTypeKey.self)
        try container.encode(name, forKey: .type)
        try operation.encode(to: encoder)
    }
}
