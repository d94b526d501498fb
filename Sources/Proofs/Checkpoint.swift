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

    /// What people write, `HEIGHT:HASH`; nil if `text` is nothing of the kind.
    public static func parse(_ text: String) -> (height: Height, blockHash: Hash)? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let height = UInt64(parts[0]), height <= Height.maximum.value,
            let hash = Hexadecimal.decode(String(parts[1])).flatMap({ Bytes32($0) })
        else { return nil }
        return (Height(height), Hash(hash))
    }
}
