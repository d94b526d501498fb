package import Blocks
internal import Dispatch
package import Primitives
internal import Synchronization
package import Transactions
package import Votes

/// Final blocks of a log in their order, every signature verified: on all cores, some blocks ahead of who executes them.
///
/// What is ahead is bounded: ``groupsAhead`` groups of blocks, each of ``groupTransactions`` transactions and at most one
/// full block more.
package final class VerifiedBlocks: Sendable {
    package struct Element: Sendable {
        package let block: Block
        package let certificate: Certificate?
        package let transactions: [VerifiedTransaction]
    }

    private struct State {
        var ready: [Result<[Element], any Error>] = []
        var isStopped = false
    }

    /// Enough that every core is busy while the blocks are small.
    private static let groupTransactions = 2_048
    package static let groupBlocks = 256
    private static let groupsAhead = 2
    private static let runTransactions = 32

    private let ledger: Ledger
    private let last: Height
    private let queue = DispatchQueue(label: "mednexus.lookahead")
    private let state = Mutex(State())
    private let groupBlocks: Int
    /// Begins at 0 and is raised: libdispatch traps where a semaphore ends below the value that it began with, as it does
    /// when a bad block ends a replay amid the chain.
    private let room = DispatchSemaphore(value: 0)
    private let filled = DispatchSemaphore(value: 0)

    /// Begins at once. ``stop()`` must follow where not all are taken.
    package init(
        of ledger: Ledger, from first: Height, through last: Height, threads: Int,
        groupBlocks: Int = VerifiedBlocks.groupBlocks
    ) {
        self.ledger = ledger
        self.last = last
        self.groupBlocks = groupBlocks
        for _ in 0..<Self.groupsAhead { room.signal() }
        queue.async { [self] in fill(from: first, threads: threads) }
    }

    /// The next group; nil behind the last. One caller at a time. Throws what is wrong with the first bad block.
    package func next() throws -> [Element]? {
        filled.wait()
        let elements: [Element]
        do {
            elements = try state.withLock { try $0.ready[0].get() }
        } catch {
            // It stays, for whoever asks again; nothing follows it.
            filled.signal()
            throw error
        }
        guard !elements.isEmpty else {
            filled.signal()
            return nil
        }
        state.withLock { _ = $0.ready.removeFirst() }
        room.signal()
        return elements
    }

    /// Returns when nothing is read any more and the ledger is let go.
    package func stop() {
        state.withLock { $0.isStopped = true }
        room.signal()
        queue.sync {}
    }

    private func fill(from first: Height, threads: Int) {
        var height = first
        while true {
            room.wait()
            guard !state.withLock({ $0.isStopped }) else { return }
            let group = Result { try self.group(from: height, threads: threads) }
            let count = (try? group.get().count) ?? 0
            height = Height(height.value + UInt64(count))
            state.withLock { $0.ready.append(group) }
            filled.signal()
            // An empty group is the end, and a failed one as well.
            if count == 0 { return }
        }
    }

    private func group(from first: Height, threads: Int) throws -> [Element] {
        var blocks: [(block: Block, certificate: Certificate?)] = []
        var count = 0
        var height = first
        while height <= last, blocks.count < groupBlocks, count < Self.groupTransactions {
            let next = try ledger.block(at: height)
            blocks.append(next)
            count += next.block.transactions.count
            height = height.next
        }
        var rest = try verified(blocks.flatMap(\.block.transactions), threads: threads)[...]
        return blocks.map { one in
            let own = Array(rest.prefix(one.block.transactions.count))
            rest = rest.dropFirst(own.count)
            return Element(block: one.block, certificate: one.certificate, transactions: own)
        }
    }

    private func verified(_ transactions: [[UInt8]], threads: Int) throws -> [VerifiedTransaction] {
        let network = ledger.network
        let runs = (transactions.count + Self.runTransactions - 1) / Self.runTransactions
        let done = Mutex([Result<[VerifiedTransaction], any Error>?](repeating: nil, count: runs))
        let taken = Atomic<Int>(0)
        DispatchQueue.concurrentPerform(iterations: min(threads, runs)) { _ in
            while true {
                let run = taken.add(1, ordering: .relaxed).oldValue
                guard run < runs else { return }
                let start = run * Self.runTransactions
                let part = transactions[start..<min(start + Self.runTransactions, transactions.count)]
                let result = Result {
                    try part.map { bytes in
                        try VerifiedTransaction(try SignedTransaction(try RawTransaction(bytes)), network: network)
                    }
                }
                done.withLock { $0[run] = result }
            }
        }
        return try done.withLock { try $0.flatMap { try $0?.get() ?? [] } }
    }
}
