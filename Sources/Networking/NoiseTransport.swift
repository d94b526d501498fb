package import Cryptography

/// One direction of a connection: a key, and how often it was used.
///
/// Not copyable, so that no nonce can be used twice.
struct NoiseCipher: ~Copyable {
    /// BOLT-8 changes the key after a thousand uses, which are five hundred messages.
    static let usesPerKey: UInt64 = 1_000

    private var key: SecretBytes
    private var chainingKey: SecretBytes
    private var nonce: UInt64 = 0

    init(key: SecretBytes, chainingKey: SecretBytes) {
        self.key = key
        self.chainingKey = chainingKey
    }

    mutating func seal(_ plaintext: [UInt8]) -> [UInt8] {
        let sealed = NoiseKeys.seal(plaintext, key: key, nonce: nonce)
        advance()
        return sealed
    }

    mutating func open(_ sealed: [UInt8]) throws(NoiseFailure) -> [UInt8] {
        let opened = try NoiseKeys.open(sealed, key: key, nonce: nonce)
        advance()
        return opened
    }

    private mutating func advance() {
        nonce += 1
        guard nonce == Self.usesPerKey else { return }
        let keys = NoiseKeys.derive(chainingKey: chainingKey, secret: key)
        chainingKey = keys.first
        key = keys.second
        nonce = 0
    }
}

/// The encrypted connection after a handshake. Each message is a header of 18 bytes (the length of the plaintext, two
/// bytes big-endian, sealed) and then the sealed plaintext, 16 bytes longer than it.
package final class NoiseTransport {
    package static let tagCount = 16
    package static let headerCount = 2 + tagCount
    /// The length has two bytes.
    package static let maximumCount = 65_535 - tagCount

    private var sending: NoiseCipher
    private var receiving: NoiseCipher

    package init(sendingKey: SecretBytes, receivingKey: SecretBytes, chainingKey: SecretBytes) {
        sending = NoiseCipher(key: sendingKey, chainingKey: chainingKey)
        receiving = NoiseCipher(key: receivingKey, chainingKey: chainingKey)
    }

    /// The bytes of one message. Precondition: at most ``maximumCount``.
    package func seal(_ plaintext: [UInt8]) -> [UInt8] {
        precondition(plaintext.count <= Self.maximumCount, "the writer cuts messages into frames")
        let length = [UInt8(plaintext.count >> 8), UInt8(plaintext.count & 0xff)]
        return sending.seal(length) + sending.seal(plaintext)
    }

    /// How many bytes follow these 18, tag included.
    package func openHeader(_ bytes: [UInt8]) throws(NoiseFailure) -> Int {
        guard bytes.count == Self.headerCount else { throw .length }
        let length = try receiving.open(bytes)
        let count = Int(length[0]) << 8 | Int(length[1])
        guard count <= Self.maximumCount else { throw .length }
        return count + Self.tagCount
    }

    package func openBody(_ bytes: [UInt8]) throws(NoiseFailure) -> [UInt8] {
        try receiving.open(bytes)
    }
}
