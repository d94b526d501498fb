import Cryptography
import INFTs
import Primitives
import Revenue
import StateModel

/// The price that depends on outcomes: held from the purchase on, and paid or returned at its deadline by due work, by
/// what was reported until then. Nobody has to call, and nobody can hasten or delay it.
enum OutcomePrices {
    private static let tag = HashTag("mednexus/outcome-price")

    /// Beside the `held` reserve of the delivery, whose subject is the license's id.
    static func subject(_ license: LicenseID) -> Bytes32 { tag.hash(license.bytes.array).bytes }

    static func hold(of license: LicenseID, in state: any StateReader) throws(Refusal) -> OutcomeHold? {
        try state.record(LicenseKeys.outcomeHold(license))
    }

    /// Sets the price aside from the buyer's balance. Every rule was checked.
    static func setAside(
        _ license: LicenseRecord, _ terms: Terms, by payer: Party, in context: OperationContext
    ) throws(Refusal) {
        guard let price = terms.payment.outcome, let asset = terms.payment.asset else { return }
        try Vaults.openAccount(of: license.inft, asset, in: context)
        try Reserves.put(
            price.amount, of: asset, from: payer, kind: .held, for: subject(license.id), in: context)
        context.state.set(
            LicenseKeys.outcomeHold(license.id),
            OutcomeHold(license: license.id, asset: asset, amount: price.amount, deadline: nil))
    }

    /// The license is active from now on: the deadline is known.
    static func start(_ license: LicenseRecord, _ terms: Terms, in context: OperationContext) throws(Refusal) {
        guard let price = terms.payment.outcome, var hold = try hold(of: license.id, in: context.state) else { return }
        let deadline = context.block.time.adding(milliseconds: price.withinMilliseconds)
        hold.deadline = deadline
        context.state.set(LicenseKeys.outcomeHold(license.id), hold)
        try LicenseDue.schedule(.outcomePrice, license.id.bytes, at: deadline, in: context.state)
    }

    /// Counts a report under the license, where it is of what the price depends on.
    static func note(
        _ outcome: OutcomeRecord, _ license: LicenseRecord, in context: OperationContext
    ) throws(Refusal) {
        guard var hold = try hold(of: license.id, in: context.state), hold.settlement == nil,
            outcome.version == license.version,
            try LicenseLedger.storedTerms(license.terms, in: context.state).payment.outcome?.measure
                == outcome.measure
        else { return }
        hold.reports += 1
        if outcome.agrees { hold.agreeing += 1 }
        context.state.set(LicenseKeys.outcomeHold(license.id), hold)
    }

    /// What is set aside and not settled.
    static func open(of license: LicenseRecord, in state: any StateReader) throws(Refusal) -> OutcomeHold? {
        try hold(of: license.id, in: state).flatMap { $0.settlement == nil ? $0 : nil }
    }

    /// Gives it back at once: the license never came about, or was annulled.
    static func giveBack(_ license: LicenseRecord, in context: OperationContext) throws(Refusal) {
        guard let hold = try open(of: license, in: context.state) else { return }
        try settle(hold, license, isPaid: false, reports: hold.reports, agreeing: hold.agreeing, in: context)
    }

    /// Due work: the deadline has come. While a dispute over the license's content is open, what it decides is waited for.
    static func decide(_ id: LicenseID, in context: OperationContext) throws(Refusal) {
        let time = context.block.time
        guard let hold = try hold(of: id, in: context.state), hold.settlement == nil, let deadline = hold.deadline,
            deadline <= time, let license = try LicenseLedger.license(id, in: context.state),
            let price = try LicenseLedger.storedTerms(license.terms, in: context.state).payment.outcome
        else { return }
        if let dispute = try Disputes.dispute(over: license, in: context.state), dispute.isOpen(at: time) {
            try LicenseDue.schedule(
                .outcomePrice, id.bytes, at: time.adding(milliseconds: LicenseLimits.outcomeRetryMilliseconds),
                in: context.state)
            return
        }
        var (reports, agreeing) = (hold.reports, hold.agreeing)
        if price.basis == .others {
            let all = try context.state.record(
                LicenseKeys.outcomeTotals(license.inft, license.version, price.measure))
            // To the buyer the price goes back, so whatever the buyer has a hand in does not count, under whichever license.
            let own = try context.state.record(
                LicenseKeys.outcomeHand(license.inft, license.version, price.measure, license.buyer))
            guard (own?.reports ?? 0) <= (all?.reports ?? 0), (own?.agreeing ?? 0) <= (all?.agreeing ?? 0) else {
                throw .failed(StateFailure("the outcomes of \(license.inft) are miscounted"))
            }
            reports = (all?.reports ?? 0) - (own?.reports ?? 0)
            agreeing = (all?.agreeing ?? 0) - (own?.agreeing ?? 0)
        }
        let isRecalled = try Tags.recall(on: license.inft, in: context.state) != nil
        let canBePaid = try Distribution.canTake(
            hold.amount, of: hold.asset, into: license.inft, in: context.state)
        try settle(
            hold, license,
            isPaid: canBePaid && !isRecalled && price.isDue(reports: reports, agreeing: agreeing),
            reports: reports, agreeing: agreeing, in: context)
    }

    private static func settle(
        _ hold: OutcomeHold, _ license: LicenseRecord, isPaid: Bool, reports: UInt64, agreeing: UInt64,
        in context: OperationContext
    ) throws(Refusal) {
        var hold = hold
        let subject = subject(license.id)
        guard let reserve = try Reserves.record(.held, subject, in: context.state) else {
            throw .failed(StateFailure("the outcome price of \(license.id) has no reserve"))
        }
        if isPaid {
            try Reserves.pay(
                hold.amount, kind: .held, for: subject, into: license.inft, reason: .outcome,
                memo: Hash(license.id.bytes), in: context)
        } else {
            try Reserves.release(hold.amount, kind: .held, for: subject, to: reserve.payer, in: context)
        }
        let settlement = OutcomeSettlement(
            at: context.block.time, isPaid: isPaid, reports: reports, agreeing: agreeing)
        hold.settlement = settlement
        context.state.set(LicenseKeys.outcomeHold(license.id), hold)
        context.emit(LicenseEvent.outcomePriceSettled(OutcomePriceSettled(license, hold, settlement)))
    }
}

extension OutcomePrice {
    /// By what was reported. Without enough reports the terms say themselves who bears the doubt.
    func isDue(reports: UInt64, agreeing: UInt64) -> Bool {
        guard reports >= minimumReports else { return isDueWithoutReports }
        return UInt128(agreeing) * 1_000_000 >= UInt128(threshold.parts) * UInt128(reports)
    }
}

extension OpenOffer {
    /// What a buyer pays or sets aside: the price, and what waits for outcomes; nil on overflow.
    var totalAmount: Amount? { offer.price.adding(terms.payment.outcome?.amount ?? .zero) }
}
