import Encoding
import Primitives
import StateModel
import TestSupport
import Testing

struct ChunkCutsTests {
    private func bytes(_ starts: [[UInt8]]) -> [UInt8] {
        var writer = CBORWriter()
        writer.array(starts.count)
        for start in starts { writer.write(bytes: start) }
        return writer.bytes
    }

    private func path(_ bytes: [UInt8]) -> Bytes32 { Bytes32 { $0 < bytes.count ? bytes[$0] : 0 } }

    @Test("Whatever cuts decode, every path lies in one chunk, and chunks follow each other")
    func tiling() throws {
        for seed in UInt64(1)...60 {
            var random = SeededRandom(seed: seed)
            let starts = Set((0..<random.number(0..<40)).map { _ in path(random.bytes(random.number(1..<33))) })
                .subtracting([.zero]).sorted()
            let cuts = try #require(ChunkCuts(starts))
            #expect(try ChunkCuts(decoding: cuts.encoded) == cuts)
            #expect(cuts.count == starts.count + 1)
            let ranges = (0..<cuts.count).map { cuts.range(of: $0) }
            #expect(ranges.first?.start == .zero && ranges.last?.end == nil)
            for (range, next) in zip(ranges, ranges.dropFirst()) { #expect(range.end == next.start) }
            let last = Bytes32(.max, .max, .max, .max)
            for path in starts + starts.compactMap(\.successor) + [.zero, last, path(random.bytes(32))] {
                let index = cuts.index(of: path)
                #expect(ranges.indices.filter { ranges[$0].contains(path) } == [index])
            }
        }
    }

    @Test("hostile: a cut at zero, twice, backwards, written longer than it is, or one too many is refused")
    func refused() throws {
        #expect(try ChunkCuts(decoding: bytes([])) == .none)
        #expect(try ChunkCuts(decoding: bytes([[1], [1, 1], [2]])).count == 4)
        let full = [UInt8](repeating: 0, count: 31) + [1]
        #expect(try ChunkCuts(decoding: bytes([full])).range(of: 0).end == Bytes32(0, 0, 0, 1))
        for wrong: [[UInt8]] in [[[]], [[0]], [[1, 0]], [[1], [1]], [[2], [1]], [[1, 1], [1]], [full + [1]]] {
            #expect(throws: EncodingFailure.self) { try ChunkCuts(decoding: bytes(wrong)) }
        }
        func many(_ count: Int) -> [[UInt8]] {
            (1...count).map { [UInt8($0 >> 16), UInt8($0 >> 8 & 255), UInt8($0 & 255), 1] }
        }
        #expect(try ChunkCuts(decoding: bytes(many(ChunkCuts.maximumChunks - 1))).count == ChunkCuts.maximumChunks)
        #expect(throws: EncodingFailure.self) { try ChunkCuts(decoding: bytes(many(ChunkCuts.maximumChunks))) }
        #expect(ChunkCuts([.zero]) == nil && ChunkCuts([Bytes32(2, 0, 0, 0), Bytes32(1, 0, 0, 0)]) == nil)
    }

    @Test("hostile: mutated cuts are refused, or are others that cover every path")
    func mutated() throws {
        var random = SeededRandom(seed: 9)
        let starts = Set((0..<30).map { _ in path(random.bytes(5)) }).sorted()
        let bytes = try #require(ChunkCuts(starts)).encoded
        for _ in 0..<min(hostileInputs ?? 3_000, 100_000) {
            let mutated = random.mutated(bytes)
            guard let made = try? ChunkCuts(decoding: mutated) else { continue }
            #expect(made.encoded == mutated)
            for index in 1..<made.count { #expect(made.range(of: index - 1).end == made.range(of: index).start) }
        }
    }
}
