package import NIOCore
package import Primitives

/// Keys that are refused for a while, and addresses from which too many handshakes failed. Bounded: full, the entry
/// closest to its end is forgotten.
package struct Offenders {
    private let limits: NetworkLimits
    private var banned: [TransportKey: ContinuousClock.Instant] = [:]
    private var failures: [AddressGroup: (count: Int, since: ContinuousClock.Instant)] = [:]

    package init(_ limits: NetworkLimits) { self.limits = limits }

    package func isBanned(_ key: TransportKey, now: ContinuousClock.Instant) -> Bool { (banned[key] ?? now) > now }

    package mutating func ban(_ key: TransportKey, now: ContinuousClock.Instant) {
        banned = banned.filter { $0.value > now }
        if banned.count >= limits.rememberedOffenders, let first = banned.min(by: { $0.value < $1.value })?.key {
            banned[first] = nil
        }
        banned[key] = now + limits.ban
    }

    /// Private addresses are never refused, unless the limits say so.
    package func isRefused(_ address: AddressGroup, now: ContinuousClock.Instant) -> Bool {
        guard limits.refusesPrivateAddresses || !address.isPrivate, let failed = failures[address] else { return false }
        return failed.count >= limits.failuresPerAddress && now - failed.since < limits.failureWindow
    }

    /// A handshake from there failed. True if the address is refused from now on.
    package mutating func failed(_ address: AddressGroup, now: ContinuousClock.Instant) -> Bool {
        let window = limits.failureWindow
        if let known = failures[address], now - known.since >= window { failures[address] = nil }
        if failures[address] == nil, failures.count >= limits.rememberedOffenders {
            failures = failures.filter { now - $0.value.since < window }
            if failures.count >= limits.rememberedOffenders,
                let first = failures.min(by: { $0.value.since < $1.value.since })?.key
            {
                failures[first] = nil
            }
        }
        failures[address, default: (0, now)].count += 1
        guard failures[address]?.count == limits.failuresPerAddress, isRefused(address, now: now) else { return false }
        // It is refused for a whole window from here.
        failures[address]?.since = now
        return true
    }
}

/// What counts as one address: an IPv4 address, or the /64 of an IPv6 one, as much as a single customer has.
package struct AddressGroup: Hashable, Sendable {
    /// Four bytes, or eight; none for a socket without an address.
    private let bytes: [UInt8]

    package init(_ address: SocketAddress?) {
        // Behind family and port (four bytes) come the IPv4 address, or the flow (four more) and the IPv6 address.
        let raw =
            unsafe address?.withSockAddr { pointer, count in
                unsafe Array(UnsafeRawBufferPointer(start: pointer, count: count))
            } ?? []
        switch address {
        case .v4 where raw.count >= 8:
            bytes = Array(raw[4..<8])
        case .v6 where raw.count >= 24:
            let whole = Array(raw[8..<24])
            let isIPv4 = whole[..<12].elementsEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff])
            let isLoopback = whole.dropLast().allSatisfy { $0 == 0 } && whole.last == 1
            bytes = isIPv4 ? Array(whole[12...]) : isLoopback ? [127, 0, 0, 1] : Array(whole[..<8])
        default:
            bytes = []
        }
    }

    /// Loopback, link-local, and RFC 1918, RFC 6598 and RFC 4193 addresses: behind one may stand many nodes.
    package var isPrivate: Bool {
        switch bytes.count {
        case 4:
            bytes[0] == 127 || bytes[0] == 10 || (bytes[0] == 172 && bytes[1] & 0xf0 == 16)
                || (bytes[0] == 192 && bytes[1] == 168) || (bytes[0] == 169 && bytes[1] == 254)
                || (bytes[0] == 100 && bytes[1] & 0xc0 == 64)
        case 8: bytes[0] & 0xfe == 0xfc || (bytes[0] == 0xfe && bytes[1] & 0xc0 == 0x80)
        default: true
        }
    }
}
