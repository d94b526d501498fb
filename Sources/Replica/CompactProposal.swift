public import Blocks
internal import Cryptography
public import Encoding
public import Primitives
public import Votes

/// A block offered in a view, its transactions named by eight bytes each: receivers rebuild it from what they hold.
///
/// A short id is SipHash-2-4 of the wire id, keyed by the first 16 bytes of the block's hash, so that collisions can't be
/// prepared. What the leader does not know everyone to have rides along in full.
/// Bytes: `[header, [evidence…], restart / null, view, parentView, notarize, shortIDs, [[index, transaction]…]]`, the
/// short ids joined to one string.
public struct CompactProposal: CBORCodable, Hashable, Sendable {
    public let header: BlockHeader
    public let evidence: [Evidence]
    public let restart: EpochRestart?
    public let view: View
    public let parentView: View
    /// The leader's, which offers it.
    public let notarize: SignedVote
    /// One for each transaction, in the block's order.
    public let shortIDs: [UInt64]
    /// Ascending by position.
    public let included: [Included]
    public let blockHash: Hash

    /// A transaction in full. Bytes: `[index, transaction]`.
    public struct Included: CBORCodable, Hashable, Sendable {
        public let index: Int
        public let bytes: [UInt8]

        public init(index: Int, bytes: [UInt8]) {
            self.index = index
            self.bytes = bytes
        }

        public func encode(into writer: inout CBORWriter) {
            writer.array(2)
            writer.write(index)
            writer.write(bytes: bytes)
        }

        public init(from reader: inout CBORReader) throws(EncodingFailure) {
            self = try reader.record("included", count: 2) { (reader) throws(EncodingFailure) in
                Included(
                    index: Int(try reader.unsigned("index", max: UInt64(WireLimits.blockTransactions - 1))),
                    bytes: try reader.byteString("transaction", max: WireLimits.transactionBytes))
            }
        }
    }

    public init(
        header: BlockHeader, evidence: [Evidence], restart: EpochRestart?, view: View, parentView: View,
        notarize: SignedVote, shortIDs: [UInt64], included: [Included]
    ) {
        self.header = header
        self.evidence = evidence
        self.restart = restart
        self.view = view
        self.parentView = parentView
        self.notarize = notarize
        self.shortIDs = shortIDs
        self.included = included
        blockHash = header.hash
    }

    /// What consensus needs to know of it.
    public var proposal: Proposal {
        Proposal(
            epoch: notarize.vote.epoch, view: view, parentView: parentView, blockHash: blockHash,
            parentHash: header.parent, height: header.height)
    }

    /// Gives each transaction of a block its short id.
    static func shortIDs(of wireIDs: [Hash], in blockHash: Hash) -> [UInt64] {
        let hasher = hasher(blockHash)
        return wireIDs.map { hasher.hash($0.bytes) }
    }

    static func hasher(_ blockHash: Hash) -> SipHash {
        SipHash(key: Array(blockHash.bytes.array.prefix(SipHash.keyCount)))
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(8)
        writer.write(header)
        writer.write(evidence)
        writer.write(restart)
        writer.write(view)
        writer.write(parentView)
        writer.write(notarize)
        var joined: [UInt8] = []
        joined.reserveCapacity(8 * shortIDs.count)
        for word in shortIDs {
            for shift in stride(from: 56, through: 0, by: -8) {
                joined.append(UInt8(truncatingIfNeeded: word >> shift))
            }
        }
        writer.write(bytes: joined)
        writer.write(included)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("proposal", count: 8) { (reader) throws(EncodingFailure) in
            let header: BlockHeader = try reader.value("header")
            let evidence: [Evidence] = try reader.list("evidence", max: Block.maximumEvidence)
            let restart: EpochRestart? = try reader.optional("restart")
            let view: View = try reader.value("view")
            let parentView: View = try reader.value("parentView")
            let notarize: SignedVote = try reader.value("notarize")
            let joined = try reader.byteString("shortIDs", max: 8 * WireLimits.blockTransactions)
            guard joined.count.isMultiple(of: 8) else { throw reader.failure(.wrongCount, "shortIDs") }
            let shortIDs = stride(from: 0, to: joined.count, by: 8).map { start in
                joined[start..<start + 8].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            }
            let included: [Included] = try reader.sortedList("included", max: WireLimits.blockTransactions) { $0.index }
            guard included.last.map({ $0.index < shortIDs.count }) ?? true else {
                throw reader.failure(.outOfRange, "included")
            }
            return CompactProposal(
                header: header, evidence: evidence, restart: restart, view: view, parentView: parentView,
                notarize: notarize,
                shortIDs: shortIDs, included: included)
        }
    }
}
