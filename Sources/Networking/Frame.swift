/// What one noise message carries.
///
/// ```
/// fragment: 0 ‖ channel ‖ flags (1: first, 2: last) ‖ length of the whole message (4, only in the first) ‖ bytes
/// credit:   1 ‖ channel ‖ bytes given back (4)
/// ping:     2 ‖ 8 bytes          pong: 3 ‖ the same 8 bytes
/// ```
package enum Frame: Equatable {
    case fragment(MessageChannel, total: Int?, isLast: Bool, ArraySlice<UInt8>)
    case credit(MessageChannel, Int)
    case ping([UInt8])
    case pong([UInt8])

    package enum Failure: Error { case malformed }

    private static let first: UInt8 = 1
    private static let last: UInt8 = 2

    package init(_ bytes: [UInt8]) throws(Failure) {
        switch bytes.first {
        case 0:
            guard bytes.count >= 3, let channel = MessageChannel(rawValue: bytes[1]), bytes[2] <= 3 else {
                throw .malformed
            }
            var offset = 3
            var total: Int?
            if bytes[2] & Self.first != 0 {
                guard bytes.count >= 7 else { throw .malformed }
                total = Self.number(bytes[3..<7])
                offset = 7
            }
            self = .fragment(channel, total: total, isLast: bytes[2] & Self.last != 0, bytes[offset...])
        case 1:
            guard bytes.count == 6, let channel = MessageChannel(rawValue: bytes[1]) else { throw .malformed }
            self = .credit(channel, Self.number(bytes[2..<6]))
        case 2:
            guard bytes.count == 9 else { throw .malformed }
            self = .ping(Array(bytes[1...]))
        case 3:
            guard bytes.count == 9 else { throw .malformed }
            self = .pong(Array(bytes[1...]))
        default: throw .malformed
        }
    }

    package var bytes: [UInt8] {
        switch self {
        case .fragment(let channel, let total, let isLast, let part):
            let flags = (total == nil ? 0 : Self.first) | (isLast ? Self.last : 0)
            return [0, channel.rawValue, flags] + (total.map(Self.digits) ?? []) + part
        case .credit(let channel, let count): return [1, channel.rawValue] + Self.digits(count)
        case .ping(let bytes): return [2] + bytes
        case .pong(let bytes): return [3] + bytes
        }
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> Int { bytes.reduce(0) { $0 << 8 | Int($1) } }
    private static func digits(_ value: Int) -> [UInt8] {
        stride(from: 24, through: 0, by: -8).map { UInt8(truncatingIfNeeded: value >> $0) }
    }
}
