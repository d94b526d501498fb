import INFTs
import Licenses
import Primitives
import Revenue
import StateModel
import TestSupport
import Testing

/// What the inbox tells of licenses.
@Suite("Tasks of licenses") struct TaskTests {
    private func tasks(_ name: String, _ act: String, _ sandbox: Sandbox) throws -> [PartyTask] {
        var found: [PartyTask] = []
        for source in LicensesDomain.tasks {
            found += try source.page(sandbox.party(name), PageRequest(after: nil, limit: 50), sandbox.queries).items
        }
        return found.filter { $0.act == act }
    }

    @Test("The end of a trial: to the licensee what can go back until then, to the licensor what comes after")
    func trial() throws {
        let sandbox = try Sandbox()
        let license = try sandbox.buy(try sandbox.offer(try sandbox.mint("score"), TrialTests.terms(sandbox)))
        let until = try #require(try sandbox.license(license).trialUntil)
        for (name, act, other) in [("bob", "license.surrender", "alice"), ("alice", "license.trialEnds", "bob")] {
            let told = try tasks(name, act, sandbox)
            #expect(told.map(\.license) == [license] && told.map(\.deadline) == [until], "\(act)")
            #expect(told.map(\.amount) == [try sandbox.license(license).price] && told.map(\.asset) == [sandbox.asset])
            #expect(told.map(\.from) == [sandbox.party(other)])
        }
        sandbox.advance(days: 8)
        try sandbox.drain()
        #expect(try tasks("bob", "license.surrender", sandbox).isEmpty)
        #expect(try tasks("alice", "license.trialEnds", sandbox).isEmpty)
    }

    @Test("Of a trial with prepaid uses the licensor is told what is held, the licensee all that can come back")
    func prepaidTrial() throws {
        let sandbox = try Sandbox()
        let terms = UseTests.metered(sandbox) { $0.grant.trialMilliseconds = 7 * millisecondsPerDay }
        let license = try sandbox.buy(try sandbox.offer(try sandbox.mint("score"), terms))
        #expect(try sandbox.license(license).price == Amount(50))
        #expect(try tasks("alice", "license.trialEnds", sandbox).map(\.amount) == [Amount(20)])
        #expect(try tasks("alice", "license.distributed", sandbox).isEmpty)
        #expect(try tasks("bob", "license.surrender", sandbox).map(\.amount) == [Amount(50)])
    }

    @Test("The trial of sealed content is told once")
    func sealedTrial() throws {
        let sandbox = try Sandbox()
        let license = try sandbox.delivered(TrialTests.terms(sandbox))
        #expect(try tasks("bob", "license.surrender", sandbox).map(\.license) == [license])
        #expect(try tasks("alice", "license.trialEnds", sandbox).map(\.license) == [license])
        #expect(try tasks("alice", "license.distributed", sandbox).isEmpty)
    }

    @Test("Where the dispute window outlasts the trial, it is the window that the licensor waits for")
    func disputableTrial() throws {
        let sandbox = try Sandbox()
        let license = try sandbox.delivered(TrialTests.terms(sandbox, days: 1), window: 3 * millisecondsPerDay)
        let until = try #require(try sandbox.delivery(of: license).payment?.heldUntil)
        #expect(try tasks("alice", "license.distributed", sandbox).map(\.deadline) == [until])
        #expect(try tasks("alice", "license.trialEnds", sandbox).isEmpty)
    }

    @Test("Of sealed content the buyer is told all that may come back, the licensor what is held once it is delivered")
    func sealedPrepaid() throws {
        let sandbox = try Sandbox()
        let (_, _, license, delivery) = try sandbox.sold(UseTests.metered(sandbox))
        #expect(try tasks("bob", "license.refund", sandbox).map(\.amount) == [Amount(50)])
        let made = try sandbox.deliver(delivery, with: "alice")
        try sandbox.begin(delivery, made, key: "alice")
        try sandbox.complete(delivery, made)
        #expect(try tasks("bob", "license.refund", sandbox).isEmpty)
        let held = try tasks("alice", "license.distributed", sandbox)
        #expect(held.map(\.license) == [license] && held.map(\.amount) == [Amount(20)])
    }

    @Test("Prepaid uses that are spent, until there are more")
    func quota() throws {
        let sandbox = try Sandbox()
        let license = try sandbox.buy(try sandbox.offer(try sandbox.mint("score"), UseTests.metered(sandbox)))
        func isTold() throws -> Bool { try !tasks("bob", "license.topUp", sandbox).isEmpty }
        func use(_ count: UInt64) throws {
            try sandbox.execute(
                RecordUse(license: license, use: MeteredUse(), entries: [UseTests.entry(count: count)]), as: "bob")
        }
        try use(9)
        #expect(try !isTold())
        try use(1)
        #expect(try isTold())
        try sandbox.execute(TopUpQuota(license: license, uses: 5, maximumPrice: Amount(15)), as: "bob")
        #expect(try !isTold())
        try use(5)
        #expect(try isTold())
        sandbox.advance(days: 31)
        #expect(try !isTold())
    }

    @Test("Who never had prepaid uses has none to renew")
    func unmetered() throws {
        let sandbox = try Sandbox()
        let terms = UseTests.metered(sandbox) { $0.payment.prepaidUses = 0 }
        let license = try sandbox.buy(try sandbox.offer(try sandbox.mint("score"), terms))
        try sandbox.execute(
            RecordUse(
                license: license, use: MeteredUse(), entries: [UseTests.entry()], maximumFee: Amount(3)), as: "bob")
        #expect(try tasks("bob", "license.topUp", sandbox).isEmpty)
    }

    @Test("The deadline of a price that waits for outcomes, to both sides")
    func outcome() throws {
        let sandbox = try Sandbox()
        let terms = UseTests.metered(sandbox) {
            $0.payment.outcome = OutcomePrice(
                measure: testHash("measure"), threshold: percent(50), amount: Amount(700),
                withinMilliseconds: 10 * millisecondsPerDay, isDueWithoutReports: true)
        }
        let license = try sandbox.buy(try sandbox.offer(try sandbox.mint("score"), terms))
        let deadline = try #require(try sandbox.state.record(LicenseKeys.outcomeHold(license))?.deadline)
        // The price is the buyer's stake, whoever holds the license by now.
        try sandbox.execute(
            TransferLicense(license: license, to: sandbox.party("carol")), as: "bob", cosigners: ["carol"])
        for name in ["bob", "alice"] {
            let told = try tasks(name, "license.outcomePriceSettled", sandbox)
            #expect(told.map(\.deadline) == [deadline] && told.map(\.amount) == [Amount(700)], "\(name)")
            #expect(told.map(\.license) == [license] && told.map(\.asset) == [sandbox.asset])
        }
        #expect(try tasks("carol", "license.outcomePriceSettled", sandbox).isEmpty)
        sandbox.advance(days: 11)
        try sandbox.drain()
        for name in ["bob", "alice"] {
            #expect(try tasks(name, "license.outcomePriceSettled", sandbox).isEmpty)
        }
    }

    @Test("What an offer to one party costs, and until when it stands")
    func offered() throws {
        let sandbox = try Sandbox()
        let terms = TermsPreset.commercial.terms(asset: sandbox.asset, fee: Amount(700))
        let end = sandbox.time.adding(milliseconds: 5 * millisecondsPerDay)
        let offer = try sandbox.offer(
            try sandbox.mint("score"), terms, price: 900, buyer: "bob", expiresAt: end)
        let told = try tasks("bob", "license.purchase", sandbox)
        #expect(told.map(\.offer) == [offer] && told.map(\.amount) == [Amount(900)])
        #expect(told.map(\.asset) == [sandbox.asset] && told.map(\.deadline) == [end])
        #expect(try tasks("carol", "license.purchase", sandbox).isEmpty)
        #expect(try TrialTests.quote(offer, buyer: "bob", in: sandbox).price == Amount(900))
        sandbox.advance(days: 5)
        #expect(try reason { try sandbox.buy(offer) } == "offer_closed")
        #expect(try tasks("bob", "license.purchase", sandbox).isEmpty)
    }

    @Test("The end of a license within a month: to be renewed where its terms allow that, else as what it is")
    func ending() throws {
        for isRenewable in [true, false] {
            let sandbox = try Sandbox()
            var terms = TermsPreset.commercial.terms(asset: sandbox.asset, fee: Amount(700))
            terms.grant.durationMilliseconds = 90 * millisecondsPerDay
            terms.grant.isRenewable = isRenewable
            let license = try sandbox.buy(try sandbox.offer(try sandbox.mint("score"), terms))
            let end = try #require(try sandbox.license(license).expiresAt)
            func told() throws -> [String: [Timestamp?]] {
                try ["license.renew", "license.expired"].reduce(into: [:]) {
                    $0[$1] = try tasks("bob", $1, sandbox).map(\.deadline)
                }
            }
            sandbox.advance(days: 59)
            #expect(try told() == ["license.renew": [], "license.expired": []])
            sandbox.advance(days: 2)
            #expect(
                try told() == ["license.renew": isRenewable ? [end] : [], "license.expired": isRenewable ? [] : [end]])
            #expect(try sandbox.license(license).ownState(at: Timestamp(end.milliseconds - 1)) == .active)
            #expect(try sandbox.license(license).ownState(at: end) == .expired)
        }
    }

    @Test("Until when a recall is to be answered: what comes then is late")
    func recalled() throws {
        let sandbox = try Sandbox()
        let inft = try sandbox.mint("score")
        let license = try sandbox.buy(try sandbox.offer(inft, TermsPreset.openAccess.terms))
        let other = try sandbox.buy(try sandbox.offer(inft, TermsPreset.openAccess.terms), as: "carol")
        let recall = try sandbox.recall(inft, answerWithin: 2 * millisecondsPerDay)
        let told = try tasks("bob", "license.acknowledgeRecall", sandbox)
        let end = try #require(told.first?.deadline)
        #expect(told.map(\.recall) == [recall] && told.map(\.license) == [license] && told.map(\.inft) == [inft])
        #expect(told.map(\.from) == [sandbox.party("alice")])
        sandbox.advance(milliseconds: end.milliseconds - sandbox.time.milliseconds - 2)
        try sandbox.answer(recall, license, as: "bob")
        #expect(try tasks("bob", "license.acknowledgeRecall", sandbox).isEmpty)
        try sandbox.answer(recall, other, as: "carol")
        let late = try sandbox.answers(recall).reduce(into: [:]) { $0[$1.license] = $1.isLate }
        #expect(late == [license: false, other: true])
    }

    @Test("While it is disputed, what is held says by which dispute")
    func held() throws {
        let sandbox = try Sandbox()
        try sandbox.enroll(0..<3)
        let license = try sandbox.delivered()
        let before = try tasks("alice", "license.distributed", sandbox)
        #expect(before.map(\.dispute) == [nil] && before.map(\.amount) == [Amount(500)])
        #expect(try tasks("bob", "dispute.raise", sandbox).map(\.deadline) == before.map(\.deadline))
        #expect(try tasks("bob", "dispute.raise", sandbox).map(\.amount) == [Amount(500)])
        let id = try sandbox.raise(license)
        #expect(try tasks("alice", "license.distributed", sandbox).map(\.dispute) == [id])
        #expect(try tasks("bob", "dispute.raise", sandbox).isEmpty)
    }

    /// A dispute that waits for `act`: by whom, and the act.
    private func waiting(
        for act: String
    ) throws -> (sandbox: Sandbox, dispute: DisputeID, name: String, act: () throws -> Void) {
        let sandbox = try Sandbox()
        try sandbox.enroll(0..<9)
        let id = try sandbox.raise(try sandbox.delivered())
        if act == RespondDispute.name { return (sandbox, id, "alice", { try sandbox.respond(id) }) }
        try sandbox.respond(id)
        if act == RevealDisputeNonce.name { return (sandbox, id, "bob", { try sandbox.reveal(id, as: "bob") }) }
        try sandbox.reveal(id, as: "bob")
        try sandbox.reveal(id, as: "alice")
        let panel = try sandbox.seats(.drawn, id)
        if act == AcceptDispute.name { return (sandbox, id, panel[0], { try sandbox.accept(id, as: panel[0]) }) }
        try sandbox.show(id)
        if act == CommitDisputeVote.name {
            return (sandbox, id, panel[0], { try sandbox.commit(.uphold, id, as: panel[0]) })
        }
        guard act == RevealDisputeVote.name else {
            try sandbox.vote(id, upholding: 3)
            return (
                sandbox, id, "alice",
                {
                    try sandbox.execute(
                        AppealDispute(
                            dispute: id, nonceCommitment: sandbox.commitment("alice", round: 1), evidence: nil))
                }
            )
        }
        for name in panel { try sandbox.commit(.uphold, id, as: name) }
        return (sandbox, id, panel[0], { try sandbox.revealVote(.uphold, id, as: panel[0]) })
    }

    @Test(
        "Until when each act of a dispute is done: the moment before it counts, then it is too late",
        arguments: [
            RespondDispute.name, RevealDisputeNonce.name, AcceptDispute.name, CommitDisputeVote.name,
            RevealDisputeVote.name, AppealDispute.name,
        ])
    func disputed(_ act: String) throws {
        for isLate in [false, true] {
            let (sandbox, id, name, perform) = try waiting(for: act)
            let told = try tasks(name, act, sandbox)
            #expect(told.map(\.dispute) == [id] && told.count == 1)
            let end = try #require(told.first?.deadline)
            #expect(end > sandbox.time)
            // A transaction's block is a millisecond later.
            sandbox.advance(milliseconds: end.milliseconds - sandbox.time.milliseconds - (isLate ? 1 : 2))
            #expect(try reason { try perform() } == (isLate ? "dispute_late" : nil))
            if !isLate { #expect(try tasks(name, act, sandbox).isEmpty) }
        }
    }
}
