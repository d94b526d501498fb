public import Encoding
public import Primitives
public import StateModel

/// A key pair that may act on the ledger, from the moment an enrolled institution sponsored it.
///
/// `[0, sequence, kind, sponsor, createdAt, createdHeight, sponsoredAt]`: the leading number is the form of the record,
/// so that an account that ends in a successor can have a form of its own.
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

    public init(
        sequence: UInt64 = 0, kind: PartyKind, sponsor: Party?, createdAt: Timestamp, createdHeight: Height,
        sponsoredAt: Timestamp
    ) {
        self.sequence = sequence
        self.kind = kind
        self.sponsor = sponsor
        self.createdAt = createdAt
        self.createdHeight = createdHeight
        self.sponsoredAt = sponsoredAt
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(7)
        writer.write(UInt64(0))
        writer.write(sequence)
        writer.write(kind)
        writer.write(sponsor)
        writer.write(createdAt)
        writer.write(createdHeight)
        writer.write(sponsoredAt)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 7) { (reader) throws(EncodingFailure) in
            guard try reader.unsigned("form") == 0 else { throw reader.failure(.unknownCase, "form") }
            return AccountRecord(
                sequence: try reader.unsigned("sequence"), kind: try reader.value("kind"),
                sponsor: try reader.optional("sponsor"), createdAt: try reader.value("createdAt"),
                createdHeight: try reader.value("createdHeight"), sponsoredAt: try reader.value("sponsoredAt"))
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
        guard var account = try record(address, in: state) else {
            throw IdentityRejection.unknownAccount.at(
                "sender", "\(address) is not registered",
                hint: "Ask an enrolled institution to sponsor the account.", retryable: true)
        }
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
