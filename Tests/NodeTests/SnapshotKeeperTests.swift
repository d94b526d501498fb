import Blocks
import Encoding
import Foundation
import Logging
import Node
import Primitives
import Proofs
import Replica
import StateModel
import Testing

/// When a node takes snapshots, and how it hands them out.
@Suite struct SnapshotKeeperTests {
    /// A ledger whose head ends an epoch. The next one has no height, so that the same block ends each.
    private func withLedger(_ body: (NodeHome, Ledger, BlockHeader) throws -> Void) throws {
        try SnapshotSource.withHome { home in
            let source = try SnapshotSource(home, entries: 200, nextLength: 0)
            let importing = try source.begin(in: home)
            try source.take(importing)
            try importing.finish(progress: { _ in })
            try body(home, Ledger.open(home, mapGibibytes: 1), #require(source.manifest.header))
        }
    }

    private func keeper(_ ledger: Ledger, _ home: NodeHome, minutes: UInt64) -> SnapshotKeeper {
        var logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        logger.logLevel = .critical
        return SnapshotKeeper(
            ledger: ledger, home: home, count: 2, minutes: minutes, reserveBytes: 0, logger: logger)
    }

    /// True if a snapshot is there afterwards.
    private func isTaken(_ keeper: SnapshotKeeper, _ home: NodeHome, at header: BlockHeader) -> Bool {
        keeper.finalized(header)
        keeper.awaitWriting()
        return !Snapshots.list(home).isEmpty
    }

    @Test("A snapshot that could not be made is not tried again before its time")
    func failedWaits() throws {
        try withLedger { home, ledger, header in
            for minutes in [0, 1_000] as [UInt64] {
                let keeper = keeper(ledger, home, minutes: minutes)
                // A file where the folder should be.
                try Data().write(to: URL(filePath: home.snapshotsFolder))
                #expect(!isTaken(keeper, home, at: header))
                try FileManager.default.removeItem(atPath: home.snapshotsFolder)
                #expect(isTaken(keeper, home, at: header) == (minutes == 0), "\(minutes)")
                try? FileManager.default.removeItem(atPath: home.snapshotsFolder)
            }
        }
    }

    @Test("What a peer is told of a snapshot is encoded once, and what it is told without one is not kept")
    func encodedOnce() throws {
        try withLedger { home, ledger, header in
            let keeper = keeper(ledger, home, minutes: 0)
            let none = PeerMessage.snapshot(nil).encoded
            #expect(try keeper.answer(from: .genesis) == none)
            #expect(isTaken(keeper, home, at: header))
            let first = try keeper.answer(from: .genesis)
            guard case .snapshot(let manifest?) = try PeerMessage(decoding: first) else {
                Issue.record("no snapshot")
                return
            }
            #expect(manifest.header == header)
            let second = try keeper.answer(from: .genesis)
            let isSame = unsafe first.withUnsafeBytes { one in
                unsafe second.withUnsafeBytes { other in unsafe one.baseAddress == other.baseAddress }
            }
            #expect(isSame, "the same bytes in the same place")
            #expect(try keeper.answer(from: header.height) == none, "nothing is above it")
            #expect(try keeper.chunk(0, at: header.height) != nil && keeper.chunk(0, at: header.height.next) == nil)
        }
    }

    @Test("Few answers are kept, the last that were asked for, and those of one snapshot only")
    func answersBounded() {
        var answers = SnapshotAnswers()
        let newest = Height(80)
        for number in 0..<UInt8(SnapshotAnswers.maximum) {
            answers.keep([number], of: newest, from: Height(UInt64(number)))
        }
        func known(_ height: Height = Height(80)) -> [UInt64] {
            var copy = answers
            return (0..<10).filter { copy.bytes(of: height, from: Height($0)) != nil }
        }
        #expect(known() == [0, 1, 2, 3])
        let first = answers.bytes(of: newest, from: .genesis)
        #expect(first == [0])
        answers.keep([9], of: newest, from: Height(9))
        #expect(known() == [0, 2, 3, 9], "the one that was not asked for the longest is gone")
        #expect(known(Height(120)).isEmpty)
        answers.keep([7], of: Height(120), from: Height(7))
        #expect(known(Height(120)) == [7] && known().isEmpty)
    }
}
