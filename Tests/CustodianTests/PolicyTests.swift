import Consents
import Cryptography
import Custodian
import Interface
import Primitives
import Testing

@Suite("Custodian: policy")
struct PolicyTests {
    private func policy(_ json: String) throws -> CustodianPolicy {
        try JSONValueDecoder.decode(
            CustodianPolicy.self, from: try JSONParser.parse(Array(json.utf8)), networkKind: .test)
    }

    @Test("Everything may be left out, nothing may be misspelled")
    func decoding() throws {
        #expect(try policy("{}") == CustodianPolicy(owners: []))
        let some = try policy(
            #"{"acts": ["license"], "hours": {"from": 480, "until": 1020}, "beginsPerHour": 3, "approvalPurposes": ["HMARKT"]}"#
        )
        #expect(some.acts == [.license] && some.beginsPerHour == 3 && some.approvalPurposes == [.marketing])
        #expect(some.answersMilliseconds == CustodianPolicy.standardAnswers)
        #expect(try policy(#"{"answersMilliseconds": 0}"#).answersMilliseconds == 0)
        #expect(some.defect?.field == "owners")
        #expect(throws: (any Error).self) { try policy(#"{"excludedInfts": []}"#) }
        #expect(throws: (any Error).self) { try policy(#"{"acts": ["everything"]}"#) }
    }

    @Test("Defects name the field")
    func defects() {
        for (policy, field) in [
            (CustodianPolicy(owners: [Bench.owner], acts: []), "acts"),
            (CustodianPolicy(owners: [Bench.owner], acts: [.mint]), "acts"),
            (CustodianPolicy(owners: [Bench.owner], hours: .init(from: 0, until: 1_440)), "hours"),
            (CustodianPolicy(owners: [Bench.owner], hours: .init(from: 60, until: 60)), "hours"),
            (CustodianPolicy(owners: [Bench.owner], beginsPerHour: 0), "beginsPerHour"),
            (CustodianPolicy(owners: [Bench.owner], releaseMarginMilliseconds: 3_600_000), "releaseMarginMilliseconds"),
            (CustodianPolicy(owners: [Bench.owner], answersMilliseconds: .max), "answersMilliseconds"),
        ] {
            #expect(policy.defect?.field == field)
        }
        #expect(CustodianPolicy(owners: [Bench.owner]).defect == nil)
    }

    private func reason(_ policy: CustodianPolicy, at now: Timestamp = Bench.noon) -> WaitReason? {
        var bench = Bench(policy)
        bench.now = now
        _ = bench.page(10, opens: [.delivery(Bench.one)])
        let effects = bench.found(Bench.one, 10, Bench.pending)
        return effects.records.compactMap { if case .waits(_, let reason) = $0 { reason } else { nil } }.first
    }

    @Test("Owners, INFTs and acts that are not served are left alone")
    func served() {
        let inft = INFTID(Bytes32(3, 3, 3, 3))
        #expect(reason(CustodianPolicy(owners: [Bench.buyer]))?.kind == .notServed)
        #expect(reason(CustodianPolicy(owners: [Bench.owner])) == nil)
        #expect(reason(CustodianPolicy(owners: [Bench.owner], infts: [INFTID(.zero)]))?.kind == .notServed)
        #expect(reason(CustodianPolicy(owners: [Bench.owner], infts: [inft])) == nil)
        #expect(reason(CustodianPolicy(owners: [Bench.owner], excludedINFTs: [inft]))?.kind == .notServed)
        #expect(reason(CustodianPolicy(owners: [Bench.owner], acts: [.transfer]))?.kind == .notServed)
    }

    @Test("What is not served is not asked for again, until its INFT has another owner")
    func moved() {
        var bench = Bench(CustodianPolicy(owners: [Bench.buyer]))
        _ = bench.page(10, opens: [.delivery(Bench.one)])
        _ = bench.found(Bench.one, 10, Bench.pending)
        #expect(bench.pass(3_600_000).isEmpty)
        #expect(bench.page(11, hint: .moves(INFTID(.zero))).asks.isEmpty)
        #expect(bench.page(12, hint: .moves(INFTID(Bytes32(3, 3, 3, 3)))).asks == [Bench.one])
    }

    @Test("Hours: inside, outside, past midnight, and when they open again")
    func hours() {
        let minute: UInt64 = 60_000
        let day = CustodianPolicy(owners: [Bench.owner], hours: .init(from: 480, until: 1_020))
        #expect(reason(day) == nil)
        let evening = Bench.noon.adding(milliseconds: 300 * minute)
        #expect(
            reason(day, at: evening) == WaitReason(.outsideHours, until: evening.adding(milliseconds: 900 * minute)))
        let night = CustodianPolicy(owners: [Bench.owner], hours: .init(from: 1_320, until: 360))
        #expect(reason(night) == WaitReason(.outsideHours, until: Bench.noon.adding(milliseconds: 600 * minute)))
        #expect(reason(night, at: Bench.noon.adding(milliseconds: 660 * minute)) == nil)
    }

    @Test("Restrictions: signed for requests that name only what the opened commitments allow, and name something")
    func restrictions() {
        let diabetes = CodedTerm(system: .mondo, code: "MONDO:0005148")
        let asthma = CodedTerm(system: .mondo, code: "MONDO:0004979")
        func use(_ diseases: [CodedTerm]) -> ResearchUse {
            ResearchUse(aims: [.healthMedicalBiomedical], diseases: diseases.map { DiseaseAim(disease: $0) })
        }
        let rule = CustodianPolicy.RestrictionRule(
            consentSet: Bench.set, purposes: [.research], aims: [.healthMedicalBiomedical], diseases: [diabetes])
        let elsewhere = CustodianPolicy.RestrictionRule(consentSet: ConsentSetID(.zero))
        for (rules, purposes, use, isSigned) in [
            ([rule], [.research], use([diabetes]), true), ([rule], [.research], use([diabetes, asthma]), false),
            ([rule], [.research], use([]), false), ([rule], [.research], nil, false),
            ([rule], [.research, .marketing], use([diabetes]), false), ([rule], [], use([diabetes]), false),
            ([elsewhere], [.research], use([diabetes]), false),
            ([elsewhere, rule], [.research], use([diabetes]), true),
        ] as [([CustodianPolicy.RestrictionRule], [PurposeOfUse], ResearchUse?, Bool)] {
            var bench = Bench(CustodianPolicy(owners: [Bench.owner], restrictions: rules))
            _ = bench.page(10, opens: [.delivery(Bench.one)])
            let effects = bench.found(
                Bench.one, 10, Bench.pending, verdict: .needs([.memberRestrictions]), purposes: purposes, use: use)
            #expect(effects.notices == (isSigned ? [] : [.signatures]))
        }
    }

    @Test("Rates: as many begins within an hour as allowed, counted across restarts")
    func rate() {
        var bench = Bench(CustodianPolicy(owners: [Bench.owner], beginsPerHour: 1))
        _ = bench.toBegin(Bench.one)
        _ = bench.step(.outcome(.delivery(Bench.one), .final(Height(12))))
        _ = bench.found(Bench.one, 12, .completed(commitment: Bench.preparation(Bench.one).commitment))
        bench.journal = bench.core.compacted
        _ = bench.restart()
        _ = bench.page(20, opens: [.delivery(Bench.two)])
        let began = bench.now
        let effects = bench.found(Bench.two, 20, Bench.pending)
        let until = began.adding(milliseconds: 3_600_000)
        #expect(effects.records == [.waits(.delivery(Bench.two), WaitReason(.rateLimit, until: until))])
        bench.now = until
        _ = bench.step(.tick)
        #expect(
            bench.found(Bench.two, 21, Bench.pending) == [.prepare(Bench.two, Bench.binding(Bench.two))])
    }
}
