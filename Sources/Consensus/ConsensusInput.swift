public import Primitives
public import Votes

/// What can happen to consensus. Signatures were verified before.
public enum ConsensusInput: Hashable, Sendable {
    /// Comes once, first.
    case start
    /// A block offered by the leader of its view, with the notarize that guards it.
    case proposal(Proposal, notarize: SignedVote)
    /// The block of a notarization or finalization that ``ConsensusEffect/obtain(_:)`` asked for is here.
    case obtained(Proposal)
    /// From a peer, or one's own as the signer released it.
    case vote(SignedVote)
    case certificate(Certificate)
    /// The answer to ``ConsensusEffect/propose(view:parentView:parentHash:parentHeight:)``; nil if none could be built.
    /// The body is durable.
    case built(view: View, Proposal?)
    /// The answer to ``ConsensusEffect/verify(_:)``. For `valid` and `untimely` the body is durable.
    case verified(view: View, blockHash: Hash, Verdict)
    case timer(ConsensusTimer)
    case work(Work)
    /// Blocks up to this one became final by another way (block sync).
    case synchronized(Anchor, Certificate)
}

/// What executing a block on its parent showed.
public enum Verdict: UInt8, Hashable, Sendable {
    case valid
    /// Valid, but its time is too far ahead of this node's clock: no reason to refuse what others notarized.
    case untimely
    case invalid
}

/// Whether there is something to agree on [C12]; given anew whenever it changes.
public struct Work: Hashable, Sendable {
    /// This node as leader would put something into a block.
    public var isProposable: Bool
    /// The others know of it as well (overdue work, a relayed transaction), so a silent leader is at fault.
    public var isAwaited: Bool

    public init(isProposable: Bool, isAwaited: Bool) {
        self.isProposable = isProposable
        self.isAwaited = isAwaited
    }

    public static let none = Work(isProposable: false, isAwaited: false)
}

/// A timer that the core set. It comes back as an input; the core knows whether it still matters.
public struct ConsensusTimer: Hashable, Sendable {
    public enum Kind: UInt8, Hashable, Sendable {
        /// The leader should have proposed.
        case leader
        /// The view should have passed.
        case advance
        /// Send again what may have been lost.
        case rebroadcast
        /// A block is due although nothing happens.
        case heartbeat
    }

    public let kind: Kind
    public let epoch: Epoch
    public let view: View
    /// Tells this timer from earlier ones of its kind.
    public let number: UInt64
}
