internal import Consents
internal import INFTs
public import Primitives
internal import StateModel

/// An INFT of which a set stands behind the content of today, or of an older version, and how many licenses on it would be
/// suspended with the set.
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
    /// Those that were offered under it, at most as many as are told of its staleness, and those of which it stands behind a
    /// sealed version.
    public let infts: [ImpactedINFT]
}

/// What the withdrawal of a consent, its narrowing or its expiry would do.
public struct ConsentImpactView: Codable, Hashable, Sendable {
    public let consent: ConsentID
    public let at: Timestamp
    /// Nothing that rests on it can begin any more, and these sets become stale.
    public let sets: [ImpactedSet]
    /// Licenses that would be suspended, on all INFTs of sets that are not stale yet; those that wait for their delivery
    /// included. Of an INFT that cites another set by now they are those whose version was published under this one.
    public let licenses: UInt64
    /// There may be more of them than were looked at.
    public let hasMoreLicenses: Bool
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
    /// Licenses that one preview looks at one by one, and sealed versions of a set.
    static let entries = 1_000

    static let query = Query(
        "consent_impact",
        "What the withdrawal of a consent would do: which sets become stale, which INFTs cite them, how many licenses "
            + "would be suspended, how many delivered copies stay.",
        [QueryParameter("consent", "The consent.")], from: ConsentImpactParameters.self, to: ConsentImpactView.self
    ) { (parameters, context) throws(Refusal) in
        let time = context.block.time
        let consent = try ConsentLedger.require(parameters.consent, field: "consent", in: context.state)
        var sets: [ImpactedSet] = []
        var scan = LicenseScan(context: context)
        for id in consent.sets.elements {
            let set = try ConsentSets.requireStanding(id, field: "consent", in: context.state)
            let isStale = set.isStale(at: time)
            var infts: [ImpactedINFT] = []
            for inft in try cited(id, in: context) {
                infts.append(ImpactedINFT(inft: inft, licenses: isStale ? 0 : try scan.count(inft, under: id)))
            }
            sets.append(
                ImpactedSet(
                    set: id, custodian: set.custodian, memberCount: set.memberCount, isStale: isStale, infts: infts))
        }
        let deliveries = try Deliveries.count(under: consent, in: context)
        return ConsentImpactView(
            consent: consent.id, at: time, sets: sets, licenses: scan.total, hasMoreLicenses: scan.isPart,
            deliveries: deliveries.count, hasMoreDeliveries: deliveries.isPart)
    }

    private static func cited(_ set: ConsentSetID, in context: QueryContext) throws(Refusal) -> [INFTID] {
        var found = try context.state.record(LicenseKeys.setINFTs(set))?.infts ?? []
        for inft in try CitingVersions.infts(under: set, versions: entries, in: context)
        where !found.contains(inft) { found.append(inft) }
        return found
    }
}

/// Counts the licenses that would be suspended with a set, each once: an INFT may stand under several sets of a consent, by
/// different versions of it.
private struct LicenseScan {
    let context: QueryContext
    private(set) var isPart = false
    private var left = ConsentImpact.entries
    private var whole: [INFTID: UInt64] = [:]
    private var older: [INFTID: UInt64] = [:]

    init(context: QueryContext) { self.context = context }

    var total: UInt64 {
        whole.values.reduce(0, +) + older.reduce(0) { $0 + (whole[$1.key] == nil ? $1.value : 0) }
    }

    mutating func count(_ id: INFTID, under set: ConsentSetID) throws(Refusal) -> UInt64 {
        let inft = try INFTRegistry.requireKnown(id, field: "consent", in: context.state)
        guard inft.consentSet != set else {
            let found =
                inft.cloneOf == nil && inft.cloneCount == 0
                ? try LiveCount.read(id, in: context.state).count
                // Of an INFT and its clones there is one number.
                : try scan(inft) { (_) throws(Refusal) in true }
            whole[id] = found
            return found
        }
        let (time, state) = (context.block.time, context.state)
        let found = try scan(inft) { (license) throws(Refusal) in
            try StaleVersion.isJudged(license, on: inft, by: set, at: time, in: state)
        }
        older[id, default: 0] += found
        return found
    }

    /// Of the licenses that were sold on the INFT and have not ended.
    private mutating func scan(
        _ inft: INFTRecord, _ isMeant: (LicenseRecord) throws(Refusal) -> Bool
    ) throws(Refusal) -> UInt64 {
        guard left > 0 else {
            isPart = true
            return 0
        }
        let entries: [IndexEntry]
        do throws(StateFailure) {
            entries = try context.index.scan(
                prefix: LicenseIndexes.licenses(on: inft.id), after: nil, limit: left, descending: true)
        } catch {
            throw .failed(error)
        }
        // What was looked at to the last of what may be: there may be more.
        isPart = isPart || entries.count == left
        left -= entries.count
        var found: UInt64 = 0
        for entry in entries {
            guard let id = LicenseIndexes.id(entry.key),
                let license = try LicenseLedger.license(LicenseID(id), in: context.state), license.isLive,
                license.under == nil, try isMeant(license)
            else { continue }
            found += 1
        }
        return found
    }
}
