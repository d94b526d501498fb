import Cryptography
import Primitives
import StateModel
import TestSupport

/// The trie's definition, word for word: the root of leaves sorted by path, all of which share their first bits.
func referenceRoot(_ leaves: ArraySlice<(path: Bytes32, leaf: Hash)>, depth: Int = 0) -> Hash {
    if leaves.isEmpty { return .zero }
    if leaves.count == 1, let only = leaves.first { return only.leaf }
    let middle = leaves.firstIndex { $0.path.bit(depth) } ?? leaves.endIndex
    return StateTrie.inner(
        referenceRoot(leaves[..<middle], depth: depth + 1), referenceRoot(leaves[middle...], depth: depth + 1))
}

/// A state in plain dictionaries; what every layered or stored state must agree with.
struct ModelState: BaseSnapshot {
    var height: Height?
    var root = StateTrie.emptyRoot
    var values: [Bytes32: (key: StateKey, value: [UInt8])] = [:]
    var pages: [TriePageKey: [UInt8]] = [:]
    var indexes: [IndexKey: [UInt8]] = [:]

    var paths: [Bytes32] { values.keys.sorted() }

    var expectedRoot: Hash {
        let leaves = paths.map { path in
            (path: path, leaf: StateTrie.leaf(path: path, value: values[path]?.value ?? []))
        }
        return referenceRoot(leaves[...])
    }

    func value(at path: Bytes32) -> [UInt8]? { values[path]?.value }
    func page(_ key: TriePageKey) -> [UInt8]? { pages[key] }
    func containsLeaf(_ path: Bytes32) -> Bool { values[path] != nil }
    func leaves(under prefix: Bytes32, depth: Int) -> [TrieLeaf] {
        paths.filter { $0.prefix(depth) == prefix }.map { path in
            TrieLeaf(path: path, hash: StateTrie.leaf(path: path, value: values[path]?.value ?? []).bytes)
        }
    }

    func entries(atOrAfter path: Bytes32, limit: Int) -> [StateEntry] {
        paths.filter { $0 >= path }.prefix(limit).compactMap { path in
            values[path].map { StateEntry(path: path, key: $0.key, value: $0.value) }
        }
    }

    func get(_ key: IndexKey) -> [UInt8]? { indexes[key] }

    func scan(prefix: IndexKey, after: IndexKey?, limit: Int, descending: Bool) -> [IndexEntry] {
        let keys = indexes.keys.filter { $0.bytes.starts(with: prefix.bytes) }.sorted()
        let ordered = descending ? keys.reversed() : keys
        return ordered.filter { key in after.map { descending ? key < $0 : key > $0 } ?? true }.prefix(limit)
            .map { IndexEntry($0, value: indexes[$0] ?? []) }
    }

    mutating func apply(_ writes: [StateWrite]) throws(StateFailure) {
        let writes = writes.sorted { $0.path < $1.path }
        let changes = writes.map { TrieChange(path: $0.path, value: $0.value) }
        let update = try TrieUpdate.update(root, changes: changes, pages: self, leaves: self)
        try apply(state: writes, pages: update.pages, index: [])
        root = update.root
    }

    mutating func apply(_ layer: StateLayer) throws(StateFailure) {
        try apply(state: layer.state, pages: layer.pages, index: layer.index)
        root = layer.root
        height = layer.height
    }

    private mutating func apply(
        state: [StateWrite], pages: [TriePageWrite], index: [IndexWrite]
    ) throws(StateFailure) {
        for write in state { values[write.path] = write.value.map { (write.key, $0) } }
        for write in pages {
            let before = self.pages[write.key]
            self.pages[write.key] = try write.bytes { before }
        }
        for write in index { indexes[write.key] = write.value }
    }
}

func key(_ number: Int) -> StateKey { StateKey(.revenue, 7, UInt64(number)) }

extension SeededRandom {
    /// Paths that share their first bits, as many as pages of the trie need, deep below the root and up to the last bit.
    mutating func crowds() -> [Bytes32] {
        var paths: Set<Bytes32> = []
        for depth in [0, 4, 5, 63, 190, 238, 249, 250, 251] where number(0..<3) == 0 {
            guard let base = Bytes32(bytes(32)) else { preconditionFailure("32 bytes") }
            for _ in 0..<number(1..<70) {
                // In the next bits, or in all that follow.
                let end = number(0..<2) == 0 ? min(256, depth + 7) : 256
                var path = base
                for bit in depth..<end where number(0..<2) == 0 {
                    path = Bytes32 { path[$0] ^ ($0 == bit >> 3 ? 0x80 >> UInt8(bit & 7) : 0) }
                }
                paths.insert(path)
            }
        }
        return paths.sorted()
    }

    mutating func number(_ range: Range<Int>) -> Int { Int.random(in: range, using: &self) }

    /// Distinct keys out of `space`, a third of them removed.
    mutating func changes(_ count: Int, space: Int) -> [(key: StateKey, value: [UInt8]?)] {
        let numbers = Set((0..<count).map { _ in number(0..<space) }).sorted().shuffled(using: &self)
        return numbers.map { (key($0), number(0..<3) == 0 ? nil : bytes(number(0..<40))) }
    }

    mutating func indexKey() -> IndexKey {
        let key = IndexKey(.infts, UInt8(number(0..<2))).appending(byte: UInt8(number(0..<3)))
        return number(0..<4) == 0 ? key : key.appending(byte: [0, 1, 254, 255][number(0..<4)])
    }
}
