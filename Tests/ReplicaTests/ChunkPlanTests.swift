import Primitives
import Replica
import TestSupport
import Testing

struct ChunkPlanTests {
    private func peer(_ number: UInt8) throws -> TransportKey {
        try #require(TransportKey([2] + [UInt8](repeating: number, count: 32)))
    }

    /// Mutating calls can't stand in an expectation.
    private func answered(_ plan: inout ChunkPlan, _ index: Int, _ peer: TransportKey) -> Bool {
        plan.answered(index, by: peer)
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
        var plan = ChunkPlan(chunks: 100, next: 10)
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
        var plan = ChunkPlan(chunks: 1_000, next: 0)
        var open = asked(&plan, peers, 0)
        #expect(open.count == 24)
        // All but the first come.
        while let request = open.popLast(), request.index != 0 {
            #expect(answered(&plan, request.index, request.peer))
            plan.hold(request.index)
            open = asked(&plan, peers, 1) + open
        }
        #expect(plan.next == 0 && asked(&plan, peers, 2).isEmpty)
    }

    @Test("Who does not answer in time, or has not what it said, rests, and others are asked")
    func stalling() throws {
        let (slow, good) = (try peer(1), try peer(2))
        var plan = ChunkPlan(chunks: 4, next: 0)
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
        var plan = ChunkPlan(chunks: 3, next: 0)
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
}
