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
}
