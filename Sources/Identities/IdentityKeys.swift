public import Primitives
public import StateModel

/// Every state key of the domain (domain number 1).
///
/// | key | record | written by |
/// |---|---|---|
/// | `[1, 0, address]` | ``AccountRecord`` | identity.sponsor, identity.changeSponsor, every transaction (sequence) |
/// | `[1, 1, organization]` | ``OrganizationRecord`` | organization.create, organization.update |
/// | `[1, 2, credential]` | ``CredentialRecord`` | credential.* |
/// | `[1, 3, subject, type]` | ``AcceptedCredentials`` | credential.accept |
/// | `[1, 4, delegation]` | ``DelegationRecord`` | delegation.* |
/// | `[1, 5, party]` | ``AccreditorRecord`` | genesis |
/// | `[1, 6, party]` | ``SponsorRecord`` | identity.*, the accounting of state bytes |
/// | `[1, 7]` | ``IdentityParameters`` | genesis |
/// | `[1, 8, mandate]` | ``MandateRecord`` | mandate.*, every act done by it |
/// | `[1, 9, grantor, delegate]` | ``OpenMandates`` | mandate.*, the last use |
/// | `[1, 10, key]` | ``KeyRecord`` | key.rotate, recovery.*, the end of a recovery's delay |
/// | `[1, 11, account]` | ``GuardianRecord`` | recovery.*, key.rotate, the end of a recovery's delay |
/// | `[1, 12, recovery]` | ``RecoveryRecord`` | recovery.*, key.rotate, the end of a recovery's delay |
/// | `[1, 13, subject, type]` | ``EarlierCredentials`` | credential.accept, where it needs room |
/// | `[1, 14, guardian, ward]` | ``AcceptedCredentials`` | credential.accept |
/// | `[1, 15, guardian, ward]` | ``EarlierCredentials`` | credential.accept, where it needs room |
public enum IdentityKeys {
    static let accountKind: UInt8 = 0
    static let organizationKind: UInt8 = 1
    static let credentialKind: UInt8 = 2
    static let delegationKind: UInt8 = 4
    static let accreditorKind: UInt8 = 5
    static let sponsorKind: UInt8 = 6
    static let mandateKind: UInt8 = 8
    static let guardianKind: UInt8 = 11
    static let recoveryKind: UInt8 = 12

    public static func account(_ address: Address) -> RecordKey<AccountRecord> {
        RecordKey(StateKey(.identities, accountKind, address))
    }

    public static func organization(_ id: OrganizationID) -> RecordKey<OrganizationRecord> {
        RecordKey(StateKey(.identities, organizationKind, id))
    }

    public static func credential(_ id: CredentialID) -> RecordKey<CredentialRecord> {
        RecordKey(StateKey(.identities, credentialKind, id))
    }

    public static func accepted(_ subject: Party, _ type: CredentialType) -> RecordKey<AcceptedCredentials> {
        RecordKey(StateKey(.identities, 3, subject, type))
    }

    static func earlier(_ subject: Party, _ type: CredentialType) -> RecordKey<EarlierCredentials> {
        RecordKey(StateKey(.identities, 13, subject, type))
    }

    public static func guardianships(_ guardian: Party, of ward: Party) -> RecordKey<AcceptedCredentials> {
        RecordKey(StateKey(.identities, 14, guardian, ward))
    }

    static func earlierGuardianships(_ guardian: Party, of ward: Party) -> RecordKey<EarlierCredentials> {
        RecordKey(StateKey(.identities, 15, guardian, ward))
    }

    public static func delegation(_ id: DelegationID) -> RecordKey<DelegationRecord> {
        RecordKey(StateKey(.identities, delegationKind, id))
    }

    public static func accreditor(_ party: Party) -> RecordKey<AccreditorRecord> {
        RecordKey(StateKey(.identities, accreditorKind, party))
    }

    public static func sponsor(_ party: Party) -> RecordKey<SponsorRecord> {
        RecordKey(StateKey(.identities, sponsorKind, party))
    }

    public static let parameters = RecordKey<IdentityParameters>(StateKey(.identities, 7))

    public static func mandate(_ id: MandateID) -> RecordKey<MandateRecord> {
        RecordKey(StateKey(.identities, mandateKind, id))
    }

    public static func openMandates(_ grantor: Party, _ delegate: Address) -> RecordKey<OpenMandates> {
        RecordKey(StateKey(.identities, 9, grantor, delegate))
    }

    public static func key(_ key: Address) -> RecordKey<KeyRecord> { RecordKey(StateKey(.identities, 10, key)) }

    public static func guardians(_ account: Address) -> RecordKey<GuardianRecord> {
        RecordKey(StateKey(.identities, guardianKind, account))
    }

    public static func recovery(_ id: RecoveryID) -> RecordKey<RecoveryRecord> {
        RecordKey(StateKey(.identities, recoveryKind, id))
    }
}
