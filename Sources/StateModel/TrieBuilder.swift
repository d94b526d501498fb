public import Primitives

/// The trie of a whole state in one pass over its entries, from the leaves up: what a store needs that takes a state in
/// bulk. Memory is one page for each five levels of the current path, whatever the number of entries.
///
/// The pages and the root are those that ``TrieUpdate`` makes of the same entries. A page is complete, and handed out,
/// once an entry comes that does not lie under it; so pages come children first.
public struct TrieBuilder: Sendable {
    /// The last leaf; where it lies is known once the next one is.
    private var pending: TrieLeaf?
    /// How many bits the last leaf shares with the one before it; -1 for the first.
    private var sharedBefore = -1
    /// Finished left children on the current path, by depth; a right one was not seen yet.
    private var left: [TrieNode?]
    /// Pages on the current path, by a fifth of their depth.
    private var pages: [TriePage?]
    /// The leaves that were placed under the root of each of them.
    private var leaves: [Int]
    private var complete: [TriePageWrite] = []

    public init() {
        left = Array(repeating: nil, count: StateTrie.maximumDepth + 1)
        pages = Array(repeating: nil, count: (StateTrie.maximumDepth + TriePage.levels - 1) / TriePage.levels)
        leaves = Array(repeating: 0, count: pages.count)
    }

    /// Adds the entry with `path`. Throws, and changes nothing, unless it lies behind all that were added.
    public mutating func append(path: Bytes32, value: [UInt8]) throws(StateFailure) {
        try append(TrieLeaf(path: path, hash: StateTrie.leaf(path: path, value: value).bytes))
    }

    /// The same of an entry whose leaf is known.
    public mutating func append(_ leaf: TrieLeaf) throws(StateFailure) {
        if let last = pending?.path {
            guard last < leaf.path else { throw StateFailure("the entry at \(leaf.path) comes behind that at \(last)") }
            settle(sharedAfter: last.commonPrefixLength(with: leaf.path))
        }
        pending = leaf
    }

    /// The pages that became complete since the last call, in no order that a store could rely on.
    public mutating func takePages() -> [TriePageWrite] {
        defer { complete.removeAll(keepingCapacity: true) }
        return complete
    }

    /// The root of everything; ``takePages()`` then has the last pages. The builder is empty again.
    public mutating func finish() -> Hash {
        let root = settle(sharedAfter: -1)
        sharedBefore = -1
        return Hash(root.hash)
    }

    /// Places the pending leaf where it parts from both its neighbors, and finishes every node above it that the next
    /// leaf, with which it shares `sharedAfter` bits, does not lie under. Returns the topmost of them.
    @discardableResult
    private mutating func settle(sharedAfter: Int) -> TrieNode {
        guard let leaf = pending else { return .empty }
        pending = nil
        var depth = max(sharedBefore, sharedAfter) + 1
        precondition(depth <= StateTrie.maximumDepth, "distinct paths part before their last bit")
        var node = TrieNode.leaf(leaf.hash)
        if depth > 0 { leaves[(depth - 1) / TriePage.levels] += 1 }
        place(node, path: leaf.path, depth: depth)
        while depth > sharedAfter + 1 {
            if leaf.path.bit(depth - 1) {
                node = .joining(left[depth] ?? .empty, node)
                left[depth] = nil
            } else {
                // What shares these bits came before, or there is nothing: no neighbor to the right.
                node = .joining(node, .empty)
            }
            depth -= 1
            if depth % TriePage.levels == 0 { closePage(path: leaf.path, depth: depth) }
            place(node, path: leaf.path, depth: depth)
        }
        // The next leaf parts from this one right here, so it lies to the right.
        if depth > 0 { left[depth] = node }
        sharedBefore = sharedAfter
        return node
    }

    private mutating func place(_ node: TrieNode, path: Bytes32, depth: Int) {
        guard depth > 0 else { return }
        let index = (depth - 1) / TriePage.levels
        let pageDepth = index * TriePage.levels
        var offset = 0
        for bit in pageDepth..<depth { offset = offset << 1 | (path.bit(bit) ? 1 : 0) }
        // Taken out while it is changed, so that its array is not copied.
        var page = pages[index] ?? TriePage()
        pages[index] = nil
        page.set(level: depth - pageDepth, offset: offset, to: node)
        pages[index] = page
    }

    /// The node at `depth`, a page's root, is finished, and with it the page.
    private mutating func closePage(path: Bytes32, depth: Int) {
        let index = depth / TriePage.levels
        guard let page = pages[index] else { preconditionFailure("an inner node has a page below it") }
        pages[index] = nil
        let count = leaves[index]
        leaves[index] = 0
        if index > 0 {
            leaves[index - 1] += count
            guard count > TriePage.leavesWithoutPage else { return }
        }
        let key = TriePageKey(path: path.prefix(depth), depth: UInt8(depth))
        complete.append(TriePageWrite(key, page))
    }
}
