import Consents
import INFTs
import Primitives
import StateModel
import TestSupport
import Testing

/// Consent is a validity rule: what the cited set does not permit cannot be minted.
@Suite struct ConsentTests {
    let sandbox = Sandbox()
    let set: ConsentSetID = testIdentifier("set")

    /// A set of one consent made from `template`, in force since the start, of which alice is the custodian.
    private func give(
        _ template: ConsentTemplate, expiry: Timestamp? = nil, stale: StaleMark? = nil, members: UInt64 = 1,
        diseases: SortedList<CodedTerm> = []
    ) {
        let policy = template.policy(
            ConsentTemplateValues(custodian: sandbox.party("alice"), diseases: diseases))
        ConsentSets.store(
            ConsentSetRecord(
                SetStanding(
                    id: set, custodian: sandbox.party("alice"), createdAt: testStart, predecessor: nil, successor: nil,
                    memberCount: members, aggregateCount: 0, effectiveAt: testStart, earliestExpiry: expiry,
                    stale: stale, revision: 1, policyRevision: 0),
                policies: SortedList([policy])), in: sandbox.state)
    }

    private func mint(as name: String = "alice") throws -> String? {
        let mint = sampleMint(
            "cohort", owner: sandbox.party(name), inftClass: .dataset, hasHumanData: true, consentSet: set)
        return try reason { try sandbox.execute(mint, as: name) }
    }

    @Test func whatTheSetPermitsIsMintedByItsCustodian() throws {
        give(ConsentTemplates.generalResearch)
        #expect(try mint() == nil)
        #expect(try mint(as: "bob") == "consent_denied")
    }

    @Test func aCaseIsSealed() throws {
        give(ConsentTemplates.generalResearch)
        let mint = sampleMint(
            "x", owner: sandbox.party("alice"), inftClass: .case_, metadata: INFTMetadata(title: ""),
            hasHumanData: true, consentSet: set)
        #expect(try reason { try sandbox.execute(mint) } == "case_metadata")
    }

    @Test func openContentNeedsConsentToPublication() throws {
        give(ConsentTemplates.treatmentOnly)
        #expect(try mint() == "consent_denied")
    }

    @Test func aStaleOrExpiredSetPermitsNothing() throws {
        give(ConsentTemplates.generalResearch, stale: StaleMark(since: testStart, reason: .withdrawal))
        #expect(try mint() == "consent_set_stale")
        give(ConsentTemplates.generalResearch, expiry: testStart)
        #expect(try mint() == "consent_set_stale")
    }

    /// Of fewer than twenty people nothing is public that could single them out: no text, no code, no place, and no
    /// disease in the terms of the set.
    @Test func fewPeopleAreNotDescribed() throws {
        func mint(_ metadata: INFTMetadata) throws -> String? {
            let mint = sampleMint(
                "cohort", owner: sandbox.party("alice"), inftClass: .dataset, metadata: metadata, hasHumanData: true,
                consentSet: set)
            return try reason { try sandbox.execute(mint, as: "alice") }
        }
        let described = [
            INFTMetadata(title: "Cohort"), INFTMetadata(title: "", abstract: "Of a valley"),
            INFTMetadata(title: "", codes: [MetadataCode(system: "http://loinc.org", code: "4548-4")]),
            INFTMetadata(title: "", jurisdictions: ["DE"]),
        ]
        give(ConsentTemplates.generalResearch, members: 19)
        for metadata in described { #expect(try mint(metadata) == "case_metadata") }
        #expect(try mint(INFTMetadata(title: "")) == nil)
        let id: INFTID = try sandbox.execute(
            sampleMint(
                "cohort", owner: sandbox.party("alice"), inftClass: .dataset, hasHumanData: true, consentSet: set)
        ).madeIdentifier()
        #expect(
            try reason { try sandbox.execute(SetMetadata(inft: id, metadata: described[0])) } == "case_metadata")
        give(ConsentTemplates.generalResearch, members: 20)
        #expect(try mint(described[0]) == nil)
        #expect(try reason { try sandbox.execute(SetMetadata(inft: id, metadata: described[0])) } == nil)
        // What was described as many people's does not become a few people's.
        try sandbox.execute(Revise(inft: id, content: content("two"), consentSet: set))
        give(ConsentTemplates.generalResearch, members: 19)
        #expect(
            try reason { try sandbox.execute(Revise(inft: id, content: content("three"), consentSet: set)) }
                == "case_metadata")
        let disease = CodedTerm(system: .mondo, code: "0005148")
        give(ConsentTemplates.diseaseData, members: 19, diseases: [disease])
        #expect(try mint(INFTMetadata(title: "")) == "few_people")
    }

    @Test func aRevisionAsksTheSetAgain() throws {
        give(ConsentTemplates.generalResearch)
        let mint = sampleMint(
            "cohort", owner: sandbox.party("alice"), inftClass: .dataset, hasHumanData: true, consentSet: set)
        let id: INFTID = try sandbox.execute(mint).madeIdentifier()
        try sandbox.execute(Revise(inft: id, content: content("two")))
        give(ConsentTemplates.generalResearch, stale: StaleMark(since: testStart, reason: .withdrawal))
        #expect(
            try reason { try sandbox.execute(Revise(inft: id, content: content("three"))) } == "consent_set_stale")
    }
}
