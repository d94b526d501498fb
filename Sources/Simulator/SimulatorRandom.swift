/// SplitMix64 (Steele, Lea, Flood 2014): everything that varies in a run comes from one of these, so that a seed repeats
/// the run on every machine and with every version of the standard library.
struct SimulatorRandom: Sendable {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
        return value ^ value >> 31
    }

    /// 0 to `bound` − 1. Precondition: `bound` is not 0.
    mutating func below(_ bound: UInt64) -> UInt64 { next().multipliedFullWidth(by: bound).high }
    mutating func below(_ bound: Int) -> Int { Int(below(UInt64(bound))) }

    mutating func between(_ range: ClosedRange<UInt64>) -> UInt64 {
        range.lowerBound + below(range.upperBound - range.lowerBound + 1)
    }

    /// True in `thousandths` of a thousand cases.
    mutating func chance(_ thousandths: UInt64) -> Bool { below(1_000) < thousandths }

    /// Precondition: there is one to choose.
    mutating func pick<Element>(_ elements: [Element]) -> Element { elements[below(elements.count)] }

    mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8(truncatingIfNeeded: next() >> 32) } }

    /// Skewed to small delays, with a tail: half of the values lie in the lowest quarter of the range.
    mutating func delay(_ range: ClosedRange<UInt64>) -> UInt64 {
        let spread = range.upperBound - range.lowerBound
        let first = below(spread + 1)
        return range.lowerBound + first.multipliedFullWidth(by: below(1 << 32) << 32).high
    }

    mutating func shuffled<Element>(_ elements: [Element]) -> [Element] {
        var result = elements
        for index in stride(from: result.count - 1, to: 0, by: -1) { result.swapAt(index, below(index + 1)) }
        return result
    }

    /// A stream of its own, so that what one part of a run draws does not shift another's.
    mutating func fork() -> SimulatorRandom { SimulatorRandom(seed: next()) }

    /// `bytes` with one to three changes: a bit flipped, a byte replaced, inserted or removed, the end cut off.
    mutating func mutated(_ bytes: [UInt8]) -> [UInt8] {
        var result = bytes
        for _ in 0...below(3) {
            guard !result.isEmpty else { return self.bytes(1) }
            let index = below(result.count)
            switch below(5) {
            case 0: result[index] ^= 1 << UInt8(below(8))
            case 1: result[index] = UInt8(truncatingIfNeeded: next())
            case 2: result.insert(UInt8(truncatingIfNeeded: next()), at: index)
            case 3: result.remove(at: index)
            default: result.removeLast(result.count - index)
            }
        }
        return result
    }
}
