public import Primitives

/// The Merkle tree of RFC 6962 (and RFC 9162): transaction lists, receipts and content are committed by it.
///
/// A leaf hashes as SHA-256(00 ‖ bytes), a node as SHA-256(01 ‖ left ‖ right), the empty list as SHA-256 of nothing. A tree
/// of n leaves has the largest power of two below n on its left.
public enum MerkleLog {
    private static let leafHasher = prefixed(0)
    private static let nodeHasher = prefixed(1)

    private static func prefixed(_ byte: UInt8) -> SHA256 {
        var hasher = SHA256()
        hasher.update(byte)
        return hasher
    }

    public static let emptyRoot = SHA256.hash([])

    public static func leafHash(_ leaf: [UInt8]) -> Hash {
        var hasher = leafHasher
        hasher.update(leaf)
        return hasher.finalize()
    }

    public static func leafHash(_ leaf: Span<UInt8>) -> Hash {
        var hasher = leafHasher
        hasher.update(leaf)
        return hasher.finalize()
    }

    public static func nodeHash(_ left: Hash, _ right: Hash) -> Hash {
        var hasher = nodeHasher
        hasher.update(left.bytes)
        hasher.update(right.bytes)
        return hasher.finalize()
    }

    public static func root(of leaves: [[UInt8]]) -> Hash { root(ofLeafHashes: leaves.map(leafHash)) }

    /// Level by level; an odd last node moves up unchanged, which gives the RFC's tree.
    public static func root(ofLeafHashes leaves: [Hash]) -> Hash {
        guard !leaves.isEmpty else { return emptyRoot }
        var level = leaves
        while level.count > 1 {
            let pairs = level.count / 2
            for index in 0..<pairs { level[index] = nodeHash(level[2 * index], level[2 * index + 1]) }
            if level.count % 2 == 1 { level[pairs] = level[level.count - 1] }
            level.removeLast(pairs)
        }
        return level[0]
    }

    // MARK: Inclusion

    /// The path that proves leaf `index` to whoever knows the root: sibling hashes from the leaf upwards.
    /// Nil unless `index` is that of a leaf.
    public static func inclusionProof(of index: Int, in leaves: [Hash]) -> [Hash]? {
        guard index >= 0, index < leaves.count else { return nil }
        var path: [Hash] = []
        var level = leaves
        var position = index
        while level.count > 1 {
            let sibling = position ^ 1
            if sibling < level.count { path.append(level[sibling]) }
            level = parents(of: level)
            position /= 2
        }
        return path
    }

    private static func parents(of level: [Hash]) -> [Hash] {
        stride(from: 0, to: level.count, by: 2).map { index in
            index + 1 < level.count ? nodeHash(level[index], level[index + 1]) : level[index]
        }
    }

    /// True if `leaf` is the hash of leaf `index` of the `count` leaves under `root` (RFC 9162, section 2.1.3.2).
    public static func verifyInclusion(
        of leaf: Hash, at index: UInt64, count: UInt64, path: [Hash], root: Hash
    ) -> Bool {
        guard index < count else { return false }
        var position = index
        var last = count - 1
        var hash = leaf
        for sibling in path {
            guard last != 0 else { return false }
            if position & 1 == 1 || position == last {
                hash = nodeHash(sibling, hash)
                while position & 1 == 0, position != 0 {
                    position >>= 1
                    last >>= 1
                }
            } else {
                hash = nodeHash(hash, sibling)
            }
            position >>= 1
            last >>= 1
        }
        return last == 0 && hash == root
    }

    // MARK: Consistency

    /// Proves to whoever knows the root of the first `count` leaves that they are the start of `leaves`
    /// (RFC 6962, section 2.1.2). Nil unless 1 ≤ count ≤ leaves.count; empty if they are equal.
    public static func consistencyProof(from count: Int, in leaves: [Hash]) -> [Hash]? {
        guard count >= 1, count <= leaves.count else { return nil }
        return subproof(count, leaves[...], isWhole: true)
    }

    private static func subproof(_ count: Int, _ leaves: ArraySlice<Hash>, isWhole: Bool) -> [Hash] {
        guard count < leaves.count else { return isWhole ? [] : [root(ofLeafHashes: Array(leaves))] }
        var split = 1
        while split * 2 < leaves.count { split *= 2 }
        let middle = leaves.startIndex + split
        let left = leaves[leaves.startIndex..<middle]
        let right = leaves[middle...]
        if count <= split {
            return subproof(count, left, isWhole: isWhole) + [root(ofLeafHashes: Array(right))]
        }
        return subproof(count - split, right, isWhole: false) + [root(ofLeafHashes: Array(left))]
    }

    /// True if the tree of `count` leaves under `root` begins with the tree of `oldCount` leaves under `oldRoot`
    /// (RFC 9162, section 2.1.4.2). An empty old tree proves nothing and is refused.
    public static func verifyConsistency(
        oldCount: UInt64, oldRoot: Hash, count: UInt64, root: Hash, path: [Hash]
    ) -> Bool {
        guard oldCount >= 1, oldCount <= count else { return false }
        guard oldCount < count else { return path.isEmpty && oldRoot == root }
        // A complete old tree is its own first node, which the proof then leaves out.
        var path = path[...]
        if oldCount & (oldCount - 1) == 0 { path = ([oldRoot] + path)[...] }
        guard let start = path.popFirst() else { return false }
        var position = oldCount - 1
        var last = count - 1
        while position & 1 == 1 {
            position >>= 1
            last >>= 1
        }
        var oldHash = start
        var hash = start
        for node in path {
            guard last != 0 else { return false }
            if position & 1 == 1 || position == last {
                oldHash = nodeHash(node, oldHash)
                hash = nodeHash(node, hash)
                while position & 1 == 0, position != 0 {
                    position >>= 1
                    last >>= 1
                }
            } else {
                hash = nodeHash(hash, node)
            }
            position >>= 1
            last >>= 1
        }
        return last == 0 && oldHash == oldRoot && hash == root
    }
}
