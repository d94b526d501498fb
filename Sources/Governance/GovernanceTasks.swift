internal import Primitives
internal import StateModel

/// What of the domain waits for a party.
enum GovernanceTasks {
    static let all = [votes]

    /// Proposals on which the party's validator has not voted.
    private static let votes = TaskSource(
        GovernanceQueries.list, { _ in ProposalListParameters(state: .open) },
        tasks: { (view: ProposalView, party, context) throws(Refusal) in
            let proposal = view.proposal
            guard context.block.time < proposal.deadline,
                !proposal.ballots.contains(where: { $0.institution == party }),
                try Validators.records(in: context.state).contains(where: { $0.institution == party })
            else { return [] }
            return [
                PartyTask(
                    GovernanceVote.name, from: proposal.proposer, since: proposal.proposedAt,
                    deadline: proposal.deadline
                ) { $0.proposal = proposal.id }
            ]
        })
}
