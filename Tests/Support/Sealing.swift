public import Cryptography
internal import Primitives

/// A sealing secret that has a name, always the same.
public func sealingSecret(_ name: String) -> SealingSecret {
    guard let secret = SealingSecret(testHash("sealing secret \(name)").bytes) else {
        preconditionFailure("a hash is a scalar but for a chance of 2^-128")
    }
    return secret
}

public func contentPoint(_ name: String) -> ContentPoint {
    guard let point = ContentPoint(randomness: testHash("content key \(name)").bytes) else {
        preconditionFailure("a hash is a scalar but for a chance of 2^-128")
    }
    return point
}

/// A content key sealed by its maker, with the proofs that a mint or a revision carries.
public struct SealedSample: Sendable {
    public let sealingKey: CompressedPoint
    public let sealedKey: SealedKey
    public let possession: KeyProof
    public let origin: KeyProof

    public init(_ content: String, to key: String, statement: SealingStatement) throws {
        let secret = sealingSecret(key)
        let (sealed, scalar) = try SealedKeys.seal(
            contentPoint(content), to: secret.key, randomness: testHash("seal \(content) \(key)").bytes)
        sealingKey = secret.key
        sealedKey = sealed
        possession = SealedKeys.provePossession(
            secret, statement: statement, randomness: testHash("possession \(key)").bytes)
        origin = try SealedKeys.proveOrigin(
            scalar, of: sealed, to: secret.key, statement: statement, randomness: testHash("origin \(key)").bytes)
    }
}
