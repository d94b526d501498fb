public import Primitives

/// A value that could not be turned from or into JSON: where, and what was expected.
public struct JSONCodingFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// `operations[0].shares[2].share`; empty for the whole.
    public let path: String
    public let message: String

    public init(path: String, message: String) {
        self.path = path
        self.message = message
    }

    public var description: String { path.isEmpty ? message : "\(path): \(message)" }

    static func path(_ codingPath: [any CodingKey]) -> String {
        var text = ""
        for key in codingPath {
            if let index = key.intValue {
                text += "[\(index)]"
            } else {
                text += (text.isEmpty ? "" : ".") + key.stringValue
            }
        }
        return text
    }

    init(_ error: any Error) {
        guard let error = error as? DecodingError else {
            self = error as? JSONCodingFailure ?? JSONCodingFailure(path: "", message: "can't be read as this type")
            return
        }
        switch error {
        case .keyNotFound(let key, let context):
            self.init(path: Self.path(context.codingPath + [key]), message: "is missing")
        case .typeMismatch(_, let context), .dataCorrupted(let context):
            self.init(path: Self.path(context.codingPath), message: context.debugDescription)
        case .valueNotFound(_, let context):
            self.init(path: Self.path(context.codingPath), message: "must not be null")
        @unknown default: self.init(path: "", message: "can't be read as this type")
        }
    }
}

/// Reads any `Decodable` out of a ``JSONValue``. Members that the type does not ask for are refused.
public enum JSONValueDecoder {
    /// `networkKind` nil accepts the typed texts of either network.
    public static func decode<Value: Decodable>(
        _ type: Value.Type, from json: JSONValue, networkKind: NetworkKind?
    ) throws(JSONCodingFailure) -> Value {
        do {
            return try JSONNode(json, path: nil, userInfo: userInfo(networkKind)).decoded(type)
        } catch {
            throw JSONCodingFailure(error)
        }
    }

    static func userInfo(_ networkKind: NetworkKind?) -> [CodingUserInfoKey: any Sendable] {
        networkKind.map { [.networkKind: $0] } ?? [:]
    }
}

/// A coding path as a chain, so that descending allocates one small object and no array.
final class JSONPath: Sendable {
    let parent: JSONPath?
    let key: JSONKey

    init(_ parent: JSONPath?, _ key: JSONKey) {
        self.parent = parent
        self.key = key
    }

    static func keys(_ path: JSONPath?) -> [any CodingKey] {
        var keys: [any CodingKey] = []
        var next = path
        while let current = next {
            keys.append(current.key)
            next = current.parent
        }
        return keys.reversed()
    }
}

struct JSONKey: CodingKey, Hashable {
    let stringValue: String
    let intValue: Int?

    init(stringValue: String) {
        self.stringValue = stringValue
        intValue = nil
    }

    init(intValue: Int) {
        stringValue = String(intValue)
        self.intValue = intValue
    }
}

/// One JSON value being decoded. Remembers which members were asked for; whoever made it checks that none is left.
final class JSONNode: Decoder {
    let json: JSONValue
    let path: JSONPath?
    let info: [CodingUserInfoKey: any Sendable]
    private var asked: Set<String>?

    init(_ json: JSONValue, path: JSONPath?, userInfo: [CodingUserInfoKey: any Sendable]) {
        self.json = json
        self.path = path
        info = userInfo
    }

    var codingPath: [any CodingKey] { JSONPath.keys(path) }
    var userInfo: [CodingUserInfoKey: Any] { info }

    func ask(_ key: String) { asked?.insert(key) }

    func child(_ json: JSONValue, _ key: JSONKey) -> JSONNode {
        JSONNode(json, path: JSONPath(path, key), userInfo: info)
    }

    func failure(_ message: String) -> DecodingError {
        .dataCorrupted(DecodingError.Context(codingPath: codingPath, debugDescription: message))
    }

    func decoded<Value: Decodable>(_ type: Value.Type) throws -> Value {
        if type == JSONValue.self, let value = json as? Value { return value }
        if type == String.self, let value = json.string as? Value { return value }
        let value = try Value(from: self)
        if let asked, let object = json.object {
            for member in object.members where !asked.contains(member.key) {
                throw DecodingError.dataCorrupted(
                    DecodingError.Context(
                        codingPath: codingPath + [JSONKey(stringValue: member.key)],
                        debugDescription: "is not known here"))
            }
        }
        return value
    }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        guard let object = json.object else { throw failure("expected an object, found \(json.kindName)") }
        if asked == nil { asked = [] }
        return KeyedDecodingContainer(JSONKeyedReader<Key>(node: self, object: object))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        guard let elements = json.array else { throw failure("expected an array, found \(json.kindName)") }
        return JSONUnkeyedReader(node: self, elements: elements)
    }

    func singleValueContainer() throws -> any SingleValueDecodingContainer { JSONSingleReader(node: self) }

    func integer<Integer: FixedWidthInteger>(_ type: Integer.Type) throws -> Integer {
        let value: Integer? =
            switch json {
            case .unsigned(let value): Integer(exactly: value)
            case .negative(let value): Integer(exactly: value)
            default: nil
            }
        guard let value else {
            let bounds = "an integer from \(Integer.min) to \(Integer.max)"
            throw failure("expected \(bounds), found \(json.kindName)")
        }
        return value
    }

    func floating<Floating: LosslessStringConvertible>(_ type: Floating.Type) throws -> Floating {
        let value: Floating? =
            switch json {
            case .unsigned(let value): Floating(String(value))
            case .negative(let value): Floating(String(value))
            case .decimal(let text): Floating(text)
            default: nil
            }
        guard let value else { throw failure("expected a number, found \(json.kindName)") }
        return value
    }

    func boolean() throws -> Bool {
        guard let value = json.boolean else { throw failure("expected true or false, found \(json.kindName)") }
        return value
    }

    func text() throws -> String {
        guard let value = json.string else { throw failure("expected a string, found \(json.kindName)") }
        return value
    }
}

private struct JSONSingleReader: SingleValueDecodingContainer {
    let node: JSONNode

    var codingPath: [any CodingKey] { node.codingPath }

    func decodeNil() -> Bool { node.json.isNull }
    func decode(_ type: Bool.Type) throws -> Bool { try node.boolean() }
    func decode(_ type: String.Type) throws -> String { try node.text() }
    func decode(_ type: Double.Type) throws -> Double { try node.floating(type) }
    func decode(_ type: Float.Type) throws -> Float { try node.floating(type) }
    func decode(_ type: Int.Type) throws -> Int { try node.integer(type) }
    func decode(_ type: Int8.Type) throws -> Int8 { try node.integer(type) }
    func decode(_ type: Int16.Type) throws -> Int16 { try node.integer(type) }
    func decode(_ type: Int32.Type) throws -> Int32 { try node.integer(type) }
    func decode(_ type: Int64.Type) throws -> Int64 { try node.integer(type) }
    func decode(_ type: UInt.Type) throws -> UInt { try node.integer(type) }
    func decode(_ type: UInt8.Type) throws -> UInt8 { try node.integer(type) }
    func decode(_ type: UInt16.Type) throws -> UInt16 { try node.integer(type) }
    func decode(_ type: UInt32.Type) throws -> UInt32 { try node.integer(type) }
    func decode(_ type: UInt64.Type) throws -> UInt64 { try node.integer(type) }
    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        try JSONNode(node.json, path: node.path, userInfo: node.info).decoded(type)
    }
}

private struct JSONUnkeyedReader: UnkeyedDecodingContainer {
    let node: JSONNode
    let elements: [JSONValue]
    private(set) var currentIndex = 0

    init(node: JSONNode, elements: [JSONValue]) {
        self.node = node
        self.elements = elements
    }

    var codingPath: [any CodingKey] { node.codingPath }
    var count: Int? { elements.count }
    var isAtEnd: Bool { currentIndex == elements.count }

    private mutating func next() throws -> JSONNode {
        let key = JSONKey(intValue: currentIndex)
        guard currentIndex < elements.count else {
            throw DecodingError.dataCorrupted(
                DecodingError.Context(codingPath: codingPath + [key], debugDescription: "is missing"))
        }
        defer { currentIndex += 1 }
        return node.child(elements[currentIndex], key)
    }

    mutating func decodeNil() throws -> Bool {
        guard currentIndex < elements.count, elements[currentIndex].isNull else { return false }
        currentIndex += 1
        return true
    }

    mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value { try next().decoded(type) }

    mutating func nestedContainer<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        try next().container(keyedBy: type)
    }

    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer { try next().unkeyedContainer() }
    mutating func superDecoder() throws -> any Decoder { try next() }
}

private struct JSONKeyedReader<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let node: JSONNode
    let object: JSONObject

    var codingPath: [any CodingKey] { node.codingPath }
    var allKeys: [Key] { object.members.compactMap { Key(stringValue: $0.key) } }

    func contains(_ key: Key) -> Bool {
        node.ask(key.stringValue)
        return object[key.stringValue] != nil
    }

    private func child(_ key: Key) throws -> JSONNode {
        node.ask(key.stringValue)
        guard let json = object[key.stringValue] else {
            throw DecodingError.keyNotFound(
                key, DecodingError.Context(codingPath: codingPath, debugDescription: "is missing"))
        }
        return node.child(json, JSONKey(stringValue: key.stringValue))
    }

    func decodeNil(forKey key: Key) throws -> Bool { try child(key).json.isNull }
    func decode(_ type: Bool.Type, forKey key: Key) throws -> Bool { try child(key).boolean() }
    func decode(_ type: String.Type, forKey key: Key) throws -> String { try child(key).text() }
    func decode(_ type: Double.Type, forKey key: Key) throws -> Double { try child(key).floating(type) }
    func decode(_ type: Float.Type, forKey key: Key) throws -> Float { try child(key).floating(type) }
    func decode(_ type: Int.Type, forKey key: Key) throws -> Int { try child(key).integer(type) }
    func decode(_ type: Int8.Type, forKey key: Key) throws -> Int8 { try child(key).integer(type) }
    func decode(_ type: Int16.Type, forKey key: Key) throws -> Int16 { try child(key).integer(type) }
    func decode(_ type: Int32.Type, forKey key: Key) throws -> Int32 { try child(key).integer(type) }
    func decode(_ type: Int64.Type, forKey key: Key) throws -> Int64 { try child(key).integer(type) }
    func decode(_ type: UInt.Type, forKey key: Key) throws -> UInt { try child(key).integer(type) }
    func decode(_ type: UInt8.Type, forKey key: Key) throws -> UInt8 { try child(key).integer(type) }
    func decode(_ type: UInt16.Type, forKey key: Key) throws -> UInt16 { try child(key).integer(type) }
    func decode(_ type: UInt32.Type, forKey key: Key) throws -> UInt32 { try child(key).integer(type) }
    func decode(_ type: UInt64.Type, forKey key: Key) throws -> UInt64 { try child(key).integer(type) }
    func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
        try child(key).decoded(type)
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<Nested> { try child(key).container(keyedBy: type) }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        try child(key).unkeyedContainer()
    }

    func superDecoder() throws -> any Decoder { node }
    func superDecoder(forKey key: Key) throws -> any Decoder { try child(key) }
}

extension JSONValue: Codable {
    public init(from decoder: any Decoder) throws {
        guard let node = decoder as? JSONNode else {
            throw DecodingError.dataCorrupted(
                DecodingError.Context(codingPath: decoder.codingPath, debugDescription: "is read from JSON only"))
        }
        // What is taken whole has no members left to ask for.
        if let object = node.json.object {
            _ = try node.container(keyedBy: JSONKey.self)
            for member in object.members { node.ask(member.key) }
        }
        self = node.json
    }

    public func encode(to encoder: any Encoder) throws {
        guard let writer = encoder as? JSONWriter else {
            throw EncodingError.invalidValue(
                self, EncodingError.Context(codingPath: encoder.codingPath, debugDescription: "is written to JSON only")
            )
        }
        writer.replace(self)
    }
}
