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

/// What a block or a transaction would change, over a reader that stays as it is. Reads see the changes.
///
/// One owner, one thread: an overlay lives inside one execution.
public final class StateOverlay: StateReader {
    private let base: any StateReader
    private var writes: [StateKey: [UInt8]?] = [:]

    /// - Parameter expected: about how many keys will change.
    public init(over base: any StateReader, reserving expected: Int = 8) {
        self.base = base
        writes.reserveCapacity(expected)
    }

    public func read(_ key: StateKey) throws(StateFailure) -> [UInt8]? {
        if let written = writes[key] { return written }
        return try base.read(key)
    }

    public func set<Record: CBORCodable>(_ key: RecordKey<Record>, _ record: Record) {
        writes[key.key] = .some(record.encoded)
    }

    public func remove<Record: CBORCodable>(_ key: RecordKey<Record>) {
        writes[key.key] = .some(nil)
    }

    /// Moves every change into `parent` and leaves this overlay empty.
    public func commit(to parent: StateOverlay) {
        // Keys are distinct, so the dictionary's order can't be seen in the result.
        parent.writes.merge(writes) { _, new in new }
        writes.removeAll(keepingCapacity: true)
    }

    /// Forgets every change.
    public func discard() { writes.removeAll(keepingCapacity: true) }

    /// Bytes of keys and values that the changes add to what lies under this overlay, and bytes that they take from it;
    /// of the keys that `isCounted` admits.
    public func byteBalance(
        counting isCounted: (StateKey) -> Bool
    ) throws(StateFailure) -> (added: UInt64, removed: UInt64) {
        var added: UInt64 = 0
        var removed: UInt64 = 0
        // Sums: the dictionary's order can't be seen in them.
        for (key, value) in writes where isCounted(key) {
            if let value { added += UInt64(key.bytes.count + value.count) }
            if let old = try base.read(key) { removed += UInt64(key.bytes.count + old.count) }
        }
        return (added, removed)
    }

    /// Every change, sorted by state key.
    public var changes: [(key: StateKey, value: [UInt8]?)] {
        writes.map { (key: $0.key, value: $0.value) }.sorted { $0.key < $1.key }
    }
}
