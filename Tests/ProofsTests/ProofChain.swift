import Blocks
import Cryptography
import Encoding
import Governance
import Primitives
import Proofs
import StateModel
import TestSupport
import Testing
import Votes

/// A chain of blocks with real certificates and states, whose validators change: sets of 4, 4, 1 and again the first 4.
struct ProofChain {
    static let epochLength: UInt64 = 5
    static let network = testHash("network")

    struct Link {
        let header: BlockHeader
        let certificate: Certificate?
        let snapshot: LayeredSnapshot
        let hop: ValidatorSetHop?
    }

    let links: [Link]
    let content: [StateKey: [UInt8]]

    static func keys(of set: Int) throws -> [SecretKey] {
        try (0..<[4, 4, 1, 4][set]).map { index in
            // The last set is the first again.
            let seed = UInt64(set == 3 ? 0 : set) * 16 + UInt64(index) + 1
            return try #require(SecretKey(Bytes32(0, 0, 0, seed)))
        }
    }

    static func record(of keys: [SecretKey]) -> ValidatorsRecord {
        ValidatorsRecord(
            keys.enumerated().map { index, key in
                ValidatorRecord(
                    name: "validator \(index)", institution: .account(testAddress("institution \(index)")),
                    key: key.address, transportKey: nil, enrolledAt: testStart)
            })
    }

    static func certificate(
        of header: BlockHeader, by keys: [SecretKey], _ set: ValidatorSet, epoch: UInt64? = nil, leaving: Int = 0
    ) -> Certificate {
        let vote = Vote.finalize(
            Epoch(epoch ?? header.epoch), View(header.height.value + 1), parentView: View(header.height.value),
            blockHash: header.hash)
        let message = vote.message(network: header.network)
        let signatures = keys.enumerated().dropFirst(leaving).compactMap { _, key in
            set.index(of: key.address).map {
                (validator: $0, signature: Schnorr.sign(message: message, secret: key, auxiliary: .zero))
            }
        }
        return Certificate(vote, signatures: signatures, validators: set.count)
    }

    /// Every third block is certified by itself, and each at the end of an epoch.
    init(seed: UInt64, heights: UInt64 = 22, entries: Int = 40) throws {
        var random = SeededRandom(seed: seed)
        var snapshot = LayeredSnapshot(EmptySnapshot())
        var content: [StateKey: [UInt8]] = [:]
        var links: [Link] = []
        var set = 0
        var keys = try Self.keys(of: 0)
        for height in 0..<heights {
            let epoch = height == 0 ? 0 : (height - 1) / Self.epochLength
            let isLast = height > 0 && height % Self.epochLength == 0
            let deciding = try #require(Self.record(of: keys).set)
            var nextKeys = keys
            // The end of the second epoch changes nothing.
            if isLast, epoch != 1, set < 3 {
                set += 1
                nextKeys = try Self.keys(of: set)
            }
            var changes: [StateKey: [UInt8]?] = [:]
            for _ in 0..<entries {
                let key = StateKey(.revenue, 3, UInt64.random(in: 0..<UInt64(entries * 8), using: &random))
                changes[key] = .some(Int.random(in: 0..<4, using: &random) == 0 ? nil : random.bytes(24))
            }
            if height == 0 || nextKeys.map(\.address) != keys.map(\.address) {
                changes[ValidatorSetHop.key] = .some(Self.record(of: nextKeys).encoded)
            }
            let layer = try StateLayer.make(
                height: Height(height), over: snapshot, changes: changes.map { ($0.key, $0.value) }, index: [])
            for (key, value) in changes { content[key] = value }
            snapshot = snapshot.adding(layer)
            let header = BlockHeader(
                network: Self.network, height: Height(height), parent: links.last?.header.hash ?? .zero,
                time: Timestamp(testStart.milliseconds + height * 1_000), epoch: epoch, proposer: 0,
                validatorSet: deciding.hash, transactionsRoot: MerkleLog.emptyRoot, receiptsRoot: MerkleLog.emptyRoot,
                evidenceRoot: MerkleLog.emptyRoot, stateRoot: layer.root)
            let isCertified = height > 0 && (height % 3 == 0 || isLast || height == heights - 1)
            let certificate = isCertified ? Self.certificate(of: header, by: keys, deciding) : nil
            let isChange = changes[ValidatorSetHop.key] != nil
            links.append(
                Link(
                    header: header, certificate: certificate, snapshot: snapshot,
                    hop: isChange
                        ? try ValidatorSetHop.make(header, certificate: certificate, in: snapshot) : nil))
            keys = nextKeys
        }
        self.links = links
        self.content = content
    }

    func checkpoint(_ height: Int) -> Checkpoint {
        Checkpoint(network: Self.network, height: Height(UInt64(height)), blockHash: links[height].header.hash)
    }

    func set(deciding height: Int) throws -> ValidatorSet {
        let hop = links.prefix(max(1, height)).compactMap(\.hop).last
        return try #require(hop?.record.set)
    }

    func evidence(of height: Int, from checkpoint: Int) throws -> ChainEvidence {
        var headers: [BlockHeader] = []
        var certificate: Certificate?
        for position in height..<links.count {
            headers.append(links[position].header)
            if position == checkpoint { break }
            if position > checkpoint, let found = links[position].certificate {
                certificate = found
                break
            }
        }
        var hops: [ValidatorSetHop] = []
        if certificate != nil, let last = headers.last {
            hops = links[checkpoint..<Int(last.height.value)].compactMap(\.hop)
            if let first = hops.first, first.header == links[checkpoint].header {
                hops[0] = first.ofCheckpoint
                if checkpoint == 0 { hops.removeFirst() }
            }
        }
        return ChainEvidence(
            checkpoint: links[checkpoint].header, validators: try set(deciding: checkpoint), hops: hops,
            headers: headers, certificate: certificate)
    }

    func proof(of keys: [StateKey], at height: Int, from checkpoint: Int) throws -> Proof {
        let snapshot = links[height].snapshot
        let reads = try keys.map {
            ProvenRead(key: $0, value: try snapshot.read($0), proof: try snapshot.proof(of: $0))
        }
        return Proof(
            networkKind: .test, maximumAge: 60_000, chain: try evidence(of: height, from: checkpoint),
            subject: .state(reads, nil))
    }
}
