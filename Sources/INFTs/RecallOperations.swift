public import Encoding
internal import Identities
public import Primitives
public import StateModel

/// `inft.recall`: the owner, or who holds a regulator's credential, found it harmful. From this block on nothing is sold,
/// derived or handed over of it, of its clones, and of all that derives from them, and licenses on these are suspended.
public struct Recall: DomainOperation {
    public static let name = "inft.recall"
    public let inft: INFTID
    public let reason: RecallReason
    /// SHA-256 of the notice that says what was found, and what to do.
    public let notice: Hash
    /// Until when holders of licenses are to answer: a minute to a year ahead.
    public let answerBy: Timestamp

    public init(inft: INFTID, reason: RecallReason, notice: Hash, answerBy: Timestamp) {
        self.inft = inft
        self.reason = reason
        self.notice = notice
        self.answerBy = answerBy
    }

    public var weight: UInt64 { 10 + 4 * 24 + INFTsWeights.groups + CredentialWeights.holds }

    private var order: RecallOrder { RecallOrder(inft: inft, reason: reason, notice: notice, answerBy: answerBy) }

    public func check(in context: OperationContext) throws(Refusal) -> TagKind {
        let record = try INFTRegistry.requireKnown(inft, field: "inft", in: context.state)
        let kind = try RecallAuthority.kind(of: context.actor, over: record, field: "inft", in: context)
        try Recalls.check(order, as: kind, at: context.block.time, in: context.state)
        return kind
    }

    public func apply(_ plan: TagKind, in context: OperationContext) throws(Refusal) {
        try Recalls.make(context.madeIdentifier(), order, as: plan, by: context.actor, in: context)
    }

    public func words(_ names: any NameResolver) -> [String] {
        [
            "Recall \(names.identifier(inft.description)): \(reason.name)",
            "From now on nothing is sold of it, of its clones, or of anything that derives from them",
            "All licenses on these are suspended, and payments held for them go back to the buyers",
            "Holders of licenses are to answer until \(names.time(answerBy)); who has not is public",
            "Notice: the document with SHA-256 \(notice)",
        ]
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(4)
        writer.write(inft)
        writer.write(reason)
        writer.write(notice)
        writer.write(answerBy)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 4) { (reader) throws(EncodingFailure) in
            Recall(
                inft: try reader.value("inft"), reason: try reader.value("reason"),
                notice: try reader.value("notice"), answerBy: try reader.value("answerBy"))
        }
    }
}

/// `inft.liftRecall`: who recalled takes it back; an owner's recall is the owner's of today. A vote of the validators may
/// lift any.
public struct LiftRecall: DomainOperation {
    public static let name = "inft.liftRecall"
    public let recall: RecallID
    public let reason: RecallLiftReason

    public init(recall: RecallID, reason: RecallLiftReason) {
        self.recall = recall
        self.reason = reason
    }

    public var weight: UInt64 { 10 + 4 * 24 + INFTsWeights.groups + CredentialWeights.holds }

    public func check(in context: OperationContext) throws(Refusal) {
        let recall = try Recalls.requireInForce(self.recall, field: "recall", in: context.state)
        let record = try INFTRegistry.requireKnown(recall.inft, field: "recall", in: context.state)
        let isOwn = recall.kind == .recalledByOwner ? record.owner == context.actor : recall.by == context.actor
        guard isOwn else {
            let who = recall.kind == .recalledByOwner ? "the owner, \(record.owner)" : recall.by.map { "\($0)" }
            throw INFTRejection.mayNotRecall.at(
                "recall", "it can be lifted by \(who ?? "a vote of the validators")",
                hint: "The validators may lift any recall: mednexus governance propose lift-recall.")
        }
        if recall.kind == .recalledByOwner {
            try Authority.require(context.actor, for: .content, in: context, field: "recall")
        } else {
            try RecallAuthority.requireRegulator(context.actor, field: "recall", in: context)
        }
    }

    public func apply(_ plan: Void, in context: OperationContext) throws(Refusal) {
        try Recalls.lift(recall, by: context.actor, reason: reason, in: context)
    }

    public func words(_ names: any NameResolver) -> [String] {
        [
            "Lift the recall \(names.identifier(recall.description)): \(reason.name)",
            "Licenses that nothing else suspends are in force again",
        ]
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(recall)
        writer.write(reason)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 2) { (reader) throws(EncodingFailure) in
            LiftRecall(recall: try reader.value("recall"), reason: try reader.value("reason"))
        }
    }
}

/// Who may recall.
enum RecallAuthority {
    /// As what `actor` recalls, with its signatures.
    static func kind(
        of actor: Party, over record: INFTRecord, field: String, in context: OperationContext
    ) throws(Refusal) -> TagKind {
        guard record.owner != actor else {
            try Authority.require(actor, for: .content, in: context, field: field)
            return .recalledByOwner
        }
        try requireRegulator(actor, field: field, in: context)
        return .recalledByRegulator
    }

    static func requireRegulator(_ actor: Party, field: String, in context: OperationContext) throws(Refusal) {
        guard
            try Credentials.holds(
                actor, .regulator, jurisdiction: nil, at: context.block.time, in: context.state)
        else {
            throw INFTRejection.mayNotRecall.at(
                field, "\(actor) is not the owner, and holds no credential of type regulator in force",
                hint: "Tell the owner or a regulator, or ask a validator's institution to propose a recall.")
        }
        try Authority.require(actor, for: .content, in: context, field: field)
    }
}
