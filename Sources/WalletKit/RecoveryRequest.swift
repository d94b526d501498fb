public import Cryptography
internal import Identities
public import Primitives

/// What somebody who lost a key hands to the guardians: which new key is to speak for which account, and that it is held.
/// Not secret; worth nothing without the guardians.
public struct RecoveryRequest: Codable, Hashable, Sendable {
    public static let formatName = "mednexus-recovery-request"
    public static let currentVersion = 1

    public let format: String
    public let version: Int
    /// The genesis hash.
    public let network: Hash
    public let account: Address
    public let key: Address
    public let changes: UInt64
    public let proof: Signature

    /// - Parameter changes: how often the account's key was replaced, as the ledger says.
    public init(account: Address, secret: SecretKey, changes: UInt64, network: Hash) {
        format = Self.formatName
        version = Self.currentVersion
        self.network = network
        self.account = account
        key = secret.address
        self.changes = changes
        proof = Schnorr.sign(
            message: NewKeyStatement(network: network, account: account, key: secret.address, changes: changes).hash,
            secret: secret, auxiliary: OperatingSystemRandom.bytes32())
    }

    /// Refused unless it is for this network and the new key signed it.
    public func check(on network: PinnedNetwork) throws(WalletFailure) {
        guard format == Self.formatName, version == Self.currentVersion else {
            throw WalletFailure(.usage, "not a recovery request of version \(Self.currentVersion)")
        }
        guard self.network == network.genesis else {
            throw WalletFailure(
                .usage, "the request is for network \(self.network), not for \(network.name)",
                hint: "Name the right network with --network.")
        }
        let statement = NewKeyStatement(network: self.network, account: account, key: key, changes: changes)
        guard Schnorr.verify(proof, message: statement.hash, by: key) else {
            throw WalletFailure(
                .usage, "the new key did not sign this request", hint: "Ask for it anew: account recover request.")
        }
    }

    /// Nil if there is no such file.
    public static func load(_ path: String) throws(WalletFailure) -> RecoveryRequest? {
        try WalletHome(path: ".").load(path, as: RecoveryRequest.self)
    }

    public func save(_ path: String, networkKind: NetworkKind) throws(WalletFailure) {
        try WalletHome(path: ".").save(self, to: path, networkKind: networkKind)
    }
}
