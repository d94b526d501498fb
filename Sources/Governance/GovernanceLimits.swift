/// Bounds of governance, each with its reason.
public enum GovernanceLimits {
    /// A name is shown in a column of `mednexusd status`.
    public static let nameBytes = 64
    /// Below ten heights a set change could not settle; above a million an epoch takes months.
    public static let epochLength: ClosedRange<UInt64> = 10...1_000_000
    /// Δ: below 10 ms no network keeps it; above a minute nobody waits for finality.
    public static let deltaMilliseconds: ClosedRange<UInt64> = 10...60_000
    /// Heartbeats keep block time fresh; a day is the longest a proof may be stale.
    public static let heartbeatMilliseconds: ClosedRange<UInt64> = 100...86_400_000
    /// Room for at least one transaction of the largest size whose operations weigh what they mostly do (of what weighs more,
    /// such as a withdrawal of 128 consents, less fits one transaction then), and at most what a second of a core executes
    /// tenfold.
    public static let blockWeight: ClosedRange<UInt64> = 20_000...10_000_000
    /// Clocks kept by a time service differ by milliseconds; ten seconds is a broken one.
    public static let clockSkewMilliseconds: ClosedRange<UInt64> = 0...10_000
    /// Edges of a disease ontology; the largest in use have some hundred thousand.
    public static let ontologyEdges: ClosedRange<UInt64> = 1...(1 << 32)
    /// From the decision to the first height with new rules: what was voted for at the decision's height is long final.
    public static let upgradeNotice: UInt64 = 10
    /// A pause: below a minute nobody notices it, and after a week it is no emergency any more but a decision to make anew.
    public static let pauseMilliseconds: ClosedRange<UInt64> = 60_000...7 * 86_400_000
    /// Accounts that one institution may sponsor, and the bytes of state that they may hold together: none, or so many
    /// that the ledger's own size is the limit.
    public static let accountsPerSponsor: ClosedRange<UInt64> = 1...100_000_000
    public static let stateBytesPerSponsor: ClosedRange<UInt64> = 1_048_576...1 << 50
    /// From proposal to deadline: below a minute the due queue is too coarse, after a month nobody remembers.
    public static let votingMilliseconds: ClosedRange<UInt64> = 60_000...2_592_000_000
    /// Open and accepted proposals of one institution: room for its own validator's matters and a few of others.
    public static let pendingProposalsPerInstitution = 6
    /// Of all institutions: a third of a hundred validators can't fill it. The epoch's last block looks at each.
    public static let pendingProposals = 256

    /// Names stand in tables of terminals.
    static func isName(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.count <= nameBytes
            && !name.unicodeScalars.contains { $0.properties.generalCategory == .control }
    }
}
