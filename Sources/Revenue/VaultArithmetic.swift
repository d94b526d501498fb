internal import Encoding
public import Primitives

/// The arithmetic of vaults, pure and exact.
///
/// Write T for what was ever paid into a vault in one asset, s for an entry's share in millionths, c for its ceiling.
/// - An entry is due ⌊min(s·T / 10⁶, c)⌋ in whole units.
/// - N = ⌊T − Σ min(s·T / 10⁶, c)⌋ + royalties received, the sum taken exactly before it is rounded down.
///
/// Rounding the entries first and subtracting afterwards would let N *fall*: ten entries of 10 % are due nothing at
/// T = 9 and one unit each at T = 10, so holders who took 9 would have left 1 for a debt of 10. Summed exactly, N never
/// falls (the shares are at most a whole), and N + Σ due ≤ T + received always: the vault can pay everyone, at any
/// time, in
/// any order. The difference, less than one unit per entry, stays in the vault until T has grown enough to assign it.
public enum VaultArithmetic {
    /// The smallest T at which s·T / 10⁶ ≥ c; nil without a ceiling, or if no 64-bit total gets there.
    public static func binding(of entry: RoyaltyEntry) -> Amount? {
        guard let ceiling = entry.ceiling, entry.share > .zero else { return nil }
        let share = UInt128(entry.share.parts)
        let total = (UInt128(ceiling.units) * 1_000_000 + share - 1) / share
        return UInt64(exactly: total).map { Amount($0) }
    }

    /// By binding total, those that never bind last; ties by ancestor, share, ceiling and the rest, so that the
    /// order is one.
    static func sorted(_ entries: [RoyaltyEntry]) -> [RoyaltyEntry] {
        func precedes(_ left: RoyaltyEntry, _ right: RoyaltyEntry) -> Bool {
            let one = binding(of: left)?.units ?? .max
            let other = binding(of: right)?.units ?? .max
            if one != other { return one < other }
            // An entry without a binding total stands behind one that binds at the very last total.
            let oneBinds = binding(of: left) != nil
            if oneBinds != (binding(of: right) != nil) { return oneBinds }
            if left.ancestor != right.ancestor { return left.ancestor < right.ancestor }
            if left.share != right.share { return left.share < right.share }
            if left.ceiling != right.ceiling {
                return (left.ceiling?.units ?? .max) < (right.ceiling?.units ?? .max)
            }
            return left.encoded.lexicographicallyPrecedes(right.encoded)
        }
        return entries.sorted(by: precedes)
    }

    /// What an entry is due of `total`, in whole units.
    public static func due(_ entry: RoyaltyEntry, of total: Amount) -> Amount {
        let portion = total.portion(entry.share)
        return entry.ceiling.map { min($0, portion) } ?? portion
    }

    /// What all entries of `ancestor` are due of `total`; never more than `total`, since the shares are at most a
    /// whole.
    public static func due(_ entries: [RoyaltyEntry], to ancestor: INFTID, of total: Amount) -> Amount {
        var sum: UInt64 = 0
        for entry in entries where entry.ancestor == ancestor { sum += due(entry, of: total).units }
        return Amount(sum)
    }

    /// N of an account.
    public static func net(_ account: VaultAccount) -> Amount {
        let holdersShare = UInt128(1_000_000 - account.activeShare.parts)
        let gross = UInt64(holdersShare * UInt128(account.total.units) / 1_000_000)
        precondition(gross >= account.boundCeilings.units, "ceilings that bind are covered by their entries' shares")
        return Amount(gross - account.boundCeilings.units + account.received.units)
    }

    /// Brings the bound prefix of `entries` up to the account's total.
    static func bind(_ account: inout VaultAccount, entries: [RoyaltyEntry]) {
        while let next = account.nextBinding, next <= account.total {
            let entry = entries[Int(account.boundCount)]
            guard let share = PartsPerMillion(UInt64(account.activeShare.parts - entry.share.parts)),
                let ceilings = account.boundCeilings.adding(entry.ceiling ?? .zero)
            else { preconditionFailure("a bound entry was active before, and ceilings that bind are below the total") }
            account.activeShare = share
            account.boundCeilings = ceilings
            account.boundCount += 1
            let index = Int(account.boundCount)
            account.nextBinding = index < entries.count ? binding(of: entries[index]) : nil
        }
    }

    /// Settles a holder of `share` up to `net`.
    public static func settle(_ holder: inout HolderAccount, share: PartsPerMillion, net: Amount) {
        precondition(net >= holder.settled, "what holders have accrued never falls")
        let millionths = UInt128(holder.carry) + UInt128(share.parts) * UInt128(net.units - holder.settled.units)
        // At most (net − settled) whole units and a carry: Σ of all that ever accrues is at most N.
        holder.accrued = Amount(holder.accrued.units + UInt64(millionths / 1_000_000))
        holder.carry = UInt64(millionths % 1_000_000)
        holder.settled = net
    }
}
