internal import Blocks
internal import Encoding
internal import Execution
internal import Governance
package import Primitives
package import Proofs
internal import Replica
internal import StateModel
internal import Storage
internal import Votes

/// Evidence out of the log: what makes a block final for whoever trusts an older one.
extension Ledger {
    private static let provenBelow: UInt64 = 512
    private static let validatorsPath = StateTrie.path(of: ValidatorSetHop.key)

    /// Makes final blocks durable, and with each that changed the validators what proves the next ones: the state that
    /// proves it is at hand only now.
    func append(_ blocks: [FinalExecution]) throws {
        let hops = try hops(of: blocks)
        try log.append(
            zip(blocks, hops).map { block, hop in
                Self.entry(
                    block.executed.block, certificate: block.certificate, receipts: block.executed.receipts, hop: hop)
            })
    }

    private func hops(of blocks: [FinalExecution]) throws -> [ValidatorSetHop?] {
        guard blocks.contains(where: { $0.executed.layer.changes(Self.validatorsPath) }) else {
            return blocks.map { _ in nil }
        }
        var snapshot = try state.snapshot()
        return try blocks.map { block in
            snapshot = snapshot.adding(block.executed.layer)
            guard block.executed.layer.changes(Self.validatorsPath) else { return nil }
            return try ValidatorSetHop.make(block.executed.block.header, certificate: block.certificate, in: snapshot)
        }
    }

    /// Proof that the block at `height` is final, for whoever trusts the one at `checkpoint`.
    package func evidence(of height: Height, from checkpoint: Height) throws -> ChainEvidence {
        guard let trusted = try knownHeader(at: checkpoint)?.header else { throw EvidenceFailure.missing }
        let (headers, certificate) = try certified(from: height, checkpoint: checkpoint)
        guard let last = headers.last else { throw NodeFailure(.corruption, "the log has no block \(height)") }
        var hops: [ValidatorSetHop] = []
        if certificate != nil {
            let found = try log.hops(
                in: checkpoint.value..<last.height.value, limit: ChainEvidence.maximumHops + 1)
            guard found.count <= ChainEvidence.maximumHops else { throw EvidenceFailure.tooFar }
            hops = try found.map { try ValidatorSetHop(decoding: $0.hop) }
            if let first = hops.first, first.header == trusted {
                // The first hop of all leads to the set of genesis itself.
                hops[0] = first.ofCheckpoint
                if first.record.set?.hash == trusted.validatorSet { hops.removeFirst() }
            }
        }
        let validators = try validators(deciding: trusted)
        if certificate != nil { try check(hops, from: trusted, validators, to: last) }
        return ChainEvidence(
            checkpoint: trusted, validators: validators, hops: hops, headers: headers, certificate: certificate)
    }

    /// A node that began with a snapshot may lack hops from before it.
    private func check(
        _ hops: [ValidatorSetHop], from trusted: BlockHeader, _ validators: ValidatorSet, to last: BlockHeader
    ) throws {
        var set: Hash? = validators.hash
        for hop in hops {
            guard hop.header.validatorSet == set, hop.certificate != nil || hop.header == trusted else {
                throw EvidenceFailure.missing
            }
            set = hop.record.set?.hash
        }
        guard last.validatorSet == set else { throw EvidenceFailure.missing }
    }

    /// The headers from `height` to the first that a certificate makes final, or to the checkpoint.
    private func certified(
        from height: Height, checkpoint: Height
    ) throws -> (headers: [BlockHeader], certificate: Certificate?) {
        // What lies below a checkpoint is proven by its descendants' headers, one by one.
        guard height >= checkpoint || checkpoint.value - height.value <= Self.provenBelow else {
            throw EvidenceFailure.tooFar
        }
        var headers: [BlockHeader] = []
        var next = height
        while headers.count < ChainEvidence.maximumHeaders {
            guard let (header, certificate) = try knownHeader(at: next) else { throw EvidenceFailure.missing }
            headers.append(header)
            if next == checkpoint { return (headers, nil) }
            if next > checkpoint, let certificate { return (headers, certificate) }
            next = next.next
        }
        throw EvidenceFailure.tooFar
    }

    /// The set whose certificates make the block with `header` final.
    private func validators(deciding header: BlockHeader) throws -> ValidatorSet {
        let below = try log.lastHop(below: header.height) ?? log.hops(in: 0..<1, limit: 1).first?.hop
        if let below, let set = try ValidatorSetHop(decoding: below).record.set, set.hash == header.validatorSet {
            return set
        }
        // A node that began with a snapshot may not have that hop, and know the set all the same.
        let current = try GenesisExecutor.validatorSet(in: try state.snapshot())
        guard current.hash == header.validatorSet else { throw EvidenceFailure.missing }
        return current
    }

    /// The lowest block from which this node can prove the one at `height`: genesis, unless the node began with a
    /// snapshot and a later checkpoint.
    func provenFrom(_ height: Height) throws -> Height {
        do {
            _ = try evidence(of: height, from: .genesis)
            return .genesis
        } catch is EvidenceFailure {
            guard let first = try log.nextHeader(from: Height(1)), first < height else { throw EvidenceFailure.missing }
            return first
        }
    }
}

/// Why this node can't give evidence.
enum EvidenceFailure: Error {
    /// More lies between block and checkpoint than evidence may hold.
    case tooFar
    /// The node does not know how the validators changed.
    case missing
}
