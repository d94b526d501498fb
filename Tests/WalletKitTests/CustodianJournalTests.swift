import Cryptography
import Custodian
import FoundationEssentials
import Interface
import Primitives
import Testing
import WalletKit

/// A custodian whose node can't be reached: what it keeps, and what people tell it.
@Suite(.serialized) struct CustodianJournalTests {
    private let delivery = DeliveryID(Bytes32(7, 7, 7, 7))
    private let network = PinnedNetwork(
        name: "devnet", node: "nowhere", genesis: Hash(Bytes32(1, 2, 3, 4)), kind: .test)

    private func start(_ temporary: TemporaryHome, _ key: SecretKey) throws -> Task<Void, any Error> {
        let client = NodeClient(url: network.node, networkKind: .test, timeoutMilliseconds: 2_000)
        let service = try CustodianService(
            home: temporary.home, network: network, client: client, key: key,
            secret: { (_) throws(WalletFailure) in nil }, log: { _ in })
        return Self.run(service)
    }

    private static func run(_ service: sending CustodianService) -> Task<Void, any Error> {
        Task { try await service.run() }
    }

    private func eventually(_ isTrue: () throws -> Bool) async throws -> Bool {
        for _ in 0..<500 {
            if try isTrue() { return true }
            try await Task.sleep(nanoseconds: 20_000_000)
        }
        return false
    }

    private func write(_ bytes: [UInt8], to path: String) throws {
        let folder = String(path[..<(try #require(path.lastIndex(of: "/")))])
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        #expect(FileManager.default.createFile(atPath: path, contents: Data(bytes)))
    }

    private func journal(_ key: SecretKey, _ records: [CustodianRecord]) -> [UInt8] {
        let header = CustodianJournal.header(network: network.genesis, account: key.address)
        return header + CustodianJournal.frame(records, at: header.count)
    }

    private func prepare(_ temporary: TemporaryHome, _ key: SecretKey) throws -> CustodianFolder {
        let folder = CustodianFolder(home: temporary.home, network: network)
        let policy = CustodianPolicy(owners: [.account(Address(Bytes32(2, 2, 2, 2)))])
        try write(try JSONValueEncoder.encode(policy, networkKind: .test).serialized, to: folder.policyPath)
        return folder
    }

    @Test("A torn end is cut; what comes by the inbox is in the journal before its file goes; one at a time")
    func inbox() async throws {
        let temporary = TemporaryHome()
        let key = try #require(SecretKey(Bytes32(0, 0, 0, 42)))
        let folder = try prepare(temporary, key)
        let path = folder.path + "/journal"
        let whole = journal(key, [.opened(.delivery(delivery), Height(5))])
        let torn = CustodianJournal.frame([.closed(.delivery(delivery), .delivered)], at: whole.count).dropLast(3)
        try write(whole + torn, to: path)
        #expect(try folder.status(account: key.address).tasks.map(\.step) == ["noticed"])

        let running = try start(temporary, key)
        // Only a size: the journal is cut before anything else.
        #expect(try await eventually { FileManager.default.contents(atPath: path)?.count == whole.count })
        let second = try start(temporary, key)
        await #expect(throws: WalletFailure.self) { try await second.value }
        try folder.decide(delivery, .decline)
        let request = try folder.request(disclosure: Array(#"{"type": "consent.disclose"}"#.utf8))
        #expect(
            try await eventually {
                (try? FileManager.default.contentsOfDirectory(atPath: folder.path + "/inbox"))?.isEmpty == true
            })
        running.cancel()
        try await running.value
        let bytes = [UInt8](try #require(FileManager.default.contents(atPath: path)))
        let records = try CustodianJournal.replay(bytes, network: network.genesis, account: key.address).records
        #expect(records.contains(.decided(delivery, .decline)))
        #expect(try folder.status(account: key.address).tasks.compactMap(\.request) == [request])
    }

    @Test("A damaged journal, and one of another account, keep it from starting")
    func damage() async throws {
        let temporary = TemporaryHome()
        let key = try #require(SecretKey(Bytes32(0, 0, 0, 42)))
        let folder = try prepare(temporary, key)
        let path = folder.path + "/journal"
        let good = journal(key, [.opened(.delivery(delivery), Height(5))])
        var damaged = good + CustodianJournal.frame([.releases(delivery)], at: good.count)
        damaged[good.count - 1] ^= 1
        for bytes in [damaged, journal(try #require(SecretKey(Bytes32(0, 0, 0, 43))), [.releases(delivery)])] {
            try write(bytes, to: path)
            let running = try start(temporary, key)
            await #expect(throws: WalletFailure.self) { try await running.value }
            #expect(FileManager.default.contents(atPath: path).map { [UInt8]($0) } == bytes)
        }
    }

    @Test("A long journal is written anew, short, and says the same")
    func compaction() async throws {
        let temporary = TemporaryHome()
        let key = try #require(SecretKey(Bytes32(0, 0, 0, 42)))
        let folder = try prepare(temporary, key)
        let path = folder.path + "/journal"
        var bytes = journal(key, [.opened(.delivery(delivery), Height(5))])
        for height in UInt64(0)..<24_000 {
            let cursor = CustodianRecord.cursor(EventPosition(height: Height(height), index: 0))
            bytes += CustodianJournal.frame(
                [cursor, .waits(.delivery(delivery), WaitReason(.refused, "\(height)"))], at: bytes.count)
        }
        #expect(bytes.count > 1 << 20)
        try write(bytes, to: path)
        let before = try folder.status(account: key.address)
        let running = try start(temporary, key)
        #expect(try await eventually { (FileManager.default.contents(atPath: path)?.count ?? .max) < 4_096 })
        running.cancel()
        try await running.value
        #expect(try folder.status(account: key.address) == before)
    }
}
