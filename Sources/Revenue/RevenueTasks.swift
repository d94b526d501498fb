internal import Primitives
internal import StateModel

/// What of the domain waits for a party.
enum RevenueTasks {
    static let all = [claims]

    /// What has accrued to the party's shares and is not claimed, and what accrues by royalties that wait to be taken.
    /// The holdings of a page share the descendants that are looked at, first come, first served: anybody may ask, and
    /// for a party with many holdings.
    private static let claims = TaskSource(
        RevenueQueries.holdings, { PartyParameters(party: $0) },
        pageTasks: { (holdings: [HoldingView], party, context) throws(Refusal) in
            var left = RevenueLimits.descendantsRead
            var found: [PartyTask] = []
            for holding in holdings { found += try tasks(of: holding, party, within: &left, context) }
            return found
        })

    private static func tasks(
        of holding: HoldingView, _ party: Party, within left: inout Int, _ context: QueryContext
    ) throws(Refusal) -> [PartyTask] {
        guard let vault = try Vaults.record(of: holding.inft, in: context.state) else { return [] }
        var tasks: [PartyTask] = []
        let owed = try OwedRoyalties.to(holding.inft, within: &left, in: context)
        for asset in vault.assets + owed.map(\.asset).filter({ !vault.assets.contains($0) }) {
            let settled = try Vaults.settled(
                party, in: holding.inft, asset, share: holding.share,
                after: owed.first { $0.asset == asset }?.amount ?? .zero, state: context.state)
            guard settled.accrued > .zero else { continue }
            tasks.append(
                PartyTask(RevenueClaim.name, from: party, since: vault.createdAt) {
                    $0.inft = holding.inft
                    $0.asset = asset
                    $0.amount = settled.accrued
                })
        }
        return tasks
    }
}
