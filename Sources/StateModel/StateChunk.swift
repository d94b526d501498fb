internal import Cryptography
public import Encoding
public import Primitives

/// A part of a whole state that proves itself: every entry whose path begins with the same bits, and the neighbors of
/// the node that holds them. Who knows the root needs no manifest to trust, and asks any peer for any chunk.
///
/// Bytes: `[index, [sibling…], [[state key, value]…]]`; as many siblings as bits, from the root down, and `index` is the
/// number that the bits are. Entries ascend by path.
public struct StateChunk: CBORCodable, Hashable, Sendable {
    public struct Entry: CBORCodable, Hashable, Sendable {
        public let key: StateKey
        public let value: [UInt8]
    }

    /// 65,536 chunks of half a mebibyte: 32 GiB of state.
    public static let maximumDepth = 16
    /// Of its bytes, so that it fits a message of the transport with room to spare.
    public static let maximumBytes = 4 << 20
    static let maximumEntries = 1 << 16

    public let index: Int
    public let siblings: [Hash]
    public let entries: [Entry]

    public var depth: Int { siblings.count }

    /// Where the paths of chunk `index` of 2^`depth` begin.
    public static func start(of index: Int, depth: Int) -> Bytes32 {
        precondition(depth <= maximumDepth && index >= 0 && index < 1 << depth, "there is such a chunk")
        return depth == 0 ? .zero : Bytes32(UInt64(index) << UInt64(64 - depth), 0, 0, 0)
    }

    /// The chunk that holds `path`.
    public static func index(of path: Bytes32, depth: Int) -> Int {
        depth == 0 ? 0 : Int(path.firstWord >> UInt64(64 - depth))
    }

    /// What a part of the state is cut to.
    public enum Cut {
        case chunk(StateChunk)
        /// It has to be cut deeper.
        case tooLarge
        /// So few entries begin so that their node does not lie this deep.
        case tooFew
    }

    /// Chunk `index` of 2^`depth` of `snapshot`; nil if there is none.
    public static func make(
        _ index: Int, depth: Int, of snapshot: LayeredSnapshot
    ) throws(StateFailure) -> StateChunk? {
        if case .chunk(let chunk) = try cut(index, depth: depth, of: snapshot) { chunk } else { nil }
    }

    public static func cut(
        _ index: Int, depth: Int, of snapshot: LayeredSnapshot
    ) throws(StateFailure) -> Cut {
        let start = start(of: index, depth: depth)
        guard let siblings = try siblings(of: start, depth: depth, in: snapshot) else { return .tooFew }
        var entries: [Entry] = []
        var bytes = 64 + 34 * depth
        var next: Bytes32? = start
        while let from = next {
            let page = try snapshot.entries(atOrAfter: from, limit: 512)
            for entry in page {
                guard entry.path.prefix(depth) == start else {
                    return .chunk(StateChunk(index: index, siblings: siblings, entries: entries))
                }
                bytes += 12 + entry.key.bytes.count + entry.value.count
                entries.append(Entry(key: entry.key, value: entry.value))
                guard bytes <= maximumBytes, entries.count <= maximumEntries else { return .tooLarge }
            }
            next = page.count < 512 ? nil : page.last?.path.successor
        }
        return .chunk(StateChunk(index: index, siblings: siblings, entries: entries))
    }

    /// The neighbors on the way to the node at `depth`; nil unless every node on it, and the one it leads to, is inner.
    private static func siblings(
        of path: Bytes32, depth: Int, in snapshot: LayeredSnapshot
    ) throws(StateFailure) -> [Hash]? {
        guard depth > 0 else { return [] }
        let (siblings, node) = try TrieWalk.way(to: path, depth: depth, from: snapshot.root, in: snapshot)
        return siblings.count == depth && node.kind == .inner ? siblings : nil
    }

    /// The entries, if the state with `root` has exactly these under the chunk's bits. Throws if it has not.
    public func verified(root: Hash) throws(StateFailure) -> [StateEntry] {
        guard depth <= Self.maximumDepth, index < 1 << depth else { throw StateFailure("chunk \(index) has no place") }
        let start = Self.start(of: index, depth: depth)
        var found: [StateEntry] = []
        found.reserveCapacity(entries.count)
        var leaves: [TrieLeaf] = []
        leaves.reserveCapacity(entries.count)
        for entry in entries {
            let path = StateTrie.path(of: entry.key)
            guard path.prefix(depth) == start, leaves.last.map({ $0.path < path }) ?? true else {
                throw StateFailure("chunk \(index) holds an entry that is not in its place")
            }
            let own = StateEntry(path: path, key: entry.key, value: entry.value)
            leaves.append(TrieLeaf(path: path, hash: own.leaf))
            found.append(own)
        }
        // Below the root only a node with two entries or more lies where the chunk's bits end.
        guard depth == 0 || leaves.count >= 2 else { throw StateFailure("chunk \(index) has too few entries") }
        var node = TrieNode.over(leaves[...], depth: depth)
        for position in siblings.indices.reversed() {
            let (own, sibling) = (Hash(node.hash), siblings[position])
            let joined = start.bit(position) ? StateTrie.inner(sibling, own) : StateTrie.inner(own, sibling)
            node = TrieNode(kind: .inner, hash: joined.bytes)
        }
        guard Hash(node.hash) == root else {
            throw StateFailure("chunk \(index) is not of the state with root \(root)")
        }
        return found
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(3)
        writer.write(UInt64(index))
        writer.write(siblings)
        writer.write(entries)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("chunk", count: 3) { (reader) throws(EncodingFailure) in
            StateChunk(
                index: Int(try reader.unsigned("index", max: UInt64(1 << Self.maximumDepth) - 1)),
                siblings: try reader.list("siblings", max: Self.maximumDepth),
                entries: try reader.list("entries", max: Self.maximumEntries))
        }
    }

    private init(index: Int, siblings: [Hash], entries: [Entry]) {
        self.index = index
        self.siblings = siblings
        self.entries = entries
    }
}

extension StateChunk.Entry {
    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(bytes: key.bytes)
        writer.write(bytes: value)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("entry", count: 2) { (reader) throws(EncodingFailure) in
            StateChunk.Entry(
                key: StateKey(stored: try reader.byteString("key", max: 1_024)),
                value: try reader.byteString("value", max: StateChunk.maximumBytes))
        }
    }
}
