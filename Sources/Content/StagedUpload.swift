internal import ContentFormat
internal import Cryptography
internal import Encoding
internal import Primitives
internal import Synchronization

/// A blob that is not whole yet: a folder with `data`, `tree` (its leaves so far) and `state`. It grows by whole chunks,
/// so that it goes on after any stop at the end of one.
///
/// One request writes at a time (``ContentStore`` sees to it); any number read what is there.
final class StagedUpload: Sendable {
    struct Progress {
        var builder = MerkleLogBuilder()
        /// Chunks that a power failure would leave.
        var synchronized: UInt64 = 0
        var touched: Timestamp
        var isWriting = false
    }

    let root: Hash
    let layout: ContentLayout
    /// Nil for a copy of what a peer holds.
    let party: Party?
    let folder: String
    let tree: ContentTree
    private let data: OpenFile
    private let hashes: OpenFile
    let progress: Mutex<Progress>

    /// What may be lost by a power failure: 32 MiB.
    private static let synchronizedChunks: UInt64 = 512

    /// Bytes of `state`: `[root, size, party / null, touched, chunks]`.
    private static func encoded(
        _ root: Hash, _ size: UInt64, _ party: Party?, _ touched: Timestamp, _ chunks: UInt64
    ) -> [UInt8] {
        var writer = CBORWriter()
        writer.array(5)
        writer.write(root)
        writer.write(size)
        writer.write(party)
        writer.write(touched)
        writer.write(chunks)
        return writer.bytes
    }

    private init(
        root: Hash, layout: ContentLayout, party: Party?, folder: String, touched: Timestamp
    ) throws(ContentStoreFailure) {
        self.root = root
        self.layout = layout
        self.party = party
        self.folder = folder
        tree = ContentTree(layout)
        data = try OpenFile.open(folder + "/data", writing: true, isMade: true)
        hashes = try OpenFile.open(folder + "/tree", writing: true, isMade: true)
        progress = Mutex(Progress(touched: touched))
    }

    /// Begins one. What a folder of that name holds goes.
    static func begin(
        _ root: Hash, _ layout: ContentLayout, party: Party?, folder: String, now: Timestamp
    ) throws(ContentStoreFailure) -> StagedUpload {
        try FileCalls.removeFolder(folder)
        try FileCalls.makeFolder(folder)
        let upload = try StagedUpload(root: root, layout: layout, party: party, folder: folder, touched: now)
        try FileCalls.replace(folder + "/state", with: encoded(root, layout.size, party, now, 0))
        return upload
    }

    /// Goes on with one after a restart, from what is certain to be there. Nil if the folder holds none.
    static func resume(_ folder: String) throws(ContentStoreFailure) -> StagedUpload? {
        guard let bytes = try FileCalls.contents(folder + "/state", atMost: 512) else { return nil }
        var reader = CBORReader(bytes)
        let state: (root: Hash, layout: ContentLayout, party: Party?, touched: Timestamp, chunks: UInt64)
        do {
            state = try reader.record(count: 5) { (reader) throws(EncodingFailure) in
                let root: Hash = try reader.value("root")
                guard let layout = try? ContentLayout(size: try reader.unsigned("size")) else {
                    throw reader.failure(.outOfRange, "size")
                }
                return (
                    root, layout, try reader.optional("party"), try reader.value("touched"),
                    try reader.unsigned("chunks", max: layout.chunkCount)
                )
            }
        } catch {
            return nil
        }
        let upload = try StagedUpload(
            root: state.root, layout: state.layout, party: state.party, folder: folder, touched: state.touched)
        guard try upload.restore(state.chunks) else { return nil }
        return upload
    }

    /// False if less is there than was said to be.
    private func restore(_ chunks: UInt64) throws(ContentStoreFailure) -> Bool {
        let bytes = chunks == 0 ? 0 : layout.ciphertextRange(0..<chunks).upperBound
        guard try data.size() >= bytes, try hashes.size() >= chunks * 32 else { return false }
        try data.truncate(to: bytes)
        try hashes.truncate(to: chunks * 32)
        var builder = MerkleLogBuilder()
        var next: UInt64 = 0
        while next < chunks {
            let count = min(32_768, chunks - next)
            for hash in ContentTree.hashes(try hashes.read(at: next * 32, count: Int(count) * 32)) {
                builder.append(hash)
            }
            next += count
        }
        progress.withLock { progress in
            progress.builder = builder
            progress.synchronized = chunks
        }
        return true
    }

    /// Bytes of ciphertext that are there: the end of a chunk.
    var reached: UInt64 {
        let chunks = progress.withLock { $0.builder.count }
        return chunks == 0 ? 0 : layout.ciphertextRange(0..<chunks).upperBound
    }

    var isWhole: Bool { reached == layout.size }
    var touched: Timestamp { progress.withLock { $0.touched } }

    /// False if another request writes.
    func beginWriting() -> Bool {
        progress.withLock { progress in
            defer { progress.isWriting = true }
            return !progress.isWriting
        }
    }

    func endWriting() { progress.withLock { $0.isWriting = false } }
    var isWriting: Bool { progress.withLock { $0.isWriting } }

    /// Takes whole chunks that follow on what is there. Precondition: they are whole, and within the size.
    func append(_ bytes: [UInt8], now: Timestamp) throws(ContentStoreFailure) {
        var builder = progress.withLock { $0.builder }
        let first = builder.count
        let offset = first == 0 ? 0 : layout.ciphertextRange(0..<first).upperBound
        precondition(offset + UInt64(bytes.count) <= layout.size, "the size was checked before")
        var leaves: [UInt8] = []
        var start = 0
        while start < bytes.count {
            let end = min(start + ContentLayout.ciphertextChunk, bytes.count)
            let leaf = MerkleLog.leafHash(bytes.span.extracting(start..<end))
            builder.append(leaf)
            leaf.bytes.append(to: &leaves)
            start = end
        }
        try data.write(bytes, at: offset)
        try hashes.write(leaves, at: first * 32)
        let isDue = progress.withLock { progress in
            progress.builder = builder
            progress.touched = now
            return builder.count - progress.synchronized >= Self.synchronizedChunks
        }
        if isDue { try synchronize() }
    }

    /// What is there survives a power failure.
    func synchronize() throws(ContentStoreFailure) {
        let (chunks, touched, isDone) = progress.withLock {
            ($0.builder.count, $0.touched, $0.builder.count == $0.synchronized)
        }
        guard !isDone else { return }
        try data.synchronize()
        try hashes.synchronize()
        try FileCalls.replace(folder + "/state", with: Self.encoded(root, layout.size, party, touched, chunks))
        progress.withLock { $0.synchronized = chunks }
    }

    /// Makes the tree; durable on return. The root that the bytes have. Precondition: all are there.
    func complete() throws(ContentStoreFailure) -> Hash {
        let root = progress.withLock { $0.builder.root }
        guard root == self.root else { return root }
        let made = try tree.complete(in: hashes)
        guard made == root else { throw .damaged("\(folder)/tree does not lead to the root") }
        try data.synchronize()
        try hashes.synchronize()
        return root
    }

    /// Chunks that are there, checked against their leaves. Precondition: they are.
    func read(_ chunks: Range<UInt64>) throws(ContentStoreFailure) -> [UInt8] {
        let range = layout.ciphertextRange(chunks)
        let bytes = try data.read(at: range.lowerBound, count: range.count)
        let leaves = ContentTree.hashes(try hashes.read(at: chunks.lowerBound * 32, count: chunks.count * 32))
        try ChunkCheck.check(bytes, against: leaves, first: chunks.lowerBound, of: root)
        return bytes
    }
}

/// Chunks against the hashes that the root commits to.
enum ChunkCheck {
    static func check(
        _ bytes: [UInt8], against leaves: [Hash], first: UInt64, of root: Hash
    ) throws(ContentStoreFailure) {
        var start = 0
        for (index, leaf) in leaves.enumerated() {
            let end = min(start + ContentLayout.ciphertextChunk, bytes.count)
            guard start < end, MerkleLog.leafHash(bytes.span.extracting(start..<end)) == leaf else {
                throw .damaged("chunk \(first + UInt64(index)) of \(root)")
            }
            start = end
        }
    }
}
