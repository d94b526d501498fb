internal import Primitives
internal import Synchronization
internal import Transactions

/// Transactions verified lately, by wire id, so that each is verified once. Two generations of half the limit: when the
/// younger is full it becomes the elder, and the elder is forgotten; no bookkeeping per use.
final class VerifiedCache: Sendable {
    private struct Generations {
        var younger: [Hash: VerifiedTransaction] = [:]
        var elder: [Hash: VerifiedTransaction] = [:]
    }

    private let generations = Mutex(Generations())
    private let half: Int

    init(limit: Int) { half = max(1, limit / 2) }

    subscript(wireID: Hash) -> VerifiedTransaction? {
        generations.withLock { $0.younger[wireID] ?? $0.elder[wireID] }
    }

    func insert(_ transaction: VerifiedTransaction) {
        generations.withLock {
            if $0.younger.count >= half {
                $0.elder = $0.younger
                $0.younger.removeAll(keepingCapacity: true)
            }
            $0.younger[transaction.wireID] = transaction
        }
    }
}
