internal import Cryptography
public import Encoding
public import Primitives

/// Proves chunks of a content to whoever knows its root and size: the hashes of the subtrees beside them.
/// The size itself is proven only by the last chunk: the trees of two sizes can share what lies before it.
///
/// Bytes: `[first, count, [sibling…]]`, the siblings from left to right.
public struct ContentRangeProof: CBORCodable, Hashable, Sendable {
    /// A tree of 2^32 leaves has 32 levels with at most two siblings each.
    public static let maximumSiblings = 64

    /// Never empty.
    public let chunks: Range<UInt64>
    public let siblings: [Hash]

    private init(chunks: Range<UInt64>, siblings: [Hash]) {
        self.chunks = chunks
        self.siblings = siblings
    }

    /// Of a content whose leaves are all at hand. Throws unless it has the chunks.
    public init(of chunks: Range<UInt64>, leaves: [Hash]) throws(ContentFailure) {
        guard let siblings = MerkleLog.rangeProof(of: chunks, in: leaves) else {
            throw .impossibleRange(first: chunks.lowerBound, count: chunks.length)
        }
        self.init(chunks: chunks, siblings: siblings)
    }

    /// `hash` gives the root of the subtree over some leaves: a store that keeps inner nodes needs not read every leaf.
    /// Throws unless the content has the chunks, and what `hash` throws.
    public init(
        of chunks: Range<UInt64>, in layout: ContentLayout, hash: (Range<UInt64>) throws -> Hash
    ) throws {
        guard let siblings = MerkleLog.siblings(of: chunks, count: layout.chunkCount) else {
            throw ContentFailure.impossibleRange(first: chunks.lowerBound, count: chunks.length)
        }
        self.init(chunks: chunks, siblings: try siblings.map(hash))
    }

    /// Throws unless `leaves` are the hashes of ``chunks``, all of them, under `root` in a content of that layout.
    public func verify(leaves: [Hash], root: Hash, layout: ContentLayout) throws(ContentFailure) {
        guard chunks.upperBound <= layout.chunkCount else {
            throw .impossibleRange(first: chunks.lowerBound, count: chunks.length)
        }
        let isProven =
            UInt64(leaves.count) == chunks.length
            && MerkleLog.verifyRange(
                leaves, from: chunks.lowerBound, count: layout.chunkCount, siblings: siblings, root: root)
        guard isProven else { throw .rangeNotProven(first: chunks.lowerBound, count: chunks.length) }
    }

    /// Throws unless `ciphertext` is ``chunks``, nothing less or more, under `root` in a content of that layout.
    public func verify(ciphertext: borrowing [UInt8], root: Hash, layout: ContentLayout) throws(ContentFailure) {
        guard chunks.upperBound <= layout.chunkCount else {
            throw .impossibleRange(first: chunks.lowerBound, count: chunks.length)
        }
        let expected = UInt64(layout.ciphertextRange(chunks).count)
        let found = UInt64(ciphertext.count)
        guard found >= expected else { throw .truncated(found: found, expected: expected) }
        guard found == expected else { throw .trailing(found: found, expected: expected) }
        try verify(leaves: ChunkOpener.leaves(chunks, ciphertext, in: layout), root: root, layout: layout)
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(3)
        writer.write(chunks.lowerBound)
        writer.write(chunks.length)
        writer.write(siblings)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("range", count: 3) { (reader) throws(EncodingFailure) in
            let first = try reader.unsigned("first", max: UInt64(UInt32.max))
            let count = try reader.unsigned("count", max: UInt64(UInt32.max))
            guard count > 0 else { throw reader.failure(.outOfRange, "count") }
            return ContentRangeProof(
                chunks: first..<first + count,
                siblings: try reader.list("siblings", max: ContentRangeProof.maximumSiblings, of: Hash.self))
        }
    }
}
