public import Encoding
public import Primitives
public import StateModel

/// What an INFT is after a change of it.
public struct INFTChanged: CBORCodable, Codable, Hashable, Sendable {
    public let inft: INFTID
    public let owner: Party
    public let inftClass: INFTClass
    /// The newest version's number.
    public let version: UInt64
    public let status: INFTStatus

    private enum CodingKeys: String, CodingKey {
        case inft, owner
        case inftClass = "class"
        case version, status
    }

    package init(_ record: INFTRecord) {
        self.init(
            inft: record.id, owner: record.owner, inftClass: record.inftClass, version: record.versionCount,
            status: record.status)
    }

    private init(inft: INFTID, owner: Party, inftClass: INFTClass, version: UInt64, status: INFTStatus) {
        self.inft = inft
        self.owner = owner
        self.inftClass = inftClass
        self.version = version
        self.status = status
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(5)
        writer.write(inft)
        writer.write(owner)
        writer.write(inftClass)
        writer.write(version)
        writer.write(status)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 5) { (reader) throws(EncodingFailure) in
            INFTChanged(
                inft: try reader.value("inft"), owner: try reader.value("owner"),
                inftClass: try reader.value("class"), version: try reader.unsigned("version"),
                status: try reader.value("status"))
        }
    }
}

public struct INFTLinked: CBORCodable, Codable, Hashable, Sendable {
    public let inft: INFTID
    public let parents: [INFTID]

    package init(inft: INFTID, parents: [INFTID]) {
        self.inft = inft
        self.parents = parents
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(inft)
        writer.write(parents)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 2) { (reader) throws(EncodingFailure) in
            INFTLinked(
                inft: try reader.value("inft"), parents: try reader.list("parents", max: INFTsLimits.parents))
        }
    }
}

/// What the INFT domain tells. `[kind, body]`
public enum INFTEvent: LedgerEvent {
    case minted(INFTChanged)
    case linked(INFTLinked)
    case revised(INFTChanged)
    case metadataSet(INFTChanged)
    case frozen(INFTChanged)
    case statusChanged(INFTChanged)

    public static let domain = DomainNumber.infts

    private static let names = [
        "inft.minted", "inft.linked", "inft.revised", "inft.metadataSet", "inft.frozen", "inft.statusChanged",
    ]

    private var kind: Int {
        switch self {
        case .minted: 0
        case .linked: 1
        case .revised: 2
        case .metadataSet: 3
        case .frozen: 4
        case .statusChanged: 5
        }
    }

    private var body: any CBOREncodable & Encodable {
        switch self {
        case .linked(let body): body
        case .minted(let body), .revised(let body), .metadataSet(let body), .frozen(let body),
            .statusChanged(let body):
            body
        }
    }

    public var name: String { Self.names[kind] }

    public var topics: [Topic] {
        switch self {
        case .linked(let body): [.inft(body.inft)] + body.parents.map { .inft($0) }
        case .minted(let body), .revised(let body), .metadataSet(let body), .frozen(let body),
            .statusChanged(let body):
            [.inft(body.inft), .party(body.owner)]
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
            case 0: .minted(try reader.value("minted"))
            case 1: .linked(try reader.value("linked"))
            case 2: .revised(try reader.value("revised"))
            case 3: .metadataSet(try reader.value("metadataSet"))
            case 4: .frozen(try reader.value("frozen"))
            case 5: .statusChanged(try reader.value("statusChanged"))
            default: throw reader.failure(.unknownCase, "kind")
            }
        }
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: OperationTypeKey.self)
        let name = try container.decode(String.self, forKey: .type)
        self =
            switch Self.names.firstIndex(of: name) {
            case 0: .minted(try INFTChanged(from: decoder))
            case 1: .linked(try INFTLinked(from: decoder))
            case 2: .revised(try INFTChanged(from: decoder))
            case 3: .metadataSet(try INFTChanged(from: decoder))
            case 4: .frozen(try INFTChanged(from: decoder))
            case 5: .statusChanged(try INFTChanged(from: decoder))
            default:
                throw DecodingError.dataCorruptedError(
                    forKey: .type, in: container, debugDescription: "no event of the INFT domain is called \(name)")
            }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: OperationTypeKey.self)
        try container.encode(name, forKey: .type)
        try body.encode(to: encoder)
    }
}
