internal import Primitives
internal import StateModel

/// The state of one checkpoint, read through one transaction.
final class CheckpointSnapshot: BaseSnapshot {
    /// Tables of the state environment, in the order they are opened.
    struct Tables: Sendable {
        static let names = ["state", "pages", "index", "meta"]
        let state: LMDBTable
        let pages: LMDBTable
        let index: LMDBTable
        let meta: LMDBTable

        init(_ environment: LMDBEnvironment) {
            state = environment.tables[0]
            pages = environment.tables[1]
            index = environment.tables[2]
            meta = environment.tables[3]
        }
    }

    static let checkpointKey = Array("checkpoint".utf8)

    let height: Height?
    let root: Hash
    private let handle: ReadHandle
    private let tables: Tables
    private let cache: TriePageCache

    init(_ handle: ReadHandle, tables: Tables, cache: TriePageCache) throws(StorageFailure) {
        let checkpoint = try handle.read { (reads) throws(StorageFailure) in
            try unsafe reads.get(tables.meta, Self.checkpointKey) { (value) throws(StorageFailure) in
                try unsafe Self.checkpoint([UInt8](value))
            }
        }
        height = checkpoint?.height
        root = checkpoint?.root ?? StateTrie.emptyRoot
        self.handle = handle
        self.tables = tables
        self.cache = cache
    }

    /// check (8) ‖ height (8) ‖ root (32)
    static func checkpointValue(_ height: Height, _ root: Hash) -> [UInt8] {
        let bytes = height.value.bigEndianBytes + root.bytes.array
        return Checksum.xxh64(bytes).bigEndianBytes + bytes
    }

    static func checkpoint(_ bytes: [UInt8]) throws(StorageFailure) -> (height: Height, root: Hash) {
        guard bytes.count == 48, Checksum.xxh64(Array(bytes[8...])).bigEndianBytes.elementsEqual(bytes[..<8]) else {
            throw .damaged(what: "the checkpoint's height and root")
        }
        return (Height(UInt64(bigEndianBytes: bytes[8..<16])), Hash(Bytes32(unchecked: bytes, at: 16)))
    }

    private func reading<Value: Sendable>(
        _ body: (LMDBReads) throws(StorageFailure) -> Value
    ) throws(StateFailure) -> Value {
        do {
            return try handle.read(body)
        } catch {
            throw error.asStateFailure
        }
    }

    func value(at path: Bytes32) throws(StateFailure) -> [UInt8]? {
        try reading { (reads) throws(StorageFailure) in
            try unsafe reads.get(tables.state, path) { (stored) throws(StorageFailure) in
                let parts = try unsafe StateValues.parts(stored, path: path)
                return unsafe [UInt8](stored[parts.value])
            }
        }
    }

    func entries(atOrAfter path: Bytes32, limit: Int) throws(StateFailure) -> [StateEntry] {
        guard limit > 0 else { return [] }
        return try reading { (reads) throws(StorageFailure) in
            var entries: [StateEntry] = []
            try unsafe reads.walk(tables.state, from: path.array) { (key, stored) throws(StorageFailure) in
                entries.append(try unsafe Self.entry(key, stored))
                return entries.count < limit
            }
            return entries
        }
    }

    /// An entry of the state table, after its check.
    static func entry(
        _ key: UnsafeRawBufferPointer, _ stored: UnsafeRawBufferPointer
    ) throws(StorageFailure) -> StateEntry {
        let path = try unsafe path(key)
        let parts = try unsafe StateValues.parts(stored, path: path)
        return StateEntry(
            path: path, key: StateKey(stored: unsafe [UInt8](stored[parts.key])),
            value: unsafe [UInt8](stored[parts.value]), leaf: parts.leaf)
    }

    static func path(_ key: UnsafeRawBufferPointer) throws(StorageFailure) -> Bytes32 {
        guard key.count == Bytes32.count else { throw .damaged(what: "a path of the state") }
        return Bytes32(bigEndianWords: unsafe key.loadUnaligned(as: (UInt64, UInt64, UInt64, UInt64).self))
    }

    func containsLeaf(_ path: Bytes32) throws(StateFailure) -> Bool {
        try reading { (reads) throws(StorageFailure) in try reads.contains(tables.state, path) }
    }

    func leaves(under prefix: Bytes32, depth: Int) throws(StateFailure) -> [TrieLeaf] {
        try reading { (reads) throws(StorageFailure) in
            var leaves: [TrieLeaf] = []
            leaves.reserveCapacity(12)
            try unsafe reads.walk(tables.state, from: prefix.array) { (key, stored) throws(StorageFailure) in
                let path = try unsafe Self.path(key)
                guard path.commonPrefixLength(with: prefix) >= depth else { return false }
                leaves.append(TrieLeaf(path: path, hash: try unsafe StateValues.leaf(stored, path: path)))
                return true
            }
            return leaves
        }
    }

    func page(_ key: TriePageKey) throws(StateFailure) -> [UInt8]? {
        if let page = cache.page(key, at: height) { return page }
        let page = try reading { (reads) throws(StorageFailure) in
            try unsafe reads.get(tables.pages, key.bytes) { (stored) throws(StorageFailure) in
                try unsafe StateValues.page(reading: stored, key)
            }
        }
        if let page { cache.insert(key, page, at: height) }
        return page
    }

    func get(_ key: IndexKey) throws(StateFailure) -> [UInt8]? {
        try reading { (reads) throws(StorageFailure) in
            try unsafe reads.get(tables.index, key.bytes) { (stored) throws(StorageFailure) in
                try unsafe StateValues.index(reading: stored, key.bytes)
            }
        }
    }

    func scan(
        prefix: IndexKey, after: IndexKey?, limit: Int, descending: Bool
    ) throws(StateFailure) -> [IndexEntry] {
        guard limit > 0 else { return [] }
        // Descending starts behind the last key of the prefix; the walk itself skips what is not strictly inside.
        let end = prefix.prefixEnd
        var start = after ?? (descending ? end ?? IndexKey(stored: []) : prefix)
        if !descending, start < prefix { start = prefix }
        if descending, let end, start > end { start = end }
        return try reading { (reads) throws(StorageFailure) in
            var entries: [IndexEntry] = []
            try unsafe reads.walk(tables.index, from: start.bytes, descending: descending) {
                (bytes, stored) throws(StorageFailure) in
                let key = IndexKey(stored: unsafe [UInt8](bytes))
                if let after, descending ? key >= after : key <= after { return true }
                if descending, let end, key >= end { return true }
                guard key.bytes.starts(with: prefix.bytes) else { return false }
                entries.append(IndexEntry(key, value: try unsafe StateValues.index(reading: stored, bytes)))
                return entries.count < limit
            }
            return entries
        }
    }
}
