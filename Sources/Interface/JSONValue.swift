/// JSON (RFC 8259) as a value. Integers are exact over the whole 64-bit range; other numbers keep their text, so that
/// nothing is ever rounded on its way through.
public enum JSONValue: Hashable, Sendable {
    case null
    case boolean(Bool)
    /// Every integer from 0 to 2^64 − 1.
    case unsigned(UInt64)
    /// Every integer from −2^63 to −1; never 0 or more.
    case negative(Int64)
    /// A number that is no 64-bit integer, as it was written.
    case decimal(String)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)

    /// An object of `members` in that order. Precondition: no key twice.
    public static func object(_ members: KeyValuePairs<String, JSONValue>) -> JSONValue {
        var object = JSONObject()
        for (key, value) in members { object.append(key, value) }
        return .object(object)
    }

    public static func integer(_ value: some BinaryInteger) -> JSONValue {
        if let unsigned = UInt64(exactly: value) { return .unsigned(unsigned) }
        if let negative = Int64(exactly: value) { return .negative(negative) }
        return .decimal(String(value))
    }

    public var isNull: Bool { self == .null }

    public var object: JSONObject? {
        if case .object(let object) = self { object } else { nil }
    }

    public var array: [JSONValue]? {
        if case .array(let elements) = self { elements } else { nil }
    }

    public var string: String? {
        if case .string(let text) = self { text } else { nil }
    }

    public var unsigned: UInt64? {
        if case .unsigned(let value) = self { value } else { nil }
    }

    public var boolean: Bool? {
        if case .boolean(let value) = self { value } else { nil }
    }

    /// The member of an object; nil if there is none or this is no object.
    public subscript(key: String) -> JSONValue? { object?[key] }

    /// For messages: what kind of JSON this is.
    public var kindName: String {
        switch self {
        case .null: "null"
        case .boolean: "a boolean"
        case .unsigned, .negative: "an integer"
        case .decimal: "a fractional or very large number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}

/// The members of a JSON object, in their order, no key twice.
public struct JSONObject: Hashable, Sendable {
    public struct Member: Hashable, Sendable {
        public let key: String
        public var value: JSONValue
    }

    public private(set) var members: [Member] = []
    /// Positions by key, kept once an object has grown too large to search.
    private var positions: [String: Int] = [:]
    private static let searchedCount = 12

    public init() {}

    public init(reserving capacity: Int) { members.reserveCapacity(capacity) }

    public var count: Int { members.count }
    public var keys: [String] { members.map(\.key) }

    private func position(_ key: String) -> Int? {
        if members.count > Self.searchedCount { return positions[key] }
        return members.firstIndex { $0.key == key }
    }

    public subscript(key: String) -> JSONValue? { position(key).map { members[$0].value } }

    /// Precondition: there is no such key yet.
    public mutating func append(_ key: String, _ value: JSONValue) {
        let isNew = insert(key, value)
        precondition(isNew, "a key is written once")
    }

    /// False, and nothing changed, if the key is there already.
    public mutating func insert(_ key: String, _ value: JSONValue) -> Bool {
        guard position(key) == nil else { return false }
        members.append(Member(key: key, value: value))
        if members.count == Self.searchedCount + 1 {
            for (index, member) in members.enumerated() { positions[member.key] = index }
        } else if members.count > Self.searchedCount {
            positions[key] = members.count - 1
        }
        return true
    }

    public mutating func set(_ key: String, _ value: JSONValue) {
        if let index = position(key) { members[index].value = value } else { append(key, value) }
    }

    /// Takes a member out and returns it.
    public mutating func remove(_ key: String) -> JSONValue? {
        guard let index = position(key) else { return nil }
        let value = members.remove(at: index).value
        if !positions.isEmpty {
            positions = [:]
            if members.count > Self.searchedCount {
                for (index, member) in members.enumerated() { positions[member.key] = index }
            }
        }
        return value
    }

    public static func == (left: JSONObject, right: JSONObject) -> Bool { left.members == right.members }
    public func hash(into hasher: inout Hasher) { hasher.combine(members) }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral {
    public init(stringLiteral value: String) { self = .string(value) }
    public init(booleanLiteral value: Bool) { self = .boolean(value) }
    public init(integerLiteral value: Int64) { self = .integer(value) }
}

extension JSONValue: ExpressibleByArrayLiteral {
    public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
}
