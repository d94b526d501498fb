public import Primitives
public import StateModel

/// How an index table differs from what state and blocks imply.
public struct IndexDifference: Hashable, Sendable {
    /// Entries that should be there.
    public var expected = 0
    public var missing = 0
    /// There with another value, or failing their check.
    public var wrong = 0
    /// There, and implied by nothing.
    public var surplus = 0
    /// Entries of what is no longer here (pruned blocks): taken as they are, since nothing implies their value.
    public var kept = 0

    public var isNone: Bool { missing + wrong + surplus == 0 }
}

/// Makes the index table anew from the state and from what the caller adds, or only compares. In bounded memory:
/// entries are sorted in files, then laid beside the table in the order of keys.
///
/// The table is repaired in place, range by range, so a crash leaves a table that is no worse than it was; it carries a
/// mark until the end, with which no node starts, and the next run goes over it again.
public struct IndexRebuild {
    private let environment: LMDBEnvironment
    private let tables: CheckpointSnapshot.Tables
    private let options: StateBuilderOptions
    /// The block whose state is on disk.
    public let height: Height

    /// Opens the state in `home`, which no ``StateStore`` may have open. Nil if there is no state yet.
    @available(*, noasync)
    public init?(in home: Home, options: StateBuilderOptions = StateBuilderOptions()) throws(StorageFailure) {
        environment = try LMDBEnvironment(
            in: home, name: "state",
            options: .init(mapBytes: options.mapBytes, tables: CheckpointSnapshot.Tables.names))
        tables = CheckpointSnapshot.Tables(environment)
        self.options = options
        try Schema.settle(environment, name: "state", meta: tables.meta, home: home)
        let transaction = try WriteTransaction(environment)
        if case .state = try BuildMark.read(transaction, tables) { throw .unfinishedState(path: environment.path) }
        guard let checkpoint = try transaction.get(tables.meta, CheckpointSnapshot.checkpointKey) else { return nil }
        height = try CheckpointSnapshot.checkpoint(checkpoint).height
    }

    /// What the table has under `key` now; nil if there is nothing, or it fails its check.
    @available(*, noasync)
    public func stored(_ key: IndexKey) throws(StorageFailure) -> [UInt8]? {
        let transaction = try ReadTransaction(environment)
        return try unsafe transaction.reads.get(tables.index, key.bytes) { (stored) throws(StorageFailure) in
            try? unsafe StateValues.index(reading: stored, key.bytes)
        } ?? nil
    }

    /// - Parameters:
    ///   - isRepairing: false only compares, and changes nothing.
    ///   - index: entries of a state record.
    ///   - more: entries beside those, such as of blocks up to ``height``.
    ///   - isKept: an entry that nothing implies, and that stays.
    ///   - progress: called now and then with the number of state entries read.
    @available(*, noasync)
    public func run(
        isRepairing: Bool, index: (StateEntry) throws(StateFailure) -> [IndexEntry],
        more: (_ add: (IndexEntry) throws(StorageFailure) -> Void) throws -> Void,
        isKept: @escaping (IndexEntry) -> Bool, progress: (Int) -> Void = { _ in }
    ) throws -> IndexDifference {
        let sorted = SortedRuns(in: environment.path, memoryBytes: options.sortBytes)
        try readState(index, progress, into: sorted)
        try more { (entry) throws(StorageFailure) in try sorted.append(entry) }
        if isRepairing { try mark(true) }
        var comparison = Comparison(rebuild: self, isRepairing: isRepairing, isKept: isKept)
        try sorted.drain { (entry) throws(StorageFailure) in try comparison.add(entry) }
        let difference = try comparison.finish()
        if isRepairing { try mark(false) }
        return difference
    }

    private func mark(_ isBegun: Bool) throws(StorageFailure) {
        let transaction = try WriteTransaction(environment)
        if isBegun {
            try transaction.put(tables.meta, BuildMark.key, BuildMark.index.bytes)
        } else {
            try transaction.delete(tables.meta, BuildMark.key)
        }
        try transaction.commit()
    }

    private func readState(
        _ index: (StateEntry) throws(StateFailure) -> [IndexEntry], _ progress: (Int) -> Void,
        into sorted: SortedRuns
    ) throws(StorageFailure) {
        let transaction = try ReadTransaction(environment)
        var count = 0
        try unsafe transaction.reads.walk(tables.state, from: []) { (key, stored) throws(StorageFailure) in
            let entries: [IndexEntry]
            do throws(StateFailure) {
                entries = try index(try unsafe Self.entry(key, stored))
            } catch {
                throw .damaged(what: error.description)
            }
            for entry in entries { try sorted.append(entry) }
            count += 1
            if count.isMultiple(of: 100_000) { progress(count) }
            return true
        }
        progress(count)
    }

    private static func entry(
        _ key: UnsafeRawBufferPointer, _ stored: UnsafeRawBufferPointer
    ) throws(StateFailure) -> StateEntry {
        do throws(StorageFailure) {
            return try unsafe CheckpointSnapshot.entry(key, stored)
        } catch {
            throw error.asStateFailure
        }
    }
}

extension IndexRebuild {
    /// The table beside what is expected, both in the order of keys, a batch at a time.
    fileprivate struct Comparison {
        /// Expected entries, and surplus ones, that one transaction deals with.
        private static let batch = 20_000

        private let rebuild: IndexRebuild
        private let isRepairing: Bool
        private let isKept: (IndexEntry) -> Bool
        private var difference = IndexDifference()
        private var expected: [IndexEntry] = []
        /// The last key of the table that was dealt with.
        private var position: [UInt8] = []

        init(rebuild: IndexRebuild, isRepairing: Bool, isKept: @escaping (IndexEntry) -> Bool) {
            self.rebuild = rebuild
            self.isRepairing = isRepairing
            self.isKept = isKept
        }

        mutating func add(_ entry: IndexEntry) throws(StorageFailure) {
            expected.append(entry)
            if expected.count == Self.batch { try compare(isLast: false) }
        }

        mutating func finish() throws(StorageFailure) -> IndexDifference {
            try compare(isLast: true)
            return difference
        }

        private mutating func compare(isLast: Bool) throws(StorageFailure) {
            difference.expected += expected.count
            var rest = expected[...]
            while try !comparePart(&rest, isLast: isLast) {}
            expected.removeAll(keepingCapacity: true)
        }

        /// One transaction. True once the expected entries are all dealt with, and with the last ones the whole table.
        private mutating func comparePart(
            _ rest: inout ArraySlice<IndexEntry>, isLast: Bool
        ) throws(StorageFailure) -> Bool {
            let transaction = try WriteTransaction(rebuild.environment)
            let table = rebuild.tables.index
            var puts: [IndexEntry] = []
            var deletes: [[UInt8]] = []
            var isDone = true
            try unsafe transaction.walk(table, from: position) { (bytes, stored) throws(StorageFailure) in
                let key = unsafe [UInt8](bytes)
                if key == position { return true }
                while let next = rest.first, next.key < IndexKey(stored: key) {
                    puts.append(rest.removeFirst())
                    difference.missing += 1
                }
                guard !rest.isEmpty || isLast else { return false }
                guard deletes.count < Self.batch else {
                    isDone = false
                    return false
                }
                position = key
                if let next = rest.first, next.key.bytes == key {
                    rest.removeFirst()
                    let isSame = unsafe StateValues.index(next.key, next.value).elementsEqual(stored)
                    if !isSame {
                        puts.append(next)
                        difference.wrong += 1
                    }
                } else if let entry = unsafe Self.entry(key, stored), isKept(entry) {
                    difference.kept += 1
                } else {
                    deletes.append(key)
                    difference.surplus += 1
                }
                return true
            }
            if isDone {
                difference.missing += rest.count
                puts += rest
                rest = []
            }
            guard isRepairing else { return isDone }
            for key in deletes { try transaction.delete(table, key) }
            for entry in puts {
                try transaction.put(table, entry.key.bytes, StateValues.index(entry.key, entry.value))
            }
            try transaction.commit()
            return isDone
        }

        /// Nil if it fails its check.
        private static func entry(_ key: [UInt8], _ stored: UnsafeRawBufferPointer) -> IndexEntry? {
            guard let value = try? unsafe StateValues.index(reading: stored, key) else { return nil }
            return IndexEntry(IndexKey(stored: key), value: value)
        }
    }
}
