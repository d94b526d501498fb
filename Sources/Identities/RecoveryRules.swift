internal import Primitives
internal import StateModel

enum RecoveryRules {
    static func check(
        _ policy: GuardianPolicy, of account: Address, _ kind: PartyKind, in state: any StateReader
    ) throws(Refusal) {
        guard !policy.guardians.isEmpty else {
            throw IdentityRejection.noGuardians.at(
                "policy.guardians", "a policy names at least one", hint: "Leave the policy out to have none.")
        }
        try OrganizationRules.requireAscending(
            policy.guardians, max: IdentityLimits.guardians, field: "policy.guardians")
        for (index, guardian) in policy.guardians.enumerated() {
            let field = "policy.guardians[\(index)]"
            guard guardian != .account(account) else {
                throw IdentityRejection.selfIssued.at(field, "nobody is its own guardian")
            }
            let guardianKind = try Parties.requireKnown(guardian, field: field, in: state)
            // Guardians are public: they would tie a patient's pseudonym to the people around it, and one's own to others.
            guard guardianKind != .patient else {
                throw IdentityRejection.kindNotAllowed.at(field, "a patient's pseudonymous account can't be a guardian")
            }
            if kind == .patient, case .account = guardian {
                throw IdentityRejection.kindNotAllowed.at(
                    field, "a patient's pseudonymous account has organizations as guardians, never persons",
                    hint: "Name the institution that the account is used with.")
            }
        }
        guard policy.threshold >= 1, policy.threshold <= UInt64(policy.guardians.count) else {
            throw IdentityRejection.thresholdUnreachable.at(
                "policy.threshold", "\(policy.threshold) is not between 1 and \(policy.guardians.count)")
        }
        let allowed = IdentityLimits.recoveryDelayMilliseconds
        guard allowed.contains(policy.delayMilliseconds) else {
            throw IdentityRejection.invalidDelay.at(
                "policy.delayMilliseconds",
                "\(policy.delayMilliseconds) is not between \(allowed.lowerBound) and \(allowed.upperBound): one day to thirty"
            )
        }
    }

    static func requireGuardian(
        _ party: Party, under policy: GuardianPolicy, field: String, in context: OperationContext
    ) throws(Refusal) {
        guard policy.guardians.contains(party) else {
            throw IdentityRejection.notGuardian.at(
                field, "\(party) is no guardian of this account",
                hint: "If an organization is, act for the organization.")
        }
        try Authority.require(party, for: .credentials, in: context, field: field)
    }
}
