public import Primitives
public import StateModel

/// A state in memory, for tests.
public struct MemoryState: StateReader, Sendable {
    public private(set) var values: [StateKey: [UInt8]] = [:]

    public init() {}

    public func read(_ key: StateKey) throws(StateFailure) -> [UInt8]? { values[key] }

    /// Takes over what an overlay changed.
    public mutating func apply(_ overlay: StateOverlay) {
        for change in overlay.changes { values[change.key] = change.value }
    }

    /// Puts raw bytes under a key: how a test damages a record.
    public mutating func set(_ key: StateKey, _ value: [UInt8]?) { values[key] = value }

    /// Every key, sorted.
    public var keys: [StateKey] { values.keys.sorted() }
}

extension StateOverlay {
    /// What this overlay changes, beside what `base` has there.
    public func changes(of base: any StateReader) throws(StateFailure) -> [StateChange] {
        var result: [StateChange] = []
        for (key, value) in changes {
            result.append(
                StateChange(path: StateTrie.path(of: key), key: key, before: try base.read(key), after: value))
        }
        return result
    }
}

/// A state that can't be read: every read fails as a damaged store does.
public struct FailingState: StateReader {
    public init() {}

    public func read(_ key: StateKey) throws(StateFailure) -> [UInt8]? { throw StateFailure("the store is gone") }
}

/// Ordered index entries in memory, for tests of queries.
public struct MemoryIndex: IndexReader, Sendable {
    private var entries: [IndexEntry] = []

    public init() {}

    /// The index of everything that `overlay` holds; `entriesOf` gives the entries of a record.
    public init(
        of overlay: StateOverlay,
        _ entriesOf: (_ kind: UInt8, _ key: StateKey, _ record: [UInt8]) throws -> [IndexEntry]
    ) rethrows {
        for change in overlay.changes {
            guard let value = change.value, let header = change.key.header else { continue }
            entries += try entriesOf(header.kind, change.key, value)
        }
        entries.sort { $0.key < $1.key }
    }

    public mutating func insert(_ added: [IndexEntry]) {
        entries = (entries + added).sorted { $0.key < $1.key }
    }

    public func get(_ key: IndexKey) throws(StateFailure) -> [UInt8]? {
        entries.first { $0.key == key }?.value
    }

    public func scan(
        prefix: IndexKey, after: IndexKey?, limit: Int, descending: Bool
    ) throws(StateFailure) -> [IndexEntry] {
        let found = entries.filter { $0.key.bytes.starts(with: prefix.bytes) }
        let ordered = descending ? Array(found.reversed()) : found
        let beyond = ordered.filter { entry in
            guard let after else { return true }
            return descending ? entry.key < after : after < entry.key
        }
        return Array(beyond.prefix(limit))
    }
}
