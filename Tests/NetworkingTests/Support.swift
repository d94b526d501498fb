import CoreMetrics
import Cryptography
import Fixtures
import Logging
import NIOCore
import NIOPosix
import Networking
import Primitives
import Synchronization
import Testing

/// Fails a test that waits for what never comes.
struct TooLong: Error { let what: String }

/// For what changes while it is looked at, which the macro does not take.
func expect(_ isSo: Bool, _ location: SourceLocation = #_sourceLocation) { #expect(isSo, sourceLocation: location) }

/// Looks every few milliseconds, for at most `limit`.
func wait(
    _ what: String, limit: Duration = .seconds(20), until isSo: () -> Bool
) async throws {
    let start = ContinuousClock.now
    while !isSo() {
        guard ContinuousClock.now - start < limit else { throw TooLong(what: what) }
        try await Task.sleep(for: .milliseconds(3))
    }
}

/// Counters by name and dimensions; everything else is dropped.
final class CountingMetrics: MetricsFactory, Sendable {
    private final class Handler: CounterHandler {
        let key: String
        let metrics: CountingMetrics

        init(_ key: String, _ metrics: CountingMetrics) {
            self.key = key
            self.metrics = metrics
        }

        func increment(by amount: Int64) { metrics.counts.withLock { $0[key, default: 0] += amount } }
        func reset() {}
    }

    private let counts = Mutex<[String: Int64]>([:])

    /// `name{value,value}`, values in the order of the dimensions.
    func count(_ key: String) -> Int64 { counts.withLock { $0[key] ?? 0 } }

    func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        Handler("\(label){\(dimensions.map(\.1).joined(separator: ","))}", self)
    }
    func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        NOOPMetricsHandler.instance.makeRecorder(label: label, dimensions: dimensions, aggregate: aggregate)
    }
    func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        NOOPMetricsHandler.instance.makeTimer(label: label, dimensions: dimensions)
    }
    func destroyCounter(_ handler: any CounterHandler) {}
    func destroyRecorder(_ handler: any RecorderHandler) {}
    func destroyTimer(_ handler: any TimerHandler) {}
}

/// Remembers what the network said; admits whom it is told to; can be made to wait inside `received`.
final class Recorder: PeerHandler {
    enum Event: Equatable {
        case connected(TransportKey, isInbound: Bool)
        case disconnected(TransportKey)
    }

    struct Message: Equatable {
        let bytes: [UInt8]
        let channel: MessageChannel
        let key: TransportKey
    }

    private struct State {
        var events: [Event] = []
        var messages: [Message] = []
        var refused: Set<TransportKey> = []
        var held: Set<MessageChannel> = []
        var role = PeerRole.validator
    }

    private let state = Mutex(State())

    var events: [Event] { state.withLock { $0.events } }
    var messages: [Message] { state.withLock { $0.messages } }
    func refuse(_ key: TransportKey) { state.withLock { _ = $0.refused.insert(key) } }
    /// Messages of this channel are held inside the handler until they are let go.
    func hold(_ channel: MessageChannel) { state.withLock { _ = $0.held.insert(channel) } }
    func release(_ channel: MessageChannel) { state.withLock { _ = $0.held.remove(channel) } }

    func callEverybody(_ role: PeerRole) { state.withLock { $0.role = role } }

    func isConnected(_ key: TransportKey) -> Bool {
        let last = events.last { event in
            switch event {
            case .connected(let one, _), .disconnected(let one): one == key
            }
        }
        if case .connected = last { return true }
        return false
    }

    func admission(of key: TransportKey, isInbound: Bool) -> PeerAdmission {
        state.withLock { $0.refused.contains(key) ? .refuse("test") : .admit($0.role) }
    }

    func connected(_ key: TransportKey, address: PeerAddress, isInbound: Bool) {
        state.withLock { $0.events.append(.connected(key, isInbound: isInbound)) }
    }

    func disconnected(_ key: TransportKey) { state.withLock { $0.events.append(.disconnected(key)) } }

    func received(_ message: [UInt8], on channel: MessageChannel, from key: TransportKey) async {
        while state.withLock({ $0.held.contains(channel) }), !Task.isCancelled {
            try? await Task.sleep(for: .milliseconds(3))
        }
        state.withLock { $0.messages.append(Message(bytes: message, channel: channel, key: key)) }
    }
}

/// A node on loopback.
struct TestNode: Sendable {
    static let prologue = Array("mednexus-test".utf8)

    let key: TransportKey
    let secret: SecretKey
    let recorder = Recorder()
    let metrics = CountingMetrics()
    let network: PeerNetwork

    init(
        _ secret: SecretKey, limits: NetworkLimits, port: Int? = 0, prologue: [UInt8] = TestNode.prologue
    ) throws {
        self.secret = secret
        key = try transportKey(secret)
        network = PeerNetwork(
            NetworkConfiguration(
                listen: port.map { PeerAddress(host: "127.0.0.1", port: $0) }, staticKey: secret, prologue: prologue,
                limits: limits, random: { OperatingSystemRandom.bytes32() }),
            handler: recorder, metrics: metrics,
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
    }

    /// Runs it beside `body`, and until it has ended.
    func run<Value: Sendable>(_ body: @Sendable (Int) async throws -> Value) async throws -> Value {
        let task = Task { try await network.run() }
        let result: Result<Value, any Error>
        do {
            try await wait("the listener") { network.port != nil }
            result = .success(try await body(network.port ?? 0))
        } catch {
            result = .failure(error)
        }
        task.cancel()
        try await task.value
        return try result.get()
    }

    func dial(_ other: TestNode, port: Int) {
        network.setTargets([other.key: [PeerAddress(host: "127.0.0.1", port: port)]])
    }
}

/// Short times, so that tests don't take the real ones.
func quickLimits(_ adjust: (inout NetworkLimits) -> Void = { _ in }) -> NetworkLimits {
    var limits = NetworkLimits()
    limits.dialPause = .milliseconds(50)
    limits.longestDialPause = .milliseconds(200)
    limits.threads = 1
    adjust(&limits)
    return limits
}

/// Two keys, the lower first.
func twoKeys(seed: UInt64) throws -> (SecretKey, SecretKey) {
    var random = FixtureRandom(seed: seed)
    let one = secretKey(&random)
    let other = secretKey(&random)
    return try transportKey(one) < transportKey(other) ? (one, other) : (other, one)
}

/// The far end of a socket, for bytes that no honest node sends.
final class RawPeer {
    private var iterator: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
    private let writer: NIOAsyncChannelOutboundWriter<ByteBuffer>
    private var buffer = ByteBuffer()
    private var transport: NoiseTransport?

    static func connect<Value: Sendable>(
        _ port: Int, _ body: @Sendable @escaping (RawPeer) async throws -> Value
    ) async throws -> Value {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            let peer = RawPeer(iterator: inbound.makeAsyncIterator(), writer: outbound)
            return try await body(peer)
        }
    }

    private init(
        iterator: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator,
        writer: NIOAsyncChannelOutboundWriter<ByteBuffer>
    ) {
        self.iterator = iterator
        self.writer = writer
    }

    func write(_ bytes: [UInt8]) async { try? await writer.write(ByteBuffer(bytes: bytes)) }

    /// Nil if the connection ended before.
    func read(_ count: Int) async -> [UInt8]? {
        while buffer.readableBytes < count {
            guard var more = try? await iterator.next() else { return nil }
            buffer.writeBuffer(&more)
        }
        return buffer.readBytes(length: count)
    }

    /// How many bytes came until the connection ended.
    func readToEnd() async -> Int {
        while var more = try? await iterator.next() { buffer.writeBuffer(&more) }
        return buffer.readableBytes
    }

    /// The handshake of an honest initiator. False if the other end closed.
    func shake(as secret: SecretKey, with node: TestNode) async throws -> Bool {
        var random = FixtureRandom(seed: 99)
        var handshake = try NoiseHandshake.initiator(
            staticKey: secret, ephemeralKey: secretKey(&random), remote: node.key, prologue: TestNode.prologue)
        await write(handshake.actOne())
        guard let actTwo = await read(NoiseHandshake.actTwoCount) else { return false }
        let (actThree, transport) = try handshake.receiveActTwo(actTwo)
        await write(actThree)
        self.transport = transport
        return true
    }

    func send(_ plaintext: [UInt8]) async {
        guard let transport else { return }
        await write(transport.seal(plaintext))
    }

    func receive() async throws -> Frame? {
        guard let transport, let header = await read(NoiseTransport.headerCount) else { return nil }
        guard let body = await read(try transport.openHeader(header)) else { return nil }
        return try Frame(transport.openBody(body))
    }
}
