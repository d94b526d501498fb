public import Blocks
public import Encoding
public import Primitives
public import Proofs
internal import StateModel
public import Votes

/// What nodes say to each other, each message on the channel that its kind belongs to (Specs/network.md).
///
/// Bytes: `[kind, body]`, in Specs/cddl/network.cddl.
public enum PeerMessage: CBORCodable, Hashable, Sendable {
    /// Where the sender is; said when a peer connects, about once a second, and to observers with every final block.
    case status(PeerStatus)
    case vote(SignedVote)
    case certificate(Certificate)
    case evidence(Evidence)
    /// Certificates of the views strictly between, in one request however many they are.
    case certificatesRequest(CertificatesRequest)
    case certificates([Certificate])

    case proposal(CompactProposal)
    case blockRequest(Hash)
    case block(Block)
    /// Transactions of a proposal, by their positions, that could not be rebuilt.
    case blockTransactionsRequest(Hash, [UInt64])
    case blockTransactions(Hash, [[UInt8]])

    case transactionsAnnounced([TransactionTag])
    case transactionsRequest([TransactionTag])
    /// Complete bytes of each.
    case transactions([[UInt8]])

    case blocksRequest(BlockRange)
    case blocks([FinalizedBlock])
    case addresses([PeerAddressRecord])

    /// Which state can be had in chunks, with evidence from the block at this height on [N11].
    case snapshotRequest(checkpoint: Height)
    case snapshot(SnapshotManifest?)
    case chunkRequest(ChunkPosition)
    /// The bytes of a `StateChunk`; none if it is not there.
    case chunk(ChunkPosition, [UInt8])

    /// Chunks of an encrypted content that a version on the ledger names [N12].
    case contentRequest(ContentChunkRange)
    /// Nil if they are not here.
    case content(ContentChunkRange, ContentChunks?)

    /// Which queue it waits in; votes and certificates pass blocks, blocks pass transactions, sync comes last.
    public enum Channel: UInt8, CaseIterable, Sendable { case consensus, blocks, transactions, sync }

    public var channel: Channel {
        switch self {
        case .status, .vote, .certificate, .evidence, .certificatesRequest, .certificates: .consensus
        case .proposal, .blockRequest, .block, .blockTransactionsRequest, .blockTransactions: .blocks
        case .transactionsAnnounced, .transactionsRequest, .transactions: .transactions
        case .blocksRequest, .blocks, .addresses, .snapshotRequest, .snapshot, .chunkRequest, .chunk, .contentRequest,
            .content:
            .sync
        }
    }

    private var kind: UInt64 {
        switch self {
        case .status: 0
        case .vote: 1
        case .certificate: 2
        case .evidence: 3
        case .certificatesRequest: 4
        case .certificates: 5
        case .proposal: 6
        case .blockRequest: 7
        case .block: 8
        case .blockTransactionsRequest: 9
        case .blockTransactions: 10
        case .transactionsAnnounced: 11
        case .transactionsRequest: 12
        case .transactions: 13
        case .blocksRequest: 14
        case .blocks: 15
        case .addresses: 16
        case .snapshotRequest: 17
        case .snapshot: 18
        case .chunkRequest: 19
        case .chunk: 20
        case .contentRequest: 21
        case .content: 22
        }
    }

    private static let lastKind: UInt64 = 22

    /// False for a message of a kind that a later version may have: it is passed over [N2].
    public static func isKindKnown(_ bytes: [UInt8]) -> Bool {
        guard bytes.count >= 2, bytes[0] == 0x82, bytes[1] >> 5 == 0 else { return true }
        return bytes[1] <= UInt8(lastKind)
    }

    /// What only validators say: votes and what they prove.
    public var isOfValidators: Bool {
        switch self {
        case .vote, .certificate, .certificates, .evidence, .proposal: true
        default: false
        }
    }

    /// Of complete bytes, without decoding them; nil where they are no message.
    public static func kind(of bytes: [UInt8]) -> UInt64? {
        guard bytes.count >= 2, bytes[0] == 0x82, bytes[1] < 24 else { return nil }
        return UInt64(bytes[1])
    }

    /// True if the peer is expected to answer with bulk.
    public var isRequest: Bool {
        switch self {
        case .blockRequest, .blockTransactionsRequest, .transactionsRequest, .blocksRequest, .snapshotRequest,
            .chunkRequest, .contentRequest:
            true
        default: false
        }
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(kind)
        switch self {
        case .status(let status): writer.write(status)
        case .vote(let vote): writer.write(vote)
        case .certificate(let certificate): writer.write(certificate)
        case .evidence(let evidence): writer.write(evidence)
        case .certificatesRequest(let request): writer.write(request)
        case .certificates(let certificates): writer.write(certificates)
        case .proposal(let proposal): writer.write(proposal)
        case .blockRequest(let hash): writer.write(hash)
        case .block(let block): writer.write(block)
        case .blockTransactionsRequest(let hash, let indexes):
            writer.array(2)
            writer.write(hash)
            writer.write(indexes)
        case .blockTransactions(let hash, let transactions):
            writer.array(2)
            writer.write(hash)
            writer.write(transactions: transactions)
        case .transactionsAnnounced(let tags), .transactionsRequest(let tags): writer.write(tags)
        case .transactions(let transactions): writer.write(transactions: transactions)
        case .blocksRequest(let range): writer.write(range)
        case .blocks(let blocks): writer.write(blocks)
        case .addresses(let addresses): writer.write(addresses)
        case .snapshotRequest(let checkpoint): writer.write(checkpoint)
        case .snapshot(let manifest): writer.write(manifest)
        case .chunkRequest(let position): writer.write(position)
        case .chunk(let position, let bytes):
            writer.array(2)
            writer.write(position)
            writer.write(bytes: bytes)
        case .contentRequest(let range): writer.write(range)
        case .content(let range, let chunks):
            writer.array(2)
            writer.write(range)
            writer.write(chunks)
        }
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("message", count: 2) { (reader) throws(EncodingFailure) in
            let kind = try reader.unsigned("kind")
            if let message = try Self.consensusMessage(kind, &reader) { return message }
            if let message = try Self.blockMessage(kind, &reader) { return message }
            return try Self.otherMessage(kind, &reader)
        }
    }

    private static func consensusMessage(
        _ kind: UInt64, _ reader: inout CBORReader
    ) throws(EncodingFailure) -> PeerMessage? {
        switch kind {
        case 0: .status(try reader.value("status"))
        case 1: .vote(try reader.value("vote"))
        case 2: .certificate(try reader.value("certificate"))
        case 3: .evidence(try reader.value("evidence"))
        case 4: .certificatesRequest(try reader.value("certificatesRequest"))
        case 5: .certificates(try reader.list("certificates", max: PeerMessageLimits.certificates))
        default: nil
        }
    }

    private static func blockMessage(
        _ kind: UInt64, _ reader: inout CBORReader
    ) throws(EncodingFailure) -> PeerMessage? {
        switch kind {
        case 6: return .proposal(try reader.value("proposal"))
        case 7: return .blockRequest(try reader.value("blockHash"))
        case 8: return .block(try reader.value("block"))
        case 9:
            return try reader.record("blockTransactionsRequest", count: 2) { (reader) throws(EncodingFailure) in
                let hash: Hash = try reader.value("blockHash")
                let indexes = try reader.list("indexes", max: WireLimits.blockTransactions) {
                    (reader) throws(EncodingFailure) in
                    try reader.unsigned("index", max: UInt64(WireLimits.blockTransactions - 1))
                }
                return .blockTransactionsRequest(hash, indexes)
            }
        case 10:
            return try reader.record("blockTransactions", count: 2) { (reader) throws(EncodingFailure) in
                .blockTransactions(try reader.value("blockHash"), try reader.transactions())
            }
        default: return nil
        }
    }

    private static func otherMessage(_ kind: UInt64, _ reader: inout CBORReader) throws(EncodingFailure) -> PeerMessage
    {
        switch kind {
        case 11: .transactionsAnnounced(try reader.list("tags", max: PeerMessageLimits.tags))
        case 12: .transactionsRequest(try reader.list("tags", max: PeerMessageLimits.tags))
        case 13: .transactions(try reader.transactions())
        case 14: .blocksRequest(try reader.value("range"))
        case 15: .blocks(try reader.list("blocks", max: PeerMessageLimits.blocks))
        case 16: .addresses(try reader.list("addresses", max: PeerMessageLimits.addresses))
        case 17: .snapshotRequest(checkpoint: try reader.value("checkpoint"))
        case 18: .snapshot(try reader.optional("manifest"))
        case 19: .chunkRequest(try reader.value("position"))
        case 20:
            try reader.record("chunk", count: 2) { (reader) throws(EncodingFailure) in
                .chunk(
                    try reader.value("position"), try reader.byteString("chunk", max: StateChunk.maximumBytes))
            }
        case 21: .contentRequest(try reader.value("contentRange"))
        case 22:
            try reader.record("content", count: 2) { (reader) throws(EncodingFailure) in
                .content(try reader.value("contentRange"), try reader.optional("chunks"))
            }
        default: throw reader.failure(.unknownCase, "kind")
        }
    }
}

extension CBORWriter {
    mutating func write(transactions: [[UInt8]]) {
        array(transactions.count)
        for transaction in transactions { write(bytes: transaction) }
    }
}

extension CBORReader {
    mutating func transactions() throws(EncodingFailure) -> [[UInt8]] {
        try list("transactions", max: WireLimits.blockTransactions) { (reader) throws(EncodingFailure) in
            try reader.byteString("transaction", max: WireLimits.transactionBytes)
        }
    }
}

/// Bounds of one message; the transport refuses more than 8 MiB before any of them is looked at.
public enum PeerMessageLimits {
    /// 128 views of a hundred validators' certificates are 900 KB.
    public static let certificates = 128
    /// 16 bytes each: what a second of full load announces fits into one message.
    public static let tags = 8_192
    /// Blocks of one answer of sync.
    public static let blocks = 64
    /// What one answer of sync holds at most, except that it holds at least one block.
    public static let blocksBytes = 2 * 1024 * 1024
    /// Transactions of one answer; the rest is asked for again.
    public static let transactionsBytes = 512 * 1024
    /// Transactions that ride on a proposal since not everyone is known to have them.
    public static let proposedBytes = 256 * 1024
    public static let addresses = 128
    public static let hostBytes = 253
}
