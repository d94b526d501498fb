public import Primitives

/// What an update makes of a page: which nodes are there afterwards, and the hashes of those that are others than before.
///
/// A change of one entry changes one node a level, so this is a sixth of the page; layers hold hundreds of thousands of them,
/// and a checkpoint comes when layers are large.
public struct TriePageWrite: Hashable, Sendable {
    /// Of a page, at most.
    public static let maximumBytes = TriePage.maximumBytes

    public let key: TriePageKey
    /// As in ``TriePage``; 0: the page is gone.
    let present: UInt64
    let bottomInner: UInt32
    /// Bit n: the hash of the node at position n is in `hashes`. Only nodes that are there.
    let changed: UInt64
    /// In order of position.
    let hashes: [Bytes32]

    /// Of a page that an update read and changed, or made.
    init(_ key: TriePageKey, _ page: TriePage) {
        let changed = page.changed & page.present
        self.init(
            key: key, present: page.present, bottomInner: page.bottomInner, changed: changed,
            hashes: page.hashes(of: changed))
    }

    init(gone key: TriePageKey) {
        self.init(key: key, present: 0, bottomInner: 0, changed: 0, hashes: [])
    }

    init(key: TriePageKey, present: UInt64, bottomInner: UInt32, changed: UInt64, hashes: [Bytes32]) {
        self.key = key
        self.present = present
        self.bottomInner = bottomInner
        self.changed = changed
        self.hashes = hashes
    }

    public var isGone: Bool { present == 0 }

    /// True if what was there before does not matter: the page is gone, or every node of it is here.
    public var isWhole: Bool { changed == present }

    /// The page's bytes, if every node of it is here.
    public var bytes: [UInt8]? {
        guard isWhole, !isGone else { return nil }
        var page = TriePage()
        page.apply(self)
        return page.bytes
    }

    /// The page's bytes after this write, nil if it is gone.
    ///
    /// - Parameter base: its bytes before; asked only if they matter. Throws if there are none then, or if they are no page.
    public func bytes(
        over base: () throws(StateFailure) -> [UInt8]?
    ) throws(StateFailure) -> [UInt8]? {
        if isWhole { return bytes }
        guard let bytes = try base(), var page = TriePage(bytes) else {
            throw StateFailure("the trie page at depth \(key.depth) of \(key.path) is missing or damaged")
        }
        page.apply(self)
        return page.bytes
    }
}
