import Synchronization

final class FailureCount: Sendable {
    private let box = Mutex(0)

    func add(_ failures: Int) { box.withLock { $0 += failures } }
    var count: Int { box.withLock { $0 } }
}
