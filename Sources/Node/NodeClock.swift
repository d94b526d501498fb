internal import Cryptography
internal import Glibc
internal import Interface
package import Primitives
internal import Synchronization

/// The machine's clock, and on test networks an offset that `devnet advance` writes.
package final class NodeClock: Sendable {
    private let offset = Mutex<UInt64>(0)

    package init() {}

    package static var now: Timestamp {
        var time = timespec()
        _ = unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(UInt64(max(0, time.tv_sec)) * 1000 + UInt64(time.tv_nsec) / 1_000_000)
    }

    package var now: Timestamp { Self.now.adding(milliseconds: offset.withLock { $0 }) }

    /// How far ahead of the machine's clock it is.
    package var aheadMilliseconds: UInt64 { offset.withLock { $0 } }

    /// Takes effect at once; only forward, since block time never goes back.
    package func setOffset(milliseconds: UInt64) { offset.withLock { $0 = max($0, milliseconds) } }
}

/// The only randomness of the node.
package enum NodeRandom {
    package static func bytes32() -> Bytes32 { OperatingSystemRandom.bytes32() }
}

package enum NodeVersion {
    package static let text = ProgramVersion.text
    package static let description = ProgramVersion.description
}
