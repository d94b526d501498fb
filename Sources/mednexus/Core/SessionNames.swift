import Interface
import Primitives
import Revenue
import StateModel
import WalletKit

/// Names for words and tables: accounts, address book, named things, assets.
struct SessionNames: NameResolver {
    private let names: WalletNames
    private let things: NamedThings
    private let network: PinnedNetwork
    let assets: [AssetRecord]
    /// In which asset the amounts of terms, offers and licenses are.
    private let behind: [Bytes32: AssetID]

    init(session: Session, assets: [AssetRecord], behind: [Bytes32: AssetID] = [:]) {
        self.behind = behind
        var styles: [AssetID: AssetStyle] = [:]
        for asset in assets { styles[asset.id] = asset.style }
        names = WalletNames(
            network: session.network, accounts: session.accounts, book: session.book, assets: styles)
        things = session.things
        network = session.network
        self.assets = assets
    }

    func party(_ party: Party) -> String { names.party(party) }
    func amount(_ amount: Amount, of asset: AssetID) -> String { names.amount(amount, of: asset) }
    func time(_ time: Timestamp) -> String { names.time(time) }
    func asset(behind id: Bytes32) -> AssetID? { behind[id] }

    /// A ceiling of a royalty counts the units of every asset alike.
    func ceiling(_ amount: Amount, in asset: AssetID? = nil) -> String {
        guard let asset = asset ?? (assets.count == 1 ? assets[0].id : nil) else {
            return "\(amount) smallest units of each asset"
        }
        return names.amount(amount, of: asset)
            + (assets.count == 1 ? "" : " (as many smallest units of each other asset)")
    }

    /// `score (tmnxinft1…)` where this wallet has a name for it; always in the writing of the network.
    func identifier(_ text: String) -> String {
        guard let (kind, bytes) = Self.parse(text) else { return text }
        let written = TypedText.encode(bytes, kind: kind, network: network.kind)
        guard let name = things.name(of: bytes, kind: kind, on: network.genesis) else { return written }
        return "\(name) (\(written))"
    }

    /// As in tables: the name alone, or the id.
    func short(_ text: String) -> String {
        guard let (kind, bytes) = Self.parse(text) else { return text }
        return things.name(of: bytes, kind: kind, on: network.genesis)
            ?? TypedText.encode(bytes, kind: kind, network: network.kind)
    }

    private static func parse(_ text: String) -> (kind: String, bytes: Bytes32)? {
        guard let (part, raw) = try? Bech32m.decode(text), let bytes = Bytes32(raw) else { return nil }
        for prefix in ["tmnx", "mnx"] where part.hasPrefix(prefix) {
            return (String(part.dropFirst(prefix.count)), bytes)
        }
        return nil
    }

    /// An id in the writing of a network.
    static func rewritten(_ text: String, on network: NetworkKind) -> String {
        guard let (kind, bytes) = parse(text) else { return text }
        return TypedText.encode(bytes, kind: kind, network: network)
    }

    /// A message in which ids of every network are written alike, in the writing of this one.
    static func rewritten(message: String, on network: NetworkKind) -> String {
        var result = ""
        var word = ""
        for character in message + " " {
            if character.isLetter || character.isNumber {
                word.append(character)
            } else {
                result += word.hasPrefix("mnx") ? rewritten(word, on: network) : word
                result.append(character)
                word = ""
            }
        }
        return String(result.dropLast())
    }

    static func word(_ kind: String) -> String {
        switch kind {
        case "org": "organization"
        case "cred": "credential"
        case "inft": "INFT"
        case "set": "consent set"
        case "disc": "disclosure"
        case "lic": "license"
        case "prop": "proposal"
        case "deleg": "delegation"
        case "recov": "recovery"
        default: kind
        }
    }

    /// The node writes ids of every network alike; here they get the writing of this one, and names.
    func translated(_ failure: WalletFailure) -> WalletFailure {
        let answer = failure.answer.map {
            WalletFailure.Answer(
                code: $0.code, reason: $0.reason, domain: $0.domain, operation: $0.operation, field: $0.field,
                message: translated($0.message), hint: translated($0.hint), retryable: $0.retryable)
        }
        return WalletFailure(
            failure.kind, translated(failure.message), hint: translated(failure.hint), answer: answer,
            mayHaveArrived: failure.mayHaveArrived)
    }

    private func translated(_ text: String) -> String {
        var result = ""
        var word = ""
        func flush() {
            if word.hasPrefix("mnx"), let (kind, bytes) = Self.parse(word) {
                let written = TypedText.encode(bytes, kind: kind, network: network.kind)
                if let party = Party(text: written, network: network.kind) {
                    result += names.party(party)
                } else {
                    result += identifier(word)
                }
            } else {
                result += word
            }
            word = ""
        }
        for character in text {
            if character.isLetter || character.isNumber {
                word.append(character)
            } else {
                flush()
                result.append(character)
            }
        }
        flush()
        // The node names methods; who types commands is told of those.
        for (method, command) in Self.commands { result = result.replacing(method, with: command) }
        return result
    }

    private static let commands = [
        ("consent_check", "mednexus consent check"), ("license_list", "mednexus license list"),
        ("license_quote", "mednexus license quote"), ("offer_list", "mednexus offer list"),
    ]

    // MARK: Of JSON

    /// A party of an answer, as people call it.
    func party(_ value: JSONValue?) -> String {
        guard let text = value?.string else { return "" }
        return Party(text: text, network: network.kind).map { names.party($0) } ?? text
    }

    func id(_ value: JSONValue?) -> String { value?.string.map { short($0) } ?? "" }

    func time(_ value: JSONValue?) -> String? {
        value?.unsigned.map { $0 == Timestamp.maximum.milliseconds ? "never" : dateText(Timestamp($0)) }
    }

    func amount(_ value: JSONValue?, of asset: JSONValue?) -> String {
        guard let units = value?.string.flatMap({ UInt64($0) }) else { return "" }
        guard let text = asset?.string,
            let bytes = TypedText.decode(text, kind: AssetKind.name, network: network.kind)
        else { return units == 0 ? "free" : "\(units)" }
        return names.amount(Amount(units), of: AssetID(bytes))
    }

    func share(_ value: JSONValue?) -> String {
        guard let parts = value?.unsigned else { return "" }
        return Self.percent(parts)
    }

    /// 125000 is `12.5 %`.
    static func percent(_ parts: UInt64) -> String {
        var text = "\(parts / 10_000)"
        let rest = parts % 10_000
        if rest > 0 {
            var digits = String(String(rest + 10_000).dropFirst())
            while digits.hasSuffix("0") { digits.removeLast() }
            text += "." + digits
        }
        return text + " %"
    }
}
