import CoreMetrics
import Interface
import Logging
import NIOCore
import NIOPosix
import Primitives
import RPC
import TestBackend
import Testing

private func limits(_ adjust: (inout RPCLimits) -> Void) -> RPCLimits {
    var limits = RPCLimits()
    adjust(&limits)
    return limits
}

private struct Running: Sendable {
    let port: Int
    let backend: FakeBackend
}

private final class OneThread: TaskExecutor {
    let loop: any EventLoop

    init(loop: any EventLoop) { self.loop = loop }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        loop.execute { [self] in unsafe job.runSynchronously(on: asUnownedTaskExecutor()) }
    }
}

/// Runs work that blocks on sockets beside the threads that the server needs.
private func onOwnThread<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) async throws -> Value {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let result: Result<Value, any Error>
    do {
        result = .success(try await withTaskExecutorPreference(OneThread(loop: group.any()), operation: body))
    } catch {
        result = .failure(error)
    }
    try await group.shutdownGracefully()
    return try result.get()
}

/// Runs the server on a port that the system chooses, the body on a thread of its own, then stops the server.
private func withServer(
    height: UInt64 = 3, limits: RPCLimits = RPCLimits(), trustedProxies: [String] = [],
    _ body: @escaping @Sendable (Running) async throws -> Void
) async throws {
    var configuration = RPCConfiguration()
    configuration.port = 0
    configuration.allowedOrigins = ["https://market.example"]
    configuration.limits = limits
    configuration.trustedProxies = trustedProxies
    let backend = FakeBackend(height: height)
    let (ports, port) = AsyncStream.makeStream(of: Int.self)
    let server = RPCServer(
        configuration: configuration, table: Fake.table(), backend: backend, metrics: PrometheusRegistry(),
        logger: Logger(label: "test"), onListening: { port.yield($0) })
    let task = Task { try await server.run() }
    defer { task.cancel() }
    var iterator = ports.makeAsyncIterator()
    let bound = try #require(await iterator.next())
    try await onOwnThread { try await body(Running(port: bound, backend: backend)) }
}

@Suite(.serialized, .timeLimit(.minutes(2)))
struct ServerTests {
    private static let head = #"{"jsonrpc":"2.0","method":"chain_head","id":1}"#

    @Test("POST / answers calls and batches on one connection; notifications get 204")
    func calls() async throws {
        try await withServer { server in
            let client = try #require(SocketClient(port: server.port))
            let one = try #require(client.post(Self.head))
            #expect(one.status == 200)
            #expect(one.headers.contains("content-type: application/json"))
            #expect(try JSONParser.parse(one.body)["result"]?["height"] == 3)
            let batch = try #require(client.post("[\(Self.head),\(Self.head)]"))
            #expect(try JSONParser.parse(batch.body).array?.count == 2)
            #expect(client.post(#"{"jsonrpc":"2.0","method":"chain_head"}"#)?.status == 204)
            let unreadable = try #require(client.post("{"))
            #expect(try JSONParser.parse(unreadable.body)["error"]?["code"] == -32700)
        }
    }

    @Test("Unknown paths are 404, wrong methods 405, an upgrade elsewhere gets a proper answer")
    func routes() async throws {
        try await withServer { server in
            func fresh() throws -> SocketClient { try #require(SocketClient(port: server.port)) }
            #expect(try fresh().request("GET /nothing")?.status == 404)
            #expect(try fresh().post("{}", path: "/nothing")?.status == 404)
            let wrong = try fresh().request("GET /")
            #expect(wrong?.status == 405)
            #expect(wrong?.headers.contains("allow: post, options") == true)
            #expect(try fresh().request("GET /ws")?.status == 426)
            #expect(try fresh().request("GET /other", headers: SocketClient.upgrade)?.status == 404)
            #expect(try fresh().request("GET /", headers: SocketClient.upgrade)?.status == 405)
            let withUpgrade = "Connection: Upgrade\r\nUpgrade: h2c\r\n"
            #expect(try fresh().post(Self.head, headers: withUpgrade)?.status == 200)
        }
    }

    @Test("Bodies beyond the limit are 413, headers beyond it 431, garbage 400")
    func sizes() async throws {
        try await withServer(limits: limits { $0.bodyBytes = 1_000 }) { server in
            func fresh() throws -> SocketClient { try #require(SocketClient(port: server.port)) }
            #expect(try fresh().post(String(repeating: " ", count: 1_001))?.status == 413)
            let chunked = try fresh()
            let chunk = String(repeating: " ", count: 800)
            chunked.send(
                "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n320\r\n\(chunk)\r\n320\r\n\(chunk)\r\n0\r\n\r\n"
            )
            #expect(chunked.answer()?.status == 413)
            let header = "X-Long: \(String(repeating: "a", count: 20_000))\r\n"
            #expect(try fresh().request("GET /", headers: header)?.status == 431)
            let garbage = try fresh()
            garbage.send("this is no http\r\n\r\n")
            #expect(garbage.answer()?.status == 400)
            // And it goes on serving.
            #expect(try fresh().post(Self.head)?.status == 200)
        }
    }

    @Test("Too many calls are 429 with Retry-After, a batch counting as its calls")
    func rates() async throws {
        try await withServer(
            limits: limits {
                $0.callsPerSecond = 0.5
                $0.callBurst = 5
            }
        ) { server in
            let client = try #require(SocketClient(port: server.port))
            #expect(client.post("[\(Self.head),\(Self.head),\(Self.head)]")?.status == 200)
            let refused = client.post("[\(Self.head),\(Self.head),\(Self.head)]")
            #expect(refused?.status == 429)
            #expect(refused?.headers.contains("retry-after: ") == true)
            #expect(refused?.body.contains("-32001") == true)
        }
    }

    @Test("Whatever stands in the query of a URL, the server lives and answers")
    func queries() async throws {
        try await withServer { server in
            let good = "cursor=start&domain=nothing"
            for query in [
                "", "=", "==", "=&=", "&&", "=x", "cursor", "cursor=", "cursor==", "domain=%", "domain=%2",
                "domain=%zz",
                "domain=%ff", "&=&\(good)", "?=", "#", "#=", "%3D=%3D", "=\(good)",
            ] {
                let client = try #require(SocketClient(port: server.port))
                client.send("GET /events?\(query)&domain=none HTTP/1.1\r\nHost: x\r\n\r\n")
                let head = try #require(client.text(through: "\r\n\r\n"), "\(query)")
                #expect(head.hasPrefix("HTTP/1.1 400") || head.hasPrefix("HTTP/1.1 200"), "\(query)")
            }
            let client = try #require(SocketClient(port: server.port))
            #expect(client.post(Self.head)?.status == 200)
        }
    }

    @Test("Several transactions at once count each, however they are given")
    func submissionRates() async throws {
        try await withServer(
            limits: limits {
                $0.callsPerSecond = 0.1
                $0.callBurst = 5
            }
        ) { server in
            func submit(_ params: String) -> String {
                #"{"jsonrpc":"2.0","method":"tx_submitMany","params":\#(params),"id":1}"#
            }
            let client = try #require(SocketClient(port: server.port))
            #expect(client.post(submit(#"{"transactions":["01","02","03"]}"#))?.status == 200)
            #expect(client.post(submit(#"[["01","02","03"]]"#))?.status == 429)
        }
    }

    @Test("Behind a trusted proxy each caller has its own calls, an IPv6 /64 and an address with a port being one")
    func callers() async throws {
        try await withServer(
            limits: limits {
                $0.connections = 20
                $0.callsPerSecond = 0.01
                $0.callBurst = 1
            }, trustedProxies: ["127.0.0.1"]
        ) { server in
            // The proxy itself has no share of the connections, only their whole number.
            var clients: [SocketClient] = []
            for (address, status) in [
                ("2001:db8::1", 200), ("2001:db8::ffff:1", 429), ("[2001:db8::2]:4711", 429), ("2001:db8:0:1::1", 200),
                ("192.0.2.1", 200), ("192.0.2.1:99", 429), ("::ffff:192.0.2.1", 429), ("192.0.2.2:99", 200),
                ("unknown", 200), ("", 200), (":", 200), ("[", 200), ("1:2", 200), ("%:", 200), ("::1%lo", 200),
                ("::1", 429), ("::2", 429),
            ] {
                let client = try #require(SocketClient(port: server.port))
                clients.append(client)
                #expect(
                    client.post(Self.head, headers: "X-Forwarded-For: \(address)\r\n")?.status == status, "\(address)")
            }
        }
    }

    @Test("A request that takes too long to arrive is 408, in head or body; one that waits for its answer is not")
    func slowRequests() async throws {
        try await withServer(limits: limits { $0.requestMilliseconds = 300 }) { server in
            for start in ["GET / HT", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n123"] {
                let client = try #require(SocketClient(port: server.port))
                client.send(start)
                #expect(client.answer()?.status == 408)
                #expect(!client.receive())
            }
            let patient = try #require(SocketClient(port: server.port))
            let poll =
                #"{"jsonrpc":"2.0","method":"chain_events","params":{"cursor":"now","waitMilliseconds":900},"id":1}"#
            #expect(patient.post(poll)?.status == 200)
            // Neither does an idle connection between two requests end by it.
            try await Task.sleep(for: .milliseconds(500))
            #expect(patient.post(Self.head)?.status == 200)
            let socket = try #require(SocketClient(port: server.port))
            #expect(socket.request("GET /ws", headers: SocketClient.upgrade)?.status == 101)
            socket.sendFrame(Self.head)
            #expect(socket.frame()?.opcode == 1)
            try await Task.sleep(for: .milliseconds(500))
            socket.sendFrame(Self.head)
            #expect(socket.frame()?.opcode == 1)
        }
    }

    @Test("Each request of a connection has its whole time, and no more")
    func slowAfterFast() async throws {
        try await withServer(limits: limits { $0.requestMilliseconds = 600 }) { server in
            let client = try #require(SocketClient(port: server.port))
            #expect(client.post(Self.head)?.status == 200)
            // The first request's time ends while the second is being sent, which has time left.
            try await Task.sleep(for: .milliseconds(400))
            let body = Array(Self.head.utf8)
            client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: \(body.count)\r\n\r\n")
            try await Task.sleep(for: .milliseconds(350))
            client.send(body)
            #expect(client.answer()?.status == 200)
            let started = ContinuousClock.now
            client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n123")
            #expect(client.answer()?.status == 408)
            #expect(ContinuousClock.now - started > .milliseconds(590))
            #expect(ContinuousClock.now - started < .seconds(5))
        }
    }

    @Test("The same question again is answered the same, until there is a new block")
    func sameQuestion() async throws {
        try await withServer { server in
            let client = try #require(SocketClient(port: server.port))
            func ask(_ id: String) -> String? {
                let body = #"{"jsonrpc":"2.0","method":"test_difference","params":[42,23],"id":\#(id)}"#
                return client.post(body).map { "\($0.status) \($0.body)" }
            }
            let first = try #require(ask("1"))
            #expect(first.contains(#""height":3,"#) && first.contains(#""value":19"#))
            let before = server.backend.snapshots
            #expect(ask("1") == first)
            #expect(ask(#""other""#) == first.replacing(#""id":1"#, with: #""id":"other""#))
            #expect(server.backend.snapshots == before)
            await server.backend.advance()
            #expect(ask("1")?.contains(#""height":4,"#) == true)
            #expect(server.backend.snapshots == before + 1)
        }
    }

    @Test("One address has its share of the connections, and gives back what it closes")
    func connectionShare() async throws {
        try await withServer(limits: limits { $0.connections = 64 }) { server in
            var clients: [SocketClient] = []
            for _ in 0..<16 {
                let client = try #require(SocketClient(port: server.port))
                #expect(client.post(Self.head)?.status == 200)
                clients.append(client)
            }
            let tooMany = try #require(SocketClient(port: server.port))
            let refused = tooMany.post(Self.head)
            #expect(refused?.status == 429)
            #expect(refused?.body.contains("from this address") == true)
            clients.removeLast()
            try await Task.sleep(for: .milliseconds(300))
            let next = try #require(SocketClient(port: server.port))
            #expect(next.post(Self.head)?.status == 200)
        }
    }

    @Test("The node holds so many subscriptions, whatever connections they are on")
    func subscriptionsOfTheNode() async throws {
        try await withServer(limits: limits { $0.subscriptions = 2 }) { server in
            func subscribed(_ client: SocketClient) throws -> JSONValue {
                client.sendFrame(#"{"jsonrpc":"2.0","method":"chain_subscribe","params":["heads"],"id":2}"#)
                let frame = try #require(client.frame())
                return try JSONParser.parse(frame.payload)
            }
            func socket() throws -> SocketClient {
                let client = try #require(SocketClient(port: server.port))
                #expect(client.request("GET /ws", headers: SocketClient.upgrade)?.status == 101)
                return client
            }
            let first = try socket()
            let id = try #require(try subscribed(first)["result"]?.string)
            var stream = SocketClient(port: server.port)
            stream?.send("GET /events HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(stream?.text(through: ": cursor")?.contains("200 OK") == true)
            let second = try socket()
            #expect(try subscribed(second)["error"]?["code"] == -32010)
            let other = try #require(SocketClient(port: server.port))
            #expect(other.request("GET /events")?.status == 503)
            first.sendFrame(#"{"jsonrpc":"2.0","method":"chain_unsubscribe","params":["\#(id)"],"id":3}"#)
            let frame = try #require(first.frame())
            #expect(try JSONParser.parse(frame.payload)["result"] == true)
            #expect(try subscribed(second)["result"]?.string != nil)
            #expect(try subscribed(first)["error"]?["code"] == -32010)
            stream = nil
        }
    }

    @Test("Connections beyond the limit are 503")
    func connections() async throws {
        try await withServer(limits: limits { $0.connections = 1 }) { server in
            let first = try #require(SocketClient(port: server.port))
            #expect(first.post(Self.head)?.status == 200)
            let second = try #require(SocketClient(port: server.port))
            #expect(second.post(Self.head)?.status == 503)
        }
    }

    @Test("Only allowed origins may read answers or open a WebSocket")
    func origins() async throws {
        try await withServer { server in
            let client = try #require(SocketClient(port: server.port))
            let allowed = client.request("OPTIONS /", headers: "Origin: https://market.example\r\n")
            #expect(allowed?.status == 204)
            #expect(allowed?.headers.contains("access-control-allow-origin: https://market.example") == true)
            let other = client.request("OPTIONS /", headers: "Origin: https://evil.example\r\n")
            #expect(other?.headers.contains("access-control-allow-origin") == false)
            let socket = try #require(SocketClient(port: server.port))
            #expect(
                socket.request("GET /ws", headers: SocketClient.upgrade + "Origin: https://evil.example\r\n")?.status
                    == 403)
        }
    }

    @Test("A WebSocket carries calls, and subscriptions in geth's shape, from a cursor and live")
    func subscriptions() async throws {
        try await withServer { server in
            let client = try #require(SocketClient(port: server.port))
            #expect(client.request("GET /ws", headers: SocketClient.upgrade)?.status == 101)
            func next() throws -> JSONValue {
                let frame = try #require(client.frame())
                #expect(frame.opcode == 1)
                return try JSONParser.parse(frame.payload)
            }
            client.sendFrame(Self.head)
            #expect(try next()["result"]?["height"] == 3)
            client.sendFrame(
                #"{"jsonrpc":"2.0","method":"chain_subscribe","params":{"topic":"events","cursor":"start"},"id":2}"#)
            let id = try #require(try next()["result"]?.string)
            for number in 0..<8 {
                let message = try next()
                #expect(message["method"] == "chain_subscription")
                #expect(message["params"]?["subscription"]?.string == id)
                #expect(message["params"]?["result"]?["event"]?["number"] == .integer(number))
                #expect(message["params"]?["result"]?["cursor"]?.string != nil)
            }
            await server.backend.advance()
            #expect(try next()["params"]?["result"]?["event"]?["number"] == 8)
            #expect(try next()["params"]?["result"]?["event"]?["number"] == 9)
            client.sendFrame(#"{"jsonrpc":"2.0","method":"chain_unsubscribe","params":["\#(id)"],"id":3}"#)
            #expect(try next()["result"] == true)
            client.sendFrame("ping", opcode: 9)
            #expect(client.frame()?.opcode == 10)
            client.sendFrame("\u{3}\u{e8}", opcode: 8)
            #expect(client.frame()?.opcode == 8)
        }
    }

    @Test("Subscriptions beyond the limit are refused")
    func subscriptionLimit() async throws {
        try await withServer(limits: limits { $0.subscriptionsPerConnection = 1 }) { server in
            let client = try #require(SocketClient(port: server.port))
            #expect(client.request("GET /ws", headers: SocketClient.upgrade)?.status == 101)
            for expected in [false, true] {
                client.sendFrame(#"{"jsonrpc":"2.0","method":"chain_subscribe","params":["heads"],"id":2}"#)
                let frame = try #require(client.frame())
                #expect((try JSONParser.parse(frame.payload)["error"]?["code"] == -32007) == expected)
            }
        }
    }

    @Test("A subscriber that does not read is closed with code 4008 and its cursor")
    func lagging() async throws {
        try await withServer(height: 200_000, limits: limits { $0.lagMilliseconds = 400 }) { server in
            let client = try #require(SocketClient(port: server.port))
            #expect(client.request("GET /ws", headers: SocketClient.upgrade)?.status == 101)
            client.sendFrame(
                #"{"jsonrpc":"2.0","method":"chain_subscribe","params":{"topic":"events","cursor":"start"},"id":2}"#)
            // Long enough for the buffers of both ends to fill and the time limit to pass.
            try await Task.sleep(for: .seconds(3))
            var last: (opcode: UInt8, payload: [UInt8])?
            while let frame = client.frame() {
                last = frame
                if frame.opcode == 8 { break }
            }
            let close = try #require(last)
            #expect(close.opcode == 8)
            #expect(close.payload.prefix(2) == [0x0f, 0xa8])
            let reason = String(decoding: close.payload.dropFirst(2), as: UTF8.self)
            #expect(reason.hasPrefix("lagged 01"))
        }
    }

    @Test("GET /events streams from a cursor on, each event with its cursor as id")
    func serverSentEvents() async throws {
        try await withServer { server in
            let client = try #require(SocketClient(port: server.port))
            client.send("GET /events?cursor=start&domain=licenses HTTP/1.1\r\nHost: x\r\n\r\n")
            let head = try #require(client.text(through: "\r\n\r\n"))
            #expect(head.contains("text/event-stream"))
            for number in 0..<8 {
                let item = try #require(client.text(through: "}}\n\n"))
                #expect(item.contains("id: 01"))
                #expect(item.contains("\"event\":{\"number\":\(number)}"))
            }
            await server.backend.advance()
            #expect(client.text(through: "\"number\":8")?.contains("id: 01") == true)
            let bad = try #require(SocketClient(port: server.port))
            #expect(bad.request("GET /events?domain=nothing")?.status == 400)
        }
    }

    @Test("A call that takes too long is answered with timed_out")
    func timeLimit() async throws {
        try await withServer(limits: limits { $0.callMilliseconds = 100 }) { server in
            let client = try #require(SocketClient(port: server.port))
            let poll =
                #"{"jsonrpc":"2.0","method":"chain_events","params":{"cursor":"now","waitMilliseconds":9000},"id":1}"#
            let late = try #require(client.post(poll))
            #expect(try JSONParser.parse(late.body)["error"]?["code"] == -32005)
        }
    }

    @Test("A port in use is named")
    func portInUse() async throws {
        try await withServer { server in
            var configuration = RPCConfiguration()
            configuration.port = server.port
            let second = RPCServer(
                configuration: configuration, table: Fake.table(), backend: server.backend,
                metrics: PrometheusRegistry(), logger: Logger(label: "test"))
            await #expect {
                try await second.run()
            } throws: { error in
                guard case RPCServerFailure.portInUse(_, let port) = error else { return false }
                return port == server.port
            }
        }
    }

    @Test("The operator's listener tells life, readiness and metrics")
    func operatorListener() async throws {
        var configuration = RPCConfiguration()
        configuration.operatorPort = 0
        let registry = PrometheusRegistry()
        registry.describe("mednexus_chain_height", "Height of the last final block.")
        registry.makeRecorder(label: "mednexus_chain_height", dimensions: [], aggregate: false).record(Int64(7))
        registry.makeTimer(label: "mednexus_fsync_seconds", dimensions: []).recordNanoseconds(2_000_000)
        registry.makeCounter(label: "mednexus_refusals_total", dimensions: [("reason", "a\"b")]).increment(by: 2)
        let (ports, port) = AsyncStream.makeStream(of: Int.self)
        let server = OperatorServer(
            configuration: configuration, probes: OperatorProbes(notReadyBecause: { "lags" }), registry: registry,
            logger: Logger(label: "test"), onListening: { port.yield($0) })
        let task = Task { try await server.run() }
        defer { task.cancel() }
        var iterator = ports.makeAsyncIterator()
        let bound = try #require(await iterator.next())
        try await onOwnThread { try Self.checkOperator(port: bound) }
    }

    private static func checkOperator(port: Int) throws {
        let client = try #require(SocketClient(port: port))
        #expect(client.request("GET /livez")?.status == 200)
        #expect(client.request("GET /readyz")?.status == 503)
        let metrics = try #require(client.request("GET /metrics")).body
        #expect(metrics.contains("# HELP mednexus_chain_height Height of the last final block.\n"))
        #expect(metrics.contains("# TYPE mednexus_chain_height gauge\nmednexus_chain_height 7\n"))
        #expect(metrics.contains("mednexus_fsync_seconds_bucket{le=\"0.0025\"} 1\n"))
        #expect(metrics.contains("mednexus_refusals_total{reason=\"a\\\"b\"} 2\n"))
        #expect(client.request("GET /")?.status == 404)
    }
}
