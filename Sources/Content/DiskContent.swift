internal import Encoding
public import Primitives

/// Blobs in folders of a disk:
///
/// - `blobs/ab/ROOT/` with `data`, `tree` and `record`: appears by one rename, so it is whole or not there
/// - `erased/ab/ROOT`: the tombstone
/// - `trash/`: what is being removed
public struct DiskContent: ContentBackend {
    private let path: String

    public init(path: String) { self.path = path }

    private func shard(_ kind: String, _ root: Hash) -> String { "\(path)/\(kind)/\(root.description.prefix(2))" }
    private func folder(_ root: Hash) -> String { shard("blobs", root) + "/\(root)" }

    public func open() async throws(ContentStoreFailure) -> (blobs: [BlobRecord], tombstones: [Tombstone]) {
        try await ContentWork.run { () throws(ContentStoreFailure) in
            for kind in ["blobs", "erased", "trash"] { try FileCalls.makeFolder("\(path)/\(kind)") }
            try FileCalls.synchronizeFolder(path)
            for name in try FileCalls.names(in: path + "/trash") { try FileCalls.removeFolder("\(path)/trash/\(name)") }
            return (try Self.records(in: path), try Self.tombstones(in: path))
        }
    }

    /// The blobs of a store that may be open elsewhere; changes nothing.
    static func records(in path: String) throws(ContentStoreFailure) -> [BlobRecord] {
        var records: [BlobRecord] = []
        for shard in try FileCalls.names(in: path + "/blobs") {
            for name in try FileCalls.names(in: "\(path)/blobs/\(shard)") {
                let file = "\(path)/blobs/\(shard)/\(name)/record"
                guard let bytes = try FileCalls.contents(file, atMost: BlobRecord.maximumBytes) else { continue }
                guard let record = try? BlobRecord(decoding: bytes), record.root.description == name else {
                    throw .damaged("\(file) does not decode")
                }
                records.append(record)
            }
        }
        return records
    }

    static func tombstones(in path: String) throws(ContentStoreFailure) -> [Tombstone] {
        var tombstones: [Tombstone] = []
        for shard in try FileCalls.names(in: path + "/erased") {
            for name in try FileCalls.names(in: "\(path)/erased/\(shard)") where !name.hasSuffix(".new") {
                let file = "\(path)/erased/\(shard)/\(name)"
                guard let bytes = try FileCalls.contents(file, atMost: BlobRecord.maximumBytes),
                    let tombstone = try? Tombstone(decoding: bytes), tombstone.root.description == name
                else { throw .damaged("\(file) does not decode") }
                tombstones.append(tombstone)
            }
        }
        return tombstones
    }

    public func publish(_ record: BlobRecord, from staged: String) async throws(ContentStoreFailure) {
        try await ContentWork.run { () throws(ContentStoreFailure) in
            try FileCalls.replace(staged + "/record", with: record.encoded)
            try FileCalls.removeFile(staged + "/state")
            let shard = shard("blobs", record.root)
            try FileCalls.makeFolder(shard)
            try FileCalls.synchronizeFolder(path + "/blobs")
            // One that is there already has the same bytes.
            if try !FileCalls.move(staged, to: folder(record.root)) { try FileCalls.removeFolder(staged) }
            try FileCalls.synchronizeFolder(shard)
        }
    }

    public func data(of root: Hash, at offset: UInt64, count: Int) async throws(ContentStoreFailure) -> [UInt8] {
        try await read("data", root, offset, count)
    }

    public func tree(of root: Hash, at offset: UInt64, count: Int) async throws(ContentStoreFailure) -> [UInt8] {
        try await read("tree", root, offset, count)
    }

    private func read(
        _ name: String, _ root: Hash, _ offset: UInt64, _ count: Int
    ) async throws(ContentStoreFailure) -> [UInt8] {
        try await ContentWork.run { () throws(ContentStoreFailure) in
            try OpenFile.open(folder(root) + "/" + name).read(at: offset, count: count)
        }
    }

    public func remove(_ record: BlobRecord) async throws(ContentStoreFailure) {
        try await ContentWork.run { () throws(ContentStoreFailure) in
            let trash = "\(path)/trash/\(record.root)"
            try FileCalls.removeFolder(trash)
            guard FileCalls.exists(folder(record.root)) else { return }
            _ = try FileCalls.move(folder(record.root), to: trash)
            try FileCalls.synchronizeFolder(shard("blobs", record.root))
            try FileCalls.removeFolder(trash)
        }
    }

    public func bury(_ tombstone: Tombstone) async throws(ContentStoreFailure) {
        try await ContentWork.run { () throws(ContentStoreFailure) in
            let shard = shard("erased", tombstone.root)
            try FileCalls.makeFolder(shard)
            try FileCalls.synchronizeFolder(path + "/erased")
            try FileCalls.replace("\(shard)/\(tombstone.root)", with: tombstone.encoded)
        }
    }

    public func freeBytes() async throws(ContentStoreFailure) -> UInt64? {
        try await ContentWork.run { () throws(ContentStoreFailure) in try FileCalls.freeBytes(path) }
    }
}
