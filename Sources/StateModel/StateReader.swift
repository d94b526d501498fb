public import Encoding
public import Primitives

/// Anything that answers what is stored under a state key: a snapshot of the store, an overlay of a block, a proof.
public protocol StateReader {
    /// The canonical bytes stored under `key`, or nil. Throws if the store itself can't be read.
    func read(_ key: StateKey) throws(StateFailure) -> [UInt8]?
}

/// A state that can prove what it answers.
public protocol StateProver {
    /// The root that its proofs lead to.
    var root: Hash { get }

    /// The proof of what is stored under `key`, or that nothing is.
    func proof(of key: StateKey) throws(StateFailure) -> StateProof
}

extension LayeredSnapshot: StateProver {
    public func proof(of key: StateKey) throws(StateFailure) -> StateProof { try StateProof.make(key, in: self) }
}

extension StateReader {
    /// The record under `key`, or nil. A record that does not decode is damage, never a refusal.
    public func record<Record: CBORCodable>(_ key: RecordKey<Record>) throws(Refusal) -> Record? {
        let stored: [UInt8]?
        do {
            stored = try read(key.key)
        } catch {
            throw .failed(error)
        }
        guard let stored else { return nil }
        do {
            return try Record(decoding: stored)
        } catch {
            throw .failed(
                StateFailure("the record under \(Hexadecimal.encode(key.key.bytes)) is damaged: \(error.description)"))
        }
    }
}

/// What a transaction would change, over a reader that stays as it is. Reads see the changes.
///
/// One owner, one thread: an overlay lives inside one execution.
public final class StateOverlay: StateReader {
    private let base: any StateReader
    private var writes = KeyTable<[UInt8]?>()
    /// Where records are encoded before they are copied at their size: what is kept takes no more than it is long.
    private var writer = CBORWriter()

    public init(over base: any StateReader) { self.base = base }

    public func read(_ key: StateKey) throws(StateFailure) -> [UInt8]? {
        if let position = writes.position(of: key) { return writes.values[position] }
        return try base.read(key)
    }

    public func set<Record: CBORCodable>(_ key: RecordKey<Record>, _ record: Record) {
        record.encode(into: &writer)
        put(key.key, writer.take())
    }

    public func remove<Record: CBORCodable>(_ key: RecordKey<Record>) { put(key.key, nil) }

    private func put(_ key: StateKey, _ value: [UInt8]?) {
        if let position = writes.position(of: key) {
            writes.values[position] = value
        } else {
            writes.append(key, value)
        }
    }

    /// Moves every change into `parent` and leaves this overlay empty.
    public func commit(to parent: StateOverlay) {
        for position in writes.keys.indices { parent.put(writes.keys[position], writes.values[position]) }
        writes.removeAll()
    }

    /// Moves every change into the block and leaves this overlay empty.
    public func commit(to block: BlockState) {
        for position in writes.keys.indices { block.set(writes.keys[position], writes.values[position]) }
        writes.removeAll()
    }

    /// Forgets every change.
    public func discard() { writes.removeAll() }

    /// Bytes of keys and values that the changes add to what lies under this overlay, and bytes that they take from it;
    /// of the keys that `isCounted` admits.
    public func byteBalance(
        counting isCounted: (StateKey) -> Bool
    ) throws(StateFailure) -> (added: UInt64, removed: UInt64) {
        var added: UInt64 = 0
        var removed: UInt64 = 0
        for (key, value) in zip(writes.keys, writes.values) where isCounted(key) {
            if let value { added += UInt64(key.bytes.count + value.count) }
            if let old = try base.read(key) { removed += UInt64(key.bytes.count + old.count) }
        }
        return (added, removed)
    }

    /// Every change, sorted by state key.
    public var changes: [(key: StateKey, value: [UInt8]?)] {
        zip(writes.keys, writes.values).map { (key: $0.0, value: $0.1) }.sorted { $0.key < $1.key }
    }
}
