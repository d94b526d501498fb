public import Encoding
import INFTs
import Identities
public import Primitives
import Revenue
public import StateModel

/// Buys a license. Of open content it is active, and paid out to vaults, in its own block.
/// `[offer, maximumPrice, maximumRevenueShare, use]`
public struct PurchaseLicense: DomainOperation {
    public static let name = "license.purchase"

    public let offer: Reference<OfferKind>
    /// The most the buyer pays, in smallest units of the offer's asset.
    public let maximumPrice: Amount
    /// The most that a derivative may have to share.
    public let maximumRevenueShare: PartsPerMillion
    public let use: StatedUse

    public init(
        offer: Reference<OfferKind>, maximumPrice: Amount, maximumRevenueShare: PartsPerMillion, use: StatedUse
    ) {
        self.offer = offer
        self.maximumPrice = maximumPrice
        self.maximumRevenueShare = maximumRevenueShare
        self.use = use
    }

    /// Offer, terms, INFT, credentials, consent set, balance, vault, totals and what is written; and the decisions
    /// that the stated use asks of a consent set.
    public var weight: UInt64 {
        10 + 4 * 26 + 10 * UInt64(max(1, use.territories.texts.count)) * (use.trainsModels ? 2 : 1)
    }

    public struct Plan {
        let offer: OfferRecord
        let license: LicenseRecord
        let isExclusive: Bool
    }

    public func check(in context: OperationContext) throws(Refusal) -> Plan {
        let state = context.state
        let time = context.block.time
        let buyer = context.actor
        try Parties.requireKnown(buyer, field: "", in: state)
        try Authority.require(buyer, for: .licensing, in: context, field: "")
        let id = try state.resolve(offer, in: context, domain: .licenses, field: "offer")
        let open = try OpenOffer(id, field: "offer", at: time, in: state)
        try Purchase.checkBuyer(buyer, open)
        try Purchase.checkLimits(open, maximumPrice: maximumPrice, maximumRevenueShare: maximumRevenueShare)
        let expiresAt = open.expiry(from: time)
        try Admission.check(
            Admission.Case(terms: open.terms, inft: open.inft, licensee: buyer, use: use, expiresAt: expiresAt),
            at: time, in: state)
        try Purchase.checkExclusivity(open, in: state)
        try Purchase.checkPayment(open, by: buyer, in: context)
        var sold = open.offer
        sold.sold += 1
        if sold.sold == sold.supply { sold.closing = OfferClosing(reason: .soldOut, at: time) }
        let license = LicenseRecord(
            id: context.madeIdentifier(), inft: open.offer.inft, version: open.inft.versionCount, offer: id,
            terms: open.offer.terms, licensor: open.offer.seller,
            holders: [LicenseHolder(party: buyer, since: time)], asset: open.offer.asset, price: open.offer.price,
            use: use, purchasedAt: time, activeFrom: time, expiresAt: expiresAt)
        return Plan(offer: sold, license: license, isExclusive: open.terms.grant.isExclusive)
    }

    public func apply(_ plan: Plan, in context: OperationContext) throws(Refusal) {
        let license = plan.license
        context.state.set(LicenseKeys.offer(plan.offer.id), plan.offer)
        context.state.set(LicenseKeys.license(license.id), license)
        try LiveCount.add(license, isExclusive: plan.isExclusive, in: context.state)
        if let expiresAt = license.expiresAt {
            try LicenseDue.schedule(.licenseExpiry, license.id.bytes, at: expiresAt, in: context.state)
        }
        if let asset = license.asset, license.price > .zero {
            try Vaults.pay(
                license.price, of: asset, from: context.actor, into: license.inft, reason: .sale,
                memo: Hash(license.id.bytes), in: context)
        }
        context.emit(LicenseEvent.sold(LicenseSold(license)))
        if let closing = plan.offer.closing {
            context.emit(LicenseEvent.offerClosed(OfferClosed(plan.offer, closing.reason)))
        }
    }

    public func words(_ names: any NameResolver) -> [String] {
        let offer: String
        switch self.offer {
        case .id(let id): offer = names.identifier(id.description)
        case .operation(let index): offer = "that operation \(index) makes"
        }
        return [
            "Buy a license by the offer \(offer)",
            "Pay at most \(maximumPrice) smallest units of the offer's asset, at once and without return",
            "Share at most \(maximumRevenueShare.percentText) of the revenue of a derivative",
        ] + use.sentences
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(4)
        writer.write(offer)
        writer.write(maximumPrice)
        writer.write(maximumRevenueShare)
        writer.write(use)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 4) { (reader) throws(EncodingFailure) in
            PurchaseLicense(
                offer: try reader.value("offer"), maximumPrice: try reader.value("maximumPrice"),
                maximumRevenueShare: try reader.value("maximumRevenueShare"), use: try reader.value("use"))
        }
    }
}

/// The rules that buying and renewing share.
enum Purchase {
    static func checkBuyer(_ buyer: Party, _ open: OpenOffer) throws(Refusal) {
        if let directed = open.offer.buyer, directed != buyer {
            throw LicenseRejection.notTheBuyer.at("offer", "the offer is for \(directed) alone")
        }
    }

    static func checkLimits(
        _ open: OpenOffer, maximumPrice: Amount, maximumRevenueShare: PartsPerMillion
    ) throws(Refusal) {
        guard open.offer.price <= maximumPrice else {
            throw LicenseRejection.priceAboveMaximum.at(
                "maximumPrice", "the price is \(open.offer.price), the most accepted \(maximumPrice)",
                hint: "license_quote shows the price of today.")
        }
        let share = open.terms.commercial.revenueShare
        guard share <= maximumRevenueShare else {
            throw LicenseRejection.shareAboveMaximum.at(
                "maximumRevenueShare",
                "the terms ask \(share.percentText) of a derivative's revenue, the most accepted is "
                    + maximumRevenueShare.percentText)
        }
    }

    static func checkExclusivity(_ open: OpenOffer, in state: any StateReader) throws(Refusal) {
        let live = try LiveCount.read(open.offer.inft, in: state)
        if let exclusive = live.exclusive {
            throw LicenseRejection.exclusivelyLicensed.at(
                "offer", "\(open.offer.inft) is licensed exclusively by \(exclusive)", hint: "Wait until it ends.",
                retryable: true)
        }
        guard !open.terms.grant.isExclusive || live.count == 0 else {
            throw LicenseRejection.otherLicensesLive.at(
                "offer", "\(live.count) other licenses on \(open.offer.inft) are live", retryable: true)
        }
    }

    static func checkPayment(
        _ open: OpenOffer, by buyer: Party, in context: OperationContext
    ) throws(Refusal) {
        guard let asset = open.offer.asset, open.offer.price > .zero else { return }
        try Authority.require(buyer, for: .treasury, in: context, field: "maximumPrice")
        try Vaults.checkPay(open.offer.price, of: asset, from: buyer, into: open.offer.inft, in: context.state)
    }
}
