/// Bounds of the wire that every room shares. A domain's own bounds stand in its `Limits`.
public enum WireLimits {
    /// A transaction's complete bytes; 64 KiB holds 1,000 payees or a full provision tree many times over.
    public static let transactionBytes = 64 * 1024
    /// A block's bytes: at 1 Gbit/s 2 MiB cross a link in 17 ms, far below Δ.
    public static let blockBytes = 2 * 1024 * 1024
    public static let blockTransactions = 10_000
    public static let operationsPerTransaction = 64
    public static let signaturesPerTransaction = 16
    /// Nesting of any encoded value. The deepest record, a provision tree inside a transaction, needs 13.
    public static let encodingDepth = 24
    /// Validators; certificates and sync are sized for it.
    public static let validators = 100
}

extension UInt64 {
    /// Nil on overflow.
    @inlinable package func adding(_ other: UInt64) -> UInt64? {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? nil : sum
    }

    /// Nil on overflow.
    @inlinable package func multiplied(by other: UInt64) -> UInt64? {
        let (product, overflow) = multipliedReportingOverflow(by: other)
        return overflow ? nil : product
    }
}
