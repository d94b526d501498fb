internal import Primitives
internal import StateModel

/// What of the domain waits for a party.
enum RevenueTasks {
    static let all = [claims]

    /// What has accrued to the party's shares and is not claimed, and what accrues by royalties that wait to be taken.
    private static let claims = TaskSource(
        RevenueQueries.holdings, { PartyParameters(party: $0) },
        tasks: { (holding: HoldingView, party, context) throws(Refusal) in
            guard let vault = try Vaults.record(of: holding.inft, in: context.state) else { return [] }
            var tasks: [PartyTask] = []
            let owed = try OwedRoyalties.to(holding.inft, in: context)
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
        })
}
