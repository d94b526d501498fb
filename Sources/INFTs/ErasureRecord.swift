public import Cryptography
public import Encoding
public import Primitives
internal import StateModel

/// An erasure receipt: who destroyed the key of which version, why, and who signed it.
///
/// It tells what was attested. That K is known to nobody any more it does not tell: whom the content was delivered to
/// keeps it, and is found among the deliveries of the version (``delivered``).
///
/// `[id, inft, version, root, sealingKey, holder, consents, requestedAt?, custodians, threshold, mandate?, delivered, at,
/// height, transaction]`
public struct ErasureRecord: CBORCodable, Codable, Hashable, Sendable {
    public let id: ErasureID
    public let inft: INFTID
    public let version: UInt64
    /// Of the ciphertext that is deleted.
    public let root: Hash
    /// A, to which the content key was sealed at last; its secret is destroyed, and so are those of the earlier ones.
    public let sealingKey: CompressedPoint
    /// Who held that key.
    public let holder: Party
    /// Sorted; whose subjects asked for it. Empty: the holder's own decision.
    public let consents: [ConsentID]
    /// The earliest of their requests.
    public let requestedAt: Timestamp?
    /// The key custodians who signed, sorted.
    public let custodians: [Address]
    /// How many of them had to; zero where none were named, so that the holder's own signature says it all.
    public let threshold: UInt64
    /// By which the transaction spoke for the holder; null if it signed itself.
    public let mandate: MandateID?
    /// Completed deliveries of this version: copies of the key that others hold.
    public let delivered: UInt64
    public let at: Timestamp
    public let height: Height
    /// What they signed.
    public let transaction: Hash

    public init(
        id: ErasureID, inft: INFTID, version: UInt64, root: Hash, sealingKey: CompressedPoint, holder: Party,
        consents: [ConsentID], requestedAt: Timestamp?, custodians: [Address], threshold: UInt64, mandate: MandateID?,
        delivered: UInt64, at: Timestamp, height: Height, transaction: Hash
    ) {
        self.id = id
        self.inft = inft
        self.version = version
        self.root = root
        self.sealingKey = sealingKey
        self.holder = holder
        self.consents = consents
        self.requestedAt = requestedAt
        self.custodians = custodians
        self.threshold = threshold
        self.mandate = mandate
        self.delivered = delivered
        self.at = at
        self.height = height
        self.transaction = transaction
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(15)
        writer.write(id)
        writer.write(inft)
        writer.write(version)
        writer.write(root)
        writer.write(sealingKey)
        writer.write(holder)
        writer.write(consents)
        writer.write(requestedAt)
        writer.write(custodians)
        writer.write(threshold)
        writer.write(mandate)
        writer.write(delivered)
        writer.write(at)
        writer.write(height)
        writer.write(transaction)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 15) { (reader) throws(EncodingFailure) in
            ErasureRecord(
                id: try reader.value("id"), inft: try reader.value("inft"), version: try reader.unsigned("version"),
                root: try reader.value("root"), sealingKey: try reader.value("sealingKey"),
                holder: try reader.value("holder"),
                consents: try reader.sortedList("consents", max: INFTsLimits.consentsPerErasure) { (id: ConsentID) in
                    id
                },
                requestedAt: try reader.optional("requestedAt"),
                custodians: try reader.sortedList("custodians", max: INFTsLimits.keyCustodians) { (one: Address) in
                    one
                },
                threshold: try reader.unsigned("threshold", max: UInt64(INFTsLimits.keyCustodians)),
                mandate: try reader.optional("mandate"), delivered: try reader.unsigned("delivered"),
                at: try reader.value("at"), height: try reader.value("height"),
                transaction: try reader.value("transaction"))
        }
    }
}

/// How often a sealed version was delivered, and what still stands between it and its erasure. `[begun, delivered]`
public struct VersionUse: CBORCodable, Codable, Hashable, Sendable {
    /// Deliveries of it that were begun and have not ended.
    public var begun: UInt64
    /// Deliveries of it that were completed.
    public var delivered: UInt64

    public init(begun: UInt64 = 0, delivered: UInt64 = 0) {
        self.begun = begun
        self.delivered = delivered
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(begun)
        writer.write(delivered)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 2) { (reader) throws(EncodingFailure) in
            VersionUse(begun: try reader.unsigned("begun"), delivered: try reader.unsigned("delivered"))
        }
    }
}

/// Whose a ciphertext is, and whether it is gone. `[inft, versions, erased, erasure?]`
///
/// Without it anybody could mint another's ciphertext as theirs, and then have it erased, or keep it from being erased.
public struct RootClaim: CBORCodable, Codable, Hashable, Sendable {
    /// Whose version named it first; besides it only its clones name it.
    public let inft: INFTID
    /// How many versions name it.
    public var versions: UInt64
    /// How many of them have a receipt.
    public var erased: UInt64
    /// The receipt by which the ciphertext is deleted everywhere: the first that a subject's request stands behind, else
    /// that of the last version.
    public var erasure: ErasureID?

    public init(inft: INFTID, versions: UInt64 = 1, erased: UInt64 = 0, erasure: ErasureID? = nil) {
        self.inft = inft
        self.versions = versions
        self.erased = erased
        self.erasure = erasure
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(4)
        writer.write(inft)
        writer.write(versions)
        writer.write(erased)
        writer.write(erasure)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 4) { (reader) throws(EncodingFailure) in
            RootClaim(
                inft: try reader.value("inft"), versions: try reader.unsigned("versions"),
                erased: try reader.unsigned("erased"), erasure: try reader.optional("erasure"))
        }
    }
}

/// What the event of an erasure says. `[erasure, inft, version, root, holder, consents, subjects]`
public struct ErasureFact: CBORCodable, Codable, Hashable, Sendable {
    public let erasure: ErasureID
    public let inft: INFTID
    public let version: UInt64
    public let root: Hash
    public let holder: Party
    /// Sorted.
    public let consents: [ConsentID]
    /// Of the consents, sorted, each once: they learn that it is done.
    public let subjects: [Party]

    init(_ record: ErasureRecord, subjects: [Party]) {
        self.init(
            erasure: record.id, inft: record.inft, version: record.version, root: record.root, holder: record.holder,
            consents: record.consents, subjects: subjects)
    }

    private init(
        erasure: ErasureID, inft: INFTID, version: UInt64, root: Hash, holder: Party, consents: [ConsentID],
        subjects: [Party]
    ) {
        self.erasure = erasure
        self.inft = inft
        self.version = version
        self.root = root
        self.holder = holder
        self.consents = consents
        self.subjects = subjects
    }

    var topics: [Topic] {
        [.inft(inft)] + consents.map { .consent($0) } + ([holder] + subjects.filter { $0 != holder }).map { .party($0) }
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(7)
        writer.write(erasure)
        writer.write(inft)
        writer.write(version)
        writer.write(root)
        writer.write(holder)
        writer.write(consents)
        writer.write(subjects)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 7) { (reader) throws(EncodingFailure) in
            ErasureFact(
                erasure: try reader.value("erasure"), inft: try reader.value("inft"),
                version: try reader.unsigned("version"), root: try reader.value("root"),
                holder: try reader.value("holder"),
                consents: try reader.sortedList("consents", max: INFTsLimits.consentsPerErasure) { (id: ConsentID) in
                    id
                },
                subjects: try reader.sortedList("subjects", max: INFTsLimits.consentsPerErasure) { (one: Party) in
                    one
                })
        }
    }
}
