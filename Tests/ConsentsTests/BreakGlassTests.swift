import Consents
import Identities
import Primitives
import StateModel
import TestSupport
import Testing

private let emergency = ConsentPolicy(provisions: [
    Provision(.permit, actors: [.holder(.medicalLicense, jurisdiction: nil)], purposes: [.breakTheGlass])
])

private func glass(
    _ consent: ConsentID, by clinician: Address = World.clinician, at time: Timestamp = testStart, hours: UInt64 = 24
) -> ConsentBreakGlass {
    ConsentBreakGlass(
        consent: consent, clinician: clinician, reason: testHash("reason"),
        until: time.adding(milliseconds: hours * 3_600_000))
}

@Suite struct BreakGlassTests {
    private func id(_ context: OperationContext) -> DisclosureID {
        makeIdentifier(transactionHash: context.transactionHash, operationIndex: 0)
    }

    /// Recorded as a disclosure that ends by itself, seen by the patient, with a review that its custodian and
    /// reviewers find.
    @Test func theActOpensItsReview() throws {
        let world = try World()
        let reviewer = Party.account(World.researcher)
        try world.execute(
            [World.hospital], ConsentNameReviewers(custodian: .account(World.hospital), reviewers: [reviewer]))
        let consent = try world.consent(emergency)
        let context = try world.execute([World.clinician], glass(consent))
        #expect(context.events.map(\.name) == ["consent.disclosed", "consent.glassBroken"])
        let seen = try world.query("consent_disclosures", #"{"consent": "\#(consent)"}"#, of: DisclosureView.self).items
        #expect(seen.map(\.disclosure.occasion) == [.breakGlass])
        #expect(seen[0].disclosure.until == testStart.adding(milliseconds: 24 * 3_600_000))
        #expect(seen[0].review?.closing == nil)
        for party in [World.hospital, World.researcher] {
            let waiting = try world.query("consent_reviews", #"{"party": "\#(party)"}"#, of: ReviewRecord.self).items
            #expect(waiting.map(\.disclosure) == [id(context)])
        }
        let closing = try world.execute(
            [World.researcher],
            ConsentReview(
                disclosure: id(context), reviewer: reviewer, outcome: .unjustified, evidence: testHash("report")))
        #expect(closing.events.map(\.name) == ["consent.reviewed"])
        #expect(
            try world.query("consent_reviews", #"{"party": "\#(World.hospital)"}"#, of: ReviewRecord.self).items.isEmpty
        )
        let after = try world.query("consent_disclosures", #"{"consent": "\#(consent)"}"#, of: DisclosureView.self)
            .items
        #expect(after[0].review?.closing?.outcome == .unjustified)
        #expect(
            try reason {
                try world.execute(
                    [World.researcher],
                    ConsentReview(disclosure: id(context), reviewer: reviewer, outcome: .justified))
            } == "already_reviewed")
    }

    /// Permitted only where the consent names it: neither treatment in general nor a policy without limits does.
    @Test func theConsentMustNameIt() throws {
        let world = try World()
        let values = ConsentTemplateValues(custodian: .account(World.hospital))
        for policy in [
            ConsentPolicy(provisions: [Provision(.permit)]), ConsentTemplates.treatmentOnly.policy(values),
            ConsentPolicy(provisions: [Provision(.permit, purposes: [.emergencyTreatment])]),
        ] {
            let consent = try world.consent(policy)
            #expect(try reason { try world.execute([World.clinician], glass(consent)) } == "release_denied")
            let asked = request(World.clinician, .access, [.breakTheGlass])
            #expect(try world.decide(consent, asked).isDeny)
        }
        let denied = try world.consent(
            ConsentPolicy(provisions: emergency.provisions + [Provision(.deny, purposes: [.treatment])]))
        #expect(try reason { try world.execute([World.clinician], glass(denied)) } == "release_denied")
        let template = try world.consent(ConsentTemplates.treatmentAndEmergency.policy(values))
        #expect(try reason { try world.execute([World.clinician], glass(template)) } == nil)
    }

    /// A medical license is asked for, unless the consent names who may.
    @Test func theClinicianHoldsTheCredential() throws {
        let world = try World()
        let open = try world.consent(ConsentPolicy(provisions: [Provision(.permit, purposes: [.breakTheGlass])]))
        #expect(
            try reason { try world.execute([World.researcher], glass(open, by: World.researcher)) } == "not_clinician")
        #expect(try reason { try world.execute([World.clinician], glass(open)) } == nil)
        #expect(try reason { try world.execute([World.researcher], glass(open)) } == "not_authorized")
        let named = try world.consent(
            ConsentPolicy(provisions: [
                Provision(.permit, actors: [.party(.account(World.researcher))], purposes: [.breakTheGlass])
            ]))
        #expect(try reason { try world.execute([World.researcher], glass(named, by: World.researcher)) } == nil)
        let needing = try world.consent(
            ConsentPolicy(provisions: [Provision(.permit, purposes: [.breakTheGlass], restrictions: [0])]),
            commitments: [CommittedRestriction(kind: .recordClass, commitment: testHash("salted"))])
        #expect(try reason { try world.execute([World.clinician], glass(needing)) } == "need_unmet")
    }

    @Test func theAccessIsBoundInTime() throws {
        let world = try World()
        let consent = try world.consent(emergency)
        #expect(try reason { try world.execute([World.clinician], glass(consent, hours: 0)) } == "invalid_period")
        #expect(try reason { try world.execute([World.clinician], glass(consent, hours: 73)) } == "invalid_period")
        #expect(try reason { try world.execute([World.clinician], glass(consent, hours: 72)) } == nil)
    }

    /// Nobody reviews their own act; the custodian only as long as it named nobody; an ethics board always.
    @Test func reviewersAreOthers() throws {
        let world = try World()
        let consent = try world.consent(emergency)
        let first = id(try world.execute([World.clinician], glass(consent)))
        func refusal(_ reviewer: Address, _ disclosure: DisclosureID) throws -> String? {
            try reason {
                try world.execute(
                    [reviewer],
                    ConsentReview(disclosure: disclosure, reviewer: .account(reviewer), outcome: .justified))
            }
        }
        #expect(try refusal(World.clinician, first) == "not_reviewer")
        #expect(try refusal(World.researcher, first) == "not_reviewer")
        #expect(try refusal(World.hospital, testIdentifier("none")) == "unknown_review")
        #expect(try refusal(World.hospital, first) == nil)
        let second = id(try world.execute([World.clinician], glass(consent)))
        try world.execute(
            [World.hospital],
            ConsentNameReviewers(custodian: .account(World.hospital), reviewers: [.account(World.clinician)]))
        #expect(try refusal(World.clinician, second) == "not_reviewer")
        #expect(try refusal(World.hospital, second) == "not_reviewer")
        world.attest(World.researcher, .ethicsBoard)
        #expect(try refusal(World.researcher, second) == nil)
    }

    /// A review left open past its deadline takes the power from the site until every overdue one is answered; the past
    /// stays answered, and other custodians are not touched.
    @Test func overdueReviewsTakeThePower() throws {
        let world = try World()
        let consent = try world.consent(emergency)
        let elsewhere = try world.consent(emergency, of: World.otherPatient, custodian: World.clinic)
        let first = id(try world.execute([World.clinician], glass(consent)))
        _ = try world.advance(days: 1)
        let second = id(try world.execute([World.clinician], glass(consent, at: world.time)))
        _ = try world.advance(days: 12)
        let third = id(try world.execute([World.clinician], glass(consent, at: world.time)))
        let asked = request(World.clinician, .access, [.breakTheGlass])
        #expect(try world.advance(days: 1).isEmpty)
        // On the day itself by time alone; the event follows with the due work.
        #expect(try world.decide(consent, asked).basis.reasons == [.reviewsOverdue])
        #expect(try world.advance(days: 1).map(\.name) == ["consent.reviewOverdue"])
        #expect(try reason { try world.execute([World.clinician], glass(consent, at: world.time)) } == "release_denied")
        #expect(try reason { try world.execute([World.clinician], glass(elsewhere, at: world.time)) } == nil)

        func review(_ id: DisclosureID) throws {
            try world.execute(
                [World.hospital],
                ConsentReview(disclosure: id, reviewer: .account(World.hospital), outcome: .justified))
        }
        // The second fell due meanwhile; the third's deadline lies ahead.
        try review(first)
        #expect(try world.decide(consent, asked).basis.reasons == [.reviewsOverdue])
        try review(second)
        #expect(try world.decide(consent, asked).isPermit)
        try review(third)
        let lapse = testStart.adding(milliseconds: 14 * millisecondsPerDay)
        #expect(try world.decide(consent, asked, at: lapse).basis.reasons == [.reviewsOverdue])
        #expect(try world.decide(consent, asked, at: Timestamp(lapse.milliseconds - 1)).isPermit)
        #expect(try world.decide(consent, asked, at: world.time).isPermit)
        let view = try world.query("consent_reviewers", #"{"custodian": "\#(World.hospital)"}"#, of: ReviewersView.self)
        #expect(view.items.map(\.openReviews) == [0] && view.items.map(\.isSuspended) == [false])
    }

    /// Reviews may be answered in any order; the oldest open one always counts.
    @Test func anyOrderOfAnswersKeepsTheOldest() throws {
        for seed in 0..<24 as Range<UInt64> {
            let world = try World()
            let consent = try world.consent(emergency)
            var random = SeededRandom(seed: seed)
            var open: [(id: DisclosureID, deadline: Timestamp)] = []
            for _ in 0..<6 {
                _ = try world.advance(days: 1)
                let context = try world.execute([World.clinician], glass(consent, at: world.time))
                open.append((id(context), world.time.adding(milliseconds: ConsentsLimits.reviewMilliseconds)))
            }
            open.shuffle(using: &random)
            while let next = open.popLast() {
                _ = try world.advance(days: UInt64.random(in: 0...5, using: &random))
                try world.execute(
                    [World.hospital],
                    ConsentReview(disclosure: next.id, reviewer: .account(World.hospital), outcome: .justified))
                let isOverdue = open.contains { $0.deadline <= world.time }
                let decision = try world.decide(consent, request(World.clinician, .access, [.breakTheGlass]))
                #expect(decision.isDeny == isOverdue, "seed \(seed)")
            }
        }
    }
}
