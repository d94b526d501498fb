/// What became of one seed, of whichever simulation.
package protocol SeedOutcome: Sendable {
    associatedtype Counts: SeedCounts

    var seed: UInt64 { get }
    /// Equal for equal runs.
    var hash: UInt64 { get }
    /// Nil: every rule held.
    var failure: String? { get }
    /// The last lines of the trace, of a failed run.
    var lines: [String] { get }
    /// Simulated time.
    var milliseconds: UInt64 { get }
    var counts: Counts { get }
}

/// What was put into runs and what came of it.
package protocol SeedCounts: Sendable {
    init()
    mutating func add(_ other: Self)
    /// For people, in a fixed order.
    var lines: [String] { get }
}

/// Sums over many seeds.
package struct SeedSummary<Outcome: SeedOutcome>: Sendable {
    package private(set) var seeds = 0
    package private(set) var failures: [Outcome] = []
    package private(set) var simulatedMilliseconds: UInt64 = 0
    private var counts = Outcome.Counts()

    package init() {}

    package mutating func add(_ outcome: Outcome) {
        seeds += 1
        if outcome.failure != nil { failures.append(outcome) }
        simulatedMilliseconds += outcome.milliseconds
        counts.add(outcome.counts)
    }

    /// What was put into the runs, for people.
    package var lines: [String] { counts.lines }
}
