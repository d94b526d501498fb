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

    /// As ``require(_:for:in:field:)``, or satisfied by a signer who holds a mandate of `party` for `act` that is in
    /// force: its signature is then marked as needed. `apply` hands what this returns to ``Mandates/use(_:in:)``; it is
    /// nil if the party itself signed, so that no mandate is spent where none was needed. `spending` is what the act takes
    /// from the party: a mandate that has less left does not count.
    public static func require(
        _ party: Party, for operationClass: OperationClass, orMandate act: MandatedAct,
        spending: MandateLimit? = nil, in context: OperationContext, field: String
    ) throws(Refusal) -> MandateUse? {
        if try !isMet(party, for: operationClass, in: context),
            let use = try Mandates.choose(of: party, for: act, spending: spending, in: context)
        {
            // Marks the signature as needed.
            _ = context.isSigned(by: use.delegate)
            return use
        }
        do {
            try require(party, for: operationClass, in: context, field: field)
        } catch {
            guard case .rejected(let own) = error else { throw error }
            let mandate =
                context.actingFor == nil
                ? "no signer holds a mandate of it for \(act.name) that is in force"
                    + (spending == nil ? "" : " and has so much left")
                : "a mandate for \(act.name) does not count in a transaction that acts for an organization"
            throw .rejected(
                Rejection(
                    code: own.code, reason: own.reason, domain: own.domain, field: own.field,
                    message: "\(own.message), and \(mandate)", hint: own.hint, retryable: own.retryable))
        }
        return nil
    }

    /// Whether `party` itself signed. Marks no signature as needed.
    private static func isMet(
        _ party: Party, for operationClass: OperationClass, in context: OperationContext
    ) throws(Refusal) -> Bool {
        switch party {
        case .account(let address): return context.signers.contains(address)
        case .organization(let id):
            guard let profile = try Organizations.record(id, in: context.state)?.profile,
                let policy = profile.policy(for: operationClass)
            else { return false }
            return UInt64(signers(of: profile, under: policy, in: context).count) >= policy.threshold
        }
    }

    /// The members whose signatures count. Marks none of them.
    private static func signers(
        of profile: OrganizationProfile, under policy: ClassPolicy, in context: OperationContext
    ) -> [Address] {
        profile.members.filter { policy.admits($0) && context.signers.contains($0.account) }.map(\.account)
    }

    /// True if signatures of `signers` outside of a transaction speak for `party`: the account's own, or those of as many
    /// members as the organization's policy asks for. Nobody else may be among them.
    public static func isMet(
        by signers: [Address], for party: Party, _ operationClass: OperationClass, in state: any StateReader
    ) throws(Refusal) -> Bool {
        switch party {
        case .account(let address): return signers == [address]
        case .organization(let id):
            guard let profile = try Organizations.record(id, in: state)?.profile,
                let policy = profile.policy(for: operationClass), UInt64(signers.count) >= policy.threshold
            else { return false }
            return signers.allSatisfy { signer in
                profile.members.contains { $0.account == signer && policy.admits($0) }
            }
        }
    }

    static func require(
        _ profile: OrganizationProfile, _ id: OrganizationID, for operationClass: OperationClass,
        in context: OperationContext, field: String
    ) throws(Refusal) {
        guard let policy = profile.policy(for: operationClass) else {
            throw .failed(StateFailure("the organization \(id) has no policy of administration"))
        }
        let signed = signers(of: profile, under: policy, in: context)
        for account in signed { _ = context.isSigned(by: account) }
        guard UInt64(signed.count) >= policy.threshold else {
            let roles = policy.roles.isEmpty ? "" : " of the roles \(policy.roles.map(\.name).joined(separator: ", "))"
            throw IdentityRejection.thresholdNotMet.at(
                field,
                "\(signed.count) of \(policy.threshold) members\(roles) signed for operations of class "
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
