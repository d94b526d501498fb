public import Primitives

/// A final block that a verifier trusts because somebody it trusts named it: where every chain of evidence begins.
public struct Checkpoint: Hashable, Sendable {
    /// The genesis hash.
    public let network: Hash
    public let height: Height
    public let blockHash: Hash

    public init(network: Hash, height: Height, blockHash: Hash) {
        self.network = network
        self.height = height
        self.blockHash = blockHash
    }
}
