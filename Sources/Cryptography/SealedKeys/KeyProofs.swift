public import Primitives

/// Proofs of knowledge of one scalar: T = kG, e = hash of the transcript and T, z = k + e·x; verified as T = zG − e·X.
extension SealedKeys {
    /// That the maker of `statement` holds the secret of this sealing key. `randomness` is 32 fresh random bytes.
    public static func provePossession(
        _ secret: SealingSecret, statement: SealingStatement, randomness: Bytes32
    ) -> KeyProof {
        prove(secret.scalar, ProofTranscript(.possession, statement, [secret.key]), randomness)
    }

    public static func verifyPossession(
        of key: CompressedPoint, _ proof: KeyProof, statement: SealingStatement
    ) throws(SealedKeyFailure) {
        try verify(try CurvePoint(key, .sealingKey), proof, ProofTranscript(.possession, statement, [key]))
    }

    /// That who made `sealed`, for the sealing key `key`, made it themselves: they know the r of C1 = rG. So a sealed key
    /// of somebody else can't be passed off as one's own. Throws if `scalar` is not that r.
    public static func proveOrigin(
        _ scalar: SecretKey, of sealed: SealedKey, to key: CompressedPoint, statement: SealingStatement,
        randomness: Bytes32
    ) throws(SealedKeyFailure) -> KeyProof {
        guard scalar.point.written == sealed.first else { throw SealedKeyFailure(.doesNotVerify, .sealedKeyFirst) }
        return prove(scalar, originTranscript(sealed, key, statement), randomness)
    }

    public static func verifyOrigin(
        of sealed: SealedKey, to key: CompressedPoint, _ proof: KeyProof, statement: SealingStatement
    ) throws(SealedKeyFailure) {
        _ = try CurvePoint(key, .sealingKey)
        _ = try CurvePoint(sealed.second, .sealedKeySecond)
        try verify(
            try CurvePoint(sealed.first, .sealedKeyFirst), proof, originTranscript(sealed, key, statement))
    }

    private static func originTranscript(
        _ sealed: SealedKey, _ key: CompressedPoint, _ statement: SealingStatement
    ) -> ProofTranscript {
        ProofTranscript(.origin, statement, [key, sealed.first, sealed.second])
    }

    private static func prove(_ secret: SecretKey, _ transcript: ProofTranscript, _ randomness: Bytes32) -> KeyProof {
        for attempt in UInt8.min...UInt8.max {
            guard let nonce = transcript.nonce([secret], randomness, position: 0, attempt: attempt) else { continue }
            let challenge = transcript.challenge([nonce.point])
            guard let scalar = try? PublicScalar(challenge, .challenge),
                let response = SecretKey.response(nonce: nonce, challenge: scalar, secret: secret)
            else { continue }
            let proof = KeyProof(challenge: challenge, response: response)
            // A proof made wrong by a fault may give the secret away, so it never leaves this function.
            let isRight = (try? verify(secret.point, proof, transcript)) != nil
            precondition(isRight, "a fresh proof verifies")
            return proof
        }
        preconditionFailure("256 attempts fail with a chance below 2^-30000")
    }

    private static func verify(
        _ point: CurvePoint, _ proof: KeyProof, _ transcript: ProofTranscript
    ) throws(SealedKeyFailure) {
        let challenge = try PublicScalar(proof.challenge, .challenge)
        let response = try PublicScalar(proof.response, .response)
        guard let commitment = point.times(challenge.negated).plusGenerator(times: response) else {
            throw SealedKeyFailure(.infinity, .proof)
        }
        guard transcript.challenge([commitment]) == proof.challenge else {
            throw SealedKeyFailure(.doesNotVerify, .proof)
        }
    }
}
