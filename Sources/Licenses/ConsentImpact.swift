internal import Consents
public import Primitives
internal import StateModel

/// An INFT that cites a set, and how many licenses on it would be suspended with the set.
public struct ImpactedINFT: Codable, Hashable, Sendable {
    public let inft: INFTID
    public let licenses: UInt64

    public init(inft: INFTID, licenses: UInt64) {
        self.inft = inft
        self.licenses = licenses
    }
}

public struct ImpactedSet: Codable, Hashable, Sendable {
    public let set: ConsentSetID
    public let custodian: Party
    public let memberCount: UInt64
    /// It is stale without this consent's doing: nothing more happens to it.
    public let isStale: Bool
    /// Those that were offered under it; at most as many as are told of its staleness.
    public let infts: [ImpactedINFT]
}

/// What the withdrawal of a consent, its narrowing or its expiry would do.
public struct ConsentImpactView: Codable, Hashable, Sendable {
    public let consent: ConsentID
    public let at: Timestamp
    /// Nothing that rests on it can begin any more, and these sets become stale.
    public let sets: [ImpactedSet]
    /// Licenses that would be suspended, on all INFTs of sets that are not stale yet.
    public let licenses: UInt64
    /// Releases that were made: copies that stay where they are. At most 1,000 are counted.
    public let deliveries: UInt64
    /// There may be more of them than were counted.
    public let hasMoreDeliveries: Bool
}

public struct ConsentImpactParameters: Codable, Sendable {
    public let consent: ConsentID
}

/// The preview of a withdrawal. It stands here since consents know neither INFTs nor licenses.
enum ConsentImpact {
    static let query = Query(
        "consent_impact",
        "What the withdrawal of a consent would do: which sets become stale, which INFTs cite them, how many licenses "
            + "would be suspended, how many delivered copies stay.",
        [QueryParameter("consent", "The consent.")], from: ConsentImpactParameters.self, to: ConsentImpactView.self
    ) { (parameters, context) throws(Refusal) in
        let time = context.block.time
        let consent = try ConsentLedger.require(parameters.consent, field: "consent", in: context.state)
        var sets: [ImpactedSet] = []
        var licenses: UInt64 = 0
        var counted: [INFTID] = []
        for id in consent.sets.elements {
            let set = try ConsentSets.requireStanding(id, field: "consent", in: context.state)
            let cited = try context.state.record(LicenseKeys.setINFTs(id))?.infts ?? []
            var infts: [ImpactedINFT] = []
            for inft in cited {
                let live = try LiveCount.read(inft, in: context.state).count
                infts.append(ImpactedINFT(inft: inft, licenses: live))
                guard !set.isStale(at: time), !counted.contains(inft) else { continue }
                counted.append(inft)
                licenses += live
            }
            sets.append(
                ImpactedSet(
                    set: id, custodian: set.custodian, memberCount: set.memberCount, isStale: set.isStale(at: time),
                    infts: infts))
        }
        let deliveries = try Deliveries.count(under: consent, in: context)
        return ConsentImpactView(
            consent: consent.id, at: time, sets: sets, licenses: licenses, deliveries: deliveries.count,
            hasMoreDeliveries: deliveries.isPart)
    }
}
