public import Encoding
public import Primitives

/// Where a whole state is cut into chunks. Each chunk begins where the one before it ends, the first at the lowest path,
/// and the last ends behind the highest: whatever stands in it, every path lies in exactly one chunk.
///
/// Bytes: for each chunk but the first, where it begins: a path without the zero bytes at its end. Strictly ascending.
public struct ChunkCuts: CBORCodable, Hashable, Sendable {
    public static let maximumChunks = 1 << 16

    /// Where each chunk but the first begins.
    private let starts: [Bytes32]

    public static let none = ChunkCuts(checked: [])

    /// Nil unless there are fewer than ``maximumChunks``, above zero, and strictly ascending.
    public init?(_ starts: [Bytes32]) {
        guard starts.count < Self.maximumChunks, Self.areAscending(starts) else { return nil }
        self.starts = starts
    }

    private init(checked starts: [Bytes32]) { self.starts = starts }

    private static func areAscending(_ starts: [Bytes32]) -> Bool {
        starts.first != .zero && zip(starts, starts.dropFirst()).allSatisfy { $0 < $1 }
    }

    /// How many chunks there are: one more than cuts.
    public var count: Int { starts.count + 1 }

    /// The paths of a chunk. Precondition: `index` is one of a chunk.
    public func range(of index: Int) -> PathRange {
        precondition(index >= 0 && index < count, "there is such a chunk")
        return PathRange(
            start: index == 0 ? .zero : starts[index - 1], end: index < starts.count ? starts[index] : nil)
    }

    /// The chunk that `path` lies in.
    public func index(of path: Bytes32) -> Int {
        var low = 0
        var high = starts.count
        while low < high {
            let middle = (low + high) / 2
            if starts[middle] <= path { low = middle + 1 } else { high = middle }
        }
        return low
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(starts.count)
        for start in starts { writer.write(bytes: start.array.prefix((start.significantBits + 7) / 8)) }
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        let starts = try reader.list(max: Self.maximumChunks - 1) { (reader) throws(EncodingFailure) in
            let bytes = try reader.byteString("cut", max: Bytes32.count)
            guard let last = bytes.last, last != 0 else { throw reader.failure(.nonCanonical, "cut") }
            return Bytes32 { $0 < bytes.count ? bytes[$0] : 0 }
        }
        guard Self.areAscending(starts) else { throw reader.failure(.unsorted) }
        self.starts = starts
    }
}

/// Every path from `start` up to, and without, `end`; nil: up to the last.
public struct PathRange: Hashable, Sendable {
    public let start: Bytes32
    public let end: Bytes32?

    public static let all = PathRange(start: .zero, end: nil)

    public init(start: Bytes32, end: Bytes32?) {
        self.start = start
        self.end = end
    }

    public func contains(_ path: Bytes32) -> Bool { path >= start && end.map { path < $0 } ?? true }

    /// True if some of the paths that begin with the first `depth` bits of `prefix` lie inside, and some outside. All
    /// that follows in `prefix` is zero.
    private func parts(_ prefix: Bytes32, depth: Int) -> Bool {
        // An end of the range lies behind the first of those paths: at the first itself it would leave them together.
        func isBehindFirst(_ border: Bytes32) -> Bool { border != prefix && border.prefix(depth) == prefix }
        return isBehindFirst(start) || end.map(isBehindFirst) ?? false
    }

    /// The root of a state that has exactly `leaves` in this range, and outside of it what the siblings are the hashes
    /// of: of every node outside whose parent has paths on both sides of an end of the range, from left to right.
    ///
    /// Where an end of the range lies below a node, that node is taken for an inner one. So a true state's root comes
    /// of true leaves only, since no inner node's hash is a leaf's or zero; and a range whose ends lie where the state
    /// has one entry, or none, has no siblings that would do.
    ///
    /// - Parameter leaves: ascending, and all in this range.
    /// - Throws: if there are more siblings than such nodes, or fewer.
    public func root(of leaves: [TrieLeaf], beside siblings: [Hash]) throws(StateFailure) -> Hash {
        var rest = siblings[...]
        let root = try node(.zero, depth: 0, leaves[...], &rest)
        guard rest.isEmpty else { throw StateFailure("a range of the state has \(rest.count) siblings too many") }
        return root
    }

    private func node(
        _ prefix: Bytes32, depth: Int, _ leaves: ArraySlice<TrieLeaf>, _ siblings: inout ArraySlice<Hash>
    ) throws(StateFailure) -> Hash {
        if parts(prefix, depth: depth) {
            let (left, right) = TrieNode.parting(leaves, depth: depth)
            let leftNode = try node(prefix, depth: depth + 1, left, &siblings)
            let rightNode = try node(prefix.settingBit(depth), depth: depth + 1, right, &siblings)
            return StateTrie.inner(leftNode, rightNode)
        }
        if contains(prefix) { return Hash(TrieNode.over(leaves, depth: depth).hash) }
        guard let sibling = siblings.popFirst() else { throw StateFailure("a range of the state lacks siblings") }
        return sibling
    }

    /// The siblings of this range in `snapshot`. Each end of the range must be one that ``StateCutter`` makes there.
    func siblings(in snapshot: LayeredSnapshot) throws(StateFailure) -> [Hash] {
        var hashes: [Hash] = []
        if start != .zero {
            let way = try Self.way(to: start, in: snapshot)
            for depth in way.siblings.indices where start.bit(depth) { hashes.append(way.siblings[depth]) }
        }
        if let end {
            let way = try Self.way(to: end, in: snapshot)
            hashes.append(Hash(way.node.hash))
            for depth in way.siblings.indices.reversed() where !end.bit(depth) { hashes.append(way.siblings[depth]) }
        }
        return hashes
    }

    /// To the node that begins with the paths from `border` on.
    private static func way(
        to border: Bytes32, in snapshot: LayeredSnapshot
    ) throws(StateFailure) -> (siblings: [Hash], node: TrieNode) {
        let depth = border.significantBits
        let way = try TrieWalk.way(to: border, depth: depth, from: snapshot.root, in: snapshot)
        guard way.siblings.count == depth else {
            throw StateFailure("the trie has no node at depth \(depth) of \(border), between two entries")
        }
        return way
    }
}
