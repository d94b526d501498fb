internal import Primitives

/// Finds the JSON Schema of any `Decodable` by letting it decode from a decoder that answers every question and writes
/// down what was asked. So the schema can't disagree with what the type reads.
///
/// Structs become components, named by their type; a type that refuses made-up values keeps the part of its schema that
/// was seen until then, and is listed in ``incomplete``.
final class JSONSchemaProbe {
    private(set) var components = JSONObject()
    private(set) var incomplete: [String] = []
    private var names: [ObjectIdentifier: String] = [:]
    fileprivate var open: [ObjectIdentifier] = []

    /// Schema of `type`, and a sample value if one could be made.
    func describe(_ type: any Decodable.Type) -> (schema: JSONValue, sample: (any Decodable)?) {
        func opened<Value: Decodable>(_ type: Value.Type) -> (schema: JSONValue, sample: (any Decodable)?) {
            let node = ProbeNode(self)
            let sample = try? node.value(type)
            return (node.schema, sample)
        }
        return opened(type)
    }

    /// The name of a component; types of one name in several modules are told apart by a number.
    private func name(_ type: any Decodable.Type) -> String {
        if let known = names[ObjectIdentifier(type)] { return known }
        let plain = String(describing: type).map { $0.isLetter || $0.isNumber ? $0 : "_" }
        var name = String(plain)
        var number = 2
        while components[name] != nil {
            name = "\(String(plain))\(number)"
            number += 1
        }
        components.append(name, .object([:]))
        names[ObjectIdentifier(type)] = name
        return name
    }

    fileprivate func structure<Value: Decodable>(_ type: Value.Type, _ node: ProbeNode) throws -> Value {
        let identity = ObjectIdentifier(type)
        let isNested = open.contains(identity)
        let isKnown = names[identity] != nil
        open.append(identity)
        defer { open.removeLast() }
        let inner = ProbeNode(self, isShallow: isNested)
        inner.choices = (type as? any JSONSampleTexts.Type)?.sampleTexts ?? [:]
        var result = Result { try Value(from: inner) }
        if case .failure = result, inner.isText {
            for text in ["a", "1", "A1", "1.0", "en", "USD", "00", "2026-01-01", "https://example.org/a"] {
                let attempt = ProbeNode(self, isShallow: isNested, text: text)
                if let value = try? Value(from: attempt) {
                    result = .success(value)
                    break
                }
            }
        }
        if inner.isObject {
            let name = name(type)
            if !isKnown || !isNested { components.set(name, inner.schema) }
            node.schema = .object(["$ref": .string("#/components/schemas/\(name)")])
        } else {
            node.schema = inner.schema
        }
        if case .failure = result, !isNested { incomplete.append(String(reflecting: type)) }
        return try result.get()
    }

    /// A union by `"type"`: one alternative per name, each an object that fixes it.
    fileprivate func union<Value: Decodable>(_ type: Value.Type, names: [String], _ node: ProbeNode) throws -> Value {
        let identity = ObjectIdentifier(type)
        let name = name(type)
        node.schema = .object(["$ref": .string("#/components/schemas/\(name)")])
        let isNested = open.contains(identity)
        open.append(identity)
        defer { open.removeLast() }
        var sample: Value?
        var alternatives: [JSONValue] = []
        for variant in names {
            let inner = ProbeNode(self, isShallow: isNested, variant: variant)
            do {
                let value = try Value(from: inner)
                if sample == nil { sample = value }
            } catch {
                if !isNested { incomplete.append("\(String(reflecting: type)).\(variant)") }
            }
            inner.fixVariant(variant)
            alternatives.append(inner.schema)
        }
        if !isNested { components.set(name, .object(["oneOf": .array(alternatives)])) }
        guard let sample else { throw ProbeRefusal() }
        return sample
    }
}

/// A made-up value was refused.
private struct ProbeRefusal: Error {}

private final class ProbeNode: Decoder {
    let probe: JSONSchemaProbe
    /// Inside a type that is being probed already: lists are empty and options nil, so that recursion ends.
    let isShallow: Bool
    let text: String
    let variant: String?
    var schema: JSONValue = .boolean(true)
    var choices: [String: [String]] = [:]
    private(set) var isObject = false
    private(set) var isText = false
    private var properties = JSONObject()
    private var required: [String] = []

    let codingPath: [any CodingKey] = []
    let userInfo: [CodingUserInfoKey: Any] = [:]

    init(_ probe: JSONSchemaProbe, isShallow: Bool = false, text: String = "", variant: String? = nil) {
        self.probe = probe
        self.isShallow = isShallow
        self.text = text
        self.variant = variant
    }

    func record(_ key: String, _ schema: JSONValue, required isRequired: Bool) {
        if properties[key] == nil {
            properties.append(key, schema)
            if isRequired { required.append(key) }
        }
        refresh()
    }

    func fixVariant(_ name: String) {
        isObject = true
        properties.set("type", .object(["const": .string(name)]))
        if !required.contains("type") { required.insert("type", at: 0) }
        refresh()
    }

    func refresh() {
        var object = JSONObject()
        object.append("type", "object")
        object.append("properties", .object(properties))
        if !required.isEmpty { object.append("required", .array(required.map { .string($0) })) }
        schema = .object(object)
    }

    func recordText() -> String {
        isText = true
        schema = .object(["type": "string"])
        return text
    }

    func recordInteger<Integer: FixedWidthInteger>(_ type: Integer.Type) -> Integer {
        schema = .object(["type": "integer"])
        if !Integer.isSigned { schema = .object(["type": "integer", "minimum": 0]) }
        return 1
    }

    /// What a value of `type` looks like goes into ``schema``.
    func value<Value: Decodable>(_ type: Value.Type) throws -> Value {
        func made(_ value: Any) throws -> Value {
            guard let value = value as? Value else { throw ProbeRefusal() }
            return value
        }
        if let leaf = type as? any JSONSchemaDescribed.Type {
            schema = leaf.jsonSchema
            return try made(leaf.jsonSample)
        }
        if let code = type as? any NamedCode.Type {
            func names<Code: NamedCode>(_ type: Code.Type) -> ([String], Code?) { (Code.names, Code.allCases.first) }
            let (texts, first) = names(code)
            schema = .object(["type": "string", "enum": .array(texts.map { .string($0) })])
            return try made(first as Any)
        }
        if let cases = type as? any CaseIterable.Type, let (texts, first) = rawTexts(cases) {
            schema = .object(["type": "string", "enum": .array(texts.map { .string($0) })])
            return try made(first)
        }
        if type == String.self { return try made(recordText()) }
        if type == Bool.self {
            schema = .object(["type": "boolean"])
            return try made(true)
        }
        if let integer = type as? any (FixedWidthInteger & Decodable).Type {
            func opened<Integer: FixedWidthInteger>(_ type: Integer.Type) -> any FixedWidthInteger {
                recordInteger(type)
            }
            return try made(opened(integer))
        }
        if let union = type as? any JSONUnionDescribed.Type {
            return try probe.union(type, names: union.names, self)
        }
        return try probe.structure(type, self)
    }

    private func rawTexts(_ type: any CaseIterable.Type) -> (texts: [String], first: Any)? {
        func opened<Cases: CaseIterable>(_ type: Cases.Type) -> (texts: [String], first: Any)? {
            var texts: [String] = []
            for value in Cases.allCases {
                guard let raw = value as? any RawRepresentable, let text = raw.rawValue as? String else { return nil }
                texts.append(text)
            }
            guard let first = Cases.allCases.first else { return nil }
            return (texts, first)
        }
        return opened(type)
    }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedDecodingContainer<Key> {
        isObject = true
        refresh()
        return KeyedDecodingContainer(ProbeKeyed<Key>(node: self))
    }

    func unkeyedContainer() -> any UnkeyedDecodingContainer {
        schema = .object(["type": "array"])
        return ProbeUnkeyed(node: self)
    }

    func singleValueContainer() -> any SingleValueDecodingContainer { ProbeSingle(node: self) }
}

private struct ProbeSingle: SingleValueDecodingContainer {
    let node: ProbeNode
    let codingPath: [any CodingKey] = []

    func decodeNil() -> Bool { false }
    func decode(_ type: String.Type) -> String { node.recordText() }
    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value { try node.value(type) }
}

private struct ProbeUnkeyed: UnkeyedDecodingContainer {
    let node: ProbeNode
    let codingPath: [any CodingKey] = []
    private(set) var currentIndex = 0

    init(node: ProbeNode) { self.node = node }

    var count: Int? { nil }
    var isAtEnd: Bool { node.isShallow || currentIndex > 0 }

    mutating func decodeNil() -> Bool { false }

    mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        currentIndex += 1
        let element = ProbeNode(node.probe, isShallow: node.isShallow)
        defer { node.schema = .object(["type": "array", "items": element.schema]) }
        return try element.value(type)
    }

    mutating func nestedContainer<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        throw ProbeRefusal()
    }
    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer { throw ProbeRefusal() }
    mutating func superDecoder() throws -> any Decoder { throw ProbeRefusal() }
}

private struct ProbeKeyed<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let node: ProbeNode
    let codingPath: [any CodingKey] = []
    let allKeys: [Key] = []

    func contains(_ key: Key) -> Bool { !node.isShallow }

    func decodeNil(forKey key: Key) -> Bool { node.isShallow }

    func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
        if key.stringValue == OperationTypeKey.type.rawValue, let variant = node.variant,
            let value = variant as? Value
        {
            return value
        }
        if let choices = node.choices[key.stringValue], let value = choices.first as? Value {
            let schema: JSONValue = .object(["type": "string", "enum": .array(choices.map { .string($0) })])
            node.record(key.stringValue, schema, required: true)
            return value
        }
        let member = ProbeNode(node.probe, isShallow: node.isShallow)
        defer { node.record(key.stringValue, member.schema, required: true) }
        return try member.value(type)
    }

    func decodeIfPresent<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value? {
        if node.isShallow { return nil }
        let member = ProbeNode(node.probe, isShallow: node.isShallow)
        let value = try? member.value(type)
        node.record(key.stringValue, member.schema, required: false)
        return value
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<Nested> { throw ProbeRefusal() }
    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer { throw ProbeRefusal() }
    func superDecoder() throws -> any Decoder { node }
    func superDecoder(forKey key: Key) throws -> any Decoder { throw ProbeRefusal() }
}

extension ProbeKeyed {
    // Synthesized code asks for these by their own names.
    func decodeIfPresent(_ type: String.Type, forKey key: Key) throws -> String? { try optional(type, key) }
    func decodeIfPresent(_ type: Bool.Type, forKey key: Key) throws -> Bool? { try optional(type, key) }
    func decodeIfPresent(_ type: Int.Type, forKey key: Key) throws -> Int? { try optional(type, key) }
    func decodeIfPresent(_ type: UInt8.Type, forKey key: Key) throws -> UInt8? { try optional(type, key) }
    func decodeIfPresent(_ type: UInt16.Type, forKey key: Key) throws -> UInt16? { try optional(type, key) }
    func decodeIfPresent(_ type: UInt32.Type, forKey key: Key) throws -> UInt32? { try optional(type, key) }
    func decodeIfPresent(_ type: UInt64.Type, forKey key: Key) throws -> UInt64? { try optional(type, key) }
    func decodeIfPresent(_ type: Int64.Type, forKey key: Key) throws -> Int64? { try optional(type, key) }

    private func optional<Value: Decodable>(_ type: Value.Type, _ key: Key) throws -> Value? {
        if node.isShallow { return nil }
        let member = ProbeNode(node.probe)
        let value = try? member.value(type)
        node.record(key.stringValue, member.schema, required: false)
        return value
    }
}
