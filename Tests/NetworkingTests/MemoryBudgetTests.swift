import Networking
import Testing

@Suite struct MemoryBudgetTests {
    private func budget() -> MemoryBudget {
        var limits = NetworkLimits()
        limits.observerBytes = 2_000
        limits.inboundObservers = 10
        return MemoryBudget(limits)
    }

    @Test("each stranger has a share that no other can take; what is above it comes out of one pool")
    func shares() {
        let budget = budget()
        #expect(budget.share == 100)
        var greedy = MemoryHolding()
        var modest = MemoryHolding()
        let taken = [
            greedy.add(1_100, isStranger: true, of: budget), greedy.add(1, isStranger: true, of: budget),
            modest.add(100, isStranger: true, of: budget), modest.add(1, isStranger: true, of: budget),
        ]
        #expect(taken == [true, false, true, false])
        greedy.remove(500, isStranger: true, of: budget)
        let afterwards = [
            modest.add(400, isStranger: true, of: budget), modest.add(200, isStranger: true, of: budget),
        ]
        #expect(afterwards == [true, false])
    }

    @Test("whoever is no stranger draws nothing, and becoming one or ceasing to be one leaks nothing")
    func roles() {
        let budget = budget()
        var validator = MemoryHolding()
        let isTaken = validator.add(1 << 30, isStranger: false, of: budget)
        #expect(isTaken)
        // It was a stranger when it took much, and a validator when it gave it back.
        var newcomer = MemoryHolding()
        let isPoolTaken = newcomer.add(1_100, isStranger: true, of: budget)
        #expect(isPoolTaken)
        newcomer.remove(1, isStranger: false, of: budget)
        var other = MemoryHolding()
        let isPoolFree = other.add(1_100, isStranger: true, of: budget)
        #expect(isPoolFree)
        // More than was ever added is no more than all.
        other.remove(.max, isStranger: true, of: budget)
        other.remove(.max, isStranger: true, of: budget)
        newcomer.remove(.max, isStranger: false, of: budget)
        var last = MemoryHolding()
        let (isAllFree, isMoreFree) = (
            last.add(1_100, isStranger: true, of: budget), last.add(1, isStranger: true, of: budget)
        )
        #expect(isAllFree && !isMoreFree)
    }
}
