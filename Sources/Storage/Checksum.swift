/// XXH64 (specification 0.1.1): finds torn and flipped bytes. It is no hash in the ledger's sense: who can write the
/// disk can also write a matching checksum, and the state root is what proves content.
package enum Checksum {
    private static let prime1: UInt64 = 0x9E37_79B1_85EB_CA87
    private static let prime2: UInt64 = 0xC2B2_AE3D_27D4_EB4F
    private static let prime3: UInt64 = 0x1656_67B1_9E37_79F9
    private static let prime4: UInt64 = 0x85EB_CA77_C2B2_AE63
    private static let prime5: UInt64 = 0x27D4_EB2F_1656_67C5

    private static func rotate(_ value: UInt64, _ count: UInt64) -> UInt64 { value << count | value >> (64 - count) }

    private static func round(_ accumulator: UInt64, _ input: UInt64) -> UInt64 {
        rotate(accumulator &+ input &* prime2, 31) &* prime1
    }

    package static func xxh64(_ bytes: [UInt8], seed: UInt64 = 0) -> UInt64 {
        unsafe bytes.withUnsafeBytes { unsafe xxh64($0, seed: seed) }
    }

    static func xxh64(_ bytes: UnsafeRawBufferPointer, seed: UInt64) -> UInt64 {
        func word(_ offset: Int) -> UInt64 {
            UInt64(littleEndian: unsafe bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        }
        let count = bytes.count
        var offset = 0
        var hash: UInt64
        if count >= 32 {
            var lanes = (seed &+ prime1 &+ prime2, seed &+ prime2, seed, seed &- prime1)
            while offset + 32 <= count {
                lanes.0 = round(lanes.0, word(offset))
                lanes.1 = round(lanes.1, word(offset + 8))
                lanes.2 = round(lanes.2, word(offset + 16))
                lanes.3 = round(lanes.3, word(offset + 24))
                offset += 32
            }
            hash = rotate(lanes.0, 1) &+ rotate(lanes.1, 7) &+ rotate(lanes.2, 12) &+ rotate(lanes.3, 18)
            hash = (hash ^ round(0, lanes.0)) &* prime1 &+ prime4
            hash = (hash ^ round(0, lanes.1)) &* prime1 &+ prime4
            hash = (hash ^ round(0, lanes.2)) &* prime1 &+ prime4
            hash = (hash ^ round(0, lanes.3)) &* prime1 &+ prime4
        } else {
            hash = seed &+ prime5
        }
        hash = hash &+ UInt64(count)
        while offset + 8 <= count {
            hash = rotate(hash ^ round(0, word(offset)), 27) &* prime1 &+ prime4
            offset += 8
        }
        if offset + 4 <= count {
            let half = UInt32(littleEndian: unsafe bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
            hash = rotate(hash ^ UInt64(half) &* prime1, 23) &* prime2 &+ prime3
            offset += 4
        }
        while offset < count {
            hash = rotate(hash ^ UInt64(unsafe bytes[offset]) &* prime5, 11) &* prime1
            offset += 1
        }
        hash = (hash ^ hash >> 33) &* prime2
        hash = (hash ^ hash >> 29) &* prime3
        return hash ^ hash >> 32
    }

    /// One byte that any single flipped byte changes; all that is left beside a full trie
    /// page of 1,996 bytes.
    package static func pageByte(_ bytes: UnsafeRawBufferPointer) -> UInt8 {
        var folded: UInt64 = 0
        var offset = 0
        // A flipped byte flips distinct bits modulo eight of what is folded, wherever it is turned to.
        while offset + 8 <= bytes.count {
            folded =
                rotate(folded, 7)
                ^ UInt64(littleEndian: unsafe bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
            offset += 8
        }
        folded = rotate(folded, 7)
        if offset + 4 <= bytes.count {
            folded ^= UInt64(
                UInt32(littleEndian: unsafe bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
            offset += 4
        }
        while offset < bytes.count {
            folded ^= UInt64(unsafe bytes[offset])
            offset += 1
        }
        folded ^= folded >> 32
        folded ^= folded >> 16
        folded ^= folded >> 8
        // Not zero for zeros, so that a page of zeros is no page.
        return UInt8(truncatingIfNeeded: folded) ^ 0x5a
    }
}
