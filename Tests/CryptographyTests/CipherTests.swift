import Cryptography
import Fixtures
import Primitives
import Testing

private struct HKDFVectors: Decodable {
    struct Case: Decodable {
        let secret: String, salt: String, info: String, pseudorandomKey: String, output: String
        let count: Int
    }
    let cases: [Case]
}

private struct ScryptVectors: Decodable {
    struct Case: Decodable {
        let passphrase: String, salt: String, output: String
        let n: UInt64, r: UInt64, p: UInt64
    }
    let cases: [Case]
}

private struct ChaChaVectors: Decodable {
    struct Case: Decodable { let key: String, nonce: String, associatedData: String, plaintext: String, tag: String }
    let cases: [Case]
}

@Suite struct HashTests {
    @Test func tagsSeparateWhatIsHashed() {
        let tag = SHA256.hash(Array("mednexus/tx".utf8)).bytes.array
        #expect(HashTag.transaction.hash([1, 2, 3]) == SHA256.hash(tag + tag + [1, 2, 3]))
        #expect(HashTag.transaction.hash([]) != HashTag.wire.hash([]))
    }

    @Test func hashingInPiecesIsHashingAtOnce() {
        var random = FixtureRandom(seed: 6)
        let bytes = random.bytes(500)
        for split in [0, 1, 63, 64, 65, 499, 500] {
            var hasher = SHA256()
            hasher.update(Array(bytes[..<split]))
            hasher.update(bytes[split...])
            #expect(hasher.finalize() == SHA256.hash(bytes))
        }
        var hasher = SHA256()
        hasher.update(Bytes32(unchecked: bytes, at: 0))
        hasher.update(bytes[32])
        #expect(hasher.finalize() == SHA256.hash(Array(bytes[..<33])))
        #expect(
            SHA256.hash(Array("abc".utf8)).description
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    }
}

@Suite struct KeyDerivationTests {
    @Test func vectorsOfRFC5869() throws {
        let cases = try Fixture.load("rfc5869", as: HKDFVectors.self).cases
        #expect(!cases.isEmpty)
        for one in cases {
            let key = HKDF.extract(salt: one.salt.hexadecimalBytes, secret: one.secret.hexadecimalBytes)
            #expect(Hexadecimal.encode(key) == one.pseudorandomKey)
            let output = try HKDF.expand(pseudorandomKey: key, info: one.info.hexadecimalBytes, count: one.count)
            #expect(Hexadecimal.encode(output) == one.output)
        }
        #expect(throws: CryptographyFailure.self) {
            try HKDF.expand(pseudorandomKey: [1], info: [], count: HKDF.maximumCount + 1)
        }
    }

    /// libcrypto refuses N ≥ 2^(16 r), as RFC 7914 demands; its vector with N = 16, r = 1 is inside.
    @Test func vectorsOfRFC7914() throws {
        let cases = try Fixture.load("rfc7914", as: ScryptVectors.self).cases
        #expect(!cases.isEmpty)
        for one in cases {
            let output = try Scrypt.derive(
                passphrase: SecretBytes(Array(one.passphrase.utf8)), salt: Array(one.salt.utf8), n: one.n, r: one.r,
                p: one.p, count: 64)
            #expect(output == SecretBytes(one.output.hexadecimalBytes))
        }
    }

    @Test(arguments: [(0, 8, 1), (3, 8, 1), (1 << 21, 8, 1), (1 << 16, 1, 1), (1 << 60, 8, 1), (16, 0, 1), (16, 8, 0)])
    func scryptParametersOutsideTheBoundsAreRefused(_ parameters: (UInt64, UInt64, UInt64)) {
        #expect(throws: CryptographyFailure.self) {
            try Scrypt.derive(
                passphrase: SecretBytes([1]), salt: [2], n: parameters.0, r: parameters.1, p: parameters.2, count: 32)
        }
    }
}

@Suite struct AuthenticatedEncryptionTests {
    @Test func vectorOfRFC8439() throws {
        for one in try Fixture.load("rfc8439", as: ChaChaVectors.self).cases {
            let key = SecretBytes(one.key.hexadecimalBytes)
            let sealed = try ChaCha20Poly1305.seal(
                one.plaintext.hexadecimalBytes, key: key, nonce: one.nonce.hexadecimalBytes,
                associatedData: one.associatedData.hexadecimalBytes)
            #expect(Hexadecimal.encode(sealed.suffix(16)) == one.tag)
            #expect(
                try ChaCha20Poly1305.open(
                    sealed, key: key, nonce: one.nonce.hexadecimalBytes,
                    associatedData: one.associatedData.hexadecimalBytes) == one.plaintext.hexadecimalBytes)
        }
    }

    @Test func whatWasChangedAnywhereIsNotOpened() throws {
        let key = SecretBytes(Bytes32(1, 2, 3, 4))
        let nonce = [UInt8](repeating: 9, count: 12)
        for plaintext in [[], [7], [UInt8](repeating: 5, count: 100)] as [[UInt8]] {
            let sealed = try AES256GCM.seal(plaintext, key: key, nonce: nonce, associatedData: [1])
            #expect(try AES256GCM.open(sealed, key: key, nonce: nonce, associatedData: [1]) == plaintext)
            for index in sealed.indices {
                var changed = sealed
                changed[index] ^= 1
                #expect(throws: CryptographyFailure.notAuthentic) {
                    try AES256GCM.open(changed, key: key, nonce: nonce, associatedData: [1])
                }
            }
            #expect(throws: CryptographyFailure.notAuthentic) { try AES256GCM.open(sealed, key: key, nonce: nonce) }
            #expect(throws: CryptographyFailure.notAuthentic) {
                try AES256GCM.open(Array(sealed.prefix(15)), key: key, nonce: nonce, associatedData: [1])
            }
            #expect(throws: CryptographyFailure.notAuthentic) {
                try AES256GCM.open(
                    sealed, key: SecretBytes(Bytes32(1, 2, 3, 5)), nonce: nonce, associatedData: [1])
            }
        }
        #expect(throws: CryptographyFailure.self) { try AES256GCM.seal([], key: key, nonce: [1, 2, 3]) }
        #expect(throws: CryptographyFailure.self) { try AES256GCM.seal([], key: SecretBytes([1]), nonce: nonce) }
    }

    @Test func constantTimeComparisonComparesAll() {
        #expect(ConstantTime.equal([], []))
        #expect(ConstantTime.equal([1, 2], [1, 2]))
        #expect(!ConstantTime.equal([1, 2], [1, 3]))
        #expect(!ConstantTime.equal([1, 2], [1, 2, 0]))
    }
}
