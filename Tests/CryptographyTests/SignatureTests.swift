import Cryptography
import Encoding
import Fixtures
import Primitives
import Testing

private struct BIP340: Decodable {
    struct Case: Decodable {
        let index: Int
        let secret: String?
        let publicKey: String
        let auxiliary: String?
        let message: String
        let signature: String
        let isValid: Bool
        let comment: String
    }
    let cases: [Case]
}

private func bytes32(_ text: String) throws -> Bytes32 { try #require(Bytes32(text.hexadecimalBytes)) }

@Suite struct SchnorrTests {
    @Test func vectorsOfBIP340VerifyAsPublished() throws {
        let cases = try Fixture.load("bip340", as: BIP340.self).cases
        #expect(cases.contains { $0.isValid } && cases.contains { !$0.isValid })
        for one in cases {
            let signature = try #require(Signature(one.signature.hexadecimalBytes))
            let signer = Address(try bytes32(one.publicKey))
            let message = one.message.hexadecimalBytes
            #expect(
                Schnorr.verify(signature, message: message, by: signer) == one.isValid, "\(one.index) \(one.comment)")
            if let hash = Bytes32(message) {
                #expect(Schnorr.verify(signature, message: Hash(hash), by: signer) == one.isValid)
            }
        }
    }

    @Test func vectorsOfBIP340AreSignedToTheLastBit() throws {
        for one in try Fixture.load("bip340", as: BIP340.self).cases {
            guard let secret = one.secret, let auxiliary = one.auxiliary else { continue }
            let key = try #require(try SecretKey(bytes32(secret)))
            #expect(key.address == Address(try bytes32(one.publicKey)))
            let signature = Schnorr.sign(
                message: one.message.hexadecimalBytes, secret: key, auxiliary: try bytes32(auxiliary))
            #expect(signature.description == one.signature)
        }
    }

    @Test func randomizingTheContextChangesNoResult() throws {
        let key = try #require(SecretKey(Bytes32(0, 0, 0, 9)))
        let before = Schnorr.sign(message: Hash(Bytes32(1, 2, 3, 4)), secret: key, auxiliary: .zero)
        Schnorr.randomizeContext(seed: Bytes32(5, 6, 7, 8))
        #expect(Schnorr.sign(message: Hash(Bytes32(1, 2, 3, 4)), secret: key, auxiliary: .zero) == before)
    }

    @Test func aSignatureHoldsForItsMessageAndItsSignerOnly() throws {
        var random = FixtureRandom(seed: 5)
        for _ in 0..<20 {
            let key = try #require(SecretKey(random.bytes32()))
            let message = Hash(random.bytes32())
            let signature = Schnorr.sign(message: message, secret: key, auxiliary: random.bytes32())
            #expect(Schnorr.verify(signature, message: message, by: key.address))
            #expect(!Schnorr.verify(signature, message: Hash(random.bytes32()), by: key.address))
            let other = try #require(SecretKey(random.bytes32()))
            #expect(!Schnorr.verify(signature, message: message, by: other.address))
            #expect(try Signature(decoding: signature.encoded) == signature)
        }
    }

    @Test func keysOutsideTheGroupAreRefused() throws {
        #expect(SecretKey(.zero) == nil)
        #expect(SecretKey(Bytes32(.max, .max, .max, .max)) == nil)
        let order = try bytes32("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141")
        #expect(SecretKey(order) == nil)
        #expect(SecretKey(Bytes32(0, 0, 0, 1)) != nil)
        // x = 5 is on no point of the curve; the generator's x is.
        #expect(!isValidPublicKey(Address(Bytes32(0, 0, 0, 5))))
        let generator = try bytes32("79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798")
        #expect(isValidPublicKey(Address(generator)))
    }

    @Test func aSecretKeyIsNotPrinted() throws {
        let key = try #require(SecretKey(Bytes32(0x1234_5678_9abc_def0, 2, 3, 4)))
        #expect(!"\(key)\(String(reflecting: key))\(key.secretBytes)".contains("123456789abcdef0"))
        var text = ""
        dump(key, to: &text)
        #expect(!text.contains("18, 52, 86") && !text.contains("123456789abcdef0"))
    }
}

@Suite struct CurvePointTests {
    @Test func aPointHasOneEncodingOfEachLength() throws {
        let key = try #require(SecretKey(Bytes32(0, 0, 0, 77)))
        let point = try #require(CurvePoint(compressed: key.compressedPublicKey))
        #expect(CurvePoint(uncompressed: point.uncompressed) == point)
        var hybrid = point.uncompressed
        hybrid[0] = 6 | hybrid[64] & 1
        #expect(CurvePoint(uncompressed: hybrid) == nil)
        #expect(CurvePoint(compressed: point.uncompressed) == nil)
        #expect(CurvePoint(compressed: [2] + Bytes32(0, 0, 0, 5).array) == nil)
    }

    @Test func bothSidesFindTheSameSharedPoint() throws {
        let one = try #require(SecretKey(Bytes32(1, 2, 3, 4)))
        let other = try #require(SecretKey(Bytes32(5, 6, 7, 8)))
        let onePoint = try #require(CurvePoint(compressed: one.compressedPublicKey))
        let otherPoint = try #require(CurvePoint(compressed: other.compressedPublicKey))
        let first = ECDH.sharedPoint(secret: one, point: otherPoint)
        let second = ECDH.sharedPoint(secret: other, point: onePoint)
        #expect(first == second)
        #expect(CurvePoint(uncompressed: [4] + first.copy()) != nil)
    }
}
