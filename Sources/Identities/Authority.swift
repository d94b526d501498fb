public import Primitives
public import StateModel

/// Who may speak for a party.
public enum Authority {
    /// Refused unless `party` itself signed: an account by its signature, an organization by as many members as its
    /// policy asks for this class of operations. Every member's signature that counts is marked as needed, so that a
    /// transaction may carry more than the threshold, and none that counts for nothing.
    public static func require(
        _ party: Party, for operationClass: OperationClass, in context: OperationContext, field: String
    ) throws(Refusal) {
        switch party {
        case .account(let address):
            guard context.isSigned(by: address) else {
                throw IdentityRejection.notAuthorized.at(
                    field, "\(address) did not sign", hint: "Add the signature of that account to the transaction.")
            }
        case .organization(let id):
            guard let record = try Organizations.record(id, in: context.state) else {
                throw IdentityRejection.unknownOrganization.at(field, "there is no organization \(id)")
            }
            try require(record.profile, id, for: operationClass, in: context, field: field)
            context.noteAuthorized(id)
        }
    }

    static func require(
        _ profile: OrganizationProfile, _ id: OrganizationID, for operationClass: OperationClass,
        in context: OperationContext, field: String
    ) throws(Refusal) {
        guard let policy = profile.policy(for: operationClass) else {
            throw .failed(StateFailure("the organization \(id) has no policy of administration"))
        }
        var count: UInt64 = 0
        for member in profile.members where policy.admits(member) {
            if context.isSigned(by: member.account) { count += 1 }
        }
        guard count >= policy.threshold else {
            let roles = policy.roles.isEmpty ? "" : " of the roles \(policy.roles.map(\.name).joined(separator: ", "))"
            throw IdentityRejection.thresholdNotMet.at(
                field,
                "\(count) of \(policy.threshold) members\(roles) signed for operations of class "
                    + "\(operationClass.name) of \(id)",
                hint: "Gather the missing signatures with `tx sign` and `tx merge`.")
        }
    }
}

public enum Parties {
    /// Nil if there is no such party.
    public static func kind(of party: Party, in state: any StateReader) throws(Refusal) -> PartyKind? {
        switch party {
        case .account(let address): try Accounts.record(address, in: state)?.kind
        case .organization(let id): try Organizations.record(id, in: state)?.profile.kind
        }
    }

    @discardableResult
    public static func requireKnown(
        _ party: Party, field: String, in state: any StateReader
    ) throws(Refusal) -> PartyKind {
        guard let kind = try kind(of: party, in: state) else {
            throw IdentityRejection.unknownParty.at(
                field, "\(party) is not registered",
                hint: "Check the text, or ask an enrolled institution to sponsor the account.")
        }
        return kind
    }

    /// Who answers for the account's use of the ledger: its sponsor, or itself where genesis gave it none. Nil if there
    /// is no such account. Fairness of pools and blocks is counted by this party, whether or not it is still enrolled
    /// (``Sponsorship/admit(_:at:in:)`` asks that).
    public static func sponsor(of account: Address, in state: any StateReader) throws(Refusal) -> Party? {
        guard let record = try Accounts.record(account, in: state) else { return nil }
        return record.sponsor ?? .account(account)
    }
}
