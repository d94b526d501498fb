internal import Blocks
internal import Execution
internal import Identities
internal import Mempool
internal import Primitives
internal import Revenue
internal import StateModel
internal import Transactions

// Taking transactions into the pool.
extension Replica {
    /// Admits a verified transaction and relays it, or says why not. Whether an ordinary one would apply is seen when a
    /// block is built (and by the caller beforehand, on a snapshot of its own: `BlockExecutor.simulate`).
    mutating func admit(_ transaction: VerifiedTransaction, ticket: UInt64) {
        guard let state = tree.state(after: tree.headHash) else {
            stop("the state after the head is not here")
            return
        }
        do throws(Refusal) {
            let replaced = try admit(transaction, on: state)
            effects.append(.admitted(ticket: ticket, hash: transaction.hash, replaced: replaced))
            effects.append(.broadcast(.transaction(transaction.bytes)))
        } catch {
            switch error {
            case .rejected(let rejection): effects.append(.refused(ticket: ticket, rejection))
            case .failed(let failure): stop(failure.message)
            }
        }
    }

    private mutating func admit(
        _ transaction: VerifiedTransaction, on state: LayeredSnapshot
    ) throws(Refusal) -> Hash? {
        let sender = transaction.body.sender
        guard let account = try Accounts.record(sender, in: state) else {
            // The same refusal as in a block; a key that no one registered has no sequence to use.
            try Accounts.takeSequence(transaction.body.sequence, of: sender, in: StateOverlay(over: state))
            return nil
        }
        let sponsor = try Parties.sponsor(of: sender, in: state)
        let lane = try lane(of: transaction, next: account.sequence, state)
        let pooled = PoolTransaction(
            wireID: transaction.wireID, hash: transaction.hash, sender: sender, sequence: transaction.body.sequence,
            sponsor: sponsor ?? .account(sender), weight: transaction.weight,
            validUntil: transaction.body.validUntil, lane: lane, hasRecordToActOn: lane != .ordinary,
            bytes: transaction.bytes, payload: transaction)
        do {
            return try pool.admit(pooled, nextSequence: account.sequence, isSponsored: sponsor != nil, now: now)
        } catch {
            throw .rejected(error)
        }
    }

    /// The reserved lane is for acts that have a record to act on: those that apply to the state as it is. One that
    /// waits for an earlier sequence can't be shown to, and is weighed like any other.
    private func lane(
        of transaction: VerifiedTransaction, next: UInt64, _ state: LayeredSnapshot
    ) throws(Refusal) -> Lane {
        guard transaction.signed.isReserved, transaction.body.sequence == next else { return .ordinary }
        let block = BlockContext(
            network: configuration.network, networkKind: configuration.networkKind, height: tree.head.height.next,
            time: max(now, tree.head.time.adding(milliseconds: 1)))
        _ = try BlockExecutor.simulate(transaction, on: state, in: block)
        let isClaim = transaction.body.operations.allSatisfy { $0.domain == .revenue }
        return .reserved(rank: isClaim ? .claim : .act)
    }
}
