internal import Primitives
internal import StateModel

/// How the validators' institutions voted. Only those that run a validator of the set count.
struct Tally {
    let yes: Int
    let no: Int
    /// n − f of the set: as many yes accept.
    let quorum: Int
    let voters: Int

    init(_ ballots: [Ballot], of validators: [ValidatorRecord]) {
        let counted = Self.counted(ballots, of: validators)
        yes = counted.count { $0.approves }
        no = counted.count - yes
        voters = validators.count
        // The quorum of certificates: what decides blocks decides governance.
        quorum = voters - (voters - 1) / 3
    }

    static func counted(_ ballots: [Ballot], of validators: [ValidatorRecord]) -> [Ballot] {
        ballots.filter { ballot in validators.contains { $0.institution == ballot.institution } }
    }

    var isAccepted: Bool { yes >= quorum }
    /// Even if everyone else voted yes there would be no quorum.
    var isRejected: Bool { voters - no < quorum }
}

enum Proposals {
    /// Kind of due work: a proposal's deadline.
    static let deadlineDue: UInt8 = 0

    static func record(_ id: ProposalID, in state: any StateReader) throws(Refusal) -> ProposalRecord? {
        try state.record(GovernanceKeys.proposal(id))
    }

    static func require(_ id: ProposalID, field: String, in state: any StateReader) throws(Refusal) -> ProposalRecord {
        guard let record = try record(id, in: state) else {
            throw GovernanceRejection.unknownProposal.at(field, "there is no proposal \(id)")
        }
        return record
    }

    /// A proposal that another record names; its absence is damage.
    static func known(_ id: ProposalID, in state: any StateReader) throws(Refusal) -> ProposalRecord {
        guard let record = try record(id, in: state) else {
            throw .failed(StateFailure("the proposal \(id) is missing"))
        }
        return record
    }

    static func agenda(in state: any StateReader) throws(Refusal) -> AgendaRecord {
        try state.record(GovernanceKeys.agenda) ?? AgendaRecord()
    }

    /// Refused unless `institution` runs a validator of `validators`.
    static func requireValidator(
        _ institution: Party, in validators: [ValidatorRecord], field: String
    ) throws(Refusal) {
        guard validators.contains(where: { $0.institution == institution }) else {
            throw GovernanceRejection.noValidator.at(
                field, "\(institution) runs no validator of the current set",
                hint: "Act for the institution of a validator (--acting-for); governance_get lists them.")
        }
    }

    /// Accepts or rejects an open proposal if its votes allow it, and stores it.
    static func settle(
        _ record: ProposalRecord, among validators: [ValidatorRecord], in context: OperationContext
    ) throws(Refusal) {
        var record = record
        let tally = Tally(record.ballots, of: validators)
        if tally.isAccepted || tally.isRejected {
            record.ballots = Tally.counted(record.ballots, of: validators)
            try close(&record, as: tally.isAccepted ? .accepted : .rejected, tally, in: context)
        }
        context.state.set(GovernanceKeys.proposal(record.id), record)
    }

    /// The deadline has come. A proposal that was decided before it stays as it is.
    static func expire(_ id: ProposalID, in context: OperationContext) throws(Refusal) {
        guard var record = try record(id, in: context.state), record.state == .open,
            record.deadline <= context.block.time
        else { return }
        let validators = try Validators.records(in: context.state)
        let tally = Tally(record.ballots, of: validators)
        record.ballots = Tally.counted(record.ballots, of: validators)
        try close(&record, as: .expired, tally, in: context)
        context.state.set(GovernanceKeys.proposal(record.id), record)
    }

    private static func close(
        _ record: inout ProposalRecord, as state: ProposalState, _ tally: Tally, in context: OperationContext
    ) throws(Refusal) {
        record.state = state
        record.decidedAt = context.block.time
        var agenda = try agenda(in: context.state)
        let id = record.id
        agenda.open.removeAll { $0.proposal == id }
        let waits = state == .accepted && !record.change.isImmediate
        if waits { agenda.queued.append(PendingProposal(proposal: id, proposer: record.proposer)) }
        context.state.set(GovernanceKeys.agenda, agenda)
        let decision = ProposalDecision(
            proposal: id, proposer: record.proposer, institution: record.change.institution, yes: UInt64(tally.yes),
            no: UInt64(tally.no))
        switch state {
        case .accepted: context.emit(GovernanceEvent.accepted(decision))
        case .rejected: context.emit(GovernanceEvent.rejected(decision))
        default: context.emit(GovernanceEvent.expired(decision))
        }
        if state == .accepted, record.change.isImmediate { try makeNow(&record, in: context) }
    }

    /// An accepted change that does not wait: made, or marked if it fits no more.
    private static func makeNow(_ record: inout ProposalRecord, in context: OperationContext) throws(Refusal) {
        record.epoch = try Epochs.current(in: context.state).number
        let act = ImmediateChange(context: context)
        if let conflict = try act.conflict(of: record.change) {
            record.state = .superseded
            record.conflict = conflict
            context.emit(
                GovernanceEvent.superseded(
                    ProposalSuperseded(
                        proposal: record.id, proposer: record.proposer, institution: record.change.institution,
                        conflict: conflict)))
            return
        }
        try act.make(record.change, of: record.id)
        record.state = .applied
        context.emit(
            GovernanceEvent.applied(
                ProposalApplied(
                    proposal: record.id, proposer: record.proposer, institution: record.change.institution)))
    }
}
