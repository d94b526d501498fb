import Blocks
import Execution
import Node
import Primitives
import StateModel
import Transactions

/// A chain executed again from its bytes with all signatures verified, as a node does that syncs: while one block is
/// executed and its roots are checked, the next one is verified on all cores.
struct ReplayBench {
    let setting: Setting

    func run() async throws -> Figure {
        let folder = try TemporaryFolder("replay")
        defer { folder.remove() }
        var workload = Workload()
        let chain = try Chain(workload, in: folder.path + "/node")
        let network = chain.ledger.network
        let pipeline = Pipeline(network: network, threads: setting.cores)
        let funding = await workload.sign(workload.funding(network: network))
        try chain.append(try await pipeline.verify(all: funding).map { try $0.get() })
        var signed: [[UInt8]] = []
        for _ in 0..<PipelineBench.blocksPerRun {
            let block = await workload.sign(workload.transfers(PipelineBench.blockTransactions, network: network))
            try chain.append(try await pipeline.verify(all: block).map { try $0.get() })
            signed += block
        }
        try await pipeline.stop()
        var rates: [Double] = []
        var ceilings: [Double] = []
        for run in 0...setting.runs {
            let ceiling = try VerificationCeiling(signed, cores: setting.cores).run()
            let rate = try await replay(chain)
            guard run > 0 else { continue }
            rates.append(rate)
            ceilings.append(ceiling)
        }
        return Figure(
            id: "replay", name: "chain replayed, all verified ÷ parse + verify", unit: "tx/s", values: rates,
            ceilings: ceilings)
    }

    /// Transactions a second of the blocks behind the funding.
    private func replay(_ chain: Chain) async throws -> Double {
        let ledger = chain.ledger
        let (genesis, layer) = try Ledger.genesisBlock(ledger.genesis)
        var state = LayeredSnapshot(EmptySnapshot()).adding(layer)
        var parent = genesis.header
        let blocks = try (1...UInt64(PipelineBench.blocksPerRun + 1)).map { try ledger.block(at: Height($0)).block }
        // A new one each time: what an earlier pass verified must not be remembered.
        let pipeline = Pipeline(network: ledger.network, threads: setting.cores)
        var ready = try await pipeline.verify(all: blocks[0].transactions)
        var started = ContinuousClock.now
        var count = 0
        for index in blocks.indices {
            let following = index + 1 < blocks.count ? blocks[index + 1].transactions : []
            if index == 1 {
                started = .now
                ready = try await pipeline.verify(all: blocks[1].transactions)
            }
            async let next = index == 0 ? [] : pipeline.verify(all: following)
            let executed = try Ledger.execute(
                blocks[index], transactions: try ready.map { try $0.get() }, on: parent, state: state,
                networkKind: ledger.networkKind)
            state = state.adding(executed.layer)
            parent = blocks[index].header
            if index > 0 { count += executed.transactions.count }
            ready = try await next
        }
        let seconds = (ContinuousClock.now - started) / .seconds(1)
        try await pipeline.stop()
        return Double(count) / seconds
    }
}
