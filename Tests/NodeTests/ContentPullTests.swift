import Content
import ContentFormat
import Cryptography
import Encoding
import Foundation
import Logging
import Node
import Primitives
import Replica
import Synchronization
import Testing

/// Nodes with content stores, joined by a transport in memory.
private final class Neighborhood: Sendable {
    struct House: Sendable {
        let key: TransportKey
        let store: ContentStore
        let peers: ContentPeers
        let fetcher: ContentFetcher
    }

    let houses: [House]
    let banned = Mutex<[TransportKey]>([])
    private let folder = FileManager.default.temporaryDirectory.path + "/pull-" + UUID().uuidString

    /// - Parameter spoil: changes what a house says.
    init(_ count: Int, spoil: @escaping @Sendable (Int, PeerMessage) -> PeerMessage? = { $1 }) async throws {
        var made: [House] = []
        for index in 0..<count {
            let path = folder + "/\(index)"
            var limits = ContentStoreLimits()
            limits.reserveBytes = 0
            let store = try await ContentStore.open(
                path, backend: DiskContent(path: path), limits: limits, now: { Timestamp(1_700_000_000_000) })
            let peers = ContentPeers(store: store, logger: Logger(label: "test"))
            guard let key = TransportKey([2] + [UInt8](repeating: UInt8(index + 1), count: 32)) else {
                preconditionFailure("33 bytes")
            }
            made.append(
                House(
                    key: key, store: store, peers: peers,
                    fetcher: ContentFetcher(store: store, peers: peers, logger: Logger(label: "test"))))
        }
        let houses = made
        self.houses = houses
        for (index, house) in houses.enumerated() {
            house.peers.attach(
                ContentPeers.Transport(
                    providers: { houses.map(\.key).filter { $0 != house.key } },
                    send: { message, key in
                        guard let other = houses.first(where: { $0.key == key }), let said = spoil(index, message),
                            let decoded = try? PeerMessage(decoding: said.encoded)
                        else { return }
                        switch decoded {
                        case .contentRequest(let range): other.peers.serve(range, to: house.key)
                        case .content(let range, let chunks): other.peers.answered(range, chunks, by: house.key)
                        default: break
                        }
                    },
                    hasRoom: { _, _ in true },
                    ban: { [weak self] key in self?.banned.withLock { $0.append(key) } }))
        }
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    func put(_ bytes: [UInt8], _ root: Hash, at house: Int) async throws {
        let begun = try await houses[house].store.upload(
            root, size: UInt64(bytes.count), at: 0, party: .account(Address(root.bytes)), by: "someone")
        let upload = try #require(begun)
        try await upload.append(bytes)
        _ = try await upload.end()
    }
}

@Suite struct ContentPullTests {
    static let bytes: [UInt8] = (0..<100 * 65_552 + 500).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 13) }
    static let size = UInt64(bytes.count)
    static let root = MerkleLog.root(
        of: stride(from: 0, to: bytes.count, by: 65_552).map { Array(bytes[$0..<min($0 + 65_552, bytes.count)]) })

    private func content(of house: Neighborhood.House) async throws -> [UInt8] {
        var reader = try house.store.read(Self.root, 0..<Self.size, act: .get, by: "reader")
        var read: [UInt8] = []
        while let more = try await reader.next() { read += more }
        return read
    }

    @Test("a content comes from the peers that have it, once for all that ask")
    func pull() async throws {
        let asked = Mutex(0)
        let all = try await Neighborhood(4) { _, message in
            if case .contentRequest = message { asked.withLock { $0 += 1 } }
            return message
        }
        for house in [1, 3] { try await all.put(Self.bytes, Self.root, at: house) }
        let first = try await all.houses[0].fetcher.pull(Self.root, size: Self.size)
        let second = try await all.houses[0].fetcher.pull(Self.root, size: Self.size)
        #expect(first === second)
        #expect(try await first.wait(for: 1) >= 1)
        #expect(try await first.waitToEnd(.seconds(60)))
        #expect(try await content(of: all.houses[0]) == Self.bytes)
        // Seven windows, and one question in vain to the house that has nothing.
        #expect(asked.withLock { $0 } <= 7 + 4)
        #expect(all.houses[0].store.totals.copyBytes == Self.size)
        #expect(all.banned.withLock { $0.isEmpty })
        // A line for what was fetched, and one for each window that was given.
        let lines = all.houses.map { $0.store.log.position.next - 1 }
        #expect(lines[0] == 1 + 1 && lines[1] + lines[3] == 2 + 7)
    }

    @Test("chunks that are not under the root are not taken, and who sends them is banned")
    func liar() async throws {
        let all = try await Neighborhood(3) { house, message in
            guard house == 1, case .content(let range, let answer?) = message, range.first > 0 else { return message }
            var chunks = answer.chunks
            chunks[0][5] ^= 1
            return .content(range, ContentChunks(chunks: chunks, siblings: answer.siblings))
        }
        for house in [1, 2] { try await all.put(Self.bytes, Self.root, at: house) }
        let pull = try await all.houses[0].fetcher.pull(Self.root, size: Self.size)
        #expect(try await pull.waitToEnd(.seconds(60)))
        #expect(try await content(of: all.houses[0]) == Self.bytes)
        #expect(Set(all.banned.withLock { $0 }) == [all.houses[1].key])
    }

    @Test("what no peer has takes no room, and a size that the ledger names wrongly bans nobody")
    func absent() async throws {
        let all = try await Neighborhood(3)
        let pull = try await all.houses[0].fetcher.pull(Self.root, size: Self.size)
        await #expect(throws: ContentStoreFailure.absent) { try await pull.wait(for: 1) }
        #expect(all.houses[0].store.totals.uploads == 0 && all.houses[0].store.totals.bytes == 0)
        try await all.put(Self.bytes, Self.root, at: 1)
        let wrong = try await all.houses[2].fetcher.pull(Self.root, size: Self.size + 65_552)
        await #expect(throws: ContentStoreFailure.absent) { try await wrong.wait(for: 1) }
        #expect(all.banned.withLock { $0.isEmpty })
    }

    @Test("a pull whose only source leaves fails, and the next one goes on where it stood")
    func interruption() async throws {
        let isGone = Atomic(false)
        let all = try await Neighborhood(2) { house, message in
            guard house == 1, case .content(let range, _) = message else { return message }
            if isGone.load(ordering: .relaxed), range.first >= 48 { return .content(range, nil) }
            return message
        }
        try await all.put(Self.bytes, Self.root, at: 1)
        isGone.store(true, ordering: .relaxed)
        let pull = try await all.houses[0].fetcher.pull(Self.root, size: Self.size)
        await #expect(throws: ContentStoreFailure.absent) { _ = try await pull.waitToEnd(.seconds(60)) }
        guard case .partial(let reached, _) = all.houses[0].store.presence(of: Self.root, for: nil) else {
            Issue.record("nothing was kept")
            return
        }
        #expect(reached >= 16 * 65_552 && reached < Self.size)
        isGone.store(false, ordering: .relaxed)
        // The first pull is forgotten a moment after it ended.
        var next = pull
        for _ in 0..<1_000 where next === pull {
            try await Task.sleep(for: .milliseconds(5))
            next = try await all.houses[0].fetcher.pull(Self.root, size: Self.size)
        }
        #expect(try await next.waitToEnd(.seconds(60)))
        #expect(try await content(of: all.houses[0]) == Self.bytes)
    }

    @Test("an erased content is neither given nor fetched")
    func erased() async throws {
        let all = try await Neighborhood(2)
        try await all.put(Self.bytes, Self.root, at: 1)
        let receipt = Bytes32(1, 2, 3, 4)
        try await all.houses[0].store.erase(Self.root, receipt: receipt)
        let pull = try await all.houses[0].fetcher.pull(Self.root, size: Self.size)
        await #expect(throws: ContentStoreFailure.erased(receipt: receipt)) {
            _ = try await pull.waitToEnd(.seconds(60))
        }
        try await all.houses[1].store.erase(Self.root, receipt: receipt)
        #expect(all.houses[1].store.totals.blobs == 0)
    }
}
