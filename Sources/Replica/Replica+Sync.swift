internal import Blocks
internal import Consensus
internal import Primitives
internal import Votes

// Catching up with blocks that others made final.
extension Replica {
    /// Peers that blocks may be had from, and how many each says it has.
    var sources: [BlockSync.Source] {
        peers.keys.compactMap { key in
            guard let peer = peers[key], !peer.didLowerHeight, let status = peer.status else { return nil }
            return BlockSync.Source(key: key, height: status.height, isValidator: isValidator(key))
        }
    }

    /// Applies what came and asks for what is missing.
    ///
    /// - Returns: true if more is here that can be applied at once.
    @discardableResult
    mutating func synchronize() -> Bool {
        var applied = 0
        while !isStopped, applied < ReplicaLimits.syncBlocks,
            let run = sync.takeCertified(above: tree.head.height, hash: tree.headHash, now: now)
        {
            apply(run)
            applied += run.count
        }
        guard !isStopped else { return false }
        let isMoreHere = applied >= ReplicaLimits.syncBlocks
        if isMoreHere, !isSyncTimerSet {
            // Votes and whatever else waits come in between.
            isSyncTimerSet = true
            effects.append(.setTimer(.sync, delayMilliseconds: 0))
        }
        let sources = sources
        let head = tree.head.height
        let isFollowing = consensus.configuration.ownIndex == nil
        isSynchronizing = sync.isNeeded(
            head: head, target: sync.target(of: sources, now: now), isFollowing: isFollowing, now: now)
        guard isSynchronizing || sync.isRunning else { return isMoreHere }
        // Certificates can be judged up to the epoch's end; its last block tells the next set.
        let last = consensus.configuration.lastHeight
        for request in sync.plan(head: head, last: last, peers: sources, now: now) {
            effects.append(.send(.blocksRequest(request.range), to: [request.peer]))
        }
        return isMoreHere
    }

    /// A chain of blocks from above the head to one that a quorum of this epoch finalized.
    private mutating func apply(_ blocks: [SyncedBlock]) {
        guard let last = blocks.last, let certificate = last.certificate else { return }
        // [C19] Others have begun a new epoch on the block that is the head here.
        if let restart = blocks.first?.loaded.block.restart, restart.lastBlock == tree.headHash,
            restart.epoch > consensus.configuration.epoch
        {
            begin(restart: restart)
            guard !isStopped else { return }
        }
        guard certificate.epoch == consensus.configuration.epoch,
            last.header.height <= consensus.configuration.lastHeight
        else {
            sync.forget()
            return
        }
        for block in blocks {
            let hash = block.loaded.block.hash
            if tree.node(hash) != nil { continue }
            guard let verdict = execute(block.loaded.block, block.loaded.transactions, isBodyStored: false) else {
                return
            }
            guard verdict != .invalid else {
                stop("block \(hash) at height \(block.header.height) is final for a quorum and invalid here")
                return
            }
        }
        finalize(certificate)
        guard !isStopped else { return }
        run(
            .synchronized(
                Anchor(view: certificate.view, blockHash: certificate.blockHash, height: last.header.height),
                certificate))
    }

    /// Once a second: peers that did not answer are passed over.
    mutating func lookAfterSync() {
        // While blocks that are here are applied, answers wait: nobody is late.
        if !isSyncTimerSet { sync.expire(now: now) }
        if !synchronize() { sync.dropUncertified(now: now) }
    }

    mutating func sendBlocks(_ range: BlockRange, to key: TransportKey) {
        guard range.first <= tree.head.height else {
            effects.append(.send(.blocks([]), to: [key]))
            return
        }
        let count = min(UInt64(range.count), tree.head.height.value - range.first.value + 1)
        effects.append(.sendBlocks(BlockRange(first: range.first, count: Int(count)), to: key))
    }
}
