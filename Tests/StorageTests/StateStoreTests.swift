import Cryptography
import FoundationEssentials
import Primitives
import StateModel
import Storage
import Synchronization
import TestSupport
import Testing

private final class Done: Sendable {
    let isSet = Atomic(false)
    let reads = Atomic(0)
}

struct StateStoreTests {
    private var manual: StateStoreOptions {
        var options = StateStoreOptions()
        options.checkpointInterval = .seconds(3600)
        options.mapBytes = 1 << 30
        return options
    }

    private func index(_ number: Int, _ value: [UInt8]?) -> IndexWrite {
        IndexWrite(IndexKey(.infts, 1).appending(UInt64(number)), value)
    }

    @Test("Over random histories with checkpoints and restarts anywhere, the store reads like the flat model")
    func equalsModel() throws {
        for seed in UInt64(1)...8 {
            let scratch = try Scratch()
            var random = SeededRandom(seed: seed)
            var stores: Stores? = try Stores(scratch.path("home"), options: manual, isNew: true)
            var values: [Int: [UInt8]] = [:]
            var checkpointed: [Int: [UInt8]] = [:]
            var replay: [[(Int, [UInt8]?)]] = []
            for _ in 0..<40 {
                var block: [(Int, [UInt8]?)] = []
                for number in Set((0..<12).map { _ in Int.random(in: 0..<60, using: &random) }).sorted() {
                    block.append((number, Bool.random(using: &random) ? random.bytes(9) : nil))
                }
                for (number, value) in block { values[number] = value }
                replay.append(block)
                try stores?.commit(block.map { (key($0), $1) }, index: block.map { index($0, $1) })
                switch Int.random(in: 0..<8, using: &random) {
                case 0, 1:
                    try stores?.state.checkpoint()
                    checkpointed = values
                    replay = []
                case 2:
                    // As after a crash: only the checkpoint is there; the blocks above it are executed again.
                    stores = nil
                    let reopened = try Stores(scratch.path("home"), options: manual)
                    #expect(try contents(reopened) == checkpointed, "seed \(seed)")
                    for block in replay {
                        try reopened.commit(block.map { (key($0), $1) }, index: block.map { index($0, $1) })
                    }
                    stores = reopened
                default: break
                }
                #expect(try contents(try #require(stores)) == values, "seed \(seed)")
            }
        }
    }

    /// The whole content, by three ways that must agree: points, the walk over the state, and the index.
    private func contents(_ stores: Stores) throws -> [Int: [UInt8]] {
        let snapshot = try stores.state.snapshot()
        #expect(snapshot.root == stores.state.root && snapshot.height == stores.state.height)
        var points: [Int: [UInt8]] = [:]
        for number in 0..<60 { points[number] = try snapshot.read(key(number)) }
        let walked = try snapshot.entries(atOrAfter: .zero, limit: 1000)
        #expect(walked.count == points.count)
        for entry in walked { #expect(try snapshot.read(entry.key) == entry.value) }
        for isDescending in [false, true] {
            var listed: [IndexEntry] = []
            while true {
                let page = try snapshot.scan(
                    prefix: IndexKey(.infts, 1), after: listed.last?.key, limit: 7, descending: isDescending)
                listed += page
                if page.count < 7 { break }
            }
            let expected = points.keys.sorted().map { IndexEntry(index($0, []).key, value: points[$0] ?? []) }
            #expect(listed == (isDescending ? expected.reversed() : expected))
        }
        return points
    }

    @Test("After checkpoints of parts of pages every page, in memory and on disk, is the one that the entries make")
    func pagesOnDisk() throws {
        for seed in UInt64(1)...6 {
            let scratch = try Scratch()
            var random = SeededRandom(seed: seed)
            var options = manual
            // Room for all pages, or for four of them, so that they fall out and come back.
            if seed % 2 == 0 { options.cacheBytes = 8 << 10 }
            var stores: Stores? = try Stores(scratch.path("home"), options: options, isNew: true)
            var partial = 0
            for _ in 0..<8 {
                for _ in 0..<Int.random(in: 1..<5, using: &random) {
                    // About sixteen leaves under each node of depth 5, so that its page comes and goes.
                    let numbers = Set(
                        (0..<Int.random(in: 1..<300, using: &random)).map { _ in
                            Int.random(in: 0..<900, using: &random)
                        })
                    try stores?.commit(
                        numbers.sorted().map { (key($0), Int.random(in: 0..<3, using: &random) == 0 ? nil : [1]) })
                    partial += try #require(stores).state.snapshot().layers.first?.pages.count { !$0.isWhole } ?? 0
                }
                try stores?.state.checkpoint()
                try comparePages(try #require(stores), "seed \(seed)")
            }
            #expect(partial > 20)
            stores = nil
            try comparePages(try Stores(scratch.path("home"), options: options), "seed \(seed), reopened")
        }
    }

    private func comparePages(_ stores: Stores, _ what: String) throws {
        let snapshot = try stores.state.snapshot()
        #expect(snapshot.layers.isEmpty, "all of it is on disk")
        var builder = TrieBuilder()
        let entries = try snapshot.entries(atOrAfter: .zero, limit: 1_000)
        for entry in entries { try builder.append(path: entry.path, value: entry.value) }
        #expect(builder.finish() == snapshot.root, "\(what)")
        let pages = Dictionary(uniqueKeysWithValues: builder.takePages().map { ($0.key, $0.bytes) })
        for number in UInt64(0)..<32 {
            let key = TriePageKey(path: Bytes32(number << 59, 0, 0, 0), depth: 5)
            #expect(try snapshot.page(key) == pages[key] ?? nil, "\(what), page \(number)")
            let expected = entries.filter { $0.path.prefix(5) == key.path }
            #expect(try snapshot.leaves(under: key.path, depth: 5).map(\.hash) == expected.map(\.leaf), "\(what)")
        }
        #expect(try snapshot.page(.root) == pages[.root] ?? nil, "\(what)")
    }

    @Test("A snapshot stays what it was while blocks are pushed and checkpoints written; the next one sees them")
    func snapshotIsStable() throws {
        let scratch = try Scratch()
        let stores = try Stores(scratch.path("home"), options: manual, isNew: true)
        try stores.commit([(key(1), [1])])
        let before = try stores.state.snapshot()
        try stores.commit([(key(1), [2])])
        try stores.state.checkpoint()
        try stores.commit([(key(1), nil)])
        try stores.state.checkpoint()
        #expect(try before.read(key(1)) == [1] && before.height == .genesis)
        #expect(try stores.state.snapshot().read(key(1)) == nil)
        #expect(stores.state.checkpointHeight == Height(2) && stores.state.layerBytes == 0)
    }

    @Test("Readers on several threads always see one block's state whole, while blocks and checkpoints go on")
    func readersDuringCheckpoints() async throws {
        let scratch = try Scratch()
        var options = manual
        options.checkpointInterval = .zero
        let stores = try Stores(scratch.path("home"), options: options, isNew: true)
        try stores.commit((0..<64).map { (key($0), [0, 0]) }, index: [index(0, [0, 0])])
        let done = Done()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for reader in 0..<3 {
                group.addTask {
                    var random = SeededRandom(seed: UInt64(reader))
                    while !done.isSet.load(ordering: .relaxed) {
                        let snapshot = try stores.state.snapshot()
                        let height = try #require(snapshot.height)
                        let expected = [
                            UInt8(truncatingIfNeeded: height.value >> 8), UInt8(truncatingIfNeeded: height.value),
                        ]
                        for _ in 0..<8 {
                            let number = Int.random(in: 0..<64, using: &random)
                            try #require(try snapshot.read(key(number)) == expected)
                        }
                        try #require(
                            try snapshot.scan(
                                prefix: IndexKey(.infts, 1), after: nil, limit: 5, descending: false
                            ).map(\.value) == [expected])
                        let proof = try StateProof.make(key(3), in: snapshot)
                        try #require(proof.verifies(key(3), value: expected, root: snapshot.root))
                        done.reads.add(1, ordering: .relaxed)
                        await Task.yield()
                    }
                }
            }
            var height = 0
            while height < 300 || done.reads.load(ordering: .relaxed) < 60 {
                height += 1
                if height == 30_000 {
                    done.isSet.store(true, ordering: .relaxed)
                    Issue.record("the readers get no further")
                    break
                }
                let value = [UInt8(truncatingIfNeeded: height >> 8), UInt8(truncatingIfNeeded: height)]
                try stores.commit((0..<64).map { (key($0), value) }, index: [index(0, value)])
                await Task.yield()
            }
            done.isSet.store(true, ordering: .relaxed)
            try await group.waitForAll()
        }
        try await stores.state.checkpoint()
        #expect(stores.state.checkpointHeight == stores.state.height)
    }

    @Test("A copy of the directory taken at any moment opens at a block whose root the log's history gave")
    func copiesWhileRunning() throws {
        let scratch = try Scratch()
        var roots: [Height: Hash] = [:]
        let stores = try Stores(scratch.path("home"), options: manual, isNew: true)
        for round in 0..<6 {
            for number in 0..<10 {
                try stores.commit([(key(number), [UInt8(round)]), (key(100 + round), [UInt8(number)])])
                roots[try #require(stores.state.height)] = stores.state.root
                if number == 4 { try stores.state.checkpoint() }
            }
            // The order of a backup: state first, so that the log covers it.
            let copy = scratch.path("copy\(round)")
            let home = try Home.create(copy, network: network)
            try stores.state.copy(to: copy + "/state")
            try stores.log.copy(to: copy + "/log")
            let log = try BlockLog(in: home, mapBytes: 1 << 30)
            let state = try StateStore(in: home, log: log, options: manual)
            let height = try #require(state.height)
            #expect(state.root == roots[height] && log.tip?.height == stores.log.tip?.height)
            #expect(try #require(log.tip).height >= height)
        }
    }

    @Test("Layers out of order, ahead of the log, or on another base are refused")
    func order() throws {
        let scratch = try Scratch()
        let stores = try Stores(scratch.path("home"), options: manual, isNew: true)
        let empty = try stores.state.snapshot()
        let genesis = try StateLayer.make(height: .genesis, over: empty, changes: [(key(1), [1])], index: [])
        #expect(throws: StorageFailure.self, "the block is not logged") { try stores.state.push(genesis) }
        try stores.log.append(logged(0))
        try stores.state.push(genesis)
        #expect(throws: StorageFailure.self, "pushed already") { try stores.state.push(genesis) }
        try stores.log.append([logged(1), logged(2)])
        let stray = try StateLayer.make(height: Height(1), over: empty, changes: [], index: [])
        #expect(throws: StorageFailure.self, "lies on nothing, not on genesis") { try stores.state.push(stray) }
    }

    @Test("A snapshot held too long expires instead of holding the store's pages")
    func expires() throws {
        let scratch = try Scratch()
        var options = manual
        options.snapshotAge = .zero
        let stores = try Stores(scratch.path("home"), options: manual, isNew: true)
        try stores.commit([(key(1), [1])])
        try stores.state.checkpoint()
        let state = try #require(try? stores.state.snapshot())
        #expect(try state.read(key(1)) == [1])
        // With no age allowed at all, the first read says so.
        let other = try Scratch()
        let failure = #expect(throws: StorageFailure.self) {
            try Stores(other.path("home"), options: options, isNew: true)
        }
        #expect(failure?.description.contains("expired") == true)
    }

    @Test("Beyond its bound the store waits for a checkpoint, so memory stays bounded")
    func backPressure() throws {
        let scratch = try Scratch()
        var options = manual
        options.checkpointBytes = 1 << 30
        options.maximumLayerBytes = 200_000
        let stores = try Stores(scratch.path("home"), options: options, isNew: true)
        for round in 0..<50 {
            try stores.commit((0..<20).map { (key(round * 20 + $0), [UInt8](repeating: 1, count: 500)) })
            #expect(stores.state.layerBytes < 200_000)
        }
        #expect(stores.state.checkpointHeight != nil)
    }

    @Test("A state whose reserved size is used up stops taking blocks, and reopens at its last checkpoint")
    func mapFull() throws {
        let scratch = try Scratch()
        var options = manual
        options.mapBytes = 1 << 20
        var root = Hash.zero
        do {
            let stores = try Stores(scratch.path("home"), options: options, isNew: true)
            try stores.commit([(key(1), [1])])
            try stores.state.checkpoint()
            root = stores.state.root
            try stores.commit((0..<40).map { (key($0), [UInt8](repeating: 7, count: 60_000)) })
            let full = StorageFailure.mapFull(path: scratch.path("home/state"), bytes: 1 << 20)
            #expect(throws: full) { try stores.state.checkpoint() }
            #expect(throws: full, "nothing more can become durable") { try stores.commit([(key(2), [2])]) }
            #expect(try stores.state.snapshot().read(key(9))?.count == 60_000, "reads go on")
        }
        let reopened = try Stores(scratch.path("home"), options: manual)
        #expect(reopened.state.height == .genesis && reopened.state.root == root)
        #expect(reopened.log.tip?.height == Height(2))
    }

    @Test("A flipped byte in a value, a trie page or an index entry is found when it is read")
    func flippedBytes() throws {
        let scratch = try Scratch()
        let path = scratch.path("home")
        let value = [UInt8](repeating: 0xA5, count: 900)
        do {
            let stores = try Stores(path, options: manual, isNew: true)
            try stores.commit(
                (0..<40).map { (key($0), value) }, index: [index(5, [UInt8](repeating: 0x5A, count: 900))])
            try stores.state.checkpoint()
        }
        let original = try Data(contentsOf: URL(filePath: path + "/state/data.mdb"))
        let leaf = StateTrie.leaf(path: StateTrie.path(of: key(7)), value: value)
        let all = { (snapshot: LayeredSnapshot) throws in
            for number in 0..<40 { _ = try snapshot.read(key(number)) }
            _ = try snapshot.scan(prefix: IndexKey(.infts, 1), after: nil, limit: 10, descending: false)
            for number in 0..<40 { _ = try StateProof.make(key(number), in: snapshot) }
        }
        // Who passes through a small subtree reads no more of its entries than their leaves.
        let leaves = { (snapshot: LayeredSnapshot) throws in _ = try snapshot.leaves(under: .zero, depth: 0) }
        for (needle, read) in [
            (Data(value), all), (Data(repeating: 0x5A, count: 900), all), (Data(leaf.bytes.array), all),
            (Data(leaf.bytes.array), leaves),
        ] {
            var data = original
            // A page may stand twice in the file, where LMDB copied it before it wrote.
            var from = data.startIndex
            while let found = data[from...].firstRange(of: needle) {
                data[found.lowerBound + 13] ^= 0x40
                from = found.upperBound
            }
            try data.write(to: URL(filePath: path + "/state/data.mdb"))
            let stores = try Stores(path, options: manual)
            let snapshot = try stores.state.snapshot()
            let failure = #expect(throws: StateFailure.self) { try read(snapshot) }
            #expect(failure?.description.contains("fails its check") == true)
        }
    }
}
