public import Consents
public import Cryptography
public import Encoding
public import Primitives

/// The keys that a delivery is made between, and what it is made for: everything that a delivery and its proof follow
/// from, beside the secret and the randomness. `begin` fixes it.
///
/// Bytes: `[statement, from, sealed, to]`.
public struct DeliveryBinding: CBORCodable, Hashable, Sendable {
    public let statement: SealingStatement
    /// A, the owner's sealing key.
    public let from: CompressedPoint
    /// C, the content key sealed to A.
    public let sealed: SealedKey
    /// B, the recipient's sealing key.
    public let to: CompressedPoint

    public init(statement: SealingStatement, from: CompressedPoint, sealed: SealedKey, to: CompressedPoint) {
        self.statement = statement
        self.from = from
        self.sealed = sealed
        self.to = to
    }

    private static let tag = HashTag("mednexus/custodian/binding")

    /// Two deliveries with the same hash, secret and randomness are the same delivery.
    public var hash: Hash { Self.tag.hash(encoded) }

    public func encode(into writer: inout CBORWriter) {
        writer.array(4)
        writer.write(statement)
        writer.write(from)
        writer.write(sealed)
        writer.write(to)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("binding", count: 4) { (reader) throws(EncodingFailure) in
            DeliveryBinding(
                statement: try reader.value("statement"), from: try reader.value("from"),
                sealed: try reader.value("sealed"), to: try reader.value("to"))
        }
    }
}

/// How far a delivery has come.
public enum DeliveryPhase: Hashable, Sendable {
    /// Nothing was begun. It can be until the block time `deadline` (T); then what was paid goes back.
    case pending(deadline: Timestamp)
    /// The ledger holds the commitment, and takes what opens it as long as either limit (E) is not passed.
    case begun(commitment: Hash, until: Timestamp, untilHeight: Height)
    /// Without a commitment where the content was open.
    case completed(commitment: Hash?)
    /// It ended without the content: refunded, withdrawn or lapsed.
    case returned
}

/// What the state of one final block says of a delivery.
public struct DeliveryFacts: Hashable, Sendable {
    public let delivery: DeliveryID
    /// Of that block.
    public let height: Height
    public let time: Timestamp
    public let act: SealingAct
    public let inft: INFTID
    /// Who delivers.
    public let owner: Party
    /// What the recipient said the content is for; empty where nothing was said.
    public let purposes: [PurposeOfUse]
    /// What stands behind the INFT, and what it is asked; nil and empty where it is about nobody.
    public let consentSet: ConsentSetID?
    public let requests: [UseRequest]
    /// As `begin` would fix it now, or has fixed it; nil if something that stands against it came before.
    public let binding: DeliveryBinding?
    public let phase: DeliveryPhase

    public init(
        delivery: DeliveryID, height: Height, time: Timestamp, act: SealingAct, inft: INFTID, owner: Party,
        purposes: [PurposeOfUse], consentSet: ConsentSetID?, requests: [UseRequest], binding: DeliveryBinding?,
        phase: DeliveryPhase
    ) {
        self.delivery = delivery
        self.height = height
        self.time = time
        self.act = act
        self.inft = inft
        self.owner = owner
        self.purposes = purposes
        self.consentSet = consentSet
        self.requests = requests
        self.binding = binding
        self.phase = phase
    }
}

/// Why the ledger, or whoever speaks for it, does not take an act: what a ``Rejection`` says, as far as a custodian acts
/// on it.
public struct CustodianRefusal: Hashable, Sendable {
    public let code: Int
    /// `consent_does_not_permit`
    public let reason: String
    public let message: String

    public init(code: Int, reason: String, message: String) {
        self.code = code
        self.reason = reason
        self.message = message
    }
}

/// What a block on the answered state would say to `begin`, by the functions that validators use.
public enum BeginVerdict: Hashable, Sendable {
    case accepted
    /// Consent asks for signatures first; each need is one.
    case needs([Need])
    case refused(CustodianRefusal)
}

/// The answer to a question about a delivery.
public enum DeliveryAnswer: Hashable, Sendable {
    /// `verdict` counts while nothing was begun.
    case found(DeliveryFacts, verdict: BeginVerdict)
    /// The state of that block knows no such delivery.
    case unknown(height: Height)
    /// No answer came.
    case lost
}
