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

/// A snapshot of a block at the end of the first epoch, or in its middle, of genesis's state and many entries more.
struct SnapshotSource {
    static let validator = Bytes32(0, 0, 0, 1)

    let manifest: SnapshotManifest
    let chunks: [[UInt8]]
    let trusted: Checkpoint
    let state: LayeredSnapshot

    /// - Parameters:
    ///   - dense: so many entries more, of `denseBytes` each, all in one place.
    ///   - nextLength: heights of the epoch that follows.
    ///   - targetBytes: of a chunk.
    init(
        _ home: NodeHome, entries: UInt64, salt: UInt8 = 1, dense: UInt64 = 0, denseBytes: Int = 0,
        endsEpoch: Bool = true, nextLength: UInt64 = 40, targetBytes: Int = 6_000
    ) throws {
        let genesis = try home.genesis()
        let (block, layer) = try Ledger.genesisBlock(genesis)
        let first = LayeredSnapshot(EmptySnapshot()).adding(layer)
        let epoch = try Epochs.current(in: first)
        let height = endsEpoch ? epoch.lastHeight : Height(epoch.lastHeight.value - 1)
        var changes: [(key: StateKey, value: [UInt8]?)] = (0..<entries).map {
            (StateKey(.revenue, 15, $0), [UInt8](repeating: salt, count: 40))
        }
        changes += (0..<dense).map {
            (
                StateKey(.revenue, 9, Bytes32(7, 7, 7, 7), Bytes32($0, 0, 0, 0)),
                [UInt8](repeating: salt, count: denseBytes)
            )
        }
        if endsEpoch {
            let next = EpochRecord(
                number: Epoch(1), firstHeight: height.next, lastHeight: Height(height.value + nextLength))
            changes.append((Validators.epochKey, next.encoded))
        }
        let made = try StateLayer.make(height: height, over: first, changes: changes, index: [])
        state = first.adding(made)
        let header = BlockHeader(
            network: genesis.hash, height: height, parent: .zero,
            time: Timestamp(genesis.time.milliseconds + 1_000), epoch: 0, proposer: 0,
            validatorSet: block.header.validatorSet, transactionsRoot: .zero, receiptsRoot: .zero,
            evidenceRoot: .zero, stateRoot: made.root)
        let key = try #require(SecretKey(Self.validator))
        let vote = Vote.finalize(Epoch(0), View(9), parentView: View(8), blockHash: header.hash)
        let signature = Schnorr.sign(message: vote.message(network: genesis.hash), secret: key, auxiliary: .zero)
        let certificate = Certificate(vote, signatures: [(validator: 0, signature: signature)], validators: 1)
        var (starts, chunks): ([Bytes32], [[UInt8]]) = ([], [])
        var cutter = StateCutter(state, targetBytes: targetBytes)
        while let (range, chunk) = try cutter.cut() {
            if !chunks.isEmpty { starts.append(range.start) }
            chunks.append(chunk.encoded)
        }
        self.chunks = chunks
        manifest = SnapshotManifest(
            chain: ChainEvidence(
                checkpoint: block.header, validators: try Validators.currentSet(in: first), hops: [],
                headers: [header], certificate: certificate),
            epoch: ProvenRead(
                key: Validators.epochKey, value: try state.read(Validators.epochKey),
                proof: try state.proof(of: Validators.epochKey)), cuts: try #require(ChunkCuts(starts)),
            entries: entries + dense, bytes: .max >> 20)
        trusted = Checkpoint(network: genesis.hash, height: .genesis, blockHash: block.hash)
    }

    var root: Hash { state.root }

    func begin(in home: NodeHome) throws -> SnapshotImport {
        try SnapshotImport(manifest, trusting: trusted, in: home, mapGibibytes: 1)
    }

    /// So many chunks, or those that are left.
    func take(_ importing: SnapshotImport, atMost count: Int = .max) throws {
        var left = count
        while left > 0, !importing.isComplete {
            try importing.append(
                SnapshotImport.verified(chunks[importing.next], index: importing.next, of: manifest))
            left -= 1
        }
    }

    /// That the home has this state now, and nothing is left to do.
    func check(_ home: NodeHome) throws {
        #expect(try SnapshotImport.interrupted(in: home) == nil)
        #expect(try !SnapshotImport.isPossible(in: home))
        let ledger = try Ledger.open(home, mapGibibytes: 1)
        #expect(ledger.state.root == root && ledger.state.height == manifest.header?.height)
        #expect(ledger.log.tip?.height == ledger.state.height)
    }

    /// Runs `body` with a home that has a genesis and no ledger.
    static func withHome(_ body: (NodeHome) throws -> Void) throws {
        let home = try makeHome()
        defer { try? FileManager.default.removeItem(atPath: home.path) }
        try body(home)
    }

    private static func makeHome() throws -> NodeHome {
        let path = NSTemporaryDirectory() + "mednexus-import-\(UUID().uuidString)"
        var seed: UInt64 = 1
        var accounts: [String: Address] = [:]
        let text = try GenesisTemplate.fill(
            .standard, name: "test",
            accounts: { name in
                if let known = accounts[name] { return known }
                seed += 1
                let made = try NodeHome.address(of: Bytes32(0, 0, 0, seed))
                accounts[name] = made
                return made
            }, validators: [.init(key: try NodeHome.address(of: validator), transportKey: nil)],
            time: Timestamp(1_767_225_600_000))
        let home = NodeHome(path)
        try home.create(genesis: text, validatorKey: nil, history: nil)
        return home
    }
}
