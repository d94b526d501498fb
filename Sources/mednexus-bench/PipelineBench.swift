import Blocks
import Cryptography
import Execution
import Foundation
import Interface
import Node
import Primitives
import StateModel
import Storage
import Transactions
import Votes

/// Bytes → verified on all cores → executed → rooted → durable, block after block, as a node does it: while one block is
/// executed and logged the next ones are verified, and checkpoints are written beside both.
///
/// On a state of a million entries, built in bulk. The blocks of a pattern are one stream without a pause, and a window is
/// some blocks of it, from one being final to another: neither the first block's verification nor the last one's execution,
/// which nothing runs beside, is in it, and what checkpoints cost is.
struct PipelineBench {
    static let blockTransactions = 5_000
    static let blocksPerRun = 4
    static let entries = 1_000_000

    let setting: Setting

    func run() throws -> [Figure] {
        let folder = ".build/pipeline"
        try? FileManager.default.removeItem(atPath: folder)
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let child = GrowthBench(setting: setting, isLarge: false)
        try child.child(["growth-build", folder, "--entries", "\(Self.entries)"])
        try child.child(["pipeline-run", folder, "--entries", "\(Self.entries)", "--windows", "\(setting.runs)"])
        let report = try GrowthBench.read(PipelineReport.self, folder + "/report.json")
        for line in report.stages { print("pipeline: \(line)") }
        return TouchPattern.allCases.map { pattern in
            let windows = report.windows.filter { $0.pattern == pattern }
            return Figure(
                id: pattern == .skewed ? "pipeline" : "pipeline.uniform",
                name: "bytes to durable, \(pattern) touches ÷ parse + verify", unit: "tx/s",
                values: windows.map(\.rate), ceilings: windows.map(\.ceiling))
        }
    }
}

/// What the pipeline gave.
struct PipelineReport: Codable {
    struct Window: Codable {
        let pattern: TouchPattern
        /// Transactions a second.
        let rate: Double
        /// What the machine could verify meanwhile, a second: the mean of before and after the stream.
        let ceiling: Double
    }

    var windows: [Window] = []
    var stages: [String] = []
}

/// Both patterns on a state that is there, in a process of their own.
struct PipelineRun {
    let entries: Int
    let home: NodeHome
    let windows: Int
    let cores: Int

    func run(report file: String) async throws {
        let state = GrowthState(entries: entries, isKeyed: true)
        var workload = GrowthWorkload(state)
        let ledger = try Ledger.open(home, mapGibibytes: UInt64(GrowthBench.mapBytes >> 30))
        let chain = try Chain(ledger, validator: state.validator)
        let size = PipelineBench.blockTransactions * PipelineBench.blocksPerRun
        var report = PipelineReport()
        for pattern in TouchPattern.allCases {
            // The first window warms up; the one behind the last keeps verification busy to the last one's end.
            let signed = await Workload.sign(
                workload.transfers(size * (windows + 2), pattern, network: ledger.network), keys: state.keys)
            let before = try VerificationCeiling(Array(signed.prefix(size)), cores: cores).run()
            var stages = Stages()
            let busy = GrowthRun.busySeconds()
            let written = GrowthRun.writtenBytes()
            let rates = try await PipelinePass(chain: chain, cores: cores).windows(
                signed, blocks: PipelineBench.blocksPerRun, &stages)
            let cost = (GrowthRun.busySeconds() - busy) / Double(signed.count) * 1_000_000
            // A checkpoint that still ran would take from the ceiling.
            try await ledger.state.checkpoint()
            let after = try VerificationCeiling(Array(signed.prefix(size)), cores: cores).run()
            for rate in rates.dropFirst().prefix(windows) {
                report.windows.append(
                    PipelineReport.Window(pattern: pattern, rate: rate, ceiling: (before + after) / 2))
            }
            let bytes = (GrowthRun.writtenBytes() - written) / signed.count
            let tenths = (cost * 10).rounded() / 10
            report.stages.append(
                "\(pattern): \(stages.description(transactions: signed.count)); \(tenths) µs of all cores;"
                    + " \(bytes) bytes written")
        }
        try JSONEncoder().encode(report).write(to: URL(filePath: file), options: .atomic)
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

    /// Transactions a second of each run of `count` blocks of one stream: two blocks are verified ahead of the one that
    /// is executed.
    func windows(_ transactions: [[UInt8]], blocks count: Int, _ stages: inout Stages) async throws -> [Double] {
        let pipeline = Pipeline(network: chain.ledger.network, threads: cores)
        var rest = blocks(transactions, of: PipelineBench.blockTransactions)[...]
        func ahead() -> Task<[Result<VerifiedTransaction, Rejection>], any Error>? {
            guard let block = rest.popFirst() else { return nil }
            return Task { try await pipeline.verify(all: block) }
        }
        var pending = [ahead(), ahead()].compactMap { $0 }
        var rates: [Double] = []
        var started = ContinuousClock.now
        var done = 0
        while !pending.isEmpty {
            let ready = try await pending.removeFirst().value
            if let next = ahead() { pending.append(next) }
            try chain.append(try ready.map { try $0.get() }, &stages)
            done += 1
            guard done % count == 0 else { continue }
            let now = ContinuousClock.now
            rates.append(Double(count * PipelineBench.blockTransactions) / ((now - started) / .seconds(1)))
            started = now
        }
        try await pipeline.stop()
        return rates
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
        stages.stateWrites += executed.layer.stateCount
        stages.indexWrites += executed.layer.indexCount
        head = header
    }
}
