public import Primitives

/// The state after a block: a base, and the layers that lie on it. Reads see the newest write; range reads merge all.
///
/// A value, safe to share; it stays consistent whatever is finalized or checkpointed meanwhile, until its base expires.
public struct LayeredSnapshot: StateReader, IndexReader, TriePageReader, TrieLeafReader, Sendable {
    public let base: any BaseSnapshot
    /// Newest first.
    public let layers: [StateLayer]

    public init(_ base: any BaseSnapshot) {
        self.base = base
        layers = []
    }

    /// Precondition: each layer lies on the next, the last on the base.
    public init(_ base: any BaseSnapshot, layersNewestFirst layers: [StateLayer]) {
        for (index, layer) in layers.enumerated() {
            let under = index + 1 < layers.count ? layers[index + 1].height : base.height
            precondition(layer.base == under, "a layer means something only on its base")
        }
        self.base = base
        self.layers = layers
    }

    /// This state with one more layer on it.
    public func adding(_ layer: StateLayer) -> LayeredSnapshot {
        LayeredSnapshot(base, layersNewestFirst: [layer] + layers)
    }

    /// The block whose state this is; nil before genesis.
    public var height: Height? { layers.first?.height ?? base.height }
    public var root: Hash { layers.first?.root ?? base.root }

    public func read(_ key: StateKey) throws(StateFailure) -> [UInt8]? {
        try value(at: StateTrie.path(of: key))
    }

    public func value(at path: Bytes32) throws(StateFailure) -> [UInt8]? {
        for layer in layers {
            if let position = layer.statePosition(of: path) { return layer.states.value(at: position) }
        }
        return try base.value(at: path)
    }

    public func page(_ key: TriePageKey) throws(StateFailure) -> [UInt8]? {
        // Most pages are as the base has them, or are asked for by ``decodedPage(_:)``.
        guard layers.contains(where: { $0.pagePosition(of: key) != nil }) else { return try base.page(key) }
        return try decodedPage(key)?.bytes
    }

    public func decodedPage(_ key: TriePageKey) throws(StateFailure) -> TriePage? {
        try decodedPage(key, below: layers[...])
    }

    /// As the last of `layers` and the base leave it.
    private func decodedPage(
        _ key: TriePageKey, below layers: ArraySlice<StateLayer>
    ) throws(StateFailure) -> TriePage? {
        for index in layers.indices {
            guard let position = layers[index].pagePosition(of: key) else { continue }
            let slot = layers[index].trie.slots[position]
            if slot.isGone { return nil }
            let before = slot.isWhole ? TriePage() : try decodedPage(key, below: layers[(index + 1)...])
            guard var page = consume before else {
                throw StateFailure("the trie page at depth \(key.depth) of \(key.path) is missing")
            }
            page.apply(slot.changed, layers[index].trie.hashes(at: position), slot.present, slot.bottomInner)
            return page
        }
        return try base.decodedPage(key)
    }

    public func containsLeaf(_ path: Bytes32) throws(StateFailure) -> Bool {
        for layer in layers {
            if let position = layer.statePosition(of: path) { return !layer.states.slots[position].isGone }
        }
        return try base.containsLeaf(path)
    }

    public func leaves(under prefix: Bytes32, depth: Int) throws(StateFailure) -> [TrieLeaf] {
        var leaves = try base.leaves(under: prefix, depth: depth)
        for layer in layers.reversed() { layer.change(&leaves, under: prefix, depth: depth) }
        return leaves
    }

    /// At most `limit` entries with paths at or after `path`, ascending.
    public func entries(atOrAfter path: Bytes32, limit: Int) throws(StateFailure) -> [StateEntry] {
        let cursors = layers.map { layer in
            LayerCursor(range: layer.statePosition(atOrAfter: path)..<layer.stateCount, step: 1) {
                layer.states.write(at: $0)
            }
        }
        var next: Bytes32? = path
        return try merge(
            cursors, limit: limit, key: { $0.path }, isBefore: <,
            refill: { (count) throws(StateFailure) in
                guard let from = next else { return [] }
                let entries = try base.entries(atOrAfter: from, limit: count)
                next = entries.count < count ? nil : entries.last?.path.successor
                return entries.map { StateWrite($0) }
            },
            entry: { write in
                write.value.map { StateEntry(path: write.path, key: write.key, value: $0, leaf: write.leaf) }
            })
    }

    public func get(_ key: IndexKey) throws(StateFailure) -> [UInt8]? {
        for layer in layers {
            if let position = layer.indexes.position(of: key) { return layer.indexes.value(at: position) }
        }
        return try base.get(key)
    }

    public func scan(
        prefix: IndexKey, after: IndexKey?, limit: Int, descending: Bool
    ) throws(StateFailure) -> [IndexEntry] {
        let cursors = layers.map { layer in
            let range = layer.indexRange(prefix: prefix, after: after, descending: descending)
            return LayerCursor(range: range, step: descending ? -1 : 1) { layer.indexes.write(at: $0) }
        }
        var last = after
        var isDone = false
        return try merge(
            cursors, limit: limit, key: { $0.key }, isBefore: { descending ? $0 > $1 : $0 < $1 },
            refill: { (count) throws(StateFailure) in
                if isDone { return [] }
                let entries = try base.scan(prefix: prefix, after: last, limit: count, descending: descending)
                isDone = entries.count < count
                last = entries.last?.key ?? last
                return entries.map { IndexWrite($0.key, $0.value) }
            },
            entry: { write in write.value.map { IndexEntry(write.key, value: $0) } })
    }
}

/// Where a merge stands in one layer.
struct LayerCursor<Write> {
    private let write: (Int) -> Write
    private var remaining: Range<Int>
    private let step: Int
    /// The write that it stands at; nil behind the last.
    private(set) var head: Write?

    init(range: Range<Int>, step: Int, write: @escaping (Int) -> Write) {
        self.write = write
        remaining = range
        self.step = step
        settle()
    }

    mutating func advance() {
        remaining =
            step > 0
            ? remaining.lowerBound + 1..<remaining.upperBound : remaining.lowerBound..<remaining.upperBound - 1
        settle()
    }

    private mutating func settle() {
        head = remaining.isEmpty ? nil : write(step > 0 ? remaining.lowerBound : remaining.upperBound - 1)
    }
}

/// Merges layers (newest first) and what `refill` brings from below them, up to `limit` entries: for a key that occurs
/// several times the newest write stands, and a removal hides what is below.
private func merge<Write, Key: Comparable, Entry>(
    _ layers: [LayerCursor<Write>], limit: Int, key: (Write) -> Key, isBefore: (Key, Key) -> Bool,
    refill: (Int) throws(StateFailure) -> [Write], entry: (Write) -> Entry?
) throws(StateFailure) -> [Entry] {
    guard limit > 0 else { return [] }
    let chunk = min(limit, 256)
    var layers = layers
    var below: ArraySlice<Write> = []
    var isBelowDone = false
    var entries: [Entry] = []
    while entries.count < limit {
        if below.isEmpty, !isBelowDone {
            let writes = try refill(chunk)
            isBelowDone = writes.count < chunk
            below = writes[...]
        }
        var chosen: (key: Key, write: Write)?
        func consider(_ head: Write?) {
            guard let head else { return }
            let headKey = key(head)
            if let best = chosen, !isBefore(headKey, best.key) { return }
            chosen = (headKey, head)
        }
        for index in layers.indices { consider(layers[index].head) }
        consider(below.first)
        guard let chosen else { break }
        for index in layers.indices {
            if let head = layers[index].head, key(head) == chosen.key { layers[index].advance() }
        }
        if let head = below.first, key(head) == chosen.key { below.removeFirst() }
        if let entry = entry(chosen.write) { entries.append(entry) }
    }
    return entries
}

extension IndexKey {
    /// The first key behind all that start with these bytes; nil if there is none.
    public var prefixEnd: IndexKey? {
        var end = bytes
        while let last = end.last {
            if last < 255 {
                end[end.count - 1] = last + 1
                return IndexKey(stored: end)
            }
            end.removeLast()
        }
        return nil
    }
}

extension StateLayer {
    /// The positions that a scan walks over.
    func indexRange(prefix: IndexKey, after: IndexKey?, descending: Bool) -> Range<Int> {
        var low = indexes.position(atOrAfter: prefix)
        var high = prefix.prefixEnd.map { indexes.position(atOrAfter: $0) } ?? indexCount
        if let after {
            let position = indexes.position(atOrAfter: after)
            let isThere = indexes.position(of: after) != nil
            if descending { high = min(high, position) } else { low = max(low, isThere ? position + 1 : position) }
        }
        return low < high ? low..<high : low..<low
    }
}
