internal import Blocks
internal import Consensus
internal import Execution
internal import Identities
internal import Mempool
internal import Primitives
internal import Revenue
internal import StateModel
internal import Transactions
internal import Votes

// Taking transactions into the pool.
extension Replica {
    /// Admits verified transactions and announces them, or says why not. Whether an ordinary one would apply is seen when
    /// a block is built (and by the caller beforehand, on a snapshot of its own: `BlockExecutor.simulate`).
    mutating func admit(_ transactions: [VerifiedTransaction], firstTicket: UInt64) {
        guard let state = tree.state(after: tree.headHash) else {
            stop("the state after the head is not here")
            return
        }
        let isLocal = hasOtherValidators
        var ticket = firstTicket
        for transaction in transactions where !isStopped {
            do throws(Refusal) {
                let replaced = try admit(transaction, on: state)
                effects.append(.admitted(ticket: ticket, hash: transaction.hash, replaced: replaced))
                gossip.add(
                    hash: transaction.hash, wireID: transaction.wireID, from: nil, isLocal: isLocal, now: now)
            } catch {
                switch error {
                case .rejected(let rejection): effects.append(.refused(ticket: ticket, rejection))
                case .failed(let failure): stop(failure.message)
                }
            }
            ticket += 1
        }
        announce()
    }

    private var hasOtherValidators: Bool {
        consensus.configuration.validators.count > (consensus.configuration.ownIndex == nil ? 0 : 1)
    }

    // MARK: Gossip

    /// What peers sent, each admitted like any other and announced further. A refusal is nobody's fault: the peer's
    /// state may be another.
    mutating func admit(_ transactions: [VerifiedTransaction], from key: TransportKey) {
        guard let state = tree.state(after: tree.headHash) else { return }
        let request = transactions.first.flatMap { gossip.request(TransactionTag($0.wireID), of: key) }
        for transaction in transactions where !isStopped {
            let tag = TransactionTag(transaction.wireID)
            gossip.answered(tag)
            do throws(Refusal) {
                _ = try admit(transaction, on: state)
                gossip.add(
                    hash: transaction.hash, wireID: transaction.wireID, from: peers[key]?.slot, isLocal: false, now: now
                )
            } catch {
                switch error {
                case .rejected: gossip.remember(tag)
                case .failed(let failure): stop(failure.message)
                }
            }
        }
        // A full answer was cut: the rest of what that message asked for is asked again, or nobody would send it for seconds.
        let bytes = transactions.reduce(0) { $0 + $1.bytes.count }
        if let request, bytes + WireLimits.transactionBytes > PeerMessageLimits.transactionsBytes {
            let rest = gossip.rest(of: request, at: key, now: now)
            if !rest.isEmpty { effects.append(.send(.transactionsRequest(rest), to: [key])) }
        }
        askForPassedOver()
        announce()
    }

    /// What was announced when too much had been asked for already: there may be room for it now.
    mutating func askForPassedOver() {
        for key in gossip.askable(isValidator: isValidator) where peers.isConnected(key) {
            let wanted = gossip.wantedNow(from: key, isValidator: isValidator(key), now: now)
            if !wanted.isEmpty { effects.append(.send(.transactionsRequest(wanted), to: [key])) }
        }
    }

    mutating func fetch(_ tags: [TransactionTag], from key: TransportKey) {
        let slot = peers[key]?.slot
        for tag in tags { gossip.note(tag, isAt: slot) }
        let wanted = gossip.wanted(tags, from: key, isValidator: isValidator(key), now: now)
        if !wanted.isEmpty { effects.append(.send(.transactionsRequest(wanted), to: [key])) }
    }

    mutating func sendTransactions(_ tags: [TransactionTag], to key: TransportKey) {
        let slot = peers[key]?.slot
        var found: [[UInt8]] = []
        var bytes = 0
        for tag in tags {
            guard let hash = gossip.hash(tag), let waiting = pool.transaction(hash) else { continue }
            bytes += waiting.byteCount
            // What does not fit is asked for again, or comes with a proposal.
            guard found.isEmpty || bytes <= PeerMessageLimits.transactionsBytes else { break }
            found.append(waiting.bytes)
            gossip.note(tag, isAt: slot)
        }
        if !found.isEmpty { effects.append(.send(.transactions(found), to: [key])) }
    }

    /// The first of a quiet time is announced at once, what follows within ten milliseconds together.
    mutating func announce() {
        guard !gossip.isAnnouncementTimerSet, !gossip.toAnnounce.isEmpty else { return }
        announceNow()
        gossip.isAnnouncementTimerSet = true
        effects.append(.setTimer(.announcement, delayMilliseconds: ReplicaLimits.announcementMilliseconds))
    }

    mutating func announcementTimerFired() {
        gossip.isAnnouncementTimerSet = false
        announce()
    }

    private mutating func announceNow() {
        let all = gossip.takeAnnouncements()
        for key in peers.keys {
            let slot = peers[key]?.slot
            let tags = all.filter { one in slot.map { !gossip.holders(of: one.wireID).contains($0) } ?? true }.map(
                \.tag)
            for start in stride(from: 0, to: tags.count, by: PeerMessageLimits.tags) {
                let end = min(start + PeerMessageLimits.tags, tags.count)
                effects.append(.send(.transactionsAnnounced(Array(tags[start..<end])), to: [key]))
            }
        }
    }

    /// Once a second: what is not answered is asked of others, what has left the pool is forgotten.
    mutating func lookAfterGossip() {
        gossip.prune { pool.contains($0) }
        gossip.remind(limit: PeerMessageLimits.tags, now: now)
        announce()
        var byPeer: [TransportKey: [TransactionTag]] = [:]
        for (peer, tag) in gossip.overdue(now: now, isValidator: isValidator) { byPeer[peer, default: []].append(tag) }
        for key in byPeer.keys.sorted() where peers.isConnected(key) {
            for start in stride(from: 0, to: byPeer[key]?.count ?? 0, by: PeerMessageLimits.tags) {
                let tags = Array((byPeer[key] ?? []).dropFirst(start).prefix(PeerMessageLimits.tags))
                effects.append(.send(.transactionsRequest(tags), to: [key]))
            }
        }
        askForPassedOver()
    }

    private mutating func admit(
        _ transaction: VerifiedTransaction, on state: LayeredSnapshot
    ) throws(Refusal) -> Hash? {
        let sender = transaction.sender
        guard let account = try Accounts.record(sender, in: state) else {
            // The same refusal as in a block; a key that no one registered has no sequence to use.
            try Accounts.takeSequence(transaction.sequence, of: sender, in: StateOverlay(over: state))
            return nil
        }
        // Nobody fills the queue of an account whose key it does not hold.
        try AccountKeys.requireKey(of: sender, account, among: transaction.signed.signatures.map(\.account))
        let sponsor = account.sponsor ?? .account(sender)
        let lane = try lane(of: transaction, next: account.sequence, state)
        let pooled = PoolTransaction(
            wireID: transaction.wireID, hash: transaction.hash, sender: sender, sequence: transaction.sequence,
            sponsor: sponsor, weight: transaction.weight,
            validUntil: transaction.body.validUntil, lane: lane, hasRecordToActOn: lane != .ordinary,
            bytes: transaction.bytes, payload: transaction)
        do {
            return try pool.admit(pooled, nextSequence: account.sequence, now: now)
        } catch {
            throw .rejected(error)
        }
    }

    /// The reserved lane is for acts that have a record to act on: those that apply to the state as it is. One that
    /// waits for an earlier sequence can't be shown to, and is weighed like any other.
    private func lane(
        of transaction: VerifiedTransaction, next: UInt64, _ state: LayeredSnapshot
    ) throws(Refusal) -> Lane {
        guard transaction.isReserved, transaction.sequence == next else { return .ordinary }
        let block = BlockContext(
            network: configuration.network, networkKind: configuration.networkKind, height: tree.head.height.next,
            time: max(now, tree.head.time.adding(milliseconds: 1)))
        _ = try BlockExecutor.simulate(transaction, on: state, in: block)
        let operations = transaction.body.operations
        if operations.allSatisfy(\.isDelivery) { return .reserved(rank: .delivery) }
        return .reserved(rank: operations.allSatisfy { $0.domain == .revenue } ? .claim : .act)
    }
}
