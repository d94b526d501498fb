internal import Synchronization
internal import Votes

/// Whether this node's validator key watches for another copy of itself: the signing guard's word, which belongs to the
/// driver's thread, for everyone else.
final class KeyWatch: Sendable {
    private let through: Mutex<Epoch?>

    init(_ through: Epoch?) { self.through = Mutex(through) }

    /// The last epoch in which it signs nothing; ``Epoch/maximum`` while that is not known.
    var lastEpoch: Epoch? {
        get { through.withLock { $0 } }
        set { through.withLock { $0 = newValue } }
    }

    /// Nil once `epoch` is behind the watch.
    func lastEpoch(in epoch: Epoch) -> Epoch? { lastEpoch.flatMap { epoch <= $0 ? $0 : nil } }
}
