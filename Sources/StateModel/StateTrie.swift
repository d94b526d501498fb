internal import Cryptography
public import Primitives

/// The commitment to the state: a binary Merkle trie over 256-bit paths (Specs/state.md).
///
/// ```
/// path  = SHA-256(0x10 ‖ state key); of an entry with an anchor the first three bytes are those of
///         SHA-256(0x13 ‖ subject ‖ run)
/// leaf  = SHA-256(0x11 ‖ path ‖ SHA-256(value))
/// inner = SHA-256(0x12 ‖ left ‖ right)
/// empty = 32 zero bytes; a subtree with one leaf is that leaf, as high as possible
/// ```
/// So the root depends on the content alone. The first bytes differ from RFC 6962's 0x00 and 0x01: no Merkle log can be
/// passed off as state.
public enum StateTrie {
    public static let emptyRoot = Hash.zero
    /// Paths have 256 bits, so no node lies deeper.
    public static let maximumDepth = 256

    /// Where the trie keeps `key`, and what every store of state orders by.
    public static func path(of key: StateKey) -> Bytes32 {
        var hasher = SHA256()
        hasher.update(0x10)
        hasher.update(key.bytes)
        let hash = hasher.finalize().bytes
        guard let anchor = StateAnchor(of: key.bytes) else { return hash }
        return hash.replacingFirstBytes(StateAnchor.placeBytes, by: anchor.place)
    }

    public static func leaf(path: Bytes32, valueHash: Hash) -> Hash {
        var hasher = leafPrefix
        hasher.update(path)
        hasher.update(valueHash.bytes)
        return hasher.finalize()
    }

    public static func leaf(path: Bytes32, value: [UInt8]) -> Hash {
        leaf(path: path, valueHash: SHA256.hash(value))
    }

    public static func inner(_ left: Hash, _ right: Hash) -> Hash {
        var hasher = innerPrefix
        hasher.update(left.bytes)
        hasher.update(right.bytes)
        return hasher.finalize()
    }

    private static let leafPrefix = hasher(of: 0x11)
    private static let innerPrefix = hasher(of: 0x12)

    private static func hasher(of first: UInt8) -> SHA256 {
        var hasher = SHA256()
        hasher.update(first)
        return hasher
    }
}

/// A node of the trie: nothing, a leaf, or an inner node with at least two leaves below it.
struct TrieNode: Equatable {
    enum Kind { case empty, leaf, inner }

    let kind: Kind
    let hash: Bytes32

    static let empty = TrieNode(kind: .empty, hash: .zero)

    static func leaf(_ hash: Bytes32) -> TrieNode { TrieNode(kind: .leaf, hash: hash) }

    /// The node over two children: a leaf without a neighbor rises.
    static func joining(_ left: TrieNode, _ right: TrieNode) -> TrieNode {
        switch (left.kind, right.kind) {
        case (.empty, .empty): .empty
        case (.empty, .leaf): right
        case (.leaf, .empty): left
        default: TrieNode(kind: .inner, hash: StateTrie.inner(Hash(left.hash), Hash(right.hash)).bytes)
        }
    }

    /// The node at `depth` over leaves that share its path and ascend.
    static func over(_ leaves: ArraySlice<TrieLeaf>, depth: Int) -> TrieNode {
        guard let first = leaves.first else { return .empty }
        guard leaves.count > 1, let last = leaves.last else { return .leaf(first.hash) }
        // Leaves of one place share a long way: what lies on it has one child, and nothing to look for.
        let fork = first.path.commonPrefixLength(with: last.path)
        let (left, right) = parting(leaves, depth: fork)
        var node = joining(over(left, depth: fork + 1), over(right, depth: fork + 1))
        for level in stride(from: fork - 1, through: depth, by: -1) {
            node = first.path.bit(level) ? joining(.empty, node) : joining(node, .empty)
        }
        return node
    }

    /// Those that lie left and right below the node at `depth`.
    static func parting(
        _ leaves: ArraySlice<TrieLeaf>, depth: Int
    ) -> (left: ArraySlice<TrieLeaf>, right: ArraySlice<TrieLeaf>) {
        precondition(depth < StateTrie.maximumDepth, "distinct paths part before their last bit")
        var low = leaves.startIndex
        var high = leaves.endIndex
        while low < high {
            let middle = (low + high) / 2
            if leaves[middle].path.bit(depth) { high = middle } else { low = middle + 1 }
        }
        return (leaves[..<low], leaves[low...])
    }
}
