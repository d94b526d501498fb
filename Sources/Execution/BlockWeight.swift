public import Primitives

/// What fits into a block, and how it is shared; the proposer packs by it and every validator checks it.
///
/// With W the block's weight limit: all transactions together weigh at most W, those that are not reserved acts at most
/// 19/20 of W, so that reserved acts always find room. Above W/2 no sponsor's transactions (reserved acts aside) weigh
/// more than max(W/4, W ÷ number of sponsors present).
public struct BlockWeight: Sendable {
    public let limit: UInt64
    public private(set) var total: UInt64 = 0
    public private(set) var ordinary: UInt64 = 0
    private var bySponsor: [Party: UInt64] = [:]
    private var largest: UInt64 = 0

    /// What an item of due work weighs at least; ``DomainDispatch/weight(of:)`` says what each does.
    public static let dueItem: UInt64 = 40

    public init(limit: UInt64) { self.limit = limit }

    public var ordinaryLimit: UInt64 { limit - limit / 20 }

    /// What due work may weigh together.
    public var dueBudget: UInt64 { limit / 4 }

    /// Due items that a block may drain.
    public var dueItems: Int { Int(min(dueBudget / Self.dueItem, 4096)) }

    /// True if no sponsor has more than its share. Taking transactions out of a fair block leaves it fair.
    public var isFair: Bool {
        total <= limit / 2 || largest <= share(sponsors: bySponsor.count)
    }

    private func share(sponsors: Int) -> UInt64 { max(limit / 4, limit / UInt64(max(sponsors, 1))) }

    /// False if a transaction of this weight finds no room in any block.
    public func fitsEmptyBlock(_ weight: UInt64, isReserved: Bool) -> Bool {
        weight <= (isReserved ? limit : ordinaryLimit)
    }

    /// Adds a transaction's weight if the totals allow it; false, and nothing added, if not. Shares are not looked at:
    /// they are a rule for the whole block (``isFair``).
    ///
    /// `sponsor` is nil for reserved acts.
    public mutating func add(_ weight: UInt64, sponsor: Party?) -> Bool {
        guard let total = total.adding(weight), total <= limit else { return false }
        guard let sponsor else {
            self.total = total
            return true
        }
        guard ordinary + weight <= ordinaryLimit else { return false }
        self.total = total
        ordinary += weight
        let own = bySponsor[sponsor, default: 0] + weight
        bySponsor[sponsor] = own
        largest = max(largest, own)
        return true
    }

    /// Like ``add(_:sponsor:)``, and refuses what would make the block unfair at this point: for the proposer.
    public mutating func addFairly(_ weight: UInt64, sponsor: Party?) -> Bool {
        guard let total = total.adding(weight), total <= limit else { return false }
        if let sponsor {
            let own = bySponsor[sponsor, default: 0] + weight
            let sponsors = bySponsor.count + (bySponsor[sponsor] == nil ? 1 : 0)
            guard total <= limit / 2 || max(own, largest) <= share(sponsors: sponsors) else { return false }
        }
        return add(weight, sponsor: sponsor)
    }
}
