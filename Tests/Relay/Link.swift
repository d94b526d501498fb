/// One direction between two namespaces: what it does to a packet on its way.
struct Link {
    /// One-way delay, in nanoseconds, from reading a packet off the sender's device to writing it to the receiver's.
    var delayNanoseconds: UInt64
    /// Probability that a packet vanishes, as a share of 2^32.
    var lossThreshold: UInt64
    /// Bits per second; 0: as fast as it goes.
    var bitsPerSecond: UInt64
    var isCut = false

    private var random: SplitMix64
    /// When the last packet has left the sender, and when the last one arrives: a link never reorders.
    private var freeAt: UInt64 = 0
    private var lastArrival: UInt64 = 0

    private(set) var forwarded: UInt64 = 0
    private(set) var lost: UInt64 = 0
    private(set) var refused: UInt64 = 0
    private(set) var overflowed: UInt64 = 0

    /// What waits for a slow link at most, as time: what a router's buffer of that depth would drop is dropped.
    static let queueNanoseconds: UInt64 = 500_000_000

    init(delayNanoseconds: UInt64, lossThreshold: UInt64, bitsPerSecond: UInt64, seed: UInt64) {
        self.delayNanoseconds = delayNanoseconds
        self.lossThreshold = lossThreshold
        self.bitsPerSecond = bitsPerSecond
        random = SplitMix64(state: seed)
    }

    /// When a packet of `bytes` that enters now arrives; nil if it never does.
    mutating func arrival(of bytes: Int, now: UInt64) -> UInt64? {
        guard !isCut else {
            refused += 1
            return nil
        }
        // Drawn for every packet, so that the pattern of losses does not depend on when loss was switched on.
        guard random.next() >> 32 >= lossThreshold else {
            lost += 1
            return nil
        }
        var departure = now
        if bitsPerSecond > 0 {
            guard freeAt < now + Self.queueNanoseconds else {
                overflowed += 1
                return nil
            }
            departure = max(now, freeAt) + UInt64(bytes) * 8 * 1_000_000_000 / bitsPerSecond
            freeAt = departure
        }
        forwarded += 1
        lastArrival = max(lastArrival, departure + delayNanoseconds)
        return lastArrival
    }

    mutating func countOverflow() {
        forwarded -= 1
        overflowed += 1
    }
}

/// Vigna's SplitMix64: a link's losses are the same in every run with the same seed and packets.
struct SplitMix64 {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
