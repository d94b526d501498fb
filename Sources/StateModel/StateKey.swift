public import Encoding

/// The number of a domain: first element of its state keys, its operations, its events and its error codes.
public enum DomainNumber: UInt8, CaseIterable, Sendable, CBORCodable {
    /// What no domain owns: the due queue, totals, governance of the ledger itself.
    case ledger = 0
    case identities = 1
    case consents = 2
    case revenue = 3
    case infts = 4
    case licenses = 5
    case governance = 6

    public var name: String {
        switch self {
        case .ledger: "ledger"
        case .identities: "identities"
        case .consents: "consents"
        case .revenue: "revenue"
        case .infts: "infts"
        case .licenses: "licenses"
        case .governance: "governance"
        }
    }

    /// Ledger refusals of a domain are `firstErrorCode ..< firstErrorCode + 100`.
    public var firstErrorCode: Int { 1000 + 100 * Int(rawValue) }
}

/// A state key: the CBOR array `[domain, kind, component…]`, so that no two keys of different shape are equal.
public struct StateKey: Hashable, Comparable, Sendable {
    public let bytes: [UInt8]
    /// A hash of the bytes, of this process alone: who chooses keys can't choose where they fall in a table.
    let digest: Int

    /// `count` components must be written by `components`.
    public init(_ domain: DomainNumber, _ kind: UInt8, count: Int, _ components: (inout CBORWriter) -> Void) {
        // Most components are an id, or a party: a byte more and its kind.
        var writer = CBORWriter(reserving: 4 + 38 * count)
        writer.array(2 + count)
        writer.write(UInt64(domain.rawValue))
        writer.write(UInt64(kind))
        components(&writer)
        self.init(stored: writer.bytes)
    }

    public init(_ domain: DomainNumber, _ kind: UInt8) {
        self.init(domain, kind, count: 0) { _ in }
    }

    public init(_ domain: DomainNumber, _ kind: UInt8, _ component: some CBOREncodable) {
        self.init(domain, kind, count: 1) { $0.write(component) }
    }

    public init(_ domain: DomainNumber, _ kind: UInt8, _ first: some CBOREncodable, _ second: some CBOREncodable) {
        self.init(domain, kind, count: 2) {
            $0.write(first)
            $0.write(second)
        }
    }

    /// A key read back from storage or a proof. Its shape is checked by ``header``.
    public init(stored bytes: [UInt8]) {
        self.bytes = bytes
        digest = KeyBytes.hash(bytes)
    }

    /// Domain and kind of a stored key; nil if the bytes are no state key.
    public var header: (domain: DomainNumber, kind: UInt8)? {
        // Keys have fewer than 22 components and there are few domains, so the array's head is one byte, and so is the
        // domain. Every change of every block is asked for this.
        guard bytes.count >= 3, bytes[0] >> 5 == 4, bytes[0] & 31 < 24, let domain = DomainNumber(rawValue: bytes[1])
        else { return nil }
        if bytes[2] < 24 { return (domain, bytes[2]) }
        guard bytes.count >= 4, bytes[2] == 24, bytes[3] >= 24 else { return nil }
        return (domain, bytes[3])
    }

    public func hash(into hasher: inout Hasher) { hasher.combine(digest) }

    public static func == (left: StateKey, right: StateKey) -> Bool {
        left.digest == right.digest && KeyBytes.equals(left.bytes, right.bytes)
    }

    public static func < (left: StateKey, right: StateKey) -> Bool { KeyBytes.precedes(left.bytes, right.bytes) }
}

/// A state key that knows what record it leads to.
public struct RecordKey<Record: CBORCodable>: Hashable, Sendable {
    public let key: StateKey

    public init(_ key: StateKey) { self.key = key }
}
