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

public enum StaleReason: UInt8, NamedCode, CBORCodable {
    case withdrawal = 0
    case expiry = 1
    /// A member's subject took a part of its consent back.
    case narrowing = 2
}

/// When a set stopped being good for anything new, and why.
public struct StaleMark: CBORCodable, Codable, Hashable, Sendable {
    public let since: Timestamp
    public let reason: StaleReason

    public init(since: Timestamp, reason: StaleReason) {
        self.since = since
        self.reason = reason
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(since)
        writer.write(reason)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 2) { (reader) throws(EncodingFailure) in
            StaleMark(since: try reader.value("since"), reason: try reader.value("reason"))
        }
    }
}

/// The consents behind an INFT about people, and the meet of what they permit: what every member permits.
///
/// The meet is kept as the different policies of the members; a request is permitted if each of them permits it.
/// Members that share a policy (as those from one template do) cost nothing more.
public struct ConsentSetRecord: CBORCodable, Codable, Hashable, Sendable {
    public let id: ConsentSetID
    public let custodian: Party
    public let createdAt: Timestamp
    public let predecessor: ConsentSetID?
    public var successor: ConsentSetID?
    public var memberCount: UInt64
    /// Members that are a dataset's consent, not a person's. The others number `memberCount − aggregateCount`.
    public var aggregateCount: UInt64
    /// When the last of its members came into force; before, the set permits nothing.
    public var effectiveAt: Timestamp?
    public var policies: SortedList<ConsentPolicy>
    public var earliestExpiry: Timestamp?
    public var stale: StaleMark?
    public var revision: UInt64

    public init(
        id: ConsentSetID, custodian: Party, createdAt: Timestamp, predecessor: ConsentSetID?,
        successor: ConsentSetID?, memberCount: UInt64, aggregateCount: UInt64, effectiveAt: Timestamp?,
        policies: SortedList<ConsentPolicy>, earliestExpiry: Timestamp?, stale: StaleMark?, revision: UInt64
    ) {
        self.id = id
        self.custodian = custodian
        self.createdAt = createdAt
        self.predecessor = predecessor
        self.successor = successor
        self.memberCount = memberCount
        self.aggregateCount = aggregateCount
        self.effectiveAt = effectiveAt
        self.policies = policies
        self.earliestExpiry = earliestExpiry
        self.stale = stale
        self.revision = revision
    }

    /// True if it stands for fewer than twenty people, and for at least one: they could be told apart.
    public var concernsFew: Bool {
        let people = memberCount - min(memberCount, aggregateCount)
        return people > 0 && people < ConsentsLimits.manySubjects
    }

    /// True if a policy of it names a disease or a code, as those of datasets may.
    public var namesDiseases: Bool { policies.elements.contains { $0.provisions.contains(where: \.namesDiseases) } }

    /// Stale by a member's withdrawal or expiry, whether or not that was recorded yet.
    public func isStale(at time: Timestamp) -> Bool {
        SetFreshness(earliestExpiry: earliestExpiry, stale: stale).isStale(at: time)
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(12)
        writer.write(id)
        writer.write(custodian)
        writer.write(createdAt)
        writer.write(predecessor)
        writer.write(successor)
        writer.write(memberCount)
        writer.write(aggregateCount)
        writer.write(effectiveAt)
        writer.write(policies)
        writer.write(earliestExpiry)
        writer.write(stale)
        writer.write(revision)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 12) { (reader) throws(EncodingFailure) in
            ConsentSetRecord(
                id: try reader.value("id"), custodian: try reader.value("custodian"),
                createdAt: try reader.value("createdAt"), predecessor: try reader.optional("predecessor"),
                successor: try reader.optional("successor"), memberCount: try reader.value("memberCount"),
                aggregateCount: try reader.value("aggregateCount"), effectiveAt: try reader.optional("effectiveAt"),
                policies: try reader.sortedByBytes("policies", max: ConsentsLimits.policiesPerSet),
                earliestExpiry: try reader.optional("earliestExpiry"), stale: try reader.optional("stale"),
                revision: try reader.value("revision"))
        }
    }
}

/// What of a set's record says whether it is stale. Read by whoever asks for no decision, it passes over the policies.
struct SetFreshness: CBORDecodable {
    let earliestExpiry: Timestamp?
    let stale: StaleMark?

    init(earliestExpiry: Timestamp?, stale: StaleMark?) {
        self.earliestExpiry = earliestExpiry
        self.stale = stale
    }

    init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 12) { (reader) throws(EncodingFailure) in
            for _ in 0..<9 { try reader.skip() }
            let freshness = SetFreshness(
                earliestExpiry: try reader.optional("earliestExpiry"), stale: try reader.optional("stale"))
            try reader.skip()
            return freshness
        }
    }

    func isStale(at time: Timestamp) -> Bool {
        if let stale, time >= stale.since { return true }
        if let earliestExpiry, time >= earliestExpiry { return true }
        return false
    }
}

/// A consent's membership in a set.
public struct SetMember: CBORCodable, Codable, Hashable, Sendable {
    public let set: ConsentSetID
    public let consent: ConsentID
    /// Its position, from 0 in the order of addition.
    public let index: UInt64
    public let addedAt: Timestamp

    public init(set: ConsentSetID, consent: ConsentID, index: UInt64, addedAt: Timestamp) {
        self.set = set
        self.consent = consent
        self.index = index
        self.addedAt = addedAt
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(4)
        writer.write(set)
        writer.write(consent)
        writer.write(index)
        writer.write(addedAt)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 4) { (reader) throws(EncodingFailure) in
            SetMember(
                set: try reader.value("set"), consent: try reader.value("consent"),
                index: try reader.value("index"), addedAt: try reader.value("addedAt"))
        }
    }
}
