import Blocks
import Cryptography
import Encoding
import Foundation
import Governance
import Node
import Primitives
import Proofs
import StateModel
import Storage
import Testing
import Votes

/// Imports of a made-up but proven state, interrupted wherever they can be.
@Suite struct SnapshotImportTests {
    static let validator = Bytes32(0, 0, 0, 1)

    private func makeHome() throws -> NodeHome {
        let path = NSTemporaryDirectory() + "mednexus-import-\(UUID().uuidString)"
        let template = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "genesis/devnet.json").path
        var seed: UInt64 = 1
        var accounts: [String: Address] = [:]
        let text = try GenesisTemplate.fill(
            template, name: "test",
            accounts: { name in
                if let known = accounts[name] { return known }
                seed += 1
                let made = try NodeHome.address(of: Bytes32(0, 0, 0, seed))
                accounts[name] = made
                return made
            }, validators: [.init(key: try NodeHome.address(of: Self.validator), transportKey: nil)],
            time: Timestamp(1_767_225_600_000))
        let home = NodeHome(path)
        try home.create(genesis: text, validatorKey: nil, history: nil)
        return home
    }

    /// A snapshot of a block at the end of the first epoch, or in its middle, of genesis's state and many entries more.
    private struct Source {
        let manifest: SnapshotManifest
        let chunks: [[UInt8]]
        let trusted: Checkpoint
        let root: Hash

        init(_ home: NodeHome, entries: UInt64, salt: UInt8 = 1, endsEpoch: Bool = true, depth: Int = 3) throws {
            let genesis = try home.genesis()
            let (block, layer) = try Ledger.genesisBlock(genesis)
            let first = LayeredSnapshot(EmptySnapshot()).adding(layer)
            let epoch = try Epochs.current(in: first)
            let height = endsEpoch ? epoch.lastHeight : Height(epoch.lastHeight.value - 1)
            var changes: [(key: StateKey, value: [UInt8]?)] = (0..<entries).map {
                (StateKey(.revenue, 15, $0), [UInt8](repeating: salt, count: 40))
            }
            if endsEpoch {
                let next = EpochRecord(
                    number: Epoch(1), firstHeight: height.next, lastHeight: Height(height.value + 40))
                changes.append((Validators.epochKey, next.encoded))
            }
            let made = try StateLayer.make(height: height, over: first, changes: changes, index: [])
            let state = first.adding(made)
            let header = BlockHeader(
                network: genesis.hash, height: height, parent: .zero,
                time: Timestamp(genesis.time.milliseconds + 1_000), epoch: 0, proposer: 0,
                validatorSet: block.header.validatorSet, transactionsRoot: .zero, receiptsRoot: .zero,
                evidenceRoot: .zero, stateRoot: made.root)
            let key = try #require(SecretKey(SnapshotImportTests.validator))
            let set = try Validators.currentSet(in: first)
            let vote = Vote.finalize(Epoch(0), View(9), parentView: View(8), blockHash: header.hash)
            let certificate = Certificate(
                vote,
                signatures: [
                    (
                        validator: 0,
                        signature: Schnorr.sign(
                            message: vote.message(network: genesis.hash), secret: key, auxiliary: .zero)
                    )
                ], validators: 1)
            manifest = SnapshotManifest(
                chain: ChainEvidence(
                    checkpoint: block.header, validators: set, hops: [], headers: [header], certificate: certificate),
                epoch: ProvenRead(
                    key: Validators.epochKey, value: try state.read(Validators.epochKey),
                    proof: try state.proof(of: Validators.epochKey)), depth: depth, entries: entries, bytes: .max >> 20)
            chunks = try (0..<1 << depth).map { try #require(try StateChunk.make($0, depth: depth, of: state)).encoded }
            trusted = Checkpoint(network: genesis.hash, height: .genesis, blockHash: block.hash)
            root = made.root
        }

        func begin(in home: NodeHome) throws -> SnapshotImport {
            try SnapshotImport(manifest, trusting: trusted, in: home, mapGibibytes: 1)
        }

        func take(_ count: Int, _ importing: SnapshotImport) throws {
            for _ in 0..<count where !importing.isComplete {
                try importing.append(
                    SnapshotImport.verified(chunks[importing.next], index: importing.next, of: manifest))
            }
        }
    }

    private func check(_ home: NodeHome, _ source: Source) throws {
        #expect(try SnapshotImport.interrupted(in: home) == nil)
        #expect(try !SnapshotImport.isPossible(in: home))
        let ledger = try Ledger.open(home, mapGibibytes: 1)
        #expect(ledger.state.root == source.root && ledger.state.height == source.manifest.header?.height)
        #expect(ledger.log.tip?.height == ledger.state.height)
    }

    @Test("An import that is interrupted after any chunk, before its end, or behind it, comes to the same state")
    func interrupted() throws {
        for stop in 0...10 {
            let home = try makeHome()
            defer { try? FileManager.default.removeItem(atPath: home.path) }
            let source = try Source(home, entries: 600)
            do {
                let importing = try source.begin(in: home)
                try source.take(stop, importing)
                // All chunks and the log, not yet the state.
                if stop == 9 { try importing.beginLog() }
                if stop == 10 { try importing.finish(progress: { _ in }) } else { importing.close() }
            }
            if stop == 10 {
                // The removal of the file was lost.
                try FileDisk(home.storageDirectory).replace("snapshot", with: source.manifest.encoded)
                #expect(try !SnapshotImport.isPossible(in: home), "it is complete")
            } else {
                #expect(try SnapshotImport.interrupted(in: home) == source.manifest)
                #expect(throws: (any Error).self) { try Ledger.open(home, mapGibibytes: 1) }
                let again = try source.begin(in: home)
                #expect(again.next >= min(stop, 8) - 1 && again.isComplete == (stop == 9))
                try source.take(8, again)
                try again.finish(progress: { _ in })
            }
            try check(home, source)
        }
    }

    @Test("A file whose removal was lost does not keep a node from starting")
    func leftover() throws {
        let home = try makeHome()
        defer { try? FileManager.default.removeItem(atPath: home.path) }
        let source = try Source(home, entries: 600)
        let importing = try source.begin(in: home)
        try source.take(8, importing)
        try importing.finish(progress: { _ in })
        try FileDisk(home.storageDirectory).replace("snapshot", with: source.manifest.encoded)
        #expect(try Ledger.open(home, mapGibibytes: 1).state.root == source.root)
        #expect(try SnapshotImport.interrupted(in: home) == nil)
    }

    @Test("Another snapshot begins anew while chunks are missing, and is refused once the first is all here")
    func another() throws {
        let home = try makeHome()
        defer { try? FileManager.default.removeItem(atPath: home.path) }
        let first = try Source(home, entries: 600)
        let second = try Source(home, entries: 600, salt: 2)
        do {
            let importing = try first.begin(in: home)
            try first.take(4, importing)
            importing.close()
        }
        do {
            let importing = try second.begin(in: home)
            #expect(importing.next == 0)
            try second.take(8, importing)
            try importing.beginLog()
            importing.close()
        }
        #expect(throws: NodeFailure.self) { try first.begin(in: home) }
        #expect(try SnapshotImport.interrupted(in: home) == second.manifest)
        let again = try second.begin(in: home)
        #expect(again.isComplete)
        try again.finish(progress: { _ in })
        try check(home, second)
    }

    @Test(
        "A snapshot that does not end an epoch, of another network or checkpoint, and a wrong chunk are refused at once"
    )
    func refused() throws {
        let home = try makeHome()
        defer { try? FileManager.default.removeItem(atPath: home.path) }
        let middle = try Source(home, entries: 600, endsEpoch: false)
        #expect(throws: NodeFailure.self) { try middle.begin(in: home) }
        let source = try Source(home, entries: 600)
        let elsewhere = Checkpoint(
            network: source.trusted.network, height: source.trusted.height, blockHash: source.root)
        #expect(throws: NodeFailure.self) {
            try SnapshotImport(source.manifest, trusting: elsewhere, in: home, mapGibibytes: 1)
        }
        let other = try makeHome()
        defer { try? FileManager.default.removeItem(atPath: other.path) }
        _ = try Ledger.open(other, mapGibibytes: 1)
        #expect(throws: NodeFailure.self) { try source.begin(in: other) }
        #expect(!home.hasLedger, "nothing was begun")
        #expect(throws: NodeFailure.self) {
            try SnapshotImport.verified(source.chunks[1], index: 0, of: source.manifest)
        }
        let salted = try Source(home, entries: 600, salt: 2)
        #expect(throws: NodeFailure.self) {
            try SnapshotImport.verified(salted.chunks[1], index: 1, of: source.manifest)
        }
    }
}
