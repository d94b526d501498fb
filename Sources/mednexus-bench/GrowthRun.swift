import Blocks
import Foundation
import Node
import Primitives
import Storage
import Transactions

/// What one size of state gave.
struct GrowthReport: Codable {
    struct Window: Codable {
        let pattern: TouchPattern
        /// Microseconds a transaction, from bytes to durable, while checkpoints run and blocks wait for them.
        let cost: Double
        /// Microseconds a transaction in which the ledger's own thread executed, logged, layered and waited.
        let own: Double
        /// Microseconds of all cores that the whole process took a transaction: what others do beside it does not count.
        let cores: Double
        /// What the machine could verify right before, a second.
        let ceiling: Double
    }

    var windows: [Window] = []
    var stages: [String] = []
    /// Bytes that a transaction adds to the files, and bytes that are written for it.
    var fileBytes = 0.0
    var writtenBytes = 0.0
    /// The most memory of the process itself, beside the bench's signed transactions, and with those and the parts of
    /// the files that the system kept mapped: bytes.
    var ownMemory = 0
    var benchMemory = 0
    var mappedMemory = 0

    func costs(_ pattern: TouchPattern) -> [Double] { windows.filter { $0.pattern == pattern }.map(\.cost) }
}

/// One size of state in a process of its own, so that memory is its own too: transactions of both patterns through the
/// whole pipeline on a state that is there, window by window; then it is killed amid the load.
struct GrowthRun {
    static let blocksPerWindow = 4
    static let blocksBeforeKill = 6

    let entries: Int
    let home: NodeHome
    let windows: Int
    let cores: Int

    func run(report file: String) async throws {
        let state = GrowthState(entries: entries, isKeyed: true)
        var workload = GrowthWorkload(state)
        let ledger = try Ledger.open(home, mapGibibytes: UInt64(GrowthBench.mapBytes >> 30))
        let chain = try Chain(ledger, validator: state.validator)
        var report = GrowthReport()
        let files = try Self.fileBytes(home)
        let written = Self.writtenBytes()
        var count = 0
        for pattern in TouchPattern.allCases {
            let size = PipelineBench.blockTransactions * Self.blocksPerWindow
            // All before the first window: a checkpoint must not find time to catch up between two of them.
            var bodies: [(signer: Int, body: TransactionBody)] = []
            var after: [GrowthWorkload] = []
            for _ in 0...2 * windows {
                bodies += workload.transfers(size, pattern, network: ledger.network)
                after.append(workload)
            }
            let signed = await Workload.sign(bodies, keys: state.keys)
            bodies = []
            if report.benchMemory == 0 { report.benchMemory = Self.status("RssAnon") }
            var stages = Stages()
            var measured: [GrowthReport.Window] = []
            // The first window warms up and fills what buffers there are; it counts for nothing.
            for (index, start) in stride(from: 0, to: signed.count, by: size).enumerated() {
                if Self.undisturbed(measured).count >= windows { break }
                let part = Array(signed[start..<start + size])
                let window = try await window(part, pattern, chain, &stages, &report)
                if index > 0 { measured.append(window) }
                count += size
                // What is left over was never sent, so the next pattern begins behind this window.
                workload = after[index]
            }
            try await flush(chain, &stages)
            report.windows += measured.sorted { $0.ceiling > $1.ceiling }.prefix(windows)
            let transactions = size * (measured.count + 1)
            report.stages.append("\(pattern): \(stages.description(transactions: transactions))")
        }
        report.fileBytes = Double(try Self.fileBytes(home) - files) / Double(count)
        report.writtenBytes = Double(Self.writtenBytes() - written) / Double(count)
        report.mappedMemory = Self.status("VmHWM")
        let data = try JSONEncoder().encode(report)
        let last = await Workload.sign(
            workload.transfers(
                PipelineBench.blockTransactions * Self.blocksBeforeKill, .skewed, network: ledger.network),
            keys: state.keys)
        try data.write(to: URL(filePath: file), options: .atomic)
        var stages = Stages()
        _ = try await pass(last, chain, &stages, &report)
        kill(getpid(), SIGKILL)
    }

    /// Windows in which the machine was nearly as fast as in its best one: others may use it as well.
    private static func undisturbed(_ windows: [GrowthReport.Window]) -> [GrowthReport.Window] {
        let best = windows.map(\.ceiling).max() ?? 0
        return windows.filter { $0.ceiling >= 0.8 * best }
    }

    private func window(
        _ signed: [[UInt8]], _ pattern: TouchPattern, _ chain: Chain, _ stages: inout Stages,
        _ report: inout GrowthReport
    ) async throws -> GrowthReport.Window {
        let ceiling = try VerificationCeiling(Array(signed.prefix(2000)), cores: cores).run()
        let before = stages.total
        let busy = Self.busySeconds()
        let seconds = try await pass(signed, chain, &stages, &report)
        let count = Double(signed.count)
        return GrowthReport.Window(
            pattern: pattern, cost: seconds / count * 1_000_000,
            own: (stages.total - before) / .microseconds(1) / count,
            cores: (Self.busySeconds() - busy) / count * 1_000_000, ceiling: ceiling)
    }

    private func flush(_ chain: Chain, _ stages: inout Stages) async throws {
        let started = ContinuousClock.now
        try await chain.ledger.state.checkpoint()
        stages.checkpoint += ContinuousClock.now - started
    }

    /// Seconds from the first byte to the last block that is final; checkpoints go on meanwhile.
    private func pass(
        _ signed: [[UInt8]], _ chain: Chain, _ stages: inout Stages, _ report: inout GrowthReport
    ) async throws -> Double {
        let pipeline = Pipeline(network: chain.ledger.network, threads: cores)
        let size = PipelineBench.blockTransactions
        let blocks = stride(from: 0, to: signed.count, by: size).map { Array(signed[$0..<$0 + size]) }
        let started = ContinuousClock.now
        var ready = try await pipeline.verify(all: blocks[0])
        for index in blocks.indices {
            let following = index + 1 < blocks.count ? blocks[index + 1] : []
            async let next = pipeline.verify(all: following)
            try chain.append(try ready.map { try $0.get() }, &stages)
            report.ownMemory = max(report.ownMemory, Self.status("RssAnon") - report.benchMemory)
            ready = try await next
        }
        let seconds = (ContinuousClock.now - started) / .seconds(1)
        report.ownMemory = max(report.ownMemory, Self.status("RssAnon") - report.benchMemory)
        try await pipeline.stop()
        return seconds
    }

    /// Seconds that the cores spent on this process.
    static func busySeconds() -> Double {
        var time = timespec()
        guard unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) == 0 else { return 0 }
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1_000_000_000
    }

    /// A line of the system's own account of this process, in bytes; 0 where there is none.
    private static func status(_ name: String) -> Int {
        let text = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix(name + ":") }
        return (line?.split(separator: " ").dropFirst().first).flatMap { Int($0) }.map { $0 << 10 } ?? 0
    }

    /// Bytes that this process handed to the system to write.
    static func writtenBytes() -> Int {
        let text = (try? String(contentsOfFile: "/proc/self/io", encoding: .utf8)) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix("wchar:") }
        return (line?.split(separator: " ").last).flatMap { Int($0) } ?? 0
    }

    static func fileBytes(_ home: NodeHome) throws -> Int {
        try ["log", "state"].reduce(0) { sum, name in
            let path = "\(home.storageDirectory)/\(name)/data.mdb"
            return sum + (try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0)
        }
    }
}

/// How long it takes to open what a kill left: the store at its checkpoint, and the blocks above it executed again.
struct GrowthReopening: Codable {
    let milliseconds: Double
    let blocks: Int
    let height: UInt64

    static func measure(_ home: NodeHome) throws -> GrowthReopening {
        let started = ContinuousClock.now
        var blocks = 0
        let ledger = try Ledger.open(
            home, mapGibibytes: UInt64(GrowthBench.mapBytes >> 30), progress: { _, _ in blocks += 1 })
        let milliseconds = (ContinuousClock.now - started) / .milliseconds(1)
        guard let tip = ledger.log.tip, ledger.state.height == tip.height,
            ledger.state.root == (try ledger.header(at: tip.height).header.stateRoot)
        else { throw BenchFailure("the state that was opened is not that of the last block") }
        return GrowthReopening(milliseconds: milliseconds, blocks: blocks, height: tip.height.value)
    }
}
