import FoundationEssentials
import Primitives
import StateModel
import Storage
import TestSupport
import Testing

/// Checkpoints under load, held to their bounds.
struct CheckpointTests {
    private var manual: StateStoreOptions {
        var options = StateStoreOptions()
        options.checkpointInterval = .seconds(3600)
        options.mapBytes = 1 << 32
        return options
    }

    private func fileBytes(_ path: String) throws -> Int {
        let size = try FileManager.default.attributesOfItem(atPath: path + "/state/data.mdb")[.size]
        return Int(try #require(size as? UInt64))
    }

    /// Rewrites the same entries round after round, with a snapshot taken each tenth round and kept to the end.
    private func rewrite(rounds: Int, age: Duration) throws -> (bytes: Int, snapshots: [LayeredSnapshot]) {
        let scratch = try Scratch()
        var options = manual
        options.snapshotAge = age
        let stores = try Stores(scratch.path("home"), options: options, isNew: true)
        var random = SeededRandom(seed: 5)
        var held: [LayeredSnapshot] = []
        for round in 0..<rounds {
            try stores.commit((0..<100).map { (key($0), random.bytes(300)) })
            try stores.state.checkpoint()
            if round.isMultiple(of: 10) { held.append(try stores.state.snapshot()) }
        }
        return (try fileBytes(scratch.path("home")), held)
    }

    @Test("Snapshots that are taken and kept don't make the file grow: they expire, and say so")
    func keptSnapshots() throws {
        // Long enough for the round itself, on a busy machine too.
        let age = Duration.milliseconds(50)
        let kept = try rewrite(rounds: 600, age: age)
        // The control: were they never ended, every round would need pages of its own.
        let unbounded = try rewrite(rounds: 600, age: .seconds(3600))
        #expect(kept.bytes * 4 < unbounded.bytes, "\(kept.bytes) bytes against \(unbounded.bytes)")
        let failure = #expect(throws: StateFailure.self) { try kept.snapshots[0].read(key(1)) }
        #expect(failure?.description.contains("expired") == true)
        #expect(try unbounded.snapshots[0].read(key(1))?.count == 300)
    }

    @Test("Layers stay below their bound while checkpoints run beside the pushes, and nothing is lost on the way")
    func backPressureUnderLoad() throws {
        let scratch = try Scratch()
        var options = manual
        options.checkpointBytes = 200_000
        options.maximumLayerBytes = 600_000
        var root = StateTrie.emptyRoot
        do {
            let stores = try Stores(scratch.path("home"), options: options, isNew: true)
            var most = 0
            for round in 0..<400 {
                try stores.commit(
                    (0..<40).map {
                        (key((round * 7 + $0 * 131) % 5000), [UInt8](repeating: UInt8(round & 255), count: 400))
                    })
                most = max(most, stores.state.layerBytes)
            }
            #expect(most < 600_000, "\(most) bytes")
            #expect(most > 200_000, "the bound was never near, so nothing was proved")
            root = stores.state.root
            try stores.state.checkpoint()
        }
        let reopened = try Stores(scratch.path("home"), options: options)
        #expect(reopened.state.root == root && reopened.state.height == Height(399))
        // What is on disk is whole: the trie made anew from the entries has the same root.
        var builder = TrieBuilder()
        for entry in try reopened.state.snapshot().entries(atOrAfter: .zero, limit: .max) {
            try builder.append(path: entry.path, value: entry.value)
        }
        #expect(builder.finish() == root)
    }

    @Test("A checkpoint of many parts, and one with more pages than parts may change, write what a small one would")
    func parts() throws {
        for partedPages in [0, 9_000, 100_000] {
            let scratch = try Scratch()
            var options = manual
            options.partedPages = partedPages
            var root = StateTrie.emptyRoot
            do {
                let stores = try Stores(scratch.path("home"), options: options, isNew: true)
                let index = (0..<9_000).map { IndexWrite(IndexKey(.infts, 1).appending(UInt64($0)), [1]) }
                try stores.commit(
                    (0..<9_000).map { (key($0), [UInt8](repeating: 1, count: $0.isMultiple(of: 500) ? 9_000 : 40)) },
                    index: index)
                try stores.state.checkpoint()
                // Beside those that are there: changed, removed and new ones, on free pages of the first.
                for round in 0..<3 {
                    try stores.commit(
                        (0..<12_000).map { ($0 % 3 == round ? (key($0), nil) : (key($0), [UInt8(round), 7])) },
                        index: index.map {
                            IndexWrite($0.key, $0.key.bytes.last.map { $0 % 2 == 0 } == true ? nil : [2])
                        })
                    try stores.state.checkpoint()
                }
                root = stores.state.root
            }
            let reopened = try Stores(scratch.path("home"), options: options)
            #expect(reopened.state.root == root && reopened.state.checkpointHeight == Height(3))
            let snapshot = try reopened.state.snapshot()
            var builder = TrieBuilder()
            let entries = try snapshot.entries(atOrAfter: .zero, limit: .max)
            for entry in entries { try builder.append(path: entry.path, value: entry.value) }
            #expect(entries.count == 8_000 && builder.finish() == root)
            let index = try snapshot.scan(prefix: IndexKey(.infts, 1), after: nil, limit: .max, descending: false)
            #expect(index.count == 4_500 && index.allSatisfy { $0.value == [2] && $0.key.bytes[8] % 2 == 1 })
        }
    }

    @Test("Parts that change more pages than LMDB keeps of a transaction are followed by writes without parts")
    func pagesBeyondParts() throws {
        let scratch = try Scratch()
        var options = manual
        // As if the estimate were wrong, so that LMDB itself says that it is full.
        options.partedPages = .max
        options.checkpointBytes = 1 << 40
        options.maximumLayerBytes = 1 << 40
        var root = StateTrie.emptyRoot
        let count = 135_000
        do {
            let stores = try Stores(scratch.path("home"), options: options, isNew: true)
            for start in stride(from: 0, to: count, by: 15_000) {
                // Each on a page of its own, one for each of these more than the 131,071 that there may be.
                try stores.commit((start..<start + 15_000).map { (key($0), [UInt8](repeating: 7, count: 2_100)) })
            }
            try stores.state.checkpoint()
            root = stores.state.root
        }
        let reopened = try Stores(scratch.path("home"), options: options)
        #expect(reopened.state.root == root)
        var builder = TrieBuilder()
        let entries = try reopened.state.snapshot().entries(atOrAfter: .zero, limit: .max)
        for entry in entries { try builder.append(path: entry.path, value: entry.value) }
        #expect(entries.count == count && builder.finish() == root)
    }

    @Test("A push that alone is above the bound is written at once, and the next one finds room")
    func largeLayer() throws {
        let scratch = try Scratch()
        var options = manual
        options.maximumLayerBytes = 100_000
        let stores = try Stores(scratch.path("home"), options: options, isNew: true)
        try stores.commit((0..<50).map { (key($0), [UInt8](repeating: 1, count: 4_000)) })
        #expect(stores.state.layerBytes == 0 && stores.state.checkpointHeight == .genesis)
        try stores.commit([(key(1), [2])])
        #expect(stores.state.layerBytes > 0)
    }
}
