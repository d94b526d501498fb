public import Primitives

/// An index entry as a layer leaves it; nil value: the entry is gone.
public struct IndexWrite: Hashable, Sendable {
    public let key: IndexKey
    public let value: [UInt8]?

    public init(_ key: IndexKey, _ value: [UInt8]?) {
        self.key = key
        self.value = value
    }

    /// Ascending by key, the last write of each.
    public static func lastOfEach(_ writes: [IndexWrite]) -> [IndexWrite] {
        // Sorted by their first bytes as plain numbers: keys would be retained and released with each comparison.
        var order = writes.indices.map { (start: KeyBytes.start(of: writes[$0].key.bytes), position: $0) }
        order.sort { one, other in
            if one.start.0 != other.start.0 { return one.start.0 < other.start.0 }
            if one.start.1 != other.start.1 { return one.start.1 < other.start.1 }
            let (left, right) = (writes[one.position].key, writes[other.position].key)
            return left == right ? one.position < other.position : left < right
        }
        var last: [IndexWrite] = []
        last.reserveCapacity(writes.count)
        for (_, position) in order {
            if let previous = last.last, previous.key == writes[position].key { last.removeLast() }
            last.append(writes[position])
        }
        return last
    }
}

/// What one block, or a run of blocks, makes of the state under it: entries, trie pages and index entries, with the
/// root that results. Immutable; it means something only on top of the state of its `base`.
public final class StateLayer: Sendable {
    /// The block whose state this lies on; nil for genesis.
    public let base: Height?
    /// The block whose state this makes.
    public let height: Height
    public let root: Hash
    /// Ascending by path.
    public let state: [StateWrite]
    /// Ascending by key.
    public let pages: [TriePageWrite]
    /// Ascending by key.
    public let index: [IndexWrite]
    /// About how much memory it takes.
    public let byteCount: Int

    /// The keys again, without what they lead to: a search touches nothing else, and retains nothing.
    private let paths: [Bytes32]
    private let pageKeys: [TriePageKey]

    /// LMDB takes keys of at most 511 bytes.
    public static let maximumIndexKeyBytes = 511

    init(
        base: Height?, height: Height, root: Hash, state: [StateWrite], pages: [TriePageWrite], index: [IndexWrite]
    ) {
        self.base = base
        self.height = height
        self.root = root
        self.state = state
        self.pages = pages
        self.index = index
        paths = state.map(\.path)
        pageKeys = pages.map(\.key)
        var bytes = 256
        // Beside their bytes, arrays take a header each: 32 bytes and what the allocator rounds up.
        for write in state { bytes += 232 + write.key.bytes.count + (write.value?.count ?? 0) }
        for write in pages { bytes += 136 + (write.bytes?.count ?? 0) }
        for write in index { bytes += 112 + write.key.bytes.count + (write.value?.count ?? 0) }
        byteCount = bytes
    }

    /// Executes nothing: takes what a block did (distinct keys) and brings trie and indexes along. The layer lies on
    /// `snapshot`. `index` may name a key several times; the last write stands.
    public static func make(
        height: Height, over snapshot: LayeredSnapshot, changed: [StateChange], index: [IndexWrite]
    ) throws(StateFailure) -> StateLayer {
        try make(
            height: height, over: snapshot,
            writes: changed.map { StateWrite(path: $0.path, key: $0.key, value: $0.after) }, index: index)
    }

    /// The same of entries as they are to be.
    public static func make(
        height: Height, over snapshot: LayeredSnapshot, changes: [(key: StateKey, value: [UInt8]?)],
        index: [IndexWrite]
    ) throws(StateFailure) -> StateLayer {
        try make(height: height, over: snapshot, writes: changes.map { StateWrite($0.key, $0.value) }, index: index)
    }

    private static func make(
        height: Height, over snapshot: LayeredSnapshot, writes: [StateWrite], index: [IndexWrite]
    ) throws(StateFailure) -> StateLayer {
        let update = try TrieUpdate.update(snapshot.root, writes: writes, pages: snapshot, leaves: snapshot)
        var isAscending = true
        for (position, write) in index.enumerated() {
            guard !write.key.bytes.isEmpty, write.key.bytes.count <= maximumIndexKeyBytes else {
                throw StateFailure("an index key has \(write.key.bytes.count) bytes, of 1...\(maximumIndexKeyBytes)")
            }
            if position > 0, !(index[position - 1].key < write.key) { isAscending = false }
        }
        return StateLayer(
            base: snapshot.height, height: height, root: update.root, state: update.writes, pages: update.pages,
            index: isAscending ? index : IndexWrite.lastOfEach(index))
    }

    /// One layer that does what `older` and then `newer` do. Precondition: `newer` lies on `older`.
    public static func merging(older: StateLayer, newer: StateLayer) -> StateLayer {
        precondition(newer.base == older.height, "a layer is merged into the one it lies on")
        return StateLayer(
            base: older.base, height: newer.height, root: newer.root,
            state: merge(older.state, newer.state, by: { $0.path }),
            pages: merge(older.pages, newer.pages, by: { $0.key }),
            index: merge(older.index, newer.index, by: { $0.key }))
    }

    private static func merge<Write, Key: Comparable>(
        _ older: [Write], _ newer: [Write], by key: (Write) -> Key
    ) -> [Write] {
        var merged: [Write] = []
        merged.reserveCapacity(older.count + newer.count)
        var position = 0
        for write in newer {
            let newKey = key(write)
            while position < older.count, key(older[position]) < newKey {
                merged.append(older[position])
                position += 1
            }
            if position < older.count, key(older[position]) == newKey { position += 1 }
            merged.append(write)
        }
        merged.append(contentsOf: older[position...])
        return merged
    }
}

extension StateLayer {
    /// True if the block changed, made or removed what is stored under `path` (``StateTrie/path(of:)``).
    public func changes(_ path: Bytes32) -> Bool { stateWrite(at: path) != nil }

    /// The write under `path`, or nil if the layer leaves it alone.
    func stateWrite(at path: Bytes32) -> StateWrite? {
        let position = stateIndex(atOrAfter: path)
        return position < paths.count && paths[position] == path ? state[position] : nil
    }

    func stateIndex(atOrAfter path: Bytes32) -> Int {
        Self.search(count: state.count, target: path.firstWord) {
            paths[$0] >= path
        }
    }

    /// Brings `leaves`, those of the state below that lie under `prefix`, to what the layer makes of them.
    func change(_ leaves: inout [TrieLeaf], under prefix: Bytes32, depth: Int) {
        var position = 0
        for index in stateIndex(atOrAfter: prefix)..<paths.count {
            let path = paths[index]
            guard path.commonPrefixLength(with: prefix) >= depth else { return }
            while position < leaves.count, leaves[position].path < path { position += 1 }
            let isKnown = position < leaves.count && leaves[position].path == path
            switch (isKnown, state[index].value == nil) {
            case (true, true): leaves.remove(at: position)
            case (true, false): leaves[position] = TrieLeaf(path: path, hash: state[index].leaf)
            case (false, false): leaves.insert(TrieLeaf(path: path, hash: state[index].leaf), at: position)
            case (false, true): break
            }
        }
    }

    func pageWrite(_ key: TriePageKey) -> TriePageWrite? {
        let position = Self.search(count: pages.count, target: key.path.firstWord) {
            pageKeys[$0] >= key
        }
        return position < pageKeys.count && pageKeys[position] == key ? pages[position] : nil
    }

    func indexWrite(_ key: IndexKey) -> IndexWrite? {
        let position = indexPosition(atOrAfter: key)
        return position < index.count && index[position].key == key ? index[position] : nil
    }

    func indexPosition(atOrAfter key: IndexKey) -> Int {
        var low = 0
        var high = index.count
        while low < high {
            let middle = (low + high) / 2
            if index[middle].key >= key { high = middle } else { low = middle + 1 }
        }
        return low
    }

    /// The first position that is `reached`. Paths are hashes, evenly spread, so the search starts where the target
    /// should be and widens from there; it is right for any spread.
    private static func search(count: Int, target: UInt64, reached: (Int) -> Bool) -> Int {
        guard count > 0 else { return 0 }
        let guess = Int(target.multipliedFullWidth(by: UInt64(count)).high)
        var low = 0
        var high = count
        var step = 4
        if reached(guess) {
            high = guess
            while high - step >= 0 {
                guard reached(high - step) else {
                    low = high - step + 1
                    break
                }
                high -= step
                step *= 2
            }
        } else {
            low = guess + 1
            while low + step < count {
                if reached(low + step) {
                    high = low + step
                    break
                }
                low += step + 1
                step *= 2
            }
        }
        while low < high {
            let middle = (low + high) / 2
            if reached(middle) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
