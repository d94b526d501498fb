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
    private func give(_ template: ConsentTemplate, expiry: Timestamp? = nil, stale: StaleMark? = nil) {
        let policy = template.policy(ConsentTemplateValues(custodian: sandbox.party("alice")))
        sandbox.state.set(
            ConsentsKeys.set(set),
            ConsentSetRecord(
                id: set, custodian: sandbox.party("alice"), createdAt: testStart, predecessor: nil, successor: nil,
                memberCount: 1, aggregateCount: 0, effectiveAt: testStart, policies: SortedList([policy]),
                earliestExpiry: expiry, stale: stale, revision: 1))
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
