internal import Cryptography
internal import Primitives
public import StateModel

/// Where a page ended, as text: opaque, and the same on every node, because index keys are functions of the state.
/// Four bytes bind it to its method, so that a cursor of another list is refused and not misread.
enum PageCursor {
    private static func check(_ key: [UInt8], _ method: String) -> [UInt8] {
        var hasher = SHA256()
        hasher.update(Array(method.utf8))
        hasher.update(0)
        hasher.update(key)
        return Array(hasher.finalize().bytes.array.prefix(4))
    }

    static func text(_ key: [UInt8], method: String) -> String { Hexadecimal.encode(check(key, method) + key) }

    static func key(_ text: String, method: String) throws(CallFailure) -> [UInt8] {
        guard text.utf8.count <= 512, let bytes = Hexadecimal.decode(text), bytes.count > 4,
            check(Array(bytes[4...]), method) == Array(bytes[..<4])
        else { throw .invalidParameters("cursor", "Give the `next` of a page of this method.") }
        return Array(bytes[4...])
    }

    /// Numbers as the key, for lists that are walked by position.
    static func text(_ numbers: [UInt64], method: String) -> String {
        var key: [UInt8] = []
        for number in numbers {
            for shift in stride(from: UInt64(56), through: 0, by: -8) {
                key.append(UInt8(truncatingIfNeeded: number >> shift))
            }
        }
        return text(key, method: method)
    }

    static func numbers(_ text: String, count: Int, method: String) throws(CallFailure) -> [UInt64] {
        let key = try key(text, method: method)
        guard key.count == 8 * count else { throw .invalidParameters("cursor", "Give the `next` of a page.") }
        return (0..<count).map { index in key[index * 8..<index * 8 + 8].reduce(0) { $0 << 8 | UInt64($1) } }
    }
}

/// Reads after writes, behind a balancer: a node that lags waits a little and then says so.
enum MinimumHeight {
    /// A few block intervals: what a healthy node needs to catch up with another.
    static let waitMilliseconds: UInt64 = 5_000

    static func reach(
        _ height: Height?, _ backend: any LedgerBackend, _ context: CallContext
    ) async throws(CallFailure) {
        guard let height, height > .genesis else { return }
        var head = await backend.head().height
        var left = context.mayWait ? waitMilliseconds : 0
        while head < height {
            guard left > 0 else { throw CallFailure(ServerState.lagging) }
            left = await backend.waitForBlock(above: head, milliseconds: left)
            head = await backend.head().height
        }
    }
}

extension Method {
    /// A domain's read, in its envelope.
    public init(_ query: Query) {
        name = query.name
        summary = query.summary
        parameters = query.parameters
        parametersType = query.parametersType
        result = query.isList ? .page(query.resultType) : .value(query.resultType)
        common = CommonParameter.read.union(query.isList ? [.limit, .cursor] : [])
        // Reads are bounded by their limits, so only the wait for a height can be long; that has its own bound.
        isLong = false
        replay = { arguments, snapshot in
            let (parameters, request) = try Self.request(query, arguments, snapshot.block.networkKind)
            return try Self.answer(query, parameters, request, snapshot)
        }
        body = { arguments, backend, context in
            let (parameters, request) = try Self.request(query, arguments, backend.networkKind)
            try await MinimumHeight.reach(arguments.minHeight, backend, context)
            let read: @Sendable (QueryContext) throws -> JSONValue = { snapshot in
                if let wanted = arguments.minHeight, snapshot.block.height < wanted {
                    throw CallFailure(ServerState.lagging)
                }
                return try Self.answer(query, parameters, request, snapshot)
            }
            guard arguments.proves else { return try await backend.withSnapshot(read) }
            return try await Self.proving(arguments, backend, read)
        }
        let body = body
        render = { arguments, backend, context in
            if arguments.proves {
                let json = try await body(arguments, backend, context)
                return RenderedAnswer(bytes: json.serialized, height: Height(json["height"]?.unsigned ?? 0))
            }
            let (parameters, request) = try Self.request(query, arguments, backend.networkKind)
            try await MinimumHeight.reach(arguments.minHeight, backend, context)
            return try await backend.withSnapshot { snapshot in
                if let wanted = arguments.minHeight, snapshot.block.height < wanted {
                    throw CallFailure(ServerState.lagging)
                }
                let bytes = try Self.text(query, parameters, request, snapshot)
                return RenderedAnswer(bytes: bytes, height: snapshot.block.height)
            }
        }
    }

    private static func request(
        _ query: Query, _ arguments: Arguments, _ networkKind: NetworkKind
    ) throws(CallFailure) -> (parameters: any Codable & Sendable, page: PageRequest) {
        let parameters = try decode(query.parametersType, arguments, networkKind)
        let after = try arguments.cursor.map { (text) throws(CallFailure) in
            IndexKey(stored: try PageCursor.key(text, method: query.name))
        }
        return (parameters, PageRequest(after: after, limit: arguments.limit))
    }

    static func decode(
        _ type: any (Codable & Sendable).Type, _ arguments: Arguments, _ networkKind: NetworkKind
    ) throws(CallFailure) -> any Codable & Sendable {
        func opened<Parameters: Codable & Sendable>(
            _ type: Parameters.Type
        ) throws(CallFailure) -> any Codable & Sendable {
            try arguments.decoded(as: type, networkKind)
        }
        return try opened(type)
    }

    private static func answer(
        _ query: Query, _ parameters: any Codable & Sendable, _ request: PageRequest, _ snapshot: QueryContext
    ) throws -> JSONValue {
        let networkKind = snapshot.block.networkKind
        switch try query.evaluate(parameters, request, snapshot) {
        case .value(let value):
            let json = try JSONValueEncoder.encode(value, networkKind: networkKind)
            return Envelope.value(json, height: snapshot.block.height, blockHash: snapshot.blockHash)
        case .page(let items, let next):
            var array: [JSONValue] = []
            array.reserveCapacity(items.count)
            for item in items { array.append(try JSONValueEncoder.encode(item, networkKind: networkKind)) }
            return Envelope.page(
                array, next: next.map { PageCursor.text($0.bytes, method: query.name) },
                height: snapshot.block.height, blockHash: snapshot.blockHash)
        }
    }

    /// The text of ``answer(_:_:_:_:)``, byte for byte.
    private static func text(
        _ query: Query, _ parameters: any Codable & Sendable, _ request: PageRequest, _ snapshot: QueryContext
    ) throws -> [UInt8] {
        let networkKind = snapshot.block.networkKind
        let answer = try query.evaluate(parameters, request, snapshot)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(1_024)
        Envelope.begin(snapshot.block.height, snapshot.blockHash, &bytes)
        switch answer {
        case .value(let value):
            bytes.append(contentsOf: #","value":"#.utf8)
            try JSONByteEncoder.append(value, networkKind: networkKind, to: &bytes)
        case .page(let items, let next):
            bytes.append(contentsOf: #","items":["#.utf8)
            try JSONByteEncoder.append(items, networkKind: networkKind, to: &bytes)
            bytes.append(contentsOf: #"],"next":"#.utf8)
            let cursor = next.map { JSONValue.string(PageCursor.text($0.bytes, method: query.name)) } ?? .null
            cursor.serialize(into: &bytes)
        }
        bytes.append(UInt8(ascii: "}"))
        return bytes
    }
}
