public import Encoding
public import Primitives

/// Whom an account trusts to give it a new key, and how long it can object. `[guardians, threshold, delayMilliseconds]`
public struct GuardianPolicy: CBORCodable, Codable, Hashable, Sendable {
    /// Ascending, at most ``IdentityLimits/guardians``. An organization decides by its policy for credentials.
    public let guardians: [Party]
    /// How many of them must approve.
    public let threshold: UInt64
    /// From the last approval that was needed until the new key speaks.
    public let delayMilliseconds: UInt64

    public init(guardians: [Party], threshold: UInt64, delayMilliseconds: UInt64) {
        self.guardians = guardians
        self.threshold = threshold
        self.delayMilliseconds = delayMilliseconds
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(3)
        writer.write(guardians)
        writer.write(threshold)
        writer.write(delayMilliseconds)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("policy", count: 3) { (reader) throws(EncodingFailure) in
            GuardianPolicy(
                guardians: try reader.sortedList(
                    "guardians", max: IdentityLimits.guardians, by: { (guardian: Party) in guardian }),
                threshold: try reader.unsigned("threshold"),
                delayMilliseconds: try reader.unsigned("delayMilliseconds"))
        }
    }
}

/// The guardians of an account, and what they have under way. `[policy, since, open]`
public struct GuardianRecord: CBORCodable, Codable, Hashable, Sendable {
    public let policy: GuardianPolicy
    public let since: Timestamp
    /// Recoveries that have not ended, ascending; at most one that each guardian started.
    public var open: [RecoveryID]

    public init(policy: GuardianPolicy, since: Timestamp, open: [RecoveryID] = []) {
        self.policy = policy
        self.since = since
        self.open = open
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(3)
        writer.write(policy)
        writer.write(since)
        writer.write(open)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("guardians", count: 3) { (reader) throws(EncodingFailure) in
            GuardianRecord(
                policy: try reader.value("policy"), since: try reader.value("since"),
                open: try reader.sortedList("open", max: IdentityLimits.guardians, by: { (id: RecoveryID) in id }))
        }
    }
}

/// A guardian's yes. `[guardian, at]`
public struct RecoveryApproval: CBORCodable, Codable, Hashable, Sendable {
    public let guardian: Party
    public let at: Timestamp

    public init(guardian: Party, at: Timestamp) {
        self.guardian = guardian
        self.at = at
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(guardian)
        writer.write(at)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("approval", count: 2) { (reader) throws(EncodingFailure) in
            RecoveryApproval(guardian: try reader.value("guardian"), at: try reader.value("at"))
        }
    }
}

/// `[at, outcome]`
public struct RecoveryEnding: CBORCodable, Codable, Hashable, Sendable {
    public let at: Timestamp
    public let outcome: RecoveryOutcome

    public init(at: Timestamp, outcome: RecoveryOutcome) {
        self.at = at
        self.outcome = outcome
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(at)
        writer.write(outcome)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("ending", count: 2) { (reader) throws(EncodingFailure) in
            RecoveryEnding(at: try reader.value("at"), outcome: try reader.value("outcome"))
        }
    }
}

/// An attempt of guardians to give an account a new key. Every step is dated.
/// `[id, account, key, startedBy, startedAt, approvals, completesAt, ending]`
public struct RecoveryRecord: CBORCodable, Codable, Hashable, Sendable {
    public let id: RecoveryID
    public let account: Address
    /// What is to speak for the account.
    public let key: Address
    public let startedBy: Party
    public let startedAt: Timestamp
    /// Ascending by guardian; those who withdrew are not among them.
    public var approvals: [RecoveryApproval]
    /// When the delay is over; nil while approvals are missing.
    public var completesAt: Timestamp?
    /// Nil while it is open. What has ended never comes back.
    public var ending: RecoveryEnding?

    public init(
        id: RecoveryID, account: Address, key: Address, startedBy: Party, startedAt: Timestamp,
        approvals: [RecoveryApproval], completesAt: Timestamp? = nil, ending: RecoveryEnding? = nil
    ) {
        self.id = id
        self.account = account
        self.key = key
        self.startedBy = startedBy
        self.startedAt = startedAt
        self.approvals = approvals
        self.completesAt = completesAt
        self.ending = ending
    }

    /// When it lapses, if it has not found enough guardians by then.
    public var lapsesAt: Timestamp { startedAt.adding(milliseconds: IdentityLimits.recoveryMilliseconds) }

    public func encode(into writer: inout CBORWriter) {
        writer.array(8)
        writer.write(id)
        writer.write(account)
        writer.write(key)
        writer.write(startedBy)
        writer.write(startedAt)
        writer.write(approvals)
        writer.write(completesAt)
        writer.write(ending)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("recovery", count: 8) { (reader) throws(EncodingFailure) in
            RecoveryRecord(
                id: try reader.value("id"), account: try reader.value("account"), key: try reader.value("key"),
                startedBy: try reader.value("startedBy"), startedAt: try reader.value("startedAt"),
                approvals: try reader.sortedList(
                    "approvals", max: IdentityLimits.guardians,
                    by: { (approval: RecoveryApproval) in approval.guardian }),
                completesAt: try reader.optional("completesAt"), ending: try reader.optional("ending"))
        }
    }
}
