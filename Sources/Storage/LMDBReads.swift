internal import CLMDB
internal import Primitives

/// Reads inside a transaction of either kind. Buffers handed to closures are valid only there.
@safe struct LMDBReads {
    private let raw: OpaquePointer
    private let path: String

    init(_ pointer: LMDBPointer, path: String) {
        unsafe raw = pointer.raw
        self.path = path
    }

    /// What `use` makes of the value under `key`, or nil if there is none.
    func get<Value>(
        _ table: LMDBTable, _ key: [UInt8], _ use: (UnsafeRawBufferPointer) throws(StorageFailure) -> Value
    ) throws(StorageFailure) -> Value? {
        var value = unsafe MDB_val()
        let code = unsafe key.withUnsafeBytes { unsafe find(table, $0, &value) }
        if code == MDB_NOTFOUND { return nil }
        try LMDBEnvironment.check(code, "mdb_get", path, 0)
        return try unsafe use(value.buffer)
    }

    /// The same under a key of 32 bytes.
    func get<Value>(
        _ table: LMDBTable, _ key: Bytes32, _ use: (UnsafeRawBufferPointer) throws(StorageFailure) -> Value
    ) throws(StorageFailure) -> Value? {
        var value = unsafe MDB_val()
        let code = unsafe withUnsafeBytes(of: key.bigEndianWords) { unsafe find(table, $0, &value) }
        if code == MDB_NOTFOUND { return nil }
        try LMDBEnvironment.check(code, "mdb_get", path, 0)
        return try unsafe use(value.buffer)
    }

    private func find(_ table: LMDBTable, _ key: UnsafeRawBufferPointer, _ value: inout MDB_val) -> Int32 {
        var keyValue = unsafe MDB_val(borrowing: key)
        return unsafe mdb_get(raw, table.handle, &keyValue, &value)
    }

    func contains(_ table: LMDBTable, _ key: Bytes32) throws(StorageFailure) -> Bool {
        try unsafe get(table, key) { _ in true } ?? false
    }

    /// Visits entries in order of their keys, from the first at or after `start`; or, descending, from the last at or
    /// before it (from the very last if `start` is empty). Ends when `visit` returns false.
    func walk(
        _ table: LMDBTable, from start: [UInt8], descending: Bool = false,
        _ visit: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) throws(StorageFailure) -> Bool
    ) throws(StorageFailure) {
        var opened: OpaquePointer?
        try unsafe LMDBEnvironment.check(mdb_cursor_open(raw, table.handle, &opened), "mdb_cursor_open", path, 0)
        guard let cursor = unsafe opened else { return }
        defer { unsafe mdb_cursor_close(cursor) }
        var key = unsafe MDB_val()
        var value = unsafe MDB_val()
        var code = unsafe place(cursor, start, descending: descending, &key, &value)
        while code == MDB_SUCCESS {
            guard try unsafe visit(key.buffer, value.buffer) else { return }
            code = unsafe mdb_cursor_get(cursor, &key, &value, descending ? MDB_PREV : MDB_NEXT)
        }
        if code == MDB_NOTFOUND { return }
        try LMDBEnvironment.check(code, "mdb_cursor_get", path, 0)
    }

    private func place(
        _ cursor: OpaquePointer, _ start: [UInt8], descending: Bool, _ key: inout MDB_val, _ value: inout MDB_val
    ) -> Int32 {
        if start.isEmpty { return unsafe mdb_cursor_get(cursor, &key, &value, descending ? MDB_LAST : MDB_FIRST) }
        let code = unsafe start.withUnsafeBytes { start in
            unsafe key = MDB_val(borrowing: start)
            return unsafe mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE)
        }
        guard descending else { return code }
        if code == MDB_NOTFOUND { return unsafe mdb_cursor_get(cursor, &key, &value, MDB_LAST) }
        guard code == MDB_SUCCESS else { return code }
        let isStart = unsafe key.buffer.elementsEqual(start)
        return isStart ? code : unsafe mdb_cursor_get(cursor, &key, &value, MDB_PREV)
    }

    func count(_ table: LMDBTable) throws(StorageFailure) -> Int { Int(try statistics(table).ms_entries) }

    /// Of the tree and of values that are too large to lie in it.
    func pageCount(_ table: LMDBTable) throws(StorageFailure) -> Int {
        let statistics = try statistics(table)
        return Int(statistics.ms_branch_pages + statistics.ms_leaf_pages + statistics.ms_overflow_pages)
    }

    private func statistics(_ table: LMDBTable) throws(StorageFailure) -> MDB_stat {
        var statistics = MDB_stat()
        try unsafe LMDBEnvironment.check(mdb_stat(raw, table.handle, &statistics), "mdb_stat", path, 0)
        return statistics
    }
}

extension MDB_val {
    /// LMDB only reads through it.
    init(borrowing bytes: UnsafeRawBufferPointer) {
        unsafe self.init(mv_size: bytes.count, mv_data: UnsafeMutableRawPointer(mutating: bytes.baseAddress))
    }

    var buffer: UnsafeRawBufferPointer { unsafe UnsafeRawBufferPointer(start: mv_data, count: mv_size) }
}

/// A short read transaction on one thread.
@safe struct ReadTransaction: ~Copyable {
    private let pointer: LMDBPointer
    let reads: LMDBReads
    /// Kept: closing an environment under a transaction frees what the transaction's end still touches.
    private let environment: LMDBEnvironment

    @available(*, noasync)
    init(_ environment: LMDBEnvironment) throws(StorageFailure) {
        let begun = try environment.beginReading()
        pointer = begun
        self.environment = environment
        reads = LMDBReads(begun, path: environment.path)
    }

    deinit { unsafe mdb_txn_abort(pointer.raw) }
}
