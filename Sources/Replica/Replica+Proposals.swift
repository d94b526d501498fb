internal import Blocks
internal import Consensus
internal import Cryptography
internal import Execution
internal import Mempool
internal import Primitives
internal import Transactions
internal import Votes

/// A proposal of which some transactions are not here yet.
struct PartialBlock: Sendable {
    let proposal: CompactProposal
    let source: TransportKey
    var transactions: [VerifiedTransaction?]

    var missing: [Int] { transactions.indices.filter { transactions[$0] == nil } }
}

// Proposals in short form, and rebuilding blocks from them.
extension Replica {
    /// What this node offers as a leader: short ids, and in full what not every validator is known to have.
    mutating func compact(_ proposal: Proposal, _ notarize: SignedVote) -> CompactProposal? {
        let block: Block
        let wireIDs: [Hash]
        if let node = tree.node(proposal.blockHash) {
            (block, wireIDs) = (node.executed.block, node.executed.transactions.map(\.wireID))
        } else if let body = tree.body(proposal.blockHash) {
            (block, wireIDs) = (body.block, body.transactions.map(\.wireID))
        } else {
            return nil
        }
        var validators = PeerSlots()
        var isAnyUntracked = false
        for key in connectedValidators {
            if let slot = peers[key]?.slot { validators.insert(slot) } else { isAnyUntracked = true }
        }
        var included: [CompactProposal.Included] = []
        var bytes = 0
        for (index, wireID) in wireIDs.enumerated() {
            let transaction = block.transactions[index]
            guard isAnyUntracked || !gossip.holders(of: wireID).isSuperset(of: validators),
                bytes + transaction.count <= PeerMessageLimits.proposedBytes
            else { continue }
            bytes += transaction.count
            included.append(CompactProposal.Included(index: index, bytes: transaction))
        }
        return CompactProposal(
            header: block.header, evidence: block.evidence, restart: block.restart, view: proposal.view,
            parentView: proposal.parentView, notarize: notarize,
            shortIDs: CompactProposal.shortIDs(of: wireIDs, in: block.hash), included: included)
    }

    /// [C3] Consensus hears of a proposal at once; its block is executed when it is complete.
    mutating func receive(_ proposal: CompactProposal, included: [VerifiedTransaction], from key: TransportKey) {
        guard proposal.notarize.vote.epoch == consensus.configuration.epoch else { return }
        let hash = proposal.blockHash
        let view = consensus.view
        // The view's leader has signed it, so there is one for each view that anyone can make this node keep.
        if tree.node(hash) == nil, tree.body(hash) == nil, partials[proposal.view] == nil, proposal.view >= view,
            proposal.view.value - view.value < UInt64(ReplicaLimits.partialBlocks)
        {
            rebuild(proposal, included: included, from: key)
        }
        run(.proposal(proposal.proposal, notarize: proposal.notarize))
    }

    private mutating func rebuild(
        _ proposal: CompactProposal, included: [VerifiedTransaction], from key: TransportKey
    ) {
        var transactions = [VerifiedTransaction?](repeating: nil, count: proposal.shortIDs.count)
        for (place, transaction) in zip(proposal.included, included) { transactions[place.index] = transaction }
        if included.count < transactions.count {
            fill(&transactions, of: proposal)
        }
        var partial = PartialBlock(proposal: proposal, source: key, transactions: transactions)
        if let loaded = assemble(&partial) {
            tree.keepBody(loaded.block, loaded.transactions)
            return
        }
        partials = partials.filter { $0.key >= consensus.view }
        partials[proposal.view] = partial
        requestMissing(partial)
    }

    /// With what waits in the pool. Two that share a short id count as missing, in the pool and in the proposal.
    private func fill(_ transactions: inout [VerifiedTransaction?], of proposal: CompactProposal) {
        var places: [UInt64: Int] = [:]
        let ambiguous = -1
        for index in transactions.indices where transactions[index] == nil {
            let short = proposal.shortIDs[index]
            places[short] = places[short] == nil ? index : ambiguous
        }
        let hasher = CompactProposal.hasher(proposal.blockHash)
        // The order does not matter: who is found twice is not taken, whichever comes first.
        pool.visitAll { wireID, transaction in
            let short = hasher.hash(wireID.bytes)
            guard let place = places[short], place != ambiguous else { return }
            if transactions[place] == nil {
                transactions[place] = transaction
            } else {
                transactions[place] = nil
                places[short] = ambiguous
            }
        }
    }

    private mutating func requestMissing(_ partial: PartialBlock) {
        effects.append(
            .send(
                .blockTransactionsRequest(partial.proposal.blockHash, partial.missing.map { UInt64($0) }),
                to: [partial.source]))
    }

    /// Nil while a part is missing. A body that is not the header's has a short id that means two: all is asked anew.
    private func assemble(_ partial: inout PartialBlock) -> LoadedBlock? {
        let transactions = partial.transactions.compactMap { $0 }
        guard transactions.count == partial.transactions.count else { return nil }
        let block = Block(
            header: partial.proposal.header, transactions: transactions.map(\.bytes),
            evidence: partial.proposal.evidence, restart: partial.proposal.restart)
        if let loaded = LoadedBlock(block, transactions) { return loaded }
        partial.transactions = partial.transactions.map { _ in nil }
        return nil
    }

    /// The answer to a request for what was missing.
    mutating func complete(_ hash: Hash, with transactions: [VerifiedTransaction], from key: TransportKey) {
        guard let view = partials.keys.sorted().first(where: { partials[$0]?.proposal.blockHash == hash }),
            var partial = partials[view], partial.source == key, !transactions.isEmpty
        else { return }
        for (index, transaction) in zip(partial.missing, transactions) { partial.transactions[index] = transaction }
        partials[view] = partial
        if let loaded = assemble(&partial) {
            partials[view] = nil
            receive(loaded, isWanted: true)
        } else if partial.transactions.contains(where: { $0 != nil }) {
            requestMissing(partial)
        } else {
            // It can't be built from parts; whoever asks for it fetches the whole.
            partials[view] = nil
            if awaited.contains(where: { $0.blockHash == hash }) { requestBlock(hash) }
        }
    }

    /// True while parts of a block are on their way. Asked a second time, the whole is fetched.
    mutating func awaitsParts(of hash: Hash) -> Bool {
        guard let view = partials.keys.sorted().first(where: { partials[$0]?.proposal.blockHash == hash }) else {
            return false
        }
        if awaited.contains(where: { $0.blockHash == hash }) {
            partials[view] = nil
            return false
        }
        return true
    }

    // MARK: Serving

    mutating func sendBlock(_ hash: Hash, to key: TransportKey) {
        if let block = tree.node(hash)?.executed.block ?? tree.body(hash)?.block {
            effects.append(.send(.block(block), to: [key]))
        } else {
            effects.append(.sendBlock(hash, to: key))
        }
    }

    /// Those asked for, from the first on, as many as one answer holds.
    mutating func sendTransactions(of hash: Hash, _ indexes: [UInt64], to key: TransportKey) {
        guard let block = tree.node(hash)?.executed.block ?? tree.body(hash)?.block else { return }
        var found: [[UInt8]] = []
        var bytes = 0
        for index in indexes {
            guard index < UInt64(block.transactions.count) else { return }
            let transaction = block.transactions[Int(index)]
            bytes += transaction.count
            guard found.isEmpty || bytes <= WireLimits.blockBytes else { break }
            found.append(transaction)
        }
        if !found.isEmpty { effects.append(.send(.blockTransactions(hash, found), to: [key])) }
    }
}
