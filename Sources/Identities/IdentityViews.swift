public import Primitives
internal import StateModel

/// An account, as queries show it.
public struct AccountView: Codable, Hashable, Sendable {
    public let address: Address
    public let kind: PartyKind
    /// The sequence that its next transaction must carry.
    public let sequence: UInt64
    public let sponsor: Party?
    /// Whether the sponsor is an enrolled institution at this block; without one, only reserved acts get in.
    public let isSponsorEnrolled: Bool
    public let sponsoredAt: Timestamp
    public let createdAt: Timestamp
    public let createdHeight: Height
    /// What signs for the account now: its address, until its key is replaced.
    public let key: Address
    /// Nil while it has its first key.
    public let keySince: Timestamp?
}

public struct SequenceView: Codable, Hashable, Sendable {
    public let sequence: UInt64
}

/// A party, as queries show it.
public struct PartyView: Codable, Hashable, Sendable {
    public let party: Party
    public let kind: PartyKind
    /// Of an account.
    public let account: AccountView?
    /// Of an organization.
    public let organization: OrganizationRecord?
    /// True for an institution with an accreditation in force.
    public let isEnrolled: Bool
    /// If genesis entrusted the party with attesting.
    public let accreditor: AccreditorRecord?
    /// If the party sponsors accounts.
    public let sponsored: SponsorRecord?
    /// What the party holds at this block: one per type, the newest.
    public let credentials: [CredentialSummary]
}

public struct CredentialSummary: Codable, Hashable, Sendable {
    public let credential: CredentialID
    public let credentialType: CredentialType
    public let issuer: Party
    public let scope: CredentialScope
    public let validUntil: Timestamp?
}

public enum CredentialStatus: String, CaseIterable, Codable, Hashable, Sendable {
    case offered, accepted, declined, revoked, expired
    /// Accepted, and not yet valid.
    case notYetValid
    /// A link that the issuer's right hung from was revoked.
    case withdrawn
}

/// A credential, as queries show it.
public struct CredentialView: Codable, Hashable, Sendable {
    public let credential: CredentialRecord
    /// At this block.
    public let status: CredentialStatus

    init(_ record: CredentialRecord, at time: Timestamp, in state: any StateReader) throws(Refusal) {
        credential = record
        let isOver = record.claim.validUntil.map { $0 <= time } ?? false
        if record.revocation != nil {
            status = .revoked
        } else if record.declinedAt != nil {
            status = .declined
        } else if try !Delegations.isIntact(record.delegation, issuer: record.issuer, at: time, in: state) {
            status = .withdrawn
        } else if isOver {
            status = .expired
        } else if record.acceptedAt == nil {
            status = .offered
        } else {
            status = record.claim.validFrom <= time ? .accepted : .notYetValid
        }
    }
}

/// A delegation, as queries show it.
public struct DelegationView: Codable, Hashable, Sendable {
    public let delegation: DelegationRecord
    /// Whether credentials may be issued under it at this block.
    public let isInForce: Bool

    init(_ record: DelegationRecord, at time: Timestamp, in state: any StateReader) throws(Refusal) {
        delegation = record
        let isIntact = try Delegations.isIntact(record.id, issuer: record.grantor, at: time, in: state)
        let isInTime = record.grant.validFrom <= time && (record.grant.validUntil.map { time < $0 } ?? true)
        isInForce = isIntact && isInTime
    }
}

public enum MandateStatus: String, CaseIterable, Codable, Hashable, Sendable {
    case inForce, revoked, spent, expired
}

/// A mandate, as queries show it.
public struct MandateView: Codable, Hashable, Sendable {
    public let mandate: MandateRecord
    /// At this block.
    public let status: MandateStatus
    /// Nil if the uses are not limited.
    public let usesLeft: UInt64?
    /// What may still be spent; nil where nothing moves money.
    public let limitLeft: MandateLimit?

    init(_ record: MandateRecord, at time: Timestamp) {
        mandate = record
        usesLeft = record.usesLeft
        limitLeft = record.limitLeft
        status =
            if record.revocation != nil {
                .revoked
            } else if record.isSpent {
                .spent
            } else {
                record.isInForce(at: time) ? .inForce : .expired
            }
    }
}

/// What an account arranged for the loss of its key, and what guardians have under way.
public struct RecoveryView: Codable, Hashable, Sendable {
    public let account: Address
    /// What speaks for it now.
    public let key: Address
    public let policy: GuardianPolicy?
    public let since: Timestamp?
    public let open: [RecoveryRecord]

    init(_ account: Address, in state: any StateReader) throws(Refusal) {
        let guardians = try Recoveries.guardians(of: account, in: state)
        self.account = account
        key = try AccountKeys.key(of: account, in: state)
        policy = guardians?.policy
        since = guardians?.since
        open = try guardians.map { (record) throws(Refusal) in try Recoveries.open(of: record, in: state) } ?? []
    }
}

/// Whose key it is.
public struct KeyView: Codable, Hashable, Sendable {
    public let key: Address
    public let account: Address
    /// Whether it speaks for the account at this block.
    public let speaks: Bool
    /// Nil of a key that a recovery asks for.
    public let since: Timestamp?
    public let until: Timestamp?
    /// What the account's next new key must prove itself by.
    public let changes: UInt64
}

/// An organization in a list.
public struct OrganizationView: Codable, Hashable, Sendable {
    public let id: OrganizationID
    public let profile: OrganizationProfile
    public let revision: UInt64
    public let isEnrolled: Bool
}

/// Whether a party held a credential at a time, and which.
public struct HoldingView: Codable, Hashable, Sendable {
    public let holds: Bool
    public let credential: CredentialID?
    public let at: Timestamp
}
