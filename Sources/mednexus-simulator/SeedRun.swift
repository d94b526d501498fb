import ArgumentParser
import Dispatch
import Simulator
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Many seeds of one simulation, several at once, and what came of them.
struct SeedRun<Outcome: SeedOutcome> {
    let command: SimulatorCommand
    /// That of the Makefile which runs one of them again.
    let target: String
    /// After how many a line of progress is printed.
    let reportEvery: Int
    let simulate: @Sendable (_ seed: UInt64) -> Outcome

    /// - Throws: `ExitCode(1)` if a seed fails, or is not repeated where that is asked for.
    func run() throws {
        let begin = DispatchTime.now().uptimeNanoseconds
        let progress = SeedProgress(self)
        DispatchQueue.concurrentPerform(iterations: max(1, command.jobs)) { _ in
            while let seed = progress.take() {
                let outcome = simulate(seed)
                let isRepeated = !command.verifyDeterminism || simulate(seed).hash == outcome.hash
                progress.finished(outcome, isRepeated: isRepeated)
            }
        }
        let seconds = Double(DispatchTime.now().uptimeNanoseconds - begin) / 1e9
        let (summary, differing) = progress.outcome
        for line in summary.lines { print(line) }
        let perSecond = Double(summary.seeds) / max(seconds, 0.001)
        let each = seconds * Double(command.jobs) / Double(max(1, summary.seeds))
        print(
            "\(summary.seeds - summary.failures.count) of \(summary.seeds) seeds passed in \(rounded(seconds)) s:"
                + " \(rounded(perSecond)) seeds/s, at most \(rounded(each)) core-seconds a seed,"
                + " \(summary.simulatedMilliseconds / 3_600_000) hours simulated")
        if !differing.isEmpty { print("not repeated: seeds \(differing.map { String($0) }.joined(separator: ", "))") }
        if !summary.failures.isEmpty || !differing.isEmpty { throw ExitCode(1) }
    }

    /// Thousandths: a custodian's seed takes some hundredths of a second.
    private func rounded(_ value: Double) -> Double { (value * 1_000).rounded() / 1_000 }
}

/// Which seed is next, and what came of those before; shared by the threads.
private final class SeedProgress<Outcome: SeedOutcome>: Sendable {
    private struct State {
        var next: UInt64
        var summary = SeedSummary<Outcome>()
        var differing: [UInt64] = []
        var isStopped = false
    }

    private let end: UInt64
    private let untilFailure: Bool
    private let target: String
    private let reportEvery: Int
    private let state: Mutex<State>

    init(_ run: SeedRun<Outcome>) {
        end = run.command.from + run.command.seeds
        untilFailure = run.command.untilFailure
        target = run.target
        reportEvery = run.reportEvery
        state = Mutex(State(next: run.command.from))
    }

    func take() -> UInt64? {
        state.withLock { state in
            guard state.next < end, !state.isStopped else { return nil }
            defer { state.next += 1 }
            return state.next
        }
    }

    func finished(_ outcome: Outcome, isRepeated: Bool) {
        state.withLock { state in
            state.summary.add(outcome)
            if !isRepeated { state.differing.append(outcome.seed) }
            if let failure = outcome.failure {
                state.isStopped = state.isStopped || untilFailure
                for line in outcome.lines { print(line) }
                print("seed \(outcome.seed) FAILED: \(failure)")
                print("run it again with: make \(target) SEED=\(outcome.seed)\n")
                _ = fflush(nil)
            } else if state.summary.seeds.isMultiple(of: reportEvery) {
                print("\(state.summary.seeds) seeds run, \(state.summary.failures.count) failed")
                _ = fflush(nil)
            }
        }
    }

    var outcome: (summary: SeedSummary<Outcome>, differing: [UInt64]) {
        state.withLock { ($0.summary, $0.differing.sorted()) }
    }
}
