public import Encoding
public import Primitives
public import StateModel

/// `organization.create`: founders make a party whose id survives their keys. As many founders sign as the new
/// organization's own policy asks for acts of administration, so nobody founds in the name of others.
public struct CreateOrganization: DomainOperation {
    public static let name = "organization.create"

    public let profile: OrganizationProfile

    public init(profile: OrganizationProfile) { self.profile = profile }

    public var weight: UInt64 { 10 + 4 * (1 + UInt64(profile.members.count)) }

    public func check(in context: OperationContext) throws(Refusal) -> OrganizationRecord {
        try OrganizationRules.check(profile, in: context.state)
        try Authority.require(
            profile, context.madeIdentifier(), for: .administration, in: context, field: "profile.members")
        return OrganizationRecord(
            profile: profile, createdAt: context.block.time, createdHeight: context.block.height,
            updatedAt: context.block.time, revision: 0)
    }

    public func apply(_ record: OrganizationRecord, in context: OperationContext) throws(Refusal) {
        let id: OrganizationID = context.madeIdentifier()
        context.state.set(IdentityKeys.organization(id), record)
        context.emit(
            IdentityEvent.organizationCreated(
                OrganizationStep(organization: id, revision: 0, joined: profile.members.map(\.account), left: [])))
    }

    public func words(_ names: any NameResolver) -> [String] {
        ["Create the organization “\(profile.name)” (\(profile.kind.name), \(profile.jurisdiction))"]
            + profile.identifiers.map { "It declares \($0.scheme.name.uppercased()) \($0.value)" }
            + OrganizationRules.words(members: profile.members, policies: profile.policies, names)
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(1)
        writer.write(profile)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 1) { (reader) throws(EncodingFailure) in
            CreateOrganization(profile: try reader.value("profile"))
        }
    }
}

/// `organization.update`: new members, policies and message key, by the administration threshold of the present ones.
///
/// Kind, name, jurisdiction and identifiers stay: they are what an accreditor attested.
public struct UpdateOrganization: DomainOperation {
    public static let name = "organization.update"

    public let organization: OrganizationID
    public let members: [Member]
    public let policies: [ClassPolicy]
    public let messageKey: ByteString?

    public init(
        organization: OrganizationID, members: [Member], policies: [ClassPolicy], messageKey: ByteString? = nil
    ) {
        self.organization = organization
        self.members = members
        self.policies = policies
        self.messageKey = messageKey
    }

    public struct Plan {
        let record: OrganizationRecord
        let joined: [Address]
        let left: [Address]
    }

    public var weight: UInt64 { 10 + 4 * (2 + UInt64(members.count)) }

    public func check(in context: OperationContext) throws(Refusal) -> Plan {
        guard var record = try Organizations.record(organization, in: context.state) else {
            throw IdentityRejection.unknownOrganization.at(
                "organization", "there is no organization \(organization)")
        }
        let old = record.profile
        let new = OrganizationProfile(
            kind: old.kind, name: old.name, jurisdiction: old.jurisdiction, identifiers: old.identifiers,
            members: members, policies: policies, messageKey: messageKey)
        guard new != old else {
            throw IdentityRejection.nothingChanged.at("", "the organization is as the operation would make it")
        }
        try OrganizationRules.check(new, in: context.state)
        try Authority.require(
            .organization(organization), for: .administration, in: context, field: "organization")
        record.profile = new
        record.updatedAt = context.block.time
        guard let revision = record.revision.adding(1) else {
            throw .failed(StateFailure("the organization \(organization) was revised too often"))
        }
        record.revision = revision
        let before = old.members.map(\.account)
        let after = members.map(\.account)
        return Plan(
            record: record, joined: after.filter { !before.contains($0) },
            left: before.filter { !after.contains($0) })
    }

    public func apply(_ plan: Plan, in context: OperationContext) throws(Refusal) {
        context.state.set(IdentityKeys.organization(organization), plan.record)
        context.emit(
            IdentityEvent.organizationUpdated(
                OrganizationStep(
                    organization: organization, revision: plan.record.revision, joined: plan.joined, left: plan.left)))
    }

    public func words(_ names: any NameResolver) -> [String] {
        ["Replace members, policies and message key of \(names.party(.organization(organization)))"]
            + OrganizationRules.words(members: members, policies: policies, names)
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(4)
        writer.write(organization)
        writer.write(members)
        writer.write(policies)
        if let messageKey { writer.write(bytes: messageKey.bytes) } else { writer.writeNull() }
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 4) { (reader) throws(EncodingFailure) in
            UpdateOrganization(
                organization: try reader.value("organization"), members: try reader.members(),
                policies: try reader.policies(), messageKey: try reader.messageKey())
        }
    }
}
