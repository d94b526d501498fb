import Identities
import Primitives
import StateModel
import TestSupport
import Testing

struct GenesisTests {
    @Test("Genesis enrolls institutions by an accreditation, and counts their accounts")
    func enrolled() throws {
        let world = try World()
        for id in [World.clinic, World.institute] {
            #expect(try Organizations.isEnrolled(id, at: testStart, in: world.state))
        }
        #expect(try Sponsorship.record(.organization(World.clinic), in: world.state).accounts == 4)
        #expect(try world.holds(.organization(World.clinic), .accreditation, in: "DE", day: 0))
        #expect(try !world.holds(.organization(World.clinic), .accreditation, in: "FR", day: 0))
        #expect(try Parties.sponsor(of: World.board, in: world.state) == .account(World.board))
        #expect(try Parties.sponsor(of: World.stranger, in: world.state) == nil)
        #expect(
            try Parties.requireKnown(.account(World.patient), field: "", in: world.state) == .patient)
    }

    private func refused(_ change: (IdentitiesGenesis) -> IdentitiesGenesis) throws -> String? {
        try reason { _ = try World(change(World.genesis())) }
    }

    private func with(
        _ genesis: IdentitiesGenesis, accounts: [GenesisAccount]? = nil, organizations: [GenesisOrganization]? = nil,
        accreditors: [GenesisAccreditor]? = nil, delegations: [GenesisDelegation] = [],
        credentials: [GenesisCredential] = []
    ) -> IdentitiesGenesis {
        IdentitiesGenesis(
            parameters: genesis.parameters, accounts: accounts ?? genesis.accounts,
            organizations: organizations ?? genesis.organizations, accreditors: accreditors ?? genesis.accreditors,
            delegations: delegations, credentials: credentials)
    }

    @Test("A genesis that contradicts itself is refused")
    func contradictions() throws {
        #expect(try refused { with($0) } == nil)
        #expect(try refused { with($0, accounts: $0.accounts + [$0.accounts[0]]) } == "invalid_genesis")
        #expect(try refused { with($0, accounts: Array($0.accounts.dropFirst())) } == "unknown_party")
        #expect(
            try refused { with($0, organizations: $0.organizations + [$0.organizations[0]]) } == "invalid_genesis")
        #expect(try refused { with($0, accreditors: []) } == "invalid_genesis")
        #expect(try refused { with($0, accreditors: $0.accreditors + $0.accreditors) } == "invalid_genesis")
        #expect(
            try refused {
                with($0, accreditors: [GenesisAccreditor(party: .account(World.board), types: [])])
            } == "invalid_genesis")
        #expect(
            try refused {
                with($0, accreditors: [GenesisAccreditor(party: .account(World.stranger), types: [.accreditation])])
            } == "unknown_party")
        #expect(
            try refused {
                with(
                    $0,
                    organizations: $0.organizations.map {
                        GenesisOrganization(id: $0.id, profile: $0.profile, isEnrolled: false)
                    })
            } == "not_enrolled")
    }

    @Test("Delegations and credentials of the genesis obey the rules of later ones")
    func laterRules() throws {
        let link: DelegationID = testIdentifier("link")
        let grant = DelegationGrant(
            delegate: .organization(World.clinic), types: [.medicalLicense], validFrom: testStart)
        let delegation = GenesisDelegation(id: link, grantor: .account(World.board), parent: nil, grant: grant)
        let claim = CredentialClaim(
            subject: .account(World.anna), credentialType: .medicalLicense, validFrom: testStart)
        let credential = GenesisCredential(
            id: testIdentifier("license"), issuer: .organization(World.clinic), delegation: link, claim: claim)
        let world = try World(with(World.genesis(), delegations: [delegation], credentials: [credential]))
        #expect(try world.holds(.account(World.anna), .medicalLicense, day: 0))
        #expect(try refused { with($0, credentials: [credential]) } == "unknown_delegation")
        #expect(
            try refused { with($0, delegations: [delegation], credentials: [credential, credential]) }
                == "invalid_genesis")
        #expect(try refused { with($0, delegations: [delegation, delegation]) } == "invalid_genesis")
        let foreign = GenesisDelegation(id: link, grantor: .account(World.anna), parent: nil, grant: grant)
        #expect(try refused { with($0, delegations: [foreign]) } == "may_not_issue")
    }
}
