public import Encoding
internal import Identities
public import Primitives
public import StateModel

/// A policy that a consent had before it was narrowed. Bytes: `[consent, number, policy, expiresAt, from, until]`.
public struct EarlierPolicy: CBORCodable, Codable, Hashable, Sendable {
    public let consent: ConsentID
    /// From 0 in the order of time.
    public let number: UInt64
    public let policy: ConsentPolicy
    public let expiresAt: Timestamp?
    public let from: Timestamp
    public let until: Timestamp

    public init(
        consent: ConsentID, number: UInt64, policy: ConsentPolicy, expiresAt: Timestamp?, from: Timestamp,
        until: Timestamp
    ) {
        self.consent = consent
        self.number = number
        self.policy = policy
        self.expiresAt = expiresAt
        self.from = from
        self.until = until
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(6)
        writer.write(consent)
        writer.write(number)
        writer.write(policy)
        writer.write(expiresAt)
        writer.write(from)
        writer.write(until)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("earlierPolicy", count: 6) { (reader) throws(EncodingFailure) in
            EarlierPolicy(
                consent: try reader.value("consent"), number: try reader.unsigned("number"),
                policy: try reader.value("policy"), expiresAt: try reader.optional("expiresAt"),
                from: try reader.value("from"), until: try reader.value("until"))
        }
    }
}

/// `consent.narrow`: the subject takes a part of a consent back, alone; effective in this block. The sets that rest on
/// it become stale, since the meet that they keep is no longer what the subject says.
public struct ConsentNarrow: DomainOperation {
    public static let name = "consent.narrow"

    public let consent: ConsentID
    /// What is left of the policy (``PolicyNarrowing``); nil: all of it.
    public let policy: ConsentPolicy?
    /// An earlier end; nil: as it was.
    public let expiresAt: Timestamp?

    public init(consent: ConsentID, policy: ConsentPolicy?, expiresAt: Timestamp? = nil) {
        self.consent = consent
        self.policy = policy
        self.expiresAt = expiresAt
    }

    public var weight: UInt64 {
        10 + 4 * 6 + ConsentWeights.subject + ConsentWeights.consent + (policy == nil ? 0 : ConsentWeights.narrowing)
            + ConsentWeights.staleSets
    }

    public func check(in context: OperationContext) throws(Refusal) -> ConsentRecord {
        var record = try ConsentLedger.require(consent, field: "consent", in: context.state)
        try Subjects.require(record, in: context, field: "consent")
        guard record.withdrawnAt == nil else {
            throw ConsentRejection.alreadyWithdrawn.at("consent", "withdrawn already")
        }
        guard record.status(at: context.block.time) != .expired else {
            throw ConsentRejection.consentExpired.at("consent", "its time is over; nothing rests on it")
        }
        guard record.narrowings < ConsentsLimits.narrowingsPerConsent else {
            throw ConsentRejection.tooManyElements.at(
                "consent", "narrowed \(record.narrowings) times already",
                hint: "Withdraw it, and give a new one.")
        }
        try apply(to: &record, in: context)
        record.narrowings += 1
        record.policySince = context.block.time
        record.revision += 1
        return record
    }

    private func apply(to record: inout ConsentRecord, in context: OperationContext) throws(Refusal) {
        if let policy {
            try PolicyRules(scope: record.scope, commitments: record.commitments, allowsUnused: true).check(
                policy, field: "policy")
            guard PolicyNarrowing.narrows(policy, record.policy) else {
                throw ConsentRejection.notNarrower.at(
                    "policy", "the policy does more than take away from the one in force",
                    hint: "Remove permits, add denials, or narrow permits; a wider consent is a new one.")
            }
        }
        if let expiresAt {
            guard expiresAt > context.block.time else {
                throw ConsentRejection.consentExpired.at(
                    "expiresAt", "\(expiresAt.text) is not after the block's time", hint: "Withdraw it instead.")
            }
            if let end = record.expiresAt, expiresAt > end {
                throw ConsentRejection.notNarrower.at("expiresAt", "the consent ends at \(end.text), which is earlier")
            }
        }
        guard policy.map({ $0 != record.policy }) ?? false || expiresAt.map({ $0 != record.expiresAt }) ?? false else {
            throw ConsentRejection.nothingNamed.at("policy", "nothing would change")
        }
        record.policy = policy ?? record.policy
        record.expiresAt = expiresAt ?? record.expiresAt
    }

    public func apply(_ record: ConsentRecord, in context: OperationContext) throws(Refusal) {
        try ConsentLife.narrow(to: record, in: context)
    }

    public func words(_ names: any NameResolver) -> [String] {
        var lines = ["Narrow the consent \(names.identifier(consent.description)), at once and for good."]
        if let policy {
            lines.append("Everything is denied but what follows.")
            lines += PolicyWords(names: names).lines(policy)
        }
        if let expiresAt { lines.append("Ends on \(names.time(expiresAt)).") }
        return lines + [
            "Licenses on what rests on it are suspended until its sets have successors.",
            "Copies that were delivered stay where they are.",
        ]
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(3)
        writer.write(consent)
        writer.write(policy)
        writer.write(expiresAt)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 3) { (reader) throws(EncodingFailure) in
            ConsentNarrow(
                consent: try reader.value("consent"), policy: try reader.optional("policy"),
                expiresAt: try reader.optional("expiresAt"))
        }
    }
}

/// Who may take a consent back, wholly or in part: it never needs more than granting did.
enum Subjects {
    /// Refused unless who gave the consent or its subject signed, or a guardian in office sent it.
    static func require(_ record: ConsentRecord, in context: OperationContext, field: String) throws(Refusal) {
        guard record.scope == .individual, case .account(let subject) = record.subject else {
            return try Authority.require(record.subject, for: .consent, in: context, field: field)
        }
        if context.isSigned(by: subject) || context.isSigned(by: record.grantedBy) { return }
        // One question, as the operation weighs: of the many who can sign a transaction, who sends it is asked.
        if try Credentials.isGuardian(
            .account(context.sender), of: record.subject, at: context.block.time, in: context.state)
        {
            _ = context.isSigned(by: context.sender)
            return
        }
        throw ConsentRejection.notSubject.at(
            field, "neither signed by its subject, or by who gave it, nor sent by a guardian",
            hint: "Use the key that gave the consent; a guardian in office sends the transaction itself.")
    }
}
