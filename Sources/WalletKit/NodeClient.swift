internal import AsyncHTTPClient
public import Interface
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
public import Primitives

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// Speaks JSON-RPC 2.0 to one node over HTTP or HTTPS. Any number of calls at once.
public struct NodeClient: Sendable {
    /// A page of blocks or of 100 records is far below.
    static let maximumAnswerBytes = 32 << 20
    /// Above the server's longest poll.
    public static let standardTimeoutMilliseconds: Int64 = 40_000

    public let url: String
    public let networkKind: NetworkKind
    public let timeoutMilliseconds: Int64

    public init(
        url: String, networkKind: NetworkKind, timeoutMilliseconds: Int64 = NodeClient.standardTimeoutMilliseconds
    ) {
        self.url = url
        self.networkKind = networkKind
        self.timeoutMilliseconds = timeoutMilliseconds
    }

    /// Lives as long as the program; connections are made when needed and kept alive.
    static let http: HTTPClient = {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.timeout.connect = .seconds(5)
        // A node that refuses connections is said to be unreachable at once.
        configuration.connectionPool.retryConnectionEstablishment = false
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }()

    // MARK: Calls

    /// Calls one method and returns its result.
    public func call(_ method: String, _ params: JSONValue = .object([:])) async throws(WalletFailure) -> JSONValue {
        let body = JSONValue.object(["jsonrpc": "2.0", "id": 1, "method": .string(method), "params": params])
        let answer = try await post(body.serialized)
        guard let object = answer.object else { throw protocolFailure("an answer that is no object") }
        if let error = object["error"], !error.isNull { throw failure(error) }
        guard let result = object["result"] else { throw protocolFailure("an answer without a result") }
        return result
    }

    /// Calls a method that reads the ledger, and decodes its `value`.
    public func read<Value: Decodable>(
        _ method: String, _ params: JSONValue = .object([:]), as type: Value.Type = Value.self
    ) async throws(WalletFailure) -> Value {
        let result = try await call(method, params)
        guard let value = result["value"] else { throw protocolFailure("\(method) without a value") }
        return try decode(value, method)
    }

    /// Calls a method whose result is the thing itself.
    public func plain<Value: Decodable>(
        _ method: String, _ params: JSONValue = .object([:]), as type: Value.Type = Value.self
    ) async throws(WalletFailure) -> Value {
        try decode(try await call(method, params), method)
    }

    /// Pages in a row that may hold nothing: a node looks at so many entries in a call, and shows those that count.
    private static let emptyPages = 1_000

    /// All items of a list, page by page, at most `limit` of them.
    public func items(
        _ method: String, _ params: JSONObject = JSONObject(), limit: Int = 10_000
    ) async throws(WalletFailure) -> [JSONValue] {
        let found = try await searched(method, params, limit: limit)
        guard found.isWhole else { throw protocolFailure("\(method) with nothing but empty pages") }
        return found.items
    }

    /// The same of a list through which a node may have to search for long: not whole where it showed nothing for so many
    /// pages that no more was asked.
    public func searched(
        _ method: String, _ params: JSONObject = JSONObject(), limit: Int = 10_000
    ) async throws(WalletFailure) -> (items: [JSONValue], isWhole: Bool) {
        var items: [JSONValue] = []
        var params = params
        var empty = 0
        while true {
            params.set("limit", .integer(min(100, limit - items.count)))
            let page = try await call(method, .object(params))
            guard let more = page["items"]?.array else { throw protocolFailure("\(method) without items") }
            items += more
            guard let next = page["next"], !next.isNull, items.count < limit else { return (items, true) }
            empty = more.isEmpty ? empty + 1 : 0
            guard empty < Self.emptyPages else { return (items, false) }
            params.set("cursor", next)
        }
    }

    public func encode(_ value: some Encodable) throws(WalletFailure) -> JSONValue {
        do {
            return try JSONValueEncoder.encode(value, networkKind: networkKind)
        } catch {
            throw WalletFailure(.usage, "\(error)")
        }
    }

    private func decode<Value: Decodable>(_ value: JSONValue, _ method: String) throws(WalletFailure) -> Value {
        do {
            return try JSONValueDecoder.decode(Value.self, from: value, networkKind: networkKind)
        } catch {
            throw protocolFailure("\(method): \(error)")
        }
    }

    // MARK: What transactions need

    public func status() async throws(WalletFailure) -> NodeStatus {
        try await read("node_status")
    }

    public func head() async throws(WalletFailure) -> ChainHead { try await read("chain_head") }

    /// The sequence that the account's next transaction must carry.
    public func sequence(of account: Address) async throws(WalletFailure) -> UInt64 {
        let value = try await read(
            "account_sequence", .object(["address": try encode(account)]), as: JSONValue.self)
        guard let sequence = value["sequence"]?.unsigned else {
            throw protocolFailure("account_sequence without a number")
        }
        return sequence
    }

    public func submit(_ transaction: [UInt8]) async throws(WalletFailure) -> Submission {
        try await plain("tx_submit", .object(["bytes": .string(Hexadecimal.encode(transaction))]))
    }

    public func transactionStatus(_ hash: Hash) async throws(WalletFailure) -> TransactionStatus {
        try await read("tx_status", .object(["hash": .string(hash.description)]))
    }

    /// Fails unless the node is of the pinned network, and has the pinned checkpoint in its chain.
    public func verify(_ network: PinnedNetwork) async throws(WalletFailure) -> NodeStatus {
        let status = try await status()
        guard status.network == network.genesis else {
            throw WalletFailure(
                .usage, "the node at \(url) belongs to network \(status.network), not to \(network.name)",
                hint: "Check the node's address, or pin the other network under its own name.")
        }
        guard status.ledgerVersion == ProgramVersion.ledger else {
            let told = status.ledgerVersion.map { "by version \($0)" } ?? "as builds before this one did"
            throw WalletFailure(
                .unreachable,
                "the node at \(url) writes the ledger \(told), and this wallet by version \(ProgramVersion.ledger)",
                hint: "Wallet and node have to be of one build: compare mednexus --version and mednexusd --version.")
        }
        guard let checkpoint = network.checkpoint, checkpoint.height <= status.head.height else { return status }
        let header = try await read(
            "chain_header", .object(["height": .unsigned(checkpoint.height.value)]), as: JSONValue.self)
        guard header["hash"]?.string == checkpoint.blockHash.description else {
            throw WalletFailure(
                .proofInvalid, "the node's block at height \(checkpoint.height) is not the pinned checkpoint",
                hint: "This node follows another chain. Use one that you trust, and tell its operator.")
        }
        return status
    }

    // MARK: Conveyance

    private func post(_ body: [UInt8]) async throws(WalletFailure) -> JSONValue {
        var request = HTTPClientRequest(url: url)
        request.method = .POST
        request.headers.add(name: "Content-Type", value: "application/json")
        request.headers.add(name: "User-Agent", value: "mednexus-wallet")
        request.body = .bytes(body)
        let status: UInt
        let retryAfter: String?
        var bytes: [UInt8]
        do {
            let response = try await NodeClient.http.execute(request, timeout: .milliseconds(timeoutMilliseconds))
            status = response.status.code
            retryAfter = response.headers.first(name: "Retry-After")
            let buffer = try await response.body.collect(upTo: NodeClient.maximumAnswerBytes)
            bytes = Array(buffer.readableBytesView)
        } catch {
            throw unreachable(error)
        }
        if let answer = try? JSONParser.parse(bytes, limit: NodeClient.maximumAnswerBytes) { return answer }
        bytes = []
        switch status {
        case 413: throw WalletFailure(.usage, "the node takes no request that large")
        case 429, 503:
            let wait = retryAfter.map { "Try again in \($0) seconds." } ?? "Try again shortly."
            throw WalletFailure(.unreachable, "the node at \(url) is busy or not ready (HTTP \(status))", hint: wait)
        default: throw protocolFailure("HTTP \(status) without a JSON answer")
        }
    }

    func unreachable(_ error: any Error) -> WalletFailure {
        let isConnecting =
            switch error {
            case is NIOConnectionError: true
            case let error as IOError: [ECONNREFUSED, EHOSTUNREACH, ENETUNREACH].contains(error.errnoCode)
            case let error as HTTPClientError:
                error == .connectTimeout || error == .invalidURL || error == .emptyHost || error == .emptyScheme
            default: false
            }
        let reason =
            switch error {
            case let error as NIOConnectionError: connectionReason(error)
            case let error as IOError where error.errnoCode == ECONNREFUSED: "nothing listens there"
            case is CancellationError: "given up"
            default: "\(error)"
            }
        return WalletFailure(
            .unreachable, "the node at \(url) can't be reached: \(reason)",
            hint: "Is it running? Name another with --node or MEDNEXUS_NODE.", mayHaveArrived: !isConnecting)
    }

    private func connectionReason(_ error: NIOConnectionError) -> String {
        let reason = error.connectionErrors.first.map { "\($0.error)" } ?? "\(error)"
        return reason.contains("Connection refused") ? "nothing listens there" : reason
    }

    private func protocolFailure(_ what: String) -> WalletFailure {
        WalletFailure(
            .unreachable, "what answers at \(url) does not speak as a MedNexus node: \(what)",
            hint: "Check the address; a proxy may stand in between.", mayHaveArrived: true)
    }

    private func failure(_ error: JSONValue) -> WalletFailure {
        let data = error["data"]
        let code = error["code"].flatMap { code in
            switch code {
            case .unsigned(let value): Int(exactly: value)
            case .negative(let value): Int(value)
            default: nil
            }
        }
        let answer = WalletFailure.Answer(
            code: code ?? 0, reason: data?["reason"]?.string ?? "error", domain: data?["domain"]?.string ?? "",
            operation: data?["operation"]?.unsigned.flatMap { Int(exactly: $0) },
            field: data?["field"]?.string ?? "", message: error["message"]?.string ?? "",
            hint: data?["hint"]?.string ?? "", retryable: data?["retryable"]?.boolean ?? false)
        // The standard's codes mean that this program and the node don't understand each other or the user's input;
        // −32000 and below that the server can't; from 1000 on the ledger refuses.
        let kind: WalletFailure.Kind =
            switch answer.code {
            case 1000...: .refused
            case -32099 ... -32000: .unreachable
            default: .usage
            }
        return WalletFailure(kind, answer.message, hint: answer.hint, answer: answer)
    }
}
