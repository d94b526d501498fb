public import Primitives

/// Turns any `Encodable` into a ``JSONValue``. Optionals that are nil are left out, as `Codable` synthesizes it.
public enum JSONValueEncoder {
    public static func encode(
        _ value: any Encodable, networkKind: NetworkKind
    ) throws(JSONCodingFailure) -> JSONValue {
        do {
            let writer = JSONWriter(userInfo: JSONValueDecoder.userInfo(networkKind), path: nil)
            return try writer.encoded(value)
        } catch let error as EncodingError {
            guard case .invalidValue(_, let context) = error else {
                throw JSONCodingFailure(path: "", message: "can't be written")
            }
            throw JSONCodingFailure(
                path: JSONCodingFailure.path(context.codingPath), message: context.debugDescription)
        } catch {
            throw JSONCodingFailure(path: "", message: "can't be written")
        }
    }
}

/// Collects what one value writes. A value may open its object several times (an operation writes its type, then its
/// fields); all go into the same object.
final class JSONWriter: Encoder {
    let info: [CodingUserInfoKey: any Sendable]
    let path: JSONPath?
    private var single: JSONValue?
    private var elements: [Part]?
    private var members: [(key: String, part: Part)]?

    enum Part {
        case value(JSONValue)
        case writer(JSONWriter)

        var json: JSONValue {
            switch self {
            case .value(let value): value
            case .writer(let writer): writer.finish()
            }
        }
    }

    init(userInfo: [CodingUserInfoKey: any Sendable], path: JSONPath?) {
        info = userInfo
        self.path = path
    }

    var codingPath: [any CodingKey] { JSONPath.keys(path) }
    var userInfo: [CodingUserInfoKey: Any] { info }

    func encoded(_ value: any Encodable) throws -> JSONValue {
        if let text = value as? String { return .string(text) }
        if let json = value as? JSONValue { return json }
        try value.encode(to: self)
        return finish()
    }

    func finish() -> JSONValue {
        if let members {
            var object = JSONObject(reserving: members.count)
            for member in members { object.set(member.key, member.part.json) }
            return .object(object)
        }
        if let elements { return .array(elements.map(\.json)) }
        return single ?? .null
    }

    func replace(_ value: JSONValue) { single = value }

    func child(_ key: JSONKey) -> JSONWriter { JSONWriter(userInfo: info, path: JSONPath(path, key)) }

    func set(_ key: String, _ part: Part) { members?.append((key, part)) }
    func append(_ part: Part) { elements?.append(part) }
    var elementCount: Int { elements?.count ?? 0 }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        if members == nil { members = [] }
        return KeyedEncodingContainer(JSONKeyedWriter<Key>(writer: self))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        if elements == nil { elements = [] }
        return JSONUnkeyedWriter(writer: self)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer { JSONSingleWriter(writer: self) }

    /// A floating-point number keeps the shortest text that reads back as itself.
    func number(_ value: Double) throws -> JSONValue {
        guard value.isFinite else {
            throw EncodingError.invalidValue(
                value, EncodingError.Context(codingPath: codingPath, debugDescription: "is no finite number"))
        }
        if value == value.rounded(), let integer = Int64(exactly: value) { return .integer(integer) }
        return .decimal("\(value)")
    }
}

private struct JSONSingleWriter: SingleValueEncodingContainer {
    let writer: JSONWriter

    var codingPath: [any CodingKey] { writer.codingPath }

    func encodeNil() { writer.replace(.null) }
    func encode(_ value: Bool) { writer.replace(.boolean(value)) }
    func encode(_ value: String) { writer.replace(.string(value)) }
    func encode(_ value: Double) throws { writer.replace(try writer.number(value)) }
    func encode(_ value: Float) throws { writer.replace(try writer.number(Double(value))) }
    func encode(_ value: Int) { writer.replace(.integer(value)) }
    func encode(_ value: Int8) { writer.replace(.integer(value)) }
    func encode(_ value: Int16) { writer.replace(.integer(value)) }
    func encode(_ value: Int32) { writer.replace(.integer(value)) }
    func encode(_ value: Int64) { writer.replace(.integer(value)) }
    func encode(_ value: UInt) { writer.replace(.integer(value)) }
    func encode(_ value: UInt8) { writer.replace(.integer(value)) }
    func encode(_ value: UInt16) { writer.replace(.integer(value)) }
    func encode(_ value: UInt32) { writer.replace(.integer(value)) }
    func encode(_ value: UInt64) { writer.replace(.unsigned(value)) }
    func encode<Value: Encodable>(_ value: Value) throws {
        let nested = JSONWriter(userInfo: writer.info, path: writer.path)
        writer.replace(try nested.encoded(value))
    }
}

private struct JSONUnkeyedWriter: UnkeyedEncodingContainer {
    let writer: JSONWriter

    var codingPath: [any CodingKey] { writer.codingPath }
    var count: Int { writer.elementCount }

    private func nested() -> JSONWriter { writer.child(JSONKey(intValue: count)) }

    func encodeNil() { writer.append(.value(.null)) }
    func encode<Value: Encodable>(_ value: Value) throws { writer.append(.value(try nested().encoded(value))) }

    func nestedContainer<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        let child = nested()
        writer.append(.writer(child))
        return child.container(keyedBy: type)
    }

    func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
        let child = nested()
        writer.append(.writer(child))
        return child.unkeyedContainer()
    }

    func superEncoder() -> any Encoder {
        let child = nested()
        writer.append(.writer(child))
        return child
    }
}

private struct JSONKeyedWriter<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let writer: JSONWriter

    var codingPath: [any CodingKey] { writer.codingPath }

    private func nested(_ key: Key) -> JSONWriter { writer.child(JSONKey(stringValue: key.stringValue)) }

    func encodeNil(forKey key: Key) { writer.set(key.stringValue, .value(.null)) }
    func encode(_ value: Bool, forKey key: Key) { writer.set(key.stringValue, .value(.boolean(value))) }
    func encode(_ value: String, forKey key: Key) { writer.set(key.stringValue, .value(.string(value))) }
    func encode(_ value: Int, forKey key: Key) { writer.set(key.stringValue, .value(.integer(value))) }
    func encode(_ value: UInt64, forKey key: Key) { writer.set(key.stringValue, .value(.unsigned(value))) }
    func encode<Value: Encodable>(_ value: Value, forKey key: Key) throws {
        writer.set(key.stringValue, .value(try nested(key).encoded(value)))
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) -> KeyedEncodingContainer<Nested> {
        let child = nested(key)
        writer.set(key.stringValue, .writer(child))
        return child.container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
        let child = nested(key)
        writer.set(key.stringValue, .writer(child))
        return child.unkeyedContainer()
    }

    func superEncoder() -> any Encoder { writer }
    func superEncoder(forKey key: Key) -> any Encoder {
        let child = nested(key)
        writer.set(key.stringValue, .writer(child))
        return child
    }
}
