/// Thirty-two bytes held as four big-endian words, so that hashes and keys live in registers and never on the heap.
///
/// Ordering is that of the bytes (big-endian, unsigned).
public struct Bytes32: Hashable, Comparable, Sendable {
    @usableFromInline let word0: UInt64
    @usableFromInline let word1: UInt64
    @usableFromInline let word2: UInt64
    @usableFromInline let word3: UInt64

    public static let count = 32
    public static let zero = Bytes32(0, 0, 0, 0)

    @inlinable
    public init(_ word0: UInt64, _ word1: UInt64, _ word2: UInt64, _ word3: UInt64) {
        self.word0 = word0
        self.word1 = word1
        self.word2 = word2
        self.word3 = word3
    }

    /// Nil unless `bytes` has exactly 32 elements.
    @inlinable
    public init?(_ bytes: [UInt8]) {
        guard bytes.count == 32 else { return nil }
        self.init(unchecked: bytes, at: 0)
    }

    /// Nil unless `bytes` has exactly 32 elements.
    @inlinable
    public init?(_ bytes: ArraySlice<UInt8>) {
        guard bytes.count == 32 else { return nil }
        self.init(Array(bytes))
    }

    /// Reads 32 bytes from `offset`. Precondition: `offset + 32 <= bytes.count`.
    @inlinable
    public init(unchecked bytes: [UInt8], at offset: Int) {
        precondition(offset >= 0 && bytes.count - offset >= 32, "32 bytes must follow the offset")
        // 32 bytes stand there, as was checked.
        self = unsafe bytes.withUnsafeBytes { buffer in
            Bytes32(
                bigEndianWords: unsafe buffer.loadUnaligned(
                    fromByteOffset: offset, as: (UInt64, UInt64, UInt64, UInt64).self))
        }
    }

    /// Fills each byte by its index.
    @inlinable
    public init(filledBy byte: (Int) -> UInt8) {
        func word(_ start: Int) -> UInt64 {
            var value: UInt64 = 0
            for index in start..<start + 8 { value = value << 8 | UInt64(byte(index)) }
            return value
        }
        self.init(word(0), word(8), word(16), word(24))
    }

    /// The byte at `index`, 0 being the most significant. Precondition: 0...31.
    @inlinable
    public subscript(index: Int) -> UInt8 {
        precondition(index >= 0 && index < 32, "a Bytes32 has the indices 0...31")
        let word = index < 16 ? (index < 8 ? word0 : word1) : (index < 24 ? word2 : word3)
        return UInt8(truncatingIfNeeded: word >> UInt64(56 - (index & 7) * 8))
    }

    /// The bit at `index`, 0 being the most significant. Precondition: 0...255.
    @inlinable
    public func bit(_ index: Int) -> Bool {
        self[index >> 3] >> UInt8(7 - (index & 7)) & 1 == 1
    }

    @inlinable
    public var array: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(32)
        append(to: &bytes)
        return bytes
    }

    @inlinable
    public func append(to bytes: inout [UInt8]) {
        unsafe withUnsafeBytes(of: bigEndianWords) { unsafe bytes.append(contentsOf: $0) }
    }

    @inlinable
    public static func < (left: Bytes32, right: Bytes32) -> Bool {
        if left.word0 != right.word0 { return left.word0 < right.word0 }
        if left.word1 != right.word1 { return left.word1 < right.word1 }
        if left.word2 != right.word2 { return left.word2 < right.word2 }
        return left.word3 < right.word3
    }

    /// The same bytes behind the first `count`, and those of `other` there. Precondition: 0...8.
    public func replacingFirstBytes(_ count: Int, by other: Bytes32) -> Bytes32 {
        precondition((0...8).contains(count), "the first word has eight bytes")
        let rest: UInt64 = count == 8 ? 0 : UInt64.max >> UInt64(8 * count)
        return Bytes32(other.word0 & ~rest | word0 & rest, word1, word2, word3)
    }

    public var isZero: Bool { word0 | word1 | word2 | word3 == 0 }
}

extension Bytes32: CustomStringConvertible {
    public var description: String { Hexadecimal.encode(array) }
}

extension Bytes32 {
    /// The words in memory order of the 32 bytes, for handing to C.
    @inlinable
    public var bigEndianWords: (UInt64, UInt64, UInt64, UInt64) {
        (word0.bigEndian, word1.bigEndian, word2.bigEndian, word3.bigEndian)
    }

    @inlinable
    public init(bigEndianWords words: (UInt64, UInt64, UInt64, UInt64)) {
        self.init(
            UInt64(bigEndian: words.0), UInt64(bigEndian: words.1), UInt64(bigEndian: words.2),
            UInt64(bigEndian: words.3))
    }
}
