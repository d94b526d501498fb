internal import Blocks
internal import Dispatch
package import Primitives
internal import Proofs
internal import Storage
internal import Synchronization

/// `mednexusd snapshot`: the snapshots that a node has taken, copies of them, and homes made of them.
package enum Snapshots {
    package struct Listing: Sendable {
        package let height: Height
        package let blockHash: Hash
        package let time: Timestamp
        package let entries: UInt64
        package let chunks: Int
        package let bytes: UInt64
        package let path: String

        init?(_ folder: SnapshotFolder) {
            guard let header = folder.manifest.header else { return nil }
            height = header.height
            blockHash = header.hash
            time = header.time
            entries = folder.manifest.entries
            chunks = folder.manifest.chunks
            bytes = folder.manifest.bytes
            path = folder.path
        }
    }

    /// Ascending by height. The node may run.
    package static func list(_ home: NodeHome) -> [Listing] { SnapshotFolder.all(in: home).compactMap(Listing.init) }

    /// Copies a snapshot, the newest if no height is named, into the folder `target`, which must not be there. The node
    /// may run.
    package static func export(
        _ home: NodeHome, height: UInt64?, to target: String, progress: (Int, Int) -> Void
    ) throws -> Listing {
        let all = SnapshotFolder.all(in: home)
        let wanted = all.last { folder in height.map { folder.manifest.header?.height == Height($0) } ?? true }
        guard let wanted, let listing = Listing(wanted) else {
            throw NodeFailure(
                .configuration,
                height.map { "\(home.path) has no snapshot of block \($0)" } ?? "\(home.path) has no snapshot",
                hint: all.isEmpty
                    ? "A running node takes one at an epoch's end: see snapshots.keep and snapshots.minutes."
                    : "There are: \(list(home).map { "\($0.height)" }.joined(separator: ", ")).")
        }
        try wrapping { try wanted.copy(to: target, progress: progress) }
        return listing
    }

    /// Makes the stores of a home without a ledger from a snapshot in a folder. What was interrupted goes on.
    ///
    /// - Parameter checkpoint: `HEIGHT:HASH` of the block where the evidence must begin; genesis if empty.
    package static func take(
        from source: String, into home: NodeHome, checkpoint: String, mapGibibytes: UInt64,
        progress: (Int, Int) -> Void, finishing: (Int) -> Void
    ) throws -> Listing {
        try wrapping {
            guard let folder = try SnapshotFolder.open(source), let listing = Listing(folder) else {
                throw NodeFailure(
                    .usage, "\(source) is no snapshot", hint: "Name the folder that `snapshot export` made.")
            }
            let importing = try SnapshotImport(
                folder.manifest, trusting: try trusted(folder.manifest, checkpoint, home), in: home,
                mapGibibytes: mapGibibytes)
            while !importing.isComplete {
                let index = importing.next
                guard let bytes = try folder.chunk(index) else {
                    throw NodeFailure(.corruption, "\(source) lacks chunk \(index)", hint: "Export it again.")
                }
                try importing.append(SnapshotImport.verified(bytes, index: index, of: folder.manifest))
                progress(importing.next, folder.manifest.chunks)
            }
            try importing.finish(progress: finishing)
            return listing
        }
    }

    /// Where the evidence of a folder begins: genesis. Who trusts the snapshot's own block has it compared beside that.
    private static func trusted(
        _ manifest: SnapshotManifest, _ checkpoint: String, _ home: NodeHome
    ) throws -> Checkpoint {
        let trusted = try StateSync.trusted(home, checkpoint)
        guard trusted.height > .genesis, manifest.chain.checkpoint.height == .genesis else { return trusted }
        guard let header = manifest.header, header.height == trusted.height, header.hash == trusted.blockHash else {
            throw NodeFailure(
                .configuration, "the trusted block \(trusted.height) \(trusted.blockHash) is not the snapshot's",
                hint:
                    "Name the snapshot's own block as `snapshot list` prints it where it was made, or leave it out: the "
                    + "evidence begins at genesis.")
        }
        return try StateSync.trusted(home, "")
    }

    private static func wrapping<Value>(_ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch let failure as StorageFailure {
            throw NodeFailure(failure)
        }
    }
}
