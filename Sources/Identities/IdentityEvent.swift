public import Encoding
public import Primitives
public import StateModel

/// What an event tells of an account and its sponsor.
public struct SponsorStep: CBORCodable, Codable, Hashable, Sendable {
    public let account: Address
    public let kind: PartyKind
    public let sponsor: Party
    public let previous: Party?

    public func encode(into writer: inout CBORWriter) {
        writer.array(4)
        writer.write(account)
        writer.write(kind)
        writer.write(sponsor)
        writer.write(previous)
    }

    init(account: Address, kind: PartyKind, sponsor: Party, previous: Party?) {
        self.account = account
        self.kind = kind
        self.sponsor = sponsor
        self.previous = previous
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 4) { (reader) throws(EncodingFailure) in
            SponsorStep(
                account: try reader.value("account"), kind: try reader.value("kind"),
                sponsor: try reader.value("sponsor"), previous: try reader.optional("previous"))
        }
    }
}

/// What an event tells of an organization.
public struct OrganizationStep: CBORCodable, Codable, Hashable, Sendable {
    public let organization: OrganizationID
    public let revision: UInt64
    /// Members that were none before, ascending.
    public let joined: [Address]
    public let left: [Address]

    init(organization: OrganizationID, revision: UInt64, joined: [Address], left: [Address]) {
        self.organization = organization
        self.revision = revision
        self.joined = joined
        self.left = left
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(4)
        writer.write(organization)
        writer.write(revision)
        writer.write(joined)
        writer.write(left)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 4) { (reader) throws(EncodingFailure) in
            OrganizationStep(
                organization: try reader.value("organization"), revision: try reader.unsigned("revision"),
                joined: try reader.sortedList("joined", max: IdentityLimits.members, by: { (one: Address) in one }),
                left: try reader.sortedList("left", max: IdentityLimits.members, by: { (one: Address) in one }))
        }
    }
}

/// What an event tells of a credential.
public struct CredentialStep: CBORCodable, Codable, Hashable, Sendable {
    public let credential: CredentialID
    public let issuer: Party
    public let subject: Party
    public let credentialType: CredentialType
    /// Of a guardianship.
    public let concerning: Party?
    /// Of a revocation.
    public let reason: RevocationReason?

    init(_ record: CredentialRecord) {
        credential = record.id
        issuer = record.issuer
        subject = record.claim.subject
        credentialType = record.claim.credentialType
        concerning = record.claim.concerning
        reason = record.revocation?.reason
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(6)
        writer.write(credential)
        writer.write(issuer)
        writer.write(subject)
        writer.write(credentialType)
        writer.write(concerning)
        writer.write(reason)
    }

    private init(fields reader: inout CBORReader) throws(EncodingFailure) {
        credential = try reader.value("credential")
        issuer = try reader.value("issuer")
        subject = try reader.value("subject")
        credentialType = try reader.value("credentialType")
        concerning = try reader.optional("concerning")
        reason = try reader.optional("reason")
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 6) { (reader) throws(EncodingFailure) in
            try CredentialStep(fields: &reader)
        }
    }
}

/// What an event tells of a delegation.
public struct DelegationStep: CBORCodable, Codable, Hashable, Sendable {
    public let delegation: DelegationID
    public let grantor: Party
    public let delegate: Party
    /// Of a revocation.
    public let reason: RevocationReason?

    init(_ record: DelegationRecord) {
        self.init(
            delegation: record.id, grantor: record.grantor, delegate: record.grant.delegate,
            reason: record.revocation?.reason)
    }

    private init(delegation: DelegationID, grantor: Party, delegate: Party, reason: RevocationReason?) {
        self.delegation = delegation
        self.grantor = grantor
        self.delegate = delegate
        self.reason = reason
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(4)
        writer.write(delegation)
        writer.write(grantor)
        writer.write(delegate)
        writer.write(reason)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 4) { (reader) throws(EncodingFailure) in
            DelegationStep(
                delegation: try reader.value("delegation"), grantor: try reader.value("grantor"),
                delegate: try reader.value("delegate"), reason: try reader.optional("reason"))
        }
    }
}

/// What an event tells of a mandate.
public struct MandateStep: CBORCodable, Codable, Hashable, Sendable {
    public let mandate: MandateID
    public let grantor: Party
    public let delegate: Address
    /// Of a use: what was done by it.
    public let operation: MandatedAct?
    /// Of a use that spent something, in the asset of the mandate's limit.
    public let amount: Amount?

    init(_ record: MandateRecord, operation: MandatedAct? = nil, amount: Amount? = nil) {
        self.init(
            mandate: record.id, grantor: record.grantor, delegate: record.grant.delegate, operation: operation,
            amount: amount)
    }

    private init(
        mandate: MandateID, grantor: Party, delegate: Address, operation: MandatedAct?, amount: Amount?
    ) {
        self.mandate = mandate
        self.grantor = grantor
        self.delegate = delegate
        self.operation = operation
        self.amount = amount
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(5)
        writer.write(mandate)
        writer.write(grantor)
        writer.write(delegate)
        writer.write(operation)
        writer.write(amount)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 5) { (reader) throws(EncodingFailure) in
            MandateStep(
                mandate: try reader.value("mandate"), grantor: try reader.value("grantor"),
                delegate: try reader.value("delegate"), operation: try reader.optional("operation"),
                amount: try reader.optional("amount"))
        }
    }
}

/// The facts that the domain makes. Bytes: `[kind, body]`; JSON: the body's fields beside `type`.
public enum IdentityEvent: LedgerEvent {
    case accountSponsored(SponsorStep)
    case sponsorChanged(SponsorStep)
    case organizationCreated(OrganizationStep)
    case organizationUpdated(OrganizationStep)
    case credentialOffered(CredentialStep)
    case credentialAccepted(CredentialStep)
    case credentialDeclined(CredentialStep)
    case credentialRevoked(CredentialStep)
    case delegationGranted(DelegationStep)
    case delegationRevoked(DelegationStep)
    case mandateGranted(MandateStep)
    case mandateRevoked(MandateStep)
    case mandateUsed(MandateStep)
    case accreditorChanged(AccreditorRecord)
    case guardiansArranged(GuardianStep)
    case recoveryStarted(RecoveryStep)
    case recoveryApproved(RecoveryStep)
    case recoveryWithdrawn(RecoveryStep)
    case recoveryEnded(RecoveryStep)
    case keyReplaced(KeyStep)

    public static let domain = DomainNumber.identities

    /// In the order of their kinds in the bytes.
    public static let names = [
        "identity.sponsored", "identity.sponsorChanged", "organization.created", "organization.updated",
        "credential.offered", "credential.accepted", "credential.declined", "credential.revoked",
        "delegation.granted", "delegation.revoked", "mandate.granted", "mandate.revoked", "mandate.used",
        "identity.accreditorChanged",
        "recovery.arranged", "recovery.started", "recovery.approved", "recovery.withdrawn", "recovery.ended",
        "key.replaced",
    ]

    private var kind: Int {
        switch self {
        case .accountSponsored: 0
        case .sponsorChanged: 1
        case .organizationCreated: 2
        case .organizationUpdated: 3
        case .credentialOffered: 4
        case .credentialAccepted: 5
        case .credentialDeclined: 6
        case .credentialRevoked: 7
        case .delegationGranted: 8
        case .delegationRevoked: 9
        case .mandateGranted: 10
        case .mandateRevoked: 11
        case .mandateUsed: 12
        case .accreditorChanged: 13
        case .guardiansArranged: 14
        case .recoveryStarted: 15
        case .recoveryApproved: 16
        case .recoveryWithdrawn: 17
        case .recoveryEnded: 18
        case .keyReplaced: 19
        }
    }

    public var name: String { Self.names[kind] }

    private var body: any CBORCodable & Codable {
        switch self {
        case .accountSponsored(let step), .sponsorChanged(let step): step
        case .organizationCreated(let step), .organizationUpdated(let step): step
        case .credentialOffered(let step), .credentialAccepted(let step), .credentialDeclined(let step),
            .credentialRevoked(let step):
            step
        case .delegationGranted(let step), .delegationRevoked(let step): step
        case .mandateGranted(let step), .mandateRevoked(let step), .mandateUsed(let step): step
        case .accreditorChanged(let record): record
        case .guardiansArranged(let step): step
        case .recoveryStarted(let step), .recoveryApproved(let step), .recoveryWithdrawn(let step),
            .recoveryEnded(let step):
            step
        case .keyReplaced(let step): step
        }
    }

    public var topics: [Topic] {
        switch self {
        case .accountSponsored(let step), .sponsorChanged(let step):
            [.party(.account(step.account)), .party(step.sponsor)] + (step.previous.map { [.party($0)] } ?? [])
        case .organizationCreated(let step), .organizationUpdated(let step):
            [.party(.organization(step.organization))]
                + (step.joined + step.left).map { .party(.account($0)) }
        case .credentialOffered(let step), .credentialAccepted(let step), .credentialDeclined(let step),
            .credentialRevoked(let step):
            [.party(step.subject), .party(step.issuer)] + (step.concerning.map { [.party($0)] } ?? [])
        case .delegationGranted(let step), .delegationRevoked(let step):
            [.party(step.delegate), .party(step.grantor)]
        case .mandateGranted(let step), .mandateRevoked(let step), .mandateUsed(let step):
            [.party(.account(step.delegate)), .party(step.grantor)]
        case .accreditorChanged(let record): [.party(record.party)]
        case .guardiansArranged(let step):
            [.party(.account(step.account))] + (step.guardians + step.left).map { .party($0) }
        case .recoveryStarted(let step), .recoveryApproved(let step), .recoveryWithdrawn(let step),
            .recoveryEnded(let step):
            [.party(.account(step.account))] + step.concerned.map { .party($0) }
        case .keyReplaced(let step): [.party(.account(step.account))]
        }
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(UInt64(kind))
        body.encode(into: &writer)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 2) { (reader) throws(EncodingFailure) in
            switch try reader.unsigned("kind") {
            case 0: .accountSponsored(try reader.value())
            case 1: .sponsorChanged(try reader.value())
            case 2: .organizationCreated(try reader.value())
            case 3: .organizationUpdated(try reader.value())
            case 4: .credentialOffered(try reader.value())
            case 5: .credentialAccepted(try reader.value())
            case 6: .credentialDeclined(try reader.value())
            case 7: .credentialRevoked(try reader.value())
            case 8: .delegationGranted(try reader.value())
            case 9: .delegationRevoked(try reader.value())
            case 10: .mandateGranted(try reader.value())
            case 11: .mandateRevoked(try reader.value())
            case 12: .mandateUsed(try reader.value())
            case 13: .accreditorChanged(try reader.value())
            case 14: .guardiansArranged(try reader.value())
            case 15: .recoveryStarted(try reader.value())
            case 16: .recoveryApproved(try reader.value())
            case 17: .recoveryWithdrawn(try reader.value())
            case 18: .recoveryEnded(try reader.value())
            case 19: .keyReplaced(try reader.value())
            default: throw reader.failure(.unknownCase, "kind")
            }
        }
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: OperationTypeKey.self)
        let type = try container.decode(String.self, forKey: .type)
        switch Self.names.firstIndex(of: type) {
        case 0: self = .accountSponsored(try SponsorStep(from: decoder))
        case 1: self = .sponsorChanged(try SponsorStep(from: decoder))
        case 2: self = .organizationCreated(try OrganizationStep(from: decoder))
        case 3: self = .organizationUpdated(try OrganizationStep(from: decoder))
        case 4: self = .credentialOffered(try CredentialStep(from: decoder))
        case 5: self = .credentialAccepted(try CredentialStep(from: decoder))
        case 6: self = .credentialDeclined(try CredentialStep(from: decoder))
        case 7: self = .credentialRevoked(try CredentialStep(from: decoder))
        case 8: self = .delegationGranted(try DelegationStep(from: decoder))
        case 9: self = .delegationRevoked(try DelegationStep(from: decoder))
        case 10: self = .mandateGranted(try MandateStep(from: decoder))
        case 11: self = .mandateRevoked(try MandateStep(from: decoder))
        case 12: self = .mandateUsed(try MandateStep(from: decoder))
        case 13: self = .accreditorChanged(try AccreditorRecord(from: decoder))
        case 14: self = .guardiansArranged(try GuardianStep(from: decoder))
        case 15: self = .recoveryStarted(try RecoveryStep(from: decoder))
        case 16: self = .recoveryApproved(try RecoveryStep(from: decoder))
        case 17: self = .recoveryWithdrawn(try RecoveryStep(from: decoder))
        case 18: self = .recoveryEnded(try RecoveryStep(from: decoder))
        case 19: self = .keyReplaced(try KeyStep(from: decoder))
        default:
            throw DecodingError.dataCorruptedError(
                forKey: .type, in: container,
                debugDescription: "expected one of \(Self.names.joined(separator: ", "))")
        }
    }

    public func encode(to encoder: any Encoder) throws {
        try body.encode(to: encoder)
        var container = encoder.container(keyedBy: OperationTypeKey.self)
        try container.encode(name, forKey: .type)
    }
}
