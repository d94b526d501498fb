public import Encoding
public import Primitives
import StateModel

/// Uses were recorded. Commitments stay in the transaction; the event says what they cost and what is left.
/// `[license, inft, licensor, licensee, user, number, version, uses, prepaid, fee, left]`
public struct LicenseUsed: CBORCodable, Codable, Hashable, Sendable {
    public let license: LicenseID
    public let inft: INFTID
    public let licensor: Party
    public let licensee: Party
    public let user: Party
    /// Of the receipt.
    public let number: UInt64
    public let version: UInt64
    public let uses: UInt64
    public let prepaid: UInt64
    public let fee: Amount
    /// Of the quota, after it.
    public let left: UInt64

    init(_ license: LicenseRecord, _ receipt: UseReceipt, left: UInt64) {
        self.init(
            license: license.id, inft: license.inft, licensor: license.licensor, licensee: license.licensee,
            user: receipt.user, number: receipt.number, version: receipt.version, uses: receipt.uses,
            prepaid: receipt.prepaid, fee: receipt.fee, left: left)
    }

    private init(
        license: LicenseID, inft: INFTID, licensor: Party, licensee: Party, user: Party, number: UInt64,
        version: UInt64, uses: UInt64, prepaid: UInt64, fee: Amount, left: UInt64
    ) {
        self.license = license
        self.inft = inft
        self.licensor = licensor
        self.licensee = licensee
        self.user = user
        self.number = number
        self.version = version
        self.uses = uses
        self.prepaid = prepaid
        self.fee = fee
        self.left = left
    }

    var topics: [Topic] {
        [.license(license), .inft(inft), .party(licensor), .party(licensee)] + (user == licensee ? [] : [.party(user)])
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(11)
        writer.write(license)
        writer.write(inft)
        writer.write(licensor)
        writer.write(licensee)
        writer.write(user)
        writer.write(number)
        writer.write(version)
        writer.write(uses)
        writer.write(prepaid)
        writer.write(fee)
        writer.write(left)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 11) { (reader) throws(EncodingFailure) in
            LicenseUsed(
                license: try reader.value("license"), inft: try reader.value("inft"),
                licensor: try reader.value("licensor"), licensee: try reader.value("licensee"),
                user: try reader.value("user"), number: try reader.unsigned("number"),
                version: try reader.unsigned("version"), uses: try reader.unsigned("uses"),
                prepaid: try reader.unsigned("prepaid"), fee: try reader.value("fee"),
                left: try reader.unsigned("left"))
        }
    }
}

/// Uses were prepaid, or what was left of them came back. `[license, inft, party, uses, asset, amount]`
public struct QuotaChanged: CBORCodable, Codable, Hashable, Sendable {
    public let license: LicenseID
    public let inft: INFTID
    /// Who paid, or got it back.
    public let party: Party
    public let uses: UInt64
    public let asset: AssetID
    public let amount: Amount

    init(license: LicenseID, inft: INFTID, party: Party, uses: UInt64, asset: AssetID, amount: Amount) {
        self.license = license
        self.inft = inft
        self.party = party
        self.uses = uses
        self.asset = asset
        self.amount = amount
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(6)
        writer.write(license)
        writer.write(inft)
        writer.write(party)
        writer.write(uses)
        writer.write(asset)
        writer.write(amount)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 6) { (reader) throws(EncodingFailure) in
            QuotaChanged(
                license: try reader.value("license"), inft: try reader.value("inft"),
                party: try reader.value("party"), uses: try reader.unsigned("uses"),
                asset: try reader.value("asset"), amount: try reader.value("amount"))
        }
    }
}

/// A licensee named an agent, or took that back. `[license, inft, licensee, agent, allowance?]`
public struct AgentChanged: CBORCodable, Codable, Hashable, Sendable {
    public let license: LicenseID
    public let inft: INFTID
    public let licensee: Party
    public let agent: Party
    public let allowance: UInt64?

    init(_ license: LicenseRecord, _ agent: LicenseAgent) {
        self.init(
            license: license.id, inft: license.inft, licensee: license.licensee, agent: agent.agent,
            allowance: agent.allowance)
    }

    private init(license: LicenseID, inft: INFTID, licensee: Party, agent: Party, allowance: UInt64?) {
        self.license = license
        self.inft = inft
        self.licensee = licensee
        self.agent = agent
        self.allowance = allowance
    }

    var topics: [Topic] { [.license(license), .inft(inft), .party(licensee), .party(agent)] }

    public func encode(into writer: inout CBORWriter) {
        writer.array(5)
        writer.write(license)
        writer.write(inft)
        writer.write(licensee)
        writer.write(agent)
        writer.write(allowance)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 5) { (reader) throws(EncodingFailure) in
            AgentChanged(
                license: try reader.value("license"), inft: try reader.value("inft"),
                licensee: try reader.value("licensee"), agent: try reader.value("agent"),
                allowance: try reader.optional("allowance"))
        }
    }
}
