public import Encoding
public import Primitives

/// How much of which asset. `[asset, amount]`
public struct MandateLimit: CBORCodable, Codable, Hashable, Sendable {
    public let asset: AssetID
    /// In smallest units.
    public let amount: Amount

    public init(asset: AssetID, amount: Amount) {
        self.asset = asset
        self.amount = amount
    }

    /// What is left of it; nil if `spent` is more, or of another asset.
    func less(_ spent: MandateLimit) -> MandateLimit? {
        guard asset == spent.asset else { return nil }
        return amount.subtracting(spent.amount).map { MandateLimit(asset: asset, amount: $0) }
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(asset)
        writer.write(amount)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("limit", count: 2) { (reader) throws(EncodingFailure) in
            MandateLimit(asset: try reader.value("asset"), amount: try reader.value("amount"))
        }
    }
}

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
    /// How much may be spent in all; exactly where an operation moves money.
    public let limit: MandateLimit?

    public init(
        delegate: Address, operations: [MandatedAct], uses: UInt64? = nil, validUntil: Timestamp,
        limit: MandateLimit? = nil
    ) {
        self.delegate = delegate
        self.operations = operations
        self.uses = uses
        self.validUntil = validUntil
        self.limit = limit
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(5)
        writer.write(delegate)
        writer.write(operations)
        writer.write(uses)
        writer.write(validUntil)
        writer.write(limit)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("grant", count: 5) { (reader) throws(EncodingFailure) in
            MandateGrant(
                delegate: try reader.value("delegate"), operations: try reader.mandatedActs("operations"),
                uses: try reader.optional("uses"), validUntil: try reader.value("validUntil"),
                limit: try reader.optional("limit"))
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
    /// How much was spent by it, of the asset of its limit.
    public var spent: Amount
    public var lastUsedAt: Timestamp?
    public var revocation: Revocation?

    public init(
        id: MandateID, grantor: Party, grant: MandateGrant, grantedAt: Timestamp, used: UInt64 = 0,
        spent: Amount = .zero, lastUsedAt: Timestamp? = nil, revocation: Revocation? = nil
    ) {
        self.id = id
        self.grantor = grantor
        self.grant = grant
        self.grantedAt = grantedAt
        self.used = used
        self.spent = spent
        self.lastUsedAt = lastUsedAt
        self.revocation = revocation
    }

    /// Nil if the uses are not limited.
    public var usesLeft: UInt64? { grant.uses.map { used < $0 ? $0 - used : 0 } }

    /// What may still be spent; nil where nothing moves money.
    public var limitLeft: MandateLimit? {
        grant.limit.map { MandateLimit(asset: $0.asset, amount: $0.amount.subtracting(spent) ?? .zero) }
    }

    /// Nothing more can be done by it: no use is left, or no money, where all that it allows costs some.
    public var isSpent: Bool {
        usesLeft == 0 || limitLeft?.amount == .zero && grant.operations.allSatisfy(\.movesMoney)
    }

    /// Whether an act might be done by it at `time`, which may be past; what happened in a block counts from its time.
    public func isInForce(at time: Timestamp) -> Bool {
        guard grantedAt <= time, time < grant.validUntil else { return false }
        if let revocation, revocation.at <= time { return false }
        if isSpent, let lastUsedAt, lastUsedAt <= time { return false }
        return true
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(8)
        writer.write(id)
        writer.write(grantor)
        writer.write(grant)
        writer.write(grantedAt)
        writer.write(used)
        writer.write(spent)
        writer.write(lastUsedAt)
        writer.write(revocation)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("mandate", count: 8) { (reader) throws(EncodingFailure) in
            MandateRecord(
                id: try reader.value("id"), grantor: try reader.value("grantor"), grant: try reader.value("grant"),
                grantedAt: try reader.value("grantedAt"), used: try reader.unsigned("used"),
                spent: try reader.value("spent"),
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
    /// What may still be spent.
    public let left: MandateLimit?

    public init(mandate: MandateID, operations: [MandatedAct], validUntil: Timestamp, left: MandateLimit? = nil) {
        self.mandate = mandate
        self.operations = operations
        self.validUntil = validUntil
        self.left = left
    }

    init(_ record: MandateRecord) {
        self.init(
            mandate: record.id, operations: record.grant.operations, validUntil: record.grant.validUntil,
            left: record.limitLeft)
    }

    /// Whether `act`, which spends so much, may be done by it before it ends.
    func allows(_ act: MandatedAct, _ spending: MandateLimit?) -> Bool {
        operations.contains(act) && (spending.map { left?.less($0) != nil } ?? true)
    }

    /// The one that ends first, then the smaller id.
    public static func < (left: OpenMandate, right: OpenMandate) -> Bool {
        left.validUntil == right.validUntil ? left.mandate < right.mandate : left.validUntil < right.validUntil
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(4)
        writer.write(mandate)
        writer.write(operations)
        writer.write(validUntil)
        writer.write(left)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("open", count: 4) { (reader) throws(EncodingFailure) in
            OpenMandate(
                mandate: try reader.value("mandate"), operations: try reader.mandatedActs("operations"),
                validUntil: try reader.value("validUntil"), left: try reader.optional("left"))
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
