public import Cryptography
public import Primitives

/// Sealing secrets and content secrets of a home, each in a file of its own under `secrets/`: removing one shreds exactly
/// that one. Keeping another needs no lock, since each has a file of its own.
///
/// A file that is removed is overwritten first. That is all a program can do: flash memory, copying and logging file
/// systems, snapshots and backups may keep older blocks, which the passphrase still protects.
public struct SecretFiles: Sendable {
    private static let ending = ".secret"
    private let folder: String
    private let keys: KeptSecrets

    public init(home: WalletHome, keystore: UnlockedKeystore) {
        folder = home.secretsPath
        keys = KeptSecrets(keystore)
    }

    /// Keeps it, whole or not at all; it is on disk when this returns. One of the same name is replaced, and shredded.
    public func keep(_ secret: KeptSecret) throws(WalletFailure) {
        try DurableFile.makeFolder(folder)
        let bytes: [UInt8]
        do {
            bytes = try keys.seal(secret, nonce: OperatingSystemRandom.bytes(KeptSecrets.nonceCount))
        } catch {
            throw WalletFailure(.key, "the secret can't be kept: \(error)")
        }
        try DurableFile.replaceAndShred(bytes, at: path(keys.fileName(secret.name)), noise: OperatingSystemRandom.bytes)
    }

    /// Nil if there is none of that key.
    public func sealing(_ key: CompressedPoint) throws(WalletFailure) -> KeptSealingSecret? {
        guard case .sealing(let kept) = try read(keys.fileName(.sealing(key))) else { return nil }
        return kept
    }

    /// Nil if there is none of that root.
    public func content(_ root: Hash) throws(WalletFailure) -> KeptContentSecret? {
        guard case .content(let kept) = try read(keys.fileName(.content(root))) else { return nil }
        return kept
    }

    /// All of them, oldest first.
    public func list() throws(WalletFailure) -> [KeptSecret] {
        var secrets: [KeptSecret] = []
        for name in DurableFile.list(folder) where name.hasSuffix(Self.ending) {
            if let secret = try read(String(name.dropLast(Self.ending.count))) { secrets.append(secret) }
        }
        return secrets.sorted { $0.madeAt < $1.madeAt }
    }

    /// Overwrites and removes it, for good. False if there is none of that name.
    @discardableResult
    public func shred(_ name: KeptSecret.Name) throws(WalletFailure) -> Bool {
        try DurableFile.shred(path(keys.fileName(name)), noise: OperatingSystemRandom.bytes)
    }

    private func path(_ fileName: String) -> String { "\(folder)/\(fileName)\(Self.ending)" }

    private func read(_ fileName: String) throws(WalletFailure) -> KeptSecret? {
        let path = path(fileName)
        guard let bytes = try DurableFile.contents(path) else { return nil }
        do {
            return try keys.open(bytes, fileName: fileName)
        } catch {
            let what = if case .corrupt(let what) = error { what } else { "\(error)" }
            throw WalletFailure(
                .key, "\(path) is damaged: \(what)",
                hint: "Restore it from a backup. Without it, what was sealed to it can't be opened with this wallet.")
        }
    }
}
