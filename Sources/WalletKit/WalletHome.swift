public import FoundationEssentials
internal import Primitives

/// The folder of a wallet.
///
///     keystore.json     keys (Specs/bytes.md)
///     networks.json     pinned networks
///     names.json        address book
///     keys.json         keys that speak for accounts whose first key was replaced
///     secrets/NAME.secret sealing and content secrets, each in a file of its own
///     content/ROOT        ciphertexts that were fetched, until `content copies --remove`
///     deliveries/NETWORK/ID.json
///                       what deliveries were begun with
///     outbox/NETWORK/HASH.json
///                       every transaction signed here, written before it is first sent
///     lock              held while a program changes anything
public struct WalletHome: Sendable {
    public let path: String

    public init(path: String) { self.path = path }

    /// `--home`, else MEDNEXUS_WALLET_HOME, else XDG_DATA_HOME/mednexus, else ~/.local/share/mednexus.
    public static func resolve(
        explicit: String?, environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(WalletFailure) -> WalletHome {
        func given(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        if let explicit { return WalletHome(path: explicit) }
        if let home = given("MEDNEXUS_WALLET_HOME") { return WalletHome(path: home) }
        if let data = given("XDG_DATA_HOME") { return WalletHome(path: data + "/mednexus") }
        if let home = given("HOME") { return WalletHome(path: home + "/.local/share/mednexus") }
        throw WalletFailure(.usage, "there is no home folder", hint: "Name one with --home or MEDNEXUS_WALLET_HOME.")
    }

    public var keystorePath: String { path + "/keystore.json" }
    var networksPath: String { path + "/networks.json" }
    var secretsPath: String { path + "/secrets" }

    /// Ciphertexts that were made or fetched here, by root; made if it is missing.
    public func contentFolder() throws(WalletFailure) -> String {
        let folder = path + "/content"
        try DurableFile.makeFolder(folder)
        return folder
    }

    /// The ciphertexts that are here, and what is left of an encryption or a download that broke off.
    public func contentCopies() throws(WalletFailure) -> [(name: String, size: UInt64)] {
        let folder = try contentFolder()
        var copies: [(name: String, size: UInt64)] = []
        for name in DurableFile.list(folder) {
            // What a case was before it was encrypted lies in a folder of its own, as long as a crash has let it lie.
            let files =
                name.hasPrefix("plain-") ? DurableFile.list("\(folder)/\(name)").map { "\(name)/\($0)" } : [name]
            for file in files {
                if let size = try? SealedFile.size(of: "\(folder)/\(file)") { copies.append((file, size)) }
            }
        }
        return copies
    }

    /// Removes what ``contentCopies()`` named; plain text is overwritten before.
    public func removeContentCopy(_ name: String) throws(WalletFailure) {
        let folder = try contentFolder()
        let parts = name.split(separator: "/")
        guard parts.count == 2 else { return try DurableFile.remove("\(folder)/\(name)") }
        try ContentFile.shred("\(folder)/\(name)", folder: "\(folder)/\(parts[0])")
    }

    var namesPath: String { path + "/names.json" }
    func outboxPath(_ network: Hash) -> String { path + "/outbox/" + network.description }

    /// Makes the folder if it is missing, and takes it for this program until the lock is let go.
    public func lock() throws(WalletFailure) -> HomeLock {
        try DurableFile.makeFolder(path)
        return try HomeLock(path + "/lock")
    }

    // MARK: JSON

    func load<Value: Decodable>(_ path: String, as type: Value.Type) throws(WalletFailure) -> Value? {
        guard let bytes = try DurableFile.contents(path) else { return nil }
        do {
            return try JSONDecoder().decode(type, from: Data(bytes))
        } catch {
            throw WalletFailure(
                .usage, "\(path) is damaged or not a file of this wallet: \(WalletHome.reason(error))",
                hint: "Restore it from a backup, or move it away to start anew.")
        }
    }

    func save(_ value: some Encodable, to path: String, networkKind: NetworkKind? = nil) throws(WalletFailure) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        if let networkKind { encoder.userInfo[.networkKind] = networkKind }
        do {
            var bytes = [UInt8](try encoder.encode(value))
            bytes.append(UInt8(ascii: "\n"))
            try DurableFile.replace(bytes, at: path)
        } catch let failure as WalletFailure {
            throw failure
        } catch {
            throw WalletFailure(.usage, "can't write \(path)")
        }
    }

    static func reason(_ error: any Error) -> String {
        switch error as? DecodingError {
        case .keyNotFound(let key, _): "\(key.stringValue) is missing"
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
            (context.codingPath.map(\.stringValue) + [context.debugDescription]).joined(separator: ": ")
        default: "not JSON"
        }
    }
}
