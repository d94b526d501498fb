internal import COpenSSL
public import Primitives

/// SipHash-2-4 with 64 bits of output, of libcrypto: short names that nobody can prepare collisions of who does not know
/// the key beforehand. Not a commitment: whoever knows the key finds collisions in 2^32 tries.
@safe public final class SipHash {
    public static let keyCount = 16
    private let context: OpaquePointer
    private let key0: UInt64
    private let key1: UInt64

    /// Precondition: 16 bytes.
    public init(key: [UInt8]) {
        precondition(key.count == Self.keyCount, "a SipHash key has 16 bytes")
        guard let method = unsafe EVP_MAC_fetch(nil, "SIPHASH", nil), let context = unsafe EVP_MAC_CTX_new(method)
        else { preconditionFailure("libcrypto 3 has SipHash") }
        unsafe EVP_MAC_free(method)
        unsafe self.context = context
        key0 = key[0..<8].reversed().reduce(0) { $0 << 8 | UInt64($1) }
        key1 = key[8..<16].reversed().reduce(0) { $0 << 8 | UInt64($1) }
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

    /// The same of 32 bytes, without libcrypto's detours: a proposal is compared with everything that waits in the pool.
    public func hash(_ bytes: Bytes32) -> UInt64 {
        var state = State(key0, key1)
        let words = bytes.bigEndianWords
        state.absorb(UInt64(littleEndian: words.0))
        state.absorb(UInt64(littleEndian: words.1))
        state.absorb(UInt64(littleEndian: words.2))
        state.absorb(UInt64(littleEndian: words.3))
        // The last block holds what is left over, nothing, and the length.
        state.absorb(UInt64(Bytes32.count) << 56)
        return state.finalize().byteSwapped
    }

    /// Aumasson and Bernstein, "SipHash: a fast short-input PRF", section 2.
    private struct State {
        private var v0: UInt64
        private var v1: UInt64
        private var v2: UInt64
        private var v3: UInt64

        init(_ key0: UInt64, _ key1: UInt64) {
            v0 = key0 ^ 0x736f_6d65_7073_6575
            v1 = key1 ^ 0x646f_7261_6e64_6f6d
            v2 = key0 ^ 0x6c79_6765_6e65_7261
            v3 = key1 ^ 0x7465_6462_7974_6573
        }

        private static func rotated(_ word: UInt64, by count: UInt64) -> UInt64 {
            word &<< count | word &>> (64 - count)
        }

        private mutating func round() {
            v0 &+= v1
            v1 = Self.rotated(v1, by: 13) ^ v0
            v0 = Self.rotated(v0, by: 32)
            v2 &+= v3
            v3 = Self.rotated(v3, by: 16) ^ v2
            v0 &+= v3
            v3 = Self.rotated(v3, by: 21) ^ v0
            v2 &+= v1
            v1 = Self.rotated(v1, by: 17) ^ v2
            v2 = Self.rotated(v2, by: 32)
        }

        mutating func absorb(_ word: UInt64) {
            v3 ^= word
            round()
            round()
            v0 ^= word
        }

        mutating func finalize() -> UInt64 {
            v2 ^= 0xff
            for _ in 0..<4 { round() }
            return v0 ^ v1 ^ v2 ^ v3
        }
    }
}
