public import Cryptography
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

/// `[inft, source, owner]`
public struct INFTCloned: CBORCodable, Codable, Hashable, Sendable {
    public let inft: INFTID
    /// What was cloned.
    public let source: INFTID
    public let owner: Party

    package init(inft: INFTID, source: INFTID, owner: Party) {
        self.inft = inft
        self.source = source
        self.owner = owner
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(3)
        writer.write(inft)
        writer.write(source)
        writer.write(owner)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 3) { (reader) throws(EncodingFailure) in
            INFTCloned(
                inft: try reader.value("inft"), source: try reader.value("source"), owner: try reader.value("owner"))
        }
    }
}

/// What a delivery is after a change of it. `[delivery, act, inft, version, license?, from, to, outcome?]`
public struct DeliveryChanged: CBORCodable, Codable, Hashable, Sendable {
    public let delivery: DeliveryID
    public let act: SealingAct
    public let inft: INFTID
    public let version: UInt64
    public let license: LicenseID?
    public let from: Party
    public let to: Party
    /// Once it has come to its end.
    public let outcome: DeliveryOutcome?

    public init(_ record: DeliveryRecord) {
        self.init(
            delivery: record.id, act: record.act, inft: record.inft, version: record.version, license: record.license,
            from: record.from, to: record.to, outcome: record.ending?.outcome)
    }

    private init(
        delivery: DeliveryID, act: SealingAct, inft: INFTID, version: UInt64, license: LicenseID?, from: Party,
        to: Party, outcome: DeliveryOutcome?
    ) {
        self.delivery = delivery
        self.act = act
        self.inft = inft
        self.version = version
        self.license = license
        self.from = from
        self.to = to
        self.outcome = outcome
    }

    /// Whom and what it concerns.
    public var topics: [Topic] {
        (license.map { [.license($0)] } ?? []) + [.inft(inft), .party(from), .party(to)]
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(8)
        writer.write(delivery)
        writer.write(act)
        writer.write(inft)
        writer.write(version)
        writer.write(license)
        writer.write(from)
        writer.write(to)
        writer.write(outcome)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 8) { (reader) throws(EncodingFailure) in
            DeliveryChanged(
                delivery: try reader.value("delivery"), act: try reader.value("act"), inft: try reader.value("inft"),
                version: try reader.unsigned("version"), license: try reader.optional("license"),
                from: try reader.value("from"), to: try reader.value("to"), outcome: try reader.optional("outcome"))
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
    case resealed(INFTChanged)
    case cloned(INFTCloned)
    case transferOffered(DeliveryChanged)
    case transferAccepted(DeliveryChanged)
    case transferBegun(DeliveryChanged)
    case transferred(DeliveryChanged)
    case transferEnded(DeliveryChanged)
    case keyCustodiansSet(KeyCustodians)
    case erased(ErasureFact)
    case recalled(RecallChanged)
    case recallLifted(RecallChanged)
    case useAuthorized(UseAuthorization)
    case useDeauthorized(UseAuthorization)

    public static let domain = DomainNumber.infts

    private static let names = [
        "inft.minted", "inft.linked", "inft.revised", "inft.metadataSet", "inft.frozen", "inft.statusChanged",
        "inft.resealed", "inft.cloned", "inft.transferOffered", "inft.transferAccepted", "inft.transferBegun",
        "inft.transferred", "inft.transferEnded", "inft.keyCustodiansSet", "inft.erased",
        "inft.recalled", "inft.recallLifted",
        "inft.useAuthorized", "inft.useDeauthorized",
    ]

    private var kind: Int {
        switch self {
        case .minted: 0
        case .linked: 1
        case .revised: 2
        case .metadataSet: 3
        case .frozen: 4
        case .statusChanged: 5
        case .resealed: 6
        case .cloned: 7
        case .transferOffered: 8
        case .transferAccepted: 9
        case .transferBegun: 10
        case .transferred: 11
        case .transferEnded: 12
        case .keyCustodiansSet: 13
        case .erased: 14
        case .recalled: 15
        case .recallLifted: 16
        case .useAuthorized: 17
        case .useDeauthorized: 18
        }
    }

    private var body: any CBOREncodable & Encodable {
        switch self {
        case .linked(let body): body
        case .minted(let body), .revised(let body), .metadataSet(let body), .frozen(let body),
            .statusChanged(let body), .resealed(let body):
            body
        case .cloned(let body): body
        case .transferOffered(let body), .transferAccepted(let body), .transferBegun(let body),
            .transferred(let body), .transferEnded(let body):
            body
        case .keyCustodiansSet(let body): body
        case .erased(let body): body
        case .recalled(let body), .recallLifted(let body): body
        case .useAuthorized(let body), .useDeauthorized(let body): body
        }
    }

    public var name: String { Self.names[kind] }

    public var topics: [Topic] {
        switch self {
        case .linked(let body): [.inft(body.inft)] + body.parents.map { .inft($0) }
        case .minted(let body), .revised(let body), .metadataSet(let body), .frozen(let body),
            .statusChanged(let body), .resealed(let body):
            [.inft(body.inft), .party(body.owner)]
        case .cloned(let body): [.inft(body.inft), .inft(body.source), .party(body.owner)]
        case .transferOffered(let body), .transferAccepted(let body), .transferBegun(let body),
            .transferred(let body), .transferEnded(let body):
            body.topics
        case .keyCustodiansSet(let body): body.topics
        case .erased(let body): body.topics
        case .recalled(let body), .recallLifted(let body): body.topics
        case .useAuthorized(let body), .useDeauthorized(let body): body.topics
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
            case 6: .resealed(try reader.value("resealed"))
            case 7: .cloned(try reader.value("cloned"))
            case 8: .transferOffered(try reader.value("transferOffered"))
            case 9: .transferAccepted(try reader.value("transferAccepted"))
            case 10: .transferBegun(try reader.value("transferBegun"))
            case 11: .transferred(try reader.value("transferred"))
            case 12: .transferEnded(try reader.value("transferEnded"))
            case 13: .keyCustodiansSet(try reader.value("keyCustodiansSet"))
            case 14: .erased(try reader.value("erased"))
            case 15: .recalled(try reader.value("recalled"))
            case 16: .recallLifted(try reader.value("recallLifted"))
            case 17: .useAuthorized(try reader.value("useAuthorized"))
            case 18: .useDeauthorized(try reader.value("useDeauthorized"))
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
            case 6: .resealed(try INFTChanged(from: decoder))
            case 7: .cloned(try INFTCloned(from: decoder))
            case 8: .transferOffered(try DeliveryChanged(from: decoder))
            case 9: .transferAccepted(try DeliveryChanged(from: decoder))
            case 10: .transferBegun(try DeliveryChanged(from: decoder))
            case 11: .transferred(try DeliveryChanged(from: decoder))
            case 12: .transferEnded(try DeliveryChanged(from: decoder))
            case 13: .keyCustodiansSet(try KeyCustodians(from: decoder))
            case 14: .erased(try ErasureFact(from: decoder))
            case 15: .recalled(try RecallChanged(from: decoder))
            case 16: .recallLifted(try RecallChanged(from: decoder))
            case 17: .useAuthorized(try UseAuthorization(from: decoder))
            case 18: .useDeauthorized(try UseAuthorization(from: decoder))
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
