import Consensus
import Primitives
import Testing
import Votes

/// The bugs that others shipped which need an epoch's edge, a rebroadcast, or whole nodes.
@Suite("Bugs others shipped: edges and restarts")
struct ShippedBugEpochTests {
    private let one = testProposal(1, number: 1, height: 1)
    private let nullifyOne = Vote.nullify(.genesis, View(1))

    @Test("9. The rebroadcast signs nothing: after a timeout neither it nor a late notarization leads to a finalize")
    func rebroadcastSignsNothing() throws {
        var core = makeCore()
        var effects = core.begin()
        effects += core.step(.timer(try #require(effects.timer(.leader))))
        #expect(effects.casts == [nullifyOne])
        effects += core.step(.vote(signed(nullifyOne, by: 0)))
        let again = core.step(.timer(try #require(effects.timer(.rebroadcast))))
        #expect(again.contains(.broadcast(.vote(signed(nullifyOne, by: 0)))))
        #expect(again.casts.isEmpty)
        let waiting = core.step(.certificate(quorum(one.notarize))) + core.step(.obtained(one))
        let between = core.step(.timer(try #require(again.timer(.rebroadcast))))
        let certified = core.step(.verified(view: View(1), blockHash: one.blockHash, .valid))
        #expect(core.view == View(2))
        #expect((waiting + between + certified).casts.isEmpty)
    }

    @Test("10b. Across an epoch's edge one height has one final block: the old instance makes nothing final any more")
    func oneFinalBlockAtTheEdge() {
        var old = makeCore(lastHeight: 1)
        _ = old.begin()
        _ = old.certify(one)
        _ = old.step(.certificate(quorum(one.finalize)))
        #expect(old.isOver)
        let beyond = testProposal(2, on: 1, number: 2, parent: 1, height: 2)
        let again = testProposal(3, on: 1, number: 1, height: 1)
        for vote in [beyond.notarize, beyond.finalize, again.finalize, .nullify(.genesis, View(2))] {
            #expect(old.step(.certificate(quorum(vote))).isEmpty)
        }
        #expect(old.step(.obtained(beyond)).isEmpty)
        #expect(old.step(.verified(view: View(2), blockHash: beyond.blockHash, .valid)).isEmpty)
        #expect(old.finalized.blockHash == one.blockHash)
        // And the new instance knows nothing of the old one's votes and certificates.
        var new = makeCore(
            epoch: Epoch(1), finalized: Anchor(view: .genesis, blockHash: one.blockHash, height: Height(1)),
            journal: [.vote(nullifyOne), .certificate(quorum(beyond.finalize))], guardVotes: [nullifyOne])
        _ = new.step(.start)
        #expect(new.view == View(1))
        for vote in [beyond.notarize, beyond.finalize, .nullify(.genesis, View(1))] {
            #expect(new.step(.certificate(quorum(vote))).isEmpty)
            #expect(new.step(.vote(signed(vote, by: 2))).isEmpty)
        }
    }

    @Test("11b. The old epoch's validators are known after its end: a straggler of it is still answered")
    func oldSetServes() {
        var old = makeCore(own: 0, of: 4, lastHeight: 1)
        _ = old.begin()
        _ = old.certify(one)
        _ = old.step(.certificate(quorum(one.finalize)))
        // The next set is another; the straggler is not of it.
        #expect(old.configuration.validators[3] != nil)
        #expect(
            old.step(.vote(signed(one.finalize, by: 3))) == [.send(.certificate(quorum(one.finalize)), to: 3)])
    }

    @Test("12b. One validator grew to two; both restart at once, again and again: no stall", arguments: UInt64(0)..<5)
    func oneGrowsToTwo(seed: UInt64) {
        var cluster = TestCluster(2, seed: seed)
        // The founder's journal still holds its old epoch.
        let old = Proposal(
            epoch: Epoch(9), view: View(70), parentView: View(69), blockHash: testHash(9), parentHash: testHash(8),
            height: Height(9))
        cluster.nodes[0].journal = [
            .vote(old.notarize), .proposal(old), .certificate(quorum(old.finalize, [0], of: 1)),
        ]
        for node in 0..<2 {
            cluster.crash(node)
            cluster.restart(node)
        }
        for _ in 0..<20 {
            cluster.run(milliseconds: 1 + cluster.random.below(400))
            for node in 0..<2 { cluster.crash(node) }
            for node in 0..<2 { cluster.restart(node) }
        }
        let before = cluster.lowestHeight
        cluster.run(milliseconds: 20_000)
        #expect(cluster.lowestHeight > before + 3)
        #expect(cluster.disagreement == nil)
        #expect(cluster.halts.isEmpty)
    }

    @Test("12c. At most f lost everything, their guard too, and all restart at once: the others go on, it follows")
    func wiped() {
        var cluster = TestCluster(4, seed: 12)
        cluster.start()
        cluster.run(milliseconds: 3_000)
        for node in 0..<4 { cluster.crash(node) }
        let key = cluster.nodes[1].guardRecord.key
        cluster.nodes[1].journal = []
        cluster.nodes[1].finalized = genesisAnchor
        cluster.nodes[1].finalization = nil
        cluster.nodes[1].chain = [:]
        cluster.nodes[1].guardRecord = GuardRecord(network: testNetwork, key: key, watching: .genesis)
        for node in 0..<4 { cluster.restart(node) }
        let before = cluster.nodes[0].finalized.height.value
        cluster.run(milliseconds: 60_000)
        #expect(cluster.nodes[0].finalized.height.value > before + 10)
        #expect(cluster.disagreement == nil)
        #expect(cluster.nodes[0].halts.isEmpty && cluster.nodes[2].halts.isEmpty && cluster.nodes[3].halts.isEmpty)
    }

    @Test("[C12] One validator dead, one with work that only it holds, a heartbeat: no stall")
    func heartbeatWithoutStall() {
        var cluster = TestCluster(4, seed: 21)
        cluster.start(work: false)
        cluster.crash(1)
        cluster.input(0, .work(Work(isProposable: true, isAwaited: false)), after: 10)
        cluster.run(milliseconds: 29_000)
        #expect(cluster.nodes[0].core.view == View(1), "nobody else waits for it")
        cluster.run(milliseconds: 10_000)
        #expect([0, 2, 3].allSatisfy { cluster.nodes[$0].finalized.height.value >= 1 })
        #expect(cluster.disagreement == nil)
    }
}
