internal import Blocks
internal import Metrics
internal import Primitives

/// The node's metrics; names in Specs/operations.md. No account is ever a label.
struct NodeMeasures: Sendable {
    private let height: Gauge
    private let blocks: Counter
    private let transactions: Counter
    private let interval: Recorder
    private let log: Recorder
    private let factory: any MetricsFactory
    let poolTransactions: Gauge
    let poolBytes: Gauge
    let layerBytes: Gauge
    let diskFree: Gauge

    init(_ factory: any MetricsFactory) {
        self.factory = factory
        height = Gauge(label: "mednexus_height", factory: factory)
        blocks = Counter(label: "mednexus_blocks_total", factory: factory)
        transactions = Counter(label: "mednexus_transactions_total", factory: factory)
        interval = Recorder(
            label: "mednexus_block_transactions", dimensions: [], aggregate: true, factory: factory)
        log = Recorder(label: "mednexus_log_append_seconds", dimensions: [], aggregate: true, factory: factory)
        poolTransactions = Gauge(label: "mednexus_mempool_transactions", factory: factory)
        poolBytes = Gauge(label: "mednexus_mempool_bytes", factory: factory)
        layerBytes = Gauge(label: "mednexus_state_layer_bytes", factory: factory)
        diskFree = Gauge(label: "mednexus_disk_free_bytes", factory: factory)
        Gauge(label: "mednexus_build_info", dimensions: [("version", NodeVersion.text)], factory: factory).record(1)
    }

    func finalized(_ header: BlockHeader, transactions count: Int) {
        height.record(Double(header.height.value))
        blocks.increment()
        transactions.increment(by: count)
        interval.record(count)
    }

    func logSeconds(_ duration: Duration) { log.record(duration / Duration.seconds(1)) }

    func refused(_ reason: String) {
        Counter(label: "mednexus_mempool_refused_total", dimensions: [("reason", reason)], factory: factory).increment()
    }
}
