import Consents
import Cryptography
public import Encoding
public import INFTs
import Identities
public import Primitives
import Revenue
public import StateModel

/// Buys a license. Of open content it is active, and paid out to vaults, in its own block. Of sealed content it is pending,
/// and its price in escrow, until the content is delivered.
/// `[offer, maximumPrice, maximumRevenueShare, use, delivery?, buyer?]`
public struct PurchaseLicense: DomainOperation {
    public static let name = "license.purchase"

    public let offer: Reference<OfferKind>
    /// The most the buyer pays, in smallest units of the offer's asset.
    public let maximumPrice: Amount
    /// The most that a derivative may have to share.
    public let maximumRevenueShare: PartsPerMillion
    public let use: StatedUse
    /// Exactly where the INFT's newest version is sealed.
    public let delivery: DeliveryRequest?
    /// Nil: the actor. Another needs to sign, or to have given a signer its mandate.
    public let buyer: Party?

    public init(
        offer: Reference<OfferKind>, maximumPrice: Amount, maximumRevenueShare: PartsPerMillion, use: StatedUse,
        delivery: DeliveryRequest? = nil, buyer: Party? = nil
    ) {
        self.offer = offer
        self.maximumPrice = maximumPrice
        self.maximumRevenueShare = maximumRevenueShare
        self.use = use
        self.delivery = delivery
        self.buyer = buyer
    }

    /// Offer, terms, INFT, credentials, consent set, balance, vault, totals and what is written; the decisions that the
    /// stated use asks of a consent set, and one on disputes; possession of the sealing key.
    public var weight: UInt64 {
        10 + 4 * 41 + INFTsWeights.standing + ConsentGate.weight(of: use) + Admission.weight
            + (delivery == nil ? 0 : INFTsWeights.keyProof + 4 * 8 + Disputability.weight)
            + (buyer == nil ? 0 : Mandates.weight)
    }

    public struct Plan {
        let offer: OfferRecord
        let license: LicenseRecord
        let isTrial: Bool
        let terms: Terms
        let delivery: DeliveryRecord?
        let mandate: MandateUse?
    }

    public func check(in context: OperationContext) throws(Refusal) -> Plan {
        let state = context.state
        let time = context.block.time
        let buyer = self.buyer ?? context.actor
        try Parties.requireKnown(buyer, field: "buyer", in: state)
        let id = try state.resolve(offer, in: context, domain: .licenses, field: "offer")
        let open = try OpenOffer(id, field: "offer", at: time, in: state)
        let mandate = try Authority.require(
            buyer, for: .licensing, orMandate: .purchaseLicense, spending: Purchase.spending(open), in: context,
            field: "buyer")
        try Purchase.checkBuyer(buyer, open)
        try Purchase.checkLimits(
            open, open.totalAmount, maximumPrice: maximumPrice, maximumRevenueShare: maximumRevenueShare, in: state)
        let expiresAt = open.expiry(from: time)
        try Admission.check(
            Admission.Case(
                terms: open.terms, inft: open.inft, licensee: buyer, use: use,
                expiresAt: open.latestExpiry(from: time), demand: open.inft.latest.isSealed ? .noDenial : .permit),
            at: time, in: state)
        try Purchase.checkExclusivity(open, in: state)
        try Purchase.checkPayment(open, open.totalAmount, by: buyer, isMandated: mandate != nil, in: context)
        let license: LicenseID = context.madeIdentifier()
        let delivery = try Purchase.delivery(self.delivery, open, of: license, to: buyer, in: context)
        var sold = open.offer
        sold.sold += 1
        if sold.sold == sold.supply { sold.closing = OfferClosing(reason: .soldOut, at: time) }
        let isPending = delivery != nil
        let trial = try LicenseTrials.milliseconds(open, for: buyer, in: state)
        let trialUntil = isPending ? nil : trial.map { min(time.adding(milliseconds: $0), expiresAt ?? .maximum) }
        return Plan(
            offer: sold,
            license: LicenseRecord(
                id: license, inft: open.offer.inft, version: open.inft.versionCount, offer: id,
                terms: open.offer.terms, licensor: open.offer.seller,
                holders: [LicenseHolder(party: buyer, since: time)], asset: open.offer.asset,
                price: open.offer.price, use: use, purchasedAt: time, activeFrom: isPending ? nil : time,
                expiresAt: isPending ? nil : expiresAt, openDelivery: delivery?.id, trialUntil: trialUntil),
            isTrial: trial != nil, terms: open.terms, delivery: delivery, mandate: mandate)
    }

    public func apply(_ plan: Plan, in context: OperationContext) throws(Refusal) {
        let license = plan.license
        try Mandates.use(plan.mandate, in: context)
        context.state.set(LicenseKeys.offer(plan.offer.id), plan.offer)
        context.state.set(LicenseKeys.license(license.id), license)
        try LiveCount.add(license, isExclusive: plan.terms.grant.isExclusive, in: context.state)
        if plan.isTrial { try LicenseTrials.note(license, in: context.state) }
        let payment = plan.terms.payment
        try Metering.prepay(payment.prepaidUses, of: license, plan.terms, by: license.buyer, in: context)
        try OutcomePrices.setAside(license, plan.terms, by: license.buyer, in: context)
        if license.activeFrom != nil { try OutcomePrices.start(license, plan.terms, in: context) }
        if let delivery = plan.delivery {
            Deliveries.open(delivery, in: context)
            try LicenseDue.schedule(.deliveryBegin, delivery.id.bytes, at: delivery.beginBy, in: context.state)
            if let payment = delivery.payment {
                try Vaults.openAccount(of: license.inft, payment.asset, in: context)
                try Reserves.put(
                    payment.amount, of: payment.asset, from: license.buyer, kind: .escrow, for: license.id.bytes,
                    in: context)
            }
            context.emit(LicenseEvent.bought(LicenseSold(license)))
        } else {
            if let expiresAt = license.expiresAt {
                try LicenseDue.schedule(.licenseExpiry, license.id.bytes, at: expiresAt, in: context.state)
            }
            try pay(license, license.price.subtracting(payment.quotaAmount) ?? .zero, in: context)
            context.emit(LicenseEvent.sold(LicenseSold(license)))
        }
        if let closing = plan.offer.closing {
            context.emit(LicenseEvent.offerClosed(OfferClosed(plan.offer, closing.reason)))
        }
    }

    /// What open content costs beside its prepaid uses: into the vault at once, or held until the trial is over.
    private func pay(_ license: LicenseRecord, _ sale: Amount, in context: OperationContext) throws(Refusal) {
        guard let asset = license.asset, sale > .zero else { return }
        guard let trialUntil = license.trialUntil else {
            return try Vaults.pay(
                sale, of: asset, from: license.buyer, into: license.inft, reason: .sale,
                memo: Hash(license.id.bytes), in: context)
        }
        try Vaults.openAccount(of: license.inft, asset, in: context)
        try Reserves.put(
            sale, of: asset, from: license.buyer, kind: .held, for: license.id.bytes, in: context)
        try LicenseDue.schedule(.trial, license.id.bytes, at: trialUntil, in: context.state)
    }

    public func words(_ names: any NameResolver) -> [String] {
        let offer: String
        var known: Bytes32?
        switch self.offer {
        case .id(let id):
            known = id.bytes
            offer = names.identifier(id.description)
        case .operation(let index): offer = "that operation \(index) makes"
        }
        let most = names.amount(maximumPrice, behind: known, "the offer's asset")
        return [
            "Buy a license by the offer \(offer)" + (buyer.map { ", for \(names.party($0)) and with its money" } ?? ""),
            delivery == nil
                ? "Pay at most \(most); back only within a trial, if the terms give one"
                : "Set aside at most \(most): paid on delivery, else refunded",
            "Share at most \(maximumRevenueShare.percentText) of the revenue of a derivative",
        ] + (delivery.map { ["You have fetched the ciphertext with the root \($0.fetchedRoot)"] } ?? [])
            + use.sentences
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(6)
        writer.write(offer)
        writer.write(maximumPrice)
        writer.write(maximumRevenueShare)
        writer.write(use)
        writer.write(delivery)
        writer.write(buyer)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 6) { (reader) throws(EncodingFailure) in
            PurchaseLicense(
                offer: try reader.value("offer"), maximumPrice: try reader.value("maximumPrice"),
                maximumRevenueShare: try reader.value("maximumRevenueShare"), use: try reader.value("use"),
                delivery: try reader.optional("delivery"), buyer: try reader.optional("buyer"))
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
        _ open: OpenOffer, _ amount: Amount?, maximumPrice: Amount, maximumRevenueShare: PartsPerMillion,
        in state: any StateReader
    ) throws(Refusal) {
        guard let amount, amount <= maximumPrice else {
            func text(_ amount: Amount) -> String {
                open.offer.asset.map { PlainNames(state: state).amount(amount, of: $0) } ?? "\(amount)"
            }
            let outcome = open.terms.payment.outcome.map { ", and \(text($0.amount)) that waits for outcomes" } ?? ""
            throw LicenseRejection.priceAboveMaximum.at(
                "maximumPrice",
                "the price is \(text(open.offer.price))\(outcome), the most accepted \(text(maximumPrice))",
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
        if open.terms.grant.isExclusive { try Groups.requireUngrouped(open.offer.inft, field: "offer", in: state) }
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

    /// What a purchase takes from its buyer; nil where it is free.
    static func spending(_ open: OpenOffer) -> MandateLimit? {
        guard let asset = open.offer.asset, let amount = open.totalAmount, amount > .zero else { return nil }
        return MandateLimit(asset: asset, amount: amount)
    }

    /// - Parameter isMandated: a mandate with a limit stands for the signatures of who decides about the buyer's money.
    static func checkPayment(
        _ open: OpenOffer, _ amount: Amount?, by buyer: Party, isMandated: Bool = false, in context: OperationContext
    ) throws(Refusal) {
        guard let asset = open.offer.asset, let amount, amount > .zero else { return }
        if !isMandated { try Authority.require(buyer, for: .treasury, in: context, field: "maximumPrice") }
        try Vaults.checkPay(amount, of: asset, from: buyer, into: open.offer.inft, in: context.state)
    }

    /// What is to be delivered for the purchase of `license`; nil where the content is open. The version is the newest,
    /// which the buyer has fetched.
    static func delivery(
        _ request: DeliveryRequest?, _ open: OpenOffer, of license: LicenseID, to buyer: Party,
        in context: OperationContext
    ) throws(Refusal) -> DeliveryRecord? {
        guard open.inft.latest.isSealed, let times = open.offer.delivery else {
            guard request == nil else {
                throw LicenseRejection.deliveryUnneeded.at(
                    "delivery", "the content of \(open.inft.id) is open; leave the delivery out")
            }
            return nil
        }
        guard let request else {
            throw LicenseRejection.deliveryNeeded.at(
                "delivery", "the content of \(open.inft.id) is sealed",
                hint: "Fetch the ciphertext, make a fresh sealing key, and carry key, possession and root.")
        }
        let version = try LicenseDelivery.version(open.inft.versionCount, of: open.inft.id, in: context.state)
        try Deliveries.check(
            request, act: .license, inft: open.inft.id, version: version, by: buyer, field: "delivery", in: context)
        let isDisputable = try Disputability.isDisputable(open.inft, at: context.block.time, in: context.state)
        let payment = open.offer.asset.flatMap { asset in
            open.saleAmount == .zero
                ? nil
                : DeliveryPayment(
                    asset: asset, amount: open.saleAmount,
                    windowMilliseconds: isDisputable ? times.disputeWindowMilliseconds : 0)
        }
        return DeliveryRecord(
            id: DeliveryID(license.bytes), act: .license, inft: open.inft.id, version: version.number,
            license: license, from: open.inft.owner, to: buyer, sealingKey: request.sealingKey,
            requestedAt: context.block.time,
            beginBy: context.block.time.adding(milliseconds: times.beginWithinMilliseconds), payment: payment)
    }
}
