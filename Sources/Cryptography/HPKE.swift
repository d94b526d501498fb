public import Primitives

/// A message to the holder of a message key, by hybrid public-key encryption (RFC 9180).
public struct HPKEMessage: Hashable, Sendable {
    /// The ephemeral public key: 65 bytes (04 ‖ x ‖ y).
    public let encapsulatedKey: [UInt8]
    /// As long as the plaintext and 16 bytes.
    public let ciphertext: [UInt8]

    public init(encapsulatedKey: [UInt8], ciphertext: [UInt8]) {
        self.encapsulatedKey = encapsulatedKey
        self.ciphertext = ciphertext
    }
}

/// RFC 9180, mode base, one message a key: DHKEM(secp256k1, HKDF-SHA256) of draft-wahby-cfrg-hpke-kem-secp256k1,
/// HKDF-SHA256, AES-256-GCM. It says nothing of who the sender is: a signature beside it does, where that matters.
public enum HPKE {
    /// DHKEM(secp256k1, HKDF-SHA256).
    package static let kem: UInt16 = 0x0016
    private static let kdf: UInt16 = 0x0001
    private static let aead: UInt16 = 0x0002

    /// Encrypts to the message key `recipient`. `randomness` is 32 fresh random bytes. Both sides give the same `info`
    /// (what the message is for) and `associatedData`.
    public static func seal(
        _ plaintext: [UInt8], to recipient: CompressedPoint, info: [UInt8], associatedData: [UInt8],
        randomness: Bytes32
    ) throws(CryptographyFailure) -> HPKEMessage {
        guard let key = CurvePoint(compressed: recipient.bytes) else { throw .badParameter("the message key") }
        let ephemeral = try keyPair(from: SecretBytes(randomness))
        let encapsulated = ephemeral.point.uncompressed
        let shared = try sharedSecret(ephemeral, key, encapsulated: encapsulated, recipient: key)
        let schedule = try KeySchedule(kem: kem, sharedSecret: shared, info: info)
        let ciphertext = try AES256GCM.seal(
            plaintext, key: schedule.key, nonce: schedule.nonce, associatedData: associatedData)
        return HPKEMessage(encapsulatedKey: encapsulated, ciphertext: ciphertext)
    }

    /// Throws ``CryptographyFailure/notAuthentic`` where key, message, `info` or `associatedData` is not the one that was
    /// sealed.
    public static func open(
        _ message: HPKEMessage, with secret: SecretKey, info: [UInt8], associatedData: [UInt8]
    ) throws(CryptographyFailure) -> [UInt8] {
        guard let ephemeral = CurvePoint(uncompressed: message.encapsulatedKey) else {
            throw .badParameter("the encapsulated key is no point of secp256k1")
        }
        let shared = try sharedSecret(
            secret, ephemeral, encapsulated: message.encapsulatedKey, recipient: secret.point)
        let schedule = try KeySchedule(kem: kem, sharedSecret: shared, info: info)
        return try AES256GCM.open(
            message.ciphertext, key: schedule.key, nonce: schedule.nonce, associatedData: associatedData)
    }

    /// DeriveKeyPair (RFC 9180, 7.1.3).
    package static func keyPair(from material: SecretBytes) throws(CryptographyFailure) -> SecretKey {
        var input = material.copy()
        defer { Wipe.array(&input) }
        let labeled = Labeled(suite: Array("KEM".utf8) + Labeled.bytes(kem))
        var key = labeled.extract(salt: [], "dkp_prk", input)
        defer { Wipe.array(&key) }
        for counter in UInt8.min...UInt8.max {
            var candidate = try labeled.expand(key, "candidate", [counter], count: 32)
            defer { Wipe.array(&candidate) }
            if let secret = SecretKey(Bytes32(unchecked: candidate, at: 0)) { return secret }
        }
        preconditionFailure("256 attempts fail with a chance below 2^-30000")
    }

    /// Of both Encap and Decap: one has the ephemeral secret, the other the recipient's.
    package static func sharedSecret(
        _ secret: SecretKey, _ point: CurvePoint, encapsulated: [UInt8], recipient: CurvePoint
    ) throws(CryptographyFailure) -> SecretBytes {
        var coordinates = ECDH.sharedPoint(secret: secret, point: point).copy()
        defer { Wipe.array(&coordinates) }
        let labeled = Labeled(suite: Array("KEM".utf8) + Labeled.bytes(kem))
        var key = labeled.extract(salt: [], "eae_prk", Array(coordinates.prefix(32)))
        defer { Wipe.array(&key) }
        var shared = try labeled.expand(key, "shared_secret", encapsulated + recipient.uncompressed, count: 32)
        defer { Wipe.array(&shared) }
        return SecretBytes(shared)
    }

    /// RFC 9180, 5.1, mode base.
    package struct KeySchedule {
        package let key: SecretBytes
        /// Of the first message, which is the only one.
        package let nonce: [UInt8]

        package init(kem: UInt16, sharedSecret: SecretBytes, info: [UInt8]) throws(CryptographyFailure) {
            let labeled = Labeled(
                suite: Array("HPKE".utf8) + Labeled.bytes(kem) + Labeled.bytes(kdf) + Labeled.bytes(aead))
            let context =
                [0] + labeled.extract(salt: [], "psk_id_hash", []) + labeled.extract(salt: [], "info_hash", info)
            var shared = sharedSecret.copy()
            defer { Wipe.array(&shared) }
            var secret = labeled.extract(salt: shared, "secret", [])
            defer { Wipe.array(&secret) }
            var key = try labeled.expand(secret, "key", context, count: 32)
            defer { Wipe.array(&key) }
            self.key = SecretBytes(key)
            nonce = try labeled.expand(secret, "base_nonce", context, count: 12)
        }
    }

    /// LabeledExtract and LabeledExpand (RFC 9180, 4).
    private struct Labeled {
        let suite: [UInt8]

        static func bytes(_ value: UInt16) -> [UInt8] { [UInt8(value >> 8), UInt8(value & 255)] }

        func extract(salt: [UInt8], _ label: String, _ secret: [UInt8]) -> [UInt8] {
            var labeled = Array("HPKE-v1".utf8) + suite + Array(label.utf8) + secret
            defer { Wipe.array(&labeled) }
            return HKDF.extract(salt: salt, secret: labeled)
        }

        func expand(
            _ key: [UInt8], _ label: String, _ info: [UInt8], count: UInt16
        ) throws(CryptographyFailure) -> [UInt8] {
            try HKDF.expand(
                pseudorandomKey: key,
                info: Labeled.bytes(count) + Array("HPKE-v1".utf8) + suite + Array(label.utf8) + info,
                count: Int(count))
        }
    }
}
