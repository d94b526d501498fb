import Blocks
import Consents
import Execution
import INFTs
import Identities
import Licenses
import Primitives
import Revenue
import StateModel
import TestSupport
import Testing
import Transactions

/// What happens by itself: deadlines, and consequences across the domains.
struct DueTests {
    static let minute: UInt64 = 60_000

    static func names(_ ledger: Ledger) throws -> [String] {
        try #require(ledger.blocks.last).receipts.due.events.map { try DomainDispatch.event($0).name }
    }

    static func offer(
        _ terms: Terms, price: UInt64 = 10, supply: UInt64? = nil, expiresAt: Timestamp? = nil
    ) -> Operation {
        .licenses(
            .createOffer(
                CreateOffer(
                    inft: .operation(0), terms: terms.id, price: Amount(price), supply: supply, expiresAt: expiresAt)))
    }

    static func register(_ terms: Terms) -> Operation { .licenses(.registerTerms(RegisterTerms(terms: terms))) }

    static func purchase(_ offer: OfferID, use: StatedUse = StatedUse()) -> Operation {
        .licenses(
            .purchase(
                PurchaseLicense(
                    offer: .id(offer), maximumPrice: Amount(100_000), maximumRevenueShare: .whole, use: use)))
    }

    @Test("Offers and licenses end by themselves at their time, in a block that carries no transaction")
    func expiry() throws {
        let ledger = try Ledger()
        var terms = TermsPreset.commercial.terms(asset: Ledger.euro, fee: .zero)
        terms.grant.durationMilliseconds = 10 * Self.minute
        let end = ledger.time.adding(milliseconds: 5 * Self.minute)
        let (hash, _) = try ledger.act(
            Ledger.mint("one", by: "alice"), Self.register(terms), Self.offer(terms, expiresAt: end), by: "alice")
        let sold = try ledger.act(Self.purchase(hash.made(2)), by: "bob")
        #expect(sold.events.map(\.name).contains("license.sold"))
        let license: LicenseID = sold.hash.made()
        try ledger.block([], after: 4 * Self.minute)
        #expect(try Self.names(ledger) == [])
        try ledger.block([], after: 2 * Self.minute)
        #expect(try Self.names(ledger) == ["offer.closed"])
        #expect(try LicenseCheck.check(license, nil, at: ledger.time, in: ledger.state).state == .active)
        try ledger.block([], after: 6 * Self.minute)
        #expect(try Self.names(ledger) == ["license.expired"])
        #expect(try LicenseCheck.check(license, nil, at: ledger.time, in: ledger.state).state == .expired)
        try ledger.block([], after: 100 * Self.minute)
        #expect(try Self.names(ledger) == [])
    }

    @Test("Due work takes at most a quarter of a block, oldest first; the next block goes on")
    func bound() throws {
        let ledger = try Ledger(Ledger.genesis(blockWeight: 20_000))
        let terms = TermsPreset.commercial.terms(asset: Ledger.euro, fee: .zero)
        let end = ledger.time.adding(milliseconds: 10 * Self.minute)
        try ledger.act(Self.register(terms), by: "alice")
        var count = 0
        for index in 0..<40 {
            let offers = [Operation](repeating: Self.offer(terms, supply: 1, expiresAt: end), count: 5)
            try ledger.block([
                try ledger.transaction([Ledger.mint("score \(index)", by: "alice")] + offers, by: "alice")
            ])
            #expect(ledger.refused.isEmpty)
            count += offers.count
        }
        let limit = BlockWeight(limit: 20_000).dueItems
        #expect(limit == 125 && UInt64(limit) * BlockWeight.dueItem == 20_000 / 4)
        var closed: [Int] = []
        for step in 0..<3 {
            let executed = try ledger.block([], after: step == 0 ? 20 * Self.minute : 1_000)
            #expect(executed.receipts.due.weight == UInt64(executed.receipts.due.events.count) * BlockWeight.dueItem)
            closed.append(executed.receipts.due.events.count)
        }
        #expect(closed == [125, count - 125, 0])
        var clear: UInt64 = 0
        #expect(try !DueQueue.hasOverdue(at: ledger.time, in: ledger.state, clear: &clear))
    }

    @Test("Looking for overdue work again goes on where the last look ended, and finds what has become due since")
    func overdue() throws {
        let ledger = try Ledger(Ledger.genesis())
        let end = ledger.time.adding(milliseconds: 10 * Self.minute)
        let terms = TermsPreset.commercial.terms(asset: Ledger.euro, fee: .zero)
        try ledger.act(Self.register(terms), by: "alice")
        try ledger.block([
            try ledger.transaction(
                [Ledger.mint("score", by: "alice"), Self.offer(terms, supply: 1, expiresAt: end)], by: "alice")
        ])
        #expect(ledger.refused.isEmpty)
        var clear: UInt64 = 0
        var found: [UInt64] = []
        for step in UInt64(0)...12 {
            let time = ledger.time.adding(milliseconds: step * Self.minute)
            var anew: UInt64 = 0
            let isOverdue = try DueQueue.hasOverdue(at: time, in: ledger.state, clear: &clear)
            #expect(try isOverdue == DueQueue.hasOverdue(at: time, in: ledger.state, clear: &anew))
            #expect(clear == anew, "both stand where nothing before is due")
            if isOverdue { found.append(step) }
        }
        #expect(!found.isEmpty && !found.contains(0) && found.last == 12, "\(found)")
    }

    @Test("What due work weighs bounds a block's, the heaviest goes alone, and all of it comes in order")
    func budget() throws {
        let state = StateOverlay(over: MemoryState())
        DueQueue.start(at: testStart, in: state)
        for kind: UInt8 in [9, 2, 3, 4] {
            let item = DueItem(domain: .licenses, kind: kind, subject: .zero)
            try DueQueue.schedule(item, at: testStart.adding(milliseconds: UInt64(9 - kind) * Self.minute), in: state)
        }
        let end = testStart.adding(milliseconds: 20 * Self.minute)
        func take(limit: Int = 10) throws -> [UInt8] {
            try DueQueue.takeOverdue(at: end, limit: limit, budget: 7, weighing: { UInt64($0.kind) }, in: state)
                .map(\.kind)
        }
        #expect(try take() == [9])
        #expect(try take(limit: 1) == [4])
        #expect(try take() == [3, 2])
        var clear: UInt64 = 0
        #expect(try DueQueue.hasOverdue(at: end, in: state, clear: &clear) == false)
        #expect(try take() == [])
    }

    @Test("Due work that a rule refuses is not lost: it is tried again each hour until it is done")
    func refusedIsTriedAgain() throws {
        let sale = try ExchangeTests.Sale()
        let ledger = sale.ledger
        try ledger.act(sale.begin, by: "alice")
        try ledger.act(sale.complete, by: "alice")
        let subject = sale.delivery.id.bytes
        let heldUntil = try #require(try ledger.delivery(sale.delivery.id).payment?.heldUntil)
        let held = try #require(try Reserves.record(.held, subject, in: ledger.state))
        // What is to be paid is not there: no rule lets that happen, so the state is changed by hand.
        try ledger.change { $0.remove(RevenueKeys.reserve(.held, subject)) }
        try ledger.block([], after: heldUntil.milliseconds - ledger.time.milliseconds + 2 * Self.minute)
        #expect(try Self.names(ledger) == [])
        try ledger.block([], after: 30 * Self.minute)
        #expect(try Self.names(ledger) == [])
        try ledger.change { $0.set(RevenueKeys.reserve(.held, subject), held) }
        try ledger.block([], after: 10 * Self.minute)
        #expect(try Self.names(ledger) == [])
        try ledger.block([], after: 30 * Self.minute)
        #expect(try Self.names(ledger).contains("license.distributed"))
        // Weighed by what it may read: the tags of all ancestors too.
        #expect(ledger.blocks.last?.receipts.due.weight == 4 * 30 + INFTsWeights.standing)
        #expect(try Reserves.record(.held, subject, in: ledger.state) == nil)
    }

    static let policy = ConsentPolicy(
        provisions: [
            Provision(.permit, actions: [.deposit]),
            Provision(
                .permit, actions: [.publish], purposes: [.research],
                dataUse: DataUseTerms(permissions: [.generalResearch])),
            Provision(.permit, actions: [.access], purposes: [.research]),
            Provision(.permit, actors: [.party(Ledger.party("alice"))], purposes: [.breakTheGlass]),
        ])

    /// A consent of the patient, countersigned, in a set; a dataset of alice's under it; a license of carol's on that.
    static func dataset(
        on ledger: Ledger, expiresAt: Timestamp? = nil
    ) throws -> (consent: ConsentID, set: ConsentSetID, license: LicenseID) {
        let grant = ConsentGrant(
            scope: .individual, subject: Ledger.party("patient"), custodian: .organization(Ledger.hospital),
            policy: policy, expiresAt: expiresAt)
        let consent = try ledger.act(
            .consents(.grant(grant)), .consents(.countersign(ConsentCountersign(consent: .operation(0)))),
            .consents(
                .createSet(
                    ConsentSetCreate(custodian: .organization(Ledger.hospital), members: [.operation(0)]))),
            by: "patient", cosigners: ["registrar"])
        let set: ConsentSetID = consent.hash.made(2)
        let terms = TermsPreset.researchOnly.terms(asset: Ledger.euro, fee: .zero)
        var shorter = terms
        shorter.grant.durationMilliseconds = 20 * minute
        let mint = try ledger.act(
            Ledger.mint("cohort", by: "alice", consentSet: set), register(shorter), offer(shorter), by: "alice")
        let sold = try ledger.act(
            purchase(
                mint.hash.made(2),
                use: StatedUse(purposes: [.research], research: ResearchUse(aims: [.general]))), by: "carol")
        return (consent.hash.made(), set, sold.hash.made())
    }

    @Test("A withdrawal makes the sets stale and suspends what rests on them, in the same block")
    func withdrawal() throws {
        let ledger = try Ledger()
        let (consent, set, license) = try Self.dataset(on: ledger)
        #expect(try LicenseCheck.check(license, nil, at: ledger.time, in: ledger.state).state == .active)
        #expect(
            try reason {
                try ledger.act(.consents(.withdraw(ConsentWithdraw(consents: [consent]))), by: "bob")
            } != nil)
        let (_, events) = try ledger.act(.consents(.withdraw(ConsentWithdraw(consents: [consent]))), by: "patient")
        #expect(events.map(\.name) == ["consent.withdrawn", "consentSet.stale", "license.suspended"])
        #expect(try ConsentSets.isStale(set, at: ledger.time, in: ledger.state))
        #expect(try LicenseCheck.check(license, nil, at: ledger.time, in: ledger.state).state == .suspended)
    }

    @Test("A consent that ends does the same by itself")
    func consentExpiry() throws {
        let ledger = try Ledger()
        let end = ledger.time.adding(milliseconds: 30 * Self.minute)
        let (_, set, license) = try Self.dataset(on: ledger, expiresAt: end)
        try ledger.block([], after: 10 * Self.minute)
        #expect(try Self.names(ledger) == [])
        #expect(try LicenseCheck.check(license, nil, at: ledger.time, in: ledger.state).state == .active)
        try ledger.block([], after: 25 * Self.minute)
        #expect(try Set(Self.names(ledger)).isSuperset(of: ["consent.expired", "consentSet.stale", "license.expired"]))
        #expect(try ConsentSets.isStale(set, at: ledger.time, in: ledger.state))
    }
}
