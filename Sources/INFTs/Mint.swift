internal import Cryptography
public import Encoding
internal import Identities
public import Primitives
public import Revenue
public import StateModel

/// `inft.mint`: the actor becomes the owner of a new INFT with its first version and its vault.
public struct Mint: DomainOperation {
    public static let name = "inft.mint"
    public let inftClass: INFTClass
    public let content: ContentVersion
    public let metadata: INFTMetadata
    /// Sorted by party. All but the actor must sign.
    public let creators: [Creator]
    /// Who shares in the revenue; sorted by party.
    public let holders: [ShareHolder]
    /// Sorted. With parents, a `license.link` of the same transaction must license each of them.
    public let parents: [INFTID]
    public let hasHumanData: Bool
    public let consentSet: ConsentSetID?

    public init(
        inftClass: INFTClass, content: ContentVersion, metadata: INFTMetadata, creators: [Creator],
        holders: [ShareHolder], parents: [INFTID] = [], hasHumanData: Bool = false, consentSet: ConsentSetID? = nil
    ) {
        self.inftClass = inftClass
        self.content = content
        self.metadata = metadata
        self.creators = creators
        self.holders = holders
        self.parents = parents
        self.hasHumanData = hasHumanData
        self.consentSet = consentSet
    }

    public var weight: UInt64 {
        60 + (content.isSealed ? INFTsWeights.ownProofs : 0) + 8 * UInt64(creators.count) + 4 * UInt64(holders.count)
            + 8 * UInt64(parents.count) + (parents.isEmpty ? 0 : INFTsWeights.standing)
            + (consentSet == nil ? 0 : INFTsWeights.consent)
    }

    public func check(in context: OperationContext) throws(Refusal) -> INFTRecord {
        let owner = context.actor
        try Authority.require(owner, for: .content, in: context, field: "actor")
        return try check(owner: owner, id: context.madeIdentifier(), in: context)
    }

    private func check(owner: Party, id: INFTID, in context: OperationContext) throws(Refusal) -> INFTRecord {
        try INFTRules.requireNoGroup(inftClass, field: "class")
        try INFTRules.check(content, field: "content")
        try INFTRules.checkProofs(
            content, .mint, inft: Sealing.here(context), version: 1, owner: owner, field: "content", in: context)
        try Roots.requireUnclaimed(content, field: "content", in: context.state)
        try PeopleRules.check(metadata, of: inftClass, consentSet: consentSet, in: context.state)
        try INFTRules.check(creators, in: context)
        try Vaults.check(holders: holders, field: "holders", in: context.state)
        guard parents.count <= INFTsLimits.parents, zip(parents, parents.dropFirst()).allSatisfy({ $0 < $1 }) else {
            throw INFTRejection.parentsInvalid.at(
                "parents", "at most \(INFTsLimits.parents) parents, sorted, each once")
        }
        if !parents.isEmpty {
            _ = try INFTRegistry.ancestorUnion(of: id, parents: parents, field: "parents", in: context.state)
        }
        try INFTRules.checkConsent(
            consentSet, hasHumanData: hasHumanData, inftClass: inftClass, isOpen: !content.isSealed, actor: owner,
            in: context)
        try PeopleRules.check(content, of: inftClass)
        return INFTRecord(
            id: id, inftClass: inftClass, owner: owner, creators: creators, versionCount: 1, latest: content,
            metadata: metadata, frozenAt: nil, parents: parents, status: .active, statusSince: context.block.time,
            hasHumanData: hasHumanData, consentSet: consentSet, createdAt: context.block.time,
            createdHeight: context.block.height, historyCount: 0, ownerSince: context.block.time)
    }

    public func apply(_ plan: INFTRecord, in context: OperationContext) throws(Refusal) {
        var record = plan
        try Vaults.create(record.id, holders: holders, in: context)
        context.state.set(
            INFTKeys.version(record.id, 1),
            VersionRecord(1, content, by: record.owner, under: consentSet, in: context.block))
        try Roots.claim(content, for: record.id, in: context.state)
        SealingKeys.note(content, of: record, in: context)
        INFTRegistry.append(.minted, to: &record, in: context)
        context.state.set(INFTKeys.inft(record.id), record)
        if !parents.isEmpty {
            context.oblige(
                record.id.bytes,
                orReject: INFTRejection.parentsNotLinked.rejection(
                    "parents", "a mint with parents needs a license.link for them in the same transaction",
                    hint: "Buy a license that allows derivatives, and add license.link behind the mint."))
        }
        context.emit(INFTEvent.minted(INFTChanged(record)))
    }

    public func words(_ names: any NameResolver) -> [String] {
        let title = metadata.title.isEmpty ? "" : " “\(metadata.title)”"
        var lines = ["Mint the \(inftClass.name)\(title) (\(content.size) bytes, \(content.mediaType)), owned by you."]
        if !content.isSealed { lines.append("Its content is open: anyone may read it.") }
        lines += creators.map { "\(names.party($0.party)) contributed \($0.contribution.percent)." }
        lines += holders.prefix(16).map { "\($0.share.percent) of its revenue go to \(names.party($0.party))." }
        if holders.count > 16 { lines.append("… and to \(holders.count - 16) more holders.") }
        lines += parents.map { "It derives from \(names.identifier($0.description))." }
        if let consentSet {
            lines.append(
                "It holds data about people under the consent set \(names.identifier(consentSet.description)).")
        }
        return lines
    }

    private enum CodingKeys: String, CodingKey {
        case inftClass = "class"
        case content, metadata, creators, holders, parents, hasHumanData, consentSet
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(8)
        writer.write(inftClass)
        writer.write(content)
        writer.write(metadata)
        writer.write(creators)
        writer.write(holders)
        writer.write(parents)
        writer.write(hasHumanData)
        writer.write(consentSet)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 8) { (reader) throws(EncodingFailure) in
            Mint(
                inftClass: try reader.value("class"), content: try reader.value("content"),
                metadata: try reader.value("metadata"),
                creators: try reader.sortedList("creators", max: INFTsLimits.creators) { (one: Creator) in one.party },
                holders: try reader.sortedList("holders", max: RevenueLimits.holders) { (one: ShareHolder) in
                    one.party
                },
                parents: try reader.sortedList("parents", max: INFTsLimits.parents) { (parent: INFTID) in parent },
                hasHumanData: try reader.boolean("hasHumanData"), consentSet: try reader.optional("consentSet"))
        }
    }

    /// In JSON parents, human data and consent set may be left out.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            inftClass: try container.decode(INFTClass.self, forKey: .inftClass),
            content: try container.decode(ContentVersion.self, forKey: .content),
            metadata: try container.decode(INFTMetadata.self, forKey: .metadata),
            creators: try container.decode([Creator].self, forKey: .creators),
            holders: try container.decode([ShareHolder].self, forKey: .holders),
            parents: try container.decodeIfPresent([INFTID].self, forKey: .parents) ?? [],
            hasHumanData: try container.decodeIfPresent(Bool.self, forKey: .hasHumanData) ?? false,
            consentSet: try container.decodeIfPresent(ConsentSetID.self, forKey: .consentSet))
    }
}
