import Blocks
import Consensus
import Cryptography
import Mempool
import Primitives
import Replica
import Testing
import Transactions
import Votes

@Suite("Replica")
struct ReplicaTests {
    @Test("Transactions become final within a batch, and an idle chain makes no blocks", arguments: [1, 4])
    func finality(count: Int) throws {
        var network = try TestReplicas(count)
        network.run(milliseconds: 100)
        for sender in 0..<4 {
            for sequence in 0..<25 as Range<UInt64> {
                network.send(0, .transaction(try network.transfer(sender, sequence: sequence), ticket: 1))
            }
        }
        network.run(milliseconds: 1_500)
        #expect(network.stops.isEmpty)
        for node in 0..<count {
            #expect(network.finalTransactions(node) == 100)
            #expect(network.replicas[node].pool.isEmpty)
        }
        #expect(network.areChainsSound)
        let height = network.replicas[0].head.height
        #expect(height.value <= 4)
        network.run(milliseconds: 20_000)
        #expect(network.replicas[0].head.height <= height.next, "no empty blocks while nothing happens")
        network.run(milliseconds: 40_000)
        #expect(network.replicas[0].head.height > height, "the heartbeat keeps block time fresh")
    }

    @Test("The boundary block ends each, and the next begins on it", arguments: [1, 4])
    func epochs(count: Int) throws {
        var network = try TestReplicas(count, epochLength: 10)
        network.run(milliseconds: 100)
        for sequence in 0..<35 as Range<UInt64> {
            network.send(0, .transaction(try network.transfer(0, sequence: sequence), ticket: 1))
            network.run(milliseconds: 600)
        }
        network.run(milliseconds: 10_000)
        #expect(network.stops.isEmpty)
        #expect(network.finalTransactions(count - 1) == 35)
        #expect(network.replicas[0].consensus.configuration.epoch.value >= 3)
        #expect(network.areChainsSound)
        for block in network.disks[0].log.dropFirst() {
            #expect(block.header.epoch == (block.header.height.value - 1) / 10)
        }
    }

    @Test("Power fails before any effect: after the restart nothing final is lost and the rest becomes final")
    func crashAtEveryEffect() throws {
        var reference = try TestReplicas(1, epochLength: 10)
        for sequence in 0..<3 as Range<UInt64> {
            reference.send(0, .transaction(try reference.transfer(0, sequence: sequence), ticket: 1))
            reference.run(milliseconds: 100)
        }
        #expect(reference.effectCount > 30)
        for crash in 0..<reference.effectCount {
            var network = try TestReplicas(1, epochLength: 10)
            network.effectsUntilCrash = crash
            for sequence in 0..<3 as Range<UInt64> {
                network.send(0, .transaction(try network.transfer(0, sequence: sequence), ticket: 1))
                guard network.run(milliseconds: 100) else { break }
            }
            let before = network.disks[0].log.map(\.hash)
            try network.restartAll()
            network.run(milliseconds: 50)
            // What was not final is sent again, as a wallet's outbox does; what was is refused there.
            for sequence in 0..<3 as Range<UInt64> {
                network.send(0, .transaction(try network.transfer(0, sequence: sequence), ticket: 2))
            }
            network.run(milliseconds: 31_000)
            #expect(network.stops.isEmpty, "crash before effect \(crash)")
            #expect(network.finalTransactions(0) == 3, "crash before effect \(crash)")
            #expect(Array(network.disks[0].log.map(\.hash).prefix(before.count)) == before)
            #expect(network.areChainsSound)
        }
    }

    @Test("All four fail at once and go on")
    func restartOfAll() throws {
        var network = try TestReplicas(4)
        for round in 0..<12 as Range<UInt64> {
            network.send(0, .transaction(try network.transfer(0, sequence: round), ticket: 1))
            network.effectsUntilCrash = 60 + Int(round) * 7
            network.run(milliseconds: 2_000)
            try network.restartAll()
            network.run(milliseconds: 100)
            network.send(1, .transaction(try network.transfer(0, sequence: round), ticket: 1))
            network.run(milliseconds: 40_000)
            #expect(network.finalTransactions(1) == Int(round) + 1)
        }
        #expect(network.stops.isEmpty)
        #expect(network.areChainsSound)
    }

    @Test("A transaction of an unknown account is refused with the ledger's reason")
    func unknownAccount() throws {
        var network = try TestReplicas(1)
        let other = try TestReplicas(2)
        network.send(0, .transaction(try network.transfer(0, sequence: 70), ticket: 1))
        network.send(0, .transaction(try other.transfer(0, sequence: 0), ticket: 1))
        network.run(milliseconds: 100)
        #expect(network.refusals.first?.reason == "sequence_too_far")
    }

    @Test("Several of one call are admitted in their order, one refused among them, and become final")
    func several() throws {
        var network = try TestReplicas(1)
        var transactions = try (0..<20 as Range<UInt64>).map { try network.transfer(0, sequence: $0) }
        transactions.insert(try network.transfer(0, sequence: 90), at: 10)
        network.send(0, .transactions(transactions, firstTicket: 7))
        network.run(milliseconds: 1_000)
        #expect(network.refusals.map(\.reason) == ["sequence_too_far"])
        #expect(network.replicas[0].pool.isEmpty)
        #expect(network.stops.isEmpty)
        #expect(network.areChainsSound)
    }

    @Test("[C19] A quorum lost its guards: a signed restart begins the next epoch, and those who got none follow")
    func restart() throws {
        var network = try TestReplicas(4, epochLength: 20)
        network.run(milliseconds: 100)
        for sequence in 0..<3 as Range<UInt64> {
            network.send(0, .transaction(try network.transfer(0, sequence: sequence), ticket: 1))
            network.run(milliseconds: 2_000)
        }
        // The guards of two are gone: they watch an epoch that can't end without them.
        let ids = network.keys.map(\.address)
        for node in 0..<2 {
            network.disks[node].guardRecord = GuardRecord.watchingEverything(
                network: network.genesis.hash, key: ids[node])
            network.disks[node].journal = []
        }
        try network.restartAll()
        network.run(milliseconds: 40_000)
        let height = network.replicas[3].head.height
        network.send(3, .transaction(try network.transfer(0, sequence: 3), ticket: 1))
        network.run(milliseconds: 60_000)
        #expect(network.replicas[3].head.height == height, "no quorum may vote")

        let last = network.disks[3].log[network.disks[3].log.count - 1].hash
        let complete = network.signed(Epoch(1), on: last, by: [0, 1, 2])
        // A traitor who leads the new epoch's first view offers a block of the old one, and one that carries nothing.
        let final = network.disks[3].log[network.disks[3].log.count - 1].header
        var verifier = MessageVerifier(network: network.genesis.hash)
        let set = network.replicas[0].epochInformation.validators
        verifier.begin(Epoch(1), set)
        let traitor = set.leader(of: View(1))
        func offer(epoch: UInt64) -> CompactProposal {
            let header = BlockHeader(
                network: network.genesis.hash, height: final.height.next, parent: last, time: network.now, epoch: epoch,
                proposer: UInt64(traitor), validatorSet: set.hash, transactionsRoot: Block.transactionsRoot(of: []),
                receiptsRoot: final.receiptsRoot, evidenceRoot: Block.evidenceRoot(of: []), stateRoot: final.stateRoot)
            return CompactProposal(
                header: header, evidence: [], restart: nil, view: View(1), parentView: .genesis,
                notarize: network.signed(
                    .notarize(Epoch(1), View(1), parentView: .genesis, blockHash: header.hash), by: traitor),
                shortIDs: [], included: [])
        }
        #expect(throws: PeerOffense.self) { try verifier.isOfItsLeader(offer(epoch: 0)) }
        #expect(try verifier.isOfItsLeader(offer(epoch: 1)))
        for node in 0..<3 {
            let record = network.disks[node].guardRecord
            network.disks[node].guardRecord = try #require(record.restarting(in: Epoch(1)))
            network.restarts[node] = complete
        }
        try network.restartAll()
        for node in 0..<3 where node != traitor {
            try network.inject(.proposal(offer(epoch: 1)), from: traitor, to: node, verifiedBy: verifier)
        }
        network.send(3, .transaction(try network.transfer(0, sequence: 3), ticket: 1))
        network.run(milliseconds: 60_000)
        #expect(network.stops.isEmpty)
        #expect(network.areChainsSound)
        // Node 3 has no file of it: the chain tells it.
        for node in 0..<4 {
            #expect(network.replicas[node].consensus.configuration.epoch == Epoch(1))
            #expect(network.finalTransactions(node) == 4)
        }
        let first = try #require(network.disks[3].log.first { $0.header.parent == last })
        #expect(first.restart == complete)
        #expect(first.header.epoch == 1)
        // The epoch is as long as any other, and ends like one; a file that lies there still does nothing.
        try network.restartAll()
        for sequence in 4..<30 as Range<UInt64> {
            network.send(0, .transaction(try network.transfer(0, sequence: sequence), ticket: 1))
            network.run(milliseconds: 1_000)
        }
        network.run(milliseconds: 10_000)
        #expect(network.stops.isEmpty)
        #expect(network.areChainsSound)
        #expect(network.finalTransactions(3) == 30)
        #expect(network.replicas[3].consensus.configuration.epoch >= Epoch(2))
        let restarts = network.disks[3].log.compactMap(\.restart)
        #expect(restarts == [complete])
    }

    @Test("[C19] A restart that no quorum signed, or of another block or epoch, begins nothing")
    func badRestarts() throws {
        for count in [1, 4] {
            var network = try TestReplicas(count, epochLength: 20)
            let genesis = network.disks[0].log[0].hash
            let bad = [
                network.signed(Epoch(1), on: genesis, by: count == 1 ? [] : [0, 1]),
                network.signed(Epoch(0), on: genesis, by: Array(0..<count)),
                network.signed(Epoch(1), on: .zero, by: Array(0..<count)),
                EpochRestart(
                    epoch: Epoch(1), lastBlock: genesis,
                    signatures: network.signed(Epoch(2), on: genesis, by: Array(0..<count)).signatures),
            ]
            for restart in bad {
                for node in 0..<count { network.restarts[node] = restart }
                try network.restartAll()
                network.run(milliseconds: 1_000)
                #expect(network.replicas[0].consensus.configuration.epoch == .genesis)
            }
            #expect(network.stops.isEmpty)
        }
    }
}
