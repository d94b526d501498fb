import ContentFormat
import Cryptography
import Encoding
import Fixtures
import Primitives
import TestSupport
import Testing

@Suite struct RangeTests {
    @Test("every range of every small content is proven, and nothing beside it")
    func ranges() throws {
        for count in 1...20 as ClosedRange<UInt64> {
            let leaves = (0..<count).map { MerkleLog.leafHash([UInt8($0)]) }
            let layout = try ContentLayout(size: count * UInt64(sealedChunk))
            let root = MerkleLog.root(ofLeafHashes: leaves)
            for first in 0..<count {
                for end in first + 1...count {
                    let proof = try ContentRangeProof(of: first..<end, leaves: leaves)
                    let part = Array(leaves[Int(first)..<Int(end)])
                    try proof.verify(leaves: part, root: root, layout: layout)
                    #expect(proof.siblings.count <= 10)
                    #expect(try ContentRangeProof(decoding: proof.encoded) == proof)
                    let refused = ContentFailure.rangeNotProven(first: first, count: end - first)
                    func refuses(_ proof: ContentRangeProof, _ leaves: [Hash], _ root: Hash) {
                        #expect(throws: refused) { try proof.verify(leaves: leaves, root: root, layout: layout) }
                    }
                    refuses(proof, part.dropLast(), root)
                    refuses(proof, part + [.zero], root)
                    refuses(proof, [.zero] + part.dropFirst(), root)
                    refuses(proof, part, .zero)
                    if part.count > 1 { refuses(proof, part.reversed(), root) }
                    for place in proof.siblings.indices {
                        var siblings = proof.siblings
                        siblings[place] = .zero
                        refuses(try changed(proof, siblings), part, root)
                        siblings.remove(at: place)
                        refuses(try changed(proof, siblings), part, root)
                    }
                    refuses(try changed(proof, proof.siblings + [.zero]), part, root)
                }
            }
            let late = try changed(ContentRangeProof(of: 0..<1, leaves: leaves), [], first: count)
            #expect(throws: ContentFailure.impossibleRange(first: count, count: 1)) {
                try late.verify(leaves: [.zero], root: root, layout: layout)
            }
            #expect(throws: ContentFailure.self) { try ContentRangeProof(of: 0..<count + 1, leaves: leaves) }
            #expect(throws: ContentFailure.self) { try ContentRangeProof(of: 0..<0, leaves: leaves) }
            #expect(throws: ContentFailure.self) { try ContentRangeProof(of: 1..<UInt64.max, leaves: leaves) }
            #expect(throws: ContentFailure.self) { try layout.chunks(holding: 1..<UInt64.max) }
        }
    }

    private func changed(_ proof: ContentRangeProof, _ siblings: [Hash], first: UInt64? = nil) throws
        -> ContentRangeProof
    {
        var writer = CBORWriter()
        writer.array(3)
        writer.write(first ?? proof.chunks.lowerBound)
        writer.write(UInt64(proof.chunks.count))
        writer.write(siblings)
        return try ContentRangeProof(decoding: writer.bytes)
    }

    @Test("the chunks at the end prove the size; those before it are the same chunks in either tree")
    func otherSize() throws {
        let leaves = (0..<8).map { MerkleLog.leafHash([$0]) }
        let root = MerkleLog.root(ofLeafHashes: leaves)
        for count in 1...9 as ClosedRange<UInt64> where count != 8 {
            let other = try ContentLayout(size: count * UInt64(sealedChunk))
            let end = try ContentRangeProof(of: 7..<8, leaves: leaves)
            #expect(throws: ContentFailure.self) {
                try end.verify(leaves: Array(leaves[7...]), root: root, layout: other)
            }
            let last = try changed(end, end.siblings, first: count - 1)
            #expect(throws: ContentFailure.rangeNotProven(first: count - 1, count: 1)) {
                try last.verify(leaves: [leaves[Int(min(count, 8)) - 1]], root: root, layout: other)
            }
        }
    }

    @Test("ciphertext of a range is proven whole: cut short, too long or changed it is refused")
    func ciphertext() throws {
        let sample = try Sample(streamSize: 6 * chunk + 99)
        for chunks in [0..<1, 2..<5, 6..<7, 0..<7, 5..<7] as [Range<UInt64>] {
            let proof = try ContentRangeProof(of: chunks, leaves: sample.leaves)
            let range = sample.layout.ciphertextRange(chunks)
            let part = Array(sample.ciphertext[Int(range.lowerBound)..<Int(range.upperBound)])
            try proof.verify(ciphertext: part, root: sample.root, layout: sample.layout)
            let size = UInt64(part.count)
            #expect(throws: ContentFailure.truncated(found: size - 1, expected: size)) {
                try proof.verify(ciphertext: part.dropLast(), root: sample.root, layout: sample.layout)
            }
            #expect(throws: ContentFailure.trailing(found: size + 1, expected: size)) {
                try proof.verify(ciphertext: part + [0], root: sample.root, layout: sample.layout)
            }
            var bad = part
            bad[bad.count / 2] ^= 1
            #expect(throws: ContentFailure.rangeNotProven(first: chunks.lowerBound, count: UInt64(chunks.count))) {
                try proof.verify(ciphertext: bad, root: sample.root, layout: sample.layout)
            }
        }
    }

    @Test("a store that keeps inner nodes makes the same proof")
    func innerNodes() throws {
        let leaves = (0..<37).map { MerkleLog.leafHash([$0]) }
        let layout = try ContentLayout(size: 37 * UInt64(sealedChunk))
        for chunks in [3..<9, 0..<37, 36..<37, 31..<33] as [Range<UInt64>] {
            let proof = try ContentRangeProof(of: chunks, in: layout) { subtree in
                MerkleLog.root(ofLeafHashes: Array(leaves[Int(subtree.lowerBound)..<Int(subtree.upperBound)]))
            }
            #expect(try proof == ContentRangeProof(of: chunks, leaves: leaves))
        }
    }

    @Test("hostile: bytes that are no proof are refused, and no other bytes are the same proof")
    func hostile() throws {
        let leaves = (0..<100).map { MerkleLog.leafHash([$0]) }
        let samples = try ([0..<1, 10..<20, 99..<100, 0..<100] as [Range<UInt64>]).map { chunks in
            try ContentRangeProof(of: chunks, leaves: leaves)
        }
        let result = exerciseDecoder(ContentRangeProof.self, samples: samples, count: 2_000, seed: 11)
        #expect(result.decoded > 0)
        #expect(result.mismatches == 0)
        var writer = CBORWriter()
        writer.array(3)
        writer.write(UInt64(0))
        writer.write(UInt64(1))
        writer.write([Hash](repeating: .zero, count: ContentRangeProof.maximumSiblings + 1))
        #expect(throws: EncodingFailure.self) { try ContentRangeProof(decoding: writer.bytes) }
    }
}
