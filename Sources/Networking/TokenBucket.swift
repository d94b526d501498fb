/// Tokens come in at a constant rate up to a burst. Spending may go into debt, which takes time to pay.
package struct TokenBucket: Sendable {
    private let rate: Double
    private let burst: Double
    private var tokens: Double
    private var refilled: ContinuousClock.Instant

    /// Starts full. `rate` is tokens per second, above zero.
    package init(rate: Double, burst: Double, now: ContinuousClock.Instant) {
        precondition(rate > 0, "a bucket that never fills pauses forever")
        self.rate = rate
        self.burst = burst
        tokens = burst
        refilled = now
    }

    /// Takes `cost` tokens in any case; how long until nothing is owed, zero if nothing is.
    package mutating func spend(_ cost: Double, now: ContinuousClock.Instant) -> Duration {
        refill(now)
        tokens -= cost
        return tokens < 0 ? .seconds(-tokens / rate) : .zero
    }

    private mutating func refill(_ now: ContinuousClock.Instant) {
        guard now > refilled else { return }
        tokens = min(burst, tokens + (now - refilled) / .seconds(1) * rate)
        refilled = now
    }
}

/// The buckets of one peer: messages and bytes of each channel, control frames, and pauses.
package struct InboundRates: Sendable {
    private struct Buckets {
        var messages: TokenBucket
        var bytes: TokenBucket

        init(_ rate: ChannelRate, now: ContinuousClock.Instant) {
            messages = TokenBucket(rate: rate.messages, burst: rate.messageBurst, now: now)
            bytes = TokenBucket(rate: rate.bytes, burst: rate.byteBurst, now: now)
        }
    }

    package enum Verdict: Equatable, Sendable {
        case within
        /// Do not read this peer for so long.
        case pause(Duration)
        /// It has been at the limit for too long.
        case flood
    }

    private var channels: PerChannel<Buckets>
    private var control: Buckets
    private var frames: TokenBucket
    private var pauses: TokenBucket
    private let longestPause: Duration

    package init(_ limits: NetworkLimits, now: ContinuousClock.Instant) {
        channels = PerChannel { Buckets(limits.rates[$0], now: now) }
        control = Buckets(limits.controlRate, now: now)
        frames = TokenBucket(rate: limits.frameRate, burst: limits.frameBurst, now: now)
        // In seconds of pause: half of the time is forgiven.
        pauses = TokenBucket(rate: 0.5, burst: limits.floodPauseSeconds, now: now)
        longestPause = limits.longestPause
    }

    /// A frame of a message: `startsMessage` for its first.
    package mutating func spend(
        _ channel: MessageChannel, bytes: Int, startsMessage: Bool, now: ContinuousClock.Instant
    ) -> Verdict {
        let framePause = frames.spend(1, now: now)
        let messagePause = max(framePause, startsMessage ? channels[channel].messages.spend(1, now: now) : .zero)
        let bytePause = channels[channel].bytes.spend(Double(bytes), now: now)
        return verdict(messagePause, bytePause, now: now)
    }

    /// A frame that costs nothing but itself.
    package mutating func spendFrame(now: ContinuousClock.Instant) -> Verdict {
        verdict(frames.spend(1, now: now), .zero, now: now)
    }

    package mutating func spendControl(bytes: Int, now: ContinuousClock.Instant) -> Verdict {
        let messagePause = control.messages.spend(1, now: now)
        return verdict(messagePause, control.bytes.spend(Double(bytes), now: now), now: now)
    }

    private mutating func verdict(
        _ messagePause: Duration, _ bytePause: Duration, now: ContinuousClock.Instant
    ) -> Verdict {
        let pause = min(max(messagePause, bytePause), longestPause)
        guard pause > .zero else { return .within }
        // Bytes alone are no flood: their sender is only faster than we want to be.
        if messagePause > .zero, pauses.spend(min(messagePause, longestPause) / .seconds(1), now: now) > .zero {
            return .flood
        }
        return .pause(pause)
    }
}
