public import Encoding
public import Primitives

/// Something a domain must do once block time has passed a moment: expire, refund, remind.
public struct DueItem: CBORCodable, Hashable, Sendable {
    public let domain: DomainNumber
    /// The domain's own number for this kind of work.
    public let kind: UInt8
    public let subject: Bytes32

    public init(domain: DomainNumber, kind: UInt8, subject: Bytes32) {
        self.domain = domain
        self.kind = kind
        self.subject = subject
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(3)
        writer.write(domain)
        writer.write(UInt64(kind))
        writer.write(subject)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 3) { (reader) throws(EncodingFailure) in
            DueItem(domain: try reader.value(), kind: try reader.integer(), subject: try reader.bytes32())
        }
    }
}

/// Due work as authenticated state: buckets of a minute, each with a counter, and one cursor (chapter 30 of the design,
/// Specs/state.md). Every block drains what is overdue before its transactions, in this order.
///
/// An item whose reason is gone (an offer canceled, a license surrendered) stays; its domain finds nothing to do then.
public enum DueQueue {
    /// Sixty seconds: no deadline of the ledger is finer, and a day's buckets are 1,440.
    public static let bucketMilliseconds: UInt64 = 60_000
    /// How many empty buckets a block may pass over: a month of standstill is caught up within four blocks.
    public static let bucketsPerBlock = 12_000

    private static let cursorKey = RecordKey<UInt64>(StateKey(.ledger, 0))
    private static func countKey(_ bucket: UInt64) -> RecordKey<UInt64> { RecordKey(StateKey(.ledger, 1, bucket)) }
    private static func itemKey(_ bucket: UInt64, _ index: UInt64) -> RecordKey<DueItem> {
        RecordKey(StateKey(.ledger, 2, bucket, index))
    }

    /// Sets the cursor; genesis calls it once.
    public static func start(at time: Timestamp, in state: StateOverlay) {
        state.set(cursorKey, time.milliseconds / bucketMilliseconds)
    }

    /// Plans `item` for the first block more than a bucket past `time`. A time that is past already falls into the
    /// next drain.
    public static func schedule(_ item: DueItem, at time: Timestamp, in state: StateOverlay) throws(Refusal) {
        let cursor = try state.record(cursorKey) ?? 0
        let bucket = max(time.milliseconds / bucketMilliseconds, cursor)
        let count = try state.record(countKey(bucket)) ?? 0
        state.set(itemKey(bucket, count), item)
        state.set(countKey(bucket), count + 1)
    }

    /// Takes up to `limit` items that are overdue at `time` out of the queue, oldest bucket first; together they weigh at
    /// most `budget`, unless the first does not by itself.
    public static func takeOverdue(
        at time: Timestamp, limit: Int, budget: UInt64 = .max, weighing weight: (DueItem) -> UInt64 = { _ in 0 },
        in state: StateOverlay
    ) throws(Refusal) -> [DueItem] {
        let current = time.milliseconds / bucketMilliseconds
        var cursor = try state.record(cursorKey) ?? current
        let first = cursor
        var items: [DueItem] = []
        var total: UInt64 = 0
        var isSpent = false
        while !isSpent, cursor < current, cursor - first < UInt64(bucketsPerBlock), items.count < limit {
            guard let count = try state.record(countKey(cursor)), count > 0 else {
                cursor += 1
                continue
            }
            // Taken from the end, so that what stays is a bucket with a lower count.
            var left = count
            while left > 0, items.count < limit {
                let key = itemKey(cursor, left - 1)
                guard let item = try state.record(key) else {
                    throw .failed(StateFailure("due item \(left - 1) of bucket \(cursor) is missing"))
                }
                guard let sum = total.adding(weight(item)), items.isEmpty || sum <= budget else {
                    isSpent = true
                    break
                }
                total = sum
                left -= 1
                items.append(item)
                state.remove(key)
            }
            if left == 0 { state.remove(countKey(cursor)) } else { state.set(countKey(cursor), left) }
            if left == 0 { cursor += 1 }
        }
        if cursor != first { state.set(cursorKey, cursor) }
        return items
    }

    /// True if the next block has overdue work; the idle chain asks, each second of the same state.
    ///
    /// - Parameter clear: the bucket before which an earlier look at this state found nothing due, 0 for a first look;
    ///   moved on, so that each bucket is read once.
    public static func hasOverdue(
        at time: Timestamp, in state: any StateReader, clear: inout UInt64
    ) throws(Refusal) -> Bool {
        let current = time.milliseconds / bucketMilliseconds
        let cursor = try state.record(cursorKey) ?? current
        let bound = min(current, cursor + UInt64(bucketsPerBlock))
        clear = max(clear, cursor)
        while clear < bound {
            if let count = try state.record(countKey(clear)), count > 0 { return true }
            clear += 1
        }
        return false
    }
}
