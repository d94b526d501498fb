internal import Blocks
internal import Cryptography
internal import Execution
internal import Identities
internal import Primitives
internal import StateModel
internal import Transactions

/// A chain of blocks of one transaction each, executed as validators do: due work, effects in other domains, and the
/// conservation of every asset included.
struct RoyaltyLedger: Sendable {
    struct Outcome {
        let transaction: Hash
        /// Nil: it was executed.
        let refusal: Rejection?
        let due: [any LedgerEvent]
        let events: [any LedgerEvent]
    }

    let network: Hash
    private(set) var head: BlockHeader
    private(set) var state: LayeredSnapshot

    func sequence(of address: Address) throws -> UInt64 {
        try Accounts.record(address, in: state)?.sequence ?? 0
    }

    /// One block; without operations an empty one, for the due work. The first of `accounts` sends, all sign.
    mutating func act(
        _ operations: [Operation], by accounts: [Address], after milliseconds: UInt64
    ) throws -> Outcome {
        let time = head.time.adding(milliseconds: milliseconds)
        var candidates: [VerifiedTransaction] = []
        if let sender = accounts.first, !operations.isEmpty {
            candidates = [try transaction(operations, by: accounts, sequence: try sequence(of: sender), at: time)]
        }
        let (executed, refused) = try BlockExecutor.propose(
            on: head, state: state, epoch: try EpochContext(network: network, networkKind: .test, following: state),
            proposer: 0, time: time, candidates: candidates)
        head = executed.block.header
        let layer = state.layers.first.map { StateLayer.merging(older: $0, newer: executed.layer) } ?? executed.layer
        state = LayeredSnapshot(EmptySnapshot()).adding(layer)
        return Outcome(
            transaction: candidates.first?.hash ?? .zero, refusal: refused.first?.rejection,
            due: try executed.receipts.due.events.map { try DomainDispatch.event($0) },
            events: try executed.receipts.transactions.flatMap(\.events).map { try DomainDispatch.event($0) })
    }

    /// What is made here nobody tampers with, so its signatures need not be true: any signature of the right form does.
    private static let signature = Schnorr.sign(message: .zero, secret: RoyaltyWorld.key(0), auxiliary: .zero)

    private func transaction(
        _ operations: [Operation], by accounts: [Address], sequence: UInt64, at time: Timestamp
    ) throws -> VerifiedTransaction {
        let body = TransactionBody(
            network: network, sender: accounts[0], sequence: sequence,
            validUntil: accounts.count > 1 ? time.adding(milliseconds: 60_000) : nil, operations: operations)
        let signatures = accounts.sorted().map { AccountSignature(account: $0, signature: Self.signature) }
        return try VerifiedTransaction(
            fromOwnFinalLog: try SignedTransaction(body.signed(signatures)), network: network)
    }
}
