public import Encoding
public import Primitives

/// What governance starts from. Bytes: `[parameters, [validator…]]`.
public struct GovernanceGenesis: CBORCodable, Codable, Hashable, Sendable {
    public let parameters: LedgerParameters
    public let validators: [GenesisValidator]

    public init(parameters: LedgerParameters, validators: [GenesisValidator]) {
        self.parameters = parameters
        self.validators = validators
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(parameters)
        writer.write(validators)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("governanceGenesis", count: 2) { (reader) throws(EncodingFailure) in
            GovernanceGenesis(
                parameters: try reader.value("parameters"),
                validators: try reader.list("validators", max: WireLimits.validators))
        }
    }
}

/// A founding validator. Bytes: `[name, institution, key, transportKey / null]`.
public struct GenesisValidator: CBORCodable, Codable, Hashable, Sendable {
    public let name: String
    public let institution: Party
    public let key: Address
    public let transportKey: ByteString?

    public init(name: String, institution: Party, key: Address, transportKey: ByteString? = nil) {
        self.name = name
        self.institution = institution
        self.key = key
        self.transportKey = transportKey
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(4)
        writer.write(name)
        writer.write(institution)
        writer.write(key)
        if let transportKey { writer.write(bytes: transportKey.bytes) } else { writer.writeNull() }
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("validator", count: 4) { (reader) throws(EncodingFailure) in
            GenesisValidator(
                name: try reader.text("name", max: GovernanceLimits.nameBytes),
                institution: try reader.value("institution"), key: try reader.value("key"),
                transportKey: reader.null() ? nil : ByteString(try reader.byteString("transportKey", count: 33)))
        }
    }
}
