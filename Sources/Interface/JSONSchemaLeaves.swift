public import Primitives

/// A type whose JSON Schema can't be found by probing, because its text form is checked.
public protocol JSONSchemaDescribed {
    static var jsonSchema: JSONValue { get }
    /// Any value, for examples.
    static var jsonSample: Self { get }
}

/// A union that names its variant in `"type"`: the operations of a domain.
public protocol JSONUnionDescribed {
    /// Every value of `"type"`.
    static var names: [String] { get }
}

/// A type that reads a text of its own kind under some key; what to offer there, every choice, a valid one first.
public protocol JSONSampleTexts {
    static var sampleTexts: [String: [String]] { get }
}

private let sampleBytes = Bytes32(filledBy: { UInt8($0) })
private let bech32Characters = "[qpzry9x8gf2tvdw0s3jn54khce6mua7l]"

private func typedText(_ kind: String, _ description: String) -> JSONValue {
    .object([
        "type": "string", "pattern": .string("^t?mnx\(kind)1\(bech32Characters){58,}$"),
        "description": .string(description),
    ])
}

extension Address: JSONSchemaDescribed {
    public static var jsonSchema: JSONValue { typedText("", "An account's address, bech32m.") }
    public static var jsonSample: Address { Address(sampleBytes) }
}

extension Identifier: JSONSchemaDescribed {
    public static var jsonSchema: JSONValue { typedText(Kind.name, "An id of kind \(Kind.name), bech32m.") }
    public static var jsonSample: Identifier { Identifier(sampleBytes) }
}

extension Party: JSONSchemaDescribed {
    public static var jsonSchema: JSONValue {
        typedText("(org)?", "An account's address or an organization's id, bech32m.")
    }
    public static var jsonSample: Party { .account(Address(sampleBytes)) }
}

extension Reference: JSONSchemaDescribed {
    public static var jsonSchema: JSONValue {
        .object([
            "type": "string", "pattern": .string("^(#[0-9]{1,5}|t?mnx\(Kind.name)1\(bech32Characters){58,})$"),
            "description": .string("An id of kind \(Kind.name), or #INDEX of an earlier operation that makes it."),
        ])
    }
    public static var jsonSample: Reference { .id(Identifier(sampleBytes)) }
}

extension Hash: JSONSchemaDescribed {
    public static var jsonSchema: JSONValue {
        .object(["type": "string", "pattern": "^[0-9a-f]{64}$", "description": "A digest, lower-case hexadecimal."])
    }
    public static var jsonSample: Hash { Hash(sampleBytes) }
}

extension ByteString: JSONSchemaDescribed {
    public static var jsonSchema: JSONValue {
        .object(["type": "string", "pattern": "^([0-9a-f]{2})*$", "description": "Bytes, lower-case hexadecimal."])
    }
    public static var jsonSample: ByteString { ByteString([1, 2, 3]) }
}

extension TransportKey: JSONSchemaDescribed {
    public static var jsonSchema: JSONValue {
        .object([
            "type": "string", "pattern": "^0[23][0-9a-f]{64}$",
            "description": "A node's transport key, a compressed point of secp256k1, hexadecimal.",
        ])
    }
    public static var jsonSample: TransportKey {
        guard let key = TransportKey([2] + sampleBytes.array) else { preconditionFailure("33 bytes, the first 2") }
        return key
    }
}

extension Release: JSONSchemaDescribed {
    public static var jsonSchema: JSONValue {
        .object([
            "type": "string", "pattern": "^(0|[1-9][0-9]{0,4})(\\.(0|[1-9][0-9]{0,4})){2}$",
            "description": "A release of the program, such as 1.2.0.",
        ])
    }
    public static var jsonSample: Release { Release(1, 2, 0) }
}

extension Amount: JSONSchemaDescribed {
    public static var jsonSchema: JSONValue {
        .object([
            "type": "string", "pattern": "^(0|[1-9][0-9]{0,19})$",
            "description": "A count of the asset's smallest units, decimal.",
        ])
    }
    public static var jsonSample: Amount { Amount(25_000) }
}

extension Height: JSONSchemaDescribed {
    public static var jsonSchema: JSONValue {
        .object(["type": "integer", "minimum": 0, "description": "A block's height; genesis is 0."])
    }
    public static var jsonSample: Height { Height(7) }
}

extension Timestamp: JSONSchemaDescribed {
    public static var jsonSchema: JSONValue {
        .object([
            "type": "integer", "minimum": 0, "maximum": .unsigned(Timestamp.maximum.milliseconds),
            "description": "Unix time in milliseconds.",
        ])
    }
    public static var jsonSample: Timestamp { Timestamp(1_767_225_600_000) }
}

extension PartsPerMillion: JSONSchemaDescribed {
    public static var jsonSchema: JSONValue {
        .object(["type": "integer", "minimum": 0, "maximum": 1_000_000, "description": "Millionths of a whole."])
    }
    public static var jsonSample: PartsPerMillion { .whole }
}

extension JSONValue: JSONSchemaDescribed {
    public static var jsonSchema: JSONValue { .boolean(true) }
    public static var jsonSample: JSONValue { .object([:]) }
}
