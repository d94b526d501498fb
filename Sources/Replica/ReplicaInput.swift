public import Blocks
public import Consensus
public import StateModel
public import Transactions
public import Votes

/// What can happen to a replica. Votes and certificates of this epoch's set, and transactions, were verified before.
public enum ReplicaInput: Sendable {
    /// Comes once, first.
    case start
    /// Comes about once a second; overdue work is looked for.
    case tick
    /// Answered by ``ReplicaEffect/admitted(ticket:hash:replaced:)`` or ``ReplicaEffect/refused(ticket:_:)``.
    case transaction(VerifiedTransaction, ticket: UInt64)
    /// A block offered by a leader, its transactions verified.
    case proposal(Block, [VerifiedTransaction], view: View, parentView: View, notarize: SignedVote)
    /// From a peer.
    case vote(SignedVote)
    /// An own vote that the signer released, see ``ReplicaEffect/sign(_:isBroadcast:)``.
    case signed(SignedVote)
    case certificate(Certificate)
    /// A block that ``ReplicaEffect/fetchBlock(_:)`` asked for, its transactions verified.
    case block(Block, [VerifiedTransaction])
    case timer(ReplicaTimer)
    /// The state after a final block as the store now has it. Given after every ``ReplicaEffect/finalize(_:)``, and
    /// whenever an older snapshot would expire.
    case finalState(LayeredSnapshot)
}

public enum ReplicaTimer: Hashable, Sendable {
    case consensus(ConsensusTimer)
    /// Enough company was waited for.
    case batch(UInt64)
}
