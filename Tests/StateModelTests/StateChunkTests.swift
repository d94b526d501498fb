import Encoding
import Primitives
import StateModel
import TestSupport
import Testing

struct StateChunkTests {
    private func snapshot(_ entries: Int, seed: UInt64) throws -> LayeredSnapshot {
        var random = SeededRandom(seed: seed)
        let changes = (0..<entries).map { number in
            (key: StateKey(.revenue, 3, UInt64(number)), value: Optional(random.bytes(random.number(0..<60))))
        }
        let empty = LayeredSnapshot(EmptySnapshot())
        return empty.adding(try StateLayer.make(height: .genesis, over: empty, changes: changes, index: []))
    }

    @Test("The chunks of a state together are the state, each proven by itself, at every depth")
    func whole() throws {
        for (count, depths) in [(0, [0]), (1, [0]), (2, [0]), (37, [0, 1, 2]), (5_000, [0, 1, 4, 5, 6, 8])] {
            let state = try snapshot(count, seed: UInt64(count))
            let all = try state.entries(atOrAfter: .zero, limit: .max)
            for depth in depths {
                var found: [StateEntry] = []
                for index in 0..<1 << depth {
                    let chunk = try #require(try StateChunk.make(index, depth: depth, of: state), "\(count) \(depth)")
                    let read = try StateChunk(decoding: chunk.encoded)
                    #expect(read == chunk && read.depth == depth)
                    found += try read.verified(root: state.root)
                }
                #expect(found == all, "\(count) entries in 2^\(depth) chunks")
            }
        }
    }

    @Test("Where few entries begin with the same bits there is no chunk, and none is too large")
    func limits() throws {
        let small = try snapshot(3, seed: 1)
        #expect(try StateChunk.make(0, depth: 12, of: small) == nil)
        guard case .tooFew = try StateChunk.cut(0, depth: 12, of: small) else {
            Issue.record("three entries lie less deep")
            return
        }
        let empty = LayeredSnapshot(EmptySnapshot())
        let large = (0..<5).map {
            (key: StateKey(.revenue, 3, UInt64($0)), value: Optional([UInt8](repeating: 1, count: 1 << 20)))
        }
        let state = empty.adding(try StateLayer.make(height: .genesis, over: empty, changes: large, index: []))
        #expect(try StateChunk.make(0, depth: 0, of: state) == nil)
        guard case .tooLarge = try StateChunk.cut(0, depth: 0, of: state) else {
            Issue.record("five mebibytes are too large for a chunk")
            return
        }
    }

    @Test("An entry left out, added, changed or moved, and another place or root are refused")
    func wrong() throws {
        let state = try snapshot(900, seed: 3)
        let depth = 4
        let chunk = try #require(try StateChunk.make(5, depth: depth, of: state))
        let other = try #require(try StateChunk.make(6, depth: depth, of: state))
        func isRefused(_ index: Int, _ siblings: [Hash], _ entries: [StateChunk.Entry]) throws -> Bool {
            var writer = CBORWriter()
            writer.array(3)
            writer.write(UInt64(index))
            writer.write(siblings)
            writer.write(entries)
            let made = try StateChunk(decoding: writer.bytes)
            return (try? made.verified(root: state.root)) == nil
        }
        #expect(try !isRefused(5, chunk.siblings, chunk.entries))
        for index in chunk.entries.indices {
            var entries = chunk.entries
            entries.remove(at: index)
            #expect(try isRefused(5, chunk.siblings, entries))
        }
        #expect(try isRefused(5, chunk.siblings, []))
        #expect(try isRefused(5, chunk.siblings, Array(chunk.entries.prefix(1))))
        #expect(try isRefused(5, chunk.siblings, chunk.entries + other.entries.prefix(1)))
        #expect(try isRefused(5, chunk.siblings, chunk.entries.reversed()))
        #expect(try isRefused(6, chunk.siblings, chunk.entries))
        #expect(try isRefused(6, other.siblings, chunk.entries))
        #expect(try isRefused(5, Array(chunk.siblings.dropLast()), chunk.entries))
        #expect(try isRefused(5, [.zero] + chunk.siblings, chunk.entries))
        #expect(throws: StateFailure.self) { try chunk.verified(root: testHash("other")) }
    }

    @Test("hostile: of mutated chunks none is accepted")
    func mutated() throws {
        let state = try snapshot(200, seed: 4)
        let chunk = try #require(try StateChunk.make(1, depth: 2, of: state))
        let bytes = chunk.encoded
        var random = SeededRandom(seed: 4)
        for _ in 0..<min(hostileInputs ?? 3_000, 100_000) {
            let mutated = random.mutated(bytes)
            guard mutated != bytes, let made = try? StateChunk(decoding: mutated) else { continue }
            #expect((try? made.verified(root: state.root)) == nil)
        }
    }
}
