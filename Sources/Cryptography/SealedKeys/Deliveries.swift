public import Primitives

/// A content key sealed anew to another key, and the proof that it is the same content key.
public struct SealedDelivery: Hashable, Sendable {
    /// D.
    public let sealedKey: SealedKey
    public let proof: DeliveryProof

    public init(sealedKey: SealedKey, proof: DeliveryProof) {
        self.sealedKey = sealedKey
        self.proof = proof
    }

    public var commitment: Hash { SealedKeys.deliveryCommitment(sealedKey, proof) }
}

/// The proof of knowledge of (a, s) with A = aG, D1 = sG and C2 − D2 = a·C1 − s·B: what opens from D with b is what opens
/// from C with a, and nobody else learns it.
extension SealedKeys {
    private static let scalarTag = HashTag("mednexus/sealed/delivery/scalar")

    /// Opens `sealed` with `secret` and seals the same content key to `recipient`. `randomness` is 32 fresh random bytes.
    /// Throws if a point is invalid, or `sealed` holds infinity instead of a key.
    public static func deliver(
        _ sealed: SealedKey, from secret: SealingSecret, to recipient: CompressedPoint, statement: SealingStatement,
        randomness: Bytes32
    ) throws(SealedKeyFailure) -> SealedDelivery {
        let first = try CurvePoint(sealed.first, .sealedKeyFirst)
        let recipientPoint = try CurvePoint(recipient, .recipientKey)
        let content = try open(sealed, with: secret)
        let about = ProofTranscript(.delivery, statement, [secret.key, sealed.first, sealed.second, recipient])
        for attempt in UInt8.min...UInt8.max {
            let derived = SecretKey.derived(
                scalarTag, secrets: [secret.secretBytes], context: about.bytes, randomness: randomness, position: 0,
                attempt: attempt)
            guard let scalar = derived,
                let second = SecretPoint.sum([content.point, SecretPoint(scalar, times: recipientPoint)])
            else { continue }
            let delivered = SealedKey(first: scalar.point.written, second: second.published.written)
            let transcript = deliveryTranscript(secret.key, sealed, recipient, delivered, statement)
            guard delivered.second != sealed.second,
                let nonceA = transcript.nonce([secret.scalar, scalar], randomness, position: 0, attempt: attempt),
                let nonceS = transcript.nonce([secret.scalar, scalar], randomness, position: 1, attempt: attempt),
                let difference = SecretPoint.sum([
                    SecretPoint(nonceA, times: first), SecretPoint(nonceS, times: recipientPoint).negated,
                ])
            else { continue }
            let challenge = transcript.challenge([nonceA.point, nonceS.point, difference.published])
            guard let e = try? PublicScalar(challenge, .challenge),
                let ownerResponse = SecretKey.response(nonce: nonceA, challenge: e, secret: secret.scalar),
                let deliveryResponse = SecretKey.response(nonce: nonceS, challenge: e, secret: scalar)
            else { continue }
            let proof = DeliveryProof(
                challenge: challenge, ownerResponse: ownerResponse, deliveryResponse: deliveryResponse)
            // A proof made wrong by a fault may give the secrets away, so it never leaves this function.
            try verifyDelivery(
                from: secret.key, sealed: sealed, to: recipient, delivered: delivered, proof: proof,
                statement: statement)
            return SealedDelivery(sealedKey: delivered, proof: proof)
        }
        preconditionFailure("256 attempts fail with a chance below 2^-30000")
    }

    /// Checks that `delivered` holds for `recipient` B what `sealed` holds for `owner` A, by who knew A's secret, for this
    /// statement. Costs about six verifications of a BIP-340 signature.
    public static func verifyDelivery(
        from owner: CompressedPoint, sealed: SealedKey, to recipient: CompressedPoint, delivered: SealedKey,
        proof: DeliveryProof, statement: SealingStatement
    ) throws(SealedKeyFailure) {
        let challenge = try PublicScalar(proof.challenge, .challenge).negated
        let ownerResponse = try PublicScalar(proof.ownerResponse, .ownerResponse)
        let deliveryResponse = try PublicScalar(proof.deliveryResponse, .deliveryResponse)
        let ownerPoint = try CurvePoint(owner, .sealingKey)
        let sealedFirst = try CurvePoint(sealed.first, .sealedKeyFirst)
        let sealedSecond = try CurvePoint(sealed.second, .sealedKeySecond)
        let recipientPoint = try CurvePoint(recipient, .recipientKey)
        let deliveredFirst = try CurvePoint(delivered.first, .deliveredFirst)
        let deliveredSecond = try CurvePoint(delivered.second, .deliveredSecond)
        // D2 = C2 says a·C1 = s·B. Only who chose s so, or sends a sealed key to itself, gets there.
        guard let difference = CurvePoint.sum([sealedSecond, deliveredSecond.negated]) else {
            throw SealedKeyFailure(.infinity, .deliveredSecond)
        }
        guard let first = ownerPoint.times(challenge).plusGenerator(times: ownerResponse),
            let second = deliveredFirst.times(challenge).plusGenerator(times: deliveryResponse),
            let third = CurvePoint.sum([
                sealedFirst.times(ownerResponse), recipientPoint.times(deliveryResponse.negated),
                difference.times(challenge),
            ])
        else { throw SealedKeyFailure(.infinity, .proof) }
        let transcript = deliveryTranscript(owner, sealed, recipient, delivered, statement)
        guard transcript.challenge([first, second, third]) == proof.challenge else {
            throw SealedKeyFailure(.doesNotVerify, .proof)
        }
    }

    private static func deliveryTranscript(
        _ owner: CompressedPoint, _ sealed: SealedKey, _ recipient: CompressedPoint, _ delivered: SealedKey,
        _ statement: SealingStatement
    ) -> ProofTranscript {
        ProofTranscript(
            .delivery, statement,
            [owner, sealed.first, sealed.second, recipient, delivered.first, delivered.second])
    }
}
