internal import Encoding
internal import FoundationEssentials
internal import Governance
internal import Primitives
internal import Proofs
internal import StateModel
internal import Storage

/// A snapshot on disk: a folder with the file `manifest` and one file for each chunk. Without its manifest, which is
/// written last, it is none.
struct SnapshotFolder: Sendable {
    let path: String
    let manifest: SnapshotManifest

    private static let manifestName = "manifest"
    private static func name(_ index: Int) -> String { "chunk-" + String(index) }

    private init(path: String, manifest: SnapshotManifest) {
        self.path = path
        self.manifest = manifest
    }

    /// Nil if there is no snapshot.
    static func open(_ path: String) throws -> SnapshotFolder? {
        guard FileManager.default.fileExists(atPath: path + "/" + manifestName) else { return nil }
        guard let bytes = try read(path, manifestName, atMost: SnapshotManifest.maximumBytes) else {
            throw NodeFailure(.configuration, "\(path)/\(manifestName) is no manifest of a snapshot")
        }
        do {
            return SnapshotFolder(path: path, manifest: try SnapshotManifest(decoding: bytes))
        } catch {
            throw NodeFailure(.corruption, "\(path)/\(manifestName) does not decode: \(error)")
        }
    }

    /// The snapshots of a home, ascending by height; what is none is passed over.
    static func all(in home: NodeHome) -> [SnapshotFolder] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: home.snapshotsFolder)) ?? []
        let heights = names.compactMap { UInt64($0) }.sorted()
        return heights.compactMap { try? open(home.snapshotsFolder + "/\($0)") }
    }

    /// Folders that a stop left half written.
    static func removeUnfinished(in home: NodeHome) throws {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: home.snapshotsFolder)) ?? []
        for name in names where UInt64(name) != nil {
            let path = home.snapshotsFolder + "/" + name
            if !FileManager.default.fileExists(atPath: path + "/" + manifestName) { try remove(path) }
        }
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
    /// - Parameter progress: chunks done, of so many; throws to give up.
    static func write(
        _ snapshot: LayeredSnapshot, chain: ChainEvidence, to path: String, progress: (Int, Int) throws -> Void
    ) throws -> SnapshotFolder {
        var depth = try StateMeasure.depth(of: snapshot)
        var possible = 0...StateChunk.maximumDepth
        while true {
            switch try write(snapshot, chain: chain, depth: depth, to: path, progress: progress) {
            case .folder(let folder): return folder
            case .tooLarge:
                guard depth < possible.upperBound else { throw uncuttable }
                possible = depth + 1...possible.upperBound
                depth += 1
            case .tooFew:
                guard depth > possible.lowerBound else { throw uncuttable }
                possible = possible.lowerBound...depth - 1
                depth -= 1
            }
        }
    }

    private static var uncuttable: NodeFailure {
        NodeFailure(
            .failure, "the state can't be cut into chunks: a part of it is too large for one, and others are too small",
            hint: "The snapshots that there are stay; peers that sync blocks need none.")
    }

    private enum Written {
        case folder(SnapshotFolder)
        case tooLarge
        case tooFew
    }

    private static func write(
        _ snapshot: LayeredSnapshot, chain: ChainEvidence, depth: Int, to path: String,
        progress: (Int, Int) throws -> Void
    ) throws -> Written {
        try remove(path)
        let disk = try FileDisk.making(path)
        var entries: UInt64 = 0
        var bytes: UInt64 = 0
        for index in 0..<1 << depth {
            let chunk: StateChunk
            switch try StateChunk.cut(index, depth: depth, of: snapshot) {
            case .chunk(let cut): chunk = cut
            case .tooLarge: return .tooLarge
            case .tooFew: return .tooFew
            }
            let encoded = chunk.encoded
            entries += UInt64(chunk.entries.count)
            bytes += UInt64(encoded.count)
            try disk.replace(name(index), with: encoded)
            try progress(index + 1, 1 << depth)
        }
        let epoch = ProvenRead(
            key: Validators.epochKey, value: try snapshot.read(Validators.epochKey),
            proof: try snapshot.proof(of: Validators.epochKey))
        let manifest = SnapshotManifest(chain: chain, epoch: epoch, depth: depth, entries: entries, bytes: bytes)
        guard manifest.encoded.count <= SnapshotManifest.maximumBytes else {
            throw NodeFailure(
                .failure, "the evidence of \(chain.hops.count) validator sets is too large for a snapshot")
        }
        try disk.replace(manifestName, with: manifest.encoded)
        return .folder(SnapshotFolder(path: path, manifest: manifest))
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

/// How many chunks a state is best cut into.
private enum StateMeasure {
    private static let chunkBytes = 512 * 1024
    private static let fewest = 64

    /// Taken at so many places, evenly spread: nobody fills them all with entries of their own.
    private static let samples: UInt64 = 16
    private static let sampleEntries = 256

    static func depth(of snapshot: LayeredSnapshot) throws -> Int {
        var bytes = 0
        var count = 0
        var share = 0.0
        for number in 0..<samples {
            let start = number << 60
            let sample = try snapshot.entries(atOrAfter: Bytes32(start, 0, 0, 0), limit: sampleEntries)
            guard sample.count == sampleEntries, let last = sample.last else { continue }
            bytes += sample.reduce(0) { $0 + $1.key.bytes.count + $1.value.count + 12 }
            count += sample.count
            // The sample covers this share of all paths.
            share += Double(last.path.firstWord - start) / 18_446_744_073_709_551_616.0
        }
        guard share > 0 else { return 0 }
        var depth = 0
        while depth < StateChunk.maximumDepth,
            Double(bytes) / share / Double(1 << depth) > Double(chunkBytes),
            Double(count) / share / Double(1 << (depth + 1)) > Double(fewest)
        {
            depth += 1
        }
        return depth
    }
}
