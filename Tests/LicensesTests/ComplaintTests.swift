import INFTs
import Licenses
import Primitives
import Revenue
import StateModel
import TestSupport
import Testing

/// What users of comparable systems complained of, each under its name: that it can't happen here.
@Suite("Complaints of users of comparable systems") struct ComplaintTests {
    private func terms(_ sandbox: Sandbox, fee: UInt64 = 100) -> Terms {
        TermsPreset.commercial.terms(asset: sandbox.asset, fee: Amount(fee))
    }

    @Test("Complaint: the share was changed after the purchase")
    func shareChangedAfterPurchase() throws {
        let sandbox = try Sandbox()
        let root = try sandbox.mint("root")
        let offer = try sandbox.offer(root, derivativeTerms(sandbox.asset, share: 10))
        let license = try sandbox.buy(offer)
        let bought = try sandbox.license(license)
        // What the seller can change: the price, another offer with other terms, the end of this one.
        try sandbox.execute(UpdateOffer(offer: offer, price: Amount(9), supply: 5, expiresAt: nil))
        _ = try sandbox.offer(root, derivativeTerms(sandbox.asset, share: 50))
        try sandbox.execute(CancelOffer(offer: offer))
        #expect(try sandbox.license(license) == bought)
        let child = try sandbox.derive("child", from: [license], as: "bob")
        #expect(try Vaults.royalties(of: child, in: sandbox.state).map(\.share) == [percent(10)])
    }

    @Test("Complaint: the offer was changed between quote and purchase")
    func offerChangedBetweenQuoteAndPurchase() throws {
        let sandbox = try Sandbox()
        let inft = try sandbox.mint("score")
        let offer = try sandbox.offer(inft, terms(sandbox))
        let quote = try TrialTests.quote(offer, buyer: "bob", in: sandbox)
        try sandbox.execute(UpdateOffer(offer: offer, price: Amount(101), supply: nil, expiresAt: nil))
        func buy() throws -> String? {
            try reason {
                try sandbox.buy(offer, maximumPrice: quote.price.units, maximumShare: quote.revenueShare)
            }
        }
        #expect(try buy() == "price_above_maximum")
        #expect(try sandbox.balance("bob") == 1_000_000)
        try sandbox.execute(UpdateOffer(offer: offer, price: quote.price, supply: nil, expiresAt: nil))
        #expect(try buy() == nil)
        // Terms are named by their content: an offer can't come to mean others.
        #expect(quote.terms.id == quote.termsID)
        #expect(try LicenseLedger.offer(offer, in: sandbox.state)?.terms == quote.termsID)
    }

    @Test("Complaint: an approval for one offer was used for another; two offers raced")
    func approvalRaceBetweenTwoOffers() throws {
        let sandbox = try Sandbox()
        let root = try sandbox.mint("root")
        // Supply counts from the first: raising it after a sale gives one more, not two.
        let plain = try sandbox.offer(root, terms(sandbox), supply: 1)
        try sandbox.execute(UpdateOffer(offer: plain, price: Amount(100), supply: 2, expiresAt: nil))
        let taken = [try sandbox.buy(plain), try sandbox.buy(plain, as: "carol")]
        #expect(try reason { try sandbox.buy(plain, as: "dave") } == "sold_out")
        for (license, name) in zip(taken, ["bob", "carol"]) {
            try sandbox.execute(SurrenderLicense(license: license), as: name)
        }
        // Two exclusive offers in one block: the first buyer is alone, the second keeps their money.
        let exclusive = TermsPreset.exclusiveYear.terms(asset: sandbox.asset, fee: Amount(100))
        let offers = [try sandbox.offer(root, exclusive), try sandbox.offer(root, exclusive, price: 200)]
        let first = try sandbox.buy(offers[0])
        let before = try sandbox.balance("carol")
        #expect(try reason { try sandbox.buy(offers[1], as: "carol") } == "exclusively_licensed")
        #expect(try sandbox.balance("carol") == before)
        try sandbox.execute(SurrenderLicense(license: first), as: "bob")
        // The owner's approval is a signature under one transaction, and no standing permission.
        var approved = derivativeTerms(sandbox.asset, share: 10)
        approved.derivatives.requiresApproval = true
        let high = try sandbox.buy(try sandbox.offer(root, approved))
        approved.commercial.revenueShare = percent(1)
        let low = try sandbox.buy(try sandbox.offer(root, approved))
        _ = try sandbox.derive("approved", from: [high], as: "bob", cosigners: ["alice"])
        #expect(try reason { _ = try sandbox.derive("not approved", from: [low], as: "bob") } == "not_authorized")
    }

    @Test("Complaint: a ceiling was stored but not enforced")
    func ceilingStoredButNotEnforced() throws {
        let sandbox = try Sandbox()
        let root = try sandbox.mint("root")
        let capped = derivativeTerms(sandbox.asset, share: 10, ceiling: 40)
        let child = try sandbox.derive(
            "child", from: [try sandbox.buy(try sandbox.offer(root, capped))], as: "bob")
        let offer = try sandbox.offer(child, terms(sandbox, fee: 1_000), as: "bob")
        // Before it is reached the quote shows the share, then what is left of it, then nothing.
        for expected: UInt64 in [40, 0] {
            let quote = try TrialTests.quote(offer, in: sandbox)
            #expect(quote.royalties.map(\.amount) == [Amount(expected)])
            #expect(quote.royalties.map(\.ceiling) == [Amount(40)])
            #expect(quote.holders.map(\.amount) == [Amount(1_000 - expected)])
            try sandbox.buy(offer, as: "carol")
        }
        let (due, _) = try Vaults.claimable(by: root, from: child, sandbox.asset, in: sandbox.state)
        #expect(due == Amount(40))
    }

    @Test("Complaint: it did not end until somebody called the contract")
    func expiryThatNeedsSomeonesCall() throws {
        let sandbox = try Sandbox()
        let inft = try sandbox.mint("score")
        let end = testStart.adding(milliseconds: 30 * millisecondsPerDay)
        let offer = try sandbox.offer(inft, terms(sandbox), expiresAt: end)
        let license = try sandbox.buy(offer)
        sandbox.advance(days: 366)
        // No due work has run, nobody has called.
        #expect(try sandbox.verdict(license).state == .expired && !sandbox.verdict(license).isValid)
        #expect(try reason { try sandbox.buy(offer, as: "carol") } == "offer_closed")
        #expect(
            try reason {
                try sandbox.execute(RenewLicense(license: license, offer: offer, maximumPrice: Amount(100)), as: "bob")
            } == "license_not_in_force")
        #expect(try reason { _ = try sandbox.derive("late", from: [license], as: "bob") } == "license_not_in_force")
        // What is due is then written down by the block itself, with nobody's transaction.
        #expect(try sandbox.drain().sorted() == ["license.expired", "offer.closed"])
    }

    @Test("Complaint: what could not be bought was shown as for sale")
    func closedOfferShownAsOpen() throws {
        let sandbox = try Sandbox()
        let inft = try sandbox.mint("score")
        let offer = try sandbox.offer(inft, terms(sandbox))
        func view() throws -> OfferView {
            let query = try #require(LicensesDomain.queries.first { $0.name == "offer_get" })
            let parameters = try decode(OfferParameters.self, #"{"offer":"\#(offer)"}"#)
            guard
                case .value(let value as OfferView) = try query.evaluate(
                    parameters, PageRequest(after: nil, limit: 1), sandbox.queries)
            else { throw StateFailure("no offer") }
            return value
        }
        #expect(try view().isOpen && view().obstacle == nil)
        try sandbox.transaction(as: "alice") { (context) throws in
            try Tags.put(.usage, for: testHash("verdict"), on: inft, in: context)
        }
        #expect(try !view().isOpen && view().obstacle?.reason == "inft_not_active")
        try sandbox.transaction(as: "alice") { (context) throws in
            try Tags.remove(testHash("verdict"), from: inft, in: context)
        }
        #expect(try view().isOpen)
        var record = try INFTRegistry.requireKnown(inft, field: "", in: sandbox.state)
        record.owner = sandbox.party("dave")
        record.ownerSince = sandbox.time
        sandbox.state.set(INFTKeys.inft(inft), record)
        #expect(try !view().isOpen && view().obstacle?.reason == "offer_closed")
        #expect(try reason { try sandbox.buy(offer) } == view().obstacle?.reason)
    }
}
