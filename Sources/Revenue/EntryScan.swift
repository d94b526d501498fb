internal import Encoding

/// Finds an entry of a long stored list without decoding the others, so that what one party does in a vault of a thousand
/// holders, or one ancestor with a vector of 256 entries, costs what it does in the smallest.
///
/// An entry is `[key, field…]`; each field is a number or null, so its first byte tells where it ends:
///
///     82 │ 82 00 58 20 ‹32 bytes› │ 1a 00 0f 42 40          a holder: party, share
///     86 │ 58 20 ‹32 bytes› │ 19 27 10 │ … │ f6             a royalty: ancestor, agreed, share, ceiling, policy, revenue
struct EntryScan {
    let bytes: [UInt8]
    /// The entry's own head and its key, encoded.
    private let start: [UInt8]
    private let fields: Int

    init(_ bytes: [UInt8], key: some CBORCodable, fields: Int) {
        self.bytes = bytes
        start = [0x80 | UInt8(1 + fields)] + key.encoded
        self.fields = fields
    }

    /// Every entry with the key, in the list's order. Throws where the bytes are none of such a list.
    func ranges() throws(EncodingFailure) -> [Range<Int>] {
        var found: [Range<Int>] = []
        guard let first = bytes.first, first >> 5 == 4, let headSize = Self.size(first) else { throw failure(0) }
        var offset = headSize
        while offset < bytes.count {
            var end = offset + start.count
            guard end <= bytes.count, bytes[offset] == start[0] else { throw failure(offset) }
            for _ in 0..<fields {
                guard end < bytes.count, let size = Self.size(bytes[end]) else { throw failure(end) }
                end += size
            }
            guard end <= bytes.count else { throw failure(offset) }
            if isStart(at: offset) { found.append(offset..<end) }
            offset = end
        }
        return found
    }

    /// From the last byte on: ids differ there as well as anywhere, and their heads do not.
    private func isStart(at offset: Int) -> Bool {
        var index = start.count - 1
        while index >= 0 {
            if bytes[offset + index] != start[index] { return false }
            index -= 1
        }
        return true
    }

    /// Bytes of an item that is a number, null or the head of a list.
    private static func size(_ first: UInt8) -> Int? {
        if first == 0xf6 { return 1 }
        switch first & 31 {
        case 0..<24: return 1
        case 24: return 2
        case 25: return 3
        case 26: return 5
        case 27: return 9
        default: return nil
        }
    }

    private func failure(_ offset: Int) -> EncodingFailure { EncodingFailure(.truncated, at: offset, field: "entries") }
}
