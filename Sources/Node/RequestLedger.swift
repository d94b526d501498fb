internal import Blocks
package import Primitives
package import Replica

/// What this node asked of each peer and has not been given yet. Bulk that nobody asked for is dropped before its
/// signatures are looked at: a stranger can't make this node verify.
package struct RequestLedger: Sendable {
    private struct Open: Sendable {
        var transactions = 0
        var ranges = 0
        var blocks: Set<Hash> = []
        var parts: Set<Hash> = []
    }

    private var open: [TransportKey: Open] = [:]

    package init() {}

    /// A peer that never answers does not make this grow: what was asked longest ago may then come in vain.
    private static let transactionsPerPeer = 65_536
    private static let entriesPerPeer = 1_024

    package mutating func asked(_ message: PeerMessage, of key: TransportKey) {
        var mine = open[key] ?? Open()
        switch message {
        case .transactionsRequest(let tags):
            mine.transactions = min(mine.transactions + tags.count, Self.transactionsPerPeer)
        case .blocksRequest: mine.ranges = min(mine.ranges + 1, Self.entriesPerPeer)
        case .blockRequest(let hash): Self.insert(hash, into: &mine.blocks)
        case .blockTransactionsRequest(let hash, _): Self.insert(hash, into: &mine.parts)
        default: return
        }
        open[key] = mine
    }

    private static func insert(_ hash: Hash, into set: inout Set<Hash>) {
        if set.count >= entriesPerPeer { set = [] }
        set.insert(hash)
    }

    /// False for an answer to nothing. Each answer is taken once.
    package mutating func takes(_ message: PeerMessage, from key: TransportKey) -> Bool {
        switch message {
        case .transactions(let transactions):
            guard let count = open[key]?.transactions, count >= transactions.count else { return false }
            open[key]?.transactions = count - transactions.count
            return true
        case .blocks:
            guard let count = open[key]?.ranges, count > 0 else { return false }
            open[key]?.ranges = count - 1
            return true
        case .block(let block): return open[key]?.blocks.remove(block.hash) != nil
        case .blockTransactions(let hash, _): return open[key]?.parts.remove(hash) != nil
        default: return true
        }
    }

    package mutating func disconnected(_ key: TransportKey) { open[key] = nil }
}
