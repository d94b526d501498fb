import Node
import Testing

@Suite struct StallReportTests {
    private func report(
        connected: [Bool] = [true, true, true, true], votes: [UInt64?] = [9, 9, 9, 9], isValidator: Bool = true,
        peers: Int = 3, view: UInt64 = 10, height: UInt64 = 50, target: UInt64 = 50, lacked: UInt64? = nil,
        clock: UInt64 = 0, silence: UInt64 = 0, watching: UInt64? = nil
    ) -> StallReport {
        let names = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"]
        let count = connected.count
        return StallReport(
            validators: zip(names, zip(connected, votes)).map {
                .init(name: $0, isConnected: $1.0, lastVoteView: $1.1)
            }, quorum: count - (count - 1) / 3, isValidator: isValidator, peerCount: peers, view: view, height: height,
            targetHeight: target, lackedBlock: lacked, clockBehindMilliseconds: clock,
            millisecondsSinceBlock: silence, expectedMilliseconds: 40_000, watchesThroughEpoch: watching)
    }

    @Test("a chain that goes on has no reason, even with one of four away")
    func goesOn() {
        #expect(report().stalledBecause == nil)
        #expect(report().notReadyBecause == nil)
        #expect(report(connected: [true, false, true, true]).stalledBecause == nil)
        #expect(report(connected: [true, false, true, true]).notReadyBecause == nil)
    }

    @Test("two of four away: who, and how many it takes")
    func unreachable() {
        let found = report(connected: [true, false, true, false])
        #expect(found.stalledBecause == "2 of 4 unreachable: b, d; need 3")
        #expect(found.notReadyBecause == "2 of 4 unreachable: b, d; need 3")
    }

    @Test("a watch that can't end is said with what ends it; one that the others end is not")
    func watching() {
        let alone = report(connected: [true], votes: [nil], peers: 0, silence: 60_000, watching: 1)
        #expect(alone.stalledBecause?.contains("1 of 1, sign a new one with `mednexusd epoch restart`") == true)
        #expect(alone.notReadyBecause == alone.stalledBecause)
        // Its clock may be behind as well, on a network whose clock was put ahead: that is not why.
        let behind = report(connected: [true], votes: [nil], peers: 0, clock: 90_000, silence: 60_000, watching: 1)
        #expect(behind.stalledBecause == alone.stalledBecause)
        let three = report(connected: [true, true, true], votes: [9, 9, 9], silence: 60_000, watching: 1)
        #expect(three.stalledBecause?.contains("3 of 3") == true)
        #expect(report(silence: 60_000, watching: 1).stalledBecause?.contains("guard") == false)
        #expect(report(connected: [true], votes: [nil], peers: 0, watching: 1).stalledBecause == nil)
    }

    @Test("the sentence stays one line with many validators")
    func many() {
        let found = report(
            connected: [true] + Array(repeating: false, count: 11), votes: Array(repeating: 9, count: 12))
        #expect(found.stalledBecause == "11 of 12 unreachable: b, c, d, e, f, g, h, i and 3 more; need 9")
    }

    @Test("connected validators that don't vote are named once a block is overdue, not before")
    func silent() {
        let votes: [UInt64?] = [10, 3, nil, 10]
        #expect(report(votes: votes).stalledBecause == nil)
        #expect(
            report(votes: votes, silence: 60_000).stalledBecause
                == "2 of 4 connected but silent in view 10: b (last vote in view 3), c (no vote seen); need 3")
        // One silent validator alone does not stop four.
        #expect(report(votes: [10, 3, 10, 10], silence: 60_000).stalledBecause?.contains("silent") == false)
    }

    @Test("a silent one counts together with one that is away")
    func mixed() {
        let found = report(connected: [true, false, true, true], votes: [10, 10, 2, 10], silence: 60_000)
        #expect(found.stalledBecause == "1 of 4 connected but silent in view 10: c (last vote in view 2); need 3")
    }

    @Test("a block that every peer has pruned is named")
    func pruned() {
        let found = report(target: 5000, lacked: 51)
        #expect(found.notReadyBecause?.hasPrefix("no connected peer has block 51") == true)
    }

    @Test("a clock behind the last block is the reason only where no block comes")
    func clock() {
        #expect(report(clock: 3_600_000).stalledBecause == nil)
        let found = report(votes: [9, 1, 1, 1], clock: 3_600_000, silence: 60_000)
        #expect(found.stalledBecause == "this machine's clock is 3600 s behind the last block's time: set it right")
    }

    @Test("more than two blocks behind is not ready, and not called a stall")
    func behind() {
        #expect(report(target: 52).notReadyBecause == nil)
        let found = report(target: 500, silence: 60_000)
        #expect(found.notReadyBecause == "catching up: block 50 of 500")
        #expect(found.stalledBecause == nil)
    }

    @Test("an observer needs a peer, not a quorum of them")
    func observer() {
        let away = [false, false, false, false]
        #expect(report(connected: away, isValidator: false, peers: 1).notReadyBecause == nil)
        #expect(report(connected: away, isValidator: false, peers: 0).notReadyBecause == "no peer is connected")
        let silent = report(connected: away, isValidator: false, peers: 1, silence: 60_000)
        #expect(silent.stalledBecause?.contains("ask a validator") == true)
    }

    @Test("a validator alone is its own quorum; hostile views don't overflow")
    func alone() {
        #expect(report(connected: [true], votes: [nil], peers: 0).notReadyBecause == nil)
        #expect(report(votes: [.max, .max, .max, .max], view: .max, silence: 60_000).stalledBecause != nil)
    }

    @Test("catching up: how far, how fast, how long still; nothing where there is nothing to catch up with")
    func progress() {
        #expect(ProgressLog.progress(report(height: 49, target: 50), since: nil) == nil)
        #expect(
            ProgressLog.progress(report(height: 250, target: 1_000), since: nil)
                == "catching up: block 250 of 1000 (25 %)")
        let before = report(height: 200, target: 1_000)
        #expect(
            ProgressLog.progress(report(height: 250, target: 1_000), since: before)
                == "catching up: block 250 of 1000 (25 %), 10 blocks/s, about 75 s left")
        #expect(
            ProgressLog.progress(report(height: 250, target: 100_000), since: before)
                == "catching up: block 250 of 100000 (0 %), 10 blocks/s, about 167 min left")
    }
}
