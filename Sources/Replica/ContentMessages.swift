public import Encoding
public import Primitives

/// Chunks of an encrypted content (Specs/content-store.md). Bytes: `[root, size, first, count]`.
public struct ContentChunkRange: CBORCodable, Hashable, Sendable {
    public let root: Hash
    /// Bytes of the whole content, as the ledger has it: a peer whose content has another size has not this one.
    public let size: UInt64
    public let first: UInt64
    /// 1 to ``PeerMessageLimits/contentChunks``.
    public let count: UInt64

    /// Precondition: the count is within its bounds.
    public init(root: Hash, size: UInt64, first: UInt64, count: UInt64) {
        precondition(count > 0 && count <= PeerMessageLimits.contentChunks, "a range is bounded")
        self.root = root
        self.size = size
        self.first = first
        self.count = count
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(4)
        writer.write(root)
        writer.write(size)
        writer.write(first)
        writer.write(count)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("contentRange", count: 4) { (reader) throws(EncodingFailure) in
            let root: Hash = try reader.value("root")
            let size = try reader.unsigned("size")
            let first = try reader.unsigned("first", max: PeerMessageLimits.contentLastChunk)
            let count = try reader.unsigned("count", max: PeerMessageLimits.contentChunks)
            guard count > 0 else { throw reader.failure(.outOfRange, "count") }
            return ContentChunkRange(root: root, size: size, first: first, count: count)
        }
    }
}

/// Chunks of a content with the hashes that lead from them to the root. Bytes: `[[chunk…], [sibling…]]`.
public struct ContentChunks: CBORCodable, Hashable, Sendable {
    /// Ciphertext, in order.
    public let chunks: [[UInt8]]
    /// The subtrees beside them, from left to right.
    public let siblings: [Hash]

    public init(chunks: [[UInt8]], siblings: [Hash]) {
        self.chunks = chunks
        self.siblings = siblings
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.array(chunks.count)
        for chunk in chunks { writer.write(bytes: chunk) }
        writer.write(siblings)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("contentChunks", count: 2) { (reader) throws(EncodingFailure) in
            ContentChunks(
                chunks: try reader.list("chunks", max: Int(PeerMessageLimits.contentChunks)) {
                    (reader) throws(EncodingFailure) in
                    try reader.byteString("chunk", max: PeerMessageLimits.contentChunkBytes)
                }, siblings: try reader.list("siblings", max: PeerMessageLimits.contentSiblings))
        }
    }
}

extension PeerMessageLimits {
    /// A mebibyte in one answer.
    public static let contentChunks: UInt64 = 16
    public static let contentChunkBytes = 65_552
    /// Two for each level of the largest tree.
    public static let contentSiblings = 64
    /// What the largest content has fewer chunks than.
    public static let contentLastChunk: UInt64 = (1 << 32) - 1
}
