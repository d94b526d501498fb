internal import Cryptography
public import Primitives

/// Encrypts chunks. They do not depend on each other, so slices of a content can be sealed at the same time, in any order,
/// and sealing can go on at any chunk.
public struct ChunkSealer: Sendable {
    public let layout: ContentLayout
    private let keys: ContentKeys

    /// A second content under the same keys would show where the two differ: take a fresh salt for each.
    public init(keys: ContentKeys, layout: ContentLayout) {
        self.keys = keys
        self.layout = layout
    }

    /// Seals `chunks`, whose plaintext begins `plaintext`, into the start of `ciphertext`; returns the hashes of the leaves
    /// that they are in the Merkle tree. Precondition: the chunks are of this content, and both arrays have room.
    public func seal(
        _ chunks: Range<UInt64>, _ plaintext: borrowing [UInt8], into ciphertext: inout [UInt8]
    ) throws(ContentFailure) -> [Hash] {
        do {
            let cipher = try KeyedAES256GCM(key: keys.key, seals: true)
            let start = layout.streamRange(chunks).lowerBound
            var leaves: [Hash] = []
            leaves.reserveCapacity(chunks.count)
            var offset = 0
            for chunk in chunks {
                let range = layout.streamRange(chunk..<chunk + 1)
                let nonce = keys.nonce(chunk: chunk, isLast: chunk + 1 == layout.chunkCount)
                try cipher.seal(
                    plaintext.span.extracting(Int(range.lowerBound - start)..<Int(range.upperBound - start)),
                    nonce: nonce, into: &ciphertext, at: offset)
                let end = offset + range.count + ContentLayout.overhead
                leaves.append(MerkleLog.leafHash(ciphertext.span.extracting(offset..<end)))
                offset = end
            }
            return leaves
        } catch {
            throw .cryptography(error)
        }
    }
}
