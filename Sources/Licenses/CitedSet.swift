internal import Consents
internal import INFTs
internal import Primitives
internal import StateModel

/// The consent set that an INFT cited at a time, read back from its history: each version has its own.
enum CitedSet {
    static func of(
        _ inft: INFTRecord, at time: Timestamp, in state: any StateReader
    ) throws(Refusal) -> ConsentSetID? {
        guard inft.consentSet != nil else { return nil }
        var version = inft.versionCount
        // From the newest entry back to the time asked for: nothing to walk for a question about now.
        var index = inft.historyCount
        while index > 0 {
            guard let entry = try state.record(INFTKeys.history(inft.id, index - 1)) else {
                throw .failed(StateFailure("the history of \(inft.id) has a gap at \(index - 1)"))
            }
            version = entry.version
            if entry.time <= time { break }
            index -= 1
        }
        guard version != inft.versionCount else { return inft.consentSet }
        guard let record = try INFTRegistry.version(version, of: inft.id, in: state) else {
            throw .failed(StateFailure("version \(version) of \(inft.id) is missing"))
        }
        return record.consentSet
    }
}

/// A version whose data were published under consents of which one does not stand any more. A later version under other
/// consents makes nothing of it good: who was given the older one has what a person took back.
struct StaleVersion {
    let number: UInt64
    let since: Timestamp

    var sentence: String {
        "a consent behind version \(number) was withdrawn, narrowed or has expired; where the terms cover revisions, a newer "
            + "version may be had"
    }

    /// - Parameter version: what is used; nil: what the licensee had at the time.
    static func of(
        _ license: LicenseRecord, _ inft: INFTRecord, version: UInt64?, at time: Timestamp, in state: any StateReader
    ) throws(Refusal) -> StaleVersion? {
        guard inft.consentSet != nil, inft.versionCount > 1 else { return nil }
        if let version { return try of(inft, version: version, at: time, in: state) }
        guard let held = try held(license, at: time, in: state) else { return nil }
        return try of(inft, version: held, at: time, in: state)
    }

    static func of(
        _ inft: INFTRecord, version: UInt64, at time: Timestamp, in state: any StateReader
    ) throws(Refusal) -> StaleVersion? {
        guard let set = try INFTRegistry.version(version, of: inft.id, in: state)?.consentSet else { return nil }
        let standing = try ConsentSets.requireStanding(set, field: "license", in: state)
        return standing.staleSince(at: time).map { StaleVersion(number: version, since: $0) }
    }

    /// Whether the license on `inft`, which cites another set by now, is judged by `set` all the same: its licensee has, or
    /// waits for, a version that was published under it.
    static func isJudged(
        _ license: LicenseRecord, on inft: INFTRecord, by set: ConsentSetID, at time: Timestamp,
        in state: any StateReader
    ) throws(Refusal) -> Bool {
        let isPending = license.ownState(at: time) == .pending
        guard let number = isPending ? license.version : try held(license, at: time, in: state) else { return false }
        return try INFTRegistry.version(number, of: inft.id, in: state)?.consentSet == set
    }

    /// By the delivery whose release the licensee used. Of open content nobody has a version: nil where the terms cover the
    /// newest, which cites the set of today, else the one that was bought.
    private static func held(
        _ license: LicenseRecord, at time: Timestamp, in state: any StateReader
    ) throws(Refusal) -> UInt64? {
        guard let id = license.delivery else {
            let terms = try LicenseLedger.storedTerms(license.terms, in: state)
            return terms.grant.coversRevisions ? nil : license.version
        }
        guard let disclosure = try LicenseNeeds.disclosure(of: id, at: time, in: state),
            let delivery = try Deliveries.record(DeliveryID(disclosure.reference.bytes), in: state)
        else { return license.version }
        return delivery.version
    }
}
