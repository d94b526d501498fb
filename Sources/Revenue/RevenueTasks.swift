internal import Primitives
internal import StateModel

/// What of the domain waits for a party.
enum RevenueTasks {
    static let all = [claims]

    /// What has accrued to the party's shares and is not claimed, and what accrues by royalties that wait to be taken.
    /// All holdings of a call share the descendants that are looked at, since anybody may ask, and for a party with many
    /// holdings; a holding with more than are left is the first of the next call.
    private static let claims = TaskSource(
        RevenueQueries.holdings, { PartyParameters(party: $0) },
        costly: { (holding: HoldingView, party, budget, context) throws(Refusal) in
            let owed = try OwedRoyalties.to(holding.inft, most: budget.left, in: context)
            guard !owed.isPart || budget.isWhole, budget.take(owed.descendants) else { return nil }
            return try tasks(of: holding, party, owed, context)
        })

    private static func tasks(
        of holding: HoldingView, _ party: Party, _ owed: OwedRoyalties, _ context: QueryContext
    ) throws(Refusal) -> [PartyTask] {
        guard let vault = try Vaults.record(of: holding.inft, in: context.state) else { return [] }
        var tasks: [PartyTask] = []
        for asset in vault.assets + owed.assets.filter({ !vault.assets.contains($0) }) {
            let settled = try Vaults.settled(
                party, in: holding.inft, asset, share: holding.share, after: owed[asset], state: context.state)
            guard settled.accrued > .zero else { continue }
            tasks.append(
                PartyTask(RevenueClaim.name, from: party, since: vault.createdAt) {
                    $0.inft = holding.inft
                    $0.asset = asset
                    $0.amount = settled.accrued
                    $0.isPart = owed.isPart ? true : nil
                })
        }
        return tasks
    }
}
