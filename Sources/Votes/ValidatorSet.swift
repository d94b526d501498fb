internal import Cryptography
public import Encoding
public import Primitives

/// Who votes. Bytes: `[key, institution]`.
public struct Validator: CBORCodable, Codable, Hashable, Sendable {
    /// Signs votes and nothing else.
    public let key: Address
    /// The enrolled institution that runs it.
    public let institution: Party

    public init(key: Address, institution: Party) {
        self.key = key
        self.institution = institution
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(key)
        writer.write(institution)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("validator", count: 2) { (reader) throws(EncodingFailure) in
            Validator(key: try reader.value("key"), institution: try reader.value("institution"))
        }
    }
}

/// The validators of an epoch; a validator's index is its position here. Bytes: `[validator…]`.
public struct ValidatorSet: CBORCodable, Codable, Hashable, Sendable {
    public let validators: [Validator]
    /// What headers commit to: the tagged hash of the bytes.
    public let hash: Hash

    /// Nil unless there are 1 to ``WireLimits/validators`` validators with distinct keys.
    public init?(_ validators: [Validator]) {
        guard !validators.isEmpty, validators.count <= WireLimits.validators else { return nil }
        guard Set(validators.map(\.key)).count == validators.count else { return nil }
        self.validators = validators
        var writer = CBORWriter(reserving: 80 * validators.count)
        writer.write(validators)
        hash = HashTag.validatorSet.hash(writer.bytes)
    }

    public var count: Int { validators.count }

    /// Nil if there is no such validator.
    public subscript(index: Int) -> Validator? {
        index >= 0 && index < validators.count ? validators[index] : nil
    }

    public func index(of key: Address) -> Int? { validators.firstIndex { $0.key == key } }

    /// How many may be arbitrarily wrong: f = ⌊(n − 1) / 3⌋.
    public var faulty: Int { (count - 1) / 3 }

    /// How many votes make a certificate: n − f. Any two quorums share an honest validator, since 2(n − f) − n > f.
    public var quorum: Int { count - faulty }

    /// Index of the validator that may propose in `view`: round robin, one view each.
    public func leader(of view: View) -> Int { Int(view.value % UInt64(count)) }

    public func encode(into writer: inout CBORWriter) { writer.write(validators) }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        guard let set = ValidatorSet(try reader.list("validators", max: WireLimits.validators)) else {
            throw reader.failure(.outOfRange, "validators")
        }
        self = set
    }
}

extension ValidatorSet {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let set = ValidatorSet(try container.decode([Validator].self)) else {
            throw DecodingError.dataCorruptedError(
                in: container,
                debugDescription: "expected 1 to \(WireLimits.validators) validators with distinct keys")
        }
        self = set
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(validators)
    }
}
