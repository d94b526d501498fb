import Mempool
import Primitives
import Testing

@Suite("Mempool")
struct MempoolTests {
    private let start = Timestamp(1_000_000)
    private let wide = BlockBounds(weight: 1_000_000, bytes: 2_000_000, count: 10_000)

    private func account(_ number: UInt64) -> Address { Address(Bytes32(0, 0, 0, number)) }
    private func sponsor(_ number: UInt64) -> Party { .account(Address(Bytes32(9, 0, 0, number))) }

    private func transaction(
        _ sender: UInt64, _ sequence: UInt64, sponsor number: UInt64 = 0, weight: UInt64 = 100, size: Int = 200,
        lane: Lane = .ordinary, hasRecord: Bool = true, validUntil: Timestamp? = nil, variant: UInt64 = 0
    ) -> PoolTransaction<UInt64> {
        let hash = Hash(Bytes32(sender, sequence, variant, 1))
        return PoolTransaction(
            wireID: hash, hash: hash, sender: account(sender), sequence: sequence, sponsor: sponsor(number),
            weight: weight, validUntil: validUntil, lane: lane, hasRecordToActOn: hasRecord,
            bytes: [UInt8](repeating: UInt8(sender & 0xff), count: size), payload: sequence)
    }

    private func reason(_ body: () throws(Rejection) -> Void) -> MempoolRejection? {
        do throws(Rejection) {
            try body()
            return nil
        } catch {
            return MempoolRejection(rawValue: error.code)
        }
    }

    @Test("[M2] Sequences are taken in order, a gap waits, and what follows it comes with it")
    func sequences() throws {
        var pool = TransactionPool<UInt64>()
        for sequence in [2, 1] as [UInt64] {
            try pool.admit(transaction(1, sequence), nextSequence: 0, now: start)
        }
        #expect(pool.select(wide).isEmpty)
        #expect(!pool.hasReady())
        #expect(pool.status(of: transaction(1, 2).hash) == .pending(isReady: false))
        try pool.admit(transaction(1, 0), nextSequence: 0, now: start)
        #expect(pool.select(wide).map(\.sequence) == [0, 1, 2])
        #expect(pool.nextSequence(of: account(1), inState: 0) == 3)
        #expect(pool.select(wide, nextSequences: [account(1): 2]).map(\.sequence) == [2])
        #expect(!pool.hasReady(nextSequences: [account(1): 3]))
    }

    @Test("[M2] Used, far and repeated sequences are refused")
    func refusedSequences() throws {
        var pool = TransactionPool<UInt64>()
        #expect(
            reason { () throws(Rejection) in try pool.admit(transaction(1, 4), nextSequence: 5, now: start) }
                == .sequenceUsed)
        #expect(
            reason { () throws(Rejection) in try pool.admit(transaction(1, 69), nextSequence: 5, now: start) }
                == .sequenceTooFar)
        try pool.admit(transaction(1, 5), nextSequence: 5, now: start)
        #expect(
            reason { () throws(Rejection) in try pool.admit(transaction(1, 5), nextSequence: 5, now: start) }
                == .duplicate)
    }

    @Test("[M5] The earlier arrival keeps its sequence for a minute, and gives way a few times at most")
    func replacement() throws {
        var pool = TransactionPool<UInt64>()
        try pool.admit(transaction(1, 0), nextSequence: 0, now: start)
        #expect(
            reason { () throws(Rejection) in try pool.admit(transaction(1, 0, variant: 1), nextSequence: 0, now: start)
            }
                == .sequenceTaken)
        var time = start
        for variant in 1...4 as ClosedRange<UInt64> {
            time = time.adding(milliseconds: 60_000)
            let replaced = try pool.admit(transaction(1, 0, variant: variant), nextSequence: 0, now: time)
            #expect(replaced == transaction(1, 0, variant: variant - 1).hash)
        }
        time = time.adding(milliseconds: 600_000)
        #expect(
            reason { () throws(Rejection) in try pool.admit(transaction(1, 0, variant: 9), nextSequence: 0, now: time) }
                == .sequenceTaken)
        #expect(pool.count == 1)
    }

    @Test("[M4] A reserved act takes the sequence of a waiting ordinary transaction: a full sponsor can't gag")
    func reservedReplaces() throws {
        var pool = TransactionPool<UInt64>()
        try pool.admit(transaction(1, 0), nextSequence: 0, now: start)
        try pool.admit(
            transaction(1, 0, lane: .reserved(rank: .act), variant: 1), nextSequence: 0, isSponsored: false, now: start)
        #expect(pool.select(wide).map(\.lane) == [.reserved(rank: .act)])
    }

    @Test("[M4] Reserved acts find room behind any load, acts before claims, one per account in ten minutes")
    func reservedLane() throws {
        var pool = TransactionPool<UInt64>()
        for sender in 100..<400 as Range<UInt64> {
            try pool.admit(transaction(sender, 0, sponsor: sender % 3, weight: 100), nextSequence: 0, now: start)
        }
        try pool.admit(transaction(1, 0, lane: .reserved(rank: .claim)), nextSequence: 0, now: start)
        try pool.admit(transaction(2, 0, lane: .reserved(rank: .act)), nextSequence: 0, isSponsored: false, now: start)
        let chosen = pool.select(BlockBounds(weight: 4_000, bytes: 1_000_000, count: 1_000))
        #expect(chosen.prefix(2).map(\.sender) == [account(2), account(1)])
        #expect(chosen.reduce(0) { $0 + $1.weight } <= 4_000)
        #expect(
            reason { () throws(Rejection) in
                try pool.admit(
                    transaction(2, 1, lane: .reserved(rank: .act)), nextSequence: 0, isSponsored: false, now: start)
            } == .reservedTooSoon)
        try pool.admit(
            transaction(2, 1, lane: .reserved(rank: .act)), nextSequence: 0, isSponsored: false,
            now: start.adding(milliseconds: 600_000))
        for sequence in 0..<5 as Range<UInt64> {
            try pool.admit(
                transaction(3, sequence, lane: .reserved(rank: .delivery)), nextSequence: 0, isSponsored: false,
                now: start)
        }
        #expect(
            reason { () throws(Rejection) in
                try pool.admit(
                    transaction(7, 0, lane: .reserved(rank: .act), hasRecord: false), nextSequence: 0, now: start)
            } == .nothingToActOn)
    }

    @Test("[M8] Above half full no sponsor has more than max(W/4, W ÷ sponsors), and each gets its turn")
    func fairness() throws {
        var pool = TransactionPool<UInt64>()
        for sender in 0..<600 as Range<UInt64> {
            // Sponsor 0 floods; five others send a little.
            let number = sender < 500 ? 0 : 1 + sender % 5
            try pool.admit(transaction(sender, 0, sponsor: number, weight: 100), nextSequence: 0, now: start)
        }
        let limit: UInt64 = 20_000
        let chosen = pool.select(BlockBounds(weight: limit, bytes: 10_000_000, count: 10_000))
        var weights: [Party: UInt64] = [:]
        for one in chosen { weights[one.sponsor, default: 0] += one.weight }
        let total = chosen.reduce(0) { $0 + $1.weight }
        #expect(total <= limit - limit / 20)
        #expect(total > limit / 2)
        #expect(weights.count == 6)
        #expect(weights.values.allSatisfy { $0 <= max(limit / 4, limit / 6) })
        #expect((1...5).allSatisfy { weights[sponsor($0)] == 2_000 })
    }

    @Test("[M3] A full pool gives way to sponsors with less in it, and refuses the rest; bounds hold")
    func bounds() throws {
        var limits = MempoolLimits()
        limits.bytes = 100_000
        var pool = TransactionPool<UInt64>(limits: limits)
        var admitted: UInt64 = 0
        while reason({ () throws(Rejection) in
            try pool.admit(transaction(admitted, 0, size: 1_000), nextSequence: 0, now: start)
        }) == nil {
            admitted += 1
        }
        #expect(admitted == 95)
        try pool.admit(transaction(1_000, 0, sponsor: 1, size: 1_000), nextSequence: 0, now: start)
        #expect(pool.byteCount <= 95_000)
        let evicted = pool.status(of: transaction(94, 0).hash)
        guard case .ended(let end)? = evicted else {
            Issue.record("the latest of the largest sponsor gave way")
            return
        }
        #expect(!end.isDefinitive && end.rejection.retryable)
        // It may come again, once there is room.
        pool.finalized([(transaction(0, 0).hash, account(0), 0)], time: start)
        try pool.admit(transaction(94, 0, size: 1_000), nextSequence: 0, now: start)
        #expect(pool.select(wide).contains { $0.sender == account(94) })
    }

    @Test("[M3] Nobody is evicted for a transaction that is refused in the end")
    func refusedWithoutVictims() throws {
        var limits = MempoolLimits()
        limits.bytes = 10_000
        var pool = TransactionPool<UInt64>(limits: limits)
        // 9,500 bytes for the ordinary lane: sponsor 0 has 5,200 of them, sponsor 1 has 4,000.
        for sender in 0..<4 as Range<UInt64> {
            try pool.admit(transaction(sender, 0, size: 1_300), nextSequence: 0, now: start)
            try pool.admit(transaction(100 + sender, 0, sponsor: 1, size: 1_000), nextSequence: 0, now: start)
        }
        // One victim of sponsor 0 would not be enough, and then nobody has more than the newcomer.
        #expect(
            reason { () throws(Rejection) in
                try pool.admit(transaction(200, 0, sponsor: 2, size: 4_500), nextSequence: 0, now: start)
            } == .poolFull)
        #expect(pool.count == 8)
        #expect(pool.byteCount == 9_200)
    }

    @Test("[M3] What is replaced makes room once, and is no victim as well")
    func replacedOnce() throws {
        var limits = MempoolLimits()
        limits.bytes = 10_000
        var pool = TransactionPool<UInt64>(limits: limits)
        for sender in 0..<5 as Range<UInt64> {
            try pool.admit(transaction(sender, 0, size: 1_000), nextSequence: 0, now: start)
        }
        try pool.admit(transaction(100, 0, sponsor: 1, size: 1_500), nextSequence: 0, now: start)
        try pool.admit(transaction(5, 0, size: 3_000), nextSequence: 0, now: start)
        // The latest of the largest sponsor is the very one that gives way by being replaced.
        let later = start.adding(milliseconds: 60_000)
        let replaced = try pool.admit(
            transaction(5, 0, sponsor: 2, size: 4_000, variant: 1), nextSequence: 0, now: later)
        #expect(replaced == transaction(5, 0).hash)
        #expect(pool.byteCount == 9_500)
        #expect(pool.count == 6)
        #expect(pool.status(of: transaction(4, 0).hash) != .pending(isReady: true))
    }

    @Test("What waits is told in order of arrival, of one sender or the first of all, at most 100")
    func waiting() throws {
        var pool = TransactionPool<UInt64>()
        for sender in (0..<300 as Range<UInt64>).reversed() {
            try pool.admit(transaction(sender, 0), nextSequence: 0, now: start)
        }
        for sequence in [2, 1] as [UInt64] { try pool.admit(transaction(7, sequence), nextSequence: 0, now: start) }
        #expect(pool.waiting(limit: 1_000).map(\.sender) == (200..<300).reversed().map { account($0) })
        #expect(pool.waiting(limit: 3).map(\.sender) == [account(299), account(298), account(297)])
        #expect(pool.waiting(of: account(7), limit: 10).map(\.sequence) == [0, 2, 1])
        #expect(pool.waiting(of: account(7), limit: 1).map(\.sequence) == [0])
        #expect(pool.waiting(of: account(999), limit: 10).isEmpty)
        #expect(pool.waiting(limit: 0).isEmpty)
    }

    @Test("[M6] Final transactions leave; their rivals, and what expired by block time, end definitively")
    func endings() throws {
        var pool = TransactionPool<UInt64>()
        let until = start.adding(milliseconds: 5_000)
        try pool.admit(transaction(1, 0), nextSequence: 0, now: start)
        try pool.admit(transaction(1, 1), nextSequence: 0, now: start)
        try pool.admit(transaction(2, 0, validUntil: until), nextSequence: 0, now: start)
        let rival = transaction(1, 0, variant: 5)
        pool.finalized([(rival.hash, account(1), 0)], time: until)
        guard case .ended(let lost)? = pool.status(of: transaction(1, 0).hash) else {
            Issue.record("its sequence is used")
            return
        }
        #expect(lost.isDefinitive)
        #expect(pool.select(wide).count == 2)
        pool.finalized([], time: until.adding(milliseconds: 1))
        guard case .ended(let expired)? = pool.status(of: transaction(2, 0).hash) else {
            Issue.record("block time passed validUntil")
            return
        }
        #expect(expired.isDefinitive)
    }

    @Test("[M7] A refusal by the ledger ends a transaction, a passing one after a few tries")
    func refusals() throws {
        var pool = TransactionPool<UInt64>()
        try pool.admit(transaction(1, 0), nextSequence: 0, now: start)
        let passing = MempoolRejection.poolFull.at("", "later", retryable: true)
        pool.refused(transaction(1, 0).hash, passing)
        #expect(pool.count == 1)
        pool.refused(transaction(1, 0).hash, MempoolRejection.tooHeavy.at("", "never"))
        #expect(pool.isEmpty)
    }

    @Test("[M9] What waits survives a restart, in order of arrival")
    func persistence() throws {
        var pool = TransactionPool<UInt64>()
        for sender in [3, 1, 2] as [UInt64] { try pool.admit(transaction(sender, 0), nextSequence: 0, now: start) }
        let stored = try TransactionPool<UInt64>.decodeAll(pool.encodeAll())
        #expect(stored.map(\.first) == [3, 1, 2])
    }
}
