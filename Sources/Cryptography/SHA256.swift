internal import COpenSSL
public import Primitives

/// SHA-256 (FIPS 180-4) of libcrypto.
public struct SHA256: Sendable {
    private var context = SHA256_CTX()

    public init() { _ = unsafe SHA256_Init(&context) }

    public mutating func update(_ bytes: [UInt8]) {
        _ = unsafe bytes.withUnsafeBytes { unsafe SHA256_Update(&context, $0.baseAddress, $0.count) }
    }

    public mutating func update(_ bytes: ArraySlice<UInt8>) {
        _ = unsafe bytes.withUnsafeBytes { unsafe SHA256_Update(&context, $0.baseAddress, $0.count) }
    }

    public mutating func update(_ bytes: Span<UInt8>) {
        _ = unsafe bytes.withUnsafeBufferPointer { unsafe SHA256_Update(&context, $0.baseAddress, $0.count) }
    }

    public mutating func update(_ byte: UInt8) {
        var byte = byte
        _ = unsafe SHA256_Update(&context, &byte, 1)
    }

    /// Eight bytes, big-endian.
    public mutating func update(bigEndian number: UInt64) {
        var bytes = number.bigEndian
        _ = unsafe SHA256_Update(&context, &bytes, 8)
    }

    public mutating func update(_ value: Bytes32) {
        // Four words laid out big-endian are the 32 bytes themselves.
        var words = value.bigEndianWords
        _ = unsafe withUnsafeBytes(of: &words) { unsafe SHA256_Update(&context, $0.baseAddress, 32) }
    }

    /// The digest of all that was given; the hasher can't be used further.
    public consuming func finalize() -> Hash {
        var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        _ = unsafe withUnsafeMutableBytes(of: &words) {
            unsafe SHA256_Final($0.baseAddress?.assumingMemoryBound(to: UInt8.self), &context)
        }
        return Hash(Bytes32(bigEndianWords: words))
    }

    public static func hash(_ bytes: [UInt8]) -> Hash {
        var hasher = SHA256()
        hasher.update(bytes)
        return hasher.finalize()
    }
}
