import Consents
import Cryptography
import INFTs
import Identities
import Primitives
import Revenue
import StateModel

/// The rules by which licenses use ``Deliveries``: who delivers, what must hold when they begin, what completion and
/// failure mean for license and money.
enum LicenseDelivery {
    /// A delivery of a license that has not ended, and its license.
    static func open(
        _ id: DeliveryID, in state: any StateReader
    ) throws(Refusal) -> (delivery: DeliveryRecord, license: LicenseRecord) {
        let delivery = try Deliveries.require(id, field: "delivery", in: state)
        guard let license = delivery.license else {
            throw LicenseRejection.noLicenseDelivery.at(
                "delivery", "\(id) is the transfer of an INFT, or made for an arbiter",
                hint: "Use inft.beginTransfer and inft.completeTransfer, or dispute.beginShow and dispute.completeShow."
            )
        }
        try Deliveries.requireOpen(delivery, field: "delivery")
        return (delivery, try stored(license, in: state))
    }

    private static func stored(_ id: LicenseID, in state: any StateReader) throws(Refusal) -> LicenseRecord {
        guard let license = try LicenseLedger.license(id, in: state) else {
            throw .failed(StateFailure("the license \(id) of a delivery is missing"))
        }
        return license
    }

    static func version(
        _ number: UInt64, of inft: INFTID, in state: any StateReader
    ) throws(Refusal) -> VersionRecord {
        guard let version = try INFTRegistry.version(number, of: inft, in: state) else {
            throw .failed(StateFailure("version \(number) of \(inft) is missing"))
        }
        return version
    }

    // MARK: Beginning

    /// Who would begin, from which custody, and what the release asks of consents.
    struct Ready {
        let deliverer: Party
        let custody: Custody
        let consentSet: ConsentSetID?
        let requests: [UseRequest]
        /// When what is released would end at the latest.
        let until: Timestamp?
    }

    /// Everything that must hold at `begin` but its signature, its commitment and the answers to needs: the terms, asked
    /// anew as at the purchase, the INFT, the license, the key.
    static func ready(
        _ delivery: DeliveryRecord, _ license: LicenseRecord, at time: Timestamp, in state: any StateReader
    ) throws(Refusal) -> Ready {
        let inft: INFTRecord
        if delivery.act == .license {
            guard license.ownState(at: time) == .pending else {
                throw LicenseRejection.licenseNotInForce.at("delivery", "the license waits for no delivery")
            }
            try LicenseCheck.requireAbove(license, at: time, in: state)
            inft = try INFTRegistry.requireActive(license.inft, field: "delivery", in: state)
        } else {
            inft = try LicenseCheck.requireUsable(license, version: delivery.version, at: time, in: state)
        }
        if let stale = try StaleVersion.of(inft, version: delivery.version, at: time, in: state) {
            throw LicenseRejection.consentDoesNotPermit.at(
                "delivery", stale.sentence, hint: "Let it be refunded; who wants the newer version buys that.")
        }
        let terms = try LicenseLedger.storedTerms(license.terms, in: state)
        let until = try self.until(delivery, license, terms, in: state)
        try Admission.check(
            Admission.Case(
                terms: terms, inft: inft, licensee: delivery.to, use: license.use, expiresAt: until,
                demand: .noDenial),
            at: time, in: state)
        let requests =
            inft.consentSet == nil
            ? []
            : ConsentGate.requests(
                for: license.use, by: delivery.to, from: delivery.requestedAt, until: until)
        let (deliverer, custody) = try self.custody(delivery, license, inft, in: state)
        // A licensee hands on from a custody of their own, but not what was erased meanwhile.
        try Erasures.requireNotErased(
            version(delivery.version, of: inft.id, in: state), of: inft.id, field: "delivery", in: state)
        return Ready(
            deliverer: deliverer, custody: custody, consentSet: inft.consentSet, requests: requests, until: until)
    }

    /// The latest end of what is released. Known as soon as the delivery is asked for, so that answers can be signed
    /// before a block's time is known.
    static func until(
        _ delivery: DeliveryRecord, _ license: LicenseRecord, _ terms: Terms, in state: any StateReader
    ) throws(Refusal) -> Timestamp? {
        guard delivery.act == .license, license.under == nil else { return license.expiresAt }
        return terms.expiry(
            from: delivery.beginBy.adding(milliseconds: INFTsLimits.completeMilliseconds),
            notAfter: try LicenseLedger.link(of: license.inft, in: state)?.expiresAt)
    }

    /// The owner of today delivers a purchase or a newer version; a licensee hands on what was delivered to them, with the
    /// license or under it.
    static func deliverer(
        _ delivery: DeliveryRecord, _ license: LicenseRecord, in state: any StateReader
    ) throws(Refusal) -> Party {
        if delivery.act == .licenseTransfer { return license.licensee }
        if let above = try LicenseChain.above(license, in: state).first { return above.licensee }
        return try INFTRegistry.requireKnown(license.inft, field: "delivery", in: state).owner
    }

    /// Of the owner, if they hold that version's key.
    private static func custody(
        _ delivery: DeliveryRecord, _ license: LicenseRecord, _ inft: INFTRecord, in state: any StateReader
    ) throws(Refusal) -> (Party, Custody) {
        let deliverer = try deliverer(delivery, license, in: state)
        if delivery.act == .licenseTransfer { return (deliverer, try custody(of: license, in: state)) }
        if let above = try LicenseChain.above(license, in: state).first {
            return (deliverer, try custody(of: above, version: delivery.version, in: state))
        }
        let custody = try Deliveries.custody(
            of: delivery.version, of: inft.id, heldBy: deliverer, field: "delivery", in: state)
        return (deliverer, custody)
    }

    /// The same, if it is `version` still: meanwhile they may have got a newer one.
    private static func custody(
        of license: LicenseRecord, version: UInt64, in state: any StateReader
    ) throws(Refusal) -> Custody {
        let held = try license.delivery.flatMap { (id) throws(Refusal) in try Deliveries.record(id, in: state)?.version
        }
        guard held == version else {
            throw LicenseRejection.versionNotCovered.at(
                "delivery", "\(license.licensee) holds another version than \(version) by now",
                hint: "Have it refunded, and ask for the newer one.")
        }
        return try custody(of: license, in: state)
    }

    /// What the licensee of today can open.
    static func custody(of license: LicenseRecord, in state: any StateReader) throws(Refusal) -> Custody {
        guard let id = license.delivery, let custody = try Deliveries.record(id, in: state)?.custody else {
            throw .failed(StateFailure("the delivery behind the license \(license.id) is missing"))
        }
        return custody
    }

    // MARK: Completing

    /// Writes what a completed delivery means. `delivery` has passed ``Deliveries/completed(_:_:_:field:in:)``.
    static func complete(_ delivery: DeliveryRecord, in context: OperationContext) throws(Refusal) {
        var delivery = delivery
        guard let id = delivery.license else { return }
        var license = try stored(id, in: context.state)
        let time = context.block.time
        license.openDelivery = nil
        // What was answered for the delivery before, perhaps while this one was under way, stays what counted until now.
        if let former = license.delivery, let earlier = try context.state.record(LicenseKeys.disclosure(former)),
            let later = try context.state.record(LicenseKeys.disclosure(delivery.id))
        {
            context.state.set(LicenseKeys.earlierDisclosure(later), earlier)
        }
        license.delivery = delivery.id
        context.emit(LicenseEvent.deliveryCompleted(DeliveryChanged(delivery)))
        switch delivery.act {
        case .license:
            let terms = try LicenseLedger.storedTerms(license.terms, in: context.state)
            license.activeFrom = time
            // The end of a sublicense was fixed when it was granted.
            if license.under == nil {
                license.expiresAt = terms.expiry(
                    from: time, notAfter: try LicenseLedger.link(of: license.inft, in: context.state)?.expiresAt)
            }
            license.trialUntil = try LicenseTrials.end(of: license, terms, from: time, in: context.state)
            if let expiresAt = license.expiresAt {
                try LicenseDue.schedule(.licenseExpiry, license.id.bytes, at: expiresAt, in: context.state)
            }
            try OutcomePrices.start(license, terms, in: context)
            context.state.set(LicenseKeys.license(id), license)
            if license.under == nil { context.emit(LicenseEvent.sold(LicenseSold(license))) }
            try pay(&delivery, license, in: context)
        case .licenseTransfer:
            let from = license.licensee
            license.holders.append(LicenseHolder(party: delivery.to, since: time))
            context.state.set(LicenseKeys.license(id), license)
            try Metering.giveBack(license, in: context)
            context.emit(
                LicenseEvent.transferred(
                    LicenseTransferred(license: id, inft: license.inft, from: from, to: delivery.to)))
        default:
            context.state.set(LicenseKeys.license(id), license)
        }
        try Deliveries.store(delivery, in: context)
    }

    /// The escrow of a completed purchase: held through the dispute window and the trial, or paid at once where there is
    /// neither.
    private static func pay(
        _ delivery: inout DeliveryRecord, _ license: LicenseRecord, in context: OperationContext
    ) throws(Refusal) {
        guard let payment = delivery.payment else { return }
        let time = context.block.time
        let heldUntil = max(time.adding(milliseconds: payment.windowMilliseconds), license.trialUntil ?? time)
        guard heldUntil > time else {
            try distribute(&delivery, license, from: .escrow, in: context)
            return
        }
        try Reserves.turn(.escrow, into: .held, for: delivery.id.bytes, in: context)
        try LicenseDue.schedule(.distribution, delivery.id.bytes, at: heldUntil, in: context.state)
        delivery.payment?.heldUntil = heldUntil
    }

    /// Into the vault, as the price of an open sale; of a sublicense but for what its grantor earns. Or back:
    /// ``Distribution``.
    static func distribute(
        _ delivery: inout DeliveryRecord, _ license: LicenseRecord, from kind: ReserveKind,
        in context: OperationContext
    ) throws(Refusal) {
        guard let payment = delivery.payment else { return }
        let margin = license.under?.margin(of: payment.amount) ?? .zero
        let due = Amount(payment.amount.units - margin.units)
        guard try !Distribution.goesBack(due, of: license, in: context.state) else {
            try payBack(&delivery, license, from: kind, .refunded(at: context.block.time), in: context)
            return
        }
        if due > .zero {
            try Reserves.pay(
                due, kind: kind, for: delivery.id.bytes, into: license.inft, reason: .sale,
                memo: Hash(license.id.bytes), in: context)
        }
        if margin > .zero {
            try Reserves.release(margin, kind: kind, for: delivery.id.bytes, to: license.licensor, in: context)
        }
        delivery.payment?.settle(at: context.block.time, isReturned: false)
        context.emit(LicenseEvent.distributed(LicenseSettled(license, payment.amount)))
    }

    /// The price goes back to the buyer, and the license ends if it has not ended before by itself.
    static func payBack(
        _ delivery: inout DeliveryRecord, _ license: LicenseRecord, from kind: ReserveKind, _ ending: LicenseEnding,
        in context: OperationContext
    ) throws(Refusal) {
        guard let payment = delivery.payment else { return }
        let time = context.block.time
        var license = license
        try Reserves.release(payment.amount, kind: kind, for: delivery.id.bytes, to: license.buyer, in: context)
        delivery.payment?.settle(at: time, isReturned: true)
        try LicenseChain.takeBack(license, in: context.state)
        if license.ownState(at: time) == .active {
            license.ending = ending
            try LiveCount.remove(&license, in: context.state)
            context.state.set(LicenseKeys.license(license.id), license)
            if case .annulled = ending {
                context.emit(LicenseEvent.annulled(LicenseEnded(license, .annulled, at: time)))
            }
        }
        try Metering.giveBack(license, in: context)
        try OutcomePrices.giveBack(license, in: context)
        context.emit(LicenseEvent.refunded(LicenseSettled(license, payment.amount)))
    }

    /// Due work: a dispute window is over. A payment that is disputed stays held until the dispute has ended.
    static func distribute(_ id: DeliveryID, in context: OperationContext) throws(Refusal) {
        guard var delivery = try Deliveries.record(id, in: context.state), let payment = delivery.payment,
            payment.settledAt == nil, let heldUntil = payment.heldUntil, heldUntil <= context.block.time,
            delivery.dispute == nil, let license = delivery.license
        else { return }
        try distribute(&delivery, try stored(license, in: context.state), from: .held, in: context)
        try Deliveries.store(delivery, in: context)
    }

    // MARK: Ending without delivery

    /// Ends a delivery that comes to nothing: the price goes back, the offer has one more to sell.
    static func fail(
        _ delivery: DeliveryRecord, _ outcome: DeliveryOutcome, in context: OperationContext
    ) throws(Refusal) {
        guard let id = delivery.license else { return }
        var delivery = Deliveries.failed(delivery, outcome, at: context.block.time)
        var license = try stored(id, in: context.state)
        license.openDelivery = nil
        context.emit(LicenseEvent.deliveryEnded(DeliveryChanged(delivery)))
        if delivery.act == .license {
            license.ending = .refunded(at: context.block.time)
            try LiveCount.remove(&license, in: context.state)
            if let payment = delivery.payment {
                try Reserves.release(
                    payment.amount, kind: .escrow, for: delivery.id.bytes, to: license.buyer, in: context)
                delivery.payment?.settle(at: context.block.time, isReturned: true)
            }
            if license.under == nil {
                try LicenseTrials.forget(license, in: context.state)
                try giveBack(license.offer, in: context)
            }
            try LicenseChain.takeBack(license, in: context.state)
            try Metering.giveBack(license, in: context)
            try OutcomePrices.giveBack(license, in: context)
            context.emit(LicenseEvent.refunded(LicenseSettled(license, delivery.payment?.amount ?? .zero)))
        }
        try Deliveries.store(delivery, in: context)
        context.state.set(LicenseKeys.license(id), license)
    }

    /// The offer has one more to sell.
    static func giveBack(_ id: OfferID, in context: OperationContext) throws(Refusal) {
        guard var offer = try LicenseLedger.offer(id, in: context.state), offer.sold > 0 else {
            throw .failed(StateFailure("the offer \(id) of a purchase is missing or miscounted"))
        }
        offer.sold -= 1
        // Sold out no more; an expiry that passed meanwhile stands.
        if offer.closing?.reason == .soldOut {
            offer.closing = nil
            if let expiresAt = offer.expiresAt, expiresAt <= context.block.time {
                offer.closing = OfferClosing(reason: .expired, at: expiresAt)
            }
        }
        offer.updatedAt = context.block.time
        context.state.set(LicenseKeys.offer(id), offer)
        context.emit(LicenseEvent.offerUpdated(OfferChanged(offer)))
    }
}

/// Whether bad content could be shown to arbiters: without it nobody could judge a dispute, so nothing is held for one.
enum Disputability {
    /// To ask the consents once more, for whoever would be an arbiter.
    static let weight = ConsentWeights.set + ConsentWeights.decisions(1, diseases: 0)

    /// Until when `party` may dispute what was delivered under the license; nil if it may not. The money is there, or it
    /// finds out when it raises the dispute.
    static func until(
        _ license: LicenseRecord, by party: Party, at time: Timestamp, in state: any StateReader
    ) throws(Refusal) -> Timestamp? {
        do throws(Refusal) {
            return try RaiseDispute.disputed(license, by: party, at: time, in: state).until
        } catch {
            guard case .rejected = error else { throw error }
            return nil
        }
    }

    /// True of what is about nobody; else if the consent set permits whoever holds an arbiter's credential to see it for
    /// that. Refused only if the set is missing.
    static func isDisputable(
        _ inft: INFTRecord, at time: Timestamp, in state: any StateReader
    ) throws(Refusal) -> Bool {
        guard let set = inft.consentSet else { return true }
        let record = try ConsentSets.require(set, field: "offer", in: state)
        // The actor stands for nobody: an arbiter that only a lot will name asks.
        let request = UseRequest(actor: inft.owner, action: .access, purposes: [.legal])
        return try ConsentSets.decide(record, request, anyHolder: .arbiter, at: time, in: state).isPermit
    }
}
