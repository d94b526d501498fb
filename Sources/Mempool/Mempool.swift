internal import DequeModule
public import Primitives
public import Transactions

/// What the final state says about a sender when a transaction is admitted.
public struct SenderFacts: Hashable, Sendable {
    /// The number that its next transaction must have; nil if it has no account.
    public let nextSequence: UInt64?
    /// Who answers for its transactions.
    public let sponsor: Party

    public init(nextSequence: UInt64?, sponsor: Party) {
        self.nextSequence = nextSequence
        self.sponsor = sponsor
    }
}

/// What became of an offer to the pool.
public enum Admission: Hashable, Sendable {
    case admitted
    /// The same transaction (by its hash) waits already.
    case pending
    /// It took the place of the transaction with this hash.
    case replaced(Hash)
}

/// How a transaction left the pool without becoming final.
public enum Departure: Hashable, Sendable {
    /// Another transaction with its sequence took its place, in the pool or on the ledger: it can't become final.
    case replaced
    /// Block time passed its validUntil.
    case expired
    /// The ledger refused it when a block was built.
    case refused(Rejection)
    /// Forgotten for lack of room or for age; it may be sent again.
    case dropped
}

/// Transactions that wait for a block: bounded, fair to sponsors, ordered by account sequence. Specs/mempool.md.
///
/// Pure: block time and facts about the state come with the calls.
public struct Mempool: Sendable {
    struct Entry: Sendable {
        let transaction: VerifiedTransaction
        let sponsor: Party
        let arrival: UInt64
        let admittedAt: Timestamp
        let replacements: Int
    }

    struct Account: Sendable {
        var next: UInt64
        var entries: [UInt64: Entry] = [:]
    }

    /// A place in a sponsor's line; stale once the entry at that sequence has another arrival.
    struct Place: Sendable {
        let sender: Address
        let sequence: UInt64
        let arrival: UInt64
    }

    public let limits: MempoolLimits
    public private(set) var byteCount = 0
    public private(set) var count = 0
    var accounts: [Address: Account] = [:]
    /// Ordinary transactions in order of arrival, by sponsor; stale places are dropped when they are met.
    var lines: [Party: Deque<Place>] = [:]
    var reservedLines: [Party: Deque<Place>] = [:]
    /// Whose turn it is: sponsors in order, the next to serve first.
    var turn: Party?
    private var byHash: [Hash: (sender: Address, sequence: UInt64)] = [:]
    private var bytesBySponsor: [Party: Int] = [:]
    private var reservedAt: [Address: Timestamp] = [:]
    private var departures: [Hash: Departure] = [:]
    private var departureOrder: Deque<Hash> = []
    private var arrivals: UInt64 = 0

    public init(limits: MempoolLimits = MempoolLimits()) { self.limits = limits }

    // MARK: Questions

    public func contains(_ hash: Hash) -> Bool { byHash[hash] != nil }

    public func departure(of hash: Hash) -> Departure? { departures[hash] }

    /// What waits, in order of arrival, of one sender if given.
    public func transactions(of sender: Address? = nil, limit: Int = .max) -> [VerifiedTransaction] {
        let entries = sender.map { accounts[$0].map { Array($0.entries.values) } ?? [] }
            ?? accounts.values.flatMap { Array($0.entries.values) }
        return entries.sorted { $0.arrival < $1.arrival }.prefix(limit).map(\.transaction)
    }

    /// The next number of `sender` past what waits without a gap, or nil if nothing of it waits.
    public func nextSequence(of sender: Address) -> UInt64? {
        guard let account = accounts[sender], !account.entries.isEmpty else { return nil }
        var next = account.next
        while account.entries[next] != nil { next += 1 }
        return next
    }

    public var isEmpty: Bool { count == 0 }

    // MARK: Admission

    /// Admits a verified transaction, or says why not. Nothing else changes when it refuses.
    ///
    /// - Parameter weightLimit: W, the block's weight limit.
    public mutating func admit(
        _ transaction: VerifiedTransaction, facts: SenderFacts, at time: Timestamp, weightLimit: UInt64
    ) throws(Rejection) -> Admission {
        if byHash[transaction.hash] != nil { return .pending }
        try transaction.checkTime(time)
        let isReserved = transaction.signed.isReserved
        let room = isReserved ? weightLimit : weightLimit - weightLimit / 20
        guard transaction.weight <= room else {
            throw MempoolRejection.tooHeavyForBlock.at(
                "operations", "it weighs \(transaction.weight), and a block holds \(room)",
                hint: "Split the operations over several transactions.")
        }
        let next = try checkedNext(transaction, facts: facts)
        let sequence = transaction.body.sequence
        if isReserved { try checkReservedInterval(transaction.body.sender, at: time) }
        let old = accounts[transaction.body.sender]?.entries[sequence]
        if let old { try checkReplacement(of: old, by: transaction) }
        try makeRoom(for: transaction, sponsor: facts.sponsor, isReserved: isReserved, replacing: old)
        if let old { remove(old, as: .replaced) }
        accounts[transaction.body.sender, default: Account(next: next)].next = next
        insert(transaction, sponsor: facts.sponsor, at: time, replacements: (old?.replacements ?? -1) + 1)
        if isReserved { reservedAt[transaction.body.sender] = time }
        return old.map { .replaced($0.transaction.hash) } ?? .admitted
    }

    private func checkedNext(
        _ transaction: VerifiedTransaction, facts: SenderFacts
    ) throws(Rejection) -> UInt64 {
        let sequence = transaction.body.sequence
        guard let stated = facts.nextSequence else {
            throw MempoolRejection.accountUnknown.at(
                "sender", "\(transaction.body.sender.bytes) has no account on this ledger",
                hint: "An enrolled institution must sponsor it first.")
        }
        let next = max(stated, accounts[transaction.body.sender]?.next ?? 0)
        guard sequence >= next else {
            throw MempoolRejection.sequenceUsed.at(
                "sequence", "\(sequence) is used, the next is \(next)", hint: "Build it anew with the next sequence.")
        }
        guard sequence - next < limits.transactionsPerAccount else {
            throw MempoolRejection.sequenceTooFarAhead.at(
                "sequence", "\(sequence) is more than \(limits.transactionsPerAccount) past the next, \(next)",
                hint: "Send the earlier ones first.", retryable: true)
        }
        return next
    }

    private func checkReservedInterval(_ sender: Address, at time: Timestamp) throws(Rejection) {
        guard let last = reservedAt[sender] else { return }
        let again = last.adding(milliseconds: limits.reservedIntervalMilliseconds)
        guard time >= again else {
            throw MempoolRejection.reservedTooOften.at(
                "sender", "its last reserved acts came at \(last), the next may come at \(again)",
                hint: "One transaction may hold several reserved acts.", retryable: true)
        }
    }

    private func checkReplacement(of old: Entry, by new: VerifiedTransaction) throws(Rejection) {
        guard old.replacements < limits.replacements else {
            throw MempoolRejection.tooManyReplacements.at(
                "sequence", "\(new.body.sequence) was filled anew \(limits.replacements) times",
                hint: "Wait until it is final or expires.", retryable: true)
        }
        guard let oldUntil = old.transaction.body.validUntil, let newUntil = new.body.validUntil,
            newUntil >= oldUntil.adding(milliseconds: limits.replacementMilliseconds)
        else {
            throw MempoolRejection.sequenceTaken.at(
                "sequence", "transaction \(old.transaction.hash) waits with sequence \(new.body.sequence)",
                hint: "Wait for it, or give this one a validUntil at least "
                    + "\(limits.replacementMilliseconds / 1000) s later than that one's.", retryable: true)
        }
    }

    /// A full pool takes a transaction only of a sponsor below its share, and lets go of the latest arrival of the
    /// sponsor that has most.
    private mutating func makeRoom(
        for transaction: VerifiedTransaction, sponsor: Party, isReserved: Bool, replacing old: Entry?
    ) throws(Rejection) {
        let bytes = transaction.bytes.count - (old?.transaction.bytes.count ?? 0)
        let byteLimit = isReserved ? limits.bytes : limits.bytes - limits.bytes / limits.reservedDivisor
        let countLimit = isReserved ? limits.transactions : limits.transactions - limits.transactions / limits.reservedDivisor
        let own = bytesBySponsor[sponsor, default: 0] + bytes
        let sponsors = bytesBySponsor.count + (bytesBySponsor[sponsor] == nil ? 1 : 0)
        while byteCount + bytes > byteLimit || count + (old == nil ? 1 : 0) > countLimit {
            guard own <= byteLimit / sponsors, let victim = latestOfLargestSponsor(otherThan: sponsor) else {
                throw MempoolRejection.poolFull.at(
                    "", "\(count) transactions wait, with \(byteCount) bytes",
                    hint: "Send it again in a few seconds.", retryable: true)
            }
            remove(victim, as: .dropped)
        }
    }

    private mutating func latestOfLargestSponsor(otherThan sponsor: Party) -> Entry? {
        // Ties fall to the smaller party, so that equal pools choose equally.
        let largest = bytesBySponsor.filter { $0.key != sponsor }.max { one, other in
            one.value != other.value ? one.value < other.value : other.key < one.key
        }?.key
        guard let largest else { return nil }
        while let place = lines[largest]?.last {
            if let entry = entry(at: place) { return entry }
            lines[largest]?.removeLast()
        }
        return nil
    }

    func entry(at place: Place) -> Entry? {
        guard let entry = accounts[place.sender]?.entries[place.sequence], entry.arrival == place.arrival else {
            return nil
        }
        return entry
    }

    private mutating func insert(
        _ transaction: VerifiedTransaction, sponsor: Party, at time: Timestamp, replacements: Int
    ) {
        let sender = transaction.body.sender
        let sequence = transaction.body.sequence
        arrivals += 1
        accounts[sender]?.entries[sequence] = Entry(
            transaction: transaction, sponsor: sponsor, arrival: arrivals, admittedAt: time, replacements: replacements)
        byHash[transaction.hash] = (sender, sequence)
        departures[transaction.hash] = nil
        let place = Place(sender: sender, sequence: sequence, arrival: arrivals)
        if transaction.signed.isReserved {
            reservedLines[sponsor, default: []].append(place)
        } else {
            lines[sponsor, default: []].append(place)
        }
        byteCount += transaction.bytes.count
        bytesBySponsor[sponsor, default: 0] += transaction.bytes.count
        count += 1
    }

    // MARK: Departure

    private mutating func remove(_ entry: Entry, as departure: Departure?) {
        let transaction = entry.transaction
        let sender = transaction.body.sender
        guard accounts[sender]?.entries.removeValue(forKey: transaction.body.sequence) != nil else { return }
        if accounts[sender]?.entries.isEmpty == true { accounts[sender] = nil }
        byHash[transaction.hash] = nil
        byteCount -= transaction.bytes.count
        count -= 1
        let left = bytesBySponsor[entry.sponsor, default: 0] - transaction.bytes.count
        bytesBySponsor[entry.sponsor] = left > 0 ? left : nil
        if let departure { remember(transaction.hash, departure) }
    }

    private mutating func remember(_ hash: Hash, _ departure: Departure) {
        if departures.updateValue(departure, forKey: hash) == nil { departureOrder.append(hash) }
        while departureOrder.count > limits.departures, let oldest = departureOrder.popFirst() {
            departures[oldest] = nil
        }
    }

    /// The ledger refused it on the state of the last block.
    public mutating func refuse(_ hash: Hash, _ rejection: Rejection) {
        guard let (sender, sequence) = byHash[hash], let entry = accounts[sender]?.entries[sequence] else { return }
        remove(entry, as: .refused(rejection))
    }

    /// A block became final: what it holds leaves, and what can't follow it any more.
    public mutating func finalized(_ transactions: [VerifiedTransaction], at time: Timestamp) {
        for transaction in transactions {
            let sender = transaction.body.sender
            let next = transaction.body.sequence + 1
            guard let account = accounts[sender] else { continue }
            for sequence in account.entries.keys.filter({ $0 < next }).sorted() {
                guard let entry = account.entries[sequence] else { continue }
                remove(entry, as: entry.transaction.hash == transaction.hash ? nil : .replaced)
            }
            accounts[sender]?.next = next
        }
        expire(at: time)
        dropEmptyLines()
    }

    /// Forgets what block time has passed by.
    public mutating func expire(at time: Timestamp) {
        var gone: [(Entry, Departure)] = []
        for account in accounts.values {
            for entry in account.entries.values {
                if let validUntil = entry.transaction.body.validUntil, validUntil < time {
                    gone.append((entry, .expired))
                } else if entry.admittedAt.adding(milliseconds: limits.ageMilliseconds) < time {
                    gone.append((entry, .dropped))
                }
            }
        }
        for (entry, departure) in gone.sorted(by: { $0.0.arrival < $1.0.arrival }) { remove(entry, as: departure) }
        reservedAt = reservedAt.filter { $0.value.adding(milliseconds: limits.reservedIntervalMilliseconds) > time }
    }

    private mutating func dropEmptyLines() {
        let stale = { (pool: Mempool, place: Place) in pool.entry(at: place) == nil }
        for sponsor in Array(lines.keys) {
            while let place = lines[sponsor]?.first, stale(self, place) { lines[sponsor]?.removeFirst() }
            if lines[sponsor]?.isEmpty == true { lines[sponsor] = nil }
        }
        for sponsor in Array(reservedLines.keys) {
            while let place = reservedLines[sponsor]?.first, stale(self, place) { reservedLines[sponsor]?.removeFirst() }
            if reservedLines[sponsor]?.isEmpty == true { reservedLines[sponsor] = nil }
        }
    }
}
