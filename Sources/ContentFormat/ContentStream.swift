/// The plaintext that is cut into chunks: header ‖ file ‖ zeros.
///
/// The zeros bring it to a size that says little of the file's own: the exact size on an append-only ledger would name the
/// file to everyone who has it. Padmé keeps ⌊log2 log2 size⌋ + 1 bits behind the first; it adds at most 12 %, and of large
/// files far less (5 GB: 1 %).
public struct ContentStream: Hashable, Sendable {
    public let header: ContentHeader
    public let layout: ContentLayout

    /// Throws if the file is larger than a content may be.
    public init(header: ContentHeader) throws(ContentFailure) {
        self.header = header
        layout = try ContentLayout(streamSize: Self.size(of: header))
    }

    /// Reads the header from the start of the plaintext. Throws unless its file fills a content of that layout.
    public init(plaintext: borrowing [UInt8], layout: ContentLayout) throws(ContentFailure) {
        guard plaintext.count >= ContentHeader.regionCount, layout.streamSize >= UInt64(ContentHeader.regionCount)
        else {
            throw .header("the content is too short to have one")
        }
        header = try ContentHeader(region: plaintext[..<ContentHeader.regionCount])
        guard Self.size(of: header) == layout.streamSize else { throw .wrongFileSize(stated: header.fileSize) }
        self.layout = layout
    }

    private static func size(of header: ContentHeader) -> UInt64 {
        padded(UInt64(ContentHeader.regionCount) + header.fileSize)
    }

    /// Padmé (Nikitin and others, Reducing Metadata Leakage from Encrypted Files, 2019). Precondition: 2 ≤ size ≤ 2^62.
    static func padded(_ size: UInt64) -> UInt64 {
        precondition(size >= 2 && size <= 1 << 62)
        let exponent = 63 - size.leadingZeroBitCount
        let kept = 64 - UInt64(exponent).leadingZeroBitCount
        let mask: UInt64 = (1 << UInt64(max(exponent - kept, 0))) - 1
        return (size + mask) & ~mask
    }

    /// Bytes of the plaintext that are the file's: where they begin in it.
    private var fileRange: Range<UInt64> {
        let start = UInt64(ContentHeader.regionCount)
        return start..<start + header.fileSize
    }

    /// The bytes of the file in a range of the plaintext, and where they stand in it; empty where there are none.
    public func filePart(of range: Range<UInt64>) -> (file: Range<UInt64>, offset: Int) {
        let part = range.clamped(to: fileRange)
        let start = UInt64(ContentHeader.regionCount)
        guard !part.isEmpty else { return (0..<0, 0) }
        return (part.lowerBound - start..<part.upperBound - start, Int(part.lowerBound - range.lowerBound))
    }

    /// Writes what is not the file's, header and zeros, of a range of the plaintext into the start of `plaintext`.
    public func fill(_ range: Range<UInt64>, of plaintext: inout [UInt8]) {
        let head = range.clamped(to: 0..<UInt64(ContentHeader.regionCount))
        if !head.isEmpty {
            let region = header.region
            for place in head { plaintext[Int(place - range.lowerBound)] = region[Int(place)] }
        }
        for place in range.clamped(to: fileRange.upperBound..<UInt64.max) {
            plaintext[Int(place - range.lowerBound)] = 0
        }
    }

    /// Throws unless what follows the file in a range of the plaintext, which begins `plaintext`, is zero.
    public func checkPadding(_ range: Range<UInt64>, of plaintext: borrowing [UInt8]) throws(ContentFailure) {
        for place in range.clamped(to: fileRange.upperBound..<UInt64.max)
        where plaintext[Int(place - range.lowerBound)] != 0 {
            throw .padding(chunk: place / UInt64(ContentLayout.plaintextChunk))
        }
    }
}
