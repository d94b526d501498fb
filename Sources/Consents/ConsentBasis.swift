public import Cryptography
public import Encoding
public import Primitives
internal import StateModel

/// What a release of data rests on: one consent, or the set that an INFT cites.
public enum ConsentBasis: CBORCodable, Codable, Hashable, Sendable {
    case consent(ConsentID)
    case set(ConsentSetID)

    /// Every value of `type` in JSON.
    public static let names = ["consent", "set"]

    private enum CodingKeys: String, CodingKey { case type, consent, set }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        switch self {
        case .consent(let id):
            try container.encode("consent", forKey: .type)
            try container.encode(id, forKey: .consent)
        case .set(let id):
            try container.encode("set", forKey: .type)
            try container.encode(id, forKey: .set)
        }
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        switch try container.decode(String.self, forKey: .type) {
        case "consent": self = .consent(try container.decode(ConsentID.self, forKey: .consent))
        case "set": self = .set(try container.decode(ConsentSetID.self, forKey: .set))
        default:
            throw DecodingError.dataCorruptedError(
                forKey: .type, in: container, debugDescription: "expected consent or set")
        }
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        switch self {
        case .consent(let id):
            writer.write(UInt64(0))
            writer.write(id)
        case .set(let id):
            writer.write(UInt64(1))
            writer.write(id)
        }
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.union("basis") { (reader, kind, count) throws(EncodingFailure) in
            guard count == 1 else { throw reader.failure(.wrongCount) }
            switch kind {
            case 0: return .consent(try reader.value("consent"))
            case 1: return .set(try reader.value("set"))
            default: throw reader.failure(.unknownCase)
            }
        }
    }

    func words(_ names: any NameResolver) -> String {
        switch self {
        case .consent(let id): "the consent \(names.identifier(id.description))"
        case .set(let id): "the consent set \(names.identifier(id.description))"
        }
    }
}

extension HashTag {
    /// Over the CBOR list of the requests of one release.
    public static let useRequests = HashTag("mednexus/use-requests")
    /// Over a ``NeedStatement``.
    public static let needAnswer = HashTag("mednexus/need-answer")
}

extension UseRequest {
    /// By which answers to needs name what was asked: tagged hash of the list's CBOR.
    public static func hash(of requests: [UseRequest]) -> Hash {
        var writer = CBORWriter()
        writer.write(requests)
        return HashTag.useRequests.hash(writer.bytes)
    }
}
