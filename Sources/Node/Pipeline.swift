internal import Cryptography
internal import NIOCore
internal import NIOPosix
package import Primitives
internal import Synchronization
package import Transactions

/// The way of a transaction from socket to pool, top to bottom:
///
///     bytes → RawTransaction → SignedTransaction → VerifiedTransaction → (Driver: pool, block, final, layer)
///
/// Signatures are checked on a thread pool of their own, never on an event loop, and once per wire id: what gossip, RPC
/// or a proposal brought before is remembered.
package final class Pipeline: Sendable {
    private let network: Hash
    private let pool: NIOThreadPool
    /// Votes and certificates have a thread of their own: hundreds of blocks' signatures don't hold them up.
    private let first = NIOThreadPool(numberOfThreads: 1)
    private let threads: Int
    private let cache = VerifiedCache(bytes: 64 << 20)

    /// - Parameter threads: 0 takes one per core.
    package init(network: Hash, threads: Int) {
        self.network = network
        self.threads = threads > 0 ? threads : System.coreCount
        pool = NIOThreadPool(numberOfThreads: self.threads)
        pool.start()
        first.start()
    }

    package func stop() async throws {
        try await first.shutdownGracefully()
        try await pool.shutdownGracefully()
    }

    /// Work that checks signatures, on a thread of the pool.
    package func run<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await pool.runIfActive(work)
    }

    /// Work that checks a few signatures and waits for no bulk.
    package func runFirst<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await first.runIfActive(work)
    }

    /// One transaction, from bytes to verified.
    package func verify(_ bytes: [UInt8]) async throws -> VerifiedTransaction {
        let signed = try SignedTransaction(try RawTransaction(bytes))
        if let known = cache[signed.wireID] { return known }
        let network = self.network
        let verified = try await pool.runIfActive { try VerifiedTransaction(signed, network: network) }
        cache.insert(verified)
        return verified
    }

    /// Many at once, spread over all cores; the results in the order of `transactions`.
    ///
    /// - Parameter untilFailure: what follows the first bad one on any core may be left out; its place says so.
    package func verify(
        all transactions: [[UInt8]], untilFailure: Bool = false
    ) async throws -> [Result<VerifiedTransaction, Rejection>] {
        let stop = FirstFailure()
        let network = self.network
        let cache = self.cache
        // Runs of a few dozen keep the hand-over below a hundredth of the work, and every core busy to the end.
        let run = max(16, min(64, transactions.count / (threads * 4) + 1))
        return try await withThrowingTaskGroup(of: (Int, [Result<VerifiedTransaction, Rejection>]).self) { group in
            for start in stride(from: 0, to: transactions.count, by: run) {
                let part = transactions[start..<min(start + run, transactions.count)]
                group.addTask { [pool] in
                    let results = try await pool.runIfActive {
                        ThreadPriority.yieldToOthers()
                        return part.map { bytes -> Result<VerifiedTransaction, Rejection> in
                            if untilFailure, let known = stop.rejection { return .failure(known) }
                            let result = Self.verifyNow(bytes, network: network, cache: cache)
                            if untilFailure, case .failure(let rejection) = result { stop.note(rejection) }
                            return result
                        }
                    }
                    return (start, results)
                }
            }
            var parts: [(Int, [Result<VerifiedTransaction, Rejection>])] = []
            for try await part in group { parts.append(part) }
            return parts.sorted { $0.0 < $1.0 }.flatMap(\.1)
        }
    }

    /// What one core found, for the others.
    private final class FirstFailure: Sendable {
        private let found = Mutex<Rejection?>(nil)

        var rejection: Rejection? { found.withLock { $0 } }
        func note(_ rejection: Rejection) { found.withLock { $0 = $0 ?? rejection } }
    }

    private static func verifyNow(
        _ bytes: [UInt8], network: Hash, cache: VerifiedCache
    ) -> Result<VerifiedTransaction, Rejection> {
        do throws(Rejection) {
            let signed = try SignedTransaction(try RawTransaction(bytes))
            if let known = cache[signed.wireID] { return .success(known) }
            let verified = try VerifiedTransaction(signed, network: network)
            cache.insert(verified)
            return .success(verified)
        } catch {
            return .failure(error)
        }
    }
}
