import Consents
import Cryptography
public import Encoding
public import INFTs
import Identities
public import Primitives
import Revenue
public import StateModel

/// The licensee lets another use the work under a part of what they have; both sides sign, and the sublicensee pays.
/// `[license, to, use, seats?, expiresAt?, price, delivery?]`
///
/// Of the price the vault gets what the license itself cost (nothing where the sublicense has seats of it, which were paid
/// for), and of what is asked beyond that the revenue share of the terms; the rest is the licensee's.
public struct SublicenseLicense: DomainOperation {
    public static let name = "license.sublicense"

    /// The license above.
    public let license: LicenseID
    public let to: Party
    /// Within that of the license above.
    public let use: StatedUse
    /// Of the seats of the license above; exactly where it has some.
    public let seats: UInt64?
    /// Nil: with the license above as it ends today.
    public let expiresAt: Timestamp?
    /// In smallest units of the asset of the license above.
    public let price: Amount
    /// What the sublicensee brings, exactly where the licensed version is sealed.
    public let delivery: DeliveryRequest?

    public init(
        license: LicenseID, to: Party, use: StatedUse, seats: UInt64? = nil, expiresAt: Timestamp? = nil,
        price: Amount = .zero, delivery: DeliveryRequest? = nil
    ) {
        self.license = license
        self.to = to
        self.use = use
        self.seats = seats
        self.expiresAt = expiresAt
        self.price = price
        self.delivery = delivery
    }

    /// As of a purchase and of a transfer: the chain above, its holders' credentials, consents, two payments.
    public var weight: UInt64 {
        10 + 4 * 48 + INFTsWeights.standing + ConsentGate.weight(of: use)
            + UInt64(LicenseLimits.sublicenseDepth + 1) * Admission.weight
            + (delivery == nil ? 0 : 4 * 8 + INFTsWeights.keyProof + Disputability.weight)
    }

    public struct Plan {
        let above: LicenseRecord
        let license: LicenseRecord
        let delivery: DeliveryRecord?
    }

    public func check(in context: OperationContext) throws(Refusal) -> Plan {
        let state = context.state
        let time = context.block.time
        let above = try LicenseAct.held(license, in: context)
        try LicenseAct.requireNoDelivery(above)
        try LicenseTrials.requireOver(above, at: time, hint: "Sublicense it once the trial is over.")
        let terms = try LicenseLedger.storedTerms(above.terms, in: state)
        let depth = try requireAllowed(above, terms)
        try Parties.requireKnown(to, field: "to", in: state)
        guard to != above.licensee else {
            throw LicenseRejection.invalidBuyer.at("to", "\(to) holds the license itself")
        }
        try Authority.require(to, for: .licensing, in: context, field: "to")
        _ = try LicenseCheck.requireUsable(above, at: time, in: state)
        let inft = try INFTRegistry.requireActive(above.inft, field: "license", in: state)
        if let field = use.field(widerThan: above.use) {
            throw LicenseRejection.widerThanLicense.at(
                "use.\(field)", "the license \(license) does not cover it",
                hint: "Leave the use out to pass on that of the license.")
        }
        let end = try self.end(above, at: time)
        let seats = try self.seats(above, terms)
        let split = try SublicensePrice(price, above, terms, in: state)
        if let asset = above.asset, price > .zero {
            try Authority.require(to, for: .treasury, in: context, field: "to")
            try Vaults.checkPay(price, of: asset, from: to, into: above.inft, in: state)
        }
        try Admission.check(
            Admission.Case(
                terms: terms, inft: inft, licensee: to, use: use, expiresAt: end,
                demand: above.delivery == nil ? .permit : .noDenial),
            at: time, in: state)
        let id: LicenseID = context.madeIdentifier()
        let delivery = try self.delivery(id, above, inft, in: context)
        var next = above
        next.sublicenses += 1
        next.seatsTaken += seats ?? 0
        guard let shared = next.shared.adding(split.share) else {
            throw LicenseRejection.priceAboveMaximum.at("price", "the license can't count that much more")
        }
        next.shared = shared
        return Plan(
            above: next,
            license: LicenseRecord(
                id: id, inft: above.inft, version: delivery?.version ?? above.version, offer: above.offer,
                terms: above.terms, licensor: above.licensee, holders: [LicenseHolder(party: to, since: time)],
                asset: above.asset, price: price, use: use, purchasedAt: time,
                activeFrom: delivery == nil ? time : nil, expiresAt: end, openDelivery: delivery?.id,
                under: Sublicense(
                    license: above.id, depth: depth, seats: seats, fee: split.fee, share: split.share)),
            delivery: delivery)
    }

    private func requireAllowed(_ above: LicenseRecord, _ terms: Terms) throws(Refusal) -> UInt64 {
        guard terms.grant.isSublicensable else {
            throw LicenseRejection.notSublicensable.at("license", "the terms do not allow sublicenses")
        }
        let depth = (above.under?.depth ?? 0) + 1
        guard depth <= LicenseLimits.sublicenseDepth else {
            throw LicenseRejection.notSublicensable.at(
                "license", "it is a sublicense of depth \(depth - 1), and \(LicenseLimits.sublicenseDepth) is the most")
        }
        return depth
    }

    private func end(_ above: LicenseRecord, at time: Timestamp) throws(Refusal) -> Timestamp? {
        guard let expiresAt else { return above.expiresAt }
        guard expiresAt > time, expiresAt <= .maximum else {
            throw LicenseRejection.invalidExpiry.at("expiresAt", "\(expiresAt) is not after the block's time \(time)")
        }
        if let latest = above.expiresAt, expiresAt > latest {
            throw LicenseRejection.widerThanLicense.at("expiresAt", "the license \(license) ends at \(latest)")
        }
        return expiresAt
    }

    private func seats(_ above: LicenseRecord, _ terms: Terms) throws(Refusal) -> UInt64? {
        guard let most = above.seats(terms) else {
            guard seats == nil else {
                throw LicenseRejection.withoutSeats.at("seats", "the terms count no seats; leave them out")
            }
            return nil
        }
        guard let seats, seats > 0 else {
            throw LicenseRejection.widerThanLicense.at(
                "seats", "the license has \(most) seats", hint: "Say how many of them the sublicense has.")
        }
        guard seats <= most, above.seatsTaken <= most - seats else {
            let free = most - min(most, above.seatsTaken)
            throw LicenseRejection.seatsTaken.at(
                "seats", "\(seats) are asked for, and \(free) of the license's \(most) seats are free",
                hint: seats > most
                    ? "A sublicense has at most as many seats as the license above."
                    : "Ask fewer, or release some of the license.")
        }
        return seats
    }

    /// What the licensee is to deliver; nil where the content is open. It is the version that was delivered to them last.
    private func delivery(
        _ id: LicenseID, _ above: LicenseRecord, _ inft: INFTRecord, in context: OperationContext
    ) throws(Refusal) -> DeliveryRecord? {
        guard let held = above.delivery else {
            guard delivery == nil else {
                throw LicenseRejection.deliveryUnneeded.at("delivery", "the licensed content is open")
            }
            return nil
        }
        guard let request = delivery else {
            throw LicenseRejection.deliveryNeeded.at(
                "delivery", "the licensed content is sealed",
                hint: "The sublicensee names a fresh sealing key, with possession and fetched root.")
        }
        let state = context.state
        let time = context.block.time
        let number = try Deliveries.require(held, field: "license", in: state).version
        try Deliveries.check(
            request, act: .license, inft: above.inft,
            version: LicenseDelivery.version(number, of: above.inft, in: state), by: to, field: "delivery", in: context)
        var payment: DeliveryPayment?
        if let asset = above.asset, price > .zero {
            let window = try LicenseLedger.offer(above.offer, in: state)?.delivery?.disputeWindowMilliseconds ?? 0
            let isDisputable = try Disputability.isDisputable(inft, at: time, in: state)
            payment = DeliveryPayment(asset: asset, amount: price, windowMilliseconds: isDisputable ? window : 0)
        }
        return DeliveryRecord(
            id: DeliveryID(id.bytes), act: .license, inft: above.inft, version: number, license: id,
            from: above.licensee, to: to, sealingKey: request.sealingKey, requestedAt: time,
            beginBy: time.adding(milliseconds: LicenseLimits.onwardMilliseconds), payment: payment)
    }

    public func apply(_ plan: Plan, in context: OperationContext) throws(Refusal) {
        let license = plan.license
        context.state.set(LicenseKeys.license(self.license), plan.above)
        context.state.set(LicenseKeys.license(license.id), license)
        try LiveCount.addSublicense(license, in: context.state)
        context.emit(LicenseEvent.sublicensed(LicenseSublicensed(license, under: self.license)))
        guard let delivery = plan.delivery else {
            if let expiresAt = license.expiresAt {
                try LicenseDue.schedule(.licenseExpiry, license.id.bytes, at: expiresAt, in: context.state)
            }
            return try pay(license, in: context)
        }
        if let payment = delivery.payment {
            try Vaults.openAccount(of: license.inft, payment.asset, in: context)
            try Reserves.put(
                payment.amount, of: payment.asset, from: to, kind: .escrow, for: license.id.bytes, in: context)
        }
        try LicenseAct.request(delivery, in: context)
    }

    private func pay(_ license: LicenseRecord, in context: OperationContext) throws(Refusal) {
        guard let asset = license.asset, let under = license.under else { return }
        let margin = under.margin(of: price)
        let due = Amount(price.units - margin.units)
        let reference = Hash(license.id.bytes)
        if due > .zero {
            try Vaults.pay(due, of: asset, from: to, into: license.inft, reason: .sale, memo: reference, in: context)
        }
        if margin > .zero {
            try Balances.move(
                margin, of: asset, from: to, to: license.licensor, reference: reference, in: context)
        }
    }

    public func words(_ names: any NameResolver) -> [String] {
        [
            "Sublicense \(names.identifier(license.description)) to \(names.party(to)), who signs too",
            "\(names.party(to)) pays \(names.amount(price, behind: license.bytes, "the license's asset")): what the license cost and the "
                + "revenue share of its terms into the vault, the rest to the licensee",
            expiresAt.map { "Until \(names.time($0))" } ?? "Until the license ends",
        ] + (seats.map { ["With \($0) of its seats"] } ?? []) + use.sentences
            + (delivery == nil ? [] : ["The licensee then delivers the content key"])
            + ["It ends with the license above it, whatever ends that, and without money back"]
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(7)
        writer.write(license)
        writer.write(to)
        writer.write(use)
        writer.write(seats)
        writer.write(expiresAt)
        writer.write(price)
        writer.write(delivery)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 7) { (reader) throws(EncodingFailure) in
            SublicenseLicense(
                license: try reader.value("license"), to: try reader.value("to"), use: try reader.value("use"),
                seats: try reader.optional("seats"), expiresAt: try reader.optional("expiresAt"),
                price: try reader.value("price"), delivery: try reader.optional("delivery"))
        }
    }
}

/// Where the price of a sublicense goes, by the terms and the license above.
struct SublicensePrice {
    /// What one more licensee costs: the vault gets it as it did of the license above.
    let fee: Amount
    /// Of what is asked beyond, what the terms share: into the vault too.
    let share: Amount

    static func least(_ above: LicenseRecord, _ terms: Terms) -> Amount {
        // Prepaid uses are the licensee's own.
        let sale = above.price.subtracting(terms.payment.quotaAmount) ?? .zero
        return above.under?.fee ?? (terms.grant.seats == nil ? sale : .zero)
    }

    init(
        _ price: Amount, _ above: LicenseRecord, _ terms: Terms, in state: any StateReader
    ) throws(Refusal) {
        fee = Self.least(above, terms)
        guard let beyond = price.subtracting(fee) else {
            func text(_ amount: Amount) -> String {
                above.asset.map { PlainNames(state: state).amount(amount, of: $0) } ?? "\(amount)"
            }
            throw LicenseRejection.priceBelowFee.at(
                "price",
                "\(text(price)) is below \(text(fee)), which the license above cost without prepaid uses: the vault is paid for "
                    + "each licensee")
        }
        guard beyond > .zero else {
            share = .zero
            return
        }
        guard above.asset != nil else {
            throw LicenseRejection.priceWithoutAsset.at("price", "the terms name no asset")
        }
        guard terms.commercial.isAllowed, above.use.isCommercial else {
            throw LicenseRejection.commercialUseNotAllowed.at(
                "price", "the license is not for commercial use, so nothing may be earned by sublicenses",
                hint: "Ask the least, which the vault gets; license_quoteSublicense tells it.")
        }
        var share = beyond.portion(terms.commercial.revenueShare)
        if let ceiling = terms.commercial.revenueCeiling {
            share = min(share, ceiling.subtracting(above.shared) ?? .zero)
        }
        self.share = share
    }
}
