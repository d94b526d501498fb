import Consensus
import Primitives
import Testing
import Votes

/// Rules of Specs/consensus.md, one input at a time.
@Suite("Rules of consensus")
struct RuleTests {
    private let one = testProposal(1, number: 1, height: 1)
    private func nullify(_ view: UInt64) -> Vote { .nullify(.genesis, View(view)) }

    @Test("[C6] A leader's nullify that came before its view was entered is followed on entering")
    func earlyLeaderNullify() {
        var core = makeCore()
        _ = core.begin()
        #expect(core.step(.vote(signed(nullify(2), by: 2))).casts.isEmpty)
        #expect(core.step(.certificate(quorum(nullify(1), [1, 2, 3]))).casts == [nullify(2)])
    }

    @Test("[C18] An instance that is over answers every straggler's vote, also of views past the final one")
    func overServes() {
        var core = makeCore(lastHeight: 1)
        _ = core.begin()
        _ = core.certify(one)
        let final = quorum(one.finalize)
        _ = core.step(.certificate(final))
        #expect(core.isOver)
        for view in [1, 2, 9] as [UInt64] {
            #expect(core.step(.vote(signed(nullify(view), by: 3))) == [.send(.certificate(final), to: 3)])
        }
        let again = testProposal(2, on: 1, number: 1, height: 1)
        let answer = core.step(.proposal(again, notarize: signed(again.notarize, by: 2)))
        #expect(answer == [.send(.certificate(final), to: 2)])
        #expect(core.certificates(above: .genesis, below: View(9), limit: 9).first == final)
    }

    @Test("[C17] Restarted on the boundary block an instance is over: it serves, and neither votes nor runs timers")
    func restartedOver() {
        let final = quorum(one.finalize)
        var core = makeCore(
            lastHeight: 1, finalized: Anchor(view: View(1), blockHash: one.blockHash, height: Height(1)),
            finalization: final, journal: [.vote(nullify(2))], guardVotes: [nullify(2)])
        #expect(core.isOver)
        #expect(core.step(.start).isEmpty)
        #expect(core.step(.vote(signed(nullify(3), by: 3))) == [.send(.certificate(final), to: 3)])
    }

    @Test("[C18] A late vote of the view just left is no reason to help; said again, or of an older view, it is")
    func helpOnDemand() {
        var core = makeCore()
        _ = core.begin()
        _ = core.step(.certificate(quorum(nullify(1), [1, 2, 3])))
        let late = ConsensusInput.vote(signed(nullify(1), by: 3))
        #expect(!core.step(late).contains { if case .send = $0 { true } else { false } })
        #expect(core.step(late).contains(.send(.certificate(quorum(nullify(1), [1, 2, 3])), to: 3)))
        _ = core.step(.certificate(quorum(nullify(2), [1, 2, 3])))
        let older = core.step(.vote(signed(nullify(1), by: 2)))
        #expect(older.contains(.send(.certificate(quorum(nullify(1), [1, 2, 3])), to: 2)))
    }

    @Test("[C11] An own vote that only a lost journal remembers is no other copy; from the guard's position on it is")
    func ownEcho() {
        var core = makeCore(guardVotes: [nullify(7)])
        _ = core.step(.start)
        #expect(!core.step(.vote(signed(nullify(5), by: 0))).isForeignFound)
        #expect(!core.step(.vote(signed(nullify(7), by: 0))).isForeignFound)
        let other = testProposal(7, number: 7, height: 1)
        #expect(core.step(.vote(signed(other.notarize, by: 0))).isForeignFound)
        #expect(core.step(.vote(signed(nullify(8), by: 0))).isForeignFound)
        // The guard stands in a later epoch: a replayed vote of this one stops nobody.
        var earlier = makeCore(guardVotes: [.nullify(Epoch(3), View(2))])
        _ = earlier.step(.start)
        #expect(!earlier.step(.vote(signed(nullify(5), by: 0))).isForeignFound)
        // A guard of an earlier epoch, or a new one, forgets nothing.
        var later = makeCore()
        _ = later.step(.start)
        #expect(later.step(.vote(signed(nullify(5), by: 0))).isForeignFound)
    }

    @Test("[C15] Who equivocates without end is reported once, and a leader once for each view it spoils")
    func boundedEvidence() {
        var core = makeCore()
        _ = core.step(.start)
        var reports = 0
        for view in 1...9 as ClosedRange<UInt64> {
            for number in 1...20 as ClosedRange<UInt64> {
                let vote = testProposal(view, number: number, height: 1).notarize
                let effects = core.step(.vote(signed(vote, by: 1)))
                #expect(effects.reports == 0 || effects.first.map { if case .persist = $0 { true } else { false } }!)
                reports += effects.reports
            }
        }
        // Views 1, 5 and 9 are its own.
        #expect(reports == 3)
        #expect(core.equivocations == 3)
    }

    @Test("[C7] A finalization whose block is here is not held up by a higher one whose block is not")
    func lowerFinalization() {
        var core = makeCore()
        _ = core.begin()
        _ = core.certify(one)
        let far = testProposal(9, on: 8, number: 9, parent: 8, height: 9)
        _ = core.step(.certificate(quorum(far.finalize)))
        let effects = core.step(.certificate(quorum(one.finalize)))
        #expect(effects.contains(.finalize(quorum(one.finalize), height: Height(1))))
        #expect(core.view == View(10))
    }

    @Test("[C3] One block on two parent views is two proposals: refusing one does not refuse the other")
    func parentViewCounts() {
        func boundary(_ view: UInt64, on parentView: UInt64) -> Proposal {
            testProposal(view, on: parentView, number: 2, parent: 1, height: 2)
        }
        var core = makeCore(own: 1, lastHeight: 2)
        _ = core.begin()
        _ = core.certify(one)
        _ = core.certify(boundary(2, on: 1))
        // Agreed on twice more; view 3's is not here yet, so view 4's has to wait.
        _ = core.step(.certificate(quorum(boundary(3, on: 2).notarize)))
        _ = core.step(.certificate(quorum(boundary(4, on: 3).notarize)))
        _ = core.step(.obtained(boundary(4, on: 3)))
        for view in 1...3 as ClosedRange<UInt64> { _ = core.step(.certificate(quorum(nullify(view), [1, 2, 3]))) }
        // The same block from the same leader, on a view that holds something else.
        let wrong = testProposal(4, on: 0, number: 2, parent: 1, height: 2)
        #expect(core.step(.proposal(wrong, notarize: signed(wrong.notarize, by: 0))).casts == [nullify(4)])
        _ = core.step(.obtained(boundary(3, on: 2)))
        #expect(core.view == View(5), "the right one is certified")
        let final = core.step(.certificate(quorum(boundary(4, on: 3).finalize, [1, 2, 3])))
        #expect(!final.isHalt && core.isOver)
    }

    @Test("[C16] An open boundary block is work: the timers run for a leader that does not propose it again")
    func openBoundary() {
        var core = makeCore(lastHeight: 1)
        _ = core.begin(isAwaited: false)
        let effects = core.certify(one)
        #expect(core.view == View(2))
        guard let timer = effects.timer(.leader) else {
            Issue.record("the leader timer runs without other work")
            return
        }
        #expect(core.step(.timer(timer)).casts == [nullify(2)])
        // Leader of view 4, with two views nullified above the boundary: it names the view that certified it.
        _ = core.step(.certificate(quorum(nullify(2), [1, 2, 3])))
        let led = core.step(.certificate(quorum(nullify(3), [1, 2, 3])))
        let again = testProposal(4, on: 1, number: 1, height: 1)
        #expect(led.casts == [again.notarize])
        #expect(
            core.step(.vote(signed(again.notarize, by: 0))).contains(
                .broadcast(.proposal(again, notarize: signed(again.notarize, by: 0)))))
    }

    @Test("[C16] Nothing is notarized above the epoch's last height")
    func nothingFollows() {
        var core = makeCore(lastHeight: 1)
        _ = core.begin()
        _ = core.certify(one)
        let beyond = testProposal(2, on: 1, number: 2, parent: 1, height: 2)
        #expect(core.step(.proposal(beyond, notarize: signed(beyond.notarize, by: 2))).casts == [nullify(2)])
    }

    @Test("[C4] An untimely block is asked about again, and notarized when its time has come")
    func untimely() {
        var core = makeCore()
        let started =
            core.begin(isAwaited: false)
            + core.step(.proposal(one, notarize: signed(one.notarize, by: 1)))
        #expect(started.contains(.verify(one)))
        let answered = core.step(.verified(view: View(1), blockHash: one.blockHash, .untimely))
        #expect(answered.casts.isEmpty)
        guard let timer = answered.timer(.rebroadcast) ?? started.timer(.rebroadcast) else {
            Issue.record("it is asked about again")
            return
        }
        #expect(core.step(.timer(timer)).contains(.verify(one)))
        #expect(core.step(.verified(view: View(1), blockHash: one.blockHash, .valid)).casts == [one.notarize])
    }

    @Test("[C5] A block found invalid once and valid now is certified; the view's exclusions stay")
    func certifiedAnew() {
        let journal: [JournalRecord] = [
            .vote(nullify(1)), .proposal(one), .certificate(quorum(one.notarize, [1, 2, 3])),
            .certification(Certification(epoch: .genesis, view: View(1), blockHash: one.blockHash, isCertified: false)),
        ]
        var core = makeCore(journal: journal)
        _ = core.step(.start)
        let effects = core.step(.verified(view: View(1), blockHash: one.blockHash, .valid))
        #expect(core.view == View(2))
        #expect(effects.casts.isEmpty, "it nullified the view")
        #expect(
            effects.first
                == .persist([
                    .certification(
                        Certification(
                            epoch: .genesis, view: View(1), blockHash: one.blockHash, isCertified: true))
                ]))
    }

    @Test("Certificates that exclude each other stop the node: more than f are faulty")
    func contradiction() {
        let other = testProposal(1, number: 2, height: 1)
        let pairs = [
            (one.notarize, other.notarize), (one.finalize, other.finalize), (one.notarize, other.finalize),
            (one.finalize, nullify(1)), (nullify(1), one.finalize),
        ]
        for (first, second) in pairs {
            var core = makeCore()
            _ = core.step(.start)
            #expect(!core.step(.certificate(quorum(first))).isHalt)
            #expect(core.step(.certificate(quorum(second))).isHalt)
        }
        // A view notarized in one half and nullified in the other is no contradiction.
        var core = makeCore()
        _ = core.step(.start)
        _ = core.step(.certificate(quorum(one.notarize)))
        #expect(!core.step(.certificate(quorum(nullify(1)))).isHalt)
    }

    @Test("[C8] A node that came by a notarization proves its view with it when it sends its nullify again")
    func provesItsView() {
        var core = makeCore()
        _ = core.begin()
        let ahead = testProposal(6, on: 5, number: 6, parent: 5, height: 6)
        let entered = core.step(.certificate(quorum(ahead.notarize)))
        #expect(core.view == View(6))
        guard let leader = entered.timer(.leader) ?? entered.timer(.advance) else {
            Issue.record("its timers run")
            return
        }
        let nullified = core.step(.timer(leader))
        _ = core.step(.vote(signed(nullify(6), by: 0)))
        guard let timer = entered.timer(.rebroadcast) ?? nullified.timer(.rebroadcast) else {
            Issue.record("it sends again")
            return
        }
        #expect(core.step(.timer(timer)).contains(.broadcast(.certificate(quorum(ahead.notarize)))))
    }

    @Test("Block sync moves an instance on, and ends it at the boundary")
    func synchronized() {
        var core = makeCore(lastHeight: 5)
        _ = core.begin()
        let four = testProposal(8, on: 7, number: 8, parent: 7, height: 4)
        _ = core.step(.certificate(quorum(testProposal(6, on: 5, number: 6, parent: 5, height: 3).finalize)))
        let moved = core.step(
            .synchronized(Anchor(view: View(8), blockHash: four.blockHash, height: Height(4)), quorum(four.finalize)))
        #expect(core.view == View(9) && core.finalized.height == Height(4))
        #expect(moved.contains(.trimJournal(before: EpochView(.genesis, View(8)))))
        #expect(!moved.contains { if case .finalize = $0 { true } else { false } })
        let five = testProposal(9, on: 8, number: 9, parent: 8, height: 5)
        let ended = core.step(
            .synchronized(Anchor(view: View(9), blockHash: five.blockHash, height: Height(5)), quorum(five.finalize)))
        #expect(core.isOver)
        #expect(ended.contains(.epochEnded(quorum(five.finalize), height: Height(5))))
    }

    @Test("An observer follows to the last final block, and signs and proposes nothing")
    func observer() {
        var core = makeCore(own: nil)
        var effects = core.begin()
        effects += core.step(.proposal(one, notarize: signed(one.notarize, by: 1)))
        effects += core.step(.verified(view: View(1), blockHash: one.blockHash, .valid))
        for validator in 0..<3 { effects += core.step(.vote(signed(one.notarize, by: validator))) }
        for validator in 0..<3 { effects += core.step(.vote(signed(one.finalize, by: validator))) }
        #expect(core.finalized.height == Height(1))
        for timer in [effects.timer(.leader), effects.timer(.advance)].compactMap(\.self) {
            effects += core.step(.timer(timer))
        }
        #expect(effects.casts.isEmpty)
        #expect(core.lastVotes == [View(1), View(1), View(1), nil])
    }

    @Test("A request for certificates is answered from the top, within its limit, with the last finalization first")
    func certificates() {
        var core = makeCore()
        _ = core.begin()
        _ = core.certify(one)
        _ = core.step(.certificate(quorum(one.finalize)))
        for view in 2...9 as ClosedRange<UInt64> { _ = core.step(.certificate(quorum(nullify(view), [1, 2, 3]))) }
        let answer = core.certificates(above: .genesis, below: View(9), limit: 4)
        #expect(answer.map(\.view) == [View(1), View(8), View(7), View(6)])
        #expect(answer.first?.kind == .finalize)
        #expect(core.certificates(above: View(3), below: View(6), limit: 100).map(\.view) == [View(5), View(4)])
        #expect(core.certificates(above: View(9), below: View(2), limit: 100).isEmpty)
        #expect(core.nullifiedTotal == 8)
    }

    @Test("[C13] Skipped are at most f leaders, after two turns with work, and a proposal clears it")
    func skipping() {
        var core = makeCore()
        var effects = core.begin()
        var view: UInt64 = 1
        // Validator 1 leads 1, 5, 9 and stays silent; the others' views pass by nullify alone.
        while view < 9 {
            if view % 4 == 1, let timer = effects.timer(.leader) { _ = core.step(.timer(timer)) }
            effects = core.step(.certificate(quorum(nullify(view), [1, 2, 3])))
            view += 1
        }
        #expect(core.skippedLeaders == [1])
        #expect(effects.casts == [nullify(9)], "its third turn is skipped at once")
        let late = testProposal(9, number: 9, height: 1)
        _ = core.step(.proposal(late, notarize: signed(late.notarize, by: 1)))
        #expect(core.skippedLeaders.isEmpty)
    }
}
