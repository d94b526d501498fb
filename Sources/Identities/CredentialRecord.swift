public import Encoding
public import Primitives

/// Where, and for what, a credential stands.
public struct CredentialScope: CBORCodable, Codable, Hashable, Sendable {
    /// ISO 3166 codes, ascending; empty: everywhere. A country covers its subdivisions.
    public let jurisdictions: [String]
    /// Codes of specialties, ascending.
    public let specialties: [String]
    /// Of an affiliation, and of nothing else.
    public let role: AffiliationRole?

    public init(jurisdictions: [String] = [], specialties: [String] = [], role: AffiliationRole? = nil) {
        self.jurisdictions = jurisdictions
        self.specialties = specialties
        self.role = role
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(3)
        writer.write(texts: jurisdictions)
        writer.write(texts: specialties)
        writer.write(role)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("scope", count: 3) { (reader) throws(EncodingFailure) in
            CredentialScope(
                jurisdictions: try reader.sortedTexts(
                    "jurisdictions", max: IdentityLimits.jurisdictions, bytes: IdentityLimits.jurisdictionBytes),
                specialties: try reader.sortedTexts(
                    "specialties", max: IdentityLimits.specialties, bytes: IdentityLimits.specialtyBytes),
                role: try reader.optional("role"))
        }
    }
}

/// A person's identifier, hidden: tagged hash of salt, scheme and identifier. The holder shows salt and identifier to
/// whom it wishes.
public struct PersonCommitment: CBORCodable, Codable, Hashable, Sendable {
    public let scheme: PersonScheme
    public let commitment: Hash

    public init(scheme: PersonScheme, commitment: Hash) {
        self.scheme = scheme
        self.commitment = commitment
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(scheme)
        writer.write(commitment)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("commitment", count: 2) { (reader) throws(EncodingFailure) in
            PersonCommitment(scheme: try reader.value("scheme"), commitment: try reader.value("commitment"))
        }
    }
}

/// What an issuer attests.
public struct CredentialClaim: CBORCodable, Codable, Hashable, Sendable {
    public let subject: Party
    public let credentialType: CredentialType
    public let scope: CredentialScope
    public let validFrom: Timestamp
    /// The first moment at which it no longer holds; nil: no end.
    public let validUntil: Timestamp?
    /// Salted commitment to what the issuer saw.
    public let evidence: Hash?
    /// Ascending by scheme.
    public let identifiers: [PersonCommitment]
    /// The patient for whom a guardian may consent; of a guardianship, and of nothing else.
    public let concerning: Party?
    /// What was accepted or granted: hash of the terms (acceptedTerms), id of the dataset (controlledAccess).
    public let resource: Hash?

    public init(
        subject: Party, credentialType: CredentialType, scope: CredentialScope = CredentialScope(),
        validFrom: Timestamp, validUntil: Timestamp? = nil, evidence: Hash? = nil,
        identifiers: [PersonCommitment] = [], concerning: Party? = nil, resource: Hash? = nil
    ) {
        self.subject = subject
        self.credentialType = credentialType
        self.scope = scope
        self.validFrom = validFrom
        self.validUntil = validUntil
        self.evidence = evidence
        self.identifiers = identifiers
        self.concerning = concerning
        self.resource = resource
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(9)
        writer.write(subject)
        writer.write(credentialType)
        writer.write(scope)
        writer.write(validFrom)
        writer.write(validUntil)
        writer.write(evidence)
        writer.write(identifiers)
        writer.write(concerning)
        writer.write(resource)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("claim", count: 9) { (reader) throws(EncodingFailure) in
            CredentialClaim(
                subject: try reader.value("subject"), credentialType: try reader.value("credentialType"),
                scope: try reader.value("scope"), validFrom: try reader.value("validFrom"),
                validUntil: try reader.optional("validUntil"), evidence: try reader.optional("evidence"),
                identifiers: try reader.sortedList(
                    "identifiers", max: IdentityLimits.personIdentifiers,
                    by: { (commitment: PersonCommitment) in commitment.scheme.rawValue }),
                concerning: try reader.optional("concerning"), resource: try reader.optional("resource"))
        }
    }
}

public struct Revocation: CBORCodable, Codable, Hashable, Sendable {
    public let at: Timestamp
    public let by: Party
    public let reason: RevocationReason

    public init(at: Timestamp, by: Party, reason: RevocationReason) {
        self.at = at
        self.by = by
        self.reason = reason
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(3)
        writer.write(at)
        writer.write(by)
        writer.write(reason)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("revocation", count: 3) { (reader) throws(EncodingFailure) in
            Revocation(at: try reader.value("at"), by: try reader.value("by"), reason: try reader.value("reason"))
        }
    }
}

/// Offered by its issuer, accepted or declined by its subject, and over by its own end, by revocation, or by that of a
/// link that its issuer's right hangs from. Every step is dated, so the record answers for the past too.
public struct CredentialRecord: CBORCodable, Codable, Hashable, Sendable {
    public let id: CredentialID
    public let issuer: Party
    /// By which the issuer may; nil: the issuer is an accreditor.
    public let delegation: DelegationID?
    public let claim: CredentialClaim
    public let offeredAt: Timestamp
    public var acceptedAt: Timestamp?
    public var declinedAt: Timestamp?
    public var revocation: Revocation?

    public init(
        id: CredentialID, issuer: Party, delegation: DelegationID?, claim: CredentialClaim, offeredAt: Timestamp,
        acceptedAt: Timestamp? = nil, declinedAt: Timestamp? = nil, revocation: Revocation? = nil
    ) {
        self.id = id
        self.issuer = issuer
        self.delegation = delegation
        self.claim = claim
        self.offeredAt = offeredAt
        self.acceptedAt = acceptedAt
        self.declinedAt = declinedAt
        self.revocation = revocation
    }

    /// Whether the record alone lets it hold at `time`; the issuer's chain is asked for by ``Credentials``.
    public func isAccepted(at time: Timestamp) -> Bool {
        guard let acceptedAt, acceptedAt <= time, claim.validFrom <= time else { return false }
        if let end = claim.validUntil, end <= time { return false }
        if let revocation, revocation.at <= time { return false }
        return true
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(8)
        writer.write(id)
        writer.write(issuer)
        writer.write(delegation)
        writer.write(claim)
        writer.write(offeredAt)
        writer.write(acceptedAt)
        writer.write(declinedAt)
        writer.write(revocation)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("credential", count: 8) { (reader) throws(EncodingFailure) in
            CredentialRecord(
                id: try reader.value("id"), issuer: try reader.value("issuer"),
                delegation: try reader.optional("delegation"), claim: try reader.value("claim"),
                offeredAt: try reader.value("offeredAt"), acceptedAt: try reader.optional("acceptedAt"),
                declinedAt: try reader.optional("declinedAt"), revocation: try reader.optional("revocation"))
        }
    }
}
