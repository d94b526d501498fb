internal import Blocks
internal import Encoding
internal import Governance
internal import Identities
internal import Primitives
internal import StateModel
internal import Transactions

/// One block while it is executed: due work, then transactions, over one overlay. Used by the proposer, by every
/// validator, and by replay, so that there is one way to execute.
struct BlockRun {
    let block: BlockContext
    let state: StateOverlay
    var weight: BlockWeight
    private(set) var dueReceipt: Receipt
    private(set) var receipts: [Receipt] = []
    /// What the block raised, in order: of due work, then of each transaction.
    private(set) var events: [(transaction: Int?, events: [any LedgerEvent])] = []

    init(block: BlockContext, over base: any StateReader, weightLimit: UInt64) {
        self.block = block
        state = StateOverlay(over: base)
        weight = BlockWeight(limit: weightLimit)
        dueReceipt = Receipt(transactionHash: .zero, weight: 0, events: [])
    }

    /// Drains what is overdue, oldest first. Due work is never refused: an item whose reason is gone does nothing.
    mutating func performDue() throws(StateFailure) {
        var raised: [any LedgerEvent] = []
        let items: [DueItem]
        do throws(Refusal) {
            items = try DueQueue.takeOverdue(at: block.time, limit: weight.dueItems, in: state)
        } catch {
            throw error.asDamage(of: "the due queue")
        }
        for item in items {
            let overlay = StateOverlay(over: state)
            let context = OperationContext(
                block: block, transactionHash: .zero, sender: Address(.zero), signers: [], actingFor: nil,
                state: overlay)
            do throws(Refusal) {
                try DomainDispatch.performDue(item, in: context)
                try Self.settle(context)
            } catch {
                switch error {
                case .rejected: continue
                case .failed(let failure): throw failure
                }
            }
            overlay.commit(to: state)
            raised += context.events
        }
        dueReceipt = Receipt(
            transactionHash: .zero, weight: UInt64(items.count) * BlockWeight.dueItem,
            events: raised.map { EventRecord($0) })
        events.append((nil, raised))
    }

    /// Applies a transaction whole, or throws and leaves the state as it was.
    mutating func apply(_ transaction: VerifiedTransaction) throws(Refusal) {
        let overlay = StateOverlay(over: state)
        let context = try Self.execute(transaction, in: block, over: overlay)
        overlay.commit(to: state)
        events.append((receipts.count, context.events))
        receipts.append(
            Receipt(
                transactionHash: transaction.hash, weight: transaction.weight,
                events: context.events.map { EventRecord($0) }))
    }

    /// Every rule of a transaction in one place: time, pause, sequence, operations with their consequences, signatures.
    static func execute(
        _ transaction: VerifiedTransaction, in block: BlockContext, over overlay: StateOverlay
    ) throws(Refusal) -> OperationContext {
        do throws(Rejection) {
            try transaction.checkTime(block.time)
        } catch {
            throw .rejected(error)
        }
        let body = transaction.body
        try Accounts.takeSequence(body.sequence, of: body.sender, in: overlay)
        let context = OperationContext(
            block: block, transactionHash: transaction.hash, sender: body.sender,
            signers: transaction.signed.signatures.map(\.account), actingFor: body.actingFor, state: overlay)
        for (index, operation) in body.operations.enumerated() {
            context.operationIndex = index
            do throws(Refusal) {
                try checkNotPaused(operation, in: context)
                try operation.execute(in: context)
                try settle(context)
            } catch {
                guard case .rejected(var rejection) = error else { throw error }
                rejection.operation = index
                throw .rejected(rejection)
            }
        }
        if let obligation = context.openObligation { throw .rejected(obligation) }
        if let unneeded = context.unneededSigner {
            throw .rejected(
                TransactionRejection.signaturesNotExact.at(
                    "signatures", "no rule asks for the signature of \(unneeded.bytes)",
                    hint: "Leave that signature out; a transaction carries exactly those it needs."))
        }
        return context
    }

    /// Hands each event to the domains right of it, and what they raise likewise, until nothing new is raised.
    private static func settle(_ context: OperationContext) throws(Refusal) {
        while let event = context.takeUnsettledEvent() {
            try DomainDispatch.react(to: event, in: context)
        }
    }

    private static func checkNotPaused(
        _ operation: Operation, in context: OperationContext
    ) throws(Refusal) {
        guard !operation.isReserved,
            let until = try DomainControls.pausedUntil(operation.domain, at: context.block.time, in: context.state)
        else { return }
        throw .rejected(
            TransactionRejection.domainPaused.at(
                "type", "\(operation.domain.name) is paused until \(until)",
                hint: "Send it again after that time.", retryable: true))
    }
}
