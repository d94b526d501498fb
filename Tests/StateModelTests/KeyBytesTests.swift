import StateModel
import TestSupport
import Testing

/// Keys are ordered as their bytes are, at every length and difference, and equal keys have equal hashes.
@Suite struct KeyBytesTests {
    @Test func `keys are ordered as their bytes are`() {
        var random = SeededRandom(seed: 1)
        for _ in 0..<20_000 {
            let count = Int(random.next() % 40)
            let left = (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next() % 3) }
            var right = left
            if random.next() % 2 == 0, !right.isEmpty {
                right[Int(random.next() % UInt64(right.count))] = UInt8(truncatingIfNeeded: random.next())
            }
            if random.next() % 2 == 0 { right += [UInt8](repeating: 0, count: Int(random.next() % 12)) }
            #expect(
                (StateKey(stored: left) < StateKey(stored: right)) == left.lexicographicallyPrecedes(right))
            #expect(
                (IndexKey(stored: right) < IndexKey(stored: left)) == right.lexicographicallyPrecedes(left))
            #expect((StateKey(stored: left) == StateKey(stored: right)) == (left == right))
            #expect(StateKey(stored: left).hashValue == StateKey(stored: Array(left)).hashValue)
        }
    }
}
