extension JSONValue {
    /// Compact JSON text: no white space, members in their order, only what must be escaped escaped.
    public var serialized: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(512)
        serialize(into: &bytes)
        return bytes
    }

    public var text: String { String(decoding: serialized, as: UTF8.self) }

    public func serialize(into bytes: inout [UInt8]) {
        switch self {
        case .null: bytes.append(contentsOf: "null".utf8)
        case .boolean(let value): bytes.append(contentsOf: (value ? "true" : "false").utf8)
        case .unsigned(let value): Self.serialize(value, into: &bytes)
        case .negative(let value): bytes.append(contentsOf: String(value).utf8)
        case .decimal(let text): bytes.append(contentsOf: text.utf8)
        case .string(let text): Self.serialize(text, into: &bytes)
        case .array(let elements):
            bytes.append(UInt8(ascii: "["))
            var isFirst = true
            for element in elements {
                if !isFirst { bytes.append(UInt8(ascii: ",")) }
                isFirst = false
                element.serialize(into: &bytes)
            }
            bytes.append(UInt8(ascii: "]"))
        case .object(let object):
            bytes.append(UInt8(ascii: "{"))
            var isFirst = true
            for member in object.members {
                if !isFirst { bytes.append(UInt8(ascii: ",")) }
                isFirst = false
                Self.serialize(member.key, into: &bytes)
                bytes.append(UInt8(ascii: ":"))
                member.value.serialize(into: &bytes)
            }
            bytes.append(UInt8(ascii: "}"))
        }
    }

    static func serialize(_ value: UInt64, into bytes: inout [UInt8]) {
        if value < 10 {
            bytes.append(48 + UInt8(truncatingIfNeeded: value))
            return
        }
        var power: UInt64 = 10
        // 10^19 is the largest power below 2^64.
        while power < 10_000_000_000_000_000_000, value / power >= 10 { power *= 10 }
        var rest = value
        while power > 0 {
            bytes.append(48 + UInt8(truncatingIfNeeded: rest / power))
            rest %= power
            power /= 10
        }
    }

    static func serialize(_ text: String, into bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        let isWritten: Void? = unsafe text.utf8.withContiguousStorageIfAvailable { unsafe append($0, to: &bytes) }
        if isWritten == nil { for byte in text.utf8 { escape(byte, into: &bytes) } }
        bytes.append(UInt8(ascii: "\""))
    }

    private static func append(_ utf8: UnsafeBufferPointer<UInt8>, to bytes: inout [UInt8]) {
        var isPlain = true
        for index in 0..<utf8.count {
            let byte = unsafe utf8[index]
            if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
                isPlain = false
                break
            }
        }
        if isPlain {
            unsafe bytes.append(contentsOf: utf8)
        } else {
            for index in 0..<utf8.count { escape(unsafe utf8[index], into: &bytes) }
        }
    }

    private static func escape(_ byte: UInt8, into bytes: inout [UInt8]) {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes.append(contentsOf: [UInt8(ascii: "\\"), byte])
        case 0x0a: bytes.append(contentsOf: "\\n".utf8)
        case 0x0d: bytes.append(contentsOf: "\\r".utf8)
        case 0x09: bytes.append(contentsOf: "\\t".utf8)
        case 0..<0x20:
            let digits = Array("0123456789abcdef".utf8)
            bytes.append(contentsOf: "\\u00".utf8)
            bytes.append(digits[Int(byte >> 4)])
            bytes.append(digits[Int(byte & 15)])
        default: bytes.append(byte)
        }
    }
}
