public import Encoding
internal import Identities
public import Primitives
public import StateModel

/// `governance.propose`: an institution that runs a validator asks the others for a change, with a deadline. It does not
/// vote by proposing.
public struct GovernancePropose: DomainOperation {
    public static let name = "governance.propose"

    /// Whose proposal it is.
    public let institution: Party
    public let change: GovernanceChange
    public let deadline: Timestamp
    /// Commitment to the reasons: a hash of a document that the validators have read. Zero if there is none.
    public let rationale: Hash

    public init(institution: Party, change: GovernanceChange, deadline: Timestamp, rationale: Hash) {
        self.institution = institution
        self.change = change
        self.deadline = deadline
        self.rationale = rationale
    }

    public struct Plan {
        let record: ProposalRecord
        let agenda: AgendaRecord
    }

    /// Two signatures, the set, and up to a full queue of accepted changes that the change is tried upon.
    public var weight: UInt64 { 1_000 }

    public func check(in context: OperationContext) throws(Refusal) -> Plan {
        try Authority.require(institution, for: .governance, in: context, field: "institution")
        try Proposals.requireValidator(
            institution, in: try Validators.records(in: context.state), field: "institution")
        let now = context.block.time
        let allowed = GovernanceLimits.votingMilliseconds
        guard deadline >= now.adding(milliseconds: allowed.lowerBound),
            deadline <= now.adding(milliseconds: allowed.upperBound)
        else {
            throw GovernanceRejection.deadlineInvalid.at(
                "deadline", "\(deadline) is not between a minute and thirty days after block time, \(now)")
        }
        var agenda = try Proposals.agenda(in: context.state)
        guard agenda.count(of: institution) < GovernanceLimits.pendingProposalsPerInstitution,
            agenda.count < GovernanceLimits.pendingProposals
        else {
            throw GovernanceRejection.tooManyProposals.at(
                "institution",
                "\(agenda.count(of: institution)) of the institution and \(agenda.count) in all are pending; "
                    + "\(GovernanceLimits.pendingProposalsPerInstitution) and \(GovernanceLimits.pendingProposals) "
                    + "are allowed", hint: "Wait for the decisions, or for the epoch's end.", retryable: true)
        }
        try checkRequest(in: context)
        if let conflict = try conflict(agenda, in: context) {
            throw conflict.rejection.at("change", "does not fit: \(conflict.rejection.summary)")
        }
        let record = ProposalRecord(
            id: context.madeIdentifier(), proposer: institution, change: change, rationale: rationale,
            proposedAt: now, proposedHeight: context.block.height, deadline: deadline)
        agenda.open.append(PendingProposal(proposal: record.id, proposer: institution))
        return Plan(record: record, agenda: agenda)
    }

    private func conflict(_ agenda: AgendaRecord, in context: OperationContext) throws(Refusal) -> ChangeConflict? {
        guard !change.isImmediate else { return try ImmediateChange(context: context).conflict(of: change) }
        var draft = try GovernanceDraft.upcoming(agenda, at: context.block.time, in: context.state)
        return try draft.apply(change, at: context.block.time, in: context.state)
    }

    private func checkRequest(in context: OperationContext) throws(Refusal) {
        let request: EnrollmentRequest
        switch change {
        case .enroll(let found), .rotate(let found): request = found
        default: return
        }
        guard request.network == context.block.network else {
            throw GovernanceRejection.foreignRequest.at(
                "change.request.network", "the request was made for the network \(request.network)",
                hint: "Make it again with the genesis of this network.")
        }
        guard GovernanceLimits.isName(request.name) else {
            throw GovernanceRejection.nameInvalid.at(
                "change.request.name", "1 to \(GovernanceLimits.nameBytes) bytes without controls are allowed")
        }
        guard request.transportKey.abscissa != request.key else {
            throw GovernanceRejection.keysEqual.at(
                "change.request.transportKey", "it is the validator key", hint: "Use two keys.")
        }
        guard request.isProven else {
            throw GovernanceRejection.proofInvalid.at(
                "change.request.proof", "a signature does not verify by its key",
                hint: "Make the request on the node that holds the keys, and hand it on unchanged.")
        }
    }

    public func apply(_ plan: Plan, in context: OperationContext) throws(Refusal) {
        let record = plan.record
        context.state.set(GovernanceKeys.proposal(record.id), record)
        context.state.set(GovernanceKeys.agenda, plan.agenda)
        let item = DueItem(domain: .governance, kind: Proposals.deadlineDue, subject: record.id.bytes)
        try DueQueue.schedule(item, at: record.deadline, in: context.state)
        context.emit(
            GovernanceEvent.proposed(
                ProposalMade(
                    proposal: record.id, proposer: institution, institution: change.institution, deadline: deadline)))
    }

    public func words(_ names: any NameResolver) -> [String] {
        ["As \(names.party(institution)), propose to the validators:"] + change.words(names)
            + ["Votes until \(names.time(deadline))"] + (rationale == .zero ? [] : ["Reasons: \(rationale)"])
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(4)
        writer.write(institution)
        writer.write(change)
        writer.write(deadline)
        writer.write(rationale)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 4) { (reader) throws(EncodingFailure) in
            GovernancePropose(
                institution: try reader.value("institution"), change: try reader.value("change"),
                deadline: try reader.value("deadline"), rationale: try reader.value("rationale"))
        }
    }
}
