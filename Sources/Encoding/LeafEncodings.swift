public import Primitives

extension UInt64: CBORCodable {
    @inlinable public func encode(into writer: inout CBORWriter) { writer.write(self) }
    @inlinable public init(from reader: inout CBORReader) throws(EncodingFailure) { self = try reader.unsigned() }
}

extension Bytes32: CBORCodable {
    @inlinable public func encode(into writer: inout CBORWriter) { writer.write(self) }
    @inlinable public init(from reader: inout CBORReader) throws(EncodingFailure) { self = try reader.bytes32() }
}

extension Hash: CBORCodable {
    @inlinable public func encode(into writer: inout CBORWriter) { writer.write(bytes) }
    @inlinable public init(from reader: inout CBORReader) throws(EncodingFailure) { self.init(try reader.bytes32()) }
}

extension Address: CBORCodable {
    @inlinable public func encode(into writer: inout CBORWriter) { writer.write(bytes) }
    @inlinable public init(from reader: inout CBORReader) throws(EncodingFailure) { self.init(try reader.bytes32()) }
}

extension Identifier: CBORCodable {
    @inlinable public func encode(into writer: inout CBORWriter) { writer.write(bytes) }
    @inlinable public init(from reader: inout CBORReader) throws(EncodingFailure) { self.init(try reader.bytes32()) }
}

extension Amount: CBORCodable {
    @inlinable public func encode(into writer: inout CBORWriter) { writer.write(units) }
    @inlinable public init(from reader: inout CBORReader) throws(EncodingFailure) { self.init(try reader.unsigned()) }
}

extension Height: CBORCodable {
    @inlinable public func encode(into writer: inout CBORWriter) { writer.write(value) }
    /// Bounded, so that the height after it exists and fits every counter.
    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self.init(try reader.unsigned(max: Height.maximum.value))
    }
}

extension Timestamp: CBORCodable {
    @inlinable public func encode(into writer: inout CBORWriter) { writer.write(milliseconds) }
    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self.init(try reader.unsigned(max: Timestamp.maximum.milliseconds))
    }
}

extension PartsPerMillion: CBORCodable {
    public func encode(into writer: inout CBORWriter) { writer.write(UInt64(parts)) }
    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        guard let value = PartsPerMillion(try reader.unsigned(max: 1_000_000)) else {
            throw reader.failure(.outOfRange)
        }
        self = value
    }
}

/// `[0, address] / [1, organization]`
extension Party: CBORCodable {
    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        switch self {
        case .account(let address):
            writer.write(UInt64(0))
            writer.write(address)
        case .organization(let id):
            writer.write(UInt64(1))
            writer.write(id)
        }
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 2) { (reader) throws(EncodingFailure) in
            switch try reader.unsigned() {
            case 0: .account(Address(try reader.bytes32()))
            case 1: .organization(OrganizationID(try reader.bytes32()))
            default: throw reader.failure(.unknownCase)
            }
        }
    }
}

/// A byte string is an id, an unsigned integer an earlier operation.
extension Reference: CBORCodable {
    public func encode(into writer: inout CBORWriter) {
        switch self {
        case .id(let id): writer.write(id)
        case .operation(let index): writer.write(UInt64(index))
        }
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = reader.nextMajorType == 0 ? .operation(try reader.integer()) : .id(Identifier(try reader.bytes32()))
    }
}

extension CBOREncodable where Self: RawRepresentable, RawValue == UInt8 {
    @inlinable public func encode(into writer: inout CBORWriter) { writer.write(UInt64(rawValue)) }
}

extension CBORDecodable where Self: RawRepresentable, RawValue == UInt8 {
    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        guard let value = Self(rawValue: try reader.integer()) else { throw reader.failure(.unknownCase) }
        self = value
    }
}

extension TransportKey: CBORCodable {
    public func encode(into writer: inout CBORWriter) { writer.write(bytes: bytes) }
    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        guard let key = TransportKey(try reader.byteString(count: TransportKey.byteCount)) else {
            throw reader.failure(.outOfRange, "transportKey")
        }
        self = key
    }
}
