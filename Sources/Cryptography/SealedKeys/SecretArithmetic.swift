internal import CSecp256k1
internal import Primitives

/// A point that must stay secret, or that would show a secret beside public ones. Zeroed on release.
///
/// Scalars meet points only in `secp256k1_ecdh` and `secp256k1_ec_pubkey_create`, in constant time. What remains is adding,
/// negating and writing points: libsecp256k1 adds with formulas without branches, and no scalar takes part.
struct SecretPoint: Sendable {
    /// A `secp256k1_pubkey`.
    private let memory: SecretBytes

    /// Nil if `body` returns false.
    private init?(_ body: (inout secp256k1_pubkey) -> Bool) {
        var raw = secp256k1_pubkey()
        defer { unsafe withUnsafeMutableBytes(of: &raw) { unsafe Wipe.memory($0) } }
        guard body(&raw) else { return nil }
        var bytes = unsafe withUnsafeBytes(of: &raw) { unsafe Array($0) }
        defer { Wipe.array(&bytes) }
        memory = SecretBytes(bytes)
    }

    /// scalar·G; nil unless 1 ≤ scalar < order.
    init?(generatorTimes scalar: SecretBytes) {
        guard scalar.count == 32 else { return nil }
        self.init { raw in
            unsafe CurveContext.withSecretContext { context in
                unsafe scalar.withBytes { buffer in
                    guard let bytes = unsafe buffer.baseAddress?.assumingMemoryBound(to: UInt8.self) else {
                        return false
                    }
                    return unsafe secp256k1_ec_pubkey_create(context, &raw, bytes) == 1
                }
            }
        }
    }

    /// scalar·point.
    init(_ scalar: SecretKey, times point: CurvePoint) {
        var bytes = [4] + ECDH.sharedPoint(secret: scalar, point: point).copy()
        defer { Wipe.array(&bytes) }
        let product = SecretPoint { raw in
            unsafe secp256k1_ec_pubkey_parse(CurveContext.verification.pointer, &raw, bytes, bytes.count) == 1
        }
        guard let product else { preconditionFailure("the coordinates of a product are those of a point") }
        self = product
    }

    /// Nil unless these are the 33 bytes of a point.
    init?(compressed: SecretBytes) {
        var bytes = compressed.copy()
        defer { Wipe.array(&bytes) }
        guard bytes.count == 33 else { return nil }
        self.init { raw in
            unsafe secp256k1_ec_pubkey_parse(CurveContext.verification.pointer, &raw, bytes, bytes.count) == 1
        }
    }

    init(_ point: CurvePoint) {
        let copy = SecretPoint { raw in
            raw = point.raw
            return true
        }
        guard let copy else { preconditionFailure("nothing was refused") }
        self = copy
    }

    private var raw: secp256k1_pubkey {
        unsafe memory.withBytes { unsafe $0.loadUnaligned(as: secp256k1_pubkey.self) }
    }

    var negated: SecretPoint {
        let negative = SecretPoint { raw in
            raw = self.raw
            return unsafe secp256k1_ec_pubkey_negate(CurveContext.verification.pointer, &raw) == 1
        }
        guard let negative else { preconditionFailure("every point has a negative") }
        return negative
    }

    /// Nil if the sum is infinity.
    static func sum(_ points: [SecretPoint]) -> SecretPoint? {
        var terms = points.map(\.raw)
        defer { unsafe terms.withUnsafeMutableBytes { unsafe Wipe.memory($0) } }
        return SecretPoint { raw in
            unsafe terms.withUnsafeBufferPointer { buffer in
                let addresses = unsafe buffer.indices.map { index in
                    unsafe buffer.baseAddress.map { unsafe $0 + index }
                }
                return unsafe secp256k1_ec_pubkey_combine(
                    CurveContext.verification.pointer, &raw, addresses, addresses.count) == 1
            }
        }
    }

    /// This point, no longer secret: the caller publishes it.
    var published: CurvePoint { CurvePoint(raw) }

    var compressed: SecretBytes {
        var bytes = [UInt8](repeating: 0, count: 33)
        defer { Wipe.array(&bytes) }
        var length = bytes.count
        var raw = raw
        defer { unsafe withUnsafeMutableBytes(of: &raw) { unsafe Wipe.memory($0) } }
        let result = unsafe secp256k1_ec_pubkey_serialize(
            CurveContext.verification.pointer, &bytes, &length, &raw, UInt32(SECP256K1_EC_COMPRESSED))
        precondition(result == 1 && length == 33, "a parsed point can be written")
        return SecretBytes(bytes)
    }
}

extension SecretKey {
    /// The public key as a point.
    var point: CurvePoint {
        guard let point = CurvePoint(compressed: compressedPublicKey) else {
            preconditionFailure("a public key is a point")
        }
        return point
    }

    /// nonce + challenge·secret modulo the order, in constant time; nil if that is zero.
    static func response(nonce: SecretKey, challenge: PublicScalar, secret: SecretKey) -> Hash? {
        let context = unsafe CurveContext.verification.pointer
        var sum = secret.secretBytes.copy()
        defer { Wipe.array(&sum) }
        guard unsafe secp256k1_ec_seckey_tweak_mul(context, &sum, challenge.bytes) == 1,
            unsafe nonce.withBytes({ unsafe secp256k1_ec_seckey_tweak_add(context, &sum, $0) }) == 1
        else { return nil }
        return Hash(Bytes32(unchecked: sum, at: 0))
    }

    /// A scalar that only the holder of `secrets` can compute, and that differs wherever anything of `context` or
    /// `randomness` does: the tagged hash of all of them, the position and the attempt (a byte each). Nil with a chance
    /// of 2^-128; then the next attempt gives another.
    static func derived(
        _ tag: HashTag, secrets: [SecretBytes], context: [UInt8], randomness: Bytes32, position: UInt8, attempt: UInt8
    ) -> SecretKey? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(secrets.reduce(context.count + 34) { $0 + $1.count })
        for secret in secrets { unsafe secret.withBytes { unsafe bytes.append(contentsOf: $0) } }
        bytes += context
        randomness.append(to: &bytes)
        bytes += [position, attempt]
        defer { Wipe.array(&bytes) }
        return SecretKey(tag.hash(bytes).bytes)
    }
}
