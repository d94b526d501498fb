public import Blocks
public import Execution
public import Primitives
public import Votes

/// What a replica wants done, in this order: an effect is begun when the one before it is durable or handed over.
public enum ReplicaEffect: Sendable {
    /// Append and sync before anything behind it.
    case persistJournal([JournalRecord])
    /// Records before this position may go with the next rotation of the journal.
    case trimJournal(before: EpochView)
    /// Make the body durable before anything behind it.
    case storeBody(Block)
    /// Ask the double-sign guard; if it permits, make it durable, sign, broadcast if said so, and give the vote back as
    /// ``ReplicaInput/signed(_:)``. If it refuses, log that and do nothing.
    case sign(Vote, isBroadcast: Bool)
    case broadcast(ReplicaMessage)
    /// To one validator of the epoch.
    case send(ReplicaMessage, to: Int)
    /// Look in the stored bodies, then ask peers; answer with ``ReplicaInput/block(_:_:)``. Asked again, look again.
    case fetchBlock(Hash)
    /// Ask peers for the certificates of the views strictly between, in one request.
    case fetchCertificates(Epoch, above: View, below: View)
    case setTimer(ReplicaTimer, delayMilliseconds: UInt64)
    /// Ascending by height. Append all to the block log in one durable transaction, push their layers to the state
    /// store, give back ``ReplicaInput/finalState(_:)``, then tell everyone that they are final.
    case finalize([FinalExecution])
    case admitted(ticket: UInt64, hash: Hash, replaced: Hash?)
    case refused(ticket: UInt64, Rejection)
    /// Someone broke the rules of voting; the journal keeps it, a block will carry it. Log it.
    case report(Evidence)
    /// A new epoch began with this set.
    case epochBegan(Epoch, ValidatorSet)
    /// Stop the node and say why: its disk, or its view of the network, can't be trusted.
    case stop(String)
}

/// A block that became final, what it changed, and (for the last of a run) the certificate.
public struct FinalExecution: Sendable {
    public let executed: ExecutedBlock
    public let certificate: Certificate?

    /// What the log keeps.
    public var finalizedBlock: FinalizedBlock { FinalizedBlock(block: executed.block, certificate: certificate) }
}

/// What goes to other nodes.
public enum ReplicaMessage: Sendable {
    case proposal(Block, view: View, parentView: View, notarize: SignedVote)
    case vote(SignedVote)
    case certificate(Certificate)
    /// The complete bytes.
    case transaction([UInt8])
}
