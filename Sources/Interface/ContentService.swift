public import Primitives

/// A node's content store, as its HTTP listener and `content_info` reach it. Whoever asks is authorized first.
public protocol ContentService: Sendable {
    var networkKind: NetworkKind { get }

    /// Judges signature, time and account. Thrown: 401, 403, 429.
    func authorize(
        _ request: ContentRequest, _ authorization: ContentAuthorization
    ) async throws(ContentRefusal) -> ContentCaller

    /// What is here for the caller. Thrown: 404, 410.
    func status(of root: Hash, for caller: ContentCaller) async throws(ContentRefusal) -> ContentStatus

    /// Bytes from `first` on, `length` of them or all. What is not here is fetched from a peer meanwhile, if a version on
    /// the ledger names it. Thrown: 404, 410, 416, 429, 503.
    func read(
        _ root: Hash, from first: UInt64, length: UInt64?, for caller: ContentCaller
    ) async throws(ContentRefusal) -> any ContentSource

    /// The siblings of chunks `first ..< first + count`, and the content's size. Thrown: as ``read(_:from:length:for:)``.
    func proof(
        of root: Hash, first: UInt64, count: UInt64, for caller: ContentCaller
    ) async throws(ContentRefusal) -> ContentProofView

    /// Begins an upload or goes on with it; nil if all of it is here. Thrown: 403, 409, 410, 413, 429, 507.
    func upload(
        _ root: Hash, size: UInt64, at offset: UInt64, for caller: ContentCaller
    ) async throws(ContentRefusal) -> (any ContentSink)?

    /// What this node holds of a root, whoever asks.
    func holding(of root: Hash) async -> ContentHolding
}

/// Bytes of a content, one piece after the other.
public protocol ContentSource: Sendable {
    /// Of the whole content.
    var size: UInt64 { get }
    var range: Range<UInt64> { get }
    /// Nil at the end. Thrown: what came between; the bytes before it are right all the same.
    func next() async throws(ContentRefusal) -> [UInt8]?
    /// Nothing more is read.
    func close()
}

/// Takes the bytes of one request.
public protocol ContentSink: Sendable {
    func append(_ bytes: [UInt8]) async throws(ContentRefusal)
    /// No more bytes come in this request. Thrown: 422 if they have another root.
    func end() async throws(ContentRefusal) -> ContentStatus
    /// The request broke off.
    func interrupt() async
}

/// An account that may do what it asked for.
public struct ContentCaller: Hashable, Sendable {
    public let account: Address
    /// Whose quota its uploads are counted against.
    public let party: Party

    public init(account: Address, party: Party) {
        self.account = account
        self.party = party
    }
}

public struct ContentStatus: Hashable, Sendable, Codable {
    public let root: Hash
    public let size: UInt64
    /// Bytes that are here; equal to the size when all are.
    public let reached: UInt64

    public init(root: Hash, size: UInt64, reached: UInt64) {
        self.root = root
        self.size = size
        self.reached = reached
    }

    public var isWhole: Bool { reached == size }
}

/// Proves chunks of a content (Specs/content.md): the hashes of the subtrees beside them, from left to right.
public struct ContentProofView: Hashable, Sendable, Codable {
    public let root: Hash
    public let size: UInt64
    public let from: UInt64
    public let count: UInt64
    public let siblings: [Hash]

    public init(root: Hash, size: UInt64, from: UInt64, count: UInt64, siblings: [Hash]) {
        self.root = root
        self.size = size
        self.from = from
        self.count = count
        self.siblings = siblings
    }
}

public enum ContentHolding: Hashable, Sendable {
    case absent
    case partial(reached: UInt64, size: UInt64)
    case whole(size: UInt64)
    case erased(receipt: Hash)
}

/// Why the content store does not do what it is asked to: an HTTP status, and the reason as JSON like an error of RPC.
public struct ContentRefusal: Error, Hashable, Sendable {
    public let status: Int
    public let failure: CallFailure
    /// Seconds, where waiting helps.
    public let retryAfter: Int?
    /// Where an upload goes on.
    public let reached: UInt64?
    /// Of the content, where a range does not lie within it.
    public let size: UInt64?

    public init(
        _ status: Int, _ reason: String, _ message: String, hint: String, field: String = "", retryAfter: Int? = nil,
        reached: UInt64? = nil, size: UInt64? = nil, extra: KeyValuePairs<String, JSONValue> = [:]
    ) {
        self.status = status
        self.retryAfter = retryAfter
        self.reached = reached
        self.size = size
        var data = CallFailure.data(
            reason: reason, domain: "content", operation: nil, field: field, retryable: retryAfter != nil, hint: hint)
        if case .object(var object) = data {
            if let retryAfter { object.set("retryAfterSeconds", .integer(retryAfter)) }
            if let reached { object.set("reached", .unsigned(reached)) }
            if let size { object.set("size", .unsigned(size)) }
            for (key, value) in extra { object.set(key, value) }
            data = .object(object)
        }
        failure = CallFailure(code: -(33_000 + status), message: message, data: data)
    }

    public var reason: String { failure.data?["reason"]?.string ?? "" }

    public static func malformed(_ field: String, _ hint: String) -> ContentRefusal {
        ContentRefusal(400, "malformed", "The request is not one of this interface.", hint: hint, field: field)
    }

    public static let unauthorized = ContentRefusal(
        401, "unauthorized", "The request is not signed as it must be.",
        hint: "Send Authorization: MedNexus account=…, time=…, nonce=…, signature=… (Specs/content-store.md).",
        field: "Authorization")
    public static let off = ContentRefusal(
        404, "no_store", "This node has no content store.", hint: "Ask another node; content_info says who has it.")
    public static let absent = ContentRefusal(
        404, "absent", "This content is not here.",
        hint: "It is fetched from other nodes only if a version of an INFT names it; else ask who uploaded it.",
        field: "root")
    public static let limited = ContentRefusal(
        429, "limited", "Too many transfers at once.", hint: "Wait until one of them has ended.", retryAfter: 5)
    public static let `internal` = ContentRefusal(
        500, "internal_error", "Internal error", hint: "The node's log says more.")
    public static let unavailable = ContentRefusal(
        503, "unavailable", "The node is stopping or can't serve this now.", hint: "Try again shortly.", retryAfter: 5)

    public static func erased(receipt: Hash) -> ContentRefusal {
        ContentRefusal(
            410, "erased", "This content was erased.", hint: "The receipt says when, why and by whom.", field: "root",
            extra: ["receipt": .string(receipt.description)])
    }
}
