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
    /// As a command takes it: the name that this wallet knows it by, or address or id.
    func argument(_ party: Party) -> String {
        names.plainName(of: party) ?? Self.rewritten(party.description, on: network.kind)
    }
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

    /// The id itself: what others type, whose wallets know no names of this one.
    func written(_ text: String) -> String { Self.rewritten(text, on: network.kind) }

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

    /// What the ledger says has ids, and names of operations and methods: here they get this wallet's names, in the writing
    /// of this network, and the commands that people type. What the wallet itself says is left as it wrote it.
    func translated(_ failure: WalletFailure) -> WalletFailure {
        let isLedgers = failure.answer != nil
        let answer = failure.answer.map {
            WalletFailure.Answer(
                code: $0.code, reason: $0.reason, domain: $0.domain, operation: $0.operation, field: $0.field,
                message: translated($0.message, isLedgers: true),
                hint: translated($0.hint, isLedgers: true, isHint: true), retryable: $0.retryable)
        }
        return WalletFailure(
            failure.kind, translated(failure.message, isLedgers: isLedgers),
            hint: translated(failure.hint, isLedgers: isLedgers, isHint: true), answer: answer,
            mayHaveArrived: failure.mayHaveArrived)
    }

    /// - Parameters:
    ///   - isLedgers: false of what the wallet says, of which only ids without a network are rewritten.
    ///   - isHint: true of what may be copied into a command, which takes a name alone.
    private func translated(_ text: String, isLedgers: Bool, isHint: Bool = false) -> String {
        var result = ""
        var word = ""
        func flush() {
            result += isLedgers || word.hasPrefix("mnx") ? known(word, isHint: isHint) : word
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
        // What the wallet says of operations, such as which ones a mandate can be for, is meant.
        return isLedgers ? CommandWords.translated(result) : result
    }

    private func known(_ word: String, isHint: Bool) -> String {
        guard let (kind, bytes) = Self.parse(word) else { return word }
        let written = TypedText.encode(bytes, kind: kind, network: network.kind)
        guard let party = Party(text: written, network: network.kind) else {
            return isHint ? short(word) : identifier(word)
        }
        return isHint ? names.plainName(of: party) ?? written : names.party(party)
    }

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
