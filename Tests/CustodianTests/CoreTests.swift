import Consents
import Custodian
import Interface
import Primitives
import Testing

@Suite("Custodian: cursor, people, disclosures, erasures")
struct CoreTests {
    private let task = CustodianTask.delivery(Bench.one)

    @Test("Pages that do not begin at the cursor count for nothing: none is read twice, none skipped")
    func pages() {
        var bench = Bench()
        let page = CustodianPage(
            from: bench.core.cursor, entries: [.init(height: Height(5), hint: .opens(task))],
            next: EventPosition(height: Height(6), index: 0))
        #expect(bench.step(.events(page)).asks == [Bench.one])
        #expect(bench.step(.events(page)).isEmpty)
        let ahead = CustodianPage(
            from: EventPosition(height: Height(8), index: 0), entries: [],
            next: EventPosition(height: Height(9), index: 0))
        #expect(bench.step(.events(ahead)).isEmpty)
        #expect(bench.core.cursor == page.next)
    }

    @Test("A cursor without work is journaled now and then, never without the work before it")
    func cursorRecords() {
        var bench = Bench()
        for height in UInt64(1)...1_000 { _ = bench.page(height) }
        #expect(bench.journal.count == 3)
        _ = bench.page(1_001, opens: [task])
        #expect(bench.journal.suffix(2) == [.opened(task, Height(1_001)), .cursor(bench.core.cursor)])
        #expect(bench.restart().contains(.follow(bench.core.cursor)))
    }

    @Test("Approval: what the policy leaves to people waits for them, across restarts")
    func approval() {
        var bench = Bench(CustodianPolicy(owners: [Bench.owner], approvalPurposes: [.marketing]))
        _ = bench.page(10, opens: [task])
        let asked = bench.found(Bench.one, 10, Bench.pending, purposes: [.treatment, .marketing])
        #expect(asked.notices == [.approval] && asked.submits.isEmpty)
        #expect(bench.step(.decided(Bench.one, .approve)).asks == [Bench.one])
        _ = bench.restart()
        #expect(
            bench.found(Bench.one, 11, Bench.pending, purposes: [.marketing])
                == [.prepare(Bench.one, Bench.binding(Bench.one))])

        var other = Bench(CustodianPolicy(owners: [Bench.owner], approvesEverything: true))
        _ = other.page(10, opens: [task])
        _ = other.found(Bench.one, 10, Bench.pending)
        _ = other.step(.decided(Bench.one, .decline))
        #expect(other.found(Bench.one, 11, Bench.pending).records == [.waits(task, WaitReason(.declined))])
    }

    @Test("Needs: restrictions are answered where the policy says so, everything else by people")
    func needs() {
        let restriction = Need.restriction(index: 0, commitment: .zero)
        for (answers, needs, isPrepared) in [
            (false, [restriction], false), (true, [restriction], true), (true, [.memberRestrictions], true),
            (true, [restriction, .review], false), (true, [.ethicsApproval], false),
        ] as [(Bool, [Need], Bool)] {
            var bench = Bench(
                CustodianPolicy(owners: [Bench.owner], restrictions: answers ? [.init(consentSet: Bench.set)] : []))
            _ = bench.page(10, opens: [task])
            let effects = bench.found(Bench.one, 10, Bench.pending, verdict: .needs(needs))
            #expect(effects.contains(.prepare(Bench.one, Bench.binding(Bench.one))) == isPrepared)
            #expect(effects.notices == (isPrepared ? [] : [.signatures]))
            guard isPrepared else { continue }
            let prepared = Bench.preparation(Bench.one)
            let acts = bench.step(.prepared(Bench.one, prepared)).submits
            #expect(acts == [.begin(Bench.binding(Bench.one), commitment: prepared.commitment, meeting: needs)])
        }
    }

    @Test("A disclosure is recorded once, however often its request comes and wherever the custodian dies")
    func disclosure() {
        var bench = Bench()
        let hash = Hash(Bytes32(4, 4, 4, 4))
        let request = ByteString([1, 2, 3])
        let noticed = bench.step(.disclosureRequested(hash, request))
        #expect(noticed == [.append([.requested(hash, request)]), .askDisclosure(hash, request: request)])
        #expect(bench.step(.disclosureRequested(hash, request)).isEmpty)
        #expect(bench.step(.disclosure(hash, .accepted)).submits == [.disclose(request)])
        #expect(bench.restart().contains(.askDisclosure(hash, request: request)))
        #expect(bench.step(.disclosure(hash, .underWay)).submits == [.disclose(request)])
        #expect(
            bench.step(.outcome(.disclosure(hash), .final(Height(9)))).records
                == [.closed(.disclosure(hash), .recorded)])
        #expect(bench.step(.disclosureRequested(hash, request)).isEmpty)
        bench.journal = bench.core.compacted
        _ = bench.restart()
        #expect(bench.step(.disclosureRequested(hash, request)).isEmpty)
    }

    @Test("A disclosure whose transaction became final before a crash is closed without another")
    func disclosureRecorded() {
        var bench = Bench()
        let hash = Hash(Bytes32(4, 4, 4, 4))
        _ = bench.step(.disclosureRequested(hash, ByteString([1])))
        _ = bench.step(.disclosure(hash, .accepted))
        _ = bench.restart()
        let effects = bench.step(.disclosure(hash, .recorded(Height(7))))
        #expect(effects.submits.isEmpty && effects.records == [.closed(.disclosure(hash), .recorded)])
    }

    @Test("Whose consents the policy names, their requests for erasure are asked for, others' are not")
    func erasureRequests() {
        let consent = ConsentID(Bytes32(4, 0, 0, 4))
        var bench = Bench(CustodianPolicy(owners: [Bench.owner], consentCustodians: [Bench.owner]))
        #expect(bench.page(10, hint: .erasureRequested(consent, of: [Bench.buyer])).erasuresAsked.isEmpty)
        let effects = bench.page(11, hint: .erasureRequested(consent, of: [Bench.buyer, Bench.owner]))
        #expect(effects.erasuresAsked == [Height(11)])
    }

    @Test("An erasure stays open, and is told at every start, until the ledger has every receipt")
    func erasure() {
        var bench = Bench()
        let consent = ConsentID(Bytes32(4, 0, 0, 4))
        #expect(bench.page(10, opens: [.erasure(consent)]).erasuresAsked == [Height(10)])
        let told = bench.step(.erasure(consent, .due(["one", "two", "three", "four", "five"])))
        #expect(told.notices == [.erasure] && told.details == ["one; two; three; and 2 more"])
        // A person's word does not stand against the ledger's; it makes the custodian look again.
        #expect(bench.step(.erased(consent)).erasuresAsked.count == 1)
        #expect(bench.step(.erasure(consent, .due(["five"]))).details == ["five"])
        #expect(bench.restart().erasuresAsked.count == 1)
        #expect(bench.step(.erasure(consent, .due(["five"]))).notices == [.erasure])
        // A receipt is an event that touches it.
        #expect(bench.page(14, hint: .touches(.erasure(consent))).erasuresAsked == [Height(14)])
        #expect(bench.step(.erasure(consent, .done)).records == [.closed(.erasure(consent), .erased)])
        #expect(bench.restart().erasuresAsked.isEmpty)
    }

    @Test("An erasure of what the ledger does not know is a person's to note; a lost answer is asked for again")
    func erasureElsewhere() {
        var bench = Bench()
        let consent = ConsentID(Bytes32(4, 0, 0, 4))
        _ = bench.page(10, opens: [.erasure(consent)])
        #expect(bench.step(.erasure(consent, .lost)).notices.isEmpty && bench.core.nextTick != nil)
        bench.now = bench.core.nextTick ?? bench.now
        #expect(bench.step(.tick).erasuresAsked.count == 1)
        #expect(bench.step(.erasure(consent, .nothing)).notices == [.erasure])
        #expect(bench.step(.erased(consent)).records == [.closed(.erasure(consent), .erased)])
    }

    @Test("A compacted journal says the same as the whole one")
    func compaction() {
        var bench = Bench(CustodianPolicy(owners: [Bench.owner], approvesEverything: true, beginsPerHour: 5))
        let hash = Hash(Bytes32(4, 4, 4, 4))
        _ = bench.page(10, opens: [task, .delivery(Bench.two), .erasure(ConsentID(Bytes32(4, 0, 0, 4)))])
        _ = bench.step(.disclosureRequested(hash, ByteString([1, 2])))
        _ = bench.found(Bench.one, 10, Bench.pending)
        _ = bench.step(.decided(Bench.one, .approve))
        _ = bench.found(Bench.one, 11, Bench.pending)
        _ = bench.step(.prepared(Bench.one, Bench.preparation(Bench.one)))
        _ = bench.step(.outcome(task, .final(Height(12))))
        _ = bench.found(Bench.one, 12, Bench.begun(Bench.preparation(Bench.one).commitment))
        let whole = CustodianCore(
            policy: bench.policy, start: EventPosition(height: .genesis, index: 0), records: bench.journal)
        #expect(whole.compacted.count > 8)
        let short = CustodianCore(
            policy: bench.policy, start: EventPosition(height: .genesis, index: 0), records: whole.compacted)
        #expect(short.compacted == whole.compacted)
        var (one, other) = (whole, short)
        #expect(one.step(.started, now: bench.now) == other.step(.started, now: bench.now))
    }
}
