public import Primitives

/// `things.json`: what people call what is on the ledger: INFTs, offers, licenses, consents and so on. Parties have the
/// ``AddressBook``. A name stands for one thing of each kind, so `score` may be an INFT and the offer of it.
public struct NamedThings: Codable, Sendable {
    public struct Entry: Codable, Hashable, Sendable {
        public let name: String
        /// The kind as in the text of an id: `inft`, `offer`, `lic`…
        public let kind: String
        public let id: Hash
        /// The genesis hash of the network it is known on.
        public let network: Hash
    }

    public private(set) var entries: [Entry]

    public init() { entries = [] }

    public func id(named name: String, kind: String, on network: Hash) -> Bytes32? {
        entries.first { $0.name == name && $0.kind == kind && $0.network == network }?.id.bytes
    }

    public func name(of id: Bytes32, kind: String, on network: Hash) -> String? {
        entries.first { $0.id.bytes == id && $0.kind == kind && $0.network == network }?.name
    }

    public func names(kind: String, on network: Hash) -> [String] {
        entries.filter { $0.kind == kind && $0.network == network }.map(\.name).sorted()
    }

    /// Refused where the name means another thing of this kind, unless it is to be moved from that.
    public mutating func add(
        _ name: String, _ id: Bytes32, kind: String, on network: Hash, moves: Bool = false
    ) throws(WalletFailure) {
        guard WalletName.isUsable(name) else { throw WalletName.failure(name) }
        if !moves, let other = self.id(named: name, kind: kind, on: network), other != id {
            throw WalletName.taken(name)
        }
        entries.removeAll { $0.kind == kind && $0.network == network && ($0.name == name || $0.id.bytes == id) }
        entries.append(Entry(name: name, kind: kind, id: Hash(id), network: network))
    }
}

extension WalletHome {
    private var thingsPath: String { path + "/things.json" }

    public func namedThings() throws(WalletFailure) -> NamedThings {
        try load(thingsPath, as: NamedThings.self) ?? NamedThings()
    }

    public func save(_ things: NamedThings) throws(WalletFailure) { try save(things, to: thingsPath) }
}
