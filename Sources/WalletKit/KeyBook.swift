internal import Cryptography
internal import Identities
public import Primitives

/// `keys.json`: which key of this wallet speaks for an account whose first key was replaced. An account's address stays
/// what it was, so a key alone does not tell.
public struct KeyBook: Codable, Sendable {
    public struct Entry: Codable, Hashable, Sendable {
        public let account: Hash
        public let key: Hash
        /// The genesis hash of the network.
        public let network: Hash
    }

    public private(set) var entries: [Entry]

    public init() { entries = [] }

    /// The key that speaks for the account; itself unless another is known.
    public func key(of account: Address, on network: Hash) -> Address {
        entries.first { $0.account.bytes == account.bytes && $0.network == network }.map { Address($0.key.bytes) }
            ?? account
    }

    /// The account that the key speaks for; itself unless another is known.
    public func account(of key: Address, on network: Hash) -> Address {
        entries.first { $0.key.bytes == key.bytes && $0.network == network }.map { Address($0.account.bytes) } ?? key
    }

    public mutating func add(_ key: Address, for account: Address, on network: Hash) {
        entries.removeAll { $0.network == network && ($0.account.bytes == account.bytes || $0.key.bytes == key.bytes) }
        entries.append(Entry(account: Hash(account.bytes), key: Hash(key.bytes), network: network))
    }
}

extension WalletHome {
    private var keyBookPath: String { path + "/keys.json" }

    public func keyBook() throws(WalletFailure) -> KeyBook { try load(keyBookPath, as: KeyBook.self) ?? KeyBook() }

    public func save(_ book: KeyBook) throws(WalletFailure) { try save(book, to: keyBookPath) }
}
