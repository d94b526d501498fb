import Cryptography
import Identities
import Interface
import Primitives
import Revenue
import WalletKit

/// One run of a command: the wallet, the network it means, and the node it asks.
///
/// Used by one task only.
final class Session {
    let globals: any GlobalOptions
    let home: WalletHome
    let wallet: Wallet
    let network: PinnedNetwork
    /// False if nothing is pinned and a node was named: enough to read, never to sign.
    let isPinned: Bool
    let client: NodeClient
    /// Under the address of the account that each speaks for, which is the key's own until it was replaced.
    let accounts: [KeystoreAccount]
    private let keyBook: KeyBook
    var book: AddressBook
    var things: NamedThings
    /// What became of the transactions of a command that sends several; nil where each is reported by itself.
    var reports: [JSONValue]?
    private var knownAssets: [AssetRecord]?
    private var unlocked: UnlockedKeystore?

    private init(
        globals: any GlobalOptions, home: WalletHome, network: PinnedNetwork, isPinned: Bool
    ) throws(WalletFailure) {
        self.globals = globals
        self.home = home
        self.network = network
        self.isPinned = isPinned
        wallet = Wallet(home: home)
        client = NodeClient(url: network.node, networkKind: network.kind)
        let keyBook = try home.keyBook()
        self.keyBook = keyBook
        accounts =
            wallet.exists
            ? try wallet.file().accounts.filter { $0.network == network.kind }.map { one in
                KeystoreAccount(
                    name: one.name, network: one.network, path: one.path,
                    address: keyBook.account(of: one.address, on: network.genesis))
            } : []
        book = try home.addressBook()
        things = try home.namedThings()
    }

    static func open(_ globals: any GlobalOptions) async throws(WalletFailure) -> Session {
        Wallet.start()
        let home = try globals.walletHome
        let list = try home.networks()
        if list.networks.isEmpty, globals.network == nil, let node = globals.nodeOverride {
            let status = try await NodeClient(url: node, networkKind: .test).status()
            let network = PinnedNetwork(
                name: "unpinned", node: node, genesis: status.network,
                kind: status.networkKind == "main" ? .main : .test)
            return try Session(globals: globals, home: home, network: network, isPinned: false)
        }
        let pinned = try list.network(globals.network)
        let network = PinnedNetwork(
            name: pinned.name, node: globals.nodeOverride ?? pinned.node, genesis: pinned.genesis, kind: pinned.kind,
            checkpoint: pinned.checkpoint, clockAhead: pinned.clockAhead)
        return try Session(globals: globals, home: home, network: network, isPinned: true)
    }

    /// Fails unless the node is of the pinned network.
    @discardableResult
    func verifyNetwork() async throws(WalletFailure) -> NodeStatus { try await client.verify(network) }

    // MARK: Keys

    func unlock() throws(WalletFailure) -> UnlockedKeystore {
        if let unlocked { return unlocked }
        let keystore = try wallet.unlock(passphrase: try Passphrase.obtain(file: nil))
        unlocked = keystore
        return keystore
    }

    /// The secret of the key that speaks for an account of this wallet.
    func signingKey(of account: Address) throws(WalletFailure) -> SecretKey {
        guard let key = try unlock().key(of: keyBook.key(of: account, on: network.genesis)) else {
            throw WalletFailure(
                .key, "the key of \(text(.account(account))) is not in this wallet",
                hint: "If another key speaks for it by now: mednexus account recover finish NAME.")
        }
        return key
    }

    /// An account of this wallet, by name or address.
    func account(_ text: String) throws(WalletFailure) -> Address {
        if let own = accounts.first(where: { $0.name == text }) { return own.address }
        if let bytes = TypedText.decode(text, kind: "", network: network.kind),
            accounts.contains(where: { $0.address == Address(bytes) })
        {
            return Address(bytes)
        }
        // Relationship keys are known behind the passphrase only.
        if wallet.exists, let hidden = try unlock().account(named: text, network: network.kind) {
            return keyBook.account(of: hidden.address, on: network.genesis)
        }
        let names = accounts.map(\.name).joined(separator: ", ")
        throw WalletFailure(
            .key, "there is no account \(text) in this wallet",
            hint: names.isEmpty ? "Make one: mednexus key new NAME" : "There are: \(names).")
    }

    /// Who signs: `--from`, or the wallet's only account.
    func sender() throws(WalletFailure) -> Address {
        if let from = globals.from { return try account(from) }
        if accounts.count == 1 { return accounts[0].address }
        guard !accounts.isEmpty else {
            throw WalletFailure(
                .key, "this wallet has no account on \(network.name)", hint: "Make one: mednexus key new NAME")
        }
        throw WalletFailure(
            .usage, globals.isReading ? "which account is meant?" : "which account signs?",
            hint: "Name it with --from: \(accounts.map(\.name).joined(separator: ", ")).")
    }

    func actingFor() throws(WalletFailure) -> OrganizationID? {
        guard let text = globals.actingFor else { return nil }
        guard case .organization(let id) = try party(text) else {
            throw WalletFailure(.usage, "\(text) is an account, not an organization")
        }
        return id
    }

    /// Who acts: the organization acted for, or the sender.
    func actor() throws(WalletFailure) -> Party {
        if let organization = try actingFor() { return .organization(organization) }
        return .account(try sender())
    }

    /// `text` where given, else who acts.
    func party(orActor text: String?) throws(WalletFailure) -> Party {
        if let text { try party(text) } else { try actor() }
    }

    // MARK: Names

    func names() async throws(WalletFailure) -> SessionNames {
        SessionNames(session: self, assets: try await assets())
    }

    /// Names for what needs no asset.
    var plainNames: SessionNames { SessionNames(session: self, assets: knownAssets ?? []) }

    func party(_ text: String) throws(WalletFailure) -> Party {
        try WalletNames(network: network, accounts: accounts, book: book).parse(text)
    }

    func address(_ text: String) throws(WalletFailure) -> Address {
        guard case .account(let address) = try party(text) else {
            throw WalletFailure(.usage, "\(text) is an organization; an account is needed here")
        }
        return address
    }

    func organization(_ text: String) throws(WalletFailure) -> OrganizationID {
        guard case .organization(let id) = try party(text) else {
            throw WalletFailure(.usage, "\(text) is an account; an organization is needed here")
        }
        return id
    }

    /// An id, or the name of one that `--as` gave.
    func id<Kind: IdentifierKind>(_ text: String, _ type: Kind.Type = Kind.self) throws(WalletFailure) -> Identifier<
        Kind
    > {
        if let bytes = TypedText.decode(text, kind: Kind.name, network: network.kind) { return Identifier(bytes) }
        if let bytes = things.id(named: text, kind: Kind.name, on: network.genesis) { return Identifier(bytes) }
        let known = things.names(kind: Kind.name, on: network.genesis)
        throw WalletFailure(
            .usage, "\(text) is no \(SessionNames.word(Kind.name)) that this wallet knows by name, and no id of one",
            hint: "Give \(network.kind.prefix)\(Kind.name)1…"
                + (known.isEmpty ? ", or a name given with --as." : ", or one of: \(known.joined(separator: ", "))."))
    }

    func text<Kind: IdentifierKind>(_ id: Identifier<Kind>) -> String {
        TypedText.encode(id.bytes, kind: Kind.name, network: network.kind)
    }

    func text(_ party: Party) -> String {
        switch party {
        case .account(let address): TypedText.encode(address.bytes, kind: "", network: network.kind)
        case .organization(let id): text(id)
        }
    }

    // MARK: Assets

    func assets() async throws(WalletFailure) -> [AssetRecord] {
        if let knownAssets { return knownAssets }
        var records: [AssetRecord] = []
        for item in try await client.items("asset_list") {
            guard let asset = item["asset"] else { continue }
            do {
                records.append(
                    try JSONValueDecoder.decode(AssetRecord.self, from: asset, networkKind: network.kind))
            } catch {
                throw WalletFailure(
                    .unreachable, "the node describes an asset in a way this wallet can't read: \(error)")
            }
        }
        knownAssets = records
        return records
    }

    /// By id, by the name given with `--as`, or by code if only one asset has it.
    func asset(_ text: String) async throws(WalletFailure) -> AssetRecord {
        let all = try await assets()
        let bytes =
            TypedText.decode(text, kind: AssetKind.name, network: network.kind)
            ?? things.id(named: text, kind: AssetKind.name, on: network.genesis)
        if let bytes, let record = all.first(where: { $0.id.bytes == bytes }) { return record }
        let coded = all.filter { $0.code == text.uppercased() }
        if coded.count == 1 { return coded[0] }
        if coded.count > 1 {
            throw WalletFailure(.usage, "\(coded.count) assets have the code \(text)", hint: "Give the id of one.")
        }
        throw WalletFailure(
            .usage, "there is no asset \(text)",
            hint: all.isEmpty
                ? "There is none yet: mednexus asset create." : "There are: \(all.map(\.code).joined(separator: ", "))."
        )
    }

    func amount(_ text: String, of asset: AssetRecord) throws(WalletFailure) -> Amount {
        guard let amount = asset.style.amount(text) else {
            let sample = asset.style.text(Amount(2500)).split(separator: " ").first ?? ""
            throw WalletFailure(
                .usage, "\(text) is no amount of \(asset.code)",
                hint: asset.scale == 0
                    ? "Write whole units, such as \(sample)."
                    : "Write it with at most \(asset.scale) decimals, such as \(sample).")
        }
        return amount
    }
}

extension AssetRecord {
    var style: AssetStyle { AssetStyle(code: code, decimals: Int(scale)) }
}
