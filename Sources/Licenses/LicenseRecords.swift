public import Consents
public import Encoding
public import Primitives

/// Registered terms, and who brought them first. `[terms, registeredBy, registeredAt]`
public struct TermsRecord: CBORCodable, Codable, Hashable, Sendable {
    public let terms: Terms
    public let registeredBy: Party
    public let registeredAt: Timestamp

    public init(terms: Terms, registeredBy: Party, registeredAt: Timestamp) {
        self.terms = terms
        self.registeredBy = registeredBy
        self.registeredAt = registeredAt
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(3)
        writer.write(terms)
        writer.write(registeredBy)
        writer.write(registeredAt)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 3) { (reader) throws(EncodingFailure) in
            TermsRecord(
                terms: try reader.value("terms"), registeredBy: try reader.value("registeredBy"),
                registeredAt: try reader.value("registeredAt"))
        }
    }
}

public enum OfferClosingReason: UInt8, NamedCode, CBORCodable {
    case canceled = 0
    case expired = 1
    case soldOut = 2
}

/// `[reason, at]`
public struct OfferClosing: CBORCodable, Codable, Hashable, Sendable {
    public let reason: OfferClosingReason
    public let at: Timestamp

    public init(reason: OfferClosingReason, at: Timestamp) {
        self.reason = reason
        self.at = at
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(reason)
        writer.write(at)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 2) { (reader) throws(EncodingFailure) in
            OfferClosing(reason: try reader.value("reason"), at: try reader.value("at"))
        }
    }
}

/// How what is sold of sealed content is delivered. `[beginWithinMilliseconds, disputeWindowMilliseconds]`
public struct OfferDelivery: CBORCodable, Codable, Hashable, Sendable {
    /// From the purchase on; a purchase that nobody begins to deliver within it is refunded.
    public let beginWithinMilliseconds: UInt64
    /// How long the payment is held after delivery, where the content can be disputed; zero: not at all.
    public let disputeWindowMilliseconds: UInt64

    public init(beginWithinMilliseconds: UInt64, disputeWindowMilliseconds: UInt64) {
        self.beginWithinMilliseconds = beginWithinMilliseconds
        self.disputeWindowMilliseconds = disputeWindowMilliseconds
    }

    /// Of an offer that names none.
    public static let usual = OfferDelivery(
        beginWithinMilliseconds: 3 * 86_400_000, disputeWindowMilliseconds: 3 * 86_400_000)

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(beginWithinMilliseconds)
        writer.write(disputeWindowMilliseconds)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 2) { (reader) throws(EncodingFailure) in
            OfferDelivery(
                beginWithinMilliseconds: try reader.unsigned("beginWithinMilliseconds"),
                disputeWindowMilliseconds: try reader.unsigned("disputeWindowMilliseconds"))
        }
    }
}

/// An offer. Terms, INFT, buyer and delivery never change; price, supply and expiry do, and never touch what was sold.
public struct OfferRecord: CBORCodable, Codable, Hashable, Sendable {
    public let id: OfferID
    public let inft: INFTID
    public let seller: Party
    public let terms: TermsID
    /// The asset of the terms.
    public let asset: AssetID?
    public var price: Amount
    /// Nil: without bound.
    public var supply: UInt64?
    public var sold: UInt64
    /// The only party that may buy; nil: anyone whom the terms admit.
    public let buyer: Party?
    /// Where the INFT's content was sealed when it was offered.
    public let delivery: OfferDelivery?
    public var expiresAt: Timestamp?
    public let createdAt: Timestamp
    public var updatedAt: Timestamp
    public var closing: OfferClosing?

    public init(
        id: OfferID, inft: INFTID, seller: Party, terms: TermsID, asset: AssetID?, price: Amount, supply: UInt64?,
        sold: UInt64 = 0, buyer: Party?, delivery: OfferDelivery? = nil, expiresAt: Timestamp?, createdAt: Timestamp,
        updatedAt: Timestamp, closing: OfferClosing? = nil
    ) {
        self.id = id
        self.inft = inft
        self.seller = seller
        self.terms = terms
        self.asset = asset
        self.price = price
        self.supply = supply
        self.sold = sold
        self.buyer = buyer
        self.delivery = delivery
        self.expiresAt = expiresAt
        self.createdAt = createdAt
        self.updatedAt = updatedAt
        self.closing = closing
    }

    /// By block time alone; the due queue only writes down what is true already.
    public func isOpen(at time: Timestamp) -> Bool {
        closing == nil && time >= createdAt && (expiresAt.map { time < $0 } ?? true)
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(14)
        writer.write(id)
        writer.write(inft)
        writer.write(seller)
        writer.write(terms)
        writer.write(asset)
        writer.write(price)
        writer.write(supply)
        writer.write(sold)
        writer.write(buyer)
        writer.write(delivery)
        writer.write(expiresAt)
        writer.write(createdAt)
        writer.write(updatedAt)
        writer.write(closing)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 14) { (reader) throws(EncodingFailure) in
            OfferRecord(
                id: try reader.value("id"), inft: try reader.value("inft"), seller: try reader.value("seller"),
                terms: try reader.value("terms"), asset: try reader.optional("asset"),
                price: try reader.value("price"), supply: try reader.optional("supply"),
                sold: try reader.unsigned("sold"), buyer: try reader.optional("buyer"),
                delivery: try reader.optional("delivery"), expiresAt: try reader.optional("expiresAt"),
                createdAt: try reader.value("createdAt"),
                updatedAt: try reader.value("updatedAt"), closing: try reader.optional("closing"))
        }
    }
}

/// What stands between a derivative and its parents: by which licenses it was made, and what they ask of it.
/// `[derivative, parents, licenses, terms, linkedAt, expiresAt?, reciprocalTerms?]`
public struct DerivativeLink: CBORCodable, Codable, Hashable, Sendable {
    public let derivative: INFTID
    /// In the order of `licenses` and `terms`.
    public let parents: [INFTID]
    public let licenses: [LicenseID]
    public let terms: [TermsID]
    public let linkedAt: Timestamp
    /// The earliest expiry of the licenses: from then on nothing is sold on the derivative.
    public let expiresAt: Timestamp?
    /// The only terms on which the derivative may be offered.
    public let reciprocalTerms: TermsID?

    public init(
        derivative: INFTID, parents: [INFTID], licenses: [LicenseID], terms: [TermsID], linkedAt: Timestamp,
        expiresAt: Timestamp?, reciprocalTerms: TermsID?
    ) {
        self.derivative = derivative
        self.parents = parents
        self.licenses = licenses
        self.terms = terms
        self.linkedAt = linkedAt
        self.expiresAt = expiresAt
        self.reciprocalTerms = reciprocalTerms
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(7)
        writer.write(derivative)
        writer.write(parents)
        writer.write(licenses)
        writer.write(terms)
        writer.write(linkedAt)
        writer.write(expiresAt)
        writer.write(reciprocalTerms)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 7) { (reader) throws(EncodingFailure) in
            DerivativeLink(
                derivative: try reader.value("derivative"),
                parents: try reader.list("parents", max: LicenseLimits.parents),
                licenses: try reader.list("licenses", max: LicenseLimits.parents),
                terms: try reader.list("terms", max: LicenseLimits.parents),
                linkedAt: try reader.value("linkedAt"), expiresAt: try reader.optional("expiresAt"),
                reciprocalTerms: try reader.optional("reciprocalTerms"))
        }
    }
}

extension DerivativeLink {
    /// The same, of a clone of the derivative.
    func of(clone: INFTID) -> DerivativeLink {
        DerivativeLink(
            derivative: clone, parents: parents, licenses: licenses, terms: terms, linkedAt: linkedAt,
            expiresAt: expiresAt, reciprocalTerms: reciprocalTerms)
    }
}

/// How many licenses of an INFT are live, and which of them is exclusive. `[count, exclusive?]`
///
/// An expired license is counted until the due queue has taken it off, about a minute: nothing else is sold a moment
/// too early.
public struct LiveLicenses: CBORCodable, Codable, Hashable, Sendable {
    public var count: UInt64
    public var exclusive: LicenseID?
    /// Licenses that there ever were. Each stands under its number, so a list of them is proven to be complete.
    public var made: UInt64

    public init(count: UInt64 = 0, exclusive: LicenseID? = nil, made: UInt64 = 0) {
        self.count = count
        self.exclusive = exclusive
        self.made = made
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(3)
        writer.write(count)
        writer.write(exclusive)
        writer.write(made)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 3) { (reader) throws(EncodingFailure) in
            LiveLicenses(
                count: try reader.unsigned("count"), exclusive: try reader.optional("exclusive"),
                made: try reader.unsigned("made"))
        }
    }
}

/// When an account held a seat of a license; the last period may be open. `[[from, until?], …]`
public struct SeatRecord: CBORCodable, Codable, Hashable, Sendable {
    public var periods: [Period]

    public init(periods: [Period]) { self.periods = periods }

    public var isTaken: Bool { periods.last.map { $0.until == nil } ?? false }
    public func isTaken(at time: Timestamp) -> Bool { periods.contains { $0.contains(time) } }

    public func encode(into writer: inout CBORWriter) { writer.write(periods) }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        periods = try reader.list("periods", max: LicenseLimits.seatPeriods)
    }
}

/// INFTs that were offered while they cited a consent set. `[inft, …]`
public struct SetINFTs: CBORCodable, Codable, Hashable, Sendable {
    public var infts: [INFTID]

    public init(infts: [INFTID]) { self.infts = infts }

    public func encode(into writer: inout CBORWriter) { writer.write(infts) }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        infts = try reader.list("infts", max: LicenseLimits.notifiedINFTs)
    }
}
