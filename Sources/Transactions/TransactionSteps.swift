internal import Cryptography
internal import Encoding
public import Primitives

// The first three steps of the way data flows: bytes → RawTransaction → SignedTransaction → VerifiedTransaction.
// Each type can only be made by the step before it, so what holds one has what the step proved.

/// Bytes of a bounded size, nothing more.
public struct RawTransaction: Hashable, Sendable {
    public let bytes: [UInt8]

    /// Step 1: bytes → raw.
    public init(_ bytes: [UInt8]) throws(Rejection) {
        guard bytes.count <= WireLimits.transactionBytes else {
            throw TransactionRejection.transactionTooLarge.at(
                "", "\(bytes.count) bytes, where \(WireLimits.transactionBytes) are allowed",
                hint: "Split the operations over several transactions.")
        }
        self.bytes = bytes
    }

    init(unchecked bytes: [UInt8]) { self.bytes = bytes }
}

/// Canonically encoded, well formed, signatures sorted and unique; not yet known to be valid.
public struct SignedTransaction: Hashable, Sendable {
    public let bytes: [UInt8]
    public let body: TransactionBody
    public let signatures: [AccountSignature]
    /// What is signed.
    public let hash: Hash
    /// The hash of the complete bytes: gossip, blocks and caches use it, so that a variant with a bad signature
    /// can't take the place of the good one.
    public let wireID: Hash

    /// Step 2: raw → signed. Bytes: `[body, [[address, signature]…]]`.
    public init(_ raw: RawTransaction) throws(Rejection) {
        let bytes = raw.bytes
        do {
            var reader = CBORReader(bytes)
            let (body, range, signatures) = try reader.record("transaction", count: 2) {
                (reader) throws(EncodingFailure) -> (TransactionBody, Range<Int>, [AccountSignature]) in
                let start = reader.offset
                let body = try TransactionBody(from: &reader)
                let range = start..<reader.offset
                let signatures = try reader.sortedList(
                    "signatures", max: WireLimits.signaturesPerTransaction,
                    by: { (one: AccountSignature) in one.account })
                return (body, range, signatures)
            }
            try reader.finish()
            self.bytes = bytes
            self.body = body
            self.signatures = signatures
            var hasher = HashTag.transaction.hasher
            hasher.update(bytes[range])
            hash = hasher.finalize()
            wireID = HashTag.wire.hash(bytes)
        } catch {
            if error.reason == .unknownCase, error.field == Operation.unknownField {
                throw TransactionRejection.unknownOperation.at(
                    "operations", "the operation at byte \(error.offset) is of no domain or kind that there is",
                    hint: "Specs/ledger.cddl lists every operation.")
            }
            throw TransactionRejection.encodingInvalid.at(
                error.field, "\(error.reason.rawValue) (byte \(error.offset))",
                hint: "Encode as Specs/ledger.cddl says, in deterministic CBOR.")
        }
        guard !body.operations.isEmpty else {
            throw TransactionRejection.encodingInvalid.at("operations", "a transaction needs at least one operation")
        }
        // Which key speaks for the sender the state knows; none can't.
        guard !signatures.isEmpty else {
            throw TransactionRejection.signaturesNotExact.at("signatures", "nobody signed")
        }
        guard signatures.count == 1 || body.validUntil != nil else {
            throw TransactionRejection.validUntilRequired.at(
                "validUntil", "\(signatures.count) accounts sign, so it must say until when it is valid",
                hint: "Set validUntil to at most 24 hours ahead.")
        }
        let reserved = body.operations.filter(\.isReserved).count
        guard reserved == 0 || reserved == body.operations.count else {
            throw TransactionRejection.reservedMixed.at(
                "operations", "\(reserved) of \(body.operations.count) operations are reserved acts",
                hint: "Send them in a transaction of their own.")
        }
    }

    public var isReserved: Bool { body.operations.allSatisfy(\.isReserved) }

    /// Deterministic cost: decoding by bytes, 45 for each signature, and the operations' own; Specs/transactions.md.
    public var weight: UInt64 {
        let fixed = 10 + UInt64(bytes.count) / 64 + 45 * UInt64(signatures.count)
        return body.operations.reduce(fixed) { sum, operation in
            sum.addingSaturated(operation.weight)
        }
    }
}

/// For this network, and every signature verifies.
///
/// Handed on by reference: pool, blocks, gossip and caches share one copy of some 400 bytes and three buffers.
public struct VerifiedTransaction: Hashable, Sendable {
    private final class Contents: Sendable {
        let signed: SignedTransaction
        let weight: UInt64
        let isReserved: Bool

        init(_ signed: SignedTransaction) {
            self.signed = signed
            weight = signed.weight
            isReserved = signed.isReserved
        }
    }

    private let contents: Contents

    public var signed: SignedTransaction { contents.signed }
    public var weight: UInt64 { contents.weight }
    public var isReserved: Bool { contents.isReserved }
    public var body: TransactionBody { contents.signed.body }
    public var sender: Address { contents.signed.body.sender }
    public var sequence: UInt64 { contents.signed.body.sequence }
    public var hash: Hash { contents.signed.hash }
    public var wireID: Hash { contents.signed.wireID }
    public var bytes: [UInt8] { contents.signed.bytes }

    public static func == (left: Self, right: Self) -> Bool {
        left.contents === right.contents || left.contents.signed == right.contents.signed
    }

    public func hash(into hasher: inout Hasher) { hasher.combine(contents.signed) }

    /// Step 3: signed → verified. The costly one (37 µs a signature): callers run it on all cores, once per wire id.
    public init(_ signed: SignedTransaction, network: Hash) throws(Rejection) {
        try self.init(checkingNetworkOf: signed, network: network)
        for (index, one) in signed.signatures.enumerated() {
            guard Schnorr.verify(one.signature, message: signed.hash, by: one.account) else {
                throw TransactionRejection.signatureInvalid.at(
                    "signatures[\(index)]", "the signature of \(one.account) does not verify",
                    hint: "Sign the transaction's hash with BIP-340 and that account's key.")
            }
        }
    }

    /// For transactions of one's own final log, whose signatures were verified before they became final and whose bytes
    /// the log's checksums and the header's transaction root vouch for.
    public init(fromOwnFinalLog signed: SignedTransaction, network: Hash) throws(Rejection) {
        try self.init(checkingNetworkOf: signed, network: network)
    }

    static func wrongNetwork(_ found: Hash, _ network: Hash) -> Rejection {
        TransactionRejection.wrongNetwork.at(
            "network", "signed for network \(found), this one is \(network)",
            hint: "Check which network the wallet is set to.")
    }

    private init(checkingNetworkOf signed: SignedTransaction, network: Hash) throws(Rejection) {
        guard signed.body.network == network else {
            throw Self.wrongNetwork(signed.body.network, network)
        }
        contents = Contents(signed)
    }

    /// Whether block time `time` allows it.
    public func checkTime(_ time: Timestamp) throws(Rejection) {
        try body.checkTime(time, signers: signed.signatures.count)
    }
}

/// What `tx_simulate` tries: signed or not, never to be admitted.
public struct SimulatedTransaction: Hashable, Sendable {
    public let body: TransactionBody
    public let hash: Hash
    public let weight: UInt64
    /// The keys that signed; nil where nobody did: then the sender's consent alone is assumed.
    public let keys: [Address]?

    /// Signatures that are there must verify.
    public init(_ bytes: [UInt8], network: Hash) throws(Rejection) {
        let raw = try RawTransaction(bytes)
        if let body = Self.unsignedBody(raw.bytes) {
            guard body.network == network else { throw VerifiedTransaction.wrongNetwork(body.network, network) }
            self.body = body
            hash = body.hash
            keys = nil
            weight = body.operations.reduce(55 + UInt64(bytes.count) / 64) { $0.addingSaturated($1.weight) }
        } else {
            let verified = try VerifiedTransaction(try SignedTransaction(raw), network: network)
            body = verified.body
            hash = verified.hash
            keys = verified.signed.signatures.map(\.account)
            weight = verified.weight
        }
    }

    /// The body, if `bytes` are a transaction with an empty list of signatures.
    private static func unsignedBody(_ bytes: [UInt8]) -> TransactionBody? {
        var reader = CBORReader(bytes)
        let body = try? reader.record(count: 2) { (reader) throws(EncodingFailure) in
            let body = try TransactionBody(from: &reader)
            _ = try reader.list(max: 0) { (reader) throws(EncodingFailure) in try AccountSignature(from: &reader) }
            return body
        }
        return reader.isAtEnd ? body : nil
    }
}

extension UInt64 {
    fileprivate func addingSaturated(_ other: UInt64) -> UInt64 { adding(other) ?? .max }
}
