public import Encoding
internal import Identities
public import Primitives
public import StateModel

/// `governance.vote`: the yes or no of an institution that runs a validator; it can be changed until the decision.
public struct GovernanceVote: DomainOperation {
    public static let name = "governance.vote"

    public let proposal: Reference<ProposalKind>
    /// Whose vote it is.
    public let institution: Party
    public let approves: Bool

    public init(proposal: Reference<ProposalKind>, institution: Party, approves: Bool) {
        self.proposal = proposal
        self.institution = institution
        self.approves = approves
    }

    public struct Plan {
        let record: ProposalRecord
        let validators: [ValidatorRecord]
    }

    /// Up to a hundred ballots are counted and written.
    /// The deciding vote of a revocation looks up what every validator's institution is accredited by.
    public var weight: UInt64 { 1_000 }

    public func check(in context: OperationContext) throws(Refusal) -> Plan {
        let id = try context.state.resolve(proposal, in: context, domain: .governance, field: "proposal")
        try Authority.require(institution, for: .governance, in: context, field: "institution")
        let validators = try Validators.records(in: context.state)
        try Proposals.requireValidator(institution, in: validators, field: "institution")
        var record = try Proposals.require(id, field: "proposal", in: context.state)
        guard record.state == .open else {
            throw GovernanceRejection.proposalDecided.at("proposal", "it is \(record.state.name)")
        }
        guard context.block.time < record.deadline else {
            throw GovernanceRejection.votingOver.at("proposal", "its deadline was \(record.deadline.text)")
        }
        guard !record.ballots.contains(where: { $0.institution == institution && $0.approves == approves }) else {
            throw GovernanceRejection.alreadyVoted.at("approves", "the institution has voted so already")
        }
        // What those who left the set had voted is dropped, so that there are never more ballots than validators.
        var ballots = Tally.counted(record.ballots, of: validators).filter { $0.institution != institution }
        ballots.append(Ballot(institution: institution, approves: approves, at: context.block.time))
        record.ballots = ballots.sorted { $0.institution < $1.institution }
        return Plan(record: record, validators: validators)
    }

    public func apply(_ plan: Plan, in context: OperationContext) throws(Refusal) {
        let tally = Tally(plan.record.ballots, of: plan.validators)
        context.emit(
            GovernanceEvent.voted(
                ProposalVoted(
                    proposal: plan.record.id, institution: institution, approves: approves, yes: UInt64(tally.yes),
                    no: UInt64(tally.no))))
        try Proposals.settle(plan.record, among: plan.validators, in: context)
    }

    public func words(_ names: any NameResolver) -> [String] {
        let what =
            switch proposal {
            case .id(let id): "the proposal \(names.identifier(id.description))"
            case .operation(let index): "the proposal that operation \(index) makes"
            }
        return ["As \(names.party(institution)), vote \(approves ? "yes" : "no") on \(what)"]
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(3)
        writer.write(proposal)
        writer.write(institution)
        writer.write(approves)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 3) { (reader) throws(EncodingFailure) in
            GovernanceVote(
                proposal: try reader.value("proposal"), institution: try reader.value("institution"),
                approves: try reader.boolean("approves"))
        }
    }
}
