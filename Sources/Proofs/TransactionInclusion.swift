public import Blocks
internal import Cryptography
public import Encoding
public import Primitives
public import Transactions

/// Proof that a block holds a transaction, and what came of it: inclusion is success.
///
/// Bytes: `[index, count, transaction, [hash…], receipt, [hash…]]`: the position among the block's `count`
/// transactions, the complete bytes with their path to the header's transactions root, the receipt with its path to the
/// receipts root (RFC 9162; leaf `index + 1` of `count + 1`, since the receipt of due work is leaf 0).
public struct TransactionInclusion: CBORCodable, Hashable, Sendable {
    static let maximumPath = 64

    public let index: UInt64
    public let count: UInt64
    public let transaction: [UInt8]
    public let transactionPath: [Hash]
    public let receipt: Receipt
    public let receiptPath: [Hash]

    private init(
        index: UInt64, count: UInt64, transaction: [UInt8], transactionPath: [Hash], receipt: Receipt,
        receiptPath: [Hash]
    ) {
        self.index = index
        self.count = count
        self.transaction = transaction
        self.transactionPath = transactionPath
        self.receipt = receipt
        self.receiptPath = receiptPath
    }

    /// Nil unless block and receipts have a transaction at `index`.
    public static func make(at index: Int, of block: Block, receipts: BlockReceipts) -> TransactionInclusion? {
        let receiptLeaves = ([receipts.due] + receipts.transactions).map { MerkleLog.leafHash($0.encoded) }
        guard index >= 0, index < receipts.transactions.count,
            let path = MerkleLog.inclusionProof(of: index, in: block.transactions.map(MerkleLog.leafHash)),
            let receiptPath = MerkleLog.inclusionProof(of: index + 1, in: receiptLeaves)
        else { return nil }
        return TransactionInclusion(
            index: UInt64(index), count: UInt64(block.transactions.count), transaction: block.transactions[index],
            transactionPath: path, receipt: receipts.transactions[index], receiptPath: receiptPath)
    }

    /// The transaction, if the block with `header` holds it and did what the receipt says. Signatures need no check: the
    /// validators checked them.
    public func verify(in header: BlockHeader) throws(ProofFailure) -> SignedTransaction {
        guard count <= UInt64(WireLimits.blockTransactions),
            MerkleLog.verifyInclusion(
                of: MerkleLog.leafHash(transaction), at: index, count: count, path: transactionPath,
                root: header.transactionsRoot)
        else { throw ProofFailure("transaction", "block \(header.height) does not hold it at position \(index)") }
        guard
            MerkleLog.verifyInclusion(
                of: MerkleLog.leafHash(receipt.encoded), at: index + 1, count: count + 1, path: receiptPath,
                root: header.receiptsRoot)
        else { throw ProofFailure("receipt", "it is not the receipt of position \(index) of block \(header.height)") }
        let signed: SignedTransaction
        do throws(Rejection) {
            signed = try SignedTransaction(try RawTransaction(transaction))
        } catch {
            throw ProofFailure("transaction", "it does not decode: \(error.message)")
        }
        guard signed.hash == receipt.transactionHash else {
            throw ProofFailure("receipt", "it is the receipt of transaction \(receipt.transactionHash)")
        }
        return signed
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(6)
        writer.write(index)
        writer.write(count)
        writer.write(bytes: transaction)
        writer.write(transactionPath)
        writer.write(receipt)
        writer.write(receiptPath)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("inclusion", count: 6) { (reader) throws(EncodingFailure) in
            TransactionInclusion(
                index: try reader.unsigned("index"), count: try reader.unsigned("count"),
                transaction: try reader.byteString("transaction", max: WireLimits.transactionBytes),
                transactionPath: try reader.list("transactionPath", max: Self.maximumPath),
                receipt: try reader.value("receipt"),
                receiptPath: try reader.list("receiptPath", max: Self.maximumPath))
        }
    }
}
