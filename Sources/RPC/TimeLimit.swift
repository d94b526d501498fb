import Synchronization

/// Races work against a time limit and against the server's stop, without waiting for work that lost.
final class TimeLimit: Sendable {
    private final class Contest<Value: Sendable>: Sendable {
        private let waiting: Mutex<CheckedContinuation<Value?, Never>?>

        init(_ continuation: CheckedContinuation<Value?, Never>) { waiting = Mutex(continuation) }

        func finish(_ value: Value?) {
            let continuation = waiting.withLock { waiting in
                defer { waiting = nil }
                return waiting
            }
            continuation?.resume(returning: value)
        }
    }

    private struct State {
        var next = 0
        var isStopped = false
        var stops: [Int: @Sendable () -> Void] = [:]
    }

    private let state = Mutex(State())

    /// Nil if the limit or the stop came first.
    func run<Value: Sendable>(
        milliseconds: Int, _ work: @escaping @Sendable () async -> Value
    ) async -> Value? {
        await withCheckedContinuation { continuation in
            let contest = Contest<Value>(continuation)
            let task = Task { contest.finish(await work()) }
            let timer = Task {
                try? await Task.sleep(for: .milliseconds(milliseconds))
                contest.finish(nil)
                task.cancel()
            }
            let id = onStop {
                contest.finish(nil)
                task.cancel()
                timer.cancel()
            }
            Task {
                _ = await task.value
                timer.cancel()
                forget(id)
            }
        }
    }

    /// Calls `action` once when the server stops, at once if it has; until ``forget(_:)``.
    func onStop(_ action: @escaping @Sendable () -> Void) -> Int {
        let (id, isStopped) = state.withLock { state in
            state.next += 1
            if !state.isStopped { state.stops[state.next] = action }
            return (state.next, state.isStopped)
        }
        if isStopped { action() }
        return id
    }

    func forget(_ id: Int) { state.withLock { _ = $0.stops.removeValue(forKey: id) } }

    func stop() {
        let actions = state.withLock { state in
            state.isStopped = true
            defer { state.stops = [:] }
            return Array(state.stops.values)
        }
        for action in actions { action() }
    }
}
