import ArgumentParser
import Simulator

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// `make royalty-model`: royalty histories as lines of JSON, for the model that judges them.
struct RoyaltySeeds {
    let command: SimulatorCommand

    func run() throws {
        let seeds = command.seed.map { $0..<$0 + 1 } ?? command.from..<command.from + command.seeds
        for seed in seeds { print(try RoyaltyHistories.line(seed: seed)) }
        _ = fflush(nil)
    }
}
