/// How keys are hashed and ordered. Every read of an execution looks a key up in several dictionaries, and an array of
/// bytes left to itself is hashed and compared byte by byte.
enum KeyBytes {
    static func hash(_ bytes: [UInt8], into hasher: inout Hasher) {
        unsafe bytes.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
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

    /// Lexicographic order, eight bytes at a time.
    static func precedes(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        unsafe left.withUnsafeBytes { left in
            unsafe right.withUnsafeBytes { right in
                let shared = min(left.count, right.count)
                var offset = 0
                while offset + 8 <= shared {
                    let one = UInt64(bigEndian: unsafe left.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
                    let other = UInt64(bigEndian: unsafe right.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
                    if one != other { return one < other }
                    offset += 8
                }
                while offset < shared {
                    let (one, other) = unsafe (left[offset], right[offset])
                    if one != other { return one < other }
                    offset += 1
                }
                return left.count < right.count
            }
        }
    }
}
