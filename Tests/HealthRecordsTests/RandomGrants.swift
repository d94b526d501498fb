import Consents
import Identities
import Primitives
import TestSupport

/// Random grants that a wallet could make: every field that a policy has, in every combination that it may have.
struct RandomGrants {
    var random: SeededRandom

    init(seed: UInt64) { random = SeededRandom(seed: seed) }

    private mutating func some<Element>(_ elements: [Element], odds: Int) -> [Element] {
        elements.filter { _ in Int.random(in: 0..<odds, using: &random) == 0 }
    }

    private mutating func perhaps<Value>(_ odds: Int, _ value: () -> Value) -> Value? {
        Int.random(in: 0..<odds, using: &random) == 0 ? value() : nil
    }

    private mutating func time() -> Timestamp { Timestamp(UInt64.random(in: 0..<4_000_000_000_000, using: &random)) }

    private mutating func period() -> Period {
        let one = time()
        let other = one.adding(milliseconds: UInt64.random(in: 1..<1_000_000_000_000, using: &random))
        switch Int.random(in: 0..<3, using: &random) {
        case 0: return Period(from: one)
        case 1: return Period(until: other)
        default: return Period(from: one, until: other)
        }
    }

    static let parties: [Party] = [
        .account(testAddress("researcher")), .account(testAddress("clinician")), .organization(testIdentifier("lab")),
    ]
    static let terms = [
        CodedTerm(system: .mondo, code: "0005148"), CodedTerm(system: .diseaseOntology, code: "9352"),
        CodedTerm(system: .icd10, code: "E11.9"), CodedTerm(system: .icd11, code: "5A11"),
        CodedTerm(system: .snomed, code: "44054006"), CodedTerm(system: .orphanet, code: "552"),
        CodedTerm(system: .loinc, code: "4548-4"), CodedTerm(system: .fhirResource, code: "Observation"),
    ]
    static let places = ["DE", "DE-BY", "US", "US-MA", "JP"]

    private mutating func dataUse(_ scope: ConsentScope) -> DataUseTerms {
        let diseases = scope == .aggregate ? some(Self.terms, odds: 3) : []
        return DataUseTerms(
            permissions: SortedList(some(DataUsePermission.allCases, odds: 2)), diseases: SortedList(diseases),
            modifiers: SortedList(some(DataUseModifier.allCases, odds: 4)),
            months: Bool.random(using: &random) ? UInt64.random(in: 1...1200, using: &random) : nil,
            publicationNotBefore: Bool.random(using: &random) ? time() : nil,
            regions: SortedList(some(Self.places, odds: 3)), users: SortedList(some(Self.parties, odds: 3)),
            projects: SortedList(some([testHash("project"), testHash("other")], odds: 3)),
            institutions: SortedList(some([testIdentifier("lab"), testIdentifier("clinic")], odds: 3)))
    }

    private mutating func provision(
        _ kind: ProvisionKind, _ scope: ConsentScope, depth: Int, commitments: Int
    ) -> Provision {
        let isPermit = kind == .permit
        let count = depth < 3 ? Int.random(in: 0...2, using: &random) : 0
        return Provision(
            kind,
            actors: SortedList(
                some(
                    Self.parties.map { ActorSelector.party($0) } + [
                        .anyone, .holder(.medicalLicense, jurisdiction: nil),
                        .holder(.researcherStatus, jurisdiction: "US-MA"),
                    ], odds: 4)),
            actions: SortedList(some(ConsentAction.allCases, odds: 3)),
            purposes: SortedList(some(PurposeOfUse.allCases, odds: 12)),
            dataUse: isPermit && Bool.random(using: &random) ? dataUse(scope) : nil,
            restrictions: isPermit ? SortedList(some((0..<commitments).map { UInt8($0) }, odds: 2)) : [],
            jurisdictions: SortedList(some(Self.places, odds: 4)),
            codes: scope == .aggregate ? SortedList(some(Self.terms, odds: 4)) : [],
            validity: Bool.random(using: &random) ? period() : nil,
            dataPeriod: Bool.random(using: &random) ? period() : nil,
            provisions: (0..<count).map { _ in
                provision(isPermit ? .deny : .permit, scope, depth: depth + 1, commitments: commitments)
            })
    }

    mutating func grant() -> ConsentGrant {
        let scope: ConsentScope = Bool.random(using: &random) ? .individual : .aggregate
        let commitments = (0..<Int.random(in: 0...3, using: &random)).map { index in
            CommittedRestriction(
                kind: index == 1 ? .disease : .recordClass, commitment: Hash(Bytes32(1, 2, 3, UInt64(index))))
        }
        var provisions = [provision(.permit, scope, depth: 1, commitments: commitments.count)]
        for _ in 0..<Int.random(in: 0...3, using: &random) {
            let kind: ProvisionKind = Bool.random(using: &random) ? .permit : .deny
            provisions.append(provision(kind, scope, depth: 1, commitments: commitments.count))
        }
        let hasGuardian = scope == .individual && Bool.random(using: &random)
        return ConsentGrant(
            scope: scope,
            subject: scope == .individual
                ? .account(testAddress("patient")) : .organization(testIdentifier("controller")),
            guardian: hasGuardian ? testAddress("guardian") : nil, custodian: .organization(testIdentifier("clinic")),
            policy: ConsentPolicy(provisions: provisions), commitments: commitments,
            expiresAt: Bool.random(using: &random) ? time() : nil)
    }
}
