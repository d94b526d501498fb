internal import Content
internal import Logging
internal import Metrics
internal import ServiceLifecycle

/// Makes the access log durable once a second, and removes what may go once in ten minutes.
struct ContentUpkeep: Service {
    let content: NodeContent
    let logger: Logger

    private static let pause = Duration.seconds(1)
    private static let collection = Duration.seconds(600)

    func run() async throws {
        var collected = ContinuousClock.now
        while true {
            let isStopping: Bool
            do {
                try await cancelWhenGracefulShutdown { try await Task.sleep(for: Self.pause) }
                isStopping = false
            } catch {
                isStopping = true
            }
            do {
                try await content.store.synchronize()
                if !isStopping, .now - collected >= Self.collection {
                    collected = .now
                    try await collect()
                }
            } catch ContentStoreFailure.stopping where isStopping {
                // The store was closed before: it has synchronized by itself.
            } catch {
                logger.error("the content store's upkeep failed", metadata: ["because": "\(error)"])
            }
            if isStopping { return }
        }
    }

    private func collect() async throws {
        let rules = content.rules
        let report = try await content.store.collect { try rules.reference($0) }
        guard !report.removed.isEmpty || !report.erased.isEmpty || report.abandoned > 0 else { return }
        logger.info(
            "content collected",
            metadata: [
                "removed": "\(report.removed.count)", "erased": "\(report.erased.count)",
                "abandoned uploads": "\(report.abandoned)",
            ])
    }
}

/// What the store holds, for the operator's metrics.
struct ContentStoreMeasures: Sendable {
    private let bytes: Gauge
    private let copyBytes: Gauge
    private let blobs: Gauge
    private let uploads: Gauge
    private let erased: Gauge
    private let damaged: Gauge

    init(_ factory: any MetricsFactory) {
        bytes = Gauge(label: "mednexus_content_bytes", factory: factory)
        copyBytes = Gauge(label: "mednexus_content_copy_bytes", factory: factory)
        blobs = Gauge(label: "mednexus_content_blobs", factory: factory)
        uploads = Gauge(label: "mednexus_content_uploads", factory: factory)
        erased = Gauge(label: "mednexus_content_erased", factory: factory)
        damaged = Gauge(label: "mednexus_content_damaged", factory: factory)
    }

    func record(_ totals: ContentStore.Totals) {
        bytes.record(Double(totals.bytes))
        copyBytes.record(Double(totals.copyBytes))
        blobs.record(totals.blobs)
        uploads.record(totals.uploads)
        erased.record(totals.erased)
        damaged.record(totals.damaged)
    }
}
