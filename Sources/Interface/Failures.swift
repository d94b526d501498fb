public import Primitives

/// What the server answers when it is the server, not the ledger, that can't: −32000…−32099.
public struct ServerState: Error, Hashable, Sendable {
    public let code: Int
    public let reason: String
    /// A sentence for people, the same for every occurrence.
    public let message: String
    public let hint: String
    public let isRetryable: Bool
    /// Which parameter, where one is at fault.
    public let field: String

    init(_ code: Int, _ reason: String, _ message: String, hint: String, retryable: Bool, field: String = "") {
        self.code = code
        self.reason = reason
        self.message = message
        self.hint = hint
        isRetryable = retryable
        self.field = field
    }

    public static let syncing = ServerState(
        -32000, "syncing", "The node is catching up with the network.",
        hint: "Try again shortly, or ask another node.", retryable: true)
    public static let limited = ServerState(
        -32001, "limited", "Too many requests from this address.",
        hint: "Wait for the time that Retry-After names.", retryable: true)
    public static let pruned = ServerState(
        -32002, "pruned", "The node does not keep blocks that far back.",
        hint: "Ask a node that keeps the whole chain.", retryable: false, field: "height")
    public static let cursorGone = ServerState(
        -32003, "cursor_gone", "The cursor is older than what this node keeps.",
        hint: "Start again without a cursor, or ask a node that keeps more.", retryable: false, field: "cursor")
    public static let lagging = ServerState(
        -32004, "lagging", "The node has not reached the height that minHeight asks for.",
        hint: "Try again shortly, or ask another node.", retryable: true, field: "minHeight")
    public static let timedOut = ServerState(
        -32005, "timed_out", "The call took longer than this node allows.",
        hint: "Ask for less at a time; a submission may have been accepted: see tx_status.", retryable: true)
    public static let unavailable = ServerState(
        -32006, "unavailable", "The node is stopping or can't serve this now.",
        hint: "Try again shortly, or ask another node.", retryable: true)
    public static let tooManySubscriptions = ServerState(
        -32007, "too_many_subscriptions", "This connection has as many subscriptions as it may have.",
        hint: "Unsubscribe from one, or filter more widely.", retryable: false)
    public static let needsWebSocket = ServerState(
        -32008, "needs_websocket", "Subscriptions live on a WebSocket connection.",
        hint: "Connect to /ws, or use chain_events or GET /events.", retryable: false)
    public static let subscriberLagged = ServerState(
        -32009, "lagged", "The subscriber reads more slowly than events arrive.",
        hint: "Subscribe again from the cursor in data.", retryable: true)
    public static let subscriptionsFull = ServerState(
        -32010, "subscriptions_full", "This node holds as many subscriptions as it may.",
        hint: "Try again shortly, ask another node, or poll chain_events.", retryable: true)

    public static let noEvidence = ServerState(
        -32011, "no_evidence", "This node can't prove the way from that checkpoint to the block.",
        hint: "Name an older checkpoint, or one at most 512 blocks above the block, or ask another node.",
        retryable: false, field: "checkpoint")
    public static let proofTooLarge = ServerState(
        -32012, "proof_too_large", "The answer rests on more records than one proof may hold.",
        hint: "Ask for less at a time: a smaller limit, or a narrower question.", retryable: false, field: "prove")

    public static let all: [ServerState] = [
        .syncing, .limited, .pruned, .cursorGone, .lagging, .timedOut, .unavailable, .tooManySubscriptions,
        .needsWebSocket, .subscriberLagged, .subscriptionsFull, .noEvidence, .proofTooLarge,
    ]
}

/// A ledger refusal as JSON.
public struct RejectionView: Hashable, Sendable, Codable {
    public let code: Int
    public let reason: String
    public let domain: String
    public let operation: Int?
    public let field: String
    public let message: String
    public let hint: String
    public let retryable: Bool

    /// The rooms that refuse don't know their network, so what they name gets its prefix here.
    public init(_ rejection: Rejection, networkKind: NetworkKind) {
        code = rejection.code
        reason = rejection.reason
        domain = rejection.domain
        operation = rejection.operation
        field = rejection.field
        message = TypedText.localized(rejection.message, network: networkKind)
        hint = TypedText.localized(rejection.hint, network: networkKind)
        retryable = rejection.retryable
    }
}

/// A JSON-RPC error object.
public struct CallFailure: Error, Hashable, Sendable {
    public let code: Int
    public let message: String
    public let data: JSONValue?

    public init(code: Int, message: String, data: JSONValue? = nil) {
        self.code = code
        self.message = message
        self.data = data
    }

    private init(standard code: Int, _ message: String, reason: String, field: String = "", hint: String = "") {
        self.init(
            code: code, message: message,
            data: Self.data(reason: reason, domain: "rpc", operation: nil, field: field, retryable: false, hint: hint))
    }

    static func data(
        reason: String, domain: String, operation: Int?, field: String, retryable: Bool, hint: String
    ) -> JSONValue {
        .object([
            "reason": .string(reason), "domain": .string(domain),
            "operation": operation.map { .integer($0) } ?? .null, "field": .string(field),
            "retryable": .boolean(retryable), "hint": .string(hint),
        ])
    }

    public static func parseError(_ failure: JSONFailure) -> CallFailure {
        CallFailure(standard: -32700, "Parse error", reason: "parse_error", hint: "\(failure).")
    }

    public static func invalidRequest(_ reason: String, _ hint: String) -> CallFailure {
        CallFailure(standard: -32600, "Invalid Request", reason: reason, hint: hint)
    }

    public static func methodNotFound(_ name: String) -> CallFailure {
        CallFailure(
            standard: -32601, "Method not found", reason: "method_not_found", field: "method",
            hint: "rpc.discover lists every method.")
    }

    public static func invalidParameters(_ field: String, _ hint: String) -> CallFailure {
        CallFailure(standard: -32602, "Invalid params", reason: "invalid_params", field: field, hint: hint)
    }

    public static let internalError = CallFailure(standard: -32603, "Internal error", reason: "internal_error")

    public init(_ state: ServerState, extra: KeyValuePairs<String, JSONValue> = [:]) {
        var data = Self.data(
            reason: state.reason, domain: "node", operation: nil, field: state.field, retryable: state.isRetryable,
            hint: state.hint)
        if case .object(var object) = data {
            for (key, value) in extra { object.set(key, value) }
            data = .object(object)
        }
        self.init(code: state.code, message: state.message, data: data)
    }

    public init(_ rejection: Rejection, networkKind: NetworkKind) {
        let view = RejectionView(rejection, networkKind: networkKind)
        self.init(
            code: view.code, message: view.message,
            data: Self.data(
                reason: view.reason, domain: view.domain, operation: view.operation, field: view.field,
                retryable: view.retryable, hint: view.hint))
    }

    public var json: JSONValue {
        var object = JSONObject(reserving: 3)
        object.append("code", .integer(code))
        object.append("message", .string(message))
        if let data { object.append("data", data) }
        return .object(object)
    }
}
