internal import ContentFormat
internal import Cryptography
public import Primitives
internal import Synchronization

/// What a collection did.
public struct CollectionReport: Hashable, Sendable {
    /// Blobs that nothing on the ledger names.
    public var removed: [BlobRecord] = []
    /// Blobs that the ledger says were erased.
    public var erased: [BlobRecord] = []
    /// Unfinished uploads that nobody went on with.
    public var abandoned = 0

    public init() {}
}

/// What a verification of one blob found.
public struct BlobFinding: Hashable, Sendable {
    public let record: BlobRecord
    /// Nil if every chunk is right.
    public let damage: String?
}

extension ContentStore {
    /// Removes blobs that nothing on the ledger has named for the time of grace, uploads that nobody went on with for as
    /// long, and at once what the ledger says was erased.
    ///
    /// - Parameter reference: what the ledger says of a root; where it throws, the blob stays.
    public func collect(
        _ reference: @Sendable (Hash) throws -> ContentReference
    ) async throws(ContentStoreFailure) -> CollectionReport {
        var report = CollectionReport()
        for blob in blobs {
            guard let found = try? reference(blob.root) else { continue }
            let isOld = now().milliseconds >= blob.storedAt.milliseconds + limits.graceMilliseconds
            switch found {
            case .named: break
            case .unnamed where isOld:
                try await remove(blob)
                report.removed.append(blob)
            case .unnamed: break
            case .erased(let receipt):
                try await erase(blob.root, receipt: receipt)
                report.erased.append(blob)
            }
        }
        for upload in state.withLock({ Array($0.uploads.values) }) where !upload.isWriting {
            guard now().milliseconds >= upload.touched.milliseconds + limits.graceMilliseconds, upload.beginWriting()
            else { continue }
            try await discard(upload)
            try log.append(
                AccessEntry(.delete, by: "node", upload.root, length: upload.layout.size), at: now(), isDurable: true)
            report.abandoned += 1
        }
        return report
    }

    private func remove(_ blob: BlobRecord) async throws(ContentStoreFailure) {
        try log.append(AccessEntry(.delete, by: "node", blob.root, length: blob.size), at: now(), isDurable: true)
        forget(blob)
        try await backend.remove(blob)
    }

    private func forget(_ blob: BlobRecord) {
        state.withLock { state in
            guard state.blobs.removeValue(forKey: blob.root) != nil else { return }
            state.discount(blob.party, blob.size)
            state.lastRead[blob.root] = nil
            state.damaged.remove(blob.root)
        }
    }

    /// Destroys a blob for good, and what is uploaded of it: it is neither served nor taken nor fetched again, and every
    /// question for it is answered with the receipt. Repeating it changes nothing; the first receipt stays.
    ///
    /// - Parameter receipt: names the erasure receipt.
    public func erase(_ root: Hash, receipt: Bytes32) async throws(ContentStoreFailure) {
        let tombstone = Tombstone(root: root, receipt: receipt, time: now())
        guard state.withLock({ $0.tombstones[root] == nil }) else { return }
        try await backend.bury(tombstone)
        let (blob, uploads) = state.withLock { state in
            state.tombstones[root] = state.tombstones[root] ?? tombstone
            return (state.blobs[root], state.uploads.values.filter { $0.root == root })
        }
        try log.append(AccessEntry(.erase, by: "node", root, length: blob?.size ?? 0), at: now(), isDurable: true)
        for upload in uploads { try await discard(upload) }
        guard let blob else { return }
        forget(blob)
        try await backend.remove(blob)
    }

    /// Makes durable what was logged and what came of uploads is on its way. To be called about once a second.
    public func synchronize() async throws(ContentStoreFailure) {
        let log = log
        try await ContentWork.run { () throws(ContentStoreFailure) in try log.synchronize() }
    }

    /// Reads every byte of a blob and makes its root anew.
    public func verify(_ blob: BlobRecord) async -> BlobFinding {
        await Self.verify(blob, in: backend)
    }

    /// Likewise in a store that another process has open.
    public static func verify(_ blob: BlobRecord, in backend: any ContentBackend) async -> BlobFinding {
        do throws(ContentStoreFailure) {
            let layout = try layout(blob.size)
            let tree = ContentTree(layout)
            var builder = MerkleLogBuilder()
            for slice in 0..<layout.sliceCount {
                let chunks = layout.chunks(ofSlice: slice)
                let range = layout.ciphertextRange(chunks)
                let places = tree.leaves(chunks)
                let bytes = try await backend.data(of: blob.root, at: range.lowerBound, count: range.count)
                let leaves = ContentTree.hashes(
                    try await backend.tree(of: blob.root, at: places.lowerBound, count: places.count))
                try await ContentWork.run { () throws(ContentStoreFailure) in
                    try ChunkCheck.check(bytes, against: leaves, first: chunks.lowerBound, of: blob.root)
                }
                builder.append(leaves)
            }
            guard builder.root == blob.root else { throw .damaged("the hashes of \(blob.root) lead to another root") }
            return BlobFinding(record: blob, damage: nil)
        } catch {
            return BlobFinding(record: blob, damage: "\(error)")
        }
    }
}

/// A store on disk as an operator looks at it; the node may run.
public enum ContentFolder {
    public static func blobs(in path: String) throws(ContentStoreFailure) -> [BlobRecord] {
        try DiskContent.records(in: path)
    }

    public static func tombstones(in path: String) throws(ContentStoreFailure) -> [Tombstone] {
        try DiskContent.tombstones(in: path)
    }
}
