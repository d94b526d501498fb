internal import Blocks
internal import Consensus
internal import Execution
internal import Governance
public import Primitives
internal import StateModel
internal import Transactions
public import Votes

// Peers: who is connected, what they say, who is told what.
extension Replica {
    mutating func connect(_ key: TransportKey) {
        peers.connect(key)
        effects.append(.send(.status(status), to: [key]))
        let tags = gossip.pooled.keys.sorted { ($0.high, $0.low) < ($1.high, $1.low) }
        for start in stride(from: 0, to: tags.count, by: PeerMessageLimits.tags) {
            let end = min(start + PeerMessageLimits.tags, tags.count)
            effects.append(.send(.transactionsAnnounced(Array(tags[start..<end])), to: [key]))
        }
    }

    mutating func disconnect(_ key: TransportKey) {
        gossip.disconnected(key, slot: peers.disconnect(key))
        sync.disconnected(key)
    }

    mutating func receive(_ message: VerifiedMessage, from key: TransportKey) {
        // What was under way when its sender was disconnected.
        guard peers.isConnected(key) else { return }
        switch message.content {
        case .status(let status):
            peers.note(status, of: key)
            // While blocks are on their way they, and the tick, drive it: anyone can send any number of these.
            if !sync.isRunning { synchronize() }
        case .vote(let vote):
            run(.vote(vote), of: vote.vote.epoch)
        case .certificates(let certificates):
            for certificate in certificates {
                run(.certificate(certificate), of: certificate.epoch)
            }
        case .evidence(let evidence): receive(evidence)
        case .certificatesRequest(let request): answer(request, to: key)
        case .proposal(let proposal, let included): receive(proposal, included: included, from: key)
        case .blockRequest(let hash): sendBlock(hash, to: key)
        case .block(let loaded): receive(loaded)
        case .blockTransactionsRequest(let hash, let indexes): sendTransactions(of: hash, indexes, to: key)
        case .blockTransactions(let hash, let transactions): complete(hash, with: transactions, from: key)
        case .transactionsAnnounced(let tags): fetch(tags, from: key)
        case .transactionsRequest(let tags): sendTransactions(tags, to: key)
        case .transactions(let transactions): admit(transactions, from: key)
        case .blocksRequest(let range): sendBlocks(range, to: key)
        case .blocks(let blocks, let isCut):
            sync.receive(blocks, isCut: isCut, from: key, now: now)
            synchronize()
        case .addresses(let addresses): effects.append(.learned(addresses))
        }
    }

    // MARK: Whom to tell

    /// The epoch's validators that are connected.
    var connectedValidators: [TransportKey] {
        epochInformation.transportKeys.compactMap { $0 }.filter { peers.isConnected($0) }
    }

    func isValidator(_ key: TransportKey) -> Bool { epochInformation.transportKeys.contains(key) }

    /// Everyone who follows and does not vote.
    private var connectedObservers: [TransportKey] {
        let validators = Set(epochInformation.transportKeys.compactMap { $0 })
        return peers.keys.filter { !validators.contains($0) }
    }

    mutating func broadcast(_ message: PeerMessage) {
        let receivers = connectedValidators
        if !receivers.isEmpty { effects.append(.send(message, to: receivers)) }
    }

    /// - Parameter information: of the epoch whose index it is; nil: the current one's.
    mutating func send(_ message: PeerMessage, toValidator index: Int, of information: EpochInformation? = nil) {
        let keys = (information ?? epochInformation).transportKeys
        guard index < keys.count, let key = keys[index], peers.isConnected(key) else { return }
        effects.append(.send(message, to: [key]))
    }

    /// Two of those that may have it, others each time: one that is silent does not hold anything up for long.
    mutating func ask(_ message: PeerMessage, preferring first: TransportKey? = nil) {
        let candidates = connectedValidators.isEmpty ? peers.keys : connectedValidators
        guard !candidates.isEmpty else { return }
        var chosen: [TransportKey] = []
        if let first, candidates.contains(first) { chosen.append(first) }
        for _ in 0..<candidates.count where chosen.count < min(2, candidates.count) {
            let next = candidates[Int(askCount % UInt64(candidates.count))]
            askCount += 1
            if !chosen.contains(next) { chosen.append(next) }
        }
        effects.append(.send(message, to: chosen))
    }

    // MARK: Status

    var status: PeerStatus {
        PeerStatus(
            height: tree.head.height, blockHash: tree.headHash, epoch: consensus.configuration.epoch,
            view: consensus.view)
    }

    mutating func tellStatus() {
        if !peers.keys.isEmpty { effects.append(.send(.status(status), to: peers.keys)) }
    }

    /// Validators learn of a final block by its certificate.
    mutating func tellObservers() {
        let observers = connectedObservers
        if !observers.isEmpty { effects.append(.send(.status(status), to: observers)) }
    }

    // MARK: Evidence and certificates

    /// [C15] What a peer proves is kept, passed on, and put into a block, like what this node saw itself.
    private mutating func receive(_ new: Evidence) {
        // Bounded before anything is written: a traitor can sign any number of conflicts.
        guard new.position.epoch == consensus.configuration.epoch, mayLearn(new) else { return }
        effects.append(.persistJournal([.evidence(new)]))
        report(new)
    }

    private func isKnown(_ new: Evidence) -> Bool {
        knownEvidence.contains { $0.validator == new.validator && $0.position == new.position && $0.kind == new.kind }
    }

    func mayLearn(_ new: Evidence) -> Bool {
        knownEvidence.count < ReplicaLimits.knownEvidence && !isKnown(new)
            && knownEvidence.count { $0.validator == new.validator } < ReplicaLimits.evidencePerValidator
    }

    mutating func report(_ new: Evidence) {
        guard mayLearn(new) else { return }
        knownEvidence.append(new)
        effects.append(.report(new))
        if evidence.count < ReplicaLimits.waitingEvidence { evidence.append(new) }
        broadcast(.evidence(new))
    }

    private mutating func answer(_ request: CertificatesRequest, to key: TransportKey) {
        guard let instance = request.epoch == consensus.configuration.epoch ? consensus : previous,
            instance.configuration.epoch == request.epoch
        else { return }
        let known = instance.certificates(
            above: request.above, below: request.below, limit: PeerMessageLimits.certificates)
        if !known.isEmpty { effects.append(.send(.certificates(known), to: [key])) }
    }

    // MARK: What others ask

    /// What each connected peer said of itself last.
    public var peerStatuses: [(key: TransportKey, status: PeerStatus?)] {
        peers.keys.map { ($0, peers[$0]?.status) }
    }

    /// The latest view in which each of the epoch's validators was seen to vote.
    public var lastVoteViews: [View?] { consensus.lastVotes }

    /// True if enough validators are connected to know where the chain is, and none of them has more than this node.
    public var isSynchronized: Bool {
        let set = consensus.configuration.validators
        let others = connectedValidators.filter { peers[$0]?.status != nil }
        let known = others.count + (consensus.configuration.ownIndex == nil ? 0 : 1)
        return known >= set.quorum
            && others.count { peers[$0]?.status.map { $0.height > tree.head.height } ?? false } <= set.faulty
    }

    /// The height that the network is believed to have: one more validator than may lie says that it has as much. While
    /// so many are not connected, what all that are agree on; without any, what all other peers agree on.
    public var believedHeight: Height {
        let claims = connectedValidators.compactMap { peers[$0]?.status?.height }.sorted(by: >)
        let faulty = consensus.configuration.validators.faulty
        if claims.count > faulty { return max(tree.head.height, claims[faulty]) }
        let lowest = claims.last ?? sources.map(\.height).min() ?? .genesis
        return max(tree.head.height, lowest)
    }

    /// The next block, if it was asked for and no peer that was asked since has it: they keep later ones only.
    public var lackedBlock: Height? {
        guard let lacking = sync.lacking, lacking == tree.head.height.next, believedHeight >= lacking else {
            return nil
        }
        return lacking
    }

    /// The height that this node fetches blocks up to; nil if it does not lag.
    public var syncTarget: Height? {
        let target = believedHeight
        return isSynchronizing && target > tree.head.height ? target : nil
    }
}
