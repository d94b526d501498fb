import Blocks
import Execution
import Node
import Primitives

/// A chain executed again from its log with all signatures verified, as `mednexusd verify` does: while one block is executed
/// and its roots are checked, the next ones are decoded and verified on all cores.
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
            let rate = try replay(chain)
            guard run > 0 else { continue }
            rates.append(rate)
            ceilings.append(ceiling)
        }
        return Figure(
            id: "replay", name: "chain replayed, all verified ÷ parse + verify", unit: "tx/s", values: rates,
            ceilings: ceilings)
    }

    /// Transactions a second of the blocks behind the funding.
    private func replay(_ chain: Chain) throws -> Double {
        let ledger = chain.ledger
        let tip = Height(UInt64(PipelineBench.blocksPerRun + 1))
        var funding = try ChainReplay(ledger, through: Height(1), threads: setting.cores)
        while let next = try funding.next() { _ = try funding.execute(next) }
        let started = ContinuousClock.now
        var replay = funding.going(through: tip, threads: setting.cores)
        var count = 0
        while let next = try replay.next() { count += try replay.execute(next).transactions.count }
        let seconds = (ContinuousClock.now - started) / .seconds(1)
        guard replay.head.height == tip else { throw BenchFailure("the replay ended at \(replay.head.height)") }
        return Double(count) / seconds
    }
}
