internal import Blocks
internal import Consensus
internal import Encoding
internal import Execution
internal import Primitives
internal import Replica
internal import Transactions
internal import Votes

/// What a traitor says in place of what the replica behind it wanted said. It signs with that replica's key.
final class TraitorVoice {
    private let misbehavior: Misbehavior
    private let node: SimulatedNode
    private let world: World
    private var random: SimulatorRandom
    /// Blocks of the current epoch's views that it offered besides the replica's own.
    private var variants: [View: Vote] = [:]
    private var variantsEpoch = Epoch.genesis
    /// Old messages to say again.
    private var stale: [[UInt8]] = []

    init(_ misbehavior: Misbehavior, node: SimulatedNode, world: World, random: SimulatorRandom) {
        self.misbehavior = misbehavior
        self.node = node
        self.world = world
        self.random = random
    }

    /// The packets for each group of receivers.
    func says(_ message: PeerMessage, to receivers: [Int]) -> [(Packet, [Int])] {
        switch misbehavior {
        case .equivocator: equivocates(message, receivers)
        case .nuller: [(Packet((nulls(message) ?? message).encoded), receivers)]
        case .silentLeader: isSilent(message, receivers)
        case .twins: [(Packet(message.encoded), receivers)]
        case .garbage: garbage(message, receivers)
        case .usurper: [(Packet((usurps(message) ?? message).encoded), receivers)]
        }
    }

    /// Twins don't mind what the other one signs.
    func ignores(_ message: PeerMessage) -> Bool {
        guard case .vote(let vote) = message else { return false }
        return vote.validator == node.validatorIndex
    }

    private func signed(_ vote: Vote) -> SignedVote? {
        guard let key = node.key, let index = node.validatorIndex else { return nil }
        return world.sign(vote, validator: index, key: key)
    }

    private func halves(_ receivers: [Int]) -> ([Int], [Int]) {
        var first: [Int] = []
        var second: [Int] = []
        for receiver in receivers { if random.chance(500) { first.append(receiver) } else { second.append(receiver) } }
        return (first, second)
    }

    // MARK: Equivocation

    private func equivocates(_ message: PeerMessage, _ receivers: [Int]) -> [(Packet, [Int])] {
        let other: PeerMessage?
        switch message {
        case .proposal(let proposal): other = variant(of: proposal).map { .proposal($0) }
        case .vote(let vote): other = conflicting(vote.vote).flatMap { signed($0) }.map { .vote($0) }
        default: other = nil
        }
        let packet = Packet(message.encoded)
        guard let other else { return [(packet, receivers)] }
        let (first, second) = halves(receivers)
        let otherPacket = Packet(other.encoded)
        // Some hear both.
        let both = receivers.filter { _ in random.chance(100) }
        return [(packet, first), (otherPacket, second), (packet, both)]
    }

    /// The same block a millisecond later, which is another block.
    private func variant(of proposal: CompactProposal) -> CompactProposal? {
        guard let block = node.store.block(proposal.blockHash) else { return nil }
        let header = BlockHeader(
            network: proposal.header.network, height: proposal.header.height, parent: proposal.header.parent,
            time: proposal.header.time.adding(milliseconds: 1), epoch: proposal.header.epoch,
            proposer: proposal.header.proposer, validatorSet: proposal.header.validatorSet,
            transactionsRoot: proposal.header.transactionsRoot, receiptsRoot: proposal.header.receiptsRoot,
            evidenceRoot: proposal.header.evidenceRoot, stateRoot: proposal.header.stateRoot)
        return offer(
            Block(header: header, transactions: block.transactions, evidence: block.evidence, restart: block.restart),
            in: proposal.notarize.vote.position, parentView: proposal.parentView)
    }

    private func offer(_ block: Block, in position: EpochView, parentView: View) -> CompactProposal? {
        let vote = Vote.notarize(position.epoch, position.view, parentView: parentView, blockHash: block.hash)
        guard let notarize = signed(vote) else { return nil }
        if variantsEpoch != position.epoch { variants = [:] }
        variantsEpoch = position.epoch
        variants[position.view] = vote
        return CompactProposal(
            header: block.header, evidence: block.evidence, restart: block.restart, view: position.view,
            parentView: parentView,
            notarize: notarize, shortIDs: block.transactions.map { _ in 0 },
            included: block.transactions.enumerated().map { CompactProposal.Included(index: $0, bytes: $1) })
    }

    /// Another vote of the same view that no honest validator signs beside this one.
    private func conflicting(_ vote: Vote) -> Vote? {
        let variant = variantsEpoch == vote.epoch ? variants[vote.view] : nil
        switch vote.kind {
        case .notarize:
            let hash = variant?.blockHash ?? Hash(Bytes32(random.next(), 0, 0, 1))
            return .notarize(vote.epoch, vote.view, parentView: vote.parentView, blockHash: hash)
        case .finalize:
            if let variant {
                return .finalize(
                    vote.epoch, vote.view, parentView: variant.parentView, blockHash: variant.blockHash)
            }
            return .nullify(vote.epoch, vote.view)
        case .nullify:
            guard let variant else { return nil }
            return .finalize(vote.epoch, vote.view, parentView: variant.parentView, blockHash: variant.blockHash)
        }
    }

    // MARK: The others

    private func nulls(_ message: PeerMessage) -> PeerMessage? {
        let position: EpochView
        switch message {
        case .vote(let vote): position = vote.vote.position
        case .proposal(let proposal): position = proposal.notarize.vote.position
        default: return nil
        }
        return signed(.nullify(position.epoch, position.view)).map { .vote($0) }
    }

    private func isSilent(_ message: PeerMessage, _ receivers: [Int]) -> [(Packet, [Int])] {
        guard case .proposal = message else { return [(Packet(message.encoded), receivers)] }
        let some = random.chance(500) ? [] : halves(receivers).0
        return [(Packet(message.encoded), some)]
    }

    private func garbage(_ message: PeerMessage, _ receivers: [Int]) -> [(Packet, [Int])] {
        let packet = Packet(message.encoded)
        var said = [(packet, receivers)]
        if stale.count < 64 { stale.append(packet.bytes) } else { stale[random.below(64)] = packet.bytes }
        guard random.chance(150), !receivers.isEmpty else { return said }
        let victim = [random.pick(receivers)]
        switch random.below(5) {
        case 0: said.append((Packet(random.bytes(random.below(200))), victim))
        case 1: said.append((Packet(random.mutated(packet.bytes)), victim))
        case 2, 3: said.append((Packet(random.pick(stale)), victim))
        default:
            let status = PeerStatus(
                height: Height(random.below(1_000 as UInt64)), blockHash: Hash(Bytes32(random.next(), 0, 0, 0)),
                epoch: Epoch(random.below(20 as UInt64)), view: View(random.below(1_000 as UInt64)))
            said.append((Packet(PeerMessage.status(status).encoded), victim))
        }
        return said
    }

    /// A valid block on the last final one, as if nothing had been certified since.
    private func usurps(_ message: PeerMessage) -> PeerMessage? {
        guard case .proposal(let proposal) = message, let core = node.replica?.consensus,
            proposal.notarize.vote.epoch == core.configuration.epoch, proposal.parentView > core.finalized.view,
            core.finalized.blockHash == node.store.headHash
        else { return nil }
        do {
            let state = node.store.snapshot
            let (executed, _) = try BlockExecutor.propose(
                on: node.store.head, state: state,
                epoch: try EpochContext(network: world.network, networkKind: .test, following: state),
                proposer: proposal.header.proposer, time: proposal.header.time, candidates: [])
            return offer(
                executed.block, in: proposal.notarize.vote.position, parentView: core.finalized.view
            ).map { .proposal($0) }
        } catch {
            return nil
        }
    }
}
