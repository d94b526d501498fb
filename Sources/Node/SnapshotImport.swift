internal import Blocks
internal import Encoding
internal import Execution
internal import FoundationEssentials
internal import Governance
internal import Primitives
internal import Proofs
internal import StateModel
internal import Storage
internal import Votes

/// Makes a home's stores from a snapshot, chunk by chunk: each is proven before it is taken, and what a stop interrupts
/// goes on where it was. A home with stores of its own is refused.
///
/// One owner at a time; it holds the home until it is let go.
final class SnapshotImport {
    let manifest: SnapshotManifest
    private let header: BlockHeader
    private let network: Hash
    private let genesis: BlockHeader
    private let home: Home
    private let log: BlockLog
    private let builder: StateBuilder
    /// The chunk that comes next; all before it are durable.
    private(set) var next: Int

    private static let fileName = "snapshot"

    /// The manifest of an import that was begun in this home and is not finished.
    static func interrupted(in nodeHome: NodeHome) throws -> SnapshotManifest? {
        guard FileManager.default.fileExists(atPath: nodeHome.storageDirectory + "/" + fileName),
            let bytes = try FileDisk(nodeHome.storageDirectory).read(fileName)
        else { return nil }
        return try? SnapshotManifest(decoding: bytes)
    }

    /// True if the home has no stores, or only such as an import began.
    static func isPossible(in nodeHome: NodeHome) throws -> Bool {
        try !nodeHome.hasLedger || interrupted(in: nodeHome) != nil
    }

    /// Begins, or goes on where the same manifest's import was interrupted.
    ///
    /// - Parameter trusted: where the evidence must begin.
    init(
        _ manifest: SnapshotManifest, trusting trusted: Checkpoint, in nodeHome: NodeHome, mapGibibytes: UInt64
    ) throws {
        do {
            header = try manifest.chain.verify(trusting: trusted)
        } catch {
            throw NodeFailure(.configuration, "the snapshot proves nothing: \(error)")
        }
        guard try Self.isPossible(in: nodeHome) else {
            throw NodeFailure(
                .configuration, "\(nodeHome.path) holds a ledger already",
                hint: "Import into a home that never ran; this one catches up by itself.")
        }
        let document = try nodeHome.genesis()
        guard document.hash == header.network else {
            throw NodeFailure(
                .configuration, "the snapshot is of network \(header.network), this home of \(document.hash)")
        }
        network = document.hash
        genesis = try Ledger.genesisBlock(document).block.header
        self.manifest = manifest
        home =
            try nodeHome.hasLedger
            ? Home.open(nodeHome.storageDirectory, network: network)
            : Home.create(nodeHome.storageDirectory, network: network)
        try FileDisk(home.path).replace(Self.fileName, with: manifest.encoded)
        log = try BlockLog(in: home, mapBytes: Int(mapGibibytes) << 30)
        var options = StateBuilderOptions()
        options.mapBytes = Int(mapGibibytes) << 30
        builder = try StateBuilder(in: home, source: header.stateRoot, options: options)
        next = builder.resumePath.map { StateChunk.index(of: $0, depth: manifest.depth) } ?? 0
    }

    /// The entries of a chunk, if it is one of this state. Safe on any thread.
    static func verified(
        _ bytes: [UInt8], index: Int, of manifest: SnapshotManifest
    ) throws -> ProvenChunk {
        do {
            let chunk = try StateChunk(decoding: bytes)
            guard chunk.index == index, chunk.depth == manifest.depth, let root = manifest.header?.stateRoot else {
                throw StateFailure("it is chunk \(chunk.index) of 2^\(chunk.depth)")
            }
            return ProvenChunk(index: index, entries: try chunk.verified(root: root))
        } catch {
            throw NodeFailure(.corruption, "chunk \(index) is not of the snapshot: \(error)")
        }
    }

    /// True if the log says that every chunk was taken, and only the end was interrupted.
    var isBehindLast: Bool { log.tip != nil }

    /// Takes chunk ``next``. Durable on return.
    func append(_ chunk: ProvenChunk) throws {
        precondition(chunk.index == next, "chunks are taken in order")
        if let record = chunk.entries.first(where: { $0.key == Validators.epochKey }) {
            guard let epoch = try? EpochRecord(decoding: record.value), epoch.firstHeight == header.height.next else {
                throw NodeFailure(
                    .configuration, "the snapshot is of block \(header.height), which does not end an epoch",
                    hint: "Only with the state at an epoch's end can a node begin.")
            }
        }
        let resume = builder.resumePath
        try builder.append(resume.map { resume in chunk.entries.filter { $0.path > resume } } ?? chunk.entries)
        next += 1
    }

    /// Makes trie and indexes, and a log that goes on behind the snapshot's block. Precondition: all chunks are taken.
    func finish(progress: (Int) -> Void) throws {
        precondition(next == manifest.chunks || isBehindLast, "the snapshot is complete")
        // The log first: a state without one could not be opened, and until its end the import can be repeated.
        if log.tip == nil { try beginLog() }
        try builder.finish(
            height: header.height, root: header.stateRoot,
            index: { (entry) throws(StateFailure) in
                do throws(EncodingFailure) {
                    return try DomainDispatch.indexEntries(key: entry.key, record: entry.value)
                } catch {
                    throw StateFailure(
                        "the record under \(Hexadecimal.encode(entry.key.bytes)) does not decode: \(error)")
                }
            }, progress: progress)
        try FileDisk(home.path).remove(Self.fileName)
    }

    private func beginLog() throws {
        var headers = [Self.logged(genesis, certificate: nil)]
        let checkpoint = manifest.chain.checkpoint
        if checkpoint.height > .genesis { headers.append(Self.logged(checkpoint, certificate: nil)) }
        // An epoch's last block is final by its own certificate.
        guard manifest.chain.headers.count == 1, let certificate = manifest.chain.certificate else {
            throw NodeFailure(.configuration, "the snapshot is not of a block with a certificate of its own")
        }
        headers.append(Self.logged(header, certificate: certificate))
        var hops = manifest.chain.hops.map { (height: $0.header.height, hop: $0.encoded) }
        // The set that decides behind the block is in its state; what proves it to others comes with the hop.
        hops.removeAll { $0.height > header.height }
        try log.begin(behind: headers, hops: hops)
    }

    private static func logged(_ header: BlockHeader, certificate: Certificate?) -> LoggedHeader {
        LoggedHeader(
            height: header.height, hash: header.hash, header: header.encoded, certificate: certificate?.encoded ?? [])
    }
}

/// A chunk that was compared with its state's root.
struct ProvenChunk: Sendable {
    let index: Int
    fileprivate let entries: [StateEntry]
}
