public import ContentFormat
internal import Cryptography
public import Primitives
internal import Synchronization

/// How much the store takes, and for how long.
public struct ContentStoreLimits: Sendable {
    /// Bytes of all blobs and unfinished uploads.
    public var bytes: UInt64 = 100 << 30
    /// Of one party.
    public var partyBytes: UInt64 = 20 << 30
    /// Left free on the disk whatever the other bounds say.
    public var reserveBytes: UInt64 = 1 << 30
    /// How long a blob may stay that nothing on the ledger names, and an upload that nobody goes on with.
    public var graceMilliseconds: UInt64 = 24 * 3_600_000
    public var uploadsPerParty = 32
    public var logFiles = 64

    public init() {}
}

/// What the ledger says of a root. Who knows the ledger hands this in.
public enum ContentReference: Hashable, Sendable {
    /// A version of an INFT names it.
    case named
    case unnamed
    /// It was erased; names the receipt.
    case erased(receipt: Bytes32)
}

/// What the store has of a root.
public enum ContentPresence: Hashable, Sendable {
    case absent
    /// An unfinished upload of the party that was asked for.
    case partial(reached: UInt64, size: UInt64)
    case whole(BlobRecord)
    case erased(receipt: Bytes32)
}

/// Encrypted content by its root: quotas, unfinished uploads, erasure, garbage collection and the access log, over a
/// backend that keeps whole blobs.
///
///     bytes ──► ContentUpload ──► StagedUpload ──► ContentBackend ──► ContentReader ──► bytes
///         chunks        leaves, tree      root is right       each chunk against its leaf
///
/// The folder: `uploads/` unfinished ones, `access/` the log, `lock`; and what a backend on disk keeps.
public final class ContentStore: Sendable {
    struct State {
        var blobs: [Hash: BlobRecord] = [:]
        var tombstones: [Hash: Tombstone] = [:]
        var uploads: [String: StagedUpload] = [:]
        /// Names of uploads whose folder is being made.
        var beginning: Set<String> = []
        /// By party; nil holds the copies.
        var used: [Party?: UInt64] = [:]
        /// When a copy was read last: which one goes first when room is needed.
        var lastRead: [Hash: Timestamp] = [:]
        var damaged: Set<Hash> = []

        var total: UInt64 { used.values.reduce(0, +) }

        mutating func count(_ party: Party?, _ size: UInt64) { used[party, default: 0] += BlobRecord.charge(size) }
        mutating func discount(_ party: Party?, _ size: UInt64) {
            let left = (used[party] ?? 0) - BlobRecord.charge(size)
            used[party] = left == 0 ? nil : left
        }
    }

    public let limits: ContentStoreLimits
    public let log: AccessLog
    let path: String
    let backend: any ContentBackend
    let now: @Sendable () -> Timestamp
    private let lock: OpenFile
    let state: Mutex<State>

    private init(
        path: String, backend: any ContentBackend, limits: ContentStoreLimits, log: AccessLog, lock: OpenFile,
        state: sending State, now: @escaping @Sendable () -> Timestamp
    ) {
        self.path = path
        self.backend = backend
        self.limits = limits
        self.log = log
        self.lock = lock
        self.state = Mutex(state)
        self.now = now
    }

    /// Opens the store in `path`, which is made if it is not there.
    ///
    /// Thrown: ``ContentStoreFailure/locked(path:)``, damaged where the access log was changed.
    public static func open(
        _ path: String, backend: any ContentBackend, limits: ContentStoreLimits,
        now: @escaping @Sendable () -> Timestamp
    ) async throws(ContentStoreFailure) -> ContentStore {
        let (lock, log, uploads) = try await ContentWork.run { () throws(ContentStoreFailure) in
            try FileCalls.makeFolder(path + "/uploads")
            let lock = try OpenFile.open(path + "/lock", writing: true, isMade: true)
            guard lock.lock() else { throw .locked(path: path) }
            let log = try AccessLog(folder: path + "/access", files: limits.logFiles)
            var uploads: [String: StagedUpload] = [:]
            for name in try FileCalls.names(in: path + "/uploads") {
                let folder = "\(path)/uploads/\(name)"
                if let upload = try StagedUpload.resume(folder) {
                    uploads[name] = upload
                } else {
                    try FileCalls.removeFolder(folder)
                }
            }
            return (lock, log, uploads)
        }
        let (blobs, tombstones) = try await backend.open()
        var state = State()
        for tombstone in tombstones { state.tombstones[tombstone.root] = tombstone }
        var erased: [BlobRecord] = []
        for blob in blobs {
            // The tombstone came first; a stop kept the rest from being done.
            guard state.tombstones[blob.root] == nil else {
                erased.append(blob)
                continue
            }
            // Two parties may have uploaded it at once.
            guard state.blobs[blob.root] == nil else { continue }
            state.blobs[blob.root] = blob
            state.count(blob.party, blob.size)
        }
        for blob in erased { try await backend.remove(blob) }
        for (name, upload) in uploads {
            if state.blobs[upload.root] != nil || state.tombstones[upload.root] != nil {
                try await ContentWork.run { () throws(ContentStoreFailure) in
                    try FileCalls.removeFolder(upload.folder)
                }
            } else {
                state.uploads[name] = upload
                state.count(upload.party, upload.layout.size)
            }
        }
        return ContentStore(
            path: path, backend: backend, limits: limits, log: log, lock: lock, state: state, now: now)
    }

    // MARK: What is here

    static func name(_ root: Hash, _ party: Party?) -> String { "\(root)-\(party?.description ?? "copy")" }

    public func presence(of root: Hash, for party: Party?) -> ContentPresence {
        state.withLock { state in
            if let tombstone = state.tombstones[root] { return .erased(receipt: tombstone.receipt) }
            if let blob = state.blobs[root] { return .whole(blob) }
            if let upload = state.uploads[Self.name(root, party)] {
                return .partial(reached: upload.reached, size: upload.layout.size)
            }
            return .absent
        }
    }

    /// Of whichever party: for an unfinished upload the one that has come furthest.
    public func holding(of root: Hash) -> ContentPresence {
        let uploads = state.withLock { state in state.uploads.values.filter { $0.root == root } }
        let presence = presence(of: root, for: nil)
        guard case .absent = presence, let best = uploads.max(by: { $0.reached < $1.reached }) else { return presence }
        return .partial(reached: best.reached, size: best.layout.size)
    }

    /// Writes a line of the access log for what is served from elsewhere.
    public func note(_ entry: AccessEntry) throws(ContentStoreFailure) {
        try log.append(entry, at: now(), isDurable: false)
    }

    /// Sorted by root.
    public var blobs: [BlobRecord] { state.withLock { $0.blobs.values.sorted { $0.root < $1.root } } }

    public struct Totals: Hashable, Sendable {
        public let blobs: Int
        public let bytes: UInt64
        /// Of them, copies of what peers hold.
        public let copyBytes: UInt64
        public let uploads: Int
        public let erased: Int
        public let damaged: Int
    }

    /// Bytes as quotas count them.
    public var totals: Totals {
        state.withLock { state in
            Totals(
                blobs: state.blobs.count, bytes: state.total, copyBytes: state.used[nil] ?? 0,
                uploads: state.uploads.count, erased: state.tombstones.count, damaged: state.damaged.count)
        }
    }

    // MARK: Reading

    /// A reader of some bytes of a whole blob.
    ///
    /// - Parameter who: is written into the access log, durable soon after.
    public func read(
        _ root: Hash, _ range: Range<UInt64>, act: ContentAct, by who: String
    ) throws(ContentStoreFailure) -> ContentReader {
        let record = try whole(root)
        guard range.upperBound <= record.size, !range.isEmpty else { throw .outOfRange(size: record.size) }
        try log.append(
            AccessEntry(act, by: who, root, offset: range.lowerBound, length: UInt64(range.count)), at: now(),
            isDurable: false)
        state.withLock { state in if record.party == nil { state.lastRead[root] = now() } }
        return try ContentReader(store: self, record: record, range: range)
    }

    /// Thrown: absent, erased, damaged.
    @discardableResult
    public func whole(_ root: Hash) throws(ContentStoreFailure) -> BlobRecord {
        let found = state.withLock { state -> Result<BlobRecord, ContentStoreFailure> in
            if let tombstone = state.tombstones[root] { return .failure(.erased(receipt: tombstone.receipt)) }
            guard let record = state.blobs[root] else { return .failure(.absent) }
            if state.damaged.contains(root) { return .failure(.damaged("\(root)")) }
            return .success(record)
        }
        return try found.get()
    }

    /// Proves chunks of a whole blob to whoever knows its root and size.
    public func proof(
        of root: Hash, _ chunks: Range<UInt64>
    ) async throws(ContentStoreFailure) -> ContentRangeProof {
        let record = try whole(root)
        let tree = ContentTree(try Self.layout(record.size))
        guard let siblings = MerkleLog.siblings(of: chunks, count: tree.layout.chunkCount) else {
            throw .outOfRange(size: record.size)
        }
        var nodes: [UInt64: Hash] = [:]
        for leaves in siblings {
            let offset = tree.node(over: leaves)
            let bytes = try await backend.tree(of: root, at: offset, count: 32)
            nodes[offset] = Hash(Bytes32(unchecked: bytes, at: 0))
        }
        do {
            return try ContentRangeProof(of: chunks, in: tree.layout) { leaves in
                guard let hash = nodes[tree.node(over: leaves)] else { preconditionFailure("it was read before") }
                return hash
            }
        } catch {
            throw .outOfRange(size: record.size)
        }
    }

    /// Chunks of a whole blob, each checked. At most a few: they are held in memory.
    public func chunks(
        of root: Hash, _ chunks: Range<UInt64>
    ) async throws(ContentStoreFailure) -> [UInt8] {
        let record = try whole(root)
        let layout = try Self.layout(record.size)
        guard chunks.upperBound <= layout.chunkCount, !chunks.isEmpty else { throw .outOfRange(size: record.size) }
        let range = layout.ciphertextRange(chunks)
        let places = ContentTree(layout).leaves(chunks)
        do throws(ContentStoreFailure) {
            let bytes = try await backend.data(of: root, at: range.lowerBound, count: range.count)
            let leaves = ContentTree.hashes(
                try await backend.tree(of: root, at: places.lowerBound, count: places.count))
            try await ContentWork.run { () throws(ContentStoreFailure) in
                try ChunkCheck.check(bytes, against: leaves, first: chunks.lowerBound, of: root)
            }
            return bytes
        } catch .damaged(let what) {
            state.withLock { _ = $0.damaged.insert(root) }
            throw .damaged(what)
        }
    }

    static func layout(_ size: UInt64) throws(ContentStoreFailure) -> ContentLayout {
        do {
            return try ContentLayout(size: size)
        } catch {
            throw .badSize(maximum: ContentLayout.maximumSize)
        }
    }
}

/// Bytes of a blob, a mebibyte at a time, each chunk checked before it is given out.
public struct ContentReader: Sendable {
    private let store: ContentStore
    public let record: BlobRecord
    public let range: Range<UInt64>
    private let layout: ContentLayout
    private var position: UInt64

    init(store: ContentStore, record: BlobRecord, range: Range<UInt64>) throws(ContentStoreFailure) {
        self.store = store
        self.record = record
        self.range = range
        layout = try ContentStore.layout(record.size)
        position = range.lowerBound
    }

    /// Nil at the end. Thrown: damaged; erased, if that came meanwhile.
    public mutating func next() async throws(ContentStoreFailure) -> [UInt8]? {
        guard position < range.upperBound else { return nil }
        let chunk = UInt64(ContentLayout.ciphertextChunk)
        let first = position / chunk
        let last = min(first + ContentLayout.chunksPerSlice, (range.upperBound - 1) / chunk + 1)
        let bytes = try await store.chunks(of: record.root, first..<last)
        let start = first * chunk
        let end = min(start + UInt64(bytes.count), range.upperBound)
        defer { position = end }
        if position == start, end == start + UInt64(bytes.count) { return bytes }
        return Array(bytes[Int(position - start)..<Int(end - start)])
    }
}
