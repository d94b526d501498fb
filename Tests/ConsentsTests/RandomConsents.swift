import Consents
import Identities
import Primitives
import TestSupport

/// Random policies and requests over few values, so that they meet often.
struct RandomConsents {
    var random: SeededRandom

    init(seed: UInt64) { random = SeededRandom(seed: seed) }

    private mutating func some<Element>(_ elements: [Element], odds: Int = 3) -> [Element] {
        elements.filter { _ in Int.random(in: 0..<odds, using: &random) == 0 }
    }

    private mutating func perhaps<Value>(_ value: Value) -> Value? { Bool.random(using: &random) ? value : nil }

    mutating func period() -> Period {
        let start = UInt64.random(in: 0..<30, using: &random)
        let end = start + UInt64.random(in: 1..<30, using: &random)
        let from = testStart.adding(milliseconds: start * millisecondsPerDay)
        let until = testStart.adding(milliseconds: end * millisecondsPerDay)
        switch Int.random(in: 0..<3, using: &random) {
        case 0: return Period(from: from, until: until)
        case 1: return Period(from: from)
        default: return Period(until: until)
        }
    }

    static let codes = [
        CodedTerm(system: .mondo, code: "0005148"), CodedTerm(system: .mondo, code: "0005015"),
        CodedTerm(system: .fhirResource, code: "Observation"),
    ]

    mutating func terms() -> DataUseTerms {
        let permissions = some(DataUsePermission.allCases)
        let hasDisease = permissions.contains(.diseaseSpecific)
        return DataUseTerms(
            permissions: SortedList(permissions), diseases: hasDisease ? [RandomConsents.codes[0]] : [],
            modifiers: SortedList(some(DataUseModifier.allCases, odds: 8)),
            months: Int.random(in: 0..<6, using: &random) == 0 ? 12 : nil,
            publicationNotBefore: perhaps(testStart.adding(milliseconds: 20 * millisecondsPerDay)),
            regions: SortedList(some(["DE", "US", "US-MA"], odds: 6)))
    }

    mutating func provisions(_ kind: ProvisionKind?, depth: Int, restrictions: Int) -> [Provision] {
        guard depth <= 3 else { return [] }
        return (0..<Int.random(in: depth == 1 ? 1...3 : 0...2, using: &random)).map { _ in
            let kind = kind ?? (Int.random(in: 0..<4, using: &random) == 0 ? .deny : .permit)
            let isPermit = kind == .permit
            return Provision(
                kind,
                actors: SortedList(
                    some(
                        [
                            .party(.account(World.researcher)), .party(.account(World.clinician)), .anyone,
                            .holder(.medicalLicense, jurisdiction: nil),
                        ], odds: 4)),
                actions: SortedList(some(ConsentAction.allCases, odds: 2)),
                purposes: SortedList(
                    some([.research, .biomedicalResearch, .treatment, .publicHealth, .breakTheGlass], odds: 2)),
                dataUse: isPermit && Bool.random(using: &random) ? terms() : nil,
                restrictions: isPermit
                    ? SortedList(some((0..<restrictions).map { UInt8($0) }, odds: 4)) : [],
                jurisdictions: SortedList(some(["DE", "DE-BY", "US"], odds: 5)),
                codes: SortedList(some(RandomConsents.codes, odds: 6)),
                validity: Int.random(in: 0..<4, using: &random) == 0 ? period() : nil,
                dataPeriod: Int.random(in: 0..<5, using: &random) == 0 ? period() : nil,
                provisions: provisions(isPermit ? .deny : .permit, depth: depth + 1, restrictions: restrictions))
        }
    }

    mutating func policy(restrictions: Int = 0) -> ConsentPolicy {
        ConsentPolicy(provisions: provisions(nil, depth: 1, restrictions: restrictions))
    }

    /// The policy with something removed, added or changed, at the top or in an exception.
    mutating func changed(_ policy: ConsentPolicy) -> ConsentPolicy {
        ConsentPolicy(provisions: changed(policy.provisions, kind: nil))
    }

    private mutating func changed(_ provisions: [Provision], kind: ProvisionKind?) -> [Provision] {
        var provisions = provisions
        let index = provisions.indices.randomElement(using: &random)
        switch Int.random(in: 0..<5, using: &random) {
        case 0: if let index { provisions.remove(at: index) }
        case 1:
            let added = Provision(
                kind == .deny ? .permit : .deny, actions: SortedList(some(ConsentAction.allCases)),
                jurisdictions: SortedList(some(["DE", "US"])))
            provisions.insert(added, at: Int.random(in: 0...provisions.count, using: &random))
        case 2, 3:
            guard let index else { break }
            let old = provisions[index]
            provisions[index] = Provision(
                old.kind, actors: old.actors, actions: old.actions, purposes: old.purposes, dataUse: old.dataUse,
                restrictions: old.restrictions, jurisdictions: old.jurisdictions, codes: old.codes,
                validity: old.validity, dataPeriod: old.dataPeriod,
                provisions: changed(old.provisions, kind: old.kind))
        default:
            guard let index else { break }
            let old = provisions[index]
            provisions[index] = Provision(
                old.kind, actors: old.actors, actions: SortedList(some(ConsentAction.allCases, odds: 2)),
                purposes: old.purposes.isEmpty ? [.research] : old.purposes, dataUse: old.dataUse ?? perhaps(terms()),
                restrictions: old.restrictions,
                jurisdictions: old.jurisdictions.isEmpty ? ["DE"] : old.jurisdictions, codes: old.codes,
                validity: old.validity ?? perhaps(period()), dataPeriod: old.dataPeriod, provisions: old.provisions)
        }
        return provisions
    }

    mutating func request() -> UseRequest {
        let aims = some(Array(ResearchAim.allCases.prefix(5)))
        return UseRequest(
            actor: .account([World.researcher, World.clinician, World.clinic].randomElement(using: &random)!),
            action: ConsentAction.allCases.randomElement(using: &random)!,
            purposes: some([.research, .biomedicalResearch, .treatment, .publicHealth, .breakTheGlass], odds: 2),
            dataUse: perhaps(
                ResearchUse(
                    aims: SortedList(aims),
                    diseases: Int.random(in: 0..<4, using: &random) == 0
                        ? [DiseaseAim(disease: RandomConsents.codes.randomElement(using: &random)!)] : [],
                    isNonprofit: Bool.random(using: &random), undertakings: SortedList(some(Undertaking.allCases)))),
            jurisdiction: ["DE", "DE-BY", "US-MA", "FR", nil].randomElement(using: &random)!,
            commercial: Int.random(in: 0..<4, using: &random) == 0,
            dataPeriod: perhaps(period()), usePeriod: perhaps(period()),
            codes: SortedList(some(RandomConsents.codes)))
    }

    mutating func time() -> Timestamp {
        testStart.adding(milliseconds: UInt64.random(in: 0..<60, using: &random) * millisecondsPerDay)
    }

    /// A consent as it would be stored, of any policy; not every one could be granted.
    mutating func record(_ name: String) -> ConsentRecord {
        let count = Int.random(in: 0...2, using: &random)
        let granted = time()
        let effective = granted.adding(milliseconds: UInt64.random(in: 0..<5, using: &random) * millisecondsPerDay)
        let hasExpiry = Int.random(in: 0..<3, using: &random) == 0
        return ConsentRecord(
            id: testIdentifier(name), scope: .aggregate, subject: .account(World.hospital),
            grantedBy: World.hospital, custodian: .account(World.hospital), policy: policy(restrictions: count),
            commitments: (0..<count).map {
                CommittedRestriction(kind: .recordClass, commitment: testHash("\(name) \($0)"))
            },
            grantedAt: granted, effectiveAt: effective,
            expiresAt: hasExpiry ? effective.adding(milliseconds: 20 * millisecondsPerDay) : nil, withdrawnAt: nil,
            revision: 0, sets: [])
    }
}

/// The set that holds these members, as the operations would make it.
func setRecord(_ members: [ConsentRecord]) -> ConsentSetRecord {
    ConsentSetRecord(
        SetStanding(
            id: testIdentifier("set"), custodian: .account(World.hospital), createdAt: testStart, predecessor: nil,
            successor: nil, memberCount: UInt64(members.count), aggregateCount: 0,
            effectiveAt: members.compactMap(\.effectiveAt).max(),
            earliestExpiry: members.compactMap(\.expiresAt).min(), stale: nil, revision: 0, policyRevision: 0),
        policies: SortedList(members.map(\.policy)))
}
