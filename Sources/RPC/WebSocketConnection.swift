import Interface
import Logging
import NIOCore
import NIOWebSocket
import Primitives
import Synchronization

/// One WebSocket: calls, answers, subscriptions.
///
/// Subscriptions keep no queue: each walks the chain from its cursor as fast as its client reads, so a slow reader costs
/// no memory. One that leaves its socket full for too long is closed with code 4008, reason `lagged CURSOR`.
final class WebSocketConnection: Sendable {
    private struct State {
        var subscriptions: [String: Task<Void, Never>] = [:]
        var nextSubscription: UInt64 = 1
        /// Since when the socket has not taken what was written.
        var blockedSince: ContinuousClock.Instant?
        var blockedWrites = 0
        /// Where the subscriber that was written to last stands.
        var lastCursor = ""
        var openCalls = 0
        var isClosed = false
    }

    static let laggedCode: UInt16 = 4008

    private let dispatcher: Dispatcher
    private let limits: RPCLimits
    private let channel: any Channel
    private let outbound: NIOAsyncChannelOutboundWriter<WebSocketFrame>
    private let timeLimit: TimeLimit
    private let admit: @Sendable (Int) -> Int?
    private let holdSubscription: @Sendable () -> Bool
    private let observe: @Sendable (RPCObservation) -> Void
    private let state = Mutex(State())

    init(
        dispatcher: Dispatcher, limits: RPCLimits, channel: any Channel,
        outbound: NIOAsyncChannelOutboundWriter<WebSocketFrame>, timeLimit: TimeLimit,
        admit: @escaping @Sendable (Int) -> Int?, holdSubscription: @escaping @Sendable () -> Bool,
        observe: @escaping @Sendable (RPCObservation) -> Void
    ) {
        self.dispatcher = dispatcher
        self.limits = limits
        self.channel = channel
        self.outbound = outbound
        self.timeLimit = timeLimit
        self.admit = admit
        self.holdSubscription = holdSubscription
        self.observe = observe
    }

    /// Returns when the connection ends.
    func run(_ inbound: NIOAsyncChannelInboundStream<WebSocketFrame>) async {
        let stop = timeLimit.onStop { [self] in close(.goingAway, "the node is stopping") }
        let watcher = Task { await watch() }
        await withDiscardingTaskGroup { group in
            do {
                for try await frame in inbound {
                    guard try await receive(frame, &group) else { break }
                }
            } catch {
                // The client left without a farewell; nothing is lost, since its cursors are its own.
            }
            group.cancelAll()
        }
        watcher.cancel()
        timeLimit.forget(stop)
        let subscriptions = state.withLock { state in
            state.isClosed = true
            defer { state.subscriptions = [:] }
            return Array(state.subscriptions.values)
        }
        for subscription in subscriptions { subscription.cancel() }
        observe(.subscriptions(-subscriptions.count))
    }

    /// False at the end.
    private func receive(_ frame: WebSocketFrame, _ group: inout DiscardingTaskGroup) async throws -> Bool {
        switch frame.opcode {
        case .text, .binary:
            let bytes = Array(frame.unmaskedData.readableBytesView)
            let message = CallMessage(parsing: bytes, limit: limits.bodyBytes)
            if let seconds = admit(message.cost) {
                let failure = CallFailure(ServerState.limited, extra: ["retryAfterSeconds": .integer(seconds)])
                try await write(Dispatcher.response(.null, .failure(failure)).serialized)
                return true
            }
            // When too many calls are open, the socket is read no further until one is done.
            while state.withLock({ $0.openCalls >= limits.callsPerConnection }) {
                try await Task.sleep(for: .milliseconds(5))
            }
            state.withLock { $0.openCalls += 1 }
            group.addTask { [self] in
                await answer(message)
                state.withLock { $0.openCalls -= 1 }
            }
            return true
        case .ping:
            try await outbound.write(
                WebSocketFrame(fin: true, opcode: .pong, data: frame.unmaskedData))
            return true
        case .connectionClose:
            try await outbound.write(WebSocketFrame(fin: true, opcode: .connectionClose, data: frame.unmaskedData))
            return false
        default: return true
        }
    }

    private func answer(_ message: CallMessage) async {
        let host = CallSubscriptions(connection: self)
        let timeLimit = timeLimit
        let milliseconds = limits.callMilliseconds
        let context = CallContext(
            subscriptions: host, limitTime: { await timeLimit.run(milliseconds: milliseconds, $0) })
        observe(.calls(message.count))
        guard let bytes = await dispatcher.answer(message, context) else {
            host.start()
            return
        }
        do {
            try await write(bytes)
            host.start()
        } catch {
            close(.goingAway, "")
        }
    }

    private func write(_ bytes: [UInt8]) async throws {
        state.withLock { state in
            state.blockedWrites += 1
            if state.blockedSince == nil { state.blockedSince = .now }
        }
        defer {
            state.withLock { state in
                state.blockedWrites -= 1
                state.blockedSince = state.blockedWrites == 0 ? nil : .now
            }
        }
        try await outbound.write(WebSocketFrame(fin: true, opcode: .text, data: ByteBuffer(bytes: bytes)))
    }

    /// Pings, and closes what lags.
    private func watch() async {
        var sincePing = 0
        let step = max(50, min(1_000, limits.lagMilliseconds / 4))
        while !Task.isCancelled {
            try? await Task.sleep(for: .milliseconds(step))
            sincePing += step
            let (blocked, cursor) = state.withLock { ($0.blockedSince, $0.lastCursor) }
            if let blocked, .now - blocked > .milliseconds(limits.lagMilliseconds) {
                observe(.lagged)
                close(.unknown(Self.laggedCode), "lagged \(cursor)")
                return
            }
            if sincePing >= limits.pingMilliseconds, blocked == nil {
                sincePing = 0
                let ping = WebSocketFrame(fin: true, opcode: .ping, data: ByteBuffer())
                try? await outbound.write(ping)
            }
        }
    }

    /// Sends a close frame past whatever waits, and closes the socket soon after, read or not.
    func close(_ code: WebSocketErrorCode, _ reason: String) {
        let isFirst = state.withLock { state in
            defer { state.isClosed = true }
            return !state.isClosed
        }
        guard isFirst else { return }
        var data = ByteBuffer()
        data.write(webSocketErrorCode: code)
        data.writeString(reason)
        let channel = channel
        let sent = channel.writeAndFlush(WebSocketFrame(fin: true, opcode: .connectionClose, data: data))
        sent.whenComplete { _ in channel.close(promise: nil) }
        channel.eventLoop.scheduleTask(in: .seconds(5)) { channel.close(promise: nil) }
    }

    // MARK: Subscriptions

    /// An id, if there is room.
    fileprivate func reserve() throws(CallFailure) -> String {
        guard holdSubscription() else { throw CallFailure(ServerState.subscriptionsFull) }
        let id: UInt64? = state.withLock { state in
            guard !state.isClosed, state.subscriptions.count < limits.subscriptionsPerConnection else { return nil }
            state.nextSubscription += 1
            let id = state.nextSubscription
            state.subscriptions[Self.text(id)] = Task {}
            return id
        }
        guard let id else {
            observe(.subscriptions(-1))
            throw CallFailure(ServerState.tooManySubscriptions)
        }
        return Self.text(id)
    }

    private static func text(_ id: UInt64) -> String { "0x" + String(id, radix: 16) }

    fileprivate func start(_ id: String, _ request: SubscriptionRequest) {
        state.withLock { state in
            // It may have been unsubscribed, or the connection closed, before it began.
            guard !state.isClosed, state.subscriptions[id] != nil else { return }
            state.subscriptions[id] = Task { [self] in await follow(id, request) }
        }
    }

    fileprivate func unsubscribe(_ id: String) -> Bool {
        let task = state.withLock { $0.subscriptions.removeValue(forKey: id) }
        task?.cancel()
        if task != nil { observe(.subscriptions(-1)) }
        return task != nil
    }

    private func follow(_ id: String, _ request: SubscriptionRequest) async {
        do {
            switch request.kind {
            case .events: try await followEvents(id, request.follower)
            case .heads: try await followHeads(id, request.follower.position.height.value)
            }
        } catch is CancellationError {
            return
        } catch let state as ServerState {
            close(.unknown(Self.laggedCode), state.reason)
        } catch {
            dispatcher.backend.report(internalFailure: "subscription: \(error)")
            close(.unexpectedServerError, "internal error")
        }
    }

    private func followEvents(_ id: String, _ start: EventFollower) async throws {
        var follower = start
        state.withLock { $0.lastCursor = follower.cursor }
        while !Task.isCancelled {
            let (items, isCaughtUp, head) = try await follower.next(limit: 100, backend: dispatcher.backend)
            for item in items {
                try Task.checkCancellation()
                try await notify(id, item.json)
                state.withLock { $0.lastCursor = item.cursor }
            }
            if isCaughtUp {
                _ = await dispatcher.backend.waitForBlock(above: head.height, milliseconds: 10_000)
            }
        }
    }

    private func followHeads(_ id: String, _ first: UInt64) async throws {
        var next = first
        while !Task.isCancelled {
            let head = await dispatcher.backend.head().height
            while next <= head.value {
                try Task.checkCancellation()
                guard let found = try await dispatcher.backend.header(at: .init(next)) else { break }
                next += 1
                let header = try JSONValueEncoder.encode(found, networkKind: dispatcher.backend.networkKind)
                let cursor = EventCursor.text(EventPosition(height: .init(next), index: 0))
                try await notify(id, .object(["cursor": .string(cursor), "header": header]))
                state.withLock { $0.lastCursor = cursor }
            }
            _ = await dispatcher.backend.waitForBlock(above: head, milliseconds: 10_000)
        }
    }

    private func notify(_ id: String, _ result: JSONValue) async throws {
        try await write(
            JSONValue.object([
                "jsonrpc": "2.0", "method": "chain_subscription",
                "params": .object(["subscription": .string(id), "result": result]),
            ]).serialized)
        observe(.events(1))
    }
}

/// The subscriptions that one message makes: they begin when its answer has been written.
private final class CallSubscriptions: SubscriptionHost {
    private let connection: WebSocketConnection
    private let made = Mutex<[(id: String, request: SubscriptionRequest)]>([])

    init(connection: WebSocketConnection) { self.connection = connection }

    func subscribe(_ request: SubscriptionRequest) async throws(CallFailure) -> String {
        let id = try connection.reserve()
        made.withLock { $0.append((id, request)) }
        return id
    }

    func unsubscribe(_ id: String) async -> Bool { connection.unsubscribe(id) }

    func start() {
        let all = made.withLock { made in
            defer { made = [] }
            return made
        }
        for (id, request) in all { connection.start(id, request) }
    }
}

/// What the server counts.
enum RPCObservation: Sendable {
    case calls(Int)
    case subscriptions(Int)
    case events(Int)
    case lagged
}
