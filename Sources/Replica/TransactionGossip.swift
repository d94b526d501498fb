internal import Primitives

/// Which transactions are here, who has them, which were asked for: what keeps each from being sent or verified twice.
struct TransactionGossip: Sendable {
    struct Request: Sendable {
        var peer: TransportKey
        var isValidator: Bool
        var time: Timestamp
        /// Of the message that asked.
        var number: UInt64 = 0
        /// Who else announced it, to be asked next.
        var others: [TransportKey]
    }

    struct Pooled: Sendable {
        let hash: Hash
        let wireID: Hash
        /// When it was told last.
        var announced: Timestamp
    }

    /// What waits in the pool, by tag.
    private(set) var pooled: [TransactionTag: Pooled] = [:]
    /// Who is known to have what waits here.
    private var holders: [Hash: PeerSlots] = [:]
    /// Only this node has it: others can't be blamed for not proposing it [C12].
    private(set) var unshared: Set<Hash> = []
    /// How often something ceased to be that.
    private(set) var sharings: UInt64 = 0
    private var requests: [TransactionTag: Request] = [:]
    /// How many of them wait for each peer.
    private var openOf: [TransportKey: Int] = [:]
    private var openOfObservers = 0
    /// In the order in which they were opened; what is closed since stays until the list is gone through.
    private var requestOrder: [(tag: TransactionTag, number: UInt64)] = []
    private var lastNumber: UInt64 = 0
    /// What each announced when there was no room to ask for it.
    private var passedOver: [TransportKey: PassedOver] = [:]
    /// Who had the last turn.
    private var lastTurn: TransportKey?
    /// What was here before and need not come again. Two generations: when the younger is full, the elder goes.
    private var younger: Set<TransactionTag> = []
    private var elder: Set<TransactionTag> = []
    private(set) var toAnnounce: [(tag: TransactionTag, wireID: Hash)] = []
    var isAnnouncementTimerSet = false

    private static let remembered = 65_536
    private static let openRequests = 16_384
    /// What one peer can hold up with announcements that nothing follows; half of all for those who don't vote.
    private static let openRequestsOfValidator = 8_192
    private static let openRequestsOfObserver = 1_024
    private static let openRequestsOfObservers = 8_192
    /// Of each validator, however much others hold up: a hundred of them may exceed the whole by 15 MiB.
    private static let openRequestsKeptForValidator = 1_024
    /// Of what was passed over, in one turn: nobody takes the room of those who come next.
    private static let turnOfObserver = 64
    private static let turnOfValidator = 1_024
    /// Announced beyond that and kept in mind, of each: what a validator's users send within seconds of full load. A
    /// hundred that announce what does not exist take 26 MiB.
    private static let passedOverOfValidator = 16_384
    private static let passedOverOfObserver = 1_024
    /// What waits this long may have been announced to a peer that could not even keep it in mind.
    private static let reminderMilliseconds: UInt64 = 10_000
    /// What nobody has fetched: the view's timers do not run for it [C12], so it can't wait as long.
    private static let unsharedReminderMilliseconds: UInt64 = 1_000
    private static let otherAnnouncers = 3
    /// After so long another peer is asked.
    private static let patienceMilliseconds: UInt64 = 2_000

    // MARK: What is here

    mutating func add(hash: Hash, wireID: Hash, from slot: Int?, isLocal: Bool, now: Timestamp) {
        let tag = TransactionTag(wireID)
        pooled[tag] = Pooled(hash: hash, wireID: wireID, announced: now)
        close(tag)
        if isLocal { unshared.insert(hash) }
        if let slot { holders[wireID, default: PeerSlots()].insert(slot) }
        toAnnounce.append((tag, wireID))
    }

    func hash(_ tag: TransactionTag) -> Hash? { pooled[tag]?.hash }

    func holders(of wireID: Hash) -> PeerSlots { holders[wireID] ?? PeerSlots() }

    /// A peer has it: it announced it, or it was sent to it.
    mutating func note(_ tag: TransactionTag, isAt slot: Int?) {
        guard let known = pooled[tag] else { return }
        if unshared.remove(known.hash) != nil { sharings += 1 }
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
        for (tag, _) in requestOrder where requests[tag]?.peer == key { requests[tag]?.time = Timestamp(0) }
        passedOver[key] = nil
    }

    /// What waits for long and may have been missed, to be announced again: at most `limit` at a time.
    mutating func remind(limit: Int, now: Timestamp) {
        var count = 0
        let due = pooled.filter { _, known in
            let isUnshared = unshared.contains(known.hash)
            let pause = isUnshared ? Self.unsharedReminderMilliseconds : Self.reminderMilliseconds
            return now >= known.announced.adding(milliseconds: pause)
        }
        for (tag, known) in due.sorted(by: {
            ($0.value.announced, $0.key.high, $0.key.low) < ($1.value.announced, $1.key.high, $1.key.low)
        }) {
            guard count < limit else { return }
            pooled[tag]?.announced = now
            toAnnounce.append((tag, known.wireID))
            count += 1
        }
    }

    /// Forgets what no longer waits.
    mutating func prune(isWaiting: (Hash) -> Bool) {
        for (tag, known) in pooled where !isWaiting(known.hash) { forget(tag, known) }
    }

    private mutating func forget(_ tag: TransactionTag, _ known: Pooled) {
        pooled[tag] = nil
        holders[known.wireID] = nil
        unshared.remove(known.hash)
        remember(tag)
    }

    /// It became final, however it came here: nobody need send it any more, and who was asked has room for other requests.
    mutating func settled(_ wireID: Hash) {
        let tag = TransactionTag(wireID)
        close(tag)
        if let known = pooled[tag] { forget(tag, known) } else { remember(tag) }
    }

    // MARK: What is asked for

    /// Those of the announced that are to be asked for now.
    mutating func wanted(
        _ tags: [TransactionTag], from key: TransportKey, isValidator: Bool, now: Timestamp
    ) -> [TransactionTag] {
        var wanted: [TransactionTag] = []
        lastNumber += 1
        for tag in tags where !isKnown(tag) {
            if var request = requests[tag] {
                if request.peer != key, request.others.count < Self.otherAnnouncers, !request.others.contains(key) {
                    request.others.append(key)
                    requests[tag] = request
                }
            } else if hasRoom(key, isValidator: isValidator) {
                open(tag, Request(peer: key, isValidator: isValidator, time: now, number: lastNumber, others: []))
                requestOrder.append((tag, lastNumber))
                wanted.append(tag)
            } else {
                let limit = isValidator ? Self.passedOverOfValidator : Self.passedOverOfObserver
                passedOver[key, default: PassedOver()].append(tag, limit: limit)
            }
        }
        return wanted
    }

    private func isKnown(_ tag: TransactionTag) -> Bool {
        pooled[tag] != nil || younger.contains(tag) || elder.contains(tag)
    }

    /// Who announced what was passed over, as far as there is room to ask for some of it now: in turns, validators first.
    func askable(isValidator: (TransportKey) -> Bool) -> [TransportKey] {
        guard !passedOver.isEmpty else { return [] }
        let keys = passedOver.keys.filter { hasRoom($0, isValidator: isValidator($0)) }.sorted()
        let next = lastTurn.flatMap { last in keys.firstIndex { last < $0 } } ?? 0
        let turns = keys[next...] + keys[..<next]
        return turns.filter(isValidator) + turns.filter { !isValidator($0) }
    }

    /// What was passed over of that peer's announcements and can be asked for now.
    mutating func wantedNow(from key: TransportKey, isValidator: Bool, now: Timestamp) -> [TransactionTag] {
        var tags: [TransactionTag] = []
        // Whoever had a turn before may have left no room.
        let turn = min(
            room(of: key, isValidator: isValidator), isValidator ? Self.turnOfValidator : Self.turnOfObserver)
        if turn > 0, !isValidator { lastTurn = key }
        while tags.count < turn, let tag = passedOver[key]?.popFirst() {
            if !isKnown(tag) { tags.append(tag) }
        }
        if passedOver[key]?.isEmpty ?? false { passedOver[key] = nil }
        return wanted(tags, from: key, isValidator: isValidator, now: now)
    }

    /// Requests that were not answered in time, to be sent to the next announcer; those without one are given up.
    mutating func overdue(
        now: Timestamp, isValidator: (TransportKey) -> Bool
    ) -> [(peer: TransportKey, tag: TransactionTag)] {
        var again: [(peer: TransportKey, tag: TransactionTag)] = []
        removeClosed()
        for (tag, _) in requestOrder {
            guard var request = requests[tag], now >= request.time.adding(milliseconds: Self.patienceMilliseconds)
            else { continue }
            if request.others.isEmpty {
                close(tag)
            } else {
                close(tag)
                request.peer = request.others.removeFirst()
                request.isValidator = isValidator(request.peer)
                request.time = now
                guard hasRoom(request.peer, isValidator: request.isValidator) else { continue }
                open(tag, request)
                again.append((request.peer, tag))
            }
        }
        return again
    }

    mutating func answered(_ tag: TransactionTag) { close(tag) }

    /// The message in which a transaction was asked of `key`; nil if it was not.
    func request(_ tag: TransactionTag, of key: TransportKey) -> UInt64? {
        requests[tag].flatMap { $0.peer == key ? $0.number : nil }
    }

    /// What an answer to that message had no room for, to be asked of the same peer at once.
    mutating func rest(of number: UInt64, at key: TransportKey, now: Timestamp) -> [TransactionTag] {
        removeClosed()
        let rest = requestOrder.filter { $0.number == number && requests[$0.tag]?.peer == key }.map(\.tag)
        for tag in rest { requests[tag]?.time = now }
        return rest
    }

    /// One that was closed and opened again stands in the list twice: only the later place counts.
    private mutating func removeClosed() { requestOrder.removeAll { requests[$0.tag]?.number != $0.number } }

    private func hasRoom(_ key: TransportKey, isValidator: Bool) -> Bool { room(of: key, isValidator: isValidator) > 0 }

    private func room(of key: TransportKey, isValidator: Bool) -> Int {
        let open = openOf[key] ?? 0
        let ofAll = Self.openRequests - requests.count
        guard isValidator else {
            return min(
                Self.openRequestsOfObserver - open, Self.openRequestsOfObservers - openOfObservers, ofAll)
        }
        return min(Self.openRequestsOfValidator - open, max(ofAll, Self.openRequestsKeptForValidator - open))
    }

    private mutating func open(_ tag: TransactionTag, _ request: Request) {
        requests[tag] = request
        openOf[request.peer, default: 0] += 1
        if !request.isValidator { openOfObservers += 1 }
    }

    private mutating func close(_ tag: TransactionTag) {
        guard let request = requests.removeValue(forKey: tag) else { return }
        let left = (openOf[request.peer] ?? 1) - 1
        openOf[request.peer] = left > 0 ? left : nil
        if !request.isValidator { openOfObservers -= 1 }
    }
}

/// Announcements of one peer that wait for room, in their order, each once; what is beyond the limit is forgotten, and
/// announced again.
private struct PassedOver: Sendable {
    private var tags: [TransactionTag] = []
    private var first = 0
    private var known: Set<TransactionTag> = []

    var isEmpty: Bool { known.isEmpty }

    mutating func append(_ tag: TransactionTag, limit: Int) {
        guard known.count < limit, known.insert(tag).inserted else { return }
        tags.append(tag)
    }

    mutating func popFirst() -> TransactionTag? {
        guard first < tags.count else { return nil }
        let tag = tags[first]
        first += 1
        known.remove(tag)
        if first > tags.count / 2 {
            tags.removeFirst(first)
            first = 0
        }
        return tag
    }
}
