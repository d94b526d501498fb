internal import Primitives

// What a layer consists of: for each table the entries' places, ascending by key, and the pieces that hold their bytes.
// A piece is what one block wrote; it never changes, and the layers that are merged from the block's share it. So to merge two
// layers is to copy 32 bytes an entry, whatever its length, and no memory is asked of the system for what is there already.
// What a newer block replaced stays in its piece until a checkpoint gives the layer up, or there are many pieces. A value is copied out where it is read.

/// Of more pieces than this what still stands is copied into one: checkpoints come long before, but who replays a whole chain
/// has none.
private let layerPieces = 64

/// How the entries of a table begin.
protocol LayerKind: Sendable {
    /// Bytes before the key.
    static var headCount: Int { get }
    /// How many bytes from the entry's start the table is ordered by.
    static func sortCount(keyCount: Int) -> Int
}

/// Head (of fixed length), key and value of each entry.
struct LayerRecords<Kind: LayerKind>: Sendable {
    struct Slot: Sendable {
        /// The first sixteen bytes of what the table is ordered by: most entries differ in them.
        let order: (UInt64, UInt64)
        var piece: UInt32
        /// Where the entry begins in its piece.
        let start: UInt32
        /// -1: the entry is gone.
        let valueCount: Int32
        let keyCount: UInt16

        var isGone: Bool { valueCount < 0 }
        var sortRange: Range<Int> { Int(start)..<Int(start) + Kind.sortCount(keyCount: Int(keyCount)) }
        var keyRange: Range<Int> { Int(start) + Kind.headCount..<Int(start) + Kind.headCount + Int(keyCount) }
        var valueRange: Range<Int> { keyRange.upperBound..<keyRange.upperBound + Int(max(0, valueCount)) }
    }

    private(set) var slots: [Slot] = []
    private var pieces: [[UInt8]]

    /// An empty table with room for a block's entries, whose `size` bytes are to be below 2³² together.
    private init(reserving count: Int, bytes size: Int) {
        slots.reserveCapacity(count)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(size)
        pieces = [bytes]
    }

    /// Of one block. Precondition: ascending, with keys that ``StateLayer`` admits.
    private mutating func append(
        _ order: (UInt64, UInt64), key: [UInt8], value: [UInt8]?, head: (inout [UInt8]) -> Void = { _ in }
    ) {
        slots.append(
            Slot(
                order: order, piece: 0, start: UInt32(pieces[0].count), valueCount: Int32(value?.count ?? -1),
                keyCount: UInt16(key.count)))
        head(&pieces[0])
        pieces[0].append(contentsOf: key)
        if let value { pieces[0].append(contentsOf: value) }
    }

    init(merging older: Self, _ newer: Self) {
        pieces = older.pieces + newer.pieces
        slots.reserveCapacity(older.slots.count + newer.slots.count)
        let shift = UInt32(older.pieces.count)
        LayerMerge.walk(
            older.slots.count, newer.slots.count, order: { older.compare($0, with: newer, $1) },
            older: { slots.append(contentsOf: older.slots[$0]) }, newer: { append($0, of: newer, shift) },
            both: { append($1..<$1 + 1, of: newer, shift) })
        if pieces.count > layerPieces { compact() }
    }

    /// Copies what still stands into pieces of its own, so that what was replaced goes.
    private mutating func compact() {
        var compacted: [[UInt8]] = [[]]
        for position in slots.indices {
            let slot = slots[position]
            let range = Int(slot.start)..<slot.valueRange.upperBound
            // Far below the 32 bits of a place.
            if compacted[compacted.count - 1].count + range.count > 1 << 30 { compacted.append([]) }
            let start = compacted[compacted.count - 1].count
            compacted[compacted.count - 1].append(contentsOf: pieces[Int(slot.piece)][range])
            slots[position] = Slot(
                order: slot.order, piece: UInt32(compacted.count - 1), start: UInt32(start),
                valueCount: slot.valueCount, keyCount: slot.keyCount)
        }
        pieces = compacted
    }

    private mutating func append(_ range: Range<Int>, of newer: Self, _ shift: UInt32) {
        for position in range {
            var slot = newer.slots[position]
            slot.piece += shift
            slots.append(slot)
        }
    }

    /// How the entry at `position` stands to the one of `other`.
    private func compare(_ position: Int, with other: Self, _ otherPosition: Int) -> LayerMerge.Order {
        let (own, its) = (slots[position], other.slots[otherPosition])
        if own.order.0 != its.order.0 { return own.order.0 < its.order.0 ? .before : .behind }
        if own.order.1 != its.order.1 { return own.order.1 < its.order.1 ? .before : .behind }
        return KeyBytes.order(pieces[Int(own.piece)][own.sortRange], other.pieces[Int(its.piece)][its.sortRange])
    }

    /// How the entry at `position` stands to one that begins with `order` and is ordered by `key`.
    func compare(_ position: Int, with order: (UInt64, UInt64), _ key: [UInt8]) -> LayerMerge.Order {
        let slot = slots[position]
        if slot.order.0 != order.0 { return slot.order.0 < order.0 ? .before : .behind }
        if slot.order.1 != order.1 { return slot.order.1 < order.1 ? .before : .behind }
        return KeyBytes.order(pieces[Int(slot.piece)][slot.sortRange], key[...])
    }

    func key(at position: Int) -> [UInt8] { bytes(slots[position].keyRange, of: slots[position]) }

    func value(at position: Int) -> [UInt8]? {
        slots[position].isGone ? nil : bytes(slots[position].valueRange, of: slots[position])
    }

    private func bytes(_ range: Range<Int>, of slot: Slot) -> [UInt8] { [UInt8](pieces[Int(slot.piece)][range]) }

    /// 32 bytes of the head at `position`, from its byte `offset` on.
    func head(at position: Int, offset: Int) -> Bytes32 {
        precondition(offset + Bytes32.count <= Kind.headCount, "heads have a fixed length")
        let slot = slots[position]
        return Bytes32(unchecked: pieces[Int(slot.piece)], at: Int(slot.start) + offset)
    }

    /// The entries of `range`, each with its head. The buffers are valid inside `body` only; no value: it is gone.
    func withEach<Failure: Error>(
        _ range: Range<Int>,
        _ body: (_ position: Int, _ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer?) throws(Failure)
            -> Void
    ) throws(Failure) {
        for position in range {
            let slot = slots[position]
            try unsafe pieces[Int(slot.piece)].withUnsafeBufferPointer { (buffer) throws(Failure) in
                let bytes = UnsafeRawBufferPointer(buffer)
                let key = unsafe UnsafeRawBufferPointer(rebasing: bytes[slot.keyRange])
                let value = unsafe slot.isGone ? nil : UnsafeRawBufferPointer(rebasing: bytes[slot.valueRange])
                try unsafe body(position, key, value)
            }
        }
    }

    /// About how much memory it takes.
    var byteCount: Int { pieces.reduce(slots.count * MemoryLayout<Slot>.stride) { $0 + $1.count } }
}

/// Entries of the state: path ‖ leaf ‖ key ‖ value, by path.
enum LayerStateKind: LayerKind {
    static let headCount = 2 * Bytes32.count
    static func sortCount(keyCount: Int) -> Int { Bytes32.count }
}

typealias LayerStates = LayerRecords<LayerStateKind>

extension LayerRecords where Kind == LayerStateKind {
    /// What a block did, and to which leaves: one for each, in the same order, ascending by path.
    init(_ changes: [StateChange], _ leaves: [TrieChange]) {
        var size = 0
        for position in changes.indices {
            size += Kind.headCount + changes[position].key.bytes.count + (changes[position].after?.count ?? 0)
        }
        self.init(reserving: changes.count, bytes: size)
        for position in changes.indices {
            let (path, leaf) = (leaves[position].path, leaves[position].leaf ?? .zero)
            append(
                (path.firstWord, path.secondWord), key: changes[position].key.bytes, value: changes[position].after,
                head: { bytes in
                    path.append(to: &bytes)
                    leaf.append(to: &bytes)
                })
        }
    }

    func path(at position: Int) -> Bytes32 { head(at: position, offset: 0) }
    func leaf(at position: Int) -> Bytes32 { head(at: position, offset: Bytes32.count) }

    /// How the entry at `position` stands to one under `path`.
    func compare(_ position: Int, with path: Bytes32) -> LayerMerge.Order {
        let order = slots[position].order
        if order.0 != path.firstWord { return order.0 < path.firstWord ? .before : .behind }
        if order.1 != path.secondWord { return order.1 < path.secondWord ? .before : .behind }
        return .of(self.path(at: position), path)
    }

    func write(at position: Int) -> StateWrite {
        StateWrite(
            path: path(at: position), key: StateKey(stored: key(at: position)), value: value(at: position),
            leaf: leaf(at: position))
    }
}

/// Entries of the indexes: key ‖ value, by key.
enum LayerIndexKind: LayerKind {
    static let headCount = 0
    static func sortCount(keyCount: Int) -> Int { keyCount }
}

typealias LayerIndexes = LayerRecords<LayerIndexKind>

extension LayerRecords where Kind == LayerIndexKind {
    /// Precondition: ascending by key.
    init(_ writes: [IndexWrite]) {
        var size = 0
        for position in writes.indices {
            size += writes[position].key.bytes.count + (writes[position].value?.count ?? 0)
        }
        self.init(reserving: writes.count, bytes: size)
        for position in writes.indices {
            let key = writes[position].key.bytes
            append(KeyBytes.start(of: key), key: key, value: writes[position].value)
        }
    }

    /// The first position whose key is `key` or behind it.
    func position(atOrAfter key: IndexKey) -> Int {
        let order = KeyBytes.start(of: key.bytes)
        var (low, high) = (0, slots.count)
        while low < high {
            let middle = (low + high) / 2
            if compare(middle, with: order, key.bytes) == .before { low = middle + 1 } else { high = middle }
        }
        return low
    }

    func position(of key: IndexKey) -> Int? {
        let position = position(atOrAfter: key)
        guard position < slots.count,
            compare(position, with: KeyBytes.start(of: key.bytes), key.bytes) == .equal
        else { return nil }
        return position
    }

    func write(at position: Int) -> IndexWrite {
        IndexWrite(IndexKey(stored: key(at: position)), value(at: position))
    }
}

/// Changes of trie pages.
struct LayerPages: Sendable {
    struct Slot: Sendable {
        let key: TriePageKey
        let present: UInt64
        let changed: UInt64
        let bottomInner: UInt32
        var piece: UInt32
        /// Where the hashes of the changed nodes begin in their piece.
        let start: Int

        var isGone: Bool { present == 0 }
        var isWhole: Bool { changed == present }
        var range: Range<Int> { start..<start + changed.nonzeroBitCount }
    }

    private(set) var slots: [Slot] = []
    /// The hashes of one block, or of the pages that a merge joined.
    private var pieces: [[Bytes32]]

    /// Precondition: ascending by key.
    init(_ writes: [TriePageWrite]) {
        var hashes: [Bytes32] = []
        slots.reserveCapacity(writes.count)
        hashes.reserveCapacity(writes.reduce(0) { $0 + $1.hashes.count })
        for write in writes {
            slots.append(
                Slot(
                    key: write.key, present: write.present, changed: write.changed, bottomInner: write.bottomInner,
                    piece: 0, start: hashes.count))
            hashes.append(contentsOf: write.hashes)
        }
        pieces = [hashes]
    }

    init(merging older: LayerPages, _ newer: LayerPages) {
        pieces = older.pieces + newer.pieces
        slots.reserveCapacity(older.slots.count + newer.slots.count)
        let shift = UInt32(older.pieces.count)
        var joined: [Bytes32] = []
        LayerMerge.walk(
            older.slots.count, newer.slots.count,
            order: { .of(older.slots[$0].key, newer.slots[$1].key) },
            older: { slots.append(contentsOf: older.slots[$0]) }, newer: { append($0, of: newer, shift) },
            both: { position, other in
                if newer.slots[other].isWhole {
                    append(other..<other + 1, of: newer, shift)
                } else {
                    join(older, position, newer, other, &joined)
                }
            })
        pieces.append(joined)
        if pieces.count > layerPieces { compact() }
    }

    /// Copies the hashes that still stand into one piece.
    private mutating func compact() {
        var compacted: [Bytes32] = []
        for position in slots.indices {
            let slot = slots[position]
            let start = compacted.count
            compacted.append(contentsOf: pieces[Int(slot.piece)][slot.range])
            slots[position] = Slot(
                key: slot.key, present: slot.present, changed: slot.changed, bottomInner: slot.bottomInner, piece: 0,
                start: start)
        }
        pieces = [compacted]
    }

    private mutating func append(_ range: Range<Int>, of newer: LayerPages, _ shift: UInt32) {
        for position in range {
            var slot = newer.slots[position]
            slot.piece += shift
            slots.append(slot)
        }
    }

    /// What both do to a page: the newer one's nodes, and the older one's hashes of those that it left alone.
    private mutating func join(
        _ older: LayerPages, _ position: Int, _ newer: LayerPages, _ other: Int, _ hashes: inout [Bytes32]
    ) {
        let (before, after) = (older.slots[position], newer.slots[other])
        precondition(!before.isGone, "a page that is made anew comes whole")
        let start = hashes.count
        var (olderNext, newerNext) = (before.start, after.start)
        var rest = before.changed | after.changed
        while rest != 0 {
            let bit = rest & ~(rest - 1)
            rest &= rest - 1
            if after.changed & bit != 0 {
                hashes.append(newer.pieces[Int(after.piece)][newerNext])
                newerNext += 1
            } else if after.present & bit != 0 {
                hashes.append(older.pieces[Int(before.piece)][olderNext])
            }
            if before.changed & bit != 0 { olderNext += 1 }
        }
        slots.append(
            Slot(
                key: after.key, present: after.present, changed: (before.changed | after.changed) & after.present,
                bottomInner: after.bottomInner, piece: UInt32(pieces.count), start: start))
    }

    func hashes(at position: Int) -> ArraySlice<Bytes32> {
        let slot = slots[position]
        return pieces[Int(slot.piece)][slot.range]
    }

    func write(at position: Int) -> TriePageWrite {
        let slot = slots[position]
        return TriePageWrite(
            key: slot.key, present: slot.present, bottomInner: slot.bottomInner, changed: slot.changed,
            hashes: [Bytes32](hashes(at: position)))
    }

    var byteCount: Int {
        pieces.reduce(slots.count * MemoryLayout<Slot>.stride) { $0 + $1.count * Bytes32.count }
    }
}

/// Two ascending tables as one.
enum LayerMerge {
    enum Order {
        case before, equal, behind

        static func of<Key: Comparable>(_ one: Key, _ other: Key) -> Order {
            one == other ? .equal : one < other ? .before : .behind
        }
    }

    /// Calls for each run of one table that lies between entries of the other, and for each key that both have. Together
    /// they are every position of both, in ascending order of keys.
    @inline(__always)
    static func walk(
        _ olderCount: Int, _ newerCount: Int, order: (_ older: Int, _ newer: Int) -> Order,
        older: (Range<Int>) -> Void, newer: (Range<Int>) -> Void, both: (_ older: Int, _ newer: Int) -> Void
    ) {
        var (position, other) = (0, 0)
        while position < olderCount, other < newerCount {
            let start = position
            var found = order(position, other)
            while found == .before {
                position += 1
                guard position < olderCount else { break }
                found = order(position, other)
            }
            if position > start { older(start..<position) }
            guard position < olderCount else { break }
            if found == .equal {
                both(position, other)
                position += 1
                other += 1
                continue
            }
            let begin = other
            repeat { other += 1 } while other < newerCount && order(position, other) == .behind
            newer(begin..<other)
        }
        if position < olderCount { older(position..<olderCount) }
        if other < newerCount { newer(other..<newerCount) }
    }
}
