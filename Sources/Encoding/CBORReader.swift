public import Primitives

/// Reads what ``CBORWriter`` writes and nothing else: a value has one encoding, every other is refused.
///
/// Lengths are checked against the bytes left before anything is allocated, nesting against ``WireLimits/encodingDepth``.
public struct CBORReader: Sendable {
    @usableFromInline let bytes: [UInt8]
    public private(set) var offset: Int
    private let end: Int
    private var depth = 0

    public init(_ bytes: [UInt8]) {
        self.bytes = bytes
        offset = 0
        end = bytes.count
    }

    /// Reads `range` of `bytes`. Precondition: the range lies inside.
    public init(_ bytes: [UInt8], in range: Range<Int>) {
        precondition(range.lowerBound >= 0 && range.upperBound <= bytes.count)
        self.bytes = bytes
        offset = range.lowerBound
        end = range.upperBound
    }

    public var isAtEnd: Bool { offset == end }

    public func failure(_ reason: EncodingFailure.Reason, _ field: String = "") -> EncodingFailure {
        EncodingFailure(reason, at: offset, field: field)
    }

    /// Throws unless everything has been read.
    public func finish() throws(EncodingFailure) {
        guard isAtEnd else { throw failure(.trailing) }
    }

    /// Passes over the next item without building what it says.
    public mutating func skip() throws(EncodingFailure) {
        var items = 1
        while items > 0 {
            items -= 1
            guard let next = nextMajorType else { throw failure(.truncated) }
            if next == 7 {
                // False, true and null are all that there is of this type.
                guard (0xf4...0xf6).contains(bytes[offset]) else { throw failure(.unsupported) }
                offset += 1
                continue
            }
            let value = try head().value
            switch next {
            case 0, 1: break
            case 2, 3:
                guard value <= UInt64(end - offset) else { throw failure(.truncated) }
                offset += Int(value)
            case 4:
                guard value <= UInt64(end - offset) else { throw failure(.truncated) }
                items += Int(value)
            default: throw failure(.unsupported)
            }
        }
    }

    /// The bytes from `start`, where the reader has been, to where it is.
    public func read(since start: Int) -> [UInt8] { Array(bytes[start..<offset]) }

    /// The major type of the next item, nil at the end. Reads nothing.
    public var nextMajorType: UInt8? { offset < end ? bytes[offset] >> 5 : nil }

    private mutating func head() throws(EncodingFailure) -> (major: UInt8, value: UInt64) {
        guard offset < end else { throw failure(.truncated) }
        let first = bytes[offset]
        let information = first & 31
        guard information >= 24 else {
            offset += 1
            return (first >> 5, UInt64(information))
        }
        guard information < 28 else { throw failure(information == 31 ? .indefinite : .unsupported) }
        let size = 1 << Int(information - 24)
        guard end - offset > size else { throw failure(.truncated) }
        var value: UInt64 = 0
        for index in offset + 1...offset + size { value = value << 8 | UInt64(bytes[index]) }
        let smallest: UInt64 = size == 1 ? 24 : UInt64(1) << UInt64(size * 4)
        guard value >= smallest else { throw failure(.nonCanonical) }
        offset += 1 + size
        return (first >> 5, value)
    }

    private mutating func head(_ major: UInt8, _ field: String) throws(EncodingFailure) -> UInt64 {
        guard let next = nextMajorType else { throw failure(.truncated, field) }
        guard next == major else { throw failure(.wrongType, field) }
        do {
            return try head().value
        } catch {
            throw EncodingFailure(error.reason, at: error.offset, field: field)
        }
    }

    public mutating func unsigned(_ field: String = "", max: UInt64 = .max) throws(EncodingFailure) -> UInt64 {
        let start = offset
        let value = try head(0, field)
        guard value <= max else { throw EncodingFailure(.outOfRange, at: start, field: field) }
        return value
    }

    /// An unsigned integer that fits `Integer`.
    public mutating func integer<Integer: FixedWidthInteger>(
        _ field: String = "", as type: Integer.Type = Integer.self
    ) throws(EncodingFailure) -> Integer {
        let start = offset
        guard let value = Integer(exactly: try head(0, field)) else {
            throw EncodingFailure(.outOfRange, at: start, field: field)
        }
        return value
    }

    public mutating func boolean(_ field: String = "") throws(EncodingFailure) -> Bool {
        guard offset < end else { throw failure(.truncated, field) }
        switch bytes[offset] {
        case 0xf4:
            offset += 1
            return false
        case 0xf5:
            offset += 1
            return true
        default: throw failure(.wrongType, field)
        }
    }

    /// Consumes a null if one is next.
    public mutating func null() -> Bool {
        guard offset < end, bytes[offset] == 0xf6 else { return false }
        offset += 1
        return true
    }

    private mutating func string(_ major: UInt8, _ field: String, max: Int) throws(EncodingFailure) -> Range<Int> {
        let start = offset
        let count = try head(major, field)
        guard count <= UInt64(end - offset) else { throw EncodingFailure(.truncated, at: start, field: field) }
        guard count <= UInt64(max) else { throw EncodingFailure(.tooLong, at: start, field: field) }
        let range = offset..<offset + Int(count)
        offset = range.upperBound
        return range
    }

    public mutating func byteString(_ field: String = "", max: Int) throws(EncodingFailure) -> [UInt8] {
        Array(bytes[try string(2, field, max: max)])
    }

    /// A byte string of exactly `count` bytes.
    public mutating func byteString(_ field: String = "", count: Int) throws(EncodingFailure) -> [UInt8] {
        let start = offset
        let value = try byteString(field, max: count)
        guard value.count == count else { throw EncodingFailure(.outOfRange, at: start, field: field) }
        return value
    }

    public mutating func bytes32(_ field: String = "") throws(EncodingFailure) -> Bytes32 {
        let start = offset
        let range = try string(2, field, max: 32)
        guard range.count == 32 else { throw EncodingFailure(.outOfRange, at: start, field: field) }
        return Bytes32(unchecked: bytes, at: range.lowerBound)
    }

    /// Text of at most `max` bytes of UTF-8.
    public mutating func text(_ field: String = "", max: Int) throws(EncodingFailure) -> String {
        let start = offset
        let range = try string(3, field, max: max)
        guard let text = String(validating: bytes[range], as: UTF8.self) else {
            throw EncodingFailure(.invalidUTF8, at: start, field: field)
        }
        return text
    }

    private mutating func arrayCount(_ field: String) throws(EncodingFailure) -> Int {
        let start = offset
        let count = try head(4, field)
        // Each element takes at least a byte, so the bytes left bound what may be allocated.
        guard count <= UInt64(end - offset) else { throw EncodingFailure(.truncated, at: start, field: field) }
        return Int(count)
    }

    /// An array of exactly `count` values, read by `body`.
    @inlinable
    public mutating func record<Value>(
        _ field: String = "", count: Int, _ body: (inout CBORReader) throws(EncodingFailure) -> Value
    ) throws(EncodingFailure) -> Value {
        try enter(field, exactly: count)
        let value = try body(&self)
        leave()
        return value
    }

    /// An array whose first value tells its kind; `body` gets kind and the count of values that follow, and must read
    /// exactly those.
    @inlinable
    public mutating func union<Value>(
        _ field: String = "", _ body: (inout CBORReader, _ kind: UInt64, _ count: Int) throws(EncodingFailure) -> Value
    ) throws(EncodingFailure) -> Value {
        let count = try enter(field, atMost: 32)
        guard count >= 1 else { throw failure(.wrongCount, field) }
        let kind = try unsigned(field)
        let value = try body(&self, kind, count - 1)
        leave()
        return value
    }

    /// An array of at most `max` elements of one type.
    @inlinable
    public mutating func list<Element>(
        _ field: String = "", max: Int, _ element: (inout CBORReader) throws(EncodingFailure) -> Element
    ) throws(EncodingFailure) -> [Element] {
        let count = try enter(field, atMost: max)
        var values: [Element] = []
        values.reserveCapacity(Swift.min(count, 1024))
        for _ in 0..<count { values.append(try element(&self)) }
        leave()
        return values
    }

    @inlinable
    public mutating func list<Element: CBORDecodable>(
        _ field: String = "", max: Int, of type: Element.Type = Element.self
    ) throws(EncodingFailure) -> [Element] {
        try list(field, max: max) { (reader) throws(EncodingFailure) in try Element(from: &reader) }
    }

    /// A list that is strictly ascending by `key`: sorted, and without duplicates.
    @inlinable
    public mutating func sortedList<Element: CBORDecodable, Key: Comparable>(
        _ field: String = "", max: Int, by key: (Element) -> Key
    ) throws(EncodingFailure) -> [Element] {
        let start = offset
        let values = try list(field, max: max, of: Element.self)
        guard zip(values, values.dropFirst()).allSatisfy({ key($0) < key($1) }) else {
            throw EncodingFailure(.unsorted, at: start, field: field)
        }
        return values
    }

    /// A list whose elements' bytes are strictly ascending.
    @inlinable
    public mutating func ascendingList<Element: CBORDecodable>(
        _ field: String = "", max: Int, of type: Element.Type = Element.self
    ) throws(EncodingFailure) -> [Element] {
        let start = offset
        var last: Range<Int>?
        var isAscending = true
        let values = try list(field, max: max) { (reader) throws(EncodingFailure) in
            let from = reader.offset
            let value = try Element(from: &reader)
            let range = from..<reader.offset
            if let last, !reader.bytes[last].lexicographicallyPrecedes(reader.bytes[range]) { isAscending = false }
            last = range
            return value
        }
        guard isAscending else { throw EncodingFailure(.unsorted, at: start, field: field) }
        return values
    }

    @inlinable
    public mutating func value<Value: CBORDecodable>(
        _ field: String = "", as type: Value.Type = Value.self
    ) throws(EncodingFailure) -> Value {
        do throws(EncodingFailure) {
            return try Value(from: &self)
        } catch {
            guard !field.isEmpty else { throw error }
            let path = error.field.isEmpty ? field : "\(field).\(error.field)"
            throw EncodingFailure(error.reason, at: error.offset, field: path)
        }
    }

    /// Null, or a value.
    @inlinable
    public mutating func optional<Value: CBORDecodable>(
        _ field: String = "", as type: Value.Type = Value.self
    ) throws(EncodingFailure) -> Value? {
        null() ? nil : try value(field)
    }

    @usableFromInline
    mutating func enter(_ field: String, exactly count: Int) throws(EncodingFailure) {
        let start = offset
        guard try enter(field, atMost: count) == count else {
            throw EncodingFailure(.wrongCount, at: start, field: field)
        }
    }

    @usableFromInline
    mutating func enter(_ field: String, atMost max: Int) throws(EncodingFailure) -> Int {
        let start = offset
        guard depth < WireLimits.encodingDepth else { throw failure(.tooDeep, field) }
        let count = try arrayCount(field)
        guard count <= max else { throw EncodingFailure(.tooLong, at: start, field: field) }
        depth += 1
        return count
    }

    @usableFromInline
    mutating func leave() { depth -= 1 }
}

public protocol CBORDecodable {
    init(from reader: inout CBORReader) throws(EncodingFailure)
}

extension CBORDecodable {
    /// Decodes all of `bytes`: one value, nothing behind it.
    @inlinable
    public init(decoding bytes: [UInt8]) throws(EncodingFailure) {
        var reader = CBORReader(bytes)
        try self.init(from: &reader)
        try reader.finish()
    }
}

public typealias CBORCodable = CBOREncodable & CBORDecodable
