internal import Blocks
internal import Cryptography
internal import Encoding
internal import Execution
internal import Identities
internal import Interface
internal import Mempool
internal import Primitives
internal import Replica
internal import StateModel
internal import Storage
internal import Transactions

// The transactions' side of the backend.
extension NodeBackend {
    func submit(_ transaction: [UInt8]) async throws -> Submission {
        let verified = try await pipeline.verify(transaction)
        if try position(of: verified.hash) != nil {
            return Submission(hash: verified.hash, wireId: verified.wireID, state: .final)
        }
        let sender = verified.body.sender
        let waiting = await driver.ask { (replica) -> (isKnown: Bool, isFollowed: Bool) in
            let isKnown = replica.pool.transaction(verified.hash) != nil
            return (isKnown, replica.pool.nextSequence(of: sender, inState: 0) > 0)
        }
        if waiting.isKnown { return Submission(hash: verified.hash, wireId: verified.wireID, state: .pending) }
        // Behind others of the same account it can't be judged yet; alone, its refusal is told at once.
        if !waiting.isFollowed { try checkApplies(verified) }
        switch await driver.admit(verified) {
        case .success: return Submission(hash: verified.hash, wireId: verified.wireID, state: .pending)
        case .failure(let rejection):
            guard rejection.code == MempoolRejection.duplicate.rawValue else { throw rejection }
            return Submission(hash: verified.hash, wireId: verified.wireID, state: .pending)
        }
    }

    /// Verified on all cores, admitted in one step: what a call of many costs the driver is one message. Nothing is
    /// executed beforehand, since the next block does so anyway.
    func submit(all transactions: [[UInt8]]) async throws -> [Result<Submission, Rejection>] {
        var results = try await pipeline.verify(all: transactions).map { result in
            result.map { verified in
                (verified, Submission(hash: verified.hash, wireId: verified.wireID, state: .pending))
            }
        }
        let admissible = results.compactMap { try? $0.get().0 }
        guard !admissible.isEmpty else { return results.map { $0.map(\.1) } }
        var answers = await driver.admit(all: admissible)[...]
        for (index, result) in results.enumerated() {
            guard case .success((let verified, let pending)) = result,
                case .failure(let rejection)? = answers.popFirst()
            else { continue }
            guard rejection.code != MempoolRejection.duplicate.rawValue else { continue }
            // The pool refuses what is final: its sequence is used, or its time has passed since.
            results[index] =
                try position(of: verified.hash) == nil
                ? .failure(rejection)
                : .success((verified, Submission(hash: pending.hash, wireId: pending.wireId, state: .final)))
        }
        return results.map { $0.map(\.1) }
    }

    private func nextBlock(after snapshot: LayeredSnapshot) throws -> BlockContext {
        let header = try ledger.header(at: snapshot.height ?? .genesis).header
        return BlockContext(
            network: network, networkKind: networkKind, height: header.height.next,
            time: max(clock.now, Timestamp(header.time.milliseconds + 1)))
    }

    private func checkApplies(_ transaction: VerifiedTransaction) throws {
        let snapshot = try ledger.state.snapshot()
        let account = try Accounts.record(transaction.body.sender, in: snapshot)
        // A gap is the pool's business.
        if let account, transaction.body.sequence > account.sequence { return }
        _ = try BlockExecutor.simulate(transaction, on: snapshot, in: try nextBlock(after: snapshot))
    }

    func simulate(_ transaction: [UInt8]) async throws -> Simulation {
        let simulated = try SimulatedTransaction(transaction, network: network)
        let snapshot = try ledger.state.snapshot()
        do {
            let events = try BlockExecutor.simulate(
                simulated, on: snapshot, in: try nextBlock(after: snapshot))
            return Simulation(
                hash: simulated.hash, weight: simulated.weight, events: events, rejection: nil)
        } catch let refusal as Refusal {
            guard case .rejected(let rejection) = refusal else { throw refusal }
            return Simulation(
                hash: simulated.hash, weight: simulated.weight, events: [],
                rejection: rejection)
        }
    }

    /// Where a final transaction is.
    private func position(of hash: Hash) throws -> TransactionPosition? {
        let snapshot = try ledger.state.snapshot()
        guard let value = try snapshot.get(LedgerIndexes.transaction(hash)),
            let (height, index) = LedgerIndexes.position(in: value)
        else { return nil }
        return TransactionPosition(height: height, index: index)
    }

    func status(of transaction: Hash) async throws -> TransactionStatus {
        if let final = try finalStatus(of: transaction) { return final }
        guard let status = await driver.ask({ $0.pool.status(of: transaction) }) else {
            // It may have become final between the two looks.
            return try finalStatus(of: transaction)
                ?? TransactionStatus(hash: transaction, state: .unknown, definitive: false)
        }
        switch status {
        case .pending: return TransactionStatus(hash: transaction, state: .pending, definitive: false)
        case .ended(let end):
            let state: TransactionState =
                switch end.rejection.code {
                case MempoolRejection.expired.rawValue: .expired
                case MempoolRejection.replaced.rawValue, MempoolRejection.sequenceUsed.rawValue: .replaced
                case MempoolRejection.evicted.rawValue: .unknown
                default: .refused
                }
            return TransactionStatus(
                hash: transaction, state: state, definitive: end.isDefinitive,
                error: state == .unknown ? nil : RejectionView(end.rejection, networkKind: networkKind))
        }
    }

    private func finalStatus(of transaction: Hash) throws -> TransactionStatus? {
        guard let position = try position(of: transaction) else { return nil }
        return TransactionStatus(
            hash: transaction, state: .final, definitive: true, height: position.height,
            blockHash: try ledger.header(at: position.height).header.hash, index: position.index)
    }

    func transaction(_ hash: Hash) async throws -> FinalTransaction? {
        try position(of: hash).map { try final($0.index, in: opened(at: $0.height)) }
    }

    /// A block and what it did, decoded once for all of its transactions that are told.
    private struct OpenedBlock {
        let block: Block
        let hash: Hash
        let receipts: BlockReceipts
    }

    private func opened(at height: Height) throws -> OpenedBlock {
        try ledger.requireBlock(at: height)
        let (block, _) = try ledger.block(at: height)
        guard let bytes = try ledger.log.receipts(at: height) else { throw ServerState.pruned }
        return OpenedBlock(block: block, hash: block.hash, receipts: try BlockReceipts(decoding: bytes))
    }

    private func final(_ position: UInt64, in opened: OpenedBlock) throws -> FinalTransaction {
        let height = opened.block.header.height
        let index = Int(clamping: position)
        guard index < opened.block.transactions.count, index < opened.receipts.transactions.count else {
            throw StateFailure("the index names transaction \(index) of block \(height), which has none")
        }
        let receipt = opened.receipts.transactions[index]
        return FinalTransaction(
            hash: receipt.transactionHash, height: height, blockHash: opened.hash, time: opened.block.header.time,
            index: position, bytes: opened.block.transactions[index],
            events: try receipt.events.map { try DomainDispatch.event($0) })
    }

    func pending(of sender: Address?, limit: Int) async throws -> [PendingTransaction] {
        await driver.ask { replica in
            replica.pool.waiting(of: sender, limit: limit).map {
                PendingTransaction(
                    hash: $0.hash, sender: $0.sender, sequence: $0.sequence, weight: $0.weight,
                    validUntil: $0.validUntil)
            }
        }
    }

    func transactions(
        of party: Party, before position: TransactionPosition?, limit: Int
    ) async throws -> [FinalTransaction] {
        let snapshot = try ledger.state.snapshot()
        let prefix = LedgerIndexes.transactions(of: party)
        let after = position.map { prefix.appending($0.height.value).appending($0.index) }
        let entries = try snapshot.scan(prefix: prefix, after: after, limit: limit, descending: true)
        var found: [FinalTransaction] = []
        var last: OpenedBlock?
        for entry in entries {
            guard let (height, index) = LedgerIndexes.position(in: entry.key.bytes) else { continue }
            let block = try last.flatMap { $0.block.header.height == height ? $0 : nil } ?? opened(at: height)
            last = block
            found.append(try final(index, in: block))
        }
        return found
    }
}
