import INFTs
import Licenses
import Primitives
import Revenue
import StateModel
import TestSupport
import Testing

/// How royalty vectors follow from the terms of each link: Specs/domains/revenue.md, "The vector".
@Suite struct RoyaltyPolicyTests {
    /// alice's root → bob's child → carol's grandchild, each link with its own share and policy; the grandchild's vector.
    private func vector(
        root: (share: UInt64, policy: RoyaltyPolicy), child: (share: UInt64, policy: RoyaltyPolicy)
    ) throws -> [(ancestor: String, parts: UInt64, agreed: UInt64)] {
        let sandbox = try Sandbox()
        let (infts, _) = try sandbox.chain([root, child])
        let names = [infts[0]: "root", infts[1]: "child"]
        return try Vaults.royalties(of: infts[2], in: sandbox.state).map {
            (names[$0.ancestor] ?? "?", UInt64($0.share.parts), UInt64($0.agreed.parts))
        }.sorted { $0.0 > $1.0 }
    }

    @Test func relativeSharesMultiplyAlongThePath() throws {
        let vector = try vector(root: (10, .relative), child: (20, .relative))
        #expect(vector.map(\.ancestor) == ["root", "child"])
        #expect(vector.map(\.parts) == [20_000, 200_000])
        #expect(vector.map(\.agreed) == [100_000, 200_000])
    }

    /// The policy is that of the terms under which the ancestor itself was licensed.
    @Test func nobodyFurtherDownDilutesAnAbsoluteShare() throws {
        #expect(try vector(root: (10, .absolute), child: (20, .relative)).map(\.parts) == [100_000, 200_000])
        #expect(try vector(root: (10, .relative), child: (20, .absolute)).map(\.parts) == [20_000, 200_000])
        #expect(try vector(root: (10, .absolute), child: (0, .relative)).map(\.parts) == [100_000])
    }

    @Test func aRelativeShareThroughALinkThatAsksNothingIsNothing() throws {
        #expect(try vector(root: (10, .relative), child: (0, .absolute)).isEmpty)
    }

    @Test func productsAreRoundedDownAtEachLink() throws {
        let sandbox = try Sandbox()
        func parts(_ share: UInt64) -> PartsPerMillion { PartsPerMillion(share) ?? .zero }
        let entry = try #require(
            RoyaltyEntry(
                licensing: try sandbox.mint("a"), share: parts(333), policy: .relative, most: nil, revenue: nil))
        // 333 × 500,000 / 1,000,000 = 166.5; and of that a third of a millionth less than a thousandth is nothing.
        let half = try #require(entry.inherited(through: parts(500_000)))
        #expect(half.share == parts(166) && half.agreed == parts(333) && half.isDiluted)
        #expect(half.inherited(through: parts(500_000))?.share == parts(83))
        #expect(half.inherited(through: parts(6_000)) == nil)
        #expect(half.inherited(through: .whole) == half)
    }

    /// `derivatives.revenueCeiling` counts revenue, so its ceiling shrinks with the share; `commercial.revenueCeiling` is
    /// the most that the share brings, and stays.
    @Test func ceilingsKeepTheirMeaningUnderDilution() throws {
        for (most, revenue, expected) in [
            (UInt64?(40), UInt64?.none, UInt64?(40)), (nil, 1_000, 20), (40, 1_000, 20), (10, 1_000, 10),
            (nil, nil, nil),
        ] {
            let sandbox = try Sandbox()
            var root = derivativeTerms(sandbox.asset, share: 10, ceiling: most, revenueCeiling: revenue)
            root.derivatives.royaltyPolicy = .relative
            let (infts, _) = try sandbox.chain([root, derivativeTerms(sandbox.asset, share: 20)])
            let entry = try Vaults.royalties(of: infts[2], in: sandbox.state).first { $0.ancestor == infts[0] }
            #expect(entry?.share == percent(2) && entry?.ceiling == expected.map { Amount($0) })
        }
    }

    /// Two parents, one absolute and one relative, that both come from the same root: an entry for each path.
    @Test func mixedPathsToOneAncestorAreEntriesOfTheirOwn() throws {
        let sandbox = try Sandbox()
        let root = try sandbox.mint("root")
        var licenses: [LicenseID] = []
        for (index, policy) in [RoyaltyPolicy.absolute, .relative].enumerated() {
            var terms = derivativeTerms(sandbox.asset, share: 10)
            terms.derivatives.royaltyPolicy = policy
            let license = try sandbox.buy(try sandbox.offer(root, terms), as: "bob")
            let child = try sandbox.derive("child \(index)", from: [license], as: "bob")
            let offer = try sandbox.offer(child, derivativeTerms(sandbox.asset, share: 30), as: "bob")
            licenses.append(try sandbox.buy(offer, as: "carol"))
        }
        let grandchild = try sandbox.derive("grandchild", from: licenses, as: "carol")
        let entries = try Vaults.royalties(of: grandchild, in: sandbox.state).filter { $0.ancestor == root }
        #expect(Set(entries.map(\.share)) == [percent(10), percent(3)])
        let offer = try sandbox.offer(
            grandchild, TermsPreset.commercial.terms(asset: sandbox.asset, fee: Amount(1_000)), as: "carol")
        try sandbox.buy(offer, as: "dave")
        #expect(try Vaults.claimable(by: root, from: grandchild, sandbox.asset, in: sandbox.state).due == Amount(130))
    }
}

extension Sandbox {
    /// An INFT for each terms and one more, each derived from the one before by its terms, by alice, bob, carol and dave in
    /// turn; and the offers by which they were licensed.
    func chain(_ terms: [Terms]) throws -> (infts: [INFTID], offers: [OfferID]) {
        let names = ["alice", "bob", "carol", "dave"]
        var infts = [try mint("generation 0")]
        var offers: [OfferID] = []
        for (index, terms) in terms.enumerated() {
            let offer = try offer(infts[index], terms, as: names[index])
            let license = try buy(offer, as: names[index + 1])
            infts.append(try derive("generation \(index + 1)", from: [license], as: names[index + 1]))
            offers.append(offer)
        }
        return (infts, offers)
    }

    func chain(_ links: [(share: UInt64, policy: RoyaltyPolicy)]) throws -> (infts: [INFTID], offers: [OfferID]) {
        try chain(
            links.map { link in
                var terms = derivativeTerms(asset, share: link.share)
                terms.derivatives.royaltyPolicy = link.policy
                return terms
            })
    }

    func quote(_ offer: OfferID) throws -> LicenseQuote {
        guard let query = LicensesDomain.queries.first(where: { $0.name == "license_quote" }) else {
            throw StateFailure("no such query")
        }
        let parameters = try decode(QuoteParameters.self, #"{"offer":"\#(offer)"}"#)
        guard
            case .value(let value as LicenseQuote) = try query.evaluate(
                parameters, PageRequest(after: nil, limit: 10), queries)
        else { throw StateFailure("no quote") }
        return value
    }
}
