import ArgumentParser
import Dispatch
import Simulator
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// `make simulate-custodian`: custodians with their journals beside a real ledger, everything from one seed.
struct CustodianSeeds {
    let command: SimulatorCommand

    func run() throws {
        if let seed = command.seed {
            let result = CustodianSimulator.run(seed: seed) { print($0) }
            let made = result.deliveries
            print(
                "\nseed \(seed): \(result.failure ?? "passed"): \(made.made) delivered, \(made.byHand) by hand,"
                    + " \(made.returned) returned, \(result.milliseconds / 1_000) s simulated, \(result.events) events,"
                    + " trace \(String(result.hash, radix: 16))")
            if result.failure != nil { throw ExitCode(1) }
            return
        }
        let begin = DispatchTime.now().uptimeNanoseconds
        let progress = CustodianProgress(command)
        DispatchQueue.concurrentPerform(iterations: max(1, command.jobs)) { _ in
            while let seed = progress.take() {
                let result = CustodianSimulator.run(seed: seed)
                let isRepeated =
                    !command.verifyDeterminism || CustodianSimulator.run(seed: seed).hash == result.hash
                progress.finished(result, isRepeated: isRepeated)
            }
        }
        let milliseconds = Double(DispatchTime.now().uptimeNanoseconds - begin) / 1e6
        let (summary, differing) = progress.outcome
        for line in summary.lines { print(line) }
        let each = milliseconds * Double(command.jobs) / Double(max(1, summary.seeds))
        print(
            "\(summary.seeds - summary.failures.count) of \(summary.seeds) seeds passed in"
                + " \(Int(milliseconds / 1_000)) s: at most \((each * 10).rounded() / 10) core-milliseconds a seed,"
                + " \(summary.simulatedMilliseconds / 3_600_000) hours simulated")
        if !differing.isEmpty { print("not repeated: seeds \(differing.map { String($0) }.joined(separator: ", "))") }
        if !summary.failures.isEmpty || !differing.isEmpty { throw ExitCode(1) }
    }
}

/// Which seed is next, and what came of those before; shared by the threads.
private final class CustodianProgress: Sendable {
    private struct State {
        var next: UInt64
        var summary = CustodianSummary()
        var differing: [UInt64] = []
        var isStopped = false
    }

    private let end: UInt64
    private let untilFailure: Bool
    private let state: Mutex<State>

    init(_ command: SimulatorCommand) {
        end = command.from + command.seeds
        untilFailure = command.untilFailure
        state = Mutex(State(next: command.from))
    }

    func take() -> UInt64? {
        state.withLock { state in
            guard state.next < end, !state.isStopped else { return nil }
            defer { state.next += 1 }
            return state.next
        }
    }

    func finished(_ result: CustodianSeedResult, isRepeated: Bool) {
        state.withLock { state in
            state.summary.add(result)
            if !isRepeated { state.differing.append(result.seed) }
            if let failure = result.failure {
                state.isStopped = state.isStopped || untilFailure
                for line in result.lines { print(line) }
                print("seed \(result.seed) FAILED: \(failure)")
                print("run it again with: make simulate-custodian SEED=\(result.seed)\n")
                _ = fflush(nil)
            } else if state.summary.seeds.isMultiple(of: 500) {
                print("\(state.summary.seeds) seeds run, \(state.summary.failures.count) failed")
                _ = fflush(nil)
            }
        }
    }

    var outcome: (summary: CustodianSummary, differing: [UInt64]) {
        state.withLock { ($0.summary, $0.differing.sorted()) }
    }
}
