import ContentFormat
import Cryptography
import Fixtures
import Primitives
import Testing

@Suite struct ChunkTests {
    @Test("every size at the edges of chunks and slices opens to what was sealed; chunks are where the layout says")
    func sizes() throws {
        for size in [1, 2, 1023, chunk - 1, chunk, chunk + 1, 2 * chunk, 3 * chunk - 5, 16 * chunk, 17 * chunk + 3] {
            let sample = try Sample(streamSize: size, seed: UInt64(size))
            let chunks = (size + chunk - 1) / chunk
            #expect(sample.layout.chunkCount == UInt64(chunks))
            #expect(sample.ciphertext.count == size + 16 * chunks)
            #expect(sample.layout.streamSize == UInt64(size))
            #expect(try ContentLayout(size: sample.layout.size) == sample.layout)
            #expect(try sample.open(sample.ciphertext) == sample.plaintext)
            #expect(sample.leaves.count == chunks)
            #expect(
                sample.leaves
                    == ChunkOpener.leaves(0..<sample.layout.chunkCount, sample.ciphertext, in: sample.layout))
            #expect(sample.leaves == (0..<sample.layout.chunkCount).map { MerkleLog.leafHash(sample.chunk($0)) })
        }
    }

    @Test("a chunk is AES-256-GCM with prefix, number and last flag for a nonce")
    func chunksAreThoseOfOneCipher() throws {
        let sample = try Sample(streamSize: 2 * chunk + 100)
        var random = FixtureRandom(seed: 1)
        let secret = [2] + random.bytes(32)
        let extracted = HKDF.extract(salt: random.bytes32().array, secret: secret)
        func expand(_ label: String, _ count: Int) throws -> [UInt8] {
            try HKDF.expand(pseudorandomKey: extracted, info: Array("mednexus/content/\(label)".utf8), count: count)
        }
        let key = SecretBytes(try expand("key", 32))
        let prefix = try expand("nonce", 7)
        #expect(sample.keys.commitment.bytes.array == (try expand("commitment", 32)))
        for index in 0..<3 {
            let part = Array(sample.plaintext[index * chunk..<min((index + 1) * chunk, 2 * chunk + 100)])
            let nonce = prefix + [0, 0, 0, UInt8(index), index == 2 ? 1 : 0]
            #expect(sample.chunk(UInt64(index)) == (try AES256GCM.seal(part, key: key, nonce: nonce)))
        }
    }

    @Test("sealing and opening can go on at any chunk, and in any order")
    func pieces() throws {
        let sample = try Sample(streamSize: 5 * chunk + 17)
        for first in 0..<sample.layout.chunkCount {
            for end in first + 1...sample.layout.chunkCount {
                let stream = sample.layout.streamRange(first..<end)
                let cipher = sample.layout.ciphertextRange(first..<end)
                var sealed = [UInt8](repeating: 0, count: cipher.count)
                let part = Array(sample.plaintext[Int(stream.lowerBound)..<Int(stream.upperBound)])
                let leaves = try ChunkSealer(keys: sample.keys, layout: sample.layout).seal(
                    first..<end, part, into: &sealed)
                #expect(sealed == Array(sample.ciphertext[Int(cipher.lowerBound)..<Int(cipher.upperBound)]))
                #expect(leaves == Array(sample.leaves[Int(first)..<Int(end)]))
                var opened = [UInt8](repeating: 0, count: stream.count)
                try ChunkOpener(keys: sample.keys, layout: sample.layout).open(first..<end, sealed, into: &opened)
                #expect(opened == part)
            }
        }
    }

    @Test("sizes that no whole chunks give are refused, and so are those of another file")
    func impossibleSizes() throws {
        let whole = UInt64(sealedChunk)
        for size in [0, 1, 16, whole + 1, whole + 16, 3 * whole + 7, ContentLayout.maximumSize + 1, UInt64.max] {
            #expect(throws: ContentFailure.impossibleSize(size)) { try ContentLayout(size: size) }
        }
        for size in [17, whole, whole + 17, 3 * whole, ContentLayout.maximumSize / whole * whole] {
            #expect(try ContentLayout(size: size).size == size)
        }
        #expect(throws: ContentFailure.impossibleSize(0)) { try ContentLayout(streamSize: 0) }
        #expect(throws: ContentFailure.self) { try ContentLayout(streamSize: ContentLayout.maximumSize) }
        let layout = try ContentLayout(size: 100)
        #expect(throws: ContentFailure.truncated(found: 99, expected: 100)) { try layout.check(found: 99) }
        #expect(throws: ContentFailure.trailing(found: 101, expected: 100)) { try layout.check(found: 101) }
        try layout.check(found: 100)
    }

    @Test("which chunks hold bytes of the plaintext")
    func chunksOfRanges() throws {
        let layout = try ContentLayout(streamSize: UInt64(3 * chunk + 10))
        let size = UInt64(chunk)
        #expect(try layout.chunks(holding: 0..<1) == 0..<1)
        #expect(try layout.chunks(holding: size - 1..<size) == 0..<1)
        #expect(try layout.chunks(holding: size - 1..<size + 1) == 0..<2)
        #expect(try layout.chunks(holding: size..<3 * size + 10) == 1..<4)
        #expect(throws: ContentFailure.self) { try layout.chunks(holding: 0..<3 * size + 11) }
        #expect(throws: ContentFailure.self) { try layout.chunks(holding: 5..<5) }
    }
}

@Suite struct TamperingTests {
    let sample: Sample

    init() throws { sample = try Sample(streamSize: 4 * chunk + 50) }

    private func failure(_ chunks: [[UInt8]]) throws -> ContentFailure? {
        let ciphertext = chunks.flatMap(\.self)
        do {
            _ = try sample.open(ciphertext, layout: try ContentLayout(size: UInt64(ciphertext.count)))
            return nil
        } catch {
            return error
        }
    }

    private var chunks: [[UInt8]] { (0..<5).map { sample.chunk($0) } }

    @Test("a chunk left out, moved, doubled, taken off the end or put behind it is each refused by its name")
    func moved() throws {
        let all = chunks
        #expect(try failure(all) == nil)
        #expect(try failure([all[1], all[0], all[2], all[3], all[4]]) == .misplaced(chunk: 0, belongsAt: 1))
        #expect(try failure([all[0], all[2], all[3], all[4]]) == .misplaced(chunk: 1, belongsAt: 2))
        #expect(try failure([all[0], all[1], all[1], all[2], all[3], all[4]]) == .repeated(chunk: 2, of: 1))
        #expect(try failure([all[0], all[1], all[1], all[3], all[4]]) == .repeated(chunk: 2, of: 1))
        #expect(try failure(Array(all[..<4])) == .notLast(chunk: 3))
        #expect(try failure([all[0]]) == .notLast(chunk: 0))
    }

    @Test("a chunk sealed as the last with others behind it is refused, whatever they are")
    func behindTheEnd() throws {
        let whole = try Sample(streamSize: 2 * chunk)
        let ciphertext = whole.ciphertext + whole.chunk(0)
        #expect(throws: ContentFailure.lastTooEarly(chunk: 1)) {
            try whole.open(ciphertext, layout: try ContentLayout(size: UInt64(ciphertext.count)))
        }
    }

    @Test("every changed bit is found, in the chunk where it is")
    func bits() throws {
        var random = FixtureRandom(seed: 5)
        for round in 0..<300 {
            var bytes = sample.ciphertext
            // The edges of chunks and their tags first, then anywhere.
            let edges = [0, sealedChunk - 1, sealedChunk, sealedChunk - 17, bytes.count - 1, bytes.count - 17]
            let place = round < edges.count ? edges[round] : Int(random.next() % UInt64(bytes.count))
            bytes[place] ^= 1 << UInt8(random.next() % 8)
            #expect(throws: ContentFailure.damaged(chunk: UInt64(place / sealedChunk))) { try sample.open(bytes) }
        }
    }

    @Test("the wrong last flag is refused at every chunk")
    func flags() throws {
        // The same plaintext, shorter and longer: chunks whose number is right and whose flag is not.
        let short = try ContentLayout(streamSize: UInt64(2 * chunk))
        var sealed = [UInt8](repeating: 0, count: Int(short.size))
        _ = try ChunkSealer(keys: sample.keys, layout: short).seal(0..<2, sample.plaintext, into: &sealed)
        var all = chunks
        all[1] = Array(sealed[sealedChunk...])
        #expect(try failure(all) == .lastTooEarly(chunk: 1))
        #expect(throws: ContentFailure.notLast(chunk: 1)) {
            try sample.open(Array(sample.ciphertext[..<(2 * sealedChunk)]), layout: short)
        }
    }

    @Test("nothing of a chunk that is refused comes out")
    func nothingUnverified() throws {
        var bytes = sample.ciphertext
        bytes[sealedChunk + 9] ^= 4
        var output = [UInt8](repeating: 0xee, count: Int(sample.layout.streamSize))
        let opener = ChunkOpener(keys: sample.keys, layout: sample.layout)
        #expect(throws: ContentFailure.damaged(chunk: 1)) {
            try opener.open(0..<sample.layout.chunkCount, bytes, into: &output)
        }
        #expect(output[..<chunk] == sample.plaintext[..<chunk])
        #expect(output[chunk..<2 * chunk].allSatisfy { $0 == 0 })
        #expect(output[(2 * chunk)...].allSatisfy { $0 == 0xee })
    }

    @Test("another point, salt or commitment is a wrong key, before anything is opened")
    func wrongKeys() throws {
        var random = FixtureRandom(seed: 9)
        let point = [3] + random.bytes(32)
        let salt = Hash(random.bytes32())
        let keys = try ContentKeys(point: SecretBytes(point), salt: salt)
        #expect(
            try ContentKeys(point: SecretBytes(point), salt: salt, commitment: keys.commitment).commitment
                == keys.commitment)
        for (point, salt, commitment) in [
            ([2] + point[1...], salt, keys.commitment), (point, Hash(random.bytes32()), keys.commitment),
            (point, salt, Hash(random.bytes32())),
        ] {
            #expect(throws: ContentFailure.wrongKey) {
                try ContentKeys(point: SecretBytes(point), salt: salt, commitment: commitment)
            }
        }
        for count in [0, 32, 34, 65] {
            #expect(throws: ContentFailure.cryptography(.badParameter("a content point of \(count) bytes"))) {
                try ContentKeys(point: SecretBytes(random.bytes(count)), salt: salt)
            }
        }
    }
}
