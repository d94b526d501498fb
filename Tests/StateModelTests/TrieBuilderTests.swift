import Cryptography
import Primitives
import StateModel
import TestSupport
import Testing

struct TrieBuilderTests {
    private func built(_ model: ModelState) throws -> (root: Hash, pages: [TriePageKey: [UInt8]]) {
        var builder = TrieBuilder()
        var pages: [TriePageKey: [UInt8]] = [:]
        func take() throws {
            for page in builder.takePages() {
                let bytes = try #require(page.bytes)
                #expect(pages.updateValue(bytes, forKey: page.key) == nil, "a page is made once")
            }
        }
        for path in model.paths {
            try builder.append(path: path, value: try #require(model.value(at: path)))
            try take()
        }
        let root = builder.finish()
        try take()
        return (root, pages)
    }

    @Test("One pass over the entries gives the root and exactly the pages that updates make of them")
    func equalsUpdates() throws {
        for seed in UInt64(1)...80 {
            var random = SeededRandom(seed: seed)
            var model = ModelState()
            let count = [0, 1, 2, 3, 7, 40, 400, 3000][random.number(0..<8)]
            try model.apply((0..<count).map { StateWrite(key($0), random.bytes(random.number(0..<40))) })
            let (root, pages) = try built(model)
            #expect(root == model.root, "seed \(seed), \(count) entries")
            #expect(pages == model.pages, "seed \(seed), \(count) entries")
        }
    }

    @Test("Paths that share all but their last bits, across every page edge")
    func deepPaths() throws {
        for seed in UInt64(1)...120 {
            var random = SeededRandom(seed: seed)
            let base = try #require(Bytes32(random.bytes(32)))
            let depths = [0, 1, 4, 5, 6, 9, 10, 31, 63, 64, 65, 127, 128, 191, 192, 200, 249, 250, 254, 255]
            let paths =
                [base]
                + depths.map { depth in
                    Bytes32 { base[$0] ^ ($0 == depth >> 3 ? 0x80 >> UInt8(depth & 7) : 0) }
                }
            let chosen = (paths + random.crowds()).shuffled(using: &random)
                .prefix(random.number(1..<300))
            var model = ModelState()
            try model.apply(chosen.map { StateWrite(path: $0, key: key(0), value: random.bytes(3)) })
            let (root, pages) = try built(model)
            #expect(root == model.root && root == model.expectedRoot, "seed \(seed)")
            #expect(pages == model.pages, "seed \(seed)")
        }
    }

    @Test("An entry that does not lie behind the last one is refused, and changes nothing")
    func order() throws {
        var builder = TrieBuilder()
        let path = StateTrie.path(of: key(1))
        try builder.append(path: path, value: [1])
        #expect(throws: StateFailure.self) { try builder.append(path: path, value: [2]) }
        #expect(throws: StateFailure.self) { try builder.append(path: .zero, value: [2]) }
        #expect(builder.finish() == StateTrie.leaf(path: path, value: [1]))
        #expect(builder.finish() == StateTrie.emptyRoot, "a finished builder is empty")
    }
}
