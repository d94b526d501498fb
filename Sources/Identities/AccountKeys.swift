internal import Cryptography
public import Encoding
public import Primitives
public import StateModel

/// The key that speaks for an account in place of its first. `[key, since, changes]`
public struct LaterKey: CBORCodable, Codable, Hashable, Sendable {
    public let key: Address
    public let since: Timestamp
    /// How often the account's key was replaced: what a new key proves counts once.
    public let changes: UInt64

    public init(key: Address, since: Timestamp, changes: UInt64) {
        self.key = key
        self.since = since
        self.changes = changes
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(3)
        writer.write(key)
        writer.write(since)
        writer.write(changes)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("laterKey", count: 3) { (reader) throws(EncodingFailure) in
            LaterKey(
                key: try reader.value("key"), since: try reader.value("since"),
                changes: try reader.unsigned("changes"))
        }
    }
}

/// Whose key it is, was, or is to become; only of keys of accounts whose key was replaced, or is asked to be.
/// `[account, since, until]`
public struct KeyRecord: CBORCodable, Codable, Hashable, Sendable {
    public let account: Address
    /// Nil while a recovery asks for it.
    public var since: Timestamp?
    /// Nil while it speaks.
    public var until: Timestamp?

    public init(account: Address, since: Timestamp? = nil, until: Timestamp? = nil) {
        self.account = account
        self.since = since
        self.until = until
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(3)
        writer.write(account)
        writer.write(since)
        writer.write(until)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("key", count: 3) { (reader) throws(EncodingFailure) in
            KeyRecord(
                account: try reader.value("account"), since: try reader.optional("since"),
                until: try reader.optional("until"))
        }
    }
}

/// What a new key signs to show that whoever offers it for an account holds it: hash of
/// `[network, account, key, changes]`.
public struct NewKeyStatement: CBOREncodable, Hashable, Sendable {
    private static let tag = HashTag("mednexus/new-key")

    /// The genesis hash.
    public let network: Hash
    public let account: Address
    public let key: Address
    /// How often the account's key was replaced before.
    public let changes: UInt64

    public init(network: Hash, account: Address, key: Address, changes: UInt64) {
        self.network = network
        self.account = account
        self.key = key
        self.changes = changes
    }

    public var hash: Hash { Self.tag.hash(encoded) }

    public func encode(into writer: inout CBORWriter) {
        writer.array(4)
        writer.write(network)
        writer.write(account)
        writer.write(key)
        writer.write(changes)
    }
}

/// Which key speaks for which account.
///
/// An account is a party named by its first key. Rules see accounts and never keys: what signed a transaction is turned
/// into accounts once, before its first operation, so that whatever an account holds stays where it is when its key is
/// replaced.
public enum AccountKeys {
    /// What the check of a new key adds to an operation's weight: one verification, two records.
    static let weight: UInt64 = 45 + 4 * 2

    /// The key whose signature is the account's.
    public static func key(of account: Address, in state: any StateReader) throws(Refusal) -> Address {
        try Accounts.record(account, in: state)?.laterKey?.key ?? account
    }

    /// The registered account that `key` speaks for now; nil if there is none.
    public static func account(of key: Address, in state: any StateReader) throws(Refusal) -> Address? {
        if let record = try Accounts.record(key, in: state) { return record.laterKey == nil ? key : nil }
        guard let record = try state.record(IdentityKeys.key(key)), record.since != nil, record.until == nil else {
            return nil
        }
        return record.account
    }

    /// Refused unless the sender's own key is among `keys`.
    public static func requireKey(
        of sender: Address, _ account: AccountRecord, among keys: [Address]
    ) throws(Refusal) {
        guard !keys.contains(account.laterKey?.key ?? sender) else { return }
        if let later = account.laterKey, keys.contains(sender) { throw replaced(sender, later) }
        throw IdentityRejection.senderNotSigned.at(
            "signatures", "the sender's signature is missing: \(account.laterKey?.key ?? sender) speaks for \(sender)",
            hint: "Sign with the sender's own key.")
    }

    /// The accounts that `keys` speak for, sorted. A key that nobody registered stands for itself, and has no rights;
    /// one that was replaced is refused.
    static func accounts(of keys: [Address], in state: any StateReader) throws(Refusal) -> [Address] {
        var accounts: [Address] = []
        for key in keys {
            if let record = try Accounts.record(key, in: state) {
                if let later = record.laterKey { throw replaced(key, later) }
                accounts.append(key)
            } else if let record = try state.record(IdentityKeys.key(key)), record.since != nil {
                guard record.until == nil else {
                    throw IdentityRejection.keyReplaced.at(
                        "signatures", "the key \(key) of the account \(record.account) was replaced",
                        hint: "Sign with the key that the account has now.")
                }
                accounts.append(record.account)
            } else {
                accounts.append(key)
            }
        }
        return accounts.sorted()
    }

    private static func replaced(_ account: Address, _ later: LaterKey) -> Refusal {
        IdentityRejection.keyReplaced.at(
            "signatures", "the key of the account \(account) was replaced at \(later.since)",
            hint: "Sign with the key that the account has now, \(later.key).")
    }

    /// Refused unless `key` is free to become the account's, and proven to be held by who offers it.
    static func requireNew(
        _ key: Address, for account: Address, _ record: AccountRecord, proof: Signature, in context: OperationContext
    ) throws(Refusal) {
        let taken: Bool
        if let known = try context.state.record(IdentityKeys.key(key)) {
            // Asked for by another recovery of the same account: whichever completes first gets it.
            taken = known.since != nil || known.account != account
        } else {
            let registered = try Accounts.record(key, in: context.state)
            taken = registered != nil
        }
        guard !taken else {
            throw IdentityRejection.keyNotNew.at(
                "key", "\(key) is or was the key of an account, or is asked for by another",
                hint: "Make a fresh key: mednexus key new NAME.")
        }
        let statement = NewKeyStatement(
            network: context.block.network, account: account, key: key, changes: record.laterKey?.changes ?? 0)
        guard Schnorr.verify(proof, message: statement.hash, by: key) else {
            throw IdentityRejection.keyNotProven.at(
                "proof", "the new key did not sign for this account, or its key was replaced since",
                hint: "Let the holder of the new key make the request anew.")
        }
    }

    /// Lets `key` speak for the account from this block on, and nothing else: what the account holds is not touched.
    static func replace(_ account: Address, by key: Address, in context: OperationContext) throws(Refusal) {
        let time = context.block.time
        guard var record = try Accounts.record(account, in: context.state) else {
            throw .failed(StateFailure("the account \(account) whose key is replaced is missing"))
        }
        let previous = record.laterKey?.key ?? account
        context.state.set(
            IdentityKeys.key(previous),
            KeyRecord(account: account, since: record.laterKey?.since ?? record.createdAt, until: time))
        context.state.set(IdentityKeys.key(key), KeyRecord(account: account, since: time))
        record.laterKey = LaterKey(key: key, since: time, changes: (record.laterKey?.changes ?? 0) + 1)
        context.state.set(IdentityKeys.account(account), record)
        context.emit(IdentityEvent.keyReplaced(KeyStep(account: account, key: key, previous: previous)))
    }
}
