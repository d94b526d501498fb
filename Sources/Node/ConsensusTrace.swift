internal import Blocks
internal import Execution
internal import Glibc
internal import Primitives
internal import Replica
internal import Votes

/// When proposals left and blocks became final, one line of JSON each, for measuring a network (setting
/// `consensus.trace-file`). Times are of the machine's monotonic clock, so those of one machine compare.
final class ConsensusTrace {
    private let descriptor: Int32

    /// Nil if nothing is to be traced.
    init?(file: String) throws {
        guard !file.isEmpty else { return nil }
        descriptor = unsafe open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw NodeFailure(.configuration, "can't write \(file)", hint: "See consensus.trace-file.")
        }
    }

    deinit { close(descriptor) }

    func note(_ effect: ReplicaEffect) {
        switch effect {
        case .send(.proposal(let proposal), _):
            write("proposed", view: proposal.view.value, height: proposal.header.height, hash: proposal.blockHash)
        case .finalize(let blocks):
            for block in blocks {
                write(
                    "finalized", view: block.certificate?.view.value, height: block.executed.block.header.height,
                    hash: block.executed.block.hash)
            }
        default: break
        }
    }

    private func write(_ event: String, view: UInt64?, height: Height, hash: Hash) {
        var time = timespec()
        _ = unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        let at = UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
        let place = view.map { "\"view\":\($0)," } ?? ""
        let line = Array(
            "{\"at\":\(at),\"event\":\"\(event)\",\(place)\"height\":\(height),\"hash\":\"\(hash)\"}\n".utf8)
        // Lines that a full disk cuts are missing from a measurement, not from the ledger.
        _ = unsafe line.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
    }
}
