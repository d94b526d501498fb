import Cryptography
import FoundationEssentials
import Interface
import Primitives
import StateModel
import TestBackend
import Testing

struct DispatcherTests {
    private let backend = FakeBackend()
    private var dispatcher: Dispatcher { Dispatcher(table: Fake.table(), backend: backend) }

    private func call(_ text: String) async throws -> JSONValue? {
        try await dispatcher.answer(Array(text.utf8)).map { try JSONParser.parse($0) }
    }

    private func call(_ method: String, _ params: String) async throws -> JSONValue {
        let answer = try await call(#"{"jsonrpc":"2.0","method":"\#(method)","params":\#(params),"id":1}"#)
        return try #require(answer)
    }

    @Test("Reads answer in the fixed envelope, by name and by position")
    func envelope() async throws {
        let byName = try await call("test_difference", #"{"subtrahend":23,"minuend":42}"#)
        let byPosition = try await call("test_difference", "[42,23]")
        #expect(byName == byPosition)
        #expect(byName["result"]?["value"] == 19)
        #expect(byName["result"]?["height"] == 3)
        #expect(byName["result"]?["blockHash"]?.string == Fake.hash(3).description)
    }

    @Test("Wrong parameters are refused with the field at fault")
    func parameters() async throws {
        for (params, field) in [
            (#"{"minuend":1}"#, "subtrahend"), (#"{"minuend":1,"subtrahend":"2"}"#, "subtrahend"),
            (#"{"minuend":1,"subtrahend":2,"x":3}"#, "x"), ("[1,2,3,false,0,6]", "[5]"),
            (#"{"minuend":1,"subtrahend":2,"minHeight":-1}"#, "minHeight"),
        ] {
            let error = try await call("test_difference", params)["error"]
            #expect(error?["code"] == -32602)
            #expect(error?["data"]?["field"]?.string == field)
        }
    }

    @Test("A list pages to its end by cursors, each item once; a cursor of another method is refused")
    func paging() async throws {
        var seen: [JSONValue] = []
        var params = #"{"limit":100}"#
        while true {
            let result = try #require(try await call("test_numbers", params)["result"])
            seen += result["items"]?.array ?? []
            guard let next = result["next"]?.string else { break }
            params = #"{"limit":100,"cursor":"\#(next)"}"#
            let foreign = try await call("chain_blocks", #"{"cursor":"\#(next)"}"#)
            #expect(foreign["error"]?["code"] == -32602)
        }
        #expect(seen == (0..<250).map { .unsigned(UInt64($0)) })
        #expect(try await call("test_numbers", #"{"limit":101}"#)["error"]?["code"] == -32602)
    }

    @Test("Ledger refusals carry code and data; failures of the node say no more than that")
    func failures() async throws {
        let refused = try await call("test_refused", "[]")["error"]
        #expect(refused?["code"] == 1501)
        #expect(refused?["data"]?.object?.keys == ["reason", "domain", "operation", "field", "retryable", "hint"])
        #expect(refused?["data"]?["operation"] == 2)
        // The rooms write ids without knowing their network; its prefix comes at the edge.
        let inft = TypedText.encode(Bytes32(0, 0, 0, 5), kind: "inft", network: .test)
        #expect(refused?["message"]?.string == "Too dear: \(inft).")
        let broken = try await call("test_broken", "[]")
        #expect(broken["error"]?["code"] == -32603)
        #expect(!broken.text.contains("secret"))
        while await backend.reports.isEmpty { await Task.yield() }
        #expect(await backend.reports.first?.contains("secret") == true)
    }

    @Test("minHeight waits for a height that comes and refuses one that does not")
    func minHeight() async throws {
        let backend = backend
        let mover = Task {
            try await Task.sleep(for: .milliseconds(50))
            await backend.advance()
        }
        let result = try await call("test_difference", #"{"minuend":1,"subtrahend":1,"minHeight":4}"#)["result"]
        #expect(result?["height"] == 4)
        try await mover.value
        // In a batch nobody waits.
        let batch = try await call(
            #"[{"jsonrpc":"2.0","method":"chain_head","params":{"minHeight":1000},"id":1}]"#)
        #expect(batch?.array?.first?["error"]?["code"] == -32004)
    }

    @Test("Events come in order, none skipped, filtered, and a long poll wakes with the next block")
    func events() async throws {
        var cursor = ""
        var names: [UInt64] = []
        var params = #"{"limit":3}"#
        for _ in 0..<4 {
            let result = try #require(try await call("chain_events", params)["result"])
            names += (result["items"]?.array ?? []).compactMap { $0["event"]?["number"]?.unsigned }
            cursor = try #require(result["next"]?.string)
            params = #"{"limit":3,"cursor":"\#(cursor)"}"#
        }
        #expect(names == Array(0..<8))
        let backend = backend
        let mover = Task {
            try await Task.sleep(for: .milliseconds(50))
            await backend.advance()
        }
        let late = try await call("chain_events", #"{"cursor":"\#(cursor)","waitMilliseconds":5000}"#)["result"]
        #expect(late?["items"]?.array?.count == 2)
        try await mover.value
        let party = TypedText.encode(Bytes32(0, 0, 0, 2), kind: "", network: .test)
        let mine = try await call("chain_events", #"{"filter":{"party":"\#(party)"}}"#)["result"]
        #expect(mine?["items"]?.array?.count == 5)
        #expect(try await call("chain_events", #"{"filter":{"domain":"x"}}"#)["error"]?["code"] == -32602)
    }

    @Test("A stretch of blocks without events skips none behind it, though each read stops in the middle of it")
    func quietStretch() async throws {
        let backend = FakeBackend(height: 3_000, quietBelow: 2_999, blocksPerRead: 100)
        let dispatcher = Dispatcher(table: Fake.table(), backend: backend)
        var numbers: [UInt64] = []
        var params = "{}"
        for _ in 0..<4 {
            let sent = #"{"jsonrpc":"2.0","method":"chain_events","params":\#(params),"id":1}"#
            let bytes = try #require(await dispatcher.answer(Array(sent.utf8)))
            let result = try #require(try JSONParser.parse(bytes)["result"])
            numbers += (result["items"]?.array ?? []).compactMap { $0["event"]?["number"]?.unsigned }
            let next = try #require(result["next"]?.string)
            params = #"{"cursor":"\#(next)"}"#
        }
        #expect(numbers == Array(5_998...6_001))
        // Subscriptions follow the same walk: caught up only once it has passed the head.
        var follower = try await EventFollower.following(cursor: "start", filter: EventFilter(), backend: backend)
        #expect(try await follower.next(limit: 10, backend: backend).isCaughtUp == false)
        var last = try await follower.next(limit: 10, backend: backend)
        while !last.isCaughtUp { last = try await follower.next(limit: 10, backend: backend) }
        #expect(follower.position == EventPosition(height: Height(3_001), index: 0))
    }

    @Test("A forged cursor with the right checksum reaches no other table")
    func forgedCursor() async throws {
        for key in [[], [0xff], Array(IndexKey(.ledger, 2).bytes)] as [[UInt8]] {
            var hasher = SHA256()
            hasher.update(Array("test_numbers".utf8))
            hasher.update(0)
            hasher.update(key)
            let cursor = Hexadecimal.encode(Array(hasher.finalize().bytes.array.prefix(4)) + key)
            let error = try await call("test_numbers", #"{"cursor":"\#(cursor)"}"#)["error"]
            #expect(error?["code"] == -32602)
            #expect(error?["data"]?["field"] == "cursor")
        }
    }

    @Test("Submissions answer one by one; subscriptions are refused without a WebSocket")
    func submissions() async throws {
        #expect(try await call("tx_submit", #"{"bytes":"00"}"#)["error"]?["code"] == 1004)
        let many = try await call("tx_submitMany", #"{"transactions":["00","01"]}"#)["result"]?.array
        #expect(many?.first?["error"]?["reason"] == "signature_invalid")
        #expect(many?.last?["submission"]?["state"] == "pending")
        #expect(try await call("chain_subscribe", #"["events"]"#)["error"]?["code"] == -32008)
    }

    @Test("The examples of the JSON-RPC specification")
    func specification() async throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Specs/vectors/jsonrpc.json")
        let fixture = try JSONParser.parse(Array(try Data(contentsOf: file)))
        let vectors = try #require(fixture["vectors"]?.array)
        #expect(vectors.count == 15)
        for vector in vectors {
            let sent = try #require(vector["sent"]?.string)
            let answer = try await dispatcher.answer(Array(sent.utf8)).map { try JSONParser.parse($0) }
            // The example methods are not ours: what the specification fixes is everything but their results.
            #expect(Self.shape(answer) == Self.shape(vector["answered"]), "\(sent)")
        }
    }

    /// Codes, messages and ids; where an example method answered, ours says "Method not found".
    private static func shape(_ json: JSONValue?) -> JSONValue {
        switch json {
        case nil, .null: return .null
        case .array(let elements): return .array(elements.map { shape($0) })
        case let json?:
            let code = json["error"]?["code"] ?? -32601
            let message = json["error"]?["message"] ?? "Method not found"
            return .object(["code": code, "message": message, "id": json["id"] ?? "none"])
        }
    }

    @Test("A batch holds at most 100 requests, and answers none for notifications")
    func batches() async throws {
        let one = #"{"jsonrpc":"2.0","method":"chain_head","id":1}"#
        let full = "[" + Array(repeating: one, count: 100).joined(separator: ",") + "]"
        #expect(try await call(full)?.array?.count == 100)
        let tooMany = "[" + Array(repeating: one, count: 101).joined(separator: ",") + "]"
        #expect(try await call(tooMany)?["error"]?["data"]?["reason"] == "batch_too_large")
        #expect(try await call(#"[{"jsonrpc":"2.0","method":"chain_head"}]"#) == nil)
    }
}
