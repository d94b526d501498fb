import Encoding
import Foundation
import Node
import Primitives
import Proofs
import StateModel
import Storage
import Testing

/// Snapshots in folders, written and taken.
@Suite struct SnapshotFolderTests {
    private func withFolder(_ body: (String) throws -> Void) throws {
        let path = NSTemporaryDirectory() + "mednexus-snapshot-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try body(path)
    }

    @Test("A state with ten mebibytes in one place is written, copied and taken, and its root is the same")
    func densePlace() throws {
        try SnapshotSource.withHome { home in
            let source = try SnapshotSource(home, entries: 60, dense: 10_000, denseBytes: 1_024)
            try withFolder { path in
                var done: [Int] = []
                let made = try SnapshotFolder.write(source.state, chain: source.manifest.chain, to: path) {
                    done.append($0)
                }
                #expect(made.manifest.bytes > 10 << 20 && done == Array(1...made.manifest.chunks))
                #expect((20...25).contains(made.manifest.chunks), "\(made.manifest.chunks)")
                for index in 0..<made.manifest.chunks {
                    let size = try FileManager.default.attributesOfItem(atPath: "\(path)/chunk-\(index)")[.size]
                    #expect((size as? UInt64).map { $0 < 516 << 10 } ?? false)
                }
                // Where it is cut follows from the state alone.
                try withFolder { other in
                    let again = try SnapshotFolder.write(source.state, chain: source.manifest.chain, to: other) { _ in }
                    #expect(again.manifest == made.manifest)
                }
                var taken = 0
                let listing = try Snapshots.take(
                    from: path, into: home, checkpoint: "", mapGibibytes: 1,
                    progress: { index, count in
                        taken += 1
                        #expect(index == taken && count == made.manifest.chunks)
                    }, finishing: { _ in })
                #expect(taken == made.manifest.chunks && listing.chunks == taken)
                try source.check(home)
            }
        }
    }

    @Test("A state of too many chunks is cut into larger ones, and refused if those are too many as well")
    func targets() throws {
        try SnapshotSource.withHome { home in
            let source = try SnapshotSource(home, entries: 600)
            try withFolder { path in
                func write(_ targets: [Int], atMost count: Int) throws -> SnapshotManifest {
                    try SnapshotFolder.write(
                        source.state, chain: source.manifest.chain, to: path, targets: targets, maximumChunks: count
                    ) { _ in }
                    .manifest
                }
                let one = try write([6_000], atMost: source.chunks.count)
                #expect(one.cuts == source.manifest.cuts)
                let larger = try write([6_000, 20_000], atMost: source.chunks.count - 1)
                #expect(larger.chunks < source.chunks.count && larger.chunks > 1)
                let files = try FileManager.default.contentsOfDirectory(atPath: path)
                #expect(files.count == larger.chunks + 1, "nothing of the first is left")
                #expect(throws: NodeFailure.self) { try write([6_000, 7_000], atMost: 2) }
                #expect(try SnapshotFolder.open(path) == nil, "it is none")
            }
        }
    }

    @Test("A snapshot of the earlier format is refused by its number, also where its import was interrupted")
    func earlierFormat() throws {
        try SnapshotSource.withHome { home in
            let source = try SnapshotSource(home, entries: 10)
            var writer = CBORWriter()
            writer.array(6)
            writer.write(UInt64(1))
            writer.write(source.manifest.chain)
            writer.write(source.manifest.epoch)
            for number in [UInt64(3), 10, 1_000] { writer.write(number) }
            let earlier = writer.bytes
            func refusal(_ body: () throws -> Void) -> NodeFailure? {
                do {
                    try body()
                    return nil
                } catch {
                    return error as? NodeFailure
                }
            }
            func isTold(_ failure: NodeFailure?) -> Bool {
                failure?.exit == .configuration && failure?.message.contains("format 1") ?? false
                    && failure?.message.contains("format 2") ?? false
            }
            try withFolder { path in
                try FileDisk.making(path).replace("manifest", with: earlier)
                #expect(isTold(refusal { _ = try SnapshotFolder.open(path) }))
            }
            try FileDisk.making(home.storageDirectory).replace("snapshot", with: earlier)
            let told = refusal { _ = try SnapshotImport.interrupted(in: home) }
            #expect(isTold(told) && told?.hint.contains("Remove the folder") ?? false)
            // Those of a node's own are in nobody's way.
            let own = home.snapshotsFolder + "/40"
            try FileManager.default.createDirectory(atPath: own, withIntermediateDirectories: true)
            try FileDisk.making(own).replace("manifest", with: earlier)
            #expect(Snapshots.list(home).isEmpty)
            try SnapshotFolder.removeUnusable(in: home)
            #expect(!FileManager.default.fileExists(atPath: own))
        }
    }

    @Test("Evidence that is too large is refused before anything of the state is read, and what was there stays")
    func largeEvidence() throws {
        try SnapshotSource.withHome { home in
            let source = try SnapshotSource(home, entries: 100)
            let chain = source.manifest.chain
            let header = try #require(chain.headers.first)
            // No genuine one has so many headers; it is refused for its size alone.
            let large = ChainEvidence(
                checkpoint: chain.checkpoint, validators: chain.validators, hops: [],
                headers: Array(repeating: header, count: SnapshotManifest.maximumBytes / header.encoded.count + 1),
                certificate: chain.certificate)
            try withFolder { path in
                let before = try SnapshotFolder.write(source.state, chain: chain, to: path) { _ in }
                var done = 0
                #expect(throws: NodeFailure.self) {
                    try SnapshotFolder.write(source.state, chain: large, to: path) { done = $0 }
                }
                #expect(done == 0)
                #expect(try SnapshotFolder.open(path)?.manifest == before.manifest)
            }
        }
    }

    @Test("A snapshot that can't be read for a moment is not removed; what is known to be none is")
    func unreadable() throws {
        try SnapshotSource.withHome { home in
            let source = try SnapshotSource(home, entries: 100)
            let manager = FileManager.default
            func folder(_ name: String) -> String { home.snapshotsFolder + "/" + name }
            func isThere(_ name: String) -> Bool { (try? manager.attributesOfItem(atPath: folder(name))) != nil }
            try manager.createDirectory(atPath: home.snapshotsFolder, withIntermediateDirectories: true)
            for name in ["40", "80", "120", "160", "200"] {
                _ = try SnapshotFolder.write(source.state, chain: source.manifest.chain, to: folder(name)) { _ in }
            }
            // Reading it fails (EISDIR, whoever runs this) though it is there.
            try manager.removeItem(atPath: folder("80/manifest"))
            try manager.createDirectory(atPath: folder("80/manifest"), withIntermediateDirectories: false)
            // The folder itself can't be listed (ELOOP): what it holds is not known.
            try manager.createSymbolicLink(atPath: folder("81"), withDestinationPath: folder("81"))
            // Half written; of no format at all; not a snapshot's name.
            try manager.removeItem(atPath: folder("120/manifest"))
            try FileDisk(folder("160")).replace("manifest", with: [1, 2, 3])
            try manager.moveItem(atPath: folder("200"), toPath: folder("kept"))
            try manager.removeItem(atPath: folder("kept/manifest"))
            #expect(Snapshots.list(home).count == 1)
            try SnapshotFolder.removeUnusable(in: home)
            #expect(isThere("40") && isThere("80") && isThere("81") && isThere("kept"))
            #expect(!isThere("120") && !isThere("160"))
            // It can be read again.
            try manager.removeItem(atPath: folder("80/manifest"))
            try FileDisk(folder("80")).replace("manifest", with: source.manifest.encoded)
            #expect(Snapshots.list(home).count == 2)
        }
    }
}
