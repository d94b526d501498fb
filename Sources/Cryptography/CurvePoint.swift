internal import CSecp256k1
public import Primitives

/// A point of secp256k1 other than infinity, parsed and known to lie on the curve.
public struct CurvePoint: Sendable {
    var raw: secp256k1_pubkey

    init(_ raw: secp256k1_pubkey) { self.raw = raw }

    /// Nil unless `bytes` are the 33 compressed bytes of a point. The uncompressed and hybrid forms are refused: one
    /// point, one encoding.
    public init?(compressed bytes: [UInt8]) {
        guard bytes.count == 33 else { return nil }
        self.init(serialized: bytes)
    }

    /// Nil unless `bytes` are the 65 bytes (04 ‖ x ‖ y) of a point.
    public init?(uncompressed bytes: [UInt8]) {
        guard bytes.count == 65, bytes[0] == 4 else { return nil }
        self.init(serialized: bytes)
    }

    private init?(serialized bytes: [UInt8]) {
        var parsed = secp256k1_pubkey()
        let context = unsafe CurveContext.verification.pointer
        guard unsafe secp256k1_ec_pubkey_parse(context, &parsed, bytes, bytes.count) == 1 else { return nil }
        self.init(parsed)
    }

    /// The point with an even y coordinate at an address; nil if there is none.
    public init?(_ address: Address) {
        self.init(serialized: [2] + address.bytes.array)
    }

    /// 02 or 03 by the parity of y, then x.
    public var compressed: [UInt8] { serialize(count: 33, flags: UInt32(SECP256K1_EC_COMPRESSED)) }
    /// 04 ‖ x ‖ y.
    public var uncompressed: [UInt8] { serialize(count: 65, flags: UInt32(SECP256K1_EC_UNCOMPRESSED)) }

    private func serialize(count: Int, flags: UInt32) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var length = count
        var point = raw
        let context = unsafe CurveContext.verification.pointer
        let result = unsafe secp256k1_ec_pubkey_serialize(context, &bytes, &length, &point, flags)
        precondition(result == 1 && length == count, "a parsed point can be written")
        return bytes
    }
}

extension CurvePoint: Equatable {
    public static func == (left: CurvePoint, right: CurvePoint) -> Bool { left.compressed == right.compressed }
}

/// Secret × point, the only way a secret scalar meets a foreign point: in constant time.
public enum ECDH {
    /// The coordinates of secret × point, 64 bytes (x ‖ y). Callers derive keys from it and never use it as one.
    public static func sharedPoint(secret: SecretKey, point: CurvePoint) -> SecretBytes {
        var output = [UInt8](repeating: 0, count: 64)
        var point = point.raw
        let context = unsafe CurveContext.verification.pointer
        let result = unsafe secret.withBytes { scalar in
            unsafe secp256k1_ecdh(context, &output, &point, scalar, copyCoordinates, nil)
        }
        precondition(result == 1, "a valid scalar times a valid point is a point, and the callback never fails")
        defer { Wipe.array(&output) }
        return SecretBytes(output)
    }

    /// SHA-256 of the compressed form of secret × point, 32 bytes: libsecp256k1's own way, which BOLT-8 names.
    public static func sharedSecret(secret: SecretKey, point: CurvePoint) -> SecretBytes {
        var output = [UInt8](repeating: 0, count: 32)
        var point = point.raw
        let context = unsafe CurveContext.verification.pointer
        let result = unsafe secret.withBytes { scalar in
            unsafe secp256k1_ecdh(context, &output, &point, scalar, nil, nil)
        }
        precondition(result == 1, "a valid scalar times a valid point is a point, and SHA-256 has no failure")
        defer { Wipe.array(&output) }
        return SecretBytes(output)
    }

    /// In place of libsecp256k1's SHA-256 of the compressed point: copies x and y.
    private static let copyCoordinates: secp256k1_ecdh_hash_function = { output, x, y, _ in
        guard let output = unsafe output, let x = unsafe x, let y = unsafe y else { return 0 }
        unsafe output.update(from: x, count: 32)
        unsafe (output + 32).update(from: y, count: 32)
        return 1
    }
}
