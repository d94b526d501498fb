internal import Blocks
internal import Encoding
internal import Governance
internal import Identities
internal import Primitives
internal import StateModel
internal import Transactions
internal import Votes

/// One block while it is executed: due work, then transactions, over one overlay. Used by the proposer, by every
/// validator, and by replay, so that there is one way to execute.
struct BlockRun {
    let block: BlockContext
    let state: BlockState
    /// What the transaction (or due item) at hand changes; empty between two of them.
    private let overlay: StateOverlay
    var weight: BlockWeight
    private(set) var dueReceipt: Receipt
    private(set) var receipts: [Receipt] = []
    /// What the block raised, in order: of due work, then of each transaction.
    private(set) var events: [(transaction: Int?, events: [any LedgerEvent])] = []
    /// Sponsors that were found enrolled, and no event of the identities has put it into doubt since.
    private var admitted: Set<Party> = []

    /// - Parameter transactions: at most how many will come.
    init(block: BlockContext, over base: LayeredSnapshot, weightLimit: UInt64, transactions: Int) {
        self.block = block
        // A payment reads and changes five or six keys.
        let expected = 6 * min(transactions, WireLimits.blockTransactions)
        state = BlockState(over: base, reserving: expected)
        overlay = StateOverlay(over: state)
        weight = BlockWeight(limit: weightLimit)
        dueReceipt = Receipt(transactionHash: .zero, weight: 0, events: [])
    }

    /// Before all else: the epoch that the block's restart begins. Its last height is a whole epoch from here.
    mutating func restartEpoch(_ restart: EpochRestart) throws(StateFailure) {
        let context = OperationContext(
            block: block, transactionHash: .zero, sender: Address(.zero), signers: [], actingFor: nil, state: overlay)
        do throws(Refusal) {
            try GovernanceDomain.restartEpoch(restart.epoch, in: context)
        } catch {
            throw error.asDamage(of: "the epoch's restart")
        }
        overlay.commit(to: state)
    }

    /// After so long due work that a rule refused is tried again, and so on until it is done.
    static let retryMilliseconds: UInt64 = 3_600_000

    /// Drains what is overdue, oldest first. An item whose reason is gone does nothing. One that a rule refuses changes
    /// nothing and is put into the queue again: money waits for due work, and nobody else could call for it.
    mutating func performDue() throws(StateFailure) {
        var raised: [any LedgerEvent] = []
        let items: [DueItem]
        do throws(Refusal) {
            items = try DueQueue.takeOverdue(
                at: block.time, limit: weight.dueItems, budget: weight.dueBudget,
                weighing: { DomainDispatch.weight(of: $0) }, in: overlay)
        } catch {
            throw error.asDamage(of: "the due queue")
        }
        overlay.commit(to: state)
        for item in items {
            let context = OperationContext(
                block: block, transactionHash: .zero, sender: Address(.zero), signers: [], actingFor: nil,
                state: overlay)
            do throws(Refusal) {
                try DomainDispatch.performDue(item, in: context)
                try Self.settle(context)
            } catch {
                switch error {
                case .rejected:
                    overlay.discard()
                    try putAgain(item)
                    continue
                case .failed(let failure): throw failure
                }
            }
            overlay.commit(to: state)
            raised += context.events
        }
        dueReceipt = Receipt(
            transactionHash: .zero, weight: items.reduce(0) { $0 + DomainDispatch.weight(of: $1) },
            events: raised.map { EventRecord($0) })
        events.append((nil, raised))
    }

    private func putAgain(_ item: DueItem) throws(StateFailure) {
        do throws(Refusal) {
            try DueQueue.schedule(item, at: block.time.adding(milliseconds: Self.retryMilliseconds), in: overlay)
        } catch {
            throw error.asDamage(of: "the due queue")
        }
        overlay.commit(to: state)
    }

    /// After all else: governance ends the epoch if this is its last height. What that raises stands behind what due work
    /// raised, since both are the block's own.
    mutating func endEpoch() throws(StateFailure) {
        let context = OperationContext(
            block: block, transactionHash: .zero, sender: Address(.zero), signers: [], actingFor: nil, state: overlay)
        do throws(Refusal) {
            try GovernanceDomain.endEpoch(in: context)
            try Self.settle(context)
        } catch {
            throw error.asDamage(of: "the epoch's end")
        }
        overlay.commit(to: state)
        guard !context.events.isEmpty else { return }
        dueReceipt = Receipt(
            transactionHash: .zero, weight: dueReceipt.weight,
            events: dueReceipt.events + context.events.map { EventRecord($0) })
        events[0].events += context.events
    }

    /// What a transaction of `sponsor` weighs in this block beside its own weight: whether an institution is enrolled is
    /// asked once, and again after each event that puts it into doubt.
    func admissionWeight(of sponsor: Party?) -> UInt64 {
        guard let sponsor, case .organization = sponsor, !admitted.contains(sponsor) else { return 0 }
        return Sponsorship.admissionWeight
    }

    /// Applies a transaction whole, or throws and leaves the state as it was.
    ///
    /// `sponsor` is whom ``BlockExecutor/sponsor(of:in:)`` names on this state; nil for reserved acts.
    mutating func apply(_ transaction: VerifiedTransaction, sponsor: Party?) throws(Refusal) {
        let known = sponsor.flatMap { admitted.contains($0) ? $0 : nil }
        let context: OperationContext
        do throws(Refusal) {
            context = try Self.execute(transaction, in: block, over: overlay, admitted: known)
        } catch {
            overlay.discard()
            throw error
        }
        overlay.commit(to: state)
        if context.events.contains(where: { type(of: $0).domain == .identities }) {
            admitted.removeAll()
        } else if let sponsor {
            admitted.insert(sponsor)
        }
        events.append((receipts.count, context.events))
        receipts.append(
            Receipt(
                transactionHash: transaction.hash, weight: transaction.weight,
                events: context.events.map { EventRecord($0) }))
    }

    static func execute(
        _ transaction: VerifiedTransaction, in block: BlockContext, over overlay: StateOverlay, admitted: Party? = nil
    ) throws(Refusal) -> OperationContext {
        try execute(
            transaction.body, hash: transaction.hash, keys: transaction.signed.signatures.map(\.account), in: block,
            over: overlay, admitted: admitted)
    }

    /// Every rule of a transaction in one place: time, sequence, sponsor, pause, operations with their consequences,
    /// signatures, the sponsor's quota.
    ///
    /// - Parameters:
    ///   - keys: what signed; nil of a trial that nobody signed.
    ///   - admitted: the sender's sponsor, if this block has admitted it on this state before.
    static func execute(
        _ body: TransactionBody, hash: Hash, keys: [Address]?, in block: BlockContext, over overlay: StateOverlay,
        admitted: Party? = nil
    ) throws(Refusal) -> OperationContext {
        do throws(Rejection) {
            try body.checkTime(block.time, signers: keys?.count ?? 1)
        } catch {
            throw .rejected(error)
        }
        var signers = [body.sender]
        if let keys {
            signers = try Accounts.takeSequence(body.sequence, of: body.sender, signedBy: keys, in: overlay)
        } else {
            try Accounts.takeSequence(body.sequence, of: body.sender, in: overlay)
        }
        // Nobody can be kept from a reserved act: neither a lost sponsor nor a full quota stands in its way.
        var sponsor: Party?
        if !body.operations.allSatisfy(\.isReserved) {
            if let admitted {
                sponsor = admitted
            } else {
                sponsor = try Sponsorship.admit(body.sender, at: block.time, in: overlay)
            }
        }
        let context = OperationContext(
            block: block, transactionHash: hash, sender: body.sender, sequence: body.sequence, signers: signers,
            actingFor: body.actingFor, state: overlay)
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
        guard context.isActingForProven else {
            throw .rejected(
                TransactionRejection.actingForUnused.at(
                    "actingFor", "no operation of this transaction is an act of that organization",
                    hint: "Leave actingFor out, or let the operation be the organization's."))
        }
        if let unneeded = context.unneededSigner {
            throw .rejected(
                TransactionRejection.signaturesNotExact.at(
                    "signatures", "no rule asks for the signature of \(unneeded)",
                    hint: "Leave that signature out; a transaction carries exactly those it needs."))
        }
        if let sponsor {
            // A quota that was voted too low, or used up by others of a sponsor's accounts, keeps nobody from voting on it.
            let isVote = body.operations.allSatisfy { if case .governance = $0 { true } else { false } }
            try Sponsorship.account(changesOf: overlay, to: sponsor, isLimited: !isVote)
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
        guard !operation.isReserved, !operation.meetsDeadline,
            let until = try DomainControls.pausedUntil(operation.domain, at: context.block.time, in: context.state)
        else { return }
        throw .rejected(
            TransactionRejection.domainPaused.at(
                "type", "\(operation.domain.name) is paused until \(until.text)",
                hint: "Send it again after that time.", retryable: true))
    }
}
