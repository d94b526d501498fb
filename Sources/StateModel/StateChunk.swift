public import Encoding
public import Primitives

/// A part of a whole state that proves itself: every entry of a range of paths, and the hashes of what lies beside it.
/// Who knows the root needs no manifest to trust, and asks any peer for any chunk.
///
/// Bytes: `[[sibling…], [[state key, value]…]]`; the siblings are those of ``PathRange/root(of:beside:)``, and the entries
/// ascend by path.
public struct StateChunk: CBORCodable, Hashable, Sendable {
    public struct Entry: CBORCodable, Hashable, Sendable {
        public let key: StateKey
        public let value: [UInt8]
    }

    /// Of its bytes, so that it fits a message of the transport with room to spare.
    public static let maximumBytes = 4 << 20
    /// Both ends of a range may lie as deep as paths have bits.
    static let maximumSiblings = 2 * StateTrie.maximumDepth
    /// No more fit the largest target of ``StateCutter``.
    static let maximumEntries = 1 << 17

    public let siblings: [Hash]
    public let entries: [Entry]

    init(siblings: [Hash], entries: [Entry]) {
        self.siblings = siblings
        self.entries = entries
    }

    /// The entries, if the state with `root` has exactly these in `range`. Throws if it has not, and if there are none
    /// in a part of a state: nobody cuts so, and a peer that does could send any number of such.
    public func verified(in range: PathRange, root: Hash) throws(StateFailure) -> [StateEntry] {
        guard !entries.isEmpty || range == .all else { throw StateFailure("the chunk holds no entry") }
        var found: [StateEntry] = []
        found.reserveCapacity(entries.count)
        var leaves: [TrieLeaf] = []
        leaves.reserveCapacity(entries.count)
        for entry in entries {
            let path = StateTrie.path(of: entry.key)
            guard range.contains(path), leaves.last.map({ $0.path < path }) ?? true else {
                throw StateFailure("the chunk holds an entry that is not in its place")
            }
            let own = StateEntry(path: path, key: entry.key, value: entry.value)
            leaves.append(TrieLeaf(path: path, hash: own.leaf))
            found.append(own)
        }
        guard try range.root(of: leaves, beside: siblings) == root else {
            throw StateFailure("the chunk is not of the state with root \(root)")
        }
        return found
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(siblings)
        writer.write(entries)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("chunk", count: 2) { (reader) throws(EncodingFailure) in
            StateChunk(
                siblings: try reader.list("siblings", max: Self.maximumSiblings),
                entries: try reader.list("entries", max: Self.maximumEntries))
        }
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
