import Primitives
import Revenue

extension Terms {
    /// The first field that asks for what the ledger can't enforce or keep yet; nil if all are.
    ///
    /// Terms may be registered with such fields, since they are only words until someone is bound by them; nothing is
    /// offered under them.
    public var unenforcedField: String? {
        let found: [(Bool, String)] = [
            (grant.isSublicensable, "grant.isSublicensable"),
            // The fee would have to be held until the trial is over.
            (grant.trialMilliseconds != nil, "grant.trialMilliseconds"),
        ]
        return found.first { $0.0 }?.1
    }

    func requireEnforced(_ field: String) throws(Refusal) {
        guard let found = unenforcedField else { return }
        throw LicenseRejection.termNotYetEnforced.at(
            field, "the terms set \(found), which this network does not enforce yet",
            hint: "Offer under terms that leave \(found) unset.")
    }
}
