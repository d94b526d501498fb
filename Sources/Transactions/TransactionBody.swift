public import Cryptography
public import Encoding
public import Primitives

/// What the signatures of a transaction cover.
///
/// Bytes: `[network, sender, sequence, validUntil / null, actingFor / null, reference / null, [operation…]]`.
public struct TransactionBody: CBORCodable, Codable, Hashable, Sendable {
    /// The genesis hash: no replay on another network.
    public let network: Hash
    public let sender: Address
    /// Exactly the sender's next number.
    public let sequence: UInt64
    /// The last block time at which it may be included.
    public let validUntil: Timestamp?
    public let actingFor: OrganizationID?
    /// A 32-byte commitment of the sender's own (an order, a memo); never text.
    public let reference: Hash?
    public let operations: [Operation]

    public init(
        network: Hash, sender: Address, sequence: UInt64, validUntil: Timestamp?, actingFor: OrganizationID? = nil,
        reference: Hash? = nil, operations: [Operation]
    ) {
        self.network = network
        self.sender = sender
        self.sequence = sequence
        self.validUntil = validUntil
        self.actingFor = actingFor
        self.reference = reference
        self.operations = operations
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(7)
        writer.write(network)
        writer.write(sender)
        writer.write(sequence)
        writer.write(validUntil)
        writer.write(actingFor)
        writer.write(reference)
        writer.write(operations)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("transaction", count: 7) { (reader) throws(EncodingFailure) in
            TransactionBody(
                network: try reader.value("network"), sender: try reader.value("sender"),
                sequence: try reader.unsigned("sequence"), validUntil: try reader.optional("validUntil"),
                actingFor: try reader.optional("actingFor"), reference: try reader.optional("reference"),
                operations: try reader.list("operations", max: WireLimits.operationsPerTransaction))
        }
    }

    /// What is signed, and by what a transaction is named everywhere outside the gossip.
    public var hash: Hash { HashTag.transaction.hash(encoded) }

    /// How far ahead validUntil may lie when a second signer is bound to it.
    public static let longestValidityMilliseconds: UInt64 = 24 * 3_600_000

    /// Whether block time `time` allows it.
    public func checkTime(_ time: Timestamp, signers: Int) throws(Rejection) {
        guard let validUntil else { return }
        guard time <= validUntil else {
            throw TransactionRejection.expired.at(
                "validUntil", "valid until \(validUntil), and block time is \(time)", hint: "Build and sign it anew.")
        }
        guard signers == 1 || validUntil <= time.adding(milliseconds: Self.longestValidityMilliseconds) else {
            throw TransactionRejection.validUntilTooFar.at(
                "validUntil", "\(validUntil) is more than 24 hours after block time \(time)",
                hint: "With several signers at most 24 hours are allowed.", retryable: true)
        }
    }

    /// The complete transaction. Signatures are put into order; nothing is checked.
    public func signed(_ signatures: [AccountSignature]) -> RawTransaction {
        var writer = CBORWriter(reserving: 1024)
        writer.array(2)
        writer.write(self)
        writer.write(signatures.sorted { $0.account < $1.account })
        return RawTransaction(unchecked: writer.bytes)
    }
}

/// A signature and whose it is. Bytes: `[address, signature]`.
public struct AccountSignature: CBORCodable, Codable, Hashable, Sendable {
    public let account: Address
    public let signature: Signature

    public init(account: Address, signature: Signature) {
        self.account = account
        self.signature = signature
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(account)
        writer.write(signature)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("signature", count: 2) { (reader) throws(EncodingFailure) in
            AccountSignature(account: try reader.value("account"), signature: try reader.value("signature"))
        }
    }
}
