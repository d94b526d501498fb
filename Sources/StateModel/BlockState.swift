public import Primitives

/// What a block did to one entry of the state.
public struct StateChange: Hashable, Sendable {
    /// ``StateTrie/path(of:)`` of the key.
    public let path: Bytes32
    public let key: StateKey
    /// What was there before the block.
    public let before: [UInt8]?
    /// What is there after it; nil: the entry is gone.
    public let after: [UInt8]?

    public init(path: Bytes32, key: StateKey, before: [UInt8]?, after: [UInt8]?) {
        self.path = path
        self.key = key
        self.before = before
        self.after = after
    }
}

/// The state while one block is executed: the state under the block, and what its transactions have changed so far.
///
/// Rules, the accounting of state bytes, conservation, indexes and the trie all ask for the same entries. So each key has
/// one line here, with its path, what was there before the block, and what is there now: it is hashed, searched in the store
/// and compared once a block. It grows with the block's weight and ends with the block. One owner, one thread.
public final class BlockState: StateReader {
    private struct Line {
        let path: Bytes32
        var before: [UInt8]?
        /// False until somebody asked the state under the block.
        var isBeforeKnown: Bool
        var after: [UInt8]?
        var isChanged: Bool
    }

    public let base: LayeredSnapshot
    private var table: KeyTable<Line>

    /// - Parameter expected: about how many keys will be asked for or changed.
    public init(over base: LayeredSnapshot, reserving expected: Int = 0) {
        self.base = base
        table = KeyTable(reserving: expected)
    }

    public func read(_ key: StateKey) throws(StateFailure) -> [UInt8]? {
        if let position = table.position(of: key) {
            if table.values[position].isChanged { return table.values[position].after }
            return try before(at: position)
        }
        let path = StateTrie.path(of: key)
        let value = try base.value(at: path)
        table.append(key, Line(path: path, before: value, isBeforeKnown: true, after: nil, isChanged: false))
        return value
    }

    func set(_ key: StateKey, _ value: [UInt8]?) {
        guard let position = table.position(of: key) else {
            table.append(
                key,
                Line(
                    path: StateTrie.path(of: key), before: nil, isBeforeKnown: false, after: value, isChanged: true))
            return
        }
        table.values[position].after = value
        table.values[position].isChanged = true
    }

    private func before(at position: Int) throws(StateFailure) -> [UInt8]? {
        if !table.values[position].isBeforeKnown {
            table.values[position].before = try base.value(at: table.values[position].path)
            table.values[position].isBeforeKnown = true
        }
        return table.values[position].before
    }

    /// Every entry that was written, ascending by path.
    public func changes() throws(StateFailure) -> [StateChange] {
        // Sorted as plain numbers: entries would be retained and released with each comparison.
        var order: [(word: UInt64, position: Int)] = []
        order.reserveCapacity(table.count)
        for position in table.values.indices where table.values[position].isChanged {
            order.append((table.values[position].path.firstWord, position))
        }
        order.sort {
            $0.word != $1.word
                ? $0.word < $1.word : table.values[$0.position].path < table.values[$1.position].path
        }
        var changes: [StateChange] = []
        changes.reserveCapacity(order.count)
        for (_, position) in order {
            let before = try before(at: position)
            let line = table.values[position]
            changes.append(
                StateChange(path: line.path, key: table.keys[position], before: before, after: line.after))
        }
        return changes
    }
}
