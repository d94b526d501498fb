internal import CSecp256k1
public import Primitives

/// A secp256k1 secret key: a scalar between 1 and the group's order, zeroed on release and never printed.
public final class SecretKey: Sendable, CustomStringConvertible {
    private let bytes: SecretBytes
    /// The x-only public key.
    public let address: Address
    /// The public key with the parity of its y coordinate: 33 bytes, SEC 1 compressed.
    public let compressedPublicKey: [UInt8]

    /// Nil for zero, and for what is not below the group's order (2^-128 of all values).
    public init?(_ bytes: Bytes32) {
        let secret = SecretBytes(bytes)
        guard let point = SecretKey.publicKey(of: secret) else { return nil }
        self.bytes = secret
        compressedPublicKey = point
        address = Address(Bytes32(unchecked: point, at: 1))
    }

    /// Nil unless `bytes` are 32 bytes of a key.
    public convenience init?(_ bytes: SecretBytes) {
        guard bytes.count == Bytes32.count else { return nil }
        self.init(unsafe bytes.withBytes { bytes in Bytes32(filledBy: { unsafe bytes[$0] }) })
    }

    /// The key of the same address whose point has an even y coordinate: what is sealed to an address opens with it.
    public var even: SecretKey {
        guard compressedPublicKey[0] != 2 else { return self }
        var negated = bytes.copy()
        defer { Wipe.array(&negated) }
        guard unsafe secp256k1_ec_seckey_negate(CurveContext.verification.pointer, &negated) == 1,
            let key = SecretKey(SecretBytes(negated))
        else { preconditionFailure("the negative of a key is a key") }
        return key
    }

    public var description: String { "SecretKey(of \(address))" }

    /// The scalar itself, for a keystore or a derivation.
    public var secretBytes: SecretBytes { bytes }

    package func withBytes<Result>(_ body: (UnsafePointer<UInt8>) -> Result) -> Result {
        unsafe bytes.withBytes { buffer in
            guard let address = buffer.baseAddress else { preconditionFailure("a secret key has 32 bytes") }
            return unsafe body(address.assumingMemoryBound(to: UInt8.self))
        }
    }

    private static func publicKey(of secret: SecretBytes) -> [UInt8]? {
        unsafe CurveContext.withSecretContext { context in
            unsafe secret.withBytes { buffer -> [UInt8]? in
                var point = secp256k1_pubkey()
                let scalar = unsafe buffer.baseAddress?.assumingMemoryBound(to: UInt8.self)
                guard let scalar = unsafe scalar else { return nil }
                guard unsafe secp256k1_ec_pubkey_create(context, &point, scalar) == 1 else { return nil }
                return CurvePoint(point).compressed
            }
        }
    }
}
