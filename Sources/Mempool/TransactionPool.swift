public import Encoding
public import Primitives

/// Verified transactions that wait for a block: bounded, in sequence per account, fair between sponsors.
///
/// Pure: times are block times or the caller's clock, given with each call. Rules `[M1]`…`[M9]` stand in
/// Specs/mempool.md.
public struct TransactionPool<Payload: Sendable>: Sendable {
    public let limits: MempoolLimits
    public internal(set) var byteCount = 0
    public var count: Int { entries.count }
    public var isEmpty: Bool { entries.isEmpty }

    struct Entry: Sendable {
        let transaction: PoolTransaction<Payload>
        /// Order of admission; unique.
        let arrival: UInt64
        let admittedAt: Timestamp
        /// Whether it waits in the reserved lane.
        let isInLane: Bool
        var replacements: Int
        var attempts = 0
    }

    /// By transaction hash.
    var entries: [Hash: Entry] = [:]
    var accounts: [Address: AccountQueue] = [:]
    /// The two lanes: who waits for whom.
    var ordinary = LaneQueue()
    var reserved = LaneQueue()
    var ends: PoolEnds
    private var arrivals: UInt64 = 0
    /// How often something came, and how often something left or an account's next sequence rose: whoever remembers an
    /// answer of ``hasReady(nextSequences:where:)`` sees by them whether it still stands.
    public var additions: UInt64 { arrivals }
    public private(set) var removals: UInt64 = 0
    /// When each account last used the reserved lane, and the same in order of time.
    private var laneUses: [Address: Timestamp] = [:]
    private var laneUseOrder: [(account: Address, time: Timestamp)] = []
    /// No transaction expires before this time.
    private var earliestExpiry = Timestamp.maximum

    public init(limits: MempoolLimits = MempoolLimits()) {
        self.limits = limits
        ends = PoolEnds(limit: limits.rememberedEnds)
    }

    // MARK: Admission

    /// [M1] Takes a verified transaction, or says why not. Returns the hash of the one it replaces, if any.
    ///
    /// - Parameters:
    ///   - nextSequence: of the sender, in the final state.
    ///   - isSponsored: whether anyone answers for its weight outside the reserved lane.
    ///   - now: the caller's clock.
    @discardableResult
    public mutating func admit(
        _ transaction: PoolTransaction<Payload>, nextSequence: UInt64, isSponsored: Bool = true, now: Timestamp
    ) throws(Rejection) -> Hash? {
        guard entries[transaction.hash] == nil else {
            throw MempoolRejection.duplicate.at("", "transaction \(transaction.hash) waits already")
        }
        try checkFits(transaction, nextSequence: nextSequence, now: now)
        var account = accounts[transaction.sender] ?? AccountQueue(next: nextSequence)
        account.next = max(account.next, nextSequence)
        let isInLane = try lane(for: transaction, isSponsored: isSponsored, now: now)
        let replaced = try replaceable(by: transaction, isInLane: isInLane, in: account, now: now)
        for victim in try victims(for: transaction, isInLane: isInLane, replacing: replaced) {
            end(
                victim,
                PoolEnd(
                    MempoolRejection.evicted.at("", "the pool is full", hint: "Send it again.", retryable: true),
                    isDefinitive: false))
        }
        if let replaced {
            end(
                replaced.transaction.hash,
                PoolEnd(
                    MempoolRejection.replaced.at("sequence", "replaced by \(transaction.hash)"), isDefinitive: false))
        }
        insert(transaction, isInLane: isInLane, replacements: replaced.map { $0.replacements + 1 } ?? 0, now: now)
        if accounts[transaction.sender]?.next != account.next {
            accounts[transaction.sender]?.next = account.next
            removals += 1
        }
        return replaced?.transaction.hash
    }

    private func checkFits(
        _ transaction: PoolTransaction<Payload>, nextSequence: UInt64, now: Timestamp
    ) throws(Rejection) {
        if let validUntil = transaction.validUntil, validUntil < now {
            throw MempoolRejection.expired.at(
                "validUntil", "valid until \(validUntil), and it is \(now)", hint: "Build and sign it anew.")
        }
        guard transaction.weight <= limits.transactionWeight else {
            throw MempoolRejection.tooHeavy.at(
                "operations", "weighs \(transaction.weight), a block at most \(limits.transactionWeight)",
                hint: "Split the operations over several transactions.")
        }
        guard transaction.sequence >= nextSequence else {
            throw MempoolRejection.sequenceUsed.at(
                "sequence", "\(transaction.sequence) is used; the account's next one is \(nextSequence)",
                hint: "Ask for the account and build with its next sequence.")
        }
        guard transaction.sequence - nextSequence < limits.transactionsPerAccount else {
            throw MempoolRejection.sequenceTooFar.at(
                "sequence",
                "\(transaction.sequence) is more than \(limits.transactionsPerAccount - 1) ahead of \(nextSequence)",
                hint: "Wait until earlier transactions are final.", retryable: true)
        }
    }

    /// [M4] Reserved acts need a record to act on. One per account in ten minutes goes to the lane, deliveries always;
    /// what is beyond that is weighed on the sponsor like any other.
    private func lane(
        for transaction: PoolTransaction<Payload>, isSponsored: Bool, now: Timestamp
    ) throws(Rejection) -> Bool {
        guard case .reserved(let rank) = transaction.lane else { return false }
        guard transaction.hasRecordToActOn else {
            throw MempoolRejection.nothingToActOn.at("operations", "the ledger holds nothing that this acts on")
        }
        if rank == .delivery { return true }
        guard let last = laneUses[transaction.sender],
            now < last.adding(milliseconds: limits.reservedIntervalMilliseconds)
        else { return true }
        guard isSponsored else {
            throw MempoolRejection.reservedTooSoon.at(
                "", "the account's last reserved act was at \(last)",
                hint: "One transaction may withdraw all consents; or send it ten minutes after the last.",
                retryable: true)
        }
        return false
    }

    /// [M5] The earlier arrival keeps its sequence, unless a reserved act meets an ordinary transaction, or the earlier
    /// one has waited a minute; and only a few times, so that nobody gossips for nothing.
    private func replaceable(
        by transaction: PoolTransaction<Payload>, isInLane: Bool, in account: AccountQueue, now: Timestamp
    ) throws(Rejection) -> Entry? {
        guard let hash = account.hash(at: transaction.sequence), let earlier = entries[hash] else { return nil }
        let waited = now >= earlier.admittedAt.adding(milliseconds: limits.replaceableAfterMilliseconds)
        guard waited || isInLane && !earlier.isInLane, earlier.replacements < limits.replacements else {
            throw MempoolRejection.sequenceTaken.at(
                "sequence", "\(hash) has sequence \(transaction.sequence)",
                hint: "Use the next sequence, or send this again when the other has waited a minute.",
                retryable: earlier.replacements < limits.replacements)
        }
        return earlier
    }

    private mutating func insert(
        _ transaction: PoolTransaction<Payload>, isInLane: Bool, replacements: Int, now: Timestamp
    ) {
        arrivals += 1
        let entry = Entry(
            transaction: transaction, arrival: arrivals, admittedAt: now, isInLane: isInLane,
            replacements: replacements)
        entries[transaction.hash] = entry
        byteCount += transaction.byteCount
        accounts[transaction.sender, default: AccountQueue(next: transaction.sequence)].insert(
            transaction.hash, at: transaction.sequence)
        if isInLane {
            reserved.append(transaction.hash, of: transaction.sponsor, byteCount: transaction.byteCount)
            laneUses[transaction.sender] = now
            laneUseOrder.append((transaction.sender, now))
        } else {
            ordinary.append(transaction.hash, of: transaction.sponsor, byteCount: transaction.byteCount)
        }
        if let validUntil = transaction.validUntil { earliestExpiry = min(earliestExpiry, validUntil) }
        ends.forget(transaction.hash)
    }

    // MARK: Bounds

    /// [M3] A full lane gives way only to sponsors with less in it: the one with most loses its latest arrival. Returns
    /// who has to go; nobody goes if that would not make room enough.
    private func victims(
        for transaction: PoolTransaction<Payload>, isInLane: Bool, replacing: Entry?
    ) throws(Rejection) -> [Hash] {
        let divisor = MempoolLimits.reservedDivisor
        let byteLimit = isInLane ? limits.bytes / divisor : limits.bytes - limits.bytes / divisor
        let countLimit = isInLane ? limits.transactions / divisor : limits.transactions - limits.transactions / divisor
        let lane = isInLane ? reserved : ordinary
        let leaving = replacing.flatMap { $0.isInLane == isInLane ? $0.transaction : nil }
        var bytes = lane.byteCount - (leaving?.byteCount ?? 0) + transaction.byteCount
        var count = lane.count - (leaving == nil ? 0 : 1) + 1
        guard bytes > byteLimit || count > countLimit else { return [] }

        var loads: [Party: Int] = [:]
        for sponsor in lane.ring { loads[sponsor] = lane.byteCount(of: sponsor) }
        if let leaving { loads[leaving.sponsor, default: 0] -= leaving.byteCount }
        let own = (loads[transaction.sponsor] ?? 0) + transaction.byteCount
        var waiting: [Party: [Hash]] = [:]
        var victims: [Hash] = []
        while bytes > byteLimit || count > countLimit {
            var largest: (sponsor: Party, bytes: Int)?
            for sponsor in lane.ring where loads[sponsor, default: 0] > largest?.bytes ?? 0 {
                largest = (sponsor, loads[sponsor, default: 0])
            }
            guard let largest, largest.sponsor != transaction.sponsor, largest.bytes > own,
                let victim = Self.popLatest(
                    of: &waiting[largest.sponsor, default: lane.hashes(of: largest.sponsor)], but: leaving?.hash),
                let size = entries[victim]?.transaction.byteCount
            else {
                throw MempoolRejection.poolFull.at(
                    "", "\(lane.byteCount) of \(byteLimit) bytes are taken", hint: "Send it again in a while.",
                    retryable: true)
            }
            victims.append(victim)
            loads[largest.sponsor] = largest.bytes - size
            bytes -= size
            count -= 1
        }
        return victims
    }

    private static func popLatest(of hashes: inout [Hash], but kept: Hash?) -> Hash? {
        while let last = hashes.popLast() { if last != kept { return last } }
        return nil
    }

    /// Takes a transaction out and remembers why.
    mutating func end(_ hash: Hash, _ end: PoolEnd) {
        take(hash)
        ends.remember(hash, end)
    }

    mutating func take(_ hash: Hash) {
        guard let entry = entries.removeValue(forKey: hash) else { return }
        removals += 1
        let transaction = entry.transaction
        byteCount -= transaction.byteCount
        accounts[transaction.sender]?.remove(at: transaction.sequence)
        if accounts[transaction.sender]?.isEmpty ?? false { accounts[transaction.sender] = nil }
        if entry.isInLane {
            reserved.remove(transaction.hash, of: transaction.sponsor, byteCount: transaction.byteCount)
        } else {
            ordinary.remove(transaction.hash, of: transaction.sponsor, byteCount: transaction.byteCount)
        }
    }

    // MARK: What becomes of them

    /// [M6] A block became final: its transactions leave, and with them what can't follow any more.
    ///
    /// - Parameter time: the block's; validUntil is measured by it.
    public mutating func finalized(
        _ transactions: [(hash: Hash, sender: Address, sequence: UInt64)], time: Timestamp
    ) {
        for final in transactions {
            take(final.hash)
            ends.forget(final.hash)
            guard var account = accounts[final.sender] else { continue }
            account.next = max(account.next, final.sequence + 1)
            removals += 1
            accounts[final.sender] = account
            for stale in account.hashes(below: account.next) {
                end(
                    stale,
                    PoolEnd(
                        MempoolRejection.sequenceUsed.at(
                            "sequence", "transaction \(final.hash) with this sequence became final",
                            hint: "Build it anew with the account's next sequence."), isDefinitive: true))
            }
        }
        expire(at: time)
        let due = laneUseOrder.prefix {
            $0.time.adding(milliseconds: limits.reservedIntervalMilliseconds) <= time
        }
        for use in due where laneUses[use.account] == use.time { laneUses[use.account] = nil }
        laneUseOrder.removeFirst(due.count)
    }

    /// [M6] By block time, so that the answer is the same everywhere.
    private mutating func expire(at time: Timestamp) {
        guard earliestExpiry < time else { return }
        let expired = entries.values.filter { $0.transaction.validUntil.map { $0 < time } ?? false }
        for entry in expired.sorted(by: { $0.arrival < $1.arrival }) {
            end(
                entry.transaction.hash,
                PoolEnd(
                    MempoolRejection.expired.at(
                        "validUntil", "block time \(time) has passed it", hint: "Build and sign it anew."),
                    isDefinitive: true))
        }
        earliestExpiry = entries.values.compactMap(\.transaction.validUntil).min() ?? .maximum
    }

    /// [M7] The ledger refused it when a block was built. Final refusals leave at once, passing ones after a few tries.
    public mutating func refused(_ hash: Hash, _ rejection: Rejection) {
        guard var entry = entries[hash] else { return }
        entry.attempts += 1
        entries[hash] = entry
        guard !rejection.retryable || entry.attempts >= limits.attempts else { return }
        end(hash, PoolEnd(rejection, isDefinitive: false))
    }

    // MARK: Questions

    /// True if a block could take something now.
    ///
    /// - Parameters:
    ///   - nextSequences: of accounts that already have transactions in blocks that are not final yet.
    ///   - isCounted: by its hash, whether a transaction is of interest.
    public func hasReady(
        nextSequences: [Address: UInt64] = [:], where isCounted: (Hash) -> Bool = { _ in true }
    ) -> Bool {
        // Whether any account has, does not depend on the order in which they are asked.
        accounts.contains { address, account in
            account.hash(at: max(account.next, nextSequences[address] ?? 0)).map(isCounted) ?? false
        }
    }

    public func status(of hash: Hash) -> PoolStatus? {
        if let entry = entries[hash] {
            let account = accounts[entry.transaction.sender]
            return .pending(isReady: account.map { $0.isConsecutive(to: entry.transaction.sequence) } ?? false)
        }
        return ends[hash].map { .ended($0) }
    }

    public func transaction(_ hash: Hash) -> PoolTransaction<Payload>? { entries[hash]?.transaction }

    public func contains(_ hash: Hash) -> Bool { entries[hash] != nil }

    /// Everything that waits, in no order.
    public func visitAll(_ body: (_ wireID: Hash, _ payload: Payload) -> Void) {
        for entry in entries.values { body(entry.transaction.wireID, entry.transaction.payload) }
    }

    /// At most so many are told at once.
    public static var waitingLimit: Int { 100 }

    /// What waits, in order of arrival, of one sender if given; at most ``waitingLimit``.
    public func waiting(of sender: Address? = nil, limit: Int) -> [PoolTransaction<Payload>] {
        let limit = max(0, min(limit, Self.waitingLimit))
        var first: [(arrival: UInt64, hash: Hash)] = []
        if let sender {
            // Of one account only a window of sequences waits.
            for one in accounts[sender]?.waiting ?? [] {
                if let entry = entries[one.hash] { first.append((entry.arrival, one.hash)) }
            }
            first.sort { $0.arrival < $1.arrival }
        } else if limit > 0 {
            // The earliest so far, sorted: most of a large pool is passed over with one comparison.
            for (hash, entry) in entries where first.count < limit || entry.arrival < first[limit - 1].arrival {
                var (low, high) = (0, first.count)
                while low < high {
                    let middle = (low + high) / 2
                    if first[middle].arrival < entry.arrival { low = middle + 1 } else { high = middle }
                }
                if first.count == limit { first.removeLast() }
                first.insert((entry.arrival, hash), at: low)
            }
        }
        return first.prefix(limit).compactMap { entries[$0.hash]?.transaction }
    }

    /// The sequence after those that wait without a gap: what a wallet builds its next transaction with.
    public func nextSequence(of account: Address, inState next: UInt64) -> UInt64 {
        guard var queue = accounts[account] else { return next }
        queue.next = max(queue.next, next)
        return queue.firstFree
    }

    /// [M9] Every transaction's bytes in order of arrival, to be admitted anew after a restart.
    public func encodeAll() -> [UInt8] { Self.encode(allBytes) }

    /// Every transaction's bytes in order of arrival.
    public var allBytes: [[UInt8]] {
        entries.values.sorted { $0.arrival < $1.arrival }.map(\.transaction.bytes)
    }

    public static func encode(_ transactions: [[UInt8]]) -> [UInt8] {
        var writer = CBORWriter(reserving: transactions.reduce(16) { $0 + $1.count + 8 })
        writer.array(transactions.count)
        for transaction in transactions { writer.write(bytes: transaction) }
        return writer.bytes
    }

    /// The bytes that ``encodeAll()`` wrote; they are verified and admitted like any other.
    public static func decodeAll(
        _ bytes: [UInt8], limits: MempoolLimits = MempoolLimits()
    ) throws(EncodingFailure) -> [[UInt8]] {
        var reader = CBORReader(bytes)
        let all = try reader.list("pool", max: limits.transactions) { (reader) throws(EncodingFailure) in
            try reader.byteString("transaction", max: WireLimits.transactionBytes)
        }
        try reader.finish()
        return all
    }
}
