import Primitives
import Revenue

extension Terms {
    /// The first field that asks for what the ledger can't enforce or keep yet; nil if all are.
    ///
    /// Terms may be registered with such fields, since they are only words until someone is bound by them; nothing is
    /// offered under them.
    public var unenforcedField: String? { unenforced.first { $0.isSet }?.field }

    /// Every field that some terms can't be offered for.
    package static var unenforcedFields: [String] { TermsPreset.commercial.terms.unenforced.map(\.field) }

    private var unenforced: [(isSet: Bool, field: String)] {
        [
            (derivatives.royaltyPolicy == .relative, "derivatives.royaltyPolicy")
        ]
    }

    func requireEnforced(_ field: String) throws(Refusal) {
        guard let found = unenforcedField else { return }
        throw LicenseRejection.termNotYetEnforced.at(
            field, "the terms set \(found), which this network does not enforce yet",
            hint: "Offer under terms that leave \(found) unset.")
    }
}
