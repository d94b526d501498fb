public import Encoding
import INFTs
import Identities
public import Primitives
public import StateModel

/// Sets price, supply and expiry of an open offer anew. What was sold keeps its terms and its price.
/// `[offer, price, supply?, expiresAt?]`
public struct UpdateOffer: DomainOperation {
    public static let name = "offer.update"

    public let offer: OfferID
    public let price: Amount
    public let supply: UInt64?
    public let expiresAt: Timestamp?

    public init(offer: OfferID, price: Amount, supply: UInt64?, expiresAt: Timestamp?) {
        self.offer = offer
        self.price = price
        self.supply = supply
        self.expiresAt = expiresAt
    }

    public var weight: UInt64 { 10 + 4 * 40 + INFTsWeights.standing }

    public struct Plan {
        let record: OfferRecord
    }

    public func check(in context: OperationContext) throws(Refusal) -> Plan {
        var record = try OfferAct.open(offer, in: context)
        let terms = try LicenseLedger.storedTerms(record.terms, in: context.state)
        try OfferRules.checkPrice(price, terms, in: context.state)
        try OfferRules.checkSupply(supply, terms, sold: record.sold)
        try OfferRules.checkExpiry(expiresAt, at: context.block.time)
        try OfferRules.checkParents(
            of: record.inft, terms, record.terms, price: price, at: context.block.time, in: context.state)
        guard price != record.price || supply != record.supply || expiresAt != record.expiresAt else {
            throw LicenseRejection.nothingChanged.at("", "price, supply and expiry are what they are already")
        }
        record.price = price
        record.supply = supply
        record.expiresAt = expiresAt
        record.updatedAt = context.block.time
        if supply == record.sold { record.closing = OfferClosing(reason: .soldOut, at: context.block.time) }
        return Plan(record: record)
    }

    public func apply(_ plan: Plan, in context: OperationContext) throws(Refusal) {
        context.state.set(LicenseKeys.offer(offer), plan.record)
        if let expiresAt {
            try LicenseDue.schedule(.offerExpiry, offer.bytes, at: expiresAt, in: context.state)
        }
        context.emit(LicenseEvent.offerUpdated(OfferChanged(plan.record)))
        if let closing = plan.record.closing {
            context.emit(LicenseEvent.offerClosed(OfferClosed(plan.record, closing.reason)))
        }
    }

    public func words(_ names: any NameResolver) -> [String] {
        [
            "Change the offer \(names.identifier(offer.description)); what was sold stays as it is",
            "Price from now on: " + names.amount(price, behind: offer.bytes, "the terms' asset"),
            supply.map { "At most \($0) licenses in all" } ?? "Any number of licenses",
            expiresAt.map { "Until \(names.time($0))" } ?? "Until canceled",
        ]
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(4)
        writer.write(offer)
        writer.write(price)
        writer.write(supply)
        writer.write(expiresAt)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 4) { (reader) throws(EncodingFailure) in
            UpdateOffer(
                offer: try reader.value("offer"), price: try reader.value("price"),
                supply: try reader.optional("supply"), expiresAt: try reader.optional("expiresAt"))
        }
    }
}

/// Ends an offer. `[offer]`
public struct CancelOffer: DomainOperation {
    public static let name = "offer.cancel"

    public let offer: OfferID

    public init(offer: OfferID) { self.offer = offer }

    public var weight: UInt64 { 10 + 4 * 4 }

    public struct Plan {
        let record: OfferRecord
    }

    public func check(in context: OperationContext) throws(Refusal) -> Plan {
        var record = try OfferAct.open(offer, in: context)
        record.closing = OfferClosing(reason: .canceled, at: context.block.time)
        record.updatedAt = context.block.time
        return Plan(record: record)
    }

    public func apply(_ plan: Plan, in context: OperationContext) throws(Refusal) {
        context.state.set(LicenseKeys.offer(offer), plan.record)
        context.emit(LicenseEvent.offerClosed(OfferClosed(plan.record, .canceled)))
    }

    public func words(_ names: any NameResolver) -> [String] {
        ["Cancel the offer \(names.identifier(offer.description)); licenses that were sold stay valid"]
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(1)
        writer.write(offer)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 1) { (reader) throws(EncodingFailure) in
            CancelOffer(offer: try reader.value("offer"))
        }
    }
}

enum OfferAct {
    /// The offer, if the actor may change it: its seller, or whoever owns the INFT now.
    static func open(_ id: OfferID, in context: OperationContext) throws(Refusal) -> OfferRecord {
        let record = try LicenseLedger.requireOffer(id, field: "offer", in: context.state)
        let owner = try INFTRegistry.requireKnown(record.inft, field: "offer", in: context.state).owner
        guard context.actor == record.seller || context.actor == owner else {
            throw LicenseRejection.notOwner.at(
                "offer", "the offer is \(record.seller)'s, and no mandate is for offers",
                hint: "Let its seller sign, or the owner of the INFT.")
        }
        try Authority.require(context.actor, for: .licensing, in: context, field: "offer")
        guard record.isOpen(at: context.block.time) else {
            throw LicenseRejection.offerClosed.at(
                "offer", "the offer is \(record.closing?.reason.name ?? OfferClosingReason.expired.name)")
        }
        return record
    }
}
