import Simulator
import Testing

struct SimulatorTests {
    @Test("A seed run twice gives the same trace", arguments: 1...20 as ClosedRange<UInt64>)
    func repeats(seed: UInt64) {
        let first = Simulator.run(seed: seed)
        let second = Simulator.run(seed: seed)
        #expect(first.hash == second.hash)
        #expect(first.events == second.events)
        #expect(first.failure == nil, "seed \(seed): \(first.failure ?? "")")
    }
}
