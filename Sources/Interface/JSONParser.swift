/// Why bytes are no acceptable JSON text.
public struct JSONFailure: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Reason: String, Hashable, Sendable {
        case unexpectedEnd = "the text ends too early"
        case unexpectedByte = "unexpected character"
        case trailing = "characters follow the value"
        case tooDeep = "nested too deeply"
        case tooLarge = "larger than allowed"
        case duplicateKey = "a key appears twice"
        case invalidUTF8 = "not valid UTF-8"
        case invalidEscape = "invalid escape"
        case invalidNumber = "invalid number"
        case controlCharacter = "a control character must be escaped"
    }

    public let reason: Reason
    /// Where, in bytes from the start.
    public let offset: Int

    public var description: String { "\(reason.rawValue) (byte \(offset))" }
}

public enum JSONLimits {
    /// Nesting: a request holds an array of operations, whose deepest record (a provision tree) needs 24 levels.
    public static let depth = 64
    /// A number's characters; 2^64 has 20 digits, and nothing here is a long decimal.
    public static let numberBytes = 64
}

/// A strict parser of RFC 8259: no duplicate keys, no lone surrogates, valid UTF-8, bounded depth; one value, nothing
/// behind it but white space.
public struct JSONParser {
    private let bytes: [UInt8]
    private var offset = 0
    private var depth = 0

    private init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// `limit` bounds the bytes; time and memory are linear in them.
    public static func parse(_ bytes: [UInt8], limit: Int = 1 << 20) throws(JSONFailure) -> JSONValue {
        guard bytes.count <= limit else { throw JSONFailure(reason: .tooLarge, offset: limit) }
        var parser = JSONParser(bytes)
        let value = try parser.value()
        parser.skipSpace()
        guard parser.offset == bytes.count else { throw parser.failure(.trailing) }
        return value
    }

    public static func parse(_ text: String) throws(JSONFailure) -> JSONValue { try parse(Array(text.utf8)) }

    private func failure(_ reason: JSONFailure.Reason) -> JSONFailure { JSONFailure(reason: reason, offset: offset) }

    private mutating func skipSpace() {
        while offset < bytes.count {
            switch bytes[offset] {
            case 0x20, 0x0a, 0x0d, 0x09: offset += 1
            default: return
            }
        }
    }

    private mutating func value() throws(JSONFailure) -> JSONValue {
        skipSpace()
        guard offset < bytes.count else { throw failure(.unexpectedEnd) }
        switch bytes[offset] {
        case UInt8(ascii: "{"): return try object()
        case UInt8(ascii: "["): return try array()
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        case UInt8(ascii: "t"):
            try literal("true")
            return .boolean(true)
        case UInt8(ascii: "f"):
            try literal("false")
            return .boolean(false)
        case UInt8(ascii: "n"):
            try literal("null")
            return .null
        default: throw failure(.unexpectedByte)
        }
    }

    private mutating func literal(_ text: StaticString) throws(JSONFailure) {
        let count = text.utf8CodeUnitCount
        guard bytes.count - offset >= count else { throw failure(.unexpectedEnd) }
        let start = offset
        let matches = text.withUTF8Buffer { expected in
            for index in 0..<count where unsafe expected[index] != bytes[start + index] { return false }
            return true
        }
        guard matches else { throw failure(.unexpectedByte) }
        offset += count
    }

    private mutating func enter() throws(JSONFailure) {
        guard depth < JSONLimits.depth else { throw failure(.tooDeep) }
        depth += 1
        offset += 1
        skipSpace()
    }

    /// True at a comma, false at `end`; consumes it.
    private mutating func more(before end: UInt8) throws(JSONFailure) -> Bool {
        skipSpace()
        guard offset < bytes.count else { throw failure(.unexpectedEnd) }
        let next = bytes[offset]
        guard next == end || next == UInt8(ascii: ",") else { throw failure(.unexpectedByte) }
        offset += 1
        if next == end { depth -= 1 }
        return next != end
    }

    private mutating func array() throws(JSONFailure) -> JSONValue {
        try enter()
        var elements: [JSONValue] = []
        if offset < bytes.count, bytes[offset] == UInt8(ascii: "]") {
            offset += 1
            depth -= 1
            return .array(elements)
        }
        repeat {
            elements.append(try value())
        } while try more(before: UInt8(ascii: "]"))
        return .array(elements)
    }

    private mutating func object() throws(JSONFailure) -> JSONValue {
        try enter()
        var object = JSONObject()
        if offset < bytes.count, bytes[offset] == UInt8(ascii: "}") {
            offset += 1
            depth -= 1
            return .object(object)
        }
        repeat {
            skipSpace()
            guard offset < bytes.count else { throw failure(.unexpectedEnd) }
            guard bytes[offset] == UInt8(ascii: "\"") else { throw failure(.unexpectedByte) }
            let start = offset
            let key = try string()
            skipSpace()
            guard offset < bytes.count else { throw failure(.unexpectedEnd) }
            guard bytes[offset] == UInt8(ascii: ":") else { throw failure(.unexpectedByte) }
            offset += 1
            guard object.insert(key, try value()) else { throw JSONFailure(reason: .duplicateKey, offset: start) }
        } while try more(before: UInt8(ascii: "}"))
        return .object(object)
    }

    private mutating func string() throws(JSONFailure) -> String {
        offset += 1
        let start = offset
        while offset < bytes.count {
            let byte = bytes[offset]
            if byte == UInt8(ascii: "\"") {
                guard let text = String(validating: bytes[start..<offset], as: UTF8.self) else {
                    throw JSONFailure(reason: .invalidUTF8, offset: start)
                }
                offset += 1
                return text
            }
            if byte == UInt8(ascii: "\\") { return try escapedString(from: start) }
            guard byte >= 0x20 else { throw failure(.controlCharacter) }
            offset += 1
        }
        throw failure(.unexpectedEnd)
    }

    /// The rest of a string whose first escape is here; what came before it starts at `start`.
    private mutating func escapedString(from start: Int) throws(JSONFailure) -> String {
        var utf8 = Array(bytes[start..<offset])
        while offset < bytes.count {
            let byte = bytes[offset]
            offset += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let text = String(validating: utf8, as: UTF8.self) else {
                    throw JSONFailure(reason: .invalidUTF8, offset: start)
                }
                return text
            case UInt8(ascii: "\\"): try escape(into: &utf8)
            case 0..<0x20: throw JSONFailure(reason: .controlCharacter, offset: offset - 1)
            default: utf8.append(byte)
            }
        }
        throw failure(.unexpectedEnd)
    }

    private mutating func escape(into utf8: inout [UInt8]) throws(JSONFailure) {
        guard offset < bytes.count else { throw failure(.unexpectedEnd) }
        let byte = bytes[offset]
        offset += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): utf8.append(byte)
        case UInt8(ascii: "b"): utf8.append(0x08)
        case UInt8(ascii: "f"): utf8.append(0x0c)
        case UInt8(ascii: "n"): utf8.append(0x0a)
        case UInt8(ascii: "r"): utf8.append(0x0d)
        case UInt8(ascii: "t"): utf8.append(0x09)
        case UInt8(ascii: "u"):
            var code = try hexadecimal()
            if code >= 0xd800, code < 0xdc00 {
                guard bytes.count - offset >= 6, bytes[offset] == UInt8(ascii: "\\"),
                    bytes[offset + 1] == UInt8(ascii: "u")
                else { throw failure(.invalidEscape) }
                offset += 2
                let low = try hexadecimal()
                guard low >= 0xdc00, low < 0xe000 else { throw failure(.invalidEscape) }
                code = 0x10000 + (code - 0xd800) << 10 + (low - 0xdc00)
            }
            guard let scalar = Unicode.Scalar(code) else { throw failure(.invalidEscape) }
            utf8.append(contentsOf: UTF8.encode(scalar).map { Array($0) } ?? [])
        default: throw JSONFailure(reason: .invalidEscape, offset: offset - 1)
        }
    }

    private mutating func hexadecimal() throws(JSONFailure) -> UInt32 {
        guard bytes.count - offset >= 4 else { throw failure(.unexpectedEnd) }
        var code: UInt32 = 0
        for _ in 0..<4 {
            let digit: UInt8
            switch bytes[offset] {
            case let byte where byte >= 48 && byte <= 57: digit = byte - 48
            case let byte where byte >= 97 && byte <= 102: digit = byte - 87
            case let byte where byte >= 65 && byte <= 70: digit = byte - 55
            default: throw failure(.invalidEscape)
            }
            code = code << 4 | UInt32(digit)
            offset += 1
        }
        return code
    }

    private mutating func digits() -> Int {
        let start = offset
        while offset < bytes.count, bytes[offset] >= 48, bytes[offset] <= 57 { offset += 1 }
        return offset - start
    }

    private mutating func number() throws(JSONFailure) -> JSONValue {
        let start = offset
        let isNegative = bytes[offset] == UInt8(ascii: "-")
        if isNegative { offset += 1 }
        let first = offset
        let count = digits()
        guard count > 0, count == 1 || bytes[first] != UInt8(ascii: "0") else { throw failure(.invalidNumber) }
        var isInteger = true
        if offset < bytes.count, bytes[offset] == UInt8(ascii: ".") {
            isInteger = false
            offset += 1
            guard digits() > 0 else { throw failure(.invalidNumber) }
        }
        if offset < bytes.count, bytes[offset] | 0x20 == UInt8(ascii: "e") {
            isInteger = false
            offset += 1
            if offset < bytes.count, bytes[offset] == UInt8(ascii: "+") || bytes[offset] == UInt8(ascii: "-") {
                offset += 1
            }
            guard digits() > 0 else { throw failure(.invalidNumber) }
        }
        guard offset - start <= JSONLimits.numberBytes else { throw failure(.invalidNumber) }
        let text = String(decoding: bytes[start..<offset], as: UTF8.self)
        guard isInteger else { return .decimal(text) }
        if let value = UInt64(text) { return .unsigned(value) }
        // "-0" is the integer 0.
        if let value = Int64(text) { return value == 0 ? .unsigned(0) : .negative(value) }
        return .decimal(text)
    }
}
