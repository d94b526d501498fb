public import Primitives
public import StateModel

/// An INFT as lists show it.
public struct INFTSummary: Codable, Hashable, Sendable {
    public let id: INFTID
    public let inftClass: INFTClass
    public let owner: Party
    public let title: String
    public let field: ClinicalField
    public let status: INFTStatus
    public let isFrozen: Bool
    public let isSealed: Bool
    public let version: UInt64
    public let createdAt: Timestamp

    private enum CodingKeys: String, CodingKey {
        case id
        case inftClass = "class"
        case owner, title, field, status, isFrozen, isSealed, version, createdAt
    }

    init(_ record: INFTRecord) {
        id = record.id
        inftClass = record.inftClass
        owner = record.owner
        title = record.metadata.title
        field = record.metadata.field
        status = record.status
        isFrozen = record.isFrozen
        isSealed = record.latest.isSealed
        version = record.versionCount
        createdAt = record.createdAt
    }
}

public struct LineageView: Codable, Hashable, Sendable {
    public let inft: INFTID
    /// Linked when it was minted.
    public let parents: [INFTID]
    /// Parents, their parents, and so on; sorted.
    public let ancestors: [INFTID]
    /// Ancestors that are disputed, retired or recalled.
    public let inactiveAncestors: [INFTID]
    /// The newest hundred that name it as a parent.
    public let children: [INFTID]
    /// More children than shown; page through `inft_list` with `parent`.
    public let hasMoreChildren: Bool
}

public struct INFTParameters: Codable, Sendable {
    public let inft: INFTID

    public init(inft: INFTID) { self.inft = inft }
}

public struct INFTListParameters: Codable, Sendable {
    public let owner: Party?
    public let inftClass: INFTClass?
    public let creator: Party?
    public let parent: INFTID?

    public init(
        owner: Party? = nil, inftClass: INFTClass? = nil, creator: Party? = nil, parent: INFTID? = nil
    ) {
        self.owner = owner
        self.inftClass = inftClass
        self.creator = creator
        self.parent = parent
    }

    private enum CodingKeys: String, CodingKey {
        case owner
        case inftClass = "class"
        case creator, parent
    }
}

/// The queries of the INFT domain.
public enum INFTQueries {
    public static let all: [Query] =
        [get, list, history, versions, lineage, delivery, deliveries]
        + [keyCustodians, erasure, erasures, erasureHolders, erasuresDue] + [standing, recall, recalls, authorizations]

    private static let inft = QueryParameter("inft", "The INFT.")

    static let get = Query(
        "inft_get", "An INFT: owner, creators, newest version, metadata, status.", [inft], from: INFTParameters.self,
        to: INFTRecord.self
    ) { (parameters, context) throws(Refusal) in
        try INFTRegistry.requireKnown(parameters.inft, field: "inft", in: context.state)
    }

    static let list = Query(
        list: "inft_list", "INFTs, newest first: all, or those of an owner, a class, a creator or a parent.",
        [
            QueryParameter("owner", "Of this party.", required: false),
            QueryParameter("class", "Of this class.", required: false),
            QueryParameter("creator", "To which this party contributed.", required: false),
            QueryParameter("parent", "That derive directly from this INFT.", required: false),
        ],
        from: INFTListParameters.self, of: INFTSummary.self
    ) { (parameters, request, context) throws(Refusal) in
        // One table is read; the other conditions pick from its page.
        let prefix =
            parameters.owner.map { INFTIndexes.owner($0) } ?? parameters.parent.map { INFTIndexes.children($0) }
            ?? parameters.creator.map { INFTIndexes.creator($0) }
            ?? parameters.inftClass.map { INFTIndexes.inftClass($0) } ?? INFTIndexes.all
        return try context.page(prefix, request, descending: true) { (entry) throws(Refusal) in
            guard let id = INFTIndexes.inft(entry.key), let record = try INFTRegistry.record(id, in: context.state),
                parameters.owner.map({ record.owner == $0 }) != false,
                parameters.inftClass.map({ record.inftClass == $0 }) != false,
                parameters.creator.map({ party in record.creators.contains { $0.party == party } }) != false,
                parameters.parent.map({ record.parents.contains($0) }) != false
            else { return nil }
            return INFTSummary(record)
        }
    }

    static let history = Query(
        list: "inft_history", "What happened to an INFT, oldest first.", [inft], from: INFTParameters.self,
        of: HistoryEntry.self
    ) { (parameters, request, context) throws(Refusal) in
        let record = try INFTRegistry.requireKnown(parameters.inft, field: "inft", in: context.state)
        return try Page.numbered(request, INFTIndexes.history, 0..<record.historyCount) { (index) throws(Refusal) in
            try context.state.record(INFTKeys.history(parameters.inft, index))
        }
    }

    static let versions = Query(
        list: "inft_versions", "The versions of an INFT's content, oldest first.", [inft], from: INFTParameters.self,
        of: VersionRecord.self
    ) { (parameters, request, context) throws(Refusal) in
        let record = try INFTRegistry.requireKnown(parameters.inft, field: "inft", in: context.state)
        return try Page.numbered(request, INFTIndexes.versions, 1..<record.versionCount + 1) {
            (number) throws(Refusal) in
            try INFTRegistry.version(number, of: parameters.inft, in: context.state)
        }
    }

    static let lineage = Query(
        "inft_lineage", "What an INFT derives from, and what derives from it.", [inft], from: INFTParameters.self,
        to: LineageView.self
    ) { (parameters, context) throws(Refusal) in
        let record = try INFTRegistry.requireKnown(parameters.inft, field: "inft", in: context.state)
        let ancestors = try INFTRegistry.ancestors(of: parameters.inft, in: context.state)
        var inactive: [INFTID] = []
        for ancestor in ancestors {
            let found = try INFTRegistry.requireKnown(ancestor, field: "inft", in: context.state)
            if found.status != .active { inactive.append(ancestor) }
        }
        let request = PageRequest(after: nil, limit: PageRequest.maximumLimit)
        let children = try context.page(
            INFTIndexes.children(parameters.inft), request, descending: true
        ) { (entry) throws(Refusal) in INFTIndexes.inft(entry.key) }
        return LineageView(
            inft: parameters.inft, parents: record.parents, ancestors: ancestors, inactiveAncestors: inactive,
            children: children.items, hasMoreChildren: children.next != nil)
    }

}
