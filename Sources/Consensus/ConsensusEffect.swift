public import Primitives
public import Votes

/// What consensus wants done, in this order. Each case says what its performer owes.
public enum ConsensusEffect: Hashable, Sendable {
    /// Append all records to the vote journal and sync it, before any effect behind this one is begun.
    case persist([JournalRecord])
    /// Ask the double-sign guard; if it permits, make the guard durable, sign, broadcast the vote, and give it back as
    /// ``ConsensusInput/vote(_:)``. If it refuses, nothing.
    /// The notarize of this node's own proposal is not broadcast: it goes out with the proposal.
    case cast(Vote)
    case broadcast(ConsensusMessage)
    /// To one validator.
    case send(ConsensusMessage, to: Int)
    /// Build a block on the parent, execute it, make its body durable, answer with ``ConsensusInput/built(view:_:)``.
    case propose(view: View, parentView: View, parentHash: Hash, parentHeight: Height)
    /// Execute the block on its parent (which is final or verified), make its body durable, answer with
    /// ``ConsensusInput/verified(view:blockHash:_:)``. If the body is not here, fetch it and answer when it is. Asked
    /// again, fetch again: an earlier fetch may have been lost.
    case verify(Proposal)
    /// The block of this certificate is unknown: fetch it and answer with ``ConsensusInput/obtained(_:)``. Asked again,
    /// fetch again.
    case obtain(Certificate)
    /// Ask peers for certificates of the views strictly between: one request, however many views.
    case fetchCertificates(above: View, below: View)
    /// The block and all its ancestors are final: append to the block log, durably, then tell everyone.
    case finalize(Certificate, height: Height)
    /// Give the timer back as an input after the delay. No answer is owed for timers of earlier views.
    case setTimer(ConsensusTimer, delayMilliseconds: UInt64)
    /// Records of positions before this one are not needed any more.
    case trimJournal(before: EpochView)
    /// Keep durably (it is in the journal), gossip, and put into a block.
    case report(Evidence)
    /// A vote by this node's key that this node did not cast: another copy of it runs. Stop.
    case foreignVoteByOwnKey(SignedVote)
    /// The boundary block is final: begin the next epoch on it; keep this instance to serve stragglers.
    case epochEnded(Certificate, height: Height)
    /// What a quorum agreed on contradicts this node's own execution. Stop: nothing it says can be trusted.
    case halt(String)
}

/// What consensus sends.
public enum ConsensusMessage: Hashable, Sendable {
    case proposal(Proposal, notarize: SignedVote)
    case vote(SignedVote)
    case certificate(Certificate)
}
