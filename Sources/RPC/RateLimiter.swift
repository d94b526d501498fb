import Synchronization

/// A token bucket for each address. The table is bounded: when full, buckets that have filled up again are dropped,
/// and if none has, newcomers share one bucket.
final class RateLimiter: Sendable {
    private struct Bucket {
        var tokens: Double
        var refilled: ContinuousClock.Instant
    }

    private static let tableLimit = 16_384
    private static let sharedKey = "*"

    private let rate: Double
    private let burst: Double
    private let buckets = Mutex<[String: Bucket]>([:])

    init(rate: Double, burst: Double) {
        self.rate = rate
        self.burst = burst
    }

    /// Nil if `count` calls of `address` are allowed now, else the seconds to wait.
    func refuse(_ address: String, count: Int, now: ContinuousClock.Instant = .now) -> Int? {
        buckets.withLock { buckets in
            var key = address
            if buckets[key] == nil, buckets.count >= Self.tableLimit {
                buckets = buckets.filter { tokens($0.value, now) < burst }
                if buckets.count >= Self.tableLimit { key = Self.sharedKey }
            }
            var bucket = buckets[key] ?? Bucket(tokens: burst, refilled: now)
            bucket.tokens = tokens(bucket, now)
            bucket.refilled = now
            // More than a whole bucket is never available at once: such a batch takes all there is.
            let needed = min(Double(count), burst)
            let isAllowed = bucket.tokens >= needed
            if isAllowed { bucket.tokens -= needed }
            buckets[key] = bucket
            return isAllowed ? nil : max(1, Int(((needed - bucket.tokens) / rate).rounded(.up)))
        }
    }

    private func tokens(_ bucket: Bucket, _ now: ContinuousClock.Instant) -> Double {
        let elapsed = now - bucket.refilled
        let seconds = Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) * 1e-18
        return min(burst, bucket.tokens + seconds * rate)
    }
}
