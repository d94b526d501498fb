import Node
import Primitives

/// Purchases with a royalty split through the pipeline (bytes → verified on all cores → executed → rooted → durable) beside
/// the same bookkeeping in PostgreSQL: one prepared call in one transaction with a synchronous commit, the best of several
/// numbers of clients, on the same cores in the same run. Not a ceiling but a measure that people know: PostgreSQL verifies
/// no signature and chains no hash.
struct PostgresBench {
    static let clients = [4, 8, 16, 32]
    /// Of each number of clients at the beginning; the two best are measured again beside each of our runs.
    static let secondsPerTrial = 3
    static let secondsPerRun = 2
    static let blockTransactions = 5_000
    /// An offer weighs what asking its consents may take, so fewer of those that make the market fit a block.
    static let makingTransactions = 1_000
    static let blocksPerRun = 2

    let setting: Setting

    func run() async throws -> Figure {
        let folder = try TemporaryFolder("postgres")
        defer { folder.remove() }
        Progress.say("postgres: a cluster of its own is made and filled")
        let server = try PostgresServer(in: folder)
        defer { server.stop() }
        try server.execute(
            PostgresPurchases.schema(
                accounts: Workload.accountCount, works: PurchaseWorkload.workCount,
                derivatives: PurchaseWorkload.derivativeCount, funds: 1_000_000_000, price: PurchaseWorkload.price))

        Progress.say("postgres: the same market is made here, 16 works and 1,984 derivatives")
        let home = try TemporaryFolder("purchases")
        defer { home.remove() }
        let workload = Workload()
        let chain = try Chain(workload, in: home.path + "/node")
        var market = PurchaseWorkload(workload, network: chain.ledger.network)
        let pass = PipelinePass(chain: chain, cores: setting.cores)
        for part in market.market() {
            for block in pass.blocks(await market.sign(part), of: Self.makingTransactions) {
                try chain.append(try await pass.verified(block))
            }
        }
        var rates: [Double] = []
        var others: [Double] = []
        var stages = Stages()
        let best = try bestClients(server)
        for run in 0...setting.runs {
            let other = try load(server, best, seconds: Self.secondsPerRun).max() ?? 0
            let transactions = await market.sign(market.purchases(Self.blockTransactions * Self.blocksPerRun))
            var measured = Stages()
            let rate = try await pass.rate(pass.blocks(transactions, of: Self.blockTransactions), &measured)
            Progress.say(
                "postgres: run \(run) of \(setting.runs), \(Int(rate)) purchases a second beside \(Int(other))"
                    + (run == 0 ? " (warming up)" : ""))
            guard run > 0 else { continue }
            rates.append(rate)
            others.append(other)
            stages.add(measured)
        }
        print(
            "postgres, ours: \(stages.description(transactions: Self.blockTransactions * Self.blocksPerRun * setting.runs))"
        )
        try checkBooks(server)
        return Figure(
            id: "postgres",
            name: "purchases, durable ÷ PostgreSQL (which verifies no signature and chains no hash)", unit: "tx/s",
            values: rates, ceilings: others)
    }

    /// The two numbers of clients with the highest rates.
    private func bestClients(_ server: PostgresServer) throws -> [Int] {
        let found = zip(Self.clients, try load(server, Self.clients, seconds: Self.secondsPerTrial))
        for (clients, rate) in found { Progress.say("postgres: \(clients) clients, \(Int(rate)) purchases a second") }
        return found.sorted { $0.1 > $1.1 }.prefix(2).map(\.0)
    }

    private func load(_ server: PostgresServer, _ clients: [Int], seconds: Int) throws -> [Double] {
        let script = PostgresPurchases.script(
            buyers: PurchaseWorkload.firstMaker, hotBuyers: Workload.hotCount, offers: PurchaseWorkload.derivativeCount,
            hotOffers: PurchaseWorkload.hotCount, price: PurchaseWorkload.price)
        return try clients.map { clients in
            try server.load(script, clients: clients, threads: setting.cores, seconds: seconds)
        }
    }

    /// What was measured kept its books: what buyers paid is what vaults got, and each payment made a license.
    private func checkBooks(_ server: PostgresServer) throws {
        let sums = try server.answer(
            """
            SELECT (SELECT \(Workload.accountCount)::numeric * 1000000000 - sum(amount) FROM balance)
                = (SELECT sum(total) FROM vault)
                AND (SELECT sum(total) FROM vault) = (SELECT count(*) * \(PurchaseWorkload.price) FROM license)
            """)
        guard sums == "t" else { throw BenchFailure("the books in PostgreSQL do not add up") }
    }
}
