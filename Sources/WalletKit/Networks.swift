public import Primitives
internal import Proofs

/// A network the wallet trusts: what it is, not who says so.
public struct PinnedNetwork: Codable, Hashable, Sendable {
    /// A final block whose hash was learned from somewhere trusted.
    public struct Checkpoint: Codable, Hashable, Sendable {
        public let height: Height
        public let blockHash: Hash

        public init(height: Height, blockHash: Hash) {
            self.height = height
            self.blockHash = blockHash
        }

        /// Nil unless `text` is `HEIGHT:HASH`.
        public init?(_ text: String) {
            guard let (height, hash) = Proofs.Checkpoint.parse(text) else { return nil }
            self.init(height: height, blockHash: hash)
        }
    }

    public let name: String
    /// `http://127.0.0.1:7411`
    public let node: String
    /// The genesis hash: what transactions are signed for.
    public let genesis: Hash
    /// True for test networks, whose addresses begin with `tmnx`.
    public let isTest: Bool
    public let checkpoint: Checkpoint?
    /// How far `mednexusd devnet advance` put the clocks of this local network ahead of the machine's, in milliseconds.
    public let clockAhead: UInt64?

    public init(
        name: String, node: String, genesis: Hash, kind: NetworkKind, checkpoint: Checkpoint? = nil,
        clockAhead: UInt64? = nil
    ) {
        self.name = name
        self.node = node
        self.genesis = genesis
        isTest = kind == .test
        self.checkpoint = checkpoint
        self.clockAhead = clockAhead
    }

    /// What the network's nodes take for now. Only a test network's clock is ever put ahead.
    public var now: Timestamp { isTest ? WalletClock.now.adding(milliseconds: clockAhead ?? 0) : WalletClock.now }

    public var kind: NetworkKind { isTest ? .test : .main }
}

/// `networks.json`.
public struct NetworkList: Codable, Sendable {
    public private(set) var networks: [PinnedNetwork]
    /// Which one is meant if none is named.
    public private(set) var standard: String?

    public init() { networks = [] }

    /// Adds one, or changes its node or checkpoint; what is not said anew stays. A name never comes to mean another genesis by itself.
    public mutating func add(_ network: PinnedNetwork) throws(WalletFailure) {
        if let index = networks.firstIndex(where: { $0.name == network.name }) {
            guard networks[index].genesis == network.genesis else {
                throw WalletFailure(
                    .usage, "\(network.name) is pinned to another genesis, \(networks[index].genesis)",
                    hint: "Choose another name, or remove the old one first.")
            }
            let known = networks[index]
            networks[index] = PinnedNetwork(
                name: network.name, node: network.node, genesis: network.genesis, kind: network.kind,
                checkpoint: network.checkpoint ?? known.checkpoint, clockAhead: network.clockAhead ?? known.clockAhead)
        } else {
            networks.append(network)
        }
        if standard == nil { standard = network.name }
    }

    public mutating func remove(_ name: String) throws(WalletFailure) {
        guard networks.contains(where: { $0.name == name }) else { throw unknown(name) }
        networks.removeAll { $0.name == name }
        if standard == name { standard = networks.first?.name }
    }

    /// What clocks of a local network were put ahead by; of every name that it is pinned under.
    public mutating func setClock(of genesis: Hash, ahead milliseconds: UInt64) {
        networks = networks.map { one in
            guard one.genesis == genesis, one.isTest else { return one }
            return PinnedNetwork(
                name: one.name, node: one.node, genesis: one.genesis, kind: one.kind, checkpoint: one.checkpoint,
                clockAhead: milliseconds)
        }
    }

    public mutating func setStandard(_ name: String) throws(WalletFailure) {
        guard networks.contains(where: { $0.name == name }) else { throw unknown(name) }
        standard = name
    }

    /// The named one, or the standard one.
    public func network(_ name: String?) throws(WalletFailure) -> PinnedNetwork {
        guard let wanted = name ?? standard else {
            throw WalletFailure(
                .usage, "no network is known",
                hint: "Add one: mednexus network add NAME --node URL --genesis HASH")
        }
        guard let found = networks.first(where: { $0.name == wanted }) else { throw unknown(wanted) }
        return found
    }

    private func unknown(_ name: String) -> WalletFailure {
        let known = networks.map(\.name).joined(separator: ", ")
        return WalletFailure(
            .usage, "there is no network \(name)", hint: known.isEmpty ? "None is known yet." : "Known: \(known).")
    }
}

/// `names.json`: what people call parties.
public struct AddressBook: Codable, Sendable {
    public struct Entry: Codable, Hashable, Sendable {
        public let name: String
        public let party: Party
        /// The genesis hash of the network it is known on.
        public let network: Hash
    }

    public private(set) var entries: [Entry]

    public init() { entries = [] }

    public func party(named name: String, on network: Hash) -> Party? {
        entries.first { $0.name == name && $0.network == network }?.party
    }

    public func name(of party: Party, on network: Hash) -> String? {
        entries.first { $0.party == party && $0.network == network }?.name
    }

    /// Refused where the name means another party, unless it is to be moved from that.
    public mutating func add(
        _ name: String, _ party: Party, on network: Hash, moves: Bool = false
    ) throws(WalletFailure) {
        guard WalletName.isUsable(name) else { throw WalletName.failure(name) }
        if !moves, let other = self.party(named: name, on: network), other != party { throw WalletName.taken(name) }
        entries.removeAll { $0.name == name && $0.network == network }
        entries.append(Entry(name: name, party: party, network: network))
    }

    public mutating func remove(_ name: String, on network: Hash) -> Bool {
        let count = entries.count
        entries.removeAll { $0.name == name && $0.network == network }
        return entries.count < count
    }
}

/// Names of accounts and parties: never mistaken for an address, a number or an option.
public enum WalletName {
    public static let maximumCount = 40

    public static func isUsable(_ name: String) -> Bool {
        guard let first = name.unicodeScalars.first, name.utf8.count <= maximumCount else { return false }
        let isWord = name.unicodeScalars.allSatisfy {
            $0.properties.isAlphabetic || "0123456789-_.".unicodeScalars.contains($0)
        }
        guard isWord, first.properties.isAlphabetic else { return false }
        return !["mnx", "tmnx"].contains { name.lowercased().hasPrefix($0) && name.contains("1") }
    }

    /// What `meaning` has the name already: an id, which stays findable by it.
    public static func taken(_ name: String, by meaning: String? = nil) -> WalletFailure {
        WalletFailure(
            .usage, "\(name) already means " + (meaning ?? "something else of the kind") + " in this wallet",
            hint: "Choose another name; or add --move-name, and \(name) means the new one alone from then on.")
    }

    public static func failure(_ name: String) -> WalletFailure {
        WalletFailure(
            .usage, "\(name) can't be a name",
            hint: "Use letters, digits, dots and hyphens, beginning with a letter, at most \(maximumCount).")
    }
}

extension WalletHome {
    public func networks() throws(WalletFailure) -> NetworkList {
        try load(networksPath, as: NetworkList.self) ?? NetworkList()
    }

    public func save(_ networks: NetworkList) throws(WalletFailure) { try save(networks, to: networksPath) }

    public func addressBook() throws(WalletFailure) -> AddressBook {
        try load(namesPath, as: AddressBook.self) ?? AddressBook()
    }

    public func save(_ book: AddressBook) throws(WalletFailure) { try save(book, to: namesPath) }
}
