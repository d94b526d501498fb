public import Encoding
public import Primitives

/// A salted commitment to a restriction that would itself be health data; opened off the ledger to the custodian.
public struct CommittedRestriction: CBORCodable, Codable, Hashable, Sendable {
    public let kind: RestrictionKind
    public let commitment: Hash

    public init(kind: RestrictionKind, commitment: Hash) {
        self.kind = kind
        self.commitment = commitment
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(kind)
        writer.write(commitment)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 2) { (reader) throws(EncodingFailure) in
            CommittedRestriction(kind: try reader.value("kind"), commitment: try reader.value("commitment"))
        }
    }
}

public enum ConsentStatus: UInt8, NamedCode {
    /// Given by the subject, not yet countersigned.
    case proposed = 0
    case active = 1
    case expired = 2
    case withdrawn = 3
}

/// That the subject asked for erasure, and what came of it. Bytes: `[requestedAt, erasedAt, receipt]`.
public struct ErasureMark: CBORCodable, Codable, Hashable, Sendable {
    public let requestedAt: Timestamp
    /// When the key's destruction was signed.
    public var erasedAt: Timestamp?
    /// The first erasure receipt that answers it.
    public var receipt: ErasureID?

    public init(requestedAt: Timestamp, erasedAt: Timestamp? = nil, receipt: ErasureID? = nil) {
        self.requestedAt = requestedAt
        self.erasedAt = erasedAt
        self.receipt = receipt
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(3)
        writer.write(requestedAt)
        writer.write(erasedAt)
        writer.write(receipt)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("erasure", count: 3) { (reader) throws(EncodingFailure) in
            ErasureMark(
                requestedAt: try reader.value("requestedAt"), erasedAt: try reader.optional("erasedAt"),
                receipt: try reader.optional("receipt"))
        }
    }
}

/// A consent. Its times answer questions about the past: nothing in it is ever forgotten or rewritten.
public struct ConsentRecord: CBORCodable, Codable, Hashable, Sendable {
    public let id: ConsentID
    public let scope: ConsentScope
    /// A pseudonymous account; of an aggregate the party that controls the data.
    public let subject: Party
    /// Whose signature gave it: the subject's, or a guardian's.
    public let grantedBy: Address
    /// Who keeps the data, and answers for the restrictions that are only committed to.
    public let custodian: Party
    /// As it is now; what it was before each narrowing is kept under keys of its own (``EarlierPolicy``).
    public var policy: ConsentPolicy
    public let commitments: [CommittedRestriction]
    public let grantedAt: Timestamp
    /// The custodian's countersignature; in force from then on.
    public var effectiveAt: Timestamp?
    /// No longer in force from here on.
    public var expiresAt: Timestamp?
    public var withdrawnAt: Timestamp?
    /// Counts changes: 0 as granted.
    public var revision: UInt64
    /// The sets it is a member of, ascending.
    public var sets: SortedList<ConsentSetID>
    /// How often it was narrowed.
    public var narrowings: UInt64
    /// Since when the policy is as it is: granted, or narrowed last.
    public var policySince: Timestamp
    /// True once its expiry was told.
    public var isExpiryTold: Bool
    public var erasure: ErasureMark?

    public init(
        id: ConsentID, scope: ConsentScope, subject: Party, grantedBy: Address, custodian: Party,
        policy: ConsentPolicy, commitments: [CommittedRestriction], grantedAt: Timestamp, effectiveAt: Timestamp?,
        expiresAt: Timestamp?, withdrawnAt: Timestamp?, revision: UInt64, sets: SortedList<ConsentSetID>,
        narrowings: UInt64 = 0,
        policySince: Timestamp? = nil, isExpiryTold: Bool = false, erasure: ErasureMark? = nil
    ) {
        self.id = id
        self.scope = scope
        self.subject = subject
        self.grantedBy = grantedBy
        self.custodian = custodian
        self.policy = policy
        self.commitments = commitments
        self.grantedAt = grantedAt
        self.effectiveAt = effectiveAt
        self.expiresAt = expiresAt
        self.withdrawnAt = withdrawnAt
        self.revision = revision
        self.sets = sets
        self.narrowings = narrowings
        self.policySince = policySince ?? grantedAt
        self.isExpiryTold = isExpiryTold
        self.erasure = erasure
    }

    /// What it was, or is, at `time`.
    public func status(at time: Timestamp) -> ConsentStatus {
        if let withdrawnAt, time >= withdrawnAt { return .withdrawn }
        if let expiresAt, time >= expiresAt { return .expired }
        guard let effectiveAt, time >= effectiveAt else { return .proposed }
        return .active
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(17)
        writer.write(id)
        writer.write(scope)
        writer.write(subject)
        writer.write(grantedBy)
        writer.write(custodian)
        writer.write(policy)
        writer.write(commitments)
        writer.write(grantedAt)
        writer.write(effectiveAt)
        writer.write(expiresAt)
        writer.write(withdrawnAt)
        writer.write(revision)
        writer.write(sets)
        writer.write(narrowings)
        writer.write(policySince)
        writer.write(isExpiryTold)
        writer.write(erasure)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 17) { (reader) throws(EncodingFailure) in
            ConsentRecord(
                id: try reader.value("id"), scope: try reader.value("scope"), subject: try reader.value("subject"),
                grantedBy: try reader.value("grantedBy"), custodian: try reader.value("custodian"),
                policy: try reader.value("policy"),
                commitments: try reader.list("commitments", max: ConsentsLimits.commitmentsPerConsent),
                grantedAt: try reader.value("grantedAt"), effectiveAt: try reader.optional("effectiveAt"),
                expiresAt: try reader.optional("expiresAt"), withdrawnAt: try reader.optional("withdrawnAt"),
                revision: try reader.value("revision"),
                sets: try reader.sorted("sets", max: ConsentsLimits.setsPerConsent),
                narrowings: try reader.unsigned("narrowings", max: ConsentsLimits.narrowingsPerConsent),
                policySince: try reader.value("policySince"), isExpiryTold: try reader.boolean("isExpiryTold"),
                erasure: try reader.optional("erasure"))
        }
    }
}
