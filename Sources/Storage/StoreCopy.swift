internal import Dispatch
public import Primitives
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A home's block log and state, copied to elsewhere while its node runs, or not. Neither journal nor guard nor keys are
/// ever copied.
public enum StoreCopy {
    /// What a copy holds.
    public struct Content: Hashable, Sendable {
        public let network: Hash
        public let schema: UInt64
        /// The last final block.
        public let tip: LogTip
        /// The lowest block that is kept whole.
        public let lowestBlock: Height
        /// The block that the state stands for; nil before the first checkpoint.
        public let checkpoint: Height?
    }

    /// What a copy consists of, below its directory.
    public static let files = ["home", "log/data.mdb", "state/data.mdb"]

    private static let pollMilliseconds = 200
    /// Descriptions, lists of free pages, what the file system keeps.
    private static let slackBytes: UInt64 = 8 * 1024 * 1024

    /// Copies the home at `path` into the directory `target`, which exists and is empty. The copies are compact and
    /// durable on return. After a failure `target` holds parts, which are the caller's to remove.
    ///
    /// The state is copied as of before the log: every block that the state's checkpoint stands for, and all after it,
    /// are in the copied log. Both copies begin within moments, so that no block is pruned in between.
    ///
    /// - Parameter progress: bytes written so far, and how many it will be, a few times a second.
    public static func copy(
        home path: String, to target: String, progress: (UInt64, UInt64) -> Void
    ) throws(StorageFailure) -> Content {
        let description = try Home.describe(path)
        try SchemaPath.standard.check(description.schema, of: path)
        let lock = try CopyLock(sharing: path)
        defer { lock.release() }
        let state = try LMDBEnvironment(
            reading: path + "/state", .shared, tables: CheckpointSnapshot.Tables.names)
        let log = try LMDBEnvironment(reading: path + "/log", .shared, tables: BlockLog.tableNames)
        let needed = try state.usedBytes() + log.usedBytes() + slackBytes
        let free = try Platform.freeBytes(target)
        guard free >= needed else { throw .noRoom(path: target, needed: needed, free: free) }
        let stateCopy = Copying(state, to: target + "/state")
        stateCopy.begin()
        // Its first bytes are written inside its transaction: what the log gets from now on is not older.
        while !stateCopy.isEnded, try stateCopy.writtenBytes() == 0 { usleep(1_000) }
        let logCopy = Copying(log, to: target + "/log")
        logCopy.begin()
        while !stateCopy.isEnded || !logCopy.isEnded {
            stateCopy.wait(milliseconds: pollMilliseconds)
            logCopy.wait(milliseconds: stateCopy.isEnded ? pollMilliseconds : 0)
            progress(try stateCopy.writtenBytes() + logCopy.writtenBytes(), needed - slackBytes)
        }
        try stateCopy.result()
        try logCopy.result()
        try FileDisk(target).replace(
            "home", with: Home.description(schema: description.schema, network: description.network))
        return try examine(target)
    }

    /// Reads what a copy holds, and that the state can go on from its checkpoint with the log's blocks.
    public static func examine(_ path: String) throws(StorageFailure) -> Content {
        let (schema, network) = try Home.describe(path)
        try SchemaPath.standard.check(schema, of: path)
        let state = try LMDBEnvironment(reading: path + "/state", .alone, tables: CheckpointSnapshot.Tables.names)
        let log = try LMDBEnvironment(reading: path + "/log", .alone, tables: BlockLog.tableNames)
        for environment in [state, log] {
            try Schema.check(environment, meta: environment.tables[environment.tables.count - 1], network: network)
        }
        let transaction = try ReadTransaction(state)
        let checkpoint = try unsafe transaction.reads.get(
            CheckpointSnapshot.Tables(state).meta, CheckpointSnapshot.checkpointKey
        ) { (value) throws(StorageFailure) in try unsafe CheckpointSnapshot.checkpoint([UInt8](value)).height }
        guard let tip = try BlockLog.tip(in: log) else { throw .damaged(what: "\(path)/log holds no block") }
        // A node that began with a snapshot has no block before the next one.
        let lowest = try BlockLog.lowestBlock(in: log) ?? tip.height.next
        guard (checkpoint ?? .genesis) <= tip.height else {
            throw .damaged(what: "the state of \(path) stands for block \(checkpoint ?? .genesis), its log ends before")
        }
        guard lowest <= (checkpoint?.next ?? .genesis) else {
            throw .damaged(what: "the log of \(path) lacks blocks above the state's checkpoint")
        }
        return Content(network: network, schema: schema, tip: tip, lowestBlock: lowest, checkpoint: checkpoint)
    }
}

/// One environment being copied on a thread of its own.
private final class Copying: Sendable {
    private let environment: LMDBEnvironment
    private let target: String
    private let outcome = Mutex<Result<Void, StorageFailure>?>(nil)
    private let ended = DispatchSemaphore(value: 0)

    init(_ environment: LMDBEnvironment, to target: String) {
        self.environment = environment
        self.target = target
    }

    func begin() {
        DispatchQueue(label: "mednexus.copy").async { [self] in
            let result: Result<Void, StorageFailure>
            do throws(StorageFailure) {
                try environment.copy(to: target)
                result = .success(())
            } catch {
                result = .failure(error)
            }
            outcome.withLock { $0 = result }
            ended.signal()
        }
    }

    var isEnded: Bool { outcome.withLock { $0 != nil } }

    func writtenBytes() throws(StorageFailure) -> UInt64 { try Platform.fileBytes(target + "/data.mdb") }

    func wait(milliseconds: Int) {
        guard ended.wait(timeout: .now() + .milliseconds(milliseconds)) == .success else { return }
        // For whoever asks next.
        ended.signal()
    }

    func result() throws(StorageFailure) { try outcome.withLock { $0 }?.get() }
}

/// Keeps a home's files from being replaced while they are copied. It is beside the home's own lock, which a running
/// node holds all the time.
struct CopyLock: Sendable {
    /// Nil on a disk where nothing can be replaced.
    private let descriptor: Int32?

    /// As many as like may copy at once.
    init(sharing home: String) throws(StorageFailure) { descriptor = try Self.take(home, LOCK_SH) }

    /// Throws ``StorageFailure/homeBeingCopied(path:)`` while anyone copies.
    init(excludingCopies home: String) throws(StorageFailure) { descriptor = try Self.take(home, LOCK_EX) }

    private static func take(_ home: String, _ kind: Int32) throws(StorageFailure) -> Int32? {
        let file = home + "/copying"
        let descriptor = Platform.openFile(file, O_RDWR | O_CREAT)
        guard descriptor >= 0 else {
            if errno == EROFS, kind == LOCK_SH { return nil }
            throw Platform.failure("open", file)
        }
        guard flock(descriptor, kind | LOCK_NB) == 0 else {
            close(descriptor)
            throw .homeBeingCopied(path: home)
        }
        return descriptor
    }

    func release() {
        if let descriptor { close(descriptor) }
    }
}
