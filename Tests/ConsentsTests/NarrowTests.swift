import Consents
import Primitives
import StateModel
import TestSupport
import Testing

@Suite struct NarrowTests {
    private let research = Provision(.permit, purposes: [.research])
    private let treatment = Provision(.permit, purposes: [.treatment])
    private var both: ConsentPolicy { ConsentPolicy(provisions: [research, treatment]) }

    /// The subject alone, in this block: sets stale, the past answered as it was, the revision higher.
    @Test func aNarrowedConsentKeepsItsPast() throws {
        let world = try World()
        let consent = try world.consent(both)
        let set = try world.set([consent])
        #expect(try world.decide(set, request()).isPermit)
        _ = try world.advance(days: 1)
        let before = try #require(try ConsentLedger.record(consent, in: world.state)).revision
        let context = try world.execute(
            [World.patient], ConsentNarrow(consent: consent, policy: ConsentPolicy(provisions: [treatment])))
        #expect(context.events.map(\.name) == ["consent.narrowed", "consentSet.stale"])
        #expect(try world.decide(consent, request()).isDeny)
        #expect(try world.decide(consent, request(), at: testStart).isPermit)
        #expect(try world.decide(set, request()).basis.reasons == [.setStale])
        let record = try #require(try ConsentLedger.record(consent, in: world.state))
        #expect(record.revision == before + 1 && record.narrowings == 1)
        #expect(try ConsentSets.record(set, in: world.state)?.stale?.reason == .narrowing)
        // The narrowed consent joins the successor.
        let successor = try world.set([consent], succeeds: set)
        #expect(try world.decide(successor, request(World.clinician, .access, [.treatment])).isPermit)

        _ = try world.advance(days: 1)
        try world.execute(
            [World.patient],
            ConsentNarrow(
                consent: consent,
                policy: ConsentPolicy(provisions: [treatment, Provision(.deny, jurisdictions: ["US"])])))
        let day = testStart.adding(milliseconds: millisecondsPerDay)
        let asked = request(World.clinician, .access, [.treatment], jurisdiction: "US")
        #expect(try world.decide(consent, asked, at: day).isPermit)
        #expect(try world.decide(consent, asked).isDeny)
    }

    /// An earlier end is told once, at the earlier time.
    @Test func theEndComesEarlier() throws {
        let world = try World()
        let consent = try world.consent(both, expiresAt: testStart.adding(milliseconds: 9 * millisecondsPerDay))
        let sooner = testStart.adding(milliseconds: 2 * millisecondsPerDay)
        try world.execute([World.patient], ConsentNarrow(consent: consent, policy: nil, expiresAt: sooner))
        #expect(try world.advance(days: 3).map(\.name) == ["consent.expired"])
        #expect(try world.advance(days: 9).isEmpty)
        #expect(try world.decide(consent, request(), at: testStart).isPermit)
        #expect(try world.decide(consent, request(), at: sooner).basis.reasons == [.expired])
    }

    @Test func narrowingIsRefusedWhereItIsNone() throws {
        let world = try World()
        let end = testStart.adding(milliseconds: 9 * millisecondsPerDay)
        let consent = try world.consent(both, expiresAt: end)
        func refusal(
            _ provisions: [Provision]?, expiresAt: Timestamp? = nil, by signer: Address = World.patient
        ) throws -> String? {
            try reason {
                try world.execute(
                    [signer],
                    ConsentNarrow(
                        consent: consent, policy: provisions.map { ConsentPolicy(provisions: $0) },
                        expiresAt: expiresAt))
            }
        }
        #expect(try refusal([research, treatment, Provision(.permit)]) == "not_narrower")
        #expect(try refusal([treatment, research]) == "not_narrower")
        #expect(try refusal([Provision(.permit)]) == "not_narrower")
        #expect(try refusal(both.provisions) == "nothing_named")
        #expect(try refusal(nil) == "nothing_named")
        #expect(try refusal([]) == "empty_policy")
        #expect(try refusal(nil, expiresAt: Timestamp(end.milliseconds + 1)) == "not_narrower")
        #expect(try refusal(nil, expiresAt: testStart) == "consent_expired")
        #expect(try refusal([research], by: World.hospital) == "not_subject")
        #expect(try refusal([Provision(.permit, purposes: [.biomedicalResearch])]) == nil)
        try world.execute([World.patient], ConsentWithdraw(consents: [consent]))
        #expect(try refusal([Provision(.permit, purposes: [.translationalResearch])]) == "already_withdrawn")
    }

    /// A permit whose denials hold against its siblings can't simply go, and breaking the glass can't come in by a wider
    /// purpose: both would permit what was denied.
    @Test func whatLooksNarrowerButIsWiderIsRefused() throws {
        let world = try World()
        let guarded = Provision(.permit, provisions: [Provision(.deny, jurisdictions: ["US"])])
        let open = Provision(.permit, actions: [.analyze])
        let policy = ConsentPolicy(provisions: [guarded, open, treatment])
        let consent = try world.consent(policy)
        func refusal(_ provisions: [Provision]) throws -> String? {
            try reason {
                try world.execute(
                    [World.patient], ConsentNarrow(consent: consent, policy: ConsentPolicy(provisions: provisions)))
            }
        }
        #expect(try refusal([open, treatment]) == "not_narrower")
        #expect(try refusal([guarded, open, Provision(.permit, purposes: [.breakTheGlass])]) == "not_narrower")
        let closed = Provision(.permit, provisions: guarded.provisions + [Provision(.deny)])
        #expect(try refusal([closed, open, treatment]) == nil)
    }

    /// Guardians narrow as they grant; a consent that awaits its countersignature can be narrowed too.
    @Test func aProposedConsentIsNarrowedByItsGuardian() throws {
        let world = try World()
        let context = try world.execute(
            [World.guardian],
            ConsentGrant(
                scope: .individual, subject: .account(World.patient), guardian: World.guardian,
                custodian: .account(World.hospital), policy: both))
        let consent: ConsentID = makeIdentifier(transactionHash: context.transactionHash, operationIndex: 0)
        try world.execute(
            [World.guardian], ConsentNarrow(consent: consent, policy: ConsentPolicy(provisions: [research])))
        try world.execute([World.hospital], ConsentCountersign(consent: .id(consent)))
        #expect(try world.decide(consent, request(World.clinician, .access, [.treatment])).isDeny)
        #expect(try world.decide(consent, request()).isPermit)
    }

    /// Whatever passes the rules answers no request less strictly than what was there before.
    @Test func whatPassesNeverWidens() throws {
        let world = try World()
        var accepted = 0
        var narrower = 0
        for seed in 0..<8_000 as Range<UInt64> {
            var make = RandomConsents(seed: seed ^ 0x7e7e)
            let record = make.record("consent")
            let changed = make.changed(record.policy)
            guard changed != record.policy, PolicyNarrowing.narrows(changed, record.policy) else { continue }
            accepted += 1
            let narrowed = record.with(changed)
            for _ in 0..<16 {
                let request = make.request()
                let time = make.time()
                let wide = try ConsentLedger.decide(record, request, at: time, in: world.state)
                let narrow = try ConsentLedger.decide(narrowed, request, at: time, in: world.state)
                if rank(narrow) < rank(wide) { narrower += 1 }
                #expect(rank(narrow) <= rank(wide), "seed \(seed): \(request)")
            }
        }
        #expect(accepted > 500 && narrower > 40, "the property must meet its cases; it met \(accepted), \(narrower)")
    }
}

@Suite struct ErasureTests {
    private let anything = ConsentPolicy(provisions: [Provision(.permit)])

    /// Asked for with the withdrawal, or later of what is over already; once.
    @Test func erasureIsAskedForOnce() throws {
        let world = try World()
        let one = try world.consent(anything)
        let other = try world.consent(anything, expiresAt: testStart.adding(milliseconds: millisecondsPerDay))
        let context = try world.execute([World.patient], ConsentWithdraw(consents: [one], erasure: true))
        #expect(context.events.map(\.name) == ["consent.withdrawn", "consent.erasureRequested"])
        #expect(try ConsentLedger.record(one, in: world.state)?.erasure == ErasureMark(requestedAt: testStart))
        func refusal(_ ids: [ConsentID]) throws -> String? {
            try reason { try world.execute([World.patient], ConsentWithdraw(consents: ids, erasure: true)) }
        }
        #expect(try refusal([one]) == "already_withdrawn")
        _ = try world.advance(days: 2)
        let late = try world.execute([World.patient], ConsentWithdraw(consents: [other], erasure: true))
        #expect(late.events.map(\.name) == ["consent.erasureRequested"])
        let record = try #require(try ConsentLedger.record(other, in: world.state))
        #expect(record.withdrawnAt == nil && record.erasure?.requestedAt == world.time)
        #expect(try refusal([other]) == "consent_expired")
        let plain = try world.consent(anything)
        try world.execute([World.patient], ConsentWithdraw(consents: [plain]))
        #expect(try refusal([plain]) == nil)
        #expect(try world.decide(plain, request(), at: testStart).isDeny)
    }
}
