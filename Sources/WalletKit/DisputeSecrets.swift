public import Cryptography
import Encoding
public import Primitives

/// The nonces and salts of disputes. They follow from the wallet's mnemonic and from what they are for: nothing has to be
/// kept between committing and revealing, and nobody loses a dispute with a machine.
public struct DisputeSecrets: Sendable {
    private let key: SecretBytes

    public init(_ keystore: UnlockedKeystore) throws(WalletFailure) {
        do {
            var seed = try keystore.secrets.mnemonic.seed().copy()
            defer { Wipe.array(&seed) }
            var bytes = try HKDF.derive(secret: seed, salt: [], info: Array("mednexus/disputes".utf8), count: 32)
            defer { Wipe.array(&bytes) }
            key = SecretBytes(bytes)
        } catch {
            throw WalletFailure(.key, "the secrets of disputes can't be derived: \(error)")
        }
    }

    /// Of a side, in a round (from 0). The dispute has no id when it is raised, so something else stands for it: the license,
    /// since what is delivered for one is disputed once; of a claim about an INFT the commitment to its evidence.
    public func nonce(network: Hash, subject: Bytes32, party: Party, round: Int) -> Hash {
        secret("nonce", network.bytes.array + subject.array + [UInt8(clamping: round)] + party.encoded)
    }

    /// Of an arbiter's vote, in a round (from 0).
    public func salt(dispute: DisputeID, arbiter: Address, round: Int) -> Hash {
        secret("vote", dispute.bytes.array + [UInt8(clamping: round)] + arbiter.bytes.array)
    }

    /// Of the commitment to a document, named by its SHA-256, in what is disputed under a license or of an INFT.
    public func salt(evidence document: Hash, subject: Bytes32) -> Hash {
        secret("evidence", subject.array + document.bytes.array)
    }

    private func secret(_ label: String, _ message: [UInt8]) -> Hash {
        var bytes = key.copy()
        defer { Wipe.array(&bytes) }
        // The label ends with a byte that none has.
        guard let digest = Bytes32(HMAC.sha256(key: bytes, Array(label.utf8) + [0] + message)) else {
            preconditionFailure("HMAC-SHA-256 gives 32 bytes")
        }
        return Hash(digest)
    }
}
