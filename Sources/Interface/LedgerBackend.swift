public import Primitives
public import Proofs
public import StateModel

/// What the interface needs from a node. The node is one performer, the tests' fake another.
///
/// Every method may be called from any task, and many at a time. What a method throws is either a ``ServerState`` (the
/// client is told), a `Refusal`/`Rejection` (likewise), or anything else: then the client reads "Internal error" and
/// the node's log the rest.
public protocol LedgerBackend: Sendable {
    /// The genesis hash.
    var network: Hash { get }
    var networkKind: NetworkKind { get }

    /// Runs `body` once on a consistent snapshot of final state, on a thread of the node's choosing. The readers
    /// inside must not outlive `body`.
    func withSnapshot<Value: Sendable>(_ body: @Sendable (QueryContext) throws -> Value) async throws -> Value

    /// Of the last final block. Cheap: a value kept in memory.
    func head() async -> ChainHead

    /// Of the block whose state ``withSnapshot(_:)`` would answer from now. Cheap. Nil where that is not known, and
    /// then no answer is remembered.
    var stateHeight: Height? { get }

    /// Returns once a block above `height` is final, after `milliseconds`, or when the task is canceled. The result is
    /// how many of the milliseconds are left: 0 unless the block came (the interface itself has no clock).
    func waitForBlock(above height: Height, milliseconds: UInt64) async -> UInt64

    // Chain
    /// Nil above the head. Throws ``ServerState/pruned`` below what is kept.
    func block(at height: Height) async throws -> BlockView?
    /// The header alone, without reading the block's body. Nil above the head. Throws ``ServerState/pruned`` likewise.
    func header(at height: Height) async throws -> HeaderView?
    /// Nil if no final block has that hash.
    func height(of blockHash: Hash) async throws -> Height?
    /// Events of final blocks from `position` on, in order, at most `limit`. Throws ``ServerState/cursorGone`` if the
    /// node keeps no events that far back.
    ///
    /// `next` is where reading stopped: behind the last event, or behind the last block that was read whole. A call may
    /// stop before `limit` and before the head; then the one that goes on from `next` finds the rest.
    func events(
        from position: EventPosition, limit: Int
    ) async throws -> (entries: [LedgerEventEntry], next: EventPosition)
    /// Evidence of misbehavior in final blocks, newest first, at most `limit`, strictly before `position` where given.
    func evidence(before position: EvidencePosition?, limit: Int) async throws -> [EvidenceView]

    // Proofs
    /// Proof that the block at `height` is final, for whoever trusts the one at `checkpoint`. Throws
    /// ``ServerState/noEvidence`` if this node can't give it.
    func evidence(of height: Height, from checkpoint: Height) async throws -> ChainEvidence
    /// Proof that a block holds a transaction; nil if it is not final. Throws ``ServerState/pruned`` likewise.
    func inclusion(of transaction: Hash) async throws -> (height: Height, inclusion: TransactionInclusion)?

    // Transactions
    /// Admits complete, signed transaction bytes to the pool. Idempotent: what is pending or final already is accepted.
    func submit(_ transaction: [UInt8]) async throws -> Submission
    /// The same for several, in order, each answered by itself. What the ledger's rules say of them may be left to the block
    /// that they are meant for: then ``status(of:)`` tells.
    func submit(all transactions: [[UInt8]]) async throws -> [Result<Submission, Rejection>]
    /// Executes on the last final state and forgets. Signatures may be absent; those given are verified.
    func simulate(_ transaction: [UInt8]) async throws -> Simulation
    func status(of transaction: Hash) async throws -> TransactionStatus
    /// A final transaction; nil if unknown or not final.
    func transaction(_ hash: Hash) async throws -> FinalTransaction?
    /// What waits in the pool, in admission order, of one sender if given.
    func pending(of sender: Address?, limit: Int) async throws -> [PendingTransaction]
    /// Final transactions that `party` signed or is concerned by, newest first, strictly before `position`.
    func transactions(
        of party: Party, before position: TransactionPosition?, limit: Int
    ) async throws -> [FinalTransaction]

    // Node
    func nodeStatus() async throws -> NodeStatus
    func peers() async throws -> [PeerView]
    func validators() async throws -> [ValidatorView]

    /// Nil where the node has no content store.
    var content: (any ContentService)? { get }

    /// Tells the node of a failure whose details no client may read.
    func report(internalFailure description: String)
}

extension LedgerBackend {
    public var content: (any ContentService)? { nil }
    public var stateHeight: Height? { nil }
}

public struct ChainHead: Hashable, Sendable, Codable {
    public let height: Height
    public let blockHash: Hash
    public let time: Timestamp
    public let stateRoot: Hash

    public init(height: Height, blockHash: Hash, time: Timestamp, stateRoot: Hash) {
        self.height = height
        self.blockHash = blockHash
        self.time = time
        self.stateRoot = stateRoot
    }
}

/// A final block as clients read it. `encoded…` are the canonical bytes, from which everything can be recomputed.
public struct BlockView: Hashable, Sendable, Codable {
    public let header: HeaderView
    public let transactions: [Hash]
    /// Nil for genesis, and where finality came with a later block's certificate.
    public let certificate: CertificateView?
    /// Events that the block made, its consequences included.
    public let eventCount: UInt64
    public let encodedBlock: ByteString

    public init(
        header: HeaderView, transactions: [Hash], certificate: CertificateView?, eventCount: UInt64,
        encodedBlock: ByteString
    ) {
        self.header = header
        self.transactions = transactions
        self.certificate = certificate
        self.eventCount = eventCount
        self.encodedBlock = encodedBlock
    }
}

/// The fields of a header (Specs/ledger.cddl), its hash, and its canonical bytes.
public struct HeaderView: Hashable, Sendable, Codable {
    public let hash: Hash
    public let network: Hash
    public let height: Height
    public let parent: Hash
    public let time: Timestamp
    public let epoch: UInt64
    /// Index of the proposing validator in the epoch's set.
    public let proposer: UInt64
    public let validatorSet: Hash
    public let transactionsRoot: Hash
    public let receiptsRoot: Hash
    public let evidenceRoot: Hash
    public let stateRoot: Hash
    public let encodedHeader: ByteString

    public init(
        hash: Hash, network: Hash, height: Height, parent: Hash, time: Timestamp, epoch: UInt64, proposer: UInt64,
        validatorSet: Hash, transactionsRoot: Hash, receiptsRoot: Hash, evidenceRoot: Hash, stateRoot: Hash,
        encodedHeader: ByteString
    ) {
        self.hash = hash
        self.network = network
        self.height = height
        self.parent = parent
        self.time = time
        self.epoch = epoch
        self.proposer = proposer
        self.validatorSet = validatorSet
        self.transactionsRoot = transactionsRoot
        self.receiptsRoot = receiptsRoot
        self.evidenceRoot = evidenceRoot
        self.stateRoot = stateRoot
        self.encodedHeader = encodedHeader
    }
}

/// The finalization certificate of a block; `encodedCertificate` are its canonical bytes.
public struct CertificateView: Hashable, Sendable, Codable {
    public let height: Height
    public let blockHash: Hash
    public let view: UInt64
    public let epoch: UInt64
    /// Indices of the signing validators in the epoch's set.
    public let signers: [UInt64]
    public let encodedCertificate: ByteString

    public init(
        height: Height, blockHash: Hash, view: UInt64, epoch: UInt64, signers: [UInt64],
        encodedCertificate: ByteString
    ) {
        self.height = height
        self.blockHash = blockHash
        self.view = view
        self.epoch = epoch
        self.signers = signers
        self.encodedCertificate = encodedCertificate
    }
}

/// The `index`-th piece of evidence of the block at `height`.
public struct EvidencePosition: Hashable, Sendable {
    public let height: Height
    public let index: UInt64

    public init(height: Height, index: UInt64) {
        self.height = height
        self.index = index
    }
}

public struct EvidenceView: Hashable, Sendable, Codable {
    public let height: Height
    /// The position among the block's pieces of evidence.
    public let index: UInt64
    public let validator: Address
    public let kind: String
    public let view: UInt64
    public let encodedEvidence: ByteString

    public init(
        height: Height, index: UInt64, validator: Address, kind: String, view: UInt64, encodedEvidence: ByteString
    ) {
        self.height = height
        self.index = index
        self.validator = validator
        self.kind = kind
        self.view = view
        self.encodedEvidence = encodedEvidence
    }
}

/// Before the `index`-th event of the block at `height`; a position exists whether or not the event does yet.
public struct EventPosition: Hashable, Comparable, Sendable {
    public let height: Height
    public let index: UInt64

    public init(height: Height, index: UInt64) {
        self.height = height
        self.index = index
    }

    public static func < (left: EventPosition, right: EventPosition) -> Bool {
        left.height == right.height ? left.index < right.index : left.height < right.height
    }
}

public struct LedgerEventEntry: Sendable {
    public let height: Height
    public let blockHash: Hash
    public let time: Timestamp
    /// Counted over the whole block from 0, due work and transactions alike.
    public let index: UInt64
    /// Nil for due work.
    public let transaction: Hash?
    public let event: any LedgerEvent

    public init(
        height: Height, blockHash: Hash, time: Timestamp, index: UInt64, transaction: Hash?, event: any LedgerEvent
    ) {
        self.height = height
        self.blockHash = blockHash
        self.time = time
        self.index = index
        self.transaction = transaction
        self.event = event
    }

    public var position: EventPosition { EventPosition(height: height, index: index) }
}

public struct Submission: Hashable, Sendable, Codable {
    /// What the signatures cover; the name of the transaction.
    public let hash: Hash
    /// Of the complete bytes.
    public let wireId: Hash
    public let state: TransactionState

    public init(hash: Hash, wireId: Hash, state: TransactionState) {
        self.hash = hash
        self.wireId = wireId
        self.state = state
    }
}

public enum TransactionState: String, Hashable, Sendable, Codable, CaseIterable {
    case pending, final, refused, expired, replaced, unknown
}

public struct TransactionStatus: Hashable, Sendable, Codable {
    public let hash: Hash
    public let state: TransactionState
    /// True if this will never change: final, or it can't become final any more.
    public let definitive: Bool
    public let height: Height?
    public let blockHash: Hash?
    /// The position in its block.
    public let index: UInt64?
    /// For what is refused.
    public let error: RejectionView?

    public init(
        hash: Hash, state: TransactionState, definitive: Bool, height: Height? = nil, blockHash: Hash? = nil,
        index: UInt64? = nil, error: RejectionView? = nil
    ) {
        self.hash = hash
        self.state = state
        self.definitive = definitive
        self.height = height
        self.blockHash = blockHash
        self.index = index
        self.error = error
    }
}

public struct TransactionPosition: Hashable, Comparable, Sendable {
    public let height: Height
    public let index: UInt64

    public init(height: Height, index: UInt64) {
        self.height = height
        self.index = index
    }

    public static func < (left: TransactionPosition, right: TransactionPosition) -> Bool {
        left.height == right.height ? left.index < right.index : left.height < right.height
    }
}

public struct FinalTransaction: Sendable {
    public let hash: Hash
    public let height: Height
    public let blockHash: Hash
    public let time: Timestamp
    /// The position in its block.
    public let index: UInt64
    public let bytes: [UInt8]
    public let events: [any LedgerEvent]

    public init(
        hash: Hash, height: Height, blockHash: Hash, time: Timestamp, index: UInt64, bytes: [UInt8],
        events: [any LedgerEvent]
    ) {
        self.hash = hash
        self.height = height
        self.blockHash = blockHash
        self.time = time
        self.index = index
        self.bytes = bytes
        self.events = events
    }
}

public struct PendingTransaction: Hashable, Sendable, Codable {
    public let hash: Hash
    public let sender: Address
    public let sequence: UInt64
    public let weight: UInt64
    public let validUntil: Timestamp?

    public init(hash: Hash, sender: Address, sequence: UInt64, weight: UInt64, validUntil: Timestamp?) {
        self.hash = hash
        self.sender = sender
        self.sequence = sequence
        self.weight = weight
        self.validUntil = validUntil
    }
}

public struct Simulation: Sendable {
    public let hash: Hash
    public let weight: UInt64
    public let events: [any LedgerEvent]
    /// Nil if it would apply.
    public let rejection: Rejection?

    public init(hash: Hash, weight: UInt64, events: [any LedgerEvent], rejection: Rejection?) {
        self.hash = hash
        self.weight = weight
        self.events = events
        self.rejection = rejection
    }
}
