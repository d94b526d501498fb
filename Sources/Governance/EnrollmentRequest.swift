public import Cryptography
public import Encoding
public import Primitives

/// What an institution that wants to run a validator hands to the validators: who it is, which keys its node has, and
/// that it holds both. Bytes: `[network, name, institution, key, transportKey, proof]`.
///
/// A validator that changes its keys makes one likewise, by the new keys.
public struct EnrollmentRequest: CBORCodable, Codable, Hashable, Sendable {
    /// The genesis hash: a request is worth nothing on another network.
    public let network: Hash
    /// For people: a short name of the institution's node.
    public let name: String
    public let institution: Party
    /// Signs votes.
    public let key: Address
    /// Names the node to its peers.
    public let transportKey: TransportKey
    public let proof: EnrollmentProof

    public init(
        network: Hash, name: String, institution: Party, key: Address, transportKey: TransportKey,
        proof: EnrollmentProof
    ) {
        self.network = network
        self.name = name
        self.institution = institution
        self.key = key
        self.transportKey = transportKey
        self.proof = proof
    }

    /// A request with its proof.
    ///
    /// - Parameter auxiliary: 32 fresh random bytes, which protect both secrets while they sign.
    public static func signed(
        network: Hash, name: String, institution: Party, validatorSecret: SecretKey, transportSecret: SecretKey,
        auxiliary: Bytes32
    ) -> EnrollmentRequest {
        guard let transportKey = TransportKey(transportSecret.compressedPublicKey) else {
            preconditionFailure("a public key is a compressed point")
        }
        let message = message(
            network: network, name: name, institution: institution, key: validatorSecret.address,
            transportKey: transportKey)
        return EnrollmentRequest(
            network: network, name: name, institution: institution, key: validatorSecret.address,
            transportKey: transportKey,
            proof: EnrollmentProof(
                key: Schnorr.sign(message: message, secret: validatorSecret, auxiliary: auxiliary),
                transportKey: Schnorr.sign(message: message, secret: transportSecret, auxiliary: auxiliary)))
    }

    /// True if whoever made the request holds both secrets.
    public var isProven: Bool {
        let message = Self.message(
            network: network, name: name, institution: institution, key: key, transportKey: transportKey)
        return Schnorr.verify(proof.key, message: message, by: key)
            && Schnorr.verify(proof.transportKey, message: message, by: transportKey.abscissa)
    }

    /// What both keys sign: the tagged hash of all but the proof.
    private static func message(
        network: Hash, name: String, institution: Party, key: Address, transportKey: TransportKey
    ) -> Hash {
        var writer = CBORWriter(reserving: 256)
        writer.array(5)
        writer.write(network)
        writer.write(name)
        writer.write(institution)
        writer.write(key)
        writer.write(transportKey)
        return HashTag.enrollment.hash(writer.bytes)
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(6)
        writer.write(network)
        writer.write(name)
        writer.write(institution)
        writer.write(key)
        writer.write(transportKey)
        writer.write(proof)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("request", count: 6) { (reader) throws(EncodingFailure) in
            EnrollmentRequest(
                network: try reader.value("network"),
                name: try reader.text("name", max: GovernanceLimits.nameBytes),
                institution: try reader.value("institution"), key: try reader.value("key"),
                transportKey: try reader.value("transportKey"), proof: try reader.value("proof"))
        }
    }
}

/// BIP-340 signatures over the request, by each of its keys. Bytes: `[key, transportKey]`.
public struct EnrollmentProof: CBORCodable, Codable, Hashable, Sendable {
    public let key: Signature
    /// By the transport key's x coordinate.
    public let transportKey: Signature

    public init(key: Signature, transportKey: Signature) {
        self.key = key
        self.transportKey = transportKey
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(key)
        writer.write(transportKey)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("proof", count: 2) { (reader) throws(EncodingFailure) in
            EnrollmentProof(key: try reader.value("key"), transportKey: try reader.value("transportKey"))
        }
    }
}

extension TransportKey {
    /// The x coordinate, by which BIP-340 verifies; a key and its negation share it.
    var abscissa: Address { Address(Bytes32(filledBy: { bytes[$0 + 1] })) }
}
