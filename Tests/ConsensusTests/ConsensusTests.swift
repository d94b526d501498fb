import Consensus
import Primitives
import Testing
import Votes

@Suite("Consensus")
struct ConsensusTests {
    @Test("One validator is its own quorum: work becomes final without a timer")
    func oneValidator() {
        var cluster = TestCluster(1, seed: 1)
        cluster.start()
        cluster.run(milliseconds: 100)
        #expect(cluster.lowestHeight >= 10)
        #expect(cluster.halts.isEmpty)
    }

    @Test("[C12] With nothing to do only the heartbeat runs, and it makes a block")
    func idleChain() {
        var cluster = TestCluster(4, seed: 2)
        cluster.start(work: false)
        cluster.run(milliseconds: 29_000)
        #expect(cluster.lowestHeight == 0)
        #expect(cluster.nodes.allSatisfy { $0.core.view == View(1) })
        cluster.run(milliseconds: 5_000)
        #expect(cluster.lowestHeight >= 1)
    }

    @Test("Four validators agree and go on, with messages late and out of order", arguments: UInt64(0)..<10)
    func fourValidators(seed: UInt64) {
        var cluster = TestCluster(4, seed: seed)
        cluster.maximumDelay = 300
        cluster.start()
        cluster.run(milliseconds: 20_000)
        #expect(cluster.disagreement == nil)
        #expect(cluster.halts.isEmpty)
        #expect(cluster.lowestHeight >= 5)
    }

    @Test("[C14] A network slower than Δ was set for makes blocks final", arguments: [850, 1_000, 1_750, 2_000])
    func slowNetwork(latency: UInt64) {
        // Between 1.5 and 2 Δ every view certifies after everybody gave it up: no finalize is cast unless Δ stays doubled.
        var cluster = TestCluster(4, seed: latency)
        cluster.minimumDelay = latency
        cluster.maximumDelay = 10
        cluster.start()
        cluster.run(milliseconds: 120_000)
        #expect(cluster.disagreement == nil)
        #expect(cluster.halts.isEmpty)
        #expect(cluster.lowestHeight >= 3)
    }

    @Test("Agreement under loss, and progress once it stops", arguments: UInt64(0)..<10)
    func loss(seed: UInt64) {
        var cluster = TestCluster(4, seed: seed)
        cluster.lossPercent = 30
        cluster.start()
        cluster.run(milliseconds: 20_000)
        #expect(cluster.disagreement == nil)
        cluster.lossPercent = 0
        let before = cluster.lowestHeight
        cluster.run(milliseconds: 20_000)
        #expect(cluster.disagreement == nil)
        #expect(cluster.halts.isEmpty)
        #expect(cluster.lowestHeight > before + 3)
    }

    @Test("[C13] One dead validator costs its turns and no more", arguments: [4, 5, 7])
    func deadValidator(count: Int) {
        var cluster = TestCluster(count, seed: 5)
        cluster.start()
        cluster.crash(0)
        cluster.run(milliseconds: 20_000)
        #expect(cluster.disagreement == nil)
        #expect(cluster.nodes.dropFirst().allSatisfy { $0.finalized.height.value > 10 })
    }

    @Test("Without a quorum nothing becomes final, and nothing breaks")
    func noQuorum() {
        var cluster = TestCluster(4, seed: 6)
        cluster.start()
        cluster.crash(0)
        cluster.crash(1)
        cluster.run(milliseconds: 20_000)
        #expect(cluster.nodes[2].finalized.height.value == 0)
        cluster.restart(0)
        cluster.run(milliseconds: 20_000)
        #expect(cluster.nodes[2].finalized.height.value > 5)
        #expect(cluster.disagreement == nil)
    }

    @Test("[C17] Crashes and restarts at random moments lose nothing final", arguments: UInt64(0)..<6)
    func crashes(seed: UInt64) {
        var cluster = TestCluster(4, seed: seed)
        cluster.lossPercent = 5
        cluster.start()
        for _ in 0..<40 {
            let node = Int(cluster.random.below(4))
            cluster.run(milliseconds: 50 + cluster.random.below(1_500))
            let before = cluster.nodes[node].finalized
            cluster.crash(node)
            cluster.run(milliseconds: cluster.random.below(1_500))
            cluster.restart(node)
            #expect(cluster.nodes[node].core.finalized.height >= before.height)
        }
        cluster.lossPercent = 0
        let before = cluster.lowestHeight
        cluster.run(milliseconds: 20_000)
        #expect(cluster.disagreement == nil)
        #expect(cluster.halts.isEmpty)
        #expect(cluster.lowestHeight > before + 3)
    }

    @Test("[C16] The boundary block is proposed again until it is final, and nothing follows it", arguments: [1, 4])
    func boundary(count: Int) {
        var cluster = TestCluster(count, seed: 8, lastHeight: 5)
        cluster.start()
        cluster.run(milliseconds: 20_000)
        #expect(cluster.nodes.allSatisfy { $0.core.isOver && $0.finalized.height == Height(5) })
        #expect(cluster.disagreement == nil)
    }

    @Test("[C18] A node that was cut off catches up by what the others hold")
    func straggler() {
        var cluster = TestCluster(4, seed: 9)
        cluster.isolated = [3]
        cluster.start()
        cluster.run(milliseconds: 10_000)
        let reached = cluster.nodes[0].finalized.height
        #expect(reached.value > 5)
        cluster.isolated = []
        cluster.run(milliseconds: 20_000)
        #expect(cluster.nodes[3].finalized.height > reached)
        #expect(cluster.disagreement == nil)
    }
}
