import Primitives
import StateModel

/// What the descendants of an INFT owe it and it has not taken, in one asset.
struct OwedRoyalties {
    let asset: AssetID
    var amount: Amount

    /// In every asset in which something is owed, ascending: of so many descendants as are looked at.
    static func to(_ ancestor: INFTID, in context: QueryContext) throws(Refusal) -> [OwedRoyalties] {
        let state = context.state
        let request = PageRequest(after: nil, limit: RevenueLimits.descendantsRead)
        let descendants = try context.page(RevenueIndexes.descendants(ancestor), request) { (entry) throws(Refusal) in
            RevenueIndexes.lastIdentifier(entry.key).map { INFTID($0) }
        }
        var owed: [OwedRoyalties] = []
        for descendant in descendants.items {
            for asset in try Vaults.record(of: descendant, in: state)?.assets ?? [] {
                let (due, taken) = try Vaults.claimable(by: ancestor, from: descendant, asset, in: state)
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
