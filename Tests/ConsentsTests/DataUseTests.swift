import Consents
import Fixtures
import Primitives
import StateModel
import TestSupport
import Testing

/// Specs/vectors/duos-v4.json: what DUOS version 4 answers, and what this ledger does.
private struct DataUseVectors: Decodable {
    let source: String
    let cases: [[String]]
}

@Suite struct DataUseRules {
    private static let disease = CodedTerm(system: .mondo, code: "0005148")
    private static let child = CodedTerm(system: .mondo, code: "0015967")
    private static let unrelated = CodedTerm(system: .mondo, code: "0005180")

    private func terms(_ text: String) -> DataUseTerms {
        let words = text.split(separator: " ")
        let permissions: [(Substring, DataUsePermission)] = [
            ("GRU", .generalResearch), ("HMB", .healthMedicalBiomedical), ("DS", .diseaseSpecific),
            ("POA", .populationOrigins),
        ]
        return DataUseTerms(
            permissions: SortedList(permissions.filter { words.contains($0.0) }.map(\.1)),
            diseases: words.contains("DS") ? [Self.disease] : [],
            modifiers: words.contains("NPU") ? [.nonprofitOnly] : [])
    }

    private func use(_ text: String) throws -> ResearchUse {
        var aims: [ResearchAim] = []
        var diseases: [DiseaseAim] = []
        var isNonprofit = false
        for part in text.split(separator: ", ") {
            switch part {
            case "GRU": aims.append(.general)
            case "HMB": aims.append(.healthMedicalBiomedical)
            case "POA": aims.append(.populationOrigins)
            case "MDS": aims.append(.methods)
            case "nonprofit": isNonprofit = true
            case "disease A": diseases.append(DiseaseAim(disease: Self.disease))
            case "disease A1": diseases.append(DiseaseAim(disease: Self.child, path: [Self.disease]))
            case "disease B": diseases.append(DiseaseAim(disease: Self.unrelated))
            default: aims.append(try #require(ResearchAim(name: String(part))))
            }
        }
        return ResearchUse(aims: SortedList(aims), diseases: diseases, isNonprofit: isNonprofit)
    }

    private func decide(
        _ terms: DataUseTerms, _ use: ResearchUse?, purposes: [PurposeOfUse] = [.research],
        action: ConsentAction = .analyze, jurisdiction: String? = nil, commercial: Bool = false,
        usePeriod: Period? = nil, at time: Timestamp = testStart, world: World? = nil
    ) throws -> Decision {
        let world = try world ?? World()
        let record = ConsentRecord(
            id: testIdentifier("dataset"), scope: .aggregate, subject: .account(World.hospital),
            grantedBy: World.hospital, custodian: .account(World.hospital),
            policy: ConsentPolicy(provisions: [Provision(.permit, dataUse: terms)]), commitments: [],
            grantedAt: testStart, effectiveAt: testStart, expiresAt: nil, withdrawnAt: nil, revision: 0, sets: [])
        let request = UseRequest(
            actor: .account(World.researcher), action: action, purposes: purposes, dataUse: use,
            jurisdiction: jurisdiction, commercial: commercial, usePeriod: usePeriod)
        return try ConsentLedger.decide(record, request, at: time, in: world.state)
    }

    /// Each row of the table of DUOS version 4.
    @Test func matchesTheTableOfDUOSVersion4() throws {
        let vectors = try Fixture.load("duos-v4", as: DataUseVectors.self)
        #expect(vectors.cases.count > 400)
        for row in vectors.cases {
            try #require(row.count == 4)
            let decision = try decide(terms(row[0]), use(row[1]))
            let found =
                switch decision {
                case .permit: "permit"
                case .deny: "deny"
                case .needs(let needs, _): needs.map(\.name).joined(separator: ", ")
                }
            #expect(found == row[3], "\(row)")
            // Never wider than the published rules.
            if row[2] == "deny" { #expect(!decision.isPermit, "\(row)") }
        }
    }

    /// Research of a disease that the request does not say passes where any disease does, and where the data's is said by
    /// commitments alone; where the data's diseases are said, a person compares.
    @Test func aDiseaseThatIsNotSaid() throws {
        let unsaid = ResearchUse(aims: [.disease])
        let said = ResearchUse(aims: [.disease], diseases: [DiseaseAim(disease: Self.disease)])
        let other = ResearchUse(aims: [.disease], diseases: [DiseaseAim(disease: Self.unrelated)])
        #expect(!ResearchAim.disease.needsReview && ResearchAim.notHealth.needsReview)
        for (data, expected) in [("GRU", "permit"), ("HMB", "permit"), ("POA", "deny"), ("DS", "needs"), ("", "deny")] {
            #expect(try decide(terms(data), unsaid).outcome == expected, "\(data)")
        }
        #expect(try decide(terms("DS"), unsaid).openNeeds == [.review])
        #expect(try decide(terms("DS"), said).isPermit)
        #expect(try decide(terms("DS"), other).isDeny)
        // Other aims stand for themselves.
        #expect(try decide(terms("DS"), ResearchUse(aims: [.disease, .general])).isDeny == false)
        #expect(
            try decide(
                terms("DS"), ResearchUse(aims: [.disease, .general], diseases: [DiseaseAim(disease: Self.disease)])
            ).isDeny)
        // Only a commitment tells of the disease: its restriction is the need, and no review.
        let world = try World()
        let commitment = CommittedRestriction(kind: .disease, commitment: testHash("disease"))
        let policy = ConsentPolicy(provisions: [
            Provision(.permit, dataUse: DataUseTerms(permissions: [.diseaseSpecific]), restrictions: [0])
        ])
        let set = try world.set([try world.consent(policy, commitments: [commitment])])
        #expect(try world.decide(set, request(aims: [.disease])).openNeeds == [.memberRestrictions])
        #expect(try world.decide(set, request(aims: [.general])).isDeny)
    }

    /// Modifiers that version 4 leaves out are decided by comparison alone.
    @Test func flagModifiersAreDecidedByComparison() throws {
        let general = ResearchUse(aims: [.general])
        func outcome(_ modifier: DataUseModifier, _ use: ResearchUse, commercial: Bool = false) throws -> String {
            try decide(
                DataUseTerms(permissions: [.generalResearch], modifiers: [modifier]), use, commercial: commercial
            ).outcome
        }
        #expect(try outcome(.noMethodsResearch, general) == "permit")
        #expect(try outcome(.noMethodsResearch, ResearchUse(aims: [.methods])) == "deny")
        #expect(try outcome(.noPopulationOrigins, ResearchUse(aims: [.populationOrigins])) == "deny")
        #expect(try outcome(.geneticStudiesOnly, general) == "deny")
        #expect(try outcome(.geneticStudiesOnly, ResearchUse(aims: [.general], isGeneticStudy: true)) == "permit")
        #expect(try outcome(.nonCommercialOnly, general) == "permit")
        #expect(try outcome(.nonCommercialOnly, general, commercial: true) == "deny")
        let nonprofit = ResearchUse(aims: [.general], isNonprofit: true)
        #expect(try outcome(.nonprofitNonCommercial, general) == "deny")
        #expect(try outcome(.nonprofitNonCommercial, nonprofit) == "permit")
        #expect(try outcome(.nonprofitNonCommercial, nonprofit, commercial: true) == "deny")
        // NPU and NCU are children of NPUNCU in the ontology file; here each stands for itself.
        #expect(try outcome(.nonprofitOnly, nonprofit, commercial: true) == "permit")
        for (modifier, undertaking) in [
            (DataUseModifier.publicationRequired, Undertaking.publish), (.collaborationRequired, .collaborate),
            (.returnRequired, .giveBack),
        ] {
            #expect(try outcome(modifier, general) == "deny")
            #expect(try outcome(modifier, ResearchUse(aims: [.general], undertakings: [undertaking])) == "permit")
        }
        let reviewed = try decide(
            DataUseTerms(
                permissions: [.generalResearch], modifiers: [.ethicsApprovalRequired, .researchSpecific]), general)
        guard case .needs(let needs, let basis) = reviewed else {
            Issue.record("expected needs, found \(reviewed)")
            return
        }
        #expect(needs == [.ethicsApproval, .review])
        #expect(basis.reasons == [.reviewNeeded, .ethicsApprovalNeeded])
    }

    @Test func valueModifiersAreDecidedByComparison() throws {
        let use = ResearchUse(aims: [.general])
        func terms(
            months: UInt64? = nil, moratorium: Timestamp? = nil, regions: SortedList<String> = [],
            users: SortedList<Party> = [], projects: SortedList<Hash> = []
        ) -> DataUseTerms {
            DataUseTerms(
                permissions: [.generalResearch], months: months, publicationNotBefore: moratorium, regions: regions,
                users: users, projects: projects)
        }
        // A month from 2026-01-01 ends on 2026-02-01, 31 days later.
        let limit = testStart.adding(milliseconds: 31 * millisecondsPerDay)
        #expect(try decide(terms(months: 1), use).isDeny)
        #expect(try decide(terms(months: 1), use, usePeriod: Period(until: limit)).isPermit)
        let later = Period(until: limit.adding(milliseconds: 1))
        #expect(try decide(terms(months: 1), use, usePeriod: later).basis.reasons.contains(.beyondTimeLimit))
        // 2028-01-31 plus one month is 2028-02-29: 2028 is a leap year.
        let january = Timestamp(1_832_889_600_000)
        let february = january.adding(milliseconds: 29 * millisecondsPerDay)
        let tooLong = Period(from: january, until: february.adding(milliseconds: 1))
        #expect(try decide(terms(months: 1), use, usePeriod: Period(from: january, until: february)).isPermit)
        #expect(try decide(terms(months: 1), use, usePeriod: tooLong).isDeny)

        let day = testStart.adding(milliseconds: millisecondsPerDay)
        #expect(try decide(terms(moratorium: day), use, action: .publish).isDeny)
        #expect(try decide(terms(moratorium: day), use, action: .publish, at: day).isPermit)
        #expect(try decide(terms(moratorium: day), use).isPermit)

        #expect(try decide(terms(regions: ["DE"]), use).isDeny)
        #expect(try decide(terms(regions: ["DE"]), use, jurisdiction: "DE-BY").isPermit)
        #expect(try decide(terms(regions: ["DE-BY"]), use, jurisdiction: "DE").isDeny)

        #expect(try decide(terms(users: [.account(World.researcher)]), use).isPermit)
        #expect(try decide(terms(users: [.account(World.clinic)]), use).isDeny)

        let project = testHash("project")
        #expect(try decide(terms(projects: [project]), use).isDeny)
        #expect(try decide(terms(projects: [project]), ResearchUse(aims: [.general], project: project)).isPermit)
    }

    /// An institution is claimed by nobody: its affiliation credential shows it.
    @Test func institutionsAreShownByAffiliation() throws {
        let terms = DataUseTerms(permissions: [.generalResearch], institutions: [testIdentifier("university")])
        let decision = try decide(terms, ResearchUse(aims: [.general]))
        #expect(decision.basis.reasons.contains(.institutionNotNamed))
    }

    /// CC permits care without a research purpose, and nothing else does.
    @Test func clinicalCareNeedsNoResearchPurpose() throws {
        let care = DataUseTerms(permissions: [.healthMedicalBiomedical], modifiers: [.clinicalCare])
        #expect(try decide(care, nil, purposes: [.treatment]).isPermit)
        #expect(try decide(care, nil, purposes: [.coordinationOfCare]).isPermit)
        #expect(try decide(care, nil, purposes: [.treatment, .marketing]).isDeny)
        let research = DataUseTerms(permissions: [.generalResearch])
        let decision = try decide(research, nil, purposes: [.treatment])
        #expect(decision.basis.reasons.contains(.researchPurposeMissing))
        #expect(try decide(DataUseTerms(permissions: [.noRestriction]), nil, purposes: [.treatment]).isPermit)
    }
}
