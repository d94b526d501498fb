import Interface
import NIOCore
import NIOHTTP1
import NIOPosix
import Primitives
import Synchronization
import Transactions

/// A node of a scripted temper on a real socket: takes transactions, and loses, refuses or finishes them as told.
final class FakeNode: Sendable {
    enum Temper: Sendable {
        case accept
        /// Takes the transaction and cuts the line before it answers.
        case takeAndHangUp
        /// Cuts the line without taking anything.
        case hangUp
        case refuse(code: Int, retryable: Bool)
        /// Answers with something that is not JSON.
        case garbage
        case busy
    }

    struct State: Sendable {
        var temper = Temper.accept
        var network = Hash(Bytes32(1, 2, 3, 4))
        var headHash = Hash(Bytes32(9, 9, 9, 9))
        var time = Timestamp(1_767_225_600_000)
        var sequence: UInt64 = 0
        var ledgerVersion: UInt64? = ProgramVersion.ledger
        var taken: [String] = []
        /// Transactions by hash, and what tx_status says of them.
        var states: [String: TransactionState] = [:]
        /// What else it answers, by method: the result, or nil to cut the line.
        var answers: [String: @Sendable (JSONValue?, State) -> JSONValue?] = [:]
    }

    let state = Mutex(State())
    private let listener: any Channel

    init() async throws {
        let shared = SharedNode()
        listener = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .childChannelInitializer { channel in
                channel.pipeline.configureHTTPServerPipeline().flatMapThrowing {
                    try channel.pipeline.syncOperations.addHandler(FakeNodeHandler(shared))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        shared.node.withLock { $0 = WeakNode(self) }
    }

    var url: String { "http://127.0.0.1:\(listener.localAddress?.port ?? 0)" }

    func close() async { try? await listener.close() }

    var taken: [String] { state.withLock { $0.taken } }

    func set(_ change: @Sendable (inout State) -> Void) { state.withLock { change(&$0) } }

    /// Nil means: cut the line.
    func answer(_ bytes: [UInt8]) -> (HTTPResponseStatus, [UInt8])? {
        guard let request = try? JSONParser.parse(bytes), let method = request["method"]?.string else { return nil }
        let params = request["params"]
        return state.withLock { state in
            if case .garbage = state.temper { return (.ok, Array("<html>".utf8)) }
            if case .busy = state.temper { return (.serviceUnavailable, []) }
            func result(_ value: JSONValue) -> (HTTPResponseStatus, [UInt8]) {
                (.ok, JSONValue.object(["jsonrpc": "2.0", "id": 1, "result": value]).serialized)
            }
            func read(_ value: JSONValue) -> (HTTPResponseStatus, [UInt8]) {
                result(.object(["height": 7, "blockHash": .string(state.headHash.description), "value": value]))
            }
            let head: JSONValue = .object([
                "height": 7, "blockHash": .string(state.headHash.description),
                "time": .unsigned(state.time.milliseconds), "stateRoot": .string(Hash.zero.description),
            ])
            switch method {
            case "chain_head": return read(head)
            case "node_status":
                return read(
                    .object([
                        "version": "test", "ledgerVersion": state.ledgerVersion.map { .unsigned($0) } ?? .null,
                        "network": .string(state.network.description), "networkKind": "test",
                        "head": head, "lowestBlock": 0, "epoch": 0, "view": 8, "targetHeight": 7, "lag": 0,
                        "isSyncing": false,
                        "isReady": true, "isValidator": true, "validatorCount": 1, "quorum": 1, "peerCount": 0,
                        "pendingCount": 0, "uptimeMilliseconds": 1,
                    ]))
            case "chain_header": return read(.object(["hash": .string(state.headHash.description)]))
            case "account_sequence": return read(.object(["sequence": .unsigned(state.sequence)]))
            case "tx_submit": return submit(params, &state, result)
            case "tx_status":
                let hash = params?["hash"]?.string ?? ""
                let status = state.states[hash] ?? .unknown
                return read(
                    .object([
                        "hash": .string(hash), "state": .string(status.rawValue),
                        "definitive": .boolean(status == .final || status == .expired || status == .replaced),
                        "height": status == .final ? 8 : .null,
                    ]))
            default: return state.answers[method]?(params, state).map(result)
            }
        }
    }

    private func submit(
        _ params: JSONValue?, _ state: inout State, _ result: (JSONValue) -> (HTTPResponseStatus, [UInt8])
    ) -> (HTTPResponseStatus, [UInt8])? {
        guard let bytes = params?["bytes"]?.string.flatMap({ Hexadecimal.decode($0) }),
            let hash = try? SignedTransaction(RawTransaction(bytes)).hash.description
        else { return nil }
        switch state.temper {
        case .hangUp: return nil
        case .refuse(let code, let retryable):
            let data: JSONValue = .object([
                "reason": "price_above_maximum", "domain": "licenses", "operation": 0, "field": "price",
                "retryable": .boolean(retryable), "hint": "Ask for a quote.",
            ])
            let error: JSONValue = .object(["code": .integer(code), "message": "too dear", "data": data])
            return (.ok, JSONValue.object(["jsonrpc": "2.0", "id": 1, "error": error]).serialized)
        case .accept, .takeAndHangUp, .garbage, .busy:
            state.taken.append(Hexadecimal.encode(bytes))
            if state.states[hash] == nil { state.states[hash] = .pending }
            if case .takeAndHangUp = state.temper { return nil }
            return result(
                .object(["hash": .string(hash), "wireId": .string(Hash.zero.description), "state": "pending"]))
        }
    }
}

/// The node behind a listener, known only once the listener is there.
final class SharedNode: Sendable {
    let node = Mutex(WeakNode(nil))
}

struct WeakNode: Sendable {
    weak let node: FakeNode?
    init(_ node: FakeNode?) { self.node = node }
}

final class FakeNodeHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let shared: SharedNode
    private var body: [UInt8] = []

    init(_ shared: SharedNode) { self.shared = shared }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head: body = []
        case .body(let buffer): body += buffer.readableBytesView
        case .end:
            guard let (status, bytes) = shared.node.withLock({ $0.node })?.answer(body) else {
                context.close(promise: nil)
                return
            }
            let headers: HTTPHeaders = ["Content-Length": "\(bytes.count)"]
            context.write(
                wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: status, headers: headers))),
                promise: nil)
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: bytes)))), promise: nil)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }
    }
}
