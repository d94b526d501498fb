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
    let states: LayerStates
    let trie: LayerPages
    let indexes: LayerIndexes

    /// LMDB takes keys of at most 511 bytes.
    public static let maximumIndexKeyBytes = 511
    /// The store keeps a state key's length in two bytes.
    public static let maximumStateKeyBytes = Int(UInt16.max)

    private init(
        base: Height?, height: Height, root: Hash, states: LayerStates, trie: LayerPages, indexes: LayerIndexes
    ) {
        self.base = base
        self.height = height
        self.root = root
        self.states = states
        self.trie = trie
        self.indexes = indexes
    }

    /// About how much memory it takes.
    public var byteCount: Int { 512 + states.byteCount + trie.byteCount + indexes.byteCount }

    /// Executes nothing: takes what a block did (ascending by path, distinct keys) and brings trie and indexes along. The layer
    /// lies on `snapshot`. `index` may name a key several times; the last write stands.
    public static func make(
        height: Height, over snapshot: LayeredSnapshot, changed: [StateChange], index: [IndexWrite]
    ) throws(StateFailure) -> StateLayer {
        // By position: an element taken out would have its arrays counted.
        for position in changed.indices where changed[position].key.bytes.count > maximumStateKeyBytes {
            throw StateFailure(
                "a state key has \(changed[position].key.bytes.count) bytes, of at most \(maximumStateKeyBytes)")
        }
        var isAscending = true
        for position in index.indices {
            let count = index[position].key.bytes.count
            guard (1...maximumIndexKeyBytes).contains(count) else {
                throw StateFailure("an index key has \(count) bytes, of 1...\(maximumIndexKeyBytes)")
            }
            if position > 0, !(index[position - 1].key < index[position].key) { isAscending = false }
        }
        let leaves = changed.indices.map { TrieChange(path: changed[$0].path, value: changed[$0].after) }
        let update = try TrieUpdate.update(snapshot.root, changes: leaves, pages: snapshot, leaves: snapshot)
        return StateLayer(
            base: snapshot.height, height: height, root: update.root, states: LayerStates(changed, leaves),
            trie: LayerPages(update.pages), indexes: LayerIndexes(isAscending ? index : IndexWrite.lastOfEach(index)))
    }

    /// The same of entries as they are to be, in any order.
    public static func make(
        height: Height, over snapshot: LayeredSnapshot, changes: [(key: StateKey, value: [UInt8]?)],
        index: [IndexWrite]
    ) throws(StateFailure) -> StateLayer {
        let changed = changes.map {
            StateChange(path: StateTrie.path(of: $0.key), key: $0.key, before: nil, after: $0.value)
        }
        return try make(
            height: height, over: snapshot, changed: changed.sorted { $0.path < $1.path }, index: index)
    }

    /// One layer that does what `older` and then `newer` do. Precondition: `newer` lies on `older`.
    public static func merging(older: StateLayer, newer: StateLayer) -> StateLayer {
        precondition(newer.base == older.height, "a layer is merged into the one it lies on")
        return StateLayer(
            base: older.base, height: newer.height, root: newer.root,
            states: LayerStates(merging: older.states, newer.states),
            trie: LayerPages(merging: older.trie, newer.trie),
            indexes: LayerIndexes(merging: older.indexes, newer.indexes))
    }

    /// One layer that does what all of them do: neighbors by twos, so that each byte is copied log₂(count) times.
    ///
    /// Precondition: at least one, each on the next.
    public static func merging(newestFirst layers: [StateLayer]) -> StateLayer {
        precondition(!layers.isEmpty, "nothing makes no state")
        var layers = layers
        while layers.count > 1 {
            var halved: [StateLayer] = []
            for position in stride(from: 0, to: layers.count, by: 2) {
                let newer = layers[position]
                halved.append(position + 1 < layers.count ? merging(older: layers[position + 1], newer: newer) : newer)
            }
            layers = halved
        }
        return layers[0]
    }
}

/// What the layer holds, entry by entry.
extension StateLayer {
    public var stateCount: Int { states.slots.count }
    public var pageCount: Int { trie.slots.count }
    public var indexCount: Int { indexes.slots.count }

    /// Every entry, ascending by path; made anew with each call.
    public var state: [StateWrite] { states.slots.indices.map { states.write(at: $0) } }
    /// Every page, ascending by key.
    public var pages: [TriePageWrite] { trie.slots.indices.map { trie.write(at: $0) } }
    /// Every index entry, ascending by key.
    public var index: [IndexWrite] { indexes.slots.indices.map { indexes.write(at: $0) } }

    public func pageKey(at position: Int) -> TriePageKey { trie.slots[position].key }
    public func pageWrite(at position: Int) -> TriePageWrite { trie.write(at: position) }

    /// The entries of `range` as they are to be stored. The buffers are valid inside `body` only; no value: it is gone.
    public func withStates<Failure: Error>(
        _ range: Range<Int>,
        _ body: (_ path: Bytes32, _ leaf: Bytes32, _ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer?)
            throws(Failure) -> Void
    ) throws(Failure) {
        try unsafe states.withEach(range) { (position, key, value) throws(Failure) in
            try unsafe body(states.path(at: position), states.leaf(at: position), key, value)
        }
    }

    /// The same of index entries.
    public func withIndexes<Failure: Error>(
        _ range: Range<Int>,
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer?) throws(Failure) -> Void
    ) throws(Failure) {
        try unsafe indexes.withEach(range) { (_, key, value) throws(Failure) in try unsafe body(key, value) }
    }
}

extension StateLayer {
    /// True if the block changed, made or removed what is stored under `path` (``StateTrie/path(of:)``).
    public func changes(_ path: Bytes32) -> Bool { statePosition(of: path) != nil }

    /// Where the write under `path` stands, or nil if the layer leaves it alone.
    func statePosition(of path: Bytes32) -> Int? {
        let position = statePosition(atOrAfter: path)
        return position < states.slots.count && states.compare(position, with: path) == .equal ? position : nil
    }

    func statePosition(atOrAfter path: Bytes32) -> Int {
        Self.search(count: states.slots.count, target: path.firstWord) { states.compare($0, with: path) != .before }
    }

    /// Brings `leaves`, those of the state below that lie under `prefix`, to what the layer makes of them.
    func change(_ leaves: inout [TrieLeaf], under prefix: Bytes32, depth: Int) {
        var position = 0
        for index in statePosition(atOrAfter: prefix)..<states.slots.count {
            let isGone = states.slots[index].isGone
            let path = states.path(at: index)
            guard path.commonPrefixLength(with: prefix) >= depth else { return }
            while position < leaves.count, leaves[position].path < path { position += 1 }
            let isKnown = position < leaves.count && leaves[position].path == path
            switch (isKnown, isGone) {
            case (true, true): leaves.remove(at: position)
            case (true, false): leaves[position] = TrieLeaf(path: path, hash: states.leaf(at: index))
            case (false, false): leaves.insert(TrieLeaf(path: path, hash: states.leaf(at: index)), at: position)
            case (false, true): break
            }
        }
    }

    func pagePosition(of key: TriePageKey) -> Int? {
        let position = Self.search(count: trie.slots.count, target: key.path.firstWord) { trie.slots[$0].key >= key }
        return position < trie.slots.count && trie.slots[position].key == key ? position : nil
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
