public import Primitives

/// What a block may hold.
public struct BlockBounds: Hashable, Sendable {
    public let weight: UInt64
    public let bytes: Int
    public let count: Int

    public init(weight: UInt64, bytes: Int, count: Int) {
        self.weight = weight
        self.bytes = bytes
        self.count = count
    }
}

extension TransactionPool {
    /// [M8] Chooses transactions for a block, in the order in which they are to be executed: reserved acts within a
    /// twentieth of the weight, then deficit round robin over sponsors.
    ///
    /// Nothing leaves the pool: it does when the block is final.
    ///
    /// - Parameter nextSequences: of accounts that already have transactions in blocks that are not final yet.
    public mutating func select(
        _ bounds: BlockBounds, nextSequences: [Address: UInt64] = [:]
    ) -> [PoolTransaction<Payload>] {
        var selection = Selection<Payload>(bounds: bounds, nextSequences: nextSequences)
        selectReserved(&selection)
        selectOrdinary(&selection)
        return selection.chosen
    }

    /// Round robin by last sponsor within each rank, acts before claims; deliveries may go beyond the lane's weight.
    private func selectReserved(_ selection: inout Selection<Payload>) {
        for rank in [ReservedRank.delivery, .act, .claim] {
            var queues = reserved.ring.map { sponsor in
                reserved.hashes(of: sponsor).compactMap { entries[$0] }
                    .filter { $0.transaction.lane == .reserved(rank: rank) }[...]
            }
            while queues.contains(where: { !$0.isEmpty }) {
                for index in queues.indices {
                    guard let entry = queues[index].popFirst() else { continue }
                    guard isNext(entry, selection), selection.hasLaneRoom(for: entry.transaction, rank) else {
                        continue
                    }
                    selection.choose(entry.transaction, isInLane: true)
                }
            }
        }
    }

    private func isNext(_ entry: Entry, _ selection: Selection<Payload>) -> Bool {
        entry.transaction.sequence == expected(entry.transaction.sender, selection)
    }

    private func expected(_ account: Address, _ selection: Selection<Payload>) -> UInt64 {
        max(selection.nextSequences[account] ?? 0, accounts[account]?.next ?? 0)
    }

    /// Each visit gives a sponsor a sixty-fourth of the block in weight; what it does not use it keeps while it has
    /// something waiting. A sponsor at its share is passed over.
    private mutating func selectOrdinary(_ selection: inout Selection<Payload>) {
        let quantum = max(selection.bounds.weight / 64, 1)
        var queues = ordinary.ring.map { sponsor in
            (sponsor: sponsor, waiting: ordinary.allHashes(of: sponsor)[...])
        }
        var last: Party?
        while !queues.isEmpty, !selection.isFull {
            for index in queues.indices {
                let sponsor = queues[index].sponsor
                var deficit = min(ordinary.deficit(of: sponsor) + quantum, selection.bounds.weight)
                while let hash = queues[index].waiting.first {
                    guard let entry = entries[hash], !entry.isInLane, isNext(entry, selection) else {
                        queues[index].waiting.removeFirst()
                        continue
                    }
                    guard entry.transaction.weight <= deficit else { break }
                    guard selection.hasRoom(for: entry.transaction) else {
                        // No room for it in this block: what is behind it must not overtake it.
                        queues[index].waiting = []
                        break
                    }
                    queues[index].waiting.removeFirst()
                    deficit -= entry.transaction.weight
                    selection.choose(entry.transaction, isInLane: false)
                    last = sponsor
                    // Followers of the same account that arrived before it were passed over; they come now.
                    let followers = followers(of: entry, selection)
                    queues[index].waiting = (followers + queues[index].waiting)[...]
                }
                ordinary.setDeficit(queues[index].waiting.isEmpty ? 0 : deficit, of: sponsor)
            }
            queues.removeAll { $0.waiting.isEmpty }
        }
        if let last { ordinary.rotate(after: last) }
    }

    private func followers(of entry: Entry, _ selection: Selection<Payload>) -> [Hash] {
        guard let hash = accounts[entry.transaction.sender]?.hash(at: entry.transaction.sequence + 1),
            let next = entries[hash], next.arrival < entry.arrival, !next.isInLane,
            next.transaction.sponsor == entry.transaction.sponsor
        else { return [] }
        return [hash]
    }
}

/// A block while it is filled.
private struct Selection<Payload: Sendable> {
    let bounds: BlockBounds
    var nextSequences: [Address: UInt64]
    private(set) var chosen: [PoolTransaction<Payload>] = []
    private var weight: UInt64 = 0
    private var bytes = 0
    private var laneWeight: UInt64 = 0
    private var ordinaryWeight: UInt64 = 0
    private var bySponsor: [Party: UInt64] = [:]
    private var largest: UInt64 = 0

    init(bounds: BlockBounds, nextSequences: [Address: UInt64]) {
        self.bounds = bounds
        self.nextSequences = nextSequences
    }

    var isFull: Bool { chosen.count >= bounds.count }

    private func hasSpace(for transaction: PoolTransaction<Payload>) -> Bool {
        !isFull && bytes + transaction.byteCount <= bounds.bytes
            && weight.adding(transaction.weight).map { $0 <= bounds.weight } ?? false
    }

    func hasLaneRoom(for transaction: PoolTransaction<Payload>, _ rank: ReservedRank) -> Bool {
        guard hasSpace(for: transaction) else { return false }
        return rank == .delivery || laneWeight + transaction.weight <= bounds.weight / 20 || laneWeight == 0
    }

    /// The rule of the block (Specs/transactions.md): ordinary weight within nineteen twentieths, and above half full no
    /// sponsor above max(W/4, W ÷ sponsors present).
    func hasRoom(for transaction: PoolTransaction<Payload>) -> Bool {
        guard hasSpace(for: transaction) else { return false }
        if transaction.isReserved { return true }
        guard ordinaryWeight + transaction.weight <= bounds.weight - bounds.weight / 20 else { return false }
        let own = bySponsor[transaction.sponsor, default: 0] + transaction.weight
        let sponsors = UInt64(bySponsor.count + (bySponsor[transaction.sponsor] == nil ? 1 : 0))
        let share = max(bounds.weight / 4, bounds.weight / sponsors)
        return weight + transaction.weight <= bounds.weight / 2 || max(own, largest) <= share
    }

    mutating func choose(_ transaction: PoolTransaction<Payload>, isInLane: Bool) {
        chosen.append(transaction)
        weight += transaction.weight
        bytes += transaction.byteCount
        nextSequences[transaction.sender] = transaction.sequence + 1
        if isInLane { laneWeight += transaction.weight }
        guard !transaction.isReserved else { return }
        let own = bySponsor[transaction.sponsor, default: 0] + transaction.weight
        bySponsor[transaction.sponsor] = own
        ordinaryWeight += transaction.weight
        largest = max(largest, own)
    }
}
