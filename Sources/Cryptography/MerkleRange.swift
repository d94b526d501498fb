public import Primitives

/// The root of a list that is longer than memory: one hash for each complete subtree so far, at most 64 of them.
public struct MerkleLogBuilder: Hashable, Sendable {
    /// Leaves so far.
    public private(set) var count: UInt64 = 0
    /// Complete subtrees from the left, largest first: one for each bit of `count`.
    public private(set) var subtrees: [Hash] = []

    public init() {}

    /// Goes on where another stopped. Nil unless there is one subtree for each bit of `count`.
    public init?(count: UInt64, subtrees: [Hash]) {
        guard subtrees.count == count.nonzeroBitCount else { return nil }
        self.count = count
        self.subtrees = subtrees
    }

    public mutating func append(_ leaf: Hash) {
        var hash = leaf
        var carry = count
        while carry & 1 == 1, let left = subtrees.popLast() {
            hash = MerkleLog.nodeHash(left, hash)
            carry >>= 1
        }
        subtrees.append(hash)
        count += 1
    }

    public mutating func append(_ leaves: [Hash]) { for leaf in leaves { append(leaf) } }

    public var root: Hash {
        guard var hash = subtrees.last else { return MerkleLog.emptyRoot }
        for left in subtrees.dropLast().reversed() { hash = MerkleLog.nodeHash(left, hash) }
        return hash
    }
}

// MARK: Ranges of leaves

extension MerkleLog {
    /// The subtrees that stand beside the leaves `range` in a tree of `count` leaves, from left to right: with their hashes
    /// and the leaves themselves the root can be made. Each is named by the leaves under it. At most two for each level.
    ///
    /// Nil unless the range is not empty and lies inside.
    public static func siblings(of range: Range<UInt64>, count: UInt64) -> [Range<UInt64>]? {
        guard !range.isEmpty, range.upperBound <= count else { return nil }
        var siblings: [Range<UInt64>] = []
        collect(0..<count, beside: range, into: &siblings)
        return siblings
    }

    private static func collect(
        _ tree: Range<UInt64>, beside range: Range<UInt64>, into siblings: inout [Range<UInt64>]
    ) {
        if !tree.overlaps(range) { return siblings.append(tree) }
        if range.lowerBound <= tree.lowerBound && tree.upperBound <= range.upperBound { return }
        let middle = split(tree)
        collect(tree.lowerBound..<middle, beside: range, into: &siblings)
        collect(middle..<tree.upperBound, beside: range, into: &siblings)
    }

    /// Where the left part of a tree of at least two leaves ends: it has the largest power of two below their number.
    private static func split(_ tree: Range<UInt64>) -> UInt64 {
        let last = tree.upperBound - tree.lowerBound - 1
        return tree.lowerBound + (1 << UInt64(63 - last.leadingZeroBitCount))
    }

    /// The hashes of ``siblings(of:count:)``, of a list that is at hand. Nil as there.
    public static func rangeProof(of range: Range<UInt64>, in leaves: [Hash]) -> [Hash]? {
        siblings(of: range, count: UInt64(leaves.count))?.map { subtree in
            root(ofLeafHashes: Array(leaves[Int(subtree.lowerBound)..<Int(subtree.upperBound)]))
        }
    }

    /// True if `leaves` are those from `first` on of the `count` leaves under `root`, `siblings` being the hashes beside
    /// them.
    public static func verifyRange(
        _ leaves: [Hash], from first: UInt64, count: UInt64, siblings: [Hash], root: Hash
    ) -> Bool {
        guard !leaves.isEmpty, let end = first.adding(UInt64(leaves.count)), end <= count else { return false }
        var siblings = siblings[...]
        let made = hash(0..<count, leaves, first..<end, &siblings)
        return made == root && siblings.isEmpty
    }

    /// Nil if siblings are missing. As deep as the tree, 64 at most.
    private static func hash(
        _ tree: Range<UInt64>, _ leaves: [Hash], _ range: Range<UInt64>, _ siblings: inout ArraySlice<Hash>
    ) -> Hash? {
        if !tree.overlaps(range) { return siblings.popFirst() }
        if tree.upperBound - tree.lowerBound == 1 { return leaves[Int(tree.lowerBound - range.lowerBound)] }
        let middle = split(tree)
        guard let left = hash(tree.lowerBound..<middle, leaves, range, &siblings),
            let right = hash(middle..<tree.upperBound, leaves, range, &siblings)
        else { return nil }
        return nodeHash(left, right)
    }
}
