internal import Cryptography
internal import Networking
internal import Primitives
internal import Replica

/// This node's static transport key, and what is made with it.
struct TransportSecret: Sendable {
    private let secret: SecretKey
    private let network: Hash
    let key: TransportKey

    /// The first byte behind the protocol's name; another version is another network to a handshake.
    private static let protocolVersion: UInt8 = 1

    init(home: NodeHome, network: Hash) throws {
        secret = try home.transportKey()
        self.network = network
        guard let key = TransportKey(secret.compressedPublicKey) else {
            preconditionFailure("a public key is a compressed point")
        }
        self.key = key
    }

    /// Where this node says it can be reached; nil if nowhere.
    func record(advertising text: String, time: Timestamp) -> PeerAddressRecord? {
        guard let (host, port) = PeerHost.parse(text) else { return nil }
        return PeerAddressRecord(
            network: network, key: key, host: host, port: UInt64(port), time: time, secret: secret,
            auxiliary: NodeRandom.bytes32())
    }

    /// - Parameter listening: nil dials out only.
    func configuration(listening address: ListenAddress?, maximumInbound: Int) -> NetworkConfiguration {
        var limits = NetworkLimits()
        limits.inboundObservers = maximumInbound
        return NetworkConfiguration(
            listen: address.map { PeerAddress(host: $0.host, port: $0.port) }, staticKey: secret,
            prologue: Array("mednexus".utf8) + [Self.protocolVersion] + network.bytes.array, limits: limits,
            random: { NodeRandom.bytes32() })
    }
}
