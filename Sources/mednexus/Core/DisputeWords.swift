import Interface
import Licenses
import Primitives
import WalletKit

/// What a network has to have for disputes to be judged.
enum DisputeWords {
    /// Nil where a panel can be drawn.
    static func obstacle(arbiters: UInt64) -> String? {
        guard arbiters < UInt64(DisputeLimits.panel) else { return nil }
        let found =
            switch arbiters {
            case 0: "no arbiter is"
            case 1: "only one arbiter is"
            default: "only \(arbiters) arbiters are"
            }
        return "\(found) enrolled on this network, and it takes \(DisputeLimits.panel) to judge a dispute"
    }
}

extension Session {
    /// Why nobody could judge a dispute on this network by now; nil if a panel can be drawn.
    func disputeObstacle() async throws(WalletFailure) -> String? {
        let found = try await client.items("arbiter_list", JSONObject(), limit: DisputeLimits.panel)
        return DisputeWords.obstacle(arbiters: UInt64(found.count))
    }
}
