public import Encoding
public import Primitives
public import StateModel

/// What the indexes answered while a question was asked. Nothing proves it: an index is no part of the state root. It
/// tells which records a list looked at; each record is proven, that there are no others is not.
///
/// Bytes: `[[[key, value / null]…], [[prefix, after / null, limit, descending, [[key, value]…]]…]]`
public struct IndexHints: CBORCodable, Hashable, Sendable {
    public struct Get: CBORCodable, Hashable, Sendable {
        public let key: IndexKey
        public let value: [UInt8]?

        public init(key: IndexKey, value: [UInt8]?) {
            self.key = key
            self.value = value
        }
    }

    public struct Scan: CBORCodable, Hashable, Sendable {
        public let prefix: IndexKey
        public let after: IndexKey?
        public let limit: Int
        public let isDescending: Bool
        public let entries: [IndexEntry]

        public init(prefix: IndexKey, after: IndexKey?, limit: Int, isDescending: Bool, entries: [IndexEntry]) {
            self.prefix = prefix
            self.after = after
            self.limit = limit
            self.isDescending = isDescending
            self.entries = entries
        }
    }

    public static let maximumAnswers = 4_096
    static let maximumKeyBytes = 511
    static let maximumValueBytes = 64 * 1024

    public var gets: [Get]
    public var scans: [Scan]

    public init(gets: [Get] = [], scans: [Scan] = []) {
        self.gets = gets
        self.scans = scans
    }

    public var isEmpty: Bool { gets.isEmpty && scans.isEmpty }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(gets)
        writer.write(scans)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("hints", count: 2) { (reader) throws(EncodingFailure) in
            IndexHints(
                gets: try reader.list("gets", max: Self.maximumAnswers),
                scans: try reader.list("scans", max: Self.maximumAnswers))
        }
    }
}

extension IndexHints.Get {
    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(bytes: key.bytes)
        if let value { writer.write(bytes: value) } else { writer.writeNull() }
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("get", count: 2) { (reader) throws(EncodingFailure) in
            IndexHints.Get(
                key: try reader.indexKey("key"),
                value: reader.null() ? nil : try reader.byteString("value", max: IndexHints.maximumValueBytes))
        }
    }
}

extension IndexHints.Scan {
    public func encode(into writer: inout CBORWriter) {
        writer.array(5)
        writer.write(bytes: prefix.bytes)
        if let after { writer.write(bytes: after.bytes) } else { writer.writeNull() }
        writer.write(UInt64(limit))
        writer.write(isDescending)
        writer.array(entries.count)
        for entry in entries {
            writer.array(2)
            writer.write(bytes: entry.key.bytes)
            writer.write(bytes: entry.value)
        }
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("scan", count: 5) { (reader) throws(EncodingFailure) in
            IndexHints.Scan(
                prefix: try reader.indexKey("prefix"),
                after: reader.null() ? nil : try reader.indexKey("after"),
                limit: Int(try reader.unsigned("limit", max: UInt64(IndexHints.maximumAnswers))),
                isDescending: try reader.boolean("descending"),
                entries: try reader.list("entries", max: IndexHints.maximumAnswers) {
                    (reader) throws(EncodingFailure) in
                    try reader.record("entry", count: 2) { (reader) throws(EncodingFailure) in
                        IndexEntry(
                            try reader.indexKey("key"),
                            value: try reader.byteString("value", max: IndexHints.maximumValueBytes))
                    }
                })
        }
    }
}

extension CBORReader {
    fileprivate mutating func indexKey(_ field: String) throws(EncodingFailure) -> IndexKey {
        IndexKey(stored: try byteString(field, max: IndexHints.maximumKeyBytes))
    }
}

/// An index that remembers what was asked of it. One owner, one thread.
public final class RecordingIndex: IndexReader {
    private let base: any IndexReader
    public private(set) var hints = IndexHints()

    public init(over base: any IndexReader) { self.base = base }

    public func get(_ key: IndexKey) throws(StateFailure) -> [UInt8]? {
        let value = try base.get(key)
        hints.gets.append(IndexHints.Get(key: key, value: value))
        return value
    }

    public func scan(
        prefix: IndexKey, after: IndexKey?, limit: Int, descending: Bool
    ) throws(StateFailure) -> [IndexEntry] {
        let entries = try base.scan(prefix: prefix, after: after, limit: limit, descending: descending)
        hints.scans.append(
            IndexHints.Scan(prefix: prefix, after: after, limit: limit, isDescending: descending, entries: entries))
        return entries
    }
}

/// Answers from hints, and refuses what they do not tell.
public struct HintedIndex: IndexReader {
    private let hints: IndexHints

    public init(_ hints: IndexHints) { self.hints = hints }

    public func get(_ key: IndexKey) throws(StateFailure) -> [UInt8]? {
        guard let hint = hints.gets.first(where: { $0.key == key }) else {
            throw StateFailure("the proof does not tell what an index says")
        }
        return hint.value
    }

    public func scan(
        prefix: IndexKey, after: IndexKey?, limit: Int, descending: Bool
    ) throws(StateFailure) -> [IndexEntry] {
        let hint = hints.scans.first {
            $0.prefix == prefix && $0.after == after && $0.limit == limit && $0.isDescending == descending
        }
        guard let hint, hint.entries.count <= limit else {
            throw StateFailure("the proof does not tell what an index lists")
        }
        return hint.entries
    }
}
