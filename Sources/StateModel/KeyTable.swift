/// Values by state key, in the order in which the keys came.
///
/// Every rule reads through such tables, so they ask for a key's hash and never compute it (a key carries its own), keep
/// their entries in one piece, and search few of them in a row. Nothing is removed but all at once.
struct KeyTable<Value> {
    private(set) var keys: [StateKey] = []
    var values: [Value] = []
    /// Open addressing, at most half full: 0 is free, else the position and one. Empty while the entries are few.
    private var slots: [UInt32] = []

    /// Up to so many entries are searched in a row.
    private static var unhashedCount: Int { 12 }

    init(reserving expected: Int = 0) {
        keys.reserveCapacity(expected)
        values.reserveCapacity(expected)
        if expected > Self.unhashedCount { place(in: Self.slotCount(for: expected)) }
    }

    var count: Int { keys.count }

    func position(of key: StateKey) -> Int? {
        if slots.isEmpty {
            for position in keys.indices where keys[position] == key { return position }
            return nil
        }
        let mask = slots.count - 1
        var slot = key.digest & mask
        // Half of the slots are free, so the search ends.
        while slots[slot] != 0 {
            let position = Int(slots[slot]) - 1
            if keys[position] == key { return position }
            slot = (slot + 1) & mask
        }
        return nil
    }

    /// Precondition: the key is not there.
    mutating func append(_ key: StateKey, _ value: Value) {
        precondition(keys.count < Int(UInt32.max), "positions have 32 bits")
        keys.append(key)
        values.append(value)
        if slots.isEmpty {
            if keys.count > Self.unhashedCount { place(in: Self.slotCount(for: 4 * keys.count)) }
        } else if 2 * keys.count > slots.count {
            place(in: 2 * slots.count)
        } else {
            occupy(keys.count - 1)
        }
    }

    mutating func removeAll() {
        keys.removeAll(keepingCapacity: true)
        values.removeAll(keepingCapacity: true)
        slots = []
    }

    private static func slotCount(for entries: Int) -> Int {
        var count = 64
        while count < 2 * entries { count *= 2 }
        return count
    }

    private mutating func place(in count: Int) {
        slots = Array(repeating: 0, count: count)
        for position in keys.indices { occupy(position) }
    }

    private mutating func occupy(_ position: Int) {
        let mask = slots.count - 1
        var slot = keys[position].digest & mask
        while slots[slot] != 0 { slot = (slot + 1) & mask }
        slots[slot] = UInt32(position + 1)
    }
}
