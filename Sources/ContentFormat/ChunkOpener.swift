internal import Cryptography
public import Primitives

/// Decrypts chunks, in any order. Every one is authentic at its place, or refused with the reason.
public struct ChunkOpener: Sendable {
    /// How far around its place a chunk that does not open is looked for, to say what happened.
    static let reach: UInt64 = 64

    public let layout: ContentLayout
    private let keys: ContentKeys

    /// `layout` is of the size that the ledger states, not of the bytes that happen to be there.
    public init(keys: ContentKeys, layout: ContentLayout) {
        self.keys = keys
        self.layout = layout
    }

    /// Opens `chunks`, which begin `ciphertext`, into the start of `plaintext`. Where a chunk is refused
    /// zeros are left in its place, and nothing is written behind it. Precondition: the chunks are of this content, and both arrays have room.
    public func open(
        _ chunks: Range<UInt64>, _ ciphertext: borrowing [UInt8], into plaintext: inout [UInt8]
    ) throws(ContentFailure) {
        let cipher: KeyedAES256GCM
        do { cipher = try KeyedAES256GCM(key: keys.key, seals: false) } catch { throw .cryptography(error) }
        let start = layout.ciphertextRange(chunks).lowerBound
        var offset = 0
        for chunk in chunks {
            let range = layout.ciphertextRange(chunk..<chunk + 1)
            let sealed = ciphertext.span.extracting(Int(range.lowerBound - start)..<Int(range.upperBound - start))
            let isLast = chunk + 1 == layout.chunkCount
            do {
                try cipher.open(sealed, nonce: keys.nonce(chunk: chunk, isLast: isLast), into: &plaintext, at: offset)
            } catch .notAuthentic {
                throw reason(chunk, isLast: isLast, sealed, cipher)
            } catch {
                throw .cryptography(error)
            }
            offset += range.count - ContentLayout.overhead
        }
    }

    /// The hashes of the leaves that `chunks`, which begin `ciphertext`, are in the Merkle tree; no key is needed.
    public static func leaves(
        _ chunks: Range<UInt64>, _ ciphertext: borrowing [UInt8], in layout: ContentLayout
    ) -> [Hash] {
        let start = layout.ciphertextRange(chunks).lowerBound
        return chunks.map { chunk in
            let range = layout.ciphertextRange(chunk..<chunk + 1)
            return MerkleLog.leafHash(
                ciphertext.span.extracting(Int(range.lowerBound - start)..<Int(range.upperBound - start)))
        }
    }

    /// Under which other nonce the chunk opens. Whoever made the bytes learns nothing that they did not know.
    private func reason(
        _ chunk: UInt64, isLast: Bool, _ sealed: Span<UInt8>, _ cipher: borrowing KeyedAES256GCM
    ) -> ContentFailure {
        var scratch = [UInt8](repeating: 0, count: sealed.count)
        defer { Wipe.array(&scratch) }
        func opens(_ place: UInt64, _ flag: Bool) -> Bool {
            (try? cipher.open(sealed, nonce: keys.nonce(chunk: place, isLast: flag), into: &scratch, at: 0)) != nil
        }
        if opens(chunk, !isLast) { return isLast ? .notLast(chunk: chunk) : .lastTooEarly(chunk: chunk) }
        let first = chunk > Self.reach ? chunk - Self.reach : 0
        for place in first...min(chunk + Self.reach, UInt64(UInt32.max)) where place != chunk {
            guard opens(place, false) || opens(place, true) else { continue }
            return place < chunk ? .repeated(chunk: chunk, of: place) : .misplaced(chunk: chunk, belongsAt: place)
        }
        return .damaged(chunk: chunk)
    }
}
