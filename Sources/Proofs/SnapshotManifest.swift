public import Blocks
public import Encoding
internal import Governance
internal import Primitives
public import StateModel

/// A whole state that can be had in chunks: of which block, and why it is final. Its chunks prove themselves against
/// that block's state root, so nothing else in it needs to be believed.
///
/// Bytes: `[2, chain evidence, epoch read, cuts, entries, bytes]`. The read proves that the block ends an epoch: only
/// there can a node begin. Other cuts than those the state is due would do as well, if somebody has chunks of them.
public struct SnapshotManifest: CBORCodable, Hashable, Sendable {
    public static let formatVersion: UInt64 = 2
    /// What a message of the transport holds: some three hundred changes of a hundred validators, or two hundred beside
    /// the most and longest cuts.
    public static let maximumBytes = 7 << 20
    /// More than anyone's state; they only tell progress.
    static let largest: UInt64 = 1 << 50

    /// That the block is final. Its first header is the block's.
    public let chain: ChainEvidence
    /// The epoch that the state says comes next.
    public let epoch: ProvenRead
    public let cuts: ChunkCuts
    /// How many entries the state has, and how many bytes the chunks; for progress only.
    public let entries: UInt64
    public let bytes: UInt64

    public init(chain: ChainEvidence, epoch: ProvenRead, cuts: ChunkCuts, entries: UInt64, bytes: UInt64) {
        self.chain = chain
        self.epoch = epoch
        self.cuts = cuts
        self.entries = entries
        self.bytes = bytes
    }

    public var header: BlockHeader? { chain.headers.first }
    public var chunks: Int { cuts.count }

    /// Which format encoded bytes are of, whatever else they hold; nil if they are no manifest.
    public static func format(of bytes: [UInt8]) -> UInt64? {
        var reader = CBORReader(bytes)
        return try? reader.union { (_, kind, _) in kind }
    }

    /// The header of the block, if a node can begin behind it and `trusted` is.
    public func verify(trusting trusted: Checkpoint) throws(ProofFailure) -> BlockHeader {
        let header = try chain.verify(trusting: trusted)
        guard header.height > trusted.height, chain.headers.count == 1, chain.certificate != nil else {
            throw ProofFailure("chain", "the snapshot is not of a block above the trusted one with its own certificate")
        }
        guard epoch.key == Validators.epochKey, let value = epoch.value,
            epoch.proof.verifies(epoch.key, value: value, root: header.stateRoot),
            let record = try? EpochRecord(decoding: value), record.firstHeight == header.height.next
        else {
            throw ProofFailure("epoch", "the snapshot is of block \(header.height), which does not end an epoch")
        }
        return header
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(6)
        writer.write(Self.formatVersion)
        writer.write(chain)
        writer.write(epoch)
        writer.write(cuts)
        writer.write(entries)
        writer.write(bytes)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("manifest", count: 6) { (reader) throws(EncodingFailure) in
            guard try reader.unsigned("formatVersion") == Self.formatVersion else {
                throw reader.failure(.outOfRange, "formatVersion")
            }
            return SnapshotManifest(
                chain: try reader.value("chain"), epoch: try reader.value("epoch"),
                cuts: try reader.value("cuts"), entries: try reader.unsigned("entries", max: Self.largest),
                bytes: try reader.unsigned("bytes", max: Self.largest))
        }
    }
}
