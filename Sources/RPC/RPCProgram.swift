import Interface
import Metrics
import NIOCore
import NIOHTTP1
import NIOWebSocket
import Synchronization

/// The public listener: `POST /`, `/ws`, `GET /events`, `/content/…`.
final class RPCProgram: HTTPProgram {
    let limits: RPCLimits
    private let dispatcher: Dispatcher
    private let limiter: RateLimiter
    private let timeLimit: TimeLimit
    private let trustedProxies: Set<String>
    private let origins: Mutex<Set<String>>
    private let connections = Mutex(Connections())
    private let subscriptionCount = Atomic<Int>(0)
    private let measures: RPCMeasures
    private let content: (any ContentService)?
    private let transfers = TransferSlots()
    private let contentMeasures: ContentMeasures

    private struct Connections {
        var count = 0
        /// By ``CallerKey``; trusted proxies, which many call through, are not among them.
        var byCaller: [String: Int] = [:]
    }

    init(
        configuration: RPCConfiguration, dispatcher: Dispatcher, timeLimit: TimeLimit, metrics: any MetricsFactory
    ) {
        limits = configuration.limits
        self.dispatcher = dispatcher
        self.timeLimit = timeLimit
        limiter = RateLimiter(rate: limits.callsPerSecond, burst: limits.callBurst)
        trustedProxies = Set(configuration.trustedProxies)
        origins = Mutex(Set(configuration.allowedOrigins))
        measures = RPCMeasures(metrics)
        content = dispatcher.backend.content
        contentMeasures = ContentMeasures(metrics)
    }

    func setAllowedOrigins(_ allowed: [String]) { origins.withLock { $0 = Set(allowed) } }

    // MARK: Who calls

    func peer(of channel: any Channel) -> String { channel.remoteAddress?.ipAddress ?? "local" }

    func address(behind peer: String, _ head: HTTPRequestHead) -> String {
        guard trustedProxies.contains(peer),
            let forwarded = head.headers[canonicalForm: "x-forwarded-for"].last
        else { return peer }
        // The last entry is the one that the trusted proxy itself wrote.
        return String(forwarded.drop { $0 == " " })
    }

    private func isAllowed(origin: String) -> Bool {
        origins.withLock { $0.contains("*") || $0.contains(origin) }
    }

    func commonHeaders(_ head: HTTPRequestHead) -> [(String, String)] {
        guard let origin = head.headers.first(name: "origin") else { return [] }
        guard isAllowed(origin: origin) else { return [("Vary", "Origin")] }
        return [
            ("Access-Control-Allow-Origin", origin),
            (
                "Access-Control-Expose-Headers",
                "Retry-After, Content-Range, Accept-Ranges, ETag, Upload-Offset, Upload-Length"
            ),
            ("Vary", "Origin"),
        ]
    }

    /// Nil for a trusted proxy.
    private func caller(_ channel: any Channel) -> String? {
        let peer = peer(of: channel)
        return trustedProxies.contains(peer) ? nil : CallerKey.of(peer)
    }

    func openConnection(of channel: any Channel) -> ConnectionAdmission {
        let caller = caller(channel)
        let (count, refusal) = connections.withLock { connections -> (Int, ConnectionRefusal?) in
            guard connections.count < limits.connections else { return (connections.count, .full) }
            if let caller {
                let held = connections.byCaller[caller, default: 0]
                guard held < limits.connectionsPerAddress else { return (connections.count, .share) }
                connections.byCaller[caller] = held + 1
            }
            connections.count += 1
            return (connections.count, nil)
        }
        if let refusal {
            measures.refused("connections")
            return .refused(refusal)
        }
        measures.connections.record(count)
        return .admitted(ConnectionTicket(caller: caller))
    }

    func closeConnection(_ ticket: ConnectionTicket) {
        let count = connections.withLock { connections in
            if let caller = ticket.caller, let held = connections.byCaller[caller] {
                connections.byCaller[caller] = held > 1 ? held - 1 : nil
            }
            connections.count -= 1
            return connections.count
        }
        measures.connections.record(count)
    }

    // MARK: Routes

    func refuse(_ head: HTTPRequestHead, address: String) -> HTTPAnswer? {
        // What nearly every request is.
        if head.method == .POST, head.uri == "/" { return limiter.refuse(address, count: 1).map { limited($0) } }
        let path = head.uri.prefix { $0 != "?" && $0 != "#" }
        let methods: [HTTPMethod]
        switch path {
        case "/": methods = [.POST]
        case "/ws", "/events": methods = [.GET]
        case _ where path.hasPrefix(ContentHead.prefix): methods = [.GET, .HEAD, .PUT]
        default: return .text("not found; there are POST /, /ws, /events and /content/ROOT", status: .notFound)
        }
        if head.method == .OPTIONS { return preflight(head, methods) }
        guard methods.contains(head.method) else {
            var answer = HTTPAnswer.text("method not allowed", status: .methodNotAllowed)
            answer.headers.append(("Allow", (methods + [.OPTIONS]).map(\.rawValue).joined(separator: ", ")))
            return answer
        }
        if path == "/ws" {
            if let origin = head.headers.first(name: "origin"), !isAllowed(origin: origin) {
                return .text("this origin is not allowed", status: .forbidden)
            }
            var answer = HTTPAnswer.text("connect with a WebSocket", status: .upgradeRequired)
            answer.headers += [("Upgrade", "websocket"), ("Connection", "Upgrade")]
            return answer
        }
        if let seconds = limiter.refuse(address, count: 1) { return limited(seconds) }
        guard path.hasPrefix(ContentHead.prefix), content == nil else { return nil }
        return .json(ContentRefusal.off.failure.json.serialized, status: .notFound)
    }

    private static func isOfContent(_ head: HTTPRequestHead) -> Bool { head.uri.hasPrefix(ContentHead.prefix) }

    func streams(_ head: HTTPRequestHead) -> Bool { Self.isOfContent(head) && head.method == .PUT }

    func contentExchange(_ head: HTTPRequestHead) -> ContentExchange? {
        guard Self.isOfContent(head), let content else { return nil }
        return ContentExchange(
            service: content, transfers: transfers, timeLimit: timeLimit, measures: contentMeasures,
            commonHeaders: { [self] in commonHeaders($0) })
    }

    private func preflight(_ head: HTTPRequestHead, _ methods: [HTTPMethod]) -> HTTPAnswer {
        HTTPAnswer(
            status: .noContent,
            headers: [
                ("Allow", (methods + [.OPTIONS]).map(\.rawValue).joined(separator: ", ")),
                ("Access-Control-Allow-Methods", "POST, GET, HEAD, PUT, OPTIONS"),
                ("Access-Control-Allow-Headers", "Content-Type, Last-Event-ID, Authorization, Range, Content-Range"),
                ("Access-Control-Max-Age", "600"),
            ])
    }

    private func limited(_ seconds: Int) -> HTTPAnswer {
        measures.refused("rate")
        let failure = CallFailure(ServerState.limited, extra: ["retryAfterSeconds": .integer(seconds)])
        var answer = HTTPAnswer.json(
            Dispatcher.response(.null, .failure(failure)).serialized, status: .tooManyRequests)
        answer.headers.append(("Retry-After", String(seconds)))
        return answer
    }

    func route(_ request: IncomingRequest) async -> Routed {
        if request.head.uri != "/", request.path == "/events" { return await events(request) }
        let started = ContinuousClock.now
        // One call was paid for before the body was read, and what is remembered is one.
        if let bytes = dispatcher.remembered(request.body) {
            count(1, since: started)
            return .answer(.json(bytes))
        }
        let message = CallMessage(parsing: request.body, limit: limits.bodyBytes)
        if message.cost > 1, let seconds = limiter.refuse(request.address, count: message.cost - 1) {
            return .answer(limited(seconds))
        }
        let timeLimit = timeLimit
        let milliseconds = limits.callMilliseconds
        let context = CallContext(limitTime: { await timeLimit.run(milliseconds: milliseconds, $0) })
        let bytes = await dispatcher.answer(message, context, to: request.body)
        count(message.count, since: started)
        guard let bytes else { return .answer(HTTPAnswer(status: .noContent)) }
        return .answer(.json(bytes))
    }

    private func count(_ calls: Int, since started: ContinuousClock.Instant) {
        measures.calls.increment(by: calls)
        measures.seconds.record((ContinuousClock.now - started) / Duration.seconds(1))
    }

    // MARK: Server-sent events

    private func events(_ request: IncomingRequest) async -> Routed {
        var filter = JSONObject()
        for name in ["domain", "name", "party", "inft", "license", "consent"] {
            if let value = request.query(name) { filter.append(name, .string(value)) }
        }
        let cursor = request.head.headers.first(name: "last-event-id") ?? request.query("cursor")
        do {
            let decoded = try JSONValueDecoder.decode(
                EventFilter.self, from: .object(filter), networkKind: dispatcher.backend.networkKind)
            let follower = try await EventFollower.following(
                cursor: cursor, filter: decoded, backend: dispatcher.backend)
            guard holdSubscription() else { return .answer(Self.subscriptionsFull) }
            let headers = [("Content-Type", "text/event-stream"), ("Cache-Control", "no-store")]
            let hold = SubscriptionHold { [self] in observe(.subscriptions(-1)) }
            return .stream(headers) { [self] writer in
                defer { hold.end() }
                try await stream(follower, to: writer)
            }
        } catch let failure as CallFailure {
            return .answer(.json(failure.json.serialized, status: .badRequest))
        } catch let failure as JSONCodingFailure {
            let invalid = CallFailure.invalidParameters(failure.path, failure.message)
            return .answer(.json(invalid.json.serialized, status: .badRequest))
        } catch {
            return .answer(.json(CallFailure.internalError.json.serialized, status: .internalServerError))
        }
    }

    private static var subscriptionsFull: HTTPAnswer {
        let failure = CallFailure(ServerState.subscriptionsFull)
        var answer = HTTPAnswer.json(failure.json.serialized, status: .serviceUnavailable)
        answer.headers.append(("Retry-After", "30"))
        return answer
    }

    /// `id` is the cursor, so that a browser's EventSource goes on by itself where it was cut off.
    private func stream(_ start: EventFollower, to writer: StreamWriter) async throws {
        let channel = writer.channel
        let stop = timeLimit.onStop { channel.close(promise: nil) }
        defer { timeLimit.forget(stop) }
        let lag = LagGuard(milliseconds: limits.lagMilliseconds, channel: channel)
        defer { lag.end() }
        var follower = start
        try await writer.write(": cursor \(follower.cursor)\n\n")
        do {
            while channel.isActive {
                let (items, isCaughtUp, head) = try await follower.next(limit: 100, backend: dispatcher.backend)
                for item in items {
                    lag.begin()
                    try await writer.write("id: \(item.cursor)\nevent: ledger\ndata: \(item.json.text)\n\n")
                    lag.finish()
                }
                measures.events.increment(by: items.count)
                guard isCaughtUp else { continue }
                let wait = UInt64(limits.pingMilliseconds)
                if await dispatcher.backend.waitForBlock(above: head.height, milliseconds: wait) == 0 {
                    lag.begin()
                    try await writer.write(": ping\n\n")
                    lag.finish()
                }
            }
        } catch let state as ServerState {
            let failure = CallFailure(state, extra: ["cursor": .string(follower.cursor)])
            try await writer.write("event: error\ndata: \(failure.json.text)\n\n")
        }
    }

    // MARK: WebSocket

    func mayUpgrade(_ head: HTTPRequestHead) -> Bool {
        guard head.uri.prefix(while: { $0 != "?" && $0 != "#" }) == "/ws", head.method == .GET else { return false }
        return head.headers.first(name: "origin").map { isAllowed(origin: $0) } ?? true
    }

    func serve(webSocket channel: WebSocketChannel, address: String) async {
        try? await channel.executeThenClose { inbound, outbound in
            let connection = WebSocketConnection(
                dispatcher: dispatcher, limits: limits, channel: channel.channel, outbound: outbound,
                timeLimit: timeLimit, admit: { [limiter] in limiter.refuse(address, count: $0) },
                holdSubscription: { [self] in holdSubscription() }, observe: { [self] in observe($0) })
            await connection.run(inbound)
        }
    }

    /// False if the node holds as many subscriptions as it may. What was held is given back by
    /// `observe(.subscriptions(-1))`.
    private func holdSubscription() -> Bool {
        let count = subscriptionCount.add(1, ordering: .relaxed).newValue
        guard count <= limits.subscriptions else {
            subscriptionCount.subtract(1, ordering: .relaxed)
            return false
        }
        measures.subscriptions.record(count)
        return true
    }

    private func observe(_ observation: RPCObservation) {
        switch observation {
        case .calls(let count): measures.calls.increment(by: count)
        case .events(let count): measures.events.increment(by: count)
        case .lagged: measures.refused("lagged")
        case .subscriptions(let change):
            measures.subscriptions.record(subscriptionCount.add(change, ordering: .relaxed).newValue)
        }
    }
}

/// Gives a subscription back once: when its stream ends, or when it never began because the client had left.
private final class SubscriptionHold: Sendable {
    private let release: Mutex<(@Sendable () -> Void)?>

    init(_ release: @escaping @Sendable () -> Void) { self.release = Mutex(release) }

    deinit { end() }

    func end() {
        let release = release.withLock { release in
            defer { release = nil }
            return release
        }
        release?()
    }
}

/// Closes a stream whose reader leaves the socket full for too long.
private final class LagGuard: Sendable {
    private let since = Mutex<ContinuousClock.Instant?>(nil)
    private let watch = Mutex<Task<Void, Never>?>(nil)

    init(milliseconds: Int, channel: any Channel) {
        let task = Task { [self] in
            while !Task.isCancelled {
                try? await Task.sleep(for: .milliseconds(max(50, min(1_000, milliseconds / 4))))
                if let since = since.withLock({ $0 }), .now - since > .milliseconds(milliseconds) {
                    channel.close(promise: nil)
                    return
                }
            }
        }
        watch.withLock { $0 = task }
    }

    func begin() { since.withLock { $0 = .now } }
    func finish() { since.withLock { $0 = nil } }
    func end() { watch.withLock { $0?.cancel() } }
}

/// What the public listener measures.
struct RPCMeasures: Sendable {
    let calls: Counter
    let events: Counter
    let connections: Gauge
    let subscriptions: Gauge
    let seconds: Recorder
    private let refusedByRate: Counter
    private let refusedByConnections: Counter
    private let lagged: Counter

    init(_ factory: any MetricsFactory) {
        calls = Counter(label: "mednexus_rpc_calls_total", factory: factory)
        events = Counter(label: "mednexus_rpc_events_total", factory: factory)
        connections = Gauge(label: "mednexus_rpc_connections", factory: factory)
        subscriptions = Gauge(label: "mednexus_rpc_subscriptions", factory: factory)
        seconds = Recorder(label: "mednexus_rpc_request_seconds", dimensions: [], aggregate: true, factory: factory)
        func refused(_ reason: String) -> Counter {
            Counter(label: "mednexus_rpc_refused_total", dimensions: [("reason", reason)], factory: factory)
        }
        refusedByRate = refused("rate")
        refusedByConnections = refused("connections")
        lagged = refused("lagged")
    }

    func refused(_ reason: String) {
        switch reason {
        case "rate": refusedByRate.increment()
        case "lagged": lagged.increment()
        default: refusedByConnections.increment()
        }
    }
}
