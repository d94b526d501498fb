import Encoding
import Primitives
import StateModel
import TestSupport
import Testing

struct StateChunkTests {
    private struct Piece {
        let range: PathRange
        let chunk: StateChunk
    }

    private func makeState(_ changes: [(key: StateKey, value: [UInt8]?)]) throws -> LayeredSnapshot {
        let empty = LayeredSnapshot(EmptySnapshot())
        return empty.adding(try StateLayer.make(height: .genesis, over: empty, changes: changes, index: []))
    }

    /// Entries spread over all paths; `dense` more, of `bytes` each, lie in one place.
    private func makeState(_ entries: Int, dense: Int = 0, bytes: Int = 0, seed: UInt64) throws -> LayeredSnapshot {
        var random = SeededRandom(seed: seed)
        let spread = (0..<entries).map { number in
            (key: StateKey(.revenue, 3, UInt64(number)), value: Optional(random.bytes(random.number(0..<60))))
        }
        let subject = Bytes32(seed, 1, 2, 3)
        let crowd = (0..<dense).map { number in
            let key = StateKey(.revenue, 9, subject, Bytes32(UInt64(number), 0, 0, 0))
            return (key: key, value: Optional(random.bytes(bytes)))
        }
        return try makeState(spread + crowd)
    }

    private func cut(_ state: LayeredSnapshot, target: Int) throws -> [Piece] {
        var cutter = StateCutter(state, targetBytes: target)
        var pieces: [Piece] = []
        while let (range, chunk) = try cutter.cut() { pieces.append(Piece(range: range, chunk: chunk)) }
        return pieces
    }

    /// The cuts, written and read, and each chunk's entries after its bytes were.
    private func check(_ state: LayeredSnapshot, target: Int) throws -> [Piece] {
        let pieces = try cut(state, target: target)
        let cuts = try ChunkCuts(decoding: try #require(ChunkCuts(pieces.dropFirst().map(\.range.start))).encoded)
        #expect(cuts.count == pieces.count)
        var found: [StateEntry] = []
        for (index, piece) in pieces.enumerated() {
            #expect(cuts.range(of: index) == piece.range)
            let read = try StateChunk(decoding: piece.chunk.encoded)
            #expect(read == piece.chunk)
            let entries = try read.verified(in: cuts.range(of: index), root: state.root)
            #expect(entries.allSatisfy { cuts.index(of: $0.path) == index })
            found += entries
        }
        #expect(try state.entries(atOrAfter: .zero, limit: .max) == found, "\(found.count) entries, target \(target)")
        return pieces
    }

    @Test("The chunks of a state together are the state, each proven by itself, at every size")
    func whole() throws {
        for (count, dense) in [(0, 0), (1, 0), (2, 0), (37, 0), (0, 1), (0, 2), (1, 40), (3_000, 0), (400, 400)] {
            let state = try makeState(count, dense: dense, bytes: 20, seed: UInt64(count + dense))
            for target in [1, 100, 1_000, 20_000, 1 << 20] {
                let pieces = try check(state, target: target)
                if target == 1 { #expect(pieces.count == max(1, count + dense)) }
            }
        }
    }

    @Test("Ten mebibytes in one place, between places with next to nothing, are cut into chunks of half a mebibyte")
    func densePlace() throws {
        let state = try makeState(50, dense: 10_000, bytes: 1_024, seed: 7)
        let target = StateCutter.targets[0]
        let pieces = try check(state, target: target)
        let sizes = pieces.map(\.chunk.encoded.count)
        #expect(sizes.reduce(0, +) > 10 << 20 && sizes.allSatisfy { $0 < target + 4_096 })
        #expect(pieces.count < 26, "\(pieces.count)")
        // Nearly all lie below one node at depth 24.
        #expect(pieces.dropFirst().allSatisfy { (25...48).contains($0.range.start.significantBits) })
    }

    @Test("One entry larger than a chunk should be has one to itself")
    func largeEntries() throws {
        let large = (0..<5).map {
            (key: StateKey(.revenue, 3, UInt64($0)), value: Optional([UInt8](repeating: 1, count: 1 << 20)))
        }
        let pieces = try check(try makeState(large), target: StateCutter.targets[0])
        #expect(pieces.map(\.chunk.entries.count) == [1, 1, 1, 1, 1])
        #expect(pieces.allSatisfy { $0.chunk.encoded.count < StateChunk.maximumBytes })
    }

    @Test("An entry left out, added, changed or moved, and another range or root are refused")
    func wrong() throws {
        let state = try makeState(300, dense: 300, bytes: 30, seed: 3)
        let pieces = try cut(state, target: 4_000)
        let index = pieces.count / 2
        let (piece, other) = (pieces[index], pieces[index + 1])
        let (range, chunk) = (piece.range, piece.chunk)
        func isRefused(_ range: PathRange, _ siblings: [Hash], _ entries: [StateChunk.Entry]) throws -> Bool {
            var writer = CBORWriter()
            writer.array(2)
            writer.write(siblings)
            writer.write(entries)
            let made = try StateChunk(decoding: writer.bytes)
            return (try? made.verified(in: range, root: state.root)) == nil
        }
        #expect(try !isRefused(range, chunk.siblings, chunk.entries))
        for index in chunk.entries.indices {
            var entries = chunk.entries
            entries.remove(at: index)
            #expect(try isRefused(range, chunk.siblings, entries))
        }
        #expect(try isRefused(range, chunk.siblings, []))
        #expect(try isRefused(range, chunk.siblings, Array(chunk.entries.prefix(1))))
        #expect(try isRefused(range, chunk.siblings, chunk.entries + other.chunk.entries.prefix(1)))
        #expect(try isRefused(range, chunk.siblings, chunk.entries + [chunk.entries[0]]))
        #expect(try isRefused(range, chunk.siblings, chunk.entries.reversed()))
        #expect(try isRefused(other.range, chunk.siblings, chunk.entries))
        #expect(try isRefused(other.range, other.chunk.siblings, chunk.entries))
        #expect(try isRefused(range, Array(chunk.siblings.dropLast()), chunk.entries))
        #expect(try isRefused(range, [.zero] + chunk.siblings, chunk.entries))
        #expect(throws: StateFailure.self) { try chunk.verified(in: range, root: testHash("other")) }
    }

    @Test("Cuts that leave a gap, overlap, come too soon or too late, or end early fit no chunk of the state")
    func tiling() throws {
        let state = try makeState(300, dense: 300, bytes: 30, seed: 8)
        let pieces = try cut(state, target: 4_000)
        func isRefused(_ range: PathRange, _ chunk: StateChunk) -> Bool {
            (try? chunk.verified(in: range, root: state.root)) == nil
        }
        for (index, piece) in pieces.enumerated() {
            #expect(!isRefused(piece.range, piece.chunk))
            if index + 1 < pieces.count {
                let next = pieces[index + 1].range
                #expect(isRefused(PathRange(start: piece.range.start, end: next.end), piece.chunk), "swallows the next")
                #expect(isRefused(PathRange(start: piece.range.start, end: nil), piece.chunk), "ends early")
                let last = piece.chunk.entries.last.map { StateTrie.path(of: $0.key) } ?? .zero
                #expect(isRefused(PathRange(start: piece.range.start, end: last), piece.chunk), "before its last entry")
                // Still between the same entries, but deeper than where they part.
                #expect(isRefused(PathRange(start: piece.range.start, end: last.successor), piece.chunk))
            }
            if index > 0 {
                let before = pieces[index - 1].range
                #expect(isRefused(PathRange(start: before.start, end: piece.range.end), piece.chunk), "swallows it")
                #expect(isRefused(PathRange(start: .zero, end: piece.range.end), piece.chunk))
            }
            for other in pieces where other.range != piece.range { #expect(isRefused(other.range, piece.chunk)) }
        }
        // Without entries nothing counts but a whole state that has none.
        let empty = try #require(try cut(try makeState([]), target: 1).first).chunk
        #expect(try empty.verified(in: .all, root: StateTrie.emptyRoot).isEmpty)
        #expect(isRefused(.all, empty))
        #expect(throws: StateFailure.self) {
            try empty.verified(in: PathRange(start: .zero, end: Bytes32(1, 0, 0, 0)), root: StateTrie.emptyRoot)
        }
    }

    @Test("hostile: of mutated chunks none is accepted")
    func mutated() throws {
        let state = try makeState(100, dense: 100, bytes: 20, seed: 4)
        let pieces = try cut(state, target: 3_000)
        var random = SeededRandom(seed: 4)
        for piece in pieces {
            let bytes = piece.chunk.encoded
            for _ in 0..<min(hostileInputs ?? 500, 20_000) {
                let mutated = random.mutated(bytes)
                guard mutated != bytes, let made = try? StateChunk(decoding: mutated) else { continue }
                #expect((try? made.verified(in: piece.range, root: state.root)) == nil)
            }
        }
    }
}
