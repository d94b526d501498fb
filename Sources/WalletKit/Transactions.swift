public import Cryptography
internal import Encoding
internal import Interface
public import Primitives
public import StateModel
public import Transactions

/// A transaction before it is signed, and what it says in words.
public struct TransactionDraft: Sendable {
    public let body: TransactionBody
    /// One list for each operation.
    public let words: [[String]]

    public init(body: TransactionBody, names: any NameResolver) {
        self.body = body
        words = body.operations.map { $0.operation.words(names) }
    }

    /// Everything a signer must see: who signs, for whom, until when, and what.
    public func summary(_ names: any NameResolver) -> [String] {
        var lines = ["From: \(names.party(.account(body.sender))), transaction number \(body.sequence)"]
        if let organization = body.actingFor { lines.append("For: \(names.party(.organization(organization)))") }
        if let until = body.validUntil { lines.append("Valid until: \(names.time(until))") }
        for (index, operation) in zip(body.operations, words).enumerated() {
            lines.append("#\(index) \(operation.0.name)")
            lines += operation.1.map { "   " + $0 }
        }
        return lines
    }
}

/// Makes drafts and signs them.
public enum TransactionBuilder {
    /// Long enough for a person and a slow network, short enough that an unknown outcome resolves itself.
    public static let standardValidityMilliseconds: UInt64 = 10 * 60_000

    /// The body with the sender's next sequence, valid for ten minutes by the later of the network's clock and block time.
    public static func body(
        _ operations: [Operation], sender: Address, network: PinnedNetwork, client: NodeClient,
        actingFor: OrganizationID? = nil, reference: Hash? = nil,
        validityMilliseconds: UInt64 = standardValidityMilliseconds
    ) async throws(WalletFailure) -> TransactionBody {
        let status = try await client.verify(network)
        let start = max(network.now, status.head.time)
        return TransactionBody(
            network: network.genesis, sender: sender, sequence: try await client.sequence(of: sender),
            validUntil: start.adding(milliseconds: validityMilliseconds), actingFor: actingFor, reference: reference,
            operations: operations)
    }

    public static func signature(_ body: TransactionBody, with secret: SecretKey) -> AccountSignature {
        AccountSignature(
            account: secret.address,
            signature: Schnorr.sign(
                message: body.hash, secret: secret, auxiliary: OperatingSystemRandom.bytes32()))
    }

    /// The complete transaction, with every rule checked that needs no state.
    public static func assemble(
        _ body: TransactionBody, _ signatures: [AccountSignature]
    ) throws(WalletFailure) -> SignedTransaction {
        do {
            let signed = try SignedTransaction(RawTransaction(body.signed(signatures).bytes))
            _ = try VerifiedTransaction(signed, network: body.network)
            return signed
        } catch {
            throw .refused(error)
        }
    }
}

/// A transaction that several people sign, as it travels between them in a file: built, signed, merged, submitted.
public struct SigningRequest: Codable, Hashable, Sendable {
    public static let formatName = "mednexus-signing-request"
    public static let currentVersion = 1

    public let format: String
    public let version: Int
    /// The transaction's body in canonical CBOR: what is signed, and what the words are made from.
    public let body: ByteString
    public private(set) var signatures: [AccountSignature]

    public init(_ body: TransactionBody) {
        format = SigningRequest.formatName
        version = SigningRequest.currentVersion
        self.body = ByteString(body.encoded)
        signatures = []
    }

    /// The body, for this network only.
    public func transaction(on network: PinnedNetwork) throws(WalletFailure) -> TransactionBody {
        guard format == SigningRequest.formatName, version == SigningRequest.currentVersion else {
            throw WalletFailure(.usage, "not a signing request of version \(SigningRequest.currentVersion)")
        }
        let decoded: TransactionBody
        do {
            decoded = try TransactionBody(decoding: body.bytes)
        } catch {
            throw WalletFailure(.usage, "the signing request holds no transaction: \(error)")
        }
        guard decoded.network == network.genesis else {
            throw WalletFailure(
                .usage, "the signing request is for network \(decoded.network), not for \(network.name)",
                hint: "Name the right network with --network.")
        }
        return decoded
    }

    public mutating func sign(with secret: SecretKey, on network: PinnedNetwork) throws(WalletFailure) {
        let signature = TransactionBuilder.signature(try transaction(on: network), with: secret)
        insert(signature)
    }

    /// Takes over the signatures of another copy. Both must be of the same transaction, and each signature is checked.
    public mutating func merge(_ other: SigningRequest, on network: PinnedNetwork) throws(WalletFailure) {
        let hash = try transaction(on: network).hash
        guard try other.transaction(on: network).hash == hash else {
            throw WalletFailure(.usage, "the two files are of different transactions")
        }
        for one in other.signatures {
            guard Schnorr.verify(one.signature, message: hash, by: one.account) else {
                throw WalletFailure(.usage, "the signature of \(one.account) does not verify")
            }
            insert(one)
        }
    }

    /// False if the key signed nothing.
    public mutating func remove(signatureOf key: Address) -> Bool {
        let count = signatures.count
        signatures.removeAll { $0.account == key }
        return signatures.count < count
    }

    private mutating func insert(_ signature: AccountSignature) {
        signatures.removeAll { $0.account == signature.account }
        signatures.append(signature)
        signatures.sort { $0.account < $1.account }
    }

    public func assemble(on network: PinnedNetwork) throws(WalletFailure) -> SignedTransaction {
        try TransactionBuilder.assemble(try transaction(on: network), signatures)
    }

    public static func load(_ path: String) throws(WalletFailure) -> SigningRequest {
        guard let request = try WalletHome(path: ".").load(path, as: SigningRequest.self) else {
            throw WalletFailure(.usage, "there is no file \(path)")
        }
        return request
    }

    public func save(_ path: String, networkKind: NetworkKind) throws(WalletFailure) {
        try WalletHome(path: ".").save(self, to: path, networkKind: networkKind)
    }
}
