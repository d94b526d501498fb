/// The static public key of a node's transport: a compressed point of secp256k1, 33 bytes. It names a peer.
///
/// That the bytes are a point is checked where the key is used; here only their shape is.
public struct TransportKey: Hashable, Sendable, CustomStringConvertible {
    public static let byteCount = 33

    public let bytes: [UInt8]

    /// Nil unless there are 33 bytes of which the first is 2 or 3.
    public init?(_ bytes: [UInt8]) {
        guard bytes.count == Self.byteCount, bytes[0] == 2 || bytes[0] == 3 else { return nil }
        self.bytes = bytes
    }

    /// From 66 lower-case hexadecimal digits.
    public init?(hexadecimal text: String) {
        guard let bytes = Hexadecimal.decode(text) else { return nil }
        self.init(bytes)
    }

    public var description: String { Hexadecimal.encode(bytes) }
}

extension TransportKey: Comparable {
    public static func < (left: Self, right: Self) -> Bool { left.bytes.lexicographicallyPrecedes(right.bytes) }
}

extension TransportKey: Codable {
    public init(from decoder: any Decoder) throws {
        self = try decoder.text("66 lower-case hexadecimal digits") { TransportKey(hexadecimal: $0) }
    }

    public func encode(to encoder: any Encoder) throws { try encoder.write(description) }
}
