import Encoding
import Primitives
import StateModel
import TestSupport
import Testing

/// Cuts of states whose paths nobody could have made by hashing: as crowded as can be.
struct StateCutterTests {
    private struct Piece {
        let range: PathRange
        let chunk: StateChunk
        let leaves: [TrieLeaf]
    }

    private func makeModel(_ paths: some Sequence<Bytes32>, _ random: inout SeededRandom) throws -> ModelState {
        var model = ModelState()
        try model.apply(paths.map { StateWrite(path: $0, key: key(0), value: random.bytes(random.number(0..<30))) })
        return model
    }

    /// All of them, each with the leaves that the model has in its range.
    private func cut(_ model: ModelState, target: Int) throws -> [Piece] {
        var cutter = StateCutter(LayeredSnapshot(model), targetBytes: target)
        var pieces: [Piece] = []
        while let (range, chunk) = try cutter.cut() {
            let leaves = model.paths.filter(range.contains).map { path in
                TrieLeaf(path: path, hash: StateTrie.leaf(path: path, value: model.value(at: path) ?? []).bytes)
            }
            pieces.append(Piece(range: range, chunk: chunk, leaves: leaves))
        }
        return pieces
    }

    /// What is said of every state in Specs/state.md, Snapshots.
    private func check(_ model: ModelState, target: Int, _ what: Comment) throws {
        let pieces = try cut(model, target: target)
        let weights = pieces.map { $0.chunk.entries.reduce(0) { $0 + 16 + $1.key.bytes.count + $1.value.count } }
        #expect(pieces.first?.range.start == .zero && pieces.last?.range.end == nil, what)
        for (index, piece) in pieces.enumerated() {
            if index > 0 { #expect(pieces[index - 1].range.end == piece.range.start, what) }
            #expect(piece.chunk.entries.count == piece.leaves.count, what)
            #expect(piece.chunk.entries.count == 1 || weights[index] <= target, what)
            #expect(!piece.chunk.entries.isEmpty || pieces.count == 1, what)
            #expect(piece.chunk.siblings.count <= 512, what)
            #expect(piece.chunk.encoded.count <= weights[index] + 34 * piece.chunk.siblings.count + 8, what)
            #expect(try piece.range.root(of: piece.leaves, beside: piece.chunk.siblings) == model.root, what)
        }
        #expect(pieces.count <= 2 * weights.reduce(0, +) / target + 1, what)
        #expect(pieces.reduce(0) { $0 + $1.leaves.count } == model.paths.count, what)
    }

    @Test("Any state can be cut at any size: its chunks are disjoint, complete, bounded, few, and prove themselves")
    func anywhere() throws {
        for seed in UInt64(1)...100 {
            var random = SeededRandom(seed: seed)
            let model = try makeModel(random.crowds(), &random)
            for target in [1, 60, 300, 3_000] { try check(model, target: target, "seed \(seed), target \(target)") }
        }
    }

    @Test("Two entries that share all but any bit, with others on the way there or none")
    func deep() throws {
        var random = SeededRandom(seed: 5)
        let base = try #require(Bytes32(random.bytes(32)))
        func differing(_ bit: Int) -> Bytes32 {
            Bytes32 { base[$0] ^ ($0 == bit >> 3 ? 0x80 >> UInt8(bit & 7) : 0) }
        }
        for bit in [0, 1, 4, 5, 6, 23, 24, 25, 63, 64, 127, 128, 200, 249, 250, 254, 255] {
            let both = [base, differing(bit)]
            try check(try makeModel(both, &random), target: 1, "two at \(bit)")
            let pieces = try cut(try makeModel(both, &random), target: 1)
            #expect(pieces.map(\.range.start.significantBits).max() == bit + 1, "cut where they part")
            let way = both + (0..<bit).filter { _ in random.number(0..<2) == 0 }.map(differing)
            let crowded = try makeModel(Set(way), &random)
            for target in [1, 70, 200] { try check(crowded, target: target, "on the way to \(bit)") }
        }
        for count in 0...1 { try check(try makeModel([base].prefix(count), &random), target: 1, "\(count) entries") }
        // As deep as both ends can lie: 256 nodes beside each.
        let all = Set((0..<256).map(differing) + [base])
        try check(try makeModel(all, &random), target: 1, "one beside each node of the way")
    }

    @Test("Without an entry, with one more or another, no siblings of the state give its root")
    func incomplete() throws {
        for seed in UInt64(1)...40 {
            var random = SeededRandom(seed: seed)
            let model = try makeModel(random.crowds(), &random)
            for piece in try cut(model, target: 200) {
                func isRefused(_ leaves: [TrieLeaf], _ siblings: [Hash]? = nil) -> Bool {
                    (try? piece.range.root(of: leaves, beside: siblings ?? piece.chunk.siblings)) != model.root
                }
                #expect(!isRefused(piece.leaves))
                for index in piece.leaves.indices {
                    var leaves = piece.leaves
                    leaves.remove(at: index)
                    #expect(isRefused(leaves), "seed \(seed)")
                    leaves.insert(TrieLeaf(path: piece.leaves[index].path, hash: random.path()), at: index)
                    #expect(isRefused(leaves), "seed \(seed)")
                }
                for index in piece.chunk.siblings.indices {
                    var siblings = piece.chunk.siblings
                    siblings.remove(at: index)
                    #expect(isRefused(piece.leaves, siblings))
                    siblings.insert(Hash(random.path()), at: index)
                    #expect(isRefused(piece.leaves, siblings))
                }
                #expect(isRefused(piece.leaves, piece.chunk.siblings + [.zero]))
            }
        }
    }

    @Test("hostile: a range that ends where one entry lies proves nothing, whichever nodes are named beside it")
    func besideOneEntry() throws {
        var random = SeededRandom(seed: 6)
        // Left of the middle one entry, right of it two.
        let (low, high) = (Bytes32(1 << 60, 0, 0, 1), Bytes32(1 << 63, 0, 0, 1))
        let highest = Bytes32(3 << 62, 0, 0, 1)
        let model = try makeModel([low, high, highest], &random)
        func leaf(_ path: Bytes32) -> Hash { StateTrie.leaf(path: path, value: model.value(at: path) ?? []) }
        let right = StateTrie.inner(leaf(high), leaf(highest))
        #expect(StateTrie.inner(leaf(low), right) == model.root)
        let known = [Hash.zero, leaf(low), leaf(high), leaf(highest), right, model.root]
        // Both would leave the lowest entry out: one begins above it, one ends below it.
        let ranges = [
            PathRange(start: Bytes32(1 << 62, 0, 0, 0), end: Bytes32(1 << 63, 0, 0, 0)),
            PathRange(start: .zero, end: Bytes32(1 << 59, 0, 0, 0)),
        ]
        for range in ranges {
            var tried = 0
            for length in 0...4 {
                for number in 0..<[1, 6, 36, 216, 1_296][length] {
                    var rest = number
                    let siblings = (0..<length).map { _ in
                        defer { rest /= known.count }
                        return known[rest % known.count]
                    }
                    #expect((try? range.root(of: [], beside: siblings)) != model.root)
                    tried += 1
                }
            }
            #expect(tried == 1_555)
        }
        // A cut between two entries proves that there is nothing behind the last of its chunk.
        let cut = PathRange(start: .zero, end: Bytes32(1 << 63, 0, 0, 0))
        #expect(try cut.root(of: [TrieLeaf(path: low, hash: leaf(low).bytes)], beside: [right]) == model.root)
        #expect(try cut.root(of: [], beside: [right]) != model.root)
    }
}

extension SeededRandom {
    fileprivate mutating func path() -> Bytes32 { Bytes32(next(), next(), next(), next()) }
}
