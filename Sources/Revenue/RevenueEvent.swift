public import Encoding
internal import Primitives
public import StateModel

/// What the revenue domain tells. `[kind, body]`
public enum RevenueEvent: LedgerEvent {
    case assetCreated(AssetCreated)
    case issued(Moved)
    case redeemed(Moved)
    case freezeChanged(FreezeChanged)
    case transferred(Moved)
    case paid(Paid)
    case royaltyTaken(RoyaltyTaken)
    case claimed(Claimed)
    case shareTransferred(ShareTransferred)
    case reserved(Reserved)
    case released(Reserved)

    public static let domain = DomainNumber.revenue

    private static let names = [
        "asset.created", "asset.issued", "asset.redeemed", "asset.freezeChanged", "revenue.transferred",
        "revenue.paid", "revenue.royaltyTaken", "revenue.claimed", "revenue.shareTransferred", "revenue.reserved",
        "revenue.released",
    ]

    private var kind: Int {
        switch self {
        case .assetCreated: 0
        case .issued: 1
        case .redeemed: 2
        case .freezeChanged: 3
        case .transferred: 4
        case .paid: 5
        case .royaltyTaken: 6
        case .claimed: 7
        case .shareTransferred: 8
        case .reserved: 9
        case .released: 10
        }
    }

    private var body: any CBOREncodable & Encodable {
        switch self {
        case .assetCreated(let body): body
        case .issued(let body), .redeemed(let body), .transferred(let body): body
        case .freezeChanged(let body): body
        case .paid(let body): body
        case .royaltyTaken(let body): body
        case .claimed(let body): body
        case .shareTransferred(let body): body
        case .reserved(let body), .released(let body): body
        }
    }

    public var name: String { Self.names[kind] }

    public var topics: [Topic] {
        switch self {
        case .assetCreated(let body): [.asset(body.asset), .party(body.issuer)]
        case .issued(let body), .redeemed(let body), .transferred(let body):
            [.asset(body.asset), .party(body.from), .party(body.to)]
        case .freezeChanged(let body): [.asset(body.asset)] + (body.party.map { [.party($0)] } ?? [])
        case .paid(let body): [.inft(body.inft), .asset(body.asset), .party(body.payer)]
        case .royaltyTaken(let body): [.inft(body.ancestor), .inft(body.descendant), .asset(body.asset)]
        case .claimed(let body): [.inft(body.inft), .asset(body.asset), .party(body.holder)]
        case .shareTransferred(let body): [.inft(body.inft), .party(body.from), .party(body.to)]
        case .reserved(let body), .released(let body): [.asset(body.asset), .party(body.party)]
        }
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(kind)
        body.encode(into: &writer)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("event", count: 2) { (reader) throws(EncodingFailure) in
            switch try reader.unsigned("kind") {
            case 0: .assetCreated(try reader.value("assetCreated"))
            case 1: .issued(try reader.value("issued"))
            case 2: .redeemed(try reader.value("redeemed"))
            case 3: .freezeChanged(try reader.value("freezeChanged"))
            case 4: .transferred(try reader.value("transferred"))
            case 5: .paid(try reader.value("paid"))
            case 6: .royaltyTaken(try reader.value("royaltyTaken"))
            case 7: .claimed(try reader.value("claimed"))
            case 8: .shareTransferred(try reader.value("shareTransferred"))
            case 9: .reserved(try reader.value("reserved"))
            case 10: .released(try reader.value("released"))
            default: throw reader.failure(.unknownCase, "kind")
            }
        }
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: OperationTypeKey.self)
        let name = try container.decode(String.self, forKey: .type)
        self =
            switch Self.names.firstIndex(of: name) {
            case 0: .assetCreated(try AssetCreated(from: decoder))
            case 1: .issued(try Moved(from: decoder))
            case 2: .redeemed(try Moved(from: decoder))
            case 3: .freezeChanged(try FreezeChanged(from: decoder))
            case 4: .transferred(try Moved(from: decoder))
            case 5: .paid(try Paid(from: decoder))
            case 6: .royaltyTaken(try RoyaltyTaken(from: decoder))
            case 7: .claimed(try Claimed(from: decoder))
            case 8: .shareTransferred(try ShareTransferred(from: decoder))
            case 9: .reserved(try Reserved(from: decoder))
            case 10: .released(try Reserved(from: decoder))
            default:
                throw DecodingError.dataCorruptedError(
                    forKey: .type, in: container, debugDescription: "no event of the revenue domain is called \(name)")
            }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: OperationTypeKey.self)
        try container.encode(name, forKey: .type)
        try body.encode(to: encoder)
    }
}
