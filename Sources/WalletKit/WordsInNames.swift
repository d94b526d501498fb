public import Cryptography
public import Primitives
public import StateModel

/// An asset as people write it: `250.00 USD` is 25000 of two decimals.
public struct AssetStyle: Hashable, Sendable {
    public let code: String
    public let decimals: Int

    public init(code: String, decimals: Int) {
        self.code = code
        self.decimals = min(max(decimals, 0), 18)
    }

    public func text(_ amount: Amount) -> String {
        let digits = String(amount.units)
        guard decimals > 0 else { return "\(digits) \(code)" }
        let padded = String(repeating: "0", count: max(0, decimals + 1 - digits.count)) + digits
        return "\(padded.dropLast(decimals)).\(padded.suffix(decimals)) \(code)"
    }

    /// Nil unless `text` is a decimal number without sign, with no more decimals than the asset has, that fits.
    public func amount(_ text: String) -> Amount? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count <= 2, let whole = parts.first, !whole.isEmpty else { return nil }
        let fraction = parts.count == 2 ? parts[1] : ""
        guard parts.count == 1 || !fraction.isEmpty, fraction.count <= decimals else { return nil }
        let digits = whole + fraction + String(repeating: "0", count: decimals - fraction.count)
        guard digits.utf8.allSatisfy({ $0 >= 48 && $0 <= 57 }) else { return nil }
        return UInt64(digits).map { Amount($0) }
    }
}

/// Names for the words a signer reads: own accounts, the address book, and assets that a node told of.
///
/// A name is always followed by the end of the address, so that a name can't hide another party.
public struct WalletNames: NameResolver, Sendable {
    public let network: PinnedNetwork
    private let accounts: [KeystoreAccount]
    private let book: AddressBook
    private let assets: [AssetID: AssetStyle]

    public init(
        network: PinnedNetwork, accounts: [KeystoreAccount] = [], book: AddressBook = AddressBook(),
        assets: [AssetID: AssetStyle] = [:]
    ) {
        self.network = network
        self.accounts = accounts
        self.book = book
        self.assets = assets
    }

    public func party(_ party: Party) -> String {
        let text = WalletNames.text(party, network.kind)
        if case .account(let address) = party,
            let own = accounts.first(where: { $0.address == address && $0.network == network.kind })
        {
            return "\(own.name) (you, …\(text.suffix(8)))"
        }
        guard let name = book.name(of: party, on: network.genesis) else { return text }
        return "\(name) (…\(text.suffix(8)))"
    }

    /// The name alone, as a command takes it; nil where this wallet has none.
    public func plainName(of party: Party) -> String? {
        if case .account(let address) = party,
            let own = accounts.first(where: { $0.address == address && $0.network == network.kind })
        {
            return own.name
        }
        return book.name(of: party, on: network.genesis)
    }

    public func amount(_ amount: Amount, of asset: AssetID) -> String {
        if let style = assets[asset] { return style.text(amount) }
        return "\(amount) of \(TypedText.encode(asset.bytes, kind: AssetKind.name, network: network.kind))"
    }

    public func identifier(_ text: String) -> String { text }
    public func time(_ time: Timestamp) -> String { dateText(time) }

    static func text(_ party: Party, _ kind: NetworkKind) -> String {
        switch party {
        case .account(let address): TypedText.encode(address.bytes, kind: "", network: kind)
        case .organization(let id): TypedText.encode(id.bytes, kind: OrganizationKind.name, network: kind)
        }
    }

    /// An own account's name, a name of the address book, an address or an organization's id.
    public func parse(_ text: String) throws(WalletFailure) -> Party {
        if let own = accounts.first(where: { $0.name == text && $0.network == network.kind }) {
            return .account(own.address)
        }
        if let party = book.party(named: text, on: network.genesis) { return party }
        if let party = Party(text: text, network: network.kind) { return party }
        throw WalletFailure(
            .usage, "\(text) is no name this wallet knows, and no address of \(network.name)",
            hint: "Give \(network.kind.prefix)1…, \(network.kind.prefix)org1…, or a name of `party list`.")
    }
}
