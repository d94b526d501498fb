public import Encoding
public import Primitives

/// Why a keystore could not be opened. Wrong passphrase and damage are told apart: a checksum over the whole file finds
/// damage without the passphrase, and a check value derived beside the key finds a wrong passphrase without the
/// ciphertext.
public enum KeystoreFailure: Error, Hashable, Sendable, CustomStringConvertible {
    case wrongPassphrase
    /// Bytes changed, or are not those of a keystore.
    case corrupt(String)
    /// Written by a newer program.
    case newerVersion(Int)
    /// scrypt parameters below what a keystore must have, or above what a machine can bear.
    case refusedParameters(String)
    case unavailable(String)

    public var description: String {
        switch self {
        case .wrongPassphrase: "the passphrase is wrong; the keystore itself is undamaged"
        case .corrupt(let what):
            "the keystore is damaged (\(what)); restore it from a backup, or from the mnemonic with a new keystore"
        case .newerVersion(let version):
            "the keystore has version \(version), this program reads up to \(KeystoreFile.currentVersion): update it"
        case .refusedParameters(let what): "the keystore's scrypt parameters are refused: \(what)"
        case .unavailable(let what): "\(what)"
        }
    }
}

/// The cost of guessing one passphrase (RFC 7914).
public struct ScryptCost: Codable, Hashable, Sendable, CBORCodable {
    public let n: UInt64
    public let r: UInt64
    public let p: UInt64

    /// N = 2^17, r = 8: 128 MiB and about half a second for each guess.
    public static let standard = ScryptCost(n: 1 << 17, r: 8, p: 1)
    /// Far below what protects a secret: for tests, and for keystores of throw-away networks.
    public static let weak = ScryptCost(n: 1 << 10, r: 8, p: 1)

    public init(n: UInt64, r: UInt64, p: UInt64) {
        self.n = n
        self.r = r
        self.p = p
    }

    public var isStrong: Bool { n >= ScryptCost.standard.n && r >= ScryptCost.standard.r }

    public func encode(into writer: inout CBORWriter) {
        writer.array(3)
        writer.write(n)
        writer.write(r)
        writer.write(p)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("cost", count: 3) { (reader) throws(EncodingFailure) in
            ScryptCost(n: try reader.unsigned("n"), r: try reader.unsigned("r"), p: try reader.unsigned("p"))
        }
    }
}

/// An account of the keystore that may be read without the passphrase. Accounts of relationships are not among them:
/// which institutions a patient deals with is inside the ciphertext.
public struct KeystoreAccount: Hashable, Sendable, CBOREncodable {
    public let name: String
    public let network: NetworkKind
    public let path: DerivationPath
    public let address: Address

    public init(name: String, network: NetworkKind, path: DerivationPath, address: Address) {
        self.name = name
        self.network = network
        self.path = path
        self.address = address
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(4)
        writer.write(name)
        writer.write(UInt64(network.rawValue))
        writer.write(path.description)
        writer.write(address)
    }
}

extension KeystoreAccount: Codable {
    private enum Key: String, CodingKey { case name, path, address }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(name, forKey: .name)
        try container.encode(path.description, forKey: .path)
        try container.encode(TypedText.encode(address.bytes, kind: "", network: network), forKey: .address)
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        let text = try container.decode(String.self, forKey: .address)
        guard let network = NetworkKind.allCases.first(where: { TypedText.decode(text, kind: "", network: $0) != nil }),
            let bytes = TypedText.decode(text, kind: "", network: network)
        else {
            throw DecodingError.dataCorruptedError(forKey: .address, in: container, debugDescription: "not an address")
        }
        guard let path = DerivationPath(try container.decode(String.self, forKey: .path)) else {
            throw DecodingError.dataCorruptedError(forKey: .path, in: container, debugDescription: "not a path")
        }
        self.init(
            name: try container.decode(String.self, forKey: .name), network: network, path: path,
            address: Address(bytes))
    }
}

/// A keystore as it lies on disk, in JSON: what is written here is what Specs/bytes.md tells other wallets.
///
/// The key and the check value are the two halves of 64 bytes of scrypt. The ciphertext is AES-256-GCM over the secrets
/// in CBOR, with everything else in the file as associated data.
public struct KeystoreFile: Codable, Hashable, Sendable {
    public static let formatName = "mednexus-keystore"
    public static let currentVersion = 1
    /// A wallet has tens of accounts; the bound keeps a damaged file from claiming more.
    public static let maximumAccounts = 4096
    static let checksumTag = HashTag("mednexus/keystore")
    static let checkTag = HashTag("mednexus/keystore-check")

    public let format: String
    public let version: Int
    public let accounts: [KeystoreAccount]
    public let scrypt: ScryptCost
    /// 32 bytes.
    public let salt: ByteString
    /// 12 bytes, fresh at each writing.
    public let nonce: ByteString
    public let check: Hash
    /// With its tag of 16 bytes.
    public let ciphertext: ByteString
    public let checksum: Hash

    init(
        accounts: [KeystoreAccount], scrypt: ScryptCost, salt: [UInt8], nonce: [UInt8], check: Hash,
        ciphertext: [UInt8]
    ) {
        format = KeystoreFile.formatName
        version = KeystoreFile.currentVersion
        self.accounts = accounts
        self.scrypt = scrypt
        self.salt = ByteString(salt)
        self.nonce = ByteString(nonce)
        self.check = check
        self.ciphertext = ByteString(ciphertext)
        checksum = KeystoreFile.checksum(
            accounts: accounts, scrypt: scrypt, salt: salt, nonce: nonce, check: check, ciphertext: ciphertext)
    }

    /// Canonical bytes of what is not secret: `[version, accounts, scrypt, salt, nonce]`.
    static func associatedData(
        accounts: [KeystoreAccount], scrypt: ScryptCost, salt: [UInt8], nonce: [UInt8]
    ) -> [UInt8] {
        var writer = CBORWriter()
        writer.array(5)
        writer.write(UInt64(currentVersion))
        writer.write(accounts)
        writer.write(scrypt)
        writer.write(bytes: salt)
        writer.write(bytes: nonce)
        return writer.bytes
    }

    private static func checksum(
        accounts: [KeystoreAccount], scrypt: ScryptCost, salt: [UInt8], nonce: [UInt8], check: Hash,
        ciphertext: [UInt8]
    ) -> Hash {
        let header = associatedData(accounts: accounts, scrypt: scrypt, salt: salt, nonce: nonce)
        return checksumTag.hash(header + check.bytes.array + ciphertext)
    }

    /// Finds damage without the passphrase.
    public func verify() throws(KeystoreFailure) {
        guard format == KeystoreFile.formatName else { throw .corrupt("not a MedNexus keystore") }
        guard version <= KeystoreFile.currentVersion else { throw .newerVersion(version) }
        guard version == KeystoreFile.currentVersion else { throw .corrupt("version \(version)") }
        guard accounts.count <= KeystoreFile.maximumAccounts else { throw .corrupt("too many accounts") }
        guard salt.bytes.count == 32, nonce.bytes.count == AEAD.nonceCount else { throw .corrupt("salt or nonce") }
        let expected = KeystoreFile.checksum(
            accounts: accounts, scrypt: scrypt, salt: salt.bytes, nonce: nonce.bytes, check: check,
            ciphertext: ciphertext.bytes)
        guard expected == checksum else { throw .corrupt("checksum") }
    }

    /// Takes as long as scrypt does: half a second.
    public func unlock(passphrase: SecretBytes) throws(KeystoreFailure) -> UnlockedKeystore {
        try unlock(passphrase: passphrase, isWeakCostAllowed: false)
    }

    package func unlock(
        passphrase: SecretBytes, isWeakCostAllowed: Bool
    ) throws(KeystoreFailure) -> UnlockedKeystore {
        try verify()
        guard scrypt.isStrong || isWeakCostAllowed else { throw .refusedParameters("N = \(scrypt.n), r = \(scrypt.r)") }
        let keys = try KeystoreKeys(passphrase: passphrase, salt: salt.bytes, cost: scrypt)
        guard ConstantTime.equal(keys.check.bytes.array, check.bytes.array) else { throw .wrongPassphrase }
        let header = KeystoreFile.associatedData(
            accounts: accounts, scrypt: scrypt, salt: salt.bytes, nonce: nonce.bytes)
        do {
            var plaintext = try AES256GCM.open(
                ciphertext.bytes, key: keys.encryption, nonce: nonce.bytes, associatedData: header)
            defer { Wipe.array(&plaintext) }
            return UnlockedKeystore(keys: keys, accounts: accounts, secrets: try KeystoreSecrets(decoding: plaintext))
        } catch let failure as EncodingFailure {
            throw .corrupt("contents: \(failure.reason.rawValue)")
        } catch {
            throw .corrupt("ciphertext")
        }
    }
}

/// What one run of scrypt gives, kept while the keystore is open so that writing it needs no second run.
struct KeystoreKeys: Sendable {
    let salt: [UInt8]
    let cost: ScryptCost
    let encryption: SecretBytes
    let check: Hash

    init(passphrase: SecretBytes, salt: [UInt8], cost: ScryptCost) throws(KeystoreFailure) {
        do {
            let output = try Scrypt.derive(
                passphrase: passphrase, salt: salt, n: cost.n, r: cost.r, p: cost.p, count: 64)
            var bytes = output.copy()
            var first = Array(bytes[..<32])
            var second = Array(bytes[32...])
            encryption = SecretBytes(first)
            check = KeystoreFile.checkTag.hash(second)
            Wipe.array(&bytes)
            Wipe.array(&first)
            Wipe.array(&second)
        } catch CryptographyFailure.badParameter(let what) {
            throw .refusedParameters(what)
        } catch {
            throw .unavailable("\(error)")
        }
        self.salt = salt
        self.cost = cost
    }
}
