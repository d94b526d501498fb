public import Encoding
public import Primitives
public import StateModel

/// One account that may sign for an organization.
public struct Member: CBORCodable, Codable, Hashable, Sendable {
    public let account: Address
    public let role: MemberRole

    public init(account: Address, role: MemberRole) {
        self.account = account
        self.role = role
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(account)
        writer.write(role)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("member", count: 2) { (reader) throws(EncodingFailure) in
            Member(account: try reader.value("account"), role: try reader.value("role"))
        }
    }
}

/// How many members, of which roles, must sign for a class of operations.
public struct ClassPolicy: CBORCodable, Codable, Hashable, Sendable {
    public let operationClass: OperationClass
    public let threshold: UInt64
    /// Whose signatures count; empty: every member's. Ascending.
    public let roles: [MemberRole]

    public init(_ operationClass: OperationClass, threshold: UInt64, roles: [MemberRole] = []) {
        self.operationClass = operationClass
        self.threshold = threshold
        self.roles = roles
    }

    public func admits(_ member: Member) -> Bool { roles.isEmpty || roles.contains(member.role) }

    public func encode(into writer: inout CBORWriter) {
        writer.array(3)
        writer.write(operationClass)
        writer.write(threshold)
        writer.write(roles)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("policy", count: 3) { (reader) throws(EncodingFailure) in
            ClassPolicy(
                try reader.value("operationClass"), threshold: try reader.unsigned("threshold"),
                roles: try reader.sortedList(
                    "roles", max: MemberRole.allCases.count, by: { (role: MemberRole) in role.rawValue }))
        }
    }
}

/// What an organization decides about itself; ``OrganizationRecord`` adds what the ledger knows of it.
public struct OrganizationProfile: CBORCodable, Codable, Hashable, Sendable {
    public let kind: PartyKind
    /// The public name of the institution, never of a person.
    public let name: String
    /// The country or subdivision whose law it is under: `DE`, `US-CA`.
    public let jurisdiction: String
    /// Ascending by scheme, one per scheme.
    public let identifiers: [InstitutionIdentifier]
    /// Ascending by account.
    public let members: [Member]
    /// Ascending by class; a class that is not named is decided as administration is.
    public let policies: [ClassPolicy]
    /// Compressed point of secp256k1 to which HPKE messages for the organization are sealed.
    public let messageKey: ByteString?

    public init(
        kind: PartyKind, name: String, jurisdiction: String, identifiers: [InstitutionIdentifier] = [],
        members: [Member], policies: [ClassPolicy], messageKey: ByteString? = nil
    ) {
        self.kind = kind
        self.name = name
        self.jurisdiction = jurisdiction
        self.identifiers = identifiers
        self.members = members
        self.policies = policies
        self.messageKey = messageKey
    }

    /// The policy that decides a class. A profile that passed the rules of its operation always has one.
    public func policy(for operationClass: OperationClass) -> ClassPolicy? {
        policies.first { $0.operationClass == operationClass }
            ?? policies.first { $0.operationClass == .administration }
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(7)
        writer.write(kind)
        writer.write(name)
        writer.write(jurisdiction)
        writer.write(identifiers)
        writer.write(members)
        writer.write(policies)
        if let messageKey { writer.write(bytes: messageKey.bytes) } else { writer.writeNull() }
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("profile", count: 7) { (reader) throws(EncodingFailure) in
            OrganizationProfile(
                kind: try reader.value("kind"), name: try reader.text("name", max: IdentityLimits.nameBytes),
                jurisdiction: try reader.text("jurisdiction", max: IdentityLimits.jurisdictionBytes),
                identifiers: try reader.sortedList(
                    "identifiers", max: IdentityLimits.institutionIdentifiers,
                    by: { (identifier: InstitutionIdentifier) in identifier.scheme.rawValue }),
                members: try reader.members(), policies: try reader.policies(),
                messageKey: try reader.messageKey())
        }
    }
}

/// A party whose id survives its keys.
public struct OrganizationRecord: CBORCodable, Codable, Hashable, Sendable {
    public var profile: OrganizationProfile
    public let createdAt: Timestamp
    public let createdHeight: Height
    public var updatedAt: Timestamp
    /// How often the profile changed; a wallet sees that the members it knew are no longer all.
    public var revision: UInt64

    public init(
        profile: OrganizationProfile, createdAt: Timestamp, createdHeight: Height, updatedAt: Timestamp,
        revision: UInt64
    ) {
        self.profile = profile
        self.createdAt = createdAt
        self.createdHeight = createdHeight
        self.updatedAt = updatedAt
        self.revision = revision
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(5)
        writer.write(profile)
        writer.write(createdAt)
        writer.write(createdHeight)
        writer.write(updatedAt)
        writer.write(revision)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("organization", count: 5) { (reader) throws(EncodingFailure) in
            OrganizationRecord(
                profile: try reader.value("profile"), createdAt: try reader.value("createdAt"),
                createdHeight: try reader.value("createdHeight"), updatedAt: try reader.value("updatedAt"),
                revision: try reader.unsigned("revision"))
        }
    }
}

public enum Organizations {
    public static func record(
        _ id: OrganizationID, in state: any StateReader
    ) throws(Refusal) -> OrganizationRecord? {
        try state.record(IdentityKeys.organization(id))
    }

    /// True if the organization is an institution that holds an accepted accreditation in force at `time`.
    public static func isEnrolled(
        _ id: OrganizationID, at time: Timestamp, in state: any StateReader
    ) throws(Refusal) -> Bool {
        guard let record = try record(id, in: state), record.profile.kind == .institution else { return false }
        return try Credentials.holds(.organization(id), .accreditation, jurisdiction: nil, at: time, in: state)
    }

    public static func requireEnrolled(
        _ party: Party, field: String, in context: OperationContext
    ) throws(Refusal) {
        guard case .organization(let id) = party, try isEnrolled(id, at: context.block.time, in: context.state) else {
            throw IdentityRejection.notEnrolled.at(
                field, "\(party) is not an enrolled institution",
                hint: "An institution is enrolled by accepting a credential of type accreditation.")
        }
    }
}
