import Identities
import Primitives
import StateModel
import TestSupport
import Testing

struct SponsorshipTests {
    @Test("An enrolled institution sponsors an account, which then exists with sequence 0")
    func sponsor() throws {
        let world = try World()
        let context = world.context(World.anna, for: World.clinic)
        try SponsorAccount(account: World.stranger, kind: .patient).execute(in: context)
        let record = try #require(try Accounts.record(World.stranger, in: world.state))
        #expect(record.sequence == 0 && record.kind == .patient && record.sponsor == .organization(World.clinic))
        #expect(record.createdAt == testStart)
        #expect(try Parties.sponsor(of: World.stranger, in: world.state) == .organization(World.clinic))
        #expect(try Sponsorship.record(.organization(World.clinic), in: world.state).accounts == 5)
        #expect(context.events.count == 1 && context.events[0].name == "identity.sponsored")
        #expect(context.events[0].topics.contains(.party(.account(World.stranger))))
    }

    @Test("Only an enrolled institution sponsors, and only new accounts")
    func refusals() throws {
        let world = try World()
        let new = SponsorAccount(account: World.stranger, kind: .patient)
        #expect(try reason { try new.execute(in: world.context(World.anna)) } == "not_enrolled")
        #expect(try reason { try new.execute(in: world.context(World.dora, for: World.clinic)) } == "threshold_not_met")
        #expect(
            try reason {
                try SponsorAccount(account: World.bert, kind: .patient)
                    .execute(in: world.context(World.anna, for: World.clinic))
            } == "account_exists")
        let refused = try #require(try rejection { try new.execute(in: world.context(World.anna)) })
        #expect(refused.code == 1106 && refused.field == "sponsor" && refused.domain == "identities")
        #expect(try Accounts.record(World.stranger, in: world.state) == nil)
    }

    @Test("A sponsor has at most as many accounts as the network allows")
    func accountQuota() throws {
        let world = try World(World.genesis(accountsPerSponsor: 4))
        let new = SponsorAccount(account: World.stranger, kind: .patient)
        #expect(
            try reason { try new.execute(in: world.context(World.anna, for: World.clinic)) }
                == "sponsor_accounts_exhausted")
        try new.execute(in: world.context(World.dora, for: World.institute))
    }

    @Test("A change of sponsor needs the account and the new sponsor, never the old one")
    func changeSponsor() throws {
        let world = try World()
        let change = ChangeSponsor(sponsor: World.institute, kind: .researcher)
        #expect(try reason { try change.execute(in: world.context(World.bert)) } == "threshold_not_met")
        try change.execute(in: world.context(World.bert, [World.dora], day: 3))
        let record = try #require(try Accounts.record(World.bert, in: world.state))
        #expect(record.sponsor == .organization(World.institute) && record.kind == .researcher)
        #expect(record.sponsoredAt == World.day(3) && record.createdAt == World.day(0))
        #expect(try Sponsorship.record(.organization(World.clinic), in: world.state).accounts == 3)
        #expect(try Sponsorship.record(.organization(World.institute), in: world.state).accounts == 2)
        #expect(
            try reason { try change.execute(in: world.context(World.bert, [World.dora])) } == "sponsor_unchanged")
        #expect(IdentityOperation.changeSponsor(change).isReserved)
        #expect(!IdentityOperation.sponsor(SponsorAccount(account: World.bert, kind: .patient)).isReserved)
    }

    @Test("A new sponsor must be enrolled")
    func changeToStranger() throws {
        let world = try World()
        #expect(
            try reason {
                try ChangeSponsor(sponsor: testIdentifier("nobody")).execute(in: world.context(World.bert))
            } == "not_enrolled")
    }

    @Test("A sequence is taken exactly once, in order")
    func sequences() throws {
        let world = try World()
        #expect(try reason { try Accounts.takeSequence(1, of: World.anna, in: world.state) } == "wrong_sequence")
        try Accounts.takeSequence(0, of: World.anna, in: world.state)
        let again = try #require(try rejection { try Accounts.takeSequence(0, of: World.anna, in: world.state) })
        #expect(again.reason == "wrong_sequence" && !again.retryable)
        let ahead = try #require(try rejection { try Accounts.takeSequence(5, of: World.anna, in: world.state) })
        #expect(ahead.retryable)
        try Accounts.takeSequence(1, of: World.anna, in: world.state)
        #expect(try Accounts.record(World.anna, in: world.state)?.sequence == 2)
        #expect(
            try reason { try Accounts.takeSequence(0, of: World.stranger, in: world.state) } == "unknown_account")
    }

    @Test("The last sequence can't wrap around")
    func lastSequence() throws {
        let world = try World()
        var record = try #require(try Accounts.record(World.anna, in: world.state))
        record.sequence = .max
        world.state.set(IdentityKeys.account(World.anna), record)
        #expect(try reason { try Accounts.takeSequence(.max, of: World.anna, in: world.state) } == "wrong_sequence")
    }

    @Test("An account whose sponsor lost its accreditation is not admitted, and can be taken over")
    func admission() throws {
        let world = try World()
        #expect(try Sponsorship.admit(World.anna, at: World.day(0), in: world.state) == .organization(World.clinic))
        #expect(try Sponsorship.admit(World.board, at: World.day(0), in: world.state) == .account(World.board))
        #expect(
            try reason { _ = try Sponsorship.admit(World.stranger, at: World.day(0), in: world.state) }
                == "unknown_account")
        let accreditation = try #require(
            try Credentials.first(
                .organization(World.clinic), .accreditation, at: World.day(0), in: world.state, where: { _ in true }))
        try RevokeCredential(credential: accreditation.id, reason: .misconduct)
            .execute(in: world.context(World.board, day: 2))
        #expect(try Organizations.isEnrolled(World.clinic, at: World.day(1), in: world.state))
        #expect(
            try reason { _ = try Sponsorship.admit(World.anna, at: World.day(2), in: world.state) } == "not_enrolled")
        try ChangeSponsor(sponsor: World.institute).execute(in: world.context(World.anna, [World.dora], day: 3))
        #expect(
            try Sponsorship.admit(World.anna, at: World.day(3), in: world.state) == .organization(World.institute))
    }

    @Test("State bytes count for the sponsor, are given back, and are bounded")
    func stateBytes() throws {
        let world = try World()
        let clinic = Party.organization(World.clinic)
        try Sponsorship.account(added: 900, removed: 100, to: clinic, in: world.state)
        #expect(try Sponsorship.record(clinic, in: world.state).stateBytes == 800)
        #expect(
            try reason { try Sponsorship.account(added: 201, removed: 0, to: clinic, in: world.state) }
                == "sponsor_storage_exhausted")
        #expect(
            try reason { try Sponsorship.account(added: .max, removed: 0, to: clinic, in: world.state) }
                == "sponsor_storage_exhausted")
        try Sponsorship.account(added: 0, removed: 5_000, to: clinic, in: world.state)
        #expect(try Sponsorship.record(clinic, in: world.state).stateBytes == 0)
    }

    @Test("A new institution joins: sponsored account, organization, accreditation, its own sponsor")
    func bootstrap() throws {
        let world = try World()
        let founder = World.stranger
        try SponsorAccount(account: founder, kind: .professional)
            .execute(in: world.context(World.anna, for: World.clinic))
        let creation = world.context(founder, [], "create")
        try CreateOrganization(
            profile: OrganizationProfile(
                kind: .institution, name: "Hospital", jurisdiction: "FR",
                members: World.members([(founder, .administrator)]),
                policies: [ClassPolicy(.administration, threshold: 1)])
        ).execute(in: creation)
        let hospital: OrganizationID = creation.madeIdentifier()
        let change = ChangeSponsor(sponsor: hospital)
        #expect(try reason { try change.execute(in: world.context(founder)) } == "not_enrolled")
        let accreditation = try world.offer(
            from: World.board,
            CredentialClaim(
                subject: .organization(hospital), credentialType: .accreditation, validFrom: World.day(0)))
        try world.accept(accreditation, by: founder, for: hospital)
        try change.execute(in: world.context(founder))
        #expect(try Sponsorship.admit(founder, at: World.day(0), in: world.state) == .organization(hospital))
    }
}
