public import Encoding
public import Primitives
import StateModel

/// `[terms, by]`
public struct TermsRegistered: CBORCodable, Codable, Hashable, Sendable {
    public let terms: TermsID
    public let by: Party

    init(terms: TermsID, by: Party) {
        self.terms = terms
        self.by = by
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(terms)
        writer.write(by)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 2) { (reader) throws(EncodingFailure) in
            TermsRegistered(terms: try reader.value("terms"), by: try reader.value("by"))
        }
    }
}

/// `[offer, inft, seller, terms, asset?, price, supply?, buyer?, expiresAt?]`
public struct OfferChanged: CBORCodable, Codable, Hashable, Sendable {
    public let offer: OfferID
    public let inft: INFTID
    public let seller: Party
    public let terms: TermsID
    public let asset: AssetID?
    public let price: Amount
    public let supply: UInt64?
    public let buyer: Party?
    public let expiresAt: Timestamp?

    init(_ record: OfferRecord) {
        offer = record.id
        inft = record.inft
        seller = record.seller
        terms = record.terms
        asset = record.asset
        price = record.price
        supply = record.supply
        buyer = record.buyer
        expiresAt = record.expiresAt
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(9)
        writer.write(offer)
        writer.write(inft)
        writer.write(seller)
        writer.write(terms)
        writer.write(asset)
        writer.write(price)
        writer.write(supply)
        writer.write(buyer)
        writer.write(expiresAt)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        let record = try reader.record(count: 9) { (reader) throws(EncodingFailure) in
            OfferRecord(
                id: try reader.value("offer"), inft: try reader.value("inft"), seller: try reader.value("seller"),
                terms: try reader.value("terms"), asset: try reader.optional("asset"),
                price: try reader.value("price"), supply: try reader.optional("supply"),
                buyer: try reader.optional("buyer"), expiresAt: try reader.optional("expiresAt"),
                createdAt: Timestamp(0), updatedAt: Timestamp(0))
        }
        self.init(record)
    }
}

/// `[offer, inft, seller, reason]`
public struct OfferClosed: CBORCodable, Codable, Hashable, Sendable {
    public let offer: OfferID
    public let inft: INFTID
    public let seller: Party
    public let reason: OfferClosingReason

    init(_ record: OfferRecord, _ reason: OfferClosingReason) {
        self.init(offer: record.id, inft: record.inft, seller: record.seller, reason: reason)
    }

    private init(offer: OfferID, inft: INFTID, seller: Party, reason: OfferClosingReason) {
        self.offer = offer
        self.inft = inft
        self.seller = seller
        self.reason = reason
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(4)
        writer.write(offer)
        writer.write(inft)
        writer.write(seller)
        writer.write(reason)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 4) { (reader) throws(EncodingFailure) in
            OfferClosed(
                offer: try reader.value("offer"), inft: try reader.value("inft"), seller: try reader.value("seller"),
                reason: try reader.value("reason"))
        }
    }
}

/// `[license, offer, inft, licensor, licensee, asset?, price, expiresAt?]`
public struct LicenseSold: CBORCodable, Codable, Hashable, Sendable {
    public let license: LicenseID
    public let offer: OfferID
    public let inft: INFTID
    public let licensor: Party
    public let licensee: Party
    public let asset: AssetID?
    public let price: Amount
    public let expiresAt: Timestamp?

    init(_ record: LicenseRecord) {
        self.init(
            license: record.id, offer: record.offer, inft: record.inft, licensor: record.licensor,
            licensee: record.licensee, asset: record.asset, price: record.price, expiresAt: record.expiresAt)
    }

    private init(
        license: LicenseID, offer: OfferID, inft: INFTID, licensor: Party, licensee: Party, asset: AssetID?,
        price: Amount, expiresAt: Timestamp?
    ) {
        self.license = license
        self.offer = offer
        self.inft = inft
        self.licensor = licensor
        self.licensee = licensee
        self.asset = asset
        self.price = price
        self.expiresAt = expiresAt
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(8)
        writer.write(license)
        writer.write(offer)
        writer.write(inft)
        writer.write(licensor)
        writer.write(licensee)
        writer.write(asset)
        writer.write(price)
        writer.write(expiresAt)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 8) { (reader) throws(EncodingFailure) in
            LicenseSold(
                license: try reader.value("license"), offer: try reader.value("offer"),
                inft: try reader.value("inft"), licensor: try reader.value("licensor"),
                licensee: try reader.value("licensee"), asset: try reader.optional("asset"),
                price: try reader.value("price"), expiresAt: try reader.optional("expiresAt"))
        }
    }
}

/// `[license, inft, licensee, until, price]`
public struct LicenseRenewed: CBORCodable, Codable, Hashable, Sendable {
    public let license: LicenseID
    public let inft: INFTID
    public let licensee: Party
    public let until: Timestamp
    public let price: Amount

    init(license: LicenseID, inft: INFTID, licensee: Party, until: Timestamp, price: Amount) {
        self.license = license
        self.inft = inft
        self.licensee = licensee
        self.until = until
        self.price = price
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(5)
        writer.write(license)
        writer.write(inft)
        writer.write(licensee)
        writer.write(until)
        writer.write(price)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 5) { (reader) throws(EncodingFailure) in
            LicenseRenewed(
                license: try reader.value("license"), inft: try reader.value("inft"),
                licensee: try reader.value("licensee"), until: try reader.value("until"),
                price: try reader.value("price"))
        }
    }
}

/// `[license, inft, from, to]`
public struct LicenseTransferred: CBORCodable, Codable, Hashable, Sendable {
    public let license: LicenseID
    public let inft: INFTID
    public let from: Party
    public let to: Party

    init(license: LicenseID, inft: INFTID, from: Party, to: Party) {
        self.license = license
        self.inft = inft
        self.from = from
        self.to = to
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(4)
        writer.write(license)
        writer.write(inft)
        writer.write(from)
        writer.write(to)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 4) { (reader) throws(EncodingFailure) in
            LicenseTransferred(
                license: try reader.value("license"), inft: try reader.value("inft"),
                from: try reader.value("from"), to: try reader.value("to"))
        }
    }
}

/// `[license, licensee, account]`
public struct SeatChanged: CBORCodable, Codable, Hashable, Sendable {
    public let license: LicenseID
    public let licensee: Party
    public let account: Address

    init(_ record: LicenseRecord, _ account: Address) {
        self.init(license: record.id, licensee: record.licensee, account: account)
    }

    private init(license: LicenseID, licensee: Party, account: Address) {
        self.license = license
        self.licensee = licensee
        self.account = account
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(3)
        writer.write(license)
        writer.write(licensee)
        writer.write(account)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 3) { (reader) throws(EncodingFailure) in
            SeatChanged(
                license: try reader.value("license"), licensee: try reader.value("licensee"),
                account: try reader.value("account"))
        }
    }
}

/// `[license, inft, licensor, licensee, state, at]`
public struct LicenseEnded: CBORCodable, Codable, Hashable, Sendable {
    public let license: LicenseID
    public let inft: INFTID
    public let licensor: Party
    public let licensee: Party
    public let state: LicenseState
    public let at: Timestamp

    init(_ record: LicenseRecord, _ state: LicenseState, at time: Timestamp) {
        self.init(
            license: record.id, inft: record.inft, licensor: record.licensor, licensee: record.licensee, state: state,
            at: time)
    }

    private init(
        license: LicenseID, inft: INFTID, licensor: Party, licensee: Party, state: LicenseState, at: Timestamp
    ) {
        self.license = license
        self.inft = inft
        self.licensor = licensor
        self.licensee = licensee
        self.state = state
        self.at = at
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(6)
        writer.write(license)
        writer.write(inft)
        writer.write(licensor)
        writer.write(licensee)
        writer.write(state)
        writer.write(at)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 6) { (reader) throws(EncodingFailure) in
            LicenseEnded(
                license: try reader.value("license"), inft: try reader.value("inft"),
                licensor: try reader.value("licensor"), licensee: try reader.value("licensee"),
                state: try reader.value("state"), at: try reader.value("at"))
        }
    }
}

/// Every license on the INFT reads as suspended from now on, because the consents behind it changed. `[inft, set]`
public struct LicensesSuspended: CBORCodable, Codable, Hashable, Sendable {
    public let inft: INFTID
    public let set: ConsentSetID

    init(inft: INFTID, set: ConsentSetID) {
        self.inft = inft
        self.set = set
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(inft)
        writer.write(set)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 2) { (reader) throws(EncodingFailure) in
            LicensesSuspended(inft: try reader.value("inft"), set: try reader.value("set"))
        }
    }
}

/// `[derivative, parents, licenses]`
public struct DerivativeLinked: CBORCodable, Codable, Hashable, Sendable {
    public let derivative: INFTID
    public let parents: [INFTID]
    public let licenses: [LicenseID]

    init(_ link: DerivativeLink) {
        self.init(derivative: link.derivative, parents: link.parents, licenses: link.licenses)
    }

    private init(derivative: INFTID, parents: [INFTID], licenses: [LicenseID]) {
        self.derivative = derivative
        self.parents = parents
        self.licenses = licenses
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(3)
        writer.write(derivative)
        writer.write(parents)
        writer.write(licenses)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 3) { (reader) throws(EncodingFailure) in
            DerivativeLinked(
                derivative: try reader.value("derivative"),
                parents: try reader.list("parents", max: LicenseLimits.parents),
                licenses: try reader.list("licenses", max: LicenseLimits.parents))
        }
    }
}
