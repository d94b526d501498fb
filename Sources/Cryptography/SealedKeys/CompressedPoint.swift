public import Encoding
public import Primitives

/// A point of secp256k1 in its 33 compressed bytes. That it lies on the curve is checked where it is used.
public struct CompressedPoint: CBORCodable, Codable, Hashable, Sendable {
    /// True for a prefix of 3.
    public let isOdd: Bool
    public let abscissa: Bytes32

    public init(isOdd: Bool, abscissa: Bytes32) {
        self.isOdd = isOdd
        self.abscissa = abscissa
    }

    public init?(_ bytes: [UInt8]) {
        guard bytes.count == 33, bytes[0] == 2 || bytes[0] == 3 else { return nil }
        isOdd = bytes[0] == 3
        abscissa = Bytes32(unchecked: bytes, at: 1)
    }

    public var bytes: [UInt8] { [isOdd ? 3 : 2] + abscissa.array }

    public func encode(into writer: inout CBORWriter) { writer.write(bytes: bytes) }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        guard let point = CompressedPoint(try reader.byteString(count: 33)) else { throw reader.failure(.outOfRange) }
        self = point
    }

    public init(from decoder: any Decoder) throws {
        self = try decoder.text("66 hexadecimal digits of a compressed point (02… or 03…)") {
            Hexadecimal.decode($0).flatMap { CompressedPoint($0) }
        }
    }

    public func encode(to encoder: any Encoder) throws { try encoder.write(Hexadecimal.encode(bytes)) }
}
