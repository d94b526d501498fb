public import Cryptography
public import Primitives

/// What a content point and a version's salt give (RFC 5869): the key, the nonces' prefix, and the key commitment that
/// stands on the ledger.
///
/// AES-GCM by itself can be opened with several keys to several plaintexts. Point and salt that give the commitment are
/// the only ones anyone can find, so everybody who opens the content sees the same.
public struct ContentKeys: Sendable {
    public static let pointCount = 33
    static let prefixCount = 7

    let key: SecretBytes
    let noncePrefix: [UInt8]
    public let commitment: Hash

    /// `point` is the content point, SEC 1 compressed; whether it lies on the curve is not asked here.
    public init(point: SecretBytes, salt: Hash) throws(ContentFailure) {
        guard point.count == Self.pointCount else {
            throw .cryptography(.badParameter("a content point of \(point.count) bytes"))
        }
        var secret = point.copy()
        var extracted = HKDF.extract(salt: salt.bytes.array, secret: secret)
        defer {
            Wipe.array(&secret)
            Wipe.array(&extracted)
        }
        do {
            var key = try HKDF.expand(pseudorandomKey: extracted, info: Self.info("key"), count: 32)
            self.key = SecretBytes(key)
            Wipe.array(&key)
            noncePrefix = try HKDF.expand(pseudorandomKey: extracted, info: Self.info("nonce"), count: Self.prefixCount)
            let commitment = try HKDF.expand(pseudorandomKey: extracted, info: Self.info("commitment"), count: 32)
            self.commitment = Hash(Bytes32(unchecked: commitment, at: 0))
        } catch {
            throw .cryptography(error)
        }
    }

    /// Throws ``ContentFailure/wrongKey`` unless point and salt give the commitment.
    public init(point: SecretBytes, salt: Hash, commitment: Hash) throws(ContentFailure) {
        try self.init(point: point, salt: salt)
        guard self.commitment == commitment else { throw .wrongKey }
    }

    private static func info(_ label: String) -> [UInt8] { Array("mednexus/content/\(label)".utf8) }

    /// STREAM: prefix (7 bytes) ‖ number of the chunk (4, big-endian) ‖ 1 for the last chunk, else 0.
    func nonce(chunk: UInt64, isLast: Bool) -> [UInt8] {
        precondition(chunk <= UInt64(UInt32.max), "a content has fewer chunks than the counter has numbers")
        let counter = stride(from: UInt64(24), through: 0, by: -8).map { UInt8(truncatingIfNeeded: chunk >> $0) }
        return noncePrefix + counter + [isLast ? 1 : 0]
    }
}
