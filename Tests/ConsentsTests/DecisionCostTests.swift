import Consents
import Cryptography
import Encoding
import Identities
import Primitives
import StateModel
import TestSupport
import Testing

/// Policies as heavy as the ledger keeps, of the shapes that take longest to decide.
struct HeaviestPolicies {
    enum Shape: CaseIterable { case plain, holders, purposes, places, diseases, institutions, codes }

    /// Sixteen, each with as many heavy provisions as a policy's bytes allow, none of which covers a request, and at the
    /// end one that does.
    static func make(_ shape: Shape) -> [ConsentPolicy] {
        (0..<16).map { policy(shape, number: $0) }
    }

    private static func policy(_ shape: Shape, number: Int) -> ConsentPolicy {
        let last = Provision(
            .permit, dataUse: DataUseTerms(permissions: [.generalResearch], months: UInt64(100 + number)))
        var best = ConsentPolicy(provisions: [last])
        for size in 1...64 {
            // Seven at the top, each with two exceptions: 21, and the last.
            for inner in 0...2 {
                let heavy = (0..<7).map { index in
                    provision(
                        shape, .permit, size, number,
                        inside: (0..<inner).map { _ in provision(shape, .deny, size, number, inside: []) })
                }
                let policy = ConsentPolicy(provisions: heavy + [last])
                if policy.encoded.count <= ConsentsLimits.setPolicyBytes / 16, policy.encoded.count > best.encoded.count
                {
                    best = policy
                }
            }
        }
        return best
    }

    private static func provision(
        _ shape: Shape, _ kind: ProvisionKind, _ size: Int, _ number: Int, inside: [Provision]
    ) -> Provision {
        let isPermit = kind == .permit
        let places = (0..<size).map { "ZZ-\(100 + $0)" }
        let codes = (0..<min(size, 32)).map { CodedTerm(system: .mondo, code: "\(100 + $0)") }
        switch shape {
        case .plain:
            return Provision(
                kind, dataUse: isPermit ? DataUseTerms(permissions: [.populationOrigins]) : nil,
                validity: isPermit ? nil : Period(from: .maximum), provisions: inside)
        case .holders:
            return Provision(
                kind,
                actors: SortedList(places.prefix(16).map { .holder(.medicalLicense, jurisdiction: $0) }),
                provisions: inside)
        case .purposes:
            let purposes = PurposeOfUse.allCases.filter {
                !$0.includes(.clinicalTrialResearchWithPatientCare) && !PurposeOfUse.research.includes($0)
            }
            return Provision(kind, purposes: SortedList(purposes.prefix(size)), provisions: inside)
        case .places: return Provision(kind, jurisdictions: SortedList(places), provisions: inside)
        case .diseases:
            return Provision(
                kind,
                dataUse: isPermit
                    ? DataUseTerms(permissions: [.diseaseSpecific], diseases: SortedList(codes)) : nil,
                provisions: isPermit ? [] : inside)
        case .institutions:
            return Provision(
                kind,
                dataUse: isPermit
                    ? DataUseTerms(
                        permissions: [.generalResearch],
                        institutions: SortedList((0..<min(size, 16)).map { testIdentifier("institution \($0)") }))
                    : nil,
                provisions: isPermit ? [] : inside)
        case .codes: return Provision(kind, codes: SortedList(codes), provisions: inside)
        }
    }
}

/// What asking consents takes, beside a signature's verification, of which the weight is 45.
@Suite(.serialized) struct DecisionCostTests {
    private static func set(_ policies: [ConsentPolicy]) -> ConsentSetRecord {
        ConsentSetRecord(
            SetStanding(
                id: testIdentifier("set"), custodian: .account(World.hospital), createdAt: testStart, predecessor: nil,
                successor: nil, memberCount: 16, aggregateCount: 16, effectiveAt: testStart, earliestExpiry: nil,
                stale: nil, revision: 0, policyRevision: 0),
            policies: SortedList(policies))
    }

    /// As long as requests get in what this shape makes decisions take.
    private static func request(_ shape: HeaviestPolicies.Shape) -> UseRequest {
        let path =
            (0..<31).map { CodedTerm(system: .mondo, code: "\(900 + $0)") } + [
                CodedTerm(system: .mondo, code: "100")
            ]
        let codes = (0..<32).map { CodedTerm(system: .mondo, code: "\(500 + $0)") }
        let aims = codes.prefix(ConsentsLimits.diseasesPerRequest).map { DiseaseAim(disease: $0, path: path) }
        return UseRequest(
            actor: .account(World.researcher), action: .access,
            purposes: Array(repeating: .clinicalTrialResearchWithPatientCare, count: 16),
            dataUse: ResearchUse(aims: [.general], diseases: shape == .diseases ? aims : []), jurisdiction: "US-MA",
            usePeriod: Period(from: testStart, until: testStart.adding(milliseconds: 1_000)),
            codes: shape == .codes ? SortedList(codes) : [])
    }

    @Test("The largest set and the longest decision weigh what they take", arguments: HeaviestPolicies.Shape.allCases)
    func weights(_ shape: HeaviestPolicies.Shape) throws {
        let world = try World()
        let held: CredentialID = testIdentifier("held")
        let claim = CredentialClaim(
            subject: .account(World.researcher), credentialType: .medicalLicense,
            scope: CredentialScope(jurisdictions: ["FR"]), validFrom: testStart)
        world.state.set(
            IdentityKeys.credential(held),
            CredentialRecord(
                id: held, issuer: .account(World.hospital), delegation: nil, claim: claim, offeredAt: testStart,
                acceptedAt: testStart))
        world.state.set(
            IdentityKeys.accepted(.account(World.researcher), .medicalLicense), AcceptedCredentials(ids: [held]))
        let set = Self.set(HeaviestPolicies.make(shape))
        let bytes = SetPolicies(set.dated).encoded
        #expect(bytes.count > (shape == .plain ? 5_000 : 6_500), "the heaviest policies are long: \(bytes.count)")
        let request = Self.request(shape)
        // The credentials that an operation reads once are not counted here.
        let memo = DecisionMemo(request.actor, at: world.time, in: world.state)
        var decision: Decision?
        let diseases = request.dataUse?.diseases.count ?? 0
        let bounds = (
            set: 2 * Double(ConsentWeights.set),
            decision: 2 * Double(ConsentWeights.decisions(1, diseases: diseases))
        )
        let decoding = try ProcessorCost.units(below: bounds.set) {
            try ProcessorCost.microseconds { _ = try SetPolicies(decoding: bytes) }
        }
        let deciding = try ProcessorCost.units(below: bounds.decision) {
            try ProcessorCost.microseconds {
                decision = try ConsentSets.decide(set, request, memo: memo, at: world.time, in: world.state)
            }
        }
        #expect(decision?.isDeny == false, "every policy is read to its end")
        #expect(decoding < bounds.set, "of \(bytes.count) bytes")
        #expect(deciding < bounds.decision, "of \(set.policies.count) policies")
    }

    @Test("The policies of a set are bounded together")
    func bounded() throws {
        let world = try World()
        func policy(_ number: Int) -> ConsentPolicy {
            ConsentPolicy(
                provisions: (0..<8).map { index in
                    Provision(
                        .permit, actions: [.access],
                        jurisdictions: SortedList((0..<64).map { "Z\(["A", "B", "C"][number])-\(100 + $0 + index)" }))
                })
        }
        let consents = try (0..<3).map { try world.consent(policy($0)) }
        #expect(policy(0).encoded.count * 2 < ConsentsLimits.setPolicyBytes)
        #expect(policy(0).encoded.count * 3 > ConsentsLimits.setPolicyBytes)
        let set = try world.set(Array(consents.prefix(2)))
        // The same policy again is none more.
        let again = try world.consent(policy(0), of: World.otherPatient)
        try world.execute([World.hospital], ConsentSetAdd(set: .id(set), members: [.id(again)]))
        let refused = try rejection {
            try world.execute([World.hospital], ConsentSetAdd(set: .id(set), members: [.id(consents[2])]))
        }
        #expect(refused?.reason == "too_many_policies" && refused?.message.contains("bytes") == true)
    }

    @Test("A research names few diseases")
    func fewDiseases() throws {
        func bytes(_ count: Int) -> [UInt8] {
            ResearchUse(
                aims: [.general],
                diseases: (0..<count).map { DiseaseAim(disease: CodedTerm(system: .mondo, code: "\($0)")) }
            ).encoded
        }
        #expect(throws: Never.self) { try ResearchUse(decoding: bytes(ConsentsLimits.diseasesPerRequest)) }
        #expect(throws: EncodingFailure.self) {
            try ResearchUse(decoding: bytes(ConsentsLimits.diseasesPerRequest + 1))
        }
    }
}
