import Consents
import Primitives
import StateModel
import TestSupport
import Testing

private let anything = ConsentPolicy(provisions: [Provision(.permit)])

private func grant(
    scope: ConsentScope = .individual, subject: Address = World.patient, guardian: Address? = nil,
    custodian: Address = World.hospital, policy: ConsentPolicy = anything,
    commitments: [CommittedRestriction] = [], expiresAt: Timestamp? = nil
) -> ConsentGrant {
    ConsentGrant(
        scope: scope, subject: .account(subject), guardian: guardian, custodian: .account(custodian), policy: policy,
        commitments: commitments, expiresAt: expiresAt)
}

@Suite struct ConsentLifeTests {
    /// Given by the subject, in force from the custodian's countersignature, over in the block of the withdrawal; the
    /// past stays answered.
    @Test func aConsentLivesFromCountersignatureToWithdrawal() throws {
        let world = try World()
        let context = try world.execute([World.patient], grant())
        let id: ConsentID = makeIdentifier(transactionHash: context.transactionHash, operationIndex: 0)
        #expect(try world.decide(id, request()).basis.reasons == [.notCountersigned])
        #expect(
            try reason { try world.execute([World.clinic], ConsentCountersign(consent: .id(id))) } == "not_authorized")

        _ = try world.advance(days: 1)
        let countersigned = world.time
        try world.execute([World.hospital], ConsentCountersign(consent: .id(id)))
        #expect(try world.decide(id, request()).isPermit)
        #expect(
            try reason { try world.execute([World.hospital], ConsentCountersign(consent: .id(id))) }
                == "already_countersigned")

        _ = try world.advance(days: 1)
        let withdrawal = try world.execute([World.patient], ConsentWithdraw(consents: [id]))
        #expect(withdrawal.events.map(\.name) == ["consent.withdrawn"])
        #expect(withdrawal.unneededSigner == nil)
        #expect(try world.decide(id, request()).basis.reasons == [.withdrawn])
        #expect(try world.decide(id, request(), at: countersigned).isPermit)
        #expect(try world.decide(id, request(), at: testStart).isDeny)
        #expect(
            try reason { try world.execute([World.patient], ConsentWithdraw(consents: [id])) }
                == "already_withdrawn")
    }

    /// A guardian needs the credential that concerns the very subject; withdrawal never needs more than granting did.
    @Test func guardiansGrantAndWithdraw() throws {
        let world = try World()
        let context = try world.execute([World.guardian], grant(guardian: World.guardian))
        let id: ConsentID = makeIdentifier(transactionHash: context.transactionHash, operationIndex: 0)
        #expect(
            try reason { try world.execute([World.clinician], grant(guardian: World.clinician)) } == "not_guardian")
        #expect(
            try reason {
                try world.execute(
                    [World.guardian], grant(subject: World.otherPatient, guardian: World.guardian))
            } == "not_guardian")
        #expect(
            try reason { try world.execute([World.clinician], ConsentWithdraw(consents: [id])) } == "not_subject")
        try world.execute([World.guardian], ConsentWithdraw(consents: [id]))
        // What the subject gave: of all who sign one is asked about, who sends it.
        let own = try world.consent(anything)
        #expect(
            try reason {
                try world.execute([World.clinician, World.guardian], ConsentWithdraw(consents: [own]))
            } == "not_subject")
        let withdrawal = try world.execute([World.guardian], ConsentWithdraw(consents: [own]))
        #expect(withdrawal.unneededSigner == nil)
    }

    /// Nobody consents for a subject who did not sign, and a patient's account is no custodian and no controller.
    @Test func partiesAreWhoTheyMustBe() throws {
        let world = try World()
        func refusal(_ signer: Address, _ operation: ConsentGrant) throws -> String? {
            try reason { try world.execute([signer], operation) }
        }
        #expect(try refusal(World.hospital, grant()) == "not_authorized")
        #expect(try refusal(World.patient, grant(custodian: testAddress("nobody"))) == "unknown_party")
        #expect(try refusal(World.patient, grant(custodian: World.otherPatient)) == "custodian_is_patient")
        #expect(try refusal(World.clinician, grant(subject: World.clinician)) == "subject_not_patient")
        #expect(try refusal(World.patient, grant(scope: .aggregate)) == "subject_is_patient")
        #expect(try refusal(World.patient, grant(expiresAt: testStart)) == "consent_expired")
    }

    /// A dataset's controller that keeps the data itself needs no second signature.
    @Test func ownDatasetsAreInForceAtOnce() throws {
        let world = try World()
        let context = try world.execute([World.hospital], grant(scope: .aggregate, subject: World.hospital))
        #expect(context.events.map(\.name) == ["consent.granted", "consent.countersigned"])
    }

    /// Several consents are withdrawn together or not at all.
    @Test func withdrawalNamesEachOnce() throws {
        let world = try World()
        let ids = try [world.consent(anything), world.consent(anything)]
        func refusal(_ ids: [ConsentID]) throws -> String? {
            try reason { try world.execute([World.patient], ConsentWithdraw(consents: ids)) }
        }
        #expect(try refusal([]) == "nothing_named")
        #expect(try refusal([ids[0], ids[0]]) == "named_twice")
        #expect(try refusal([ids[0], testIdentifier("none")]) == "unknown_consent")
        #expect(try world.decide(ids[0], request()).isPermit)
        try world.execute([World.patient], ConsentWithdraw(consents: ids))
        for id in ids { #expect(try world.decide(id, request()).isDeny) }
        #expect(ConsentOperation.withdraw(ConsentWithdraw(consents: ids)).isReserved)
        #expect(!ConsentOperation.isReserved(.countersign(ConsentCountersign(consent: .id(ids[0])))))
    }

    /// Time ends a consent on its own; the due work only tells of it.
    @Test func expiryNeedsNoAct() throws {
        let world = try World()
        let end = testStart.adding(milliseconds: 3 * millisecondsPerDay)
        let id = try world.consent(anything, expiresAt: end)
        #expect(try world.decide(id, request(), at: end).basis.reasons == [.expired])
        let events = try world.advance(days: 4)
        #expect(events.map(\.name) == ["consent.expired"])
        #expect(try world.decide(id, request(), at: testStart).isPermit)
        #expect(
            try reason { try world.execute([World.patient], ConsentWithdraw(consents: [id])) } == "consent_expired")
    }
}

@Suite struct PolicyRulesTests {
    private func refusal(
        _ provisions: [Provision], commitments: [CommittedRestriction] = [], scope: ConsentScope = .individual
    ) throws -> String? {
        let world = try World()
        let subject = scope == .individual ? World.patient : World.hospital
        return try reason {
            try world.execute(
                [subject],
                grant(
                    scope: scope, subject: subject, policy: ConsentPolicy(provisions: provisions),
                    commitments: commitments))
        }
    }

    private let disease = CodedTerm(system: .mondo, code: "0005148")

    /// A person's consent reveals no diagnosis: no disease, no code; a dataset's may.
    @Test func personsConsentsHoldNoCodes() throws {
        let specific = DataUseTerms(permissions: [.diseaseSpecific], diseases: [disease])
        #expect(try refusal([Provision(.permit, dataUse: specific)]) == "reveals_diagnosis")
        #expect(try refusal([Provision(.permit, codes: [disease])]) == "reveals_diagnosis")
        #expect(
            try refusal(
                [Provision(.permit, codes: [disease]), Provision(.permit, dataUse: specific)], scope: .aggregate) == nil
        )
        let committed = CommittedRestriction(kind: .disease, commitment: testHash("salted"))
        let open = DataUseTerms(permissions: [.diseaseSpecific])
        #expect(try refusal([Provision(.permit, dataUse: open)]) == "disease_missing")
        #expect(try refusal([Provision(.permit, dataUse: open, restrictions: [0])], commitments: [committed]) == nil)
    }

    @Test func policiesAreWellFormed() throws {
        let committed = CommittedRestriction(kind: .recordClass, commitment: testHash("salted"))
        let general = DataUseTerms(permissions: [.generalResearch])
        func nested(_ depth: Int) -> [Provision] {
            depth == 0 ? [] : [Provision(depth.isMultiple(of: 2) ? .deny : .permit, provisions: nested(depth - 1))]
        }
        #expect(try refusal([]) == "empty_policy")
        #expect(try refusal([Provision(.deny)]) == "empty_policy")
        #expect(try refusal(nested(3)) == nil)
        #expect(try refusal(nested(5)) == "policy_too_large")
        #expect(try refusal((0..<9).map { _ in Provision(.permit) }) == "policy_too_large")
        #expect(try refusal([Provision(.permit, provisions: [Provision(.permit)])]) == "exception_of_same_kind")
        #expect(
            try refusal([Provision(.permit, provisions: [Provision(.deny, dataUse: general)])]) == "terms_on_denial")
        #expect(try refusal([Provision(.permit, restrictions: [0])]) == "unknown_restriction")
        #expect(try refusal([Provision(.permit)], commitments: [committed]) == "unused_restriction")
        #expect(
            try refusal([Provision(.permit, restrictions: [0, 1])], commitments: [committed, committed])
                == "unused_restriction")
        #expect(try refusal([Provision(.permit, jurisdictions: ["de"])]) == "invalid_jurisdiction")
        #expect(
            try refusal([Provision(.permit, codes: [CodedTerm(system: .loinc, code: "a b")])], scope: .aggregate)
                == "invalid_code")
        #expect(try refusal([Provision(.permit, validity: Period())]) == "invalid_period")
        let backwards = Period(from: Timestamp(2), until: Timestamp(1))
        #expect(try refusal([Provision(.permit, dataPeriod: backwards)]) == "invalid_period")
        let endless = DataUseTerms(permissions: [.generalResearch], months: 0)
        #expect(try refusal([Provision(.permit, dataUse: endless)]) == "invalid_time_limit")
        let surplus = DataUseTerms(permissions: [.generalResearch], diseases: [disease])
        #expect(try refusal([Provision(.permit, dataUse: surplus)], scope: .aggregate) == "disease_surplus")
    }
}

@Suite struct ConsentSetTests {
    /// Withdrawal marks each set of the consent stale in its own block; a successor takes the others over.
    @Test func withdrawalMakesSetsStaleAndASuccessorFollows() throws {
        let world = try World()
        let first = try world.consent(anything)
        let second = try world.consent(anything, of: World.otherPatient)
        let set = try world.set([first, second])
        let other = try world.set([first])
        #expect(try ConsentSets.record(set, in: world.state)?.policies.count == 1)
        #expect(try world.decide(set, request()).isPermit)

        _ = try world.advance(days: 2)
        let context = try world.execute([World.patient], ConsentWithdraw(consents: [first]))
        #expect(context.events.map(\.name) == ["consent.withdrawn", "consentSet.stale", "consentSet.stale"])
        for id in [set, other] {
            #expect(try ConsentSets.isStale(id, at: world.time, in: world.state))
            #expect(try !ConsentSets.isStale(id, at: testStart, in: world.state))
        }
        #expect(try world.decide(set, request()).basis.reasons == [.setStale])
        #expect(try world.decide(set, request(), at: testStart).isPermit)
        #expect(
            try reason {
                try world.execute([World.hospital], ConsentSetAdd(set: .id(set), members: [.id(second)]))
            } == "set_stale")

        #expect(try reason { _ = try world.set([first], succeeds: set) } == "consent_not_active")
        let successor = try world.set([second], succeeds: set)
        #expect(try ConsentSets.record(set, in: world.state)?.successor == successor)
        #expect(try world.decide(successor, request()).isPermit)
        // The stale set needs no further news of the member that its successor took over.
        #expect(try ConsentLedger.record(second, in: world.state)?.sets.elements == [successor])
        #expect(try reason { _ = try world.set([second], succeeds: set) } == "set_superseded")
    }

    /// A set is as old as its earliest expiry allows, by time alone; the due work tells of it.
    @Test func setsGoStaleAtTheEarliestExpiry() throws {
        let world = try World()
        let end = testStart.adding(milliseconds: 3 * millisecondsPerDay)
        let short = try world.consent(anything, expiresAt: end)
        let set = try world.set([short, try world.consent(anything)])
        #expect(try ConsentSets.isStale(set, at: end, in: world.state))
        let events = try world.advance(days: 4)
        #expect(events.map(\.name) == ["consent.expired", "consentSet.stale"])
        let stale = try ConsentSets.record(set, in: world.state)?.stale
        #expect(stale == StaleMark(since: end, reason: .expiry))
    }

    @Test func setsTakeConsentsInForceOfTheirCustodian() throws {
        let world = try World()
        let own = try world.consent(anything)
        let foreign = try world.consent(anything, custodian: World.clinic)
        let proposed: ConsentID = makeIdentifier(
            transactionHash: try world.execute([World.patient], grant()).transactionHash, operationIndex: 0)
        #expect(try reason { _ = try world.set([foreign]) } == "other_custodian")
        #expect(try reason { _ = try world.set([proposed]) } == "consent_not_active")
        #expect(try reason { _ = try world.set([own, own]) } == "named_twice")
        let set = try world.set([own])
        func add(_ signer: Address, _ ids: [ConsentID]) throws -> String? {
            try reason {
                try world.execute([signer], ConsentSetAdd(set: .id(set), members: ids.map { .id($0) }))
            }
        }
        #expect(try add(World.hospital, [own]) == "already_member")
        #expect(try add(World.hospital, []) == "nothing_named")
        #expect(try add(World.clinic, [own]) == "not_authorized")
        #expect(try world.decide(try world.set([]), request()).basis.reasons == [.setEmpty])
    }

    /// A consent is a member of at most sixteen sets, a set of at most sixteen policies: withdrawal and decisions stay
    /// bounded.
    @Test func membershipIsBounded() throws {
        let world = try World()
        let consent = try world.consent(anything)
        for _ in 0..<16 { _ = try world.set([consent]) }
        #expect(try reason { _ = try world.set([consent]) } == "too_many_sets")
        let policies = try (0..<17).map { index in
            let until = Timestamp(testStart.milliseconds + 1_000 + UInt64(index))
            return try world.consent(
                ConsentPolicy(provisions: [Provision(.permit, validity: Period(until: until))]))
        }
        #expect(try reason { _ = try world.set(policies) } == "too_many_policies")
        _ = try world.set(Array(policies.prefix(16)))
    }

    /// Members' committed restrictions are met by the custodian, once for the set.
    @Test func restrictionsOfMembersAreOneNeed() throws {
        let world = try World()
        let policy = ConsentPolicy(provisions: [Provision(.permit, restrictions: [0])])
        let consents = try ["one", "two"].map { name in
            try world.consent(
                policy, commitments: [CommittedRestriction(kind: .recordClass, commitment: testHash(name))])
        }
        guard case .needs(let own, _) = try world.decide(consents[0], request()),
            case .needs(let needs, let basis) = try world.decide(try world.set(consents), request())
        else {
            Issue.record("expected needs")
            return
        }
        #expect(own == [.restriction(index: 0, commitment: testHash("one"))])
        #expect(needs == [.memberRestrictions])
        #expect(basis.reasons == [.restrictionCommitted])
    }
}
