internal import Synchronization

/// What peers that don't vote may make this node hold in one direction: a share for each, so that a few who hold much take
/// nothing from the others, and a pool for what is above it.
package final class MemoryBudget: Sendable {
    package let share: Int
    private let pool: Int
    private let drawn = Atomic<Int>(0)

    package init(_ limits: NetworkLimits) {
        pool = limits.observerBytes / 2
        share = limits.observerBytes / 2 / max(1, limits.inboundObservers)
    }

    /// Takes nothing where it returns false.
    fileprivate func take(_ count: Int) -> Bool {
        guard drawn.add(count, ordering: .relaxed).newValue > pool else { return true }
        drawn.subtract(count, ordering: .relaxed)
        return false
    }

    fileprivate func give(_ count: Int) { drawn.subtract(count, ordering: .relaxed) }
}

/// What one peer makes this node hold in one direction.
package struct MemoryHolding {
    private var bytes = 0
    /// Of them, out of the pool.
    private var drawn = 0

    package init() {}

    /// False, and nothing is counted, if it is a stranger and the pool has not as much.
    package mutating func add(_ count: Int, isStranger: Bool, of budget: MemoryBudget) -> Bool {
        let more = max(0, surplus(bytes + count, isStranger, budget) - drawn)
        if more > 0 {
            guard budget.take(more) else { return false }
            drawn += more
        }
        bytes += count
        return true
    }

    package mutating func remove(_ count: Int, isStranger: Bool, of budget: MemoryBudget) {
        bytes -= min(count, bytes)
        let needed = surplus(bytes, isStranger, budget)
        if drawn > needed {
            budget.give(drawn - needed)
            drawn = needed
        }
    }

    private func surplus(_ bytes: Int, _ isStranger: Bool, _ budget: MemoryBudget) -> Int {
        isStranger ? max(0, bytes - budget.share) : 0
    }
}
