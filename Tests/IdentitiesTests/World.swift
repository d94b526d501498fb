import Encoding
import Identities
import Primitives
import StateModel
import TestSupport

/// A small network: the board accredits, the clinic and the institute are enrolled, people work there.
struct World {
    let state = StateOverlay(over: MemoryState())

    static let board = testAddress("board")
    static let anna = testAddress("anna")
    static let bert = testAddress("bert")
    static let cleo = testAddress("cleo")
    static let dora = testAddress("dora")
    /// Without a part in anything: who is attested.
    static let emil = testAddress("emil")
    static let frida = testAddress("frida")
    static let patient = testAddress("patient")
    static let stranger = testAddress("stranger")
    static let clinic: OrganizationID = testIdentifier("clinic")
    static let institute: OrganizationID = testIdentifier("institute")

    static let clinicProfile = OrganizationProfile(
        kind: .institution, name: "Clinic", jurisdiction: "DE",
        identifiers: [InstitutionIdentifier(scheme: .lei, value: "213800KUD8LAJWSQ9D15")],
        members: members([(anna, .administrator), (bert, .clinician), (cleo, .treasurer)]),
        policies: [
            ClassPolicy(.administration, threshold: 2), ClassPolicy(.treasury, threshold: 1, roles: [.treasurer]),
            ClassPolicy(.credentials, threshold: 1),
        ])

    static func members(_ list: [(Address, MemberRole)]) -> [Member] {
        list.map { Member(account: $0.0, role: $0.1) }.sorted { $0.account < $1.account }
    }

    static func genesis(accountsPerSponsor: UInt64 = 100) -> IdentitiesGenesis {
        IdentitiesGenesis(
            parameters: IdentityParameters(accountsPerSponsor: accountsPerSponsor, stateBytesPerSponsor: 1_000),
            accounts: [
                GenesisAccount(address: board, kind: .regulator, sponsor: nil),
                GenesisAccount(address: anna, kind: .professional, sponsor: .organization(clinic)),
                GenesisAccount(address: bert, kind: .professional, sponsor: .organization(clinic)),
                GenesisAccount(address: cleo, kind: .professional, sponsor: .organization(clinic)),
                GenesisAccount(address: dora, kind: .researcher, sponsor: .organization(institute)),
                GenesisAccount(address: emil, kind: .professional, sponsor: nil),
                GenesisAccount(address: frida, kind: .researcher, sponsor: nil),
                GenesisAccount(address: patient, kind: .patient, sponsor: .organization(clinic)),
            ],
            organizations: [
                GenesisOrganization(id: clinic, profile: clinicProfile, isEnrolled: true),
                GenesisOrganization(
                    id: institute,
                    profile: OrganizationProfile(
                        kind: .institution, name: "Institute", jurisdiction: "US-CA",
                        identifiers: [InstitutionIdentifier(scheme: .ror, value: "00f54p054")],
                        members: members([(dora, .administrator)]),
                        policies: [ClassPolicy(.administration, threshold: 1)]), isEnrolled: true),
            ],
            accreditors: [GenesisAccreditor(party: .account(board), types: CredentialType.allCases)])
    }

    init(_ genesis: IdentitiesGenesis = World.genesis()) throws {
        try IdentitiesDomain.applyGenesis(genesis, in: makeContext(state, sender: Address(.zero), height: .genesis))
    }

    func context(
        _ sender: Address, _ cosigners: [Address] = [], for organization: OrganizationID? = nil,
        day: UInt64 = 0, _ transaction: String = "transaction"
    ) -> OperationContext {
        makeContext(
            state, sender: sender, cosigners: cosigners, actingFor: organization, time: World.day(day),
            transaction: transaction)
    }

    static func day(_ day: UInt64) -> Timestamp { testStart.adding(milliseconds: day * millisecondsPerDay) }

    /// Grants from `grantor` to `delegate`; the id of the link.
    @discardableResult
    func grant(
        from grantor: Address, acting: OrganizationID? = nil, to delegate: Party, parent: DelegationID? = nil,
        types: [CredentialType] = [.medicalLicense], jurisdictions: [String] = [], mayDelegate: Bool = true,
        until: UInt64? = nil, day: UInt64 = 0
    ) throws -> DelegationID {
        let context = context(grantor, for: acting, day: day, "grant \(grantor) \(delegate) \(day)")
        try GrantDelegation(
            parent: parent,
            grant: DelegationGrant(
                delegate: delegate, types: types, jurisdictions: jurisdictions, mayDelegate: mayDelegate,
                validFrom: World.day(day), validUntil: until.map { World.day($0) })
        ).execute(in: context)
        return context.madeIdentifier()
    }

    /// Offers a credential; its id.
    @discardableResult
    func offer(
        from issuer: Address, acting: OrganizationID? = nil, _ claim: CredentialClaim,
        by delegation: DelegationID? = nil, day: UInt64 = 0
    ) throws -> CredentialID {
        let context = context(issuer, for: acting, day: day, "offer \(issuer) \(claim.subject) \(claim.encoded) \(day)")
        try OfferCredential(delegation: delegation, claim: claim).execute(in: context)
        return context.madeIdentifier()
    }

    func accept(_ id: CredentialID, by subject: Address, for organization: OrganizationID? = nil, day: UInt64 = 0)
        throws
    {
        try AcceptCredential(credential: .id(id)).execute(in: context(subject, for: organization, day: day))
    }

    func holds(_ party: Party, _ type: CredentialType, in jurisdiction: String? = nil, day: UInt64) throws -> Bool {
        try Credentials.holds(party, type, jurisdiction: jurisdiction, at: World.day(day), in: state)
    }

    func license(_ subject: Address, in jurisdictions: [String] = [], until: UInt64? = nil) -> CredentialClaim {
        CredentialClaim(
            subject: .account(subject), credentialType: .medicalLicense,
            scope: CredentialScope(jurisdictions: jurisdictions), validFrom: World.day(0),
            validUntil: until.map { World.day($0) })
    }
}
