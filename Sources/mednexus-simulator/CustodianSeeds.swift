import ArgumentParser
import Simulator

/// `make simulate-custodian`: custodians with their journals beside a real ledger, everything from one seed.
struct CustodianSeeds {
    let command: SimulatorCommand

    func run() throws {
        guard let seed = command.seed else {
            return try SeedRun(command: command, target: "simulate-custodian", reportEvery: 500) { seed in
                CustodianSimulator.run(seed: seed)
            }.run()
        }
        let result = CustodianSimulator.run(seed: seed) { print($0) }
        let made = result.deliveries
        print(
            "\nseed \(seed): \(result.failure ?? "passed"): \(made.made) delivered, \(made.byHand) by hand,"
                + " \(made.returned) returned, \(result.milliseconds / 1_000) s simulated, \(result.events) events,"
                + " trace \(String(result.hash, radix: 16))")
        if result.failure != nil { throw ExitCode(1) }
    }
}
