import Consensus
import Primitives
import Testing
import Votes

/// The bugs that others shipped (Specs/consensus.md, last section), as far as the core alone can show them.
@Suite("Bugs others shipped")
struct ShippedBugTests {
    private func vote(_ vote: Vote, by validator: Int) -> ConsensusInput {
        .vote(SignedVote(vote: vote, validator: validator, signature: noSignature))
    }

    private func certificate(_ vote: Vote, _ signers: [Int] = [0, 1, 2]) -> Certificate {
        Certificate(vote, signatures: signers.map { ($0, noSignature) }, validators: 4)
    }

    private func casts(_ effects: [ConsensusEffect]) -> [Vote] {
        effects.compactMap { if case .cast(let vote) = $0 { vote } else { nil } }
    }

    /// Validator 0 of four, in view 1, which validator 1 leads.
    private func core(journal: [JournalRecord] = [], guardVotes: [Vote] = []) -> ConsensusCore {
        ConsensusCore(
            ConsensusConfiguration(
                network: testNetwork, epoch: .genesis, validators: testSet(4), ownIndex: 0,
                lastHeight: Height(1_000)),
            recovery: Recovery(
                finalized: genesisAnchor, finalization: nil, journal: journal, guardVotes: guardVotes))
    }

    private let block = Hash(Bytes32(1, 2, 3, 4))
    private var proposal: Proposal {
        Proposal(
            epoch: .genesis, view: View(1), parentView: .genesis, blockHash: block,
            parentHash: genesisAnchor.blockHash, height: Height(1))
    }
    private var nullifyOne: Vote { .nullify(.genesis, View(1)) }

    @Test("1. Notarization and nullification of one view in different halves: the chain goes on")
    func splitCertificates() {
        var cluster = TestCluster(4, seed: 3)
        cluster.blocks[block] = proposal
        cluster.start()
        for node in 0..<2 { cluster.input(node, .certificate(certificate(proposal.notarize)), after: 1) }
        for node in 2..<4 { cluster.input(node, .certificate(certificate(nullifyOne)), after: 1) }
        cluster.run(milliseconds: 10_000)
        #expect(cluster.disagreement == nil)
        #expect(cluster.lowestHeight > 5)
    }

    @Test("2. Having nullified a view is no reason to refuse to certify its block")
    func certifiesAfterNullify() {
        var core = core()
        _ = core.step(.start)
        _ = core.step(vote(nullifyOne, by: 1))
        let asked = core.step(.certificate(certificate(proposal.notarize)))
        #expect(asked.contains { if case .obtain = $0 { true } else { false } })
        _ = core.step(.obtained(proposal))
        let effects = core.step(.verified(view: View(1), blockHash: block, .valid))
        #expect(core.view == View(2))
        // And 9: no path signs finalize after nullify.
        #expect(casts(effects).allSatisfy { $0.kind != .finalize })
    }

    @Test("3. After a crash behind the journal the own vote reaches the own collector again, for every prefix")
    func replayReachesTheCollector() {
        let core = core(journal: [.vote(nullifyOne)])
        var restarted = core
        #expect(casts(restarted.step(.start)) == [nullifyOne])
        _ = restarted.step(vote(nullifyOne, by: 0))
        _ = restarted.step(vote(nullifyOne, by: 1))
        let effects = restarted.step(vote(nullifyOne, by: 2))
        #expect(effects.contains(.broadcast(.certificate(certificate(nullifyOne)))))
        #expect(restarted.view == View(2))
    }

    @Test("4. What is journaled comes before everything else of a step, and an own vote counts only when it comes back")
    func journalFirst() {
        var core = core()
        _ = core.step(.start)
        _ = core.step(vote(nullifyOne, by: 2))
        let effects = core.step(vote(nullifyOne, by: 1))
        guard case .persist(let records)? = effects.first else {
            Issue.record("the step begins with the journal")
            return
        }
        #expect(records.contains(.vote(nullifyOne)))
        #expect(casts(effects) == [nullifyOne])
        #expect(core.view == View(1), "two votes of others and an own one that is not durable are no quorum")
    }

    @Test("5. A fetch that was lost is made again by the rebroadcast")
    func fetchAgain() {
        var core = core()
        _ = core.step(.start)
        let first = core.step(.certificate(certificate(proposal.notarize)))
        let timer = first.compactMap { effect -> ConsensusTimer? in
            if case .setTimer(let timer, _) = effect, timer.kind == .rebroadcast { timer } else { nil }
        }.first
        guard let timer else {
            Issue.record("an open fetch keeps the rebroadcast running")
            return
        }
        let again = core.step(.timer(timer))
        #expect(again.contains(.obtain(certificate(proposal.notarize))))
    }

    @Test("6. One high certificate asks for what lies below in one request")
    func noAmplification() {
        var core = core()
        _ = core.step(.start)
        _ = core.step(.work(Work(isProposable: true, isAwaited: true)))
        // Validator 0 leads view 400.
        let effects = core.step(.certificate(certificate(.nullify(.genesis, View(399)))))
        #expect(core.view == View(400))
        let fetches = effects.filter { if case .fetchCertificates = $0 { true } else { false } }
        #expect(fetches == [.fetchCertificates(above: .genesis, below: View(399))])
        // Nor does more of the same, until the rebroadcast.
        for view in [397, 395, 393] as [UInt64] {
            let more = core.step(.certificate(certificate(.nullify(.genesis, View(view)))))
            #expect(!more.contains { if case .fetchCertificates = $0 { true } else { false } })
        }
    }

    @Test("7. A block log ahead of the journal is the base; the journal's older records are passed over")
    func stateAhead() {
        let final = Anchor(view: View(9), blockHash: block, height: Height(3))
        var core = ConsensusCore(
            ConsensusConfiguration(
                network: testNetwork, epoch: .genesis, validators: testSet(4), ownIndex: 0,
                lastHeight: Height(1_000)),
            recovery: Recovery(
                finalized: final, finalization: nil, journal: [.vote(nullifyOne)], guardVotes: [nullifyOne]))
        #expect(core.view == View(10))
        #expect(core.finalized == final)
        #expect(casts(core.step(.start)).isEmpty, "a vote below what is final is not said again")
    }

    @Test("8. Two signatures over one vote are no evidence; two votes are, and a restart remembers")
    func evidence() {
        var core = core()
        _ = core.step(.start)
        let other = Vote.notarize(.genesis, View(1), parentView: .genesis, blockHash: Hash(Bytes32(5, 5, 5, 5)))
        _ = core.step(vote(proposal.notarize, by: 2))
        let again = core.step(vote(proposal.notarize, by: 2))
        #expect(!again.contains { if case .report = $0 { true } else { false } })
        let effects = core.step(vote(other, by: 2))
        #expect(effects.contains { if case .report = $0 { true } else { false } })
        guard case .persist(let records)? = effects.first else {
            Issue.record("evidence is journaled before it is reported")
            return
        }
        // After a restart the same pair is known, and reported no second time.
        var restarted = ConsensusCore(
            ConsensusConfiguration(
                network: testNetwork, epoch: .genesis, validators: testSet(4), ownIndex: 0,
                lastHeight: Height(1_000)),
            recovery: Recovery(finalized: genesisAnchor, finalization: nil, journal: records, guardVotes: []))
        _ = restarted.step(.start)
        let repeated = restarted.step(vote(proposal.notarize, by: 2)) + restarted.step(vote(other, by: 2))
        #expect(!repeated.contains { if case .report = $0 { true } else { false } })
    }

    @Test("8b. No finalize for a leader that equivocated, before and after a restart")
    func equivocatingLeader() {
        let other = Vote.notarize(.genesis, View(1), parentView: .genesis, blockHash: Hash(Bytes32(5, 5, 5, 5)))
        let one = SignedVote(vote: proposal.notarize, validator: 1, signature: noSignature)
        let two = SignedVote(vote: other, validator: 1, signature: noSignature)
        guard let evidence = Evidence(one, two) else {
            Issue.record("the votes conflict")
            return
        }
        for journal in [[], [JournalRecord.evidence(evidence)]] {
            var core = core(journal: journal)
            _ = core.step(.start)
            if journal.isEmpty {
                _ = core.step(.proposal(proposal, notarize: one))
                _ = core.step(.vote(two))
            }
            _ = core.step(.certificate(certificate(proposal.notarize)))
            _ = core.step(.obtained(proposal))
            let effects = core.step(.verified(view: View(1), blockHash: block, .valid))
            #expect(core.view == View(2))
            #expect(casts(effects).allSatisfy { $0.kind != .finalize })
        }
    }

    @Test("10. Records of another epoch are not replayed; the highest record counts, not the last written")
    func replayOrder() {
        let foreign = JournalRecord.vote(.nullify(Epoch(3), View(77)))
        let high = JournalRecord.certificate(certificate(.nullify(.genesis, View(8))))
        let low = JournalRecord.vote(.nullify(.genesis, View(2)))
        #expect(core(journal: [foreign]).view == View(1))
        #expect(core(journal: [high, low, foreign]).view == View(9))
    }

    @Test("11. A descendant's finalization finalizes; nobody waits for a direct one")
    func descendantFinalizes() {
        var core = core()
        _ = core.step(.start)
        let child = Proposal(
            epoch: .genesis, view: View(2), parentView: View(1), blockHash: Hash(Bytes32(6, 6, 6, 6)),
            parentHash: block, height: Height(2))
        _ = core.step(.certificate(certificate(proposal.notarize)))
        _ = core.step(.obtained(proposal))
        _ = core.step(.verified(view: View(1), blockHash: block, .valid))
        _ = core.step(.certificate(certificate(child.finalize)))
        _ = core.step(.obtained(child))
        let effects = core.step(.verified(view: View(2), blockHash: child.blockHash, .valid))
        #expect(effects.contains(.finalize(certificate(child.finalize), height: Height(2))))
        #expect(core.finalized.height == Height(2))
    }

    @Test("12. All restart at once, one of them without its journal: no stall")
    func restartOfAll() {
        var cluster = TestCluster(4, seed: 12)
        cluster.start()
        cluster.run(milliseconds: 3_000)
        for node in 0..<4 { cluster.crash(node) }
        cluster.nodes[1].journal = []
        for node in 0..<4 { cluster.restart(node) }
        let before = cluster.lowestHeight
        cluster.run(milliseconds: 30_000)
        #expect(cluster.lowestHeight > before + 3)
        #expect(cluster.disagreement == nil)
        #expect(cluster.halts.isEmpty)
    }

    @Test("n = 1 resumes from every prefix of its journal and makes everything final")
    func everyPrefix() {
        var reference = TestCluster(1, seed: 4)
        reference.start()
        reference.run(milliseconds: 10)
        let journal = reference.nodes[0].journal
        #expect(journal.count > 8)
        for length in 0...journal.count {
            var cluster = TestCluster(1, seed: 4)
            cluster.blocks = reference.blocks
            cluster.nodes[0].journal = Array(journal.prefix(length))
            cluster.nodes[0].isUp = false
            cluster.restart(0)
            cluster.run(milliseconds: 100)
            #expect(cluster.lowestHeight > 3, "prefix of \(length) records")
            #expect(cluster.halts.isEmpty)
        }
    }
}
