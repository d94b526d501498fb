import Execution
import Identities
import Licenses
import Primitives
import Revenue
import StateModel
import TestSupport
import Testing
import Transactions

/// Bob spends alice's money as far as she lets him, in real blocks.
struct MandateTests {
    private static func mandate(
        _ acts: [MandatedAct], _ units: UInt64, on ledger: Ledger
    ) throws -> MandateID {
        try ledger.act(
            .identities(
                .grantMandate(
                    GrantMandate(
                        grant: MandateGrant(
                            delegate: Ledger.address("bob"), operations: acts,
                            validUntil: ledger.time.adding(milliseconds: 10 * millisecondsPerDay),
                            limit: MandateLimit(asset: Ledger.euro, amount: Amount(units)))))), by: "alice"
        ).hash.made()
    }

    private static func transfer(_ amount: UInt64, asset: AssetID = Ledger.euro) -> Operation {
        .revenue(
            .transfer(
                RevenueTransfer(
                    from: Ledger.party("alice"), to: Ledger.party("carol"), asset: asset, amount: Amount(amount))))
    }

    private static func left(_ id: MandateID, _ ledger: Ledger) throws -> UInt64? {
        try Mandates.record(id, in: ledger.state)?.limitLeft?.amount.units
    }

    @Test("A delegate pays with the grantor's money up to the limit, never beyond it, and not after its end")
    func money() throws {
        let ledger = try Ledger()
        #expect(try reason { try ledger.act(Self.transfer(10), by: "bob") } == "not_authorized")
        let id = try Self.mandate([.transferMoney, .payVault], 100, on: ledger)
        let (own, other) = (try ledger.balance("alice"), try ledger.balance("bob"))
        try ledger.act(Self.transfer(60), by: "bob")
        #expect(try ledger.balance("alice") == own - 60 && ledger.balance("bob") == other)
        #expect(try Self.left(id, ledger) == 40)
        #expect(try reason { try ledger.act(Self.transfer(41), by: "bob") } == "not_authorized")
        #expect(try reason { try ledger.act(Self.transfer(1, asset: Ledger.dollar), by: "bob") } == "not_authorized")
        #expect(try reason { try ledger.act(Self.transfer(1), by: "carol") } == "not_authorized")
        // Two in one transaction count together, and what is refused counts for nothing.
        #expect(try reason { try ledger.act(Self.transfer(30), Self.transfer(11), by: "bob") } == "not_authorized")
        #expect(try Self.left(id, ledger) == 40)
        try ledger.act(Self.transfer(30), Self.transfer(10), by: "bob")
        #expect(try Mandates.record(id, in: ledger.state)?.isSpent == true)
        #expect(try reason { try ledger.act(Self.transfer(1), by: "bob") } == "not_authorized")
        // Her own payments use nothing up.
        let second = try Self.mandate([.transferMoney], 5, on: ledger)
        try ledger.act(Self.transfer(50), by: "alice")
        #expect(try Self.left(second, ledger) == 5)
        #expect(
            try reason { try ledger.act(Self.transfer(1), by: "bob", after: 11 * millisecondsPerDay) }
                == "not_authorized")
        #expect(try ledger.moneyProblems().isEmpty)
        #expect(try ledger.replayDifference() == nil)
    }

    @Test("A delegate buys a license that is the grantor's, at a price within the limit")
    func purchase() throws {
        let ledger = try Ledger()
        let terms = TermsPreset.commercial.terms(asset: Ledger.euro, fee: Amount(70))
        let minted = try ledger.act(
            Ledger.mint("score", by: "carol"), DueTests.register(terms),
            .licenses(.createOffer(CreateOffer(inft: .operation(0), terms: terms.id, price: Amount(70)))), by: "carol"
        ).hash
        func buy() throws -> Hash {
            try ledger.act(
                .licenses(
                    .purchase(
                        PurchaseLicense(
                            offer: .id(minted.made(2)), maximumPrice: Amount(70), maximumRevenueShare: .whole,
                            use: StatedUse(), buyer: Ledger.party("alice")))), by: "bob"
            ).hash
        }
        let id = try Self.mandate([.purchaseLicense], 100, on: ledger)
        let (own, other) = (try ledger.balance("alice"), try ledger.balance("bob"))
        let license: LicenseID = try buy().made()
        #expect(try LicenseLedger.license(license, in: ledger.state)?.licensee == Ledger.party("alice"))
        #expect(try ledger.balance("alice") == own - 70 && ledger.balance("bob") == other)
        #expect(try Self.left(id, ledger) == 30)
        #expect(try reason { _ = try buy() } == "not_authorized")
        #expect(try ledger.moneyProblems().isEmpty)
    }
}
