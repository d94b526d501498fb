package import Blocks
internal import Dispatch
internal import Encoding
internal import FoundationEssentials
internal import Governance
package import Logging
package import Primitives
internal import Proofs
internal import Replica
internal import StateModel
internal import Storage
internal import Synchronization

/// Takes a snapshot at an epoch's end now and then, keeps the last few, and hands out their chunks.
///
/// Only the state at an epoch's end will do: a node that begins there needs no block before it, neither to judge votes nor
/// to know which evidence was recorded already.
package final class SnapshotKeeper: Sendable {
    private struct Content {
        var isBusy = false
        var isStopping = false
        var last: ContinuousClock.Instant?
        /// Where the running epoch ends, as far as is known: nothing is looked up before.
        var end = Height.genesis
        /// Ascending by height.
        var kept: [SnapshotFolder] = []
        var answers = SnapshotAnswers()
    }

    private let ledger: Ledger
    private let home: NodeHome
    private let folder: String
    private let reserveBytes: UInt64
    private let count: Int
    private let pause: Duration
    private let logger: Logger
    private let content = Mutex(Content())
    private let writer = DispatchQueue(label: "mednexus.snapshots", qos: .utility)

    /// As long as it may take to write one: the state's disk space grows meanwhile.
    private static let longest = Duration.seconds(3_600)

    /// - Parameters:
    ///   - count: how many are kept; 0: none is taken.
    ///   - minutes: the time between two.
    package init(
        ledger: Ledger, home: NodeHome, count: Int, minutes: UInt64, reserveBytes: UInt64, logger: Logger
    ) {
        self.ledger = ledger
        self.home = home
        self.reserveBytes = reserveBytes
        folder = home.snapshotsFolder
        self.count = count
        pause = .seconds(Int64(minutes) * 60)
        self.logger = logger
        let kept = SnapshotFolder.all(in: home)
        // By the clock, as the last one is dated; one of the future counts as of now.
        let age = kept.last?.manifest.header.map { header in
            let now = NodeClock.now.milliseconds
            return Duration.milliseconds(Int64(now - min(now, header.time.milliseconds)))
        }
        content.withLock { content in
            content.kept = kept
            content.last = age.map { ContinuousClock.now - $0 }
        }
    }

    /// Called after each final block, with its state already in the store. Returns at once.
    package func finalized(_ header: BlockHeader) {
        guard count > 0 else { return }
        let isDue = content.withLock { content in
            let isDue = content.last.map { ContinuousClock.now - $0 >= pause } ?? true
            return isDue && !content.isBusy && !content.isStopping && header.height >= content.end
        }
        guard isDue else { return }
        do {
            let snapshot = try ledger.state.snapshot(keptFor: Self.longest)
            let epoch = try Epochs.current(in: snapshot)
            guard snapshot.height == header.height, epoch.firstHeight == header.height.next else {
                content.withLock { $0.end = epoch.lastHeight }
                return
            }
            content.withLock { content in
                content.isBusy = true
                content.end = epoch.lastHeight
            }
            writer.async { [self] in write(snapshot, header.height) }
        } catch {
            logger.warning("no snapshot can be taken", metadata: ["because": "\(error)"])
        }
    }

    private func write(_ snapshot: LayeredSnapshot, _ height: Height) {
        let started = ContinuousClock.now
        defer { content.withLock { $0.isBusy = false } }
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            try SnapshotFolder.removeUnusable(in: home)
            try checkRoom()
            let path = "\(folder)/\(height)"
            let made = try SnapshotFolder.write(
                snapshot, chain: try ledger.evidence(of: height, from: try ledger.provenFrom(height)), to: path
            ) { done in
                if content.withLock({ $0.isStopping }) { throw CancellationError() }
                if done.isMultiple(of: 64) { try checkRoom(atLeast: 0) }
            }
            let old = content.withLock { content -> [SnapshotFolder] in
                content.kept.append(made)
                content.last = .now
                let old = content.kept.dropLast(count)
                content.kept.removeFirst(old.count)
                return Array(old)
            }
            for folder in old { try SnapshotFolder.remove(folder.path) }
            logger.info(
                "snapshot taken",
                metadata: [
                    "height": "\(height)", "entries": "\(made.manifest.entries)", "chunks": "\(made.manifest.chunks)",
                    "bytes": "\(made.manifest.bytes)", "seconds": "\((.now - started) / Duration.seconds(1))",
                ])
        } catch is CancellationError {
            // What is written is removed when this height is written again, or with the next.
        } catch {
            // An epoch's end is tried again after the usual time: what failed may cost as much as what succeeds.
            content.withLock { $0.last = .now }
            try? SnapshotFolder.removeUnusable(in: home)
            logger.warning("the snapshot was not taken", metadata: ["height": "\(height)", "because": "\(error)"])
        }
    }

    /// A snapshot must never be what fills the disk of a validator: as much as the state's file, beside the reserve.
    private func checkRoom(atLeast wanted: UInt64? = nil) throws {
        let file = ledger.home.path + "/state/data.mdb"
        let size = (try FileManager.default.attributesOfItem(atPath: file)[.size] as? UInt64) ?? 0
        guard let free = Doctor.freeBytes(ledger.home.path) else { return }
        guard free >= reserveBytes + (wanted ?? size) else {
            throw NodeFailure(.disk, "\(free / 1_048_576) MiB are free, too few for a snapshot")
        }
    }

    /// The one being written is given up.
    func stop() {
        content.withLock { $0.isStopping = true }
        awaitWriting()
    }

    /// Until the one that is being written, if any, is there.
    package func awaitWriting() { writer.sync {} }

    /// The message to a peer that trusts the block at `checkpoint`, encoded once for all that do: which snapshot there is.
    package func answer(from checkpoint: Height) throws -> [UInt8] {
        let newest = content.withLock { $0.kept.last?.manifest.header?.height }
        if let newest, let bytes = content.withLock({ $0.answers.bytes(of: newest, from: checkpoint) }) { return bytes }
        let manifest = try manifest(from: checkpoint)
        let bytes = PeerMessage.snapshot(manifest).encoded
        if let height = manifest?.header?.height {
            content.withLock { $0.answers.keep(bytes, of: height, from: checkpoint) }
        }
        return bytes
    }

    /// The newest snapshot of a block above `checkpoint`, with evidence from there.
    private func manifest(from checkpoint: Height) throws -> SnapshotManifest? {
        guard let newest = content.withLock({ $0.kept.last })?.manifest, let height = newest.header?.height,
            height > checkpoint, try ledger.log.header(at: checkpoint) != nil
        else { return nil }
        guard checkpoint != newest.chain.checkpoint.height else { return newest }
        let made = SnapshotManifest(
            chain: try ledger.evidence(of: height, from: checkpoint), epoch: newest.epoch, cuts: newest.cuts,
            entries: newest.entries, bytes: newest.bytes)
        return made.encoded.count <= SnapshotManifest.maximumBytes ? made : nil
    }

    package func chunk(_ index: Int, at height: Height) throws -> [UInt8]? {
        try content.withLock { $0.kept.last { $0.manifest.header?.height == height } }?.chunk(index)
    }
}

/// Answers to who asks for a snapshot, of the newest one: each may have megabytes, and a hundred peers ask for the same.
package struct SnapshotAnswers: Sendable {
    /// Peers trust the genesis block, or a recent one that operators tell each other: hardly more than two at a time.
    package static let maximum = 4

    private var height: Height?
    /// The last that was asked for is last.
    private var kept: [(checkpoint: Height, bytes: [UInt8])] = []

    package init() {}

    /// Nil if it is not kept.
    package mutating func bytes(of height: Height, from checkpoint: Height) -> [UInt8]? {
        guard height == self.height, let place = kept.firstIndex(where: { $0.checkpoint == checkpoint }) else {
            return nil
        }
        let found = kept.remove(at: place)
        kept.append(found)
        return found.bytes
    }

    /// Keeps an answer; those of an earlier snapshot go, and the one that nobody asked for the longest.
    package mutating func keep(_ bytes: [UInt8], of height: Height, from checkpoint: Height) {
        if height != self.height { (self.height, kept) = (height, []) }
        kept.removeAll { $0.checkpoint == checkpoint }
        kept.append((checkpoint, bytes))
        if kept.count > Self.maximum { kept.removeFirst() }
    }
}
