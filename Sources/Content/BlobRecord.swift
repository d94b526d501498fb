internal import ContentFormat
public import Encoding
public import Primitives

/// A blob that the store holds whole. Bytes: `[root, size, party / null, stored at]`.
public struct BlobRecord: CBORCodable, Hashable, Sendable {
    public let root: Hash
    /// Bytes of ciphertext.
    public let size: UInt64
    /// Whose quota it is counted against; nil for a copy of what a peer holds, which may go when room is needed.
    public let party: Party?
    public let storedAt: Timestamp

    public init(root: Hash, size: UInt64, party: Party?, storedAt: Timestamp) {
        self.root = root
        self.size = size
        self.party = party
        self.storedAt = storedAt
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(4)
        writer.write(root)
        writer.write(size)
        writer.write(party)
        writer.write(storedAt)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("blob", count: 4) { (reader) throws(EncodingFailure) in
            BlobRecord(
                root: try reader.value("root"), size: try reader.unsigned("size", max: ContentLayout.maximumSize),
                party: try reader.optional("party"), storedAt: try reader.value("storedAt"))
        }
    }

    static let maximumBytes = 256

    /// What it is counted as: a small blob takes a file's worth of the disk, and a place in memory.
    static func charge(_ size: UInt64) -> UInt64 { max(size, 65_536) }
}

/// What is left of a blob that was erased: never served, taken or fetched again. Bytes: `[root, receipt, time]`.
public struct Tombstone: CBORCodable, Hashable, Sendable {
    public let root: Hash
    /// Names the erasure receipt.
    public let receipt: Bytes32
    public let time: Timestamp

    public init(root: Hash, receipt: Bytes32, time: Timestamp) {
        self.root = root
        self.receipt = receipt
        self.time = time
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(3)
        writer.write(root)
        writer.write(receipt)
        writer.write(time)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("tombstone", count: 3) { (reader) throws(EncodingFailure) in
            Tombstone(
                root: try reader.value("root"), receipt: try reader.bytes32("receipt"), time: try reader.value("time"))
        }
    }
}
