import Cryptography
import Fixtures
import Primitives
import Testing

@Suite struct KeptSecretTests {
    private let keys: KeptSecrets
    private let samples: [KeptSecret]
    private let nonce = [UInt8](repeating: 5, count: 12)

    init() throws {
        keys = try Self.keys(entropy: 3)
        var random = FixtureRandom(seed: 30)
        let sealing = try #require(SealingSecret(random.bytes32()))
        let content = try #require(
            KeptContentSecret(
                root: Hash(random.bytes32()), size: 1 << 40, salt: Hash(random.bytes32()),
                keyCommitment: Hash(random.bytes32()), name: "case.json", mediaType: "application/json",
                madeAt: Timestamp(5), scalar: SecretBytes(random.bytes32())))
        samples = [
            .sealing(
                KeptSealingSecret(
                    secret: sealing, purpose: .license, network: Hash(random.bytes32()), inft: INFTID(random.bytes32()),
                    license: LicenseID(random.bytes32()), madeAt: Timestamp(7))),
            .sealing(KeptSealingSecret(secret: sealing, purpose: .mint, network: nil, madeAt: Timestamp(7))),
            .content(content),
        ]
    }

    private static func keys(entropy: UInt8, passphrase: String = "a") throws -> KeptSecrets {
        KeptSecrets(
            try UnlockedKeystore(
                mnemonic: Mnemonic(entropy: SecretBytes([UInt8](repeating: entropy, count: 32))),
                passphrase: SecretBytes(Array(passphrase.utf8)), salt: Bytes32(1, 2, 3, 4), uncheckedCost: .weak))
    }

    @Test("what was kept is read again, whatever the passphrase has become since")
    func roundTrips() throws {
        for sample in samples {
            let bytes = try keys.seal(sample, nonce: nonce)
            #expect(bytes.count <= KeptSecrets.maximumFile)
            let other = try Self.keys(entropy: 3, passphrase: "another")
            let read = try other.open(bytes, fileName: other.fileName(sample.name))
            #expect(read.name == sample.name && read.madeAt == sample.madeAt)
            switch (read, sample) {
            case (.sealing(let one), .sealing(let two)):
                #expect(one.secret.secretBytes == two.secret.secretBytes)
                #expect(one.purpose == two.purpose && one.network == two.network)
                #expect(one.inft == two.inft && one.license == two.license)
            case (.content(let one), .content(let two)):
                #expect(one.point == two.point && one.size == two.size && one.salt == two.salt)
                #expect(one.keyCommitment == two.keyCommitment && one.name == two.name)
                #expect(one.mediaType == two.mediaType)
            default: Issue.record("another kind")
            }
        }
    }

    @Test("names tell nothing: another keystore has others, and they are neither key nor root")
    func names() throws {
        let other = try Self.keys(entropy: 4)
        for sample in samples {
            let name = keys.fileName(sample.name)
            #expect(name.count == 32 && name != other.fileName(sample.name))
        }
        #expect(Set(samples.map { keys.fileName($0.name) }).count == 2)
    }

    @Test("hostile: changed bytes, another keystore's and renamed files are refused")
    func hostile() throws {
        let other = try Self.keys(entropy: 4)
        var random = FixtureRandom(seed: 31)
        for sample in samples {
            let name = keys.fileName(sample.name)
            let bytes = try keys.seal(sample, nonce: nonce)
            #expect(throws: KeystoreFailure.self) { try other.open(bytes, fileName: name) }
            #expect(throws: KeystoreFailure.self) { try keys.open(bytes, fileName: String(name.reversed())) }
            for index in bytes.indices {
                var changed = bytes
                changed[index] ^= 1 << UInt8(random.next() % 8)
                #expect(throws: KeystoreFailure.self) { try keys.open(changed, fileName: name) }
                #expect(throws: KeystoreFailure.self) { try keys.open(Array(bytes[..<index]), fileName: name) }
            }
            #expect(throws: KeystoreFailure.self) { try keys.open(bytes + [0], fileName: name) }
        }
        for count in 0..<200 {
            #expect(throws: KeystoreFailure.self) { try keys.open(random.bytes(count), fileName: "x") }
        }
    }

    @Test("a content secret that is no scalar is none")
    func scalars() {
        for scalar in [SecretBytes(Bytes32.zero), SecretBytes([UInt8](repeating: 255, count: 32)), SecretBytes([1])] {
            #expect(
                KeptContentSecret(
                    root: .zero, size: 1, salt: .zero, keyCommitment: .zero, name: "a", mediaType: "a/b",
                    madeAt: Timestamp(0), scalar: scalar) == nil)
        }
    }
}
