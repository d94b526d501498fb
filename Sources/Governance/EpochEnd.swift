internal import Consents
internal import Identities
internal import Primitives
internal import StateModel
internal import Votes

/// What happens after all else in the block at an epoch's last height: accepted changes take effect in the order in
/// which they were accepted, and the next epoch begins. No rule refuses it: a change that no longer fits is marked.
struct EpochEnd {
    private let context: OperationContext
    private let next: EpochRecord

    /// Does nothing at any other height.
    static func perform(in context: OperationContext) throws(Refusal) {
        let ending = try Epochs.current(in: context.state)
        guard context.block.height == ending.lastHeight else { return }
        var draft = try GovernanceDraft(of: context.state)
        let agenda = try Proposals.agenda(in: context.state)
        var outcomes: [(ProposalRecord, ChangeConflict?)] = []
        for pending in agenda.queued {
            let record = try Proposals.known(pending.proposal, in: context.state)
            outcomes.append((record, try draft.apply(record.change, at: context.block.time, in: context.state)))
        }
        guard let next = ending.next(length: draft.parameters.ledger.epochLength) else {
            throw .failed(StateFailure("no epoch can follow epoch \(ending.number)"))
        }
        let end = EpochEnd(context: context, next: next)
        context.state.set(GovernanceKeys.epoch, next)
        if !agenda.queued.isEmpty { end.close(outcomes, agenda) }
        try end.install(draft)
    }

    private func close(_ outcomes: [(ProposalRecord, ChangeConflict?)], _ agenda: AgendaRecord) {
        context.state.set(GovernanceKeys.agenda, AgendaRecord(open: agenda.open))
        for (record, conflict) in outcomes {
            var record = record
            record.state = conflict == nil ? .applied : .superseded
            record.epoch = next.number
            record.conflict = conflict
            context.state.set(GovernanceKeys.proposal(record.id), record)
            guard let conflict else { continue }
            context.emit(
                GovernanceEvent.superseded(
                    ProposalSuperseded(
                        proposal: record.id, proposer: record.proposer, institution: record.change.institution,
                        conflict: conflict)))
        }
    }

    private func install(_ draft: GovernanceDraft) throws(Refusal) {
        let state = context.state
        let before = try ParameterSet(of: state)
        if before != draft.parameters {
            if before.ledger != draft.parameters.ledger {
                state.set(GovernanceKeys.parameters, draft.parameters.ledger)
            }
            if before.identities != draft.parameters.identities {
                Sponsorship.set(draft.parameters.identities, in: state)
            }
            context.emit(
                GovernanceEvent.parametersChanged(
                    ParametersChanged(
                        epoch: next.number, parameters: draft.parameters.ledger,
                        identities: draft.parameters.identities)))
        }
        if let ontology = draft.ontology, try Ontology.current(in: state) != ontology {
            Ontology.set(ontology, in: state)
            context.emit(ConsentEvent.ontologySet(ontology))
        }
        let old = try Validators.records(in: state)
        guard old != draft.validators else { return }
        for (key, institution) in draft.newKeys {
            state.set(
                GovernanceKeys.usedKey(key), UsedKeyRecord(institution: institution, since: context.block.time))
        }
        let record = ValidatorsRecord(draft.validators)
        guard let set = record.set else {
            throw .failed(StateFailure("the validators of epoch \(next.number) would be no set"))
        }
        state.set(GovernanceKeys.validators, record)
        context.emit(
            GovernanceEvent.validatorSetChanged(
                ValidatorSetChanged(
                    epoch: next.number, validatorSet: set.hash, count: UInt64(set.count),
                    joined: institutions(of: draft.validators, without: old),
                    left: institutions(of: old, without: draft.validators),
                    rotated: draft.validators.filter { new in
                        old.contains { $0.institution == new.institution && $0 != new }
                    }.map(\.institution).sorted())))
        try settleOpen(among: draft.validators)
    }

    private func institutions(of some: [ValidatorRecord], without others: [ValidatorRecord]) -> [Party] {
        some.map(\.institution).filter { party in !others.contains { $0.institution == party } }.sorted()
    }

    /// Another set may have another quorum, and votes of those who left are gone. What is accepted now takes effect at
    /// the end of the next epoch.
    private func settleOpen(among validators: [ValidatorRecord]) throws(Refusal) {
        for pending in try Proposals.agenda(in: context.state).open {
            let record = try Proposals.known(pending.proposal, in: context.state)
            guard context.block.time < record.deadline else { continue }
            try Proposals.settle(record, among: validators, in: context)
        }
    }
}
