/// Bounds of the pool, each with its reason.
public struct MempoolLimits: Hashable, Sendable {
    /// 64 MiB: thirty full blocks, what a validator may forget without anybody's work being lost.
    public var bytes = 64 * 1024 * 1024
    /// Entries cost about 500 bytes beside their own, so the count is bounded as well.
    public var transactions = 131_072
    /// Of one account: consecutive sequences from its next one on, gaps included, within this window. A wallet that
    /// sends one a second and waits a minute for finality needs 60.
    public var transactionsPerAccount: UInt64 = 64
    /// Replacements of one sequence of one account: what is gossiped for nothing is bounded by it.
    public var replacements = 4
    /// A transaction that waited this long may be replaced by another of the same sequence.
    public var replaceableAfterMilliseconds: UInt64 = 60_000
    /// One reserved act per account in this time.
    public var reservedIntervalMilliseconds: UInt64 = 600_000
    /// Weight of one transaction, at most: with more it fits no block.
    public var transactionWeight: UInt64 = .max
    /// Ends (expired, replaced, …) that are remembered for status questions: some 10 MB.
    public var rememberedEnds = 65_536
    /// A transaction refused for a passing reason when a block is built is tried this often.
    public var attempts = 3

    public init() {}

    /// Reserved acts own this part of the pool's bytes and count, as of a block's weight: one in twenty.
    public static let reservedDivisor = 20
}
