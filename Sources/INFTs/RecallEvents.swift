public import Encoding
public import Primitives
public import StateModel

/// A recall, or its end. `[recall, inft, owner, kind, by?, reason, answerBy, lifted?]`
public struct RecallChanged: CBORCodable, Codable, Hashable, Sendable {
    public let recall: RecallID
    public let inft: INFTID
    public let owner: Party
    public let kind: TagKind
    /// Null: a vote of the validators.
    public let by: Party?
    public let reason: RecallReason
    public let answerBy: Timestamp
    /// Why it was lifted.
    public let lifted: RecallLiftReason?

    init(_ record: RecallRecord, owner: Party) {
        self.init(
            recall: record.id, inft: record.inft, owner: owner, kind: record.kind, by: record.by,
            reason: record.reason, answerBy: record.answerBy, lifted: record.lifting?.reason)
    }

    private init(
        recall: RecallID, inft: INFTID, owner: Party, kind: TagKind, by: Party?, reason: RecallReason,
        answerBy: Timestamp, lifted: RecallLiftReason?
    ) {
        self.recall = recall
        self.inft = inft
        self.owner = owner
        self.kind = kind
        self.by = by
        self.reason = reason
        self.answerBy = answerBy
        self.lifted = lifted
    }

    /// Whom and what it concerns.
    public var topics: [Topic] {
        [.inft(inft), .party(owner)] + (by.map { $0 == owner ? [] : [.party($0)] } ?? [])
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(8)
        writer.write(recall)
        writer.write(inft)
        writer.write(owner)
        writer.write(kind)
        writer.write(by)
        writer.write(reason)
        writer.write(answerBy)
        writer.write(lifted)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 8) { (reader) throws(EncodingFailure) in
            RecallChanged(
                recall: try reader.value("recall"), inft: try reader.value("inft"), owner: try reader.value("owner"),
                kind: try reader.value("kind"), by: try reader.optional("by"), reason: try reader.value("reason"),
                answerBy: try reader.value("answerBy"), lifted: try reader.optional("lifted"))
        }
    }
}
