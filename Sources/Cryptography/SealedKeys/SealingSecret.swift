public import Primitives

/// The secret scalar a of a sealing key A = aG: random, never derived, never a signing key. Zeroed on release; destroying
/// it shreds what was sealed to it, and nothing else.
public struct SealingSecret: Sendable, CustomStringConvertible {
    let scalar: SecretKey

    /// Takes 32 fresh random bytes. Nil for zero and for what is not below the group's order (2^-128 of all values).
    public init?(_ bytes: Bytes32) {
        guard let scalar = SecretKey(bytes) else { return nil }
        self.scalar = scalar
    }

    /// Nil unless `bytes` are 32 bytes of a scalar.
    public init?(_ bytes: SecretBytes) {
        guard let scalar = SecretKey(bytes) else { return nil }
        self.scalar = scalar
    }

    /// A, which content keys are sealed to.
    public var key: CompressedPoint { scalar.point.written }
    /// The scalar itself, for a keystore.
    public var secretBytes: SecretBytes { scalar.secretBytes }
    public var description: String { "SealingSecret(of \(Hexadecimal.encode(key.bytes)))" }
}

/// The content key K, a point. Zeroed on release, in no description, and without any form in JSON or CBOR: it leaves
/// memory only sealed.
public struct ContentPoint: Sendable, CustomStringConvertible {
    let point: SecretPoint

    init(_ point: SecretPoint) { self.point = point }

    /// A new content key K = kG of 32 fresh random bytes k, which nothing keeps. Nil for zero and for what is not below
    /// the group's order (2^-128 of all values).
    public init?(randomness: Bytes32) {
        guard let point = SecretPoint(generatorTimes: SecretBytes(randomness)) else { return nil }
        self.point = point
    }

    /// The 33 compressed bytes, from which the keys of the content are derived.
    public var compressed: SecretBytes { point.compressed }
    public var description: String { "ContentPoint" }

    /// Takes the same time wherever the points differ.
    public static func == (left: ContentPoint, right: ContentPoint) -> Bool { left.compressed == right.compressed }
}
