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

/// A content key encrypted to a sealing key A = aG: (C1, C2) = (rG, K + rA).
public struct SealedKey: CBORCodable, Codable, Hashable, Sendable {
    public let first: CompressedPoint
    public let second: CompressedPoint

    public init(first: CompressedPoint, second: CompressedPoint) {
        self.first = first
        self.second = second
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(first)
        writer.write(second)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 2) { (reader) throws(EncodingFailure) in
            SealedKey(first: try reader.value("first"), second: try reader.value("second"))
        }
    }
}

/// A proof of knowledge of one scalar, (e, z): that the owner holds a (possession of the sealing key), or r (that the
/// sealed key is its own making).
public struct KeyProof: CBORCodable, Codable, Hashable, Sendable {
    public let challenge: Hash
    public let response: Hash

    public init(challenge: Hash, response: Hash) {
        self.challenge = challenge
        self.response = response
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(challenge)
        writer.write(response)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 2) { (reader) throws(EncodingFailure) in
            KeyProof(challenge: try reader.value("challenge"), response: try reader.value("response"))
        }
    }
}

/// A proof that two sealed keys hold the same content key, (e, z_a, z_s): knowledge of (a, s) with A = aG, D1 = sG and
/// C2 − D2 = a·C1 − s·B.
public struct DeliveryProof: CBORCodable, Codable, Hashable, Sendable {
    public let challenge: Hash
    public let ownerResponse: Hash
    public let deliveryResponse: Hash

    public init(challenge: Hash, ownerResponse: Hash, deliveryResponse: Hash) {
        self.challenge = challenge
        self.ownerResponse = ownerResponse
        self.deliveryResponse = deliveryResponse
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(3)
        writer.write(challenge)
        writer.write(ownerResponse)
        writer.write(deliveryResponse)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 3) { (reader) throws(EncodingFailure) in
            DeliveryProof(
                challenge: try reader.value("challenge"), ownerResponse: try reader.value("ownerResponse"),
                deliveryResponse: try reader.value("deliveryResponse"))
        }
    }
}
