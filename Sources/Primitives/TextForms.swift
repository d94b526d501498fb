/// How leaf values read and write themselves as text (JSON at the RPC edge, files of the wallet). Never hashed or signed.
extension CodingUserInfoKey {
    /// The ``NetworkKind`` whose prefix typed texts must carry. Absent: written for the main network, read for either.
    public static let networkKind = CodingUserInfoKey(rawValue: "mednexus.networkKind")!  // fails for no text
}

private func networkKind(in userInfo: [CodingUserInfoKey: Any]) -> NetworkKind? {
    userInfo[.networkKind] as? NetworkKind
}

extension Decoder {
    /// The string here, turned into a value by `parse`; otherwise a data-corrupted error that says what was expected.
    package func text<Value>(_ expected: String, _ parse: (String) -> Value?) throws -> Value {
        let container = try singleValueContainer()
        let text = try container.decode(String.self)
        guard let value = parse(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "expected \(expected)")
        }
        return value
    }
}

extension Encoder {
    package func write(_ text: String) throws {
        var container = singleValueContainer()
        try container.encode(text)
    }
}

extension Hash: Codable {
    public init(from decoder: any Decoder) throws {
        self = try decoder.text("64 lower-case hexadecimal digits") {
            Hexadecimal.decode($0).flatMap { Bytes32($0) }.map { Hash($0) }
        }
    }

    public func encode(to encoder: any Encoder) throws { try encoder.write(description) }
}

extension Address: Codable {
    public init(from decoder: any Decoder) throws {
        let network = networkKind(in: decoder.userInfo)
        self = try decoder.text("an address (\((network ?? .main).prefix)1…)") {
            TypedText.decode($0, kind: "", network: network).map { Address($0) }
        }
    }

    public func encode(to encoder: any Encoder) throws {
        try encoder.write(TypedText.encode(bytes, kind: "", network: networkKind(in: encoder.userInfo) ?? .main))
    }
}

extension Identifier: Codable {
    public init(from decoder: any Decoder) throws {
        let network = networkKind(in: decoder.userInfo)
        self = try decoder.text("an id (\((network ?? .main).prefix)\(Kind.name)1…)") {
            TypedText.decode($0, kind: Kind.name, network: network).map { Self($0) }
        }
    }

    public func encode(to encoder: any Encoder) throws {
        let network = networkKind(in: encoder.userInfo) ?? .main
        try encoder.write(TypedText.encode(bytes, kind: Kind.name, network: network))
    }
}

extension Party: Codable {
    public init(from decoder: any Decoder) throws {
        let network = networkKind(in: decoder.userInfo)
        let prefix = (network ?? .main).prefix
        self = try decoder.text("an address (\(prefix)1…) or an organization (\(prefix)org1…)") {
            Party(text: $0, network: network)
        }
    }

    /// Nil unless `text` is an address or an organization's id.
    public init?(text: String, network: NetworkKind?) {
        if let bytes = TypedText.decode(text, kind: "", network: network) {
            self = .account(Address(bytes))
        } else if let bytes = TypedText.decode(text, kind: OrganizationKind.name, network: network) {
            self = .organization(OrganizationID(bytes))
        } else {
            return nil
        }
    }

    public func encode(to encoder: any Encoder) throws {
        switch self {
        case .account(let address): try address.encode(to: encoder)
        case .organization(let id): try id.encode(to: encoder)
        }
    }
}

/// An id as its text, an earlier operation as `#` and its index.
extension Reference: Codable {
    public init(from decoder: any Decoder) throws {
        let network = networkKind(in: decoder.userInfo)
        self = try decoder.text("an id (\((network ?? .main).prefix)\(Kind.name)1…) or #INDEX of an earlier operation")
        {
            if $0.hasPrefix("#") { return UInt16($0.dropFirst()).map { .operation($0) } }
            return TypedText.decode($0, kind: Kind.name, network: network).map { .id(Identifier($0)) }
        }
    }

    public func encode(to encoder: any Encoder) throws {
        switch self {
        case .id(let id): try id.encode(to: encoder)
        case .operation(let index): try encoder.write("#\(index)")
        }
    }
}

extension Amount: Codable {
    public init(from decoder: any Decoder) throws {
        self = try decoder.text("an amount: a decimal string of smallest units") {
            guard !$0.isEmpty, $0.utf8.allSatisfy({ $0 >= 48 && $0 <= 57 }), $0 == "0" || !$0.hasPrefix("0") else {
                return nil
            }
            return UInt64($0).map { Amount($0) }
        }
    }

    public func encode(to encoder: any Encoder) throws { try encoder.write(description) }
}

extension PartsPerMillion: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let value = PartsPerMillion(try container.decode(UInt64.self)) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "expected 0 to 1000000 (millionths)")
        }
        self = value
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(parts)
    }
}

extension Height: Codable {
    public init(from decoder: any Decoder) throws {
        self.init(try decoder.singleValueContainer().decode(UInt64.self))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(value)
    }
}

extension Timestamp: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let milliseconds = try container.decode(UInt64.self)
        guard milliseconds <= Timestamp.maximum.milliseconds else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "expected Unix milliseconds before year 10000")
        }
        self.init(milliseconds)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(milliseconds)
    }
}

/// Bytes of any length, written as lower-case hexadecimal.
public struct ByteString: Hashable, Sendable, Codable {
    public let bytes: [UInt8]

    @inlinable public init(_ bytes: [UInt8]) { self.bytes = bytes }

    public init(from decoder: any Decoder) throws {
        self = try decoder.text("lower-case hexadecimal") { Hexadecimal.decode($0).map { ByteString($0) } }
    }

    public func encode(to encoder: any Encoder) throws { try encoder.write(Hexadecimal.encode(bytes)) }
}
