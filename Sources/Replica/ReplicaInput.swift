public import Consensus
public import Primitives
public import StateModel
public import Transactions
public import Votes

/// What can happen to a replica. Everything in it was verified before.
public enum ReplicaInput: Sendable {
    /// Comes once, first.
    case start
    /// Comes about once a second: overdue work, open requests and peers are looked at.
    case tick
    /// From a client of this node. Answered by ``ReplicaEffect/admitted(ticket:hash:replaced:)`` or
    /// ``ReplicaEffect/refused(ticket:_:)``.
    case transaction(VerifiedTransaction, ticket: UInt64)
    /// The same for several of one call, in order; their tickets follow one another.
    case transactions([VerifiedTransaction], firstTicket: UInt64)
    case connected(TransportKey)
    case disconnected(TransportKey)
    /// From a connected peer.
    case message(VerifiedMessage, from: TransportKey)
    /// An own vote that the signer released, see ``ReplicaEffect/sign(_:)``.
    case signed(SignedVote)
    /// What ``ReplicaEffect/loadBlock(_:)`` found; nil: nothing.
    case loaded(Hash, LoadedBlock?)
    case timer(ReplicaTimer)
    /// The state after a final block as the store now has it. Given after every ``ReplicaEffect/finalize(_:)``, and
    /// whenever an older snapshot would expire.
    case finalState(LayeredSnapshot)
}

public enum ReplicaTimer: Hashable, Sendable {
    case consensus(ConsensusTimer)
    /// Enough company was waited for.
    case batch(UInt64)
    /// What was admitted since the last announcement is announced.
    case announcement
    /// More blocks that were fetched are to be applied.
    case sync
}
