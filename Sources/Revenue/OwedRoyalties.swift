import Primitives
import StateModel

/// What the descendants of an INFT owe it and it has not taken.
struct OwedRoyalties {
    /// In every asset in which something is owed, ascending by asset.
    private var amounts: [(asset: AssetID, amount: Amount)] = []
    /// That were looked at.
    private(set) var descendants = 0
    /// There are more of them.
    private(set) var isPart = false

    var assets: [AssetID] { amounts.map(\.asset) }

    subscript(_ asset: AssetID) -> Amount { amounts.first { $0.asset == asset }?.amount ?? .zero }

    /// - Parameter most: descendants that are looked at.
    static func to(
        _ ancestor: INFTID, most: Int = RevenueLimits.descendantsRead, in context: QueryContext
    ) throws(Refusal) -> OwedRoyalties {
        var owed = OwedRoyalties()
        let state = context.state
        // One more than may be looked at, to know whether there is one: none may be left.
        let request = PageRequest(after: nil, limit: most + 1)
        let descendants = try context.page(RevenueIndexes.descendants(ancestor), request) { (entry) throws(Refusal) in
            RevenueIndexes.lastIdentifier(entry.key).map { INFTID($0) }
        }
        owed.isPart = descendants.items.count > most
        for descendant in descendants.items.prefix(most) {
            owed.descendants += 1
            guard let assets = try Vaults.record(of: descendant, in: state)?.assets, !assets.isEmpty else { continue }
            let entries = try Vaults.royalties(to: ancestor, from: descendant, in: state)
            for asset in assets {
                let (due, taken) = try Vaults.claimable(
                    by: ancestor, from: descendant, entries, asset, in: state)
                guard let amount = due.subtracting(taken), amount > .zero else { continue }
                owed.add(amount, asset)
            }
        }
        let vault = try Vaults.record(of: ancestor, in: state)
        // A vault that has all the assets it takes can't bring up another.
        if let vault, vault.assets.count >= RevenueLimits.assetsPerVault {
            owed.amounts.removeAll { !vault.assets.contains($0.asset) }
        }
        owed.amounts.sort { $0.asset < $1.asset }
        return owed
    }

    private mutating func add(_ amount: Amount, _ asset: AssetID) {
        guard let index = amounts.firstIndex(where: { $0.asset == asset }) else {
            amounts.append((asset, amount))
            return
        }
        amounts[index].amount = amounts[index].amount.adding(amount) ?? amounts[index].amount
    }
}
