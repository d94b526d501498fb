public import Encoding
public import Primitives

/// What a grant allows.
public struct DelegationGrant: CBORCodable, Codable, Hashable, Sendable {
    public let delegate: Party
    /// What may be issued, ascending by code.
    public let types: [CredentialType]
    /// Where it may be issued for, ascending; empty: as far as the grantor may.
    public let jurisdictions: [String]
    /// Whether the delegate may grant further.
    public let mayDelegate: Bool
    public let validFrom: Timestamp
    /// The first moment at which nothing may be issued under it any more; what was issued stands.
    public let validUntil: Timestamp?

    public init(
        delegate: Party, types: [CredentialType], jurisdictions: [String] = [], mayDelegate: Bool = false,
        validFrom: Timestamp, validUntil: Timestamp? = nil
    ) {
        self.delegate = delegate
        self.types = types
        self.jurisdictions = jurisdictions
        self.mayDelegate = mayDelegate
        self.validFrom = validFrom
        self.validUntil = validUntil
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(6)
        writer.write(delegate)
        writer.write(types)
        writer.write(texts: jurisdictions)
        writer.write(mayDelegate)
        writer.write(validFrom)
        writer.write(validUntil)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("grant", count: 6) { (reader) throws(EncodingFailure) in
            DelegationGrant(
                delegate: try reader.value("delegate"), types: try reader.credentialTypes("types"),
                jurisdictions: try reader.sortedTexts(
                    "jurisdictions", max: IdentityLimits.jurisdictions, bytes: IdentityLimits.jurisdictionBytes),
                mayDelegate: try reader.boolean("mayDelegate"), validFrom: try reader.value("validFrom"),
                validUntil: try reader.optional("validUntil"))
        }
    }
}

/// A link between a genesis accreditor and those who issue.
public struct DelegationRecord: CBORCodable, Codable, Hashable, Sendable {
    public let id: DelegationID
    public let grantor: Party
    /// The link by which the grantor may; nil: the grantor is an accreditor.
    public let parent: DelegationID?
    /// Links up to the accreditor, this one counted: 1...4.
    public let depth: UInt64
    public let grant: DelegationGrant
    public let grantedAt: Timestamp
    public var revocation: Revocation?

    public init(
        id: DelegationID, grantor: Party, parent: DelegationID?, depth: UInt64, grant: DelegationGrant,
        grantedAt: Timestamp, revocation: Revocation? = nil
    ) {
        self.id = id
        self.grantor = grantor
        self.parent = parent
        self.depth = depth
        self.grant = grant
        self.grantedAt = grantedAt
        self.revocation = revocation
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(7)
        writer.write(id)
        writer.write(grantor)
        writer.write(parent)
        writer.write(depth)
        writer.write(grant)
        writer.write(grantedAt)
        writer.write(revocation)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("delegation", count: 7) { (reader) throws(EncodingFailure) in
            DelegationRecord(
                id: try reader.value("id"), grantor: try reader.value("grantor"),
                parent: try reader.optional("parent"),
                depth: try reader.unsigned("depth", max: UInt64(IdentityLimits.delegationDepth)),
                grant: try reader.value("grant"), grantedAt: try reader.value("grantedAt"),
                revocation: try reader.optional("revocation"))
        }
    }
}

/// Where a chain of delegation begins: a party that genesis, or a vote of the validators, entrusted with attesting.
public struct AccreditorRecord: CBORCodable, Codable, Hashable, Sendable {
    public let party: Party
    /// Ascending by code.
    public let types: [CredentialType]
    /// Ascending; empty: everywhere.
    public let jurisdictions: [String]
    public let accreditedAt: Timestamp
    public var revokedAt: Timestamp?

    public init(
        party: Party, types: [CredentialType], jurisdictions: [String], accreditedAt: Timestamp,
        revokedAt: Timestamp? = nil
    ) {
        self.party = party
        self.types = types
        self.jurisdictions = jurisdictions
        self.accreditedAt = accreditedAt
        self.revokedAt = revokedAt
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(5)
        writer.write(party)
        writer.write(types)
        writer.write(texts: jurisdictions)
        writer.write(accreditedAt)
        writer.write(revokedAt)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("accreditor", count: 5) { (reader) throws(EncodingFailure) in
            AccreditorRecord(
                party: try reader.value("party"), types: try reader.credentialTypes("types"),
                jurisdictions: try reader.sortedTexts(
                    "jurisdictions", max: IdentityLimits.jurisdictions, bytes: IdentityLimits.jurisdictionBytes),
                accreditedAt: try reader.value("accreditedAt"), revokedAt: try reader.optional("revokedAt"))
        }
    }
}

extension CBORReader {
    mutating func credentialTypes(_ field: String) throws(EncodingFailure) -> [CredentialType] {
        try sortedList(
            field, max: CredentialType.allCases.count, by: { (type: CredentialType) in type.rawValue })
    }
}
