internal import Cryptography
internal import Encoding
internal import Identities
internal import Licenses
public import Primitives
internal import StateModel
internal import Transactions

/// What tx_build is given.
struct BuildParameters: Codable, Sendable {
    let sender: Address
    let operations: [Transactions.Operation]
    let sequence: UInt64?
    let validUntil: Timestamp?
    let actingFor: OrganizationID?
    let reference: Hash?
}

/// What is to be signed: `hash`, which is that of `bytes`.
struct BuiltTransaction: Codable, Sendable {
    let hash: Hash
    let bytes: ByteString
    let transaction: TransactionBody
    let words: [String]
}

/// What transaction bytes say. `wireId` and signatures only where the bytes carry signatures.
struct DecodedTransaction: Codable, Sendable {
    let hash: Hash
    let wireId: Hash?
    let transaction: TransactionBody
    let signatures: [AccountSignature]
    let words: [String]
}

/// What complete transaction bytes say, as `tx_decode` answers it.
public enum TransactionText {
    public static func json(_ bytes: [UInt8], networkKind: NetworkKind) throws -> JSONValue {
        guard let decoded = try TransactionCoding.standard.decode(bytes, networkKind) as? DecodedTransaction else {
            preconditionFailure("decodes into another type")
        }
        return try JSONValueEncoder.encode(decoded, networkKind: networkKind)
    }
}

extension TransactionCoding {
    /// By the rooms of transactions and domains.
    static let standard = TransactionCoding(
        build: { (parameters: BuildParameters, context) -> BuiltTransaction in
            guard !parameters.operations.isEmpty else {
                throw CallFailure.invalidParameters("operations", "Give at least one operation.")
            }
            guard parameters.operations.count <= WireLimits.operationsPerTransaction else {
                throw CallFailure.invalidParameters(
                    "operations", "At most \(WireLimits.operationsPerTransaction) operations fit a transaction.")
            }
            let body = TransactionBody(
                network: context.block.network, sender: parameters.sender,
                sequence: try parameters.sequence
                    ?? Accounts.record(parameters.sender, in: context.state)?.sequence ?? 0,
                validUntil: parameters.validUntil, actingFor: parameters.actingFor, reference: parameters.reference,
                operations: parameters.operations)
            let names = PlainNames(networkKind: context.block.networkKind, state: context.state)
            return BuiltTransaction(
                hash: body.hash, bytes: ByteString(body.encoded), transaction: body, words: words(body, names))
        },
        decode: { (bytes, networkKind) -> DecodedTransaction in
            let raw = try RawTransaction(bytes)
            let names = PlainNames(networkKind: networkKind, state: nil)
            do throws(EncodingFailure) {
                // A body is an array of seven, a complete transaction one of two.
                if raw.bytes.first == 0x87 {
                    let body = try TransactionBody(decoding: raw.bytes)
                    return DecodedTransaction(
                        hash: body.hash, wireId: nil, transaction: body, signatures: [], words: words(body, names))
                }
                var reader = CBORReader(raw.bytes)
                let (body, signatures) = try reader.record("transaction", count: 2) {
                    (reader) throws(EncodingFailure) -> (TransactionBody, [AccountSignature]) in
                    (
                        try reader.value("transaction"),
                        try reader.list("signatures", max: WireLimits.signaturesPerTransaction)
                    )
                }
                try reader.finish()
                return DecodedTransaction(
                    hash: body.hash, wireId: HashTag.wire.hash(raw.bytes), transaction: body, signatures: signatures,
                    words: words(body, names))
            } catch {
                throw TransactionRejection.encodingInvalid.at(
                    error.field, "\(error.reason.rawValue) (byte \(error.offset))",
                    hint: "Encode as Specs/ledger.cddl says, in deterministic CBOR.")
            }
        })

    private static func words(_ body: TransactionBody, _ plain: PlainNames) -> [String] {
        var names = plain
        for case .licenses(let operation) in body.operations {
            if let (terms, asset) = operation.registered { names.prices[terms.bytes] = asset }
            guard let state = names.state, let source = operation.priceSource, names.prices[source.id] == nil,
                let asset = try? source.asset(in: state)
            else { continue }
            names.prices[source.id] = asset
        }
        var lines = ["\(names.party(.account(body.sender))) signs as number \(body.sequence)."]
        if let organization = body.actingFor {
            lines.append("It acts for \(names.party(.organization(organization))).")
        }
        if let time = body.validUntil { lines.append("Valid until \(names.time(time)).") }
        for (index, operation) in body.operations.enumerated() {
            lines += operation.operation.words(names).map { "\(index + 1). \($0)" }
        }
        // The rooms that write the sentences don't know their network.
        return lines.map { TypedText.localized($0, network: names.networkKind) }
    }
}
