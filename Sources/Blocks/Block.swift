internal import Cryptography
public import Encoding
public import Primitives
public import Votes

/// A header and what it commits to.
///
/// Bytes: `[header, [transaction bytes…], [evidence…], restart / null]`.
public struct Block: CBORCodable, Hashable, Sendable {
    public let header: BlockHeader
    /// Complete bytes of each transaction, in the order of execution.
    public let transactions: [[UInt8]]
    public let evidence: [Evidence]
    /// Why this block is of the epoch after its parent's, where its parent is not at an epoch's last height.
    public let restart: EpochRestart?
    /// The header's hash.
    public let hash: Hash

    public static let maximumEvidence = 16

    public init(header: BlockHeader, transactions: [[UInt8]], evidence: [Evidence], restart: EpochRestart? = nil) {
        self.header = header
        self.transactions = transactions
        self.evidence = evidence
        self.restart = restart
        hash = header.hash
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(4)
        writer.write(header)
        writer.array(transactions.count)
        for transaction in transactions { writer.write(bytes: transaction) }
        writer.write(evidence)
        writer.write(restart)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("block", count: 4) { (reader) throws(EncodingFailure) in
            Block(
                header: try reader.value("header"),
                transactions: try reader.list("transactions", max: WireLimits.blockTransactions) {
                    (reader) throws(EncodingFailure) in
                    try reader.byteString("transaction", max: WireLimits.transactionBytes)
                },
                evidence: try reader.list("evidence", max: Self.maximumEvidence),
                restart: try reader.optional("restart"))
        }
    }

    public static func transactionsRoot(of transactions: [[UInt8]]) -> Hash { MerkleLog.root(of: transactions) }
    /// What brings about a restart stands behind the evidence.
    public static func evidenceRoot(of evidence: [Evidence], restart: EpochRestart? = nil) -> Hash {
        MerkleLog.root(of: evidence.map(\.encoded) + (restart.map { [$0.encoded] } ?? []))
    }

    /// True if the body is the one that the header commits to.
    public var bodyMatchesHeader: Bool {
        header.transactionsRoot == Self.transactionsRoot(of: transactions)
            && header.evidenceRoot == Self.evidenceRoot(of: evidence, restart: restart)
    }
}

/// A block that can't be undone: a quorum finalized it, or a descendant of it.
///
/// Bytes: `[block, certificate / null]`; null where a later block of the log carries the certificate.
public struct FinalizedBlock: CBORCodable, Hashable, Sendable {
    public let block: Block
    /// A finalization certificate over this block's hash. Nil where finality came with a descendant's.
    public let certificate: Certificate?

    public init(block: Block, certificate: Certificate?) {
        self.block = block
        self.certificate = certificate
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(block)
        writer.write(certificate)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("finalizedBlock", count: 2) { (reader) throws(EncodingFailure) in
            FinalizedBlock(block: try reader.value("block"), certificate: try reader.optional("certificate"))
        }
    }
}
