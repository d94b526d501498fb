import Consents
import Cryptography
import Encoding
import FoundationEssentials
import Primitives
import StateModel
import TestSupport
import Testing

private let researcher = Party.account(World.researcher)

@Suite struct DisclosureTests {
    private func disclose(
        _ basis: ConsentBasis, _ reference: String = "case 1", requests: [UseRequest] = [request()],
        to recipient: Party = researcher
    ) -> ConsentDisclose {
        ConsentDisclose(basis: basis, recipient: recipient, requests: requests, reference: testHash(reference))
    }

    private let research = ConsentPolicy(provisions: [Provision(.permit, purposes: [.research])])

    /// Recorded with who, what, why, when and under which provision; the same gate as for licenses.
    @Test func aDisclosureIsRecordedAndTold() throws {
        let world = try World()
        let consent = try world.consent(research)
        let context = try world.execute([World.hospital], disclose(.consent(consent)))
        #expect(context.events.map(\.name) == ["consent.disclosed"])
        let id: DisclosureID = makeIdentifier(transactionHash: context.transactionHash, operationIndex: 0)
        let record = try #require(try world.state.record(ConsentsKeys.disclosure(id)))
        #expect(record.recipient == researcher && record.occasion == .direct && record.at == world.time)
        #expect(record.subject == .account(World.patient) && record.requests == [request()])
        #expect(record.decisions.map(\.path) == [[0]])

        func refusal(_ signer: Address, _ operation: ConsentDisclose) throws -> String? {
            try reason { try world.execute([signer], operation) }
        }
        #expect(try refusal(World.hospital, disclose(.consent(consent))) == "reference_used")
        #expect(try refusal(World.clinic, disclose(.consent(consent), "2")) == "not_authorized")
        let treat = [request(World.researcher, .access, [.treatment])]
        #expect(try refusal(World.hospital, disclose(.consent(consent), "2", requests: treat)) == "release_denied")
        #expect(try refusal(World.hospital, disclose(.consent(consent), "2", requests: [])) == "nothing_named")
        #expect(
            try refusal(World.hospital, disclose(.consent(consent), "2", to: .account(World.clinician)))
                == "recipient_differs")
        let glass = [request(World.researcher, .access, [.breakTheGlass])]
        #expect(try refusal(World.hospital, disclose(.consent(consent), "2", requests: glass)) == "break_glass_only")
    }

    /// What is disclosed of a person, or of few, names no code and no disease.
    @Test func disclosuresRevealNoDiagnosis() throws {
        let world = try World()
        let consent = try world.consent(ConsentPolicy(provisions: [Provision(.permit)]))
        let set = try world.set([consent])
        let code = CodedTerm(system: .mondo, code: "0005148")
        let coded = UseRequest(actor: researcher, action: .analyze, purposes: [.research], codes: [code])
        let aimed = UseRequest(
            actor: researcher, action: .analyze, purposes: [.research],
            dataUse: ResearchUse(aims: [.general], diseases: [DiseaseAim(disease: code)]))
        for use in [coded, aimed] {
            for basis in [ConsentBasis.consent(consent), .set(set)] {
                #expect(
                    try reason { try world.execute([World.hospital], disclose(basis, requests: [use])) }
                        == "reveals_diagnosis")
            }
        }
    }

    /// A release under a set is one record, and every member of that time finds it; pages join without gap or double.
    @Test func membersFindTheDisclosuresOfTheirSets() throws {
        let world = try World()
        let early = try world.consent(research)
        let set = try world.set([early])
        try world.execute([World.hospital], disclose(.set(set), "before"))
        _ = try world.advance(days: 1)
        let late = try world.consent(research, of: World.otherPatient)
        try world.execute([World.hospital], ConsentSetAdd(set: .id(set), members: [.id(late)]))
        try world.execute([World.hospital], disclose(.consent(early), "own"))
        _ = try world.advance(days: 1)
        try world.execute([World.hospital], disclose(.set(set), "after"))

        func references(_ parameters: String, limit: Int = 100) throws -> [Hash] {
            var found: [Hash] = []
            var next: IndexKey?
            repeat {
                let page = try world.query(
                    "consent_disclosures", parameters, of: DisclosureView.self, after: next, limit: limit)
                found += page.items.map(\.disclosure.reference)
                next = page.next
            } while next != nil
            return found
        }
        let all = ["own", "before", "after"].map { testHash($0) }
        for limit in 1...4 {
            #expect(try references(#"{"consent": "\#(early)"}"#, limit: limit) == all)
            #expect(try references(#"{"subject": "\#(Party.account(World.patient))"}"#, limit: limit) == all)
            #expect(try references(#"{"consent": "\#(late)"}"#, limit: limit) == [testHash("after")])
        }
        let day = testStart.adding(milliseconds: millisecondsPerDay).milliseconds
        #expect(try references(#"{"consent": "\#(early)", "to": \#(day)}"#) == [testHash("before")])
        #expect(try references(#"{"consent": "\#(early)", "from": \#(day)}"#) == [all[0], all[2]])

        let audit = try world.query(
            "consent_audit", #"{"custodian": "\#(World.hospital)", "from": \#(day)}"#, of: DisclosureView.self)
        #expect(audit.items.map(\.disclosure.reference) == [all[0], all[2]])
        let received = try world.query(
            "consent_audit", #"{"recipient": "\#(World.researcher)", "to": \#(day)}"#, of: DisclosureView.self)
        #expect(received.items.map(\.disclosure.reference) == [all[1]])
        let foreign = try world.query(
            "consent_disclosures", #"{"consent": "\#(early)"}"#, of: DisclosureView.self, limit: 1)
        #expect(
            try reason {
                _ = try world.query(
                    "consent_disclosures", #"{"consent": "\#(late)"}"#, of: DisclosureView.self, after: foreign.next)
            } == "invalid_params")
    }

    /// Bytes and JSON say the same, of every operation and of each kind of evidence.
    @Test func operationsComeBackFromBytesAndJSON() throws {
        let disease = CodedTerm(system: .mondo, code: "0005148")
        let signature = AnswerSignature(
            signer: World.hospital, signature: Signature(noncePoint: testHash("r").bytes, scalar: testHash("s").bytes))
        let answers = [
            NeedAnswer(
                need: .review, evidence: .signed(by: researcher, validUntil: testStart, signatures: [signature])),
            NeedAnswer(
                need: .ontologyPath(disease: disease, ancestor: disease),
                evidence: .ontology([OntologyEdge(parent: "0000001", index: 7, path: [testHash("sibling")])])),
        ]
        let operations: [ConsentOperation] = [
            .disclose(
                ConsentDisclose(
                    basis: .set(testIdentifier("set")), recipient: researcher, requests: [request()], answers: answers,
                    reference: testHash("case"), inft: testIdentifier("inft"))),
            .narrow(ConsentNarrow(consent: testIdentifier("consent"), policy: research, expiresAt: testStart)),
            .breakGlass(
                ConsentBreakGlass(
                    consent: testIdentifier("consent"), clinician: World.clinician, reason: testHash("reason"),
                    until: testStart, jurisdiction: "DE")),
            .review(
                ConsentReview(disclosure: testIdentifier("glass"), reviewer: researcher, outcome: .unjustified)),
            .nameReviewers(ConsentNameReviewers(custodian: researcher, reviewers: [researcher])),
            .withdraw(ConsentWithdraw(consents: [testIdentifier("consent")], erasure: true)),
        ]
        for operation in operations {
            #expect(try ConsentOperation(decoding: operation.encoded) == operation)
            let json = try JSONEncoder().encode(operation)
            #expect(try JSONDecoder().decode(ConsentOperation.self, from: json) == operation)
            #expect(!operation.operation.words(TestNames()).isEmpty && operation.weight > 10)
        }
    }

    /// The export holds every record that names the subject's consents.
    @Test func theExportIsWhole() throws {
        let world = try World()
        let consent = try world.consent(research)
        let set = try world.set([consent])
        try world.execute([World.hospital], disclose(.set(set)))
        try world.execute(
            [World.patient],
            ConsentNarrow(
                consent: consent,
                policy: ConsentPolicy(provisions: research.provisions + [Provision(.deny, jurisdictions: ["US"])])))
        for limit in [1, 100] {
            var items: [ExportItem] = []
            var next: IndexKey?
            repeat {
                let page = try world.query(
                    "consent_export", #"{"subject": "\#(World.patient)"}"#, of: ExportItem.self, after: next,
                    limit: limit)
                items += page.items
                next = page.next
            } while next != nil
            #expect(items.count == 4)
            #expect(items[0].consent?.consent.id == consent)
            #expect(items[1].earlierPolicy?.policy == research)
            #expect(items[2].membership?.set == set && items[2].set?.isStale == true)
            #expect(items[3].disclosure?.disclosure.basis == .set(set))
        }
    }
}
