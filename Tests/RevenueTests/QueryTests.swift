import Primitives
import Revenue
import StateModel
import TestSupport
import Testing

@Suite struct QueryTests {
    let sandbox: Sandbox

    init() throws { sandbox = try Sandbox() }

    private func evaluate(
        _ name: String, _ parameters: any Codable & Sendable, after: IndexKey? = nil, limit: Int = 100
    ) throws -> Query.Answer {
        let index = try MemoryIndex(of: sandbox.state) { (kind, key, record) throws in
            key.header?.domain == .revenue
                ? try RevenueDomain.indexEntries(kind: kind, key: key, record: record) : []
        }
        guard let query = RevenueDomain.queries.first(where: { $0.name == name }) else {
            throw UnexpectedRefusal(reason: "no query \(name)")
        }
        return try query.evaluate(
            parameters, PageRequest(after: after, limit: limit), makeQueryContext(sandbox.state, index))
    }

    @Test func aStatementAddsUpToTheUnitInAnyPeriod() throws {
        var random = SeededRandom(seed: 7)
        let inft = try sandbox.vault("inft", holders: [("alice", 400_000), ("bob", 600_000)])
        for step in 0..<40 {
            sandbox.time = testStart.adding(milliseconds: UInt64(step / 2) * 1_000)
            let amount = Amount(UInt64.random(in: 1...500, using: &random))
            switch step % 4 {
            case 0: try sandbox.pay(amount.units, into: inft, as: "alice")
            case 1: _ = try sandbox.claim(inft, as: "alice")
            case 2:
                try sandbox.execute(
                    RevenueTransfer(to: sandbox.party("bob"), asset: sandbox.asset, amount: amount), as: "alice")
            default:
                try sandbox.execute(
                    RevenueTransfer(to: sandbox.party("alice"), asset: sandbox.asset, amount: amount), as: "bob")
            }
        }
        for _ in 0..<30 {
            let since = testStart.adding(milliseconds: UInt64.random(in: 0...22_000, using: &random))
            let until = testStart.adding(milliseconds: UInt64.random(in: 0...22_000, using: &random))
            try checkPeriod(since, until)
        }
        try checkPeriod(nil, nil)
    }

    private func checkPeriod(_ since: Timestamp?, _ until: Timestamp?) throws {
        let parameters = StatementParameters(
            party: sandbox.party("alice"), asset: sandbox.asset, since: since, until: until)
        guard case .value(let summary as StatementSummary) = try evaluate("revenue_statementSummary", parameters) else {
            Issue.record("no summary")
            return
        }
        var sum = summary.opening.units
        var lines: UInt64 = 0
        var after: IndexKey?
        repeat {
            guard
                case .page(let items, let next) = try evaluate(
                    "revenue_statement", parameters, after: after, limit: 7)
            else { return }
            for entry in items.compactMap({ $0 as? StatementEntry }) {
                sum = entry.isIncoming ? sum + entry.amount.units : sum - entry.amount.units
                #expect(sum == entry.balanceAfter.units)
                if let since { #expect(entry.time >= since) }
                if let until { #expect(entry.time < until) }
                lines += 1
            }
            after = next
        } while after != nil
        #expect(sum == summary.closing.units && lines == summary.entries)
    }

    @Test("Eight lines make a page that never changes; seven payments of eight add no entry to the state")
    func statementsArePaged() throws {
        var expected = try sandbox.statement(of: "alice")
        #expect(expected.count == 1)
        var pages: [[UInt8]] = []
        for number in 0..<20 as Range<UInt64> {
            sandbox.time = testStart.adding(milliseconds: 1_000 * number)
            let before = sandbox.state.changes.count
            try sandbox.execute(
                RevenueTransfer(to: sandbox.party("bob"), asset: sandbox.asset, amount: Amount(number + 1)), as: "alice"
            )
            let lines = try sandbox.statement(of: "alice")
            #expect(Array(lines.dropLast()) == expected, "what was there stays")
            #expect(lines.last?.amount == Amount(number + 1) && lines.last?.isIncoming == false)
            #expect(lines.last?.balanceAfter.units == (try sandbox.balance("alice")))
            expected = lines
            // Alice and Bob began with one line each.
            let isPageFull = (number + 2) % 8 == 0
            #expect(sandbox.state.changes.count - before == (isPageFull ? 2 : 0), "payment \(number)")
            let record = try Balances.record(of: sandbox.party("alice"), sandbox.asset, in: sandbox.state)
            #expect(record.entries == number + 2 && record.pages == (number + 2) / 8)
            var found: [[UInt8]] = []
            for page in 0..<record.pages {
                let key = RevenueKeys.statement(sandbox.party("alice"), sandbox.asset, page: page)
                found.append(try #require(try sandbox.state.read(key.key)))
            }
            #expect(Array(found.prefix(pages.count)) == pages, "a full page stays as it is")
            pages = found
        }
        #expect(pages.count == 2)
    }

    @Test func aStatementWithoutItsPageIsDamage() throws {
        let inft = try sandbox.vault("inft", holders: [("bob", 1_000_000)])
        for _ in 0..<8 { try sandbox.pay(1, into: inft) }
        sandbox.state.remove(RevenueKeys.statement(sandbox.party("alice"), sandbox.asset, page: 0))
        #expect(throws: Refusal.self) { try sandbox.statement(of: "alice") }
    }

    @Test func listsFollowTheIndexes() throws {
        let parent = try sandbox.vault("parent", holders: [("bob", 1_000_000)])
        let child = try sandbox.vault(
            "child", holders: [("bob", 1), ("carol", 999_999)],
            royalties: [RoyaltyEntry(ancestor: parent, share: share(100_000), ceiling: nil)])
        try sandbox.pay(1_000, into: child)
        guard
            case .page(let owed, _) = try evaluate(
                "revenue_royalties", RoyaltiesParameters(inft: parent, asset: sandbox.asset)),
            case .page(let holdings, _) = try evaluate("revenue_holdings", PartyParameters(party: sandbox.party("bob"))),
            case .page(let assets, _) = try evaluate("asset_list", NoParameters()),
            case .value(let balances as BalancesView) = try evaluate(
                "revenue_balance", BalanceParameters(party: sandbox.party("alice"))),
            case .value(let vault as VaultView) = try evaluate(
                "revenue_vault", VaultParameters(inft: child, holder: sandbox.party("carol"))),
            case .value(let asset as AssetView) = try evaluate("asset_get", AssetParameters(code: "USD"))
        else {
            Issue.record("an answer has another shape")
            return
        }
        #expect(owed.compactMap { ($0 as? RoyaltyView)?.claimable } == [Amount(100)])
        #expect(holdings.compactMap { ($0 as? HoldingView)?.inft }.sorted() == [parent, child].sorted())
        #expect(assets.count == 1 && asset.asset.id == sandbox.asset)
        #expect(balances.balances.map(\.amount) == [Amount(999_000)])
        #expect(vault.accounts.first?.net == Amount(900) && vault.accounts.first?.holder?.claimable == Amount(899))
        #expect(
            try reason { _ = try evaluate("asset_get", AssetParameters(code: "NONE")) } == "unknown_asset")
    }

    @Test("What a vault and the inbox tell a holder is what the claim then pays, royalties from descendants included")
    func toldIsPaid() throws {
        var random = SeededRandom(seed: 11)
        let parent = try sandbox.vault("parent", holders: [("alice", 400_000), ("bob", 600_000)])
        let children = try (0..<3).map { number in
            try sandbox.vault(
                "child \(number)", holders: [("carol", 1_000_000)],
                royalties: [RoyaltyEntry(ancestor: parent, share: share(70_000 + 31_337 * number), ceiling: nil)])
        }
        func told(_ name: String) throws -> HolderView? {
            guard
                case .value(let vault as VaultView) = try evaluate(
                    "revenue_vault", VaultParameters(inft: parent, holder: sandbox.party(name)))
            else { throw UnexpectedRefusal(reason: "no vault") }
            return vault.accounts.first { $0.asset == sandbox.asset }?.holder
        }
        func waiting(_ name: String) throws -> [Amount?] {
            let index = try MemoryIndex(of: sandbox.state) { (kind, key, record) throws in
                key.header?.domain == .revenue
                    ? try RevenueDomain.indexEntries(kind: kind, key: key, record: record) : []
            }
            let context = makeQueryContext(sandbox.state, index)
            return try RevenueDomain.tasks.flatMap { source in
                try source.page(sandbox.party(name), PageRequest(after: nil, limit: 100), context).items
            }.filter { $0.inft == parent }.map(\.amount)
        }
        // Nothing was ever paid into the ancestor's own vault.
        #expect(try told("bob") == nil && waiting("bob").isEmpty)
        for step in 0..<20 {
            for child in children {
                try sandbox.pay(UInt64.random(in: 1...999, using: &random), into: child, as: "alice")
            }
            if step % 3 == 1 { try sandbox.pay(UInt64.random(in: 1...999, using: &random), into: parent, as: "alice") }
            let view = try #require(try told("bob"))
            #expect(try waiting("bob") == [view.claimableWithRoyalties])
            let own = view.claimable
            #expect(own <= view.claimableWithRoyalties)
            if step % 4 == 3 {
                #expect(try sandbox.claim(parent, as: "bob") == own.units)
            } else {
                #expect(
                    try sandbox.claim(parent, as: "bob", descendants: children) == view.claimableWithRoyalties.units)
                #expect(try waiting("bob").isEmpty)
            }
        }
        #expect(try sandbox.problems().isEmpty)
    }

    /// A parent of bob's, and so many children that owe it one each.
    private func family(_ name: String, children: Int) throws -> INFTID {
        let parent = try sandbox.vault(name, holders: [("bob", 1_000_000)])
        for number in 0..<children {
            let child = try sandbox.vault(
                "\(name) \(number)", holders: [("carol", 1_000_000)],
                royalties: [RoyaltyEntry(ancestor: parent, share: share(100_000), ceiling: nil)])
            try sandbox.pay(10, into: child)
        }
        return parent
    }

    @Test("All holdings of a call share the descendants that it looks at; what is left comes with the next call")
    func sharedBudget() throws {
        var parents: Set<INFTID> = []
        for (name, count) in [("first", 200), ("second", 100), ("third", 56), ("fourth", 1), ("fifth", 0)] {
            parents.insert(try family(name, children: count))
        }
        // And what has accrued to itself.
        try sandbox.pay(3, into: try #require(try holdings().last), as: "alice")
        let context = try revenueQueries()
        for limit in [1, 2, 100] {
            var told: [INFTID: UInt64] = [:]
            var calls: [Int] = []
            for source in RevenueDomain.tasks {
                var after: IndexKey?
                var budget = TaskBudget()
                list: while true {
                    let page = try source.page(
                        sandbox.party("bob"), PageRequest(after: after, limit: limit), within: &budget, context)
                    for task in page.items {
                        #expect(task.isPart == nil)
                        let inft = try #require(task.inft)
                        #expect(told[inft] == nil, "twice")
                        told[inft] = task.amount?.units
                    }
                    switch page.next {
                    case .end: break list
                    case .after(let key): after = key
                    case .again(let key):
                        #expect(!budget.isWhole, "a call that looks at nothing comes to no end")
                        calls.append(TaskBudget.whole - budget.left)
                        budget = TaskBudget()
                        after = key
                    }
                }
                calls.append(TaskBudget.whole - budget.left)
            }
            #expect(told.values.reduce(0, +) == 360 && Set(told.keys) == parents, "page of \(limit)")
            // A descendant each, and a holding each.
            #expect(calls.reduce(0, +) == 357 + 5 && (2...4).contains(calls.count))
            #expect(calls.allSatisfy { $0 <= TaskBudget.whole })
        }
    }

    @Test("Of more descendants than one call looks at, vault and inbox say that the sum is of a part")
    func partial() throws {
        let parent = try family("parent", children: TaskBudget.whole + 1)
        _ = try family("other", children: 3)
        func vault() throws -> VaultView {
            guard
                case .value(let vault as VaultView) = try evaluate(
                    "revenue_vault", VaultParameters(inft: parent, holder: sandbox.party("bob")))
            else { throw UnexpectedRefusal(reason: "no vault") }
            return vault
        }
        let context = try revenueQueries()
        var told: [PartyTask] = []
        for source in RevenueDomain.tasks {
            var after: IndexKey?
            repeat {
                let page = try source.page(sandbox.party("bob"), PageRequest(after: after, limit: 10), context)
                told += page.items
                after = page.next
            } while after != nil
        }
        #expect(told.first { $0.inft == parent }?.amount == Amount(256))
        #expect(told.first { $0.inft == parent }?.isPart == true)
        #expect(told.filter { $0.inft != parent }.map(\.amount) == [Amount(3)])
        #expect(told.filter { $0.inft != parent }.allSatisfy { $0.isPart == nil })
        #expect(try vault().isOwedInPart)
        #expect(try vault().accounts.map(\.royaltiesOwed) == [Amount(256)])
    }

    private func revenueQueries() throws -> QueryContext {
        makeQueryContext(
            sandbox.state,
            try MemoryIndex(of: sandbox.state) { (kind, key, record) throws in
                key.header?.domain == .revenue
                    ? try RevenueDomain.indexEntries(kind: kind, key: key, record: record) : []
            })
    }

    private func holdings() throws -> [INFTID] {
        guard
            case .page(let items, _) = try evaluate("revenue_holdings", PartyParameters(party: sandbox.party("bob")))
        else { return [] }
        return items.compactMap { ($0 as? HoldingView)?.inft }
    }
}
