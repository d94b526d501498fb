internal import CLMDB
internal import Primitives

/// One write transaction: committed by ``commit()``, else aborted when it goes out of scope. It blocks its thread and
/// stays on it, so it can't be begun in asynchronous code.
@safe struct WriteTransaction: ~Copyable {
    /// Nil once committed.
    private var raw: OpaquePointer?
    /// Kept: closing an environment under a transaction frees what the transaction's end still touches.
    private let environment: LMDBEnvironment
    private let path: String
    private let mapBytes: Int

    @available(*, noasync)
    init(_ environment: LMDBEnvironment) throws(StorageFailure) {
        var begun: OpaquePointer?
        try unsafe environment.check(mdb_txn_begin(environment.raw, nil, 0, &begun), "mdb_txn_begin")
        guard let begun = unsafe begun else {
            throw .system(call: "mdb_txn_begin", path: environment.path, message: "no transaction")
        }
        unsafe raw = begun
        self.environment = environment
        path = environment.path
        mapBytes = environment.mapBytes
    }

    /// A part of `whole`, which must not be used while the part lives.
    private init(of whole: borrowing WriteTransaction) throws(StorageFailure) {
        var begun: OpaquePointer?
        try unsafe whole.environment.check(
            mdb_txn_begin(whole.environment.raw, whole.raw, 0, &begun), "mdb_txn_begin")
        guard let begun = unsafe begun else {
            throw .system(call: "mdb_txn_begin", path: whole.path, message: "no transaction")
        }
        unsafe raw = begun
        environment = whole.environment
        path = whole.path
        mapBytes = whole.mapBytes
    }

    deinit {
        if let raw = unsafe raw { unsafe mdb_txn_abort(raw) }
    }

    /// What `use` writes becomes part of this transaction when it returns, and nothing of it if it throws or if this answers
    /// false: the transaction has changed as many pages as LMDB keeps of one.
    ///
    /// LMDB keeps the pages that a transaction has changed in an array, sorted by their numbers. It takes free pages from
    /// the lists that earlier transactions left, each list from its lowest number on: once the second list is begun, every
    /// new page moves up to a hundred thousand others. A part has an array of its own, which begins empty, and is
    /// merged into that of the whole in one pass. All parts together can't change more than 131,071 pages.
    @inline(never)  // As ``withWriter(_:_:)``.
    func withPart(
        _ use: (borrowing WriteTransaction) throws(StorageFailure) -> Void
    ) throws(StorageFailure) -> Bool {
        do throws(StorageFailure) {
            let part = try WriteTransaction(of: self)
            try use(part)
            try part.commit()
            return true
        } catch .transactionFull {
            return false
        }
    }

    /// Writes to `table` in ascending order of keys: neighbors are not looked for from the top of the table each time.
    /// `use` must not touch the transaction itself.
    @inline(never)  // The optimizer of Swift 6.3.1 ends with an assertion when it inlines this.
    func withWriter(
        _ table: LMDBTable, _ use: (borrowing TableWriter) throws(StorageFailure) -> Void
    ) throws(StorageFailure) {
        var opened: OpaquePointer?
        try unsafe LMDBEnvironment.check(
            mdb_cursor_open(raw, table.handle, &opened), "mdb_cursor_open", path, mapBytes)
        guard let cursor = unsafe opened else { return }
        defer { unsafe mdb_cursor_close(cursor) }
        try use(unsafe TableWriter(cursor: cursor, path: path, mapBytes: mapBytes))
    }

    var reads: LMDBReads {
        guard let raw = unsafe raw else { preconditionFailure("a transaction is not used after its commit") }
        return unsafe LMDBReads(LMDBPointer(raw: raw), path: path)
    }

    /// `isAppended`: the key is larger than all in the table; cheaper, and refused by LMDB if it isn't so.
    func put(
        _ table: LMDBTable, _ key: [UInt8], _ value: [UInt8], isAppended: Bool = false
    ) throws(StorageFailure) {
        let flags = isAppended ? UInt32(MDB_APPEND) : 0
        let code = unsafe key.withUnsafeBytes { key in
            unsafe value.withUnsafeBytes { value in
                var keyValue = unsafe MDB_val(borrowing: key)
                var dataValue = unsafe MDB_val(borrowing: value)
                return unsafe mdb_put(raw, table.handle, &keyValue, &dataValue, flags)
            }
        }
        try LMDBEnvironment.check(code, "mdb_put", path, mapBytes)
    }

    /// False if there was nothing.
    @discardableResult
    func delete(_ table: LMDBTable, _ key: [UInt8]) throws(StorageFailure) -> Bool {
        let code = unsafe key.withUnsafeBytes { key in
            var keyValue = unsafe MDB_val(borrowing: key)
            return unsafe mdb_del(raw, table.handle, &keyValue, nil)
        }
        if code == MDB_NOTFOUND { return false }
        try LMDBEnvironment.check(code, "mdb_del", path, mapBytes)
        return true
    }

    /// Removes every entry of the table.
    func clear(_ table: LMDBTable) throws(StorageFailure) {
        try LMDBEnvironment.check(unsafe mdb_drop(raw, table.handle, 0), "mdb_drop", path, mapBytes)
    }

    func get(_ table: LMDBTable, _ key: [UInt8]) throws(StorageFailure) -> [UInt8]? {
        try unsafe reads.get(table, key) { unsafe [UInt8]($0) }
    }

    func walk(
        _ table: LMDBTable, from start: [UInt8], descending: Bool = false,
        _ visit: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) throws(StorageFailure) -> Bool
    ) throws(StorageFailure) {
        try unsafe reads.walk(table, from: start, descending: descending, visit)
    }

    consuming func commit() throws(StorageFailure) {
        // A commit frees the transaction, whatever it answers, so `deinit` must not abort it as well.
        let code = unsafe mdb_txn_commit(raw)
        unsafe raw = nil
        try LMDBEnvironment.check(code, "mdb_txn_commit", path, mapBytes)
    }
}

extension [UInt8] {
    /// As ``withUnsafeBytes(_:)``, of which the standard library's forgets what is thrown.
    func withRawBytes<Value, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Value
    ) throws(Failure) -> Value {
        try unsafe withUnsafeBufferPointer { (buffer) throws(Failure) in
            try unsafe body(UnsafeRawBufferPointer(buffer))
        }
    }
}

/// A place in a table of a write transaction that moves with what is written. Valid inside
/// ``WriteTransaction/withWriter(_:_:)``.
@safe struct TableWriter: ~Copyable {
    private let cursor: OpaquePointer
    private let path: String
    private let mapBytes: Int

    fileprivate init(cursor: OpaquePointer, path: String, mapBytes: Int) {
        unsafe self.cursor = cursor
        self.path = path
        self.mapBytes = mapBytes
    }

    /// Puts a value of `count` bytes under `key`; `fill` writes it where it lies. Until then they are whatever was there.
    func put(_ key: Bytes32, count: Int, fill: (UnsafeMutableRawBufferPointer) -> Void) throws(StorageFailure) {
        let code = unsafe withUnsafeBytes(of: key.bigEndianWords) { unsafe reserve($0, count, fill) }
        try LMDBEnvironment.check(code, "mdb_cursor_put", path, mapBytes)
    }

    /// The same under a key of any length.
    func put(
        _ key: UnsafeRawBufferPointer, count: Int, fill: (UnsafeMutableRawBufferPointer) -> Void
    ) throws(StorageFailure) {
        let code = unsafe reserve(key, count, fill)
        try LMDBEnvironment.check(code, "mdb_cursor_put", path, mapBytes)
    }

    private func reserve(
        _ key: UnsafeRawBufferPointer, _ count: Int, _ fill: (UnsafeMutableRawBufferPointer) -> Void
    ) -> Int32 {
        var keyValue = unsafe MDB_val(borrowing: key)
        var dataValue = unsafe MDB_val(mv_size: count, mv_data: nil)
        let code = unsafe mdb_cursor_put(cursor, &keyValue, &dataValue, UInt32(MDB_RESERVE))
        if code == MDB_SUCCESS {
            unsafe fill(UnsafeMutableRawBufferPointer(start: dataValue.mv_data, count: count))
        }
        return code
    }

    /// What is stored under `key`, as `body` reads it before anything else is written; nil if there is nothing.
    func get<Value>(
        _ key: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) throws(StorageFailure) -> Value
    ) throws(StorageFailure) -> Value? {
        var keyValue = unsafe MDB_val(borrowing: key)
        var dataValue = unsafe MDB_val()
        let found = unsafe mdb_cursor_get(cursor, &keyValue, &dataValue, MDB_SET)
        if found == MDB_NOTFOUND { return nil }
        try LMDBEnvironment.check(found, "mdb_cursor_get", path, mapBytes)
        return try unsafe body(UnsafeRawBufferPointer(start: dataValue.mv_data, count: dataValue.mv_size))
    }

    /// Does nothing if there is nothing.
    func delete(_ key: Bytes32) throws(StorageFailure) {
        var failure: StorageFailure?
        unsafe withUnsafeBytes(of: key.bigEndianWords) { key in
            do throws(StorageFailure) {
                try unsafe delete(key)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
    }

    /// The same of a key of any length.
    func delete(_ key: UnsafeRawBufferPointer) throws(StorageFailure) {
        var keyValue = unsafe MDB_val(borrowing: key)
        let found = unsafe mdb_cursor_get(cursor, &keyValue, nil, MDB_SET)
        if found == MDB_NOTFOUND { return }
        try LMDBEnvironment.check(found, "mdb_cursor_get", path, mapBytes)
        try LMDBEnvironment.check(unsafe mdb_cursor_del(cursor, 0), "mdb_cursor_del", path, mapBytes)
    }
}
