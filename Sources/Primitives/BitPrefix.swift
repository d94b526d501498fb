extension Bytes32 {
    /// The first `count` bits, the rest zero. Precondition: 0...256.
    @inlinable
    public func prefix(_ count: Int) -> Bytes32 {
        precondition(count >= 0 && count <= 256, "a Bytes32 has 256 bits")
        func mask(_ first: Int) -> UInt64 {
            let kept = count - first
            return kept <= 0 ? 0 : kept >= 64 ? .max : .max << UInt64(64 - kept)
        }
        return Bytes32(word0 & mask(0), word1 & mask(64), word2 & mask(128), word3 & mask(192))
    }

    /// With the bit at `index` set, 0 being the most significant. Precondition: 0...255.
    @inlinable
    public func settingBit(_ index: Int) -> Bytes32 {
        precondition(index >= 0 && index < 256, "a Bytes32 has the bits 0...255")
        let bit = UInt64(1) << UInt64(63 - (index & 63))
        switch index >> 6 {
        case 0: return Bytes32(word0 | bit, word1, word2, word3)
        case 1: return Bytes32(word0, word1 | bit, word2, word3)
        case 2: return Bytes32(word0, word1, word2 | bit, word3)
        default: return Bytes32(word0, word1, word2, word3 | bit)
        }
    }

    /// The first eight bytes as a big-endian number.
    @inlinable public var firstWord: UInt64 { word0 }
    /// The eight bytes behind them, likewise.
    @inlinable public var secondWord: UInt64 { word1 }

    /// How many bits there are up to the last that is set: 0 of zero, 256 of an odd number.
    public var significantBits: Int {
        if word3 != 0 { return 256 - word3.trailingZeroBitCount }
        if word2 != 0 { return 192 - word2.trailingZeroBitCount }
        if word1 != 0 { return 128 - word1.trailingZeroBitCount }
        return word0 == 0 ? 0 : 64 - word0.trailingZeroBitCount
    }
}

extension Bytes32 {
    /// The next larger value; nil behind the largest.
    public var successor: Bytes32? {
        let (low, carry3) = word3.addingReportingOverflow(1)
        let (third, carry2) = word2.addingReportingOverflow(carry3 ? 1 : 0)
        let (second, carry1) = word1.addingReportingOverflow(carry2 ? 1 : 0)
        let (first, carry0) = word0.addingReportingOverflow(carry1 ? 1 : 0)
        return carry0 ? nil : Bytes32(first, second, third, low)
    }
}

extension Bytes32 {
    /// How many bits, from the most significant on, both begin with: 0...256.
    public func commonPrefixLength(with other: Bytes32) -> Int {
        if word0 != other.word0 { return (word0 ^ other.word0).leadingZeroBitCount }
        if word1 != other.word1 { return 64 + (word1 ^ other.word1).leadingZeroBitCount }
        if word2 != other.word2 { return 128 + (word2 ^ other.word2).leadingZeroBitCount }
        return 192 + (word3 ^ other.word3).leadingZeroBitCount
    }
}
