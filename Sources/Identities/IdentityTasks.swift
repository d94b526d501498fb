internal import Primitives
internal import StateModel

/// What of the domain waits for a party.
enum IdentityTasks {
    static let all = [offered, ending, recovered, guarded, mandates]

    /// Credentials to accept.
    private static let offered = TaskSource(
        IdentityQueries.credentials,
        { IdentityQueries.CredentialsParameters(subject: $0, issuer: nil, credentialType: nil) },
        tasks: { (view: CredentialView, _, _) throws(Refusal) in
            guard view.status == .offered else { return [] }
            return [
                PartyTask(
                    AcceptCredential.name, from: view.credential.issuer, since: view.credential.offeredAt,
                    deadline: view.credential.claim.validUntil
                ) { $0.credential = view.credential.id }
            ]
        })

    /// Credentials of others that the party issued and that are about to end: it may offer them anew.
    private static let ending = TaskSource(
        IdentityQueries.credentials,
        { IdentityQueries.CredentialsParameters(subject: nil, issuer: $0, credentialType: nil) },
        tasks: { (view: CredentialView, _, context) throws(Refusal) in
            guard view.status == .accepted, let end = view.credential.claim.validUntil,
                TaskSource.isNear(end, in: context)
            else { return [] }
            return [
                PartyTask(
                    OfferCredential.name, from: view.credential.claim.subject, since: context.block.time, deadline: end
                ) { $0.credential = view.credential.id }
            ]
        })

    /// Recoveries of the party's own account: to be objected to, unless it asked for them.
    private static let recovered = TaskSource(
        IdentityQueries.recoveries,
        { (party) -> IdentityQueries.RecoveryParameters? in
            guard case .account(let address) = party else { return nil }
            return IdentityQueries.RecoveryParameters(account: address)
        },
        tasks: { (recovery: RecoveryRecord, _, _) throws(Refusal) in
            guard recovery.ending == nil else { return [] }
            return [
                PartyTask(
                    CancelRecovery.name, from: recovery.startedBy, since: recovery.startedAt,
                    deadline: recovery.completesAt ?? recovery.lapsesAt
                ) { $0.recovery = recovery.id }
            ]
        })

    /// Recoveries to approve as guardian.
    private static let guarded = TaskSource(
        IdentityQueries.guarded, { IdentityQueries.GuardianParameters(guardian: $0) },
        tasks: { (view: RecoveryView, guardian, _) throws(Refusal) in
            view.open.filter { open in
                open.completesAt == nil && !open.approvals.contains { $0.guardian == guardian }
            }.map { open in
                PartyTask(
                    ApproveRecovery.name, from: .account(view.account), since: open.startedAt, deadline: open.lapsesAt
                ) { $0.recovery = open.id }
            }
        })

    /// Mandates that the party granted and that are about to end.
    private static let mandates = TaskSource(
        IdentityQueries.mandates, { IdentityQueries.MandatesParameters(grantor: $0, delegate: nil) },
        tasks: { (view: MandateView, grantor, context) throws(Refusal) in
            guard view.status == .inForce, TaskSource.isNear(view.mandate.grant.validUntil, in: context) else {
                return []
            }
            return [
                PartyTask(
                    GrantMandate.name, from: .account(view.mandate.grant.delegate), since: context.block.time,
                    deadline: view.mandate.grant.validUntil
                ) { $0.mandate = view.mandate.id }
            ]
        })
}
