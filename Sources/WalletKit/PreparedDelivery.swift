internal import FoundationEssentials
public import Primitives

/// What a delivery was begun with, written down before `begin` is sent: from it D and its proof are made again, so that
/// what is shown at `complete` is what was committed to, whatever happens in between.
public struct PreparedDelivery: Codable, Hashable, Sendable {
    /// 32 random bytes. Alone they open nothing: D follows from them *and* the sealing secret.
    public let randomness: Hash
    public let commitment: Hash

    public init(randomness: Hash, commitment: Hash) {
        self.randomness = randomness
        self.commitment = commitment
    }
}

extension WalletHome {
    private func path(_ delivery: DeliveryID, _ network: Hash) -> String {
        "\(path)/deliveries/\(network)/\(Hexadecimal.encode(delivery.bytes.array)).json"
    }

    /// Nil if none was begun from this wallet.
    public func preparedDelivery(
        _ delivery: DeliveryID, on network: Hash
    ) throws(WalletFailure) -> PreparedDelivery? {
        try load(path(delivery, network), as: PreparedDelivery.self)
    }

    /// On disk when this returns.
    public func save(
        _ prepared: PreparedDelivery, of delivery: DeliveryID, on network: Hash
    ) throws(WalletFailure) {
        try DurableFile.makeFolder("\(path)/deliveries/\(network)")
        try save(prepared, to: path(delivery, network))
    }
}
