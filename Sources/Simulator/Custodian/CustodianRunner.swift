/// What became of one seed of the custodian's simulation.
package struct CustodianSeedResult: SeedOutcome {
    package let seed: UInt64
    /// Equal for equal runs.
    package let hash: UInt64
    package let events: UInt64
    /// Nil: every rule held.
    package let failure: String?
    /// The last lines of the trace, of a failed run.
    package let lines: [String]
    /// Simulated time.
    package let milliseconds: UInt64
    package let counts: CustodianCounts

    /// How many deliveries were made, by custodians and by hand, and how many returned.
    package var deliveries: (made: Int, byHand: Int, returned: Int) {
        (counts.delivered, counts.byHand, counts.returned)
    }
}

package enum CustodianSimulator {
    /// Runs a seed. A failed one is run again with its trace kept, which does not change what happens.
    ///
    /// - Parameter write: gets each line of the trace, where the seed is run for reading.
    package static func run(seed: UInt64, write: (@Sendable (String) -> Void)? = nil) -> CustodianSeedResult {
        let result = attempt(seed, Trace(keepsText: write != nil, write: write))
        guard result.failure != nil, write == nil else { return result }
        return attempt(seed, Trace(keepsText: true))
    }

    private static func attempt(_ seed: UInt64, _ trace: Trace) -> CustodianSeedResult {
        do {
            let simulation = try CustodianSimulation(seed: seed, trace: trace)
            simulation.run()
            return CustodianSeedResult(
                seed: seed, hash: simulation.trace.hash, events: simulation.trace.eventCount,
                failure: simulation.failure, lines: Array(simulation.trace.lines.suffix(Trace.keptLines)),
                milliseconds: simulation.now, counts: simulation.counts)
        } catch {
            return CustodianSeedResult(
                seed: seed, hash: 0, events: 0, failure: "the run can't begin: \(error)", lines: [],
                milliseconds: 0, counts: CustodianCounts())
        }
    }
}
