public import Primitives

/// Names a page of the trie: the path to its root, zero-padded, and that root's depth (a multiple of five).
public struct TriePageKey: Hashable, Comparable, Sendable {
    public let path: Bytes32
    public let depth: UInt8

    /// Precondition: `path` has only zeros beyond `depth` bits.
    public init(path: Bytes32, depth: UInt8) {
        self.path = path
        self.depth = depth
    }

    public static let root = TriePageKey(path: .zero, depth: 0)
    public static let byteCount = 33

    /// Path ‖ depth, 33 bytes.
    public var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.byteCount)
        path.append(to: &bytes)
        bytes.append(depth)
        return bytes
    }

    public static func < (left: TriePageKey, right: TriePageKey) -> Bool {
        left.path != right.path ? left.path < right.path : left.depth < right.depth
    }
}

/// Five levels of the trie, so that a store is not asked node by node.
///
/// A page whose root lies at depth d holds the nodes of depths d+1 … d+5, 62 at most; its root's own hash stands in the
/// page above. Node `offset` of level 1...5 has the position 2^level − 2 + offset.
///
/// ```
/// +--------------------+----------------------+------------------------------+
/// | present (8, BE)    | bottom inner (4, BE) | 32 bytes per present node    |
/// | bit n: position n  | bit n: offset n of   | in order of position         |
/// |                    | level 5 is inner     |                              |
/// +--------------------+----------------------+------------------------------+
/// ```
/// A node above level 5 is inner if a child of it is present. At most 12 + 62 × 32 = 1,996 bytes: two pages and their
/// keys fit into one 4 KiB page of LMDB, and none overflows.
public struct TriePage: Sendable {
    static let levels = 5
    /// A subtree below the root has a page if it has more leaves than this. Of smaller ones only the entries are stored,
    /// with the hashes of their leaves: a few hashes more for whoever passes, instead of a page for every ten entries.
    static let leavesWithoutPage = 16
    static let nodeCount = 62
    static let headerBytes = 12
    static let maximumBytes = headerBytes + nodeCount * Bytes32.count

    private(set) var present: UInt64 = 0
    private(set) var bottomInner: UInt32 = 0
    private var hashes: [Bytes32]
    /// Bit n: the node at position n was set to what it was not before, since the page was read.
    private(set) var changed: UInt64 = 0

    init() { hashes = Array(repeating: .zero, count: Self.nodeCount) }

    /// Nil if the bytes are no page.
    public init?(_ bytes: [UInt8]) {
        guard bytes.count >= Self.headerBytes else { return nil }
        present = bytes[0..<8].reduce(0) { $0 << 8 | UInt64($1) }
        bottomInner = bytes[8..<12].reduce(0) { $0 << 8 | UInt32($1) }
        guard present >> UInt64(Self.nodeCount) == 0,
            UInt32(truncatingIfNeeded: present >> 30) & bottomInner == bottomInner,
            bytes.count == Self.headerBytes + present.nonzeroBitCount * Bytes32.count
        else { return nil }
        hashes = Array(repeating: .zero, count: Self.nodeCount)
        var rest = present
        var offset = Self.headerBytes
        // The length was checked against the bits, so every read lies inside.
        unsafe bytes.withUnsafeBytes { buffer in
            while rest != 0 {
                let position = rest.trailingZeroBitCount
                rest &= rest - 1
                hashes[position] = Bytes32(
                    bigEndianWords: unsafe buffer.loadUnaligned(
                        fromByteOffset: offset, as: (UInt64, UInt64, UInt64, UInt64).self))
                offset += Bytes32.count
            }
        }
    }

    var bytes: [UInt8] {
        let count = Self.headerBytes + present.nonzeroBitCount * Bytes32.count
        return unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            let raw = UnsafeMutableRawBufferPointer(buffer)
            unsafe raw.storeBytes(of: present.bigEndian, as: UInt64.self)
            unsafe raw.storeBytes(of: bottomInner.bigEndian, toByteOffset: 8, as: UInt32.self)
            var rest = present
            var offset = Self.headerBytes
            while rest != 0 {
                let position = rest.trailingZeroBitCount
                rest &= rest - 1
                let words = hashes[position].bigEndianWords
                unsafe raw.storeBytes(of: words.0, toByteOffset: offset, as: UInt64.self)
                unsafe raw.storeBytes(of: words.1, toByteOffset: offset + 8, as: UInt64.self)
                unsafe raw.storeBytes(of: words.2, toByteOffset: offset + 16, as: UInt64.self)
                unsafe raw.storeBytes(of: words.3, toByteOffset: offset + 24, as: UInt64.self)
                offset += Bytes32.count
            }
            initialized = count
        }
    }

    private static func position(_ level: Int, _ offset: Int) -> Int { 1 << level - 2 + offset }

    /// Of the nodes whose bit is set, in order of position.
    func hashes(of nodes: UInt64) -> [Bytes32] {
        var found: [Bytes32] = []
        found.reserveCapacity(nodes.nonzeroBitCount)
        var rest = nodes
        while rest != 0 {
            found.append(hashes[rest.trailingZeroBitCount])
            rest &= rest - 1
        }
        return found
    }

    /// What `write` leaves of this page, which is not gone.
    mutating func apply(_ write: TriePageWrite) {
        apply(write.changed, write.hashes[...], write.present, write.bottomInner)
    }

    /// `new` are the hashes of the nodes whose bit is set in `nodes`, in order of position.
    mutating func apply(_ nodes: UInt64, _ new: ArraySlice<Bytes32>, _ present: UInt64, _ bottomInner: UInt32) {
        // A node that is gone leaves no hash: if it comes again as it was, that is a change.
        var rest = self.present & ~present
        while rest != 0 {
            hashes[rest.trailingZeroBitCount] = .zero
            rest &= rest - 1
        }
        self.present = present
        self.bottomInner = bottomInner
        rest = nodes
        for hash in new {
            hashes[rest.trailingZeroBitCount] = hash
            rest &= rest - 1
        }
    }

    func node(level: Int, offset: Int) -> TrieNode {
        let position = Self.position(level, offset)
        guard present >> UInt64(position) & 1 == 1 else { return .empty }
        let isInner =
            level == Self.levels
            ? bottomInner >> UInt32(offset) & 1 == 1
            : present >> UInt64(Self.position(level + 1, 2 * offset)) & 3 != 0
        return TrieNode(kind: isInner ? .inner : .leaf, hash: hashes[position])
    }

    /// At least so many leaves lie under the page's root.
    var leavesAtLeast: Int {
        var count = 0
        for level in 1...Self.levels {
            for offset in 0..<1 << level {
                switch node(level: level, offset: offset).kind {
                case .empty: continue
                case .leaf: count += 1
                case .inner: count += level == Self.levels ? 2 : 0
                }
            }
        }
        return count
    }

    /// What a node at level 1...4 is follows from its children, which the caller sets or clears as well.
    mutating func set(level: Int, offset: Int, to node: TrieNode) {
        let position = Self.position(level, offset)
        let bit: UInt64 = 1 << UInt64(position)
        if node.kind == .empty { present &= ~bit } else { present |= bit }
        if hashes[position] != node.hash {
            hashes[position] = node.hash
            changed |= bit
        }
        guard level == Self.levels else { return }
        if node.kind == .inner { bottomInner |= 1 << UInt32(offset) } else { bottomInner &= ~(1 << UInt32(offset)) }
    }
}
