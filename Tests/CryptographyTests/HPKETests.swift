import Cryptography
import Fixtures
import Primitives
import Testing

private struct HPKEVectors: Decodable {
    struct Encapsulation: Decodable {
        let info, ephemeralMaterial, ephemeralSecret, encapsulated, recipientMaterial, recipientSecret: String
        let recipientKey, sharedSecret, key, baseNonce: String
    }

    struct Schedule: Decodable {
        let kem: UInt16
        let info, sharedSecret, key, baseNonce, plaintext, associatedData, ciphertext: String
    }

    let encapsulations: [Encapsulation]
    let schedules: [Schedule]
}

@Suite struct HPKETests {
    @Test func vectorsOfTheKEMOverSecp256k1() throws {
        let cases = try Fixture.load("hpke", as: HPKEVectors.self).encapsulations
        #expect(cases.count == 3)
        for one in cases {
            let ephemeral = try HPKE.keyPair(from: SecretBytes(one.ephemeralMaterial.hexadecimalBytes))
            #expect(ephemeral.secretBytes.copy() == one.ephemeralSecret.hexadecimalBytes)
            let recipient = try HPKE.keyPair(from: SecretBytes(one.recipientMaterial.hexadecimalBytes))
            #expect(recipient.secretBytes.copy() == one.recipientSecret.hexadecimalBytes)
            let encapsulated = one.encapsulated.hexadecimalBytes
            let point = try #require(CurvePoint(uncompressed: encapsulated))
            let key = try #require(CurvePoint(uncompressed: one.recipientKey.hexadecimalBytes))
            #expect(key.compressed == recipient.compressedPublicKey)
            for (secret, other) in [(ephemeral, key), (recipient, point)] {
                let shared = try HPKE.sharedSecret(secret, other, encapsulated: encapsulated, recipient: key)
                #expect(shared.copy() == one.sharedSecret.hexadecimalBytes)
                let schedule = try HPKE.KeySchedule(
                    kem: HPKE.kem, sharedSecret: shared, info: one.info.hexadecimalBytes)
                #expect(schedule.key.copy() == one.key.hexadecimalBytes)
                #expect(schedule.nonce == one.baseNonce.hexadecimalBytes)
            }
            // A whole message takes the same ephemeral key from the same randomness.
            let randomness = try #require(Bytes32(one.ephemeralMaterial.hexadecimalBytes))
            let message = try HPKE.seal(
                [1, 2, 3], to: try #require(CompressedPoint(key.compressed)), info: one.info.hexadecimalBytes,
                associatedData: [], randomness: randomness)
            #expect(message.encapsulatedKey == encapsulated)
        }
    }

    @Test func vectorsOfRFC9180FromTheSharedSecretOn() throws {
        let cases = try Fixture.load("hpke", as: HPKEVectors.self).schedules
        #expect(Set(cases.map(\.kem)) == [16, 32])
        for one in cases {
            let schedule = try HPKE.KeySchedule(
                kem: one.kem, sharedSecret: SecretBytes(one.sharedSecret.hexadecimalBytes),
                info: one.info.hexadecimalBytes)
            #expect(schedule.key.copy() == one.key.hexadecimalBytes)
            #expect(schedule.nonce == one.baseNonce.hexadecimalBytes)
            let ciphertext = try AES256GCM.seal(
                one.plaintext.hexadecimalBytes, key: schedule.key, nonce: schedule.nonce,
                associatedData: one.associatedData.hexadecimalBytes)
            #expect(ciphertext == one.ciphertext.hexadecimalBytes)
        }
    }

    @Test func onlyTheRecipientReadsAMessageAndOnlyWhole() throws {
        var random = FixtureRandom(seed: 12)
        for length in [0, 1, 1000] {
            let recipient = try #require(SecretKey(random.bytes32()))
            let other = try #require(SecretKey(random.bytes32()))
            let key = try #require(CompressedPoint(recipient.compressedPublicKey))
            let text = random.bytes(length)
            let message = try HPKE.seal(
                text, to: key, info: [1], associatedData: [2], randomness: random.bytes32())
            #expect(try HPKE.open(message, with: recipient, info: [1], associatedData: [2]) == text)
            func refuses(
                _ changed: HPKEMessage, with secret: SecretKey, info: [UInt8] = [1], associatedData: [UInt8] = [2]
            ) {
                #expect(throws: CryptographyFailure.notAuthentic) {
                    try HPKE.open(changed, with: secret, info: info, associatedData: associatedData)
                }
            }
            refuses(message, with: other)
            refuses(message, with: recipient, info: [])
            refuses(message, with: recipient, associatedData: [])
            for index in message.ciphertext.indices {
                var ciphertext = message.ciphertext
                ciphertext[index] ^= 1
                refuses(
                    HPKEMessage(encapsulatedKey: message.encapsulatedKey, ciphertext: ciphertext), with: recipient)
            }
            refuses(
                HPKEMessage(
                    encapsulatedKey: try #require(CurvePoint(compressed: other.compressedPublicKey)).uncompressed,
                    ciphertext: message.ciphertext), with: recipient)
        }
    }

    @Test func keysThatAreNoPointsAreRefused() throws {
        let secret = try #require(SecretKey(Bytes32(0, 0, 0, 9)))
        let noPoint = CompressedPoint(isOdd: false, abscissa: Bytes32(0, 0, 0, 5))
        #expect(throws: CryptographyFailure.badParameter("the message key")) {
            try HPKE.seal([1], to: noPoint, info: [], associatedData: [], randomness: .zero)
        }
        for bytes in [[], [UInt8](repeating: 4, count: 65), secret.compressedPublicKey] {
            #expect(throws: CryptographyFailure.badParameter("the encapsulated key is no point of secp256k1")) {
                try HPKE.open(
                    HPKEMessage(encapsulatedKey: bytes, ciphertext: [UInt8](repeating: 0, count: 17)), with: secret,
                    info: [], associatedData: [])
            }
        }
    }
}
