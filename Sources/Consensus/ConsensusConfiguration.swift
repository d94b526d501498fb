public import Primitives
public import Votes

/// What one instance of consensus (one epoch) is about. Rules are numbered as in Specs/consensus.md.
public struct ConsensusConfiguration: Hashable, Sendable {
    public let network: Hash
    public let epoch: Epoch
    public let validators: ValidatorSet
    /// Nil for an observer, which follows and never votes.
    public let ownIndex: Int?
    /// The bound on a message's delay, Δ.
    public let deltaMilliseconds: UInt64
    /// After how long without a block an empty one is due.
    public let heartbeatMilliseconds: UInt64
    /// The epoch's last height, whose block is the next epoch's genesis [C16].
    public let lastHeight: Height

    public init(
        network: Hash, epoch: Epoch, validators: ValidatorSet, ownIndex: Int?, deltaMilliseconds: UInt64 = 500,
        heartbeatMilliseconds: UInt64 = 30_000, lastHeight: Height
    ) {
        precondition(ownIndex.map { validators[$0] != nil } ?? true, "the own index is one of the set's")
        self.network = network
        self.epoch = epoch
        self.validators = validators
        self.ownIndex = ownIndex
        self.deltaMilliseconds = deltaMilliseconds
        self.heartbeatMilliseconds = heartbeatMilliseconds
        self.lastHeight = lastHeight
    }
}

/// The last final block of this epoch, or the block that the epoch began with (then the view is 0).
public struct Anchor: Hashable, Sendable {
    public let view: View
    public let blockHash: Hash
    public let height: Height

    public init(view: View, blockHash: Hash, height: Height) {
        self.view = view
        self.blockHash = blockHash
        self.height = height
    }
}

/// What a restart finds on disk [C17].
public struct Recovery: Hashable, Sendable {
    /// From the block log.
    public let finalized: Anchor
    /// The certificate that made it final; nil at the epoch's beginning.
    public let finalization: Certificate?
    /// In the order written; records of other epochs are passed over.
    public let journal: [JournalRecord]
    /// What the double-sign guard holds.
    public let guardVotes: [Vote]
    /// The highest position at which the key signed anything; an old vote below it may have been forgotten.
    public let guardPosition: EpochView
    /// False for a key that came without its guard: what it signed elsewhere is not known, so its votes prove nothing.
    public let isGuardComplete: Bool

    public init(
        finalized: Anchor, finalization: Certificate?, journal: [JournalRecord], guardVotes: [Vote],
        guardPosition: EpochView = EpochView(.genesis, .genesis), isGuardComplete: Bool = true
    ) {
        self.finalized = finalized
        self.finalization = finalization
        self.journal = journal
        self.guardVotes = guardVotes
        self.guardPosition = max(guardPosition, guardVotes.map(\.position).max() ?? guardPosition)
        self.isGuardComplete = isGuardComplete
    }
}

enum ConsensusLimits {
    /// Votes and proposals of views further ahead are dropped: certificates, which are never dropped, move the view.
    /// At 8Δ a view it is eight minutes of being behind.
    static let viewsAhead: UInt64 = 128
    /// Votes of views this far behind are forgotten (their certificates stay): they can make nothing new.
    static let viewsBehind: UInt64 = 128
    /// Backoff: Δ doubles with each nullified view up to three times [C14].
    static let backoffDoublings = 3
    /// Turns with work that a leader may miss before its next ones are skipped [C13].
    static let missedTurns = 2
}
