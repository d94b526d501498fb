public import Primitives

/// Writes any `Encodable` as JSON text straight into one buffer: the bytes of ``JSONValueEncoder``'s value, without the
/// value. What it can't write in one go (a container that is opened again after its parent was written on) it leaves to
/// that.
///
/// One owner, one thread: it is made, used and dropped inside one call.
final class JSONByteEncoder: Encoder {
    /// One value that is being written.
    private struct Frame {
        enum Kind { case empty, single, object, array }

        var kind = Kind.empty
        var count = 0
        /// Where its members' keys begin in ``keys``.
        let firstKey: Int
        /// True once it was opened a second time: only then can a key come twice.
        var isReopened = false
        let number: Int
    }

    /// What can only be written by way of a value.
    struct Unsupported: Error {}

    // Unchecked exclusivity: each access ends inside the statement that begins it, on the one thread that owns this, and
    // the checks were a sixth of the time.
    @safe @exclusivity(unchecked) fileprivate(set) var bytes: [UInt8]
    private let leaves: JSONLeaves
    private let info: [CodingUserInfoKey: any Sendable]
    /// The innermost value that is being written.
    @safe @exclusivity(unchecked) private var frame = Frame(firstKey: 0, number: 0)
    /// Those around it.
    @safe @exclusivity(unchecked) private var outer: [Frame] = []
    /// Where in ``bytes`` the keys of all open objects are.
    @safe @exclusivity(unchecked) private var keys: [Range<Int>] = []
    @safe @exclusivity(unchecked) private var nextNumber = 0
    /// True once a container was asked for that can't be written in one go, whether or not it is written to.
    @safe @exclusivity(unchecked) private var isUnsupported = false

    private init(appendingTo bytes: [UInt8], networkKind: NetworkKind) {
        self.bytes = bytes
        leaves = JSONLeaves.of(networkKind)
        info = JSONValueDecoder.userInfo(networkKind)
        outer.reserveCapacity(16)
        keys.reserveCapacity(32)
    }

    /// Appends `value` to `bytes`.
    static func append(
        _ value: any Codable & Sendable, networkKind: NetworkKind, to bytes: inout [UInt8]
    ) throws(JSONCodingFailure) {
        try append([value], networkKind: networkKind, to: &bytes)
    }

    /// Appends `values` with commas between them.
    static func append(
        _ values: [any Codable & Sendable], networkKind: NetworkKind, to bytes: inout [UInt8]
    ) throws(JSONCodingFailure) {
        let start = bytes.count
        let encoder = JSONByteEncoder(appendingTo: bytes, networkKind: networkKind)
        // The encoder is to own the buffer alone, or its first byte would copy all of it.
        bytes = []
        do {
            for value in values {
                if encoder.bytes.count > start { encoder.bytes.append(UInt8(ascii: ",")) }
                try encoder.write(value)
            }
            if encoder.isUnsupported { throw Unsupported() }
            bytes = encoder.take()
        } catch {
            // Failures are told by the other encoder, which knows where it stands.
            bytes = encoder.take()
            bytes.removeLast(bytes.count - start)
            for value in values {
                if bytes.count > start { bytes.append(UInt8(ascii: ",")) }
                try JSONValueEncoder.encode(value, networkKind: networkKind).serialize(into: &bytes)
            }
        }
    }

    private func take() -> [UInt8] {
        defer { bytes = [] }
        return bytes
    }

    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { info }

    func write<Value: Encodable>(_ value: Value) throws {
        if leaves.write(value, to: &bytes) { return }
        if Value.self == JSONValue.self, let json = value as? JSONValue { return json.serialize(into: &bytes) }
        nextNumber += 1
        let number = nextNumber
        outer.append(frame)
        frame = Frame(firstKey: keys.count, number: number)
        do {
            try value.encode(to: self)
        } catch {
            // Whoever goes on after that has part of a value in the text.
            isUnsupported = true
            throw error
        }
        guard frame.number == number else { throw unsupported() }
        switch frame.kind {
        case .empty: bytes.append(contentsOf: "null".utf8)
        case .single: break
        case .object: bytes.append(UInt8(ascii: "}"))
        case .array: bytes.append(UInt8(ascii: "]"))
        }
        keys.removeLast(keys.count - frame.firstKey)
        frame = outer.removeLast()
    }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        switch frame.kind {
        case .empty:
            frame.kind = .object
            bytes.append(UInt8(ascii: "{"))
        case .object: frame.isReopened = true
        case .single, .array: return KeyedEncodingContainer(JSONKeyedBytes<Key>(encoder: self, number: refuse()))
        }
        return KeyedEncodingContainer(JSONKeyedBytes<Key>(encoder: self, number: frame.number))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        guard frame.kind == .empty else { return JSONUnkeyedBytes(encoder: self, number: refuse()) }
        frame.kind = .array
        bytes.append(UInt8(ascii: "["))
        return JSONUnkeyedBytes(encoder: self, number: frame.number)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer {
        JSONSingleBytes(encoder: self, number: frame.number)
    }

    // MARK: What containers call

    /// The number of a container that refuses everything.
    fileprivate func refuse() -> Int {
        isUnsupported = true
        return 0
    }

    private func unsupported() -> Unsupported {
        isUnsupported = true
        return Unsupported()
    }

    fileprivate func beginMember(_ key: String, of number: Int) throws {
        guard frame.number == number else { throw unsupported() }
        if frame.count > 0 { bytes.append(UInt8(ascii: ",")) }
        let start = bytes.count
        JSONValue.serialize(key, into: &bytes)
        let written = start..<bytes.count
        if frame.isReopened {
            for earlier in keys[frame.firstKey...]
            where earlier.count == written.count && bytes[earlier] == bytes[written] {
                throw unsupported()
            }
        }
        keys.append(written)
        frame.count += 1
        bytes.append(UInt8(ascii: ":"))
    }

    fileprivate func beginElement(of number: Int) throws {
        guard frame.number == number else { throw unsupported() }
        if frame.count > 0 { bytes.append(UInt8(ascii: ",")) }
        frame.count += 1
    }

    fileprivate func elementCount(of number: Int) -> Int {
        frame.number == number ? frame.count : outer.last { $0.number == number }?.count ?? 0
    }

    fileprivate func beginSingle(of number: Int) throws {
        guard frame.number == number, frame.kind == .empty else { throw unsupported() }
        frame.kind = .single
    }

    fileprivate func null() { bytes.append(contentsOf: "null".utf8) }
    fileprivate func boolean(_ value: Bool) { bytes.append(contentsOf: (value ? "true" : "false").utf8) }
    fileprivate func text(_ value: String) { JSONValue.serialize(value, into: &bytes) }
    fileprivate func integer(_ value: some FixedWidthInteger) {
        if let unsigned = UInt64(exactly: value) {
            JSONValue.serialize(unsigned, into: &bytes)
        } else {
            bytes.append(contentsOf: String(value).utf8)
        }
    }
    /// Rare, and its text is decided in one place.
    fileprivate func floating(_ value: Double) throws {
        guard value.isFinite else { throw unsupported() }
        try JSONWriter(userInfo: info, path: nil).number(value).serialize(into: &bytes)
    }
}

private struct JSONSingleBytes: SingleValueEncodingContainer {
    let encoder: JSONByteEncoder
    let number: Int

    var codingPath: [any CodingKey] { [] }

    private func begun() throws -> JSONByteEncoder {
        try encoder.beginSingle(of: number)
        return encoder
    }

    func encodeNil() throws { try begun().null() }
    func encode(_ value: Bool) throws { try begun().boolean(value) }
    func encode(_ value: String) throws { try begun().text(value) }
    func encode(_ value: Double) throws { try begun().floating(value) }
    func encode(_ value: Float) throws { try begun().floating(Double(value)) }
    func encode(_ value: Int) throws { try begun().integer(value) }
    func encode(_ value: Int8) throws { try begun().integer(value) }
    func encode(_ value: Int16) throws { try begun().integer(value) }
    func encode(_ value: Int32) throws { try begun().integer(value) }
    func encode(_ value: Int64) throws { try begun().integer(value) }
    func encode(_ value: UInt) throws { try begun().integer(value) }
    func encode(_ value: UInt8) throws { try begun().integer(value) }
    func encode(_ value: UInt16) throws { try begun().integer(value) }
    func encode(_ value: UInt32) throws { try begun().integer(value) }
    func encode(_ value: UInt64) throws { try begun().integer(value) }
    func encode<Value: Encodable>(_ value: Value) throws { try begun().write(value) }
}

private struct JSONUnkeyedBytes: UnkeyedEncodingContainer {
    let encoder: JSONByteEncoder
    let number: Int

    var codingPath: [any CodingKey] { [] }
    var count: Int { encoder.elementCount(of: number) }

    private func begun() throws -> JSONByteEncoder {
        try encoder.beginElement(of: number)
        return encoder
    }

    func encodeNil() throws { try begun().null() }
    func encode<Value: Encodable>(_ value: Value) throws { try begun().write(value) }

    // No record of the ledger nests by hand; what does is written by way of a value.
    func nestedContainer<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        KeyedEncodingContainer(JSONKeyedBytes<Key>(encoder: encoder, number: encoder.refuse()))
    }
    func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
        JSONUnkeyedBytes(encoder: encoder, number: encoder.refuse())
    }
    func superEncoder() -> any Encoder {
        _ = encoder.refuse()
        return JSONNoBytes(encoder: encoder)
    }
}

private struct JSONKeyedBytes<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let encoder: JSONByteEncoder
    let number: Int

    var codingPath: [any CodingKey] { [] }

    private func begun(_ key: Key) throws -> JSONByteEncoder {
        try encoder.beginMember(key.stringValue, of: number)
        return encoder
    }

    func encodeNil(forKey key: Key) throws { try begun(key).null() }
    func encode(_ value: Bool, forKey key: Key) throws { try begun(key).boolean(value) }
    func encode(_ value: String, forKey key: Key) throws { try begun(key).text(value) }
    func encode(_ value: Double, forKey key: Key) throws { try begun(key).floating(value) }
    func encode(_ value: Float, forKey key: Key) throws { try begun(key).floating(Double(value)) }
    func encode(_ value: Int, forKey key: Key) throws { try begun(key).integer(value) }
    func encode(_ value: Int8, forKey key: Key) throws { try begun(key).integer(value) }
    func encode(_ value: Int16, forKey key: Key) throws { try begun(key).integer(value) }
    func encode(_ value: Int32, forKey key: Key) throws { try begun(key).integer(value) }
    func encode(_ value: Int64, forKey key: Key) throws { try begun(key).integer(value) }
    func encode(_ value: UInt, forKey key: Key) throws { try begun(key).integer(value) }
    func encode(_ value: UInt8, forKey key: Key) throws { try begun(key).integer(value) }
    func encode(_ value: UInt16, forKey key: Key) throws { try begun(key).integer(value) }
    func encode(_ value: UInt32, forKey key: Key) throws { try begun(key).integer(value) }
    func encode(_ value: UInt64, forKey key: Key) throws { try begun(key).integer(value) }
    func encode<Value: Encodable>(_ value: Value, forKey key: Key) throws { try begun(key).write(value) }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) -> KeyedEncodingContainer<Nested> {
        KeyedEncodingContainer(JSONKeyedBytes<Nested>(encoder: encoder, number: encoder.refuse()))
    }
    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
        JSONUnkeyedBytes(encoder: encoder, number: encoder.refuse())
    }
    func superEncoder() -> any Encoder { encoder }
    func superEncoder(forKey key: Key) -> any Encoder {
        _ = encoder.refuse()
        return JSONNoBytes(encoder: encoder)
    }
}

/// Where a value would write into its parent's object beside others: no record of the ledger does.
private struct JSONNoBytes: Encoder {
    let encoder: JSONByteEncoder

    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { encoder.userInfo }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        KeyedEncodingContainer(JSONKeyedBytes<Key>(encoder: encoder, number: encoder.refuse()))
    }
    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        JSONUnkeyedBytes(encoder: encoder, number: encoder.refuse())
    }
    func singleValueContainer() -> any SingleValueEncodingContainer {
        JSONSingleBytes(encoder: encoder, number: encoder.refuse())
    }
}

extension JSONValueEncoder {
    /// The text of ``encode(_:networkKind:)``'s value, written without it.
    public static func text(
        of value: any Codable & Sendable, networkKind: NetworkKind
    ) throws(JSONCodingFailure) -> [UInt8] {
        var bytes: [UInt8] = []
        try JSONByteEncoder.append(value, networkKind: networkKind, to: &bytes)
        return bytes
    }
}
