import Consents
import INFTs
import Identities
import Licenses
import Primitives
import Revenue
import StateModel
import TestSupport
import Testing

/// Terms at the places where one would look for a way around them: renewals, transfers, derivatives, owners who sold.
@Suite struct EnforcementTests {
    private func terms(_ sandbox: Sandbox, _ change: (inout Terms) -> Void = { _ in }) -> Terms {
        var terms = TermsPreset.commercial.terms(asset: sandbox.asset, fee: Amount(100))
        terms.grant.isTransferable = true
        change(&terms)
        return terms
    }

    private func hand(_ license: LicenseID, to name: String, _ sandbox: Sandbox, from: String = "bob") throws -> String?
    {
        try reason {
            try sandbox.execute(
                TransferLicense(license: license, to: sandbox.party(name)), as: from, cosigners: [name])
        }
    }

    private func renew(_ license: LicenseID, by offer: OfferID, _ sandbox: Sandbox) throws -> String? {
        try reason {
            try sandbox.execute(RenewLicense(license: license, offer: offer, maximumPrice: Amount(1_000)), as: "bob")
        }
    }

    @Test func renewalsAskEverythingAnew() throws {
        let sandbox = try Sandbox()
        sandbox.attest("bob", .researcherStatus)
        let terms = terms(sandbox) {
            $0.scope.requiredCredentials = [CredentialRequirement(type: .researcherStatus)]
        }
        let inft = try sandbox.mint("score")
        let offer = try sandbox.offer(inft, terms)
        let license = try sandbox.buy(offer)
        // The credential is gone.
        sandbox.attest("bob", .researcherStatus, until: testStart.adding(milliseconds: 10 * millisecondsPerDay))
        sandbox.advance(days: 11)
        #expect(try renew(license, by: offer, sandbox) == "missing_credential")
        sandbox.attest("bob", .researcherStatus)
        // The offer is for another, or dearer than the licensee accepts.
        #expect(try renew(license, by: sandbox.offer(inft, terms, buyer: "carol"), sandbox) == "not_the_buyer")
        #expect(try renew(license, by: sandbox.offer(inft, terms, price: 1_001), sandbox) == "price_above_maximum")
        // The work is recalled.
        let recall = try sandbox.recall(inft)
        #expect(try renew(license, by: offer, sandbox) == "inft_not_active")
        try sandbox.lift(recall)
        #expect(try renew(license, by: offer, sandbox) == nil)
        // The consent was withdrawn.
        let (set, consent) = try sandbox.consentSet([.access])
        let data = try sandbox.mint("data", as: "hospital", consentSet: set)
        let research = try sandbox.offer(data, TermsPreset.researchOnly.terms, as: "hospital")
        let use = try sandbox.buy(research, use: StatedUse(purposes: [.research]))
        try sandbox.execute(ConsentWithdraw(consents: [consent]), as: "patient")
        #expect(try renew(use, by: research, sandbox) == "consent_does_not_permit")
    }

    @Test func whoGetsALicenseIsAdmittedAsABuyerIs() throws {
        let sandbox = try Sandbox()
        sandbox.attest("bob", .medicalLicense)
        let inft = try sandbox.mint("score")
        let offer = try sandbox.offer(
            inft,
            terms(sandbox) {
                $0.scope.requiredCredentials = [CredentialRequirement(type: .medicalLicense)]
                $0.scope.territories = TextList(["DE", "AT"])
            })
        let license = try sandbox.buy(offer, use: StatedUse(territories: ["DE"]))
        #expect(try hand(license, to: "carol", sandbox) == "missing_credential")
        #expect(try hand(license, to: "alice", sandbox) == "own_license")
        sandbox.attest("carol", .medicalLicense)
        #expect(try hand(license, to: "carol", sandbox) == nil)
        // What it was bought for does not grow with who has it.
        #expect(try sandbox.verdict(license, LicenseUse(territory: "DE")).isValid)
        #expect(try sandbox.reasons(license, LicenseUse(territory: "AT")) == [.territoryNotLicensed])
        // The consent is asked of the next licensee.
        let (set, consent) = try sandbox.consentSet([.access])
        let data = try sandbox.mint("data", as: "hospital", consentSet: set)
        var research = TermsPreset.researchOnly.terms
        research.grant.isTransferable = true
        let held = try sandbox.buy(
            try sandbox.offer(data, research, as: "hospital"), use: StatedUse(purposes: [.research]))
        try sandbox.execute(ConsentWithdraw(consents: [consent]), as: "patient")
        #expect(try hand(held, to: "carol", sandbox) == "license_not_in_force")
    }

    @Test func seatsStayWithTheLicenseThatIsHandedOn() throws {
        let sandbox = try Sandbox()
        let license = try sandbox.buy(
            try sandbox.offer(try sandbox.mint("score"), terms(sandbox) { $0.grant.seats = 2 }))
        func assign(_ name: String, as actor: String) throws -> String? {
            try reason { try sandbox.execute(AssignSeat(license: license, account: testAddress(name)), as: actor) }
        }
        func mayUse(_ name: String) throws -> Bool {
            let user = sandbox.party(name)
            return try sandbox.reasons(license, LicenseUse(user: user)).isEmpty
        }
        #expect(try assign("dave", as: "bob") == nil && assign("hospital", as: "bob") == nil)
        #expect(try hand(license, to: "carol", sandbox) == nil)
        // Whoever has a seat keeps it until the next licensee takes it; who handed the license on has none.
        #expect(try mayUse("dave") && mayUse("hospital") && mayUse("carol") && !mayUse("bob"))
        #expect(try assign("patient", as: "carol") == "seats_taken")
        #expect(try assign("patient", as: "bob") == "not_licensee")
        try sandbox.execute(ReleaseSeat(license: license, account: testAddress("dave")), as: "carol")
        #expect(try assign("patient", as: "carol") == nil)
        #expect(try !mayUse("dave") && mayUse("patient"))
        // The licensee sees who has one, and who had.
        func seats(_ options: String) throws -> [Address] {
            let query = try #require(LicensesDomain.queries.first { $0.name == "license_seats" })
            let parameters = try decode(SeatListParameters.self, #"{"license":"\#(license)"\#(options)}"#)
            guard
                case .page(let items, _) = try query.evaluate(
                    parameters, PageRequest(after: nil, limit: 10), sandbox.queries)
            else { return [] }
            return items.compactMap { ($0 as? SeatView)?.account }
        }
        #expect(try Set(seats("")) == [testAddress("hospital"), testAddress("patient")])
        #expect(try seats(#","onlyTaken":false"#).count == 3)
    }

    /// Who sold an INFT has no say in the licenses on it any more; who bought it has.
    @Test func rightsInLicensesGoWithTheINFT() throws {
        let sandbox = try Sandbox()
        let inft = try sandbox.mint("score")
        let license = try sandbox.buy(try sandbox.offer(inft, terms(sandbox)))
        var record = try INFTRegistry.requireKnown(inft, field: "", in: sandbox.state)
        record.owner = sandbox.party("dave")
        record.ownerSince = sandbox.time
        sandbox.state.set(INFTKeys.inft(inft), record)
        func revoke(_ name: String) throws -> String? {
            try reason {
                try sandbox.execute(
                    RevokeLicense(license: license, cause: .breachOfTerms, evidence: testHash("facts")), as: name)
            }
        }
        #expect(try revoke("alice") == "not_licensor")
        #expect(try revoke("dave") == nil)
    }

    /// What was erased is neither offered nor quoted nor sold, and nobody pays for more time with it.
    @Test func erasedContentIsNeitherOfferedNorQuoted() throws {
        let sandbox = try Sandbox()
        let terms = terms(sandbox) { $0.grant.coversRevisions = false }
        let (inft, offer, license, delivery) = try sandbox.sold(terms)
        let made = try sandbox.deliver(delivery, with: "alice")
        try sandbox.begin(delivery, made, key: "alice")
        try sandbox.complete(delivery, made)
        var version = try #require(try INFTRegistry.version(1, of: inft, in: sandbox.state))
        version.erasure = testIdentifier("receipt")
        sandbox.state.set(INFTKeys.version(inft, 1), version)
        #expect(try reason { _ = try sandbox.offer(inft, terms) } == "content_erased")
        #expect(try reason { _ = try TrialTests.quote(offer, in: sandbox) } == "content_erased")
        #expect(
            try reason { try sandbox.execute(sandbox.purchase(offer, "a", of: inft, key: "x"), as: "bob") }
                == "content_erased")
        #expect(try renew(license, by: offer, sandbox) == "content_erased")
        // A newer version is another content; the license does not cover it, so there is nothing to renew.
        try sandbox.revise(inft, "b", key: "second")
        #expect(try reason { _ = try TrialTests.quote(offer, in: sandbox) } == nil)
        #expect(try renew(license, by: offer, sandbox) == "content_erased")
    }

    /// A license covers what its buyer stated; a derivative of it is offered for no more.
    @Test func derivativesKeepWithinWhatWasStated() throws {
        let sandbox = try Sandbox()
        let root = try sandbox.mint("root")
        let offer = try sandbox.offer(root, derivativeTerms(sandbox.asset, share: 10))
        let license = try sandbox.buy(offer, use: StatedUse(purposes: [.research], territories: ["DE"]))
        let child = try sandbox.derive("child", from: [license], as: "bob")
        var narrow = derivativeTerms(sandbox.asset, share: 0)
        narrow.commercial = CommercialTerms(isAllowed: false)
        narrow.scope = ScopeTerms(purposes: [.biomedicalResearch], territories: ["DE-BY"])
        func refused(price: UInt64 = 0, _ change: (inout Terms) -> Void) throws -> String? {
            var terms = narrow
            change(&terms)
            let found = try rejection { _ = try sandbox.offer(child, terms, price: price, as: "bob") }
            #expect(found == nil || found?.reason == "wider_than_parents")
            return found?.message.split(separator: " ").first.map { String($0) }
        }
        #expect(try refused { $0.commercial.isAllowed = true } == "commercial.isAllowed")
        #expect(try refused { $0.scope.allowsTraining = true } == "scope.allowsTraining")
        #expect(try refused { $0.scope.purposes = CodeList([]) } == "scope.purposes")
        #expect(try refused { $0.scope.purposes = CodeList([.treatment]) } == "scope.purposes")
        #expect(try refused { $0.scope.territories = TextList([]) } == "scope.territories")
        #expect(try refused { $0.scope.territories = TextList(["FR"]) } == "scope.territories")
        #expect(try refused(price: 5) { _ in } == "the")
        #expect(try refused { _ in } == nil)
    }

    @Test func aModelOfDataNeedsALicenseForTraining() throws {
        let sandbox = try Sandbox()
        let (set, _) = try sandbox.consentSet([.access, .train])
        let data = try sandbox.mint("data", as: "hospital", consentSet: set)
        var terms = TermsPreset.modelTraining.terms
        terms.commercial = CommercialTerms(isAllowed: false)
        terms.scope.fieldsOfUse = CodeList([.research])
        let offer = try sandbox.offer(data, terms, as: "hospital")
        func train(_ use: StatedUse, class inftClass: INFTClass = .model) throws -> String? {
            let license = try sandbox.buy(offer, use: use)
            return try reason {
                let mint = Mint(
                    inftClass: inftClass,
                    content: .open(
                        OpenContent(
                            hash: testHash("model"), size: 100, mediaType: "application/json",
                            location: "https://example.org/a")),
                    metadata: INFTMetadata(title: "model", language: "en"),
                    creators: [Creator(party: sandbox.party("bob"), contribution: .whole, roles: [])],
                    holders: [ShareHolder(party: sandbox.party("bob"), share: .whole)], parents: [data])
                try sandbox.execute(
                    mint, LinkLicenses(derivative: .operation(0), licenses: [.id(license)]), as: "bob")
            }
        }
        #expect(try train(StatedUse(purposes: [.research])) == "training_not_allowed")
        #expect(try train(StatedUse(purposes: [.research], trainsModels: true)) == nil)
        #expect(try train(StatedUse(purposes: [.research]), class: .publication) == nil)
    }
}
