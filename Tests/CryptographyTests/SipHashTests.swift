import Cryptography
import Fixtures
import Primitives
import Testing

@Suite struct SipHashTests {
    @Test("the paper's example")
    func published() {
        let hasher = SipHash(key: Array(0..<16))
        // Aumasson and Bernstein, appendix A: a129ca6149be45e5, whose bytes stand in the other order.
        #expect(hasher.hash(Array(0..<15)) == 0xe545_be49_61ca_29a1)
    }

    @Test("32 bytes have the same hash both ways")
    func words() {
        var random = FixtureRandom(seed: 24)
        for _ in 0..<1_000 {
            let hasher = SipHash(key: (0..<16).map { _ in UInt8(truncatingIfNeeded: random.next()) })
            let bytes = Bytes32(random.next(), random.next(), random.next(), random.next())
            #expect(hasher.hash(bytes) == hasher.hash(bytes.array))
        }
    }
}
