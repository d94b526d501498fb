public import Blocks
public import Encoding
internal import Primitives
internal import StateModel

/// A whole state that can be had in chunks: of which block, and why it is final. Its chunks prove themselves against
/// that block's state root, so nothing else in it needs to be believed.
///
/// Bytes: `[1, chain evidence, depth, entries, bytes]`; there are 2^depth chunks.
public struct SnapshotManifest: CBORCodable, Hashable, Sendable {
    public static let formatVersion: UInt64 = 1
    /// A thousand changes of a hundred validators.
    public static let maximumBytes = 32 << 20
    /// Of all but networks whose validators changed hundreds of times.
    public static let usualBytes = 4 << 20

    /// That the block is final. Its first header is the block's.
    public let chain: ChainEvidence
    public let depth: Int
    /// How many entries the state has, and how many bytes the chunks; for progress only.
    public let entries: UInt64
    public let bytes: UInt64

    public init(chain: ChainEvidence, depth: Int, entries: UInt64, bytes: UInt64) {
        self.chain = chain
        self.depth = depth
        self.entries = entries
        self.bytes = bytes
    }

    public var header: BlockHeader? { chain.headers.first }
    public var chunks: Int { 1 << depth }

    public func encode(into writer: inout CBORWriter) {
        writer.array(5)
        writer.write(Self.formatVersion)
        writer.write(chain)
        writer.write(UInt64(depth))
        writer.write(entries)
        writer.write(bytes)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("manifest", count: 5) { (reader) throws(EncodingFailure) in
            guard try reader.unsigned("formatVersion") == Self.formatVersion else {
                throw reader.failure(.outOfRange, "formatVersion")
            }
            return SnapshotManifest(
                chain: try reader.value("chain"),
                depth: Int(try reader.unsigned("depth", max: UInt64(StateChunk.maximumDepth))),
                entries: try reader.unsigned("entries"), bytes: try reader.unsigned("bytes"))
        }
    }
}
