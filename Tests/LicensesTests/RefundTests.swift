import Cryptography
import INFTs
import Licenses
import Primitives
import Revenue
import StateModel
import TestSupport
import Testing

/// Who has what was paid given back before it is delivered, when, and what is told of that.
@Suite("Refunds of what is not delivered") struct RefundTests {
    private func refund(_ delivery: DeliveryID, _ name: String, _ sandbox: Sandbox) throws -> String? {
        try reason { try sandbox.execute(RefundDelivery(delivery: delivery), as: name) }
    }

    private func waiting(_ sandbox: Sandbox) throws -> [PartyTask] {
        try ReturnsTests.tasks("bob", in: sandbox).filter { $0.act == "license.refund" }
    }

    @Test("Who is to deliver declines before begin: the whole price goes back at once, the offer has one more to sell")
    func declined() throws {
        let sandbox = try Sandbox()
        let (_, offer, license, delivery) = try sandbox.sold(UseTests.metered(sandbox), supply: 1)
        #expect(try sandbox.balance("bob") == 999_950)
        // Neither the buyer, before the deadline, nor anybody else.
        #expect(try refund(delivery, "bob", sandbox) == "refund_not_due")
        #expect(try refund(delivery, "carol", sandbox) == "refund_not_due")
        let made = try sandbox.deliver(delivery, with: "alice")
        let events = try sandbox.execute(RefundDelivery(delivery: delivery), as: "alice").events.map { $0.name }
        #expect(Set(events).isSuperset(of: ["license.deliveryEnded", "license.refunded", "license.quotaReturned"]))
        #expect(try sandbox.balance("bob") == 1_000_000 && sandbox.totals().escrows == .zero)
        #expect(try sandbox.isConserved())
        #expect(try sandbox.delivery(delivery).ending?.outcome == .canceled)
        #expect(try sandbox.license(license).ending == .refunded(at: sandbox.time))
        let left = try LicenseLedger.requireOffer(offer, field: "", in: sandbox.state)
        #expect(left.sold == 0 && left.closing == nil)
        #expect(try refund(delivery, "alice", sandbox) == "delivery_ended")
        #expect(try reason { try sandbox.begin(delivery, made, key: "alice") } == "delivery_ended")
        #expect(try waiting(sandbox).isEmpty)
    }

    @Test("Begun is bound: who began can't decline any more")
    func begun() throws {
        let sandbox = try Sandbox()
        let (_, _, license, delivery) = try sandbox.sold()
        let made = try sandbox.deliver(delivery, with: "alice")
        try sandbox.begin(delivery, made, key: "alice")
        #expect(try refund(delivery, "alice", sandbox) == "refund_not_due")
        let view = try ReturnsTests.view(license, in: sandbox)
        #expect(view.refund?.isDue == false && view.refund?.from == view.delivery?.completeBy)
        try sandbox.complete(delivery, made)
        #expect(try sandbox.verdict(license).state == .active)
        #expect(try ReturnsTests.view(license, in: sandbox).refund == nil)
    }

    @Test("The owner of today declines, and not who sold; a sublicense the licensee above, and not the owner")
    func whoDelivers() throws {
        let sandbox = try Sandbox()
        let (inft, _, _, delivery) = try sandbox.sold()
        var record = try INFTRegistry.requireKnown(inft, field: "", in: sandbox.state)
        record.owner = sandbox.party("carol")
        sandbox.state.set(INFTKeys.inft(inft), record)
        #expect(try refund(delivery, "alice", sandbox) == "refund_not_due")
        #expect(try refund(delivery, "carol", sandbox) == nil)

        let other = try Sandbox()
        let (work, above) = try SublicenseTests.sealed(other)
        let before = try other.balance("carol")
        let below = try SublicenseTests.ask(other, work, above)
        #expect(try refund(DeliveryID(below.bytes), "alice", other) == "refund_not_due")
        #expect(try refund(DeliveryID(below.bytes), "bob", other) == nil)
        #expect(try other.balance("carol") == before && other.totals().escrows == .zero && other.isConserved())
        #expect(try other.license(above).shared == .zero && other.license(above).sublicenses == 0)
    }

    @Test("The buyer is told when the price can be had back, why, and it is as the ledger says")
    func told() throws {
        let sandbox = try Sandbox()
        let (inft, _, license, delivery) = try sandbox.sold()
        let deadline = try sandbox.delivery(delivery).beginBy
        var standing = try #require(try ReturnsTests.view(license, in: sandbox).refund)
        #expect(!standing.isDue && standing.from == deadline && standing.obstacle == nil)
        #expect(try waiting(sandbox).map(\.obstacle) == [nil])
        #expect(try waiting(sandbox).map(\.deadline) == [deadline])

        // What can't be delivered any more.
        try sandbox.execute(Retire(inft: inft))
        standing = try #require(try ReturnsTests.view(license, in: sandbox).refund)
        #expect(standing.isDue && standing.from == deadline)
        #expect(standing.obstacle?.contains("retired") == true)
        #expect(try waiting(sandbox).map(\.obstacle) == [standing.obstacle])
        #expect(try refund(delivery, "bob", sandbox) == nil)

        // What was not delivered in time.
        let late = try Sandbox()
        let (_, _, forgotten, second) = try late.sold()
        late.advance(milliseconds: Sandbox.hour)
        standing = try #require(try ReturnsTests.view(forgotten, in: late).refund)
        #expect(standing.isDue && standing.obstacle == nil)
        #expect(try waiting(late).allSatisfy { $0.obstacle != nil } && waiting(late).count == 1)
        #expect(try refund(second, "bob", late) == nil)
    }

    @Test("What was set aside says whose it was when it is paid into the vault")
    func earnings() throws {
        let sandbox = try Sandbox()
        let (_, _, license, delivery) = try sandbox.sold(window: 0)
        let made = try sandbox.deliver(delivery, with: "alice")
        try sandbox.begin(delivery, made, key: "alice")
        let done = try sandbox.execute(
            CompleteDelivery(delivery: delivery, sealedKey: made.sealedKey, proof: made.proof), as: "alice")
        let paid = done.events.compactMap { event -> Paid? in
            if case .paid(let paid)? = event as? RevenueEvent { paid } else { nil }
        }
        #expect(paid.map(\.reference) == [Hash(license.bytes)] && paid.map(\.reason) == [.sale])
    }

    @Test("What is over or suspended says since when; what is in force does not")
    func out() throws {
        func since(_ license: LicenseID, _ sandbox: Sandbox) throws -> Timestamp? {
            try ReturnsTests.view(license, in: sandbox).outSince
        }
        let sandbox = try Sandbox()
        var terms = TermsPreset.commercial.terms(asset: sandbox.asset, fee: Amount(100))
        terms.grant.durationMilliseconds = 90 * millisecondsPerDay
        let inft = try sandbox.mint("score")
        let offer = try sandbox.offer(inft, terms)
        let (first, second, third) = (try sandbox.buy(offer), try sandbox.buy(offer), try sandbox.buy(offer))
        #expect(try since(first, sandbox) == nil)
        let end = try #require(try sandbox.license(third).expiresAt)
        sandbox.advance(days: 1)
        try sandbox.execute(SurrenderLicense(license: first), as: "bob")
        let given = sandbox.time
        sandbox.advance(days: 1)
        _ = try sandbox.recall(inft, answerWithin: millisecondsPerDay)
        let recalled = sandbox.time
        sandbox.advance(days: 1)
        #expect(try since(first, sandbox) == given && since(second, sandbox) == recalled)
        #expect(try sandbox.verdict(second).state == .suspended)
        sandbox.advance(days: 100)
        #expect(try since(third, sandbox) == end && since(first, sandbox) == given)

        // Below a license that ended.
        let other = try Sandbox()
        let (work, above) = try SublicenseTests.sealed(other)
        let below = try SublicenseTests.ask(other, work, above)
        let made = try other.deliver(
            DeliveryID(below.bytes), from: other.delivered(DeliveryID(above.bytes)), with: "bob", by: "bob")
        #expect(try since(below, other) == nil)
        try other.begin(DeliveryID(below.bytes), made, key: "bob", as: "bob")
        try other.complete(DeliveryID(below.bytes), made, as: "bob")
        #expect(try since(below, other) == nil)
        try other.execute(RevokeLicense(license: above, cause: .breachOfTerms, evidence: testHash("facts")))
        let revoked = other.time
        other.advance(days: 1)
        #expect(try other.verdict(below).state == .endedAbove && since(below, other) == revoked)
    }
}
