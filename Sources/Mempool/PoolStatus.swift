public import Primitives

/// What the pool knows of a transaction.
public enum PoolStatus: Hashable, Sendable {
    /// Waits; `isReady` unless an earlier sequence of the account is missing.
    case pending(isReady: Bool)
    /// Left the pool without becoming final.
    case ended(PoolEnd)
}

public struct PoolEnd: Hashable, Sendable {
    public let rejection: Rejection
    /// True if these bytes can never become final any more, on any node: block time has passed validUntil, or another
    /// transaction of the same account and sequence is final.
    public let isDefinitive: Bool

    init(_ rejection: Rejection, isDefinitive: Bool) {
        self.rejection = rejection
        self.isDefinitive = isDefinitive
    }
}

/// The last ends, oldest forgotten first.
struct PoolEnds: Sendable {
    private var ends: [Hash: PoolEnd] = [:]
    private var order: [Hash] = []
    private var oldest = 0
    let limit: Int

    init(limit: Int) { self.limit = limit }

    subscript(hash: Hash) -> PoolEnd? { ends[hash] }

    mutating func remember(_ hash: Hash, _ end: PoolEnd) {
        if ends.updateValue(end, forKey: hash) == nil { order.append(hash) }
        while order.count - oldest > limit {
            ends[order[oldest]] = nil
            oldest += 1
        }
        if oldest > limit {
            order.removeFirst(oldest)
            oldest = 0
        }
    }

    mutating func forget(_ hash: Hash) {
        // Its place in the order stays; removing an end twice does no harm.
        ends[hash] = nil
    }
}
