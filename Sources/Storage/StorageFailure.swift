public import Primitives

/// Why the disk's side of the node could not do what was asked. Nothing that was final is lost by any of them; each
/// says what to do.
public enum StorageFailure: Error, Hashable, Sendable, CustomStringConvertible {
    case diskFull(path: String)
    /// Less is free than what is about to be written.
    case noRoom(path: String, needed: UInt64, free: UInt64)
    case mapFull(path: String, bytes: Int)
    /// One transaction changes more pages than LMDB keeps of one.
    case transactionFull(path: String)
    case readOnly(path: String)
    /// A checksum, a structure or a root is wrong.
    case damaged(what: String)
    case newerSchema(path: String, found: UInt64, known: UInt64)
    case olderSchema(path: String, found: UInt64, oldest: UInt64)
    case homeLocked(path: String)
    /// A copy of the home is being made.
    case homeBeingCopied(path: String)
    case otherNetwork(path: String, found: Hash, expected: Hash)
    case noHome(path: String)
    case homeExists(path: String)
    case noGuard
    /// The caller broke the order of blocks, layers or checkpoints.
    case outOfOrder(String)
    case tooManySnapshots(limit: Int)
    /// The import of a state was interrupted.
    case unfinishedState(path: String)
    /// Making the indexes anew was interrupted.
    case unfinishedIndex(path: String)
    /// Entries that came in bulk are not the state that the block commits to.
    case wrongRoot(height: Height, found: Hash, expected: Hash)
    /// Any other failure of the system: a call, and what it said.
    case system(call: String, path: String, message: String)

    public var description: String {
        switch self {
        case .diskFull(let path):
            "The disk that holds \(path) is full. Free space or move the home to a larger disk, then start again."
        case .noRoom(let path, let needed, let free):
            "\(path) needs \(needed / 1_048_576 + 1) MiB, and \(free / 1_048_576) MiB are free on its disk. Free space first; nothing was changed."
        case .mapFull(let path, let bytes):
            "\(path) has reached its reserved size of \(bytes) bytes. Raise it in the configuration and start again."
        case .transactionFull(let path):
            "\(path) can't take so many changes at once. Lower storage.checkpoint-mebibytes and start again."
        case .readOnly(let path):
            "\(path) can't be written: the disk or directory is read-only for this user. Check mount and permissions."
        case .damaged(let what):
            Self.damagePrefix + "\(what). Stop, check the disk, and restore from a backup or sync this node anew."
        case .newerSchema(let path, let found, let known):
            "\(path) has schema \(found); this build knows up to \(known). Use the newer build that wrote it."
        case .olderSchema(let path, let found, let oldest):
            "\(path) has schema \(found); this build reads none before \(oldest). Move it away, make a home anew (mednexusd"
                + " join), and let it sync from its peers; keep the validator's keys and its signing guard."
        case .homeLocked(let path):
            "\(path) is in use by another process. Stop that process, or name another home."
        case .homeBeingCopied(let path):
            "A backup of \(path) is being made. Wait until it is done, then try again."
        case .otherNetwork(let path, let found, let expected):
            "\(path) belongs to network \(found), not \(expected). Name the home of this network, or another genesis."
        case .noHome(let path):
            "\(path) is no home of a node. Create one with `mednexusd init`."
        case .homeExists(let path):
            "\(path) is a home already. Start it, or name an empty directory."
        case .noGuard:
            "The signing guard is missing. Without it a key must watch an epoch before it votes again."
        case .outOfOrder(let what):
            what
        case .tooManySnapshots(let limit):
            "More than \(limit) snapshots are open at once. Finish reads before starting more."
        case .unfinishedState(let path):
            "The state in \(path) is only partly there: its import was interrupted. Repeat the import, which goes on"
                + " where it ended."
        case .unfinishedIndex(let path):
            "The indexes in \(path) are only partly there: `mednexusd reindex` was interrupted. Run it again."
        case .wrongRoot(let height, let found, let expected):
            "The entries give the state root \(found); block \(height) commits to \(expected). Take them from another"
                + " source."
        case .system(let call, let path, let message):
            "\(call) of \(path) failed: \(message)."
        }
    }
}

extension StorageFailure {
    /// How every report of damage begins, also where it travels as a `StateFailure`.
    public static let damagePrefix = "Damage found: "

    /// For readers of state, which know one kind of failure.
    var asStateFailure: StateFailure { StateFailure(description) }
}
