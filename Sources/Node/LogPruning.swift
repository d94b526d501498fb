internal import Governance
internal import Logging
package import Primitives
internal import ServiceLifecycle
internal import Storage

/// Removes transactions and receipts of old blocks while the node runs (`storage.keep-blocks`); headers and certificates
/// stay. A failure is no reason to stop: the node's own writes tell whether the disk is well.
struct LogPruning: Service {
    let ledger: Ledger
    /// 0: everything.
    let keep: UInt64
    let logger: Logger

    private static let pause = Duration.seconds(1)
    /// Between two transactions of one round: a finalization waits for one at most.
    private static let breath = Duration.milliseconds(50)
    private static let blocksPerTransaction = 64

    func run() async throws {
        guard keep > 0 else {
            try? await gracefulShutdown()
            return
        }
        var pause = Self.pause
        while true {
            do {
                try await cancelWhenGracefulShutdown { [pause] in try await Task.sleep(for: pause) }
            } catch {
                return
            }
            do {
                pause = try step() ? Self.breath : Self.pause
            } catch {
                logger.error("old blocks can't be pruned", metadata: ["because": "\(error)"])
                pause = .seconds(60)
            }
        }
    }

    /// Removes a transaction's worth, once so much is due. True if there may be more.
    private func step() throws -> Bool {
        guard let height = ledger.state.height, let checkpoint = ledger.state.checkpointHeight,
            let lowest = try ledger.log.lowestBlock()
        else { return false }
        let epoch = try Epochs.current(in: try ledger.state.snapshot())
        let floor = KeptBlocks.lowest(
            head: height, checkpoint: checkpoint, epochBegan: epoch.firstHeight, keep: keep)
        guard floor.value >= lowest.value + UInt64(Self.blocksPerTransaction) else { return false }
        try ledger.log.prune(below: floor, limit: Self.blocksPerTransaction)
        logger.debug("pruned", metadata: ["before": "\(floor)"])
        return true
    }
}

/// Which blocks a node that keeps the last ones must keep whole.
package enum KeptBlocks {
    /// The lowest of them: of the last `keep`; never one that a start executes again, which are those above the
    /// checkpoint, nor one of the running epoch, whose evidence a start reads.
    package static func lowest(head: Height, checkpoint: Height, epochBegan: Height, keep: UInt64) -> Height {
        let last = Height(head.value >= keep ? head.value - keep + 1 : 0)
        return min(last, checkpoint.next, epochBegan)
    }
}
