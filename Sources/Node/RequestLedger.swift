internal import Blocks
package import Primitives
package import Replica

/// What this node asked of each connected peer and has not been given yet. Bulk that nobody asked for is dropped before
/// its signatures are looked at: a stranger can't make this node verify.
package struct RequestLedger: Sendable {
    private struct Open: Sendable {
        /// Two generations: when the younger is full it becomes the elder, and the elder is forgotten. What waits now is
        /// in one of them; what a peer never answers, since it came with a block meanwhile, is not kept for long.
        var transactions: Set<TransactionTag> = []
        var elderTransactions: Set<TransactionTag> = []
        var ranges = 0
        var blocks: Set<Hash> = []
        var parts: Set<Hash> = []
        var contents: Set<ContentChunkRange> = []
    }

    private var open: [TransportKey: Open] = [:]

    package init() {}

    /// Of each generation: twice what is asked of a peer at a time.
    private static let transactionsPerPeer = 16_384
    private static let entriesPerPeer = 1_024

    package mutating func connected(_ key: TransportKey) { open[key] = Open() }
    package mutating func disconnected(_ key: TransportKey) { open[key] = nil }

    /// Nothing is noted for a peer that is not connected: the message does not reach it.
    package mutating func asked(_ message: PeerMessage, of key: TransportKey) {
        guard var mine = open[key] else { return }
        // Taken out, so that the sets are not copied.
        open[key] = Open()
        switch message {
        case .transactionsRequest(let tags):
            if mine.transactions.count + tags.count > Self.transactionsPerPeer {
                mine.elderTransactions = mine.transactions
                mine.transactions = []
            }
            mine.transactions.formUnion(tags)
        case .blocksRequest: mine.ranges = min(mine.ranges + 1, Self.entriesPerPeer)
        case .blockRequest(let hash): Self.insert(hash, into: &mine.blocks)
        case .blockTransactionsRequest(let hash, _): Self.insert(hash, into: &mine.parts)
        case .contentRequest(let range): Self.insert(range, into: &mine.contents)
        default: break
        }
        open[key] = mine
    }

    private static func insert<Element>(_ element: Element, into set: inout Set<Element>) {
        if set.count >= entriesPerPeer { set = [] }
        set.insert(element)
    }

    /// False for bytes that can only be an answer to nothing.
    package func mayTake(_ bytes: [UInt8], from key: TransportKey) -> Bool {
        switch PeerMessage.kind(of: bytes) {
        case 8: !(open[key]?.blocks.isEmpty ?? true)
        case 10: !(open[key]?.parts.isEmpty ?? true)
        case 13: open[key].map { !$0.transactions.isEmpty || !$0.elderTransactions.isEmpty } ?? false
        case 15: (open[key]?.ranges ?? 0) > 0
        // Asked for only before the node runs.
        case 18, 20: false
        case 22: !(open[key]?.contents.isEmpty ?? true)
        default: true
        }
    }

    /// Of transactions that came, by their places, those that were asked for; each is taken once. One that was not, or that
    /// came twice, does not take the others with it.
    package mutating func taken(_ tags: [TransactionTag], from key: TransportKey) -> [Int] {
        tags.indices.filter { index in
            open[key]?.transactions.remove(tags[index]) != nil
                || open[key]?.elderTransactions.remove(tags[index]) != nil
        }
    }

    /// False for an answer to nothing. Each answer is taken once. Of transactions ``taken(_:from:)`` tells more.
    package mutating func takes(_ message: PeerMessage, from key: TransportKey) -> Bool {
        switch message {
        case .blocks:
            guard let count = open[key]?.ranges, count > 0 else { return false }
            open[key]?.ranges = count - 1
            return true
        case .block(let block): return open[key]?.blocks.remove(block.hash) != nil
        case .content(let range, _): return open[key]?.contents.remove(range) != nil
        case .blockTransactions(let hash, _): return open[key]?.parts.remove(hash) != nil
        default: return true
        }
    }
}
