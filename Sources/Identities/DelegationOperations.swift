public import Encoding
public import Primitives
public import StateModel

/// `delegation.grant`: an accreditor, or one to whom it delegated, lets another issue certain types of credentials:
/// as many as the grantor may, or fewer.
public struct GrantDelegation: DomainOperation {
    public static let name = "delegation.grant"

    /// By which the grantor may; nil if the grantor is an accreditor.
    public let parent: DelegationID?
    public let grant: DelegationGrant

    public init(parent: DelegationID? = nil, grant: DelegationGrant) {
        self.parent = parent
        self.grant = grant
    }

    public var weight: UInt64 { 10 + 4 * UInt64(4 + IdentityLimits.delegationDepth) }

    public func check(in context: OperationContext) throws(Refusal) -> DelegationRecord {
        let grantor = context.actor
        let time = context.block.time
        try IssueRules.check(grant, by: grantor, at: time, in: context.state)
        try Authority.require(grantor, for: .credentials, in: context, field: "grantor")
        let right = try IssueRules.right(of: grantor, by: parent, field: "parent", at: time, in: context.state)
        return DelegationRecord(
            id: context.madeIdentifier(), grantor: grantor, parent: parent,
            depth: try IssueRules.requireNarrower(grant, than: right), grant: grant, grantedAt: time)
    }

    public func apply(_ record: DelegationRecord, in context: OperationContext) throws(Refusal) {
        context.state.set(IdentityKeys.delegation(record.id), record)
        context.emit(IdentityEvent.delegationGranted(DelegationStep(record)))
    }

    public func words(_ names: any NameResolver) -> [String] {
        let types = grant.types.map(\.name).joined(separator: ", ")
        var lines = ["Let \(names.party(grant.delegate)) issue \(types) in the name of the chain it hangs from"]
        if !grant.jurisdictions.isEmpty { lines.append("For \(grant.jurisdictions.joined(separator: ", ")) only") }
        lines.append("It \(grant.mayDelegate ? "may" : "may not") delegate further")
        lines.append("From \(names.time(grant.validFrom))")
        if let end = grant.validUntil { lines.append("Until \(names.time(end))") }
        return lines
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(parent)
        writer.write(grant)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 2) { (reader) throws(EncodingFailure) in
            GrantDelegation(parent: try reader.optional("parent"), grant: try reader.value("grant"))
        }
    }
}

/// `delegation.revoke`: cuts a link. Everything that hangs from it, further links and credentials alike, is over in the
/// same block, without being touched: readers walk the chain. By its grantor, by anyone above, or by the delegate
/// itself, who gives it up.
public struct RevokeDelegation: DomainOperation {
    public static let name = "delegation.revoke"

    public let delegation: DelegationID
    public let reason: RevocationReason

    public init(delegation: DelegationID, reason: RevocationReason) {
        self.delegation = delegation
        self.reason = reason
    }

    public var weight: UInt64 { 10 + 4 * UInt64(2 + IdentityLimits.delegationDepth) }

    public func check(in context: OperationContext) throws(Refusal) -> DelegationRecord {
        let links =
            try context.state.record(IdentityKeys.delegation(delegation)) == nil
            ? [] : try Delegations.chain(delegation, in: context.state)
        guard var record = links.first else {
            throw IdentityRejection.unknownDelegation.at("delegation", "there is no delegation \(delegation)")
        }
        guard record.revocation == nil else {
            throw IdentityRejection.delegationRevoked.at("delegation", "it is revoked already")
        }
        let actor = context.actor
        guard actor == record.grant.delegate || links.contains(where: { $0.grantor == actor }) else {
            throw IdentityRejection.notAuthorized.at(
                "delegation", "\(actor) is neither the delegate nor a grantor of the chain")
        }
        guard (reason == .surrendered) == (actor == record.grant.delegate) else {
            throw IdentityRejection.notAuthorized.at(
                "reason", "a delegate surrenders a delegation, and nobody else does")
        }
        try Authority.require(actor, for: .credentials, in: context, field: "delegation")
        record.revocation = Revocation(at: context.block.time, by: actor, reason: reason)
        return record
    }

    public func apply(_ record: DelegationRecord, in context: OperationContext) throws(Refusal) {
        context.state.set(IdentityKeys.delegation(record.id), record)
        context.emit(IdentityEvent.delegationRevoked(DelegationStep(record)))
    }

    public func words(_ names: any NameResolver) -> [String] {
        [
            "Revoke the delegation \(names.identifier(delegation.description)) (\(reason.name)), "
                + "and with it every credential and delegation that hangs from it, from this block on"
        ]
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(delegation)
        writer.write(reason)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 2) { (reader) throws(EncodingFailure) in
            RevokeDelegation(delegation: try reader.value("delegation"), reason: try reader.value("reason"))
        }
    }
}
