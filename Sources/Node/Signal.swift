internal import Dispatch

/// Wakes one waiting thread.
final class Signal: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)

    func raise() { semaphore.signal() }

    /// Returns when raised, or after `duration`.
    func wait(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        let nanoseconds = Int(clamping: seconds) * 1_000_000_000 + Int(attoseconds / 1_000_000_000)
        _ = semaphore.wait(timeout: .now() + .nanoseconds(max(0, min(nanoseconds, 3_600_000_000_000))))
    }
}
