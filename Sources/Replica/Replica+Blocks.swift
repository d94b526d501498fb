internal import Blocks
internal import Consensus
internal import Execution
internal import Governance
internal import Mempool
internal import Primitives
internal import StateModel
internal import Transactions
internal import Votes

// Building, executing and finalizing blocks.
extension Replica {
    /// Of a block on `parent`. On the last block before a restart the state is of the epoch before.
    private func epochContext(on parent: Hash) -> EpochContext {
        EpochContext(
            network: configuration.network, networkKind: configuration.networkKind,
            epoch: restart?.lastBlock == parent ? epochBeforeRestart.value : consensus.configuration.epoch.value,
            validatorSet: consensus.configuration.validators.hash)
    }

    /// Nil if the parent's state is not here. The body is stored before consensus hears of the block.
    mutating func build(view: View, parentView: View, on parentHash: Hash) -> Proposal? {
        guard let parent = tree.header(parentHash), let state = tree.state(after: parentHash),
            let ownIndex = consensus.configuration.ownIndex, missingUpgrade(at: parent.height.next, in: state) == nil,
            !isStopped
        else { return nil }
        let candidates = pool.select(
            BlockBounds(
                weight: parameters.blockWeight, bytes: WireLimits.blockBytes, count: WireLimits.blockTransactions),
            nextSequences: tree.nextSequences(after: parentHash))
        let carried = tree.evidence(upTo: parentHash)
        let included = Array(evidence.lazy.filter { !carried.contains($0) }.prefix(Block.maximumEvidence))
        do {
            let (executed, refused) = try BlockExecutor.propose(
                on: parent, state: state, epoch: epochContext(on: parentHash), proposer: UInt64(ownIndex),
                time: now, candidates: candidates.map(\.payload), evidence: included,
                restart: restart?.lastBlock == parentHash ? restart : nil)
            for one in refused { pool.refused(one.transaction, one.rejection) }
            tree.insert(executed)
            effects.append(.storeBody(executed.block))
            return Proposal(
                epoch: consensus.configuration.epoch, view: view, parentView: parentView,
                blockHash: executed.block.hash, parentHash: parentHash, height: executed.block.header.height)
        } catch {
            stop(error.message)
            return nil
        }
    }

    // MARK: Blocks of others

    /// A block that was fetched: consensus may have asked which it is, or for its execution. What nobody asked for is not
    /// kept.
    mutating func receive(_ loaded: LoadedBlock, isWanted: Bool = false) {
        let block = loaded.block
        let wanted = awaited.filter { $0.blockHash == block.hash }
        guard isWanted || !wanted.isEmpty else { return }
        tree.keepBody(block, loaded.transactions)
        awaited.removeAll { $0.blockHash == block.hash }
        for one in wanted where one.epoch == consensus.configuration.epoch {
            var answers: [ConsensusInput] = []
            switch one.purpose {
            case .obtain:
                answers = [.obtained(Self.proposal(of: block, one.epoch, one.view, one.parentView))]
            case .verify:
                // What became final while it was on its way may have taken its parent's state out of the tree: then
                // its view is over. Consensus asks again for what it still needs.
                guard tree.header(block.header.parent) != nil, tree.state(after: block.header.parent) != nil else {
                    continue
                }
                verify(Self.proposal(of: block, one.epoch, one.view, one.parentView), answers: &answers)
            }
            for answer in answers { run(answer) }
        }
    }

    /// What this node's own disk had of a block that is awaited.
    mutating func loaded(_ hash: Hash, _ block: LoadedBlock?) {
        if let block { receive(block) } else if awaited.contains(where: { $0.blockHash == hash }) { requestBlock(hash) }
    }

    mutating func requestBlock(_ hash: Hash) { ask(.blockRequest(hash)) }

    private static func proposal(of block: Block, _ epoch: Epoch, _ view: View, _ parentView: View) -> Proposal {
        Proposal(
            epoch: epoch, view: view, parentView: parentView, blockHash: block.hash,
            parentHash: block.header.parent, height: block.header.height)
    }

    mutating func obtain(_ certificate: Certificate, answers: inout [ConsensusInput]) {
        if let block = tree.node(certificate.blockHash)?.executed.block ?? tree.body(certificate.blockHash)?.block {
            answers.append(
                .obtained(Self.proposal(of: block, certificate.epoch, certificate.view, certificate.parentView)))
            return
        }
        fetch(
            AwaitedBlock(
                purpose: .obtain, epoch: certificate.epoch, view: certificate.view,
                parentView: certificate.parentView, blockHash: certificate.blockHash))
    }

    private mutating func fetch(_ block: AwaitedBlock) {
        let isOnItsWay = awaitsParts(of: block.blockHash)
        if !awaited.contains(block) {
            awaited.append(block)
            if awaited.count > ReplicaLimits.awaitedBlocks { awaited.removeFirst() }
        }
        if !isOnItsWay { effects.append(.loadBlock(block.blockHash)) }
    }

    /// Executes a block on its parent and answers, or fetches its body first.
    mutating func verify(_ proposal: Proposal, answers: inout [ConsensusInput]) {
        if let known = tree.node(proposal.blockHash) {
            guard isOfThisEpoch(known.executed.block) else {
                answers.append(.verified(view: proposal.view, blockHash: proposal.blockHash, .invalid))
                return
            }
            answers.append(noteWork(after: proposal.blockHash))
            answers.append(
                .verified(view: proposal.view, blockHash: proposal.blockHash, timeliness(of: known.header)))
            return
        }
        guard let (block, transactions) = tree.body(proposal.blockHash) else {
            fetch(
                AwaitedBlock(
                    purpose: .verify, epoch: proposal.epoch, view: proposal.view, parentView: proposal.parentView,
                    blockHash: proposal.blockHash))
            return
        }
        guard let verdict = execute(block, transactions) else { return }
        if verdict != .invalid { answers.append(noteWork(after: block.hash)) }
        answers.append(.verified(view: proposal.view, blockHash: block.hash, verdict))
    }

    /// Nil if this node can't judge; then it stops.
    mutating func execute(
        _ block: Block, _ transactions: [VerifiedTransaction], isBodyStored: Bool = true
    ) -> Verdict? {
        guard let parent = tree.header(block.header.parent), let state = tree.state(after: block.header.parent) else {
            stop("the parent of block \(block.hash) was executed, and its state is gone")
            return nil
        }
        guard block.header.proposer < UInt64(consensus.configuration.validators.count), isOfThisEpoch(block),
            evidenceIsValid(block)
        else {
            return .invalid
        }
        // A block for a newer program is not judged here: no vote for it, and none against it.
        if let plan = missingUpgrade(at: block.header.height, in: state) {
            if !isBodyStored { effects.append(.upgradeDue(plan)) }
            return nil
        }
        guard !isStopped else { return nil }
        do throws(BlockFailure) {
            let executed = try BlockExecutor.execute(
                block, transactions: transactions, on: parent, state: state,
                epoch: epochContext(on: block.header.parent))
            tree.insert(executed)
            // A block that is final already goes straight to the log.
            if isBodyStored { effects.append(.storeBody(block)) }
            return timeliness(of: block.header)
        } catch {
            switch error {
            case .invalid: return .invalid
            case .failed(let failure):
                stop(failure.message)
                return nil
            }
        }
    }

    /// [C19] The first block of an epoch that was begun by hand carries what began it; no other carries any, and none is of
    /// the epoch that was given up.
    private func isOfThisEpoch(_ block: Block) -> Bool {
        guard block.header.epoch == consensus.configuration.epoch.value else { return false }
        if let restart, restart.lastBlock == block.header.parent { return block.restart?.epoch == restart.epoch }
        return block.restart == nil
    }

    /// Evidence of this epoch only: of it every validator knows the set.
    private func evidenceIsValid(_ block: Block) -> Bool {
        block.evidence.allSatisfy { one in
            one.position.epoch == consensus.configuration.epoch
                && one.isValid(network: configuration.network, in: consensus.configuration.validators)
        }
    }

    /// Block time may be ahead of this clock by the ledger's tolerance. It gates this node's own notarize, no more.
    private func timeliness(of header: BlockHeader) -> Verdict {
        header.time <= now.adding(milliseconds: parameters.clockSkewMilliseconds) ? .valid : .untimely
    }

    // MARK: Finality

    mutating func finalize(_ certificate: Certificate) {
        guard let chain = tree.finalize(certificate.blockHash) else {
            stop("block \(certificate.blockHash) is final and an ancestor of it is not here")
            return
        }
        let blocks = chain.enumerated().map { index, executed in
            FinalExecution(executed: executed, certificate: index == chain.count - 1 ? certificate : nil)
        }
        guard !blocks.isEmpty else { return }
        effects.append(.finalize(blocks))
        for executed in chain {
            pool.finalized(
                executed.transactions.map { ($0.hash, $0.sender, $0.sequence) },
                time: executed.block.header.time)
            for transaction in executed.transactions { gossip.settled(transaction.wireID) }
            let carried = Set(executed.block.evidence)
            evidence.removeAll { carried.contains($0) }
        }
        askForPassedOver()
        tellObservers()
        // [C19] The block that the operator's restart names came by sync.
        if let given = configuration.restart, given.lastBlock == tree.headHash,
            given.epoch > consensus.configuration.epoch
        {
            isRestartDue = true
        }
    }

    // MARK: Upgrades

    /// The upgrade without which this program can't make or judge the block at `height`.
    private mutating func missingUpgrade(at height: Height, in state: LayeredSnapshot) -> UpgradePlan? {
        do throws(Refusal) {
            return try Upgrades.missing(for: configuration.release, at: height, in: state)
        } catch {
            stop("the scheduled upgrade can't be read: \(error)")
            return nil
        }
    }

    /// Whether the block after the last final one is for a newer program.
    mutating func lookForUpgrade() {
        guard !isStopped, let state = tree.state(after: tree.headHash),
            let plan = missingUpgrade(at: tree.head.height.next, in: state)
        else { return }
        effects.append(.upgradeDue(plan))
    }

    // MARK: Overdue work

    mutating func lookForOverdueWork() {
        guard !isWorkOverdue, let tip = consensus.expectedTip else { return }
        isWorkOverdue = isOverdue(after: tip)
    }

    mutating func isOverdue(after tip: Hash) -> Bool {
        guard let state = tree.state(after: tip) else { return false }
        var clear = clearBuckets?.tip == tip ? clearBuckets?.before ?? 0 : 0
        defer { clearBuckets = (tip, clear) }
        do {
            return try DueQueue.hasOverdue(at: now, in: state, clear: &clear)
        } catch {
            stop("the due queue can't be read: \(error)")
            return false
        }
    }
}

/// A block that was asked for, and what for.
struct AwaitedBlock: Hashable, Sendable {
    enum Purpose: Hashable, Sendable { case obtain, verify }

    let purpose: Purpose
    let epoch: Epoch
    let view: View
    let parentView: View
    let blockHash: Hash
}
