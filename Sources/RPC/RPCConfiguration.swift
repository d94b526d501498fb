/// How the server listens and what it bears. Every bound is answered with its own error when met.
public struct RPCConfiguration: Sendable {
    public var host = "127.0.0.1"
    /// 0 lets the system choose.
    public var port = 7411
    public var operatorHost = "127.0.0.1"
    public var operatorPort = 7412
    /// Origins that browsers may call from; `*` allows any.
    public var allowedOrigins: [String] = []
    /// Addresses of reverse proxies, whose `X-Forwarded-For` is believed.
    public var trustedProxies: [String] = []
    public var limits = RPCLimits()

    public init() {}
}

public struct RPCLimits: Sendable {
    /// Beyond it: 413. A transaction has at most 64 KiB, so this holds several in hexadecimal.
    public var bodyBytes = 1 << 20
    /// Beyond it: 431.
    public var headerBytes = 16 * 1024
    /// Beyond it: 503 with Retry-After.
    public var connections = 1_024
    /// Of one address (an IPv6 /64 counts as one), trusted proxies excepted. Beyond it: 429 with Retry-After.
    public var connectionsPerAddress: Int { max(16, connections / 4) }
    /// Of all connections, server-sent events included. Beyond it: `subscriptions_full`.
    public var subscriptions = 256
    /// Beyond it: `too_many_subscriptions`.
    public var subscriptionsPerConnection = 16
    /// Calls that one WebSocket has open at a time; further ones wait in the socket.
    public var callsPerConnection = 32
    /// Calls a second that an address may make on the long run, and at once. Beyond it: 429 with Retry-After.
    public var callsPerSecond = 2_000.0
    public var callBurst = 20_000.0
    /// For calls that may wait; above the longest long poll.
    public var callMilliseconds = 30_000
    /// From the first byte of a request to its last. Beyond it: 408.
    public var requestMilliseconds = 10_000
    /// Of a connection on which nothing moves; above the ping interval.
    public var idleMilliseconds = 75_000
    public var pingMilliseconds = 15_000
    /// How long a subscriber may leave its socket full before it is closed as lagging.
    public var lagMilliseconds = 30_000

    public init() {}
}
