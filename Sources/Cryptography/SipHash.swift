internal import COpenSSL

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
    public func hash(_ bytes: [UInt8]) -> UInt64 {
        var output = [UInt8](repeating: 0, count: 8)
        var count = 0
        let begun = unsafe EVP_MAC_init(context, nil, 0, nil)
        let updated = unsafe EVP_MAC_update(context, bytes, bytes.count)
        let ended = unsafe EVP_MAC_final(context, &output, &count, output.count)
        precondition(
            begun == 1 && updated == 1 && ended == 1 && count == 8, "SipHash of bytes in memory has no failure")
        return output.reduce(0) { $0 << 8 | UInt64($1) }
    }
}
