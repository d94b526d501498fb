import Consents
import Encoding
import Foundation
import Identities
import Licenses
import Primitives
import Revenue
import TestSupport
import Testing

@Suite struct TermsTests {
    private let asset: AssetID = testIdentifier("asset")

    @Test func presetsAreConsistentAndEnforced() {
        for preset in TermsPreset.all {
            #expect(preset.terms.inconsistency == nil, "\(preset.name)")
            let priced = preset.terms(asset: asset, fee: Amount(100))
            #expect(priced.inconsistency == nil && TermsPreset.named(preset.name) == preset)
            #expect(priced.id != preset.terms.id)
        }
        #expect(Set(TermsPreset.all.map(\.terms.id)).count == TermsPreset.all.count)
    }

    /// Each contradiction of Specs/domains/licenses.md, by the field that it names.
    @Test func contradictionsNameTheirField() {
        let base = TermsPreset.derivativesAllowed.terms(asset: asset, fee: Amount(10))
        func field(_ change: (inout Terms) -> Void) -> String? {
            var terms = base
            change(&terms)
            let rejection = terms.inconsistency
            #expect(rejection == nil || rejection?.reason == "inconsistent_terms")
            return rejection?.field
        }
        #expect(field { _ in } == nil)
        #expect(field { $0.commercial.isAllowed = false } == "commercial.requiresAttribution")
        #expect(
            field {
                $0.grant.isSublicensable = true
                $0.payment.outcome = OutcomePrice(
                    measure: testHash("measure"), threshold: percent(90), amount: Amount(5),
                    withinMilliseconds: 3_600_000)
            } == "payment.outcome")
        #expect(
            field { $0.commercial = CommercialTerms(isAllowed: false, revenueShare: percent(1)) }
                == "commercial.revenueShare")
        #expect(
            field { $0.commercial = CommercialTerms(isAllowed: false, revenueCeiling: Amount(1)) }
                == "commercial.revenueCeiling")
        #expect(
            field { $0.commercial = CommercialTerms(isAllowed: true, revenueCeiling: Amount(1)) }
                == "commercial.revenueCeiling")
        #expect(field { $0.commercial.revenueCeiling = .zero } == "commercial.revenueCeiling")
        for (change, name) in [
            (DerivativeTerms(isAllowed: false, requiresAttribution: true), "requiresAttribution"),
            (DerivativeTerms(isAllowed: false, requiresApproval: true), "requiresApproval"),
            (DerivativeTerms(isAllowed: false, isReciprocal: true), "isReciprocal"),
            (DerivativeTerms(isAllowed: false, revenueCeiling: Amount(1)), "revenueCeiling"),
            (DerivativeTerms(isAllowed: false, royaltyPolicy: .relative), "royaltyPolicy"),
        ] {
            #expect(field { $0.derivatives = change } == "derivatives.\(name)")
        }
        #expect(field { $0.derivatives = DerivativeTerms(isAllowed: false) } == "commercial.revenueShare")
        #expect(field { $0.derivatives.revenueCeiling = Amount(9) } == "derivatives.revenueCeiling")
        #expect(field { $0.grant.seats = 0 } == "grant.seats")
        #expect(field { $0.grant.seats = 1 << 40 } == "grant.seats")
        #expect(field { $0.grant = GrantTerms(isExclusive: true, seats: 3) } == "grant.seats")
        #expect(field { $0.grant.durationMilliseconds = 1 } == "grant.durationMilliseconds")
        #expect(field { $0.grant.durationMilliseconds = .max } == "grant.durationMilliseconds")
        #expect(field { $0.grant.isRenewable = true } == "grant.isRenewable")
        #expect(
            field { $0.grant = GrantTerms(durationMilliseconds: 60_000, trialMilliseconds: 60_001) }
                == "grant.trialMilliseconds")
        #expect(
            field {
                $0.payment.fee = .zero
                $0.grant.trialMilliseconds = 60_000
            } == "grant.trialMilliseconds")
        #expect(field { $0.payment.asset = nil } == "payment.fee")
        #expect(field { $0.payment = PaymentTerms(perUseFee: Amount(1)) } == "payment.perUseFee")
        #expect(field { $0.payment.prepaidUses = 5 } == "payment.prepaidUses")
        let outcome = OutcomePrice(
            measure: testHash("m"), threshold: percent(80), amount: Amount(5), withinMilliseconds: millisecondsPerDay)
        #expect(field { $0.payment = PaymentTerms(outcome: outcome) } == "payment.outcome")
        #expect(
            field {
                $0.payment = PaymentTerms()
                $0.commercial.revenueCeiling = Amount(5)
            } == "commercial.revenueCeiling")
        #expect(
            field {
                $0.payment = PaymentTerms()
                $0.derivatives.revenueCeiling = Amount(5_000)
            } == "derivatives.revenueCeiling")
        #expect(
            field {
                $0.commercial = CommercialTerms(isAllowed: false)
                $0.scope.fieldsOfUse = CodeList([.commercial])
            } == "scope.fieldsOfUse")
        #expect(field { $0.scope.territories = TextList(["XX"]) } == "scope.territories[0]")
        #expect(field { $0.scope.territories = TextList(["DE", "DE-BY"]) } == "scope.territories[1]")
        #expect(field { $0.scope.languages = TextList(["german"]) } == "scope.languages[0]")
        let twice = CredentialRequirement(type: .researcherStatus)
        #expect(field { $0.scope.requiredCredentials = [twice, twice] } == "scope.requiredCredentials[1]")
        #expect(field { $0.legalText = LegalText(hash: .zero, uri: "https://e.org") } == "legalText.hash")
        for uri in ["", "https", ":x", "https:", "https://e.org/a b", "1:x"] {
            #expect(field { $0.legalText = LegalText(hash: testHash("t"), uri: uri) } == "legalText.uri")
        }
    }

    /// Random terms survive bytes and JSON unchanged and keep their id; many are consistent, many are not.
    @Test func randomTermsRoundTripOrAreInconsistent() throws {
        var random = SeededRandom(seed: 7)
        var consistent = 0
        for _ in 0..<3_000 {
            let terms = randomTerms(&random)
            #expect(try Terms(decoding: terms.encoded) == terms)
            let json = try JSONEncoder().encode(terms)
            #expect(try JSONDecoder().decode(Terms.self, from: json) == terms)
            guard terms.inconsistency == nil else { continue }
            consistent += 1
            #expect(try Terms(decoding: terms.encoded).id == terms.id)
            #expect(!terms.sentences(PlainNames()).isEmpty)
        }
        #expect(consistent > 50 && consistent < 2_950)
    }

    @Test func termsNamedByTheirContent() throws {
        var terms = TermsPreset.commercial.terms
        let id = terms.id
        terms.scope.territories = TextList(["FR", "DE", "FR"])
        #expect(terms.scope.territories.texts == ["DE", "FR"] && terms.id != id)
        var other = terms
        other.scope.territories = TextList(["DE", "FR"])
        #expect(other.id == terms.id)
    }

    @Test func hostileTermsOnlyThrow() {
        var random = SeededRandom(seed: 11)
        let samples = (0..<6).map { _ in randomTerms(&random) }
        let result = exerciseDecoder(Terms.self, samples: samples, count: 20_000, seed: 12)
        #expect(result.mismatches == 0 && result.decoded > 0)
    }

    @Test func percentagesAreExact() {
        #expect(PartsPerMillion(125_000)?.percentText == "12.5 %")
        #expect(PartsPerMillion(1)?.percentText == "0.0001 %")
        #expect(PartsPerMillion.whole.percentText == "100 %" && PartsPerMillion.zero.percentText == "0 %")
    }
}

func randomTerms(_ random: inout SeededRandom) -> Terms {
    func flip(_ chance: Int = 2) -> Bool { Int.random(in: 0..<chance, using: &random) == 0 }
    func maybe<Value>(_ value: @autoclosure () -> Value, _ chance: Int = 4) -> Value? { flip(chance) ? value() : nil }
    func amount() -> Amount { Amount(UInt64.random(in: 0...1_000_000, using: &random)) }
    func share() -> PartsPerMillion { flip() ? .zero : percent(UInt64.random(in: 0...100, using: &random)) }
    func pick<Code: CaseIterable>(_ type: Code.Type) -> [Code] { Array(Code.allCases).filter { _ in flip(6) } }
    let day = millisecondsPerDay
    return Terms(
        commercial: CommercialTerms(
            isAllowed: !flip(3), requiresAttribution: flip(4), revenueShare: share(), revenueCeiling: maybe(amount(), 8)
        ),
        derivatives: DerivativeTerms(
            isAllowed: !flip(3), requiresAttribution: flip(4), requiresApproval: flip(4), isReciprocal: flip(4),
            revenueCeiling: maybe(amount(), 8), royaltyPolicy: flip(6) ? .relative : .absolute),
        grant: GrantTerms(
            isTransferable: flip(), isSublicensable: flip(4), isExclusive: flip(4), seats: maybe(5, 6),
            durationMilliseconds: flip() ? UInt64.random(in: 1...400, using: &random) * day : nil,
            trialMilliseconds: maybe(30 * day, 8), coversRevisions: flip(), isRenewable: flip(4),
            revocableFor: pick(RevocationCause.self)),
        payment: PaymentTerms(
            asset: flip(4) ? nil : testIdentifier("asset"), fee: flip() ? .zero : amount(),
            perUseFee: flip(6) ? amount() : .zero, prepaidUses: flip(8) ? 10 : 0,
            outcome: maybe(
                OutcomePrice(measure: testHash("m"), threshold: percent(70), amount: amount(), withinMilliseconds: day),
                8)),
        scope: ScopeTerms(
            purposes: pick(PurposeOfUse.self), researchAims: flip(3) ? pick(ResearchAim.self) : [],
            fieldsOfUse: pick(FieldOfUse.self), territories: flip() ? ["DE", "US-CA"] : [],
            languages: flip() ? ["de", "pt-BR"] : [],
            requiredCredentials: flip(3) ? [CredentialRequirement(type: .researcherStatus, jurisdiction: "DE")] : [],
            allowsTraining: flip()),
        legalText: maybe(LegalText(hash: testHash("text"), uri: "https://example.org/terms")))
}
