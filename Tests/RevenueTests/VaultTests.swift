import Primitives
import Revenue
import StateModel
import TestSupport
import Testing

@Suite struct VaultTests {
    let sandbox: Sandbox

    init() throws { sandbox = try Sandbox() }

    private func create(_ holders: [(String, UInt64)], sorted: Bool = true) throws -> String? {
        var list = holders.map { ShareHolder(party: sandbox.party($0.0), share: share($0.1)) }
        if sorted { list.sort { $0.party < $1.party } }
        return try reason {
            try sandbox.transaction(as: "issuer") { (context) throws in
                try Vaults.create(testIdentifier("vault"), holders: list, in: context)
            }
        }
    }

    @Test func sharesAreAWhole() throws {
        #expect(try create([("alice", 500_000), ("bob", 499_999)]) == "shares_not_whole")
        #expect(try create([("alice", 500_000), ("bob", 500_001)]) == "shares_not_whole")
        #expect(try create([]) == "too_many_holders")
        #expect(try create([("alice", 1_000_000), ("bob", 0)]) == "share_zero")
        #expect(try create([("alice", 500_000), ("alice", 500_000)]) == "holders_unsorted")
        #expect(try create([("alice", 500_000), ("nobody", 500_000)]) == "unknown_party")
        #expect(try create([("alice", 500_000), ("bob", 500_000)]) == nil)
        #expect(try create([("alice", 500_000), ("bob", 500_000)]) == "vault_exists")
    }

    @Test func aPaymentIsSharedToTheUnit() throws {
        let inft = try sandbox.vault("inft", holders: [("alice", 333_333), ("bob", 333_333), ("carol", 333_334)])
        for _ in 0..<3 { try sandbox.pay(1, into: inft) }
        let before = try sandbox.balance("alice")
        #expect(try sandbox.claim(inft, as: "bob") == 0)
        #expect(try sandbox.claim(inft, as: "carol") == 1)
        try sandbox.pay(999_997, into: inft, as: "bob")
        #expect(try sandbox.claim(inft, as: "alice") == 333_333)
        #expect(try sandbox.claim(inft, as: "bob") == 333_333)
        #expect(try sandbox.claim(inft, as: "carol") == 333_333)
        #expect(try sandbox.balance("alice") == before + 333_333)
        #expect(try sandbox.problems().isEmpty)
    }

    @Test func nothingIsClaimedTwiceOrByOthers() throws {
        let inft = try sandbox.vault("inft", holders: [("bob", 1_000_000)])
        let claim = RevenueClaim(inft: inft, asset: sandbox.asset)
        #expect(try reason { try sandbox.execute(claim, as: "bob") } == "nothing_to_claim")
        try sandbox.pay(10, into: inft)
        try sandbox.execute(claim, as: "bob")
        #expect(try reason { try sandbox.execute(claim, as: "bob") } == "nothing_to_claim")
        #expect(try reason { try sandbox.execute(claim, as: "carol") } == "not_a_holder")
        let forBob = RevenueClaim(inft: inft, asset: sandbox.asset, holder: sandbox.party("bob"))
        #expect(try reason { try sandbox.execute(forBob, as: "carol") } == "not_authorized")
        let unknown = RevenueClaim(inft: testIdentifier("none"), asset: sandbox.asset)
        #expect(try reason { try sandbox.execute(unknown, as: "bob") } == "unknown_vault")
        #expect(RevenueOperation.claim(claim).isReserved)
        #expect(!RevenueOperation.pay(RevenuePay(inft: .id(inft), asset: sandbox.asset, amount: .zero)).isReserved)
    }

    @Test func paymentsAreRefusedWithoutMoneyVaultOrAsset() throws {
        let inft = try sandbox.vault("inft", holders: [("bob", 1_000_000)])
        func refused(_ inft: INFTID, _ asset: AssetID, _ amount: UInt64) throws -> String? {
            try reason {
                try sandbox.execute(RevenuePay(inft: .id(inft), asset: asset, amount: Amount(amount)), as: "alice")
            }
        }
        #expect(try refused(inft, sandbox.asset, 1_000_001) == "insufficient_balance")
        #expect(try refused(inft, sandbox.asset, 0) == "amount_zero")
        #expect(try refused(testIdentifier("none"), sandbox.asset, 1) == "unknown_vault")
        #expect(try refused(inft, testIdentifier("none"), 1) == "unknown_asset")
        let later = RevenuePay(inft: .operation(0), asset: sandbox.asset, amount: Amount(1))
        #expect(try reason { try sandbox.execute(later, as: "alice") } == "reference_not_earlier")
    }

    @Test func aShareMovesOnlyWithTheConsentOfWhoLoses() throws {
        let inft = try sandbox.vault("inft", holders: [("alice", 600_000), ("bob", 400_000)])
        let carol = sandbox.party("carol")
        func transfer(_ parts: UInt64, from: String? = nil, to: Party? = nil, as name: String) throws -> String? {
            try reason {
                try sandbox.execute(
                    RevenueTransferShare(
                        inft: inft, from: from.map { sandbox.party($0) }, to: to ?? carol, share: share(parts)),
                    as: name)
            }
        }
        #expect(try transfer(100_000, from: "alice", as: "bob") == "not_authorized")
        #expect(try transfer(700_000, as: "alice") == "share_too_large")
        #expect(try transfer(1, to: sandbox.party("bob"), as: "carol") == "not_a_holder")
        #expect(try transfer(0, as: "alice") == "share_zero")
        #expect(try transfer(1, to: sandbox.party("alice"), as: "alice") == "same_party")
        #expect(try transfer(1, to: sandbox.party("nobody"), as: "alice") == "unknown_party")
        try sandbox.pay(1_000, into: inft)
        #expect(try transfer(600_000, as: "alice") == nil)
        try sandbox.pay(1_000, into: inft)
        #expect(try Vaults.holders(of: inft, in: sandbox.state).map(\.share.parts).reduce(0, +) == 1_000_000)
        #expect(try sandbox.claim(inft, as: "carol") == 600)
        // Alice holds no share any more, and keeps what accrued while she did.
        #expect(try sandbox.claim(inft, as: "alice") == 600)
        #expect(try sandbox.claim(inft, as: "bob") == 800)
        #expect(
            try reason { try sandbox.execute(RevenueClaim(inft: inft, asset: sandbox.asset), as: "alice") }
                == "not_a_holder")
        #expect(try sandbox.problems().isEmpty)
    }

    /// Shares and entries of every length of encoding, first, in the middle and last.
    @Test func oneHolderAndOneAncestorAreFoundAsAmongAll() throws {
        let names = (0..<40).map { "holder \($0)" }
        let sandbox = try Sandbox(parties: names + ["alice", "bob", "carol"])
        var shares = names.indices.map { UInt64([1, 23, 24, 255, 256, 9_999][$0 % 6]) }
        shares[7] += 1_000_000 - shares.reduce(0, +)
        let inft = try sandbox.vault("wide", holders: Array(zip(names, shares)))
        for (name, expected) in zip(names, shares) {
            let found = try Vaults.share(of: sandbox.party(name), in: inft, state: sandbox.state)
            #expect(found == share(expected))
        }
        #expect(try Vaults.share(of: sandbox.party("alice"), in: inft, state: sandbox.state) == .zero)
        #expect(try Vaults.share(of: sandbox.party("alice"), in: testIdentifier("none"), state: sandbox.state) == .zero)
        let parents = try (0..<12).map { try sandbox.vault("parent \($0)", holders: [("bob", 1_000_000)]) }
        let vector = parents.enumerated().flatMap { index, parent in
            (0...index % 3).map { copy in
                RoyaltyEntry(
                    ancestor: parent, agreed: share(70_000), share: share(UInt64([1, 200, 20_000][copy])),
                    ceiling: [nil, Amount(5), Amount(1 << 40)][(index + copy) % 3],
                    policy: index % 2 == 0 ? .absolute : .relative, revenueCeiling: copy == 0 ? nil : Amount(300))
            }
        }
        let child = try sandbox.vault("child", holders: [("carol", 1_000_000)], royalties: vector)
        let all = try Vaults.royalties(of: child, in: sandbox.state)
        #expect(Set(all) == Set(vector))
        for parent in parents + [inft] {
            let found = try Vaults.royalties(to: parent, from: child, in: sandbox.state)
            #expect(found == all.filter { $0.ancestor == parent })
        }
        #expect(try Vaults.royalties(to: parents[0], from: inft, in: sandbox.state).isEmpty)
    }

    /// Share and money change hands together or not at all; both sign, and what accrued before stays with the seller.
    @Test func aShareIsSoldForMoneyInOneStep() throws {
        let inft = try sandbox.vault("inft", holders: [("alice", 1_000_000)])
        try sandbox.pay(1_000, into: inft, as: "bob")
        func sell(_ price: UInt64, of asset: AssetID? = nil, cosigners: [String] = ["bob"]) throws -> String? {
            let operation = RevenueTransferShare(
                inft: inft, to: sandbox.party("bob"), share: share(250_000),
                price: SharePrice(asset: asset ?? sandbox.asset, amount: Amount(price)))
            return try reason { try sandbox.execute(operation, as: "alice", cosigners: cosigners) }
        }
        #expect(try sell(500, cosigners: []) == "not_authorized")
        #expect(try sell(999_001) == "insufficient_balance")
        #expect(try sell(0) == "amount_zero")
        #expect(try sell(1, of: testIdentifier("none")) == "unknown_asset")
        #expect(try Vaults.holders(of: inft, in: sandbox.state).count == 1)
        #expect(try sandbox.balance("alice") == 1_000_000 && sandbox.balance("bob") == 999_000)
        #expect(try sell(500) == nil)
        #expect(try sandbox.balance("alice") == 1_000_500 && sandbox.balance("bob") == 998_500)
        try sandbox.pay(1_000, into: inft, as: "carol")
        #expect(try sandbox.claim(inft, as: "alice") == 1_750)
        #expect(try sandbox.claim(inft, as: "bob") == 250)
        let line = try sandbox.statement(of: "bob").last { $0.kind == .shareSale }
        #expect(line?.kind == .shareSale && line?.counterpart == .party(sandbox.party("alice")))
        #expect(line?.reference == Hash(inft.bytes) && line?.isIncoming == false)
        #expect(try sandbox.problems().isEmpty)
    }

    @Test func aCumulativeTotalNeverOverflows() throws {
        let inft = try sandbox.vault("inft", holders: [("alice", 1_000_000)])
        try sandbox.execute(
            AssetIssue(asset: sandbox.asset, to: sandbox.party("alice"), amount: Amount(.max - 3_000_000)),
            as: "issuer")
        try sandbox.pay(.max - 2_000_000, into: inft)
        #expect(try sandbox.claim(inft, as: "alice") == .max - 2_000_000)
        #expect(try reason { try sandbox.pay(2_000_001, into: inft) } == "total_overflow")
        try sandbox.pay(2_000_000, into: inft)
        #expect(try sandbox.claim(inft, as: "alice") == 2_000_000)
        #expect(try sandbox.problems().isEmpty)
    }

    @Test func reservesReturnOrPayOutExactlyWhatWasPutIn() throws {
        let inft = try sandbox.vault("inft", holders: [("bob", 1_000_000)])
        let subject = testHash("license").bytes
        try sandbox.transaction(as: "alice") { (context) throws in
            try Reserves.put(
                Amount(100), of: sandbox.asset, from: sandbox.party("alice"), kind: .escrow, for: subject, in: context)
            try Reserves.turn(.escrow, into: .held, for: subject, in: context)
        }
        #expect(try Assets.totals(sandbox.asset, in: sandbox.state).held == Amount(100))
        try sandbox.transaction(as: "alice") { (context) throws in
            try Reserves.release(Amount(30), kind: .held, for: subject, to: sandbox.party("alice"), in: context)
            try Reserves.pay(Amount(70), kind: .held, for: subject, into: inft, reason: .sale, memo: nil, in: context)
        }
        #expect(try Reserves.record(.held, subject, in: sandbox.state) == nil)
        #expect(try sandbox.claim(inft, as: "bob") == 70)
        #expect(try sandbox.balance("alice") == 999_930)
        let missing = try reason {
            try sandbox.transaction(as: "alice") { (context) throws in
                try Reserves.release(Amount(1), kind: .held, for: subject, to: sandbox.party("alice"), in: context)
            }
        }
        #expect(missing == "unknown_reserve")
        #expect(try sandbox.problems().isEmpty)
    }
}
