internal import Cryptography
public import Encoding
public import Primitives

/// Proof of what a state root says about one state key: its value, or that there is none.
///
/// `[siblings, terminal]`; siblings from the root down, 256 at most; terminal is `[0]` (an empty subtree) or
/// `[1, path, hash of value]` (a leaf).
public struct StateProof: CBORCodable, Hashable, Sendable {
    public enum Terminal: Hashable, Sendable {
        case empty
        case leaf(path: Bytes32, valueHash: Hash)
    }

    /// The neighbors of the nodes on the way, from the root down. As many as the terminal is deep.
    public let siblings: [Hash]
    public let terminal: Terminal

    public init(siblings: [Hash], terminal: Terminal) {
        self.siblings = siblings
        self.terminal = terminal
    }

    /// The proof of what `snapshot` holds under `key`.
    public static func make(_ key: StateKey, in snapshot: LayeredSnapshot) throws(StateFailure) -> StateProof {
        let path = StateTrie.path(of: key)
        let (siblings, node) = try TrieWalk.way(
            to: path, depth: StateTrie.maximumDepth, from: snapshot.root, in: snapshot)
        guard node.kind == .leaf else { return StateProof(siblings: siblings, terminal: .empty) }
        let found = try TrieWalk.leafPath(
            under: path.prefix(siblings.count), depth: siblings.count, leaves: snapshot)
        guard let value = try snapshot.value(at: found) else {
            throw StateFailure("the state lacks the value of \(found)")
        }
        return StateProof(siblings: siblings, terminal: .leaf(path: found, valueHash: SHA256.hash(value)))
    }

    /// True if the state with `root` holds exactly `value` under `key`; nil: nothing.
    public func verifies(_ key: StateKey, value: [UInt8]?, root: Hash) -> Bool {
        let path = StateTrie.path(of: key)
        guard siblings.count <= StateTrie.maximumDepth else { return false }
        switch (terminal, value) {
        case (.leaf(let found, let valueHash), .some(let value)):
            guard found == path, valueHash == SHA256.hash(value) else { return false }
        case (.leaf(let found, _), .none):
            guard found != path, found.prefix(siblings.count) == path.prefix(siblings.count) else { return false }
        case (.empty, .none): break
        case (.empty, .some): return false
        }
        return computedRoot(path) == root
    }

    /// The root that follows from the proof for a key with `path`.
    private func computedRoot(_ path: Bytes32) -> Hash {
        var hash: Hash
        switch terminal {
        case .empty: hash = .zero
        case .leaf(let found, let valueHash): hash = StateTrie.leaf(path: found, valueHash: valueHash)
        }
        for depth in siblings.indices.reversed() {
            let sibling = siblings[depth]
            hash = path.bit(depth) ? StateTrie.inner(sibling, hash) : StateTrie.inner(hash, sibling)
        }
        return hash
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(siblings)
        switch terminal {
        case .empty:
            writer.array(1)
            writer.write(UInt64(0))
        case .leaf(let path, let valueHash):
            writer.array(3)
            writer.write(UInt64(1))
            writer.write(path)
            writer.write(valueHash)
        }
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("stateProof", count: 2) { (reader) throws(EncodingFailure) in
            let siblings: [Hash] = try reader.list("siblings", max: StateTrie.maximumDepth)
            let terminal = try reader.union("terminal") { (reader, kind, count) throws(EncodingFailure) -> Terminal in
                switch (kind, count) {
                case (0, 0): return .empty
                case (1, 2): return .leaf(path: try reader.bytes32("path"), valueHash: Hash(try reader.bytes32("hash")))
                default: throw reader.failure(.unknownCase, "terminal")
                }
            }
            return StateProof(siblings: siblings, terminal: terminal)
        }
    }
}
