internal import Encoding
internal import FoundationEssentials
internal import Governance
internal import Primitives
package import Proofs
package import StateModel
internal import Storage

/// A snapshot on disk: a folder with the file `manifest` and one file for each chunk. Without its manifest, which is
/// written last, it is none.
package struct SnapshotFolder: Sendable {
    package let path: String
    package let manifest: SnapshotManifest

    private static let manifestName = "manifest"
    private static func name(_ index: Int) -> String { "chunk-" + String(index) }

    private init(path: String, manifest: SnapshotManifest) {
        self.path = path
        self.manifest = manifest
    }

    /// Nil if there is no snapshot.
    package static func open(_ path: String) throws -> SnapshotFolder? {
        guard FileManager.default.fileExists(atPath: path + "/" + manifestName) else { return nil }
        guard let bytes = try read(path, manifestName, atMost: SnapshotManifest.maximumBytes) else {
            throw NodeFailure(.configuration, "\(path)/\(manifestName) is no manifest of a snapshot")
        }
        return SnapshotFolder(
            path: path,
            manifest: try SnapshotManifest(
                file: path + "/" + manifestName, bytes, hint: "Export it again, from a node of this build."))
    }

    /// The snapshots of a home, ascending by height; what is none is passed over.
    static func all(in home: NodeHome) -> [SnapshotFolder] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: home.snapshotsFolder)) ?? []
        let heights = names.compactMap { UInt64($0) }.sorted()
        return heights.compactMap { try? open(home.snapshotsFolder + "/\($0)") }
    }

    /// Folders that a stop left half written, and those of another format: nobody would take them.
    package static func removeUnusable(in home: NodeHome) throws {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: home.snapshotsFolder)) ?? []
        for name in names where UInt64(name) != nil {
            let path = home.snapshotsFolder + "/" + name
            if isUnusable(path) { try remove(path) }
        }
    }

    /// True if it is known to be: what merely can't be read now, for want of a descriptor or by a fault of the disk, stays.
    private static func isUnusable(_ path: String) -> Bool {
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: path) else { return false }
        guard names.contains(manifestName) else { return true }
        guard let bytes = try? FileDisk(path).read(manifestName) else { return false }
        return (try? SnapshotManifest(file: path + "/" + manifestName, bytes, hint: "")) == nil
    }

    /// The bytes of a chunk; nil if there is none.
    func chunk(_ index: Int) throws -> [UInt8]? {
        guard (0..<manifest.chunks).contains(index) else { return nil }
        return try Self.read(path, Self.name(index), atMost: StateChunk.maximumBytes)
    }

    /// Nil if it is not there, or larger than it can be: it may come from anywhere.
    private static func read(_ path: String, _ name: String, atMost limit: Int) throws -> [UInt8]? {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path + "/" + name)
        guard let size = attributes?[.size] as? UInt64, size <= UInt64(limit) else { return nil }
        return try FileDisk(path).read(name)
    }

    /// Writes the state that `snapshot` is as a snapshot with evidence `chain`. What a folder of that name holds goes.
    ///
    /// - Parameters:
    ///   - targets: sizes of chunks, in bytes; the first that gives at most `maximumChunks` is taken.
    ///   - progress: called after each chunk with the number of those done; throws to give up.
    package static func write(
        _ snapshot: LayeredSnapshot, chain: ChainEvidence, to path: String, targets: [Int] = StateCutter.targets,
        maximumChunks: Int = ChunkCuts.maximumChunks, progress: (Int) throws -> Void
    ) throws -> SnapshotFolder {
        guard chain.encoded.count < SnapshotManifest.maximumBytes else {
            throw NodeFailure(
                .failure, "the evidence of \(chain.hops.count) validator sets is too large for a snapshot")
        }
        for target in targets {
            let written = try chunks(of: snapshot, targetBytes: target, atMost: maximumChunks, to: path, progress)
            guard let written else { continue }
            let epoch = ProvenRead(
                key: Validators.epochKey, value: try snapshot.read(Validators.epochKey),
                proof: try snapshot.proof(of: Validators.epochKey))
            let manifest = SnapshotManifest(
                chain: chain, epoch: epoch, cuts: written.cuts, entries: written.entries, bytes: written.bytes)
            guard manifest.encoded.count <= SnapshotManifest.maximumBytes else {
                throw NodeFailure(
                    .failure, "the evidence of \(chain.hops.count) validator sets is too large for a snapshot")
            }
            try FileDisk(path).replace(manifestName, with: manifest.encoded)
            return SnapshotFolder(path: path, manifest: manifest)
        }
        throw NodeFailure(
            .failure, "the state is too large for a snapshot: it has more than \(maximumChunks) chunks",
            hint: "The snapshots that there are stay; peers that sync blocks need none.")
    }

    private struct Written {
        let cuts: ChunkCuts
        let entries: UInt64
        let bytes: UInt64
    }

    /// Nil if there are too many.
    private static func chunks(
        of snapshot: LayeredSnapshot, targetBytes: Int, atMost maximumChunks: Int, to path: String,
        _ progress: (Int) throws -> Void
    ) throws -> Written? {
        try remove(path)
        let disk = try FileDisk.making(path)
        var starts: [Bytes32] = []
        var (index, entries, bytes) = (0, UInt64(0), UInt64(0))
        var cutter = StateCutter(snapshot, targetBytes: targetBytes)
        while let (range, chunk) = try cutter.cut() {
            guard index < maximumChunks else { return nil }
            let encoded = chunk.encoded
            guard encoded.count <= StateChunk.maximumBytes else {
                throw NodeFailure(.failure, "chunk \(index) has \(encoded.count) bytes, too many for one")
            }
            if index > 0 { starts.append(range.start) }
            entries += UInt64(chunk.entries.count)
            bytes += UInt64(encoded.count)
            try disk.replace(name(index), with: encoded)
            index += 1
            try progress(index)
        }
        return ChunkCuts(starts).map { Written(cuts: $0, entries: entries, bytes: bytes) }
    }

    /// Makes a copy, its manifest last.
    func copy(to target: String, progress: (Int, Int) -> Void) throws {
        guard !FileManager.default.fileExists(atPath: target) else {
            throw NodeFailure(.usage, "\(target) is there already", hint: "Name a folder that is not there yet.")
        }
        let disk = try FileDisk.making(target)
        for index in 0..<manifest.chunks {
            guard let bytes = try chunk(index) else {
                throw NodeFailure(.corruption, "\(path) lacks chunk \(index)", hint: "Another snapshot came meanwhile?")
            }
            try disk.replace(Self.name(index), with: bytes)
            progress(index + 1, manifest.chunks)
        }
        try disk.replace(Self.manifestName, with: manifest.encoded)
    }

    /// The manifest goes first.
    static func remove(_ path: String) throws {
        guard FileManager.default.fileExists(atPath: path) else { return }
        try? FileManager.default.removeItem(atPath: path + "/" + manifestName)
        try FileManager.default.removeItem(atPath: path)
    }
}

extension SnapshotManifest {
    /// What the file `path` holds: `bytes`. `hint` tells what to do if that is no manifest, or none of this format.
    init(file path: String, _ bytes: [UInt8], hint: String) throws(NodeFailure) {
        do {
            try self.init(decoding: bytes)
        } catch {
            if let format = Self.format(of: bytes), format != Self.formatVersion {
                throw NodeFailure(
                    .configuration,
                    "\(path) is of format \(format), and this build knows format \(Self.formatVersion) of snapshots",
                    hint: hint)
            }
            throw NodeFailure(.corruption, "\(path) is no manifest of a snapshot: \(error)", hint: hint)
        }
    }
}
