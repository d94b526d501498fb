internal import Encoding
internal import Primitives

/// The keys under which a keystore's secrets are kept in files of their own. They follow from the mnemonic, so that another
/// passphrase changes none of the files; the secrets themselves are random and follow from nothing.
///
/// A file: CBOR `[1, nonce, ciphertext]`. Its name says neither what it holds nor whose it is.
public struct KeptSecrets: Sendable {
    static let version: UInt64 = 1
    /// Far above the longest.
    public static let maximumFile = 4096
    public static let nonceCount = AEAD.nonceCount

    private let encryption: SecretBytes
    private let naming: SecretBytes

    public init(_ keystore: UnlockedKeystore) {
        // Without a BIP-39 passphrase there is no failure: the mnemonic was checked when it was made.
        guard var seed = try? keystore.secrets.mnemonic.seed().copy() else {
            preconditionFailure("a mnemonic has a seed")
        }
        defer { Wipe.array(&seed) }
        func key(_ label: String) -> SecretBytes {
            // 32 bytes are always given.
            guard
                var bytes = try? HKDF.derive(
                    secret: seed, salt: [], info: Array("mednexus/secrets/\(label)".utf8), count: 32)
            else { preconditionFailure("HKDF gives 32 bytes") }
            defer { Wipe.array(&bytes) }
            return SecretBytes(bytes)
        }
        encryption = key("encryption")
        naming = key("names")
    }

    /// The file's name, 32 hexadecimal digits: found again by who has the keys, and telling others nothing.
    public func fileName(_ name: KeptSecret.Name) -> String {
        var key = naming.copy()
        defer { Wipe.array(&key) }
        return Hexadecimal.encode(Array(HMAC.sha256(key: key, name.encoded).prefix(16)))
    }

    /// The bytes of its file. `nonce` is 12 fresh random bytes.
    public func seal(_ secret: KeptSecret, nonce: [UInt8]) throws(KeystoreFailure) -> [UInt8] {
        var plaintext = secret.encoded
        defer { Wipe.array(&plaintext) }
        do {
            let ciphertext = try AES256GCM.seal(
                plaintext, key: encryption, nonce: nonce, associatedData: associatedData(fileName(secret.name)))
            var writer = CBORWriter()
            writer.array(3)
            writer.write(Self.version)
            writer.write(bytes: nonce)
            writer.write(bytes: ciphertext)
            return writer.bytes
        } catch {
            throw .unavailable("\(error)")
        }
    }

    /// Reads the bytes of the file of that name. Throws where they are damaged, of another keystore, or of another name.
    public func open(_ bytes: [UInt8], fileName: String) throws(KeystoreFailure) -> KeptSecret {
        do {
            var reader = CBORReader(bytes)
            let (nonce, ciphertext) = try reader.record("file", count: 3) { (reader) throws(EncodingFailure) in
                guard try reader.unsigned("version") == Self.version else {
                    throw reader.failure(.unknownCase, "version")
                }
                return (
                    try reader.byteString("nonce", count: AEAD.nonceCount),
                    try reader.byteString("ciphertext", max: Self.maximumFile)
                )
            }
            try reader.finish()
            var plaintext = try AES256GCM.open(
                ciphertext, key: encryption, nonce: nonce, associatedData: associatedData(fileName))
            defer { Wipe.array(&plaintext) }
            let secret = try KeptSecret(decoding: plaintext)
            guard self.fileName(secret.name) == fileName else { throw KeystoreFailure.corrupt("of another name") }
            return secret
        } catch let failure as KeystoreFailure {
            throw failure
        } catch CryptographyFailure.notAuthentic {
            throw .corrupt("changed, or of another keystore")
        } catch {
            throw .corrupt("\(error)")
        }
    }

    /// Binds a file to its name: one that is renamed is none.
    private func associatedData(_ fileName: String) -> [UInt8] { Array("mednexus/secrets/1/\(fileName)".utf8) }
}
