public import Cryptography
public import Logging
public import Metrics
internal import NIOCore
internal import NIOPosix
public import Primitives
public import ServiceLifecycle
internal import Synchronization

/// Who this node is on the network, and where it listens.
public struct NetworkConfiguration: Sendable {
    /// Nil: nothing listens, this node only dials out.
    public let listen: PeerAddress?
    public let staticKey: SecretKey
    /// What both ends mix into the handshake: protocol, version, and the network's genesis hash.
    public let prologue: [UInt8]
    public let limits: NetworkLimits
    /// Fresh random bytes, for ephemeral keys and jitter.
    public let random: @Sendable () -> Bytes32

    public init(
        listen: PeerAddress?, staticKey: SecretKey, prologue: [UInt8], limits: NetworkLimits = NetworkLimits(),
        random: @escaping @Sendable () -> Bytes32
    ) {
        self.listen = listen
        self.staticKey = staticKey
        self.prologue = prologue
        self.limits = limits
        self.random = random
    }
}

public enum NetworkFailure: Error, Sendable, CustomStringConvertible {
    case portInUse(PeerAddress)
    case cannotBind(PeerAddress, String)

    public var description: String {
        switch self {
        case .portInUse(let address): "another program listens on \(address)"
        case .cannotBind(let address, let reason): "can't listen on \(address): \(reason)"
        }
    }
}

/// Encrypted, authenticated connections to peers named by their transport keys (Specs/transport.md).
public final class PeerNetwork: Service, Sendable {
    struct State {
        var isStopping = false
        var port: Int?
        var peers: [TransportKey: PeerConnection] = [:]
        /// Inbound ones without a proven key, oldest first.
        var unproven: [PeerConnection] = []
        /// All whose end was not reported yet.
        var open: [ObjectIdentifier: PeerConnection] = [:]
        /// Resumed when ``open`` is empty.
        var emptied: CheckedContinuation<Void, Never>?
        var offenders: Offenders
        var dialer = Dialer()
        /// Whose failed handshakes were said.
        var complained: Set<TransportKey> = []
    }

    let configuration: NetworkConfiguration
    let handler: any PeerHandler
    let measures: NetworkMeasures
    private let logger: Logger
    private let announce: @Sendable (Int) -> Void
    private let state: Mutex<State>
    /// Held while the handler is told that a peer came or went, so that it hears so in the order in which it happened.
    private let telling = Mutex(())
    private let group: MultiThreadedEventLoopGroup
    /// What peers that don't vote make this node hold.
    let inboundBudget: MemoryBudget
    let outboundBudget: MemoryBudget
    private let ownKey: TransportKey

    /// - Parameter announce: called once with the port that is listened on.
    public init(
        _ configuration: NetworkConfiguration, handler: any PeerHandler, metrics: any MetricsFactory, logger: Logger,
        announce: @escaping @Sendable (Int) -> Void = { _ in }
    ) {
        guard let key = TransportKey(configuration.staticKey.compressedPublicKey) else {
            preconditionFailure("a public key is a compressed point")
        }
        self.configuration = configuration
        self.handler = handler
        measures = NetworkMeasures(metrics)
        inboundBudget = MemoryBudget(configuration.limits)
        outboundBudget = MemoryBudget(configuration.limits)
        self.logger = logger
        self.announce = announce
        ownKey = key
        state = Mutex(State(offenders: Offenders(configuration.limits)))
        group = MultiThreadedEventLoopGroup(numberOfThreads: configuration.limits.threads)
    }

    /// The port that is listened on.
    public var port: Int? { state.withLock { $0.port } }
    var isStopping: Bool { state.withLock { $0.isStopping } }

    // MARK: Life

    /// Until it is cancelled or shut down gracefully.
    public func run() async throws {
        var server: (any Channel)?
        if let address = configuration.listen {
            do {
                server = try await listen(address)
            } catch {
                try? await group.shutdownGracefully()
                throw error
            }
        }
        await cancelWhenGracefulShutdown { [self] in
            while !Task.isCancelled {
                dialDue()
                let isAlone = state.withLock { $0.dialer.isEmpty }
                try? await Task.sleep(for: .milliseconds(isAlone ? 250 : 50))
            }
        }
        let open = state.withLock { state in
            state.isStopping = true
            return Array(state.open.values)
        }
        try? await server?.close()
        for connection in open { connection.onLoop { $0.close(failing: nil) } }
        await reportedEnds()
        try await group.shutdownGracefully()
    }

    /// Until the end of every connection was reported, or a handler takes too long.
    private func reportedEnds() async {
        await withCheckedContinuation { continuation in
            let isEmpty = state.withLock { state in
                if !state.open.isEmpty { state.emptied = continuation }
                return state.open.isEmpty
            }
            if isEmpty { continuation.resume() }
            group.next().scheduleTask(in: TimeAmount(configuration.limits.closing)) { [self] in
                state.withLock { $0.emptied.take() }?.resume()
            }
        }
    }

    private func listen(_ address: PeerAddress) async throws -> any Channel {
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 256)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
            .childChannelOption(.socketOption(.so_keepalive), value: 1)
            .childChannelOption(.tcpOption(Self.notSentLowWater), value: configuration.limits.unsentBytes)
            .childChannelInitializer { [self] channel in
                channel.eventLoop.makeCompletedFuture {
                    let remote = PeerAddress(channel.remoteAddress)
                    let connection = PeerConnection(self, address: remote, dialed: nil, channel: channel)
                    try channel.pipeline.syncOperations.addHandler(connection)
                }
            }
        do {
            let channel = try await bootstrap.bind(host: address.host, port: address.port).get()
            let port = channel.localAddress?.port ?? address.port
            state.withLock { $0.port = port }
            announce(port)
            return channel
        } catch let error as IOError where error.errnoCode == EADDRINUSE {
            throw NetworkFailure.portInUse(address)
        } catch {
            throw NetworkFailure.cannotBind(address, "\(error)")
        }
    }

    /// TCP_NOTSENT_LOWAT.
    #if os(Linux)
        private static let notSentLowWater = NIOBSDSocket.Option(rawValue: 25)
    #else
        private static let notSentLowWater = NIOBSDSocket.Option(rawValue: 0x201)
    #endif

    /// A stranger wanted more than all strangers may have together.
    func exhausted(_ key: TransportKey?) {
        measures.banned("memory")
        let peer = key.map { "\($0)" } ?? "?"
        logger.notice("peer disconnected by this node", metadata: ["peer": "\(peer)", "because": "memory"])
    }

    // MARK: What connections say

    /// A connection begins. False if there is no place for it.
    func accept(_ connection: PeerConnection) -> Bool {
        let limits = configuration.limits
        var refusal: String?
        let displaced = state.withLock { state -> PeerConnection? in
            state.open[ObjectIdentifier(connection)] = connection
            guard !state.isStopping else {
                refusal = "stopping"
                return nil
            }
            guard connection.isInbound else { return nil }
            // An honest handshake is over in a few round trips: the oldest one is the likeliest to be none.
            let near = state.unproven.filter { $0.origin == connection.origin }
            // Where too many failed, a few at a time may still try: a neighbor's fault locks nobody out for good.
            let isSuspect = state.offenders.isRefused(connection.origin, now: .now)
            let places = isSuspect ? limits.unprovenPerSuspect : limits.unprovenPerAddress
            guard places > 0 else {
                refusal = "address"
                return nil
            }
            var oldest: PeerConnection?
            if near.count >= places {
                oldest = near.first
            } else if state.unproven.count >= limits.unprovenConnections {
                oldest = state.unproven.first
            }
            state.unproven.removeAll { $0 === oldest }
            state.unproven.append(connection)
            return oldest
        }
        displaced?.onLoop { $0.close(failing: "displaced") }
        if let refusal { measures.handshakeFailed(refusal) }
        return refusal == nil
    }

    func ephemeralKey() -> SecretKey {
        while true { if let key = SecretKey(configuration.random()) { return key } }
    }

    func admission(of key: TransportKey, from origin: AddressGroup, isInbound: Bool) -> PeerAdmission {
        if key == ownKey { return .refuse("this node itself") }
        if state.withLock({ $0.offenders.isBanned(key, now: .now) }) { return .refuse("banned") }
        let admission = handler.admission(of: key, isInbound: isInbound)
        switch admission {
        case .refuse(let reason):
            logger.info("peer refused", metadata: ["peer": "\(key)", "because": "\(reason)"])
        case .admit(.observer) where isInbound:
            let strangers = state.withLock { state in
                state.peers.values.filter { $0.dialed == nil && $0.isStranger }
            }
            guard strangers.count < configuration.limits.inboundObservers else { return .refuse("too many observers") }
            let near = strangers.count { $0.origin == origin }
            guard origin.isPrivate || near < configuration.limits.observersPerAddress else {
                return .refuse("too many observers from one address")
            }
        case .admit: break
        }
        return admission
    }

    private enum Standing {
        case stopping, first
        case instead(PeerConnection)
        case duplicate(PeerConnection)
    }

    /// Of two connections between the same keys the one that the lower key dialed stays; of two that the same key
    /// dialed, the newer: the older one's other end is gone. One that has ended always makes way. False if `connection`
    /// is the one to go; the one that stays then has to show that it lives, so that the next attempt succeeds if not.
    func establish(_ connection: PeerConnection, key: TransportKey) -> Bool {
        telling.withLock { _ in
            switch stand(connection, key) {
            case .stopping: return false
            case .duplicate(let other):
                other.onLoop { $0.probe() }
                return false
            case .instead(let other):
                other.discard()
                handler.disconnected(key)
                other.onLoop { $0.close(failing: nil) }
            case .first: break
            }
            measures.connected(state.withLock { $0.peers.count })
            handler.connected(key, address: connection.address, isInbound: connection.isInbound)
            return true
        }
    }

    private func stand(_ connection: PeerConnection, _ key: TransportKey) -> Standing {
        state.withLock { state in
            state.unproven.removeAll { $0 === connection }
            state.complained.remove(key)
            guard !state.isStopping else { return .stopping }
            guard let other = state.peers[key] else {
                state.peers[key] = connection
                return .first
            }
            let dialers = [connection, other].map { $0.isInbound ? key : ownKey }
            guard other.isOver || dialers[0] <= dialers[1] else { return .duplicate(other) }
            state.peers[key] = connection
            return .instead(other)
        }
    }

    /// After its last message was handled.
    func ended(_ connection: PeerConnection, key: TransportKey?, failure: String?) {
        telling.withLock { _ in
            guard forget(connection, key), let key else { return }
            measures.connected(state.withLock { $0.peers.count })
            handler.disconnected(key)
        }
        if let failure {
            measures.handshakeFailed(failure)
            logger.debug("handshake failed", metadata: ["because": "\(failure)", "address": "\(connection.address)"])
            complain(of: connection)
            // Who ends it, or makes way, has proven nothing against its neighbors: only what is no handshake counts.
            let isCounted = failure == "timeout" || failure.hasPrefix("noise_")
            let isRefused =
                isCounted && connection.isInbound
                && state.withLock { $0.offenders.failed(connection.origin, now: .now) }
            if isRefused { measures.banned("handshakes") }
        }
        let emptied = state.withLock { state in
            state.open[ObjectIdentifier(connection)] = nil
            return state.open.isEmpty ? state.emptied.take() : nil
        }
        emptied?.resume()
    }

    /// Who is dialed and ends the handshake has another key than the one expected, or belongs to another network: neither
    /// can be told from here, and both are mistakes of someone's settings. Said once for each key until it connects.
    private func complain(of connection: PeerConnection) {
        guard let dialed = connection.dialed, state.withLock({ $0.complained.insert(dialed).inserted }) else { return }
        logger.warning(
            "a peer ended the handshake: it has another key, belongs to another network, or refuses this node",
            metadata: ["peer": "\(dialed)", "address": "\(connection.address)"])
    }

    /// True if it was the connection of that key.
    private func forget(_ connection: PeerConnection, _ key: TransportKey?) -> Bool {
        let now = ContinuousClock.now
        return state.withLock { state in
            state.unproven.removeAll { $0 === connection }
            if let dialed = connection.dialed {
                let jitter = configuration.random().firstWord
                let isSettled = key != nil && now - connection.since > configuration.limits.settled
                state.dialer.ended(dialed, isSettled: isSettled, jitter: jitter, limits: configuration.limits, now: now)
            }
            guard let key, state.peers[key] === connection else { return false }
            state.peers[key] = nil
            return true
        }
    }

    /// A peer broke the rules of the transport itself.
    func violated(_ key: TransportKey) { ban(key, because: "frames") }

    /// A peer was at its limit for too long. It is no proof of anything: it may come back at once.
    func flooded(_ key: TransportKey) {
        logger.warning("peer disconnected by this node", metadata: ["peer": "\(key)", "because": "flood"])
    }

    // MARK: What the owner says

    /// Keeps connected to these keys from now on, dialing their addresses in turn.
    public func setTargets(_ targets: [TransportKey: [PeerAddress]]) {
        var targets = targets
        targets[ownKey] = nil
        let limit = configuration.limits.addressesPerPeer
        state.withLock { $0.dialer.setTargets(targets.mapValues { Array($0.prefix(limit)) }, now: .now) }
    }

    /// False if the peer is not connected or its queue is full: the message is dropped.
    @discardableResult
    public func send(_ message: [UInt8], on channel: MessageChannel, to key: TransportKey) -> Bool {
        guard let connection = state.withLock({ $0.peers[key] }), connection.reserve(message.count, on: channel) else {
            measures.dropped(channel)
            return false
        }
        connection.onLoop { $0.send(message, on: channel) }
        return true
    }

    /// Asks the handler once more what each connected peer is: the epoch changed.
    public func setRoles() {
        for (key, connection) in state.withLock({ $0.peers }) {
            if case .admit(let role) = handler.admission(of: key, isInbound: connection.isInbound) {
                connection.setRole(role)
            }
        }
    }

    /// True if a message of `count` bytes would be taken now.
    public func hasRoom(_ count: Int, on channel: MessageChannel, to key: TransportKey) -> Bool {
        state.withLock { $0.peers[key] }?.hasRoom(count, on: channel) ?? false
    }

    /// Disconnects a peer that is provably wrong, and refuses its key for a while.
    public func ban(_ key: TransportKey, because reason: String) {
        measures.banned(reason)
        state.withLock { $0.offenders.ban(key, now: .now) }
        disconnect(key, because: reason)
    }

    public func disconnect(_ key: TransportKey, because reason: String) {
        guard let connection = state.withLock({ $0.peers[key] }) else { return }
        logger.info("peer disconnected by this node", metadata: ["peer": "\(key)", "because": "\(reason)"])
        connection.onLoop { $0.close(failing: nil) }
    }

    public func connections() -> [PeerConnectionInfo] {
        state.withLock { $0.peers }.map { key, connection in connection.information(key) }
    }

    // MARK: Dialing

    private func dialDue() {
        let due = state.withLock { state -> [(TransportKey, PeerAddress)] in
            guard !state.isStopping else { return [] }
            let peers = state.peers
            let offenders = state.offenders
            let now = ContinuousClock.now
            return state.dialer.due(now: now) { peers[$0] != nil || offenders.isBanned($0, now: now) }
        }
        for (key, address) in due { dial(key, address) }
    }

    private func dial(_ key: TransportKey, _ address: PeerAddress) {
        let bootstrap = ClientBootstrap(group: group)
            .connectTimeout(TimeAmount(configuration.limits.handshake))
            .channelOption(.socketOption(.tcp_nodelay), value: 1)
            .channelOption(.socketOption(.so_keepalive), value: 1)
            .channelOption(.tcpOption(Self.notSentLowWater), value: configuration.limits.unsentBytes)
            .channelInitializer { [self] channel in
                channel.eventLoop.makeCompletedFuture {
                    let connection = PeerConnection(self, address: address, dialed: key, channel: channel)
                    try channel.pipeline.syncOperations.addHandler(connection)
                }
            }
        bootstrap.connect(host: address.host, port: address.port).whenFailure { [self] _ in
            let jitter = configuration.random().firstWord
            state.withLock {
                $0.dialer.ended(key, isSettled: false, jitter: jitter, limits: configuration.limits, now: .now)
            }
        }
    }
}

extension PeerAddress {
    /// Of a socket; the unspecified address where it has none.
    init(_ address: SocketAddress?) {
        self.init(host: address?.ipAddress ?? "0.0.0.0", port: address?.port ?? 0)
    }
}
