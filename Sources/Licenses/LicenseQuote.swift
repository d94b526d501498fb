import INFTs
public import Primitives
public import Revenue
import StateModel

/// One ancestor that a payment reaches.
public struct QuotedRoyalty: Codable, Hashable, Sendable {
    public let ancestor: INFTID
    public let owner: Party
    /// Of the whole payment.
    public let share: PartsPerMillion
    /// What the ancestor's terms ask of a direct derivative.
    public let agreed: PartsPerMillion
    public let policy: RoyaltyPolicy
    /// Whether less than that arrives: relative shares multiply along the path.
    public let isDiluted: Bool
    /// The most this link ever brings, in the asset of the price.
    public let ceiling: Amount?
    /// What this payment adds to what the ancestor may claim.
    public let amount: Amount
}

/// One holder of the INFT's vault.
public struct QuotedHolder: Codable, Hashable, Sendable {
    public let party: Party
    /// Of what the ancestors leave.
    public let share: PartsPerMillion
    public let amount: Amount
}

/// How a purchase of sealed content goes on.
public struct QuotedDelivery: Codable, Hashable, Sendable {
    /// What to fetch before buying.
    public let version: UInt64
    public let root: Hash
    /// Bytes of ciphertext.
    public let size: UInt64
    /// Not begun within this time, the purchase is refunded.
    public let beginWithinMilliseconds: UInt64
    /// How long the payment is held after delivery, for disputes or a trial; zero: it is distributed at once.
    public let heldMilliseconds: UInt64
    /// How long after delivery bad content can be disputed; zero: not at all, or a trial does as well.
    public let disputableMilliseconds: UInt64
    /// In the pool now: a dispute is raised only while a panel of three can be drawn of them.
    public let arbiters: UInt64
}

/// Whom an amount reaches that is paid into the INFT's vault, if it were the next payment.
public struct QuotedSplit: Codable, Hashable, Sendable {
    public let amount: Amount
    public let royalties: [QuotedRoyalty]
    public let holders: [QuotedHolder]
    /// amount − royalties − holders
    public let rounding: Amount

    public init(amount: Amount, royalties: [QuotedRoyalty], holders: [QuotedHolder], rounding: Amount) {
        self.amount = amount
        self.royalties = royalties
        self.holders = holders
        self.rounding = rounding
    }
}

/// What uses cost.
public struct QuotedUses: Codable, Hashable, Sendable {
    /// Uses that the price pays already.
    public let prepaid: UInt64
    /// What of the price is set aside for them; what is not used comes back.
    public let prepaidAmount: Amount
    /// What one use costs, prepaid or not, and whom it reaches.
    public let perUse: QuotedSplit
}

/// What is set aside for outcomes, and whom it would reach.
public struct QuotedOutcome: Codable, Hashable, Sendable {
    /// The terms that decide about it.
    public let price: OutcomePrice
    /// If it is paid; else all of it comes back.
    public let split: QuotedSplit
}

/// What a purchase would cost and where the money would go, before anyone signs.
public struct LicenseQuote: Codable, Hashable, Sendable {
    public let offer: OfferID
    public let inft: INFTID
    public let seller: Party
    public let termsID: TermsID
    public let terms: Terms
    public let asset: AssetID?
    public let price: Amount
    /// What of the price goes into the vault at once, or with the delivery; royalties and holders are of this.
    public let sale: Amount
    /// Nil where uses cost nothing.
    public let uses: QuotedUses?
    /// Beside the price; nil where nothing waits for outcomes.
    public let outcome: QuotedOutcome?
    /// What the buyer needs: the price, and what waits for outcomes.
    public let total: Amount
    /// What a derivative made of the license pays on.
    public let revenueShare: PartsPerMillion
    public let royalties: [QuotedRoyalty]
    /// Whom a derivative made of this license would owe, and how much of its revenue: what the link sets. Empty where
    /// the terms allow none.
    public let derivativeRoyalties: [RoyaltyEntry]
    public let holders: [QuotedHolder]
    /// Smallest units that wait in the vault until they make a whole one for somebody: sale − royalties − holders.
    public let rounding: Amount
    /// When a license bought now would end.
    public let expiresAt: Timestamp?
    /// Why it could not be renewed although its terms allow it: what consents ask of the named buyer for the stated use.
    /// Nil where nothing is known to stand against it.
    public let renewalObstacle: RenewalObstacle?
    /// How long the license could be given back for its price; nil: not at all, or the buyer had a trial of it before.
    public let trialMilliseconds: UInt64?
    /// How sealed content would be delivered; nil of open content, which is paid out at once.
    public let delivery: QuotedDelivery?
    /// Whether bad content could be shown to arbiters. Open content can be judged by all, and is paid out at once.
    public let isDisputable: Bool
    /// What stands against the named buyer's purchase; nil if nothing does, or no buyer was named.
    public let obstacle: String?
    /// The terms in plain sentences.
    public let sentences: [String]
}

enum Quote {
    static func make(
        _ id: OfferID, buyer: Party?, use: StatedUse, names: any NameResolver, at time: Timestamp,
        in state: any StateReader
    ) throws(Refusal) -> LicenseQuote {
        let open = try OpenOffer(id, field: "offer", at: time, in: state)
        let price = open.offer.price
        let sale = try split(open.saleAmount, open, in: state)
        guard let total = open.totalAmount else {
            throw LicenseRejection.priceAboveMaximum.at("offer", "the price exceeds what 64 bits hold")
        }
        var isDisputable = false
        if open.inft.latest.isSealed {
            isDisputable = try Disputability.isDisputable(open.inft, at: time, in: state)
        }
        let trial = try LicenseTrials.milliseconds(open, for: buyer, in: state)
        let derivatives =
            open.terms.derivatives.isAllowed
            ? try RoyaltyVector.entries(of: open.offer.inft, under: open.terms, in: state) : []
        return LicenseQuote(
            offer: id, inft: open.offer.inft, seller: open.offer.seller, termsID: open.offer.terms,
            terms: open.terms, asset: open.offer.asset, price: price,
            sale: sale.amount, uses: try uses(open, in: state), outcome: try outcome(open, in: state),
            total: total, revenueShare: open.terms.commercial.revenueShare, royalties: sale.royalties,
            derivativeRoyalties: derivatives, holders: sale.holders, rounding: sale.rounding,
            expiresAt: open.expiry(from: time),
            renewalObstacle: try buyer.flatMap { (buyer) throws(Refusal) in
                try renewalObstacle(open, buyer: buyer, use: use, at: time, in: state)
            }, trialMilliseconds: trial,
            delivery: try delivery(open, isDisputable: isDisputable, trial: trial ?? 0, in: state),
            isDisputable: isDisputable,
            obstacle: try buyer.flatMap { (buyer) throws(Refusal) in
                try obstacle(open, buyer: buyer, use: use, at: time, in: state)
            },
            sentences: open.terms.sentences(names) + dilution(sale.royalties, derivatives, of: open, names))
    }

    /// A purchase that consents deny is refused; one that they ask answers for is answered with its delivery, and not renewed.
    private static func renewalObstacle(
        _ open: OpenOffer, buyer: Party, use: StatedUse, at time: Timestamp, in state: any StateReader
    ) throws(Refusal) -> RenewalObstacle? {
        guard open.terms.grant.isRenewable else { return nil }
        let found = try RenewalObstacle.consents(
            behind: open.inft, about: use, by: buyer, from: time, until: open.latestExpiry(from: time), in: state)
        return found == .consentsAsk ? found : nil
    }

    /// Says of every ancestor, of this INFT and of a derivative made of the license, where less arrives than it agreed.
    private static func dilution(
        _ royalties: [QuotedRoyalty], _ derivatives: [RoyaltyEntry], of open: OpenOffer, _ names: any NameResolver
    ) -> [String] {
        let here = royalties.filter(\.isDiluted).map { royalty in
            "Diluted: \(names.identifier(royalty.ancestor.description)) asks \(royalty.agreed.percentText) of a direct "
                + "derivative; of this payment it gets \(royalty.share.percentText)."
        }
        let further = derivatives.filter(\.isDiluted).map { entry in
            "Diluted: \(names.identifier(entry.ancestor.description)) asks \(entry.agreed.percentText) of a direct "
                + "derivative; of a derivative made of this license it gets \(entry.share.percentText)."
        }
        return here + further
    }

    private static func split(
        _ amount: Amount, _ open: OpenOffer, in state: any StateReader
    ) throws(Refusal) -> QuotedSplit {
        try shares(of: amount, open.offer.asset, open.offer.inft, in: state)
    }

    private static func outcome(_ open: OpenOffer, in state: any StateReader) throws(Refusal) -> QuotedOutcome? {
        guard let price = open.terms.payment.outcome else { return nil }
        return QuotedOutcome(price: price, split: try split(price.amount, open, in: state))
    }

    private static func uses(_ open: OpenOffer, in state: any StateReader) throws(Refusal) -> QuotedUses? {
        let payment = open.terms.payment
        guard payment.isMetered else { return nil }
        return QuotedUses(
            prepaid: payment.prepaidUses, prepaidAmount: payment.quotaAmount,
            perUse: try split(payment.perUseFee, open, in: state))
    }

    private static func delivery(
        _ open: OpenOffer, isDisputable: Bool, trial: UInt64, in state: any StateReader
    ) throws(Refusal) -> QuotedDelivery? {
        guard case .sealed(let content) = open.inft.latest, let delivery = open.offer.delivery else { return nil }
        let window = isDisputable && open.saleAmount > .zero ? delivery.disputeWindowMilliseconds : 0
        return QuotedDelivery(
            version: open.inft.versionCount, root: content.root, size: content.size,
            beginWithinMilliseconds: delivery.beginWithinMilliseconds,
            heldMilliseconds: max(window, trial), disputableMilliseconds: window > trial ? window : 0,
            arbiters: try Arbiters.pool(in: state).enrolled)
    }

    /// Whom a payment into the vault reaches, to the unit.
    static func shares(
        of amount: Amount, _ asset: AssetID?, _ inft: INFTID, in state: any StateReader
    ) throws(Refusal) -> QuotedSplit {
        guard let asset, amount > .zero else {
            return QuotedSplit(amount: amount, royalties: [], holders: [], rounding: amount)
        }
        let (royalties, holders) = try split(amount, asset, inft, in: state)
        let left = (royalties.map(\.amount) + holders.map(\.amount)).reduce(amount) {
            $0.subtracting($1) ?? .zero
        }
        return QuotedSplit(amount: amount, royalties: royalties, holders: holders, rounding: left)
    }

    /// What `price` adds to what each may claim, by the vault's own arithmetic.
    private static func split(
        _ price: Amount, _ asset: AssetID, _ inft: INFTID, in state: any StateReader
    ) throws(Refusal) -> ([QuotedRoyalty], [QuotedHolder]) {
        let before = try Vaults.account(of: inft, asset, in: state)
        guard let total = before.total.adding(price) else {
            throw LicenseRejection.priceAboveMaximum.at("offer", "the vault can't take that much more")
        }
        let entries = try Vaults.royalties(of: inft, in: state)
        var royalties: [QuotedRoyalty] = []
        for entry in entries {
            let due = VaultArithmetic.due(entry, of: total).units - VaultArithmetic.due(entry, of: before.total).units
            royalties.append(
                QuotedRoyalty(
                    ancestor: entry.ancestor,
                    owner: try INFTRegistry.requireKnown(entry.ancestor, field: "offer", in: state).owner,
                    share: entry.share, agreed: entry.agreed, policy: entry.policy, isDiluted: entry.isDiluted,
                    ceiling: entry.ceiling, amount: Amount(due)))
        }
        let rest = Amount(net(of: total, entries) - net(of: before.total, entries))
        let holders = try Vaults.holders(of: inft, in: state).map { holder in
            QuotedHolder(party: holder.party, share: holder.share, amount: rest.portion(holder.share))
        }
        return (royalties, holders)
    }

    /// What holders are due of a total: the exact sum of the royalties is taken off before rounding down.
    private static func net(of total: Amount, _ entries: [RoyaltyEntry]) -> UInt64 {
        let million: UInt128 = 1_000_000
        let taken = entries.reduce(UInt128(0)) { sum, entry in
            let share = UInt128(entry.share.parts) * UInt128(total.units)
            return sum + (entry.ceiling.map { min(share, UInt128($0.units) * million) } ?? share)
        }
        return UInt64((UInt128(total.units) * million - taken) / million)
    }

    private static func obstacle(
        _ open: OpenOffer, buyer: Party, use: StatedUse, at time: Timestamp, in state: any StateReader
    ) throws(Refusal) -> String? {
        do throws(Refusal) {
            try Purchase.checkBuyer(buyer, open)
            try Admission.check(
                Admission.Case(
                    terms: open.terms, inft: open.inft, licensee: buyer, use: use,
                    expiresAt: open.latestExpiry(from: time),
                    demand: open.inft.latest.isSealed ? .noDenial : .permit),
                at: time, in: state)
            try Purchase.checkExclusivity(open, in: state)
            if let asset = open.offer.asset, let total = open.totalAmount, total > .zero {
                try Vaults.checkPay(total, of: asset, from: buyer, into: open.offer.inft, in: state)
            }
            return nil
        } catch {
            guard case .rejected(let rejection) = error else { throw error }
            return rejection.description
        }
    }
}

/// Names as a node knows them: none. Assets have codes.
struct PlainNames: NameResolver {
    let state: any StateReader

    func party(_ party: Party) -> String { party.description }

    func amount(_ amount: Amount, of asset: AssetID) -> String {
        (try? Assets.record(asset, in: state))?.text(amount) ?? "\(amount) of \(asset)"
    }

    func identifier(_ text: String) -> String { text }
    func time(_ time: Timestamp) -> String { "\(time) (Unix milliseconds)" }
}
