internal import Cryptography
public import Encoding
public import Primitives
public import StateModel

/// An event as it stands in a receipt. Bytes: `[domain, event]`.
public struct EventRecord: CBORCodable, Hashable, Sendable {
    public static let maximumBytes = 8 * 1024

    public let domain: DomainNumber
    /// The canonical bytes of the domain's event.
    public let bytes: [UInt8]

    public init(_ event: any LedgerEvent) {
        domain = type(of: event).domain
        bytes = event.encoded
    }

    private init(domain: DomainNumber, bytes: [UInt8]) {
        self.domain = domain
        self.bytes = bytes
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(domain)
        writer.write(bytes: bytes)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("event", count: 2) { (reader) throws(EncodingFailure) in
            EventRecord(
                domain: try reader.value("domain"), bytes: try reader.byteString("event", max: Self.maximumBytes))
        }
    }
}

/// What came of a transaction (or of the block's due work, whose hash is zero). Inclusion is success, so it holds only
/// what happened. Bytes: `[transaction hash, weight, [event…]]`.
public struct Receipt: CBORCodable, Hashable, Sendable {
    /// An operation raises few events. Due work is at most 4,096 items a block, and the end of a consent, which is the
    /// item with most consequences, raises 33: its own, and two for each of at most 16 sets.
    public static let maximumEvents = 262_144

    public let transactionHash: Hash
    public let weight: UInt64
    public let events: [EventRecord]

    public init(transactionHash: Hash, weight: UInt64, events: [EventRecord]) {
        self.transactionHash = transactionHash
        self.weight = weight
        self.events = events
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(3)
        writer.write(transactionHash)
        writer.write(weight)
        writer.write(events)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("receipt", count: 3) { (reader) throws(EncodingFailure) in
            Receipt(
                transactionHash: try reader.value("transactionHash"), weight: try reader.unsigned("weight"),
                events: try reader.list("events", max: Self.maximumEvents))
        }
    }
}

/// The receipts of a block: of its due work first, then one per transaction, in order.
public struct BlockReceipts: CBORCodable, Hashable, Sendable {
    public let due: Receipt
    public let transactions: [Receipt]

    public init(due: Receipt, transactions: [Receipt]) {
        self.due = due
        self.transactions = transactions
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(due)
        writer.write(transactions)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("receipts", count: 2) { (reader) throws(EncodingFailure) in
            BlockReceipts(
                due: try reader.value("due"),
                transactions: try reader.list("transactions", max: WireLimits.blockTransactions))
        }
    }

    /// What the header commits to.
    public var root: Hash { MerkleLog.root(of: [due.encoded] + transactions.map(\.encoded)) }
}
