import Simulator
import Testing

struct CustodianSimulatorTests {
    @Test("A seed run twice gives the same trace, and every rule holds", arguments: 1...20 as ClosedRange<UInt64>)
    func repeats(seed: UInt64) {
        let first = CustodianSimulator.run(seed: seed)
        let second = CustodianSimulator.run(seed: seed)
        #expect(first.hash == second.hash)
        #expect(first.events == second.events)
        #expect(first.events > 20)
        #expect(first.failure == nil, "seed \(seed): \(first.failure ?? "")")
    }

    /// 343: a delivery that was let look again, and then had to wait, kept those behind it from their turn. 2788: what has
    /// no near deadline waits with a reason.
    @Test("Seeds that once failed", arguments: [44, 343, 365, 2_788] as [UInt64])
    func regressions(seed: UInt64) {
        let result = CustodianSimulator.run(seed: seed)
        #expect(result.failure == nil, "seed \(seed): \(result.failure ?? "")")
    }

    @Test("Seeds differ, and over some of them custodians deliver most of what is asked for")
    func deliveries() {
        let results = (1...40 as ClosedRange<UInt64>).map { CustodianSimulator.run(seed: $0) }
        #expect(Set(results.map(\.hash)).count == results.count)
        let made = results.reduce(0) { $0 + $1.deliveries.made }
        let returned = results.reduce(0) { $0 + $1.deliveries.returned }
        #expect(made > returned && returned > 0)
    }

    @Test("Reading a trace does not change what happens")
    func traces() {
        let read = CustodianSimulator.run(seed: 3) { _ in }
        #expect(read.hash == CustodianSimulator.run(seed: 3).hash)
        #expect(!read.lines.isEmpty)
    }
}
