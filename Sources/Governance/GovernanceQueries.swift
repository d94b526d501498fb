public import Identities
public import Primitives
internal import StateModel

/// What `governance_get` answers.
public struct GovernanceView: Codable, Hashable, Sendable {
    public let parameters: LedgerParameters
    /// Those that identities own.
    public let identities: IdentityParameters
    public let validators: [ValidatorRecord]
    /// The epoch of the next block.
    public let epoch: EpochRecord
    /// Accepted changes that wait for the epoch's end, in the order in which they will be made.
    public let queued: [QueuedChangeView]
    /// Proposals that can be voted on, in the order in which they were made.
    public let open: [ProposalID]
    /// Domains that are paused now.
    public let pauses: [PauseView]
    /// The upgrade that lies ahead, or was scheduled last.
    public let upgrade: UpgradeRecord?

    public func value(of parameter: LedgerParameter) -> UInt64 {
        ParameterSet(ledger: parameters, identities: identities).value(of: parameter)
    }
}

public struct QueuedChangeView: Codable, Hashable, Sendable {
    public let proposal: ProposalID
    public let change: GovernanceChange
}

public struct PauseView: Codable, Hashable, Sendable {
    public let domain: String
    public let since: Timestamp
    public let until: Timestamp
}

/// A proposal with its votes, and the count of those that count: now, or when it was decided.
public struct ProposalView: Codable, Hashable, Sendable {
    public let proposal: ProposalRecord
    public let yes: UInt64
    public let no: UInt64
    /// As many yes accept it: n − f of the current set; null once it is decided.
    public let needed: UInt64?
    /// What became of it since it was applied; null while it lasts.
    public let outcome: ProposalOutcome?

    /// For people: where it stands.
    public var standing: String { outcome?.name ?? proposal.state.name }

    init(_ record: ProposalRecord, among validators: [ValidatorRecord], in context: QueryContext) throws(Refusal) {
        outcome = try ProposalOutcome.of(record, in: context)
        let isOpen = record.state == .open
        let tally = Tally(record.ballots, of: validators)
        proposal = record
        yes = UInt64(isOpen ? tally.yes : record.ballots.count { $0.approves })
        no = UInt64(isOpen ? tally.no : record.ballots.count { !$0.approves })
        needed = isOpen ? UInt64(tally.quorum) : nil
    }
}

struct NoParameters: Codable, Sendable {}

struct ProposalParameters: Codable, Sendable {
    let proposal: ProposalID
}

struct ProposalListParameters: Codable, Sendable {
    let state: ProposalState?
}

enum GovernanceQueries {
    static let all = [get, proposal, list]

    static let get = Query(
        "governance_get",
        "Parameters, validators and epoch, the changes that wait for its end, the domains that are paused, and the upgrade.",
        [],
        from: NoParameters.self, to: GovernanceView.self
    ) { (_, context) throws(Refusal) in
        var pauses: [PauseView] = []
        for domain in DomainNumber.allCases {
            guard try DomainControls.pausedUntil(domain, at: context.block.time, in: context.state) != nil,
                let control = try context.state.record(GovernanceKeys.control(domain))
            else { continue }
            pauses.append(PauseView(domain: domain.name, since: control.since, until: control.until))
        }
        let agenda = try Proposals.agenda(in: context.state)
        var queued: [QueuedChangeView] = []
        for pending in agenda.queued {
            let record = try Proposals.known(pending.proposal, in: context.state)
            queued.append(QueuedChangeView(proposal: record.id, change: record.change))
        }
        return GovernanceView(
            parameters: try Parameters.current(in: context.state),
            identities: try Sponsorship.parameters(in: context.state),
            validators: try Validators.records(in: context.state), epoch: try Epochs.current(in: context.state),
            queued: queued, open: agenda.open.map(\.proposal), pauses: pauses,
            upgrade: try Upgrades.current(in: context.state))
    }

    static let proposal = Query(
        "governance_proposal", "A proposal, its votes, and where it stands.",
        [QueryParameter("proposal", "The proposal's id.")], from: ProposalParameters.self, to: ProposalView.self
    ) { (parameters, context) throws(Refusal) in
        let record = try Proposals.require(parameters.proposal, field: "proposal", in: context.state)
        return try ProposalView(record, among: try Validators.records(in: context.state), in: context)
    }

    static let list = Query(
        list: "governance_list", "Proposals with their votes, newest first.",
        [QueryParameter("state", "Only those that stand so; all if left out.", required: false)],
        from: ProposalListParameters.self, of: ProposalView.self
    ) { (parameters, request, context) throws(Refusal) in
        let validators = try Validators.records(in: context.state)
        let prefix = parameters.state.map { GovernanceIndexes.inState($0) } ?? GovernanceIndexes.all
        return try context.page(prefix, request, descending: true) { (entry) throws(Refusal) in
            guard let bytes = Bytes32(entry.key.bytes.suffix(32)),
                let record = try Proposals.record(ProposalID(bytes), in: context.state)
            else { return nil }
            return try ProposalView(record, among: validators, in: context)
        }
    }
}
