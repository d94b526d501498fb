public import Cryptography
import Encoding
public import Primitives

/// The secret by which an institution's cases become nullifiers. It follows from the wallet's mnemonic, so that the same
/// wallet gives the same nullifier to the same case for ever. Where several people report for one institution they share
/// it: one of them writes it to a file, the others name that file.
public struct CaseSecrets: Sendable {
    private let key: SecretBytes

    public init(_ keystore: UnlockedKeystore) throws(WalletFailure) {
        do {
            var seed = try keystore.secrets.mnemonic.seed().copy()
            defer { Wipe.array(&seed) }
            var bytes = try HKDF.derive(secret: seed, salt: [], info: Array("mednexus/cases".utf8), count: 32)
            defer { Wipe.array(&bytes) }
            key = SecretBytes(bytes)
        } catch {
            throw WalletFailure(.key, "the secret of cases can't be derived: \(error)")
        }
    }

    /// Of an institution.
    public func secret(of institution: Party) -> Hash {
        var bytes = key.copy()
        defer { Wipe.array(&bytes) }
        guard let digest = Bytes32(HMAC.sha256(key: bytes, institution.encoded)) else {
            preconditionFailure("HMAC-SHA-256 gives 32 bytes")
        }
        return Hash(digest)
    }

    /// From the file that ``write(_:to:)`` makes.
    public static func read(_ path: String) throws(WalletFailure) -> Hash {
        let text = String(decoding: try ContentFile.text(path, limit: 1_024), as: UTF8.self)
        let line = text.split(whereSeparator: \.isWhitespace)
        guard line.count == 1, let bytes = Hexadecimal.decode(line[0].lowercased()).flatMap({ Bytes32($0) }) else {
            throw WalletFailure(
                .usage, "\(path) is no case key", hint: "Write one: mednexus license case-key --out FILE.")
        }
        return Hash(bytes)
    }

    public static func write(_ secret: Hash, to path: String) throws(WalletFailure) {
        guard try !ContentFile.exists(path) else { throw WalletFailure(.usage, "\(path) is there already") }
        try ContentFile.writePrivate(Array("\(secret)\n".utf8), to: path)
    }
}
