internal import CSecp256k1
internal import Primitives

/// A scalar between 1 and the group's order that is no secret: a challenge or a response of a proof.
struct PublicScalar {
    let bytes: [UInt8]

    private init(checked bytes: [UInt8]) { self.bytes = bytes }

    init(_ value: Hash, _ field: SealedKeyFailure.Field) throws(SealedKeyFailure) {
        guard !value.bytes.isZero else { throw SealedKeyFailure(.zeroScalar, field) }
        bytes = value.bytes.array
        let isBelowOrder = unsafe secp256k1_ec_seckey_verify(CurveContext.verification.pointer, bytes) == 1
        guard isBelowOrder else { throw SealedKeyFailure(.outOfRange, field) }
    }

    /// The group's order minus this.
    var negated: PublicScalar {
        var bytes = bytes
        let result = unsafe secp256k1_ec_seckey_negate(CurveContext.verification.pointer, &bytes)
        precondition(result == 1, "a scalar between 1 and the order has a negative")
        return PublicScalar(checked: bytes)
    }
}

/// Sums and multiples of public points by public scalars. Their time depends on the values: nothing here may be secret.
extension CurvePoint {
    init(_ point: CompressedPoint, _ field: SealedKeyFailure.Field) throws(SealedKeyFailure) {
        guard let parsed = CurvePoint(compressed: point.bytes) else { throw SealedKeyFailure(.invalidPoint, field) }
        self = parsed
    }

    /// Never infinity, since the order is prime.
    func times(_ scalar: PublicScalar) -> CurvePoint {
        var raw = raw
        let result = unsafe secp256k1_ec_pubkey_tweak_mul(CurveContext.verification.pointer, &raw, scalar.bytes)
        precondition(result == 1, "a point times a scalar between 1 and the order is a point")
        return CurvePoint(raw)
    }

    /// This + scalar·G; nil if that is infinity.
    func plusGenerator(times scalar: PublicScalar) -> CurvePoint? {
        var raw = raw
        guard unsafe secp256k1_ec_pubkey_tweak_add(CurveContext.verification.pointer, &raw, scalar.bytes) == 1 else {
            return nil
        }
        return CurvePoint(raw)
    }

    var negated: CurvePoint {
        var raw = raw
        let result = unsafe secp256k1_ec_pubkey_negate(CurveContext.verification.pointer, &raw)
        precondition(result == 1, "every point has a negative")
        return CurvePoint(raw)
    }

    /// Nil if the sum is infinity; sums on the way there may be.
    static func sum(_ points: [CurvePoint]) -> CurvePoint? {
        var sum = secp256k1_pubkey()
        let raw = points.map(\.raw)
        let isPoint = unsafe raw.withUnsafeBufferPointer { buffer in
            let addresses = unsafe buffer.indices.map { index in unsafe buffer.baseAddress.map { unsafe $0 + index } }
            return unsafe secp256k1_ec_pubkey_combine(
                CurveContext.verification.pointer, &sum, addresses, addresses.count) == 1
        }
        return isPoint ? CurvePoint(sum) : nil
    }

    /// As it is written in records.
    var written: CompressedPoint {
        guard let point = CompressedPoint(compressed) else { preconditionFailure("a point has 33 compressed bytes") }
        return point
    }
}
