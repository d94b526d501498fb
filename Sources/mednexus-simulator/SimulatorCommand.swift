import ArgumentParser
import Dispatch
import Simulator
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// `make simulate`: real replicas over a simulated clock, network and disk, everything from one seed.
@main
struct SimulatorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mednexus-simulator",
        abstract: "Runs networks of nodes, or custodians, over a simulated clock, network and disk.",
        discussion: """
            What is real in it, what goes wrong, what is checked and how to read a trace: Specs/simulator.md.
            Ends with 1 if a seed fails.
            """)

    @Option(help: "Run this seed and print its trace.") var seed: UInt64?
    @Option(help: "How many seeds to run.") var seeds: UInt64 = 100
    @Option(help: "The first of them.") var from: UInt64 = 1
    @Option(help: "How many run at once.") var jobs = 2
    @Flag(help: "Custodians beside a ledger, instead of networks of nodes.") var custodian = false
    @Flag(help: "Run every seed twice and compare.") var verifyDeterminism = false
    @Flag(help: "Stop at the first seed that fails.") var untilFailure = false
    @Flag(help: "Sign without the double-sign guard: for finding out whether faults are found.") var guardOff = false

    func run() throws {
        if custodian { return try CustodianSeeds(command: self).run() }
        if let seed {
            let result = Simulator.run(seed: seed, guardIsOff: guardOff) { print($0) }
            print("\nseed \(seed): \(describe(result))")
            if result.failure != nil { throw ExitCode(1) }
            return
        }
        let begin = DispatchTime.now().uptimeNanoseconds
        let progress = Progress(end: from + seeds, next: from, untilFailure: untilFailure)
        DispatchQueue.concurrentPerform(iterations: max(1, jobs)) { _ in
            while let seed = progress.take() {
                let result = Simulator.run(seed: seed, guardIsOff: guardOff)
                var isRepeated = true
                if verifyDeterminism {
                    isRepeated = Simulator.run(seed: seed, guardIsOff: guardOff).hash == result.hash
                }
                progress.finished(result, isRepeated: isRepeated)
            }
        }
        let seconds = Double(DispatchTime.now().uptimeNanoseconds - begin) / 1e9
        try report(progress, seconds: seconds)
    }

    private func report(_ progress: Progress, seconds: Double) throws {
        let (summary, differing) = progress.outcome
        for line in summary.lines { print(line) }
        let perSecond = Double(summary.seeds) / max(seconds, 0.001)
        print(
            "\(summary.seeds - summary.failures.count) of \(summary.seeds) seeds passed in \(rounded(seconds)) s:"
                + " \(rounded(perSecond)) seeds/s, at most \(rounded(seconds * Double(jobs) / Double(max(1, summary.seeds))))"
                + " core-seconds a seed, \(summary.simulatedMilliseconds / 3_600_000) hours simulated")
        if !differing.isEmpty { print("not repeated: seeds \(differing.map { String($0) }.joined(separator: ", "))") }
        if !summary.failures.isEmpty || !differing.isEmpty { throw ExitCode(1) }
    }

    private func describe(_ result: SeedResult) -> String {
        "\(result.failure ?? "passed"): \(result.views) views, \(result.finalTransactions) transactions,"
            + " \(result.milliseconds / 1_000) s simulated, \(result.events) events, trace \(String(result.hash, radix: 16))"
    }

    private func rounded(_ value: Double) -> Double { (value * 100).rounded() / 100 }
}

/// Which seed is next, and what came of those before; shared by the threads.
private final class Progress: Sendable {
    private struct State {
        var next: UInt64
        var summary = SeedSummary()
        var differing: [UInt64] = []
        var isStopped = false
    }

    private let end: UInt64
    private let untilFailure: Bool
    private let state: Mutex<State>

    init(end: UInt64, next: UInt64, untilFailure: Bool) {
        self.end = end
        self.untilFailure = untilFailure
        state = Mutex(State(next: next))
    }

    func take() -> UInt64? {
        state.withLock { state in
            guard state.next < end, !state.isStopped else { return nil }
            defer { state.next += 1 }
            return state.next
        }
    }

    func finished(_ result: SeedResult, isRepeated: Bool) {
        state.withLock { state in
            state.summary.add(result)
            if !isRepeated { state.differing.append(result.seed) }
            if let failure = result.failure {
                state.isStopped = state.isStopped || untilFailure
                for line in result.lines { print(line) }
                print("seed \(result.seed) FAILED: \(failure)")
                print("run it again with: make simulate SEED=\(result.seed)\n")
                _ = fflush(nil)
            } else if state.summary.seeds.isMultiple(of: 100) {
                print("\(state.summary.seeds) seeds run, \(state.summary.failures.count) failed")
                _ = fflush(nil)
            }
        }
    }

    var outcome: (summary: SeedSummary, differing: [UInt64]) { state.withLock { ($0.summary, $0.differing.sorted()) } }
}
