import Identities
import Primitives
import StateModel
import TestSupport
import Testing

struct CredentialTests {
    static let anna = Party.account(World.anna)

    @Test("A credential holds from its acceptance on, and answers for times gone by")
    func life() throws {
        let world = try World()
        let id = try world.offer(from: World.board, world.license(World.anna, in: ["DE"], until: 100))
        #expect(try !world.holds(Self.anna, .medicalLicense, day: 0))
        try world.accept(id, by: World.anna, day: 5)
        #expect(try !world.holds(Self.anna, .medicalLicense, day: 4))
        #expect(try world.holds(Self.anna, .medicalLicense, day: 5))
        #expect(try world.holds(Self.anna, .medicalLicense, day: 99))
        #expect(try !world.holds(Self.anna, .medicalLicense, day: 100))
        #expect(try !world.holds(Self.anna, .specialty, day: 5))
        #expect(try !world.holds(.account(World.bert), .medicalLicense, day: 5))
        try RevokeCredential(credential: id, reason: .misconduct).execute(in: world.context(World.board, day: 40))
        #expect(try world.holds(Self.anna, .medicalLicense, day: 39))
        #expect(try !world.holds(Self.anna, .medicalLicense, day: 40))
    }

    @Test("A license holds where it was given, and in the parts of that country")
    func jurisdictions() throws {
        let world = try World()
        try world.accept(
            try world.offer(from: World.board, world.license(World.anna, in: ["DE", "US-CA"])), by: World.anna)
        #expect(try world.holds(Self.anna, .medicalLicense, in: "DE", day: 0))
        #expect(try world.holds(Self.anna, .medicalLicense, in: "DE-BE", day: 0))
        #expect(try world.holds(Self.anna, .medicalLicense, in: "US-CA", day: 0))
        #expect(try !world.holds(Self.anna, .medicalLicense, in: "US", day: 0))
        #expect(try !world.holds(Self.anna, .medicalLicense, in: "FR", day: 0))
    }

    @Test("Only the subject accepts or declines, once, in time")
    func acceptance() throws {
        let world = try World()
        let id = try world.offer(from: World.board, world.license(World.anna, until: 10))
        #expect(try reason { try world.accept(id, by: World.bert) } == "not_authorized")
        #expect(try reason { try world.accept(id, by: World.anna, day: 10) } == "credential_expired")
        #expect(try reason { try world.accept(testIdentifier("none"), by: World.anna) } == "unknown_credential")
        try DeclineCredential(credential: .id(id)).execute(in: world.context(World.anna))
        #expect(try reason { try world.accept(id, by: World.anna) } == "credential_not_offered")
        #expect(try Credentials.record(id, in: world.state)?.declinedAt == World.day(0))
        let other = try world.offer(from: World.board, world.license(World.anna), day: 1)
        try world.accept(other, by: World.anna, day: 1)
        #expect(try reason { try world.accept(other, by: World.anna, day: 1) } == "credential_not_offered")
        #expect(
            try reason { try DeclineCredential(credential: .id(other)).execute(in: world.context(World.anna)) }
                == "credential_not_offered")
    }

    @Test("Offer and acceptance go together in one transaction of both")
    func jointTransaction() throws {
        let world = try World()
        let context = world.context(World.board, [World.anna])
        try OfferCredential(claim: world.license(World.anna)).execute(in: context)
        context.operationIndex = 1
        try AcceptCredential(credential: .operation(0)).execute(in: context)
        #expect(context.unneededSigner == nil)
        #expect(try world.holds(Self.anna, .medicalLicense, day: 0))
        #expect(
            try reason { try AcceptCredential(credential: .operation(1)).execute(in: context) }
                == "reference_not_earlier")
    }

    @Test("A credential is revoked by its issuer, by the chain above, or given up by its subject; by nobody else")
    func revocation() throws {
        let world = try World()
        let link = try world.grant(from: World.board, to: .organization(World.clinic))
        func issue(_ day: UInt64) throws -> CredentialID {
            let id = try world.offer(
                from: World.bert, acting: World.clinic, world.license(World.anna), by: link, day: day)
            try world.accept(id, by: World.anna, day: day)
            return id
        }
        let first = try issue(1)
        let revoke = RevokeCredential(credential: first, reason: .error)
        #expect(try reason { try revoke.execute(in: world.context(World.dora)) } == "not_authorized")
        #expect(try reason { try revoke.execute(in: world.context(World.anna)) } == "not_authorized")
        #expect(
            try reason { try revoke.execute(in: world.context(World.dora, for: World.clinic)) } == "threshold_not_met")
        #expect(
            try reason {
                try RevokeCredential(credential: first, reason: .surrendered)
                    .execute(in: world.context(World.board))
            } == "not_authorized")
        try revoke.execute(in: world.context(World.bert, for: World.clinic, day: 2))
        #expect(try reason { try revoke.execute(in: world.context(World.board)) } == "credential_ended")
        let byChain = try issue(3)
        try RevokeCredential(credential: byChain, reason: .ended).execute(in: world.context(World.board, day: 4))
        let bySubject = try issue(5)
        try RevokeCredential(credential: bySubject, reason: .surrendered)
            .execute(in: world.context(World.anna, day: 6))
        #expect(try !world.holds(Self.anna, .medicalLicense, day: 6))
        #expect(try world.holds(Self.anna, .medicalLicense, day: 5))
        #expect(
            try reason {
                try RevokeCredential(credential: testIdentifier("none"), reason: .error)
                    .execute(in: world.context(World.board))
            } == "unknown_credential")
        let short = try world.offer(from: World.board, world.license(World.anna, until: 8), day: 7)
        #expect(
            try reason {
                try RevokeCredential(credential: short, reason: .error).execute(in: world.context(World.board, day: 8))
            } == "credential_expired")
    }

    @Test("Nobody issues without right, beyond it, to itself or in another's name")
    func rights() throws {
        let world = try World()
        let claim = world.license(World.anna)
        #expect(try reason { try world.offer(from: World.dora, claim) } == "may_not_issue")
        #expect(
            try reason { try world.offer(from: World.dora, claim, by: testIdentifier("none")) } == "unknown_delegation")
        let link = try world.grant(from: World.board, to: .account(World.dora), jurisdictions: ["DE"], until: 10)
        #expect(try reason { try world.offer(from: World.bert, claim, by: link) } == "may_not_issue")
        // Without jurisdictions the claim would hold everywhere, which is wider than DE.
        #expect(try reason { try world.offer(from: World.dora, claim, by: link) } == "may_not_issue")
        let berlin = world.license(World.anna, in: ["DE-BE"])
        try world.offer(from: World.dora, berlin, by: link)
        #expect(
            try reason { try world.offer(from: World.dora, berlin, by: link, day: 10) } == "delegation_not_in_force")
        let other = CredentialClaim(
            subject: Self.anna, credentialType: .researcherStatus, scope: berlin.scope, validFrom: World.day(0))
        #expect(try reason { try world.offer(from: World.dora, other, by: link) } == "may_not_issue")
        #expect(
            try reason {
                try world.offer(from: World.dora, world.license(World.dora, in: ["DE"]), by: link)
            } == "self_issued")
        #expect(
            try reason { try world.offer(from: World.dora, acting: World.clinic, berlin) } == "threshold_not_met")
    }

    private func refused(_ claim: CredentialClaim) throws -> String? {
        let world = try World()
        return try reason { try world.offer(from: World.board, claim) }
    }

    private func claim(
        _ type: CredentialType, _ subject: Party = .account(World.anna), scope: CredentialScope = CredentialScope(),
        from: UInt64 = 0, until: UInt64? = nil, identifiers: [PersonCommitment] = [], concerning: Party? = nil,
        resource: Hash? = nil
    ) -> CredentialClaim {
        CredentialClaim(
            subject: subject, credentialType: type, scope: scope, validFrom: World.day(from),
            validUntil: until.map { World.day($0) }, identifiers: identifiers, concerning: concerning,
            resource: resource)
    }

    @Test("A claim has the details of its type, and no others")
    func details() throws {
        let patient = Party.account(World.patient)
        #expect(try refused(claim(.affiliation)) == "missing_detail")
        #expect(try refused(claim(.affiliation, scope: CredentialScope(role: .faculty))) == nil)
        #expect(try refused(claim(.medicalLicense, scope: CredentialScope(role: .faculty))) == "surplus_detail")
        #expect(try refused(claim(.specialty)) == "missing_detail")
        #expect(try refused(claim(.specialty, scope: CredentialScope(specialties: ["207R00000X"]))) == nil)
        #expect(try refused(claim(.acceptedTerms)) == "missing_detail")
        #expect(try refused(claim(.controlledAccess, resource: testHash("dataset"))) == nil)
        #expect(try refused(claim(.researcherStatus, resource: testHash("dataset"))) == "surplus_detail")
        #expect(try refused(claim(.guardianship)) == "missing_detail")
        #expect(try refused(claim(.guardianship, concerning: patient)) == nil)
        #expect(try refused(claim(.guardianship, concerning: .account(World.bert))) == "concerns_no_patient")
        #expect(try refused(claim(.guardianship, patient, concerning: patient)) == "concerns_no_patient")
        #expect(try refused(claim(.researcherStatus, concerning: patient)) == "surplus_detail")
    }

    @Test("Scope and validity are well-formed, and no person's identifier stands in clear")
    func form() throws {
        func scoped(_ jurisdictions: [String], _ specialties: [String] = ["x"]) throws -> String? {
            try refused(
                claim(.specialty, scope: CredentialScope(jurisdictions: jurisdictions, specialties: specialties)))
        }
        #expect(try scoped(["DE", "FR"]) == nil)
        #expect(try scoped(["FR", "DE"]) == "list_not_ascending")
        #expect(try scoped(["XX"]) == "invalid_jurisdiction")
        #expect(try scoped([], ["b", "a"]) == "list_not_ascending")
        for code in ["", "a b", "é", String(repeating: "a", count: 19)] {
            #expect(try scoped([], [code]) == "invalid_specialty")
        }
        #expect(try scoped([], ["1234567893"]) == "personal_identifier")
        #expect(try scoped([], ["0000-0002-1825-0097"]) == "invalid_specialty")
        #expect(try refused(claim(.medicalLicense, from: 5, until: 5)) == "invalid_validity")
        let world = try World()
        #expect(
            try reason { try world.offer(from: World.board, claim(.medicalLicense, until: 3), day: 3) }
                == "invalid_validity")
    }

    @Test("Each type has the subjects that it can have")
    func subjects() throws {
        let clinic = Party.organization(World.clinic)
        let patient = Party.account(World.patient)
        #expect(try refused(claim(.accreditation)) == "subject_not_allowed")
        #expect(try refused(claim(.medicalLicense, clinic)) == "subject_not_allowed")
        for type in [CredentialType.medicalLicense, .researcherStatus, .arbiter, .assetIssuer, .ethicsBoard] {
            #expect(try refused(claim(type, patient)) == "subject_not_allowed")
        }
        #expect(try refused(claim(.assetIssuer, clinic)) == nil)
        #expect(try refused(claim(.medicalLicense, .account(World.stranger))) == "unknown_party")
        let npi = PersonIdentifier(scheme: .npi, value: "1234567893")?.commitment(salt: testHash("salt").bytes)
        let identifiers = [try #require(npi)]
        #expect(try refused(claim(.medicalLicense, identifiers: identifiers)) == nil)
        #expect(try refused(claim(.medicalLicense, identifiers: identifiers + identifiers)) == "list_not_ascending")
        #expect(try refused(claim(.assetIssuer, clinic, identifiers: identifiers)) == "subject_not_allowed")
        #expect(
            try refused(claim(.acceptedTerms, patient, identifiers: identifiers, resource: testHash("terms")))
                == "subject_not_allowed")
    }

    @Test("A guardian may consent for the patient whom the credential concerns, and for no other")
    func guardians() throws {
        let world = try World()
        let patient = Party.account(World.patient)
        let id = try world.offer(from: World.board, claim(.guardianship, concerning: patient))
        try world.accept(id, by: World.anna, day: 1)
        func isGuardian(_ ward: Party, day: UInt64) throws -> Bool {
            try Credentials.isGuardian(Self.anna, of: ward, at: World.day(day), in: world.state)
        }
        #expect(try isGuardian(patient, day: 1))
        #expect(try !isGuardian(patient, day: 0))
        #expect(try !isGuardian(.account(World.bert), day: 1))
    }

    @Test("Few credentials of one type count at a time; what is over makes room, and the past stays answered")
    func bound() throws {
        let world = try World()
        let most = UInt64(IdentityLimits.credentialsThatCount)
        var ids: [CredentialID] = []
        for day in 0..<most {
            let until = day == 0 ? 20 : UInt64(1_000)
            ids.append(try world.offer(from: World.board, world.license(World.anna, until: until), day: day))
            try world.accept(ids[ids.count - 1], by: World.anna, day: day)
        }
        func more(_ day: UInt64, until: UInt64? = nil) throws -> String? {
            try reason {
                let id = try world.offer(from: World.board, world.license(World.anna, until: until), day: day)
                try world.accept(id, by: World.anna, day: day)
                ids.append(id)
            }
        }
        #expect(try more(19) == "too_many_credentials")
        // One has run out.
        #expect(try more(20, until: 30) == nil)
        #expect(try more(21) == "too_many_credentials")
        // She gives up what she does not want; only what is over goes.
        for id in ids.dropFirst().prefix(Int(most) - 1) {
            try RevokeCredential(credential: id, reason: .surrendered).execute(in: world.context(World.anna, day: 25))
        }
        #expect(try world.holds(Self.anna, .medicalLicense, day: 29))
        #expect(try !world.holds(Self.anna, .medicalLicense, day: 30))
        #expect(try more(40, until: 50) == nil && world.holds(Self.anna, .medicalLicense, day: 40))
        for day in [UInt64(0), 19, 24, 29] { #expect(try world.holds(Self.anna, .medicalLicense, day: day), "\(day)") }
        for day in [UInt64(30), 39, 50] { #expect(try !world.holds(Self.anna, .medicalLicense, day: day), "\(day)") }
    }

    @Test("No credential in force gives way to another, whatever it is for")
    func nothingInForceGivesWay() throws {
        let world = try World()
        func grant(_ number: Int, jurisdictions: [String], until: UInt64?) throws {
            let claim = claim(
                .controlledAccess, scope: CredentialScope(jurisdictions: jurisdictions), until: until,
                resource: testHash("data \(number)"))
            let id = try world.offer(from: World.board, claim, day: UInt64(number))
            try world.accept(id, by: World.anna, day: UInt64(number))
        }
        try grant(0, jurisdictions: ["DE"], until: nil)
        for number in 1..<IdentityLimits.credentialsThatCount { try grant(number, jurisdictions: ["US"], until: 30) }
        #expect(try reason { try grant(20, jurisdictions: ["US"], until: 90) } == "too_many_credentials")
        try grant(31, jurisdictions: ["US"], until: 90)
        #expect(
            try Credentials.holds(
                Self.anna, .controlledAccess, jurisdiction: "DE", at: World.day(60), in: world.state))
    }

    @Test("A yearly renewal lasts a century")
    func century() throws {
        let world = try World()
        func accept(_ year: UInt64) throws {
            let claim = world.license(World.anna, until: year * 365 + 366)
            try world.accept(
                try world.offer(from: World.board, claim, day: year * 365), by: World.anna, day: year * 365)
        }
        for year in 0..<UInt64(IdentityLimits.credentialsPerType) { try accept(year) }
        for year in [UInt64(0), 1, 64, 100] {
            #expect(try world.holds(Self.anna, .medicalLicense, day: year * 365 + 5), "\(year)")
        }
        var last = UInt64(IdentityLimits.credentialsPerType)
        var refused: String?
        while refused == nil, last < 200 {
            refused = try reason { try accept(last) }
            last += 1
        }
        #expect(refused == "too_many_credentials")
        #expect(last <= UInt64(IdentityLimits.credentialsPerType + IdentityLimits.credentialsThatCount) + 1)
    }

    @Test("What was withdrawn with the right it was issued by makes room; offers that nobody accepts take none")
    func othersTakeNoPlace() throws {
        let world = try World()
        let grant = DelegationGrant(
            delegate: .account(World.bert), types: [.medicalLicense], validFrom: World.day(0))
        let context = world.context(World.board, day: 0, "grant")
        try GrantDelegation(grant: grant).execute(in: context)
        let delegation: DelegationID = context.madeIdentifier()
        for day in 0..<200 {
            _ = try world.offer(from: World.bert, world.license(World.anna), by: delegation, day: UInt64(day) % 20)
        }
        let kept = try world.offer(from: World.board, world.license(World.anna), day: 1)
        try world.accept(kept, by: World.anna, day: 1)
        for day in 2...UInt64(IdentityLimits.credentialsThatCount) {
            try world.accept(
                try world.offer(from: World.bert, world.license(World.anna), by: delegation, day: day + 100),
                by: World.anna, day: day + 100)
        }
        let next = try world.offer(from: World.board, world.license(World.anna), day: 150)
        #expect(try reason { try world.accept(next, by: World.anna, day: 150) } == "too_many_credentials")
        try RevokeDelegation(delegation: delegation, reason: .misconduct).execute(
            in: world.context(World.board, day: 151))
        #expect(try world.holds(Self.anna, .medicalLicense, day: 151))
        try world.accept(next, by: World.anna, day: 152)
        #expect(try world.state.record(IdentityKeys.accepted(Self.anna, .medicalLicense))?.ids == [kept, next])
        #expect(try world.holds(Self.anna, .medicalLicense, day: 150))
    }

    @Test("A guardian may have any number of wards, and each is found")
    func manyWards() throws {
        let world = try World()
        let wards = (0..<20).map { testAddress("ward \($0)") }
        for (day, ward) in wards.enumerated() {
            world.state.set(
                IdentityKeys.account(ward),
                AccountRecord(
                    kind: .patient, sponsor: nil, createdAt: testStart, createdHeight: .genesis,
                    sponsoredAt: testStart))
            let claim = claim(.guardianship, concerning: .account(ward))
            try world.accept(
                try world.offer(from: World.board, claim, day: UInt64(day)), by: World.anna, day: UInt64(day))
        }
        for ward in wards {
            #expect(
                try Credentials.isGuardian(Self.anna, of: .account(ward), at: World.day(30), in: world.state))
        }
        #expect(try !Credentials.isGuardian(Self.anna, of: .account(wards[9]), at: World.day(8), in: world.state))
        #expect(try !Credentials.isGuardian(Self.anna, of: .account(World.patient), at: World.day(30), in: world.state))
        #expect(try world.holds(Self.anna, .guardianship, day: 30) && world.holds(Self.anna, .guardianship, day: 3))
    }
}
