public import Primitives
public import StateModel

/// A mandate that a check chose, for `apply` to count down with ``Mandates/use(_:in:)``.
public struct MandateUse: Hashable, Sendable {
    public let mandate: MandateID
    public let delegate: Address
    public let operation: MandatedAct
    /// What the act spends.
    public let spending: MandateLimit?
}

/// Who may do what for whom.
public enum Mandates {
    /// What an operation that takes a mandate adds to its weight for it: the lists of the signers (a transaction carries
    /// at most 16) are read, the record and its list written.
    public static let weight: UInt64 = 4 * (16 + 2)

    public static func record(_ id: MandateID, in state: any StateReader) throws(Refusal) -> MandateRecord? {
        try state.record(IdentityKeys.mandate(id))
    }

    /// The mandate by which a signer may do `act` for `grantor`; nil if there is none. Of several, the one that ends
    /// first, then the one with the smaller id, whoever of the signers holds it. None counts in a transaction that acts
    /// for an organization: there the threshold alone speaks.
    static func choose(
        of grantor: Party, for act: MandatedAct, spending: MandateLimit?, in context: OperationContext
    ) throws(Refusal) -> MandateUse? {
        guard context.actingFor == nil else { return nil }
        var chosen: (open: OpenMandate, delegate: Address)?
        for signer in context.signers {
            let open = try list(of: grantor, to: signer, in: context.state).first {
                $0.allows(act, spending) && context.block.time < $0.validUntil
            }
            guard let open else { continue }
            if let chosen, chosen.open < open { continue }
            chosen = (open, signer)
        }
        return chosen.map {
            MandateUse(mandate: $0.open.mandate, delegate: $0.delegate, operation: act, spending: spending)
        }
    }

    /// Counts the use that a check chose; does nothing if the party itself signed. An operation uses at most one
    /// mandate of a grantor, so that what its check saw still holds.
    public static func use(_ use: MandateUse?, in context: OperationContext) throws(Refusal) {
        guard let use else { return }
        let time = context.block.time
        guard var record = try record(use.mandate, in: context.state), record.isInForce(at: time) else {
            throw .failed(StateFailure("the mandate \(use.mandate) that the check chose is not in force"))
        }
        record.used += 1
        if let spending = use.spending {
            guard record.limitLeft?.less(spending) != nil, let spent = record.spent.adding(spending.amount) else {
                throw .failed(StateFailure("the mandate \(use.mandate) that the check chose has too little left"))
            }
            record.spent = spent
        }
        record.lastUsedAt = time
        context.state.set(IdentityKeys.mandate(record.id), record)
        if record.isSpent {
            try close(record, in: context.state)
        } else if use.spending != nil {
            let list = try list(of: record.grantor, to: record.grant.delegate, in: context.state)
            set(
                list.map { $0.mandate == record.id ? OpenMandate(record) : $0 }, of: record.grantor,
                to: record.grant.delegate, in: context.state)
        }
        context.emit(
            IdentityEvent.mandateUsed(MandateStep(record, operation: use.operation, amount: use.spending?.amount)))
    }

    /// What `grantor` lets `delegate` do, what ends first standing first.
    static func list(
        of grantor: Party, to delegate: Address, in state: any StateReader
    ) throws(Refusal) -> [OpenMandate] {
        try state.record(IdentityKeys.openMandates(grantor, delegate))?.mandates ?? []
    }

    /// Takes a mandate that is over off its list.
    static func close(_ record: MandateRecord, in state: StateOverlay) throws(Refusal) {
        let rest = try list(of: record.grantor, to: record.grant.delegate, in: state)
            .filter { $0.mandate != record.id }
        set(rest, of: record.grantor, to: record.grant.delegate, in: state)
    }

    static func set(_ list: [OpenMandate], of grantor: Party, to delegate: Address, in state: StateOverlay) {
        let key = IdentityKeys.openMandates(grantor, delegate)
        if list.isEmpty { state.remove(key) } else { state.set(key, OpenMandates(mandates: list)) }
    }
}
