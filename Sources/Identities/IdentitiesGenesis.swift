public import Encoding
public import Primitives

public struct GenesisOrganization: CBORCodable, Codable, Hashable, Sendable {
    public let id: OrganizationID
    public let profile: OrganizationProfile
    /// An institution that the network begins with: it gets an accreditation from the first accreditor that may.
    public let isEnrolled: Bool

    public init(id: OrganizationID, profile: OrganizationProfile, isEnrolled: Bool) {
        self.id = id
        self.profile = profile
        self.isEnrolled = isEnrolled
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(3)
        writer.write(id)
        writer.write(profile)
        writer.write(isEnrolled)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("organization", count: 3) { (reader) throws(EncodingFailure) in
            GenesisOrganization(
                id: try reader.value("id"), profile: try reader.value("profile"),
                isEnrolled: try reader.boolean("isEnrolled"))
        }
    }
}

public struct GenesisAccount: CBORCodable, Codable, Hashable, Sendable {
    public let address: Address
    public let kind: PartyKind
    /// An organization of the genesis that is enrolled; null for an account that stands for itself.
    public let sponsor: Party?

    public init(address: Address, kind: PartyKind, sponsor: Party?) {
        self.address = address
        self.kind = kind
        self.sponsor = sponsor
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(3)
        writer.write(address)
        writer.write(kind)
        writer.write(sponsor)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("account", count: 3) { (reader) throws(EncodingFailure) in
            GenesisAccount(
                address: try reader.value("address"), kind: try reader.value("kind"),
                sponsor: try reader.optional("sponsor"))
        }
    }
}

public struct GenesisAccreditor: CBORCodable, Codable, Hashable, Sendable {
    public let party: Party
    /// Ascending by code.
    public let types: [CredentialType]
    /// Ascending; empty: everywhere.
    public let jurisdictions: [String]

    public init(party: Party, types: [CredentialType], jurisdictions: [String] = []) {
        self.party = party
        self.types = types
        self.jurisdictions = jurisdictions
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(3)
        writer.write(party)
        writer.write(types)
        writer.write(texts: jurisdictions)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("accreditor", count: 3) { (reader) throws(EncodingFailure) in
            GenesisAccreditor(
                party: try reader.value("party"), types: try reader.credentialTypes("types"),
                jurisdictions: try reader.sortedTexts(
                    "jurisdictions", max: IdentityLimits.jurisdictions, bytes: IdentityLimits.jurisdictionBytes))
        }
    }
}

public struct GenesisDelegation: CBORCodable, Codable, Hashable, Sendable {
    public let id: DelegationID
    public let grantor: Party
    /// An earlier entry of the list; null: the grantor is an accreditor.
    public let parent: DelegationID?
    public let grant: DelegationGrant

    public init(id: DelegationID, grantor: Party, parent: DelegationID?, grant: DelegationGrant) {
        self.id = id
        self.grantor = grantor
        self.parent = parent
        self.grant = grant
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(4)
        writer.write(id)
        writer.write(grantor)
        writer.write(parent)
        writer.write(grant)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("delegation", count: 4) { (reader) throws(EncodingFailure) in
            GenesisDelegation(
                id: try reader.value("id"), grantor: try reader.value("grantor"),
                parent: try reader.optional("parent"), grant: try reader.value("grant"))
        }
    }
}

/// A credential that is accepted from the start.
public struct GenesisCredential: CBORCodable, Codable, Hashable, Sendable {
    public let id: CredentialID
    public let issuer: Party
    public let delegation: DelegationID?
    public let claim: CredentialClaim

    public init(id: CredentialID, issuer: Party, delegation: DelegationID?, claim: CredentialClaim) {
        self.id = id
        self.issuer = issuer
        self.delegation = delegation
        self.claim = claim
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(4)
        writer.write(id)
        writer.write(issuer)
        writer.write(delegation)
        writer.write(claim)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("credential", count: 4) { (reader) throws(EncodingFailure) in
            GenesisCredential(
                id: try reader.value("id"), issuer: try reader.value("issuer"),
                delegation: try reader.optional("delegation"), claim: try reader.value("claim"))
        }
    }
}

/// Whom the network begins with. The same rules hold as later, signatures aside.
public struct IdentitiesGenesis: CBORCodable, Codable, Hashable, Sendable {
    public let parameters: IdentityParameters
    public let accounts: [GenesisAccount]
    public let organizations: [GenesisOrganization]
    public let accreditors: [GenesisAccreditor]
    public let delegations: [GenesisDelegation]
    public let credentials: [GenesisCredential]

    public init(
        parameters: IdentityParameters, accounts: [GenesisAccount], organizations: [GenesisOrganization],
        accreditors: [GenesisAccreditor], delegations: [GenesisDelegation] = [], credentials: [GenesisCredential] = []
    ) {
        self.parameters = parameters
        self.accounts = accounts
        self.organizations = organizations
        self.accreditors = accreditors
        self.delegations = delegations
        self.credentials = credentials
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(6)
        writer.write(parameters)
        writer.write(accounts)
        writer.write(organizations)
        writer.write(accreditors)
        writer.write(delegations)
        writer.write(credentials)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        let most = IdentityLimits.genesisEntries
        self = try reader.record("identities", count: 6) { (reader) throws(EncodingFailure) in
            IdentitiesGenesis(
                parameters: try reader.value("parameters"), accounts: try reader.list("accounts", max: most),
                organizations: try reader.list("organizations", max: most),
                accreditors: try reader.list("accreditors", max: IdentityLimits.accreditors),
                delegations: try reader.list("delegations", max: most),
                credentials: try reader.list("credentials", max: most))
        }
    }
}
