public import Votes

/// Looks for votes by another copy of a key that came without its guard and watches. Each vote is judged by the set of its
/// own epoch: an index means another validator when the set changes.
public struct CopyWatch: Sendable {
    /// Of the epoch that goes on and the one before.
    private var sets: [(epoch: Epoch, validators: ValidatorSet)] = []

    public init() {}

    public mutating func begin(_ information: EpochInformation) {
        sets.removeAll { $0.epoch == information.epoch }
        sets.append((information.epoch, information.validators))
        if sets.count > 2 { sets.removeFirst() }
    }

    /// Whether the message proves that another copy runs.
    public func isProven(by message: VerifiedMessage, for record: GuardRecord) -> Bool {
        guard let watched = record.watching, let set = sets.first(where: { $0.epoch == watched })?.validators else {
            return false
        }
        return message.votes.contains { record.provesAnotherCopy($0, in: set) }
            || message.certificates.contains { record.provesAnotherCopy($0, in: set) }
    }
}
