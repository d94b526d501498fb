public import Encoding
public import Primitives
public import StateModel

/// Why an INFT is not what it should be. New kinds go at the end.
public enum TagKind: UInt8, NamedCode, CBORCodable {
    /// Found harmful by its owner.
    case recalledByOwner = 0
    /// Found harmful by a holder of a regulator's credential.
    case recalledByRegulator = 1
    /// Found harmful by a vote of the validators.
    case recalledByValidators = 2
    /// A panel found that it was registered by somebody who had no right to it.
    case improperRegistration = 3
    /// A panel found that it, or its owner, uses what it derives from beyond the license.
    case usage = 4
    /// A panel found that its owner does not pay what is due for it.
    case payment = 5
    /// A panel found that its content is not what it says it is.
    case content = 6

    public var isRecall: Bool { rawValue <= TagKind.recalledByValidators.rawValue }

    /// Whether licenses on what the tag takes effect on are suspended. Who pays for them is not to suffer from what an
    /// owner owes to others.
    public var suspendsLicenses: Bool { self != .payment }

    /// Whether holders of what has the tag itself collect nothing: the money may be another's.
    var stopsClaims: Bool { self == .improperRegistration || self == .payment }

    /// What the INFT is while it has a tag of this kind.
    var status: INFTStatus { isRecall ? .recalled : .disputed }

    /// How many tags of the kind's group one INFT ever gets: whoever recalls without end does not fill the room of others.
    var room: Int { self == .recalledByOwner ? INFTsLimits.ownerTags : INFTsLimits.otherTags }
}

/// A tag, dated. `[kind, subject, since, until?]`
public struct Tag: CBORCodable, Codable, Hashable, Sendable {
    public let kind: TagKind
    /// The recall, or the dispute, that it stands for.
    public let subject: Hash
    public let since: Timestamp
    /// When it was taken off.
    public var until: Timestamp?

    public init(kind: TagKind, subject: Hash, since: Timestamp, until: Timestamp? = nil) {
        self.kind = kind
        self.subject = subject
        self.since = since
        self.until = until
    }

    public func isInForce(at time: Timestamp) -> Bool { since <= time && (until.map { time < $0 } ?? true) }

    public func encode(into writer: inout CBORWriter) {
        writer.array(4)
        writer.write(kind)
        writer.write(subject)
        writer.write(since)
        writer.write(until)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("tag", count: 4) { (reader) throws(EncodingFailure) in
            Tag(
                kind: try reader.value("kind"), subject: try reader.value("subject"),
                since: try reader.value("since"), until: try reader.optional("until"))
        }
    }
}

/// Every tag that an INFT ever had, oldest first. `[resting, tags]`
public struct TagsRecord: CBORCodable, Codable, Hashable, Sendable {
    /// The status that the INFT has while no tag is in force: active or retired.
    public var resting: INFTStatus
    public var tags: [Tag]

    public init(resting: INFTStatus, tags: [Tag] = []) {
        self.resting = resting
        self.tags = tags
    }

    /// Recalled before disputed before what it rests in.
    var status: INFTStatus {
        let open = tags.filter { $0.until == nil }.map(\.kind.status)
        return open.contains(.recalled) ? .recalled : open.first ?? resting
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(resting)
        writer.write(tags)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("tags", count: 2) { (reader) throws(EncodingFailure) in
            TagsRecord(
                resting: try reader.value("resting"), tags: try reader.list("tags", max: INFTsLimits.tags))
        }
    }
}

/// A tag as it takes effect on an INFT, perhaps by way of what that derives from.
public struct EffectiveTag: Codable, Hashable, Sendable {
    /// Whose tag it is: the INFT itself, what it is a clone of, an ancestor, or what an ancestor is a clone of.
    public let inft: INFTID
    public let tag: Tag
}

/// Tags take effect on all that derives from an INFT by looking its ancestors up: in the same block, and by nobody's call.
public enum Tags {
    static func record(of id: INFTID, in state: any StateReader) throws(Refusal) -> TagsRecord? {
        try state.record(INFTKeys.tags(id))
    }

    /// The INFTs whose tags take effect on `record`, itself first. At most 258.
    public static func sources(of record: INFTRecord, in state: any StateReader) throws(Refusal) -> [INFTID] {
        [record.id] + (record.cloneOf.map { [$0] } ?? []) + (try INFTRegistry.lineage(of: record.id, in: state))
    }

    /// What was in force on `record` at `time`.
    public static func effective(
        on record: INFTRecord, at time: Timestamp, in state: any StateReader
    ) throws(Refusal) -> [EffectiveTag] {
        var found: [EffectiveTag] = []
        for id in try sources(of: record, in: state) {
            guard let tags = try self.record(of: id, in: state)?.tags else { continue }
            found += tags.filter { $0.isInForce(at: time) }.map { EffectiveTag(inft: id, tag: $0) }
        }
        return found
    }

    /// The first tag that is in force now on one of `infts`.
    static func first(on infts: [INFTID], in state: any StateReader) throws(Refusal) -> EffectiveTag? {
        for id in infts {
            guard let tags = try record(of: id, in: state)?.tags, let tag = tags.first(where: { $0.until == nil })
            else { continue }
            return EffectiveTag(inft: id, tag: tag)
        }
        return nil
    }

    /// A recall that takes effect on `id` now.
    public static func recall(on id: INFTID, in state: any StateReader) throws(Refusal) -> EffectiveTag? {
        let record = try INFTRegistry.requireKnown(id, field: "inft", in: state)
        for source in try sources(of: record, in: state) {
            guard let tags = try self.record(of: source, in: state)?.tags,
                let tag = tags.first(where: { $0.until == nil && $0.kind.isRecall })
            else { continue }
            return EffectiveTag(inft: source, tag: tag)
        }
        return nil
    }

    /// Refused while a tag of the INFT itself, or of what it is a clone of, says that its revenue may be another's.
    static func requireClaimable(_ id: INFTID, in state: any StateReader) throws(Refusal) {
        guard let record = try INFTRegistry.record(id, in: state) else { return }
        for source in [id] + (record.cloneOf.map { [$0] } ?? []) {
            guard let tags = try self.record(of: source, in: state)?.tags,
                let tag = tags.first(where: { $0.until == nil && $0.kind.stopsClaims })
            else { continue }
            throw INFTRejection.notActive.at(
                "inft", "\(source) is disputed for \(tag.kind.name): nobody collects its revenue until that is settled")
        }
    }

    /// Whether the tag for `subject` is on `id`, and was not taken off.
    package static func isInForce(_ subject: Hash, on id: INFTID, in state: any StateReader) throws(Refusal) -> Bool {
        try record(of: id, in: state)?.tags.contains { $0.subject == subject && $0.until == nil } ?? false
    }

    /// Whether another tag of `kind` finds room.
    package static func hasRoom(for kind: TagKind, on id: INFTID, in state: any StateReader) throws(Refusal) -> Bool {
        let tags = try record(of: id, in: state)?.tags ?? []
        return tags.count { ($0.kind == .recalledByOwner) == (kind == .recalledByOwner) } < kind.room
    }

    /// Puts a tag on an INFT, with its status, a line of history and an event.
    package static func put(_ kind: TagKind, for subject: Hash, on id: INFTID, in context: OperationContext)
        throws(Refusal)
    {
        let inft = try INFTRegistry.requireKnown(id, field: "inft", in: context.state)
        var record = try record(of: id, in: context.state) ?? TagsRecord(resting: inft.status)
        // Retiring needs an active INFT, so what it rests in changes only while no tag is in force.
        if !record.tags.contains(where: { $0.until == nil }) { record.resting = inft.status }
        record.tags.append(Tag(kind: kind, subject: subject, since: context.block.time))
        context.state.set(INFTKeys.tags(id), record)
        try INFTRegistry.setStatus(record.status, of: id, in: context)
    }

    /// Takes the tag for `subject` off again.
    package static func remove(_ subject: Hash, from id: INFTID, in context: OperationContext) throws(Refusal) {
        guard var record = try record(of: id, in: context.state),
            let index = record.tags.firstIndex(where: { $0.subject == subject && $0.until == nil })
        else { throw .failed(StateFailure("the tag \(subject) of \(id) is missing")) }
        record.tags[index].until = context.block.time
        context.state.set(INFTKeys.tags(id), record)
        try INFTRegistry.setStatus(record.status, of: id, in: context)
    }
}
