import Consents
import INFTs
import Primitives
import StateModel

/// What was answered for the uses of a license: for the delivery that brought its content, or anew since.
enum LicenseNeeds {
    /// The answers that counted at `time`: each later one says which it took the place of. Those for a delivery count from
    /// its completion on.
    static func disclosure(
        of delivery: DeliveryID, at time: Timestamp, in state: any StateReader
    ) throws(Refusal) -> DisclosureRecord? {
        var next = try state.record(LicenseKeys.disclosure(delivery))
        // From the newest back to the time asked for: nothing to walk for a question about now.
        while let id = next {
            guard let record = try Disclosures.record(id, in: state) else {
                throw .failed(StateFailure("the disclosure \(id) of the delivery \(delivery) is missing"))
            }
            if try counts(record, at: time, in: state) { return record }
            next = try state.record(LicenseKeys.earlierDisclosure(id))
        }
        return nil
    }

    private static func counts(
        _ record: DisclosureRecord, at time: Timestamp, in state: any StateReader
    ) throws(Refusal) -> Bool {
        guard record.at <= time else { return false }
        guard record.occasion == .license else { return true }
        guard let ending = try Deliveries.record(DeliveryID(record.reference.bytes), in: state)?.ending else {
            return false
        }
        return ending.outcome == .completed && ending.at <= time
    }

    /// What consents are asked for all that a license is for: as for its delivery, up to the end that it has by now, so
    /// that answers can be signed before a block's time is known.
    static func requests(_ license: LicenseRecord, _ delivery: DeliveryRecord) -> [UseRequest] {
        ConsentGate.requests(
            for: license.use, by: license.licensee, from: delivery.requestedAt, until: license.expiresAt)
    }

    /// What consents say to the uses of a license at a time since its licensee has it.
    struct Standing {
        let set: ConsentSetRecord
        let requests: [UseRequest]
        /// Of all requests; a new answer answers them all.
        var needs: [Need] = []
        var denial: (decision: Decision, request: UseRequest)?
        /// Nothing is denied, and what was answered answers every need.
        var isMet = true
    }

    /// Nil where nothing was released under consent, and so nothing can be answered.
    static func standing(
        _ license: LicenseRecord, _ inft: INFTRecord, at time: Timestamp, in state: any StateReader
    ) throws(Refusal) -> Standing? {
        guard let set = try CitedSet.of(inft, at: time, in: state), let id = license.delivery,
            let disclosure = try disclosure(of: id, at: time, in: state)
        else { return nil }
        let delivery = try Deliveries.require(id, field: "license", in: state)
        var standing = Standing(
            set: try ConsentSets.require(set, field: "license", in: state), requests: requests(license, delivery))
        let memo = DecisionMemo(license.licensee, at: time, in: state)
        for request in standing.requests {
            let decision = try ConsentSets.decide(standing.set, request, memo: memo, at: time, in: state)
            switch decision {
            case .permit: break
            case .needs(let needs, _):
                standing.needs += needs.filter { !standing.needs.contains($0) }
                if try !disclosure.meets(needs, of: request, under: standing.set.standing, at: time, in: state) {
                    standing.isMet = false
                }
            case .deny:
                standing.denial = standing.denial ?? (decision, request)
                standing.isMet = false
            }
        }
        return standing
    }

    /// Until when what was answered holds, by what the answers say; nil: they have no end. Known without the policies.
    enum Lasting {
        case until(Timestamp?)
        /// The policies are others than those that were asked, or an answer's time is over.
        case over
    }

    static func lasting(
        _ disclosure: DisclosureRecord, under set: SetStanding, at time: Timestamp
    ) -> Lasting {
        guard disclosure.basis == .set(set.id), disclosure.revision == set.policyRevision else { return .over }
        let end = disclosure.met.compactMap(\.validUntil).min()
        if let end, end <= time { return .over }
        return .until(end)
    }
}
