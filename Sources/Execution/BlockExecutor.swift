public import Blocks
internal import Cryptography
internal import Encoding
internal import Governance
internal import Identities
public import Primitives
internal import Revenue
public import StateModel
public import Transactions
public import Votes

/// A block that was executed on its parent's state, and what it changes there.
public struct ExecutedBlock: Sendable {
    public let block: Block
    public let transactions: [VerifiedTransaction]
    public let receipts: BlockReceipts
    /// The difference to the parent's state: records, trie pages, indexes, and the new root.
    public let layer: StateLayer
}

/// What every block of an epoch has in common.
public struct EpochContext: Hashable, Sendable {
    public let network: Hash
    public let networkKind: NetworkKind
    public let epoch: UInt64
    /// Hash of the validator set.
    public let validatorSet: Hash

    public init(network: Hash, networkKind: NetworkKind, epoch: UInt64, validatorSet: Hash) {
        self.network = network
        self.networkKind = networkKind
        self.epoch = epoch
        self.validatorSet = validatorSet
    }

    /// Of the blocks that follow on `state`.
    public init(
        network: Hash, networkKind: NetworkKind, following state: any StateReader
    ) throws(StateFailure) {
        let record: EpochRecord
        do throws(Refusal) {
            record = try Epochs.current(in: state)
        } catch {
            throw error.asDamage(of: "the epoch")
        }
        self.init(
            network: network, networkKind: networkKind, epoch: record.number.value,
            validatorSet: try GenesisExecutor.validatorSet(in: state).hash)
    }
}

/// Block + state → changes + receipts. The one way to execute, for proposer, validator and replay alike.
public enum BlockExecutor {
    /// Builds a block of those candidates that apply, in their order, and executes it.
    ///
    /// - Parameters:
    ///   - time: the leader's clock; raised to one millisecond past the parent's if it lags.
    ///   - state: the state after `parent`.
    /// - Returns: the block, and the candidates that the ledger refuses on this state (those that merely found no room
    ///   are not among them).
    public static func propose(
        on parent: BlockHeader, state: LayeredSnapshot, epoch: EpochContext, proposer: UInt64, time: Timestamp,
        candidates: [VerifiedTransaction], evidence: [Evidence] = [], restart: EpochRestart? = nil
    ) throws(StateFailure) -> (executed: ExecutedBlock, refused: [(transaction: Hash, rejection: Rejection)]) {
        let time = max(time, Timestamp(parent.time.milliseconds + 1))
        var run = try start(
            on: parent, state: state, epoch: epoch, time: time, transactions: candidates.count)
        if let restart { try run.restartEpoch(restart) }
        try run.performDue()
        var included: [VerifiedTransaction] = []
        var refused: [(transaction: Hash, rejection: Rejection)] = []
        // The header and the array heads take less than a kibibyte; evidence is counted as it is.
        var bytes = 1024 + evidence.reduce(restart?.encoded.count ?? 0) { $0 + $1.encoded.count }
        for candidate in candidates where included.count < WireLimits.blockTransactions {
            guard bytes + candidate.bytes.count + 5 <= WireLimits.blockBytes else { continue }
            do throws(Refusal) {
                let alone = candidate.weight.adding(candidate.isReserved ? 0 : Sponsorship.admissionWeight) ?? .max
                guard run.weight.fitsEmptyBlock(alone, isReserved: candidate.isReserved) else {
                    throw .rejected(
                        TransactionRejection.transactionTooHeavy.at(
                            "operations", "it weighs \(alone), and a block holds \(run.weight.limit)",
                            hint: "Split the operations over several transactions."))
                }
                let sponsor = try self.sponsor(of: candidate, in: run.state)
                var weight = run.weight
                let admission = run.admissionWeight(of: sponsor)
                guard weight.addFairly(candidate.weight.adding(admission) ?? .max, sponsor: sponsor) else {
                    continue
                }
                try run.apply(candidate, sponsor: sponsor)
                run.weight = weight
                bytes += candidate.bytes.count + 5
                included.append(candidate)
            } catch {
                switch error {
                case .rejected(let rejection): refused.append((candidate.hash, rejection))
                case .failed(let failure): throw failure
                }
            }
        }
        let (receipts, layer) = try finish(
            run, transactions: included, evidence: evidence, state: state)
        let transactions = included.map(\.bytes)
        let header = BlockHeader(
            network: epoch.network, height: parent.height.next, parent: parent.hash, time: time,
            epoch: restart?.epoch.value ?? epoch.epoch,
            proposer: proposer, validatorSet: epoch.validatorSet,
            transactionsRoot: Block.transactionsRoot(of: transactions), receiptsRoot: receipts.root,
            evidenceRoot: Block.evidenceRoot(of: evidence, restart: restart), stateRoot: layer.root)
        let block = Block(header: header, transactions: transactions, evidence: evidence, restart: restart)
        return (ExecutedBlock(block: block, transactions: included, receipts: receipts, layer: layer), refused)
    }

    /// Executes a block that someone proposed, and checks every rule and every root.
    ///
    /// - Parameter transactions: the block's, verified, in its order.
    public static func execute(
        _ block: Block, transactions: [VerifiedTransaction], on parent: BlockHeader, state: LayeredSnapshot,
        epoch: EpochContext
    ) throws(BlockFailure) -> ExecutedBlock {
        if let defect = headerDefect(of: block, on: parent, epoch: epoch) { throw .invalid(defect) }
        try checkRestart(of: block, in: state, network: epoch.network)
        precondition(transactions.map(\.bytes) == block.transactions, "the verified transactions are the block's")
        let outcome: Outcome
        do throws(StateFailure) {
            outcome = try run(block, transactions: transactions, on: parent, state: state, epoch: epoch)
        } catch {
            throw .failed(error)
        }
        let receipts: BlockReceipts
        let layer: StateLayer
        switch outcome {
        case .defect(let defect): throw .invalid(defect)
        case .finished(let found): (receipts, layer) = found
        }
        guard receipts.root == block.header.receiptsRoot else { throw .invalid(.wrongReceipts) }
        guard layer.root == block.header.stateRoot else { throw .invalid(.wrongStateRoot) }
        return ExecutedBlock(block: block, transactions: transactions, receipts: receipts, layer: layer)
    }

    /// A quorum of the set that the state holds signed it.
    private static func checkRestart(
        of block: Block, in state: LayeredSnapshot, network: Hash
    ) throws(BlockFailure) {
        guard let restart = block.restart else { return }
        let set: ValidatorSet
        do throws(StateFailure) {
            set = try GenesisExecutor.validatorSet(in: state)
        } catch {
            throw .failed(error)
        }
        guard restart.isValid(network: network, by: set) else { throw .invalid(.badRestart) }
    }

    private enum Outcome {
        case defect(BlockDefect)
        case finished((receipts: BlockReceipts, layer: StateLayer))
    }

    private static func run(
        _ block: Block, transactions: [VerifiedTransaction], on parent: BlockHeader, state: LayeredSnapshot,
        epoch: EpochContext
    ) throws(StateFailure) -> Outcome {
        var run = try start(
            on: parent, state: state, epoch: epoch, time: block.header.time, transactions: transactions.count)
        if let restart = block.restart { try run.restartEpoch(restart) }
        try run.performDue()
        if let defect = try applyAll(transactions, to: &run) { return .defect(defect) }
        return .finished(
            try finish(
                run, transactions: transactions, evidence: block.evidence, state: state))
    }

    /// The block with its body against its parent: all that needs no state.
    public static func headerDefect(of block: Block, on parent: BlockHeader, epoch: EpochContext) -> BlockDefect? {
        let header = block.header
        guard header.network == epoch.network else { return .wrongNetwork }
        guard header.height == parent.height.next else { return .wrongHeight }
        guard header.parent == parent.hash else { return .wrongParent }
        if let restart = block.restart {
            guard restart.epoch.value == header.epoch, restart.lastBlock == header.parent else { return .badRestart }
        }
        // A restart that came to nothing used up its number: the next one has a higher.
        let isNamed = block.restart == nil ? header.epoch == epoch.epoch : header.epoch > epoch.epoch
        guard isNamed else { return .wrongEpoch }
        guard header.validatorSet == epoch.validatorSet else { return .wrongValidatorSet }
        guard header.time > parent.time else { return .timeNotAfterParent }
        guard block.transactions.count <= WireLimits.blockTransactions,
            block.transactions.reduce(0, { $0 + $1.count + 5 }) + 1024 <= WireLimits.blockBytes
        else { return .tooLarge }
        guard block.bodyMatchesHeader else { return .bodyDoesNotMatchHeader }
        return nil
    }

    /// Executes a transaction on a state and forgets the result: `tx_simulate`.
    public static func simulate(
        _ transaction: VerifiedTransaction, on state: any StateReader, in block: BlockContext
    ) throws(Refusal) -> [any LedgerEvent] {
        try BlockRun.execute(transaction, in: block, over: StateOverlay(over: state)).events
    }

    /// The same of a transaction that may not be signed.
    public static func simulate(
        _ transaction: SimulatedTransaction, on state: any StateReader, in block: BlockContext
    ) throws(Refusal) -> [any LedgerEvent] {
        try BlockRun.execute(
            transaction.body, hash: transaction.hash, keys: transaction.keys, in: block,
            over: StateOverlay(over: state)
        ).events
    }

    /// Who answers for a transaction's weight: the sender's sponsor; nil for reserved acts, which need none.
    public static func sponsor(
        of transaction: VerifiedTransaction, in state: any StateReader
    ) throws(Refusal) -> Party? {
        if transaction.isReserved { return nil }
        return try Parties.sponsor(of: transaction.sender, in: state) ?? .account(transaction.sender)
    }

    private static func start(
        on parent: BlockHeader, state: LayeredSnapshot, epoch: EpochContext, time: Timestamp, transactions: Int
    ) throws(StateFailure) -> BlockRun {
        let context = BlockContext(
            network: epoch.network, networkKind: epoch.networkKind, height: parent.height.next, time: time)
        let limit: UInt64
        do throws(Refusal) {
            limit = try Parameters.current(in: state).blockWeight
        } catch {
            throw error.asDamage(of: "the ledger's parameters")
        }
        return BlockRun(block: context, over: state, weightLimit: limit, transactions: transactions)
    }

    private static func applyAll(
        _ transactions: [VerifiedTransaction], to run: inout BlockRun
    ) throws(StateFailure) -> BlockDefect? {
        for (index, transaction) in transactions.enumerated() {
            do throws(Refusal) {
                let sponsor = try sponsor(of: transaction, in: run.state)
                let weight = transaction.weight.adding(run.admissionWeight(of: sponsor)) ?? .max
                guard run.weight.add(weight, sponsor: sponsor) else { return .tooHeavy }
                try run.apply(transaction, sponsor: sponsor)
            } catch {
                switch error {
                case .rejected(let rejection): return .transaction(index: index, rejection)
                case .failed(let failure): throw failure
                }
            }
        }
        return run.weight.isFair ? nil : .sponsorAboveShare
    }

    private static func finish(
        _ run: BlockRun, transactions: [VerifiedTransaction], evidence: [Evidence], state: LayeredSnapshot
    ) throws(StateFailure) -> (receipts: BlockReceipts, layer: StateLayer) {
        var run = run
        try run.endEpoch()
        let changes = try run.state.changes()
        try checkConservation(changes, at: run.block.height)
        // Who is meant by an index changes with the set; the key is whose it was.
        let set = evidence.isEmpty ? nil : try GenesisExecutor.validatorSet(in: state)
        let accused = evidence.map { set?[$0.validator]?.key }
        let indexes = try LedgerIndexes.changes(
            of: changes,
            adding: LedgerIndexes.entries(of: run, transactions: transactions, accused: accused))
        let layer = try StateLayer.make(height: run.block.height, over: state, changed: changes, index: indexes)
        return (BlockReceipts(due: run.dueReceipt, transactions: run.receipts), layer)
    }

    /// Money is never made or lost: what the block changed in every place where units can be is what it changed in the
    /// running totals. A violation is a broken invariant of this program, so it stops rather than signs.
    private static func checkConservation(
        _ changes: [StateChange], at height: Height
    ) throws(StateFailure) {
        do throws(Refusal) {
            try Conservation.check(changes)
        } catch {
            throw StateFailure("block \(height): \(error)")
        }
    }
}
