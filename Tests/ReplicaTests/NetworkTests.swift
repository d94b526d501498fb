import Blocks
import Consensus
import Encoding
import Mempool
import Primitives
import Replica
import TestSupport
import Testing
import Transactions
import Votes

@Suite("Replicas on a network")
struct ReplicaNetworkTests {
    private func load(_ network: inout TestReplicas, from first: UInt64, count: UInt64, at node: Int) throws {
        for sequence in first..<first + count {
            network.send(node, .transaction(try network.transfer(0, sequence: sequence), ticket: 1))
            network.run(milliseconds: 400)
        }
    }

    @Test("[N8] A node that was cut off catches up over several epochs while the others go on")
    func catchesUp() throws {
        var network = try TestReplicas(4, epochLength: 10)
        network.run(milliseconds: 100)
        network.isolate(3)
        try load(&network, from: 0, count: 30, at: 0)
        let others = network.replicas[0].head.height
        #expect(others.value >= 15)
        #expect(network.replicas[3].head.height == .genesis)
        network.heal()
        network.run(milliseconds: 12_000)
        #expect(network.replicas[3].head.height >= others)
        #expect(network.stops.isEmpty)
        #expect(network.areChainsSound)
        try load(&network, from: 30, count: 5, at: 3)
        network.run(milliseconds: 5_000)
        #expect(network.finalTransactions(3) == 35)
        #expect(network.areChainsSound)
    }

    @Test("[N8] A peer that says it has more than it has, or less than before, holds nobody up")
    func lyingPeers() throws {
        var network = try TestReplicas(4, epochLength: 100)
        network.run(milliseconds: 100)
        network.isolate(3)
        try load(&network, from: 0, count: 20, at: 0)
        network.heal()
        network.run(milliseconds: 10)
        let height = network.replicas[0].head.height
        for lie in [Height(height.value + 1_000_000), Height(3)] {
            let status = PeerStatus(height: lie, blockHash: .zero, epoch: .genesis, view: View(1))
            try network.inject(.status(status), from: 0, to: 3)
        }
        try network.inject(
            .status(PeerStatus(height: Height(1 << 60), blockHash: .zero, epoch: .genesis, view: View(1))), from: 1,
            to: 3)
        network.run(milliseconds: 45_000)
        #expect(network.replicas[3].head.height >= height)
        #expect(network.stops.isEmpty)
    }

    @Test("[N8] Statuses that come in another order take no peer out of sync")
    func reorderedStatuses() throws {
        var network = try TestReplicas(4, epochLength: 100)
        network.run(milliseconds: 100)
        network.isolate(3)
        try load(&network, from: 0, count: 20, at: 0)
        network.dropped = { if case .certificate = $0 { true } else { false } }
        network.heal()
        for peer in 0..<3 {
            for height in [2, 1, 3] as [UInt64] {
                let status = PeerStatus(height: Height(height), blockHash: .zero, epoch: .genesis, view: View(1))
                try network.inject(.status(status), from: peer, to: 3)
            }
        }
        let height = network.replicas[0].head.height
        network.run(milliseconds: 10_000)
        #expect(network.replicas[3].head.height >= height)
    }

    @Test("[C3] A block that was asked for and arrives after it became final by sync is not executed, and stops nobody")
    func lateBlock() throws {
        var network = try TestReplicas(4, epochLength: 100)
        network.run(milliseconds: 100)
        network.isolate(3)
        try load(&network, from: 0, count: 6, at: 0)
        let (first, second) = (network.disks[0].log[1], network.disks[0].log[2])
        let certificates = network.disks[0].certificates.filter { $0.kind == .notarize }
        let parent = try #require(certificates.first { $0.blockHash == first.hash })
        let child = try #require(certificates.first { $0.blockHash == second.hash })
        try #require(child.view == parent.view.next)
        try network.inject(.certificate(parent), from: 0, to: 3)
        network.run(milliseconds: 20)
        try network.inject(.block(first), from: 0, to: 3)
        network.run(milliseconds: 20)
        // The child is offered, and its transactions are not here: node 3 waits for it.
        let leader = network.replicas[0].epochInformation.validators.leader(of: child.view)
        let proposal = CompactProposal(
            header: second.header, evidence: second.evidence, restart: second.restart, view: child.view,
            parentView: child.parentView,
            notarize: network.signed(
                .notarize(.genesis, child.view, parentView: child.parentView, blockHash: second.hash), by: leader),
            shortIDs: second.transactions.map { _ in 7 }, included: [])
        try network.inject(.proposal(proposal), from: leader, to: 3)
        network.run(milliseconds: 20)
        network.dropped = { message in
            switch message {
            case .block, .blockTransactions: true
            default: false
            }
        }
        network.heal()
        network.run(milliseconds: 12_000)
        #expect(network.replicas[3].head.height > second.header.height)
        try network.inject(.block(second), from: 0, to: 3)
        network.run(milliseconds: 20)
        #expect(network.stops.isEmpty)
    }

    @Test("[N4] A transaction reaches every pool, and each peer is sent it once")
    func gossip() throws {
        var network = try TestReplicas(4)
        network.run(milliseconds: 100)
        network.sent = []
        // Of a sequence that has to wait, so that no block takes it.
        network.send(2, .transaction(try network.transfer(1, sequence: 5), ticket: 1))
        network.run(milliseconds: 3_000)
        for replica in network.replicas { #expect(replica.pool.count == 1) }
        let deliveries = network.sent.filter { if case .transactions = $0.message { true } else { false } }
        #expect(deliveries.count == 3)
        #expect(Set(deliveries.map(\.receiver)).count == 3)
    }

    @Test("[N5] What only one node has is proposed by it, and nobody is blamed for not proposing it")
    func unsharedTransactions() throws {
        var network = try TestReplicas(4)
        network.run(milliseconds: 100)
        network.dropped = { message in
            switch message {
            case .transactionsAnnounced, .transactionsRequest, .transactions: true
            default: false
            }
        }
        network.sent = []
        network.send(2, .transaction(try network.transfer(1, sequence: 0), ticket: 1))
        network.run(milliseconds: 20_000)
        let nullifies = network.sent.filter {
            if case .vote(let vote) = $0.message { vote.vote.kind == .nullify } else { false }
        }
        #expect(nullifies.isEmpty, "no timer runs for what others can't know")
        // The heartbeat moves the views on to the one that has it.
        network.run(milliseconds: 120_000)
        #expect(network.finalTransactions(0) == 1)
    }

    @Test("[N6] Compact proposals carry in full what others lack, and short ids of the rest")
    func compactProposals() throws {
        var network = try TestReplicas(4)
        network.run(milliseconds: 100)
        network.sent = []
        for sender in 0..<4 {
            network.send(0, .transaction(try network.transfer(sender, sequence: 0), ticket: 1))
        }
        network.run(milliseconds: 3_000)
        for sender in 0..<4 {
            network.send(1, .transaction(try network.transfer(sender, sequence: 1), ticket: 1))
        }
        network.run(milliseconds: 3_000)
        let proposals = network.sent.compactMap { sent -> CompactProposal? in
            if case .proposal(let proposal) = sent.message { proposal } else { nil }
        }
        #expect(!proposals.isEmpty)
        #expect(proposals.contains { $0.included.count < $0.shortIDs.count })
        #expect((0..<4).allSatisfy { network.finalTransactions($0) == 8 })
    }

    @Test("[N6] A proposal of which parts are missing everywhere is completed by its sender")
    func missingTransactions() throws {
        var network = try TestReplicas(4)
        network.run(milliseconds: 100)
        network.dropped = { message in if case .transactions = message { true } else { false } }
        // More than rides along with a proposal.
        for sender in 0..<4 {
            for sequence in 0..<400 as Range<UInt64> {
                network.send(0, .transaction(try network.transfer(sender, sequence: sequence), ticket: 1))
            }
        }
        network.run(milliseconds: 20_000)
        #expect(network.sent.contains { if case .blockTransactionsRequest = $0.message { true } else { false } })
        #expect(network.finalTransactions(3) > 0)
        #expect(network.areChainsSound)
        #expect(network.stops.isEmpty)
    }

    @Test("[N2] Offenses are what is provably wrong; votes of an unknown epoch are nobody's fault")
    func offenses() throws {
        let network = try TestReplicas(4)
        var verifier = MessageVerifier(network: network.genesis.hash)
        let set = network.replicas[0].epochInformation.validators
        verifier.begin(.genesis, set)
        let vote = Vote.nullify(.genesis, View(1))
        let good = network.signed(vote, by: 1)
        #expect(try verifier.verify(.vote(good), transactions: []) != nil)
        let stolen = SignedVote(vote: vote, validator: 2, signature: good.signature)
        #expect(throws: PeerOffense.badSignature("vote")) { try verifier.verify(.vote(stolen), transactions: []) }
        let beyond = SignedVote(vote: vote, validator: 50, signature: good.signature)
        #expect(throws: PeerOffense.badSignature("vote")) { try verifier.verify(.vote(beyond), transactions: []) }
        let later = SignedVote(vote: .nullify(Epoch(9), View(1)), validator: 2, signature: good.signature)
        #expect(try verifier.verify(.vote(later), transactions: []) == nil)
    }

    @Test("[N2] The largest number that each field can hold traps nobody")
    func largestNumbers() throws {
        var network = try TestReplicas(4)
        network.run(milliseconds: 100)
        let largest = Height.maximum
        let status = PeerStatus(height: largest, blockHash: .zero, epoch: .maximum, view: .maximum)
        let set = network.replicas[0].epochInformation.validators
        func header(_ height: Height, parent: Hash) -> BlockHeader {
            let genesis = network.disks[0].log[0].header
            return BlockHeader(
                network: genesis.network, height: height, parent: parent, time: .maximum, epoch: UInt64.max,
                proposer: UInt64.max, validatorSet: set.hash, transactionsRoot: Block.transactionsRoot(of: []),
                receiptsRoot: genesis.receiptsRoot,
                evidenceRoot: Block.evidenceRoot(of: []), stateRoot: genesis.stateRoot)
        }
        let first = Block(header: header(largest, parent: .zero), transactions: [], evidence: [])
        let second = Block(header: header(largest, parent: first.hash), transactions: [], evidence: [])
        let blocks = [first, second].map { FinalizedBlock(block: $0, certificate: nil) }
        let messages: [PeerMessage] = [
            .status(status), .vote(network.signed(.nullify(.genesis, .maximum), by: 1)),
            .certificatesRequest(CertificatesRequest(epoch: .genesis, above: .maximum, below: .maximum)),
            .certificatesRequest(CertificatesRequest(epoch: .maximum, above: .genesis, below: .maximum)),
            .blocksRequest(BlockRange(first: largest, count: PeerMessageLimits.blocks)),
            .blockTransactionsRequest(.zero, [UInt64.max]), .blocks(blocks),
        ]
        for message in messages {
            guard let decoded = try? PeerMessage(decoding: message.encoded) else { continue }
            do { try network.inject(decoded, from: 1, to: 0) } catch is PeerOffense {}
        }
        network.run(milliseconds: 5_000)
        #expect(network.stops.isEmpty)
        // One more than the largest is refused where it is read.
        var bytes = PeerMessage.status(status).encoded
        let place = try #require(bytes.firstRange(of: [0x1b, 0x40, 0, 0, 0, 0, 0, 0, 0]))
        bytes[place.upperBound - 1] = 1
        #expect(throws: EncodingFailure.self) { try PeerMessage(decoding: bytes) }
    }

    @Test("[C15] A traitor's evidence without end fills neither journal nor memory, and leaves others' room")
    func evidenceWithoutEnd() throws {
        var network = try TestReplicas(4)
        network.run(milliseconds: 100)
        func evidence(_ view: UInt64, by validator: Int) throws -> Evidence {
            func vote(_ number: UInt64) -> SignedVote {
                let hash = Hash(Bytes32(0, 0, 0, number))
                return network.signed(
                    .finalize(.genesis, View(view), parentView: .genesis, blockHash: hash), by: validator)
            }
            return try #require(Evidence(vote(1), vote(2)))
        }
        for view in 1...100 as ClosedRange<UInt64> {
            try network.inject(.evidence(try evidence(10_000 + view, by: 3)), from: 1, to: 0)
        }
        try network.inject(.evidence(try evidence(7, by: 2)), from: 1, to: 0)
        network.run(milliseconds: 10_000)
        let kept = network.disks[0].journal.compactMap { record in
            if case .evidence(let one) = record { one.validator } else { nil }
        }
        #expect(kept.count { $0 == 3 } <= 8)
        #expect(kept.contains(2))
        // Each piece stands in one block, once.
        network.run(milliseconds: 60_000)
        let carried = network.disks[0].log.flatMap(\.evidence)
        #expect(carried.count == Set(carried).count)
        #expect(carried.count == kept.count)
        #expect(network.stops.isEmpty)
    }

    @Test("[N4] Who announces and does not deliver takes no room from others")
    func announcementsWithoutEnd() throws {
        var network = try TestReplicas(4)
        network.run(milliseconds: 100)
        let observer = TestReplicas.transportKey(9)
        network.send(0, .connected(observer))
        network.run(milliseconds: 10)
        for batch in 0..<20 as Range<UInt64> {
            let tags = (0..<UInt64(1_000)).map { TransactionTag(Hash(Bytes32(batch + 1, $0, 0, 0))) }
            try network.inject(.transactionsAnnounced(tags), fromKey: observer, to: 0)
        }
        network.run(milliseconds: 10)
        #expect(network.requestedTags(of: observer) <= 1_024)
        // A validator's announcements are asked for all the same.
        let tags = (0..<UInt64(5_000)).map { TransactionTag(Hash(Bytes32(99, $0, 0, 0))) }
        try network.inject(.transactionsAnnounced(tags), from: 2, to: 0)
        network.run(milliseconds: 10)
        #expect(network.requestedTags(of: TestReplicas.transportKey(2)) == 5_000)
    }

    @Test("[N4] What was announced when there was no room is asked for as soon as there is")
    func passedOverAnnouncements() throws {
        var network = try TestReplicas(4)
        network.run(milliseconds: 100)
        // Nobody else tells node 0 of it.
        network.cut = [[1, 0], [3, 0]]
        let nowhere = (0..<UInt64(8_192)).map { TransactionTag(Hash(Bytes32(77, $0, 0, 0))) }
        try network.inject(.transactionsAnnounced(nowhere), from: 2, to: 0)
        network.run(milliseconds: 10)
        // Of a sequence that has to wait, so that no block brings it.
        network.send(2, .transaction(try network.transfer(1, sequence: 5), ticket: 1))
        network.run(milliseconds: 1_000)
        #expect(network.replicas.map(\.pool.count) == [0, 1, 1, 1])
        // What is not answered for two seconds is given up.
        network.run(milliseconds: 3_500)
        #expect(network.replicas[0].pool.count == 1)
    }

    @Test("[N4] Who was asked for what a block brought has room for other requests")
    func settledRequests() throws {
        var network = try TestReplicas(4)
        network.run(milliseconds: 100)
        let validators = network.replicas[0].consensus.configuration.validators
        let leader = validators.leader(of: network.replicas[0].consensus.view)
        let follower = (leader + 1) % 4
        network.dropped = { message in if case .transactions = message { true } else { false } }
        for sender in 0..<4 {
            for sequence in 0..<30 as Range<UInt64> {
                network.send(leader, .transaction(try network.transfer(sender, sequence: sequence), ticket: 1))
            }
        }
        // Less than an answer is waited for.
        network.run(milliseconds: 1_000)
        #expect(network.finalTransactions(follower) == 120)
        let key = TestReplicas.transportKey(leader)
        let before = network.requestedTags(of: key)
        #expect(before > 0)
        let tags = (0..<UInt64(8_192)).map { TransactionTag(Hash(Bytes32(78, $0, 0, 0))) }
        try network.inject(.transactionsAnnounced(tags), from: leader, to: follower)
        network.run(milliseconds: 10)
        #expect(network.requestedTags(of: key) == before + 8_192)
    }

    @Test("[N4] Whoever announces what does not exist does not take the room of other validators")
    func roomOfOthers() throws {
        var network = try TestReplicas(4)
        network.run(milliseconds: 100)
        network.cut = [[2, 0], [3, 0]]
        // All the room that there is, and twice as much again in mind.
        for sender in [2, 3] {
            for round in 0..<3 as Range<UInt64> {
                // A tag is of the first sixteen bytes.
                let nowhere = (0..<8_192 as Range<UInt64>).map {
                    TransactionTag(Hash(Bytes32(UInt64(sender), round << 32 | $0, 0, 0)))
                }
                try network.inject(.transactionsAnnounced(nowhere), from: sender, to: 0)
            }
        }
        network.run(milliseconds: 10)
        #expect([2, 3].map { network.requestedTags(of: TestReplicas.transportKey($0)) } == [8_192, 8_192])
        network.send(1, .transaction(try network.transfer(1, sequence: 5), ticket: 1))
        // Long before any of that is given up.
        network.run(milliseconds: 1_000)
        #expect(network.replicas[0].pool.count == 1)
    }

    @Test("[N4] What nobody fetched is announced anew after a second")
    func unfetchedTransaction() throws {
        var network = try TestReplicas(4)
        network.run(milliseconds: 100)
        network.dropped = { message in if case .transactionsAnnounced = message { true } else { false } }
        network.send(2, .transaction(try network.transfer(1, sequence: 5), ticket: 1))
        network.run(milliseconds: 200)
        network.dropped = { _ in false }
        network.run(milliseconds: 2_500)
        #expect(network.replicas.map(\.pool.count) == [1, 1, 1, 1])
    }

    @Test("[N8] A claim of one is no lag; of one more than may lie it is")
    func believedHeight() throws {
        var network = try TestReplicas(4)
        network.run(milliseconds: 100)
        func claim(_ height: UInt64, _ node: Int) throws {
            let status = PeerStatus(height: Height(height), blockHash: .zero, epoch: .genesis, view: View(1))
            try network.inject(.status(status), from: node, to: 0)
            network.run(milliseconds: 1)
        }
        try claim(1_000_000, 1)
        #expect(network.replicas[0].believedHeight == network.replicas[0].head.height)
        #expect(network.replicas[0].isSynchronized)
        try claim(500, 2)
        #expect(network.replicas[0].believedHeight == Height(500))
        #expect(!network.replicas[0].isSynchronized)
    }

    @Test("Hostile bytes of peers are refused or decoded, never a trap, and one value has one encoding")
    func hostileMessages() throws {
        var network = try TestReplicas(4)
        network.run(milliseconds: 100)
        for sender in 0..<4 { network.send(0, .transaction(try network.transfer(sender, sequence: 0), ticket: 1)) }
        network.run(milliseconds: 3_000)
        let samples = network.sent.map { $0.message.encoded }
        #expect(samples.count > 20)
        var random = SeededRandom(seed: 7)
        for round in 0..<(hostileInputs ?? 20_000) {
            let bytes = random.mutated(samples[round % samples.count])
            if let message = try? PeerMessage(decoding: bytes) { #expect(message.encoded == bytes) }
        }
    }
}
