public import Blocks
public import Execution
public import Governance
public import Primitives
public import Votes

/// What a replica wants done, in this order: an effect is begun when the one before it is durable or handed over.
public enum ReplicaEffect: Sendable {
    /// Append and sync before anything behind it.
    case persistJournal([JournalRecord])
    /// Records before this position may go with the next rotation of the journal, evidence of its epoch excepted.
    case trimJournal(before: EpochView)
    /// Make the body durable before anything behind it.
    case storeBody(Block)
    /// Ask the double-sign guard; if it permits, make it durable, sign, and give the vote back as
    /// ``ReplicaInput/signed(_:)``: only then the replica counts and sends it. If it refuses, log that and do nothing.
    case sign(Vote)
    /// To connected peers. A message that a peer's queue has no room for is dropped; what matters is sent again.
    case send(PeerMessage, to: [TransportKey])
    /// Look in the stored bodies and the log; answer with ``ReplicaInput/loaded(_:_:)`` in any case.
    case loadBlock(Hash)
    /// Send the block if it is stored here.
    case sendBlock(Hash, to: TransportKey)
    /// Send those of these final blocks that the log has, in order, within ``PeerMessageLimits/blocksBytes``; an empty
    /// answer says that it has none.
    case sendBlocks(BlockRange, to: TransportKey)
    case setTimer(ReplicaTimer, delayMilliseconds: UInt64)
    /// Ascending by height. Append all to the block log in one durable transaction, push their layers to the state
    /// store, give back ``ReplicaInput/finalState(_:)``, then tell everyone that they are final.
    case finalize([FinalExecution])
    case admitted(ticket: UInt64, hash: Hash, replaced: Hash?)
    case refused(ticket: UInt64, Rejection)
    /// The peer is provably wrong: disconnect and keep it away for a while.
    case offense(TransportKey, PeerOffense)
    /// Addresses that nodes said of themselves; keep the latest of each key.
    case learned([PeerAddressRecord])
    /// Someone broke the rules of voting; the journal keeps it, a block will carry it. Log it.
    case report(Evidence)
    /// An epoch begins with this set; also given at the start. From now on votes of it can be verified.
    case epochBegan(EpochInformation)
    /// The next block is one for a newer program: give peers a while to fetch what is final here, then stop the node and say
    /// which release to install. Given again whenever such a block is met.
    case upgradeDue(UpgradePlan)
    /// Stop the node: another machine votes with its key, at this position.
    case anotherCopy(EpochView)
    /// Stop the node and say why: its disk, or its view of the network, can't be trusted.
    case stop(String)
}

/// Who agrees on an epoch's blocks, and how they are reached.
public struct EpochInformation: Hashable, Sendable {
    public let epoch: Epoch
    public let validators: ValidatorSet
    /// By index; nil where a validator has none.
    public let transportKeys: [TransportKey?]
    /// By index, for people.
    public let names: [String]

    public init(epoch: Epoch, validators: ValidatorSet, transportKeys: [TransportKey?], names: [String]) {
        precondition(
            transportKeys.count == validators.count && names.count == validators.count,
            "each validator has its place in every list")
        self.epoch = epoch
        self.validators = validators
        self.transportKeys = transportKeys
        self.names = names
    }
}

/// A block that became final, what it changed, and (for the last of a run) the certificate.
public struct FinalExecution: Sendable {
    public let executed: ExecutedBlock
    public let certificate: Certificate?

    /// What the log keeps.
    public var finalizedBlock: FinalizedBlock { FinalizedBlock(block: executed.block, certificate: certificate) }
}
