import Blocks
import Cryptography
import Execution
import Interface
import Node
import Primitives
import StateModel
import Storage
import Transactions
import Votes

/// Bytes → verified on all cores → executed → rooted → durable, block after block, as a node does it: while one block is
/// executed and logged the next one is verified.
struct PipelineBench {
    static let blockTransactions = 5_000
    static let blocksPerRun = 4

    let setting: Setting

    func run() async throws -> Figure {
        let folder = try TemporaryFolder("pipeline")
        defer { folder.remove() }
        var workload = Workload()
        let chain = try Chain(workload, in: folder.path + "/node")
        let network = chain.ledger.network
        let funding = await workload.sign(workload.funding(network: network))
        let pass = PipelinePass(chain: chain, cores: setting.cores)
        try chain.append(try await pass.verified(funding))

        var rates: [Double] = []
        var ceilings: [Double] = []
        var stages = Stages()
        // The first run warms up caches and branch predictors and counts for nothing.
        for run in 0...setting.runs {
            let bodies = workload.transfers(Self.blockTransactions * Self.blocksPerRun, network: network)
            let transactions = await workload.sign(bodies)
            let ceiling = try VerificationCeiling(transactions, cores: setting.cores).run()
            var measured = Stages()
            let rate = try await pass.rate(pass.blocks(transactions, of: Self.blockTransactions), &measured)
            guard run > 0 else { continue }
            rates.append(rate)
            ceilings.append(ceiling)
            stages.add(measured)
        }
        print(
            "pipeline: \(stages.description(transactions: Self.blockTransactions * Self.blocksPerRun * setting.runs))")
        return Figure(
            id: "pipeline", name: "bytes to durable ÷ parse + verify", unit: "tx/s", values: rates, ceilings: ceilings)
    }
}

/// Blocks through the pipeline, as a node takes them.
struct PipelinePass {
    let chain: Chain
    let cores: Int

    func blocks(_ transactions: [[UInt8]], of count: Int) -> [[[UInt8]]] {
        stride(from: 0, to: transactions.count, by: count).map {
            Array(transactions[$0..<min($0 + count, transactions.count)])
        }
    }

    /// Transactions a second, checkpoint of the state included.
    func rate(_ blocks: [[[UInt8]]], _ stages: inout Stages) async throws -> Double {
        // A new one each time: what an earlier pass verified must not be remembered.
        let pipeline = Pipeline(network: chain.ledger.network, threads: cores)
        let started = ContinuousClock.now
        var ready = try await pipeline.verify(all: blocks[0])
        for index in blocks.indices {
            let following = index + 1 < blocks.count ? blocks[index + 1] : []
            async let next = pipeline.verify(all: following)
            try chain.append(try ready.map { try $0.get() }, &stages)
            ready = try await next
        }
        let flushed = ContinuousClock.now
        try await chain.ledger.state.checkpoint()
        stages.checkpoint += ContinuousClock.now - flushed
        let seconds = (ContinuousClock.now - started) / .seconds(1)
        try await pipeline.stop()
        return Double(blocks.reduce(0) { $0 + $1.count }) / seconds
    }

    func verified(_ transactions: [[UInt8]]) async throws -> [VerifiedTransaction] {
        let pipeline = Pipeline(network: chain.ledger.network, threads: cores)
        let verified = try await pipeline.verify(all: transactions).map { try $0.get() }
        try await pipeline.stop()
        return verified
    }
}

/// Where the time of the pipeline's own thread went.
struct Stages {
    var execute = Duration.zero
    var log = Duration.zero
    var push = Duration.zero
    var checkpoint = Duration.zero
    var stateWrites = 0
    var indexWrites = 0

    var total: Duration { execute + log + push + checkpoint }

    mutating func add(_ other: Stages) {
        execute += other.execute
        log += other.log
        push += other.push
        checkpoint += other.checkpoint
        stateWrites += other.stateWrites
        indexWrites += other.indexWrites
    }

    func description(transactions: Int) -> String {
        func microseconds(_ duration: Duration) -> String {
            let tenths = (duration / .microseconds(1) / Double(transactions) * 10).rounded()
            return "\(tenths / 10) µs"
        }
        let writes = Double(stateWrites * 10 / transactions) / 10
        let entries = Double(indexWrites * 10 / transactions) / 10
        return "a transaction takes \(microseconds(execute)) to execute and root, \(microseconds(log)) to log durably,"
            + " \(microseconds(push)) to layer, \(microseconds(checkpoint)) to wait for the last checkpoint;"
            + " it writes \(writes) records and \(entries) index entries (after what its block merges)"
    }
}

/// A ledger on disk to which blocks are appended: proposed, certified by the only validator, logged, layered.
final class Chain {
    let ledger: Ledger
    private let validator: SecretKey
    private let epoch: EpochContext
    private var head: BlockHeader

    init(_ workload: Workload, in path: String) throws {
        let home = NodeHome(path)
        let text = try JSONValueEncoder.encode(workload.genesis, networkKind: .test).text
        try home.create(genesis: text, validatorKey: SecretKeyBytes(Workload.validatorSeed), history: .unused)
        ledger = try Ledger.open(home, mapGibibytes: 64)
        validator = workload.validator
        head = try ledger.header(at: .genesis).header
        epoch = EpochContext(
            network: ledger.network, networkKind: ledger.networkKind, epoch: 0, validatorSet: head.validatorSet)
    }

    /// Goes on with a ledger that has blocks.
    init(_ ledger: Ledger, validator: SecretKey) throws {
        guard let tip = ledger.log.tip else { throw BenchFailure("the ledger has no block") }
        self.ledger = ledger
        self.validator = validator
        head = try ledger.header(at: tip.height).header
        epoch = EpochContext(
            network: ledger.network, networkKind: ledger.networkKind, epoch: 0, validatorSet: head.validatorSet)
    }

    func append(_ transactions: [VerifiedTransaction]) throws {
        var stages = Stages()
        try append(transactions, &stages)
    }

    func append(_ transactions: [VerifiedTransaction], _ stages: inout Stages) throws {
        let started = ContinuousClock.now
        let (executed, refused) = try BlockExecutor.propose(
            on: head, state: try ledger.state.snapshot(), epoch: epoch, proposer: 0,
            time: Timestamp(head.time.milliseconds + 1000), candidates: transactions)
        guard refused.isEmpty, executed.transactions.count == transactions.count else {
            let reason = refused.first.map { "\($0.rejection)" } ?? "no room"
            throw BenchFailure("\(transactions.count - executed.transactions.count) are not in the block: \(reason)")
        }
        let rooted = ContinuousClock.now
        let header = executed.block.header
        let vote = Vote.finalize(
            Epoch(0), View(header.height.value), parentView: View(header.height.value - 1),
            blockHash: executed.block.hash)
        let signature = Schnorr.sign(
            message: vote.message(network: ledger.network), secret: validator, auxiliary: .zero)
        let certificate = Certificate(vote, signatures: [(0, signature)], validators: 1)
        try ledger.log.append(
            Ledger.entry(executed.block, certificate: certificate, receipts: executed.receipts))
        let logged = ContinuousClock.now
        try ledger.state.push(executed.layer)
        stages.execute += rooted - started
        stages.log += logged - rooted
        stages.push += ContinuousClock.now - logged
        stages.stateWrites += executed.layer.state.count
        stages.indexWrites += executed.layer.index.count
        head = header
    }
}
