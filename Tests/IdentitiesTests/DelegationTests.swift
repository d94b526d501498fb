import Identities
import Primitives
import StateModel
import TestSupport
import Testing

struct DelegationTests {
    static let path = [World.anna, World.bert, World.cleo, World.dora]

    /// board → anna → bert → cleo → dora, a day each; the ids of the links.
    private func chain(_ world: World) throws -> [DelegationID] {
        var links: [DelegationID] = []
        for (index, delegate) in Self.path.enumerated() {
            links.append(
                try world.grant(
                    from: index == 0 ? World.board : Self.path[index - 1], to: .account(delegate),
                    parent: links.last, day: UInt64(index)))
        }
        return links
    }

    @Test("Four links carry a credential, a fifth is refused")
    func depth() throws {
        let world = try World()
        let links = try chain(world)
        #expect(try links.map { try Delegations.record($0, in: world.state)?.depth } == [1, 2, 3, 4])
        #expect(
            try reason {
                try world.grant(
                    from: World.dora, to: .account(World.anna), parent: links[3], day: 4)
            } == "delegation_too_deep")
        let id = try world.offer(from: World.dora, world.license(World.emil), by: links[3], day: 4)
        try world.accept(id, by: World.emil, day: 4)
        #expect(try world.holds(.account(World.emil), .medicalLicense, day: 4))
    }

    @Test("Revoking any link ends what hangs from it in that block, and leaves the past as it was", arguments: 0..<4)
    func cascade(index: Int) throws {
        let world = try World()
        let links = try chain(world)
        let id = try world.offer(from: World.dora, world.license(World.emil), by: links[3], day: 4)
        try world.accept(id, by: World.emil, day: 5)
        let open = try world.offer(from: World.dora, world.license(World.frida), by: links[3], day: 4)
        let grantor = index == 0 ? World.board : Self.path[index - 1]
        try RevokeDelegation(delegation: links[index], reason: .misconduct)
            .execute(in: world.context(grantor, day: 9))
        #expect(try world.holds(.account(World.emil), .medicalLicense, day: 8))
        #expect(try !world.holds(.account(World.emil), .medicalLicense, day: 9))
        #expect(try reason { try world.accept(open, by: World.frida, day: 9) } == "delegation_not_in_force")
        #expect(
            try reason { try world.offer(from: World.dora, world.license(World.frida), by: links[3], day: 9) }
                == "delegation_not_in_force")
        if index < 3 {
            #expect(
                try reason {
                    try world.grant(from: World.cleo, to: .account(World.anna), parent: links[2], day: 9)
                } == "delegation_not_in_force")
        }
        // What was issued above the cut link stands; the board itself issues where the first link was cut.
        let issuer = index == 0 ? World.board : Self.path[index - 1]
        let above = try world.offer(
            from: issuer, world.license(World.dora), by: index == 0 ? nil : links[index - 1], day: 9)
        try world.accept(above, by: World.dora, day: 9)
        #expect(try world.holds(.account(World.dora), .medicalLicense, day: 9))
    }

    @Test("A link is cut by its grantor, by anyone above, or given up by the delegate; by nobody else, and once")
    func whoRevokes() throws {
        let world = try World()
        let links = try chain(world)
        func revoke(_ index: Int, _ actor: Address, _ reason: RevocationReason = .ended) throws {
            try RevokeDelegation(delegation: links[index], reason: reason).execute(in: world.context(actor, day: 5))
        }
        #expect(try reason { try revoke(1, World.cleo) } == "not_authorized")
        #expect(try reason { try revoke(1, World.bert) } == "not_authorized")
        #expect(try reason { try revoke(1, World.board, .surrendered) } == "not_authorized")
        try revoke(3, World.board)
        try revoke(2, World.bert)
        try revoke(1, World.bert, .surrendered)
        #expect(try reason { try revoke(1, World.board) } == "delegation_revoked")
        #expect(
            try reason {
                try RevokeDelegation(delegation: testIdentifier("none"), reason: .error)
                    .execute(in: world.context(World.board))
            } == "unknown_delegation")
    }

    @Test("What an accreditor may no longer attest, nobody attests by its right; what was attested before stays")
    func narrowedAccreditor() throws {
        let world = try World()
        let link = try world.grant(from: World.board, to: .account(World.dora))
        let lower = try world.grant(from: World.dora, to: .account(World.bert), parent: link)
        let before = try world.offer(from: World.dora, world.license(World.anna, in: ["DE"]), by: link)
        try world.accept(before, by: World.anna)
        // By the validators' votes: other types, or another place.
        let context = world.context(World.board, day: 1)
        try Accreditors.accredit(.account(World.board), [.medicalLicense], ["FR"], in: context)
        for (issuer, delegation) in [(World.dora, link), (World.bert, lower)] {
            #expect(
                try reason {
                    try world.offer(from: issuer, world.license(World.anna, in: ["DE"]), by: delegation, day: 2)
                } == "may_not_issue")
            try world.offer(from: issuer, world.license(World.anna, in: ["FR"]), by: delegation, day: 2)
        }
        try Accreditors.accredit(.account(World.board), [.specialty], [], in: context)
        #expect(
            try reason {
                try world.offer(from: World.dora, world.license(World.anna, in: ["FR"]), by: link, day: 3)
            } == "may_not_issue")
        #expect(
            try reason {
                try world.grant(from: World.dora, to: .account(World.bert), parent: link, jurisdictions: ["FR"], day: 3)
            } == "delegation_wider")
        #expect(try world.holds(.account(World.anna), .medicalLicense, in: "DE", day: 4))
    }

    @Test("A grant is never wider than the right that it rests on")
    func narrower() throws {
        let world = try World()
        let parent = try world.grant(
            from: World.board, to: .account(World.anna), types: [.medicalLicense, .specialty],
            jurisdictions: ["DE", "US-CA"], until: 100)
        func attempt(
            types: [CredentialType] = [.specialty], jurisdictions: [String] = ["DE"], until: UInt64? = 100,
            delegate: Party = .account(World.bert), by actor: Address = World.anna
        ) throws -> String? {
            try reason {
                try world.grant(
                    from: actor, to: delegate, parent: parent, types: types, jurisdictions: jurisdictions,
                    until: until)
            }
        }
        #expect(try attempt() == nil)
        #expect(try attempt(types: [.accreditation]) == "delegation_wider")
        #expect(try attempt(types: []) == "missing_detail")
        #expect(try attempt(types: [.specialty, .medicalLicense]) == "list_not_ascending")
        #expect(try attempt(jurisdictions: ["DE-BE", "US-CA"]) == nil)
        #expect(try attempt(jurisdictions: []) == "delegation_wider")
        #expect(try attempt(jurisdictions: ["FR"]) == "delegation_wider")
        #expect(try attempt(jurisdictions: ["US"]) == "delegation_wider")
        #expect(try attempt(jurisdictions: ["XX"]) == "invalid_jurisdiction")
        #expect(try attempt(until: 101) == "delegation_wider")
        #expect(try attempt(until: nil) == "delegation_wider")
        #expect(try attempt(until: 0) == "invalid_validity")
        #expect(try attempt(delegate: .account(World.anna)) == "self_issued")
        #expect(try attempt(delegate: .account(World.patient)) == "kind_not_allowed")
        #expect(try attempt(delegate: .account(World.stranger)) == "unknown_party")
        #expect(try attempt(by: World.cleo) == "may_not_issue")
        #expect(
            try reason { try world.grant(from: World.anna, to: .account(World.bert)) } == "may_not_issue")
    }

    @Test("A link that may not be granted further is not")
    func mayNotDelegate() throws {
        let world = try World()
        let link = try world.grant(from: World.board, to: .account(World.anna), mayDelegate: false)
        #expect(
            try reason { try world.grant(from: World.anna, to: .account(World.bert), parent: link) }
                == "delegation_too_deep")
        try world.offer(from: World.anna, world.license(World.bert), by: link)
    }

    @Test("A link that ran out carries what was issued under it, and nothing new")
    func expiry() throws {
        let world = try World()
        let link = try world.grant(from: World.board, to: .account(World.anna), until: 10)
        let id = try world.offer(from: World.anna, world.license(World.emil), by: link, day: 9)
        try world.accept(id, by: World.emil, day: 11)
        #expect(try world.holds(.account(World.emil), .medicalLicense, day: 12))
        #expect(
            try reason { try world.offer(from: World.anna, world.license(World.dora), by: link, day: 10) }
                == "delegation_not_in_force")
    }

    @Test("Nobody is attested by a right that comes from itself, nor for an organization by its own signature")
    func selfAttestation() throws {
        let world = try World()
        // anna lets bert, and bert lets cleo; neither can attest who stands above it.
        let first = try world.grant(from: World.board, to: .account(World.anna))
        let second = try world.grant(from: World.anna, to: .account(World.bert), parent: first)
        let third = try world.grant(from: World.bert, to: .account(World.cleo), parent: second)
        for subject in [World.anna, World.bert, World.board] {
            #expect(
                try reason { try world.offer(from: World.cleo, world.license(subject), by: third) } == "self_issued")
        }
        #expect(
            try reason { try world.offer(from: World.bert, world.license(World.anna), by: second) } == "self_issued")
        // A loop gives back nothing: anna again at the end of her own chain.
        let loop = try world.grant(from: World.bert, to: .account(World.anna), parent: second)
        #expect(try reason { try world.offer(from: World.anna, world.license(World.bert), by: loop) } == "self_issued")
        try world.offer(from: World.anna, world.license(World.emil), by: loop)
        // For an organization: dora is the institute, and one of three may attest for the clinic.
        let institute = try world.grant(from: World.board, to: .organization(World.institute))
        let clinic = try world.grant(from: World.board, to: .organization(World.clinic), day: 1)
        #expect(
            try reason {
                try world.offer(from: World.dora, acting: World.institute, world.license(World.dora), by: institute)
            } == "self_issued")
        #expect(
            try reason {
                try world.offer(
                    from: World.anna, acting: World.clinic, world.license(World.anna), by: clinic, day: 1)
            } == "self_issued")
        try world.offer(from: World.bert, acting: World.clinic, world.license(World.anna), by: clinic, day: 1)
    }

    @Test("A state that can't be read stops the check and is no refusal")
    func damage() throws {
        #expect(throws: Refusal.self) {
            _ = try Credentials.holds(
                .account(World.anna), .specialty, jurisdiction: nil, at: World.day(0), in: FailingState())
        }
        do {
            _ = try Parties.kind(of: .account(World.anna), in: FailingState())
            Issue.record("read from a store that is gone")
        } catch .failed {
        } catch {
            Issue.record("\(error)")
        }
    }
}
