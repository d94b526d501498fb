public import Encoding
public import Primitives

/// What a mandate allows, to whom, how often and how long.
public struct MandateGrant: CBORCodable, Codable, Hashable, Sendable {
    /// Who may act: an account, which signs itself.
    public let delegate: Address
    /// What it may do, ascending by code, at least one.
    public let operations: [MandatedAct]
    /// How many times; nil: any number.
    public let uses: UInt64?
    /// The first moment at which it no longer holds.
    public let validUntil: Timestamp

    public init(delegate: Address, operations: [MandatedAct], uses: UInt64? = nil, validUntil: Timestamp) {
        self.delegate = delegate
        self.operations = operations
        self.uses = uses
        self.validUntil = validUntil
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(4)
        writer.write(delegate)
        writer.write(operations)
        writer.write(uses)
        writer.write(validUntil)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("grant", count: 4) { (reader) throws(EncodingFailure) in
            MandateGrant(
                delegate: try reader.value("delegate"), operations: try reader.mandatedActs("operations"),
                uses: try reader.optional("uses"), validUntil: try reader.value("validUntil"))
        }
    }
}

/// A party's leave that an account does certain acts for it. Every step is dated and every use is counted, so the
/// record answers for the past too.
public struct MandateRecord: CBORCodable, Codable, Hashable, Sendable {
    public let id: MandateID
    public let grantor: Party
    public let grant: MandateGrant
    public let grantedAt: Timestamp
    /// How many acts were done by it.
    public var used: UInt64
    public var lastUsedAt: Timestamp?
    public var revocation: Revocation?

    public init(
        id: MandateID, grantor: Party, grant: MandateGrant, grantedAt: Timestamp, used: UInt64 = 0,
        lastUsedAt: Timestamp? = nil, revocation: Revocation? = nil
    ) {
        self.id = id
        self.grantor = grantor
        self.grant = grant
        self.grantedAt = grantedAt
        self.used = used
        self.lastUsedAt = lastUsedAt
        self.revocation = revocation
    }

    /// Nil if the uses are not limited.
    public var usesLeft: UInt64? { grant.uses.map { used < $0 ? $0 - used : 0 } }

    public var isSpent: Bool { usesLeft == 0 }

    /// Whether an act might be done by it at `time`, which may be past; what happened in a block counts from its time.
    public func isInForce(at time: Timestamp) -> Bool {
        guard grantedAt <= time, time < grant.validUntil else { return false }
        if let revocation, revocation.at <= time { return false }
        if isSpent, let lastUsedAt, lastUsedAt <= time { return false }
        return true
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(7)
        writer.write(id)
        writer.write(grantor)
        writer.write(grant)
        writer.write(grantedAt)
        writer.write(used)
        writer.write(lastUsedAt)
        writer.write(revocation)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("mandate", count: 7) { (reader) throws(EncodingFailure) in
            MandateRecord(
                id: try reader.value("id"), grantor: try reader.value("grantor"), grant: try reader.value("grant"),
                grantedAt: try reader.value("grantedAt"), used: try reader.unsigned("used"),
                lastUsedAt: try reader.optional("lastUsedAt"), revocation: try reader.optional("revocation"))
        }
    }
}

/// A mandate that is neither revoked nor spent, as the list of its grantor and delegate keeps it.
public struct OpenMandate: CBORCodable, Codable, Hashable, Comparable, Sendable {
    public let mandate: MandateID
    /// Ascending by code.
    public let operations: [MandatedAct]
    public let validUntil: Timestamp

    public init(mandate: MandateID, operations: [MandatedAct], validUntil: Timestamp) {
        self.mandate = mandate
        self.operations = operations
        self.validUntil = validUntil
    }

    /// The one that ends first, then the smaller id.
    public static func < (left: OpenMandate, right: OpenMandate) -> Bool {
        left.validUntil == right.validUntil ? left.mandate < right.mandate : left.validUntil < right.validUntil
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(3)
        writer.write(mandate)
        writer.write(operations)
        writer.write(validUntil)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("open", count: 3) { (reader) throws(EncodingFailure) in
            OpenMandate(
                mandate: try reader.value("mandate"), operations: try reader.mandatedActs("operations"),
                validUntil: try reader.value("validUntil"))
        }
    }
}

/// What one party lets one account do, so that a check reads one record for each signer.
public struct OpenMandates: CBORCodable, Codable, Hashable, Sendable {
    /// Ascending: what ends first stands first.
    public let mandates: [OpenMandate]

    public init(mandates: [OpenMandate]) { self.mandates = mandates }

    public func encode(into writer: inout CBORWriter) { writer.write(mandates) }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        mandates = try reader.sortedList(
            "mandates", max: IdentityLimits.openMandates, by: { (mandate: OpenMandate) in mandate })
    }
}

extension CBORReader {
    mutating func mandatedActs(_ field: String) throws(EncodingFailure) -> [MandatedAct] {
        try sortedList(field, max: MandatedAct.allCases.count, by: { (act: MandatedAct) in act.rawValue })
    }
}
