import Primitives
import StateModel

/// What the descendants of an INFT owe it and it has not taken, in one asset.
struct OwedRoyalties {
    let asset: AssetID
    var amount: Amount

    /// In every asset in which something is owed, ascending: of so many descendants as are looked at.
    static func to(_ ancestor: INFTID, in context: QueryContext) throws(Refusal) -> [OwedRoyalties] {
        var left = RevenueLimits.descendantsRead
        return try to(ancestor, within: &left, in: context)
    }

    /// - Parameter left: how many descendants may be looked at; those that were are subtracted.
    static func to(
        _ ancestor: INFTID, within left: inout Int, in context: QueryContext
    ) throws(Refusal) -> [OwedRoyalties] {
        guard left > 0 else { return [] }
        let state = context.state
        let request = PageRequest(after: nil, limit: left)
        let descendants = try context.page(RevenueIndexes.descendants(ancestor), request) { (entry) throws(Refusal) in
            RevenueIndexes.lastIdentifier(entry.key).map { INFTID($0) }
        }
        left -= descendants.items.count
        var owed: [OwedRoyalties] = []
        for descendant in descendants.items {
            guard let assets = try Vaults.record(of: descendant, in: state)?.assets, !assets.isEmpty else { continue }
            let entries = try Vaults.royalties(to: ancestor, from: descendant, in: state)
            for asset in assets {
                let (due, taken) = try Vaults.claimable(
                    by: ancestor, from: descendant, entries, asset, in: state)
                guard let amount = due.subtracting(taken), amount > .zero else { continue }
                if let index = owed.firstIndex(where: { $0.asset == asset }) {
                    owed[index].amount = owed[index].amount.adding(amount) ?? owed[index].amount
                } else {
                    owed.append(OwedRoyalties(asset: asset, amount: amount))
                }
            }
        }
        let vault = try Vaults.record(of: ancestor, in: state)
        // A vault that has all the assets it takes can't bring up another.
        let isFull = (vault?.assets.count ?? 0) >= RevenueLimits.assetsPerVault
        return owed.filter { !isFull || vault?.assets.contains($0.asset) == true }.sorted { $0.asset < $1.asset }
    }
}
