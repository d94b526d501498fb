public import Encoding
public import Primitives

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
