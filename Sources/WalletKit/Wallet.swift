public import Cryptography
internal import FoundationEssentials
public import Primitives

/// The keystore of a home: reading, unlocking, and writing it so that it is never half written.
public struct Wallet: Sendable {
    public let home: WalletHome
    private let cost: ScryptCost

    public init(home: WalletHome) { self.init(home: home, cost: .standard) }

    /// A cost below the standard is for tests.
    package init(home: WalletHome, cost: ScryptCost) {
        self.home = home
        self.cost = cost
    }

    /// Blinds libsecp256k1's context. Once, at the start of a program.
    public static func start() { Schnorr.randomizeContext(seed: OperatingSystemRandom.bytes32()) }

    public var exists: Bool { (try? DurableFile.contents(home.keystorePath)) != nil }

    /// What can be read without the passphrase; damage is found here.
    public func file() throws(WalletFailure) -> KeystoreFile {
        guard let bytes = try DurableFile.contents(home.keystorePath) else {
            throw WalletFailure(
                .key, "there is no keystore at \(home.keystorePath)",
                hint: "Make one: mednexus key new, or restore one: mednexus key restore.")
        }
        let file: KeystoreFile
        do {
            file = try JSONDecoder().decode(KeystoreFile.self, from: Data(bytes))
        } catch {
            throw .keystore(.corrupt(WalletHome.reason(error)), path: home.keystorePath)
        }
        do {
            try file.verify()
        } catch {
            throw .keystore(error, path: home.keystorePath)
        }
        return file
    }

    public func unlock(passphrase: SecretBytes) throws(WalletFailure) -> UnlockedKeystore {
        let file = try file()
        do {
            return try file.unlock(passphrase: passphrase, isWeakCostAllowed: !cost.isStrong)
        } catch {
            throw .keystore(error, path: home.keystorePath)
        }
    }

    /// A new keystore on fresh entropy, or on the words of an old one. One that exists is never replaced.
    public func create(
        passphrase: SecretBytes, restoring words: String? = nil
    ) throws(WalletFailure) -> UnlockedKeystore {
        try DurableFile.makeFolder(home.path)
        guard try DurableFile.contents(home.keystorePath) == nil else {
            throw WalletFailure(
                .key, "there is a keystore at \(home.keystorePath) already",
                hint: "Name another home with --home, or move the old keystore to a safe place.")
        }
        let mnemonic: Mnemonic
        do {
            if let words {
                mnemonic = try Mnemonic(words: words)
            } else {
                mnemonic = try Mnemonic(entropy: SecretBytes(OperatingSystemRandom.bytes(32)))
            }
        } catch {
            throw WalletFailure(.key, "\(error)", hint: "Check the words against what was written down.")
        }
        do {
            let keystore = try UnlockedKeystore(
                mnemonic: mnemonic, passphrase: passphrase, salt: OperatingSystemRandom.bytes32(), uncheckedCost: cost)
            try save(keystore)
            return keystore
        } catch let failure as KeystoreFailure {
            throw .keystore(failure, path: home.keystorePath)
        } catch let failure as WalletFailure {
            throw failure
        } catch {
            throw WalletFailure(.key, "the keystore could not be made")
        }
    }

    /// Writes the keystore, whole or not at all.
    public func save(_ keystore: UnlockedKeystore) throws(WalletFailure) {
        let file: KeystoreFile
        do {
            file = try keystore.sealed(nonce: OperatingSystemRandom.bytes(12))
        } catch {
            throw .keystore(error, path: home.keystorePath)
        }
        try home.save(file, to: home.keystorePath)
    }

    public func changePassphrase(from old: SecretBytes, to new: SecretBytes) throws(WalletFailure) {
        var keystore = try unlock(passphrase: old)
        do {
            try keystore.changePassphrase(new, salt: OperatingSystemRandom.bytes32())
        } catch {
            throw .keystore(error, path: home.keystorePath)
        }
        try save(keystore)
    }

    /// Adds the network's next account.
    public func addAccount(
        _ name: String, network: NetworkKind, to keystore: inout UnlockedKeystore
    ) throws(WalletFailure) -> KeystoreAccount {
        guard WalletName.isUsable(name) else { throw WalletName.failure(name) }
        let number = keystore.accounts.filter { $0.network == network }.count
        guard let account = keystore.addAccount(name: name, network: network, number: UInt32(clamping: number)) else {
            throw WalletFailure(.usage, "there is an account \(name) already", hint: "Choose another name.")
        }
        try save(keystore)
        return account
    }

    /// A fresh key for dealings with one institution, unlinkable to every other.
    public func addRelationship(
        _ name: String, network: NetworkKind, counterpart: Party?, to keystore: inout UnlockedKeystore
    ) throws(WalletFailure) -> KeystoreAccount {
        guard WalletName.isUsable(name) else { throw WalletName.failure(name) }
        guard
            let account = keystore.addRelationship(
                name: name, network: network, account: 0, counterpart: counterpart)
        else {
            throw WalletFailure(.usage, "there is an account \(name) already", hint: "Choose another name.")
        }
        try save(keystore)
        return account
    }
}
