public import Primitives

/// The domains of BIP-340 tagged hashes: SHA-256(SHA-256(tag) ‖ SHA-256(tag) ‖ message). No two uses share a tag, so no
/// value of one kind can be passed off as another.
public struct HashTag: Sendable {
    public let name: String
    /// The state after the 64 bytes of the doubled tag hash, so that a tagged hash costs no more than a plain one.
    @usableFromInline let prefix: SHA256

    public init(_ name: String) {
        self.name = name
        let tag = SHA256.hash(Array(name.utf8))
        var hasher = SHA256()
        hasher.update(tag.bytes)
        hasher.update(tag.bytes)
        prefix = hasher
    }

    public static let transaction = HashTag("mednexus/tx")
    public static let wire = HashTag("mednexus/wire")
    public static let identifier = HashTag("mednexus/id")
    public static let header = HashTag("mednexus/header")
    public static let genesis = HashTag("mednexus/genesis")
    public static let vote = HashTag("mednexus/vote")
    public static let terms = HashTag("mednexus/terms")
    public static let validatorSet = HashTag("mednexus/validators")
    public static let epochRestart = HashTag("mednexus/epoch-restart")
    public static let enrollment = HashTag("mednexus/enrollment")

    /// A hasher that has taken in the tag.
    @inlinable public var hasher: SHA256 { prefix }

    @inlinable public func hash(_ bytes: [UInt8]) -> Hash {
        var hasher = prefix
        hasher.update(bytes)
        return hasher.finalize()
    }
}
