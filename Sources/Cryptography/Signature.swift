public import Encoding
public import Primitives

/// A BIP-340 signature: the x coordinate of the nonce point, then the scalar. 64 bytes; hexadecimal in JSON.
public struct Signature: Hashable, Sendable, CustomStringConvertible {
    public static let count = 64

    public let noncePoint: Bytes32
    public let scalar: Bytes32

    @inlinable public init(noncePoint: Bytes32, scalar: Bytes32) {
        self.noncePoint = noncePoint
        self.scalar = scalar
    }

    /// Nil unless `bytes` has exactly 64 elements.
    public init?(_ bytes: [UInt8]) {
        guard bytes.count == Signature.count else { return nil }
        self.init(noncePoint: Bytes32(unchecked: bytes, at: 0), scalar: Bytes32(unchecked: bytes, at: 32))
    }

    public var array: [UInt8] { noncePoint.array + scalar.array }
    public var description: String { Hexadecimal.encode(array) }
}

/// A byte string of 64 bytes.
extension Signature: CBORCodable {
    public func encode(into writer: inout CBORWriter) {
        writer.head(2, UInt64(Signature.count))
        writer.write(encoded: array)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        let bytes = try reader.byteString(count: Signature.count)
        self.init(noncePoint: Bytes32(unchecked: bytes, at: 0), scalar: Bytes32(unchecked: bytes, at: 32))
    }
}

extension Signature: Codable {
    public init(from decoder: any Decoder) throws {
        self = try decoder.text("128 lower-case hexadecimal digits") { text in
            Hexadecimal.decode(text).flatMap { Signature($0) }
        }
    }

    public func encode(to encoder: any Encoder) throws { try encoder.write(description) }
}
