internal import Blocks
internal import Cryptography
internal import Execution
internal import Identities
internal import Interface
internal import Primitives
internal import StateModel
internal import Transactions

/// A chain of blocks by one proposer, with a pool: every block is executed as validators do, and is final at once; what
/// anyone hears of it, and when, is the network's.
struct CustodianLedger {
    /// A final block and its state.
    struct Final {
        let height: Height
        let time: Timestamp
        let state: LayeredSnapshot
        let events: [any LedgerEvent]
    }

    let network: Hash
    private(set) var head: BlockHeader
    private(set) var state: LayeredSnapshot
    /// From the first block of the run on.
    private(set) var blocks: [Final] = []
    private(set) var pool: [VerifiedTransaction] = []
    private(set) var heights: [Hash: Height] = [:]
    private(set) var refusals: [Hash: Rejection] = [:]

    init(network: Hash, head: BlockHeader, state: LayeredSnapshot) {
        self.network = network
        self.head = head
        self.state = state
    }

    /// What is signed here was not tampered with since, so that nobody verifies it again.
    static func sign(
        _ operations: [Operation], by keys: [SecretKey], sequence: UInt64, validUntil: Timestamp? = nil, network: Hash
    ) throws -> VerifiedTransaction {
        let body = TransactionBody(
            network: network, sender: keys[0].address, sequence: sequence,
            validUntil: keys.count > 1 ? CustodianWorld.start.adding(milliseconds: 3_600_000) : validUntil,
            operations: operations)
        let signatures = keys.map { key in
            AccountSignature(
                account: key.address, signature: Schnorr.sign(message: body.hash, secret: key, auxiliary: .zero))
        }
        let raw = body.signed(signatures.sorted { $0.account < $1.account })
        return try VerifiedTransaction(fromOwnFinalLog: try SignedTransaction(raw), network: network)
    }

    func sequence(of key: SecretKey) -> UInt64 { Self.sequence(of: key.address, in: state) }

    static func sequence(of address: Address, in state: any StateReader) -> UInt64 {
        (try? Accounts.record(address, in: state))??.sequence ?? 0
    }

    mutating func add(_ transaction: VerifiedTransaction) {
        guard heights[transaction.hash] == nil, !pool.contains(where: { $0.hash == transaction.hash }) else { return }
        pool.append(transaction)
    }

    /// A pool that forgets: its node was restarted.
    mutating func losePool(keeping isKept: (VerifiedTransaction) -> Bool) { pool.removeAll { !isKept($0) } }

    /// The next block, of all that the pool has; what it refuses is gone from the pool. Of each sender one at a time.
    mutating func makeBlock(at milliseconds: UInt64) throws -> Final {
        let time = CustodianWorld.start.adding(milliseconds: milliseconds)
        let (executed, refused) = try BlockExecutor.propose(
            on: head, state: state, epoch: try EpochContext(network: network, networkKind: .test, following: state),
            proposer: 0, time: time, candidates: pool)
        pool = []
        for (hash, rejection) in refused { refusals[hash] = rejection }
        head = executed.block.header
        let layers = state.layers.count > 8 ? [merged(state.layers)] : state.layers
        state = LayeredSnapshot(state.base, layersNewestFirst: [executed.layer] + layers)
        for transaction in executed.transactions {
            guard heights.updateValue(head.height, forKey: transaction.hash) == nil else {
                throw SimulatorFailure("transaction \(transaction.hash) is final twice")
            }
        }
        let records = executed.receipts.due.events + executed.receipts.transactions.flatMap(\.events)
        let final = Final(
            height: head.height, time: head.time, state: state,
            events: try records.map { (record) throws in try DomainDispatch.event(record) })
        blocks.append(final)
        return final
    }

    private func merged(_ layers: [StateLayer]) -> StateLayer {
        guard let oldest = layers.last else { preconditionFailure("there are layers to merge") }
        return layers.dropLast().reversed().reduce(oldest) { StateLayer.merging(older: $0, newer: $1) }
    }

    /// A block of the world that runs begin with; everything in it has to be accepted.
    mutating func setUp(_ transactions: [VerifiedTransaction], at milliseconds: UInt64) throws {
        for transaction in transactions { add(transaction) }
        _ = try makeBlock(at: milliseconds)
        if let refusal = refusals.values.first { throw SimulatorFailure("the world can't be made: \(refusal)") }
        blocks = []
    }
}
