import Blocks
import Consents
import Execution
import INFTs
import Identities
import Licenses
import Primitives
import Revenue
import StateModel
import TestSupport
import Testing
import Transactions

/// From a minted score to royalties up the graph, through signed transactions and blocks.
struct StoryTests {
    static func claim(_ inft: INFTID, from descendants: [INFTID] = []) -> Operation {
        .revenue(.claim(RevenueClaim(inft: inft, asset: Ledger.euro, descendants: descendants.sorted())))
    }

    /// Of who derives, and sells what is derived.
    static let widest = StatedUse(isCommercial: true, trainsModels: true)

    /// Mints under `license` and links, then offers on `terms` for `price`.
    static func derive(
        _ title: String, from parent: INFTID, _ license: LicenseID, by name: String, terms: Terms, price: UInt64,
        on ledger: Ledger
    ) throws -> (inft: INFTID, offer: OfferID) {
        let (hash, events) = try ledger.act(
            Ledger.mint(title, by: name, parents: [parent]),
            .licenses(.link(LinkLicenses(derivative: .operation(0), licenses: [.id(license)]))),
            DueTests.register(terms), DueTests.offer(terms, price: price), by: name)
        #expect(events.map(\.name).contains("license.linked") && events.map(\.name).contains("inft.linked"))
        return (hash.made(), hash.made(3))
    }

    @Test("A score is minted, sold, derived from twice; every unit of every sale reaches who it is due to")
    func royalties() throws {
        let ledger = try Ledger()
        let holders = [
            ShareHolder(party: Ledger.party("alice"), share: Ledger.percent(60)),
            ShareHolder(party: Ledger.party("bob"), share: Ledger.percent(40)),
        ].sorted { $0.party < $1.party }
        let tenth = Ledger.derivativeTerms(10)
        let (first, _) = try ledger.act(
            Ledger.mint("score", by: "alice", holders: holders), DueTests.register(tenth),
            DueTests.offer(tenth, price: 1_000), by: "alice")
        let root: INFTID = first.made()

        let carols = try ledger.act(DueTests.purchase(first.made(2), use: Self.widest), by: "carol").hash
        #expect(try ledger.balance("carol") == 999_000)
        let child = try Self.derive(
            "score for children", from: root, carols.made(), by: "carol", terms: Ledger.derivativeTerms(20),
            price: 5_000, on: ledger)

        let daves = try ledger.act(DueTests.purchase(child.offer, use: Self.widest), by: "dave").hash
        let commercial = TermsPreset.commercial.terms(asset: Ledger.euro, fee: .zero)
        let grandchild = try Self.derive(
            "score as an app", from: child.inft, daves.made(), by: "dave", terms: commercial, price: 7_777, on: ledger)
        let sold = try ledger.act(DueTests.purchase(grandchild.offer), by: "bob")
        #expect(sold.events.map(\.name) == ["revenue.paid", "license.sold"])
        #expect(try INFTRegistry.ancestors(of: grandchild.inft, in: ledger.state) == [root, child.inft].sorted())

        // The root is due 10 % of 5,000 and of 7,777; the child 20 % of 7,777; fractions stay below.
        try ledger.act(Self.claim(root, from: [child.inft, grandchild.inft]), by: "alice")
        try ledger.act(Self.claim(root), by: "bob")
        try ledger.act(Self.claim(child.inft, from: [grandchild.inft]), by: "carol")
        try ledger.act(Self.claim(grandchild.inft), by: "dave")
        // Holders have what the entries together leave: of 7,777 70 % in whole units. The rest stays in the vault.
        let rootRevenue: UInt64 = 1_000 + 500 + 777
        #expect(try ledger.balance("alice") == 1_000_000 + rootRevenue * 60 / 100)
        #expect(try ledger.balance("bob") == 1_000_000 - 7_777 + rootRevenue * 40 / 100)
        #expect(try ledger.balance("carol") == 1_000_000 - 1_000 + 5_000 - 500 + 1_555)
        #expect(try ledger.balance("dave") == 1_000_000 - 5_000 + 7_777 - 2_334)
        #expect(try reason { try ledger.act(Self.claim(grandchild.inft), by: "dave") } == "nothing_to_claim")

        let totals = try Assets.totals(Ledger.euro, in: ledger.state)
        let people = try ["alice", "bob", "carol", "dave"].reduce(0) { try $0 + ledger.balance($1) }
        #expect(totals.issued == Amount(4_000_000) && totals.balances == Amount(people))
        #expect(people + totals.vaults.units == 4_000_000 && totals.vaults == Amount(3))
        #expect(try ledger.moneyProblems() == [])
        #expect(try ledger.replayDifference() == nil)
    }

    @Test("Each domain refuses what its rules forbid, by name, and the chain goes on")
    func refusals() throws {
        let ledger = try Ledger()
        let (first, _) = try ledger.act(Ledger.mint("score", by: "alice"), by: "alice")
        let root: INFTID = first.made()
        let before = ledger.state.root
        func reason(_ operation: Operation, by name: String) throws -> String? {
            let transaction = try ledger.transaction([operation], by: name)
            let (executed, refused) = try BlockTests.propose([transaction], on: ledger)
            #expect(executed.transactions.isEmpty)
            return refused.first?.rejection.reason
        }
        #expect(try reason(.infts(.freeze(Freeze(inft: root))), by: "bob") == "not_owner")
        #expect(try reason(Ledger.mint("child", by: "bob", parents: [root]), by: "bob") == "parents_not_linked")
        #expect(try reason(Ledger.transfer(1_000_001, to: "bob"), by: "alice") == "insufficient_balance")
        #expect(try reason(DueTests.purchase(testIdentifier("no offer")), by: "bob") == "unknown_offer")
        #expect(
            try reason(.identities(.sponsor(.init(account: testAddress("x"), kind: .patient))), by: "bob")
                == "not_enrolled")
        #expect(
            try reason(.consents(.countersign(.init(consent: .id(testIdentifier("no consent"))))), by: "bob")
                == "unknown_consent")
        #expect(ledger.state.root == before)
        try ledger.act(Ledger.transfer(1, to: "bob"), by: "alice")
    }
}
