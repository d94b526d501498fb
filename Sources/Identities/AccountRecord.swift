public import Encoding
public import Primitives
public import StateModel

/// A key pair that may act on the ledger, from the moment an enrolled institution sponsored it.
///
/// `[sequence, kind, sponsor, createdAt, createdHeight, sponsoredAt, laterKey]`. The account is named by its first key for
/// ever; which key speaks for it may change.
public struct AccountRecord: CBORCodable, Codable, Hashable, Sendable {
    /// The sequence that the account's next transaction must carry.
    public var sequence: UInt64
    public var kind: PartyKind
    /// The enrolled institution that answers for the account's use of the ledger; nil only for accounts that genesis
    /// let stand for themselves.
    public var sponsor: Party?
    public let createdAt: Timestamp
    public let createdHeight: Height
    /// Since when this sponsor.
    public var sponsoredAt: Timestamp
    /// The key that speaks for the account since its first was replaced; nil: the first, which is its address.
    public var laterKey: LaterKey?

    public init(
        sequence: UInt64 = 0, kind: PartyKind, sponsor: Party?, createdAt: Timestamp, createdHeight: Height,
        sponsoredAt: Timestamp, laterKey: LaterKey? = nil
    ) {
        self.sequence = sequence
        self.kind = kind
        self.sponsor = sponsor
        self.createdAt = createdAt
        self.createdHeight = createdHeight
        self.sponsoredAt = sponsoredAt
        self.laterKey = laterKey
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(7)
        writer.write(sequence)
        writer.write(kind)
        writer.write(sponsor)
        writer.write(createdAt)
        writer.write(createdHeight)
        writer.write(sponsoredAt)
        writer.write(laterKey)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 7) { (reader) throws(EncodingFailure) in
            AccountRecord(
                sequence: try reader.unsigned("sequence"), kind: try reader.value("kind"),
                sponsor: try reader.optional("sponsor"), createdAt: try reader.value("createdAt"),
                createdHeight: try reader.value("createdHeight"), sponsoredAt: try reader.value("sponsoredAt"),
                laterKey: try reader.optional("laterKey"))
        }
    }
}

public enum Accounts {
    public static func record(
        _ address: Address, in state: any StateReader
    ) throws(Refusal) -> AccountRecord? {
        try state.record(IdentityKeys.account(address))
    }

    /// Takes `sequence` as used. Refused unless the account exists and `sequence` is its next.
    public static func takeSequence(
        _ sequence: UInt64, of address: Address, in state: StateOverlay
    ) throws(Refusal) {
        try take(sequence, of: address, try registered(address, in: state), in: state)
    }

    /// The same for a transaction that was signed by `keys`; answers the accounts that these speak for, sorted. Refused
    /// unless the sender's own key is one of them, and none is a key that was replaced.
    public static func takeSequence(
        _ sequence: UInt64, of address: Address, signedBy keys: [Address], in state: StateOverlay
    ) throws(Refusal) -> [Address] {
        let account = try registered(address, in: state)
        try AccountKeys.requireKey(of: address, account, among: keys)
        try take(sequence, of: address, account, in: state)
        // The common case: no other signs, and the account has its first key.
        if keys == [address] { return keys }
        return try AccountKeys.accounts(of: keys, in: state)
    }

    private static func registered(_ address: Address, in state: any StateReader) throws(Refusal) -> AccountRecord {
        guard let account = try record(address, in: state) else {
            throw IdentityRejection.unknownAccount.at(
                "sender", "\(address) is not registered",
                hint: "Ask an enrolled institution to sponsor the account.", retryable: true)
        }
        return account
    }

    private static func take(
        _ sequence: UInt64, of address: Address, _ account: AccountRecord, in state: StateOverlay
    ) throws(Refusal) {
        var account = account
        guard sequence == account.sequence else {
            throw IdentityRejection.wrongSequence.at(
                "sequence", "the account's next sequence is \(account.sequence), not \(sequence)",
                hint: sequence < account.sequence
                    ? "Another transaction used it; build this one anew if it is still wanted."
                    : "Submit the account's earlier transactions first.",
                retryable: sequence > account.sequence)
        }
        guard let next = sequence.adding(1) else {
            throw IdentityRejection.wrongSequence.at("sequence", "the account has used every sequence")
        }
        account.sequence = next
        state.set(IdentityKeys.account(address), account)
    }
}
