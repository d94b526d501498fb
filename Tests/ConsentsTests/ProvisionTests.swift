import Consents
import FoundationEssentials
import Identities
import Primitives
import StateModel
import TestSupport
import Testing

@Suite struct ProvisionRulesTests {
    private func decide(
        _ provisions: [Provision], _ request: UseRequest, at time: Timestamp = testStart
    ) throws -> Decision {
        let world = try World()
        let id = try world.consent(ConsentPolicy(provisions: provisions))
        return try world.decide(id, request, at: time)
    }

    /// The base decision is to deny.
    @Test func whatNothingPermitsIsDenied() throws {
        let decision = try decide([Provision(.permit, actions: [.discover])], request())
        #expect(decision.basis == DecisionBasis(reasons: [.notPermitted]))
    }

    /// An exception overrides the provision that it stands in, at every depth.
    @Test func deeperOverrides() throws {
        let provisions = [
            Provision(
                .permit, purposes: [.research],
                provisions: [
                    Provision(
                        .deny, actions: [.train, .publish],
                        provisions: [
                            Provision(.permit, actors: [.party(.account(World.researcher))], actions: [.train])
                        ]
                    )
                ])
        ]
        #expect(try decide(provisions, request(World.clinic, .analyze)).basis.path == [0])
        #expect(try decide(provisions, request(World.clinic, .train)).basis.path == [0, 0])
        #expect(try decide(provisions, request(World.clinic, .train)).isDeny)
        let allowed = try decide(provisions, request(World.researcher, .train))
        #expect(allowed.isPermit && allowed.basis.path == [0, 0, 0])
        #expect(try decide(provisions, request(World.researcher, .publish)).isDeny)
    }

    /// Among siblings a denial wins, in whatever order they stand.
    @Test func denialWinsAtTheSameDepth() throws {
        let permit = Provision(.permit)
        let deny = Provision(.deny, actors: [.party(.account(World.clinic))])
        for provisions in [[permit, deny], [deny, permit]] {
            #expect(try decide(provisions, request(World.clinic)).isDeny)
            #expect(try decide(provisions, request(World.researcher)).isPermit)
        }
    }

    /// Holders of a credential are asked for at the time of the decision.
    @Test func actorsByCredential() throws {
        let world = try World()
        let end = testStart.adding(milliseconds: millisecondsPerDay)
        world.attest(World.researcher, .researcherStatus, until: end)
        let id = try world.consent(
            ConsentPolicy(provisions: [
                Provision(.permit, actors: [.holder(.researcherStatus, jurisdiction: nil)])
            ]))
        #expect(try world.decide(id, request()).isPermit)
        #expect(try world.decide(id, request(), at: end).isDeny)
        #expect(try world.decide(id, request(World.clinic)).isDeny)
    }

    /// A purpose includes its kinds, all purposes must be permitted, and a wider purpose than the permitted is not.
    @Test func purposesFollowTheHierarchyOfHL7() throws {
        let research = [Provision(.permit, purposes: [.research])]
        #expect(try decide(research, request(World.researcher, .analyze, [.biomedicalResearch])).isPermit)
        #expect(try decide(research, request(World.researcher, .analyze, [.preclinicalTrialResearch])).isPermit)
        #expect(try decide(research, request(World.researcher, .analyze, [.research, .marketing])).isDeny)
        #expect(try decide(research, request(World.researcher, .analyze, [])).basis.reasons == [.purposeMissing])
        let narrow = [Provision(.permit, purposes: [.biomedicalResearch])]
        #expect(try decide(narrow, request(World.researcher, .analyze, [.research])).isDeny)
        let except = [Provision(.permit, provisions: [Provision(.deny, purposes: [.clinicalTrialResearch])])]
        #expect(
            try decide(except, request(World.researcher, .analyze, [.research])).isDeny,
            "the wider purpose may be the denied one")
        #expect(PurposeOfUse.allCases.count == 59)
        #expect(PurposeOfUse(name: "TREAT") == .treatment && PurposeOfUse.emergencyTreatment.parent == .treatment)
    }

    /// A commercial use is permitted only where commercializing is.
    @Test func commercialUseIsAskedForTwice() throws {
        let provisions = [Provision(.permit, actions: [.analyze])]
        #expect(try decide(provisions, request(commercial: true)).isDeny)
        #expect(
            try decide([Provision(.permit, actions: [.analyze, .commercialize])], request(commercial: true)).isPermit)
        let denied = [Provision(.permit, provisions: [Provision(.deny, actions: [.commercialize])])]
        #expect(try decide(denied, request(commercial: true)).isDeny)
        #expect(try decide(denied, request()).isPermit)
    }

    /// What a request leaves open lets no permit through that depends on it, and stops at every denial that does.
    @Test func whatIsLeftOpenCountsAgainstTheRequest() throws {
        let inside = [Provision(.permit, jurisdictions: ["DE"])]
        #expect(try decide(inside, request()).isDeny)
        #expect(try decide(inside, request(jurisdiction: "DE-BY")).isPermit)
        #expect(try decide(inside, request(jurisdiction: "FR")).isDeny)
        let outside = [Provision(.permit, provisions: [Provision(.deny, jurisdictions: ["US-MA"])])]
        #expect(try decide(outside, request()).isDeny)
        #expect(try decide(outside, request(jurisdiction: "US")).isDeny)
        #expect(try decide(outside, request(jurisdiction: "US-CA")).isPermit)
        let period = Period(from: testStart, until: testStart.adding(milliseconds: millisecondsPerDay))
        #expect(try decide([Provision(.permit, dataPeriod: period)], request()).isDeny)
    }

    /// Was it in force then? A provision's period is asked at the time of the question.
    @Test func validityIsAskedAtTheTime() throws {
        let end = testStart.adding(milliseconds: millisecondsPerDay)
        let provisions = [Provision(.permit, validity: Period(until: end))]
        #expect(try decide(provisions, request()).isPermit)
        #expect(try decide(provisions, request(), at: end).isDeny)
    }

    /// Every template can be granted as it stands, and does what it says.
    @Test func templatesDoWhatTheySay() throws {
        for template in ConsentTemplates.all {
            let world = try World()
            let values = ConsentTemplateValues(
                custodian: .account(World.hospital),
                diseases: template.needsDiseases ? [CodedTerm(system: .mondo, code: "0005148")] : [])
            let subject = template.scope == .individual ? World.patient : World.hospital
            let context = try world.execute(
                [subject, World.hospital],
                ConsentGrant(
                    scope: template.scope, subject: .account(subject), custodian: .account(World.hospital),
                    policy: template.policy(values),
                    commitments: template.restrictions.map {
                        CommittedRestriction(kind: $0, commitment: testHash("salted"))
                    }))
            let id: ConsentID = makeIdentifier(transactionHash: context.transactionHash, operationIndex: 0)
            if template.scope == .individual {
                try world.execute([World.hospital], ConsentCountersign(consent: .id(id)))
            }
            func outcome(_ request: UseRequest) throws -> String { try world.decide(id, request).outcome }

            #expect(try outcome(request(World.hospital, .deposit, [])) == "permit", "\(template.name)")
            let isPersonal = template.scope == .individual
            #expect(
                try outcome(request(World.clinician, .access, [.treatment]))
                    == (isPersonal || template.name == "dataset-nres" ? "permit" : "deny"), "\(template.name)")
            let research: [String: String] = [
                "treatment-only": "deny", "treatment-and-emergency": "deny", "general-research": "permit",
                "biomedical-research": "deny",
                "disease-research": "deny", "dataset-nres": "permit", "dataset-gru": "permit",
                "dataset-hmb": "deny", "dataset-ds": "deny",
            ]
            #expect(try outcome(request(aims: [.general])) == research[template.name], "\(template.name)")
            #expect(!context.events.isEmpty)
            #expect(template.policy(values).provisions.count >= 2)
        }
    }

    /// Words name what is signed: actors, codes, exceptions.
    @Test func wordsSayWhatIsSigned() throws {
        let template = try #require(ConsentTemplates.named("disease-research"))
        let operation = ConsentGrant(
            scope: .individual, subject: .account(World.patient), custodian: .account(World.hospital),
            policy: template.policy(ConsentTemplateValues(custodian: .account(World.hospital))),
            commitments: [CommittedRestriction(kind: .disease, commitment: testHash("salted"))])
        let words = operation.words(PlainNames()).joined(separator: "\n")
        #expect(words.contains("DUO:0000007") && words.contains("HRESCH") && words.contains("medicalLicense"))
        #expect(words.contains("can be withdrawn at any time"))
    }

    /// JSON: operations by type, enumerations by name, what may be left out left out.
    @Test func operationsReadAsPlainJSON() throws {
        let patient = TypedText.encode(World.patient.bytes, kind: "")
        let hospital = TypedText.encode(World.hospital.bytes, kind: "")
        let json = """
            {"type": "consent.grant", "scope": "individual", "subject": "\(patient)", "custodian": "\(hospital)",
             "policy": {"provisions": [{"kind": "permit", "actions": ["publish", "analyze"], "purposes": ["HRESCH"],
               "actors": [{"type": "holder", "credential": "researcherStatus"}],
               "dataUse": {"permissions": ["generalResearch"], "modifiers": ["nonCommercialOnly"]}}]}}
            """
        let operation = try JSONDecoder().decode(ConsentOperation.self, from: Data(json.utf8))
        guard case .grant(let grant) = operation else {
            Issue.record("expected a grant")
            return
        }
        #expect(grant.policy.provisions[0].actions == [.analyze, .publish])
        let again = try JSONDecoder().decode(ConsentOperation.self, from: JSONEncoder().encode(operation))
        #expect(again == operation)
        let decision = Decision.needs([.review], DecisionBasis(policy: 1, path: [0, 2], reasons: [.reviewNeeded]))
        #expect(try JSONDecoder().decode(Decision.self, from: JSONEncoder().encode(decision)) == decision)
        let event = ConsentEvent.setSucceeded(
            SetSuccession(
                set: testIdentifier("a"), successor: testIdentifier("b"), custodian: .account(World.hospital)))
        #expect(try JSONDecoder().decode(ConsentEvent.self, from: JSONEncoder().encode(event)) == event)
    }
}

@Suite struct ConsentQueryTests {
    private func ask<Parameters: Codable & Sendable>(
        _ name: String, _ parameters: Parameters, _ world: World
    ) throws -> Query.Answer {
        let query = try #require(ConsentsDomain.queries.first { $0.name == name })
        let index = try MemoryIndex(of: world.state) { kind, key, record in
            guard key.header?.domain == .consents else { return [] }
            return try ConsentsDomain.indexEntries(kind: kind, key: key, record: record)
        }
        let context = makeQueryContext(world.state, index, time: world.time)
        return try query.evaluate(parameters, PageRequest(after: nil, limit: 10), context)
    }

    private func parameters<Value: Decodable>(_ json: String, as type: Value.Type) throws -> Value {
        try JSONDecoder().decode(type, from: Data(json.utf8))
    }

    /// Lists come from indexes: by subject, by custodian, by set.
    @Test func listsAndChecks() throws {
        let world = try World()
        let policy = ConsentPolicy(provisions: [Provision(.permit)])
        let first = try world.consent(policy)
        let second = try world.consent(policy, of: World.otherPatient)
        let set = try world.set([second, first])

        func items(_ answer: Query.Answer) -> [ConsentID] {
            guard case .page(let items, _) = answer else { return [] }
            return items.compactMap { ($0 as? ConsentView)?.consent.id }
        }
        let subject = try parameters(
            #"{"subject": "\#(World.patient)"}"#, as: ConsentListParameters.self)
        #expect(items(try ask("consent_list", subject, world)) == [first])
        let custodian = try parameters(#"{"custodian": "\#(World.hospital)"}"#, as: ConsentListParameters.self)
        #expect(items(try ask("consent_list", custodian, world)).count == 2)
        let members = try parameters(#"{"set": "\#(set)"}"#, as: ConsentSetParameters.self)
        #expect(items(try ask("consent_members", members, world)) == [second, first])
        let nothing = try parameters("{}", as: ConsentListParameters.self)
        #expect(try reason { _ = try ask("consent_list", nothing, world) } == "nothing_named")

        let asked = #"{"actor": "\#(World.researcher)", "action": "analyze", "purposes": ["HRESCH"]}"#
        let check = try parameters(
            #"{"request": \#(asked), "set": "\#(set)", "at": \#(testStart)}"#, as: ConsentCheckParameters.self)
        guard case .value(let value) = try ask("consent_check", check, world), let answer = value as? ConsentAnswer
        else {
            Issue.record("expected an answer")
            return
        }
        #expect(answer.decision.isPermit && answer.at == testStart)
    }

    /// Genesis holds consents of datasets, in force at once.
    @Test func genesisConsentsAreInForce() throws {
        let world = try World()
        let context = makeContext(world.state, sender: World.hospital)
        let consent = GenesisConsent(
            subject: .account(World.hospital), custodian: .account(World.hospital),
            policy: ConsentPolicy(provisions: [Provision(.permit)]))
        try ConsentsDomain.applyGenesis(ConsentsGenesis(consents: [consent]), in: context)
        let id: ConsentID = makeIdentifier(transactionHash: context.transactionHash, operationIndex: 0)
        #expect(try world.decide(id, request()).isPermit)
        let patients = GenesisConsent(
            subject: .account(World.patient), custodian: .account(World.hospital), policy: consent.policy)
        #expect(
            try reason {
                try ConsentsDomain.applyGenesis(ConsentsGenesis(consents: [patients]), in: context)
            } == "invalid_genesis")
    }

    /// Codes of refusals are the domain's own, and none twice.
    @Test func rejectionsAreListed() {
        let codes = ConsentsDomain.rejections.map(\.code)
        #expect(Set(codes).count == codes.count)
        #expect(codes.allSatisfy { $0 >= 1200 && $0 < 1300 })
    }
}
