public import Encoding
public import Primitives

public enum LicenseState: UInt8, NamedCode, CBORCodable {
    /// Paid, not delivered.
    case pending = 0
    case active = 1
    /// In force once what suspends it is over: read from the INFT and its consent set, never written.
    case suspended = 2
    case expired = 3
    case revoked = 4
    /// Turned into the link of a derivative.
    case consumed = 5
    case surrendered = 6
    /// Never delivered, or recalled while its price was held; the price went back.
    case refunded = 7
    /// A dispute over its content was upheld; the price went back.
    case annulled = 8
    /// Given back within its trial; the price went back.
    case returned = 9
    /// Of a sublicense: the license above it is not in force any more. Read from that, never written.
    case endedAbove = 10
}

/// Who held the license from when on. `[party, since]`
public struct LicenseHolder: CBORCodable, Codable, Hashable, Sendable {
    public let party: Party
    public let since: Timestamp

    public init(party: Party, since: Timestamp) {
        self.party = party
        self.since = since
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(party)
        writer.write(since)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 2) { (reader) throws(EncodingFailure) in
            LicenseHolder(party: try reader.value("party"), since: try reader.value("since"))
        }
    }
}

/// `[at, until, price]`
public struct LicenseRenewal: CBORCodable, Codable, Hashable, Sendable {
    public let at: Timestamp
    public let until: Timestamp
    public let price: Amount

    public init(at: Timestamp, until: Timestamp, price: Amount) {
        self.at = at
        self.until = until
        self.price = price
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(3)
        writer.write(at)
        writer.write(until)
        writer.write(price)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 3) { (reader) throws(EncodingFailure) in
            LicenseRenewal(
                at: try reader.value("at"), until: try reader.value("until"), price: try reader.value("price"))
        }
    }
}

/// How a license came to its end before its time.
public enum LicenseEnding: CBORCodable, Codable, Hashable, Sendable {
    /// `[0, at, cause, evidence]`
    case revoked(at: Timestamp, cause: RevocationCause, evidence: Hash)
    /// `[1, at, derivative]`
    case consumed(at: Timestamp, derivative: INFTID)
    /// `[2, at]`
    case surrendered(at: Timestamp)
    /// `[3, at]`
    case refunded(at: Timestamp)
    /// `[4, at, dispute]`
    case annulled(at: Timestamp, dispute: DisputeID)
    /// `[5, at]`
    case returned(at: Timestamp)

    public var at: Timestamp {
        switch self {
        case .revoked(let at, _, _), .consumed(let at, _), .surrendered(let at), .refunded(let at),
            .annulled(let at, _), .returned(let at):
            at
        }
    }

    public var state: LicenseState {
        switch self {
        case .revoked: .revoked
        case .consumed: .consumed
        case .surrendered: .surrendered
        case .refunded: .refunded
        case .annulled: .annulled
        case .returned: .returned
        }
    }

    public func encode(into writer: inout CBORWriter) {
        switch self {
        case .revoked(let at, let cause, let evidence):
            writer.array(4)
            writer.write(UInt64(0))
            writer.write(at)
            writer.write(cause)
            writer.write(evidence)
        case .consumed(let at, let derivative):
            writer.array(3)
            writer.write(UInt64(1))
            writer.write(at)
            writer.write(derivative)
        case .surrendered(let at):
            writer.array(2)
            writer.write(UInt64(2))
            writer.write(at)
        case .refunded(let at):
            writer.array(2)
            writer.write(UInt64(3))
            writer.write(at)
        case .annulled(let at, let dispute):
            writer.array(3)
            writer.write(UInt64(4))
            writer.write(at)
            writer.write(dispute)
        case .returned(let at):
            writer.array(2)
            writer.write(UInt64(5))
            writer.write(at)
        }
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.union { (reader, kind, count) throws(EncodingFailure) in
            switch (kind, count) {
            case (0, 3):
                .revoked(
                    at: try reader.value("at"), cause: try reader.value("cause"),
                    evidence: try reader.value("evidence"))
            case (1, 2): .consumed(at: try reader.value("at"), derivative: try reader.value("derivative"))
            case (2, 1): .surrendered(at: try reader.value("at"))
            case (3, 1): .refunded(at: try reader.value("at"))
            case (4, 2): .annulled(at: try reader.value("at"), dispute: try reader.value("dispute"))
            case (5, 1): .returned(at: try reader.value("at"))
            case (0...5, _): throw reader.failure(.wrongCount)
            default: throw reader.failure(.unknownCase)
            }
        }
    }
}

/// A license. Everything that ever changed in it is dated, so the record of today answers for every past moment.
public struct LicenseRecord: CBORCodable, Codable, Hashable, Sendable {
    public let id: LicenseID
    public let inft: INFTID
    /// The version of the content that was bought, counted from 1.
    public let version: UInt64
    public let offer: OfferID
    public let terms: TermsID
    public let licensor: Party
    /// The first is the buyer, the last the licensee of today.
    public var holders: [LicenseHolder]
    public let asset: AssetID?
    public let price: Amount
    /// What the buyer said the license is for; it covers that and nothing else.
    public let use: StatedUse
    public let purchasedAt: Timestamp
    /// Nil until delivery.
    public var activeFrom: Timestamp?
    /// Nil: without end.
    public var expiresAt: Timestamp?
    public var renewals: [LicenseRenewal]
    public var seatsTaken: UInt64
    public var ending: LicenseEnding?
    /// Counted among the INFT's live licenses.
    public var isLive: Bool
    /// By which the licensee of today got sealed content.
    public var delivery: DeliveryID?
    /// One that is under way: of the purchase, to the next licensee, or of a newer version.
    public var openDelivery: DeliveryID?
    /// Until then the licensee may give the license back for its price, which is held.
    public var trialUntil: Timestamp?
    /// What a sublicense hangs from; nil of what was bought.
    public let under: Sublicense?
    /// Sublicenses of this license that have not ended by themselves.
    public var sublicenses: UInt64
    /// What its sublicenses have brought the vault by the revenue share of the terms, up to the ceiling.
    public var shared: Amount

    public init(
        id: LicenseID, inft: INFTID, version: UInt64, offer: OfferID, terms: TermsID, licensor: Party,
        holders: [LicenseHolder], asset: AssetID?, price: Amount, use: StatedUse,
        purchasedAt: Timestamp, activeFrom: Timestamp?, expiresAt: Timestamp?,
        renewals: [LicenseRenewal] = [], seatsTaken: UInt64 = 0, ending: LicenseEnding? = nil, isLive: Bool = true,
        delivery: DeliveryID? = nil, openDelivery: DeliveryID? = nil, trialUntil: Timestamp? = nil,
        under: Sublicense? = nil,
        sublicenses: UInt64 = 0, shared: Amount = .zero
    ) {
        self.id = id
        self.inft = inft
        self.version = version
        self.offer = offer
        self.terms = terms
        self.licensor = licensor
        self.holders = holders
        self.asset = asset
        self.price = price
        self.use = use
        self.purchasedAt = purchasedAt
        self.activeFrom = activeFrom
        self.expiresAt = expiresAt
        self.renewals = renewals
        self.seatsTaken = seatsTaken
        self.ending = ending
        self.isLive = isLive
        self.delivery = delivery
        self.openDelivery = openDelivery
        self.trialUntil = trialUntil
        self.under = under
        self.sublicenses = sublicenses
        self.shared = shared
    }

    public var buyer: Party {
        guard let first = holders.first else { preconditionFailure("a license has a buyer") }
        return first.party
    }

    /// The licensee of today.
    public var licensee: Party {
        guard let last = holders.last else { preconditionFailure("a license has a buyer") }
        return last.party
    }

    /// Who held the license at `time`; nil before it was bought.
    public func licensee(at time: Timestamp) -> Party? { holders.last { $0.since <= time }?.party }

    /// The state at `time` as far as this record tells: everything but suspension and what is above a sublicense. Nil before the purchase.
    public func ownState(at time: Timestamp) -> LicenseState? {
        if time < purchasedAt { return nil }
        // An expiry that came before the ending stands: nobody revokes what is over.
        if let ending, time >= ending.at { return ending.state }
        guard let activeFrom, time >= activeFrom else { return .pending }
        if let expiresAt, time >= expiresAt { return .expired }
        return .active
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(23)
        writer.write(id)
        writer.write(inft)
        writer.write(version)
        writer.write(offer)
        writer.write(terms)
        writer.write(licensor)
        writer.write(holders)
        writer.write(asset)
        writer.write(price)
        writer.write(use)
        writer.write(purchasedAt)
        writer.write(activeFrom)
        writer.write(expiresAt)
        writer.write(renewals)
        writer.write(seatsTaken)
        writer.write(ending)
        writer.write(isLive)
        writer.write(delivery)
        writer.write(openDelivery)
        writer.write(trialUntil)
        writer.write(under)
        writer.write(sublicenses)
        writer.write(shared)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 23) { (reader) throws(EncodingFailure) in
            let record = LicenseRecord(
                id: try reader.value("id"), inft: try reader.value("inft"), version: try reader.unsigned("version"),
                offer: try reader.value("offer"), terms: try reader.value("terms"),
                licensor: try reader.value("licensor"),
                holders: try reader.list("holders", max: 1 + LicenseLimits.transfers),
                asset: try reader.optional("asset"), price: try reader.value("price"),
                use: try reader.value("use"), purchasedAt: try reader.value("purchasedAt"),
                activeFrom: try reader.optional("activeFrom"),
                expiresAt: try reader.optional("expiresAt"),
                renewals: try reader.list("renewals", max: LicenseLimits.renewals),
                seatsTaken: try reader.unsigned("seatsTaken"), ending: try reader.optional("ending"),
                isLive: try reader.boolean("isLive"), delivery: try reader.optional("delivery"),
                openDelivery: try reader.optional("openDelivery"), trialUntil: try reader.optional("trialUntil"),
                under: try reader.optional("under"), sublicenses: try reader.unsigned("sublicenses"),
                shared: try reader.value("shared"))
            guard !record.holders.isEmpty else { throw reader.failure(.wrongCount, "holders") }
            return record
        }
    }
}
