import Blocks
import Governance
import Primitives
import Replica
import Testing
import Transactions

@Suite("Upgrades")
struct UpgradeTests {
    /// Pays until so much time has passed, and gives the heights of all nodes.
    private func pay(_ network: inout TestReplicas, from sequence: inout UInt64, rounds: Int) throws -> [UInt64] {
        for _ in 0..<rounds {
            network.send(0, .transaction(try network.transfer(0, sequence: sequence), ticket: 1))
            sequence += 1
            network.run(milliseconds: 600)
        }
        network.run(milliseconds: 40_000)
        return network.replicas.indices.map { network.replicas[$0].head.height.value }
    }

    @Test("No block is made from an upgrade's height on before a quorum runs its release; nothing final is lost")
    func standstill() throws {
        var network = try TestReplicas(4)
        // One node is upgraded early: it follows the old rules until then, and goes on alone no more than the others.
        network.releases = [3: Release(2, 0, 0)]
        try network.restartAll()
        network.run(milliseconds: 100)
        let height: UInt64 = 14
        let plan = UpgradePlan(height: Height(height), release: Release(2, 0, 0))
        network.send(0, .transaction(try network.decision(.upgrade(plan), sequence: 0), ticket: 1))
        network.run(milliseconds: 1_500)
        #expect(network.refusals.isEmpty && network.stops.isEmpty)
        var sequence: UInt64 = 0
        #expect(try pay(&network, from: &sequence, rounds: 20) == [UInt64](repeating: height - 1, count: 4))
        // Those of the old release say so, with what to install; the new one has nothing to say.
        #expect(Set(network.stops) == ["the network asks for release 2.0.0"])
        #expect(network.areChainsSound)
        let before = network.disks.map { $0.log.map(\.hash) }

        // Two of four are no quorum, three are.
        network.stops = []
        network.releases = [2: Release(2, 0, 0), 3: Release(2, 1, 0)]
        try network.restartAll()
        #expect(try pay(&network, from: &sequence, rounds: 2) == [UInt64](repeating: height - 1, count: 4))
        network.stops = []
        network.releases[1] = Release(2, 0, 0)
        try network.restartAll()
        let heights = try pay(&network, from: &sequence, rounds: 5)
        #expect(heights[0] == height - 1 && heights.dropFirst().allSatisfy { $0 >= height })
        // The one that stayed behind executes nothing of it, and catches up once it is upgraded.
        #expect(network.stops.allSatisfy { $0 == "the network asks for release 2.0.0" } && !network.stops.isEmpty)
        network.releases[0] = Release(3, 0, 0)
        try network.restartAll()
        let last = try pay(&network, from: &sequence, rounds: 3)
        #expect(Set(last).count == 1 && last[0] >= height)
        #expect(network.areChainsSound)
        for (disk, old) in zip(network.disks, before) { #expect(disk.log.prefix(old.count).map(\.hash) == old) }
    }
}
