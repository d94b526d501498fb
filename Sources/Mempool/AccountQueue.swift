internal import Primitives

/// What waits of one account, by sequence. At most ``MempoolLimits/transactionsPerAccount``.
struct AccountQueue: Sendable {
    /// The account's next sequence in the final state.
    var next: UInt64
    /// Ascending by sequence.
    private(set) var waiting: [(sequence: UInt64, hash: Hash)] = []

    init(next: UInt64) { self.next = next }

    var isEmpty: Bool { waiting.isEmpty }

    func hash(at sequence: UInt64) -> Hash? { waiting.first { $0.sequence == sequence }?.hash }

    func hashes(below sequence: UInt64) -> [Hash] { waiting.filter { $0.sequence < sequence }.map(\.hash) }

    mutating func insert(_ hash: Hash, at sequence: UInt64) {
        let index = waiting.firstIndex { $0.sequence >= sequence } ?? waiting.count
        waiting.insert((sequence, hash), at: index)
    }

    mutating func remove(at sequence: UInt64) { waiting.removeAll { $0.sequence == sequence } }

    /// The first sequence from `next` on that nothing waits with.
    var firstFree: UInt64 {
        var free = next
        for one in waiting where one.sequence == free { free += 1 }
        return free
    }

    /// True if nothing is missing before `sequence`.
    func isConsecutive(to sequence: UInt64) -> Bool { sequence <= firstFree }
}

/// One lane's transactions by sponsor, each sponsor's in order of arrival.
struct LaneQueue: Sendable {
    private struct SponsorQueue: Sendable {
        /// In order of arrival; those taken out stay until the next compaction.
        var hashes: [Hash] = []
        var gone: Set<Hash> = []
        var byteCount = 0
        var count = 0
        var deficit: UInt64 = 0

        mutating func compact() {
            let gone = gone
            hashes.removeAll { gone.contains($0) }
            self.gone = []
        }
    }

    private var queues: [Party: SponsorQueue] = [:]
    /// Whose turn it is: the ring that round robin follows, first sponsor next.
    private(set) var ring: [Party] = []
    private(set) var byteCount = 0
    private(set) var count = 0

    mutating func append(_ hash: Hash, of sponsor: Party, byteCount bytes: Int) {
        if queues[sponsor] == nil { ring.append(sponsor) }
        var queue = queues.removeValue(forKey: sponsor) ?? SponsorQueue()
        // One that comes again must not be taken for the one that went.
        if queue.gone.contains(hash) { queue.compact() }
        queue.hashes.append(hash)
        queue.byteCount += bytes
        queue.count += 1
        queues[sponsor] = queue
        byteCount += bytes
        count += 1
    }

    mutating func remove(_ hash: Hash, of sponsor: Party, byteCount bytes: Int) {
        guard var queue = queues.removeValue(forKey: sponsor) else { return }
        queue.byteCount -= bytes
        queue.count -= 1
        byteCount -= bytes
        count -= 1
        guard queue.count > 0 else {
            ring.removeAll { $0 == sponsor }
            return
        }
        queue.gone.insert(hash)
        if queue.gone.count > queue.count + 16 { queue.compact() }
        queues[sponsor] = queue
    }

    func hashes(of sponsor: Party) -> [Hash] {
        guard let queue = queues[sponsor] else { return [] }
        return queue.gone.isEmpty ? queue.hashes : queue.hashes.filter { !queue.gone.contains($0) }
    }

    /// The same with those that are gone, which the reader passes over: without a copy.
    func allHashes(of sponsor: Party) -> [Hash] { queues[sponsor]?.hashes ?? [] }

    func byteCount(of sponsor: Party) -> Int { queues[sponsor]?.byteCount ?? 0 }

    func deficit(of sponsor: Party) -> UInt64 { queues[sponsor]?.deficit ?? 0 }
    mutating func setDeficit(_ deficit: UInt64, of sponsor: Party) { queues[sponsor]?.deficit = deficit }

    /// The sponsor after `last` is the first of the next block.
    mutating func rotate(after last: Party) {
        guard let index = ring.firstIndex(of: last) else { return }
        ring = Array(ring[(index + 1)...] + ring[...index])
    }
}
