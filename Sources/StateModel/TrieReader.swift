public import Primitives

/// Pages of the trie of one consistent state.
public protocol TriePageReader {
    /// The page's bytes, or nil if there is none.
    func page(_ key: TriePageKey) throws(StateFailure) -> [UInt8]?
    /// The page itself.
    func decodedPage(_ key: TriePageKey) throws(StateFailure) -> TriePage?
}

extension TriePageReader {
    public func decodedPage(_ key: TriePageKey) throws(StateFailure) -> TriePage? {
        guard let bytes = try page(key) else { return nil }
        guard let page = TriePage(bytes) else {
            throw StateFailure("the trie page at depth \(key.depth) of \(key.path) is damaged")
        }
        return page
    }
}

/// A leaf of the trie: where it lies, and its hash.
public struct TrieLeaf: Hashable, Sendable {
    public let path: Bytes32
    public let hash: Bytes32

    public init(path: Bytes32, hash: Bytes32) {
        self.path = path
        self.hash = hash
    }
}

/// The leaves of the trie of one consistent state, in the order of their paths.
public protocol TrieLeafReader {
    /// True if something is stored under `path`.
    func containsLeaf(_ path: Bytes32) throws(StateFailure) -> Bool

    /// Every leaf whose path begins with the first `depth` bits of `prefix`, ascending. All that follows in `prefix` is
    /// zero. Asked where few lie: the cost grows with their number.
    func leaves(under prefix: Bytes32, depth: Int) throws(StateFailure) -> [TrieLeaf]
}

/// One entry of the state, as walks over all of it see it.
public struct StateEntry: Hashable, Sendable {
    public let path: Bytes32
    public let key: StateKey
    public let value: [UInt8]
    /// The hash of its leaf in the trie.
    public let leaf: Bytes32

    public init(path: Bytes32, key: StateKey, value: [UInt8]) {
        self.init(path: path, key: key, value: value, leaf: StateTrie.leaf(path: path, value: value).bytes)
    }

    /// Of an entry whose leaf was kept, or just computed.
    public init(path: Bytes32, key: StateKey, value: [UInt8], leaf: Bytes32) {
        self.path = path
        self.key = key
        self.value = value
        self.leaf = leaf
    }
}

/// A consistent state that layers can lie on: a read transaction of the store, or nothing at all before genesis.
///
/// Safe to use from several threads. Reads throw if the store is damaged, or once the snapshot has expired.
public protocol BaseSnapshot: StateReader, IndexReader, TriePageReader, TrieLeafReader, Sendable {
    /// The block whose state this is; nil before genesis.
    var height: Height? { get }
    var root: Hash { get }

    func value(at path: Bytes32) throws(StateFailure) -> [UInt8]?

    /// At most `limit` entries with paths at or after `path`, ascending.
    func entries(atOrAfter path: Bytes32, limit: Int) throws(StateFailure) -> [StateEntry]
}

extension BaseSnapshot {
    public func read(_ key: StateKey) throws(StateFailure) -> [UInt8]? {
        try value(at: StateTrie.path(of: key))
    }
}

/// What there is before genesis: nothing.
public struct EmptySnapshot: BaseSnapshot {
    public init() {}

    public var height: Height? { nil }
    public var root: Hash { StateTrie.emptyRoot }
    public func value(at path: Bytes32) -> [UInt8]? { nil }
    public func entries(atOrAfter path: Bytes32, limit: Int) -> [StateEntry] { [] }
    public func page(_ key: TriePageKey) -> [UInt8]? { nil }
    public func containsLeaf(_ path: Bytes32) -> Bool { false }
    public func leaves(under prefix: Bytes32, depth: Int) -> [TrieLeaf] { [] }
    public func get(_ key: IndexKey) -> [UInt8]? { nil }
    public func scan(prefix: IndexKey, after: IndexKey?, limit: Int, descending: Bool) -> [IndexEntry] { [] }
}
