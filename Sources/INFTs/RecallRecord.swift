public import Encoding
public import Primitives

/// Why an INFT is recalled. New reasons go at the end.
public enum RecallReason: UInt8, NamedCode, CBORCodable {
    /// Following it has harmed, or may harm, patients.
    case harm = 0
    /// It does not do what it says it does.
    case ineffective = 1
    /// What it rests on was found wrong or made up.
    case unreliable = 2
    /// It was made against ethics or without the consents it needed.
    case ethics = 3
    /// A law or a court forbids it.
    case legal = 4
    /// A flaw by which it can be misused or manipulated.
    case security = 5
}

public enum RecallLiftReason: UInt8, NamedCode, CBORCodable {
    /// What was wrong is mended.
    case corrected = 0
    /// It turned out that nothing was wrong.
    case unfounded = 1
    /// Another recall stands in its place.
    case superseded = 2
}

/// How a recall was lifted. `[at, by?, reason]`
public struct RecallLifting: CBORCodable, Codable, Hashable, Sendable {
    public let at: Timestamp
    /// Null: by a vote of the validators.
    public let by: Party?
    public let reason: RecallLiftReason

    public init(at: Timestamp, by: Party?, reason: RecallLiftReason) {
        self.at = at
        self.by = by
        self.reason = reason
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(3)
        writer.write(at)
        writer.write(by)
        writer.write(reason)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("lifting", count: 3) { (reader) throws(EncodingFailure) in
            RecallLifting(
                at: try reader.value("at"), by: try reader.optional("by"), reason: try reader.value("reason"))
        }
    }
}

/// A recall: an INFT was found harmful. Kept for good.
///
/// `[id, inft, kind, by?, reason, notice, since, height, answerBy, lifting?]`
public struct RecallRecord: CBORCodable, Codable, Hashable, Sendable {
    public let id: RecallID
    public let inft: INFTID
    /// By whose authority.
    public let kind: TagKind
    /// Null: by a vote of the validators.
    public let by: Party?
    public let reason: RecallReason
    /// SHA-256 of the notice that says what was found and what to do; the notice stands elsewhere.
    public let notice: Hash
    public let since: Timestamp
    public let height: Height
    /// Until when holders of licenses are to answer.
    public let answerBy: Timestamp
    public var lifting: RecallLifting?

    public init(
        id: RecallID, inft: INFTID, kind: TagKind, by: Party?, reason: RecallReason, notice: Hash, since: Timestamp,
        height: Height, answerBy: Timestamp, lifting: RecallLifting? = nil
    ) {
        self.id = id
        self.inft = inft
        self.kind = kind
        self.by = by
        self.reason = reason
        self.notice = notice
        self.since = since
        self.height = height
        self.answerBy = answerBy
        self.lifting = lifting
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(10)
        writer.write(id)
        writer.write(inft)
        writer.write(kind)
        writer.write(by)
        writer.write(reason)
        writer.write(notice)
        writer.write(since)
        writer.write(height)
        writer.write(answerBy)
        writer.write(lifting)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("recall", count: 10) { (reader) throws(EncodingFailure) in
            RecallRecord(
                id: try reader.value("id"), inft: try reader.value("inft"), kind: try reader.value("kind"),
                by: try reader.optional("by"), reason: try reader.value("reason"),
                notice: try reader.value("notice"), since: try reader.value("since"),
                height: try reader.value("height"), answerBy: try reader.value("answerBy"),
                lifting: try reader.optional("lifting"))
        }
    }
}
