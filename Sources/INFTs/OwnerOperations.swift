internal import Cryptography
public import Encoding
internal import Identities
public import Primitives
public import StateModel

extension INFTRegistry {
    /// The record, if the transaction acts for its owner, and it is not just being handed over.
    static func requireOwned(
        _ id: INFTID, unfrozen: Bool = false, evenWhileHandedOver: Bool = false, in context: OperationContext
    ) throws(Refusal) -> INFTRecord {
        let record = try requireKnown(id, field: "inft", in: context.state)
        guard record.owner == context.actor else {
            throw INFTRejection.notOwner.at("inft", "\(id) belongs to \(record.owner)")
        }
        try Authority.require(record.owner, for: .content, in: context, field: "inft")
        if !evenWhileHandedOver, let transfer = record.transfer,
            try Deliveries.require(transfer, field: "inft", in: context.state).state == .begun
        {
            throw INFTRejection.transferBegun.at(
                "inft", "\(id) is being handed over; wait until that is complete", retryable: true)
        }
        if unfrozen {
            // What was recalled can be put right, and then the recall be lifted.
            if record.status != .recalled { try requireActive(id, field: "inft", in: context.state) }
            guard record.frozenAt == nil else {
                throw INFTRejection.frozen.at("inft", "\(id) was frozen; mint a derivative instead")
            }
        }
        return record
    }
}

/// `inft.revise`: a new version. Earlier licensees keep what their terms give them.
public struct Revise: DomainOperation {
    public static let name = "inft.revise"
    public let inft: INFTID
    public let content: ContentVersion
    /// The consent set from now on; null keeps the one that is cited.
    public let consentSet: ConsentSetID?

    public init(inft: INFTID, content: ContentVersion, consentSet: ConsentSetID? = nil) {
        self.inft = inft
        self.content = content
        self.consentSet = consentSet
    }

    public var weight: UInt64 {
        60 + INFTsWeights.standing + INFTsWeights.groups + (content.isSealed ? INFTsWeights.ownProofs : 0)
            + INFTsWeights.consent
    }

    public func check(in context: OperationContext) throws(Refusal) -> INFTRecord {
        var record = try INFTRegistry.requireOwned(inft, unfrozen: true, in: context)
        try INFTRules.requireNoGroup(record.inftClass, field: "inft")
        try INFTRules.check(content, field: "content")
        try PeopleRules.check(content, of: record.inftClass)
        guard content != record.latest else {
            throw INFTRejection.contentUnchanged.at("content", "it is the content of version \(record.versionCount)")
        }
        try INFTRules.checkRotation(content, after: record, in: context.state)
        try INFTRules.checkProofs(
            content, .revise, inft: inft.bytes, version: record.versionCount + 1, owner: record.owner,
            field: "content", in: context)
        try Roots.requireUnclaimed(content, field: "content", in: context.state)
        let set = consentSet ?? record.consentSet
        try PeopleRules.check(record, citing: set, in: context.state)
        try INFTRules.checkConsent(
            set, hasHumanData: record.hasHumanData, inftClass: record.inftClass, isOpen: !content.isSealed,
            actor: record.owner, in: context)
        record.consentSet = set
        record.latest = content
        record.versionCount += 1
        return record
    }

    public func apply(_ plan: INFTRecord, in context: OperationContext) throws(Refusal) {
        var record = plan
        context.state.set(
            INFTKeys.version(inft, record.versionCount),
            VersionRecord(
                record.versionCount, content, by: record.owner, under: record.consentSet, in: context.block))
        try Roots.claim(content, for: inft, in: context.state)
        SealingKeys.note(content, of: record, in: context)
        INFTRegistry.append(.revised, to: &record, in: context)
        context.state.set(INFTKeys.inft(inft), record)
        context.emit(INFTEvent.revised(INFTChanged(record)))
    }

    public func words(_ names: any NameResolver) -> [String] {
        [
            "Publish a new version of \(names.identifier(inft.description)) "
                + "(\(content.size) bytes, \(content.mediaType))."
        ]
            + (consentSet.map { ["It is about the people whose consents are in \(names.identifier($0.description))."] }
                ?? [])
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(3)
        writer.write(inft)
        writer.write(content)
        writer.write(consentSet)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 3) { (reader) throws(EncodingFailure) in
            Revise(
                inft: try reader.value("inft"), content: try reader.value("content"),
                consentSet: try reader.optional("consentSet"))
        }
    }
}

/// `inft.setMetadata`: other public metadata.
public struct SetMetadata: DomainOperation {
    public static let name = "inft.setMetadata"
    public let inft: INFTID
    public let metadata: INFTMetadata

    public init(inft: INFTID, metadata: INFTMetadata) {
        self.inft = inft
        self.metadata = metadata
    }

    public var weight: UInt64 { 30 + INFTsWeights.standing }

    public func check(in context: OperationContext) throws(Refusal) -> INFTRecord {
        var record = try INFTRegistry.requireOwned(inft, unfrozen: true, in: context)
        try PeopleRules.check(
            metadata, of: record.inftClass, consentSet: record.consentSet, in: context.state)
        guard metadata != record.metadata else {
            throw INFTRejection.metadataUnchanged.at("metadata", "nothing would change")
        }
        record.metadata = metadata
        return record
    }

    public func apply(_ plan: INFTRecord, in context: OperationContext) throws(Refusal) {
        var record = plan
        INFTRegistry.append(.metadataSet, to: &record, in: context)
        context.state.set(INFTKeys.inft(inft), record)
        context.emit(INFTEvent.metadataSet(INFTChanged(record)))
    }

    public func words(_ names: any NameResolver) -> [String] {
        let title = metadata.title.isEmpty ? "" : " The title becomes “\(metadata.title)”."
        return ["Change the public metadata of \(names.identifier(inft.description)).\(title)"]
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(inft)
        writer.write(metadata)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 2) { (reader) throws(EncodingFailure) in
            SetMetadata(inft: try reader.value("inft"), metadata: try reader.value("metadata"))
        }
    }
}

/// `inft.freeze`: content and metadata never change again.
public struct Freeze: DomainOperation {
    public static let name = "inft.freeze"
    public let inft: INFTID

    public init(inft: INFTID) { self.inft = inft }

    public var weight: UInt64 { 26 + INFTsWeights.standing }

    public func check(in context: OperationContext) throws(Refusal) -> INFTRecord {
        var record = try INFTRegistry.requireOwned(inft, unfrozen: true, in: context)
        record.frozenAt = context.block.time
        return record
    }

    public func apply(_ plan: INFTRecord, in context: OperationContext) throws(Refusal) {
        var record = plan
        INFTRegistry.append(.frozen, to: &record, in: context)
        context.state.set(INFTKeys.inft(inft), record)
        context.emit(INFTEvent.frozen(INFTChanged(record)))
    }

    public func words(_ names: any NameResolver) -> [String] {
        ["Freeze \(names.identifier(inft.description)): its content and metadata can never be changed again."]
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(1)
        writer.write(inft)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 1) { (reader) throws(EncodingFailure) in
            Freeze(inft: try reader.value("inft"))
        }
    }
}

/// `inft.retire`: no new licenses and no new derivatives. What was sold stays, and revenue flows on.
public struct Retire: DomainOperation {
    public static let name = "inft.retire"
    public let inft: INFTID

    public init(inft: INFTID) { self.inft = inft }

    public var weight: UInt64 { 26 + INFTsWeights.standing + INFTsWeights.groups }

    public func check(in context: OperationContext) throws(Refusal) -> INFTRecord {
        let record = try INFTRegistry.requireOwned(inft, in: context)
        try INFTRegistry.requireActive(inft, field: "inft", in: context.state)
        return record
    }

    public func apply(_ plan: INFTRecord, in context: OperationContext) throws(Refusal) {
        try INFTRegistry.setStatus(.retired, of: inft, in: context)
    }

    public func words(_ names: any NameResolver) -> [String] {
        ["Retire \(names.identifier(inft.description)): no new licenses or derivatives, for good. What was sold stays."]
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(1)
        writer.write(inft)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 1) { (reader) throws(EncodingFailure) in
            Retire(inft: try reader.value("inft"))
        }
    }
}
