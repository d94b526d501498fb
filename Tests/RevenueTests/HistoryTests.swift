import Primitives
import Revenue
import StateModel
import TestSupport
import Testing

/// What vaults owe, computed the slow and obvious way: from the list of payments, every time anew, in exact fractions.
private struct NaiveModel {
    struct Vault {
        var total: UInt64 = 0
        var received: UInt64 = 0
        var entries: [RoyaltyEntry] = []
        var taken: [INFTID: UInt64] = [:]
        /// Per holder, millionths of a unit that ever accrued, and units claimed.
        var shares: [Party: UInt64] = [:]
        var accrued: [Party: UInt128] = [:]
        var claimed: [Party: UInt64] = [:]
        var settled: UInt64 = 0

        func due(_ entry: RoyaltyEntry) -> UInt128 {
            let portion = UInt128(entry.share.parts) * UInt128(total)
            return entry.ceiling.map { min(portion, UInt128($0.units) * 1_000_000) } ?? portion
        }

        /// N, from the exact sum of what all entries are due.
        var net: UInt64 {
            let due = entries.reduce(UInt128(0)) { $0 + self.due($1) }
            return UInt64((UInt128(total) * 1_000_000 - due) / 1_000_000) + received
        }

        /// Spreads what N grew by over everyone who holds a share now.
        mutating func spread() {
            for (party, share) in shares { accrued[party, default: 0] += UInt128(share) * UInt128(net - settled) }
            settled = net
        }
    }

    var vaults: [INFTID: Vault] = [:]

    mutating func pay(_ amount: UInt64, into inft: INFTID) {
        vaults[inft]?.total += amount
        vaults[inft]?.spread()
    }

    mutating func take(_ ancestor: INFTID, from descendant: INFTID) -> UInt64 {
        guard let vault = vaults[descendant] else { return 0 }
        let due = vault.entries.filter { $0.ancestor == ancestor }
            .reduce(UInt64(0)) { $0 + UInt64(vault.due($1) / 1_000_000) }
        let amount = due - (vault.taken[ancestor] ?? 0)
        vaults[descendant]?.taken[ancestor] = due
        vaults[ancestor]?.received += amount
        vaults[ancestor]?.spread()
        return amount
    }

    mutating func claim(_ party: Party, from inft: INFTID) -> UInt64 {
        guard let vault = vaults[inft] else { return 0 }
        let earned = UInt64((vault.accrued[party] ?? 0) / 1_000_000)
        let amount = earned - (vault.claimed[party] ?? 0)
        vaults[inft]?.claimed[party] = earned
        return amount
    }

    mutating func move(_ share: UInt64, of inft: INFTID, from giver: Party, to taker: Party) {
        vaults[inft]?.shares[giver, default: 0] -= share
        vaults[inft]?.shares[taker, default: 0] += share
    }
}

/// One random history over a random derivation graph, run on the domain and on the naive model side by side.
private struct RandomHistory {
    static let names = ["alice", "bob", "carol", "dave"]
    var random: SeededRandom
    let sandbox: Sandbox
    var model = NaiveModel()
    var infts: [INFTID] = []

    init(seed: UInt64) throws {
        random = SeededRandom(seed: seed)
        sandbox = try Sandbox(parties: Self.names, funds: 1_000_000_000)
        for index in 0..<Int.random(in: 2...6, using: &random) { try mint(index) }
    }

    private mutating func pick(_ range: ClosedRange<UInt64>) -> UInt64 { UInt64.random(in: range, using: &random) }
    private mutating func name() -> String { Self.names[Int.random(in: 0..<Self.names.count, using: &random)] }

    private mutating func mint(_ index: Int) throws {
        var rest: UInt64 = 1_000_000
        var holders: [(String, UInt64)] = []
        for name in Self.names.dropLast() {
            let part = pick(0...rest)
            if part > 0 { holders.append((name, part)) }
            rest -= part
        }
        if rest > 0, let last = Self.names.last { holders.append((last, rest)) }
        var entries: [RoyaltyEntry] = []
        var left: UInt64 = 1_000_000
        if !infts.isEmpty {
            for _ in 0..<Int.random(in: 0...5, using: &random) {
                let part = pick(0...left)
                guard part > 0 else { continue }
                left -= part
                let ceiling = Bool.random(using: &random) ? Amount(pick(1...2_000)) : nil
                entries.append(
                    RoyaltyEntry(
                        ancestor: infts[Int.random(in: 0..<infts.count, using: &random)], share: share(part),
                        ceiling: ceiling))
            }
        }
        let inft = try sandbox.vault("inft \(index)", holders: holders, royalties: entries.isEmpty ? nil : entries)
        model.vaults[inft] = NaiveModel.Vault(
            entries: entries, shares: Dictionary(uniqueKeysWithValues: holders.map { (sandbox.party($0.0), $0.1) }))
        infts.append(inft)
    }

    /// Nil if domain and model agree, else what differs.
    mutating func step() throws -> String? {
        let inft = infts[Int.random(in: 0..<infts.count, using: &random)]
        switch Int.random(in: 0..<10, using: &random) {
        case 0..<5:
            let amount = pick(1...(Bool.random(using: &random) ? 9 : 5_000))
            try sandbox.pay(amount, into: inft, as: name())
            model.pay(amount, into: inft)
            return nil
        case 5..<8:
            return try claim(inft)
        case 8:
            return try moveShare(inft)
        default:
            try sandbox.execute(
                RevenueTransfer(
                    from: sandbox.party("alice"), to: sandbox.party("bob"), asset: sandbox.asset,
                    amount: Amount(pick(1...100))), as: "alice")
            return nil
        }
    }

    private mutating func claim(_ inft: INFTID) throws -> String? {
        let name = name()
        let party = sandbox.party(name)
        let descendants = infts.filter { descendant in
            model.vaults[descendant]?.entries.contains { $0.ancestor == inft } == true
        }.filter { _ in Bool.random(using: &random) }
        let claim = RevenueClaim(inft: inft, asset: sandbox.asset, descendants: descendants.sorted())
        let before = try sandbox.balance(name)
        let refusal = try reason { try sandbox.execute(claim, as: name) }
        let found = try sandbox.balance(name) - before
        if refusal == "not_a_holder" {
            let isHolder = (model.vaults[inft]?.shares[party] ?? 0) > 0
            return isHolder ? "a holder was refused" : nil
        }
        var moved: UInt64 = 0
        for descendant in descendants { moved += model.take(inft, from: descendant) }
        let expected = model.claim(party, from: inft)
        if moved == 0, expected == 0 { return refusal == "nothing_to_claim" ? nil : "an empty claim was accepted" }
        return expected == found ? nil : "\(name) claimed \(found), due \(expected)"
    }

    private mutating func moveShare(_ inft: INFTID) throws -> String? {
        let holders = try Vaults.holders(of: inft, in: sandbox.state)
        let giver = holders[Int.random(in: 0..<holders.count, using: &random)]
        let to = name()
        guard let from = Self.names.first(where: { sandbox.party($0) == giver.party }), from != to else { return nil }
        let parts = pick(1...UInt64(giver.share.parts))
        try sandbox.execute(
            RevenueTransferShare(inft: inft, to: sandbox.party(to), share: share(parts)), as: from)
        model.move(parts, of: inft, from: giver.party, to: sandbox.party(to))
        return nil
    }

    /// What the vaults hold beyond what anyone is due: never a whole unit per entry and holder.
    func leftovers() throws -> String? {
        for inft in infts {
            let account = try Vaults.account(of: inft, sandbox.asset, in: sandbox.state)
            guard let vault = model.vaults[inft], VaultArithmetic.net(account).units == vault.net else {
                return "N of a vault differs from the model's"
            }
        }
        return nil
    }
}

@Suite struct HistoryTests {
    #if DEBUG
        /// Debug code is some thirty times slower.
        static let histories = 200
    #else
        static let histories = 10_000
    #endif

    @Test func randomHistoriesConserveEveryUnitAndAgreeWithTheNaiveModel() throws {
        for seed in 1...UInt64(Self.histories) {
            var history = try RandomHistory(seed: seed)
            for step in 0..<24 {
                let difference = try history.step()
                #expect(difference == nil, "seed \(seed), step \(step)")
                if difference != nil { return }
            }
            let problems = try history.sandbox.problems()
            let leftovers = try history.leftovers()
            #expect(problems.isEmpty && leftovers == nil, "seed \(seed)")
            if !problems.isEmpty || leftovers != nil { return }
        }
    }

    @Test func recomputationFindsAUnitMadeFromNothing() throws {
        let sandbox = try Sandbox()
        #expect(try sandbox.problems().isEmpty)
        let key = RevenueKeys.balance(sandbox.party("alice"), sandbox.asset)
        let overlay = StateOverlay(over: sandbox.state)
        overlay.set(key, BalanceRecord(amount: Amount(1_000_001)))
        #expect(throws: Refusal.self) { try Conservation.check(overlay.changes(of: sandbox.state)) }
        overlay.commit(to: sandbox.state)
        #expect(try sandbox.problems().count == 1)
    }

    @Test func totalsThatDisagreeAreFound() throws {
        let sandbox = try Sandbox()
        var totals = try Assets.totals(sandbox.asset, in: sandbox.state)
        totals.held = Amount(1)
        sandbox.state.set(RevenueKeys.totals(sandbox.asset), totals)
        #expect(throws: Refusal.self) { try Conservation.check(sandbox.asset, in: sandbox.state) }
        #expect(Conservation.changedAssets(sandbox.state.changes) == [sandbox.asset])
    }
}
