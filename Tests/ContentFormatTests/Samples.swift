import ContentFormat
import Cryptography
import Fixtures
import Primitives

/// A content made from a seed: keys, a plaintext of any size, its ciphertext and leaves.
struct Sample {
    let keys: ContentKeys
    let layout: ContentLayout
    let plaintext: [UInt8]
    var ciphertext: [UInt8]
    let leaves: [Hash]

    init(streamSize: Int, seed: UInt64 = 1) throws {
        var random = FixtureRandom(seed: seed)
        keys = try ContentKeys(
            point: SecretBytes([2] + random.bytes(32)), salt: Hash(random.bytes32()))
        layout = try ContentLayout(streamSize: UInt64(streamSize))
        plaintext = random.bytes(streamSize)
        ciphertext = [UInt8](repeating: 0, count: Int(layout.size))
        leaves = try ChunkSealer(keys: keys, layout: layout).seal(
            0..<layout.chunkCount, plaintext, into: &ciphertext)
    }

    var root: Hash { MerkleLog.root(ofLeafHashes: leaves) }

    /// What a reader makes of bytes that stand in a content of this size.
    func open(_ ciphertext: [UInt8], layout: ContentLayout? = nil) throws(ContentFailure) -> [UInt8] {
        let layout = layout ?? self.layout
        var output = [UInt8](repeating: 0, count: Int(layout.streamSize))
        try ChunkOpener(keys: keys, layout: layout).open(0..<layout.chunkCount, ciphertext, into: &output)
        return output
    }

    func chunk(_ index: UInt64) -> [UInt8] {
        let range = layout.ciphertextRange(index..<index + 1)
        return Array(ciphertext[Int(range.lowerBound)..<Int(range.upperBound)])
    }
}

let chunk = ContentLayout.plaintextChunk
let sealedChunk = ContentLayout.ciphertextChunk
