/// Bounds of the pool, each with its reason.
public struct MempoolLimits: Hashable, Sendable {
    /// Bytes of all transactions; 64 MiB is half a minute of full blocks.
    public var bytes = 64 * 1024 * 1024
    /// Bookkeeping takes about a kibibyte each.
    public var transactions = 100_000
    /// How far past its next number an account may send ahead.
    public var transactionsPerAccount: UInt64 = 64
    /// A twentieth of the pool is kept free for reserved acts, as a twentieth of each block is.
    public var reservedDivisor = 20
    /// One transaction of reserved acts per account in this time; it may withdraw all its consents at once.
    public var reservedIntervalMilliseconds: UInt64 = 600_000
    /// How often one place in an account's order may be filled anew; more is spam.
    public var replacements = 3
    /// How much longer a replacement must be valid than what it replaces.
    public var replacementMilliseconds: UInt64 = 10_000
    /// What waits longer than this (by block time) is forgotten, so that a gap in a sequence can't hold memory forever.
    public var ageMilliseconds: UInt64 = 3 * 3_600_000
    /// How many fates of departed transactions are remembered, for status answers.
    public var departures = 65_536

    public init() {}
}
