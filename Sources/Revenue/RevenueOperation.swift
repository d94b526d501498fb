public import Encoding
public import Primitives
public import StateModel

/// Every operation of the revenue domain. `[kind, body]`; in JSON `{"type": "revenue.pay", …}`.
public enum RevenueOperation: CBORCodable, Codable, Hashable, Sendable {
    case createAsset(AssetCreate)
    case issue(AssetIssue)
    case redeem(AssetRedeem)
    case freeze(AssetFreeze)
    case transfer(RevenueTransfer)
    case pay(RevenuePay)
    case transferShare(RevenueTransferShare)
    case claim(RevenueClaim)

    public static let names = [
        AssetCreate.name, AssetIssue.name, AssetRedeem.name, AssetFreeze.name, RevenueTransfer.name, RevenuePay.name,
        RevenueTransferShare.name, RevenueClaim.name,
    ]

    private var kind: Int {
        switch self {
        case .createAsset: 0
        case .issue: 1
        case .redeem: 2
        case .freeze: 3
        case .transfer: 4
        case .pay: 5
        case .transferShare: 6
        case .claim: 7
        }
    }

    public var operation: any DomainOperation {
        switch self {
        case .createAsset(let operation): operation
        case .issue(let operation): operation
        case .redeem(let operation): operation
        case .freeze(let operation): operation
        case .transfer(let operation): operation
        case .pay(let operation): operation
        case .transferShare(let operation): operation
        case .claim(let operation): operation
        }
    }

    public var name: String { Self.names[kind] }

    public var weight: UInt64 {
        switch self {
        case .createAsset(let operation): operation.weight
        case .issue(let operation): operation.weight
        case .redeem(let operation): operation.weight
        case .freeze(let operation): operation.weight
        case .transfer(let operation): operation.weight
        case .pay(let operation): operation.weight
        case .transferShare(let operation): operation.weight
        case .claim(let operation): operation.weight
        }
    }

    /// Acts that need no sponsor, can't be paused, and own reserved weight.
    public var isReserved: Bool { if case .claim = self { true } else { false } }

    public func execute(in context: OperationContext) throws(Refusal) {
        switch self {
        case .createAsset(let operation): try operation.execute(in: context)
        case .issue(let operation): try operation.execute(in: context)
        case .redeem(let operation): try operation.execute(in: context)
        case .freeze(let operation): try operation.execute(in: context)
        case .transfer(let operation): try operation.execute(in: context)
        case .pay(let operation): try operation.execute(in: context)
        case .transferShare(let operation): try operation.execute(in: context)
        case .claim(let operation): try operation.execute(in: context)
        }
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(kind)
        switch self {
        case .createAsset(let operation): writer.write(operation)
        case .issue(let operation): writer.write(operation)
        case .redeem(let operation): writer.write(operation)
        case .freeze(let operation): writer.write(operation)
        case .transfer(let operation): writer.write(operation)
        case .pay(let operation): writer.write(operation)
        case .transferShare(let operation): writer.write(operation)
        case .claim(let operation): writer.write(operation)
        }
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 2) { (reader) throws(EncodingFailure) in
            switch try reader.unsigned("kind") {
            case 0: .createAsset(try reader.value(AssetCreate.name))
            case 1: .issue(try reader.value(AssetIssue.name))
            case 2: .redeem(try reader.value(AssetRedeem.name))
            case 3: .freeze(try reader.value(AssetFreeze.name))
            case 4: .transfer(try reader.value(RevenueTransfer.name))
            case 5: .pay(try reader.value(RevenuePay.name))
            case 6: .transferShare(try reader.value(RevenueTransferShare.name))
            case 7: .claim(try reader.value(RevenueClaim.name))
            default: throw reader.failure(.unknownCase, "kind")
            }
        }
    }

    /// Nil if `type` is no operation of this domain.
    public static func decode(type: String, from decoder: any Decoder) throws -> RevenueOperation? {
        switch type {
        case AssetCreate.name: .createAsset(try AssetCreate(from: decoder))
        case AssetIssue.name: .issue(try AssetIssue(from: decoder))
        case AssetRedeem.name: .redeem(try AssetRedeem(from: decoder))
        case AssetFreeze.name: .freeze(try AssetFreeze(from: decoder))
        case RevenueTransfer.name: .transfer(try RevenueTransfer(from: decoder))
        case RevenuePay.name: .pay(try RevenuePay(from: decoder))
        case RevenueTransferShare.name: .transferShare(try RevenueTransferShare(from: decoder))
        case RevenueClaim.name: .claim(try RevenueClaim(from: decoder))
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
