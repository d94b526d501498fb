internal import CLMDB
internal import Primitives
internal import StateModel
internal import Synchronization

/// Read transactions that are begun already: renewing one costs a fraction of beginning it.
final class ReadPool: Sendable {
    /// As many as threads can usefully read at once; more are closed when given back.
    private static let keptIdle = 64

    let environment: LMDBEnvironment
    private let idle = Mutex<[LMDBPointer]>([])

    init(_ environment: LMDBEnvironment) { self.environment = environment }

    deinit {
        for pointer in idle.withLock({ $0 }) { unsafe mdb_txn_abort(pointer.raw) }
    }

    func take() throws(StorageFailure) -> LMDBPointer {
        guard let pointer = idle.withLock({ $0.popLast() }) else { return try environment.beginReading() }
        let code = unsafe mdb_txn_renew(pointer.raw)
        if code != MDB_SUCCESS { unsafe mdb_txn_abort(pointer.raw) }
        try environment.check(code, "mdb_txn_renew")
        return pointer
    }

    func give(_ pointer: LMDBPointer) {
        unsafe mdb_txn_reset(pointer.raw)
        let isKept = idle.withLock { idle in
            guard idle.count < Self.keptIdle else { return false }
            idle.append(pointer)
            return true
        }
        if !isKept { unsafe mdb_txn_abort(pointer.raw) }
    }
}

/// One consistent view of the state environment: a read transaction with an age limit, since LMDB reuses no page that
/// the oldest reader may still see. Used by one thread at a time, under its lock.
final class ReadHandle: Sendable {
    private let pool: ReadPool
    private let transaction: Mutex<LMDBPointer?>
    private let deadline: ContinuousClock.Instant

    init(_ pool: ReadPool, maximumAge: Duration) throws(StorageFailure) {
        self.pool = pool
        transaction = Mutex(try pool.take())
        deadline = .now + maximumAge
    }

    deinit { expire() }

    var isExpired: Bool { ContinuousClock.now >= deadline }

    /// Ends the transaction; reads fail from now on.
    func expire() {
        let pointer = transaction.withLock { transaction in
            let pointer = transaction
            transaction = nil
            return pointer
        }
        if let pointer { pool.give(pointer) }
    }

    func read<Value: Sendable>(
        _ body: (LMDBReads) throws(StorageFailure) -> Value
    ) throws(StorageFailure) -> Value {
        if isExpired { expire() }
        return try transaction.withLock { (transaction) throws(StorageFailure) -> Value in
            guard let transaction else {
                throw .outOfOrder("The snapshot expired: it was held longer than allowed. Take a new one and repeat.")
            }
            return try body(LMDBReads(transaction, path: pool.environment.path))
        }
    }
}

/// Pages of the trie as of the newest checkpoint, so that the hot top of the trie is not copied out of LMDB each time.
/// Two generations of at most half the bytes each: what is not asked for again falls out.
final class TriePageCache: Sendable {
    private struct Content {
        var checkpoint: Height?
        /// While pages are brought to the next checkpoint: they are then of neither.
        var isAdvancing = false
        var young: [TriePageKey: [UInt8]] = [:]
        var old: [TriePageKey: [UInt8]] = [:]
        var youngBytes = 0
    }

    /// Beside its bytes: the array's header, and key and reference in a table that is on average two thirds full.
    private static let overheadBytes = 128

    private let half: Int
    private let content = Mutex(Content())

    init(bytes: Int) { half = max(1, bytes / 2) }

    func page(_ key: TriePageKey, at checkpoint: Height?) -> [UInt8]? {
        content.withLock { content in
            guard content.checkpoint == checkpoint, !content.isAdvancing else { return nil }
            if let page = content.young[key] { return page }
            guard let page = content.old.removeValue(forKey: key) else { return nil }
            add(key, page, &content)
            return page
        }
    }

    func insert(_ key: TriePageKey, _ page: [UInt8], at checkpoint: Height?) {
        content.withLock { content in
            guard content.checkpoint == checkpoint, !content.isAdvancing else { return }
            add(key, page, &content)
        }
    }

    private func add(_ key: TriePageKey, _ page: [UInt8], _ content: inout Content) {
        let bytes = Self.overheadBytes + page.count
        // It would stay there as it is now, and come back once the young ones are let go.
        content.old.removeValue(forKey: key)
        if content.youngBytes + bytes > half {
            content.old = content.young
            content.young = [:]
            content.youngBytes = 0
        }
        if let replaced = content.young.updateValue(page, forKey: key) {
            content.youngBytes -= Self.overheadBytes + replaced.count
        }
        content.youngBytes += bytes
    }

    /// A checkpoint was committed: pages it wrote are not what they were. Readers of older ones are served by LMDB, and so is
    /// everybody until this is done; nobody waits for it longer than for one slice.
    func advance(to checkpoint: Height?, changedBy layer: StateLayer?) {
        content.withLock { $0.isAdvancing = true }
        let count = layer?.pageCount ?? 0
        for start in stride(from: 0, to: count, by: Self.slice) {
            content.withLock { content in
                guard let layer else { return }
                for position in start..<min(start + Self.slice, count) { Self.change(layer, position, &content) }
            }
        }
        content.withLock { content in
            content.checkpoint = checkpoint
            content.isAdvancing = false
        }
    }

    /// Pages that are changed while readers wait.
    private static let slice = 256

    private static func change(_ layer: StateLayer, _ position: Int, _ content: inout Content) {
        let key = layer.pageKey(at: position)
        if let page = content.young[key] {
            content.youngBytes -= page.count
            if let bytes = self.page(layer.pageWrite(at: position), over: page) {
                content.youngBytes += bytes.count
                content.young[key] = bytes
            } else {
                content.youngBytes -= overheadBytes
                content.young[key] = nil
            }
        }
        if let page = content.old[key] {
            content.old[key] = self.page(layer.pageWrite(at: position), over: page)
        }
    }

    /// Nil: the page is gone, or is to be read from LMDB again.
    private static func page(_ write: TriePageWrite, over page: [UInt8]) -> [UInt8]? {
        do throws(StateFailure) {
            return try write.bytes { page }
        } catch {
            return nil
        }
    }
}
