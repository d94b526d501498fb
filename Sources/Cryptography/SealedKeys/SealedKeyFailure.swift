/// Why a sealed key or a proof about one is refused.
public struct SealedKeyFailure: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Reason: Hashable, Sendable {
        /// No point of the curve has this encoding.
        case invalidPoint
        /// A challenge or response is zero.
        case zeroScalar
        /// A challenge or response is not below the group's order.
        case outOfRange
        /// A point that the protocol computes is the point at infinity: the proof, or what it is about, is degenerate.
        case infinity
        /// The proof does not hold for these points and this statement.
        case doesNotVerify
    }

    /// What the reason is about, as the values are named in Specs/sealed-keys.md.
    public enum Field: String, Hashable, Sendable {
        /// A, the key that the content key is sealed to.
        case sealingKey
        /// C1.
        case sealedKeyFirst
        /// C2.
        case sealedKeySecond
        /// B, the key that it is delivered to.
        case recipientKey
        /// D1.
        case deliveredFirst
        /// D2.
        case deliveredSecond
        /// K.
        case contentPoint
        case challenge
        /// z of a proof about one scalar.
        case response
        /// z_a.
        case ownerResponse
        /// z_s.
        case deliveryResponse
        case proof
    }

    public let reason: Reason
    public let field: Field

    public init(_ reason: Reason, _ field: Field) {
        self.reason = reason
        self.field = field
    }

    public var description: String {
        switch reason {
        case .invalidPoint: "\(field.rawValue) is not a compressed point of secp256k1"
        case .zeroScalar: "\(field.rawValue) is zero"
        case .outOfRange: "\(field.rawValue) is not below the order of the group"
        case .infinity: "\(field.rawValue) gives the point at infinity"
        case .doesNotVerify: "\(field.rawValue) does not verify for these points and this statement"
        }
    }
}
