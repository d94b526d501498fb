internal import Encoding
internal import Primitives

/// What a proof of one relation is about, as bytes: the statement, then the points, 33 bytes each. The statement's CBOR
/// ends itself and the number of points is the relation's, so two different transcripts never have the same bytes.
struct ProofTranscript {
    /// Which equations are proven. Each has tags of its own, so that no proof of one is a proof of another.
    struct Relation: Sendable {
        let challenge: HashTag
        let nonce: HashTag

        private init(_ name: String) {
            challenge = HashTag("mednexus/sealed/" + name)
            nonce = HashTag("mednexus/sealed/" + name + "/nonce")
        }

        /// A = aG.
        static let possession = Relation("possession")
        /// C1 = rG.
        static let origin = Relation("origin")
        /// A = aG, D1 = sG, C2 − D2 = a·C1 − s·B.
        static let delivery = Relation("delivery")
    }

    let relation: Relation
    let bytes: [UInt8]

    init(_ relation: Relation, _ statement: SealingStatement, _ points: [CompressedPoint]) {
        self.relation = relation
        bytes = points.reduce(statement.encoded) { $0 + $1.bytes }
    }

    /// The challenge e. A prover whose e is zero or not below the order (chance 2^-128) begins again.
    func challenge(_ commitments: [CurvePoint]) -> Hash {
        var hasher = relation.challenge.hasher
        hasher.update(bytes)
        for point in commitments { hasher.update(point.compressed) }
        return hasher.finalize()
    }

    /// The nonce at `position`; nil with a chance of 2^-128.
    func nonce(_ secrets: [SecretKey], _ randomness: Bytes32, position: UInt8, attempt: UInt8) -> SecretKey? {
        SecretKey.derived(
            relation.nonce, secrets: secrets.map(\.secretBytes), context: bytes, randomness: randomness,
            position: position, attempt: attempt)
    }
}
