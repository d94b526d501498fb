public import Primitives

/// Content keys sealed to people, and delivered from one to another with a proof that it is the same key.
/// Specs/sealed-keys.md has the protocol and what it promises.
///
/// Whoever makes something gives 32 fresh random bytes; all that is secret is a hash of them *and* of the secrets at hand,
/// so that poor randomness alone gives nothing away.
public enum SealedKeys {
    private static let sealTag = HashTag("mednexus/sealed/seal")
    private static let commitmentTag = HashTag("mednexus/sealed/commitment")

    /// `point` sealed to `key` A: (rG, K + rA), and r. Who knows r can open it, so r serves only
    /// ``proveOrigin(_:of:to:statement:randomness:)`` and is dropped after that.
    public static func seal(
        _ point: ContentPoint, to key: CompressedPoint, randomness: Bytes32
    ) throws(SealedKeyFailure) -> (sealedKey: SealedKey, scalar: SecretKey) {
        let recipient = try CurvePoint(key, .sealingKey)
        for attempt in UInt8.min...UInt8.max {
            let derived = SecretKey.derived(
                sealTag, secrets: [point.compressed], context: key.bytes, randomness: randomness, position: 0,
                attempt: attempt)
            guard let scalar = derived,
                let second = SecretPoint.sum([point.point, SecretPoint(scalar, times: recipient)])
            else { continue }
            return (SealedKey(first: scalar.point.written, second: second.published.written), scalar)
        }
        preconditionFailure("256 attempts fail with a chance below 2^-30000")
    }

    /// The content key K = C2 − aC1. That it is the right one shows in the content's key commitment, not here: any
    /// secret opens any sealed key to some point. Throws if C1 or C2 is no point, or K is infinity.
    public static func open(
        _ sealed: SealedKey, with secret: SealingSecret
    ) throws(SealedKeyFailure) -> ContentPoint {
        let first = try CurvePoint(sealed.first, .sealedKeyFirst)
        let second = try CurvePoint(sealed.second, .sealedKeySecond)
        let mask = SecretPoint(secret.scalar, times: first)
        guard let point = SecretPoint.sum([SecretPoint(second), mask.negated]) else {
            throw SealedKeyFailure(.infinity, .contentPoint)
        }
        return ContentPoint(point)
    }

    /// What an owner commits to before the delivery itself is published: tagged hash of D1 ‖ D2 ‖ e ‖ z_a ‖ z_s.
    public static func deliveryCommitment(_ delivered: SealedKey, _ proof: DeliveryProof) -> Hash {
        var hasher = commitmentTag.hasher
        hasher.update(delivered.first.bytes)
        hasher.update(delivered.second.bytes)
        hasher.update(proof.challenge.bytes)
        hasher.update(proof.ownerResponse.bytes)
        hasher.update(proof.deliveryResponse.bytes)
        return hasher.finalize()
    }
}
