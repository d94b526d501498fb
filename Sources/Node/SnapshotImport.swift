internal import Blocks
internal import Encoding
internal import Execution
internal import FoundationEssentials
internal import Primitives
package import Proofs
internal import StateModel
internal import Storage
internal import Votes

/// Makes a home's stores from a snapshot, chunk by chunk: each is proven before it is taken, and what a stop interrupts
/// goes on where it was. A home with stores of its own is refused.
///
/// The file `snapshot`, the manifest, is there from before the first store until after the last write, so whatever is
/// found without it was not begun here. One owner at a time; it holds the home until ``close()`` or ``finish(progress:)``.
package final class SnapshotImport {
    private struct Stores {
        let home: Home
        let log: BlockLog
        let builder: StateBuilder
    }

    package let manifest: SnapshotManifest
    private let header: BlockHeader
    private let genesis: BlockHeader
    private let directory: String
    /// Nil once it is closed.
    private var stores: Stores?
    /// The chunk that comes next; all before it are durable.
    package private(set) var next: Int

    private static let fileName = "snapshot"

    /// The manifest of an import that was begun in this home and is not finished.
    package static func interrupted(in nodeHome: NodeHome) throws -> SnapshotManifest? {
        guard FileManager.default.fileExists(atPath: nodeHome.storageDirectory + "/" + fileName),
            let bytes = try FileDisk(nodeHome.storageDirectory).read(fileName)
        else { return nil }
        return try SnapshotManifest(
            file: nodeHome.storageDirectory + "/" + fileName, bytes,
            hint: "An import was interrupted here. Remove the folder \(nodeHome.storageDirectory) and repeat it.")
    }

    /// True if the home has no stores, or only such as an import began and did not finish.
    package static func isPossible(in nodeHome: NodeHome) throws -> Bool {
        guard nodeHome.hasLedger else { return true }
        try removeLeftover(in: nodeHome)
        return try interrupted(in: nodeHome) != nil
    }

    /// The state was complete, and only the file's removal did not come any more.
    package static func removeLeftover(in nodeHome: NodeHome) throws {
        // Whatever the file says: a state that is complete needs it no more, also if another build wrote it.
        guard nodeHome.hasLedger, FileManager.default.fileExists(atPath: nodeHome.storageDirectory + "/" + fileName)
        else { return }
        let home = try Home.open(nodeHome.storageDirectory)
        guard try StateBuilder.hasState(in: home) else { return }
        try FileDisk(home.path).remove(fileName)
    }

    /// Begins, or goes on where an import of the same state was interrupted, however that was cut. Another state's chunks
    /// are given up, unless they were all there and only the end was missing: then only that one will do.
    ///
    /// - Parameter trusted: where the evidence must begin.
    package init(
        _ manifest: SnapshotManifest, trusting trusted: Checkpoint, in nodeHome: NodeHome, mapGibibytes: UInt64
    ) throws {
        do {
            header = try manifest.verify(trusting: trusted)
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
        genesis = try Ledger.genesisBlock(document).block.header
        self.manifest = manifest
        directory = nodeHome.storageDirectory
        next = 0
        let disk = try FileDisk.making(directory)
        if !nodeHome.hasLedger { try disk.replace(Self.fileName, with: manifest.encoded) }
        let home =
            try nodeHome.hasLedger
            ? Home.open(directory, network: document.hash) : Home.create(directory, network: document.hash)
        let log = try BlockLog(in: home, mapBytes: Int(mapGibibytes) << 30)
        if let tip = log.tip, tip.hash != header.hash {
            throw NodeFailure(
                .configuration, "this home was being made of the snapshot of block \(tip.height), which is all here",
                hint: "Import that one again to its end; or remove the folder \(directory) and begin anew.")
        }
        try disk.replace(Self.fileName, with: manifest.encoded)
        var options = StateBuilderOptions()
        options.mapBytes = Int(mapGibibytes) << 30
        let builder = try StateBuilder(in: home, source: header.stateRoot, options: options)
        if log.tip != nil {
            next = manifest.chunks
        } else if let path = builder.resumePath {
            next = manifest.cuts.index(of: path)
        }
        stores = Stores(home: home, log: log, builder: builder)
    }

    /// The entries of chunk `index`, which there must be, if they are this state's. Safe on any thread.
    package static func verified(
        _ bytes: [UInt8], index: Int, of manifest: SnapshotManifest
    ) throws -> ProvenChunk {
        do {
            guard let root = manifest.header?.stateRoot else { throw StateFailure("the manifest names no block") }
            let chunk = try StateChunk(decoding: bytes)
            return ProvenChunk(
                index: index, entries: try chunk.verified(in: manifest.cuts.range(of: index), root: root))
        } catch {
            throw NodeFailure(.corruption, "chunk \(index) is not of the snapshot: \(error)")
        }
    }

    private func opened() throws -> Stores {
        guard let stores else { preconditionFailure("an import is not used after it was closed") }
        return stores
    }

    /// True if every chunk was taken, and only the end is missing.
    package var isComplete: Bool { next >= manifest.chunks }

    /// Takes chunk ``next``. Durable on return.
    package func append(_ chunk: ProvenChunk) throws {
        precondition(chunk.index == next, "chunks are taken in order")
        let builder = try opened().builder
        let resume = builder.resumePath
        try builder.append(resume.map { resume in chunk.entries.filter { $0.path > resume } } ?? chunk.entries)
        next += 1
    }

    /// Lets the home go; what was taken stays.
    package func close() { stores = nil }

    /// The log's beginning. Before the state's end: a state without a log could not be opened. Precondition: all chunks
    /// are taken.
    package func beginLog() throws {
        precondition(isComplete, "the snapshot is complete")
        let log = try opened().log
        guard log.tip == nil else { return }
        guard let certificate = manifest.chain.certificate else {
            preconditionFailure("a manifest without a certificate does not verify")
        }
        var headers = [Self.logged(genesis, certificate: nil)]
        let checkpoint = manifest.chain.checkpoint
        if checkpoint.height > .genesis { headers.append(Self.logged(checkpoint, certificate: nil)) }
        headers.append(Self.logged(header, certificate: certificate))
        try log.begin(behind: headers, hops: manifest.chain.hops.map { ($0.header.height, $0.encoded) })
    }

    /// Makes trie and indexes, and a log that goes on behind the snapshot's block; then lets the home go. Whatever instant
    /// it is stopped at, it can be repeated. Precondition: all chunks are taken.
    package func finish(progress: (Int) -> Void) throws {
        try beginLog()
        try opened().builder.finish(
            height: header.height, root: header.stateRoot,
            index: { (entry) throws(StateFailure) in try DomainDispatch.indexEntries(of: entry) }, progress: progress)
        try FileDisk(directory).remove(Self.fileName)
        close()
    }

    private static func logged(_ header: BlockHeader, certificate: Certificate?) -> LoggedHeader {
        LoggedHeader(
            height: header.height, hash: header.hash, header: header.encoded, certificate: certificate?.encoded ?? [])
    }
}

/// A chunk that was compared with its state's root.
package struct ProvenChunk: Sendable {
    package let index: Int
    fileprivate let entries: [StateEntry]
}
