import Cryptography
import Primitives
import Testing
import WalletKit

/// Nonces and salts of disputes, which nobody has to keep.
struct DisputeSecretsTests {
    private func secrets(_ words: UInt64, passphrase text: String) throws -> DisputeSecrets {
        let mnemonic = try Mnemonic(entropy: SecretBytes(Bytes32(words, 2, 3, 4).array))
        return try DisputeSecrets(
            try UnlockedKeystore(
                mnemonic: mnemonic, passphrase: passphrase(text), salt: Bytes32(5, 6, 7, 8),
                uncheckedCost: .weak))
    }

    @Test("They follow from the mnemonic alone: a restored wallet reveals what it committed to")
    func restored() throws {
        let one = try secrets(1, passphrase: "one")
        let same = try secrets(1, passphrase: "another")
        let other = try secrets(2, passphrase: "one")
        func all(_ secrets: DisputeSecrets) -> [Hash] {
            let license = LicenseID(Bytes32(1, 1, 1, 1))
            let dispute = DisputeID(Bytes32(1, 1, 1, 1))
            let account = Address(Bytes32(2, 2, 2, 2))
            return [
                secrets.nonce(network: .zero, subject: license.bytes, party: .account(account), round: 0),
                secrets.nonce(network: .zero, subject: license.bytes, party: .account(account), round: 1),
                secrets.nonce(
                    network: .zero, subject: license.bytes, party: .organization(OrganizationID(account.bytes)),
                    round: 0),
                secrets.nonce(
                    network: Hash(Bytes32(0, 0, 0, 1)), subject: license.bytes, party: .account(account), round: 0),
                secrets.salt(dispute: dispute, arbiter: account, round: 0),
                secrets.salt(dispute: dispute, arbiter: account, round: 1),
                secrets.salt(dispute: DisputeID(Bytes32(3, 3, 3, 3)), arbiter: account, round: 0),
                secrets.salt(evidence: .zero, subject: license.bytes),
                secrets.salt(evidence: Hash(Bytes32(0, 0, 0, 1)), subject: license.bytes),
            ]
        }
        #expect(all(one) == all(same))
        // Each is of its own, and none is another wallet's.
        #expect(Set(all(one) + all(other)).count == 18)
    }
}
