import COpenSSL
import ContentFormat
import Cryptography
import Primitives

/// A content encrypted and its Merkle root made, from memory to memory on all cores, beside libcrypto alone doing
/// AES-256-GCM and then SHA-256 over the same bytes on one core.
struct ContentBench {
    /// Large enough that no cache holds it.
    static let streamSize = 256 << 20

    let setting: Setting

    func run() async throws -> Figure {
        let layout = try ContentLayout(streamSize: UInt64(Self.streamSize))
        let keys = try ContentKeys(
            point: SecretBytes([2] + [UInt8](repeating: 7, count: 32)), salt: Hash(Bytes32(1, 2, 3, 4)))
        // Filled, so that no page of it is touched for the first time while time is taken.
        let memory = (0..<layout.sliceCount).map { _ in SliceBuffers() }
        for slice in memory.indices {
            for place in stride(from: 0, to: memory[slice].plaintext.count, by: 61) {
                memory[slice].plaintext[place] = UInt8(truncatingIfNeeded: place &* (slice + 1))
            }
        }
        var rates: [Double] = []
        var ceilings: [Double] = []
        var roots: Set<Hash> = []
        for run in 0...setting.runs {
            let ceiling = try Self.ceiling(memory)
            let started = ContinuousClock.now
            roots.insert(try await Self.encrypt(layout, keys, memory, width: 2 * setting.cores))
            let seconds = (ContinuousClock.now - started) / .seconds(1)
            guard run > 0 else { continue }
            rates.append(Double(Self.streamSize) / seconds / 1e6)
            ceilings.append(ceiling)
        }
        guard roots.count == 1 else { throw BenchFailure("the same content has different roots") }
        return Figure(
            id: "content.encrypt", name: "content encrypted, with root ÷ AES, then SHA on one core", unit: "MB/s",
            values: rates, ceilings: ceilings)
    }

    private static func encrypt(
        _ layout: ContentLayout, _ keys: ContentKeys, _ memory: [SliceBuffers], width: Int
    ) async throws -> Hash {
        let sealer = ChunkSealer(keys: keys, layout: layout)
        var tree = MerkleLogBuilder()
        try await OrderedSlices.run(0..<layout.sliceCount, width: width) { slice, _ in
            let own = memory[Int(slice)]
            return try sealer.seal(layout.chunks(ofSlice: slice), own.plaintext, into: &own.ciphertext)
        } result: { _, leaves in
            tree.append(leaves)
        }
        return tree.root
    }

    /// Megabytes a second: one encryption of everything, then one digest of the ciphertext.
    private static func ceiling(_ memory: [SliceBuffers]) throws -> Double {
        let key = [UInt8](repeating: 1, count: 32)
        let nonce = [UInt8](repeating: 2, count: 12)
        guard let context = unsafe EVP_CIPHER_CTX_new(), let digest = unsafe EVP_MD_CTX_new() else {
            throw BenchFailure("no context of libcrypto")
        }
        defer {
            unsafe EVP_CIPHER_CTX_free(context)
            unsafe EVP_MD_CTX_free(digest)
        }
        let started = ContinuousClock.now
        var length: Int32 = 0
        var isDone = unsafe EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), nil, key, nonce) == 1
        for slice in memory {
            let count = Int32(slice.plaintext.count)
            isDone =
                unsafe isDone && EVP_EncryptUpdate(context, &slice.ciphertext, &length, slice.plaintext, count) == 1
        }
        var tag = [UInt8](repeating: 0, count: 16)
        isDone = unsafe isDone && EVP_EncryptFinal_ex(context, &tag, &length) == 1
        isDone = unsafe isDone && EVP_DigestInit_ex(digest, EVP_sha256(), nil) == 1
        for slice in memory {
            isDone = unsafe isDone && EVP_DigestUpdate(digest, slice.ciphertext, slice.plaintext.count) == 1
        }
        var hash = [UInt8](repeating: 0, count: 32)
        var count: UInt32 = 0
        isDone = unsafe isDone && EVP_DigestFinal_ex(digest, &hash, &count) == 1
        guard isDone else { throw BenchFailure("libcrypto failed") }
        return Double(streamSize) / ((ContinuousClock.now - started) / .seconds(1)) / 1e6
    }
}
