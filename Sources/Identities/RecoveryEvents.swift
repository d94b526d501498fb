public import Encoding
public import Primitives

/// What an event tells of an account's guardians. `[account, guardians, left]`
public struct GuardianStep: CBORCodable, Codable, Hashable, Sendable {
    public let account: Address
    /// Ascending; empty: the account has none any more.
    public let guardians: [Party]
    /// Who was one before. Ascending.
    public let left: [Party]

    init(account: Address, guardians: [Party], left: [Party]) {
        self.account = account
        self.guardians = guardians
        self.left = left
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(3)
        writer.write(account)
        writer.write(guardians)
        writer.write(left)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 3) { (reader) throws(EncodingFailure) in
            GuardianStep(
                account: try reader.value("account"), guardians: try reader.guardians("guardians"),
                left: try reader.guardians("left"))
        }
    }
}

/// What an event tells of a recovery. `[recovery, account, key, concerned, completesAt, outcome]`
public struct RecoveryStep: CBORCodable, Codable, Hashable, Sendable {
    public let recovery: RecoveryID
    public let account: Address
    public let key: Address
    /// Of a start: every guardian. Of an approval or a withdrawal: who did it. Of an end: who had approved. Ascending.
    public let concerned: [Party]
    /// When the new key speaks; nil while approvals are missing.
    public let completesAt: Timestamp?
    /// Of an end.
    public let outcome: RecoveryOutcome?

    /// Of an end.
    init(_ record: RecoveryRecord) { self.init(record, concerned: record.approvals.map(\.guardian)) }

    /// Of a guardian's act; `guardians` are those whom it concerns, too.
    init(_ record: RecoveryRecord, guardian: Party, guardians: [Party] = []) {
        self.init(record, concerned: guardians.isEmpty ? [guardian] : guardians)
    }

    private init(_ record: RecoveryRecord, concerned: [Party]) {
        self.init(
            recovery: record.id, account: record.account, key: record.key, concerned: concerned,
            completesAt: record.completesAt, outcome: record.ending?.outcome)
    }

    private init(
        recovery: RecoveryID, account: Address, key: Address, concerned: [Party], completesAt: Timestamp?,
        outcome: RecoveryOutcome?
    ) {
        self.recovery = recovery
        self.account = account
        self.key = key
        self.concerned = concerned
        self.completesAt = completesAt
        self.outcome = outcome
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(6)
        writer.write(recovery)
        writer.write(account)
        writer.write(key)
        writer.write(concerned)
        writer.write(completesAt)
        writer.write(outcome)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 6) { (reader) throws(EncodingFailure) in
            RecoveryStep(
                recovery: try reader.value("recovery"), account: try reader.value("account"),
                key: try reader.value("key"), concerned: try reader.guardians("concerned"),
                completesAt: try reader.optional("completesAt"), outcome: try reader.optional("outcome"))
        }
    }
}

/// What an event tells of an account's key. `[account, key, previous]`
public struct KeyStep: CBORCodable, Codable, Hashable, Sendable {
    public let account: Address
    /// What speaks for the account from this block on.
    public let key: Address
    public let previous: Address

    init(account: Address, key: Address, previous: Address) {
        self.account = account
        self.key = key
        self.previous = previous
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(3)
        writer.write(account)
        writer.write(key)
        writer.write(previous)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 3) { (reader) throws(EncodingFailure) in
            KeyStep(
                account: try reader.value("account"), key: try reader.value("key"),
                previous: try reader.value("previous"))
        }
    }
}

extension CBORReader {
    fileprivate mutating func guardians(_ field: String) throws(EncodingFailure) -> [Party] {
        try sortedList(field, max: IdentityLimits.guardians, by: { (party: Party) in party })
    }
}
