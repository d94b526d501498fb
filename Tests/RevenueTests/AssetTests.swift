import Primitives
import Revenue
import StateModel
import TestSupport
import Testing

@Suite struct AssetTests {
    let sandbox: Sandbox

    init() throws { sandbox = try Sandbox() }

    @Test func genesisIssuesAndAccountsForEveryUnit() throws {
        #expect(try sandbox.balance("alice") == 1_000_000)
        #expect(try Assets.totals(sandbox.asset, in: sandbox.state).issued == Amount(3_000_000))
        #expect(try sandbox.problems().isEmpty)
    }

    @Test func onlyAnAdmittedIssuerCreatesAssets() throws {
        let create = AssetCreate(code: "EUR", title: "Euro", scale: 2, freezePolicy: .never, terms: nil)
        #expect(try reason { try sandbox.execute(create, as: "alice") } == "issuer_not_admitted")
        let events = try sandbox.execute(create, as: "issuer")
        #expect(events.first?.name == "asset.created")
        #expect(try reason { try sandbox.execute(create, as: "issuer") } == "asset_code_taken")
    }

    @Test(arguments: [
        ("us", "Name", 2, "asset_code_invalid"), ("USDé", "Name", 2, "asset_code_invalid"),
        ("1USD", "Name", 2, "asset_code_invalid"), ("ABCDEFGHIJKLM", "Name", 2, "asset_code_invalid"),
        ("EUR", "", 2, "asset_name_invalid"), ("EUR", "a\nb", 2, "asset_name_invalid"),
        ("EUR", "Euro", 9, "scale_too_large"),
    ])
    func malformedAssetsAreRefused(code: String, title: String, scale: Int, expected: String) throws {
        let create = AssetCreate(
            code: code, title: title, scale: UInt8(scale), freezePolicy: .never, terms: nil)
        #expect(try reason { try sandbox.execute(create, as: "issuer") } == expected)
    }

    @Test func issueIsTheIssuersAlone() throws {
        let issue = AssetIssue(asset: sandbox.asset, to: sandbox.party("bob"), amount: Amount(5))
        #expect(try reason { try sandbox.execute(issue, as: "bob") } == "not_authorized")
        try sandbox.execute(issue, as: "issuer")
        #expect(try sandbox.balance("bob") == 1_000_005)
        #expect(
            try reason {
                try sandbox.execute(
                    AssetIssue(asset: sandbox.asset, to: sandbox.party("nobody"), amount: Amount(5)), as: "issuer")
            } == "unknown_party")
        #expect(
            try reason {
                try sandbox.execute(
                    AssetIssue(asset: sandbox.asset, to: sandbox.party("bob"), amount: .zero), as: "issuer")
            } == "amount_zero")
        #expect(
            try reason {
                try sandbox.execute(
                    AssetIssue(asset: sandbox.asset, to: sandbox.party("bob"), amount: Amount(.max)), as: "issuer")
            } == "supply_overflow")
    }

    @Test func anIssuerWithoutAdmissionRedeemsButDoesNotIssue() throws {
        Assets.withdrawIssuer(.account(sandbox.issuer), in: sandbox.context("issuer"))
        let issue = AssetIssue(asset: sandbox.asset, to: sandbox.party("bob"), amount: Amount(5))
        #expect(try reason { try sandbox.execute(issue, as: "issuer") } == "issuer_not_admitted")
        let redeem = AssetRedeem(asset: sandbox.asset, holder: sandbox.party("bob"), amount: Amount(10))
        try sandbox.execute(redeem, as: "issuer", cosigners: ["bob"])
        #expect(try sandbox.balance("bob") == 999_990)
        #expect(try Assets.totals(sandbox.asset, in: sandbox.state).issued == Amount(2_999_990))
    }

    @Test func redemptionNeedsIssuerAndHolder() throws {
        let redeem = AssetRedeem(asset: sandbox.asset, holder: sandbox.party("bob"), amount: Amount(10))
        #expect(try reason { try sandbox.execute(redeem, as: "issuer") } == "not_authorized")
        #expect(try reason { try sandbox.execute(redeem, as: "bob") } == "not_authorized")
        let own = AssetRedeem(asset: sandbox.asset, holder: nil, amount: Amount(10))
        #expect(try reason { try sandbox.execute(own, as: "issuer") } == "insufficient_balance")
    }

    @Test func aFrozenBalanceReceivesAndDoesNotSpend() throws {
        let alice = sandbox.party("alice")
        try sandbox.execute(AssetFreeze(asset: sandbox.asset, party: alice, isFrozen: true), as: "issuer")
        let transfer = RevenueTransfer(to: sandbox.party("bob"), asset: sandbox.asset, amount: Amount(1))
        #expect(try reason { try sandbox.execute(transfer, as: "alice") } == "balance_frozen")
        try sandbox.execute(
            RevenueTransfer(to: alice, asset: sandbox.asset, amount: Amount(1)), as: "bob")
        #expect(
            try reason {
                try sandbox.execute(AssetFreeze(asset: sandbox.asset, party: alice, isFrozen: true), as: "issuer")
            } == "freeze_unchanged")
        try sandbox.execute(AssetFreeze(asset: sandbox.asset, party: alice, isFrozen: false), as: "issuer")
        try sandbox.execute(transfer, as: "alice")
    }

    @Test func aFrozenAssetStandsStillButClaimsGoOn() throws {
        let inft = try sandbox.vault("inft", holders: [("bob", 1_000_000)])
        try sandbox.pay(100, into: inft)
        try sandbox.execute(AssetFreeze(asset: sandbox.asset, party: nil, isFrozen: true), as: "issuer")
        let transfer = RevenueTransfer(to: sandbox.party("bob"), asset: sandbox.asset, amount: Amount(1))
        #expect(try reason { try sandbox.execute(transfer, as: "alice") } == "asset_frozen")
        #expect(try sandbox.claim(inft, as: "bob") == 100)
    }

    @Test func nothingIsFrozenBeyondTheDeclaredPolicy() throws {
        for (policy, balances, all) in [
            (FreezePolicy.never, "freeze_not_allowed", "freeze_not_allowed"), (.balances, nil, "freeze_not_allowed"),
            (.balancesAndAsset, nil, nil),
        ] {
            let sandbox = try Sandbox(freezePolicy: policy)
            let one = AssetFreeze(asset: sandbox.asset, party: sandbox.party("bob"), isFrozen: true)
            let whole = AssetFreeze(asset: sandbox.asset, party: nil, isFrozen: true)
            #expect(try reason { try sandbox.execute(one, as: "issuer") } == balances)
            #expect(try reason { try sandbox.execute(whole, as: "issuer") } == all)
        }
        let freeze = AssetFreeze(asset: sandbox.asset, party: nil, isFrozen: true)
        #expect(try reason { try sandbox.execute(freeze, as: "bob") } == "not_authorized")
    }

    @Test func aTransferMovesExactlyItsAmount() throws {
        let transfer = RevenueTransfer(
            to: sandbox.party("bob"), asset: sandbox.asset, amount: Amount(250), reference: testHash("invoice"))
        try sandbox.execute(transfer, as: "alice")
        #expect(try sandbox.balance("alice") == 999_750)
        #expect(try sandbox.balance("bob") == 1_000_250)
        func refused(_ transfer: RevenueTransfer, as name: String = "alice") throws -> String? {
            try reason { try sandbox.execute(transfer, as: name) }
        }
        let bob = sandbox.party("bob")
        #expect(
            try refused(RevenueTransfer(to: bob, asset: sandbox.asset, amount: Amount(2_000_000)))
                == "insufficient_balance")
        #expect(try refused(RevenueTransfer(to: bob, asset: sandbox.asset, amount: .zero)) == "amount_zero")
        #expect(
            try refused(RevenueTransfer(to: sandbox.party("alice"), asset: sandbox.asset, amount: Amount(1)))
                == "same_party")
        #expect(
            try refused(RevenueTransfer(to: sandbox.party("nobody"), asset: sandbox.asset, amount: Amount(1)))
                == "unknown_party")
        #expect(
            try refused(RevenueTransfer(to: bob, asset: testIdentifier("none"), amount: Amount(1))) == "unknown_asset")
        #expect(
            try refused(
                RevenueTransfer(from: bob, to: sandbox.party("carol"), asset: sandbox.asset, amount: Amount(1)))
                == "not_authorized")
        try sandbox.execute(
            RevenueTransfer(from: bob, to: sandbox.party("carol"), asset: sandbox.asset, amount: Amount(1)),
            as: "alice", cosigners: ["bob"])
    }
}
