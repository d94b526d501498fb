internal import Interface
internal import Primitives
internal import Synchronization

/// Where the driver writes which block is final, and readers wait for the next one.
final class HeadBoard: Sendable {
    private struct Board {
        var head: ChainHead
        var changed = ContinuousClock.now
        /// The last few heads by height: a snapshot may be of an older one than the newest.
        var recent: [Height: ChainHead]
        var waiters: [UInt64: (above: Height, continuation: CheckedContinuation<Bool, Never>)] = [:]
        var nextWaiter: UInt64 = 0
        var isClosed = false
    }

    private let board: Mutex<Board>
    private static let kept: UInt64 = 512

    init(_ head: ChainHead) { board = Mutex(Board(head: head, recent: [head.height: head])) }

    var head: ChainHead { board.withLock { $0.head } }

    /// When the head became final here, or the node began with it.
    var changed: ContinuousClock.Instant { board.withLock { $0.changed } }

    func head(at height: Height) -> ChainHead? { board.withLock { $0.recent[height] } }

    /// Called by the driver, once what it says is durable and readable.
    func publish(_ head: ChainHead) {
        let released = board.withLock { board in
            board.head = head
            board.changed = .now
            board.recent[head.height] = head
            if head.height.value >= Self.kept { board.recent[Height(head.height.value - Self.kept)] = nil }
            let ready = board.waiters.filter { $0.value.above < head.height }
            for waiter in ready.keys { board.waiters[waiter] = nil }
            return ready.values.map(\.continuation)
        }
        for continuation in released { continuation.resume(returning: true) }
    }

    /// The node stops: nobody waits any longer, so that connections can end.
    func close() {
        let released = board.withLock { board in
            board.isClosed = true
            defer { board.waiters = [:] }
            return board.waiters.values.map(\.continuation)
        }
        for continuation in released { continuation.resume(returning: false) }
    }

    /// True once a block above `height` is final; false when the task is canceled.
    func wait(above height: Height) async -> Bool {
        let number = board.withLock { board in
            board.nextWaiter += 1
            return board.nextWaiter
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isThere: Bool? = board.withLock { board in
                    if board.head.height > height { return true }
                    // A cancellation that came before this line finds nothing to resume, so it is looked for here.
                    if Task.isCancelled || board.isClosed { return false }
                    board.waiters[number] = (height, continuation)
                    return nil
                }
                if let isThere { continuation.resume(returning: isThere) }
            }
        } onCancel: {
            let waiter = board.withLock { $0.waiters.removeValue(forKey: number) }
            waiter?.continuation.resume(returning: false)
        }
    }
}
