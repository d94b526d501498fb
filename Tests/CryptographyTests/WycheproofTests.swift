import Cryptography
import Fixtures
import Primitives
import Testing

private struct Wycheproof<Case: Decodable>: Decodable {
    struct Group: Decodable {
        let tests: [Case]
        let ivSize: Int?
        let keySize: Int?
        let tagSize: Int?
    }
    let testGroups: [Group]
}

private struct EncryptionCase: Decodable {
    let tcId: Int
    let key: String, iv: String, aad: String, msg: String, ct: String, tag: String, result: String
}
private struct DerivationCase: Decodable {
    let tcId: Int, size: Int
    let ikm: String, salt: String, info: String, okm: String, result: String
}
private struct CodeCase: Decodable { let tcId: Int, key: String, msg: String, tag: String, result: String }
private struct AgreementCase: Decodable {
    let tcId: Int
    let `public`: String, `private`: String, shared: String, result: String
}

/// C2SP Wycheproof. Runs if MEDNEXUS_CONFORMANCE names the folder of published vectors.
@Suite(.enabled(if: Fixture.conformanceFolder != nil, "set MEDNEXUS_CONFORMANCE to the folder of published vectors"))
struct WycheproofTests {
    @Test func encryptionWithAESInGaloisCounterMode() throws {
        let groups = try Fixture.loadConformance("wycheproof/aes_gcm_test.json", as: Wycheproof<EncryptionCase>.self)
        var count = 0
        for group in groups.testGroups where group.keySize == 256 && group.ivSize == 96 && group.tagSize == 128 {
            for one in group.tests {
                count += 1
                let key = SecretBytes(one.key.hexadecimalBytes)
                let nonce = one.iv.hexadecimalBytes
                let sealed = (one.ct + one.tag).hexadecimalBytes
                let opened = try? AES256GCM.open(
                    sealed, key: key, nonce: nonce, associatedData: one.aad.hexadecimalBytes)
                #expect(opened == (one.result == "valid" ? one.msg.hexadecimalBytes : nil), "\(one.tcId)")
                guard one.result == "valid" else { continue }
                #expect(
                    try AES256GCM.seal(
                        one.msg.hexadecimalBytes, key: key, nonce: nonce, associatedData: one.aad.hexadecimalBytes)
                        == sealed, "\(one.tcId)")
            }
        }
        #expect(count > 50)
    }

    @Test func keyDerivationWithHKDF() throws {
        let groups = try Fixture.loadConformance(
            "wycheproof/hkdf_sha256_test.json", as: Wycheproof<DerivationCase>.self)
        let tests = groups.testGroups.flatMap(\.tests)
        #expect(!tests.isEmpty)
        for one in tests {
            let output = try? HKDF.derive(
                secret: one.ikm.hexadecimalBytes, salt: one.salt.hexadecimalBytes, info: one.info.hexadecimalBytes,
                count: one.size)
            #expect(output == (one.result == "valid" ? one.okm.hexadecimalBytes : nil), "\(one.tcId)")
        }
    }

    @Test func authenticationWithHMAC() throws {
        let groups = try Fixture.loadConformance("wycheproof/hmac_sha256_test.json", as: Wycheproof<CodeCase>.self)
        #expect(!groups.testGroups.isEmpty)
        for group in groups.testGroups {
            for one in group.tests {
                let code = HMAC.sha256(key: one.key.hexadecimalBytes, one.msg.hexadecimalBytes)
                let isValid = ConstantTime.equal(
                    Array(code.prefix((group.tagSize ?? 256) / 8)), one.tag.hexadecimalBytes)
                #expect(isValid == (one.result == "valid"), "\(one.tcId)")
            }
        }
    }

    /// The file wraps keys in ASN.1, which MedNexus doesn't read: the point is taken from the two plain wrappings, and
    /// every other case is left out.
    @Test func agreementOnAPoint() throws {
        let groups = try Fixture.loadConformance(
            "wycheproof/ecdh_secp256k1_test.json", as: Wycheproof<AgreementCase>.self)
        let uncompressed = "3056301006072a8648ce3d020106052b8104000a034200"
        let compressed = "3036301006072a8648ce3d020106052b8104000a032200"
        var count = 0
        for one in groups.testGroups.flatMap(\.tests) {
            let point: CurvePoint?
            if one.public.hasPrefix(uncompressed) {
                point = CurvePoint(uncompressed: String(one.public.dropFirst(uncompressed.count)).hexadecimalBytes)
            } else if one.public.hasPrefix(compressed) {
                point = CurvePoint(compressed: String(one.public.dropFirst(compressed.count)).hexadecimalBytes)
            } else {
                continue
            }
            count += 1
            let scalar = one.private.hexadecimalBytes
            let padded = [UInt8](repeating: 0, count: max(0, 32 - scalar.count)) + scalar.suffix(32)
            let shared = point.flatMap { point in
                Bytes32(padded).flatMap { SecretKey($0) }.map { ECDH.sharedPoint(secret: $0, point: point).copy() }
            }
            let coordinate = shared.map { Hexadecimal.encode($0.prefix(32)) }
            switch one.result {
            case "valid": #expect(coordinate == one.shared, "\(one.tcId)")
            case "invalid": #expect(coordinate == nil, "\(one.tcId)")
            default: #expect(coordinate == nil || coordinate == one.shared, "\(one.tcId)")
            }
        }
        #expect(count > 400)
    }
}
