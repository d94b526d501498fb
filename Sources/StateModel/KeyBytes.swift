/// How keys are hashed and ordered. Every read of an execution looks a key up in several dictionaries, and an array of
/// bytes left to itself is hashed and compared byte by byte.
enum KeyBytes {
    static func hash(_ bytes: [UInt8], into hasher: inout Hasher) {
        unsafe bytes.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
    }

    static func hash(_ bytes: [UInt8]) -> Int {
        var hasher = Hasher()
        hash(bytes, into: &hasher)
        return hasher.finalize()
    }

    /// The first sixteen bytes as two numbers that order as the bytes do; zeros stand behind the end.
    static func start(of bytes: [UInt8]) -> (UInt64, UInt64) {
        if bytes.count >= 16 {
            return unsafe bytes.withUnsafeBytes { bytes in
                (
                    UInt64(bigEndian: unsafe bytes.loadUnaligned(as: UInt64.self)),
                    UInt64(bigEndian: unsafe bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
                )
            }
        }
        var words: (UInt64, UInt64) = (0, 0)
        for (index, byte) in bytes.enumerated() {
            if index < 8 { words.0 |= UInt64(byte) << UInt64(56 - 8 * index) }
            if index >= 8 { words.1 |= UInt64(byte) << UInt64(120 - 8 * index) }
        }
        return words
    }

    static func equals(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        guard left.count == right.count else { return false }
        return unsafe left.withUnsafeBytes { left in
            unsafe right.withUnsafeBytes { right in
                if unsafe left.baseAddress == right.baseAddress { return true }
                var offset = 0
                while offset + 8 <= left.count {
                    let one = unsafe left.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
                    let other = unsafe right.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
                    if one != other { return false }
                    offset += 8
                }
                while offset < left.count {
                    if unsafe left[offset] != right[offset] { return false }
                    offset += 1
                }
                return true
            }
        }
    }

    /// How two keys stand to each other in that order.
    static func order(_ left: ArraySlice<UInt8>, _ right: ArraySlice<UInt8>) -> LayerMerge.Order {
        unsafe left.withUnsafeBytes { left in
            unsafe right.withUnsafeBytes { right in
                let shared = min(left.count, right.count)
                var offset = 0
                while offset + 8 <= shared {
                    let one = UInt64(bigEndian: unsafe left.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
                    let other = UInt64(bigEndian: unsafe right.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
                    if one != other { return one < other ? .before : .behind }
                    offset += 8
                }
                while offset < shared {
                    let (one, other) = unsafe (left[offset], right[offset])
                    if one != other { return one < other ? .before : .behind }
                    offset += 1
                }
                return .of(left.count, right.count)
            }
        }
    }

    /// Lexicographic order, eight bytes at a time.
    static func precedes(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        order(left[...], right[...]) == .before
    }
}
