import Consents
import Custodian
import Interface
import Primitives
import Testing

@Suite("Custodian: deliveries")
struct DeliveryTests {
    private let id = Bench.one
    private var task: CustodianTask { .delivery(id) }
    private let prepared = Bench.preparation(Bench.one)

    @Test("A delivery is noticed, prepared, begun, completed and closed; each step is durable before what follows")
    func wholeWay() {
        var bench = Bench()
        let noticed = bench.page(10, opens: [task])
        #expect(
            noticed == [
                .append([.opened(task, Height(10)), .cursor(EventPosition(height: Height(11), index: 0))]),
                .ask(id, minimumHeight: Height(10)), .follow(EventPosition(height: Height(11), index: 0)),
            ])
        #expect(bench.found(id, 10, Bench.pending) == [.prepare(id, Bench.binding(id))])
        #expect(
            bench.step(.prepared(id, prepared)) == [
                .append([.prepared(id, prepared)]), .append([.begins(id, bench.now)]),
                .submit(task, .begin(Bench.binding(id), commitment: prepared.commitment, meeting: [])),
            ])
        #expect(bench.step(.outcome(task, .final(Height(12)))) == [.ask(id, minimumHeight: Height(12))])
        #expect(
            bench.found(id, 12, Bench.begun(prepared.commitment)) == [
                .append([.releases(id)]), .submit(task, .complete(Bench.binding(id), prepared)),
            ])
        #expect(bench.step(.outcome(task, .final(Height(14)))) == [.ask(id, minimumHeight: Height(14))])
        #expect(
            bench.found(id, 14, .completed(commitment: prepared.commitment)) == [.append([.closed(task, .delivered)])])
        #expect(bench.pass(1_000_000).isEmpty)
    }

    @Test("Nothing releases the key but a state that holds the commitment: neither an outcome nor an older answer")
    func releaseOnlyAfterFinalBegin() {
        var bench = Bench()
        _ = bench.toBegin(id)
        let asked = bench.step(.outcome(task, .final(Height(12))))
        #expect(asked.submits.isEmpty && asked.asks == [id])
        // The answer of a node that is behind.
        #expect(bench.found(id, 11, Bench.pending).isEmpty)
        let again = bench.pass(2_000)
        #expect(again == [.ask(id, minimumHeight: Height(12))])
        // A state in which begin is not there after all.
        let acts = bench.found(id, 12, Bench.pending).submits
        #expect(acts == [.begin(Bench.binding(id), commitment: prepared.commitment, meeting: [])])
    }

    @Test("After a crash at any point the same randomness serves the same delivery")
    func sameAfterCrash() {
        var bench = Bench()
        _ = bench.toBegin(id)
        #expect(bench.restart().asks == [id])
        #expect(
            bench.found(id, 11, Bench.pending).submits == [
                .begin(Bench.binding(id), commitment: prepared.commitment, meeting: [])
            ])
        _ = bench.restart()
        let acts = bench.found(id, 12, Bench.begun(prepared.commitment)).submits
        #expect(acts == [.complete(Bench.binding(id), prepared)])
        _ = bench.restart()
        // Released once: no margin keeps it back any more.
        let late = Bench.noon.adding(milliseconds: 3_599_000)
        let relayed = bench.found(id, 199, Bench.begun(prepared.commitment), time: late).submits
        #expect(relayed == [.complete(Bench.binding(id), prepared)])
    }

    @Test("A crash before the randomness was durable leaves nothing that was sent")
    func crashBeforePreparation() {
        var bench = Bench()
        _ = bench.page(10, opens: [task])
        _ = bench.found(id, 10, Bench.pending)
        _ = bench.restart()
        #expect(bench.found(id, 11, Bench.pending) == [.prepare(id, Bench.binding(id))])
        let other = Bench.preparation(id, 2)
        #expect(
            bench.step(.prepared(id, other)).submits == [
                .begin(Bench.binding(id), commitment: other.commitment, meeting: [])
            ])
    }

    @Test("What another instance began is left to it, and closed when it is complete")
    func begunElsewhere() {
        var bench = Bench()
        _ = bench.toBegin(id)
        let foreign = Hash(Bytes32(9, 9, 9, 9))
        _ = bench.step(.outcome(task, .refused(CustodianRefusal(code: 1, reason: "delivery_begun", message: ""))))
        _ = bench.pass(5_000)
        let effects = bench.found(id, 12, Bench.begun(foreign))
        #expect(effects.submits.isEmpty)
        #expect(effects.records == [.waits(task, WaitReason(.begunElsewhere))])
        _ = bench.page(20, touches: [task])
        #expect(
            bench.found(id, 20, .completed(commitment: foreign)).records == [.closed(task, .deliveredElsewhere)])
    }

    @Test("New keys are prepared anew; a begin that fixed others than were prepared for is never completed")
    func resealed() {
        var bench = Bench()
        _ = bench.toBegin(id)
        _ = bench.step(.outcome(task, .gone))
        _ = bench.pass(5_000)
        #expect(bench.found(id, 12, Bench.pending, key: 2) == [.prepare(id, Bench.binding(id, from: 2))])
        let second = Bench.preparation(id, key: 2)
        #expect(
            bench.step(.prepared(id, second)).submits == [
                .begin(Bench.binding(id, from: 2), commitment: second.commitment, meeting: [])
            ])
        _ = bench.step(.outcome(task, .final(Height(14))))
        // The first begin made it after all, for the second keys.
        let effects = bench.found(id, 14, Bench.begun(prepared.commitment), key: 2)
        #expect(effects.submits.isEmpty)
        #expect(effects.notices == [.begunForOtherKeys])
        _ = bench.page(300, touches: [task])
        #expect(bench.found(id, 300, .returned).records == [.closed(task, .returned)])
    }

    @Test("Too short before the end of its time a key is not released for the first time, unless blocks are left")
    func releaseMargin() {
        for (time, height, isReleased) in [
            (UInt64(3_400_000), UInt64(199), true), (3_500_000, 199, false), (3_500_000, 150, true),
        ] {
            var bench = Bench()
            _ = bench.toBegin(id)
            _ = bench.step(.outcome(task, .final(Height(12))))
            let effects = bench.found(
                id, height, Bench.begun(prepared.commitment), time: Bench.noon.adding(milliseconds: time))
            #expect(effects.submits.isEmpty != isReleased, "\(time) \(height)")
            #expect(effects.notices == (isReleased ? [] : [.tooLate]))
        }
    }

    @Test("An unknown outcome is asked after, and only the same act is sent again")
    func unknownOutcome() {
        var bench = Bench()
        let first = bench.toBegin(id).submits
        _ = bench.page(11, opens: [.delivery(Bench.two)])
        _ = bench.found(Bench.two, 11, Bench.pending)
        // The second waits: the account's transactions are counted.
        #expect(bench.step(.prepared(Bench.two, Bench.preparation(Bench.two, 5))).submits.isEmpty)
        #expect(bench.step(.outcome(task, .unknown)).isEmpty)
        #expect(bench.pass(2_000).asks == [id])
        #expect(bench.found(id, 12, Bench.pending).submits == first)
        #expect(bench.step(.outcome(task, .final(Height(13)))).asks == [id, Bench.two])
    }

    @Test("Of those that wait for their turn, what is begun goes first, then the nearest deadline")
    func urgency() {
        var bench = Bench()
        _ = bench.toBegin(id)
        let later = DeliveryPhase.pending(deadline: Bench.noon.adding(milliseconds: 90_000_000))
        let ids = (3...5).map { DeliveryID(Bytes32(7, 0, 0, $0)) }
        _ = bench.page(11, opens: ids.map { .delivery($0) })
        for (id, phase) in zip(ids, [later, Bench.pending, Bench.pending]) {
            _ = bench.found(id, 11, phase)
            _ = bench.step(.prepared(id, Bench.preparation(id, 9)))
        }
        _ = bench.page(12, touches: [.delivery(ids[2])])
        #expect(bench.found(ids[2], 12, Bench.begun(Bench.preparation(ids[2], 9).commitment)).submits.isEmpty)
        #expect(bench.step(.outcome(task, .gone)).asks == [ids[2]])
        let acts = bench.found(ids[2], 12, Bench.begun(Bench.preparation(ids[2], 9).commitment)).submits
        #expect(acts.map(\.name) == ["complete"])
        #expect(bench.step(.outcome(.delivery(ids[2]), .gone)).asks == [ids[1]])
    }

    @Test("What a block would refuse is not sent, people hear why once, and it goes on when the reason is gone")
    func refused() {
        var bench = Bench()
        _ = bench.page(10, opens: [task])
        let refusal = CustodianRefusal(code: 1, reason: "consent_does_not_permit", message: "withdrawn")
        let first = bench.found(id, 10, Bench.pending, verdict: .refused(refusal))
        #expect(first.submits.isEmpty && first.notices == [.refused])
        #expect(bench.pass(2_000).asks == [id])
        #expect(bench.found(id, 11, Bench.pending, verdict: .refused(refusal)).isEmpty)
        #expect(bench.pass(1_000).isEmpty)
        #expect(bench.pass(3_000).asks == [id])
        #expect(bench.found(id, 12, Bench.pending) == [.prepare(id, Bench.binding(id))])
        #expect(bench.step(.prepared(id, prepared)).records.contains(.waits(task, nil)))
    }

    @Test("A missing key is a notice, and is looked for again")
    func keyMissing() {
        var bench = Bench()
        _ = bench.page(10, opens: [task])
        _ = bench.found(id, 10, Bench.pending)
        let refusal = CustodianRefusal(code: 0, reason: "key_missing", message: "no secret for 02ab")
        #expect(bench.step(.unprepared(id, refusal)).notices == [.keyMissing])
        #expect(bench.pass(2_000).asks == [id])
    }

    @Test("Lost answers are asked for again, later and later; answers nobody waits for count for nothing")
    func lostAnswers() {
        var bench = Bench()
        _ = bench.page(10, opens: [task])
        var pauses: [UInt64] = []
        for _ in 0..<12 {
            #expect(bench.step(.delivery(id, .lost)).isEmpty)
            var passed: UInt64 = 0
            while passed < 1_000_000 {
                passed += 500
                if bench.pass(500).asks == [id] { break }
            }
            pauses.append(passed)
        }
        #expect(pauses.prefix(4) == [1_000, 2_000, 4_000, 8_000])
        #expect(pauses.max() == 300_000)
        _ = bench.step(.delivery(id, .lost))
        #expect(bench.found(id, 10, Bench.pending).isEmpty)
    }

    @Test("No more questions at a time than allowed; the rest is asked when answers have come")
    func questionLimit() {
        var bench = Bench()
        let ids = (0..<40).map { DeliveryID(Bytes32(7, 0, 1, UInt64($0))) }
        let asked = bench.page(10, opens: ids.map { .delivery($0) }).asks
        #expect(asked.count == CustodianCore.questionsAtOnce)
        #expect(bench.pass(10).asks.isEmpty)
        for id in asked { _ = bench.found(id, 10, .returned) }
        #expect(bench.pass(10).asks.count == CustodianCore.questionsAtOnce)
    }
}
