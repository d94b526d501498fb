import INFTs
import Primitives
import Revenue
import StateModel

/// What becomes of a price that was set aside once it comes to rest.
enum Distribution {
    /// Whether `amount` of it goes back to the buyer rather than into the vault: what was recalled before is not paid for,
    /// unless the license was used for a derivative, whose link stays; and what the vault can't take would wait for ever.
    static func goesBack(
        _ amount: Amount, of license: LicenseRecord, in state: any StateReader
    ) throws(Refusal) -> Bool {
        if !license.isConsumed, try Tags.recall(on: license.inft, in: state) != nil { return true }
        guard let asset = license.asset else { return false }
        return try !canTake(amount, of: asset, into: license.inft, in: state)
    }

    /// False of a vault whose cumulative total would exceed the largest amount.
    static func canTake(
        _ amount: Amount, of asset: AssetID, into inft: INFTID, in state: any StateReader
    ) throws(Refusal) -> Bool {
        do throws(Refusal) {
            try Vaults.checkDeposit(amount, of: asset, into: inft, in: state)
            return true
        } catch {
            guard case .rejected = error else { throw error }
            return false
        }
    }
}

extension LicenseRecord {
    /// Used for the link of a derivative.
    var isConsumed: Bool { if case .consumed = ending { true } else { false } }
}
