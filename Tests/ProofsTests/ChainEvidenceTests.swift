import Blocks
import Cryptography
import Encoding
import Primitives
import Proofs
import StateModel
import TestSupport
import Testing
import Votes

struct ChainEvidenceTests {
    @Test("Every block is proven from every checkpoint, across changes of the set and below the checkpoint")
    func everyPair() throws {
        let chain = try ProofChain(seed: 1)
        for checkpoint in chain.links.indices {
            for height in chain.links.indices {
                let evidence = try chain.evidence(of: height, from: checkpoint)
                #expect(try evidence.verify(trusting: chain.checkpoint(checkpoint)) == chain.links[height].header)
                #expect(try ChainEvidence(decoding: evidence.encoded) == evidence)
            }
        }
        let hops = try chain.evidence(of: 21, from: 0).hops
        #expect(hops.map(\.header.height.value) == [5, 15, 20], "only where the set changed")
    }

    private func refusal(_ evidence: ChainEvidence, _ checkpoint: Checkpoint) -> String? {
        do throws(ProofFailure) {
            _ = try evidence.verify(trusting: checkpoint)
            return nil
        } catch {
            return error.field
        }
    }

    @Test("Another checkpoint, another network, another height are refused")
    func foreignCheckpoints() throws {
        let chain = try ProofChain(seed: 2)
        let evidence = try chain.evidence(of: 13, from: 2)
        let trusted = chain.checkpoint(2)
        #expect(refusal(evidence, trusted) == nil)
        #expect(refusal(evidence, chain.checkpoint(3)) == "checkpoint")
        let foreign = Checkpoint(network: testHash("other"), height: trusted.height, blockHash: trusted.blockHash)
        #expect(refusal(evidence, foreign) == "checkpoint")
        let raised = Checkpoint(network: trusted.network, height: Height(3), blockHash: trusted.blockHash)
        #expect(refusal(evidence, raised) == "checkpoint")
    }

    @Test("A hop left out, doubled, out of order or from another chain, and headers that do not follow are refused")
    func brokenChains() throws {
        let chain = try ProofChain(seed: 3)
        let other = try ProofChain(seed: 4)
        let good = try chain.evidence(of: 16, from: 0)
        func changed(
            hops: [ValidatorSetHop]? = nil, headers: [BlockHeader]? = nil, certificate: Certificate?? = .none,
            validators: ValidatorSet? = nil
        ) -> String? {
            refusal(
                ChainEvidence(
                    checkpoint: good.checkpoint, validators: validators ?? good.validators, hops: hops ?? good.hops,
                    headers: headers ?? good.headers, certificate: certificate ?? good.certificate),
                chain.checkpoint(0))
        }
        #expect(changed() == nil)
        for index in good.hops.indices {
            var hops = good.hops
            hops.remove(at: index)
            #expect(changed(hops: hops) != nil, "without hop \(index)")
            var doubled = good.hops
            doubled.insert(doubled[index], at: index)
            #expect(changed(hops: doubled) == "hops")
        }
        #expect(changed(hops: good.hops.reversed()) == "hops")
        #expect(changed(hops: []) == "certificate", "the set of genesis does not decide there")
        #expect(changed(headers: []) == "headers")
        #expect(changed(headers: good.headers.reversed()) == "headers")
        #expect(changed(headers: [other.links[16].header] + good.headers.dropFirst()) == "headers")
        #expect(changed(certificate: .some(nil)) == "certificate")
        #expect(changed(certificate: .some(chain.links[12].certificate)) == "certificate")
        #expect(changed(validators: try chain.set(deciding: 12)) == "validators")
    }

    @Test("Too few signers, another set's signers, another epoch's vote and other kinds of votes are refused")
    func badCertificates() throws {
        let chain = try ProofChain(seed: 5)
        let good = try chain.evidence(of: 12, from: 7)
        let header = chain.links[12].header
        let keys = try ProofChain.keys(of: 1)
        let set = try chain.set(deciding: 12)
        func certified(_ certificate: Certificate) -> String? {
            refusal(
                ChainEvidence(
                    checkpoint: good.checkpoint, validators: good.validators, hops: good.hops, headers: [header],
                    certificate: certificate), chain.checkpoint(7))
        }
        #expect(certified(ProofChain.certificate(of: header, by: keys, set)) == nil)
        #expect(certified(ProofChain.certificate(of: header, by: keys, set, leaving: 1)) == nil, "three of four")
        #expect(certified(ProofChain.certificate(of: header, by: keys, set, leaving: 2)) == "certificate")
        #expect(certified(ProofChain.certificate(of: header, by: keys, set, epoch: 1)) == "certificate")
        let old = try ProofChain.keys(of: 0)
        let oldSet = try chain.set(deciding: 3)
        #expect(certified(ProofChain.certificate(of: header, by: old, oldSet)) == "certificate")
        let notarized = Vote.notarize(Epoch(header.epoch), View(13), parentView: View(12), blockHash: header.hash)
        let message = notarized.message(network: header.network)
        let signatures = keys.enumerated().map {
            (validator: $0.offset, signature: Schnorr.sign(message: message, secret: $0.element, auxiliary: .zero))
        }
        #expect(certified(Certificate(notarized, signatures: signatures, validators: 4)) == "certificate")
    }

    @Test("A set that retired can't go on: its later blocks are not those of the chain")
    func retiredValidators() throws {
        let chain = try ProofChain(seed: 6)
        let old = try ProofChain.keys(of: 0)
        let oldSet = try chain.set(deciding: 3)
        let boundary = chain.links[5].header
        // They agree on a block of their own behind the one at which they were replaced.
        let forged = BlockHeader(
            network: boundary.network, height: Height(6), parent: boundary.hash,
            time: Timestamp(boundary.time.milliseconds + 1_000), epoch: 1,
            proposer: 0, validatorSet: oldSet.hash, transactionsRoot: .zero, receiptsRoot: .zero, evidenceRoot: .zero,
            stateRoot: testHash("forged"))
        let certificate = ProofChain.certificate(of: forged, by: old, oldSet)
        let honest = try chain.evidence(of: 6, from: 5)
        let forgery = ChainEvidence(
            checkpoint: honest.checkpoint, validators: honest.validators, hops: honest.hops, headers: [forged],
            certificate: certificate)
        #expect(refusal(forgery, chain.checkpoint(5)) == "certificate")
    }

    @Test("What was signed in an epoch that was given up proves nothing to who trusts a block of a later one")
    func epochsDoNotGoBack() throws {
        let chain = try ProofChain(seed: 7)
        // Epochs 1 and 2 have the same validators, as after a restart.
        let trusted = chain.links[12].header
        let keys = try ProofChain.keys(of: 1)
        let set = try chain.set(deciding: 12)
        func refusal(epoch: UInt64, laterBy milliseconds: UInt64) throws -> String? {
            let forged = BlockHeader(
                network: trusted.network, height: Height(13), parent: testHash("elsewhere"),
                time: Timestamp(trusted.time.milliseconds + milliseconds), epoch: epoch, proposer: 0,
                validatorSet: set.hash, transactionsRoot: .zero, receiptsRoot: .zero, evidenceRoot: .zero,
                stateRoot: testHash("forged"))
            return self.refusal(
                ChainEvidence(
                    checkpoint: trusted, validators: set, hops: [], headers: [forged],
                    certificate: ProofChain.certificate(of: forged, by: keys, set)), chain.checkpoint(12))
        }
        #expect(trusted.epoch == 2)
        #expect(try refusal(epoch: 1, laterBy: 1_000) == "headers")
        #expect(try refusal(epoch: 2, laterBy: 0) == "headers")
        #expect(try refusal(epoch: 2, laterBy: 1_000) == nil, "a quorum of the set can always sign")
    }
}
