public import Primitives
internal import StateModel

public struct RecallParameters: Codable, Sendable {
    public let recall: RecallID

    public init(recall: RecallID) { self.recall = recall }
}

public struct RecallListParameters: Codable, Sendable {
    public let inft: INFTID?

    public init(inft: INFTID? = nil) { self.inft = inft }
}

public struct StandingParameters: Codable, Sendable {
    public let inft: INFTID
    public let at: Timestamp?

    public init(inft: INFTID, at: Timestamp? = nil) {
        self.inft = inft
        self.at = at
    }
}

/// What stands against an INFT, its own and what comes down to it.
public struct StandingView: Codable, Hashable, Sendable {
    public let inft: INFTID
    public let at: Timestamp
    /// Whether nothing stands against it.
    public let isClear: Bool
    public let tags: [EffectiveTag]
}

extension INFTQueries {
    static let standing = Query(
        "inft_standing",
        "What stands against an INFT at a time: its own tags, and those of all it derives from or is a clone of.",
        [
            QueryParameter("inft", "The INFT."),
            QueryParameter("at", "When (Unix milliseconds); default: block time.", required: false),
        ],
        from: StandingParameters.self, to: StandingView.self
    ) { (parameters, context) throws(Refusal) in
        let record = try INFTRegistry.requireKnown(parameters.inft, field: "inft", in: context.state)
        let time = parameters.at ?? context.block.time
        let tags = try Tags.effective(on: record, at: time, in: context.state)
        return StandingView(inft: record.id, at: time, isClear: tags.isEmpty, tags: tags)
    }

    static let recall = Query(
        "inft_recall", "A recall: of what, by whom, why, until when holders are to answer, and whether it was lifted.",
        [QueryParameter("recall", "The recall.")], from: RecallParameters.self, to: RecallRecord.self
    ) { (parameters, context) throws(Refusal) in
        try Recalls.require(parameters.recall, field: "recall", in: context.state)
    }

    static let recalls = Query(
        list: "inft_recalls",
        "Recalls, newest first: all, or those of an INFT itself (inft_standing has what comes down).",
        [QueryParameter("inft", "Of this INFT.", required: false)],
        from: RecallListParameters.self, of: RecallRecord.self
    ) { (parameters, request, context) throws(Refusal) in
        let prefix = parameters.inft.map { INFTIndexes.recalls(of: $0) } ?? INFTIndexes.recalls
        return try context.page(prefix, request, descending: true) { (entry) throws(Refusal) in
            guard let id = Bytes32(entry.key.bytes.suffix(32)) else { return nil }
            return try Recalls.record(RecallID(id), in: context.state)
        }
    }
}
