internal import COpenSSL
public import Primitives

/// SipHash-2-4 with 64 bits of output, of libcrypto: short names that nobody can prepare collisions of who does not know
/// the key beforehand. Not a commitment: whoever knows the key finds collisions in 2^32 tries.
@safe public final class SipHash {
    public static let keyCount = 16
    private let context: OpaquePointer

    /// Precondition: 16 bytes.
    public init(key: [UInt8]) {
        precondition(key.count == Self.keyCount, "a SipHash key has 16 bytes")
        guard let method = unsafe EVP_MAC_fetch(nil, "SIPHASH", nil), let context = unsafe EVP_MAC_CTX_new(method)
        else { preconditionFailure("libcrypto 3 has SipHash") }
        unsafe EVP_MAC_free(method)
        unsafe self.context = context
        var size = 8
        let isReady = unsafe withUnsafeMutablePointer(to: &size) { pointer in
            var parameters = unsafe [
                OSSL_PARAM_construct_size_t(OSSL_MAC_PARAM_SIZE, pointer), OSSL_PARAM_construct_end(),
            ]
            return unsafe EVP_MAC_init(context, key, key.count, &parameters)
        }
        precondition(isReady == 1, "libcrypto takes a 16-byte key and gives 8 bytes")
    }

    deinit { unsafe EVP_MAC_CTX_free(context) }

    /// The hash of `bytes`, its eight bytes read as a big-endian number.
    public func hash(_ bytes: [UInt8]) -> UInt64 { unsafe bytes.withUnsafeBytes { unsafe hash($0) } }

    /// The same of 32 bytes: a proposal is compared with everything that waits in the pool, so nothing is allocated.
    public func hash(_ bytes: Bytes32) -> UInt64 {
        unsafe withUnsafeBytes(of: bytes.bigEndianWords) { unsafe hash($0) }
    }

    private func hash(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        var output: UInt64 = 0
        var count = 0
        let isDone = unsafe withUnsafeMutableBytes(of: &output) { output in
            let start = unsafe output.baseAddress?.assumingMemoryBound(to: UInt8.self)
            let begun = unsafe EVP_MAC_init(context, nil, 0, nil)
            let updated = unsafe EVP_MAC_update(
                context, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count)
            let ended = unsafe EVP_MAC_final(context, start, &count, 8)
            return begun == 1 && updated == 1 && ended == 1
        }
        precondition(isDone && count == 8, "SipHash of bytes in memory has no failure")
        return UInt64(bigEndian: output)
    }
}
