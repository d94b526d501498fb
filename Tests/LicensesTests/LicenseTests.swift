import Consents
import Foundation
import INFTs
import Identities
import Licenses
import Primitives
import Revenue
import StateModel
import TestSupport
import Testing

func decode<Value: Decodable>(_ type: Value.Type, _ json: String) throws -> Value {
    try JSONDecoder().decode(type, from: Data(json.utf8))
}

@Suite struct LicenseTests {
    private func commercial(_ sandbox: Sandbox, _ change: (inout Terms) -> Void = { _ in }) -> Terms {
        var terms = TermsPreset.commercial.terms(asset: sandbox.asset, fee: Amount(100))
        change(&terms)
        return terms
    }

    // MARK: Terms and offers

    @Test func termsAreRegisteredOnceAndConsistent() throws {
        let sandbox = try Sandbox()
        let terms = commercial(sandbox)
        let context = try sandbox.execute(RegisterTerms(terms: terms))
        #expect(context.events.map { $0.name } == ["terms.registered"])
        #expect(try reason { try sandbox.execute(RegisterTerms(terms: terms), as: "bob") } == "terms_exist")
        let bad = commercial(sandbox) { $0.payment.asset = nil }
        let refused = try rejection { try sandbox.execute(RegisterTerms(terms: bad)) }
        #expect(refused?.reason == "inconsistent_terms" && refused?.field == "terms.payment.fee")
        let unknown = commercial(sandbox) { $0.payment.asset = testIdentifier("no asset") }
        #expect(try reason { try sandbox.execute(RegisterTerms(terms: unknown)) } == "unknown_asset")
    }

    @Test func offersAreTheOwnersAndWellFormed() throws {
        let sandbox = try Sandbox()
        let inft = try sandbox.mint("score")
        let terms = commercial(sandbox)
        let id = try sandbox.register(terms)
        func refused(_ offer: CreateOffer, as name: String = "alice") throws -> String? {
            try reason { try sandbox.execute(offer, as: name) }
        }
        #expect(try refused(CreateOffer(inft: .id(inft), terms: id), as: "bob") == "not_owner")
        #expect(try refused(CreateOffer(inft: .id(testIdentifier("x")), terms: id)) == "unknown_inft")
        #expect(try refused(CreateOffer(inft: .id(inft), terms: testIdentifier("x"))) == "unknown_terms")
        #expect(try refused(CreateOffer(inft: .id(inft), terms: id, price: Amount(99))) == "price_below_fee")
        #expect(try refused(CreateOffer(inft: .id(inft), terms: id, supply: 0)) == "invalid_supply")
        #expect(try refused(CreateOffer(inft: .id(inft), terms: id, buyer: sandbox.party("alice"))) == "invalid_buyer")
        #expect(try refused(CreateOffer(inft: .id(inft), terms: id, expiresAt: testStart)) == "invalid_expiry")
        let free = try sandbox.register(TermsPreset.openAccess.terms)
        #expect(try refused(CreateOffer(inft: .id(inft), terms: free, price: Amount(1))) == "price_without_asset")
        #expect(try refused(CreateOffer(inft: .id(inft), terms: free)) == nil)
        try sandbox.execute(Retire(inft: inft))
        #expect(try refused(CreateOffer(inft: .id(inft), terms: id)) == "inft_not_active")
    }

    @Test func mintAndOfferInOneTransaction() throws {
        let sandbox = try Sandbox()
        let terms = commercial(sandbox)
        let context = try sandbox.execute(
            sandbox.mintOperation("score", as: "alice"), RegisterTerms(terms: terms),
            CreateOffer(inft: .operation(0), terms: terms.id))
        let offer = try #require(try LicenseLedger.offer(context.madeIdentifier(), in: sandbox.state))
        #expect(offer.inft == context.firstMade() && offer.price == Amount(100))
    }

    @Test func changingAnOfferNeverTouchesWhatWasSold() throws {
        let sandbox = try Sandbox()
        let offer = try sandbox.offer(try sandbox.mint("score"), commercial(sandbox), supply: 3)
        let license = try sandbox.buy(offer)
        let before = try sandbox.license(license)
        try sandbox.execute(UpdateOffer(offer: offer, price: Amount(900), supply: 2, expiresAt: nil))
        #expect(try sandbox.license(license) == before && before.price == Amount(100))
        #expect(try reason { try sandbox.buy(offer, as: "carol", maximumPrice: 100) } == "price_above_maximum")
        #expect(
            try reason { try sandbox.execute(UpdateOffer(offer: offer, price: Amount(900), supply: 2, expiresAt: nil)) }
                == "nothing_changed")
        #expect(
            try reason { try sandbox.execute(UpdateOffer(offer: offer, price: Amount(9), supply: 2, expiresAt: nil)) }
                == "price_below_fee")
        #expect(try reason { try sandbox.execute(CancelOffer(offer: offer), as: "bob") } == "not_owner")
        try sandbox.execute(CancelOffer(offer: offer))
        #expect(try reason { try sandbox.buy(offer, as: "carol") } == "offer_closed")
        #expect(try sandbox.verdict(license).isValid)
    }

    // MARK: Purchases

    @Test func aPurchaseIsActiveAndPaidInItsBlock() throws {
        let sandbox = try Sandbox()
        let inft = try sandbox.mint("score")
        let offer = try sandbox.offer(inft, commercial(sandbox))
        let context = try sandbox.execute(
            PurchaseLicense(
                offer: .id(offer), maximumPrice: Amount(100), maximumRevenueShare: .zero,
                use: StatedUse(isCommercial: true)), as: "bob")
        let license: LicenseID = context.madeIdentifier()
        #expect(context.events.map { $0.name } == ["revenue.paid", "license.sold"])
        #expect(try sandbox.verdict(license).state == .active)
        #expect(try Vaults.account(of: inft, sandbox.asset, in: sandbox.state).total == Amount(100))
        #expect(try Balances.balance(of: sandbox.party("bob"), sandbox.asset, in: sandbox.state) == Amount(999_900))
    }

    @Test func purchasesAreRefusedWithNothingMoved() throws {
        let sandbox = try Sandbox()
        let inft = try sandbox.mint("score")
        let terms = commercial(sandbox) {
            $0.scope.territories = TextList(["DE", "US-CA"])
            $0.scope.purposes = CodeList([.research])
        }
        let offer = try sandbox.offer(inft, terms, supply: 1)
        func refused(_ use: StatedUse, as name: String = "bob", price: UInt64 = 100) throws -> String? {
            try reason { try sandbox.buy(offer, as: name, use: use, maximumPrice: price) }
        }
        #expect(try refused(StatedUse(), price: 99) == "price_above_maximum")
        #expect(try refused(StatedUse(), as: "alice") == "own_license")
        #expect(try refused(StatedUse(), as: "nobody") == "unknown_party")
        #expect(try refused(StatedUse(purposes: [.treatment])) == "purpose_not_allowed")
        #expect(try refused(StatedUse(territories: ["FR"])) == "territory_not_allowed")
        #expect(try refused(StatedUse(territories: ["US"])) == "territory_not_allowed")
        #expect(try refused(StatedUse(trainsModels: true)) == "training_not_allowed")
        #expect(try reason { try sandbox.buy(testIdentifier("none")) } == "unknown_offer")
        #expect(try Vaults.account(of: inft, sandbox.asset, in: sandbox.state).total == .zero)
        #expect(try refused(StatedUse(purposes: [.biomedicalResearch], territories: ["DE-BY", "US-CA"])) == nil)
        #expect(try refused(StatedUse(), as: "carol") == "sold_out")
        let noncommercial = try sandbox.offer(inft, TermsPreset.researchOnly.terms)
        #expect(
            try reason { try sandbox.buy(noncommercial, use: StatedUse(isCommercial: true)) }
                == "commercial_use_not_allowed")
        let expensive = try sandbox.offer(inft, commercial(sandbox), price: 2_000_000)
        #expect(try reason { try sandbox.buy(expensive, maximumPrice: .max) } == "insufficient_balance")
        let directed = try sandbox.offer(inft, commercial(sandbox), buyer: "carol")
        #expect(try reason { try sandbox.buy(directed) } == "not_the_buyer")
        #expect(try reason { try sandbox.buy(directed, as: "carol") } == nil)
        let share = try sandbox.offer(inft, derivativeTerms(sandbox.asset, share: 10))
        #expect(try reason { try sandbox.buy(share, maximumShare: percent(9)) } == "share_above_maximum")
        try sandbox.execute(Retire(inft: inft))
        #expect(try reason { try sandbox.buy(share) } == "inft_not_active")
    }

    @Test func requiredCredentialsAreRequiredThroughout() throws {
        let sandbox = try Sandbox()
        let terms = commercial(sandbox) {
            $0.scope.requiredCredentials = [CredentialRequirement(type: .researcherStatus)]
        }
        let offer = try sandbox.offer(try sandbox.mint("score"), terms)
        #expect(try reason { try sandbox.buy(offer) } == "missing_credential")
        let end = testStart.adding(milliseconds: 30 * millisecondsPerDay)
        sandbox.attest("bob", .researcherStatus, until: end)
        let license = try sandbox.buy(offer)
        #expect(try sandbox.verdict(license).isValid)
        sandbox.advance(days: 31)
        #expect(try sandbox.reasons(license) == [.credentialMissing])
        #expect(try sandbox.verdict(license, at: testStart.adding(milliseconds: millisecondsPerDay)).isValid)
    }

    @Test func exclusiveMeansAlone() throws {
        let sandbox = try Sandbox()
        let inft = try sandbox.mint("score")
        let plain = try sandbox.offer(inft, commercial(sandbox))
        let exclusive = try sandbox.offer(inft, TermsPreset.exclusiveYear.terms(asset: sandbox.asset, fee: .zero))
        let first = try sandbox.buy(plain)
        #expect(try reason { try sandbox.buy(exclusive, as: "carol") } == "other_licenses_live")
        try sandbox.execute(SurrenderLicense(license: first), as: "bob")
        try sandbox.buy(exclusive, as: "carol")
        #expect(try reason { try sandbox.buy(plain) } == "exclusively_licensed")
        sandbox.advance(days: 366)
        #expect(try sandbox.drain() == ["license.expired"])
        #expect(try reason { try sandbox.buy(plain) } == nil)
    }

    @Test func theLicenseeAloneGivesALicenseUp() throws {
        let sandbox = try Sandbox()
        let offer = try sandbox.offer(
            try sandbox.mint("score"), TermsPreset.exclusiveYear.terms(asset: sandbox.asset, fee: Amount(100)))
        let license = try sandbox.buy(offer)
        for name in ["alice", "carol"] {
            #expect(
                try reason { try sandbox.execute(SurrenderLicense(license: license), as: name) } == "not_licensee")
        }
        let before = try sandbox.balance("bob")
        let held = sandbox.time
        sandbox.advance(days: 1)
        try sandbox.execute(SurrenderLicense(license: license), as: "bob")
        #expect(try sandbox.balance("bob") == before)
        #expect(try sandbox.reasons(license) == [.surrendered])
        #expect(try sandbox.verdict(license, at: held).isValid)
        #expect(
            try reason { try sandbox.execute(SurrenderLicense(license: license), as: "bob") } == "license_not_in_force")
        // Free of it at once.
        try sandbox.buy(offer, as: "carol")
    }

    @Test func seatsAreNamedCountedAndDated() throws {
        let sandbox = try Sandbox()
        let terms = commercial(sandbox) { $0.grant.seats = 1 }
        let license = try sandbox.buy(try sandbox.offer(try sandbox.mint("score"), terms))
        let carol = LicenseUse(user: sandbox.party("carol"))
        #expect(try sandbox.verdict(license, LicenseUse()).isValid)
        #expect(try sandbox.reasons(license, carol) == [.withoutSeat])
        func assign(_ name: String, as actor: String = "bob") throws -> String? {
            try reason { try sandbox.execute(AssignSeat(license: license, account: testAddress(name)), as: actor) }
        }
        #expect(try assign("carol", as: "carol") == "not_licensee")
        #expect(try assign("carol") == nil)
        #expect(try assign("carol") == "nothing_changed")
        #expect(try assign("dave") == "seats_taken")
        let held = sandbox.time
        #expect(try sandbox.verdict(license, carol).isValid)
        sandbox.advance(days: 1)
        try sandbox.execute(ReleaseSeat(license: license, account: testAddress("carol")), as: "bob")
        #expect(try sandbox.reasons(license, carol) == [.withoutSeat])
        #expect(try sandbox.verdict(license, carol, at: held).isValid)
        #expect(
            try reason { try sandbox.execute(ReleaseSeat(license: license, account: testAddress("carol")), as: "bob") }
                == "seat_unknown")
        #expect(try assign("dave") == nil)
        let plain = try sandbox.buy(try sandbox.offer(try sandbox.mint("other"), commercial(sandbox)))
        #expect(
            try reason { try sandbox.execute(AssignSeat(license: plain, account: testAddress("carol")), as: "bob") }
                == "without_seats")
        #expect(try sandbox.reasons(plain, carol) == [.userNotLicensed])
    }

    // MARK: Life

    @Test func expiryFollowsFromTimeAloneAndThePastIsAnswered() throws {
        let sandbox = try Sandbox()
        let offer = try sandbox.offer(try sandbox.mint("score"), commercial(sandbox))
        let license = try sandbox.buy(offer)
        let record = try sandbox.license(license)
        let end = try #require(record.expiresAt)
        #expect(end == record.purchasedAt.adding(milliseconds: 365 * millisecondsPerDay))
        #expect(try sandbox.verdict(license, at: Timestamp(end.milliseconds - 1)).isValid)
        #expect(try sandbox.reasons(license, at: end) == [.expired])
        #expect(try sandbox.reasons(license, at: Timestamp(record.purchasedAt.milliseconds - 1)) == [.notYetBought])
        #expect(try sandbox.verdict(license, at: testStart).state == nil)
        sandbox.advance(days: 366)
        // Before the due queue has written it down, and after.
        #expect(
            try reason { try sandbox.execute(SurrenderLicense(license: license), as: "bob") } == "license_not_in_force")
        #expect(try sandbox.drain() == ["license.expired"])
        #expect(try sandbox.drain().isEmpty)
        #expect(try sandbox.verdict(license).state == .expired)
        #expect(try sandbox.verdict(license, at: record.purchasedAt).isValid)
    }

    @Test func offersExpireByTime() throws {
        let sandbox = try Sandbox()
        let end = testStart.adding(milliseconds: millisecondsPerDay)
        let offer = try sandbox.offer(try sandbox.mint("score"), commercial(sandbox), expiresAt: end)
        sandbox.advance(days: 2)
        #expect(try reason { try sandbox.buy(offer) } == "offer_closed")
        #expect(try sandbox.drain() == ["offer.closed"])
        #expect(try LicenseLedger.offer(offer, in: sandbox.state)?.closing?.reason == .expired)
    }

    @Test func renewalProlongsAndPays() throws {
        let sandbox = try Sandbox()
        let inft = try sandbox.mint("score")
        let offer = try sandbox.offer(inft, commercial(sandbox))
        let license = try sandbox.buy(offer)
        let end = try #require(try sandbox.license(license).expiresAt)
        func renew(_ offer: OfferID, price: UInt64 = 100, as name: String = "bob") throws -> String? {
            try reason {
                try sandbox.execute(
                    RenewLicense(license: license, offer: offer, maximumPrice: Amount(price)), as: name)
            }
        }
        #expect(try renew(offer, as: "carol") == "not_licensee")
        #expect(try renew(offer, price: 99) == "price_above_maximum")
        let other = try sandbox.offer(inft, TermsPreset.researchOnly.terms)
        #expect(try renew(other) == "terms_differ")
        #expect(try renew(offer) == nil)
        let record = try sandbox.license(license)
        #expect(record.expiresAt == end.adding(milliseconds: 365 * millisecondsPerDay) && record.renewals.count == 1)
        #expect(try Vaults.account(of: inft, sandbox.asset, in: sandbox.state).total == Amount(200))
        sandbox.advance(days: 400)
        #expect(try sandbox.drain().isEmpty && sandbox.verdict(license).isValid)
        sandbox.advance(days: 400)
        #expect(try sandbox.drain() == ["license.expired"])
        #expect(try renew(offer) == "license_not_in_force")
        let perpetual = try sandbox.offer(inft, TermsPreset.openAccess.terms)
        let second = try sandbox.buy(perpetual)
        #expect(
            try reason {
                try sandbox.execute(RenewLicense(license: second, offer: perpetual, maximumPrice: .zero), as: "bob")
            } == "not_renewable")
    }

    @Test func revocationNeedsACauseThatTheTermsName() throws {
        let sandbox = try Sandbox()
        let offer = try sandbox.offer(try sandbox.mint("score"), commercial(sandbox))
        let license = try sandbox.buy(offer)
        func revoke(_ license: LicenseID, _ cause: RevocationCause, as name: String = "alice") throws -> String? {
            try reason {
                try sandbox.execute(
                    RevokeLicense(license: license, cause: cause, evidence: testHash("facts")), as: name)
            }
        }
        #expect(try revoke(license, .breachOfTerms, as: "carol") == "not_licensor")
        #expect(try revoke(license, .patientSafety) == "not_revocable")
        let before = sandbox.time
        sandbox.advance(days: 1)
        #expect(try revoke(license, .breachOfTerms) == nil)
        #expect(try sandbox.reasons(license) == [.revoked])
        #expect(try sandbox.verdict(license, at: before).isValid)
        #expect(try revoke(license, .breachOfTerms) == "license_not_in_force")
        let free = try sandbox.buy(try sandbox.offer(try sandbox.mint("other"), TermsPreset.openAccess.terms))
        #expect(try revoke(free, .breachOfTerms) == "not_revocable")
    }

    @Test func transferNeedsTermsAndBothSignatures() throws {
        let sandbox = try Sandbox()
        let inft = try sandbox.mint("score")
        let terms = commercial(sandbox) { $0.grant.isTransferable = true }
        let license = try sandbox.buy(try sandbox.offer(inft, terms))
        func hand(_ license: LicenseID, cosigners: [String]) throws -> String? {
            try reason {
                try sandbox.execute(
                    TransferLicense(license: license, to: sandbox.party("carol")), as: "bob", cosigners: cosigners)
            }
        }
        let before = sandbox.time
        sandbox.advance(days: 1)
        #expect(try hand(license, cosigners: []) == "not_authorized")
        #expect(try hand(license, cosigners: ["carol"]) == nil)
        #expect(try sandbox.verdict(license).licensee == sandbox.party("carol"))
        #expect(try sandbox.verdict(license, at: before).licensee == sandbox.party("bob"))
        let fixed = try sandbox.buy(try sandbox.offer(inft, commercial(sandbox)))
        #expect(try hand(fixed, cosigners: ["carol"]) == "not_transferable")
    }

    @Test func recallAndDisputeSuspendUntilTheyAreOver() throws {
        let sandbox = try Sandbox()
        let inft = try sandbox.mint("score")
        let license = try sandbox.buy(try sandbox.offer(inft, commercial(sandbox)))
        let before = sandbox.time
        func change(_ body: (OperationContext) throws -> Void) throws {
            sandbox.advance(days: 1)
            try sandbox.transaction(as: "alice", body)
        }
        try change { try Tags.put(.recalledByOwner, for: testHash("recall"), on: inft, in: $0) }
        let recalled = sandbox.time
        #expect(try sandbox.reasons(license) == [.suspendedByRecall] && sandbox.verdict(license).state == .suspended)
        try change {
            try Tags.remove(testHash("recall"), from: inft, in: $0)
            try Tags.put(.usage, for: testHash("verdict"), on: inft, in: $0)
        }
        #expect(try sandbox.reasons(license) == [.suspendedByDispute])
        try change { try Tags.remove(testHash("verdict"), from: inft, in: $0) }
        #expect(try sandbox.verdict(license).isValid && sandbox.verdict(license, at: before).isValid)
        #expect(try sandbox.reasons(license, at: recalled) == [.suspendedByRecall])
    }

    // MARK: Consent

    /// A mandate for everything that there are mandates for is none for offers.
    @Test func nobodyOffersByMandate() throws {
        let sandbox = try Sandbox()
        let inft = try sandbox.mint("score")
        let terms = try sandbox.register(commercial(sandbox))
        try sandbox.execute(
            GrantMandate(
                grant: MandateGrant(
                    delegate: testAddress("carol"), operations: MandatedAct.allCases, uses: nil,
                    validUntil: sandbox.time.adding(milliseconds: 30 * millisecondsPerDay),
                    limit: MandateLimit(asset: sandbox.asset, amount: Amount(1_000)))))
        func refused(_ operation: any DomainOperation) throws -> Rejection? {
            try rejection { try sandbox.execute(operation, as: "carol") }
        }
        let offer = CreateOffer(inft: .id(inft), terms: terms)
        let created = try refused(offer)
        #expect(created?.reason == "not_owner" && created?.message.contains("no mandate is for offers") == true)
        let id: OfferID = try sandbox.execute(offer).madeIdentifier()
        for change: any DomainOperation in [
            UpdateOffer(offer: id, price: .zero, supply: nil, expiresAt: nil), CancelOffer(offer: id),
        ] {
            let changed = try refused(change)
            #expect(changed?.reason == "not_owner" && changed?.message.contains("no mandate is for offers") == true)
        }
    }

    @Test func termsAreNeverWiderThanTheConsentSet() throws {
        let sandbox = try Sandbox()
        let (set, _) = try sandbox.consentSet([.access], jurisdictions: ["DE"])
        let inft = try sandbox.mint("data", as: "hospital", consentSet: set)
        func offer(_ change: (inout Terms) -> Void) throws -> String? {
            var terms = TermsPreset.researchOnly.terms
            terms.scope.territories = TextList(["DE"])
            change(&terms)
            return try reason { _ = try sandbox.offer(inft, terms, as: "hospital") }
        }
        #expect(try offer { _ in } == nil)
        #expect(try offer { $0.scope.purposes = CodeList([]) } == "wider_than_consent")
        #expect(try offer { $0.scope.purposes = CodeList([.research, .treatment]) } == "wider_than_consent")
        #expect(try offer { $0.scope.allowsTraining = true } == "wider_than_consent")
        #expect(try offer { $0.commercial.isAllowed = true } == "wider_than_consent")
        #expect(try offer { $0.scope.territories = TextList(["DE", "FR"]) } == "wider_than_consent")
        #expect(try offer { $0.scope.territories = TextList([]) } == "wider_than_consent")
    }

    /// An offer takes 32 decisions at most, what a buyer states 16; what weighs so much fits into the smallest block.
    @Test func decisionsAreBoundedAndFitABlock() throws {
        let sandbox = try Sandbox()
        let (set, _) = try sandbox.consentSet([.access, .train], purposes: [])
        let inft = try sandbox.mint("data", as: "hospital", consentSet: set)
        let purposes = PurposeOfUse.allCases.filter { $0 != .breakTheGlass }.prefix(17)
        func terms(_ countries: Int) -> Terms {
            var terms = TermsPreset.researchOnly.terms
            terms.scope.purposes = CodeList(Array(purposes))
            terms.scope.allowsTraining = true
            terms.scope.territories = TextList(Array(Jurisdictions.countries.sorted().prefix(countries)))
            return terms
        }
        // Two lists of purposes, to access and to train.
        let refused = try rejection { _ = try sandbox.offer(inft, terms(9), as: "hospital") }
        #expect(refused?.reason == "wider_than_consent")
        #expect(refused?.message.contains("36 decisions that weigh 2880, 2560 at most") == true)
        let offer = try sandbox.offer(inft, terms(8), as: "hospital")
        func use(_ countries: Int) -> StatedUse {
            StatedUse(
                purposes: Array(purposes), territories: terms(countries).scope.territories.texts, trainsModels: true)
        }
        let stated = try rejection { try sandbox.buy(offer, use: use(5)) }
        #expect(stated?.reason == "consent_does_not_permit" && stated?.message.contains("20 decisions") == true)
        try sandbox.buy(offer, use: use(4))
        // 20,000 is the least that a block's weight can be set to.
        let create = CreateOffer(inft: .id(inft), terms: terms(8).id)
        #expect(create.weight < 20_000 / 5)
        func weight(_ use: StatedUse) -> UInt64 {
            PurchaseLicense(
                offer: .id(offer), maximumPrice: .zero, maximumRevenueShare: .whole, use: use
            ).weight
        }
        #expect(weight(use(4)) - weight(StatedUse()) == 15 * 80 && weight(use(8)) == weight(use(5)))
        var researching = StatedUse()
        researching.research = ResearchUse(
            aims: [], diseases: [DiseaseAim(disease: CodedTerm(system: .mondo, code: "0005148"))])
        #expect(weight(researching) - weight(StatedUse()) == 20)
    }

    @Test func purchasesAskTheConsentAndItsWithdrawalSuspends() throws {
        let sandbox = try Sandbox()
        let (set, consent) = try sandbox.consentSet([.access], jurisdictions: ["DE"])
        let inft = try sandbox.mint("data", as: "hospital", consentSet: set)
        var terms = TermsPreset.researchOnly.terms
        terms.scope.territories = TextList(["DE"])
        let offer = try sandbox.offer(inft, terms, as: "hospital")
        #expect(try reason { try sandbox.buy(offer) } == "consent_does_not_permit")
        #expect(
            try reason { try sandbox.buy(offer, use: StatedUse(purposes: [.research])) } == "consent_does_not_permit")
        let license = try sandbox.buy(offer, use: StatedUse(purposes: [.research], territories: ["DE"]))
        let use = LicenseUse(purpose: .research, field: .research, territory: "DE")
        #expect(try sandbox.verdict(license, use).isValid)
        var revealing = StatedUse(purposes: [.research], territories: ["DE"])
        revealing.research = ResearchUse(
            aims: [.general], diseases: [DiseaseAim(disease: CodedTerm(system: .mondo, code: "0005148"))])
        #expect(try rejection { try sandbox.buy(offer, as: "carol", use: revealing) }?.field == "use.research.diseases")
        let impact = try sandbox.impact(of: consent)
        #expect(impact.licenses == 1 && impact.sets.map(\.set) == [set] && impact.sets.map(\.isStale) == [false])
        #expect(impact.sets.flatMap(\.infts) == [ImpactedINFT(inft: inft, licenses: 1)])
        let before = sandbox.time
        sandbox.advance(days: 1)
        let events = try sandbox.execute(ConsentWithdraw(consents: [consent]), as: "patient").events.map { $0.name }
        #expect(events.contains("consentSet.stale") && events.last == "license.suspended")
        #expect(try sandbox.reasons(license).contains(.suspendedByConsent))
        #expect(try sandbox.impact(of: consent).licenses == 0)
        #expect(try sandbox.verdict(license).state == .suspended)
        #expect(try sandbox.verdict(license, use, at: before).isValid)
        #expect(
            try reason {
                try sandbox.buy(offer, as: "carol", use: StatedUse(purposes: [.research], territories: ["DE"]))
            }
                == "consent_does_not_permit")
    }

    @Test("What consents said to a use of the past is asked of the set that the INFT cited then")
    func citedThen() throws {
        let sandbox = try Sandbox()
        let (set, consent) = try sandbox.consentSet([.access], jurisdictions: ["DE"])
        let inft = try sandbox.mint("data", as: "hospital", consentSet: set)
        let use = StatedUse(purposes: [.research], territories: ["DE"])
        var terms = TermsPreset.researchOnly.terms
        terms.scope.territories = TextList(["DE"])
        let license = try sandbox.buy(try sandbox.offer(inft, terms, as: "hospital"), use: use)
        terms.grant.coversRevisions = false
        let first = try sandbox.buy(try sandbox.offer(inft, terms, as: "hospital"), as: "carol", use: use)
        let asked = LicenseUse(purpose: .research, field: .research, territory: "DE")
        let before = sandbox.time
        sandbox.advance(days: 1)
        try sandbox.execute(ConsentWithdraw(consents: [consent]), as: "patient")
        let between = sandbox.time
        #expect(try sandbox.reasons(license, asked).contains(.suspendedByConsent))
        sandbox.advance(days: 1)
        let (other, _) = try sandbox.consentSet([.access], jurisdictions: ["DE", "FR"])
        let content = ContentVersion.open(
            OpenContent(
                hash: testHash("two"), size: 100, mediaType: "application/json", location: "https://example.org/b"))
        try sandbox.execute(Revise(inft: inft, content: content, consentSet: other), as: "hospital")
        #expect(try sandbox.reasons(license, asked).isEmpty)
        // Who may use the first version alone may use what was taken back, and so nothing.
        #expect(try sandbox.reasons(first, asked).contains(.suspendedByConsent))
        #expect(try sandbox.reasons(first, asked, at: before).isEmpty)
        var older = asked
        older.version = 1
        #expect(try sandbox.reasons(license, older).contains(.suspendedByConsent))
        #expect(try sandbox.reasons(license, asked, at: between).contains(.suspendedByConsent))
        #expect(try sandbox.reasons(license, asked, at: before).isEmpty)
    }
}
