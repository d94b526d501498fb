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
    /// Room for at least one transaction of the largest size, and at most what a second of a core executes tenfold.
    public static let blockWeight: ClosedRange<UInt64> = 20_000...10_000_000
    /// Clocks kept by a time service differ by milliseconds; ten seconds is a broken one.
    public static let clockSkewMilliseconds: ClosedRange<UInt64> = 0...10_000
}
