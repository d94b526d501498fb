internal import Consensus
internal import Metrics
internal import Primitives
internal import Replica
internal import Synchronization
internal import Votes

/// Metrics of consensus, brought up to date when metrics are read. A validator's name is a label: they are at most a
/// hundred, and in the ledger.
final class ConsensusMeasures: Sendable {
    private let factory: any MetricsFactory
    private let view: Gauge
    private let epoch: Gauge
    private let nullified: EpochCounter
    private let equivocations: EpochCounter
    private let skipped: Gauge
    private let lag: Gauge

    init(_ factory: any MetricsFactory) {
        self.factory = factory
        func gauge(_ name: String) -> Gauge { Gauge(label: "mednexus_consensus_" + name, factory: factory) }
        view = gauge("view")
        epoch = gauge("epoch")
        nullified = EpochCounter("mednexus_consensus_nullified_total", factory)
        equivocations = EpochCounter("mednexus_consensus_equivocations_total", factory)
        skipped = gauge("skipped_leaders")
        lag = Gauge(label: "mednexus_sync_lag_blocks", factory: factory)
    }

    /// What is told of a moment between two steps.
    struct Reading: Sendable {
        let summary: ReplicaSummary
        let nullified: UInt64
        let equivocations: UInt64
        let skipped: Int

        init(_ replica: borrowing Replica) {
            summary = ReplicaSummary(replica)
            nullified = replica.consensus.nullifiedTotal
            equivocations = replica.consensus.equivocations
            skipped = replica.consensus.skippedLeaders.count
        }
    }

    func record(_ reading: Reading) {
        view.record(reading.summary.view.value)
        epoch.record(reading.summary.epoch.epoch.value)
        nullified.advance(to: reading.nullified)
        equivocations.advance(to: reading.equivocations)
        skipped.record(reading.skipped)
        // What a peer claims is not more than a claim, so the difference may be anything.
        let (target, height) = (reading.summary.targetHeight.value, reading.summary.height.value)
        lag.record(Int64(clamping: target > height ? target - height : 0))
        for (index, name) in reading.summary.epoch.names.enumerated() {
            Gauge(
                label: "mednexus_consensus_last_vote_view", dimensions: [("validator", name)], factory: factory
            )
            .record(reading.summary.lastVoteViews[index]?.value ?? 0)
        }
    }
}

/// A counter of what an epoch's instance counts from zero.
private final class EpochCounter: Sendable {
    private let counter: Counter
    private let last = Mutex<UInt64>(0)

    init(_ label: String, _ factory: any MetricsFactory) { counter = Counter(label: label, factory: factory) }

    func advance(to value: UInt64) {
        let new = last.withLock { last in
            defer { last = value }
            return value >= last ? value - last : value
        }
        counter.increment(by: new)
    }
}
