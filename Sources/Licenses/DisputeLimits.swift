public import Primitives

/// Bounds and times of disputes.
public enum DisputeLimits {
    /// The first panel, and that of the appeal: odd, so that all of it has a majority.
    public static let panel = 3
    public static let appealPanel = 5
    /// The first round, and the appeal.
    public static let rounds = 2
    /// How often a panel is filled anew, in seats per seat, before its round ends without a verdict.
    public static let fillings = 3
    /// Seats of one round, those of arbiters who did not come included.
    public static let seats = appealPanel * fillings
    /// Places of the pool of arbiters.
    public static let arbiters: UInt64 = 10_000
    /// How often a seed is hashed on for one panel. A large pool of which a tenth can be drawn fills a panel of five but
    /// for one time in a million.
    public static let drawTries = 256
    /// Organizations whose members are left out of a panel: of the sides, the owner, the creators, and of as many holders
    /// of revenue as the rest allows, the greatest shares first.
    public static let conflictOrganizations = 64
    /// Absences after which an arbiter is out of the pool, and for how long.
    public static let absences: UInt64 = 3
    public static let exclusionMilliseconds: UInt64 = 180 * 86_400_000
    /// The least bond, in smallest units of the payment's asset.
    public static let leastBond = Amount(100)
    /// One part in this many of the price.
    public static let bondDivisor: UInt64 = 10

    /// The least bond of a dispute about an INFT, for which nothing is held: what a frivolous claim costs.
    public static let leastClaimBond = Amount(10_000)

    static func panel(round: Int) -> Int { round == 0 ? panel : appealPanel }

    /// The most that must agree, and the least that must have voted.
    static func quorum(round: Int) -> Int { panel(round: round) / 2 + 1 }

    /// What disputing a delivery sets aside, of the payment that is held for it.
    public static func bond(of price: Amount) -> Amount { max(leastBond, Amount(price.units / bondDivisor)) }

    /// What an appeal sets aside, of the bond of the round before; nil on overflow.
    public static func appealBond(after bond: Amount) -> Amount? { bond.adding(bond) }

    /// How long a stage lasts at most. Test networks need not wait for people.
    public static func milliseconds(of stage: DisputeStage, on kind: NetworkKind) -> UInt64 {
        let day: UInt64 = 86_400_000
        if kind == .test { return stage == .appeal ? 60_000 : 600_000 }
        switch stage {
        case .response: return 7 * day
        case .nonces: return 2 * day
        case .acceptance: return 3 * day
        case .showing: return 3 * day
        case .voting: return 14 * day
        case .revealing: return 3 * day
        case .appeal: return 7 * day
        case .ended: return 0
        }
    }
}
