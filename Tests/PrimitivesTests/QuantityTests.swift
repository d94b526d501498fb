import Fixtures
import Primitives
import Testing

@Suite struct QuantityTests {
    @Test func sumsAndDifferencesThatDoNotFitAreNil() {
        #expect(Amount(.max).adding(Amount(1)) == nil)
        #expect(Amount(.max).adding(.zero) == Amount(.max))
        #expect(Amount(1).subtracting(Amount(2)) == nil)
        #expect(Amount(2).subtracting(Amount(2)) == .zero)
        #expect(UInt64.max.adding(1) == nil)
        #expect(UInt64.max.multiplied(by: 2) == nil)
        #expect(UInt64(3).multiplied(by: 5) == 15)
    }

    @Test func portionIsTheFlooredProductEvenAtTheEdges() throws {
        #expect(Amount(.max).portion(.whole) == Amount(.max))
        #expect(Amount(.max).portion(.zero) == .zero)
        let millionth = try #require(PartsPerMillion(1))
        #expect(Amount(999_999).portion(millionth) == .zero)
        #expect(Amount(1_000_000).portion(millionth) == Amount(1))
        #expect(PartsPerMillion(1_000_001) == nil)
    }

    /// No shares of a whole give more than the whole, whatever the amount.
    @Test func portionsNeverExceedTheAmount() throws {
        var random = FixtureRandom(seed: 1)
        for _ in 0..<10_000 {
            let amount = Amount(random.next() >> (random.next() % 64))
            let one = random.next() % 1_000_001
            let first = amount.portion(try #require(PartsPerMillion(one)))
            let second = amount.portion(try #require(PartsPerMillion(1_000_000 - one)))
            let sum = try #require(first.adding(second))
            #expect(sum <= amount)
            #expect(try #require(amount.subtracting(sum)).units <= 1)
        }
    }

    @Test func timesSaturateInTheYear9999() {
        #expect(Timestamp(1).adding(milliseconds: .max) == .maximum)
        #expect(Timestamp(1).adding(milliseconds: 2) == Timestamp(3))
    }
}

@Suite struct Bytes32Tests {
    @Test func orderIsThatOfTheBytes() {
        var random = FixtureRandom(seed: 2)
        for _ in 0..<1_000 {
            let one = random.bytes32()
            let other = random.next() % 2 == 0 ? random.bytes32() : Bytes32(filledBy: { $0 == 31 ? 0 : one[$0] })
            #expect((one < other) == one.array.lexicographicallyPrecedes(other.array))
        }
    }

    @Test func bytesAndWordsSayTheSame() {
        let bytes = (0..<32).map { UInt8($0 * 7) }
        let value = Bytes32(unchecked: bytes, at: 0)
        #expect(value.array == bytes)
        #expect(Bytes32(filledBy: { bytes[$0] }) == value)
        #expect(Bytes32(bigEndianWords: value.bigEndianWords) == value)
        #expect((0..<32).allSatisfy { value[$0] == bytes[$0] })
        #expect(value.bit(15) == (bytes[1] & 1 == 1))
        #expect(Bytes32(Array(bytes.dropLast())) == nil)
    }
}
