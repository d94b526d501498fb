public import Primitives

/// An entry as an update leaves it; nil value: the entry is gone.
public struct StateWrite: Hashable, Sendable {
    public let path: Bytes32
    public let key: StateKey
    public let value: [UInt8]?
    /// The hash of its leaf in the trie; zero if the entry is gone.
    public let leaf: Bytes32

    public init(path: Bytes32, key: StateKey, value: [UInt8]?) {
        self.path = path
        self.key = key
        self.value = value
        leaf = value.map { StateTrie.leaf(path: path, value: $0).bytes } ?? .zero
    }

    init(path: Bytes32, key: StateKey, value: [UInt8]?, leaf: Bytes32) {
        self.path = path
        self.key = key
        self.value = value
        self.leaf = leaf
    }

    /// That leaves the entry as it is.
    init(_ entry: StateEntry) {
        path = entry.path
        key = entry.key
        value = entry.value
        leaf = entry.leaf
    }

    public init(_ key: StateKey, _ value: [UInt8]?) {
        self.init(path: StateTrie.path(of: key), key: key, value: value)
    }
}

/// What a batch does to one leaf of the trie.
public struct TrieChange: Hashable, Sendable {
    public let path: Bytes32
    /// Its hash; nil: the leaf goes away.
    public let leaf: Bytes32?

    public init(path: Bytes32, leaf: Bytes32?) {
        self.path = path
        self.leaf = leaf
    }

    /// Of an entry whose value is to be `value`; nil: it goes away.
    public init(path: Bytes32, value: [UInt8]?) {
        self.init(path: path, leaf: value.map { StateTrie.leaf(path: path, value: $0).bytes })
    }
}

/// What a batch of changes makes of the trie.
public struct TrieUpdate: Sendable {
    public let root: Hash
    /// Every page that changed, ascending by key.
    public let pages: [TriePageWrite]

    /// Applies `changes` to the trie with `root` that `pages` and `leaves` read: the state *before* the changes. Every page is
    /// read and written at most once; cost is O(changes × depth) hashes. Precondition: ascending by path, each path once.
    public static func update(
        _ root: Hash, changes: [TrieChange], pages: any TriePageReader, leaves: any TrieLeafReader
    ) throws(StateFailure) -> TrieUpdate {
        for position in changes.indices.dropFirst() {
            precondition(changes[position - 1].path < changes[position].path, "a batch changes a key once, in order")
        }
        var updater = TrieUpdater(changes: changes, pages: pages, leaves: leaves)
        let newRoot = try updater.run(root)
        return TrieUpdate(root: newRoot, pages: Self.sorted(updater.written))
    }

    private static func sorted(_ pages: [TriePageWrite]) -> [TriePageWrite] {
        var order = pages.indices.map { (key: pages[$0].key, position: $0) }
        order.sort { $0.key < $1.key }
        return order.map { pages[$0.position] }
    }
}

/// The one recursive pass of an update.
private struct TrieUpdater {
    /// The changes that fall under one node, and an unchanged leaf that moves down with them.
    struct Span {
        var low: Int
        var high: Int
        /// The path to the node, zero-padded.
        var prefix: Bytes32
        var carried: TrieLeaf?

        var count: Int { high - low }
    }

    let changes: [TrieChange]
    let pages: any TriePageReader
    let leaves: any TrieLeafReader
    var written: [TriePageWrite] = []

    init(changes: [TrieChange], pages: any TriePageReader, leaves: any TrieLeafReader) {
        self.changes = changes
        self.pages = pages
        self.leaves = leaves
    }

    mutating func run(_ old: Hash) throws(StateFailure) -> Hash {
        var span = Span(low: 0, high: changes.count, prefix: .zero, carried: nil)
        let root = try TrieWalk.root(old, pages: pages)
        if let settled = try settle(root.node, depth: 0, &span) { return Hash(settled.hash) }
        return Hash(try enterPage(depth: 0, page: root.page, span).hash)
    }

    /// The node's new value where no level below it needs a look. Else nil, and the node is inner, or empty with a span
    /// that may need several leaves.
    private func settle(_ node: TrieNode, depth: Int, _ span: inout Span) throws(StateFailure) -> TrieNode? {
        switch node.kind {
        case .inner:
            return span.count == 0 ? node : nil
        case .leaf:
            if span.count == 0 { return node }
            if span.count == 1, try leaves.containsLeaf(changes[span.low].path) {
                return changes[span.low].leaf.map { .leaf($0) } ?? .empty
            }
            let path = try TrieWalk.leafPath(under: span.prefix, depth: depth, leaves: leaves)
            if !isChanged(path, in: span) { span.carried = TrieLeaf(path: path, hash: node.hash) }
            return settledEmpty(span)
        case .empty:
            return settledEmpty(span)
        }
    }

    private func settledEmpty(_ span: Span) -> TrieNode? {
        if let carried = span.carried { return span.count == 0 ? .leaf(carried.hash) : nil }
        switch span.count {
        case 0: return .empty
        case 1: return changes[span.low].leaf.map { .leaf($0) } ?? .empty
        default: return nil
        }
    }

    private func isChanged(_ path: Bytes32, in span: Span) -> Bool {
        let index = firstIndex(in: span) { changes[$0].path >= path }
        return index < span.high && changes[index].path == path
    }

    /// The first index of the span for which `condition` holds; it must hold for all that follow.
    private func firstIndex(in span: Span, _ condition: (Int) -> Bool) -> Int {
        var low = span.low
        var high = span.high
        while low < high {
            let middle = (low + high) / 2
            if condition(middle) { high = middle } else { low = middle + 1 }
        }
        return low
    }

    /// Updates the node at `depth`, a page's root; `page` is nil if the node was not inner. It is given away: whoever kept
    /// it would have its two kilobytes copied with the first change.
    private mutating func enterPage(
        depth: Int, page given: consuming TriePage?, _ span: Span
    ) throws(StateFailure) -> TrieNode {
        let existed = given != nil
        var page = given.take() ?? TriePage()
        let node = try descend(&page, pageDepth: depth, level: 0, offset: 0, span)
        let key = TriePageKey(path: span.prefix, depth: UInt8(depth))
        let stays = node.kind == .inner ? try hasPage(depth: depth, page, span) : false
        if stays {
            written.append(TriePageWrite(key, page))
        } else if existed {
            written.append(TriePageWrite(gone: key))
        }
        return node
    }

    /// True unless removals have left so few leaves that the subtree needs no page any more.
    private func hasPage(depth: Int, _ page: TriePage, _ span: Span) throws(StateFailure) -> Bool {
        guard depth > 0, changes[span.low..<span.high].contains(where: { $0.leaf == nil }),
            page.leavesAtLeast <= TriePage.leavesWithoutPage
        else { return true }
        let old = try leaves.leaves(under: span.prefix, depth: depth)
        return changed(old, span).count > TriePage.leavesWithoutPage
    }

    /// Leaves after the span's changes.
    private func changed(_ old: [TrieLeaf], _ span: Span) -> [TrieLeaf] {
        var result: [TrieLeaf] = []
        result.reserveCapacity(old.count + span.count)
        var rest = old[...]
        for change in changes[span.low..<span.high] {
            while let leaf = rest.first, leaf.path < change.path {
                result.append(leaf)
                rest.removeFirst()
            }
            if rest.first?.path == change.path { rest.removeFirst() }
            if let leaf = change.leaf { result.append(TrieLeaf(path: change.path, hash: leaf)) }
        }
        result += rest
        return result
    }

    /// Updates the node at `depth`, a page's root that has no page: its leaves are few, and are read and hashed anew. If
    /// they become many it gets its pages.
    private mutating func changeLeaves(_ node: TrieNode, depth: Int, _ span: Span) throws(StateFailure) -> TrieNode {
        var old: [TrieLeaf] = []
        if node.kind == .inner {
            old = try TrieWalk.fewLeaves(under: span.prefix, depth: depth, leaves: leaves)
        } else if let carried = span.carried {
            old = [carried]
        }
        let new = changed(old, span)
        if new.count <= TriePage.leavesWithoutPage { return .over(new[...], depth: depth) }
        return build(new[...], prefix: span.prefix, depth: depth)
    }

    /// Writes the pages of a subtree that has none yet.
    private mutating func build(_ leaves: ArraySlice<TrieLeaf>, prefix: Bytes32, depth: Int) -> TrieNode {
        var page = TriePage()
        let node = fill(&page, pageDepth: depth, level: 0, offset: 0, leaves, prefix: prefix)
        written.append(TriePageWrite(TriePageKey(path: prefix, depth: UInt8(depth)), page))
        return node
    }

    private mutating func fill(
        _ page: inout TriePage, pageDepth: Int, level: Int, offset: Int, _ leaves: ArraySlice<TrieLeaf>,
        prefix: Bytes32
    ) -> TrieNode {
        let depth = pageDepth + level
        if leaves.count < 2 || level == TriePage.levels && leaves.count <= TriePage.leavesWithoutPage {
            return .over(leaves, depth: depth)
        }
        if level == TriePage.levels { return build(leaves, prefix: prefix, depth: depth) }
        let (left, right) = TrieNode.parting(leaves, depth: depth)
        let newLeft = fill(
            &page, pageDepth: pageDepth, level: level + 1, offset: 2 * offset, left, prefix: prefix)
        let newRight = fill(
            &page, pageDepth: pageDepth, level: level + 1, offset: 2 * offset + 1, right,
            prefix: prefix.settingBit(depth))
        page.set(level: level + 1, offset: 2 * offset, to: newLeft)
        page.set(level: level + 1, offset: 2 * offset + 1, to: newRight)
        return .joining(newLeft, newRight)
    }

    /// Updates both children of the node at `level` of the page, and returns what the node becomes.
    private mutating func descend(
        _ page: inout TriePage, pageDepth: Int, level: Int, offset: Int, _ span: Span
    ) throws(StateFailure) -> TrieNode {
        let depth = pageDepth + level
        precondition(depth < StateTrie.maximumDepth, "distinct paths part before their last bit")
        let middle = firstIndex(in: span) { changes[$0].path.bit(depth) }
        var left = Span(low: span.low, high: middle, prefix: span.prefix, carried: nil)
        var right = Span(low: middle, high: span.high, prefix: span.prefix.settingBit(depth), carried: nil)
        if let carried = span.carried {
            if carried.path.bit(depth) { right.carried = carried } else { left.carried = carried }
        }
        let newLeft = try child(&page, pageDepth: pageDepth, level: level + 1, offset: 2 * offset, &left)
        let newRight = try child(&page, pageDepth: pageDepth, level: level + 1, offset: 2 * offset + 1, &right)
        let node = TrieNode.joining(newLeft, newRight)
        let stays = node.kind == .inner
        page.set(level: level + 1, offset: 2 * offset, to: stays ? newLeft : .empty)
        page.set(level: level + 1, offset: 2 * offset + 1, to: stays ? newRight : .empty)
        return node
    }

    private mutating func child(
        _ page: inout TriePage, pageDepth: Int, level: Int, offset: Int, _ span: inout Span
    ) throws(StateFailure) -> TrieNode {
        let node = page.node(level: level, offset: offset)
        let depth = pageDepth + level
        if let settled = try settle(node, depth: depth, &span) { return settled }
        guard level == TriePage.levels else {
            return try descend(&page, pageDepth: pageDepth, level: level, offset: offset, span)
        }
        let key = TriePageKey(path: span.prefix, depth: UInt8(depth))
        guard node.kind == .inner, let below = try pages.decodedPage(key) else {
            return try changeLeaves(node, depth: depth, span)
        }
        return try enterPage(depth: depth, page: consume below, span)
    }
}
