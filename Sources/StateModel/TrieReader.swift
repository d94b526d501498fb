public import Primitives

/// Pages of the trie of one consistent state.
public protocol TriePageReader {
    /// The page's bytes, or nil if there is none.
    func page(_ key: TriePageKey) throws(StateFailure) -> [UInt8]?
}

/// The leaves of the trie of one consistent state, in the order of their paths.
public protocol TrieLeafReader {
    /// True if something is stored under `path`.
    func containsLeaf(_ path: Bytes32) throws(StateFailure) -> Bool

    /// The first path at or after `path` under which something is stored.
    func firstLeaf(atOrAfter path: Bytes32) throws(StateFailure) -> Bytes32?
}

/// One entry of the state, as walks over all of it see it.
public struct StateEntry: Hashable, Sendable {
    public let path: Bytes32
    public let key: StateKey
    public let value: [UInt8]

    public init(path: Bytes32, key: StateKey, value: [UInt8]) {
        self.path = path
        self.key = key
        self.value = value
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
    public func firstLeaf(atOrAfter path: Bytes32) -> Bytes32? { nil }
    public func get(_ key: IndexKey) -> [UInt8]? { nil }
    public func scan(prefix: IndexKey, after: IndexKey?, limit: Int, descending: Bool) -> [IndexEntry] { [] }
}
