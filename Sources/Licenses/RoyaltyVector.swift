import INFTs
import Primitives
import Revenue
import StateModel

/// The royalty vector of a derivative: one entry for each link by which an ancestor reaches it. For each parent the share
/// of the terms under which it was licensed, and the entries of the parent's own vector, each by the policy under which
/// *its* ancestor was licensed: absolute ones undiluted, relative ones multiplied by the share of this link.
enum RoyaltyVector {
    static func make(
        of derivative: INFTID, _ parents: [ParentLicense], in state: any StateReader
    ) throws(Refusal) -> [RoyaltyEntry] {
        var vector: [RoyaltyEntry] = []
        for parent in parents {
            vector += try entries(of: parent.license.inft, under: parent.terms, in: state)
        }
        guard vector.count <= LicenseLimits.royaltyEntries else {
            throw LicenseRejection.tooManyRoyalties.at(
                "licenses", "\(vector.count) entries, at most \(LicenseLimits.royaltyEntries)",
                hint: "Derive from fewer parents.")
        }
        let sum = vector.reduce(UInt64(0)) { $0 + UInt64($1.share.parts) }
        guard sum <= 1_000_000 else {
            throw LicenseRejection.royaltiesExceedWhole.at(
                "licenses", "the ancestors together would take \(sum) of 1000000 parts",
                hint: "Derive from fewer parents, or from parents with lower shares.")
        }
        try Vaults.checkRoyalties(derivative, vector, field: "licenses", in: state)
        return vector
    }

    /// What one parent, licensed under `terms`, brings into a derivative's vector: what `license_quote` shows a buyer
    /// is what `license.link` sets.
    static func entries(
        of parent: INFTID, under terms: Terms, in state: any StateReader
    ) throws(Refusal) -> [RoyaltyEntry] {
        let share = terms.commercial.revenueShare
        let own = RoyaltyEntry(
            licensing: parent, share: share, policy: terms.derivatives.royaltyPolicy,
            most: terms.commercial.revenueCeiling, revenue: terms.derivatives.revenueCeiling)
        // What a group owes its members is a split of what it gets, no royalty.
        guard try Groups.record(parent, in: state) == nil else { return own.map { [$0] } ?? [] }
        let inherited = try Vaults.royalties(of: parent, in: state).compactMap { $0.inherited(through: share) }
        return (own.map { [$0] } ?? []) + inherited
    }
}
