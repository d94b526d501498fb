public import Primitives

/// Writes deterministic CBOR (RFC 8949 §4.2.1) of the subset that MedNexus uses: unsigned and negative integers, byte
/// strings, text, arrays, booleans and null. Records are arrays, so no map is ever written.
public struct CBORWriter: Sendable {
    public private(set) var bytes: [UInt8]

    @inlinable public init() { self.init(reserving: 256) }

    public init(reserving capacity: Int) {
        bytes = []
        bytes.reserveCapacity(capacity)
    }

    public mutating func head(_ major: UInt8, _ value: UInt64) {
        let type = major << 5
        switch value {
        case 0..<24:
            bytes.append(type | UInt8(value))
        case 24...0xff:
            bytes.append(type | 24)
            bytes.append(UInt8(value))
        case 0x100...0xffff:
            bytes.append(type | 25)
            bytes.append(UInt8(truncatingIfNeeded: value >> 8))
            bytes.append(UInt8(truncatingIfNeeded: value))
        case 0x1_0000...0xffff_ffff:
            bytes.append(type | 26)
            for shift in stride(from: 24, through: 0, by: -8) {
                bytes.append(UInt8(truncatingIfNeeded: value >> shift))
            }
        default:
            bytes.append(type | 27)
            for shift in stride(from: 56, through: 0, by: -8) {
                bytes.append(UInt8(truncatingIfNeeded: value >> shift))
            }
        }
    }

    public mutating func write(_ value: UInt64) { head(0, value) }
    public mutating func write(_ value: Int) { write(UInt64(value)) }
    public mutating func write(_ value: Bool) { bytes.append(value ? 0xf5 : 0xf4) }
    public mutating func writeNull() { bytes.append(0xf6) }

    public mutating func write(bytes value: [UInt8]) {
        head(2, UInt64(value.count))
        bytes.append(contentsOf: value)
    }

    public mutating func write(bytes value: ArraySlice<UInt8>) {
        head(2, UInt64(value.count))
        bytes.append(contentsOf: value)
    }

    public mutating func write(_ value: Bytes32) {
        bytes.append(0x58)
        bytes.append(32)
        value.append(to: &bytes)
    }

    public mutating func write(_ text: String) {
        let utf8 = text.utf8
        head(3, UInt64(utf8.count))
        bytes.append(contentsOf: utf8)
    }

    /// The head of an array; exactly `count` values must follow.
    public mutating func array(_ count: Int) { head(4, UInt64(count)) }

    @inlinable public mutating func write(_ value: some CBOREncodable) { value.encode(into: &self) }

    @inlinable public mutating func write<Value: CBOREncodable>(_ value: Value?) {
        if let value { value.encode(into: &self) } else { writeNull() }
    }

    @inlinable public mutating func write<Value: CBOREncodable>(_ values: [Value]) {
        array(values.count)
        for value in values { value.encode(into: &self) }
    }

    /// The bytes so far, in an array of their size; the writer begins anew and keeps its memory.
    public mutating func take() -> [UInt8] {
        let taken = unsafe bytes.withUnsafeBufferPointer { unsafe Array($0) }
        bytes.removeAll(keepingCapacity: true)
        return taken
    }

    /// Appends a value that is encoded already.
    public mutating func write(encoded value: [UInt8]) { bytes.append(contentsOf: value) }
    /// The same of a part of other bytes.
    public mutating func write(encoded value: ArraySlice<UInt8>) { bytes.append(contentsOf: value) }
}

public protocol CBOREncodable {
    func encode(into writer: inout CBORWriter)
}

extension CBOREncodable {
    /// The canonical bytes.
    @inlinable public var encoded: [UInt8] {
        var writer = CBORWriter()
        encode(into: &writer)
        return writer.bytes
    }
}
