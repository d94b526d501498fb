import Content
import ContentFormat
import Foundation
import Primitives
import Testing

@Suite struct UploadTests {
    static let blob = Blob(20 * chunk + 1_000)

    @Test(
        "an upload goes on after an interruption at any byte",
        arguments: [0, 1, chunk - 1, chunk, chunk + 1, 7 * chunk + 5, 16 * chunk, 20 * chunk, 20 * chunk + 999])
    func interruption(_ count: Int) async throws {
        let blob = Self.blob
        let shop = try await Shop()
        let first = try present(
            try await shop.store.upload(blob.root, size: blob.size, at: 0, party: party(1), by: "someone"))
        try await first.append(Array(blob.bytes[..<count]))
        #expect(
            await failure { try await shop.store.upload(blob.root, size: blob.size, at: 0, party: party(1), by: "x") }
                == .busy)
        await first.interrupt()
        guard case .partial(let reached, _) = shop.store.presence(of: blob.root, for: party(1)) else {
            throw Unexpected("the upload is gone")
        }
        // Whole slices at once; the rest of an interrupted request is not worth a chunk.
        #expect(reached <= UInt64(count) && reached % UInt64(chunk) == 0)
        let wrong = reached + 1
        #expect(
            await failure {
                try await shop.store.upload(blob.root, size: blob.size, at: wrong, party: party(1), by: "x")
            } == .wrongOffset(reached: reached))
        #expect(
            await failure {
                try await shop.store.upload(blob.root, size: blob.size + 1, at: reached, party: party(1), by: "x")
            } == .otherSize(blob.size))
        let second = try present(
            try await shop.store.upload(blob.root, size: blob.size, at: reached, party: party(1), by: "someone"))
        try await second.append(Array(blob.bytes[Int(reached)...]))
        _ = try await second.end()
        #expect(try await shop.get(blob.root, 0..<blob.size) == blob.bytes)
        #expect(try await shop.store.upload(blob.root, size: blob.size, at: 0, party: party(2), by: "x") == nil)
    }

    @Test("an upload of pieces, each its own request, goes on across restarts", arguments: [1, 3, 7])
    func restarts(_ chunksEach: Int) async throws {
        let blob = Self.blob
        let scratch = Scratch()
        var offset = 0
        for _ in 0..<64 {
            let shop = try await Shop(scratch)
            if case .partial(let reached, _) = shop.store.presence(of: blob.root, for: party(1)) {
                #expect(Int(reached) == offset)
            }
            let end = min(offset + chunksEach * chunk, blob.bytes.count)
            let upload = try present(
                try await shop.store.upload(
                    blob.root, size: blob.size, at: UInt64(offset), party: party(1), by: "someone"))
            try await upload.append(Array(blob.bytes[offset..<end]))
            offset = end
            if case .stored = try await upload.end() { break }
        }
        let shop = try await Shop(scratch)
        #expect(try await shop.get(blob.root, 0..<blob.size) == blob.bytes)
        #expect(scratch.files("uploads").isEmpty)
    }

    /// Every state that a kill can leave: the files of a running upload, copied at each step, opened by another store.
    @Test("a kill at any moment leaves an upload that goes on, or none; never wrong bytes")
    func kills() async throws {
        let blob = Blob(5 * chunk + 77)
        let scratch = Scratch()
        var copies: [Scratch] = []
        func copy() throws {
            let copy = Scratch()
            try FileManager.default.copyItem(atPath: scratch.path, toPath: copy.path)
            copies.append(copy)
        }
        do {
            let shop = try await Shop(scratch)
            try copy()
            var offset = 0
            while offset < blob.bytes.count {
                let upload = try present(
                    try await shop.store.upload(
                        blob.root, size: blob.size, at: UInt64(offset), party: party(1), by: "someone"))
                try copy()
                let end = min(offset + chunk, blob.bytes.count)
                try await upload.append(Array(blob.bytes[offset..<end]))
                try copy()
                offset = end
                if case .reached = try await upload.end() { try copy() }
            }
            try copy()
        }
        for copy in copies {
            // What a power failure does besides: a tail that nobody synchronized is anything.
            for name in copy.files("uploads") where name.hasSuffix("/data") || name.hasSuffix("/tree") {
                try copy.write(
                    copy.bytes("uploads/" + name) + [UInt8](repeating: 0xAA, count: 100_000), to: "uploads/" + name)
            }
            let shop = try await Shop(copy)
            switch shop.store.presence(of: blob.root, for: party(1)) {
            case .absent: try await shop.put(blob)
            case .partial(let reached, _):
                let upload = try present(
                    try await shop.store.upload(
                        blob.root, size: blob.size, at: reached, party: party(1), by: "someone"))
                try await upload.append(Array(blob.bytes[Int(reached)...]))
                _ = try await upload.end()
            case .whole: break
            case .erased: throw Unexpected("nobody erased it")
            }
            #expect(try await shop.get(blob.root, 0..<blob.size) == blob.bytes)
            #expect(shop.store.totals.bytes == blob.size && shop.store.totals.uploads == 0)
        }
        #expect(copies.count > 15)
    }

    @Test("two parties may upload the same content at once, and neither can spoil it for the other")
    func squatting() async throws {
        let blob = Self.blob
        let shop = try await Shop()
        let squatter = try present(
            try await shop.store.upload(blob.root, size: blob.size, at: 0, party: party(2), by: "squatter"))
        try await squatter.append(Blob(Int(blob.size), seed: 5).bytes)
        try await shop.put(blob)
        await #expect(throws: ContentStoreFailure.self) { try await squatter.end() }
        #expect(try await shop.get(blob.root, 0..<blob.size) == blob.bytes)
        #expect(shop.store.totals.bytes == blob.size)
    }

    @Test("an erasure ends an upload that is under way")
    func erased() async throws {
        let blob = Self.blob
        let shop = try await Shop()
        let upload = try present(
            try await shop.store.upload(blob.root, size: blob.size, at: 0, party: party(1), by: "someone"))
        try await upload.append(Array(blob.bytes[..<(16 * chunk)]))
        try await shop.store.erase(blob.root, receipt: Bytes32(1, 1, 1, 1))
        await #expect(throws: ContentStoreFailure.self) {
            try await upload.append(Array(blob.bytes[(16 * chunk)...]))
            _ = try await upload.end()
        }
        #expect(shop.scratch.files("uploads").isEmpty && shop.scratch.files("blobs").isEmpty)
        #expect(shop.store.totals.bytes == 0)
    }

    @Test("no content is empty, has a last chunk of a tag alone, or is larger than the ledger allows")
    func sizes() async throws {
        let shop = try await Shop()
        for size in [0, 16, UInt64(chunk) + 1, UInt64(chunk) + 16, ContentLayout.maximumSize + 1] {
            #expect(
                await failure {
                    try await shop.store.upload(Self.blob.root, size: size, at: 0, party: party(1), by: "x")
                } == .badSize(maximum: ContentLayout.maximumSize))
        }
        #expect(shop.scratch.files("uploads").isEmpty)
    }

    private func failure(_ body: () async throws -> ContentUpload?) async -> ContentStoreFailure? {
        do {
            _ = try await body()
            return nil
        } catch {
            return error as? ContentStoreFailure
        }
    }
}
