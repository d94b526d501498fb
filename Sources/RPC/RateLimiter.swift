import Glibc
import Primitives
import Synchronization

/// What stands for a caller in the server's bounds.
enum CallerKey {
    /// An IPv4 address as it is, of an IPv6 address its /64: so much a single customer has to himself. A port behind
    /// the address, as some proxies write it, does not count.
    static func of(_ address: String) -> String {
        guard let colon = address.firstIndex(of: ":") else { return address }
        if address[..<colon].contains("."), address.lastIndex(of: ":") == colon { return String(address[..<colon]) }
        let bare = address.first == "[" ? address.dropFirst().prefix { $0 != "]" } : address[...]
        var parsed = in6_addr()
        guard unsafe inet_pton(AF_INET6, String(bare.prefix { $0 != "%" }), &parsed) == 1 else { return address }
        let bytes = unsafe withUnsafeBytes(of: parsed) { unsafe Array($0) }
        let isIPv4 = bytes[..<12].elementsEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff])
        if isIPv4 { return bytes[12...].map { String($0) }.joined(separator: ".") }
        return Hexadecimal.encode(Array(bytes[..<8])) + "/64"
    }
}

/// A token bucket for each caller (``CallerKey``). The table is bounded: when full, buckets that have filled up again
/// are dropped, and if none has, newcomers share one bucket.
final class RateLimiter: Sendable {
    private struct Bucket {
        var tokens: Double
        var refilled: ContinuousClock.Instant
    }

    private struct State {
        var buckets: [String: Bucket] = [:]
        /// When the table was last looked through, which costs time in proportion to it.
        var swept: ContinuousClock.Instant?
    }

    private static let sharedKey = "*"

    private let rate: Double
    private let burst: Double
    private let tableLimit: Int
    private let state = Mutex(State())

    init(rate: Double, burst: Double, tableLimit: Int = 16_384) {
        self.rate = rate
        self.burst = burst
        self.tableLimit = tableLimit
    }

    /// Nil if `count` calls of `address` are allowed now, else the seconds to wait.
    func refuse(_ address: String, count: Int, now: ContinuousClock.Instant = .now) -> Int? {
        let caller = CallerKey.of(address)
        return state.withLock { state in
            var key = caller
            if state.buckets[key] == nil, state.buckets.count >= tableLimit {
                if state.swept.map({ now - $0 >= .seconds(1) }) ?? true {
                    state.swept = now
                    state.buckets = state.buckets.filter { tokens($0.value, now) < burst }
                }
                if state.buckets.count >= tableLimit { key = Self.sharedKey }
            }
            var bucket = state.buckets[key] ?? Bucket(tokens: burst, refilled: now)
            bucket.tokens = tokens(bucket, now)
            bucket.refilled = now
            // More than a whole bucket is never available at once: such a batch takes all there is.
            let needed = min(Double(count), burst)
            let isAllowed = bucket.tokens >= needed
            if isAllowed { bucket.tokens -= needed }
            state.buckets[key] = bucket
            return isAllowed ? nil : max(1, Int(((needed - bucket.tokens) / rate).rounded(.up)))
        }
    }

    private func tokens(_ bucket: Bucket, _ now: ContinuousClock.Instant) -> Double {
        let elapsed = now - bucket.refilled
        let seconds = Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) * 1e-18
        return min(burst, bucket.tokens + seconds * rate)
    }
}
