/// How many bytes stand where: a content's ciphertext is chunks of one size and a last one that may be shorter.
public struct ContentLayout: Hashable, Sendable {
    /// Bytes of plaintext in every chunk but the last.
    public static let plaintextChunk = 65_536
    /// Bytes that the tag adds to a chunk.
    public static let overhead = 16
    /// Bytes of ciphertext in every chunk but the last.
    public static let ciphertextChunk = plaintextChunk + overhead
    /// Chunks that are read, sealed and written at once: 1 MiB.
    public static let chunksPerSlice: UInt64 = 16
    /// Bytes of ciphertext: the ledger's bound. Its chunks are far fewer than the nonce's counter has numbers.
    public static let maximumSize: UInt64 = 1 << 44

    /// Bytes of ciphertext.
    public let size: UInt64
    public let chunkCount: UInt64

    /// Throws unless whole chunks, the last with 1 to 65,536 bytes of plaintext, can have `size` bytes of ciphertext.
    public init(size: UInt64) throws(ContentFailure) {
        let chunk = UInt64(Self.ciphertextChunk)
        let rest = size % chunk
        guard size > 0, size <= Self.maximumSize, rest == 0 || rest > UInt64(Self.overhead) else {
            throw .impossibleSize(size)
        }
        self.size = size
        chunkCount = (size + chunk - 1) / chunk
    }

    /// Of a plaintext of `streamSize` bytes. Throws for none, and for more than a content may have.
    public init(streamSize: UInt64) throws(ContentFailure) {
        let chunk = UInt64(Self.plaintextChunk)
        guard streamSize > 0, streamSize <= Self.maximumSize else { throw .impossibleSize(streamSize) }
        try self.init(size: streamSize + (streamSize + chunk - 1) / chunk * UInt64(Self.overhead))
    }

    /// Bytes of plaintext.
    public var streamSize: UInt64 { size - chunkCount * UInt64(Self.overhead) }
    public var sliceCount: UInt64 { (chunkCount + Self.chunksPerSlice - 1) / Self.chunksPerSlice }

    /// The chunks of a slice. Precondition: it is one of ``sliceCount``.
    public func chunks(ofSlice slice: UInt64) -> Range<UInt64> {
        precondition(slice < sliceCount)
        let first = slice * Self.chunksPerSlice
        return first..<min(first + Self.chunksPerSlice, chunkCount)
    }

    /// Where chunks lie in the ciphertext. Precondition: they are of this content.
    public func ciphertextRange(_ chunks: Range<UInt64>) -> Range<UInt64> {
        bytes(chunks, each: Self.ciphertextChunk, all: size)
    }

    /// Where chunks lie in the plaintext. Precondition: they are of this content.
    public func streamRange(_ chunks: Range<UInt64>) -> Range<UInt64> {
        bytes(chunks, each: Self.plaintextChunk, all: streamSize)
    }

    private func bytes(_ chunks: Range<UInt64>, each: Int, all: UInt64) -> Range<UInt64> {
        precondition(chunks.upperBound <= chunkCount)
        return min(chunks.lowerBound * UInt64(each), all)..<min(chunks.upperBound * UInt64(each), all)
    }

    /// The chunks that hold these bytes of the plaintext. Throws unless they are some, and inside.
    public func chunks(holding range: Range<UInt64>) throws(ContentFailure) -> Range<UInt64> {
        let chunk = UInt64(Self.plaintextChunk)
        guard !range.isEmpty, range.upperBound <= streamSize else {
            throw .impossibleRange(first: range.lowerBound / chunk, count: range.length / chunk)
        }
        return range.lowerBound / chunk..<(range.upperBound - 1) / chunk + 1
    }

    /// Throws unless a file or an answer of `found` bytes can be this content.
    public func check(found: UInt64) throws(ContentFailure) {
        guard found >= size else { throw .truncated(found: found, expected: size) }
        guard found == size else { throw .trailing(found: found, expected: size) }
    }
}

extension Range<UInt64> {
    /// As `count`, which traps above 2^63: a range that somebody asks for may be any.
    var length: UInt64 { upperBound - lowerBound }
}
