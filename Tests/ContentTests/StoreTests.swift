import Content
import ContentFormat
import Cryptography
import Foundation
import Primitives
import Testing

@Suite struct StoreTests {
    @Test(
        "what was put is read in any range, before and after a restart",
        arguments: [17, 65_552, 65_553 + 16, 20 * 65_552 + 99])
    func ranges(_ count: Int) async throws {
        let blob = Blob(count)
        let scratch = Scratch()
        do {
            let shop = try await Shop(scratch)
            try await shop.put(blob)
        }
        let shop = try await Shop(scratch)
        #expect(shop.store.presence(of: blob.root, for: nil) != .absent)
        let size = blob.size
        let ends = [0, 1, size / 2, min(size, 65_552), size - 1, size].sorted()
        for start in ends {
            for end in ends where start < end {
                #expect(try await shop.get(blob.root, start..<end) == Array(blob.bytes[Int(start)..<Int(end)]))
            }
        }
        await #expect(throws: ContentStoreFailure.outOfRange(size: size)) {
            try await shop.get(blob.root, size - 1..<size + 1)
        }
    }

    @Test("every range of chunks is proven by the stored tree", arguments: [1, 2, 3, 5, 8, 13, 33])
    func proofs(_ chunks: Int) async throws {
        let blob = Blob((chunks - 1) * chunk + 100)
        let shop = try await Shop()
        try await shop.put(blob)
        let layout = try ContentLayout(size: blob.size)
        for first in 0..<UInt64(chunks) {
            for end in first + 1...UInt64(chunks) {
                let proof = try await shop.store.proof(of: blob.root, first..<end)
                let bytes = try await shop.store.chunks(of: blob.root, first..<min(end, first + 16))
                let leaves = blob.chunks[Int(first)..<Int(end)].map { MerkleLog.leafHash($0) }
                try proof.verify(leaves: leaves, root: blob.root, layout: layout)
                #expect(bytes.starts(with: blob.chunks[Int(first)]))
            }
        }
        await #expect(throws: ContentStoreFailure.self) {
            try await shop.store.proof(of: blob.root, 0..<UInt64(chunks) + 1)
        }
    }

    @Test("bytes of another root are refused and leave nothing")
    func wrongRoot() async throws {
        let (blob, other) = (Blob(3 * chunk), Blob(3 * chunk, seed: 2))
        let shop = try await Shop()
        let upload = try present(
            try await shop.store.upload(blob.root, size: blob.size, at: 0, party: party(1), by: "someone"))
        try await upload.append(other.bytes)
        await #expect(throws: ContentStoreFailure.wrongRoot(found: other.root)) { try await upload.end() }
        #expect(shop.store.presence(of: blob.root, for: party(1)) == .absent)
        #expect(shop.store.totals.bytes == 0)
        #expect(shop.scratch.files("uploads").isEmpty)
        #expect(shop.scratch.files("blobs").isEmpty)
    }

    @Test("a flipped bit is found before it is sent, and by a verification", arguments: ["data", "tree"])
    func flip(_ name: String) async throws {
        let blob = Blob(4 * chunk)
        let shop = try await Shop()
        try await shop.put(blob)
        let file = try present(shop.scratch.files("blobs").first { $0.hasSuffix("/" + name) })
        var bytes = shop.scratch.bytes("blobs/" + file)
        bytes[name == "data" ? 2 * chunk + 7 : 2 * 32 + 7] ^= 1
        try shop.scratch.write(bytes, to: "blobs/" + file)
        // A chunk that is whole is served; its neighbor is not.
        #expect(try await shop.get(blob.root, 0..<100) == Array(blob.bytes[..<100]))
        await #expect(throws: ContentStoreFailure.damaged("chunk 2 of \(blob.root)")) {
            try await shop.get(blob.root, UInt64(2 * chunk)..<UInt64(2 * chunk) + 10)
        }
        let finding = await shop.store.verify(try present(shop.store.blobs.first))
        #expect(finding.damage?.contains("chunk 2") == true)
        #expect(shop.store.totals.damaged == 1)
    }

    @Test("a file that a crash cut short is damage, not other bytes")
    func torn() async throws {
        let blob = Blob(4 * chunk)
        let scratch = Scratch()
        do { try await Shop(scratch).put(blob) }
        let file = try present(scratch.files("blobs").first { $0.hasSuffix("/data") })
        try scratch.write(Array(blob.bytes.dropLast(10)), to: "blobs/" + file)
        let shop = try await Shop(scratch)
        #expect(try await shop.get(blob.root, 0..<UInt64(3 * chunk)) == Array(blob.bytes[..<(3 * chunk)]))
        await #expect(throws: ContentStoreFailure.self) { try await shop.get(blob.root, 0..<blob.size) }
    }

    @Test("quotas bound a party and the whole store; unfinished uploads count")
    func quotas() async throws {
        let shop = try await Shop(bytes: UInt64(10 * chunk), partyBytes: UInt64(6 * chunk))
        let (first, second, third) = (Blob(4 * chunk), Blob(3 * chunk, seed: 2), Blob(5 * chunk, seed: 3))
        try await shop.put(first)
        await #expect(throws: ContentStoreFailure.partyQuota(used: first.size, allowed: UInt64(6 * chunk))) {
            try await shop.put(second)
        }
        // Begun, not finished.
        let open = try present(
            try await shop.store.upload(third.root, size: third.size, at: 0, party: party(2), by: "someone"))
        await #expect(throws: ContentStoreFailure.full(needed: second.size)) { try await shop.put(second, party(3)) }
        await open.interrupt()
        await #expect(throws: ContentStoreFailure.full(needed: second.size)) { try await shop.put(second, party(3)) }
        #expect(shop.store.totals.bytes == first.size + third.size)
    }

    @Test("copies of what peers hold give way to uploads, the longest unread first")
    func copies() async throws {
        let shop = try await Shop(bytes: UInt64(8 * chunk))
        let (old, read, own) = (Blob(3 * chunk), Blob(3 * chunk, seed: 2), Blob(4 * chunk, seed: 3))
        try await shop.put(read, nil)
        shop.clock.advance(1_000)
        try await shop.put(old, nil)
        shop.clock.advance(1_000)
        _ = try await shop.get(read.root, 0..<1)
        try await shop.put(own)
        #expect(shop.store.presence(of: old.root, for: nil) == .absent)
        #expect(try await shop.get(read.root, 0..<read.size) == read.bytes)
        #expect(shop.store.totals.copyBytes == read.size)
        // What people uploaded never gives way.
        await #expect(throws: ContentStoreFailure.full(needed: UInt64(6 * chunk))) {
            try await shop.put(Blob(6 * chunk, seed: 4), nil)
        }
    }

    @Test("what no version names goes after the time of grace, what one names stays")
    func collection() async throws {
        let shop = try await Shop()
        let (named, unnamed, unknown) = (Blob(chunk), Blob(chunk, seed: 2), Blob(chunk, seed: 3))
        for blob in [named, unnamed, unknown] { try await shop.put(blob) }
        let abandoned = Blob(2 * chunk, seed: 4)
        let upload = try present(
            try await shop.store.upload(abandoned.root, size: abandoned.size, at: 0, party: party(1), by: "someone"))
        try await upload.append(Array(abandoned.bytes[..<chunk]))
        await upload.interrupt()
        let reference: @Sendable (Hash) throws -> ContentReference = { root in
            if root == unknown.root { throw Unexpected("the ledger can't be read") }
            return root == named.root ? .named : .unnamed
        }
        shop.clock.advance(shop.store.limits.graceMilliseconds - 1)
        var report = try await shop.store.collect(reference)
        #expect(report == CollectionReport())
        shop.clock.advance(1)
        report = try await shop.store.collect(reference)
        #expect(report.removed.map(\.root) == [unnamed.root])
        #expect(report.abandoned == 1)
        #expect(shop.store.presence(of: unnamed.root, for: nil) == .absent)
        #expect(shop.store.presence(of: abandoned.root, for: party(1)) == .absent)
        #expect(Set(shop.store.blobs.map(\.root)) == [named.root, unknown.root])
        #expect(shop.scratch.files("blobs").count == 6)
        #expect(shop.store.totals.bytes == named.size + unknown.size)
    }

    @Test("what was erased is gone from the disk, and refused with its receipt for ever")
    func erasure() async throws {
        let scratch = Scratch()
        let blob = Blob(2 * chunk)
        let receipt = Bytes32(1, 2, 3, 4)
        do {
            let shop = try await Shop(scratch)
            try await shop.put(blob)
            var reader = try shop.store.read(blob.root, 0..<blob.size, act: .get, by: "reader")
            try await shop.store.erase(blob.root, receipt: receipt)
            // Also for who was reading.
            await #expect(throws: ContentStoreFailure.erased(receipt: receipt)) { try await reader.next() }
            try await shop.store.erase(blob.root, receipt: Bytes32(9, 9, 9, 9))
        }
        let shop = try await Shop(scratch)
        #expect(shop.store.presence(of: blob.root, for: party(1)) == .erased(receipt: receipt))
        await #expect(throws: ContentStoreFailure.erased(receipt: receipt)) { try await shop.put(blob) }
        await #expect(throws: ContentStoreFailure.erased(receipt: receipt)) { try await shop.put(blob, nil) }
        #expect(throws: ContentStoreFailure.erased(receipt: receipt)) {
            try shop.store.read(blob.root, 0..<1, act: .get, by: "reader")
        }
        #expect(scratch.files("blobs").isEmpty && scratch.files("trash").isEmpty && scratch.files("uploads").isEmpty)
        #expect(scratch.files("erased").count == 1)
        #expect(shop.store.totals.bytes == 0)
        // A collection destroys what the ledger calls erased at once.
        let other = Blob(chunk, seed: 7)
        try await shop.put(other)
        let report = try await shop.store.collect { _ in .erased(receipt: receipt) }
        #expect(report.erased.map(\.root) == [other.root])
        #expect(shop.store.presence(of: other.root, for: nil) == .erased(receipt: receipt))
    }

    @Test("a second process is kept out")
    func locked() async throws {
        let shop = try await Shop()
        await #expect(throws: ContentStoreFailure.locked(path: shop.scratch.path)) { try await Shop(shop.scratch) }
    }
}
