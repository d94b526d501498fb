public import Blocks
internal import Cryptography
public import Encoding
public import Primitives
public import Transactions
public import Votes

/// A block and its transactions, verified; the body is the one that the header commits to.
public struct LoadedBlock: Sendable {
    public let block: Block
    public let transactions: [VerifiedTransaction]

    /// Nil if the body is not the header's, or the transactions are not the block's.
    public init?(_ block: Block, _ transactions: [VerifiedTransaction]) {
        guard transactions.count == block.transactions.count,
            zip(transactions, block.transactions).allSatisfy({ $0.bytes == $1 }), block.bodyMatchesHeader
        else { return nil }
        self.block = block
        self.transactions = transactions
    }
}

/// What a peer said, every signature in it checked. Made by ``MessageVerifier`` alone.
public struct VerifiedMessage: Sendable {
    enum Content: Sendable {
        case status(PeerStatus)
        case vote(SignedVote)
        case certificates([Certificate])
        case evidence(Evidence)
        case certificatesRequest(CertificatesRequest)
        case proposal(CompactProposal, included: [VerifiedTransaction])
        case blockRequest(Hash)
        case block(LoadedBlock)
        case blockTransactionsRequest(Hash, [UInt64])
        case blockTransactions(Hash, [VerifiedTransaction])
        case transactionsAnnounced([TransactionTag])
        case transactionsRequest([TransactionTag])
        case transactions([VerifiedTransaction])
        case blocksRequest(BlockRange)
        /// Cut before a certificate of an epoch that is not known here.
        case blocks([SyncedBlock], isCut: Bool)
        case addresses([PeerAddressRecord])
    }

    let content: Content

    /// Every certificate in it, for whoever looks for another copy of its own key.
    public var certificates: [Certificate] {
        switch content {
        case .certificates(let certificates): certificates
        case .blocks(let blocks, _): blocks.compactMap(\.certificate)
        default: []
        }
    }

    /// Every single vote in it.
    public var votes: [SignedVote] {
        switch content {
        case .vote(let vote): [vote]
        case .proposal(let proposal, _): [proposal.notarize]
        case .evidence(let evidence): [evidence.first, evidence.second]
        default: []
        }
    }
}

/// A final block as sync brings it, with the certificate where it has one of its own.
struct SyncedBlock: Sendable {
    let loaded: LoadedBlock
    let certificate: Certificate?

    var header: BlockHeader { loaded.block.header }
}

/// Why a peer is provably wrong, whatever this node's own state is: it is disconnected, and stays away for a while.
public enum PeerOffense: Error, Hashable, Sendable, CustomStringConvertible {
    case undecodable(EncodingFailure)
    case badSignature(String)
    case badTransaction(Rejection)
    case badBlock(String)

    public var description: String {
        switch self {
        case .undecodable(let failure): "undecodable message: \(failure.field): \(failure.reason.rawValue)"
        case .badSignature(let what): "bad signature: \(what)"
        case .badTransaction(let rejection): "bad transaction: \(rejection.reason)"
        case .badBlock(let what): "bad block: \(what)"
        }
    }

    /// Few words, the same for all of a kind: a metric's label.
    public var reason: String {
        switch self {
        case .undecodable: "undecodable"
        case .badSignature: "bad_signature"
        case .badTransaction: "bad_transaction"
        case .badBlock: "bad_block"
        }
    }
}
