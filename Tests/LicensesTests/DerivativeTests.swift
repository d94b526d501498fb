import INFTs
import Licenses
import Primitives
import Revenue
import StateModel
import TestSupport
import Testing

@Suite struct DerivativeTests {
    /// alice's root → bob's child (10 %) → carol's grandchild (20 %): the root's share reaches the grandchild
    /// undiluted, and every unit is paid to someone.
    @Test func royaltiesFlowUpTheGraphExactly() throws {
        let sandbox = try Sandbox()
        let root = try sandbox.mint("root")
        let rootOffer = try sandbox.offer(root, derivativeTerms(sandbox.asset, share: 10))
        let child = try sandbox.derive("child", from: [try sandbox.buy(rootOffer, as: "bob")], as: "bob")
        let childOffer = try sandbox.offer(child, derivativeTerms(sandbox.asset, share: 20), as: "bob")
        let grandchild = try sandbox.derive("grandchild", from: [try sandbox.buy(childOffer, as: "carol")], as: "carol")
        let vector = try Vaults.royalties(of: grandchild, in: sandbox.state)
        #expect(Set(vector.map(\.ancestor)) == [root, child])
        #expect(vector.first { $0.ancestor == root }?.share == percent(10))
        #expect(vector.first { $0.ancestor == child }?.share == percent(20))

        let offer = try sandbox.offer(
            grandchild, TermsPreset.commercial.terms(asset: sandbox.asset, fee: Amount(1_000)), as: "carol")
        let quote = try quote(offer, in: sandbox)
        #expect(quote.price == Amount(1_000) && quote.rounding == .zero)
        #expect(quote.royalties.map(\.amount.units).sorted() == [100, 200])
        #expect(quote.holders.map(\.amount) == [Amount(700)] && quote.holders.map(\.party) == [sandbox.party("carol")])
        try sandbox.buy(offer, as: "dave")
        try sandbox.execute(
            RevenueClaim(inft: root, asset: sandbox.asset, holder: sandbox.party("alice"), descendants: [grandchild]),
            as: "alice")
        try sandbox.execute(
            RevenueClaim(inft: child, asset: sandbox.asset, holder: sandbox.party("bob"), descendants: [grandchild]),
            as: "bob")
        try sandbox.execute(
            RevenueClaim(inft: grandchild, asset: sandbox.asset, holder: sandbox.party("carol")), as: "carol")
        func balance(_ name: String) throws -> UInt64 {
            try Balances.balance(of: sandbox.party(name), sandbox.asset, in: sandbox.state).units
        }
        #expect(try balance("alice") == 1_000_100 && balance("bob") == 1_000_200)
        #expect(try balance("carol") == 1_000_700 && balance("dave") == 999_000)
    }

    /// The lower of the two ceilings is the link's: what the share may bring, and the share of what revenue counts.
    @Test func ceilingsAreEnforced() throws {
        for (ceiling, revenueCeiling, expected) in [
            (UInt64?(40), UInt64?.none, UInt64(40)), (nil, 500, 50), (40, 500, 40), (60, 500, 50),
        ] {
            let sandbox = try Sandbox()
            let root = try sandbox.mint("root")
            let terms = derivativeTerms(sandbox.asset, share: 10, ceiling: ceiling, revenueCeiling: revenueCeiling)
            let license = try sandbox.buy(try sandbox.offer(root, terms), as: "bob")
            let child = try sandbox.derive("child", from: [license], as: "bob")
            let offer = try sandbox.offer(
                child, TermsPreset.commercial.terms(asset: sandbox.asset, fee: Amount(10_000)), as: "bob")
            try sandbox.buy(offer, as: "carol")
            let (due, _) = try Vaults.claimable(by: root, from: child, sandbox.asset, in: sandbox.state)
            #expect(due == Amount(expected))
        }
    }

    @Test func aLinkConsumesTheLicense() throws {
        let sandbox = try Sandbox()
        let root = try sandbox.mint("root")
        let license = try sandbox.buy(try sandbox.offer(root, derivativeTerms(sandbox.asset, share: 10)), as: "bob")
        let child = try sandbox.derive("child", from: [license], as: "bob")
        #expect(try sandbox.verdict(license).state == .consumed)
        #expect(try reason { _ = try sandbox.derive("again", from: [license], as: "bob") } == "license_not_in_force")
        #expect(try LicenseLedger.link(of: child, in: sandbox.state)?.licenses == [license])
        #expect(try INFTRegistry.ancestors(of: child, in: sandbox.state) == [root])
    }

    @Test func linksAreRefused() throws {
        let sandbox = try Sandbox()
        let root = try sandbox.mint("root")
        let other = try sandbox.mint("other")
        let open = derivativeTerms(sandbox.asset, share: 10)
        let license = try sandbox.buy(try sandbox.offer(root, open), as: "bob")
        func link(_ mint: Mint, _ licenses: [LicenseID], as name: String = "bob") throws -> String? {
            try reason {
                try sandbox.execute(
                    mint, LinkLicenses(derivative: .operation(0), licenses: licenses.map { .id($0) }), as: name)
            }
        }
        let mint = sandbox.mintOperation("child", as: "bob", parents: [root])
        #expect(try reason { try sandbox.execute(mint, as: "bob") } == "parents_not_linked")
        #expect(try link(sandbox.mintOperation("c", as: "bob", parents: [other]), [license]) == "parents_differ")
        // An offer in the same transaction comes after the link, which says what the parents allow.
        let terms = try sandbox.register(open, as: "bob")
        let early = CreateOffer(inft: .operation(0), terms: terms, price: Amount(10))
        #expect(
            try reason {
                try sandbox.execute(
                    mint, early, LinkLicenses(derivative: .operation(0), licenses: [.id(license)]), as: "bob")
            } == "wider_than_parents")
        #expect(try link(sandbox.mintOperation("c", as: "bob", parents: [root, other]), [license]) == "parents_differ")
        #expect(try link(mint, []) == "parents_differ")
        #expect(try link(mint, [license, license]) == "duplicate_license")
        #expect(
            try link(sandbox.mintOperation("c", as: "carol", parents: [root]), [license], as: "carol") == "not_licensee"
        )
        let closed = try sandbox.buy(
            try sandbox.offer(root, TermsPreset.commercial.terms(asset: sandbox.asset, fee: .zero)), as: "bob")
        #expect(try link(mint, [closed]) == "derivatives_not_allowed")
        // Not in the transaction of the mint.
        #expect(
            try reason {
                try sandbox.execute(LinkLicenses(derivative: .id(other), licenses: [.id(license)]), as: "alice")
            } == "not_minted_here")
        try sandbox.execute(Retire(inft: root), as: "alice")
        #expect(try link(mint, [license]) != nil)
    }

    @Test func royaltiesAboveTheWholeAreRefused() throws {
        let sandbox = try Sandbox()
        var licenses: [LicenseID] = []
        for index in 0..<3 {
            let parent = try sandbox.mint("parent \(index)")
            licenses.append(
                try sandbox.buy(try sandbox.offer(parent, derivativeTerms(sandbox.asset, share: 40)), as: "bob"))
        }
        #expect(try reason { _ = try sandbox.derive("child", from: licenses, as: "bob") } == "royalties_exceed_whole")
        #expect(try reason { _ = try sandbox.derive("child", from: Array(licenses[..<2]), as: "bob") } == nil)
    }

    @Test func approvalIsTheOwnersSignature() throws {
        let sandbox = try Sandbox()
        let root = try sandbox.mint("root")
        var terms = derivativeTerms(sandbox.asset, share: 10)
        terms.derivatives.requiresApproval = true
        let license = try sandbox.buy(try sandbox.offer(root, terms), as: "bob")
        #expect(try reason { _ = try sandbox.derive("child", from: [license], as: "bob") } == "not_authorized")
        #expect(
            try reason { _ = try sandbox.derive("child", from: [license], as: "bob", cosigners: ["alice"]) } == nil)
    }

    @Test func reciprocalTermsBindTheDerivative() throws {
        let sandbox = try Sandbox()
        let root = try sandbox.mint("root")
        var reciprocal = derivativeTerms(sandbox.asset, share: 10)
        reciprocal.derivatives.isReciprocal = true
        let license = try sandbox.buy(try sandbox.offer(root, reciprocal), as: "bob")
        let child = try sandbox.derive("child", from: [license], as: "bob")
        let free = derivativeTerms(sandbox.asset, share: 10)
        #expect(try reason { _ = try sandbox.offer(child, free, as: "bob") } == "wider_than_parents")
        #expect(try reason { _ = try sandbox.offer(child, reciprocal, as: "bob") } == nil)
        // Two parents that ask for different reciprocal terms can't be joined.
        var second = reciprocal
        second.commercial.revenueShare = percent(20)
        let other = try sandbox.mint("other")
        let licenses = [
            try sandbox.buy(try sandbox.offer(root, reciprocal), as: "bob"),
            try sandbox.buy(try sandbox.offer(other, second), as: "bob"),
        ]
        #expect(try reason { _ = try sandbox.derive("both", from: licenses, as: "bob") } == "incompatible_terms")
    }

    /// A derivative is never sold for more than its parent's license allowed.
    @Test func derivativesKeepWithinTheirParents() throws {
        let sandbox = try Sandbox()
        let root = try sandbox.mint("root")
        var noncommercial = TermsPreset.derivativesAllowed.terms(asset: sandbox.asset, fee: .zero)
        noncommercial.commercial = CommercialTerms(isAllowed: false)
        noncommercial.scope.territories = TextList(["DE"])
        let license = try sandbox.buy(try sandbox.offer(root, noncommercial), as: "bob")
        let child = try sandbox.derive("child", from: [license], as: "bob")
        let wide = TermsPreset.commercial.terms(asset: sandbox.asset, fee: .zero)
        #expect(try reason { _ = try sandbox.offer(child, wide, as: "bob") } == "wider_than_parents")
        var narrow = noncommercial
        narrow.scope.territories = TextList(["DE-BY"])
        #expect(try reason { _ = try sandbox.offer(child, narrow, price: 5, as: "bob") } == "wider_than_parents")
        #expect(try reason { _ = try sandbox.offer(child, narrow, as: "bob") } == nil)
        narrow.scope.territories = TextList(["FR"])
        #expect(try reason { _ = try sandbox.offer(child, narrow, as: "bob") } == "wider_than_parents")
    }

    @Test func theEarliestExpiryWins() throws {
        let sandbox = try Sandbox()
        let root = try sandbox.mint("root")
        var terms = derivativeTerms(sandbox.asset, share: 10)
        terms.grant.durationMilliseconds = 10 * millisecondsPerDay
        let license = try sandbox.buy(try sandbox.offer(root, terms), as: "bob")
        let child = try sandbox.derive("child", from: [license], as: "bob")
        var year = derivativeTerms(sandbox.asset, share: 0)
        year.grant.durationMilliseconds = 365 * millisecondsPerDay
        let offer = try sandbox.offer(child, year, as: "bob")
        let end = try #require(try LicenseLedger.link(of: child, in: sandbox.state)?.expiresAt)
        #expect(try sandbox.license(try sandbox.buy(offer, as: "carol")).expiresAt == end)
        sandbox.advance(days: 11)
        #expect(try reason { _ = try sandbox.buy(offer, as: "dave") } == "derivative_expired")
        #expect(try reason { _ = try sandbox.offer(child, year, as: "bob") } == "derivative_expired")
    }

    private func quote(_ offer: OfferID, in sandbox: Sandbox) throws -> LicenseQuote {
        let query = try #require(LicensesDomain.queries.first { $0.name == "license_quote" })
        let parameters = try decode(QuoteParameters.self, #"{"offer":"\#(offer)"}"#)
        guard
            case .value(let value as LicenseQuote) = try query.evaluate(
                parameters, PageRequest(after: nil, limit: 10), sandbox.queries)
        else { throw StateFailure("no quote") }
        return value
    }
}
