internal import Identities
public import Primitives
public import StateModel

/// What a recall is made of, by whoever makes it.
public struct RecallOrder: Hashable, Sendable {
    public let inft: INFTID
    public let reason: RecallReason
    public let notice: Hash
    public let answerBy: Timestamp

    public init(inft: INFTID, reason: RecallReason, notice: Hash, answerBy: Timestamp) {
        self.inft = inft
        self.reason = reason
        self.notice = notice
        self.answerBy = answerBy
    }
}

/// The rules of recalls that owners, regulators and the validators' votes share.
public enum Recalls {
    public static func record(_ id: RecallID, in state: any StateReader) throws(Refusal) -> RecallRecord? {
        try state.record(INFTKeys.recall(id))
    }

    public static func require(
        _ id: RecallID, field: String, in state: any StateReader
    ) throws(Refusal) -> RecallRecord {
        guard let record = try record(id, in: state) else {
            throw INFTRejection.unknownRecall.at(field, "there is no recall \(id)")
        }
        return record
    }

    /// Refused unless a recall of this kind can be made at `time`. What a regulator or the validators find harmful is the
    /// work, so they recall what all its clones are clones of.
    public static func check(
        _ order: RecallOrder, as kind: TagKind, at time: Timestamp, in state: any StateReader
    ) throws(Refusal) {
        let record = try INFTRegistry.requireKnown(order.inft, field: "inft", in: state)
        if kind != .recalledByOwner, let original = record.cloneOf {
            throw INFTRejection.recallOriginal.at(
                "inft", "\(order.inft) is a clone of \(original)",
                hint: "Recall \(original): that takes its clones and all that derives from any of them with it.")
        }
        let allowed = INFTsLimits.answerMilliseconds
        guard order.answerBy >= time.adding(milliseconds: allowed.lowerBound),
            order.answerBy <= time.adding(milliseconds: allowed.upperBound)
        else {
            throw INFTRejection.answerTimeInvalid.at(
                "answerBy", "\(order.answerBy.text) is not between a minute and a year after block time, \(time.text)")
        }
        let tags = try Tags.record(of: order.inft, in: state)?.tags ?? []
        if let tag = tags.first(where: { $0.kind == kind && $0.until == nil }) {
            throw INFTRejection.recalledAlready.at(
                "inft", "the recall \(RecallID(tag.subject.bytes)) of the same kind is in force",
                hint: "Lift that one first.")
        }
        guard try Tags.hasRoom(for: kind, on: order.inft, in: state) else {
            throw INFTRejection.tagsFull.at("inft", "it has as many tags of this kind as the ledger keeps")
        }
    }

    /// Makes the recall; ``check(_:as:at:in:)`` has passed. `by` nil: the validators.
    public static func make(
        _ id: RecallID, _ order: RecallOrder, as kind: TagKind, by: Party?, in context: OperationContext
    ) throws(Refusal) {
        let record = RecallRecord(
            id: id, inft: order.inft, kind: kind, by: by, reason: order.reason, notice: order.notice,
            since: context.block.time, height: context.block.height, answerBy: order.answerBy)
        context.state.set(INFTKeys.recall(id), record)
        try Tags.put(kind, for: Hash(id.bytes), on: order.inft, in: context)
        context.emit(INFTEvent.recalled(try change(of: record, in: context.state)))
    }

    /// Refused if the recall is lifted already.
    public static func requireInForce(
        _ id: RecallID, field: String, in state: any StateReader
    ) throws(Refusal) -> RecallRecord {
        let record = try require(id, field: field, in: state)
        if let lifting = record.lifting {
            throw INFTRejection.recallLifted.at(field, "the recall was lifted at \(lifting.at)")
        }
        return record
    }

    /// `by` nil: the validators.
    public static func lift(
        _ id: RecallID, by: Party?, reason: RecallLiftReason, in context: OperationContext
    ) throws(Refusal) {
        var record = try requireInForce(id, field: "recall", in: context.state)
        record.lifting = RecallLifting(at: context.block.time, by: by, reason: reason)
        context.state.set(INFTKeys.recall(id), record)
        try Tags.remove(Hash(id.bytes), from: record.inft, in: context)
        context.emit(INFTEvent.recallLifted(try change(of: record, in: context.state)))
    }

    private static func change(of record: RecallRecord, in state: any StateReader) throws(Refusal) -> RecallChanged {
        RecallChanged(record, owner: try INFTRegistry.requireKnown(record.inft, field: "inft", in: state).owner)
    }

    /// Whether a recall takes effect on `inft`: itself, what it is a clone of, or anything it derives from was recalled.
    public static func reaches(
        _ recall: RecallRecord, _ inft: INFTID, in state: any StateReader
    ) throws(Refusal) -> Bool {
        let record = try INFTRegistry.requireKnown(inft, field: "inft", in: state)
        return try Tags.sources(of: record, in: state).contains(recall.inft)
    }
}
