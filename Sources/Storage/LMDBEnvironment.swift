internal import CLMDB
internal import Primitives

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A table (LMDB calls it a database) of an environment.
struct LMDBTable: Sendable {
    let handle: MDB_dbi
}

/// A transaction's pointer, to be moved between threads under a lock.
///
/// `@unchecked Sendable`: LMDB allows read transactions to change threads (MDB_NOTLS) while one thread at a time uses
/// them; ``ReadHandle`` guards that. Write transactions never leave the scope that began them.
@safe struct LMDBPointer: @unchecked Sendable {
    let raw: OpaquePointer
}

/// An open LMDB environment. A class, since readers on several threads share it and the last one to leave closes it.
///
/// `@unchecked Sendable`: LMDB environments may be used by all threads; the pointer never changes.
@safe final class LMDBEnvironment: @unchecked Sendable {
    struct Options {
        /// Address space, not disk: growing needs a moment without transactions, so it is reserved generously.
        var mapBytes: Int
        var tables: [String]
    }

    /// Pooled readers of the RPC, the executor, and operators' tools.
    static let maximumReaders = 512

    let path: String
    let mapBytes: Int
    /// Of the tables, in their order.
    let names: [String]
    let tables: [LMDBTable]
    let raw: OpaquePointer
    private let faultSlot: Int?

    /// Kept, since LMDB must not be opened twice: the home stays locked as long as any snapshot reads it. Nil where it
    /// is only read, beside the process that holds the home.
    private let home: Home?

    /// Opens or creates the environment `name` in `home`, and its tables.
    init(in home: Home, name: String, options: Options) throws(StorageFailure) {
        let path = home.path + "/" + name
        try Platform.makeDirectory(path)
        try PageCheck.run(path + "/data.mdb")
        var created: OpaquePointer?
        try unsafe Self.check(mdb_env_create(&created), "mdb_env_create", path, options.mapBytes)
        guard let raw = unsafe created else {
            throw .system(call: "mdb_env_create", path: path, message: "no environment")
        }
        do throws(StorageFailure) {
            tables = try unsafe Self.setUp(raw, path, options)
        } catch {
            unsafe mdb_env_close(raw)
            throw error
        }
        unsafe self.raw = raw
        faultSlot = unsafe MemoryFaults.watch(raw, file: path + "/data.mdb")
        self.path = path
        self.home = home
        names = options.tables
        mapBytes = options.mapBytes
        try Platform.synchronizeDirectory(path)
    }

    /// How an environment is read that this process does not hold.
    enum Reading {
        /// A node may be writing it: readers of both processes know of each other by LMDB's lock file.
        case shared
        /// Nobody writes it; nothing is made beside it.
        case alone
    }

    /// Opens an existing environment for reads alone. No table is made; all must be there.
    init(reading path: String, _ reading: Reading, tables names: [String]) throws(StorageFailure) {
        guard Platform.exists(path + "/data.mdb") else { throw .damaged(what: "\(path)/data.mdb is missing") }
        if reading == .alone { try PageCheck.run(path + "/data.mdb") }
        var created: OpaquePointer?
        try unsafe Self.check(mdb_env_create(&created), "mdb_env_create", path, 0)
        guard let raw = unsafe created else {
            throw .system(call: "mdb_env_create", path: path, message: "no environment")
        }
        do throws(StorageFailure) {
            tables = try unsafe Self.setUp(raw, path, reading, names)
        } catch {
            unsafe mdb_env_close(raw)
            throw error
        }
        unsafe self.raw = raw
        faultSlot = unsafe MemoryFaults.watch(raw, file: path + "/data.mdb")
        self.path = path
        home = nil
        self.names = names
        mapBytes = 0
    }

    private static func setUp(
        _ raw: OpaquePointer, _ path: String, _ reading: Reading, _ names: [String]
    ) throws(StorageFailure) -> [LMDBTable] {
        try unsafe check(mdb_env_set_maxdbs(raw, UInt32(names.count)), "mdb_env_set_maxdbs", path, 0)
        try unsafe check(mdb_env_set_maxreaders(raw, UInt32(maximumReaders)), "mdb_env_set_maxreaders", path, 0)
        // The size of the map is the writer's, from the file itself.
        var flags = UInt32(MDB_NOTLS) | UInt32(MDB_NORDAHEAD) | UInt32(MDB_RDONLY)
        if reading == .alone { flags |= UInt32(MDB_NOLOCK) }
        try unsafe check(mdb_env_open(raw, path, flags, 0o600), "mdb_env_open", path, 0)
        try unsafe Self.checkLength(raw, path)
        var begun: OpaquePointer?
        try unsafe check(mdb_txn_begin(raw, nil, UInt32(MDB_RDONLY), &begun), "mdb_txn_begin", path, 0)
        var tables: [LMDBTable] = []
        do throws(StorageFailure) {
            for name in names {
                var handle: MDB_dbi = 0
                let code = unsafe mdb_dbi_open(begun, name, 0, &handle)
                guard code != MDB_NOTFOUND else { throw .damaged(what: "\(path) has no table \(name)") }
                try check(code, "mdb_dbi_open", path, 0)
                tables.append(LMDBTable(handle: handle))
            }
        } catch {
            unsafe mdb_txn_abort(begun)
            throw error
        }
        // Handles of tables outlive a read transaction only if it is committed.
        try unsafe check(mdb_txn_commit(begun), "mdb_txn_commit", path, 0)
        return tables
    }

    private static func setUp(
        _ raw: OpaquePointer, _ path: String, _ options: Options
    ) throws(StorageFailure) -> [LMDBTable] {
        try unsafe check(mdb_env_set_mapsize(raw, options.mapBytes), "mdb_env_set_mapsize", path, options.mapBytes)
        try unsafe check(mdb_env_set_maxdbs(raw, UInt32(options.tables.count)), "mdb_env_set_maxdbs", path, 0)
        try unsafe check(mdb_env_set_maxreaders(raw, UInt32(maximumReaders)), "mdb_env_set_maxreaders", path, 0)
        // Read-ahead costs more than it brings once the state is larger than memory.
        let flags = UInt32(MDB_NOTLS) | UInt32(MDB_NORDAHEAD)
        try unsafe check(mdb_env_open(raw, path, flags, 0o600), "mdb_env_open", path, options.mapBytes)
        try unsafe Self.checkLength(raw, path)
        var dead: Int32 = 0
        try unsafe check(mdb_reader_check(raw, &dead), "mdb_reader_check", path, 0)
        var begun: OpaquePointer?
        try unsafe check(mdb_txn_begin(raw, nil, 0, &begun), "mdb_txn_begin", path, 0)
        var tables: [LMDBTable] = []
        do throws(StorageFailure) {
            for name in options.tables {
                var handle: MDB_dbi = 0
                try unsafe check(mdb_dbi_open(begun, name, UInt32(MDB_CREATE), &handle), "mdb_dbi_open", path, 0)
                tables.append(LMDBTable(handle: handle))
            }
        } catch {
            unsafe mdb_txn_abort(begun)
            throw error
        }
        try unsafe check(mdb_txn_commit(begun), "mdb_txn_commit", path, options.mapBytes)
        return tables
    }

    /// A map that is longer than its file kills the process at the first read behind the end, so that is looked at first.
    private static func checkLength(_ raw: OpaquePointer, _ path: String) throws(StorageFailure) {
        var info = unsafe MDB_envinfo()
        var stat = MDB_stat()
        _ = unsafe mdb_env_info(raw, &info)
        _ = unsafe mdb_env_stat(raw, &stat)
        let needed = unsafe (UInt64(info.me_last_pgno) + 1) * UInt64(stat.ms_psize)
        let found = try Platform.fileBytes(path + "/data.mdb")
        guard found >= needed else {
            throw .damaged(what: "\(path)/data.mdb has \(found) bytes of \(needed): it was cut short")
        }
    }

    deinit {
        unsafe mdb_env_close(raw)
        MemoryFaults.forget(faultSlot)
    }

    static func check(_ code: Int32, _ call: String, _ path: String, _ mapBytes: Int) throws(StorageFailure) {
        guard code != MDB_SUCCESS else { return }
        switch code {
        case MDB_MAP_FULL: throw .mapFull(path: path, bytes: mapBytes)
        case MDB_TXN_FULL: throw .transactionFull(path: path)
        case MDB_CORRUPTED, MDB_PAGE_NOTFOUND, MDB_INVALID, MDB_VERSION_MISMATCH, MDB_PANIC:
            throw .damaged(what: "\(path): \(text(of: code))")
        case EIO: throw shortWrite(call, path)
        case MDB_READERS_FULL: throw .tooManySnapshots(limit: maximumReaders)
        case 1...: throw Platform.failure(call, path, code: code)
        default: throw .system(call: call, path: path, message: text(of: code))
        }
    }

    /// LMDB reports a write that came out short as an error of the disk, whatever the reason.
    private static func shortWrite(_ call: String, _ path: String) -> StorageFailure {
        do throws(StorageFailure) {
            let free = try Platform.freeBytes(path)
            if free < 1 << 20 { return .diskFull(path: path) }
        } catch {
            return error
        }
        return Platform.failure(call, path, code: EIO)
    }

    private static func text(of code: Int32) -> String {
        guard let text = unsafe mdb_strerror(code) else { return "error \(code)" }
        return unsafe String(cString: text)
    }

    func check(_ code: Int32, _ call: String) throws(StorageFailure) {
        try Self.check(code, call, path, mapBytes)
    }

    func beginReading() throws(StorageFailure) -> LMDBPointer {
        var begun: OpaquePointer?
        try unsafe check(mdb_txn_begin(raw, nil, UInt32(MDB_RDONLY), &begun), "mdb_txn_begin")
        guard let begun = unsafe begun else {
            throw .system(call: "mdb_txn_begin", path: path, message: "no transaction")
        }
        return unsafe LMDBPointer(raw: begun)
    }

    /// Copies the environment, compacted, as of now into the empty directory `target`, while reads and writes go on.
    func copy(to target: String) throws(StorageFailure) {
        try Platform.makeDirectory(target)
        let code = unsafe mdb_env_copy2(raw, target, UInt32(MDB_CP_COMPACT))
        try Self.check(code, "mdb_env_copy2", target, mapBytes)
        // LMDB leaves this to the system.
        try Platform.synchronizeFile(target + "/data.mdb")
        try Platform.synchronizeDirectory(target)
    }

    /// Bytes of the pages that hold something: what a compacted copy takes.
    func usedBytes() throws(StorageFailure) -> UInt64 {
        let pointer = try beginReading()
        defer { unsafe mdb_txn_abort(pointer.raw) }
        // The two meta pages, the list of free pages and the list of tables, then the tables.
        var pages = 2
        var pageBytes: UInt32 = 4096
        for handle in [0, 1] + tables.map(\.handle) {
            var statistics = MDB_stat()
            try unsafe check(mdb_stat(pointer.raw, handle, &statistics), "mdb_stat")
            pages += statistics.ms_branch_pages + statistics.ms_leaf_pages + statistics.ms_overflow_pages
            pageBytes = statistics.ms_psize
        }
        return UInt64(pages) * UInt64(pageBytes)
    }

    /// How many entries each table has.
    func entryCounts() throws(StorageFailure) -> [Int] {
        let transaction = try ReadTransaction(self)
        var counts: [Int] = []
        for table in tables { counts.append(try transaction.reads.count(table)) }
        return counts
    }
}
