internal import Encoding
public import Primitives

/// A patient's dealings with one institution, under a key of their own.
public struct Relationship: Hashable, Sendable {
    public let name: String
    public let network: NetworkKind
    public let path: DerivationPath
    public let counterpart: Party?

    public init(name: String, network: NetworkKind, path: DerivationPath, counterpart: Party?) {
        self.name = name
        self.network = network
        self.path = path
        self.counterpart = counterpart
    }
}

/// What the passphrase protects. Sealing secrets and content secrets are in files of their own, under keys that follow
/// from it (``KeptSecrets``).
///
/// Bytes: `[entropy, [[name, network, path, counterpart / null]…]]`.
public struct KeystoreSecrets: Sendable {
    public let mnemonic: Mnemonic
    public private(set) var relationships: [Relationship]

    static let maximumEntries = 1 << 20
    static let maximumLabel = 256

    public init(mnemonic: Mnemonic) {
        self.mnemonic = mnemonic
        relationships = []
    }

    public mutating func add(_ relationship: Relationship) { relationships.append(relationship) }

    var encoded: [UInt8] {
        var writer = CBORWriter(reserving: 1024)
        writer.array(2)
        writer.write(bytes: mnemonic.entropy.copy())
        writer.array(relationships.count)
        for one in relationships {
            writer.array(4)
            writer.write(one.name)
            writer.write(UInt64(one.network.rawValue))
            writer.write(one.path.description)
            writer.write(one.counterpart)
        }
        return writer.bytes
    }

    init(decoding bytes: [UInt8]) throws(EncodingFailure) {
        var reader = CBORReader(bytes)
        self = try reader.record("secrets", count: 2) { (reader) throws(EncodingFailure) in
            let entropy = SecretBytes(try reader.byteString("entropy", max: 32))
            let mnemonic: Mnemonic
            do { mnemonic = try Mnemonic(entropy: entropy) } catch { throw reader.failure(.outOfRange, "entropy") }
            var secrets = KeystoreSecrets(mnemonic: mnemonic)
            secrets.relationships = try reader.list("relationships", max: KeystoreSecrets.maximumEntries) {
                (reader) throws(EncodingFailure) in try Self.relationship(&reader)
            }
            return secrets
        }
        try reader.finish()
    }

    private static func relationship(_ reader: inout CBORReader) throws(EncodingFailure) -> Relationship {
        try reader.record("relationship", count: 4) { (reader) throws(EncodingFailure) in
            let name = try reader.text("name", max: maximumLabel)
            let kind: UInt8 = try reader.integer("network")
            guard let network = NetworkKind(rawValue: kind) else { throw reader.failure(.unknownCase, "network") }
            guard let path = DerivationPath(try reader.text("path", max: maximumLabel)) else {
                throw reader.failure(.outOfRange, "path")
            }
            return Relationship(
                name: name, network: network, path: path, counterpart: try reader.optional("counterpart"))
        }
    }
}

/// A keystore whose passphrase was given: it derives keys, and can be written again.
public struct UnlockedKeystore: Sendable {
    private var keys: KeystoreKeys
    public private(set) var accounts: [KeystoreAccount]
    public var secrets: KeystoreSecrets

    init(keys: KeystoreKeys, accounts: [KeystoreAccount], secrets: KeystoreSecrets) {
        self.keys = keys
        self.accounts = accounts
        self.secrets = secrets
    }

    /// A new keystore without accounts. `salt` is 32 fresh random bytes; `cost` below ``ScryptCost/standard`` is refused.
    public init(
        mnemonic: Mnemonic, passphrase: SecretBytes, salt: Bytes32, cost: ScryptCost = .standard
    ) throws(KeystoreFailure) {
        guard cost.isStrong else { throw .refusedParameters("N = \(cost.n), r = \(cost.r)") }
        try self.init(mnemonic: mnemonic, passphrase: passphrase, salt: salt, uncheckedCost: cost)
    }

    package init(
        mnemonic: Mnemonic, passphrase: SecretBytes, salt: Bytes32, uncheckedCost: ScryptCost
    ) throws(KeystoreFailure) {
        self.init(
            keys: try KeystoreKeys(passphrase: passphrase, salt: salt.array, cost: uncheckedCost), accounts: [],
            secrets: KeystoreSecrets(mnemonic: mnemonic))
    }

    /// The same contents under another passphrase.
    public mutating func changePassphrase(_ passphrase: SecretBytes, salt: Bytes32) throws(KeystoreFailure) {
        keys = try KeystoreKeys(passphrase: passphrase, salt: salt.array, cost: keys.cost)
    }

    /// What is written to disk. `nonce` is 12 fresh random bytes, never used before with this keystore.
    public func sealed(nonce: [UInt8]) throws(KeystoreFailure) -> KeystoreFile {
        var plaintext = secrets.encoded
        defer { Wipe.array(&plaintext) }
        let header = KeystoreFile.associatedData(
            accounts: accounts, scrypt: keys.cost, salt: keys.salt, nonce: nonce)
        do {
            let ciphertext = try AES256GCM.seal(
                plaintext, key: keys.encryption, nonce: nonce, associatedData: header)
            return KeystoreFile(
                accounts: accounts, scrypt: keys.cost, salt: keys.salt, nonce: nonce, check: keys.check,
                ciphertext: ciphertext)
        } catch {
            throw .unavailable("\(error)")
        }
    }

    /// Derives. Nil (chance 2^-127 at each step) if there is no key at that path.
    public func key(at path: DerivationPath) -> SecretKey? {
        // Without a BIP-39 passphrase there is no failure: the mnemonic was checked when it was made.
        guard let seed = try? secrets.mnemonic.seed() else { return nil }
        return ExtendedKey(seed: seed)?.derived(path)?.secret
    }

    /// Adds the account `number` of a network and returns it; nil if there is no such key, or the name is taken.
    public mutating func addAccount(name: String, network: NetworkKind, number: UInt32) -> KeystoreAccount? {
        guard isFree(name), accounts.count < KeystoreFile.maximumAccounts,
            let path = DerivationPath.wallet(network: network, account: number, relationship: 0, index: 0),
            let key = key(at: path), !accounts.contains(where: { $0.address == key.address })
        else { return nil }
        let account = KeystoreAccount(name: name, network: network, path: path, address: key.address)
        accounts.append(account)
        return account
    }

    /// Adds a key for dealings with one institution, from relationship 1 on; nil as with accounts.
    public mutating func addRelationship(
        name: String, network: NetworkKind, account: UInt32, counterpart: Party?
    ) -> KeystoreAccount? {
        let number = UInt32(clamping: secrets.relationships.count + 1)
        guard isFree(name), secrets.relationships.count < KeystoreSecrets.maximumEntries,
            let path = DerivationPath.wallet(network: network, account: account, relationship: number, index: 0),
            let key = key(at: path)
        else { return nil }
        secrets.add(Relationship(name: name, network: network, path: path, counterpart: counterpart))
        return KeystoreAccount(name: name, network: network, path: path, address: key.address)
    }

    private func isFree(_ name: String) -> Bool {
        !accounts.contains { $0.name == name } && !secrets.relationships.contains { $0.name == name }
    }

    /// Accounts and, behind the passphrase, those of relationships.
    public func account(named name: String, network: NetworkKind) -> KeystoreAccount? {
        if let account = accounts.first(where: { $0.name == name && $0.network == network }) { return account }
        guard let one = secrets.relationships.first(where: { $0.name == name && $0.network == network }),
            let key = key(at: one.path)
        else { return nil }
        return KeystoreAccount(name: one.name, network: one.network, path: one.path, address: key.address)
    }

    /// The signing key of an address; nil if it is not of this keystore.
    public func key(of address: Address) -> SecretKey? {
        if let account = accounts.first(where: { $0.address == address }) { return key(at: account.path) }
        for relationship in secrets.relationships {
            if let key = key(at: relationship.path), key.address == address { return key }
        }
        return nil
    }
}
