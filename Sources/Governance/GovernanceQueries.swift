public import Primitives
internal import StateModel

/// What `governance_get` answers.
public struct GovernanceView: Codable, Hashable, Sendable {
    public let parameters: LedgerParameters
    public let validators: [ValidatorRecord]
    /// Domains that are paused now.
    public let pauses: [PauseView]
}

public struct PauseView: Codable, Hashable, Sendable {
    public let domain: String
    public let since: Timestamp
    public let until: Timestamp
}

struct NoParameters: Codable, Sendable {}

enum GovernanceQueries {
    static let all = [
        Query(
            "governance_get", "Parameters, validators, and the domains that are paused.", [],
            from: NoParameters.self, to: GovernanceView.self
        ) { (_, context) throws(Refusal) in
            var pauses: [PauseView] = []
            for domain in DomainNumber.allCases {
                guard try DomainControls.pausedUntil(domain, at: context.block.time, in: context.state) != nil,
                    let control = try context.state.record(GovernanceKeys.control(domain))
                else { continue }
                pauses.append(PauseView(domain: domain.name, since: control.since, until: control.until))
            }
            return GovernanceView(
                parameters: try Parameters.current(in: context.state),
                validators: try Validators.records(in: context.state), pauses: pauses)
        }
    ]
}
