import Blocks
import Encoding
import Primitives
import Proofs
import StateModel
import TestSupport
import Testing

struct ProofTests {
    private func keys(_ count: UInt64) -> [StateKey] {
        // Half of them are not there.
        (0..<count).map { StateKey(.revenue, 3, $0 * 7) } + [ValidatorSetHop.key]
    }

    @Test("Values and absences are proven, and what was not asked can't be read")
    func reads() throws {
        let chain = try ProofChain(seed: 11)
        let proof = try Proof(decoding: try chain.proof(of: keys(40), at: 21, from: 0).encoded)
        let verified = try proof.verify(trusting: chain.checkpoint(0))
        guard case .state(let state, let reads, nil) = verified.fact else {
            Issue.record("another subject")
            return
        }
        #expect(reads.contains { $0.value == nil } && reads.contains { $0.value != nil })
        for key in keys(40) { #expect(try state.read(key) == chain.content[key]) }
        #expect(throws: StateFailure.self) { try state.read(StateKey(.revenue, 3, UInt64(5))) }
        try verified.checkAge(at: Timestamp(verified.header.time.milliseconds + 60_000), limit: proof.maximumAge)
        #expect(throws: ProofFailure.self) {
            try verified.checkAge(at: Timestamp(verified.header.time.milliseconds + 60_001), limit: proof.maximumAge)
        }
        try verified.checkAge(at: .maximum, limit: nil)
    }

    @Test("A read of another state, a doubled one, and values swapped between keys are refused")
    func wrongReads() throws {
        let chain = try ProofChain(seed: 12)
        let now = chain.links[21].snapshot
        let before = chain.links[14].snapshot
        let root = chain.links[21].header.stateRoot
        let changed = try #require(
            try keys(40).first { try now.read($0) != (try before.read($0)) && (try now.read($0)) != nil })
        let value = try now.read(changed)
        let good = ProvenRead(key: changed, value: value, proof: try now.proof(of: changed))
        _ = try ProvenState([good], root: root)
        let old = ProvenRead(key: changed, value: try before.read(changed), proof: try before.proof(of: changed))
        let denied = ProvenRead(key: changed, value: nil, proof: good.proof)
        let absent = try #require(try keys(40).first { try now.read($0) == nil })
        let invented = ProvenRead(key: absent, value: value, proof: try now.proof(of: absent))
        let moved = ProvenRead(key: absent, value: value, proof: good.proof)
        for bad in [[old], [denied], [invented], [moved], [good, good]] {
            #expect(throws: ProofFailure.self) { try ProvenState(bad, root: root) }
        }
    }

    @Test("hostile: of mutated proofs of one read none is accepted")
    func mutatedStateProofs() throws {
        let chain = try ProofChain(seed: 13, heights: 6, entries: 300)
        let snapshot = chain.links[5].snapshot
        var random = SeededRandom(seed: 13)
        let samples = try (0..<200).map { _ -> ProvenRead in
            let key = StateKey(.revenue, 3, UInt64.random(in: 0..<2_400, using: &random))
            return ProvenRead(key: key, value: try snapshot.read(key), proof: try snapshot.proof(of: key))
        }
        var accepted = 0
        var decoded = 0
        for index in 0..<(hostileInputs ?? 40_000) {
            let sample = samples[index % samples.count]
            let bytes = sample.proof.encoded
            let mutated = random.mutated(bytes)
            guard mutated != bytes, let proof = try? StateProof(decoding: mutated) else { continue }
            decoded += 1
            if proof.verifies(sample.key, value: sample.value, root: snapshot.root) { accepted += 1 }
            // Nor does it prove anything else.
            if proof.verifies(sample.key, value: sample.value == nil ? [1] : nil, root: snapshot.root) { accepted += 1 }
        }
        #expect(accepted == 0)
        #expect(decoded > (hostileInputs ?? 40_000) / 8, "most mutations must reach the verifier")
    }

    @Test("hostile: of whole proofs, mutated, none says anything but what the true one says")
    func mutatedProofs() throws {
        let chain = try ProofChain(seed: 14)
        let original = try chain.proof(of: keys(6), at: 16, from: 2)
        let bytes = original.encoded
        var random = SeededRandom(seed: 14)
        var other = 0
        var same = 0
        for _ in 0..<(hostileInputs ?? 20_000) {
            let mutated = random.mutated(bytes)
            guard mutated != bytes, let proof = try? Proof(decoding: mutated),
                (try? proof.verify(trusting: chain.checkpoint(2))) != nil
            else { continue }
            // What is advice and proves nothing: how identifiers are written, and for how long.
            if proof.chain == original.chain, proof.subject == original.subject { same += 1 } else { other += 1 }
        }
        #expect(other == 0)
        #expect(same < (hostileInputs ?? 20_000) / 100, "most of a proof is evidence")
    }

    @Test("hostile: random bytes never trap the decoder, and what decodes is canonical")
    func decoder() throws {
        let chain = try ProofChain(seed: 15)
        let result = exerciseDecoder(
            Proof.self, samples: [try chain.proof(of: keys(3), at: 9, from: 0)], count: 2_000, seed: 15)
        #expect(result.mismatches == 0)
    }
}
