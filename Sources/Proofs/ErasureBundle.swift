internal import Blocks
internal import Consents
internal import Cryptography
public import Encoding
public import INFTs
public import Primitives
public import StateModel
internal import Transactions

/// What a regulator gets of one erasure, in one file that needs no node: the receipt and everything that it refers to, as
/// proven of one or more blocks, and the transaction with all its signatures.
///
/// Bytes: `[1, erasure, transaction proof, [state proof…]]`.
public struct ErasureBundle: CBORCodable, Hashable, Sendable {
    public static let formatVersion: UInt64 = 1
    /// 256 records each.
    public static let maximumStates = 64
    /// As many as a node proves at a time.
    public static let recordsPerState = 256

    public let erasure: ErasureID
    public let transaction: Proof
    public let states: [Proof]

    public init(erasure: ErasureID, transaction: Proof, states: [Proof]) {
        self.erasure = erasure
        self.transaction = transaction
        self.states = states
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(4)
        writer.write(Self.formatVersion)
        writer.write(erasure)
        writer.write(transaction)
        writer.write(states)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("bundle", count: 4) { (reader) throws(EncodingFailure) in
            guard try reader.unsigned("formatVersion") == Self.formatVersion else {
                throw reader.failure(.outOfRange, "formatVersion")
            }
            return ErasureBundle(
                erasure: try reader.value("erasure"), transaction: try reader.value("transaction"),
                states: try reader.list("states", max: Self.maximumStates))
        }
    }

    /// The state keys that a bundle proves, `deliveries` being all completed ones of that version.
    public static func keys(of record: ErasureRecord, set: ConsentSetID?, deliveries: [DeliveryID]) -> [StateKey] {
        var keys = [
            INFTKeys.erasure(record.id).key, INFTKeys.inft(record.inft).key,
            INFTKeys.version(record.inft, record.version).key, INFTKeys.root(record.root).key,
            INFTKeys.keyCustodians(record.inft, of: record.holder).key,
        ]
        for consent in record.consents {
            keys.append(ConsentsKeys.consent(consent).key)
            if let set { keys.append(ConsentsKeys.member(set, consent).key) }
        }
        return keys + deliveries.map { INFTKeys.delivery($0).key }
    }

    /// Verifies every proof, and that together they tell one whole story. Throws what does not fit.
    public func verify(trusting checkpoint: Checkpoint) throws(ProofFailure) -> VerifiedErasure {
        let evidence = try EvidenceOfErasure(self, trusting: checkpoint)
        let record = try evidence.record(INFTKeys.erasure(erasure), "the receipt")
        try evidence.checkTransaction(record)
        let version = try evidence.record(INFTKeys.version(record.inft, record.version), "the version")
        guard record.id == erasure, version.erasure == erasure, version.content.root == record.root,
            version.custody?.sealingKey == record.sealingKey, version.custody?.holder == record.holder
        else { throw EvidenceOfErasure.unfit("the version is not what the receipt says was erased") }
        let claim = try evidence.record(INFTKeys.root(record.root), "the ciphertext's claim")
        let requests = try record.consents.map { (id) throws(ProofFailure) in
            try evidence.request(id, of: record, set: version.consentSet)
        }
        guard requests.map(\.requestedAt).min() == record.requestedAt else {
            throw EvidenceOfErasure.unfit("the consents were not asked to be erased when the receipt says")
        }
        return VerifiedErasure(
            record: record, inft: try evidence.record(INFTKeys.inft(record.inft), "the INFT"),
            contentErasure: claim.erasure, requests: requests, signers: evidence.signers,
            deliveries: try evidence.deliveries(of: record), provenAt: evidence.newest)
    }
}

/// What a verified bundle says.
public struct VerifiedErasure: Sendable {
    public struct Request: Sendable {
        public let consent: ConsentID
        public let subject: Party
        public let withdrawnAt: Timestamp?
        public let requestedAt: Timestamp
    }

    public let record: ErasureRecord
    public let inft: INFTRecord
    /// The receipt by which stores delete the ciphertext; nil while a clone lives by it.
    public let contentErasure: ErasureID?
    public let requests: [Request]
    /// Everybody who signed the transaction, sorted.
    public let signers: [Address]
    /// To whom the content was delivered: as many as the receipt counts.
    public let deliveries: [DeliveryRecord]
    /// Time of the newest block that something was proven of.
    public let provenAt: Timestamp
}

/// The proofs of a bundle, verified, and asked as one.
private struct EvidenceOfErasure {
    private let states: [(state: ProvenState, keys: Set<StateKey>)]
    private let signed: SignedTransaction
    private let hash: Hash
    private let height: Height
    private let deliveryRecords: [DeliveryRecord]
    let newest: Timestamp

    var signers: [Address] { signed.signatures.map(\.account).sorted() }

    init(_ bundle: ErasureBundle, trusting checkpoint: Checkpoint) throws(ProofFailure) {
        let transaction = try bundle.transaction.verify(trusting: checkpoint)
        guard case .transaction(let inclusion, let hash) = transaction.fact else {
            throw Self.unfit("the first proof is of no transaction")
        }
        do throws(Rejection) {
            signed = try SignedTransaction(RawTransaction(inclusion.transaction))
        } catch {
            throw Self.unfit("the proven transaction does not decode: \(error.message)")
        }
        self.hash = hash
        height = transaction.header.height
        var states: [(state: ProvenState, keys: Set<StateKey>)] = []
        var deliveries: [DeliveryRecord] = []
        var newest = transaction.header.time
        for proof in bundle.states {
            let verified = try proof.verify(trusting: checkpoint)
            guard case .state(let state, let reads, _) = verified.fact else {
                throw Self.unfit("a proof is of no state")
            }
            guard verified.header.height >= transaction.header.height else {
                throw Self.unfit("the state of block \(verified.header.height) is proven, before the erasure")
            }
            newest = max(newest, verified.header.time)
            states.append((state, Set(reads.map(\.key))))
            for read in reads where Self.isDelivery(read.key) {
                guard let value = read.value, let record = try? DeliveryRecord(decoding: value) else {
                    throw Self.unfit("a delivery that is named is not there")
                }
                deliveries.append(record)
            }
        }
        self.states = states
        deliveryRecords = deliveries
        self.newest = newest
    }

    private static func isDelivery(_ key: StateKey) -> Bool {
        guard let header = key.header else { return false }
        return header.domain == .infts && header.kind == INFTKeys.Kind.delivery.rawValue
    }

    static func unfit(_ what: String) -> ProofFailure {
        ProofFailure("bundle", what)
    }

    func optional<Record>(_ key: RecordKey<Record>, _ what: String) throws(ProofFailure) -> Record? {
        guard let found = states.first(where: { $0.keys.contains(key.key) }) else {
            throw Self.unfit("\(what) is not proven")
        }
        do throws(Refusal) {
            return try found.state.record(key)
        } catch {
            throw Self.unfit("\(what) does not decode: \(error)")
        }
    }

    func record<Record>(_ key: RecordKey<Record>, _ what: String) throws(ProofFailure) -> Record {
        guard let record = try optional(key, what) else { throw Self.unfit("\(what) is not there") }
        return record
    }

    /// The transaction is the one that made the receipt, says the same, and carries the signatures that it names.
    func checkTransaction(_ record: ErasureRecord) throws(ProofFailure) {
        guard record.transaction == hash, record.height == height else {
            throw Self.unfit("the transaction is not the one that the receipt names")
        }
        let made = signed.body.operations.enumerated().contains { (index, operation) in
            guard case .infts(.erase(let erase)) = operation else { return false }
            let id: ErasureID = makeIdentifier(transactionHash: hash, operationIndex: index)
            return id == record.id && erase.inft == record.inft && erase.version == record.version
                && erase.sealingKey == record.sealingKey && erase.consents == record.consents
        }
        guard made else { throw Self.unfit("the transaction does not say what the receipt says") }
        guard Set(signers).isSuperset(of: record.custodians), UInt64(record.custodians.count) >= record.threshold
        else { throw Self.unfit("a key custodian that the receipt names did not sign") }
    }

    func request(
        _ id: ConsentID, of record: ErasureRecord, set: ConsentSetID?
    ) throws(ProofFailure) -> VerifiedErasure.Request {
        let consent = try self.record(ConsentsKeys.consent(id), "a consent")
        guard let mark = consent.erasure, mark.requestedAt <= record.at else {
            throw Self.unfit("the subject of a consent had not asked for erasure")
        }
        guard mark.receipt != nil else { throw Self.unfit("a consent does not note that it was answered") }
        guard let set, try optional(ConsentsKeys.member(set, id), "a membership") != nil else {
            throw Self.unfit("a consent is no member of the set that the version was published under")
        }
        return VerifiedErasure.Request(
            consent: id, subject: consent.subject, withdrawnAt: consent.withdrawnAt, requestedAt: mark.requestedAt)
    }

    /// All of them: the receipt counts them, so that none can be left out.
    func deliveries(of record: ErasureRecord) throws(ProofFailure) -> [DeliveryRecord] {
        for delivery in deliveryRecords {
            guard delivery.inft == record.inft, delivery.version == record.version, delivery.custody != nil else {
                throw Self.unfit("a delivery is not of the erased version, or was not completed")
            }
        }
        guard Set(deliveryRecords.map(\.id)).count == deliveryRecords.count,
            UInt64(deliveryRecords.count) == record.delivered
        else {
            throw Self.unfit(
                "\(deliveryRecords.count) of the \(record.delivered) deliveries that the receipt counts are proven")
        }
        return deliveryRecords
    }
}
