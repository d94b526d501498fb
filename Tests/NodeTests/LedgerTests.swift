import Blocks
import Foundation
import Node
import Primitives
import Storage
import Testing

/// Homes on a real disk, opened as `start` and `verify` do.
@Suite struct LedgerTests {
    private func makeHome() throws -> NodeHome {
        let path = NSTemporaryDirectory() + "mednexus-node-\(UUID().uuidString)"
        var seed: UInt64 = 1
        func address() throws -> Address {
            seed += 1
            return try NodeHome.address(of: Bytes32(0, 0, 0, seed))
        }
        var accounts: [String: Address] = [:]
        let text = try GenesisTemplate.fill(
            .standard, name: "test",
            accounts: { name in
                if let known = accounts[name] { return known }
                let made = try address()
                accounts[name] = made
                return made
            }, validators: [.init(key: try NodeHome.address(of: Bytes32(0, 0, 0, 1)), transportKey: nil)],
            time: NodeClock.now)
        let home = NodeHome(path)
        try home.create(genesis: text, validatorKey: SecretKeyBytes(Bytes32(0, 0, 0, 1)), history: .unused)
        _ = try Ledger.open(home, mapGibibytes: 1)
        return home
    }

    private func remove(_ home: NodeHome) { try? FileManager.default.removeItem(atPath: home.path) }

    private func exit(of body: () throws -> Void) -> NodeExit? {
        do {
            try body()
            return nil
        } catch let failure as NodeFailure {
            return failure.exit
        } catch {
            return .failure
        }
    }

    @Test("a new home verifies, again and again")
    func verifies() async throws {
        let home = try makeHome()
        defer { remove(home) }
        for _ in 0..<2 {
            let report = try await ChainVerification.run(home: home) { _, _ in }
            #expect(report.height == .genesis)
            #expect(report.assets == 1)
        }
    }

    @Test("Whoever reads verified blocks may stop amid the chain, as a replay does at a bad block")
    func stopsAmid() throws {
        let home = try makeHome()
        defer { remove(home) }
        let ledger = try Ledger.open(home, mapGibibytes: 1)
        let genesis = try ledger.header(at: .genesis).header
        let empty = BlockReceipts(due: Receipt(transactionHash: .zero, weight: 0, events: []), transactions: [])
        var parent = genesis
        for height: UInt64 in 1...8 {
            parent = BlockHeader(
                network: genesis.network, height: Height(height), parent: parent.hash,
                time: Timestamp(parent.time.milliseconds + 1), epoch: 0, proposer: 0,
                validatorSet: genesis.validatorSet, transactionsRoot: Block.transactionsRoot(of: []),
                receiptsRoot: empty.root, evidenceRoot: Block.evidenceRoot(of: []), stateRoot: genesis.stateRoot)
            let block = Block(header: parent, transactions: [], evidence: [])
            try ledger.log.append(Ledger.entry(block, certificate: nil, receipts: empty))
        }
        for taken in 0...9 {
            let blocks = VerifiedBlocks(of: ledger, from: Height(1), through: Height(8), threads: 2, groupBlocks: 1)
            var heights: [UInt64] = []
            for _ in 0..<taken { heights += try blocks.next()?.map(\.block.header.height.value) ?? [] }
            #expect(heights == Array(1...8).prefix(taken).map { UInt64($0) })
            blocks.stop()
        }
    }

    @Test("init never overwrites a home, and keys stay private")
    func create() throws {
        let home = try makeHome()
        defer { remove(home) }
        let genesis = try String(contentsOfFile: home.genesisFile, encoding: .utf8)
        #expect(exit { try home.create(genesis: genesis, validatorKey: nil) } == .configuration)
        let mode = try FileManager.default.attributesOfItem(atPath: home.validatorKeyFile)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: home.validatorKeyFile)
        #expect(exit { _ = try home.validatorKey() } == .configuration)
    }

    @Test(
        "a key of unknown history gets no empty guard: it is refused, or watches; a key drawn here signs at once, once")
    func keyHistory() throws {
        let model = try makeHome()
        defer { remove(model) }
        let genesis = try String(contentsOfFile: model.genesisFile, encoding: .utf8)
        let home = NodeHome(NSTemporaryDirectory() + "mednexus-history-\(UUID().uuidString)")
        defer { remove(home) }
        let old = SecretKeyBytes(Bytes32(0, 0, 0, 1))
        #expect(exit { try home.create(genesis: genesis, validatorKey: old) } == .signingGuard)
        #expect(!home.exists)
        try home.create(genesis: genesis, validatorKey: old, history: .used)
        #expect(try home.isGuardWatching() == true)

        let fresh = NodeHome(home.path + "-fresh")
        defer { remove(fresh) }
        _ = try fresh.makeKeys(validator: true)
        try fresh.create(genesis: genesis, validatorKey: nil)
        #expect(try fresh.isGuardWatching() == false)

        // The key file alone, in another home: what it signed is not known there.
        let moved = NodeHome(home.path + "-moved")
        defer { remove(moved) }
        _ = try moved.makeKeys(validator: false)
        try FileManager.default.copyItem(atPath: fresh.validatorKeyFile, toPath: moved.validatorKeyFile)
        #expect(exit { try moved.create(genesis: genesis, validatorKey: nil) } == .signingGuard)
        // Nor does a home whose genesis is taken away become fresh again.
        try FileManager.default.removeItem(atPath: fresh.genesisFile)
        try FileManager.default.removeItem(atPath: fresh.path + "/guard")
        #expect(exit { try fresh.create(genesis: genesis, validatorKey: nil) } == .signingGuard)
    }

    @Test("verify makes no ledger where there is none")
    func verifyWritesNothing() async throws {
        let empty = NodeHome(NSTemporaryDirectory() + "mednexus-empty-\(UUID().uuidString)")
        await #expect(throws: NodeFailure.self) { _ = try await ChainVerification.run(home: empty) { _, _ in } }
        #expect(!FileManager.default.fileExists(atPath: empty.path))
    }

    @Test("a store that was cut short is refused, not read behind its end")
    func cutShort() async throws {
        let home = try makeHome()
        defer { remove(home) }
        let file = home.storageDirectory + "/log/data.mdb"
        let bytes = try #require(FileManager.default.contents(atPath: file))
        try bytes.prefix(bytes.count / 2).write(to: URL(filePath: file))
        await #expect(throws: NodeFailure.self) { _ = try await ChainVerification.run(home: home) { _, _ in } }
    }

    @Test("a key that is cut short is refused, not taken for an observer's home")
    func damagedKey() throws {
        let home = try makeHome()
        defer { remove(home) }
        try "00ff\n".write(toFile: home.validatorKeyFile, atomically: false, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: home.validatorKeyFile)
        #expect(exit { _ = try home.validatorKey() } == .configuration)
    }

    @Test("a home of another network, and a damaged genesis, are refused")
    func otherNetwork() async throws {
        let home = try makeHome()
        defer { remove(home) }
        _ = try await ChainVerification.run(home: home) { _, _ in }
        let genesis = try String(contentsOfFile: home.genesisFile, encoding: .utf8)
        let other = genesis.replacingOccurrences(of: "\"test\",\"kind\"", with: "\"other\",\"kind\"")
        #expect(other != genesis)
        try other.write(toFile: home.genesisFile, atomically: true, encoding: .utf8)
        await #expect(throws: NodeFailure.self) { _ = try await ChainVerification.run(home: home) { _, _ in } }
        try "{".write(toFile: home.genesisFile, atomically: true, encoding: .utf8)
        #expect(exit { _ = try home.genesis() } == .configuration)
    }

    @Test("a flipped byte in a store is found, never answered from")
    func flippedByte() async throws {
        let home = try makeHome()
        defer { remove(home) }
        let root = try await ChainVerification.run(home: home) { _, _ in }.stateRoot.bytes.array
        let file = home.storageDirectory + "/log/data.mdb"
        let bytes = [UInt8](try #require(FileManager.default.contents(atPath: file)))
        let positions = bytes.indices.dropLast(32).filter {
            bytes[$0] == root[0] && bytes[$0..<$0 + 32].elementsEqual(root)
        }
        // In the header and in the block.
        #expect(positions.count >= 2)
        for position in positions {
            var damaged = bytes
            damaged[position + 7] ^= 0x40
            try Data(damaged).write(to: URL(filePath: file))
            await #expect(throws: NodeFailure.self) { _ = try await ChainVerification.run(home: home) { _, _ in } }
        }
        try Data(bytes).write(to: URL(filePath: file))
        _ = try await ChainVerification.run(home: home) { _, _ in }
    }
}
