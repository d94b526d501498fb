public import Encoding
public import Primitives

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

/// What stands about a set, but for the policies: small, so that marking it stale costs little however much it holds.
///
/// Bytes: `[id, custodian, createdAt, predecessor, successor, memberCount, aggregateCount, effectiveAt, earliestExpiry,
/// stale, revision, policyRevision]`.
public struct SetStanding: CBORCodable, Codable, Hashable, Sendable {
    public let id: ConsentSetID
    public let custodian: Party
    public let createdAt: Timestamp
    public let predecessor: ConsentSetID?
    public var successor: ConsentSetID?
    public var memberCount: UInt64
    /// Members that are a dataset's consent, not a person's. The others number `memberCount − aggregateCount`.
    public var aggregateCount: UInt64
    /// When the last of its first members came into force; before, the set permits nothing. Who joins later was in force
    /// by then, and changes nothing about the time before.
    public var effectiveAt: Timestamp?
    public var earliestExpiry: Timestamp?
    public var stale: StaleMark?
    /// Counts changes: 0 as created.
    public var revision: UInt64
    /// The revision at which last changed what answers to needs rest on: the policies, or the restrictions that members
    /// committed to. Members who add nothing to either leave it, and what was answered, as it is.
    public var policyRevision: UInt64

    public init(
        id: ConsentSetID, custodian: Party, createdAt: Timestamp, predecessor: ConsentSetID?,
        successor: ConsentSetID?, memberCount: UInt64, aggregateCount: UInt64, effectiveAt: Timestamp?,
        earliestExpiry: Timestamp?, stale: StaleMark?, revision: UInt64, policyRevision: UInt64
    ) {
        self.id = id
        self.custodian = custodian
        self.createdAt = createdAt
        self.predecessor = predecessor
        self.successor = successor
        self.memberCount = memberCount
        self.aggregateCount = aggregateCount
        self.effectiveAt = effectiveAt
        self.earliestExpiry = earliestExpiry
        self.stale = stale
        self.revision = revision
        self.policyRevision = policyRevision
    }

    /// True if it stands for fewer than twenty people, and for at least one: they could be told apart.
    public var concernsFew: Bool {
        let people = memberCount - min(memberCount, aggregateCount)
        return people > 0 && people < ConsentsLimits.manySubjects
    }

    /// Stale by a member's withdrawal or expiry, whether or not that was recorded yet.
    public func isStale(at time: Timestamp) -> Bool { staleSince(at: time) != nil }

    /// Since when, at `time`; nil while it is not.
    public func staleSince(at time: Timestamp) -> Timestamp? {
        [stale?.since, earliestExpiry].compactMap { $0 }.filter { $0 <= time }.min()
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
        writer.write(earliestExpiry)
        writer.write(stale)
        writer.write(revision)
        writer.write(policyRevision)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 12) { (reader) throws(EncodingFailure) in
            SetStanding(
                id: try reader.value("id"), custodian: try reader.value("custodian"),
                createdAt: try reader.value("createdAt"), predecessor: try reader.optional("predecessor"),
                successor: try reader.optional("successor"), memberCount: try reader.value("memberCount"),
                aggregateCount: try reader.value("aggregateCount"), effectiveAt: try reader.optional("effectiveAt"),
                earliestExpiry: try reader.optional("earliestExpiry"), stale: try reader.optional("stale"),
                revision: try reader.value("revision"), policyRevision: try reader.value("policyRevision"))
        }
    }
}

/// A policy of a set's members, and from when on the set had it. Bytes: `[policy, since]`.
public struct DatedPolicy: CBORCodable, Hashable, Sendable {
    public let policy: ConsentPolicy
    /// The time of the block in which the first consent with it joined.
    public let since: Timestamp

    public init(policy: ConsentPolicy, since: Timestamp) {
        self.policy = policy
        self.since = since
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(policy)
        writer.write(since)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("policy", count: 2) { (reader) throws(EncodingFailure) in
            DatedPolicy(policy: try reader.value("policy"), since: try reader.value("since"))
        }
    }
}

/// The different policies of a set's members, under a key of their own: read to decide, written where one is added. None
/// ever goes, so those that the set had at a time are those that it had since before.
public struct SetPolicies: CBORCodable, Hashable, Sendable {
    /// Ascending by the policies' bytes, each once.
    public let list: [DatedPolicy]

    public init(_ list: [DatedPolicy]) { self.list = list }

    public func encode(into writer: inout CBORWriter) { writer.write(list) }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        list = try reader.ascendingList("policies", max: ConsentsLimits.policiesPerSet)
    }
}

/// Until when a policy revision of a set was in force: written once another took its place. Bytes: `[until]`.
public struct SetPeriod: CBORCodable, Hashable, Sendable {
    /// The first moment at which it was not.
    public let until: Timestamp

    public init(until: Timestamp) { self.until = until }

    public func encode(into writer: inout CBORWriter) {
        writer.array(1)
        writer.write(until)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("period", count: 1) { (reader) throws(EncodingFailure) in
            SetPeriod(until: try reader.value("until"))
        }
    }
}

/// The consents behind an INFT about people, and the meet of what they permit: what every member permits.
///
/// The meet is kept as the different policies of the members; a request is permitted if each of them permits it.
/// Members that share a policy (as those from one template do) cost nothing more.
@dynamicMemberLookup
public struct ConsentSetRecord: Codable, Hashable, Sendable {
    public var standing: SetStanding
    /// Ascending by the policies' bytes.
    public private(set) var dated: [DatedPolicy]

    /// Of a set that had all of them from the beginning.
    public init(_ standing: SetStanding, policies: SortedList<ConsentPolicy>) {
        self.init(standing, dated: policies.elements.map { DatedPolicy(policy: $0, since: Timestamp(0)) })
    }

    init(_ standing: SetStanding, dated: [DatedPolicy]) {
        self.standing = standing
        self.dated = dated
    }

    public var policies: SortedList<ConsentPolicy> { SortedList(ascending: dated.map(\.policy)) }

    mutating func add(_ policy: ConsentPolicy, since: Timestamp) {
        dated.append(DatedPolicy(policy: policy, since: since))
        dated.sort { $0.policy < $1.policy }
    }

    public subscript<Value>(dynamicMember path: KeyPath<SetStanding, Value>) -> Value { standing[keyPath: path] }

    public subscript<Value>(dynamicMember path: WritableKeyPath<SetStanding, Value>) -> Value {
        get { standing[keyPath: path] }
        set { standing[keyPath: path] = newValue }
    }

    /// True if a policy of it names a disease or a code, as those of datasets may.
    public var namesDiseases: Bool { dated.contains { $0.policy.provisions.contains(where: \.namesDiseases) } }

    /// True if a policy of it permits research of diseases, and no wider one.
    public var isDiseaseSpecific: Bool {
        dated.contains { $0.policy.provisions.contains(where: \.isDiseaseSpecific) }
    }

    public func isStale(at time: Timestamp) -> Bool { standing.isStale(at: time) }

    private enum CodingKeys: String, CodingKey { case policies, policiesSince }

    /// One flat object; from when on the set had each policy stands beside them.
    public func encode(to encoder: any Encoder) throws {
        try standing.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(policies, forKey: .policies)
        try container.encode(dated.map(\.since), forKey: .policiesSince)
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let policies = try container.decode([ConsentPolicy].self, forKey: .policies)
        let since = try container.decode([Timestamp].self, forKey: .policiesSince)
        guard policies.count == since.count, zip(policies, policies.dropFirst()).allSatisfy(<) else {
            throw DecodingError.dataCorruptedError(
                forKey: .policiesSince, in: container, debugDescription: "expected a time for each policy, ascending")
        }
        self.init(
            try SetStanding(from: decoder),
            dated: zip(policies, since).map { DatedPolicy(policy: $0, since: $1) })
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
