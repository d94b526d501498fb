public import Blocks
public import Mempool
public import Primitives
public import StateModel
public import Votes

/// Who this replica is. What the network fixes (Δ, heartbeat, block weight, epoch length, validators) it reads from the
/// state.
public struct ReplicaConfiguration: Sendable {
    /// The genesis hash.
    public let network: Hash
    public let networkKind: NetworkKind
    /// The validator key; nil for an observer.
    public let ownKey: Address?
    public let pool: MempoolLimits
    /// How long a leader waits for company after the first transaction. Ten milliseconds cost a client little and
    /// spread a block's fixed cost (six syncs and a trie update) over what arrives meanwhile.
    public let batchMilliseconds: UInt64
    /// What the operator was given to begin a new epoch with, once the block that it names is the last final one [C19].
    public let restart: EpochRestart?
    /// Of this program: blocks from the height of an upgrade on that asks for a newer one are neither made nor judged.
    public let release: Release

    public init(
        network: Hash, networkKind: NetworkKind, ownKey: Address?, pool: MempoolLimits = MempoolLimits(),
        batchMilliseconds: UInt64 = 10, restart: EpochRestart? = nil,
        release: Release = Release(.max, .max, .max)
    ) {
        self.network = network
        self.networkKind = networkKind
        self.ownKey = ownKey
        self.pool = pool
        self.batchMilliseconds = batchMilliseconds
        self.restart = restart
        self.release = release
    }
}

/// What a start finds on disk.
public struct ReplicaRecovery: Sendable {
    /// Of the last final block, genesis included.
    public let head: BlockHeader
    /// The certificate that made it final; nil for genesis only.
    public let finalization: Certificate?
    /// The state after it.
    public let state: LayeredSnapshot
    public let journal: [JournalRecord]
    public let guardVotes: [Vote]
    /// Nothing at or above it was signed but ``guardVotes``.
    public let guardPosition: EpochView
    /// The last epoch in which the key watches, where it came without its guard: what it signed up to then is not known.
    public let watching: Epoch?
    /// What the chain holds of the current epoch's evidence, so that it is not put there twice.
    public let recordedEvidence: [Evidence]

    public init(
        head: BlockHeader, finalization: Certificate?, state: LayeredSnapshot, journal: [JournalRecord],
        guardVotes: [Vote], guardPosition: EpochView = EpochView(.genesis, .genesis), watching: Epoch? = nil,
        recordedEvidence: [Evidence] = []
    ) {
        self.head = head
        self.finalization = finalization
        self.state = state
        self.journal = journal
        self.guardVotes = guardVotes
        self.guardPosition = guardPosition
        self.watching = watching
        self.recordedEvidence = recordedEvidence
    }
}

enum ReplicaLimits {
    /// Bodies of blocks that are not executed yet: 16 × 2 MiB.
    static let waitingBodies = 16
    /// Evidence that waits for a block.
    static let waitingEvidence = 64
    /// Evidence remembered for an epoch, so that it is passed on once: three kinds of a hundred validators in a few
    /// views each.
    static let knownEvidence = 1_024
    /// Of one validator, so that a traitor's does not leave others' out.
    static let evidencePerValidator = 8
    /// Proposals of views this far ahead that are kept while parts of them are missing.
    static let partialBlocks = 16
    /// Blocks asked for at a time, by one view each.
    static let awaitedBlocks = 512
    /// What is admitted within this time is announced together: far below a view, and a hundredth of the messages.
    static let announcementMilliseconds: UInt64 = 10
    /// Synchronized blocks executed in one step, or one run of them; in between votes are looked at.
    static let syncBlocks = 16
}
