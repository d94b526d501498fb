public import Primitives
public import StateModel
internal import Synchronization

/// How a state is taken in bulk.
public struct StateBuilderOptions: Hashable, Sendable {
    /// As of ``StateStoreOptions/mapBytes``.
    public var mapBytes = 1 << 38
    /// About what one transaction writes: its pages are in memory until it is committed.
    public var transactionBytes = 16 << 20
    /// Index entries that are sorted in memory at once; more are sorted in files.
    public var sortBytes = 64 << 20

    public init() {}
}

/// Makes a state from its entries in bulk: from a snapshot of a peer or of a file. Memory is bounded, whatever the size.
///
/// 1. ``append(_:)`` takes the entries, ascending by path. Each call is durable when it returns; after a crash the same
///    build goes on behind ``resumePath``.
/// 2. ``finish(height:root:index:progress:)`` makes trie and indexes in one pass, compares the root, and only then is it
///    a state: until that ``StateStore`` refuses to open what is there.
///
/// Safe to use from several threads; one caller at a time. It holds the state's environment, so it must be gone before
/// a ``StateStore`` opens.
public final class StateBuilder: Sendable {
    private let environment: LMDBEnvironment
    private let tables: CheckpointSnapshot.Tables
    private let options: StateBuilderOptions
    private let last: Mutex<Bytes32?>

    /// Begins a build in `home`, or goes on with one that was interrupted.
    ///
    /// - Parameter source: what is built, such as the root that is expected. What an interrupted build of another source
    ///   left is removed.
    /// - Throws: `outOfOrder` if the home has a state already.
    @available(*, noasync)
    public init(
        in home: Home, source: Hash, options: StateBuilderOptions = StateBuilderOptions()
    ) throws(StorageFailure) {
        let environment = try LMDBEnvironment(
            in: home, name: "state",
            options: .init(mapBytes: options.mapBytes, tables: CheckpointSnapshot.Tables.names))
        let tables = CheckpointSnapshot.Tables(environment)
        try Schema.settle(environment, name: "state", meta: tables.meta, home: home)
        self.environment = environment
        self.tables = tables
        self.options = options
        last = Mutex(nil)
        let transaction = try WriteTransaction(environment)
        guard try transaction.get(tables.meta, CheckpointSnapshot.checkpointKey) == nil else {
            throw .outOfOrder("\(environment.path) holds a state already. Name the home of a node that has none yet.")
        }
        let mark = BuildMark.state(source)
        if try BuildMark.read(transaction, tables) != mark {
            try transaction.clear(tables.state)
            try transaction.clear(tables.pages)
            try transaction.clear(tables.index)
            try transaction.put(tables.meta, BuildMark.key, mark.bytes)
        }
        let resumed = try Self.lastPath(transaction, tables)
        try transaction.commit()
        last.withLock { $0 = resumed }
    }

    /// True if the home has a whole state: one that a build finished, or that a node wrote.
    @available(*, noasync)
    public static func hasState(in home: Home) throws(StorageFailure) -> Bool {
        guard Platform.exists(home.path + "/state/data.mdb") else { return false }
        let environment = try LMDBEnvironment(
            in: home, name: "state",
            options: .init(mapBytes: StateBuilderOptions().mapBytes, tables: CheckpointSnapshot.Tables.names))
        let tables = CheckpointSnapshot.Tables(environment)
        let transaction = try ReadTransaction(environment)
        let mark = try unsafe transaction.reads.get(tables.meta, BuildMark.key) { _ in true }
        guard mark == nil else { return false }
        return try unsafe transaction.reads.get(tables.meta, CheckpointSnapshot.checkpointKey) { _ in true } ?? false
    }

    private static func lastPath(
        _ transaction: borrowing WriteTransaction, _ tables: CheckpointSnapshot.Tables
    ) throws(StorageFailure) -> Bytes32? {
        var found: Bytes32?
        try unsafe transaction.walk(tables.state, from: [], descending: true) { (key, _) throws(StorageFailure) in
            found = try unsafe CheckpointSnapshot.path(key)
            return false
        }
        return found
    }

    /// The path of the last entry that is durable; nil while there is none.
    public var resumePath: Bytes32? { last.withLock { $0 } }

    /// Takes entries: ascending by path, and behind ``resumePath``. Durable on return.
    ///
    /// - Throws: `outOfOrder` if they are not ascending, or one does not stand at its key's path. Those before it may have
    ///   been taken.
    @available(*, noasync)
    public func append(_ entries: [StateEntry]) throws(StorageFailure) {
        var rest = entries[...]
        while !rest.isEmpty { rest = try appendPart(rest) }
    }

    /// One transaction; returns what did not fit.
    private func appendPart(_ entries: ArraySlice<StateEntry>) throws(StorageFailure) -> ArraySlice<StateEntry> {
        let transaction = try WriteTransaction(environment)
        var last = resumePath
        var bytes = 0
        var rest = entries
        // Put, not appended: so LMDB leaves the room of one entry on each page. A page without any is parted by the first
        // change that adds a byte, and the block after a state sync would part one for each entry it changes.
        try transaction.withWriter(tables.state) { (table) throws(StorageFailure) in
            while bytes < options.transactionBytes, let entry = rest.first {
                rest = rest.dropFirst()
                try Self.check(entry, behind: last)
                try Self.put(entry, to: table)
                bytes += Bytes32.count + entry.key.bytes.count + entry.value.count
                last = entry.path
            }
        }
        try transaction.commit()
        self.last.withLock { $0 = last }
        return rest
    }

    private static func put(_ entry: StateEntry, to table: borrowing TableWriter) throws(StorageFailure) {
        try unsafe entry.key.bytes.withRawBytes { (key) throws(StorageFailure) in
            try unsafe entry.value.withRawBytes { (value) throws(StorageFailure) in
                try unsafe table.put(entry.path, count: StateValues.stateCount(key: key, value: value)) {
                    unsafe StateValues.state($0, path: entry.path, key: key, value: value, leaf: entry.leaf)
                }
            }
        }
    }

    private static func check(_ entry: StateEntry, behind last: Bytes32?) throws(StorageFailure) {
        guard last.map({ $0 < entry.path }) ?? true else {
            throw .outOfOrder("The entry at \(entry.path) does not lie behind the one before it.")
        }
        guard StateTrie.path(of: entry.key) == entry.path else {
            throw .outOfOrder("The entry at \(entry.path) has a state key of another path.")
        }
        guard entry.key.bytes.count <= StateLayer.maximumStateKeyBytes else {
            throw .outOfOrder("The state key at \(entry.path) has \(entry.key.bytes.count) bytes, of at most 65535.")
        }
    }

    /// Makes trie and indexes of what was appended, compares the root, and makes it the state of block `height`.
    ///
    /// After a crash in here, or a throw that is no `wrongRoot`, it can be called again.
    ///
    /// - Parameters:
    ///   - expected: the root that block `height` commits to. Nil: whatever the entries give.
    ///   - index: index entries of a state record.
    ///   - more: index entries beside those, such as of blocks that are in the log.
    ///   - progress: called now and then with the number of entries done.
    /// - Returns: the root.
    /// - Throws: `wrongRoot` if the entries give another root; ``discard()`` is what is left to do.
    @available(*, noasync)
    @discardableResult
    public func finish(
        height: Height, root expected: Hash?,
        index: (StateEntry) throws(StateFailure) -> [IndexEntry],
        more: (_ add: (IndexEntry) throws(StorageFailure) -> Void) throws(StorageFailure) -> Void = {
            (_) throws(StorageFailure) in
        },
        progress: (Int) -> Void = { _ in }
    ) throws(StorageFailure) -> Hash {
        try clearTries()
        let sorted = SortedRuns(in: environment.path, memoryBytes: options.sortBytes)
        let root = try makeTrie(progress) { (entry) throws(StorageFailure) in
            let entries: [IndexEntry]
            do throws(StateFailure) {
                entries = try index(entry)
            } catch {
                throw .damaged(what: error.description)
            }
            for entry in entries { try sorted.append(entry) }
        }
        if let expected, expected != root { throw .wrongRoot(height: height, found: root, expected: expected) }
        try more { (entry) throws(StorageFailure) in try sorted.append(entry) }
        try IndexWriting.append(sorted, to: tables.index, environment, transactionBytes: options.transactionBytes)
        let transaction = try WriteTransaction(environment)
        try transaction.put(
            tables.meta, CheckpointSnapshot.checkpointKey, CheckpointSnapshot.checkpointValue(height, root))
        try transaction.delete(tables.meta, BuildMark.key)
        try transaction.commit()
        return root
    }

    /// What an interrupted ``finish(height:root:index:more:progress:)`` left.
    private func clearTries() throws(StorageFailure) {
        let transaction = try WriteTransaction(environment)
        guard try BuildMark.read(transaction, tables) != nil else {
            throw .outOfOrder("The state in \(environment.path) is finished already.")
        }
        try transaction.clear(tables.pages)
        try transaction.clear(tables.index)
        try transaction.commit()
    }

    /// One pass over the state: the trie's pages, and `visit` for each entry.
    private func makeTrie(
        _ progress: (Int) -> Void, _ visit: (StateEntry) throws(StorageFailure) -> Void
    ) throws(StorageFailure) -> Hash {
        var builder = TrieBuilder()
        var position: Bytes32? = .zero
        var count = 0
        while let from = position {
            let transaction = try WriteTransaction(environment)
            var pages: [TriePageWrite] = []
            var bytes = 0
            position = nil
            try unsafe transaction.walk(tables.state, from: from.array) { (key, stored) throws(StorageFailure) in
                let entry = try unsafe CheckpointSnapshot.entry(key, stored)
                do throws(StateFailure) {
                    try builder.append(TrieLeaf(path: entry.path, hash: entry.leaf))
                } catch {
                    throw .damaged(what: error.description)
                }
                try visit(entry)
                count += 1
                let complete = builder.takePages()
                bytes += complete.count * TriePageWrite.maximumBytes
                pages += complete
                guard bytes >= options.transactionBytes else { return true }
                position = entry.path.successor
                return false
            }
            if position == nil {
                let root = builder.finish()
                pages += builder.takePages()
                try put(pages, transaction)
                try transaction.commit()
                progress(count)
                return root
            }
            try put(pages, transaction)
            try transaction.commit()
            progress(count)
        }
        preconditionFailure("the pass ends with its last entry")
    }

    private func put(
        _ pages: [TriePageWrite], _ transaction: borrowing WriteTransaction
    ) throws(StorageFailure) {
        try transaction.withWriter(tables.pages) { (table) throws(StorageFailure) in
            for page in pages.sorted(by: { $0.key < $1.key }) {
                guard let bytes = page.bytes else { continue }
                try unsafe page.key.bytes.withRawBytes { (key) throws(StorageFailure) in
                    try unsafe table.put(key, count: StateValues.pageCount(bytes)) {
                        unsafe StateValues.page($0, bytes)
                    }
                }
            }
        }
    }

    /// Removes everything that was appended; the home has no state then, and none begun.
    @available(*, noasync)
    public func discard() throws(StorageFailure) {
        let transaction = try WriteTransaction(environment)
        try transaction.clear(tables.state)
        try transaction.clear(tables.pages)
        try transaction.clear(tables.index)
        try transaction.delete(tables.meta, BuildMark.key)
        try transaction.delete(tables.meta, CheckpointSnapshot.checkpointKey)
        try transaction.commit()
        last.withLock { $0 = nil }
    }
}

/// Says in the environment's `meta` that it is not whole yet: "building" → check (8) ‖ kind (1) ‖ source (32).
enum BuildMark: Hashable {
    /// Entries of a state come in bulk, from the source that is named.
    case state(Hash)
    /// The index table is made anew.
    case index

    static let key = Array("building".utf8)

    var bytes: [UInt8] {
        let body: [UInt8]
        switch self {
        case .state(let source): body = [0] + source.bytes.array
        case .index: body = [1] + Bytes32.zero.array
        }
        return Checksum.xxh64(body).bigEndianBytes + body
    }

    init(_ bytes: [UInt8]) throws(StorageFailure) {
        guard bytes.count == 41, bytes[8] <= 1,
            Checksum.xxh64(Array(bytes[8...])).bigEndianBytes.elementsEqual(bytes[..<8])
        else { throw .damaged(what: "the mark of an unfinished state") }
        self = bytes[8] == 1 ? .index : .state(Hash(Bytes32(unchecked: bytes, at: 9)))
    }

    static func read(
        _ transaction: borrowing WriteTransaction, _ tables: CheckpointSnapshot.Tables
    ) throws(StorageFailure) -> BuildMark? {
        guard let bytes = try transaction.get(tables.meta, key) else { return nil }
        return try BuildMark(bytes)
    }

    /// Throws what to do unless the environment is whole.
    static func refuse(
        _ environment: LMDBEnvironment, _ tables: CheckpointSnapshot.Tables
    ) throws(StorageFailure) {
        let transaction = try ReadTransaction(environment)
        let bytes = try unsafe transaction.reads.get(tables.meta, key) { unsafe [UInt8]($0) }
        switch try bytes.map({ (bytes) throws(StorageFailure) in try BuildMark(bytes) }) {
        case nil: return
        case .state: throw .unfinishedState(path: environment.path)
        case .index: throw .unfinishedIndex(path: environment.path)
        }
    }
}

enum IndexWriting {
    /// Fills an empty index table from sorted entries, in transactions of about `transactionBytes`.
    static func append(
        _ sorted: SortedRuns, to table: LMDBTable, _ environment: LMDBEnvironment, transactionBytes: Int
    ) throws(StorageFailure) {
        var part: [IndexEntry] = []
        var bytes = 0
        func write() throws(StorageFailure) {
            let transaction = try WriteTransaction(environment)
            for entry in part {
                try transaction.put(
                    table, entry.key.bytes, StateValues.index(entry.key, entry.value), isAppended: true)
            }
            try transaction.commit()
            part.removeAll(keepingCapacity: true)
            bytes = 0
        }
        try sorted.drain { (entry) throws(StorageFailure) in
            part.append(entry)
            bytes += 112 + entry.key.bytes.count + entry.value.count
            if bytes >= transactionBytes { try write() }
        }
        try write()
    }
}
