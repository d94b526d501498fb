import Interface
import Primitives
import RPC
import StateModel
import TestBackend
import TestSupport
import Testing

/// A remembered answer is what answering anew would give.
struct KeptAnswersTests {
    private let backend = FakeBackend()

    private func request(_ method: String, _ params: String, id: String = "1") -> [UInt8] {
        Array(#"{"jsonrpc":"2.0","id":\#(id),"method":"\#(method)","params":\#(params)}"#.utf8)
    }

    @Test("A question is answered once a block: then from memory, under each caller's own id, until the next block")
    func blocks() async throws {
        let backend = backend
        let dispatcher = Dispatcher(table: Fake.table(), backend: backend, memory: KeptAnswers())
        let plain = Dispatcher(table: Fake.table(), backend: backend)
        for (method, params) in [("test_difference", #"{"minuend":42,"subtrahend":23}"#), ("test_numbers", "[7]")] {
            let question = request(method, params)
            for _ in 0..<3 {
                #expect(dispatcher.remembered(question) == nil)
                let before = backend.snapshots
                let first = await dispatcher.answer(question)
                #expect(backend.snapshots == before + 1)
                for id in ["1", "0", #""a b""#, "9999999999999999999"] {
                    let again = request(method, params, id: id)
                    #expect(await dispatcher.answer(again) == plain.answer(again))
                    #expect(dispatcher.remembered(again) != nil)
                }
                // The plain one asked for each.
                #expect(backend.snapshots == before + 5)
                let json = try JSONParser.parse(try #require(first))
                #expect(json["result"]?["height"]?.unsigned == (await backend.head().height.value))
                await backend.advance()
            }
        }
    }

    @Test("An answer with its proof is remembered as it was proven, for this question, this checkpoint and this block")
    func proofs() async throws {
        let backend = FakeBackend(canProve: true)
        let dispatcher = Dispatcher(table: Fake.table(), backend: backend, memory: KeptAnswers())
        let plain = Dispatcher(table: Fake.table(), backend: backend)
        func asked(_ more: String) -> [UInt8] {
            request("test_difference", #"{"minuend":42,"subtrahend":23\#(more)}"#)
        }
        let unproven = asked("")
        let proven = asked(#","prove":true"#)
        let later = asked(#","prove":true,"checkpoint":2"#)
        func proof(_ answer: [UInt8]?) throws -> String? {
            try JSONParser.parse(try #require(answer))["result"]?["proof"]?.string
        }
        var proofs: Set<String> = []
        for _ in 0..<2 {
            #expect(try proof(await dispatcher.answer(unproven)) == nil)
            // What is remembered without proof is no answer to who asks for one, nor one of another checkpoint.
            for question in [proven, later] {
                #expect(dispatcher.remembered(question) == nil)
                let first = await dispatcher.answer(question)
                #expect(first == (await plain.answer(question)))
                let before = backend.snapshots
                #expect(dispatcher.remembered(question) == first)
                #expect(backend.snapshots == before)
                proofs.insert(try #require(try proof(first)))
            }
            #expect(try proof(dispatcher.remembered(unproven)) == nil)
            await backend.advance()
        }
        #expect(proofs.count == 4)
        // What can't be proven is asked anew.
        let beyond = asked(#","prove":true,"checkpoint":9"#)
        let refused = String(decoding: try #require(await dispatcher.answer(beyond)), as: UTF8.self)
        #expect(refused.contains("no_evidence") && dispatcher.remembered(beyond) == nil)
    }

    @Test("Failures, writes, notifications, batches and what is no read of the state are not remembered")
    func others() async throws {
        let dispatcher = Dispatcher(table: Fake.table(), backend: backend, memory: KeptAnswers())
        for text in [
            #"{"jsonrpc":"2.0","id":1,"method":"test_refused","params":[]}"#,
            #"{"jsonrpc":"2.0","id":1,"method":"test_difference","params":[1]}"#,
            #"{"jsonrpc":"2.0","id":1,"method":"tx_submit","params":["01"]}"#,
            #"{"jsonrpc":"2.0","id":1,"method":"node_status"}"#, #"{"jsonrpc":"2.0","id":1,"method":"chain_head"}"#,
            #"{"jsonrpc":"2.0","method":"test_difference","params":[3,1]}"#,
            #"[{"jsonrpc":"2.0","id":1,"method":"test_difference","params":[2,1]}]"#,
        ] {
            _ = await dispatcher.answer(Array(text.utf8))
            #expect(dispatcher.remembered(Array(text.utf8)) == nil, "\(text)")
        }
    }

    @Test("Whatever else a request is, it is answered as without a memory", arguments: [1, 2, 3, 4])
    func hostile(seed: UInt64) async throws {
        var random = SeededRandom(seed: seed)
        let dispatcher = Dispatcher(table: Fake.table(), backend: backend, memory: KeptAnswers())
        let plain = Dispatcher(table: Fake.table(), backend: backend)
        let texts = [
            #"{"jsonrpc":"2.0","id":1,"method":"test_difference","params":{"minuend":42,"subtrahend":23}}"#,
            #"{"jsonrpc": "2.0", "method": "test_difference", "params": [42, 23], "id": "x"}"#,
            #"{"params":[42,23],"jsonrpc":"2.0","id":1,"method":"test_difference","id":2}"#,
            #"{"params":[42,23],"jsonrpc":"2.0","id":01,"method":"test_difference"}"#,
            #"{"params":[42,23],"jsonrpc":"2.0","id":"\u0041","method":"test_difference"}"#,
            #"{"params":[42,23],"jsonrpc":"2.0","id":18446744073709551616,"method":"test_difference"}"#,
            #"{"params":[42,23],"jsonrpc":"2.0","id":1.0,"method":"test_difference"}"#,
            #"{"params":[42,23],"jsonrpc":"2.0","id":-1,"method":"test_difference"}"#,
            #"{"params":[42,23],"jsonrpc":"1.0","id":1,"method":"test_difference"}"#,
            #"{"params":[42,23],"jsonrpc":"2.0","id":1,"method":"test_difference","more":0}"#,
            #"{"params":[42,23],"jsonrpc":"2.0","id":1,"method":"test_difference"} x"#,
            #"{"params":[42,23],"jsonrpc":"2.0","id":1,"method":"test_difference",}"#,
            #"{"params":{"minuend":42,"subtrahend":23,"x":"]}"},"jsonrpc":"2.0","id":1,"method":"test_difference"}"#,
            "[\(request("test_difference", "[42,23]"))]",
        ].map { Array($0.utf8) }
        for text in texts { _ = await dispatcher.answer(text) }
        var remembered = 0
        for text in texts { #expect(await dispatcher.answer(text) == plain.answer(text)) }
        for _ in 0..<2_000 {
            let text = random.mutated(texts[Int.random(in: 0..<texts.count, using: &random)])
            if dispatcher.remembered(text) != nil { remembered += 1 }
            let (kept, anew) = (await dispatcher.answer(text), await plain.answer(text))
            #expect(kept == anew, "seed \(seed): \(String(decoding: text, as: UTF8.self))")
        }
        #expect(remembered > 0, "some of the changed requests still ask what was asked")
    }

    @Test("The memory keeps to its bound, lets large answers pass by, and never answers for an older or newer state")
    func bound() {
        let memory = KeptAnswers(byteLimit: 64_000)
        func key(_ number: Int) -> AnswerKey { AnswerKey(bytes: Array("m\u{0}[\(number)]".utf8)) }
        for number in 0..<2_000 {
            memory.keep([UInt8](repeating: 1, count: 300), to: key(number), at: Height(5))
            #expect(memory.byteCount <= 64_000)
        }
        #expect(memory.answer(to: key(1_999), at: Height(5)) != nil)
        #expect(memory.answer(to: key(1_999), at: Height(4)) == nil)
        memory.keep([1], to: key(0), at: Height(4))
        #expect(memory.answer(to: key(0), at: Height(4)) == nil)
        memory.keep([UInt8](repeating: 1, count: 3_000), to: key(3_000), at: Height(5))
        #expect(memory.answer(to: key(3_000), at: Height(5)) == nil)
        #expect(memory.answer(to: key(1_999), at: Height(6)) == nil)
        #expect(memory.byteCount == 0, "what a newer state has replaced is gone when it is first asked")
        memory.keep([2], to: key(1_999), at: Height(6))
        #expect(memory.answer(to: key(1_999), at: Height(6)) == [2])
    }

    @Test("The description is written once, when it is asked for")
    func description() async throws {
        let memory = KeptAnswers()
        let dispatcher = Dispatcher(table: Fake.table(), backend: backend, memory: memory)
        let answer = await dispatcher.answer(request("rpc.discover", "[]"))
        let plain = await Dispatcher(table: Fake.table(), backend: backend).answer(request("rpc_discover", "{}"))
        #expect(answer == plain)
        #expect(memory.document { [] } == Fake.table().document.serialized)
    }
}
