import ArgumentParser
import Simulator

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
    @Flag(help: "Royalty histories, a line of JSON each, for Tests/Python/royalty_model.py.") var royalties = false
    @Flag(help: "Run every seed twice and compare.") var verifyDeterminism = false
    @Flag(help: "Stop at the first seed that fails.") var untilFailure = false
    @Flag(help: "Sign without the double-sign guard: for finding out whether faults are found.") var guardOff = false

    func run() throws {
        if royalties { return try RoyaltySeeds(command: self).run() }
        if custodian { return try CustodianSeeds(command: self).run() }
        if let seed {
            let result = Simulator.run(seed: seed, guardIsOff: guardOff) { print($0) }
            print("\nseed \(seed): \(describe(result))")
            if result.failure != nil { throw ExitCode(1) }
            return
        }
        let guardIsOff = guardOff
        try SeedRun(command: self, target: "simulate", reportEvery: 100) { seed in
            Simulator.run(seed: seed, guardIsOff: guardIsOff)
        }.run()
    }

    private func describe(_ result: SeedResult) -> String {
        "\(result.failure ?? "passed"): \(result.views) views, \(result.finalTransactions) transactions,"
            + " \(result.milliseconds / 1_000) s simulated, \(result.events) events, trace \(String(result.hash, radix: 16))"
    }
}
