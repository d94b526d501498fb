internal import Primitives

// What a layer consists of: for each table one array of plain numbers, ascending by key, and one of all the bytes, in the
// same order. Nothing in them is counted or freed by itself: to merge two layers is to copy a few long runs, and to give one
// up is to free five arrays, whatever the number of entries. A value is copied out where it is read.

/// Keys and values, each key before its value, and beside where they lie what orders them.
struct LayerRecords<Head: Sendable>: Sendable {
    struct Slot: Sendable {
        let head: Head
        /// Where key and then value lie in ``LayerRecords/bytes``.
        var start: Int
        let keyCount: Int32
        /// -1: the entry is gone.
        let valueCount: Int32

        var isGone: Bool { valueCount < 0 }
        var keyRange: Range<Int> { start..<start + Int(keyCount) }
        var valueRange: Range<Int> { start + Int(keyCount)..<end }
        var end: Int { start + Int(keyCount) + Int(max(0, valueCount)) }
    }

    private(set) var slots: [Slot] = []
    private(set) var bytes: [UInt8] = []

    init(reserving count: Int, bytes size: Int) {
        slots.reserveCapacity(count)
        bytes.reserveCapacity(size)
    }

    /// Room for both.
    init(over older: Self, _ newer: Self) {
        self.init(reserving: older.slots.count + newer.slots.count, bytes: older.bytes.count + newer.bytes.count)
    }

    mutating func append(_ head: Head, key: [UInt8], value: [UInt8]?) {
        slots.append(
            Slot(
                head: head, start: bytes.count, keyCount: Int32(key.count), valueCount: Int32(value?.count ?? -1)))
        bytes.append(contentsOf: key)
        if let value { bytes.append(contentsOf: value) }
    }

    mutating func append(_ range: Range<Int>, of other: Self) {
        let lower = other.slots[range.lowerBound].start
        let upper = other.slots[range.upperBound - 1].end
        let shift = bytes.count - lower
        bytes.append(contentsOf: other.bytes[lower..<upper])
        for position in range {
            var slot = other.slots[position]
            slot.start += shift
            slots.append(slot)
        }
    }

    func key(at position: Int) -> [UInt8] { [UInt8](bytes[slots[position].keyRange]) }

    func value(at position: Int) -> [UInt8]? {
        slots[position].isGone ? nil : [UInt8](bytes[slots[position].valueRange])
    }

    /// The entries of `range`. The buffers are valid inside `body` only; no value: it is gone.
    func withEach<Failure: Error>(
        _ range: Range<Int>,
        _ body: (_ head: Head, _ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer?) throws(Failure) -> Void
    ) throws(Failure) {
        try unsafe bytes.withUnsafeBufferPointer { (buffer) throws(Failure) in
            let bytes = UnsafeRawBufferPointer(buffer)
            for position in range {
                let slot = slots[position]
                let key = unsafe UnsafeRawBufferPointer(rebasing: bytes[slot.keyRange])
                let value = unsafe slot.isGone ? nil : UnsafeRawBufferPointer(rebasing: bytes[slot.valueRange])
                try unsafe body(slot.head, key, value)
            }
        }
    }

    /// About how much memory it takes.
    var byteCount: Int { slots.count * MemoryLayout<Slot>.stride + bytes.count }
}

/// Entries of the state.
typealias LayerStates = LayerRecords<LayerStateHead>

struct LayerStateHead: Sendable {
    let path: Bytes32
    let leaf: Bytes32
}

extension LayerRecords where Head == LayerStateHead {
    /// Precondition: ascending by path.
    init(_ writes: [StateWrite]) {
        self.init(
            reserving: writes.count,
            bytes: writes.reduce(0) { $0 + $1.key.bytes.count + ($1.value?.count ?? 0) })
        for write in writes {
            append(LayerStateHead(path: write.path, leaf: write.leaf), key: write.key.bytes, value: write.value)
        }
    }

    init(merging older: Self, _ newer: Self) {
        self.init(over: older, newer)
        LayerMerge.walk(
            older.slots.count, newer.slots.count,
            order: { .of(older.slots[$0].head.path, newer.slots[$1].head.path) },
            older: { append($0, of: older) }, newer: { append($0, of: newer) },
            both: { append($1..<$1 + 1, of: newer) })
    }

    func write(at position: Int) -> StateWrite {
        let head = slots[position].head
        return StateWrite(
            path: head.path, key: StateKey(stored: key(at: position)), value: value(at: position), leaf: head.leaf)
    }
}

/// Changes of trie pages.
struct LayerPages: Sendable {
    struct Slot: Sendable {
        let key: TriePageKey
        let present: UInt64
        let bottomInner: UInt32
        let changed: UInt64
        /// Where the hashes of the changed nodes begin in ``LayerPages/hashes``.
        var start: Int

        var isGone: Bool { present == 0 }
        var isWhole: Bool { changed == present }
        var range: Range<Int> { start..<start + changed.nonzeroBitCount }
    }

    private(set) var slots: [Slot] = []
    private(set) var hashes: [Bytes32] = []

    /// Precondition: ascending by key.
    init(_ writes: [TriePageWrite]) {
        slots.reserveCapacity(writes.count)
        hashes.reserveCapacity(writes.reduce(0) { $0 + $1.hashes.count })
        for write in writes { append(write) }
    }

    init(merging older: LayerPages, _ newer: LayerPages) {
        slots.reserveCapacity(older.slots.count + newer.slots.count)
        hashes.reserveCapacity(older.hashes.count + newer.hashes.count)
        LayerMerge.walk(
            older.slots.count, newer.slots.count,
            order: { .of(older.slots[$0].key, newer.slots[$1].key) },
            older: { append($0, of: older) }, newer: { append($0, of: newer) },
            both: { position, other in
                if newer.slots[other].isWhole {
                    append(other..<other + 1, of: newer)
                } else {
                    join(older, position, newer, other)
                }
            })
    }

    private mutating func append(_ write: TriePageWrite) {
        slots.append(
            Slot(
                key: write.key, present: write.present, bottomInner: write.bottomInner, changed: write.changed,
                start: hashes.count))
        hashes.append(contentsOf: write.hashes)
    }

    private mutating func append(_ range: Range<Int>, of other: LayerPages) {
        let lower = other.slots[range.lowerBound].start
        let upper = other.slots[range.upperBound - 1].range.upperBound
        let shift = hashes.count - lower
        hashes.append(contentsOf: other.hashes[lower..<upper])
        for position in range {
            var slot = other.slots[position]
            slot.start += shift
            slots.append(slot)
        }
    }

    /// What both do to a page: the newer one's nodes, and the older one's hashes of those that it left alone.
    private mutating func join(_ older: LayerPages, _ position: Int, _ newer: LayerPages, _ other: Int) {
        let (before, after) = (older.slots[position], newer.slots[other])
        precondition(!before.isGone, "a page that is made anew comes whole")
        let start = hashes.count
        var (olderNext, newerNext) = (before.start, after.start)
        var rest = before.changed | after.changed
        while rest != 0 {
            let bit = rest & ~(rest - 1)
            rest &= rest - 1
            if after.changed & bit != 0 {
                hashes.append(newer.hashes[newerNext])
                newerNext += 1
            } else if after.present & bit != 0 {
                hashes.append(older.hashes[olderNext])
            }
            if before.changed & bit != 0 { olderNext += 1 }
        }
        slots.append(
            Slot(
                key: after.key, present: after.present, bottomInner: after.bottomInner,
                changed: (before.changed | after.changed) & after.present, start: start))
    }

    func write(at position: Int) -> TriePageWrite {
        let slot = slots[position]
        return TriePageWrite(
            key: slot.key, present: slot.present, bottomInner: slot.bottomInner, changed: slot.changed,
            hashes: [Bytes32](hashes[slot.range]))
    }

    var byteCount: Int { slots.count * MemoryLayout<Slot>.stride + hashes.count * Bytes32.count }
}

/// Entries of the indexes.
typealias LayerIndexes = LayerRecords<LayerIndexHead>

struct LayerIndexHead: Sendable {
    /// The key's first sixteen bytes as numbers: most keys differ in them.
    let order: (UInt64, UInt64)
}

extension LayerRecords where Head == LayerIndexHead {
    /// Precondition: ascending by key.
    init(_ writes: [IndexWrite]) {
        self.init(
            reserving: writes.count,
            bytes: writes.reduce(0) { $0 + $1.key.bytes.count + ($1.value?.count ?? 0) })
        for write in writes {
            let bytes = write.key.bytes
            append(LayerIndexHead(order: KeyBytes.start(of: bytes)), key: bytes, value: write.value)
        }
    }

    init(merging older: Self, _ newer: Self) {
        self.init(over: older, newer)
        LayerMerge.walk(
            older.slots.count, newer.slots.count,
            order: { older.compare($0, with: newer.slots[$1].head.order, newer.bytes[newer.slots[$1].keyRange]) },
            older: { append($0, of: older) }, newer: { append($0, of: newer) },
            both: { append($1..<$1 + 1, of: newer) })
    }

    /// How the key at `position` stands to one that begins with `order`.
    func compare(_ position: Int, with order: (UInt64, UInt64), _ key: ArraySlice<UInt8>) -> LayerMerge.Order {
        let slot = slots[position]
        let own = slot.head.order
        if own.0 != order.0 { return own.0 < order.0 ? .before : .behind }
        if own.1 != order.1 { return own.1 < order.1 ? .before : .behind }
        return KeyBytes.order(bytes[slot.keyRange], key)
    }

    /// The first position whose key is `key` or behind it.
    func position(atOrAfter key: IndexKey) -> Int {
        let order = KeyBytes.start(of: key.bytes)
        var (low, high) = (0, slots.count)
        while low < high {
            let middle = (low + high) / 2
            if compare(middle, with: order, key.bytes[...]) == .before { low = middle + 1 } else { high = middle }
        }
        return low
    }

    func position(of key: IndexKey) -> Int? {
        let position = position(atOrAfter: key)
        guard position < slots.count,
            compare(position, with: KeyBytes.start(of: key.bytes), key.bytes[...]) == .equal
        else { return nil }
        return position
    }

    func write(at position: Int) -> IndexWrite {
        IndexWrite(IndexKey(stored: key(at: position)), value(at: position))
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
