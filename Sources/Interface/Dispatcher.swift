internal import Primitives

/// A JSON-RPC 2.0 request that was understood, or why it was not.
public struct Call: Sendable {
    /// Nil for a notification, which is never answered.
    public let id: JSONValue?
    public let content: Result<Content, CallFailure>

    public struct Content: Sendable {
        public let method: String
        public let params: JSONValue?
    }

    init(_ json: JSONValue) {
        guard let object = json.object else {
            id = .null
            content = .failure(.invalidRequest("invalid_request", "A request is an object."))
            return
        }
        let given = object["id"]
        let isUsable =
            switch given {
            case nil, .null, .string, .unsigned, .negative, .decimal: true
            case .boolean, .array, .object: false
            }
        func refuse(_ hint: String) -> (JSONValue, Result<Content, CallFailure>) {
            (isUsable ? given ?? .null : .null, .failure(.invalidRequest("invalid_request", hint)))
        }
        guard isUsable else {
            (id, content) = refuse("id is a string, a number or null.")
            return
        }
        guard object["jsonrpc"] == "2.0" else {
            (id, content) = refuse("jsonrpc must be \"2.0\".")
            return
        }
        guard let method = object["method"]?.string else {
            (id, content) = refuse("method must be a string.")
            return
        }
        switch object["params"] {
        case nil, .array, .object:
            id = given
            content = .success(Content(method: method, params: object["params"]))
        default: (id, content) = refuse("params is an array or an object.")
        }
    }
}

extension Call {
    fileprivate var cost: Int {
        guard case .success(let content) = content, content.method == Method.submitMany else { return 1 }
        let transactions = content.params?["transactions"]?.array ?? content.params?.array?.first?.array
        return max(1, transactions?.count ?? 1)
    }
}

/// What a client sent: one call, a batch, or nothing that can be called.
public enum CallMessage: Sendable {
    public static let batchLimit = 100

    case single(Call)
    case batch([Call])
    case refused(CallFailure)

    public init(parsing bytes: [UInt8], limit: Int = 1 << 20) {
        let json: JSONValue
        do {
            json = try JSONParser.parse(bytes, limit: limit)
        } catch {
            self = .refused(.parseError(error))
            return
        }
        guard case .array(let elements) = json else {
            self = .single(Call(json))
            return
        }
        if elements.isEmpty {
            self = .refused(.invalidRequest("empty_batch", "A batch holds at least one request."))
        } else if elements.count > Self.batchLimit {
            self = .refused(
                .invalidRequest("batch_too_large", "A batch holds at most \(Self.batchLimit) requests."))
        } else {
            self = .batch(elements.map { Call($0) })
        }
    }

    /// How many calls it holds.
    public var count: Int {
        switch self {
        case .single, .refused: 1
        case .batch(let calls): calls.count
        }
    }

    /// How many calls it counts for in rate limits: a submission of several transactions counts each.
    public var cost: Int {
        switch self {
        case .single(let call): call.cost
        case .refused: 1
        case .batch(let calls): calls.reduce(0) { $0 + $1.cost }
        }
    }
}

/// Answers JSON-RPC messages from one table of methods and one backend.
public struct Dispatcher: Sendable {
    public let table: MethodTable
    public let backend: any LedgerBackend
    private let memory: (any AnswerMemory)?

    public init(table: MethodTable, backend: any LedgerBackend, memory: (any AnswerMemory)? = nil) {
        self.table = table
        self.backend = backend
        self.memory = memory
    }

    /// The answer that is remembered for one whole request, if it was asked before at the state of now. It is what
    /// answering anew would give, byte for byte, and counts as one call.
    public func remembered(_ request: [UInt8]) -> [UInt8]? {
        guard let memory, let height = backend.stateHeight, let plain = PlainRequest(request),
            let key = plain.key(request), let result = memory.answer(to: key, at: height)
        else { return nil }
        return Self.response(result: result, id: request[plain.id])
    }

    /// The answer's bytes; nil if nothing is to be answered (notifications). `request` is what `message` was parsed from,
    /// where its answer may be remembered.
    public func answer(
        _ message: CallMessage, _ context: CallContext = CallContext(), to request: [UInt8]? = nil
    ) async -> [UInt8]? {
        switch message {
        case .refused(let failure): return Self.response(.null, .failure(failure)).serialized
        case .single(let call): return await answer(call, context, request)
        case .batch(let calls):
            // In order, one after the other: a later call sees what an earlier one did.
            let context = context.inBatch()
            var answers: [UInt8] = []
            for call in calls {
                guard let answer = await answer(call, context, nil) else { continue }
                answers.append(answers.isEmpty ? UInt8(ascii: "[") : UInt8(ascii: ","))
                answers.append(contentsOf: answer)
            }
            if answers.isEmpty { return nil }
            answers.append(UInt8(ascii: "]"))
            return answers
        }
    }

    public func answer(_ bytes: [UInt8], _ context: CallContext = CallContext()) async -> [UInt8]? {
        if let answer = remembered(bytes) { return answer }
        return await answer(CallMessage(parsing: bytes), context, to: bytes)
    }

    private func answer(_ call: Call, _ context: CallContext, _ request: [UInt8]?) async -> [UInt8]? {
        guard case .success(let content) = call.content else {
            guard case .failure(let failure) = call.content else { return nil }
            return call.id.map { Self.response($0, .failure(failure)).serialized }
        }
        if Self.isDiscovery(content.method), let memory {
            let document = memory.document { table.document.serialized }
            return call.id.map { Self.response(result: document, id: $0.serialized[...]) }
        }
        guard let method = table[content.method], let render = method.render else {
            let answer = await written(content.method, content.params, context)
            return call.id.map { id in
                switch answer {
                case .value(let value): Self.response(id, .success(value)).serialized
                case .text(let text): Self.response(result: text, id: id.serialized[...])
                case .failure(let failure): Self.response(id, .failure(failure)).serialized
                }
            }
        }
        do {
            let rendered = try await render(try method.arguments(content.params), backend, context)
            if let memory, let request, let key = PlainRequest(request)?.key(request) {
                memory.keep(rendered.bytes, to: key, at: rendered.height)
            }
            return call.id.map { Self.response(result: rendered.bytes, id: $0.serialized[...]) }
        } catch {
            let failure = Self.failure(error, method: content.method, backend)
            return call.id.map { Self.response($0, .failure(failure)).serialized }
        }
    }

    private static func isDiscovery(_ name: String) -> Bool { name == "rpc.discover" || name == "rpc_discover" }

    /// What ``response(_:_:)`` writes of a success.
    private static func response(result: [UInt8], id: ArraySlice<UInt8>) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(result.count + id.count + 40)
        bytes.append(contentsOf: #"{"jsonrpc":"2.0","result":"#.utf8)
        bytes.append(contentsOf: result)
        bytes.append(contentsOf: #","id":"#.utf8)
        bytes.append(contentsOf: id)
        bytes.append(UInt8(ascii: "}"))
        return bytes
    }

    public static func response(_ id: JSONValue, _ result: CallResult) -> JSONValue {
        var object = JSONObject(reserving: 3)
        object.append("jsonrpc", "2.0")
        switch result {
        case .success(let value): object.append("result", value)
        case .failure(let failure): object.append("error", failure.json)
        }
        object.append("id", id)
        return .object(object)
    }

    /// Calls one method.
    public func call(_ name: String, _ params: JSONValue?, _ context: CallContext = CallContext()) async -> CallResult {
        if Self.isDiscovery(name) { return .success(table.document) }
        guard let method = table[name] else { return .failure(.methodNotFound(name)) }
        let answer = await run(method, context) {
            .value(try await method.body(try method.arguments(params), backend, context))
        }
        switch answer {
        case .value(let value): return .success(value)
        case .text: preconditionFailure("a body answers with a value")
        case .failure(let failure): return .failure(failure)
        }
    }

    /// The same with the result as text, where the method writes it without the value between.
    private func written(_ name: String, _ params: JSONValue?, _ context: CallContext) async -> CallAnswer {
        guard let method = table[name], let write = method.write else {
            switch await call(name, params, context) {
            case .success(let value): return .value(value)
            case .failure(let failure): return .failure(failure)
            }
        }
        return await run(method, context) { .text(try await write(try method.arguments(params), backend, context)) }
    }

    private func run(
        _ method: Method, _ context: CallContext, _ body: @escaping @Sendable () async throws -> CallAnswer
    ) async -> CallAnswer {
        let backend = backend
        let run: @Sendable () async -> CallAnswer = {
            do {
                return try await body()
            } catch {
                return .failure(Self.failure(error, method: method.name, backend))
            }
        }
        guard method.isLong else { return await run() }
        return await context.limitTime(run) ?? .failure(CallFailure(ServerState.timedOut))
    }

    private static func failure(_ error: any Error, method: String, _ backend: any LedgerBackend) -> CallFailure {
        switch error {
        case let failure as CallFailure: return failure
        case let state as ServerState: return CallFailure(state)
        case let rejection as Rejection: return CallFailure(rejection, networkKind: backend.networkKind)
        case Refusal.rejected(let rejection): return CallFailure(rejection, networkKind: backend.networkKind)
        case is CancellationError: return CallFailure(ServerState.unavailable)
        default:
            backend.report(internalFailure: "\(method): \(error)")
            return .internalError
        }
    }
}
