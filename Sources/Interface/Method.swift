internal import Primitives
public import StateModel

/// What a method is called with, beside its parameters.
public struct CallContext: Sendable {
    /// Subscriptions of this connection; nil where it can't carry any.
    public let subscriptions: (any SubscriptionHost)?
    /// False inside a batch, where no call waits for things to come.
    public let mayWait: Bool
    /// Runs a call that may wait, and gives up on it after the server's time limit (nil). The call may go on unseen.
    public let limitTime: @Sendable (@escaping @Sendable () async -> CallAnswer) async -> CallAnswer?

    public init(
        subscriptions: (any SubscriptionHost)? = nil, mayWait: Bool = true,
        limitTime: @escaping @Sendable (@escaping @Sendable () async -> CallAnswer) async -> CallAnswer? = {
            await $0()
        }
    ) {
        self.subscriptions = subscriptions
        self.mayWait = mayWait
        self.limitTime = limitTime
    }

    func inBatch() -> CallContext {
        CallContext(subscriptions: subscriptions, mayWait: false, limitTime: limitTime)
    }
}

public typealias CallResult = Result<JSONValue, CallFailure>

/// What a call ended with: a result as a value or as its text, or a failure.
public enum CallAnswer: Sendable {
    case value(JSONValue)
    case text([UInt8])
    case failure(CallFailure)
}

/// A connection that carries subscriptions.
public protocol SubscriptionHost: Sendable {
    /// The subscription's id. Notifications begin after the answer that carries it.
    func subscribe(_ request: SubscriptionRequest) async throws(CallFailure) -> String
    /// False if there was none of that id.
    func unsubscribe(_ id: String) async -> Bool
}

public struct SubscriptionRequest: Sendable {
    public enum Kind: String, Sendable, CaseIterable, Codable {
        case events, heads
    }

    public let kind: Kind
    public let follower: EventFollower

    public init(kind: Kind, follower: EventFollower) {
        self.kind = kind
        self.follower = follower
    }
}

/// An answer's JSON text, and the block whose state it tells.
struct RenderedAnswer: Sendable {
    let bytes: [UInt8]
    let height: Height
}

/// What a method answers with.
public enum ResultShape: Sendable {
    /// `{"height", "blockHash", "value"}`
    case value(any (Codable & Sendable).Type)
    /// `{"height", "blockHash", "items", "next"}`
    case page(any (Codable & Sendable).Type)
    /// The thing itself: what is no read of the ledger's state.
    case plain(any (Codable & Sendable).Type)
    /// Like `page`, of items whose schema is given.
    case describedPage(JSONValue)
    case describedValue(JSONValue)
    case describedPlain(JSONValue)
}

/// A method of the JSON-RPC interface. The dispatcher and the OpenRPC document both read these and nothing else.
public struct Method: Sendable {
    public let name: String
    public let summary: String
    /// Its own parameters, in positional order; the common ones (`limit`, `cursor`, `minHeight`) follow.
    public let parameters: [QueryParameter]
    public let parametersType: any (Codable & Sendable).Type
    public let result: ResultShape
    public let common: Set<CommonParameter>
    /// Answers anew from a state that a proof tells; nil for what is no function of the state.
    let replay: (@Sendable (Arguments, QueryContext) throws -> JSONValue)?
    /// True if it may take longer than reading: such calls are raced against the time limit.
    let isLong: Bool
    /// The answer as text without the value between, of what is a function of the state and the parameters alone: such
    /// answers may be remembered for as long as the state stays. Nil for every other method.
    var render: (@Sendable (Arguments, any LedgerBackend, CallContext) async throws -> RenderedAnswer)? = nil
    /// The same text of what is no read of the state: never remembered.
    var write: (@Sendable (Arguments, any LedgerBackend, CallContext) async throws -> [UInt8])? = nil
    let body: @Sendable (Arguments, any LedgerBackend, CallContext) async throws -> JSONValue

    public enum CommonParameter: String, Sendable, CaseIterable {
        case limit, cursor, minHeight, prove, checkpoint

        static let read: Set<CommonParameter> = [.minHeight, .prove, .checkpoint]
    }

    /// Parameters by name, checked against the table, the common ones taken out.
    struct Arguments: Sendable {
        let method: Method
        let own: JSONValue
        let limit: Int
        let cursor: String?
        let minHeight: Height?
        let proves: Bool
        /// Where the evidence begins.
        let checkpoint: Height

        func decoded<Parameters: Decodable>(
            as type: Parameters.Type, _ networkKind: NetworkKind
        ) throws(CallFailure) -> Parameters {
            do {
                return try JSONValueDecoder.decode(type, from: own, networkKind: networkKind)
            } catch {
                throw .invalidParameters(error.path, "\(error.message).")
            }
        }
    }

    /// The names of all parameters in positional order.
    var allParameters: [QueryParameter] {
        parameters + CommonParameter.allCases.filter { common.contains($0) }.map(\.described)
    }

    /// Params by name or by position, as an object.
    func arguments(_ params: JSONValue?) throws(CallFailure) -> Arguments {
        var object: JSONObject
        let all = allParameters
        switch params {
        case nil: object = JSONObject()
        case .object(let named):
            object = named
            let known = Set(all.map(\.name))
            for member in named.members where !known.contains(member.key) {
                throw .invalidParameters(member.key, "This method has no such parameter.")
            }
        case .array(let values):
            guard values.count <= all.count else {
                throw .invalidParameters("[\(all.count)]", "This method has \(all.count) parameters.")
            }
            object = JSONObject(reserving: values.count)
            for (parameter, value) in zip(all, values) { object.append(parameter.name, value) }
        default: throw .invalidRequest("invalid_params", "params is an array or an object.")
        }
        for parameter in parameters where parameter.isRequired {
            if object[parameter.name]?.isNull ?? true { throw .invalidParameters(parameter.name, "is missing.") }
        }
        return try takeCommon(&object)
    }

    private func takeCommon(_ object: inout JSONObject) throws(CallFailure) -> Arguments {
        var limit = PageRequest.maximumLimit
        var cursor: String?
        var minHeight: Height?
        if common.contains(.limit), let value = object.remove("limit"), !value.isNull {
            guard let number = value.unsigned, (1...UInt64(PageRequest.maximumLimit)).contains(number) else {
                throw .invalidParameters("limit", "Expected 1 to \(PageRequest.maximumLimit).")
            }
            limit = Int(number)
        }
        if common.contains(.cursor), let value = object.remove("cursor"), !value.isNull {
            guard let text = value.string else { throw .invalidParameters("cursor", "Expected a string.") }
            cursor = text
        }
        if common.contains(.minHeight), let value = object.remove("minHeight"), !value.isNull {
            guard let number = value.unsigned else { throw .invalidParameters("minHeight", "Expected a height.") }
            minHeight = Height(number)
        }
        var proves = false
        var checkpoint = Height.genesis
        if common.contains(.prove), let value = object.remove("prove"), !value.isNull {
            guard let flag = value.boolean else { throw .invalidParameters("prove", "Expected true or false.") }
            proves = flag
        }
        if common.contains(.checkpoint), let value = object.remove("checkpoint"), !value.isNull {
            guard let number = value.unsigned, number <= Height.maximum.value else {
                throw .invalidParameters("checkpoint", "Expected the height of the block that you trust.")
            }
            checkpoint = Height(number)
        }
        return Arguments(
            method: self, own: .object(object), limit: limit, cursor: cursor, minHeight: minHeight, proves: proves,
            checkpoint: checkpoint)
    }
}

extension Method.CommonParameter {
    var described: QueryParameter {
        switch self {
        case .limit:
            QueryParameter("limit", "At most so many items, 1 to \(PageRequest.maximumLimit).", required: false)
        case .cursor:
            QueryParameter("cursor", "Where to go on: the `next` of the page before, on any node.", required: false)
        case .minHeight:
            QueryParameter(
                "minHeight", "Answer from this height or later: waits a little, then refuses (lagging).",
                required: false)
        case .prove:
            QueryParameter(
                "prove", "True: with `proof`, evidence that needs no trust in this node (Specs/proofs.md).",
                required: false)
        case .checkpoint:
            QueryParameter(
                "checkpoint", "Height of the block that you trust, where the evidence begins; genesis if absent.",
                required: false)
        }
    }

    var schema: JSONValue {
        switch self {
        case .limit:
            .object(["type": "integer", "minimum": 1, "maximum": .integer(PageRequest.maximumLimit)])
        case .cursor: .object(["type": "string", "maxLength": 512])
        case .minHeight, .checkpoint: .object(["type": "integer", "minimum": 0])
        case .prove: .object(["type": "boolean"])
        }
    }
}

/// The parameters of methods that have none.
public struct NoParameters: Codable, Sendable, Hashable {
    public init() {}
}

/// The fixed envelopes of every read.
enum Envelope {
    /// What every envelope begins with, as text.
    static func begin(_ height: Height, _ blockHash: Hash, _ bytes: inout [UInt8]) {
        bytes.append(contentsOf: #"{"height":"#.utf8)
        JSONValue.serialize(height.value, into: &bytes)
        bytes.append(contentsOf: #","blockHash":""#.utf8)
        Hexadecimal.append(blockHash.bytes, to: &bytes)
        bytes.append(UInt8(ascii: "\""))
    }

    static func value(_ value: JSONValue, height: Height, blockHash: Hash, proof: [UInt8]? = nil) -> JSONValue {
        var object = JSONObject(reserving: 4)
        object.append("height", .unsigned(height.value))
        object.append("blockHash", .string(blockHash.description))
        object.append("value", value)
        if let proof { object.append("proof", .string(Hexadecimal.encode(proof))) }
        return .object(object)
    }

    static func page(_ items: [JSONValue], next: String?, height: Height, blockHash: Hash) -> JSONValue {
        var object = JSONObject(reserving: 4)
        object.append("height", .unsigned(height.value))
        object.append("blockHash", .string(blockHash.description))
        object.append("items", .array(items))
        object.append("next", next.map { .string($0) } ?? .null)
        return .object(object)
    }
}
