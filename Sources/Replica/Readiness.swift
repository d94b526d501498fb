internal import Mempool
internal import Primitives
internal import Transactions

/// Whether something waits that a block could take, remembered: a look goes through all accounts that wait, and most
/// steps change nothing about it.
///
/// On one tip, as long as nothing leaves the pool: what was ready stays ready, and what was not can only become so by
/// something that came, or that others were told of.
struct Readiness: Sendable {
    private struct Basis: Equatable, Sendable {
        let tip: Hash?
        /// What it uses up is unknown until it is executed here.
        let isExecuted: Bool
        let removals: UInt64
    }

    private var basis: Basis?
    private var any: (isReady: Bool, additions: UInt64)?
    private var shared: (isReady: Bool, additions: UInt64, sharings: UInt64)?

    mutating func isAnyReady(_ pool: TransactionPool<VerifiedTransaction>, after tip: Hash?, _ tree: BlockTree) -> Bool
    {
        settle(on: tip, pool, tree)
        if let any, any.isReady || any.additions == pool.additions { return any.isReady }
        let isReady = pool.hasReady(nextSequences: tree.nextSequences(after: tip))
        any = (isReady, pool.additions)
        return isReady
    }

    /// Of what others know as well [N5].
    mutating func isSharedReady(
        _ pool: TransactionPool<VerifiedTransaction>, after tip: Hash?, _ tree: BlockTree, _ gossip: TransactionGossip
    ) -> Bool {
        settle(on: tip, pool, tree)
        if let shared,
            shared.isReady || shared.additions == pool.additions && shared.sharings == gossip.sharings
        {
            return shared.isReady
        }
        let isReady = pool.hasReady(nextSequences: tree.nextSequences(after: tip)) { !gossip.unshared.contains($0) }
        shared = (isReady, pool.additions, gossip.sharings)
        return isReady
    }

    private mutating func settle(on tip: Hash?, _ pool: TransactionPool<VerifiedTransaction>, _ tree: BlockTree) {
        let isExecuted = tip.map { tree.node($0) != nil } ?? false
        let now = Basis(tip: tip, isExecuted: isExecuted, removals: pool.removals)
        guard basis != now else { return }
        basis = now
        any = nil
        shared = nil
    }
}
