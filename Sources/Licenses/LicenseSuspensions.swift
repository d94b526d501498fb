import Consents
import INFTs
import Primitives
import StateModel

extension LicenseCheck {
    /// One thing that stands against using what a license in force is on, and since when.
    struct Suspension {
        let finding: LicenseFinding
        let since: Timestamp

        init(_ reason: LicenseReason, _ message: String, since: Timestamp) {
            finding = LicenseFinding(reason, message)
            self.since = since
        }
    }

    /// What stood against using the INFT at `time`, read from tags and from its consent set; nothing is written for
    /// each license when an INFT is recalled or a consent withdrawn.
    ///
    /// - Parameter version: what is used; nil: what the licensee has.
    static func suspensions(
        of license: LicenseRecord, _ inft: INFTRecord, version: UInt64? = nil, at time: Timestamp,
        in state: any StateReader
    ) throws(Refusal) -> [Suspension] {
        var found: [Suspension] = []
        // Its own tags, and those of all that it is a clone of or derives from.
        for one in try Tags.effective(on: inft, at: time, in: state) where one.tag.kind.suspendsLicenses {
            let what =
                one.inft == inft.id
                ? "the INFT"
                : one.inft == inft.cloneOf
                    ? "what the INFT is a clone of, \(one.inft)," : "\(one.inft), from which the INFT derives,"
            found.append(
                one.tag.kind.isRecall
                    ? Suspension(.suspendedByRecall, "\(what) is recalled", since: one.tag.since)
                    : Suspension(
                        .suspendedByDispute, "\(what) was found at fault: \(one.tag.kind.name)", since: one.tag.since))
        }
        // Nobody uses what they say is bad: else they would have both the price and the use. Nor who has it from them.
        for record in try [license] + LicenseChain.above(license, in: state) {
            if let dispute = try Disputes.dispute(over: record, in: state), dispute.isOpen(at: time) {
                found.append(
                    Suspension(
                        .suspendedByDispute, "the dispute \(dispute.id) is over its content", since: dispute.raisedAt))
            }
        }
        if let set = try CitedSet.of(inft, at: time, in: state),
            let since = try ConsentSets.requireStanding(set, field: "license", in: state).staleSince(at: time)
        {
            found.append(
                Suspension(
                    .suspendedByConsent, "a consent behind the INFT was withdrawn, narrowed or has expired",
                    since: since))
        } else if let stale = try StaleVersion.of(license, inft, version: version, at: time, in: state) {
            found.append(Suspension(.suspendedByConsent, stale.sentence, since: stale.since))
        }
        return found
    }

    /// Since when the license is over, or suspended; nil before, and while it is in force.
    static func outSince(
        _ license: LicenseRecord, at time: Timestamp, in state: any StateReader
    ) throws(Refusal) -> Timestamp? {
        guard let own = license.ownState(at: time), own != .pending else { return nil }
        guard own == .active else { return license.endedAt(own) }
        if let above = try LicenseChain.ended(license, at: time, in: state) {
            return above.license.endedAt(above.state)
        }
        let inft = try INFTRegistry.requireKnown(license.inft, field: "license", in: state)
        return try suspensions(of: license, inft, at: time, in: state).map(\.since).min()
    }
}

extension LicenseRecord {
    /// When what its own record says of it now came about: an expiry that came before another ending stands.
    fileprivate func endedAt(_ own: LicenseState) -> Timestamp? { own == .expired ? expiresAt : ending?.at }
}
