import Consents
import Cryptography
import Custodian
import FoundationEssentials
import INFTs
import Interface
import Licenses
import Primitives
import StateModel
import Synchronization
import Testing
import Transactions
import WalletKit

private final class Log: Sendable {
    let lines = Mutex<[String]>([])
}

/// A custodian, its wallet, and a node that has one delivery.
private struct Scene {
    static let network = Hash(Bytes32(1, 2, 3, 4))
    static let delivery = DeliveryID(Bytes32(7, 7, 7, 7))
    static let owner = Party.account(Address(Bytes32(2, 0, 0, 1)))
    static let buyer = Party.account(Address(Bytes32(2, 0, 0, 2)))

    let temporary = TemporaryHome()
    let node: FakeNode
    let pinned: PinnedNetwork
    let key: SecretKey
    let owners: SealingSecret
    let buyers: SealingSecret
    let content: ContentPoint
    let sealed: SealedKey
    let log = Log()

    init() async throws {
        node = try await FakeNode()
        pinned = PinnedNetwork(name: "devnet", node: node.url, genesis: Self.network, kind: .test)
        key = try #require(SecretKey(Bytes32(0, 0, 0, 42)))
        owners = try #require(SealingSecret(Bytes32(0, 0, 0, 50)))
        buyers = try #require(SealingSecret(Bytes32(0, 0, 0, 51)))
        content = try #require(ContentPoint(randomness: Bytes32(0, 0, 0, 52)))
        sealed = try SealedKeys.seal(content, to: owners.key, randomness: Bytes32(0, 0, 0, 53)).sealedKey
        try write(CustodianPolicy(owners: [Self.owner]))
        node.set { state in
            state.network = Self.network
            // The event is there from the beginning; behind it the line is cut, as by a node that restarts.
            state.answers["chain_events"] = { params, _ in
                guard params?["cursor"]?.string == EventCursor.text(EventPosition(height: .genesis, index: 0)) else {
                    return nil
                }
                let record = Self.record(DeliveryID(Bytes32(7, 7, 7, 7)), nil, nil)
                guard
                    let event = try? JSONValueEncoder.encode(
                        LicenseEvent.deliveryRequested(DeliveryChanged(record)), networkKind: .test)
                else { return nil }
                let item: JSONValue = .object([
                    "cursor": "", "height": 5, "domain": "licenses", "name": "license.deliveryRequested",
                    "event": event,
                ])
                return .object([
                    "items": .array([item]),
                    "next": .string(EventCursor.text(EventPosition(height: Height(6), index: 0))),
                ])
            }
        }
    }

    static func record(_ id: DeliveryID, _ begun: DeliveryBegun?, _ ending: DeliveryEnding?) -> DeliveryRecord {
        DeliveryRecord(
            id: id, act: .license, inft: INFTID(Bytes32(3, 3, 3, 3)), version: 1, license: LicenseID(id.bytes),
            from: owner, to: buyer, sealingKey: SealingSecret(Bytes32(0, 0, 0, 51))?.key,
            requestedAt: Timestamp(1_767_225_000_000), beginBy: Timestamp(1_867_225_000_000), begun: begun,
            ending: ending)
    }

    /// What the node says of the delivery from now on.
    func says(_ begun: Hash?, isCompleted: Bool = false) {
        let fixed = begun.map {
            DeliveryBegun(
                sealingKey: owners.key, sealedKey: sealed, commitment: $0, at: Timestamp(1_767_225_600_000),
                height: Height(6))
        }
        let ending = isCompleted ? DeliveryEnding(outcome: .completed, at: Timestamp(1_767_225_700_000)) : nil
        let verdict = DeliveryVerdict(
            delivery: DeliveryView(Self.record(Self.delivery, fixed, ending)), at: Timestamp(1_767_225_600_000),
            purposes: [], deliverer: Self.owner,
            custody: Custody(
                holder: Self.owner, sealingKey: owners.key, sealedKey: sealed, since: Timestamp(1_767_225_000_000)),
            consentSet: nil, consentRevision: nil, consentCustodian: nil, requests: [], needs: [], obstacle: nil)
        node.set { state in
            state.answers["delivery_check"] = { _, _ in
                guard let value = try? JSONValueEncoder.encode(verdict, networkKind: .test) else { return nil }
                // Not from before the block in which the last act became final.
                return .object(["height": isCompleted ? 9 : 7, "value": value])
            }
        }
    }

    func start(hasSecret: Bool = true) throws -> Task<Void, any Error> {
        let owners = owners
        let service = try CustodianService(
            home: temporary.home, network: pinned,
            client: NodeClient(url: node.url, networkKind: .test, timeoutMilliseconds: 5_000), key: key,
            secret: { key in hasSecret && key == owners.key ? owners : nil },
            log: { [log] line in log.lines.withLock { $0.append(line) } })
        return Self.run(service)
    }

    private static func run(_ service: sending CustodianService) -> Task<Void, any Error> {
        Task { try await service.run() }
    }

    func operation(_ index: Int) throws -> Operation {
        let bytes = try #require(Hexadecimal.decode(node.taken[index]))
        return try #require(try SignedTransaction(RawTransaction(bytes)).body.operations.first)
    }

    func status() throws -> CustodianStatus {
        try CustodianFolder(home: temporary.home, network: pinned).status(account: key.address)
    }

    func write(_ policy: CustodianPolicy) throws {
        let json = try JSONValueEncoder.encode(policy, networkKind: .test)
        try write(json.serialized, to: CustodianFolder(home: temporary.home, network: pinned).policyPath)
    }

    func write(_ text: String, to path: String) throws { try write(Array(text.utf8), to: path) }

    func write(_ bytes: [UInt8], to path: String) throws {
        let folder = CustodianFolder(home: temporary.home, network: pinned).path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        #expect(FileManager.default.createFile(atPath: path, contents: Data(bytes)))
    }

    func read(_ path: String) throws -> [UInt8] { [UInt8](try #require(FileManager.default.contents(atPath: path))) }

    /// Bounded, and no longer than it takes.
    func eventually(_ what: String, _ isTrue: () throws -> Bool) async throws {
        for _ in 0..<1_000 {
            if (try? isTrue()) == true { return }
            try await Task.sleep(nanoseconds: 20_000_000)
        }
        Issue.record("never: \(what); log: \(log.lines.withLock { $0.joined(separator: "\n") })")
    }
}

@Suite(.serialized) struct CustodianServiceTests {
    @Test("Begun, stopped, started again, completed with what was committed to, and the buyer can open it")
    func delivery() async throws {
        let scene = try await Scene()
        scene.says(nil)
        var running = try scene.start()
        try await scene.eventually("begin is sent") { scene.node.taken.count == 1 }
        guard case .licenses(.begin(let begin)) = try scene.operation(0) else {
            Issue.record("the first act is begin")
            return
        }
        #expect(begin.delivery == Scene.delivery && begin.sealingKey == scene.owners.key)
        running.cancel()
        try await running.value
        #expect(try scene.status().tasks.map(\.step) == ["begun"])

        // It became final meanwhile.
        scene.node.set { state in for hash in state.states.keys { state.states[hash] = .final } }
        scene.says(begin.commitment)
        running = try scene.start()
        try await scene.eventually("complete is sent") { scene.node.taken.count == 2 }
        guard case .licenses(.complete(let complete)) = try scene.operation(1) else {
            Issue.record("the second act is complete")
            return
        }
        #expect(SealedKeys.deliveryCommitment(complete.sealedKey, complete.proof) == begin.commitment)
        #expect(try SealedKeys.open(complete.sealedKey, with: scene.buyers) == scene.content)
        scene.says(begin.commitment, isCompleted: true)
        try await scene.eventually("it is closed") {
            // Whatever was sent by now is final; the node may have taken it just before it knew of it.
            scene.node.set { state in for hash in state.states.keys { state.states[hash] = .final } }
            return try scene.status().tasks.isEmpty
        }
        running.cancel()
        try await running.value
        #expect(scene.node.taken.count == 2)
        await scene.node.close()
    }

    @Test("Without the secret nothing is sent, and status says why")
    func keyMissing() async throws {
        let scene = try await Scene()
        scene.says(nil)
        let running = try scene.start(hasSecret: false)
        try await scene.eventually("it waits") { try scene.status().tasks.first?.waiting == .keyMissing }
        running.cancel()
        try await running.value
        #expect(scene.node.taken.isEmpty)
        await scene.node.close()
    }

    @Test("The policy's approval comes by the inbox, whether or not a custodian runs; another one is kept out")
    func approval() async throws {
        let scene = try await Scene()
        scene.says(nil)
        let folder = CustodianFolder(home: scene.temporary.home, network: scene.pinned)
        try scene.write(CustodianPolicy(owners: [Scene.owner], approvesEverything: true))
        var running = try scene.start()
        try await scene.eventually("it waits for approval") { try scene.status().tasks.first?.waiting == .approval }
        let second = try scene.start()
        await #expect(throws: WalletFailure.self) { try await second.value }
        running.cancel()
        try await running.value
        try folder.decide(Scene.delivery, .approve)
        running = try scene.start()
        try await scene.eventually("begin is sent") { scene.node.taken.count == 1 }
        running.cancel()
        try await running.value
        await scene.node.close()
    }

    @Test("A policy that is misspelled or impossible is refused, and names the field")
    func policy() async throws {
        let scene = try await Scene()
        let folder = CustodianFolder(home: scene.temporary.home, network: scene.pinned)
        #expect(try folder.policy() == CustodianPolicy(owners: [Scene.owner]))
        for (text, field) in [(#"{"hour": {}}"#, "hour"), (#"{}"#, "owners"), ("{", "policy")] {
            try scene.write(text, to: folder.policyPath)
            do {
                _ = try folder.policy()
                Issue.record("accepted: \(text)")
            } catch {
                #expect(error.kind == .usage && error.message.contains(field))
            }
        }
        await scene.node.close()
    }

    @Test("A journal that is damaged keeps the custodian from starting: open deliveries would be forgotten")
    func damagedJournal() async throws {
        let scene = try await Scene()
        scene.says(nil)
        let running = try scene.start()
        try await scene.eventually("begin is sent") { scene.node.taken.count == 1 }
        running.cancel()
        try await running.value
        let path = CustodianFolder(home: scene.temporary.home, network: scene.pinned).path + "/journal"
        var bytes = try scene.read(path)
        bytes[100] ^= 1
        try scene.write(bytes, to: path)
        let again = try scene.start()
        await #expect(throws: WalletFailure.self) { try await again.value }
        await scene.node.close()
    }
}
