import Cryptography
import Encoding
import Primitives
import StateModel
import TestSupport
import Testing

struct TrieTests {
    @Test("The root depends on the content alone, whatever the order and the batches of inserts and deletes")
    func rootDependsOnContent() throws {
        for seed in UInt64(1)...60 {
            var random = SeededRandom(seed: seed)
            var model = ModelState()
            let space = [4, 40, 400][random.number(0..<3)]
            for _ in 0..<random.number(1..<12) {
                try model.apply(
                    random.changes(random.number(1..<space), space: space).map { StateWrite($0.key, $0.value) })
                #expect(model.root == model.expectedRoot, "seed \(seed)")
            }
            // The same content, in one batch and one by one, has the same root and the same pages.
            let writes = model.values.values.map { StateWrite($0.key, $0.value) }.shuffled(using: &random)
            var whole = ModelState()
            try whole.apply(writes)
            var single = ModelState()
            for write in writes { try single.apply([write]) }
            #expect(whole.root == model.root && single.root == model.root, "seed \(seed)")
            #expect(whole.pages == model.pages && single.pages == model.pages, "seed \(seed)")
        }
    }

    @Test("Paths that part late, down to the last bit, and across every page edge")
    func deepPaths() throws {
        for seed in UInt64(1)...40 {
            var random = SeededRandom(seed: seed)
            let base = try #require(Bytes32(random.bytes(32)))
            var paths = [base]
            for depth in [0, 1, 4, 5, 6, 9, 10, 31, 63, 64, 65, 127, 128, 200, 249, 250, 254, 255] {
                let flipped = Bytes32 { base[$0] ^ ($0 == depth >> 3 ? 0x80 >> UInt8(depth & 7) : 0) }
                paths.append(flipped)
            }
            paths += random.crowds()
            var model = ModelState()
            for _ in 0..<12 {
                let chosen = paths.shuffled(using: &random).prefix(random.number(1..<paths.count))
                try model.apply(
                    chosen.map {
                        StateWrite(path: $0, key: key(0), value: random.number(0..<3) == 0 ? nil : random.bytes(3))
                    })
                #expect(model.root == model.expectedRoot, "seed \(seed)")
            }
            try model.apply(paths.map { StateWrite(path: $0, key: key(0), value: nil) })
            #expect(model.root == .zero && model.pages.isEmpty, "nothing is left of an empty trie")
        }
    }

    @Test("Below the root a subtree has a page while it has more than 16 leaves, whichever way it came to them")
    func pagesOfLargeSubtrees() throws {
        let first = StateTrie.path(of: key(0)).prefix(5)
        let keys = (0..<4000).map { key($0) }.filter { StateTrie.path(of: $0).prefix(5) == first }.prefix(40)
        let edge = TriePageKey(path: first, depth: 5)
        var model = ModelState()
        for (count, key) in keys.enumerated() {
            #expect((model.pages[edge] != nil) == (count > 16) && (model.pages[.root] != nil) == (count > 1))
            try model.apply([StateWrite(key, [1])])
        }
        for (gone, key) in keys.enumerated() {
            #expect((model.pages[edge] != nil) == (keys.count - gone > 16))
            try model.apply([StateWrite(key, nil)])
            #expect(model.root == model.expectedRoot)
        }
        #expect(model.pages.isEmpty && model.root == .zero)
    }

    @Test("A page is at most 1,996 bytes, and an empty or a single-leaf trie has none")
    func pages() throws {
        var model = ModelState()
        try model.apply([StateWrite(key(1), [1])])
        #expect(model.pages.isEmpty && model.root == StateTrie.leaf(path: StateTrie.path(of: key(1)), value: [1]))
        try model.apply((0..<4000).map { StateWrite(key($0), [2]) })
        let largest = model.pages.values.map(\.count).max() ?? 0
        #expect(largest == 1996)
        #expect(model.pages.keys.allSatisfy { $0.depth % 5 == 0 && $0.path.prefix(Int($0.depth)) == $0.path })
        try model.apply((1..<4000).map { StateWrite(key($0), nil) })
        #expect(model.pages.isEmpty)
    }

    @Test("Pages of another root, missing and damaged pages are failures, never an answer")
    func damage() throws {
        var model = ModelState()
        try model.apply((0..<100).map { StateWrite(key($0), [1]) })
        var other = model
        other.root = Hash(try #require(Bytes32([UInt8](repeating: 7, count: 32))))
        #expect(throws: StateFailure.self) { try other.apply([StateWrite(key(3), [2])]) }
        for page in model.pages.keys where page.depth > 0 {
            var lacking = model
            lacking.pages[page] = nil
            #expect(throws: StateFailure.self) { try lacking.apply((0..<100).map { StateWrite(key($0), [2]) }) }
            var cut = model
            cut.pages[page]?.removeLast()
            #expect(throws: StateFailure.self) { try cut.apply((0..<100).map { StateWrite(key($0), [2]) }) }
        }
        // Of two leaves under one node that has no page, the state has lost one.
        let counts = Dictionary(grouping: model.paths) { $0.prefix(5) }
        let pair = try #require(counts.values.first { $0.count == 2 })
        var lacking = model
        lacking.values[pair[0]] = nil
        let (lost, kept) = (try #require(model.values[pair[0]]).key, try #require(model.values[pair[1]]).key)
        #expect(throws: StateFailure.self) { try lacking.apply([StateWrite(kept, [2])]) }
        #expect(throws: StateFailure.self) { try StateProof.make(lost, in: LayeredSnapshot(lacking)) }
    }

    @Test("The empty root, a leaf and an inner node are the hashes that Specs/state.md gives")
    func definition() throws {
        let path = StateTrie.path(of: key(5))
        #expect(path == SHA256.hash([0x10] + key(5).bytes).bytes)
        #expect(
            StateTrie.leaf(path: path, value: [1, 2])
                == SHA256.hash([0x11] + path.array + SHA256.hash([1, 2]).bytes.array))
        let one = SHA256.hash([1])
        #expect(StateTrie.inner(one, .zero) == SHA256.hash([0x12] + one.bytes.array + Bytes32.zero.array))
    }
}

struct ProofTests {
    private func model(_ count: Int) throws -> LayeredSnapshot {
        var model = ModelState()
        try model.apply((0..<count).map { StateWrite(key($0), [UInt8(truncatingIfNeeded: $0)]) })
        return LayeredSnapshot(model)
    }

    @Test("A proof verifies if and only if the state says so", arguments: [0, 1, 2, 3, 50, 1000])
    func verifiesIffTrue(count: Int) throws {
        let snapshot = try model(count)
        for number in stride(from: 0, to: count + 60, by: max(1, count / 50)) {
            let proof = try StateProof.make(key(number), in: snapshot)
            let value: [UInt8]? = number < count ? [UInt8(truncatingIfNeeded: number)] : nil
            #expect(proof.verifies(key(number), value: value, root: snapshot.root))
            #expect(!proof.verifies(key(number), value: value == nil ? [0] : nil, root: snapshot.root))
            #expect(!proof.verifies(key(number), value: [9, 9], root: snapshot.root))
            #expect(!proof.verifies(key(number + 5000), value: value, root: snapshot.root) || value == nil)
            #expect(!proof.verifies(key(number), value: value, root: SHA256.hash([1])))
            #expect(try StateProof(decoding: proof.encoded) == proof)
        }
    }

    @Test("No change to a proof makes it prove something else")
    func hostileProofs() throws {
        let snapshot = try model(200)
        var random = SeededRandom(seed: 11)
        for _ in 0..<(hostileInputs ?? 3000) {
            let number = random.number(0..<260)
            let bytes = try StateProof.make(key(number), in: snapshot).encoded
            guard let changed = try? StateProof(decoding: random.mutated(bytes)) else { continue }
            let isTrue = changed.encoded == bytes
            let value: [UInt8]? = number < 200 ? [UInt8(truncatingIfNeeded: number)] : nil
            #expect(changed.verifies(key(number), value: value, root: snapshot.root) == isTrue || value == nil)
            #expect(!changed.verifies(key(number), value: value == nil ? [1] : nil, root: snapshot.root))
        }
    }

    @Test("More than 256 siblings are refused")
    func depthBound() {
        let proof = StateProof(siblings: Array(repeating: .zero, count: 257), terminal: .empty)
        #expect(!proof.verifies(key(1), value: nil, root: .zero))
        #expect(throws: (any Error).self) { try StateProof(decoding: proof.encoded) }
    }
}
