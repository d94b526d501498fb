internal import ContentFormat
public import Primitives
internal import Synchronization

/// What came of a request that brought bytes.
public enum UploadEnd: Hashable, Sendable {
    /// More is to come from here on.
    case reached(UInt64)
    case stored(BlobRecord)
}

/// One request that writes an upload. Bytes count once their chunk is whole.
public actor ContentUpload {
    private let store: ContentStore
    private let upload: StagedUpload
    private let who: String
    private var buffer: [UInt8] = []
    private var received: UInt64
    private var isEnded = false

    /// Written at once: 1 MiB.
    private static let sliceBytes = Int(ContentLayout.chunksPerSlice) * ContentLayout.ciphertextChunk

    init(store: ContentStore, upload: StagedUpload, who: String) {
        self.store = store
        self.upload = upload
        self.who = who
        received = upload.reached
        buffer.reserveCapacity(Self.sliceBytes)
    }

    /// Thrown: outOfRange if more comes than the blob has.
    public func append(_ bytes: [UInt8]) async throws(ContentStoreFailure) {
        guard received + UInt64(bytes.count) <= upload.layout.size else { throw .outOfRange(size: upload.layout.size) }
        received += UInt64(bytes.count)
        buffer += bytes
        guard buffer.count >= Self.sliceBytes else { return }
        try await write(buffer.count / ContentLayout.ciphertextChunk * ContentLayout.ciphertextChunk)
    }

    private func write(_ count: Int) async throws(ContentStoreFailure) {
        guard count > 0 else { return }
        let bytes = count == buffer.count ? buffer : Array(buffer[..<count])
        buffer.removeFirst(count)
        let (upload, now) = (upload, store.now())
        // An erasure or a collection may have come between.
        guard store.isHeld(upload) else { throw .absent }
        try await ContentWork.run { () throws(ContentStoreFailure) in try upload.append(bytes, now: now) }
    }

    /// No more bytes come in this request.
    ///
    /// Thrown: wrongRoot, and then nothing is left of the upload.
    public func end() async throws(ContentStoreFailure) -> UploadEnd {
        let isWhole = received == upload.layout.size
        let chunk = ContentLayout.ciphertextChunk
        try await write(isWhole ? buffer.count : buffer.count / chunk * chunk)
        guard isWhole else {
            await interrupt()
            return .reached(upload.reached)
        }
        isEnded = true
        return .stored(try await store.finish(upload, by: who))
    }

    /// The request broke off: whole chunks are kept, and another may go on.
    public func interrupt() async {
        guard !isEnded else { return }
        isEnded = true
        let upload = upload
        buffer = []
        // What can't be made durable now is at worst uploaded again.
        try? await ContentWork.run { () throws(ContentStoreFailure) in try upload.synchronize() }
        upload.endWriting()
    }

    /// Bytes that are there for good.
    public nonisolated var reached: UInt64 { upload.reached }

    /// Chunks that are there, checked. Precondition: they are.
    public nonisolated func read(_ chunks: Range<UInt64>) async throws(ContentStoreFailure) -> [UInt8] {
        let upload = upload
        return try await ContentWork.run { () throws(ContentStoreFailure) in try upload.read(chunks) }
    }
}

extension ContentStore {
    /// Begins an upload of `size` bytes, or goes on with one at `offset`.
    ///
    /// - Parameter party: whose quota it counts against; nil for a copy of what a peer holds.
    /// - Parameter who: is written into the access log once it is whole.
    ///
    /// Thrown: erased, badSize, otherSize, wrongOffset, busy, partyQuota, full, tooManyUploads. Nil if the blob is here.
    public func upload(
        _ root: Hash, size: UInt64, at offset: UInt64, party: Party?, by who: String
    ) async throws(ContentStoreFailure) -> ContentUpload? {
        let layout = try Self.layout(size)
        let name = Self.name(root, party)
        switch presence(of: root, for: party) {
        case .erased(let receipt): throw .erased(receipt: receipt)
        case .whole(let record):
            guard record.size == size else { throw .otherSize(record.size) }
            return nil
        case .absent:
            guard offset == 0 else { throw .wrongOffset(reached: 0) }
            return try await begin(root, layout, name: name, party: party, by: who)
        case .partial(_, let begun):
            guard begun == size else { throw .otherSize(begun) }
            guard let upload = state.withLock({ $0.uploads[name] }), upload.beginWriting() else { throw .busy }
            guard upload.reached == offset else {
                upload.endWriting()
                throw .wrongOffset(reached: upload.reached)
            }
            return ContentUpload(store: self, upload: upload, who: who)
        }
    }

    private func begin(
        _ root: Hash, _ layout: ContentLayout, name: String, party: Party?, by who: String
    ) async throws(ContentStoreFailure) -> ContentUpload {
        // Two at once would have one folder.
        let isFirst = state.withLock { $0.uploads[name] == nil && $0.beginning.insert(name).inserted }
        guard isFirst else { throw .busy }
        defer { state.withLock { _ = $0.beginning.remove(name) } }
        try await reserve(layout.size, for: party)
        let (folder, now) = ("\(path)/uploads/\(name)", now())
        let made: StagedUpload
        do throws(ContentStoreFailure) {
            made = try await ContentWork.run { () throws(ContentStoreFailure) in
                try StagedUpload.begin(root, layout, party: party, folder: folder, now: now)
            }
        } catch {
            state.withLock { $0.discount(party, layout.size) }
            throw error
        }
        _ = made.beginWriting()
        state.withLock { $0.uploads[name] = made }
        // The tombstone may have come meanwhile, and found nothing to discard.
        if case .erased(let receipt) = presence(of: root, for: party) {
            try await discard(made)
            throw .erased(receipt: receipt)
        }
        return ContentUpload(store: self, upload: made, who: who)
    }

    func isHeld(_ upload: StagedUpload) -> Bool {
        state.withLock { $0.uploads[Self.name(upload.root, upload.party)] === upload }
    }

    /// Counts an upload before its first byte. Copies give way to what people upload, the longest unread first.
    private func reserve(_ size: UInt64, for party: Party?) async throws(ContentStoreFailure) {
        let charge = BlobRecord.charge(size)
        if let free = try await backend.freeBytes(), free < size.adding(limits.reserveBytes) ?? .max {
            throw .full(needed: size)
        }
        let spool = try await ContentWork.run { [path] () throws(ContentStoreFailure) in try FileCalls.freeBytes(path) }
        guard spool >= size.adding(limits.reserveBytes) ?? .max else { throw .full(needed: size) }
        let limits = limits
        let evicted = state.withLock { state -> Result<[BlobRecord], ContentStoreFailure> in
            if let party {
                let used = state.used[party] ?? 0
                guard used + charge <= limits.partyBytes else {
                    return .failure(.partyQuota(used: used, allowed: limits.partyBytes))
                }
                guard state.uploads.values.filter({ $0.party == party }).count < limits.uploadsPerParty else {
                    return .failure(.tooManyUploads(limit: limits.uploadsPerParty))
                }
            }
            var evicted: [BlobRecord] = []
            var excess = Int(clamping: state.total + charge) - Int(clamping: limits.bytes)
            if excess > 0 {
                let copies = state.blobs.values.filter { $0.party == nil }.sorted {
                    (state.lastRead[$0.root] ?? $0.storedAt, $0.root) < (
                        state.lastRead[$1.root] ?? $1.storedAt, $1.root
                    )
                }
                for copy in copies where excess > 0 {
                    evicted.append(copy)
                    excess -= Int(clamping: BlobRecord.charge(copy.size))
                }
                guard excess <= 0 else { return .failure(.full(needed: size)) }
            }
            for copy in evicted {
                state.blobs[copy.root] = nil
                state.lastRead[copy.root] = nil
                state.discount(nil, copy.size)
            }
            state.count(party, size)
            return .success(evicted)
        }
        do throws(ContentStoreFailure) {
            for copy in try evicted.get() {
                try await backend.remove(copy)
                try log.append(
                    AccessEntry(.delete, by: "node", copy.root, length: copy.size), at: now(), isDurable: true)
            }
        } catch {
            // Counted only where the eviction was decided.
            if case .success = evicted { state.withLock { $0.discount(party, size) } }
            throw error
        }
    }

    /// All bytes are there: to the backend, if the root is right.
    func finish(_ upload: StagedUpload, by who: String) async throws(ContentStoreFailure) -> BlobRecord {
        let name = Self.name(upload.root, upload.party)
        let found: Hash
        do throws(ContentStoreFailure) {
            found = try await ContentWork.run { () throws(ContentStoreFailure) in try upload.complete() }
        } catch {
            upload.endWriting()
            throw error
        }
        guard found == upload.root else {
            try await discard(upload)
            throw .wrongRoot(found: found)
        }
        // Another party's came first: the same bytes.
        if case .whole(let record) = presence(of: upload.root, for: nil) {
            try await discard(upload)
            return record
        }
        let record = BlobRecord(root: upload.root, size: upload.layout.size, party: upload.party, storedAt: now())
        do throws(ContentStoreFailure) {
            // Before the blob can be read: no act without its line.
            try log.append(
                AccessEntry(upload.party == nil ? .fetch : .put, by: who, record.root, length: record.size), at: now(),
                isDurable: true)
            try await backend.publish(record, from: upload.folder)
        } catch {
            upload.endWriting()
            throw error
        }
        // Erased meanwhile, or another party's upload came first.
        let isTaken = state.withLock { state -> Bool in
            state.uploads[name] = nil
            guard state.tombstones[record.root] == nil, state.blobs[record.root] == nil else {
                state.discount(record.party, record.size)
                return false
            }
            state.blobs[record.root] = record
            return true
        }
        if !isTaken, case .erased(let receipt) = presence(of: record.root, for: nil) {
            try await backend.remove(record)
            throw .erased(receipt: receipt)
        }
        return record
    }

    /// Nothing is left of an unfinished upload.
    func discard(_ upload: StagedUpload) async throws(ContentStoreFailure) {
        let name = Self.name(upload.root, upload.party)
        let isHeld = state.withLock { state in
            guard state.uploads[name] === upload else { return false }
            state.uploads[name] = nil
            state.discount(upload.party, upload.layout.size)
            return true
        }
        guard isHeld else { return }
        try await ContentWork.run { () throws(ContentStoreFailure) in try FileCalls.removeFolder(upload.folder) }
    }
}
