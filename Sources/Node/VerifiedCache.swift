internal import Primitives
internal import Synchronization
internal import Transactions

/// Transactions verified lately, by wire id, so that each is verified once. Two generations, each bounded in bytes: when
/// the younger is full it becomes the elder, and the elder is forgotten; no bookkeeping per use.
final class VerifiedCache: Sendable {
    private struct Generations {
        var younger: [Hash: VerifiedTransaction] = [:]
        var youngerBytes = 0
        var elder: [Hash: VerifiedTransaction] = [:]
    }

    private let generations = Mutex(Generations())
    private let half: Int

    /// - Parameter bytes: of both generations. What a transaction takes decoded is about thrice its bytes, and counted.
    init(bytes: Int) { half = max(1, bytes / 2) }

    subscript(wireID: Hash) -> VerifiedTransaction? {
        generations.withLock { $0.younger[wireID] ?? $0.elder[wireID] }
    }

    func insert(_ transaction: VerifiedTransaction) {
        generations.withLock {
            let size = 1024 + 4 * transaction.bytes.count
            if $0.youngerBytes + size > half {
                $0.elder = $0.younger
                $0.younger = [:]
                $0.youngerBytes = 0
            }
            $0.youngerBytes += size
            $0.younger[transaction.wireID] = transaction
        }
    }
}
