internal import Metrics

/// Metrics of the transport. Labels are channels, directions and kinds of failure, never peers.
struct NetworkMeasures: Sendable {
    private let peers: Gauge
    private let inbound: PerChannel<Counter>
    private let outbound: PerChannel<Counter>
    private let droppedMessages: PerChannel<Counter>
    private let limitedPeers: PerChannel<Counter>
    private let limitedControl: Counter
    private let factory: any MetricsFactory

    init(_ factory: any MetricsFactory) {
        self.factory = factory
        peers = Gauge(label: "mednexus_p2p_peers", factory: factory)
        inbound = PerChannel { channel in
            Counter(
                label: "mednexus_p2p_bytes_total", dimensions: [("channel", channel.name), ("direction", "in")],
                factory: factory)
        }
        outbound = PerChannel { channel in
            Counter(
                label: "mednexus_p2p_bytes_total", dimensions: [("channel", channel.name), ("direction", "out")],
                factory: factory)
        }
        droppedMessages = PerChannel { channel in
            Counter(label: "mednexus_p2p_dropped_total", dimensions: [("channel", channel.name)], factory: factory)
        }
        limitedPeers = PerChannel { channel in
            Counter(label: "mednexus_p2p_limited_total", dimensions: [("channel", channel.name)], factory: factory)
        }
        limitedControl = Counter(
            label: "mednexus_p2p_limited_total", dimensions: [("channel", "control")], factory: factory)
    }

    func connected(_ count: Int) { peers.record(count) }
    func received(_ bytes: Int, _ channel: MessageChannel) { inbound[channel].increment(by: bytes) }
    func sent(_ bytes: Int, _ channel: MessageChannel) { outbound[channel].increment(by: bytes) }
    func dropped(_ channel: MessageChannel) { droppedMessages[channel].increment() }
    /// Nil: pings.
    func limited(_ channel: MessageChannel?) { (channel.map { limitedPeers[$0] } ?? limitedControl).increment() }

    func handshakeFailed(_ reason: String) {
        Counter(label: "mednexus_p2p_handshakes_failed_total", dimensions: [("reason", reason)], factory: factory)
            .increment()
    }

    func banned(_ reason: String) {
        Counter(label: "mednexus_p2p_banned_total", dimensions: [("reason", reason)], factory: factory).increment()
    }
}
