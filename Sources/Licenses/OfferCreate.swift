import Consents
public import Encoding
import INFTs
import Identities
public import Primitives
public import StateModel

/// Offers licenses on an INFT. `[inft, terms, price?, supply?, buyer?, expiresAt?, delivery?]`
public struct CreateOffer: DomainOperation {
    public static let name = "offer.create"

    public let inft: Reference<INFTKind>
    public let terms: TermsID
    /// Nil: the fee of the terms.
    public let price: Amount?
    /// Nil: without bound.
    public let supply: UInt64?
    /// Nil: anyone whom the terms admit.
    public let buyer: Party?
    /// Nil: until it is canceled.
    public let expiresAt: Timestamp?
    /// Of sealed content; nil there: three days to begin, three days to dispute.
    public let delivery: OfferDelivery?

    public init(
        inft: Reference<INFTKind>, terms: TermsID, price: Amount? = nil, supply: UInt64? = nil, buyer: Party? = nil,
        expiresAt: Timestamp? = nil, delivery: OfferDelivery? = nil
    ) {
        self.inft = inft
        self.terms = terms
        self.price = price
        self.supply = supply
        self.buyer = buyer
        self.expiresAt = expiresAt
        self.delivery = delivery
    }

    /// The heaviest path asks a consent set as much as it may (``LicenseLimits/offeredDecisions``) and reads 16 parents'
    /// terms and licenses.
    public var weight: UInt64 {
        10 + 4 * 12 + 16 * 8 + ConsentGate.offerWeight + INFTsWeights.standing
    }

    public struct Plan {
        let record: OfferRecord
        let consentSet: ConsentSetID?
    }

    public func check(in context: OperationContext) throws(Refusal) -> Plan {
        let state = context.state
        let id = try state.resolve(inft, in: context, domain: .licenses, field: "inft")
        let record = try INFTRegistry.requireActive(id, field: "inft", in: state)
        guard record.owner == context.actor else {
            // A mandate's limit bounds what is taken out of a balance; what an offer gives away, nothing of a mandate bounds.
            throw LicenseRejection.notOwner.at(
                "inft", "\(id) belongs to \(record.owner), and no mandate is for offers",
                hint: "Let its owner sign the offer, or act for the organization that owns it.")
        }
        try Authority.require(context.actor, for: .licensing, in: context, field: "inft")
        try Erasures.requireNotErased(
            LicenseDelivery.version(record.versionCount, of: id, in: state), of: id, field: "inft", in: state)
        let terms = try LicenseLedger.requireTerms(self.terms, field: "terms", in: state).terms
        try OfferRules.checkPrice(price ?? terms.payment.fee, terms, in: state)
        try OfferRules.checkSupply(supply, terms, sold: 0)
        try OfferRules.checkExpiry(expiresAt, at: context.block.time)
        if let buyer {
            try Parties.requireKnown(buyer, field: "buyer", in: state)
            guard buyer != record.owner else {
                throw LicenseRejection.invalidBuyer.at("buyer", "the owner needs no license on the INFT")
            }
        }
        try OfferRules.checkGroup(of: id, self.terms, in: state)
        try OfferRules.checkParents(
            of: id, terms, self.terms, price: price ?? terms.payment.fee, at: context.block.time, in: state)
        if let set = record.consentSet {
            try OfferRules.checkConsent(
                set, terms, actor: buyer ?? record.owner, at: context.block.time, in: state)
        }
        let delivery = try OfferRules.delivery(self.delivery, of: record, in: context.block)
        let offer = OfferRecord(
            id: context.madeIdentifier(), inft: id, seller: record.owner, terms: self.terms,
            asset: terms.payment.asset, price: price ?? terms.payment.fee, supply: supply, buyer: buyer,
            delivery: delivery, expiresAt: expiresAt, createdAt: context.block.time, updatedAt: context.block.time)
        return Plan(record: offer, consentSet: record.consentSet)
    }

    public func apply(_ plan: Plan, in context: OperationContext) throws(Refusal) {
        context.state.set(LicenseKeys.offer(plan.record.id), plan.record)
        if let set = plan.consentSet { try SetNotices.note(plan.record.inft, cites: set, in: context.state) }
        if let expiresAt = plan.record.expiresAt {
            try LicenseDue.schedule(.offerExpiry, plan.record.id.bytes, at: expiresAt, in: context.state)
        }
        context.emit(LicenseEvent.offerCreated(OfferChanged(plan.record)))
    }

    public func words(_ names: any NameResolver) -> [String] {
        let inft: String
        switch self.inft {
        case .id(let id): inft = names.identifier(id.description)
        case .operation(let index): inft = "the INFT that operation \(index) mints"
        }
        return [
            "Offer licenses on \(inft) under the terms \(names.identifier(terms.description))",
            price.map { "Price: " + names.amount($0, behind: terms.bytes, "the terms' asset") }
                ?? "Price: the fee of the terms",
            supply.map { "At most \($0) licenses" } ?? "Any number of licenses",
            buyer.map { "Only to \(names.party($0))" } ?? "To anyone whom the terms admit",
            expiresAt.map { "Until \(names.time($0))" } ?? "Until canceled",
        ]
            + (delivery.map { delivery in
                [
                    "Begin to deliver within \(DurationText.exact(milliseconds: delivery.beginWithinMilliseconds)) of each purchase, or it is "
                        + "refunded",
                    delivery.disputeWindowMilliseconds == 0
                        ? "Payments are distributed at once on delivery"
                        : "Payments are held for \(DurationText.exact(milliseconds: delivery.disputeWindowMilliseconds)) after delivery, if consents let "
                            + "arbiters see the content",
                ]
            } ?? [])
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(7)
        writer.write(inft)
        writer.write(terms)
        writer.write(price)
        writer.write(supply)
        writer.write(buyer)
        writer.write(expiresAt)
        writer.write(delivery)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 7) { (reader) throws(EncodingFailure) in
            CreateOffer(
                inft: try reader.value("inft"), terms: try reader.value("terms"),
                price: try reader.optional("price"), supply: try reader.optional("supply"),
                buyer: try reader.optional("buyer"), expiresAt: try reader.optional("expiresAt"),
                delivery: try reader.optional("delivery"))
        }
    }
}
