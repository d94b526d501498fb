import INFTs
import Licenses
import Primitives
import Revenue
import StateModel
import TestSupport
import Testing

/// What users of comparable ledgers complained of, where it concerns royalties: each complaint has its test.
@Suite struct RoyaltyComplaintTests {
    /// Complaint: the share was changed after I had bought. What a link set stands, whatever is offered later, and no
    /// owner, seller or holder can touch what another is due.
    @Test func complaintShareChangedAfterPurchase() throws {
        let sandbox = try Sandbox()
        let root = try sandbox.mint("root")
        let offer = try sandbox.offer(root, derivativeTerms(sandbox.asset, share: 10))
        let license = try sandbox.buy(offer, as: "bob")
        // Between purchase and link the seller asks for more, and takes the first offer back.
        try sandbox.execute(CancelOffer(offer: offer))
        _ = try sandbox.offer(root, derivativeTerms(sandbox.asset, share: 90))
        let child = try sandbox.derive("child", from: [license], as: "bob")
        #expect(try Vaults.royalties(of: child, in: sandbox.state).map(\.share) == [percent(10)])
        // And afterwards nobody sets another vector, and no holder's share moves without that holder.
        let other = RoyaltyEntry(ancestor: root, share: percent(50), ceiling: nil)
        #expect(
            try reason {
                try sandbox.transaction(as: "alice") { (context) throws in
                    try Vaults.setRoyalties(child, [other], in: context)
                }
            } == "royalties_set")
        let grab = RevenueTransferShare(
            inft: child, from: sandbox.party("bob"), to: sandbox.party("alice"), share: percent(1))
        #expect(try reason { try sandbox.execute(grab, as: "alice") } == "not_authorized")
        #expect(try Vaults.royalties(of: child, in: sandbox.state).map(\.share) == [percent(10)])
    }

    /// Complaint: my share was diluted by others, and nothing said so. A quote labels it where the buyer and the owner look,
    /// and says beforehand what a derivative would owe; the link then sets exactly that.
    @Test func complaintUnlabeledDilution() throws {
        let sandbox = try Sandbox()
        let (infts, offers) = try sandbox.chain([(10, .relative), (20, .absolute)])
        let before = try sandbox.quote(offers[1])
        #expect(Set(before.derivativeRoyalties) == Set(try Vaults.royalties(of: infts[2], in: sandbox.state)))
        #expect(before.derivativeRoyalties.first { $0.ancestor == infts[0] }?.isDiluted == true)
        #expect(before.sentences.contains { $0.hasPrefix("Diluted:") && $0.contains("10 %") && $0.contains("2 %") })
        #expect(before.terms.sentences(PlainNames()).contains { $0.contains("undiluted") })
        let terms = TermsPreset.commercial.terms(asset: sandbox.asset, fee: Amount(1_000))
        let quote = try sandbox.quote(try sandbox.offer(infts[2], terms, as: "carol"))
        let diluted = try #require(quote.royalties.first { $0.ancestor == infts[0] })
        #expect(diluted.isDiluted && diluted.agreed == percent(10) && diluted.share == percent(2))
        #expect(diluted.policy == .relative && diluted.amount == Amount(20))
        #expect(quote.royalties.first { $0.ancestor == infts[1] }?.isDiluted == false)
        #expect(quote.sentences.filter { $0.hasPrefix("Diluted:") }.count == 1)
        // The terms themselves say what relative means before anyone is bound by them.
        let first = try sandbox.quote(offers[0])
        #expect(first.terms.sentences(PlainNames()).contains { $0.hasPrefix("Relative:") && $0.contains("diluted") })
    }

    /// Complaint: a derivative that was found to be in the wrong is still sold, and its makers are paid.
    @Test func complaintTaggedDescendantStillPaid() throws {
        for status in [INFTStatus.disputed, .recalled, .retired] {
            let sandbox = try Sandbox()
            let (infts, _) = try sandbox.chain([(10, .absolute)])
            var terms = TermsPreset.commercial.terms(asset: sandbox.asset, fee: Amount(1_000))
            terms.grant.durationMilliseconds = 30 * millisecondsPerDay
            terms.grant.isRenewable = true
            let offer = try sandbox.offer(infts[1], terms, as: "bob")
            let license = try sandbox.buy(offer, as: "carol")
            switch status {
            case .retired: try sandbox.execute(Retire(inft: infts[1]), as: "bob")
            case .recalled: try sandbox.recall(infts[1], as: "bob")
            default:
                try sandbox.transaction(as: "alice") { (context) throws in
                    try Tags.put(.usage, for: testHash("verdict"), on: infts[1], in: context)
                }
            }
            let balance = try Balances.balance(of: sandbox.party("dave"), sandbox.asset, in: sandbox.state)
            #expect(try reason { try sandbox.buy(offer, as: "dave") } == "inft_not_active")
            let renew = RenewLicense(license: license, offer: offer, maximumPrice: Amount(1_000))
            #expect(try reason { try sandbox.execute(renew, as: "carol") } == "inft_not_active")
            #expect(try reason { _ = try sandbox.offer(infts[1], terms, as: "bob") } == "inft_not_active")
            #expect(try Balances.balance(of: sandbox.party("dave"), sandbox.asset, in: sandbox.state) == balance)
            // What the ancestor was due of what was paid before is not lost by it.
            let claim = RevenueClaim(inft: infts[0], asset: sandbox.asset, descendants: [infts[1]])
            #expect(try reason { try sandbox.execute(claim, as: "alice") } == nil)
        }
    }

    /// Complaint: value moves by a path that skips royalties. Every path by which the ledger sees an INFT earn is tried;
    /// what it can't see, money off the ledger, is said in Specs/domains/revenue.md.
    @Test func complaintOwnershipPathThatSkipsRoyalties() throws {
        let sandbox = try Sandbox()
        let (infts, _) = try sandbox.chain([(10, .absolute)])
        let (root, child) = (infts[0], infts[1])
        func due() throws -> UInt64 {
            try Vaults.claimable(by: root, from: child, sandbox.asset, in: sandbox.state).due.units
        }
        var terms = TermsPreset.commercial.terms(asset: sandbox.asset, fee: Amount(1_000))
        terms.grant.durationMilliseconds = 30 * millisecondsPerDay
        terms.grant.isRenewable = true
        let offer = try sandbox.offer(child, terms, as: "bob")
        let license = try sandbox.buy(offer, as: "carol")
        #expect(try due() == 100)
        try sandbox.execute(RenewLicense(license: license, offer: offer, maximumPrice: Amount(1_000)), as: "carol")
        #expect(try due() == 200)
        try sandbox.execute(RevenuePay(inft: .id(child), asset: sandbox.asset, amount: Amount(500)), as: "dave")
        #expect(try due() == 250)
        // A share is sold, or given: the next holder's revenue is what the ancestor leaves, as before.
        let sale = RevenueTransferShare(
            inft: child, to: sandbox.party("dave"), share: .whole,
            price: SharePrice(asset: sandbox.asset, amount: Amount(5_000)))
        try sandbox.execute(sale, as: "bob", cosigners: ["dave"])
        try sandbox.buy(offer, as: "carol")
        #expect(try due() == 350)
        // A clone is a token of its own that owes the same; and while there are two, none is handed over for cash.
        let clone: INFTID = try sandbox.execute(Clone(inft: child, seal: nil), as: "bob").madeIdentifier()
        #expect(
            try Vaults.royalties(of: clone, in: sandbox.state) == Vaults.royalties(of: child, in: sandbox.state))
        let handOver = TransferOffer(
            inft: clone, to: sandbox.party("dave"), expiresAt: sandbox.time.adding(milliseconds: millisecondsPerDay))
        #expect(try reason { try sandbox.execute(handOver, as: "bob") } == "clone_bound")
        let cloneOffer = try sandbox.offer(clone, terms, as: "bob")
        try sandbox.buy(cloneOffer, as: "dave")
        #expect(
            try Vaults.claimable(by: root, from: clone, sandbox.asset, in: sandbox.state).due == Amount(100))
    }
}
