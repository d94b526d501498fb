import Primitives
import Replica
import TestSupport
import Testing

struct ChunkPlanTests {
    private func peer(_ number: UInt8) throws -> TransportKey {
        try #require(TransportKey([2] + [UInt8](repeating: number, count: 32)))
    }

    private let height = Height(40)

    private func makePlan(_ count: Int, next: Int = 0) -> ChunkPlan {
        ChunkPlan(number: 1, height: height, chunks: count, next: next)
    }

    /// Mutating calls can't stand in an expectation.
    private func answered(_ plan: inout ChunkPlan, _ index: Int, _ peer: TransportKey, _ seconds: UInt64 = 1) -> Bool {
        plan.answered(ChunkPosition(height: height, index: index), for: 1, by: peer, now: time(seconds))
    }

    private func asked(
        _ plan: inout ChunkPlan, _ peers: [TransportKey], _ seconds: UInt64
    ) -> [ChunkPlan.Request] {
        plan.plan(peers: peers, now: time(seconds))
    }

    private func time(_ seconds: UInt64) -> Timestamp { Timestamp(testStart.milliseconds + seconds * 1_000) }

    @Test("Chunks are asked of all peers that have them, in order, a window ahead, and each once")
    func sharing() throws {
        let peers = [try peer(1), try peer(2), try peer(3)]
        var plan = makePlan(100, next: 10)
        let first = asked(&plan, peers, 0)
        #expect(first.map(\.index) == Array(10..<19), "three of each")
        #expect(peers.allSatisfy { peer in first.filter { $0.peer == peer }.count == 3 })
        #expect(asked(&plan, peers, 1).isEmpty)
        // The one that is answered out of order waits for those before it, and its peer is asked for the next.
        #expect(answered(&plan, 12, first[2].peer))
        #expect(!answered(&plan, 12, first[2].peer), "an answer counts once")
        #expect(!answered(&plan, 13, first[2].peer), "nor one that was asked of another")
        plan.hold(12)
        #expect(asked(&plan, peers, 1).map(\.index) == [19])
        #expect(plan.next == 10)
        for index in 10..<12 {
            let request = try #require(first.first { $0.index == index })
            #expect(answered(&plan, index, request.peer))
            plan.hold(index)
            plan.advance()
        }
        plan.advance()
        #expect(plan.next == 13)
    }

    @Test("Never more than the window is held, however fast the later ones come")
    func window() throws {
        let peers = try (1...20).map { try peer($0) }
        var plan = makePlan(1_000)
        var open = asked(&plan, peers, 0)
        #expect(open.count == 24)
        // All but the first come.
        while let request = open.popLast(), request.index != 0 {
            #expect(answered(&plan, request.index, request.peer))
            plan.hold(request.index)
            open = asked(&plan, peers, 1) + open
        }
        #expect(plan.next == 0 && asked(&plan, peers, 1).isEmpty)
        // Of the one that all wait for two are asked.
        #expect(asked(&plan, peers, 2).map(\.index) == [0])
        #expect(asked(&plan, peers, 3).isEmpty)
    }

    @Test("Who does not answer in time, or has not what it said, rests, and others are asked")
    func stalling() throws {
        let (slow, good) = (try peer(1), try peer(2))
        var plan = makePlan(4)
        let first = asked(&plan, [slow], 0)
        #expect(first.map(\.index) == [0, 1, 2])
        #expect(asked(&plan, [slow, good], 1).map(\.peer) == [good])
        let again = asked(&plan, [slow, good], 20)
        #expect(again.allSatisfy { $0.peer == good } && again.map(\.index) == [0, 1])
        plan.rest(good, now: time(20))
        #expect(asked(&plan, [slow, good], 21).isEmpty, "both rest")
        #expect(!asked(&plan, [slow, good], 36).isEmpty)
    }

    @Test("What was asked of a peer that is gone is asked of another")
    func disconnected() throws {
        let (one, other) = (try peer(1), try peer(2))
        var plan = makePlan(3)
        #expect(asked(&plan, [one], 0).count == 3)
        let second = asked(&plan, [other], 1)
        #expect(second.map(\.index) == [0, 1, 2] && second.allSatisfy { $0.peer == other })
        for request in second {
            #expect(answered(&plan, request.index, other))
            plan.hold(request.index)
            plan.advance()
        }
        #expect(plan.isComplete)
    }

    @Test(
        "What is asked of a slow peer is asked of another once all wait for it, and counts all the same if it is late")
    func slow() throws {
        let (slow, good) = (try peer(1), try peer(2))
        var plan = makePlan(100)
        var open = asked(&plan, [slow, good], 0)
        #expect(open.filter { $0.peer == slow }.map(\.index) == [0, 2, 4])
        // The other one fills the window.
        while let request = open.first(where: { $0.peer == good }) {
            open.removeAll { $0 == request }
            #expect(answered(&plan, request.index, good))
            plan.hold(request.index)
            open += asked(&plan, [slow, good], 1)
        }
        #expect(open.count == 3 && plan.missing == 79)
        // Two seconds behind the question, and one at a time.
        let second = asked(&plan, [slow, good], 2)
        #expect(second.map(\.index) == [0] && second.map(\.peer) == [good])
        #expect(asked(&plan, [slow, good], 3).isEmpty)
        #expect(answered(&plan, 0, good))
        plan.hold(0)
        while plan.next < 2 { plan.advance() }
        #expect(!answered(&plan, 0, slow), "it is here already")
        let third = asked(&plan, [slow, good], 4)
        #expect(third.contains { $0.index == 24 } && !third.contains { $0.index == 2 }, "what is new comes first")
        // What nobody else was asked for is late, and counts.
        let again = asked(&plan, [slow, good], 22)
        #expect(again.allSatisfy { $0.peer == good } && again.contains { $0.index == 2 })
        #expect(answered(&plan, 4, slow))
        plan.hold(4)
        #expect(!answered(&plan, 4, slow), "once")
    }

    @Test(
        "A peer whose every answer is late is asked for one chunk at a time, never twice for the same, and brings all")
    func everyAnswerLate() throws {
        let only = try peer(1)
        var plan = makePlan(20)
        var (waiting, seconds, times): ([ChunkPlan.Request], UInt64, [Int: Int]) = ([], 0, [:])
        // Thirty seconds for each chunk.
        while !plan.isComplete, seconds < 1_000 {
            for request in asked(&plan, [only], seconds) {
                waiting.append(request)
                times[request.index, default: 0] += 1
            }
            seconds += 1
            guard seconds.isMultiple(of: 30), !waiting.isEmpty else { continue }
            let request = waiting.removeFirst()
            if answered(&plan, request.index, only, seconds) {
                plan.hold(request.index)
                while plan.next <= request.index { plan.advance() }
            }
        }
        #expect(plan.isComplete && seconds <= 20 * 30 + 1, "\(seconds) s")
        #expect(times.count == 20 && times.values.allSatisfy { $0 == 1 })
    }

    @Test("hostile: an answer to what was asked for another block, or for other cuts of this one, is not taken")
    func otherSnapshots() throws {
        let one = try peer(1)
        var requests = SnapshotRequests()
        var first = ChunkPlan(number: 1, height: Height(40), chunks: 9, next: 0)
        for request in asked(&first, [one], 0) { requests.asked(request.position, for: 1, of: one) }
        // It is given up for the next block's, and that for other cuts of the same block.
        var second = ChunkPlan(number: 2, height: Height(80), chunks: 9, next: 0)
        let positions = asked(&second, [one], 1).map(\.position)
        for position in positions { requests.asked(position, for: 2, of: one) }
        var third = ChunkPlan(number: 3, height: Height(80), chunks: 7, next: 0)
        for request in asked(&third, [one], 2) { requests.asked(request.position, for: 3, of: one) }

        func isTaken(_ position: ChunkPosition) -> Bool {
            requests.answered(position, by: one).map { third.answered(position, for: $0, by: one, now: time(3)) }
                ?? false
        }
        #expect(!isTaken(ChunkPosition(height: Height(40), index: 0)), "of another block")
        #expect(!isTaken(positions[0]), "asked for other cuts")
        #expect(isTaken(positions[0]), "asked for these")
        #expect(!isTaken(positions[0]), "not asked for a third time")
        // Whatever number it comes with.
        let elsewhere = third.answered(ChunkPosition(height: Height(40), index: 1), for: 3, by: one, now: time(3))
        let earlier = third.answered(positions[1], for: 2, by: one, now: time(3))
        #expect(!elsewhere && !earlier)
        requests.forget(one)
        #expect(!isTaken(positions[1]), "a new connection answers nothing of the old one")
    }

    @Test("What is remembered of a peer that never answers is bounded")
    func requestsBounded() throws {
        let one = try peer(1)
        var requests = SnapshotRequests()
        for index in 0..<100 { requests.asked(ChunkPosition(height: height, index: index), for: 1, of: one) }
        let known = (0..<100).filter { requests.answered(ChunkPosition(height: height, index: $0), by: one) != nil }
        #expect(known == Array(68..<100))
        let unasked = requests.answeredManifest(by: one)
        #expect(!unasked)
        requests.askedManifest(of: one)
        let answers = (0..<2).map { _ in requests.answeredManifest(by: one) }
        #expect(answers == [true, false])
    }
}
