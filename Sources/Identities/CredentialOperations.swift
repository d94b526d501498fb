public import Encoding
public import Primitives
public import StateModel

/// `credential.offer`: the acting party attests something of another. It holds once the subject has accepted.
public struct OfferCredential: DomainOperation {
    public static let name = "credential.offer"

    /// By which the issuer may; nil if the issuer is an accreditor.
    public let delegation: DelegationID?
    public let claim: CredentialClaim

    public init(delegation: DelegationID? = nil, claim: CredentialClaim) {
        self.delegation = delegation
        self.claim = claim
    }

    public var weight: UInt64 { 10 + 4 * UInt64(5 + IdentityLimits.delegationDepth) }

    public func check(in context: OperationContext) throws(Refusal) -> CredentialRecord {
        let issuer = context.actor
        let time = context.block.time
        try IssueRules.check(claim, by: issuer, at: time, in: context.state)
        try IssueRules.requireIssuer(issuer, of: claim.subject, in: context)
        try IssueRules.requireRight(issuer, delegation, claim, at: time, in: context.state)
        return CredentialRecord(
            id: context.madeIdentifier(), issuer: issuer, delegation: delegation, claim: claim, offeredAt: time)
    }

    public func apply(_ record: CredentialRecord, in context: OperationContext) throws(Refusal) {
        context.state.set(IdentityKeys.credential(record.id), record)
        context.emit(IdentityEvent.credentialOffered(CredentialStep(record)))
    }

    public func words(_ names: any NameResolver) -> [String] {
        var lines = ["Attest \(claim.credentialType.name) to \(names.party(claim.subject)), if it accepts"]
        if let role = claim.scope.role { lines.append("As \(role.name)") }
        if !claim.scope.jurisdictions.isEmpty {
            lines.append("In \(claim.scope.jurisdictions.joined(separator: ", "))")
        }
        if !claim.scope.specialties.isEmpty {
            lines.append("For the specialties \(claim.scope.specialties.joined(separator: ", "))")
        }
        if let ward = claim.concerning { lines.append("To consent for \(names.party(ward))") }
        lines.append("Valid from \(names.time(claim.validFrom))")
        if let end = claim.validUntil { lines.append("Valid until \(names.time(end))") }
        return lines
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(delegation)
        writer.write(claim)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 2) { (reader) throws(EncodingFailure) in
            OfferCredential(delegation: try reader.optional("delegation"), claim: try reader.value("claim"))
        }
    }
}

/// `credential.accept`: the subject takes what was attested of it.
public struct AcceptCredential: DomainOperation {
    public static let name = "credential.accept"

    public let credential: Reference<CredentialKind>

    public init(credential: Reference<CredentialKind>) { self.credential = credential }

    public struct Plan {
        let record: CredentialRecord
        let shelves: [CredentialShelf.Change]
    }

    /// Of a guardianship there are two shelves.
    public var weight: UInt64 { 10 + 4 * UInt64(5 + IdentityLimits.delegationDepth) + 2 * CredentialWeights.room }

    public func check(in context: OperationContext) throws(Refusal) -> Plan {
        let time = context.block.time
        var record = try CredentialRules.offered(credential, in: context)
        if let end = record.claim.validUntil, end <= time {
            throw IdentityRejection.credentialExpired.at("credential", "its validity ended at \(end.text)")
        }
        guard try Delegations.isIntact(record.delegation, issuer: record.issuer, at: time, in: context.state) else {
            throw IdentityRejection.delegationNotInForce.at(
                "credential", "the issuer's right was revoked after the offer")
        }
        var shelves: [CredentialShelf.Change] = []
        for shelf in CredentialShelf.all(of: record.claim) {
            shelves.append(try shelf.taking(record.id, field: "credential", at: time, in: context.state))
        }
        record.acceptedAt = time
        return Plan(record: record, shelves: shelves)
    }

    public func apply(_ plan: Plan, in context: OperationContext) throws(Refusal) {
        context.state.set(IdentityKeys.credential(plan.record.id), plan.record)
        for shelf in plan.shelves { shelf.write(in: context.state) }
        context.emit(IdentityEvent.credentialAccepted(CredentialStep(plan.record)))
    }

    public func words(_ names: any NameResolver) -> [String] {
        ["Accept the credential \(CredentialRules.words(credential, names))"]
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(1)
        writer.write(credential)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 1) { (reader) throws(EncodingFailure) in
            AcceptCredential(credential: try reader.value("credential"))
        }
    }
}

/// `credential.decline`: the subject does not want what was attested of it.
public struct DeclineCredential: DomainOperation {
    public static let name = "credential.decline"

    public let credential: Reference<CredentialKind>

    public init(credential: Reference<CredentialKind>) { self.credential = credential }

    public var weight: UInt64 { 10 + 4 * 3 }

    public func check(in context: OperationContext) throws(Refusal) -> CredentialRecord {
        var record = try CredentialRules.offered(credential, in: context)
        record.declinedAt = context.block.time
        return record
    }

    public func apply(_ record: CredentialRecord, in context: OperationContext) throws(Refusal) {
        context.state.set(IdentityKeys.credential(record.id), record)
        context.emit(IdentityEvent.credentialDeclined(CredentialStep(record)))
    }

    public func words(_ names: any NameResolver) -> [String] {
        ["Decline the credential \(CredentialRules.words(credential, names))"]
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(1)
        writer.write(credential)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 1) { (reader) throws(EncodingFailure) in
            DeclineCredential(credential: try reader.value("credential"))
        }
    }
}

/// `credential.revoke`: ends a credential, or takes back its offer. By its issuer, by anyone up the chain that the
/// issuer's right hangs from, or by its subject, who gives it up.
public struct RevokeCredential: DomainOperation {
    public static let name = "credential.revoke"

    public let credential: CredentialID
    public let reason: RevocationReason

    public init(credential: CredentialID, reason: RevocationReason) {
        self.credential = credential
        self.reason = reason
    }

    public var weight: UInt64 { 10 + 4 * UInt64(3 + IdentityLimits.delegationDepth) }

    public func check(in context: OperationContext) throws(Refusal) -> CredentialRecord {
        guard var record = try Credentials.record(credential, in: context.state) else {
            throw IdentityRejection.unknownCredential.at("credential", "there is no credential \(credential)")
        }
        guard record.declinedAt == nil, record.revocation == nil else {
            throw IdentityRejection.credentialEnded.at("credential", "it is declined or revoked already")
        }
        if let end = record.claim.validUntil, end <= context.block.time {
            throw IdentityRejection.credentialExpired.at("credential", "its validity ended at \(end.text)")
        }
        let actor = context.actor
        let grantors = try Delegations.chain(record.delegation, in: context.state).map(\.grantor)
        guard ([record.issuer, record.claim.subject] + grantors).contains(actor) else {
            throw IdentityRejection.notAuthorized.at(
                "credential", "\(actor) is neither issuer nor subject, and has not delegated to the issuer")
        }
        guard (reason == .surrendered) == (actor == record.claim.subject) else {
            throw IdentityRejection.notAuthorized.at(
                "reason", "a subject surrenders a credential, and nobody else does")
        }
        try Authority.require(actor, for: .credentials, in: context, field: "credential")
        record.revocation = Revocation(at: context.block.time, by: actor, reason: reason)
        return record
    }

    public func apply(_ record: CredentialRecord, in context: OperationContext) throws(Refusal) {
        context.state.set(IdentityKeys.credential(record.id), record)
        context.emit(IdentityEvent.credentialRevoked(CredentialStep(record)))
    }

    public func words(_ names: any NameResolver) -> [String] {
        ["Revoke the credential \(names.identifier(credential.description)) (\(reason.name)), from this block on"]
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(credential)
        writer.write(reason)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 2) { (reader) throws(EncodingFailure) in
            RevokeCredential(credential: try reader.value("credential"), reason: try reader.value("reason"))
        }
    }
}

enum CredentialRules {
    /// The credential, if it is offered and its subject signed.
    static func offered(
        _ reference: Reference<CredentialKind>, in context: OperationContext
    ) throws(Refusal) -> CredentialRecord {
        let id = try context.state.resolve(reference, in: context, domain: .identities, field: "credential")
        guard let record = try Credentials.record(id, in: context.state) else {
            throw IdentityRejection.unknownCredential.at("credential", "there is no credential \(id)")
        }
        guard record.acceptedAt == nil, record.declinedAt == nil, record.revocation == nil else {
            throw IdentityRejection.credentialNotOffered.at(
                "credential", "the credential is accepted, declined or revoked already")
        }
        try Authority.require(record.claim.subject, for: .credentials, in: context, field: "credential")
        return record
    }

    static func words(_ reference: Reference<CredentialKind>, _ names: any NameResolver) -> String {
        switch reference {
        case .id(let id): names.identifier(id.description)
        case .operation(let index): "offered by operation \(index)"
        }
    }
}
