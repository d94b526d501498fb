package import Content
package import ContentFormat
internal import Cryptography
package import Logging
package import Primitives
internal import Replica
internal import Synchronization

/// Fetches what the ledger names and this node lacks, once however many ask for it.
package final class ContentFetcher: Sendable {
    private let store: ContentStore
    private let peers: ContentPeers
    private let logger: Logger
    private let pulls = Mutex<[Hash: ContentPull]>([:])

    /// Pulls at a time: each holds a few mebibytes.
    private static let limit = 8

    package init(store: ContentStore, peers: ContentPeers, logger: Logger) {
        self.store = store
        self.peers = peers
        self.logger = logger
    }

    /// The pull of a root that runs, or a new one. Thrown: full, badSize, otherSize, erased; stopping if too many run.
    package func pull(_ root: Hash, size: UInt64) async throws(ContentStoreFailure) -> ContentPull {
        if let running = pulls.withLock({ $0[root] }) { return running }
        let layout: ContentLayout
        do {
            layout = try ContentLayout(size: size)
        } catch {
            throw .badSize(maximum: ContentLayout.maximumSize)
        }
        let pull = ContentPull(root: root, layout: layout)
        let (chosen, isNew, isFull) = pulls.withLock { pulls -> (ContentPull, Bool, Bool) in
            if let running = pulls[root] { return (running, false, false) }
            guard pulls.count < Self.limit else { return (pull, false, true) }
            pulls[root] = pull
            return (pull, true, false)
        }
        guard !isFull else { throw .tooManyUploads(limit: Self.limit) }
        if isNew {
            Task { [store, peers, logger] in
                await pull.run(into: store, from: peers, logger)
                pulls.withLock { _ = $0.removeValue(forKey: root) }
            }
        }
        return chosen
    }
}

/// One content on its way from peers into the store, window by window, each verified against the root before it counts.
package final class ContentPull: Sendable {
    private struct State {
        var upload: ContentUpload?
        /// Peers that have it, as far as is known.
        var providers: [TransportKey] = []
        var silences: [TransportKey: Int] = [:]
        var end: Result<Void, ContentStoreFailure>?
        var waiters: [UInt64: (bytes: UInt64, continuation: CheckedContinuation<Void, Never>)] = [:]
        var nextWaiter: UInt64 = 0
    }

    let root: Hash
    package let layout: ContentLayout
    private let state = Mutex(State())

    /// Windows that are asked for at once.
    private static let ahead = 4

    init(root: Hash, layout: ContentLayout) {
        self.root = root
        self.layout = layout
    }

    // MARK: Who waits for it

    /// Returns once `bytes` are there; how many are. Thrown: why they will not come.
    @discardableResult
    package func wait(for bytes: UInt64) async throws(ContentStoreFailure) -> UInt64 {
        while true {
            let (reached, end) = state.withLock { ($0.upload?.reached ?? 0, $0.end) }
            if reached >= bytes { return reached }
            // Whole when another request made it so.
            if let end {
                try end.get()
                return layout.size
            }
            await withCheckedContinuation { continuation in
                let isDone = state.withLock { state in
                    if state.end != nil || (state.upload?.reached ?? 0) >= bytes { return true }
                    state.nextWaiter += 1
                    state.waiters[state.nextWaiter] = (bytes, continuation)
                    return false
                }
                if isDone { continuation.resume() }
            }
        }
    }

    /// True if all of it is in the store, false after `patience`. Thrown: why it will not come.
    package func waitToEnd(_ patience: Duration) async throws(ContentStoreFailure) -> Bool {
        let deadline = ContinuousClock.now + patience
        while ContinuousClock.now < deadline {
            if let end = state.withLock({ $0.end }) {
                try end.get()
                return true
            }
            try? await Task.sleep(for: .milliseconds(50))
        }
        return false
    }

    /// Chunks that are there.
    func read(_ chunks: Range<UInt64>) async throws(ContentStoreFailure) -> [UInt8] {
        guard let upload = state.withLock({ $0.upload }) else { throw .absent }
        return try await upload.read(chunks)
    }

    private func tell() {
        let ready = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            let reached = state.upload?.reached ?? 0
            let ready = state.waiters.filter { state.end != nil || $0.value.bytes <= reached }
            for key in ready.keys { state.waiters[key] = nil }
            return ready.values.map(\.continuation)
        }
        for continuation in ready { continuation.resume() }
    }

    // MARK: Its course

    func run(into store: ContentStore, from peers: ContentPeers, _ logger: Logger) async {
        let result: Result<Void, ContentStoreFailure>
        do throws(ContentStoreFailure) {
            try await fetch(into: store, from: peers)
            result = .success(())
            logger.info("content fetched", metadata: ["root": "\(root)", "bytes": "\(layout.size)"])
        } catch {
            result = .failure(error)
            logger.info("content not fetched", metadata: ["root": "\(root)", "because": "\(error)"])
        }
        state.withLock { $0.end = result }
        tell()
    }

    private func fetch(into store: ContentStore, from peers: ContentPeers) async throws(ContentStoreFailure) {
        state.withLock { $0.providers = peers.providers }
        // Who says that it has the beginning may have the rest; a pull that no peer can serve takes no room.
        var offset: UInt64 = 0
        if case .partial(let reached, _) = store.presence(of: root, for: nil) { offset = reached }
        let size = layout.size
        var slice = offset / UInt64(ContentLayout.ciphertextChunk) / ContentLayout.chunksPerSlice
        // A stop left whole chunks; the slice that they end in is asked for anew from there.
        let start = offset == size ? layout.chunkCount : offset / UInt64(ContentLayout.ciphertextChunk)
        var first: [UInt8]?
        if offset < size {
            first = try await window(slice, from: start, peers)
            slice += 1
        }
        guard let upload = try await store.upload(root, size: size, at: offset, party: nil, by: "node") else { return }
        state.withLock { $0.upload = upload }
        tell()
        do throws(ContentStoreFailure) {
            if let first { try await take(first, into: upload) }
            while slice < layout.sliceCount {
                let slices = slice..<min(slice + UInt64(Self.ahead), layout.sliceCount)
                let windows = await withTaskGroup(of: Window.self) { group in
                    for slice in slices { group.addTask { [self] in await attempt(slice, peers) } }
                    var windows: [UInt64: Window] = [:]
                    for await window in group { windows[window.slice] = window }
                    return windows
                }
                for slice in slices {
                    guard let window = windows[slice] else { preconditionFailure("each slice was attempted") }
                    try await take(try window.bytes.get(), into: upload)
                }
                slice = slices.upperBound
            }
            _ = try await upload.end()
        } catch {
            await upload.interrupt()
            throw error
        }
    }

    private struct Window: Sendable {
        let slice: UInt64
        let bytes: Result<[UInt8], ContentStoreFailure>
    }

    private func attempt(_ slice: UInt64, _ peers: ContentPeers) async -> Window {
        let bytes: Result<[UInt8], ContentStoreFailure>
        do throws(ContentStoreFailure) {
            bytes = .success(try await window(slice, from: layout.chunks(ofSlice: slice).lowerBound, peers))
        } catch {
            bytes = .failure(error)
        }
        return Window(slice: slice, bytes: bytes)
    }

    private func take(_ bytes: [UInt8], into upload: ContentUpload) async throws(ContentStoreFailure) {
        try await upload.append(bytes)
        tell()
    }

    /// Chunks of a slice from `start` on, of any provider that has them. Thrown: absent if none has.
    private func window(
        _ slice: UInt64, from start: UInt64, _ peers: ContentPeers
    ) async throws(ContentStoreFailure) -> [UInt8] {
        let chunks = max(start, layout.chunks(ofSlice: slice).lowerBound)..<layout.chunks(ofSlice: slice).upperBound
        let range = ContentChunkRange(
            root: root, size: layout.size, first: chunks.lowerBound, count: UInt64(chunks.count))
        // Each provider is tried twice for a window at most.
        var turn = Int(clamping: slice)
        for _ in 0..<2 * ContentPeers.maximumProviders {
            let all = state.withLock { $0.providers }
            guard !all.isEmpty else { break }
            let key = all[turn % all.count]
            turn += 1
            switch await peers.ask(range, of: key) {
            case .chunks(let answer):
                if let bytes = verified(answer, chunks) { return bytes }
                peers.ban(key)
                remove(key)
            case .absent: remove(key)
            // It may be busy: others first, and it once more.
            case .silent:
                let silences = state.withLock { state in
                    state.silences[key, default: 0] += 1
                    return state.silences[key] ?? 0
                }
                if silences > 1 { remove(key) }
            }
        }
        throw .absent
    }

    private func remove(_ key: TransportKey) { state.withLock { $0.providers.removeAll { $0 == key } } }

    /// The bytes of the chunks, if they are those under the root.
    private func verified(_ answer: ContentChunks, _ chunks: Range<UInt64>) -> [UInt8]? {
        guard answer.chunks.count == chunks.count else { return nil }
        let leaves = answer.chunks.map { MerkleLog.leafHash($0) }
        guard
            MerkleLog.verifyRange(
                leaves, from: chunks.lowerBound, count: layout.chunkCount, siblings: answer.siblings, root: root)
        else { return nil }
        let bytes = Array(answer.chunks.joined())
        // The peer said that its content has this size.
        return bytes.count == layout.ciphertextRange(chunks).count ? bytes : nil
    }
}
