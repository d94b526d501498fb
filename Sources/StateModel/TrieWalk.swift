internal import Primitives

/// Steps that updates and proofs share.
enum TrieWalk {
    /// The root as a node, and the page below it if it is inner.
    static func root(
        _ root: Hash, pages: any TriePageReader
    ) throws(StateFailure) -> (node: TrieNode, page: TriePage?) {
        if root == StateTrie.emptyRoot { return (.empty, nil) }
        guard let page = try pages.decodedPage(.root) else { return (.leaf(root.bytes), nil) }
        let node = TrieNode.joining(page.node(level: 1, offset: 0), page.node(level: 1, offset: 1))
        guard node.kind == .inner, node.hash == root.bytes else {
            throw StateFailure("the trie's pages belong to root \(node.hash), not \(root)")
        }
        return (node, page)
    }

    /// From the root towards `path`, as far as nodes are inner and at most `depth` steps: the neighbors on the way, and
    /// the node where it ends.
    static func way(
        to path: Bytes32, depth: Int, from root: Hash, in snapshot: LayeredSnapshot
    ) throws(StateFailure) -> (siblings: [Hash], node: TrieNode) {
        var siblings: [Hash] = []
        var (node, page) = try self.root(root, pages: snapshot)
        var offset = 0
        while node.kind == .inner, siblings.count < depth {
            let level = siblings.count % TriePage.levels
            if level == 0, !siblings.isEmpty {
                let key = TriePageKey(path: path.prefix(siblings.count), depth: UInt8(siblings.count))
                page = try snapshot.decodedPage(key)
                offset = 0
                if page == nil {
                    let leaves = try fewLeaves(under: key.path, depth: siblings.count, leaves: snapshot)
                    return way(to: path, depth: depth, below: siblings, leaves)
                }
            }
            guard let current = page else { throw StateFailure("the trie lacks its root page") }
            let bit = path.bit(siblings.count) ? 1 : 0
            siblings.append(Hash(current.node(level: level + 1, offset: 2 * offset + 1 - bit).hash))
            offset = 2 * offset + bit
            node = current.node(level: level + 1, offset: offset)
        }
        return (siblings, node)
    }

    /// The rest of the way, among the leaves of a subtree that has no page.
    private static func way(
        to path: Bytes32, depth: Int, below above: [Hash], _ leaves: [TrieLeaf]
    ) -> (siblings: [Hash], node: TrieNode) {
        var siblings = above
        var rest = leaves[...]
        while rest.count > 1, siblings.count < depth {
            let bit = siblings.count
            let (left, right) = TrieNode.parting(rest, depth: bit)
            siblings.append(Hash(TrieNode.over(path.bit(bit) ? left : right, depth: bit + 1).hash))
            rest = path.bit(bit) ? right : left
        }
        return (siblings, .over(rest, depth: siblings.count))
    }

    /// The leaves of an inner node at a page's depth that has no page.
    static func fewLeaves(
        under prefix: Bytes32, depth: Int, leaves: any TrieLeafReader
    ) throws(StateFailure) -> [TrieLeaf] {
        let found = try leaves.leaves(under: prefix, depth: depth)
        guard found.count <= TriePage.leavesWithoutPage else {
            throw StateFailure("the trie page at depth \(depth) of \(prefix) is missing")
        }
        guard found.count >= 2 else {
            throw StateFailure("the trie has leaves at depth \(depth) of \(prefix) that the state has not")
        }
        return found
    }

    /// The path of the only leaf below the node at `prefix`.
    static func leafPath(
        under prefix: Bytes32, depth: Int, leaves: any TrieLeafReader
    ) throws(StateFailure) -> Bytes32 {
        let found = try leaves.leaves(under: prefix, depth: depth)
        guard found.count == 1, let leaf = found.first else {
            throw StateFailure("the trie has one leaf at depth \(depth) of \(prefix), the state \(found.count)")
        }
        return leaf.path
    }
}
