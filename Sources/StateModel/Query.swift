public import Primitives

/// What a query answers from: one consistent snapshot.
public struct QueryContext {
    public let block: BlockContext
    public let blockHash: Hash
    public let state: any StateReader
    public let index: any IndexReader
    /// Proves what `state` answers; nil where nothing can.
    public let prover: (any StateProver)?

    public init(
        block: BlockContext, blockHash: Hash, state: any StateReader, index: any IndexReader,
        prover: (any StateProver)? = nil
    ) {
        self.block = block
        self.blockHash = blockHash
        self.state = state
        self.index = index
        self.prover = prover
    }
}

/// One parameter of a query, as the OpenRPC document describes it.
public struct QueryParameter: Sendable {
    public let name: String
    public let summary: String
    public let isRequired: Bool

    public init(_ name: String, _ summary: String, required: Bool = true) {
        self.name = name
        self.summary = summary
        isRequired = required
    }
}

/// A page of a list: `after` is where the last page ended.
public struct PageRequest: Sendable {
    public static let maximumLimit = 100
    public let after: IndexKey?
    public let limit: Int

    public init(after: IndexKey?, limit: Int) {
        self.after = after
        self.limit = limit
    }

    /// For a cursor that is no place of the list; JSON-RPC's code for parameters that are wrong.
    public static let foreignCursor = Rejection(
        code: -32602, reason: "invalid_params", domain: "rpc", field: "cursor", message: "Invalid params",
        hint: "Give the `next` of a page of this method, asked with the same parameters.")
}

public struct Page<Item: Codable & Sendable>: Sendable {
    public let items: [Item]
    /// Where the next page starts after; nil at the end.
    public let next: IndexKey?

    public init(items: [Item], next: IndexKey?) {
        self.items = items
        self.next = next
    }
}

/// A read of a domain, offered as a JSON-RPC method. The interface wraps its answer into the fixed envelope, reads the
/// parameters by name or by position (the order of `parameters`), and describes it in the OpenRPC document.
public struct Query: Sendable {
    public enum Answer: Sendable {
        case value(any Codable & Sendable)
        case page(items: [any Codable & Sendable], next: IndexKey?)
    }

    /// `inft_get`
    public let name: String
    public let summary: String
    public let parameters: [QueryParameter]
    public let parametersType: any (Codable & Sendable).Type
    /// Of the value, or of a list's item.
    public let resultType: any (Codable & Sendable).Type
    public let isList: Bool
    /// Gets decoded parameters of `parametersType`.
    public let evaluate: @Sendable (any Codable & Sendable, PageRequest, QueryContext) throws(Refusal) -> Answer

    /// A read of one thing.
    public init<Parameters: Codable & Sendable, Value: Codable & Sendable>(
        _ name: String, _ summary: String, _ parameters: [QueryParameter], from: Parameters.Type, to: Value.Type,
        _ evaluate: @escaping @Sendable (Parameters, QueryContext) throws(Refusal) -> Value
    ) {
        self.name = name
        self.summary = summary
        self.parameters = parameters
        parametersType = Parameters.self
        resultType = Value.self
        isList = false
        self.evaluate = { (parameters, _, context) throws(Refusal) in
            guard let parameters = parameters as? Parameters else { preconditionFailure("decoded as another type") }
            return .value(try evaluate(parameters, context))
        }
    }

    /// A read of a list, page by page.
    public init<Parameters: Codable & Sendable, Item: Codable & Sendable>(
        list name: String, _ summary: String, _ parameters: [QueryParameter], from: Parameters.Type, of: Item.Type,
        _ evaluate: @escaping @Sendable (Parameters, PageRequest, QueryContext) throws(Refusal) -> Page<Item>
    ) {
        self.name = name
        self.summary = summary
        self.parameters = parameters
        parametersType = Parameters.self
        resultType = Item.self
        isList = true
        self.evaluate = { (parameters, request, context) throws(Refusal) in
            guard let parameters = parameters as? Parameters else { preconditionFailure("decoded as another type") }
            let page = try evaluate(parameters, request, context)
            return .page(items: page.items, next: page.next)
        }
    }
}

extension Page {
    /// A page of things that are numbered in the state, and so are proven to be all; the cursor is the last number shown.
    public static func numbered(
        _ request: PageRequest, _ cursor: IndexKey, _ range: Range<UInt64>,
        _ item: (UInt64) throws(Refusal) -> Item?
    ) throws(Refusal) -> Page<Item> {
        var index = range.lowerBound
        if let bytes = request.after?.bytes, bytes.count == 9, bytes[0] == cursor.bytes[0] {
            index = max(index, bytes[1...].reduce(0) { $0 << 8 | UInt64($1) } &+ 1)
        }
        var items: [Item] = []
        while index < range.upperBound, items.count < request.limit {
            guard let found = try item(index) else {
                throw .failed(StateFailure("number \(index) of a numbered list is missing"))
            }
            items.append(found)
            index += 1
        }
        let hasMore = index < range.upperBound && !items.isEmpty
        return Page(items: items, next: hasMore ? cursor.appending(index - 1) : nil)
    }
}

extension QueryContext {
    /// The page of an index under `prefix`; `item` turns an entry into what the list shows, or nil to leave it out.
    public func page<Item: Codable & Sendable>(
        _ prefix: IndexKey, _ request: PageRequest, descending: Bool = false,
        _ item: (IndexEntry) throws(Refusal) -> Item?
    ) throws(Refusal) -> Page<Item> {
        if let after = request.after, !after.bytes.starts(with: prefix.bytes) {
            // Past the end of the list or before its beginning lies another list's table.
            throw .rejected(PageRequest.foreignCursor)
        }
        let entries: [IndexEntry]
        do {
            entries = try index.scan(
                prefix: prefix, after: request.after, limit: request.limit + 1, descending: descending)
        } catch {
            throw .failed(error)
        }
        var items: [Item] = []
        for entry in entries.prefix(request.limit) {
            if let found = try item(entry) { items.append(found) }
        }
        return Page(items: items, next: entries.count > request.limit ? entries[request.limit - 1].key : nil)
    }
}
