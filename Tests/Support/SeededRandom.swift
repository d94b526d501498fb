/// SplitMix64 (Steele, Lea, Flood 2014): a test that fails prints its seed, and the seed repeats it.
public struct SeededRandom: RandomNumberGenerator, Sendable {
    private var state: UInt64

    public init(seed: UInt64) { state = seed }

    public mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
        return value ^ value >> 31
    }

    /// `count` random bytes.
    public mutating func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &self) }
    }

    /// `bytes` with one to three changes: a bit flipped, a byte replaced, inserted or removed, the end cut off.
    public mutating func mutated(_ bytes: [UInt8]) -> [UInt8] {
        var result = bytes
        for _ in 0..<Int.random(in: 1...3, using: &self) {
            guard !result.isEmpty else { return [UInt8.random(in: .min ... .max, using: &self)] }
            let index = Int.random(in: 0..<result.count, using: &self)
            switch Int.random(in: 0..<5, using: &self) {
            case 0: result[index] ^= 1 << UInt8.random(in: 0..<8, using: &self)
            case 1: result[index] = UInt8.random(in: .min ... .max, using: &self)
            case 2: result.insert(UInt8.random(in: .min ... .max, using: &self), at: index)
            case 3: result.remove(at: index)
            default: result.removeLast(result.count - index)
            }
        }
        return result
    }
}
