internal import Primitives

/// Keys that are refused for a while, and addresses from which too many handshakes failed.
struct Offenders {
    private let limits: NetworkLimits
    private var banned: [TransportKey: ContinuousClock.Instant] = [:]
    private var failures: [String: (count: Int, since: ContinuousClock.Instant)] = [:]

    init(_ limits: NetworkLimits) { self.limits = limits }

    func isBanned(_ key: TransportKey, now: ContinuousClock.Instant) -> Bool { (banned[key] ?? now) > now }

    mutating func ban(_ key: TransportKey, now: ContinuousClock.Instant) {
        banned = banned.filter { $0.value > now }
        if banned.count >= limits.rememberedOffenders, let first = banned.min(by: { $0.value < $1.value })?.key {
            banned[first] = nil
        }
        banned[key] = now + limits.ban
    }

    /// Private addresses are counted and never refused, unless the limits say so.
    func isRefused(_ host: String, now: ContinuousClock.Instant) -> Bool {
        guard limits.refusesPrivateAddresses || !Self.isPrivate(host), let failed = failures[host] else { return false }
        return failed.count >= limits.failuresPerAddress && now - failed.since < limits.failureWindow
    }

    mutating func failed(_ host: String, now: ContinuousClock.Instant) {
        failures = failures.filter { now - $0.value.since < limits.failureWindow }
        if failures[host] == nil, failures.count >= limits.rememberedOffenders,
            let first = failures.min(by: { $0.value.since < $1.value.since })?.key
        {
            failures[first] = nil
        }
        failures[host, default: (0, now)].count += 1
    }

    static func isPrivate(_ host: String) -> Bool {
        let parts = host.split(separator: ".").compactMap { UInt8($0) }
        guard parts.count == 4 else {
            let text = host.lowercased()
            return text == "::1" || text.hasPrefix("fe80:") || text.hasPrefix("fc") || text.hasPrefix("fd")
        }
        return parts[0] == 127 || parts[0] == 10 || parts[0] == 192 && parts[1] == 168
            || parts[0] == 172 && (16...31).contains(parts[1]) || parts[0] == 169 && parts[1] == 254
    }
}
