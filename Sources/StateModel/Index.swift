public import Primitives

/// A key of an index: ordered bytes `[table, component…]`. Indexes answer lists; they are not part of the state root,
/// and each entry is a pure function of a state record (or of a block), so that `reindex` can make them anew.
///
/// Tables are numbered `domain × 16 + n`, and the domain's `Indexes.swift` lists them.
public struct IndexKey: Hashable, Comparable, Sendable {
    public private(set) var bytes: [UInt8]

    /// `number` counts the domain's own tables from 0; at most 15.
    public init(_ domain: DomainNumber, _ number: UInt8) {
        precondition(number < 16, "a domain has at most 16 index tables")
        bytes = []
        // Most keys are a party or an id, and two numbers.
        bytes.reserveCapacity(64)
        bytes.append(domain.rawValue << 4 | number)
    }

    public init(stored bytes: [UInt8]) { self.bytes = bytes }

    /// Appends a component of fixed width; components of different width never share a position.
    public consuming func appending(_ value: Bytes32) -> IndexKey {
        value.append(to: &bytes)
        return self
    }

    /// Eight bytes, big-endian, so that keys sort by number.
    public consuming func appending(_ value: UInt64) -> IndexKey {
        unsafe withUnsafeBytes(of: value.bigEndian) { unsafe bytes.append(contentsOf: $0) }
        return self
    }

    public consuming func appending(byte: UInt8) -> IndexKey {
        bytes.append(byte)
        return self
    }

    /// A kind byte and the 32 bytes.
    public consuming func appending(_ party: Party) -> IndexKey {
        switch party {
        case .account(let address): appending(byte: 0).appending(address.bytes)
        case .organization(let id): appending(byte: 1).appending(id.bytes)
        }
    }

    public func hash(into hasher: inout Hasher) { KeyBytes.hash(bytes, into: &hasher) }

    public static func == (left: IndexKey, right: IndexKey) -> Bool { KeyBytes.equals(left.bytes, right.bytes) }

    public static func < (left: IndexKey, right: IndexKey) -> Bool { KeyBytes.precedes(left.bytes, right.bytes) }
}

public struct IndexEntry: Hashable, Sendable {
    public let key: IndexKey
    public let value: [UInt8]

    public init(_ key: IndexKey, value: [UInt8] = []) {
        self.key = key
        self.value = value
    }
}

/// Ordered reads over the indexes of one consistent snapshot.
public protocol IndexReader {
    func get(_ key: IndexKey) throws(StateFailure) -> [UInt8]?

    /// At most `limit` entries whose keys start with `prefix`, ascending (or descending), strictly beyond `after`
    /// where it is given. `after` is a whole key.
    func scan(prefix: IndexKey, after: IndexKey?, limit: Int, descending: Bool) throws(StateFailure) -> [IndexEntry]
}
