public import Consents
internal import Cryptography
public import Encoding
public import Governance
public import INFTs
public import Identities
public import Licenses
public import Primitives
public import Revenue

/// Where a network begins. Its hash is the network's name, in every transaction, vote and handshake.
///
/// JSON: `genesis/devnet.json` explains every field. Bytes: the fields as an array behind the format version.
public struct Genesis: CBORCodable, Codable, Hashable, Sendable {
    public static let formatVersion: UInt64 = 1
    public static let maximumNameBytes = 64

    public let name: String
    public let kind: NetworkKindName
    /// Block time of the genesis block.
    public let time: Timestamp
    public let governance: GovernanceGenesis
    public let identities: IdentitiesGenesis
    public let consents: ConsentsGenesis
    public let revenue: RevenueGenesis
    public let infts: INFTsGenesis
    public let licenses: LicensesGenesis

    public init(
        name: String, kind: NetworkKindName, time: Timestamp, governance: GovernanceGenesis,
        identities: IdentitiesGenesis, consents: ConsentsGenesis, revenue: RevenueGenesis, infts: INFTsGenesis,
        licenses: LicensesGenesis
    ) {
        self.name = name
        self.kind = kind
        self.time = time
        self.governance = governance
        self.identities = identities
        self.consents = consents
        self.revenue = revenue
        self.infts = infts
        self.licenses = licenses
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(10)
        writer.write(Self.formatVersion)
        writer.write(name)
        writer.write(kind)
        writer.write(time)
        writer.write(governance)
        writer.write(identities)
        writer.write(consents)
        writer.write(revenue)
        writer.write(infts)
        writer.write(licenses)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("genesis", count: 10) { (reader) throws(EncodingFailure) in
            guard try reader.unsigned("formatVersion") == Self.formatVersion else {
                throw reader.failure(.outOfRange, "formatVersion")
            }
            return Genesis(
                name: try reader.text("name", max: Self.maximumNameBytes), kind: try reader.value("kind"),
                time: try reader.value("time"), governance: try reader.value("governance"),
                identities: try reader.value("identities"), consents: try reader.value("consents"),
                revenue: try reader.value("revenue"), infts: try reader.value("infts"),
                licenses: try reader.value("licenses"))
        }
    }

    /// The network's name in every signature.
    public var hash: Hash { HashTag.genesis.hash(encoded) }
}

/// ``NetworkKind`` as the genesis writes it.
public enum NetworkKindName: UInt8, NamedCode, CBORCodable {
    case main = 0
    case test = 1

    public var networkKind: NetworkKind { self == .main ? .main : .test }
}
