public import Encoding
public import Interface
public import Primitives

/// The randomness of a delivery, and the commitment to what follows from it. Without the sealing secret it opens nothing.
///
/// Bytes: `[binding hash, randomness, commitment]`.
public struct Preparation: CBORCodable, Hashable, Sendable {
    /// ``DeliveryBinding/hash`` of what it was made for.
    public let binding: Hash
    public let randomness: Bytes32
    public let commitment: Hash

    public init(binding: Hash, randomness: Bytes32, commitment: Hash) {
        self.binding = binding
        self.randomness = randomness
        self.commitment = commitment
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(3)
        writer.write(binding)
        writer.write(randomness)
        writer.write(commitment)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("preparation", count: 3) { (reader) throws(EncodingFailure) in
            Preparation(
                binding: try reader.value("binding"), randomness: try reader.bytes32("randomness"),
                commitment: try reader.value("commitment"))
        }
    }
}

/// Why a task does not go on by itself. Stable names.
public enum WaitKind: UInt8, NamedCode, CBORCodable {
    /// The policy does not serve this INFT, owner or kind of delivery.
    case notServed = 0
    /// The policy asks a person.
    case approval = 1
    case declined = 2
    case outsideHours = 3
    case rateLimit = 4
    /// A block would refuse `begin`, or a disclosure; the detail is the ledger's own reason.
    case refused = 5
    /// Consent asks for signatures that the policy leaves to people.
    case signatures = 6
    /// The sealing secret is not here, or does not open the content key.
    case keyMissing = 7
    /// Somebody else began it: another custodian, or the owner by hand.
    case begunElsewhere = 8
    /// Begun here, but for other keys than it was prepared for: it can't be completed and will be refunded.
    case begunForOtherKeys = 9
    /// Too little of the time for `complete` is left to release the key safely; it will be refunded.
    case tooLate = 10
    /// The state of the ledger does not know it.
    case unknown = 11
    /// A subject asked for erasure; what rests on the consent has to be destroyed.
    case erasure = 12

    /// Whether a person should hear of it at once.
    public var isForPeople: Bool {
        switch self {
        case .notServed, .outsideHours, .rateLimit, .begunElsewhere: false
        case .approval, .declined, .refused, .signatures, .keyMissing, .begunForOtherKeys, .tooLate, .unknown,
            .erasure:
            true
        }
    }
}

/// Bytes: `[kind, detail, until / null]`.
public struct WaitReason: CBORCodable, Hashable, Sendable {
    static let detailBytes = 1_024

    public let kind: WaitKind
    /// For people; at most a kibibyte.
    public let detail: String
    /// When it may be over by itself.
    public let until: Timestamp?

    public init(_ kind: WaitKind, _ detail: String = "", until: Timestamp? = nil) {
        self.kind = kind
        self.detail = detail.utf8.count <= Self.detailBytes ? detail : String(detail.prefix(Self.detailBytes / 4))
        self.until = until
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(3)
        writer.write(kind)
        writer.write(detail)
        writer.write(until)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("reason", count: 3) { (reader) throws(EncodingFailure) in
            WaitReason(
                try reader.value("kind"), try reader.text("detail", max: Self.detailBytes),
                until: try reader.optional("until"))
        }
    }
}

/// How a task ended. Stable names.
public enum TaskEnd: UInt8, NamedCode, CBORCodable {
    /// Completed with what was prepared here.
    case delivered = 0
    /// Completed by another custodian, or by the owner.
    case deliveredElsewhere = 1
    /// Refunded, withdrawn or lapsed without the content.
    case returned = 2
    /// The disclosure is in the ledger.
    case recorded = 3
    case erased = 4
}

/// One line of the journal: what a custodian must not forget, and what it is to know again after a crash.
public enum CustodianRecord: CBORCodable, Hashable, Sendable {
    /// `[0, height, index]`: everything before this position of the events is in the journal.
    case cursor(EventPosition)
    /// `[1, task, height]`: there is something to do, since this height.
    case opened(CustodianTask, Height)
    /// `[2, delivery, preparation]`: durable before its commitment leaves.
    case prepared(DeliveryID, Preparation)
    /// `[3, delivery, time]`: a `begin` is about to be sent for the first time; rates are counted by it.
    case begins(DeliveryID, Timestamp)
    /// `[4, delivery]`: the `begin` was final, and the key is about to leave.
    case releases(DeliveryID)
    /// `[5, task, reason / null]`: why it waits; null: it goes on.
    case waits(CustodianTask, WaitReason?)
    /// `[6, delivery, decision]`
    case decided(DeliveryID, HumanDecision)
    /// `[7, request hash, request]`
    case requested(Hash, ByteString)
    /// `[8, task, end]`
    case closed(CustodianTask, TaskEnd)

    static let requestBytes = 64 * 1024

    public func encode(into writer: inout CBORWriter) {
        switch self {
        case .cursor(let position):
            writer.array(3)
            writer.write(UInt64(0))
            writer.write(position.height)
            writer.write(position.index)
        case .opened(let task, let height):
            writer.array(3)
            writer.write(UInt64(1))
            writer.write(task)
            writer.write(height)
        case .prepared(let delivery, let preparation):
            writer.array(3)
            writer.write(UInt64(2))
            writer.write(delivery)
            writer.write(preparation)
        case .begins(let delivery, let time):
            writer.array(3)
            writer.write(UInt64(3))
            writer.write(delivery)
            writer.write(time)
        case .releases(let delivery):
            writer.array(2)
            writer.write(UInt64(4))
            writer.write(delivery)
        case .waits(let task, let reason):
            writer.array(3)
            writer.write(UInt64(5))
            writer.write(task)
            writer.write(reason)
        case .decided(let delivery, let decision):
            writer.array(3)
            writer.write(UInt64(6))
            writer.write(delivery)
            writer.write(decision)
        case .requested(let hash, let request):
            writer.array(3)
            writer.write(UInt64(7))
            writer.write(hash)
            writer.write(bytes: request.bytes)
        case .closed(let task, let end):
            writer.array(3)
            writer.write(UInt64(8))
            writer.write(task)
            writer.write(end)
        }
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.union("record") { (reader, kind, count) throws(EncodingFailure) in
            switch (kind, count) {
            case (0, 2):
                .cursor(EventPosition(height: try reader.value("height"), index: try reader.unsigned("index")))
            case (1, 2): .opened(try reader.value("task"), try reader.value("height"))
            case (2, 2): .prepared(try reader.value("delivery"), try reader.value("preparation"))
            case (3, 2): .begins(try reader.value("delivery"), try reader.value("time"))
            case (4, 1): .releases(try reader.value("delivery"))
            case (5, 2): .waits(try reader.value("task"), try reader.optional("reason"))
            case (6, 2): .decided(try reader.value("delivery"), try reader.value("decision"))
            case (7, 2):
                .requested(
                    try reader.value("hash"), ByteString(try reader.byteString("request", max: Self.requestBytes)))
            case (8, 2): .closed(try reader.value("task"), try reader.value("end"))
            case (0...8, _): throw reader.failure(.wrongCount, "record")
            default: throw reader.failure(.unknownCase, "record")
            }
        }
    }
}
