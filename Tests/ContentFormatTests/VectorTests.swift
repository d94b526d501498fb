import ContentFormat
import Cryptography
import Encoding
import Fixtures
import Primitives
import Testing

/// Made by an implementation of its own from the specification (Tests/Python/content.py).
private struct Vectors: Decodable {
    struct Keys: Decodable { let point: String, salt: String, key: String, noncePrefix: String, keyCommitment: String }
    struct Stream: Decodable {
        let streamSize: Int, size: UInt64
        let sha256: String, root: String
        let leaves: [String]
        let ciphertext: String?
    }
    struct File: Decodable {
        let name: String, mediaType: String, header: String, root: String
        let fileSize: Int, streamSize: UInt64, size: UInt64
    }
    struct Ranges: Decodable {
        struct Proof: Decodable {
            let first: UInt64, count: UInt64
            let proof: String
        }
        let leaves: [String]
        let root: String
        let proofs: [Proof]
    }
    let keys: Keys
    let streams: [Stream]
    let files: [File]
    let ranges: Ranges
    let padding: [[UInt64]]
}

private func sample(_ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: 31 * $0 + $0 / 256) }
}

private func hash(_ text: String) -> Hash { Hash(Bytes32(unchecked: text.hexadecimalBytes, at: 0)) }

@Suite struct ContentVectorTests {
    private let vectors: Vectors
    private let keys: ContentKeys

    init() throws {
        vectors = try Fixture.load("content")
        keys = try ContentKeys(
            point: SecretBytes(vectors.keys.point.hexadecimalBytes), salt: hash(vectors.keys.salt),
            commitment: hash(vectors.keys.keyCommitment))
    }

    private func seal(_ plaintext: [UInt8]) throws -> (ciphertext: [UInt8], leaves: [Hash]) {
        let layout = try ContentLayout(streamSize: UInt64(plaintext.count))
        var ciphertext = [UInt8](repeating: 0, count: Int(layout.size))
        let leaves = try ChunkSealer(keys: keys, layout: layout).seal(
            0..<layout.chunkCount, plaintext, into: &ciphertext)
        return (ciphertext, leaves)
    }

    @Test("vectors: keys, chunks, leaves and roots")
    func streams() throws {
        #expect(vectors.streams.count == 7)
        for one in vectors.streams {
            let (ciphertext, leaves) = try seal(sample(one.streamSize))
            #expect(UInt64(ciphertext.count) == one.size)
            #expect(SHA256.hash(ciphertext).description == one.sha256)
            #expect(leaves.map(\.description) == one.leaves)
            #expect(MerkleLog.root(ofLeafHashes: leaves).description == one.root)
            if let expected = one.ciphertext { #expect(Hexadecimal.encode(ciphertext) == expected) }
        }
    }

    @Test("vectors: header, padding and root of files")
    func files() throws {
        #expect(vectors.files.count == 5)
        for one in vectors.files {
            let stream = try ContentStream(
                header: ContentHeader(name: one.name, mediaType: one.mediaType, fileSize: UInt64(one.fileSize)))
            #expect(stream.layout.streamSize == one.streamSize && stream.layout.size == one.size)
            var plaintext = [UInt8](repeating: 0xcc, count: Int(one.streamSize))
            stream.fill(0..<one.streamSize, of: &plaintext)
            let part = stream.filePart(of: 0..<one.streamSize)
            plaintext.replaceSubrange(part.offset..<part.offset + part.file.count, with: sample(one.fileSize))
            let header = one.header.hexadecimalBytes
            #expect(Array(plaintext[..<header.count]) == header)
            let (_, leaves) = try seal(plaintext)
            #expect(MerkleLog.root(ofLeafHashes: leaves).description == one.root)
        }
        for pair in vectors.padding {
            let stream = try ContentStream(
                header: ContentHeader(name: "a", mediaType: "a/b", fileSize: pair[0] - 1024))
            #expect(stream.layout.streamSize == pair[1])
        }
    }

    @Test("vectors: proofs of ranges")
    func ranges() throws {
        let leaves = vectors.ranges.leaves.map(hash)
        let layout = try ContentLayout(size: UInt64(leaves.count) * UInt64(ContentLayout.ciphertextChunk))
        #expect(vectors.ranges.proofs.count == 6)
        for one in vectors.ranges.proofs {
            let chunks = one.first..<one.first + one.count
            let proof = try ContentRangeProof(of: chunks, leaves: leaves)
            #expect(Hexadecimal.encode(proof.encoded) == one.proof)
            try ContentRangeProof(decoding: one.proof.hexadecimalBytes).verify(
                leaves: Array(leaves[Int(chunks.lowerBound)..<Int(chunks.upperBound)]),
                root: hash(vectors.ranges.root), layout: layout)
        }
    }
}
