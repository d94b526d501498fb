import Encoding
import Foundation
import Node
import Primitives
import Proofs
import StateModel
import Storage
import Testing

/// Imports of a made-up but proven state, interrupted wherever they can be.
@Suite struct SnapshotImportTests {
    @Test("An import that is interrupted after any chunk, before its end, or behind it, comes to the same state")
    func interrupted() throws {
        try SnapshotSource.withHome { home in
            let source = try SnapshotSource(home, entries: 500)
            let count = source.chunks.count
            #expect(count > 5)
            // Behind the chunks: with the log, not yet the state; and all done, but the removal of the file lost.
            for stop in 0...count + 2 { try interrupt(source, at: stop) }
        }
    }

    private func interrupt(_ source: SnapshotSource, at stop: Int) throws {
        let count = source.chunks.count
        try SnapshotSource.withHome { home in
            do {
                let importing = try source.begin(in: home)
                try source.take(importing, atMost: stop)
                if stop == count + 1 { try importing.beginLog() }
                if stop == count + 2 { try importing.finish(progress: { _ in }) } else { importing.close() }
            }
            if stop == count + 2 {
                try FileDisk(home.storageDirectory).replace("snapshot", with: source.manifest.encoded)
                #expect(try !SnapshotImport.isPossible(in: home), "it is complete")
            } else {
                #expect(try SnapshotImport.interrupted(in: home) == source.manifest)
                #expect(throws: (any Error).self) { try Ledger.open(home, mapGibibytes: 1) }
                let again = try source.begin(in: home)
                #expect(again.next >= min(stop, count) - 1 && again.isComplete == (stop == count + 1))
                try source.take(again)
                try again.finish(progress: { _ in })
            }
            try source.check(home)
        }
    }

    @Test("What was begun goes on with the same state cut otherwise, after any chunk")
    func recut() throws {
        try SnapshotSource.withHome { home in
            let first = try SnapshotSource(home, entries: 300, dense: 40, denseBytes: 200, targetBytes: 5_000)
            let second = try SnapshotSource(home, entries: 300, dense: 40, denseBytes: 200, targetBytes: 1_700)
            #expect(first.root == second.root && first.manifest.cuts != second.manifest.cuts)
            let paths = try first.state.entries(atOrAfter: .zero, limit: .max).map(\.path)
            for stop in 1...first.chunks.count {
                try SnapshotSource.withHome { home in
                    do {
                        let importing = try first.begin(in: home)
                        try first.take(importing, atMost: stop)
                        importing.close()
                    }
                    let again = try second.begin(in: home)
                    let taken = first.manifest.cuts.range(of: stop - 1)
                    let last = try #require(paths.last { taken.contains($0) })
                    #expect(second.manifest.cuts.range(of: again.next).contains(last), "goes on where it ended")
                    try second.take(again)
                    try again.finish(progress: { _ in })
                    try second.check(home)
                }
            }
        }
    }

    @Test("A file whose removal was lost does not keep a node from starting")
    func leftover() throws {
        try SnapshotSource.withHome { home in
            let source = try SnapshotSource(home, entries: 600)
            let importing = try source.begin(in: home)
            try source.take(importing)
            try importing.finish(progress: { _ in })
            try FileDisk(home.storageDirectory).replace("snapshot", with: source.manifest.encoded)
            #expect(try Ledger.open(home, mapGibibytes: 1).state.root == source.root)
            #expect(try SnapshotImport.interrupted(in: home) == nil)
        }
    }

    @Test("Only what a complete import left is removed, whatever it says; of one that is not complete nothing is")
    func onlyLeftovers() throws {
        try SnapshotSource.withHome { home in
            let source = try SnapshotSource(home, entries: 600)
            let file = home.storageDirectory + "/snapshot"
            func isThere() -> Bool { FileManager.default.fileExists(atPath: file) }
            try SnapshotImport.removeLeftover(in: home)
            #expect(!home.hasLedger, "nothing was begun")
            // Begun, amid the chunks, behind them, and with a log: the file is what says that it is no ledger yet.
            for stop in 0...3 {
                let importing = try source.begin(in: home)
                try source.take(importing, atMost: [0, 3, .max, .max][stop])
                if stop == 3 { try importing.beginLog() }
                importing.close()
                try SnapshotImport.removeLeftover(in: home)
                #expect(isThere())
                #expect(try SnapshotImport.interrupted(in: home) == source.manifest, "\(stop)")
            }
            // Also one that this build does not know.
            try FileDisk(home.storageDirectory).replace("snapshot", with: [1, 2, 3])
            try SnapshotImport.removeLeftover(in: home)
            #expect(isThere())
            try FileDisk(home.storageDirectory).replace("snapshot", with: source.manifest.encoded)
            try source.begin(in: home).finish(progress: { _ in })
            #expect(!isThere())
            let before = try FileManager.default.subpathsOfDirectory(atPath: home.storageDirectory).sorted()
            for left in [source.manifest.encoded, [1, 2, 3]] {
                try FileDisk(home.storageDirectory).replace("snapshot", with: left)
                try SnapshotImport.removeLeftover(in: home)
                #expect(try FileManager.default.subpathsOfDirectory(atPath: home.storageDirectory).sorted() == before)
            }
            try source.check(home)
        }
    }

    @Test("Another snapshot begins anew while chunks are missing, and is refused once the first is all here")
    func another() throws {
        try SnapshotSource.withHome { home in
            let first = try SnapshotSource(home, entries: 600)
            let second = try SnapshotSource(home, entries: 600, salt: 2)
            do {
                let importing = try first.begin(in: home)
                try first.take(importing, atMost: 4)
                importing.close()
            }
            do {
                let importing = try second.begin(in: home)
                #expect(importing.next == 0)
                try second.take(importing)
                try importing.beginLog()
                importing.close()
            }
            #expect(throws: NodeFailure.self) { try first.begin(in: home) }
            #expect(try SnapshotImport.interrupted(in: home) == second.manifest)
            let again = try second.begin(in: home)
            #expect(again.isComplete)
            try again.finish(progress: { _ in })
            try second.check(home)
        }
    }

    @Test(
        "A snapshot that does not end an epoch, of another network or checkpoint, and a wrong chunk are refused at once"
    )
    func refused() throws {
        try SnapshotSource.withHome { home in
            let middle = try SnapshotSource(home, entries: 600, endsEpoch: false)
            #expect(throws: NodeFailure.self) { try middle.begin(in: home) }
            let source = try SnapshotSource(home, entries: 600)
            let elsewhere = Checkpoint(
                network: source.trusted.network, height: source.trusted.height, blockHash: source.root)
            #expect(throws: NodeFailure.self) {
                try SnapshotImport(source.manifest, trusting: elsewhere, in: home, mapGibibytes: 1)
            }
            try SnapshotSource.withHome { other in
                _ = try Ledger.open(other, mapGibibytes: 1)
                #expect(throws: NodeFailure.self) { try source.begin(in: other) }
            }
            #expect(!home.hasLedger, "nothing was begun")
            #expect(throws: NodeFailure.self) {
                try SnapshotImport.verified(source.chunks[1], index: 0, of: source.manifest)
            }
            let salted = try SnapshotSource(home, entries: 600, salt: 2)
            #expect(throws: NodeFailure.self) {
                try SnapshotImport.verified(salted.chunks[1], index: 1, of: source.manifest)
            }
        }
    }

    @Test("hostile: a manifest with other cuts than its chunks', fewer or more, makes nobody take them")
    func otherCuts() throws {
        try SnapshotSource.withHome { home in
            let source = try SnapshotSource(home, entries: 600, dense: 60, denseBytes: 100)
            let starts = (1..<source.chunks.count).map { source.manifest.cuts.range(of: $0).start }
            func lying(_ starts: [Bytes32]) throws -> SnapshotManifest {
                SnapshotManifest(
                    chain: source.manifest.chain, epoch: source.manifest.epoch, cuts: try #require(ChunkCuts(starts)),
                    entries: 1, bytes: 1)
            }
            func isRefused(_ chunk: Int, as index: Int, of manifest: SnapshotManifest) -> Bool {
                (try? SnapshotImport.verified(source.chunks[chunk], index: index, of: manifest)) == nil
            }
            let honest = try lying(starts)
            #expect(!isRefused(2, as: 2, of: honest))
            // The end is not the state's.
            let short = try lying(Array(starts.prefix(2)))
            #expect(short.chunks == 3 && isRefused(2, as: 2, of: short))
            // One is left out.
            let gap = try lying(Array(starts.prefix(2) + starts.dropFirst(3)))
            #expect(isRefused(2, as: 2, of: gap) && isRefused(3, as: 2, of: gap))
            // One is too many, as close as can be.
            let more = try lying((starts + [try #require(starts[2].successor)]).sorted())
            #expect(isRefused(3, as: 3, of: more) && isRefused(3, as: 4, of: more))
            // A node that begins with such a manifest takes what is true of it, and waits for the rest.
            let importing = try SnapshotImport(short, trusting: source.trusted, in: home, mapGibibytes: 1)
            for index in 0..<2 {
                try importing.append(SnapshotImport.verified(source.chunks[index], index: index, of: short))
            }
            #expect(importing.next == 2 && !importing.isComplete)
            importing.close()
            let again = try source.begin(in: home)
            #expect(again.next >= 1)
            try source.take(again)
            try again.finish(progress: { _ in })
            try source.check(home)
        }
    }
}
