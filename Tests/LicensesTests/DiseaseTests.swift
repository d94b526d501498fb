import Consents
import INFTs
import Licenses
import Primitives
import StateModel
import TestSupport
import Testing

/// Which diseases research is of: in terms, in what a buyer states, and before the consents behind the data.
@Suite struct DiseaseTests {
    private static let disease = CodedTerm(system: .mondo, code: "0005148")
    private static let other = CodedTerm(system: .mondo, code: "0004992")

    private static func terms(_ aims: [ResearchAim], _ diseases: [CodedTerm] = []) -> Terms {
        var terms = TermsPreset.researchOnly.terms
        terms.scope.researchAims = CodeList(aims)
        terms.scope.diseases = SortedList(diseases)
        return terms
    }

    private static func use(_ aims: SortedList<ResearchAim>, _ diseases: [CodedTerm] = []) -> StatedUse {
        StatedUse(
            purposes: [.research],
            research: ResearchUse(aims: aims, diseases: diseases.map { DiseaseAim(disease: $0) }))
    }

    /// Data of the hospital, given for `data` and of so many people, or (nil) for a disease that only a commitment tells of.
    private static func data(_ sandbox: Sandbox, _ data: SortedList<CodedTerm>?) throws -> INFTID {
        // Open content is published; only reading it is for the disease.
        let shared = [
            Provision(.permit, actions: [.deposit]),
            Provision(
                .permit, actions: [.publish], purposes: [.research],
                dataUse: DataUseTerms(permissions: [.generalResearch])),
        ]
        let context: OperationContext
        if let data {
            let use = DataUseTerms(permissions: [.diseaseSpecific], diseases: data)
            let policy = ConsentPolicy(provisions: shared + [Provision(.permit, actions: [.access], dataUse: use)])
            context = try sandbox.execute(
                ConsentGrant(
                    scope: .aggregate, subject: sandbox.party("hospital"), custodian: sandbox.party("hospital"),
                    policy: policy),
                ConsentSetCreate(custodian: sandbox.party("hospital"), members: [.operation(0)]), as: "hospital")
        } else {
            let use = DataUseTerms(permissions: [.diseaseSpecific])
            let policy = ConsentPolicy(
                provisions: shared + [Provision(.permit, actions: [.access], dataUse: use, restrictions: [0])])
            context = try sandbox.execute(
                ConsentGrant(
                    scope: .individual, subject: sandbox.party("patient"), custodian: sandbox.party("hospital"),
                    policy: policy,
                    commitments: [CommittedRestriction(kind: .disease, commitment: testHash("disease"))]),
                ConsentCountersign(consent: .operation(0)),
                ConsentSetCreate(custodian: sandbox.party("hospital"), members: [.operation(0)]), as: "patient",
                cosigners: ["hospital"])
        }
        let set: ConsentSetID = context.madeIdentifier()
        let plain = sandbox.mintOperation("data", as: "hospital", consentSet: set)
        // Of many a title may tell, and has to.
        let mint = Mint(
            inftClass: plain.inftClass, content: plain.content,
            metadata: INFTMetadata(title: data == nil ? "" : "data", language: "en"), creators: plain.creators,
            holders: plain.holders, parents: [], hasHumanData: true, consentSet: set)
        return try sandbox.execute(mint, as: "hospital").madeIdentifier()
    }

    @Test("A check tells aims and diseases that were bought from others; of a commitment it knows none")
    func checked() throws {
        let sandbox = try Sandbox()
        let inft = try sandbox.mint("score")
        func reasons(_ license: LicenseID, _ aim: ResearchAim?, _ disease: CodedTerm? = nil) throws -> [LicenseReason] {
            try sandbox.reasons(
                license, LicenseUse(purpose: .research, field: .research, aim: aim, disease: disease))
        }
        let named = try sandbox.buy(
            try sandbox.offer(inft, Self.terms([.disease, .methods], [Self.disease])),
            use: Self.use([.disease], [Self.disease]))
        #expect(try reasons(named, .disease, Self.disease) == [] && reasons(named, nil) == [])
        #expect(try reasons(named, .methods) == [.aimNotLicensed])
        #expect(try reasons(named, .disease, Self.other) == [.diseaseNotLicensed])
        #expect(try reasons(named, .general, Self.other) == [.aimNotLicensed, .diseaseNotLicensed])

        let general = try sandbox.buy(
            try sandbox.offer(inft, Self.terms([])), as: "carol", use: Self.use([.general]))
        #expect(try reasons(general, .methods) == [] && reasons(general, .disease, Self.other) == [])
        // Diseases and no aims are of the aim disease; a disease that is asked for has it.
        let bare = try sandbox.buy(
            try sandbox.offer(inft, Self.terms([.disease, .methods], [Self.disease])), as: "dave",
            use: Self.use([], [Self.disease]))
        #expect(try reasons(bare, .disease, Self.disease) == [] && reasons(bare, .methods) == [.aimNotLicensed])
        let methods = try sandbox.buy(
            try sandbox.offer(inft, Self.terms([])), as: "dave", use: Self.use([.methods]))
        #expect(try reasons(methods, nil, Self.disease) == [.aimNotLicensed])
        // What a person has to review is no part of any other aim.
        #expect(try reasons(general, .pediatric) == [.aimNotLicensed])

        let committed = StatedUse(
            purposes: [.research], research: ResearchUse(aims: [.disease], project: testHash("which")))
        let secret = try sandbox.buy(try sandbox.offer(inft, Self.terms([])), as: "dave", use: committed)
        #expect(try reasons(secret, .disease) == [])
        #expect(try reasons(secret, .disease, Self.disease) == [.diseaseNotLicensed])
    }

    private static func hint(_ body: () throws -> Void) -> String {
        do {
            try body()
        } catch Refusal.rejected(let rejection) {
            return rejection.hint
        } catch {}
        return ""
    }

    @Test("Terms that name diseases license research of these, and whoever researches says of which")
    func licensedDiseases() throws {
        let sandbox = try Sandbox()
        let inft = try sandbox.mint("score")
        let offer = try sandbox.offer(inft, Self.terms([.disease, .methods], [Self.disease]))
        func bought(_ use: StatedUse) throws -> String? { try reason { _ = try sandbox.buy(offer, use: use) } }
        #expect(try bought(Self.use([.disease], [Self.disease])) == nil)
        #expect(try bought(Self.use([], [Self.disease])) == nil)
        #expect(try bought(Self.use([.disease], [Self.other])) == "purpose_not_allowed")
        #expect(try bought(Self.use([.disease], [Self.disease, Self.other])) == "purpose_not_allowed")
        #expect(try bought(Self.use([.methods])) == "purpose_not_allowed")
        #expect(try bought(StatedUse(purposes: [.research])) == "purpose_not_allowed")
        #expect(try bought(StatedUse()) == "purpose_not_allowed")
        #expect(try bought(Self.use([.general], [Self.disease])) == "purpose_not_allowed")
        // With diseases and no aims there is no other research.
        let alone = try sandbox.offer(inft, Self.terms([], [Self.disease]))
        #expect(
            try reason { _ = try sandbox.buy(alone, use: Self.use([.methods], [Self.disease])) }
                == "purpose_not_allowed")
        #expect(try reason { _ = try sandbox.buy(alone, use: Self.use([.disease], [Self.disease])) } == nil)
        // A use that is no research names no disease.
        var care = Self.terms([.disease], [Self.disease])
        care.scope.fieldsOfUse = CodeList([])
        care.scope.purposes = CodeList([.treatment, .research])
        #expect(
            try reason { _ = try sandbox.buy(sandbox.offer(inft, care), use: StatedUse(purposes: [.treatment])) } == nil
        )
    }

    @Test("Diseases in terms are of research, few, and codes")
    func contradictions() {
        func field(_ change: (inout ScopeTerms) -> Void) -> String? {
            var terms = Self.terms([.disease], [Self.disease])
            change(&terms.scope)
            return terms.inconsistency?.field
        }
        #expect(field { _ in } == nil)
        #expect(field { $0.fieldsOfUse = CodeList([.clinical]) } == "scope.researchAims")
        #expect(
            field {
                $0.fieldsOfUse = CodeList([.clinical])
                $0.researchAims = CodeList([])
            } == "scope.diseases")
        #expect(field { $0.researchAims = CodeList([.methods]) } == "scope.diseases")
        #expect(
            field { $0.diseases = SortedList((0..<9).map { CodedTerm(system: .mondo, code: "000000\($0)") }) }
                == "scope.diseases")
        #expect(
            field { $0.diseases = SortedList([CodedTerm(system: .mondo, code: "no code")]) } == "scope.diseases[0]")
    }

    @Test("A derivative's terms keep within the diseases of its parent's")
    func derivatives() throws {
        let sandbox = try Sandbox()
        var outer = derivativeTerms(sandbox.asset, share: 0)
        outer.scope.diseases = SortedList([Self.disease])
        let parent = try sandbox.mint("parent")
        let license = try sandbox.buy(
            sandbox.offer(parent, outer),
            use: StatedUse(
                research: ResearchUse(aims: [.disease], diseases: [DiseaseAim(disease: Self.disease)]),
                isCommercial: true, trainsModels: outer.scope.allowsTraining))
        let child = try sandbox.derive("child", from: [license], as: "bob")
        var wider = outer
        wider.scope.diseases = SortedList([Self.disease, Self.other])
        #expect(try reason { _ = try sandbox.offer(child, wider, as: "bob") } == "wider_than_parents")
        wider.scope.diseases = SortedList([])
        #expect(try reason { _ = try sandbox.offer(child, wider, as: "bob") } == "wider_than_parents")
        #expect(try reason { _ = try sandbox.offer(child, outer, as: "bob") } == nil)
    }

    @Test("Diseases and no aims mean the aim disease, in a parent's terms and in a derivative's")
    func derivativeAims() throws {
        let sandbox = try Sandbox()
        var outer = derivativeTerms(sandbox.asset, share: 0)
        outer.scope.diseases = SortedList([Self.disease])
        let stated = StatedUse(
            research: ResearchUse(aims: [.disease, .methods], diseases: [DiseaseAim(disease: Self.disease)]),
            isCommercial: true, trainsModels: outer.scope.allowsTraining)
        func offered(_ parent: ScopeTerms, _ child: (inout ScopeTerms) -> Void) throws -> String? {
            var terms = outer
            terms.scope = parent
            var use = stated
            if !parent.researchAims.contains(.methods) {
                use.research = ResearchUse(aims: [.disease], diseases: [DiseaseAim(disease: Self.disease)])
            }
            let inft = try sandbox.mint("parent")
            let license = try sandbox.buy(sandbox.offer(inft, terms), use: use)
            let made = try sandbox.derive("child", from: [license], as: "bob")
            child(&terms.scope)
            // Said of the parent's terms, not of what the license was bought for.
            #expect(Self.hint { _ = try sandbox.offer(made, terms, as: "bob") }.isEmpty)
            return try reason { _ = try sandbox.offer(made, terms, as: "bob") }
        }
        #expect(
            try offered(outer.scope) { $0.researchAims = CodeList([.disease, .methods]) } == "wider_than_parents")
        #expect(try offered(outer.scope) { $0.researchAims = CodeList([.disease]) } == nil)
        var named = outer.scope
        named.diseases = SortedList([])
        named.researchAims = CodeList([.disease])
        #expect(
            try offered(named) {
                $0.researchAims = CodeList([])
                $0.diseases = SortedList([Self.disease])
            } == nil)
        var both = outer.scope
        both.researchAims = CodeList([.disease, .methods])
        #expect(try offered(both) { $0.researchAims = CodeList([.methods, .disease]) } == nil)
    }

    @Test("A derivative is offered for the diseases that its license was bought for; of unnamed ones for no research")
    func derivativesOfStatedDiseases() throws {
        let sandbox = try Sandbox()
        var outer = derivativeTerms(sandbox.asset, share: 0)
        outer.scope.purposes = CodeList([.research, .treatment])
        func derived(_ research: ResearchUse?) throws -> INFTID {
            let license = try sandbox.buy(
                sandbox.offer(try sandbox.mint("parent"), outer),
                use: StatedUse(
                    purposes: [.research, .treatment], research: research, isCommercial: true,
                    trainsModels: outer.scope.allowsTraining))
            return try sandbox.derive("child", from: [license], as: "bob")
        }
        func offered(
            _ child: INFTID, _ aims: [ResearchAim], _ diseases: [CodedTerm], _ purposes: [PurposeOfUse] = [.research]
        ) throws -> String? {
            var terms = outer
            terms.scope.purposes = CodeList(purposes)
            terms.scope.researchAims = CodeList(aims)
            terms.scope.diseases = SortedList(diseases)
            return try reason { _ = try sandbox.offer(child, terms, as: "bob") }
        }
        let one = try derived(ResearchUse(aims: [.disease], diseases: [DiseaseAim(disease: Self.disease)]))
        #expect(try offered(one, [], []) == "wider_than_parents")
        #expect(try offered(one, [.disease], []) == "wider_than_parents")
        #expect(try offered(one, [.disease], [Self.disease, Self.other]) == "wider_than_parents")
        #expect(try offered(one, [.disease, .methods], [Self.disease]) == "wider_than_parents")
        #expect(try offered(one, [], [Self.disease]) == nil)
        #expect(try offered(one, [.disease], [Self.disease]) == nil)
        // Research is left out.
        #expect(try offered(one, [], [], [.treatment]) == nil)
        for unnamed in [
            ResearchUse(aims: [.disease]), ResearchUse(aims: [.disease], project: testHash("commitment")),
        ] {
            let child = try derived(unnamed)
            #expect(try offered(child, [.disease], []) == "wider_than_parents")
            #expect(try offered(child, [.disease], [Self.disease]) == "wider_than_parents")
            #expect(try offered(child, [], [], [.treatment]) == nil)
        }
        #expect(try offered(derived(nil), [], []) == nil)
        // Of other aims for these, and for what they include.
        let methods = try derived(ResearchUse(aims: [.methods]))
        for aims in [[], [.general], [.methods, .controls]] as [[ResearchAim]] {
            #expect(try offered(methods, aims, []) == "wider_than_parents")
        }
        #expect(try offered(methods, [.methods], []) == nil && offered(methods, [], [], [.treatment]) == nil)
        let general = try derived(ResearchUse(aims: [.general]))
        #expect(try offered(general, [.methods, .healthMedicalBiomedical], []) == nil)
        #expect(try offered(general, [.pediatric], []) == "wider_than_parents")
    }

    @Test("Data given for named diseases is offered and bought for them, and hints say how")
    func namedDiseases() throws {
        let sandbox = try Sandbox()
        let inft = try Self.data(sandbox, [Self.disease])
        func offered(_ terms: Terms) throws -> String? {
            try reason { _ = try sandbox.offer(inft, terms, as: "hospital") }
        }
        #expect(try offered(Self.terms([.general])) == "wider_than_consent")
        let hint = Self.hint { _ = try sandbox.offer(inft, Self.terms([.general]), as: "hospital") }
        #expect(hint.contains("state the aim disease, and the disease"))
        #expect(try offered(Self.terms([.disease], [Self.other])) == "wider_than_consent")
        #expect(try offered(Self.terms([.disease], [Self.disease])) == nil)
        // Which of them the buyer says.
        let offer = try sandbox.offer(inft, Self.terms([.disease]), as: "hospital")
        func bought(_ use: StatedUse) throws -> String? { try reason { _ = try sandbox.buy(offer, use: use) } }
        #expect(try bought(Self.use([.disease], [Self.other])) == "consent_does_not_permit")
        #expect(try bought(Self.use([.disease])) == "consent_does_not_permit")
        #expect(try bought(Self.use([.disease], [Self.disease])) == nil)
    }

    @Test("Of data about few no disease is named, in terms or by buyers: the aim alone, and a commitment")
    func unnamedDisease() throws {
        let sandbox = try Sandbox()
        let inft = try Self.data(sandbox, nil)
        #expect(
            try reason { _ = try sandbox.offer(inft, Self.terms([.disease], [Self.disease]), as: "hospital") }
                == "wider_than_consent")
        let hint = Self.hint { _ = try sandbox.offer(inft, Self.terms([.general]), as: "hospital") }
        #expect(hint.contains("state the aim disease alone") && hint.contains("to the custodian"))
        let offer = try sandbox.offer(inft, Self.terms([.disease]), as: "hospital")
        #expect(
            try reason { _ = try sandbox.buy(offer, use: Self.use([.disease], [Self.disease])) }
                == "consent_does_not_permit")
        // Open content is delivered to nobody, so what is asked for can't be answered.
        let asked = Self.hint { _ = try sandbox.buy(offer, use: Self.use([.disease])) }
        #expect(asked.contains("permitted without one"))
        let set = try #require(INFTRegistry.record(inft, in: sandbox.state)?.consentSet)
        let request = UseRequest(
            actor: sandbox.party("bob"), action: .access, purposes: [.research],
            dataUse: ResearchUse(aims: [.disease], project: testHash("commitment")))
        let decision = try ConsentSets.decide(set, request, at: sandbox.time, in: sandbox.state)
        guard case .needs(let needs, _) = decision else {
            Issue.record("expected needs, found \(decision)")
            return
        }
        #expect(needs == [.memberRestrictions])
    }
}
