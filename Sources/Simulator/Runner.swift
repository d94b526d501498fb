internal import Votes

/// What became of one seed.
package struct SeedResult: SeedOutcome {
    package let seed: UInt64
    /// Equal for equal runs.
    package let hash: UInt64
    package let events: UInt64
    /// Nil: every rule held.
    package let failure: String?
    /// The last lines of the trace, of a failed run.
    package let lines: [String]
    package let views: UInt64
    /// How many the wallets sent, transfers and votes on the set.
    package let sentTransactions: Int
    /// How many of them became final.
    package let finalTransactions: Int
    /// Simulated time.
    package let milliseconds: UInt64
    package let counts: FaultCounts
}

/// The simulator's front: a seed in, a result out. Everything about it stands in Specs/simulator.md.
package enum Simulator {
    /// Runs a seed. A failed one is run again with its trace kept, which does not change what happens.
    ///
    /// - Parameter write: gets each line of the trace, where the seed is run for reading.
    package static func run(
        seed: UInt64, guardIsOff: Bool = false, write: (@Sendable (String) -> Void)? = nil
    ) -> SeedResult {
        let result = attempt(seed, guardIsOff, Trace(keepsText: write != nil, write: write))
        guard result.failure != nil, write == nil else { return result }
        return attempt(seed, guardIsOff, Trace(keepsText: true))
    }

    private static func attempt(_ seed: UInt64, _ guardIsOff: Bool, _ trace: Trace) -> SeedResult {
        do {
            let simulation = try Simulation(seed: seed, guardIsOff: guardIsOff, trace: trace)
            simulation.run()
            return simulation.result
        } catch {
            return SeedResult(
                seed: seed, hash: 0, events: 0, failure: "the run can't begin: \(error)", lines: [], views: 0,
                sentTransactions: 0, finalTransactions: 0, milliseconds: 0, counts: FaultCounts())
        }
    }
}

extension Simulation {
    fileprivate var result: SeedResult {
        var counts = counts
        for kind in scenario.traitors.values { counts.traitors[Int(kind.rawValue)] += 1 }
        counts.evidence = observer.evidenceCount
        counts.nullifies = observer.nullifiedVotes
        counts.heights = observer.height
        counts.epochs = observer.epoch.value + 1
        counts.setChanges = observer.setChanges
        return SeedResult(
            seed: scenario.seed, hash: trace.hash, events: trace.eventCount, failure: failure,
            lines: Array(trace.lines.suffix(Trace.keptLines)), views: observer.views,
            sentTransactions: workload.count, finalTransactions: observer.finalTransactions.count, milliseconds: now,
            counts: counts)
    }
}
