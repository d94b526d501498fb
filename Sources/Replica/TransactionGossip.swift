internal import Primitives

/// Which transactions are here, who has them, which were asked for: what keeps each from being sent or verified twice.
struct TransactionGossip: Sendable {
    struct Request: Sendable {
        var peer: TransportKey
        var time: Timestamp
        /// Who else announced it, to be asked next.
        var others: [TransportKey]
    }

    /// What waits in the pool, by tag.
    private(set) var pooled: [TransactionTag: (hash: Hash, wireID: Hash)] = [:]
    /// Who is known to have what waits here.
    private var holders: [Hash: PeerSlots] = [:]
    /// Only this node has it: others can't be blamed for not proposing it [C12].
    private(set) var unshared: Set<Hash> = []
    private var requests: [TransactionTag: Request] = [:]
    private var requestOrder: [TransactionTag] = []
    /// What was here before and need not come again. Two generations: when the younger is full, the elder goes.
    private var younger: Set<TransactionTag> = []
    private var elder: Set<TransactionTag> = []
    private(set) var toAnnounce: [(tag: TransactionTag, wireID: Hash)] = []
    var isAnnouncementTimerSet = false

    private static let remembered = 65_536
    private static let openRequests = 16_384
    private static let otherAnnouncers = 3
    /// After so long another peer is asked.
    private static let patienceMilliseconds: UInt64 = 2_000

    // MARK: What is here

    mutating func add(hash: Hash, wireID: Hash, from slot: Int?, isLocal: Bool) {
        let tag = TransactionTag(wireID)
        pooled[tag] = (hash, wireID)
        requests[tag] = nil
        if isLocal { unshared.insert(hash) }
        if let slot { holders[wireID, default: PeerSlots()].insert(slot) }
        toAnnounce.append((tag, wireID))
    }

    func hash(_ tag: TransactionTag) -> Hash? { pooled[tag]?.hash }

    func holders(of wireID: Hash) -> PeerSlots { holders[wireID] ?? PeerSlots() }

    /// A peer has it: it announced it, or it was sent to it.
    mutating func note(_ tag: TransactionTag, isAt slot: Int?) {
        guard let known = pooled[tag] else { return }
        unshared.remove(known.hash)
        if let slot { holders[known.wireID, default: PeerSlots()].insert(slot) }
    }

    mutating func remember(_ tag: TransactionTag) {
        if younger.count >= Self.remembered {
            elder = younger
            younger = []
        }
        younger.insert(tag)
    }

    mutating func takeAnnouncements() -> [(tag: TransactionTag, wireID: Hash)] {
        defer { toAnnounce = [] }
        return toAnnounce
    }

    mutating func disconnected(_ key: TransportKey, slot: Int?) {
        if let slot {
            // What each has is changed alike, in whatever order.
            for wireID in holders.keys { holders[wireID]?.remove(slot) }
        }
        for tag in requestOrder where requests[tag]?.peer == key { requests[tag]?.time = Timestamp(0) }
    }

    /// Forgets what no longer waits.
    mutating func prune(isWaiting: (Hash) -> Bool) {
        for (tag, known) in pooled where !isWaiting(known.hash) {
            pooled[tag] = nil
            holders[known.wireID] = nil
            unshared.remove(known.hash)
            remember(tag)
        }
    }

    // MARK: What is asked for

    /// Those of the announced that are to be asked for now.
    mutating func wanted(_ tags: [TransactionTag], from key: TransportKey, now: Timestamp) -> [TransactionTag] {
        var wanted: [TransactionTag] = []
        for tag in tags where pooled[tag] == nil && !younger.contains(tag) && !elder.contains(tag) {
            if var request = requests[tag] {
                if request.peer != key, request.others.count < Self.otherAnnouncers, !request.others.contains(key) {
                    request.others.append(key)
                    requests[tag] = request
                }
            } else if requests.count < Self.openRequests {
                requests[tag] = Request(peer: key, time: now, others: [])
                requestOrder.append(tag)
                wanted.append(tag)
            }
        }
        return wanted
    }

    /// Requests that were not answered in time, to be sent to the next announcer; those without one are given up.
    mutating func overdue(now: Timestamp) -> [(peer: TransportKey, tag: TransactionTag)] {
        var again: [(peer: TransportKey, tag: TransactionTag)] = []
        requestOrder.removeAll { requests[$0] == nil }
        for tag in requestOrder {
            guard var request = requests[tag], now >= request.time.adding(milliseconds: Self.patienceMilliseconds)
            else { continue }
            if request.others.isEmpty {
                requests[tag] = nil
            } else {
                request.peer = request.others.removeFirst()
                request.time = now
                requests[tag] = request
                again.append((request.peer, tag))
            }
        }
        return again
    }

    mutating func answered(_ tag: TransactionTag) { requests[tag] = nil }
}
