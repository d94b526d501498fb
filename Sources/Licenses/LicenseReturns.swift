public import Primitives
import Revenue
import StateModel

/// What comes back to whom with the end of a license that its licensee gives up now, or hands on: read by the same
/// functions by which the acts give it.
public struct LicenseReturns: Codable, Hashable, Sendable {
    /// Of the price, within the trial: to the buyer.
    public let held: Amount
    /// Prepaid uses that are left, and what is set aside for them: to who prepaid them, also where the license is handed on.
    public let uses: UInt64
    public let prepaid: Amount
    public let prepaidBy: Party?
    /// What waits for outcomes, within the trial.
    public let outcome: Amount
    public let asset: AssetID?

    /// All that giving the license up brings. No asset has more units than a number holds; a node may say what it likes.
    public var total: Amount { held.adding(prepaid)?.adding(outcome) ?? Amount(.max) }

    /// What comes back to the buyer of what is never delivered: the `sale` that waits in escrow, and prepaid uses and
    /// what waits for outcomes, which are set aside with the purchase already.
    static func undelivered(
        _ license: LicenseRecord, sale: Amount, in state: any StateReader
    ) throws(Refusal) -> Amount {
        let prepaid = try Metering.left(of: license, in: state)?.reserve.amount ?? .zero
        let outcome = try OutcomePrices.open(of: license, in: state)?.amount ?? .zero
        return Amount(sale.units + prepaid.units + outcome.units)
    }

    /// Nil of a license that is not running: nothing is given up any more.
    static func of(_ license: LicenseRecord, at time: Timestamp, in state: any StateReader) throws(Refusal)
        -> LicenseReturns?
    {
        guard license.ownState(at: time) == .active else { return nil }
        let prepaid = try Metering.left(of: license, in: state)
        let isOnTrial = license.isOnTrial(at: time)
        return LicenseReturns(
            held: isOnTrial ? try LicenseTrials.held(of: license, in: state).amount : .zero,
            uses: prepaid?.uses ?? 0, prepaid: prepaid?.reserve.amount ?? .zero, prepaidBy: prepaid?.reserve.payer,
            outcome: isOnTrial ? try OutcomePrices.open(of: license, in: state)?.amount ?? .zero : .zero,
            asset: license.asset)
    }
}
