import Primitives
import StateModel
import TestSupport
import Testing

struct LayerTests {
    /// Random blocks; each gives a layer on the one before, and goes into the model.
    private func history(
        _ random: inout SeededRandom, blocks: Int
    ) throws -> (snapshots: [LayeredSnapshot], models: [ModelState]) {
        var snapshot = LayeredSnapshot(EmptySnapshot())
        var model = ModelState()
        var snapshots: [LayeredSnapshot] = []
        var models: [ModelState] = []
        for height in 0..<blocks {
            let index = (0..<random.number(0..<12)).map { _ in
                IndexWrite(random.indexKey(), random.number(0..<3) == 0 ? nil : random.bytes(2))
            }
            let layer = try StateLayer.make(
                height: Height(UInt64(height)), over: snapshot,
                changes: random.changes(random.number(1..<20), space: 30),
                index: index)
            try model.apply(layer)
            snapshot = snapshot.adding(layer)
            snapshots.append(snapshot)
            models.append(model)
        }
        return (snapshots, models)
    }

    private func compare(_ snapshot: LayeredSnapshot, _ model: ModelState, _ random: inout SeededRandom) throws {
        #expect(snapshot.root == model.root && model.root == model.expectedRoot && snapshot.height == model.height)
        for number in 0..<32 { #expect(try snapshot.read(key(number)) == model.read(key(number))) }
        for page in model.pages.keys { #expect(try snapshot.page(page) == model.pages[page]) }
        for _ in 0..<12 {
            let start = try #require(Bytes32(random.bytes(32)))
            let limit = random.number(0..<8)
            let depth = random.number(0..<7)
            let prefix = start.prefix(depth)
            #expect(
                try snapshot.leaves(under: prefix, depth: depth) == model.leaves(under: prefix, depth: depth))
            #expect(
                try snapshot.entries(atOrAfter: start, limit: limit) == model.entries(atOrAfter: start, limit: limit))
            let table = random.number(0..<2) == 0 ? IndexKey(.infts, UInt8(random.number(0..<3))) : random.indexKey()
            let after = random.number(0..<2) == 0 ? nil : random.indexKey()
            let isDescending = random.number(0..<2) == 0
            #expect(
                try snapshot.scan(prefix: table, after: after, limit: limit, descending: isDescending)
                    == model.scan(prefix: table, after: after, limit: limit, descending: isDescending))
            let key = random.indexKey()
            #expect(try snapshot.get(key) == model.get(key))
        }
    }

    @Test("Layers read like the flat state they stand for: values, pages, and ranges both ways, with limits")
    func layersEqualFlatModel() throws {
        for seed in UInt64(1)...60 {
            var random = SeededRandom(seed: seed)
            let (snapshots, models) = try history(&random, blocks: random.number(1..<10))
            for (snapshot, model) in zip(snapshots, models) { try compare(snapshot, model, &random) }
        }
    }

    @Test("Merged one by one, more blocks than a layer keeps pieces of read the same, and what was replaced goes")
    func manyBlocks() throws {
        for seed in UInt64(200)...203 {
            var random = SeededRandom(seed: seed)
            let (snapshots, models) = try history(&random, blocks: 90)
            let layers = try #require(snapshots.last).layers
            let model = try #require(models.last)
            let all = layers.reduce(0) { $0 + $1.byteCount }
            let oldest = layers[layers.count - 1]
            let merged = layers.dropLast().reversed().reduce(oldest) { .merging(older: $0, newer: $1) }
            let snapshot = LayeredSnapshot(EmptySnapshot(), layersNewestFirst: [merged])
            #expect(snapshot.root == model.root)
            #expect(merged.byteCount < all * 3 / 4, "\(merged.byteCount) of \(all)")
            for _ in 0..<10 { try compare(snapshot, model, &random) }
        }
    }

    @Test("Layers over a base that holds part of the history, and layers merged in any grouping, read the same")
    func mergedAndBased() throws {
        for seed in UInt64(100)...160 {
            var random = SeededRandom(seed: seed)
            let (snapshots, models) = try history(&random, blocks: 8)
            let layers = Array(snapshots[7].layers.reversed())
            let cut = random.number(0..<8)
            var merged: [StateLayer] = []
            for layer in layers[(cut + 1)...] {
                if let last = merged.first, random.number(0..<2) == 0 {
                    merged[0] = .merging(older: last, newer: layer)
                } else {
                    merged.insert(layer, at: 0)
                }
            }
            try compare(LayeredSnapshot(models[cut], layersNewestFirst: merged), models[7], &random)
        }
    }

    @Test("Layers hold what changed of a page; merged in any grouping, and over any base, pages come out whole")
    func pagesOfLayers() throws {
        var partial = 0
        var gone = 0
        for seed in UInt64(200)...212 {
            var random = SeededRandom(seed: seed)
            var snapshot = LayeredSnapshot(EmptySnapshot())
            var models = [ModelState()]
            for height in 0..<8 {
                // About sixteen leaves under each node of depth 5, so that its page comes and goes.
                let layer = try StateLayer.make(
                    height: Height(UInt64(height)), over: snapshot,
                    changes: random.changes(random.number(1..<500), space: 900), index: [])
                snapshot = snapshot.adding(layer)
                var model = models[height]
                try model.apply(layer)
                #expect(model.root == model.expectedRoot)
                models.append(model)
                partial += layer.pages.count { !$0.isWhole }
                gone += layer.pages.count { $0.isGone }
            }
            let layers = Array(snapshot.layers.reversed())
            let cut = random.number(0..<8)
            var merged: [StateLayer] = []
            for layer in layers[cut...] {
                if let last = merged.first, random.number(0..<2) == 0 {
                    merged[0] = .merging(older: last, newer: layer)
                } else {
                    merged.insert(layer, at: 0)
                }
            }
            let read = LayeredSnapshot(models[cut], layersNewestFirst: merged)
            for key in Set(models.flatMap { Array($0.pages.keys) }) {
                #expect(try read.page(key) == models[8].pages[key] && snapshot.page(key) == models[8].pages[key])
            }
            var atOnce = models[cut]
            try atOnce.apply(merged.dropFirst().reduce(merged[0]) { .merging(older: $1, newer: $0) })
            #expect(atOnce.pages == models[8].pages)
        }
        #expect(partial > 100 && gone > 20)
    }

    @Test("Branches on one parent don't see each other")
    func branches() throws {
        let parent = LayeredSnapshot(EmptySnapshot())
        let genesis = try StateLayer.make(height: .genesis, over: parent, changes: [(key(1), [1])], index: [])
        let base = parent.adding(genesis)
        let one = base.adding(try StateLayer.make(height: Height(1), over: base, changes: [(key(1), nil)], index: []))
        let other = base.adding(try StateLayer.make(height: Height(1), over: base, changes: [(key(2), [2])], index: []))
        #expect(try one.read(key(1)) == nil && one.read(key(2)) == nil && one.root == .zero)
        #expect(try other.read(key(1)) == [1] && other.read(key(2)) == [2])
    }

    @Test("An index key that the store can't hold is a failure while the block is made")
    func longIndexKey() {
        let snapshot = LayeredSnapshot(EmptySnapshot())
        let long = IndexKey(stored: [UInt8](repeating: 1, count: 512))
        #expect(throws: StateFailure.self) {
            try StateLayer.make(height: .genesis, over: snapshot, changes: [], index: [IndexWrite(long, [])])
        }
    }
}
