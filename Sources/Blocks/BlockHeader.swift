internal import Cryptography
public import Encoding
public import Primitives
public import Votes

/// What is agreed on: its hash is the block's name, and it commits to everything else.
///
/// It contains no view, so that a block can be proposed again unchanged. Bytes: an array of the fields in this order,
/// behind the format version.
public struct BlockHeader: CBORCodable, Codable, Hashable, Sendable {
    public static let formatVersion: UInt64 = 1

    public let network: Hash
    public let height: Height
    public let parent: Hash
    /// Strictly later than the parent's.
    public let time: Timestamp
    public let epoch: UInt64
    /// Index of the proposing validator in the epoch's set.
    public let proposer: UInt64
    /// Hash of the validator set whose certificate makes this block final.
    public let validatorSet: Hash
    /// RFC 6962 root over the complete bytes of each transaction.
    public let transactionsRoot: Hash
    /// RFC 6962 root over the receipts: of the due work, then of each transaction.
    public let receiptsRoot: Hash
    /// RFC 6962 root over the evidence of misbehavior that the block carries.
    public let evidenceRoot: Hash
    /// Root of the authenticated state after this block.
    public let stateRoot: Hash

    public init(
        network: Hash, height: Height, parent: Hash, time: Timestamp, epoch: UInt64, proposer: UInt64,
        validatorSet: Hash, transactionsRoot: Hash, receiptsRoot: Hash, evidenceRoot: Hash, stateRoot: Hash
    ) {
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
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(12)
        writer.write(Self.formatVersion)
        writer.write(network)
        writer.write(height)
        writer.write(parent)
        writer.write(time)
        writer.write(epoch)
        writer.write(proposer)
        writer.write(validatorSet)
        writer.write(transactionsRoot)
        writer.write(receiptsRoot)
        writer.write(evidenceRoot)
        writer.write(stateRoot)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("header", count: 12) { (reader) throws(EncodingFailure) in
            guard try reader.unsigned("formatVersion") == Self.formatVersion else {
                throw reader.failure(.outOfRange, "formatVersion")
            }
            return BlockHeader(
                network: try reader.value("network"), height: try reader.value("height"),
                parent: try reader.value("parent"), time: try reader.value("time"),
                epoch: try reader.unsigned("epoch"), proposer: try reader.unsigned("proposer"),
                validatorSet: try reader.value("validatorSet"),
                transactionsRoot: try reader.value("transactionsRoot"),
                receiptsRoot: try reader.value("receiptsRoot"), evidenceRoot: try reader.value("evidenceRoot"),
                stateRoot: try reader.value("stateRoot"))
        }
    }

    /// True if `certificate` proves that a quorum of `set`, which is the set that this header names, made the block final.
    public func isFinal(by certificate: Certificate, of set: ValidatorSet) -> Bool {
        validatorSet == set.hash && certificate.kind == .finalize && certificate.blockHash == hash
            && certificate.epoch.value == epoch && certificate.isValid(network: network, by: set)
    }

    /// The block's hash.
    public var hash: Hash { HashTag.header.hash(encoded) }
}
