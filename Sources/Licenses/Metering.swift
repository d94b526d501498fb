import INFTs
public import Primitives
import Revenue
import StateModel

extension Amount {
    /// Nil on overflow.
    func times(_ count: UInt64) -> Amount? {
        let (product, overflow) = units.multipliedReportingOverflow(by: count)
        return overflow ? nil : Amount(product)
    }
}

extension PaymentTerms {
    /// What of a price is set aside for the uses that it pays already. Consistent terms have no greater fee than that.
    public var quotaAmount: Amount { perUseFee.times(prepaidUses) ?? .zero }

    /// True where uses cost something.
    public var isMetered: Bool { perUseFee > .zero }
}

/// Prepaid uses: set aside when they are bought, paid into the vault as they are used, and given back to the unit with
/// the end of the license. What is left, times the fee of a use, is exactly the license's `prepaid` reserve.
enum Metering {
    static func meter(of license: LicenseID, in state: any StateReader) throws(Refusal) -> LicenseMeter {
        try state.record(LicenseKeys.meter(license)) ?? LicenseMeter(license: license)
    }

    /// Sets `uses` aside from the payer's balance. Every rule was checked.
    static func prepay(
        _ uses: UInt64, of license: LicenseRecord, _ terms: Terms, by payer: Party, in context: OperationContext
    ) throws(Refusal) {
        guard uses > 0, let asset = terms.payment.asset, let amount = terms.payment.perUseFee.times(uses),
            amount > .zero
        else { return }
        try Vaults.openAccount(of: license.inft, asset, in: context)
        try Reserves.put(amount, of: asset, from: payer, kind: .prepaid, for: license.id.bytes, in: context)
        var meter = try meter(of: license.id, in: context.state)
        guard let quota = meter.quota.adding(uses) else {
            preconditionFailure("a reserve of 64 bits holds no more uses than that")
        }
        meter.quota = quota
        context.state.set(LicenseKeys.meter(license.id), meter)
    }

    /// Prepaid uses that are left, and what is set aside for them; nil if there are none.
    static func left(
        of license: LicenseRecord, in state: any StateReader
    ) throws(Refusal) -> (uses: UInt64, reserve: ReserveRecord)? {
        let uses = try meter(of: license.id, in: state).quota
        guard uses > 0 else { return nil }
        guard let reserve = try Reserves.record(.prepaid, license.id.bytes, in: state) else {
            throw .failed(StateFailure("the quota of \(license.id) has no reserve"))
        }
        return (uses, reserve)
    }

    /// Gives back to whoever prepaid it what was not used: at the end of the license, and where it changes hands.
    static func giveBack(_ license: LicenseRecord, in context: OperationContext) throws(Refusal) {
        guard let (uses, reserve) = try left(of: license, in: context.state) else { return }
        var meter = try meter(of: license.id, in: context.state)
        meter.quota = 0
        context.state.set(LicenseKeys.meter(license.id), meter)
        try Reserves.release(
            reserve.amount, kind: .prepaid, for: license.id.bytes, to: reserve.payer, in: context)
        context.emit(
            LicenseEvent.quotaReturned(
                QuotaChanged(
                    license: license.id, inft: license.inft, party: reserve.payer, uses: uses, asset: reserve.asset,
                    amount: reserve.amount)))
    }
}

extension OpenOffer {
    /// What of the price the seller's vault gets, and what waits for uses.
    var quotaAmount: Amount { terms.payment.quotaAmount }
    /// The price is at least the fee, and the fee at least the quota.
    var saleAmount: Amount { offer.price.subtracting(quotaAmount) ?? .zero }
}
