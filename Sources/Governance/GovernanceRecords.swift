public import Encoding
public import Primitives
public import Votes

/// What all validators must agree on beyond the rules themselves.
///
/// Bytes: `[epochLength, deltaMilliseconds, heartbeatMilliseconds, blockWeight, clockSkewMilliseconds]`.
public struct LedgerParameters: CBORCodable, Codable, Hashable, Sendable {
    /// Heights with one validator set.
    public let epochLength: UInt64
    /// Δ, the bound on a message's delay that consensus counts with.
    public let deltaMilliseconds: UInt64
    /// After how long without a block an empty one is made.
    public let heartbeatMilliseconds: UInt64
    /// W: what a block's transactions may weigh together (Specs/transactions.md).
    public let blockWeight: UInt64
    /// How far block time may be ahead of a validator's clock for its vote.
    public let clockSkewMilliseconds: UInt64

    public init(
        epochLength: UInt64, deltaMilliseconds: UInt64, heartbeatMilliseconds: UInt64, blockWeight: UInt64,
        clockSkewMilliseconds: UInt64
    ) {
        self.epochLength = epochLength
        self.deltaMilliseconds = deltaMilliseconds
        self.heartbeatMilliseconds = heartbeatMilliseconds
        self.blockWeight = blockWeight
        self.clockSkewMilliseconds = clockSkewMilliseconds
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(5)
        writer.write(epochLength)
        writer.write(deltaMilliseconds)
        writer.write(heartbeatMilliseconds)
        writer.write(blockWeight)
        writer.write(clockSkewMilliseconds)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("parameters", count: 5) { (reader) throws(EncodingFailure) in
            LedgerParameters(
                epochLength: try reader.unsigned("epochLength"),
                deltaMilliseconds: try reader.unsigned("deltaMilliseconds"),
                heartbeatMilliseconds: try reader.unsigned("heartbeatMilliseconds"),
                blockWeight: try reader.unsigned("blockWeight"),
                clockSkewMilliseconds: try reader.unsigned("clockSkewMilliseconds"))
        }
    }
}

/// A validator as the ledger knows it. Bytes: `[name, institution, key, transportKey / null, enrolledAt]`.
public struct ValidatorRecord: CBORCodable, Codable, Hashable, Sendable {
    /// For people: a short name of the institution's node.
    public let name: String
    /// The enrolled institution that runs it; one validator each.
    public let institution: Party
    /// Signs votes.
    public let key: Address
    /// Compressed static key of its transport; null where it has none yet.
    public let transportKey: ByteString?
    public let enrolledAt: Timestamp

    public init(name: String, institution: Party, key: Address, transportKey: ByteString?, enrolledAt: Timestamp) {
        self.name = name
        self.institution = institution
        self.key = key
        self.transportKey = transportKey
        self.enrolledAt = enrolledAt
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(5)
        writer.write(name)
        writer.write(institution)
        writer.write(key)
        if let transportKey { writer.write(bytes: transportKey.bytes) } else { writer.writeNull() }
        writer.write(enrolledAt)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("validator", count: 5) { (reader) throws(EncodingFailure) in
            ValidatorRecord(
                name: try reader.text("name", max: GovernanceLimits.nameBytes),
                institution: try reader.value("institution"), key: try reader.value("key"),
                transportKey: reader.null() ? nil : ByteString(try reader.byteString("transportKey", count: 33)),
                enrolledAt: try reader.value("enrolledAt"))
        }
    }
}

/// The validators of the current epoch, in the order of their indexes. Bytes: `[validator…]`.
public struct ValidatorsRecord: CBORCodable, Codable, Hashable, Sendable {
    public let validators: [ValidatorRecord]

    public init(_ validators: [ValidatorRecord]) { self.validators = validators }

    public func encode(into writer: inout CBORWriter) { writer.write(validators) }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self.init(try reader.list("validators", max: WireLimits.validators))
    }

    /// What certificates are checked against; nil if the list is not a set.
    public var set: ValidatorSet? {
        ValidatorSet(validators.map { Validator(key: $0.key, institution: $0.institution) })
    }
}

/// A domain's emergency pause. Bytes: `[since, until]`.
public struct DomainControl: CBORCodable, Codable, Hashable, Sendable {
    public let since: Timestamp
    /// It ends by itself.
    public let until: Timestamp

    public init(since: Timestamp, until: Timestamp) {
        self.since = since
        self.until = until
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(since)
        writer.write(until)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("domainControl", count: 2) { (reader) throws(EncodingFailure) in
            DomainControl(since: try reader.value("since"), until: try reader.value("until"))
        }
    }
}
