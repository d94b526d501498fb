internal import Dispatch
public import Primitives
public import StateModel
internal import Synchronization

/// When the store writes, and what it keeps in memory.
public struct StateStoreOptions: Hashable, Sendable {
    /// A quarter tebibyte of address space; it costs nothing until used.
    public var mapBytes = 1 << 38
    /// A checkpoint begins when layers of this size wait for it: the more, the more often what is written lies on one page…
    public var checkpointBytes = 192 << 20
    /// …or the last one is this old: so much is executed again after a crash.
    public var checkpointInterval: Duration = .seconds(7)
    /// Pushes wait for the running checkpoint beyond this. So layers, those that are being written and those above them,
    /// take at most this and one block's layer more.
    public var maximumLayerBytes = 512 << 20
    /// How long a snapshot may be read.
    public var snapshotAge: Duration = .seconds(30)
    /// Memory for trie pages that are read again and again.
    public var cacheBytes = 64 << 20
    /// How many pages a checkpoint changes in parts of its transaction, about; LMDB takes at most 131,071.
    package var partedPages = 122_000

    public init() {}
}

/// The state on disk as of a checkpoint, and the finalized layers above it in memory. Reads and pushes go on while a
/// checkpoint is written.
///
/// Safe to use from several threads; one caller at a time pushes. After a crash the store opens at its checkpoint, and
/// the blocks of the log above it are executed again.
public final class StateStore: Sendable {
    private struct Live {
        /// What the newest committed transaction of the environment stands for.
        var checkpoint: Height?
        var root: Hash
        /// Newest first. Those a checkpoint now writes, and those above them. Merging never crosses the two.
        var frozen: [StateLayer] = []
        var open: [StateLayer] = []
        var lastCheckpoint = ContinuousClock.now
        var isScheduled = false
        /// Left when the checkpoint that runs now is done.
        var running: DispatchGroup?
        var failure: StorageFailure?
        var handles: [WeakHandle] = []
        var lastSweep = ContinuousClock.now

        var head: Height? { open.first?.height ?? frozen.first?.height ?? checkpoint }
        var headRoot: Hash { open.first?.root ?? frozen.first?.root ?? root }
        /// What waits for a checkpoint that has not begun.
        var openBytes: Int { open.reduce(0) { $0 + $1.byteCount } }
        var byteCount: Int { frozen.reduce(openBytes) { $0 + $1.byteCount } }
    }

    private struct WeakHandle: Sendable {
        weak let handle: ReadHandle?
    }

    /// What is known of the layers, apart from the files, so that who merges them does not keep the store open.
    private final class SharedLive: Sendable {
        private let live: Mutex<Live>

        init(_ live: consuming sending Live) { self.live = Mutex(live) }

        func withLock<Result, Failure: Error>(
            _ body: (inout sending Live) throws(Failure) -> sending Result
        ) throws(Failure) -> sending Result {
            try live.withLock(body)
        }

        /// Keeps the number of layers logarithmic, so that reads look into few: neighbors of like size become one. Beside who
        /// pushes, which need not wait for it: layers that come meanwhile lie on top, and their own turn follows.
        func mergeOpen() {
            while true {
                let pair = live.withLock { live -> (StateLayer, StateLayer)? in
                    let position = live.open.indices.dropFirst().first {
                        live.open[$0].byteCount < 2 * live.open[$0 - 1].byteCount
                    }
                    return position.map { (live.open[$0 - 1], live.open[$0]) }
                }
                guard let (newer, older) = pair else { return }
                // Outside the lock: it may take milliseconds, and readers are not to wait.
                let merged = StateLayer.merging(older: older, newer: newer)
                let isDone = live.withLock { live in
                    // A checkpoint may have taken them.
                    guard let position = live.open.firstIndex(where: { $0 === newer }), position + 1 < live.open.count,
                        live.open[position + 1] === older
                    else { return false }
                    live.open.replaceSubrange(position...position + 1, with: [merged])
                    return true
                }
                guard isDone else { return }
            }
        }
    }

    private let environment: LMDBEnvironment
    private let tables: CheckpointSnapshot.Tables
    private let pool: ReadPool
    private let cache: TriePageCache
    private let log: BlockLog
    private let options: StateStoreOptions
    private let writer = DispatchQueue(label: "mednexus.state")
    private let merger = DispatchQueue(label: "mednexus.layers")
    private let live: SharedLive

    /// Opens or creates the store in `home`. `log` is asked, before each checkpoint, whether the blocks are durable.
    public init(
        in home: Home, log: BlockLog, options: StateStoreOptions = StateStoreOptions()
    ) throws(StorageFailure) {
        let environment = try LMDBEnvironment(
            in: home, name: "state",
            options: .init(mapBytes: options.mapBytes, tables: CheckpointSnapshot.Tables.names))
        let tables = CheckpointSnapshot.Tables(environment)
        try Schema.settle(environment, name: "state", meta: tables.meta, home: home)
        try BuildMark.refuse(environment, tables)
        let pool = ReadPool(environment)
        let cache = TriePageCache(bytes: options.cacheBytes)
        let handle = try ReadHandle(pool, maximumAge: options.snapshotAge)
        let opened = try CheckpointSnapshot(handle, tables: tables, cache: cache)
        cache.advance(to: opened.height, changedBy: nil)
        self.environment = environment
        self.tables = tables
        self.pool = pool
        self.cache = cache
        self.log = log
        self.options = options
        live = SharedLive(Live(checkpoint: opened.height, root: opened.root))
    }

    /// The block whose state a new snapshot has; nil before genesis.
    public var height: Height? { live.withLock { $0.head } }
    public var root: Hash { live.withLock { $0.headRoot } }
    /// The block at which the store would open after a crash.
    public var checkpointHeight: Height? { live.withLock { $0.checkpoint } }
    /// Bytes of layers that only memory (and the log) holds.
    public var layerBytes: Int { live.withLock { $0.byteCount } }

    /// Adds the layer of a block that the log holds. If too much is in memory it waits for the checkpoint that runs, and
    /// only if that is not enough for the next one. Throws if it does
    /// not lie on the newest state, or if an earlier checkpoint failed (then nothing more can become durable).
    public func push(_ layer: StateLayer) throws(StorageFailure) {
        guard let tip = log.tip, layer.height <= tip.height else {
            throw .outOfOrder("The layer of block \(layer.height) was pushed before the block was logged.")
        }
        let (isDue, isFull) = try live.withLock { (live) throws(StorageFailure) in
            if let failure = live.failure { throw failure }
            guard layer.base == live.head else {
                let head = live.head.map { "block \($0)" } ?? "nothing"
                throw .outOfOrder("The layer of block \(layer.height) does not lie on the newest state, \(head).")
            }
            live.open.insert(layer, at: 0)
            let isOld = ContinuousClock.now - live.lastCheckpoint >= options.checkpointInterval
            let isDue = !live.isScheduled && (isOld || live.openBytes >= options.checkpointBytes)
            if isDue { live.isScheduled = true }
            return (isDue, live.byteCount >= options.maximumLayerBytes)
        }
        merger.async { [live] in live.mergeOpen() }
        if isDue { writer.async { self.runCheckpoint() } }
        if isFull { try waitForRoom() }
    }

    /// Until the layers in memory are below their bound. Each turn ends a checkpoint, which empties what it froze, so
    /// two turns are enough.
    private func waitForRoom() throws(StorageFailure) {
        while true {
            let (isFull, running) = try live.withLock { (live) throws(StorageFailure) in
                if let failure = live.failure { throw failure }
                return (live.byteCount >= options.maximumLayerBytes, live.running)
            }
            guard isFull else { return }
            if let running { running.wait() } else { writer.sync { runCheckpoint() } }
        }
    }

    /// Writes all layers now, and returns when they are durable.
    public func checkpoint() throws(StorageFailure) {
        writer.sync { runCheckpoint() }
        if let failure = live.withLock({ $0.failure }) { throw failure }
    }

    /// On the writer's thread only.
    private func runCheckpoint() {
        let done = DispatchGroup()
        done.enter()
        defer { done.leave() }
        var layers = live.withLock { live -> [StateLayer] in
            live.isScheduled = false
            live.lastCheckpoint = .now
            guard live.failure == nil else { return [] }
            live.frozen = live.open
            live.open = []
            live.running = done
            return live.frozen
        }
        sweepHandles(now: .now)
        guard !layers.isEmpty else {
            live.withLock { $0.running = nil }
            return
        }
        let merged = StateLayer.merging(newestFirst: layers)
        layers = []
        // Means the same to readers, and what it was made of goes.
        live.withLock { $0.frozen = [merged] }
        do throws(StorageFailure) {
            try write(merged)
        } catch {
            live.withLock { live in
                live.failure = error
                live.running = nil
            }
            return
        }
        cache.advance(to: merged.height, changedBy: merged)
        live.withLock { live in
            live.frozen = []
            live.running = nil
            live.checkpoint = merged.height
            live.root = merged.root
        }
    }

    private func write(_ layer: StateLayer) throws(StorageFailure) {
        guard let tip = log.tip, layer.height <= tip.height else {
            throw .outOfOrder("A checkpoint of block \(layer.height) would precede the log.")
        }
        let transaction = try WriteTransaction(environment)
        var changed = try CheckpointPages(transaction.reads, tables)
        var isParted = true
        try write(
            layer.stateCount, to: tables.state, transaction, &changed, &isParted, counted: \.state,
            use: { (part, table) throws(StorageFailure) in
                try unsafe layer.withStates(part) { (path, leaf, key, value) throws(StorageFailure) in
                    guard let value = unsafe value else { return try table.delete(path) }
                    try unsafe table.put(path, count: StateValues.stateCount(key: key, value: value)) {
                        unsafe StateValues.state($0, path: path, key: key, value: value, leaf: leaf)
                    }
                }
            })
        try write(
            layer.pageCount, to: tables.pages, transaction, &changed, &isParted, counted: \.pages,
            use: { (part, table) throws(StorageFailure) in
                for position in part { try Self.put(layer.pageWrite(at: position), to: table) }
            })
        try write(
            layer.indexCount, to: tables.index, transaction, &changed, &isParted, counted: \.index,
            use: { (part, table) throws(StorageFailure) in
                try unsafe layer.withIndexes(part) { (key, value) throws(StorageFailure) in
                    guard let value = unsafe value else { return try unsafe table.delete(key) }
                    try unsafe table.put(key, count: StateValues.indexCount(value)) {
                        unsafe StateValues.index($0, key, value)
                    }
                }
            })
        let checkpoint = CheckpointSnapshot.checkpointValue(layer.height, layer.root)
        try transaction.put(tables.meta, CheckpointSnapshot.checkpointKey, checkpoint)
        try transaction.commit()
    }

    private static func put(
        _ write: TriePageWrite, to table: borrowing TableWriter
    ) throws(StorageFailure) {
        let key = write.key.bytes
        var base: [UInt8]?
        if !write.isWhole {
            base = try unsafe key.withRawBytes { (key) throws(StorageFailure) in
                try unsafe table.get(key) { (stored) throws(StorageFailure) in
                    try unsafe StateValues.page(reading: stored, write.key)
                }
            }
        }
        let page: [UInt8]?
        do throws(StateFailure) {
            page = try write.bytes { base }
        } catch {
            throw .damaged(what: error.description)
        }
        try unsafe key.withRawBytes { (key) throws(StorageFailure) in
            guard let page else { return try unsafe table.delete(key) }
            try unsafe table.put(key, count: StateValues.pageCount(page)) { unsafe StateValues.page($0, page) }
        }
    }

    /// Writes from which one part of a transaction is made.
    private static let partWrites = 4_096

    /// Layers are sorted, so each table is gone through once, from its first key to its last: in parts, while `changed` is
    /// below what parts may change, and then directly to the end: LMDB writes pages out early only of the transaction that
    /// changes them.
    private func write(
        _ count: Int, to table: LMDBTable, _ transaction: borrowing WriteTransaction,
        _ changed: inout CheckpointPages, _ isParted: inout Bool,
        counted: WritableKeyPath<CheckpointPages, CheckpointPages.Table>,
        use: (Range<Int>, borrowing TableWriter) throws(StorageFailure) -> Void
    ) throws(StorageFailure) {
        for start in stride(from: 0, to: count, by: Self.partWrites) {
            let part = start..<min(start + Self.partWrites, count)
            changed[keyPath: counted].writes += part.count
            isParted = isParted && changed.count <= options.partedPages
            if isParted {
                isParted = try transaction.withPart { (inner) throws(StorageFailure) in
                    try inner.withWriter(table) { (table) throws(StorageFailure) in
                        try use(part, table)
                    }
                }
                if isParted { continue }
            }
            try transaction.withWriter(table) { (table) throws(StorageFailure) in
                try use(part, table)
            }
        }
    }

    /// The newest finalized state, consistent for ``StateStoreOptions/snapshotAge``; then reads throw "expired".
    ///
    /// - Parameter age: how long instead. The disk does not get back what the state gives up meanwhile.
    public func snapshot(keptFor age: Duration? = nil) throws(StorageFailure) -> LayeredSnapshot {
        sweepHandlesIfDue()
        return try live.withLock { (live) throws(StorageFailure) in
            let handle = try ReadHandle(pool, maximumAge: age ?? options.snapshotAge)
            live.handles.append(WeakHandle(handle: handle))
            let base = try CheckpointSnapshot(handle, tables: tables, cache: cache)
            // A checkpoint may be committed and not yet be noted here: the transaction tells which layers it covers.
            let layers = (live.open + live.frozen).filter { layer in
                base.height.map { layer.height > $0 } ?? true
            }
            return LayeredSnapshot(base, layersNewestFirst: layers)
        }
    }

    private func sweepHandlesIfDue() {
        let now = ContinuousClock.now
        let isDue = live.withLock { live in
            let isDue = now - live.lastSweep >= .seconds(1) || live.handles.count > 1024
            if isDue { live.lastSweep = now }
            return isDue
        }
        if isDue { sweepHandles(now: now) }
    }

    /// Ends the transactions of snapshots held too long, whether or not anyone reads them.
    private func sweepHandles(now: ContinuousClock.Instant) {
        let expired = live.withLock { live -> [ReadHandle] in
            live.handles.removeAll { $0.handle == nil }
            return live.handles.compactMap(\.handle).filter(\.isExpired)
        }
        for handle in expired { handle.expire() }
    }

    /// Copies the state as of the last checkpoint into a new directory, while reads and writes go on.
    public func copy(to directory: String) throws(StorageFailure) { try environment.copy(to: directory) }
}
