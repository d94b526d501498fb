import INFTs
import Licenses
import Primitives
import Revenue
import StateModel
import TestSupport
import Testing

/// Trials: the fee is held, comes back with the license, and is distributed by due work otherwise.
@Suite struct TrialTests {
    static let day = millisecondsPerDay

    static func terms(_ sandbox: Sandbox, days: UInt64 = 7, _ change: (inout Terms) -> Void = { _ in }) -> Terms {
        var terms = TermsPreset.commercial.terms(asset: sandbox.asset, fee: Amount(500))
        terms.grant.trialMilliseconds = days * day
        change(&terms)
        return terms
    }

    static func quote(_ offer: OfferID, buyer: String? = nil, in sandbox: Sandbox) throws -> LicenseQuote {
        let query = try #require(LicensesDomain.queries.first { $0.name == "license_quote" })
        let party = buyer.map { #","buyer":"\#(sandbox.party($0))""# } ?? ""
        let parameters = try decode(QuoteParameters.self, #"{"offer":"\#(offer)"\#(party)}"#)
        guard
            case .value(let value as LicenseQuote) = try query.evaluate(
                parameters, PageRequest(after: nil, limit: 10), sandbox.queries)
        else { throw StateFailure("no quote") }
        return value
    }

    @Test func theFeeIsHeldThroughTheTrialAndComesBack() throws {
        let sandbox = try Sandbox()
        let inft = try sandbox.mint("score")
        let offer = try sandbox.offer(inft, Self.terms(sandbox), supply: 1)
        #expect(try Self.quote(offer, buyer: "bob", in: sandbox).trialMilliseconds == 7 * Self.day)
        let license = try sandbox.buy(offer)
        let record = try sandbox.license(license)
        #expect(record.trialUntil == record.purchasedAt.adding(milliseconds: 7 * Self.day))
        #expect(try sandbox.balance("bob") == 999_500 && sandbox.totals().held == Amount(500))
        #expect(try Vaults.account(of: inft, sandbox.asset, in: sandbox.state).total == .zero)
        #expect(try sandbox.verdict(license).isValid)
        sandbox.advance(days: 6)
        let events = try sandbox.execute(SurrenderLicense(license: license), as: "bob").events.map { $0.name }
        #expect(events.contains("license.surrendered") && events.contains("license.refunded"))
        #expect(try sandbox.balance("bob") == 1_000_000 && sandbox.totals().held == .zero)
        #expect(try sandbox.reasons(license) == [.returned] && sandbox.verdict(license).state == .returned)
        #expect(try sandbox.verdict(license, at: record.purchasedAt).isValid)
        // It is there to be sold again, and its trial's end changes nothing.
        sandbox.advance(days: 2)
        #expect(try sandbox.drain().isEmpty)
        #expect(try reason { try sandbox.buy(offer, as: "carol") } == nil)
    }

    @Test func afterTheTrialTheFeeIsDistributedByDueWork() throws {
        let sandbox = try Sandbox()
        let inft = try sandbox.mint("score")
        let offer = try sandbox.offer(inft, Self.terms(sandbox))
        let license = try sandbox.buy(offer)
        sandbox.advance(days: 7)
        // By time alone, before the due work is done.
        try sandbox.execute(SurrenderLicense(license: license), as: "bob")
        #expect(try sandbox.verdict(license).state == .surrendered && sandbox.totals().held == Amount(500))
        sandbox.advance(milliseconds: 60_000)
        #expect(try sandbox.drain() == ["revenue.paid", "license.distributed"])
        #expect(try Vaults.account(of: inft, sandbox.asset, in: sandbox.state).total == Amount(500))
        #expect(try sandbox.balance("bob") == 999_500 && sandbox.totals().held == .zero)
        #expect(try sandbox.drain().isEmpty)
    }

    @Test func aPartyHasOneTrialOfAWork() throws {
        let sandbox = try Sandbox()
        let inft = try sandbox.mint("score")
        let offer = try sandbox.offer(inft, Self.terms(sandbox))
        let first = try sandbox.buy(offer)
        // Not one after the other, and not two at once.
        let second = try sandbox.buy(offer)
        #expect(try sandbox.license(second).trialUntil == nil)
        try sandbox.execute(SurrenderLicense(license: first), as: "bob")
        try sandbox.execute(SurrenderLicense(license: second), as: "bob")
        #expect(try sandbox.balance("bob") == 999_500)
        #expect(try Self.quote(offer, buyer: "bob", in: sandbox).trialMilliseconds == nil)
        // Neither under other terms, nor of a clone.
        let shorter = try sandbox.offer(inft, Self.terms(sandbox, days: 1))
        #expect(try sandbox.license(try sandbox.buy(shorter)).trialUntil == nil)
        let clone: INFTID = try sandbox.execute(Clone(inft: inft, seal: nil)).madeIdentifier()
        let cloned = try sandbox.offer(clone, Self.terms(sandbox))
        #expect(try sandbox.license(try sandbox.buy(cloned)).trialUntil == nil)
        #expect(try sandbox.license(try sandbox.buy(cloned, as: "carol")).trialUntil != nil)
    }

    @Test func aTrialOfSealedContentHoldsThePaymentAsLong() throws {
        for (window, trial) in [(Sandbox.hour, UInt64(1)), (3 * Self.day, 1), (0, 1)] {
            let sandbox = try Sandbox()
            let (inft, offer, license, delivery) = try sandbox.sold(
                Self.terms(sandbox, days: trial), window: window, supply: 1)
            let quoted = try #require(try Self.quoteBeforeSale(window, trial))
            #expect(quoted.heldMilliseconds == max(window, trial * Self.day))
            #expect(quoted.disputableMilliseconds == (window > trial * Self.day ? window : 0))
            let made = try sandbox.deliver(delivery, with: "alice")
            try sandbox.begin(delivery, made, key: "alice")
            try sandbox.complete(delivery, made)
            let time = sandbox.time
            #expect(try sandbox.license(license).trialUntil == time.adding(milliseconds: trial * Self.day))
            #expect(
                try sandbox.delivery(delivery).payment?.heldUntil
                    == time.adding(milliseconds: max(window, trial * Self.day)))
            #expect(try Self.dispute(license, in: sandbox) == "trial_running")
            try sandbox.execute(SurrenderLicense(license: license), as: "bob")
            #expect(try sandbox.balance("bob") == 1_000_000 && sandbox.totals().held == .zero)
            let payment = try sandbox.delivery(delivery).payment
            #expect(payment?.settledAt == sandbox.time && payment?.isReturned == true)
            #expect(try LicenseLedger.offer(offer, in: sandbox.state)?.sold == 0)
            sandbox.advance(days: 4)
            #expect(try sandbox.drain().isEmpty)
            #expect(try Vaults.account(of: inft, sandbox.asset, in: sandbox.state).total == .zero)
        }
    }

    private static func quoteBeforeSale(_ window: UInt64, _ trial: UInt64) throws -> QuotedDelivery? {
        let sandbox = try Sandbox()
        let inft = try sandbox.mintSealed("a", key: "alice")
        let offer = try sandbox.offer(
            inft, terms(sandbox, days: trial),
            delivery: OfferDelivery(beginWithinMilliseconds: Sandbox.hour, disputeWindowMilliseconds: window))
        return try quote(offer, buyer: "bob", in: sandbox).delivery
    }

    private static func dispute(_ license: LicenseID, in sandbox: Sandbox) throws -> String? {
        try reason {
            try sandbox.execute(
                RaiseDispute(
                    license: license, ground: .content, evidence: testHash("evidence"),
                    nonceCommitment: testHash("nonce")), as: "bob")
        }
    }

    @Test func disputesBeginWhereTheTrialEnds() throws {
        let sandbox = try Sandbox()
        let (inft, _, license, delivery) = try sandbox.sold(Self.terms(sandbox, days: 1), window: 3 * Self.day)
        let made = try sandbox.deliver(delivery, with: "alice")
        try sandbox.begin(delivery, made, key: "alice")
        try sandbox.complete(delivery, made)
        sandbox.advance(days: 2)
        #expect(try sandbox.drain().isEmpty)
        // Nobody is enrolled to judge: that it comes so far is what is asked here.
        #expect(try Self.dispute(license, in: sandbox) == "no_panel_possible")
        sandbox.advance(days: 2)
        #expect(try Self.dispute(license, in: sandbox) == "dispute_window_over")
        #expect(try sandbox.drain() == ["revenue.paid", "license.distributed"])
        #expect(try Vaults.account(of: inft, sandbox.asset, in: sandbox.state).total == Amount(500))
        // A trial alone makes nothing disputable.
        let other = try Sandbox()
        let sale = try other.sold(Self.terms(other, days: 1), window: 0)
        let delivered = try other.deliver(sale.delivery, with: "alice")
        try other.begin(sale.delivery, delivered, key: "alice")
        try other.complete(sale.delivery, delivered)
        other.advance(days: 2)
        #expect(try Self.dispute(sale.license, in: other) == "not_disputable")
    }

    @Test func whatWasNeverDeliveredWasNoTrial() throws {
        let sandbox = try Sandbox()
        let (inft, offer, license, delivery) = try sandbox.sold(Self.terms(sandbox))
        #expect(try sandbox.license(license).trialUntil == nil)
        sandbox.advance(milliseconds: 2 * Sandbox.hour)
        try sandbox.execute(RefundDelivery(delivery: delivery), as: "dave")
        #expect(try Self.quote(offer, buyer: "bob", in: sandbox).trialMilliseconds == 7 * Self.day)
        let again: LicenseID = try sandbox.execute(
            sandbox.purchase(offer, "a", of: inft, key: "bob 2"), as: "bob"
        ).madeIdentifier()
        let next = DeliveryID(again.bytes)
        let made = try sandbox.deliver(next, with: "alice")
        try sandbox.begin(next, made, key: "alice")
        try sandbox.complete(next, made)
        #expect(try sandbox.license(again).trialUntil == sandbox.time.adding(milliseconds: 7 * Self.day))
    }

    @Test func whatWouldOutliveTheTrialWaitsForItsEnd() throws {
        let sandbox = try Sandbox()
        let inft = try sandbox.mint("score")
        let offer = try sandbox.offer(inft, Self.terms(sandbox) { $0.grant.isTransferable = true })
        let license = try sandbox.buy(offer)
        func renew() throws -> String? {
            try reason {
                try sandbox.execute(RenewLicense(license: license, offer: offer, maximumPrice: Amount(500)), as: "bob")
            }
        }
        func handOn() throws -> String? {
            try reason {
                try sandbox.execute(
                    TransferLicense(license: license, to: sandbox.party("carol")), as: "bob", cosigners: ["carol"])
            }
        }
        #expect(try renew() == "trial_running" && handOn() == "trial_running")
        sandbox.advance(days: 7)
        #expect(try renew() == nil && handOn() == nil)
        // The next licensee has no trial of it.
        #expect(try sandbox.license(license).isOnTrial(at: sandbox.time) == false)
    }

    /// Else who revokes at once would sell without a trial what they offer with one.
    @Test func aRevocationWithinTheTrialGivesTheFeeBack() throws {
        let sandbox = try Sandbox()
        let inft = try sandbox.mint("score")
        let license = try sandbox.buy(try sandbox.offer(inft, Self.terms(sandbox)))
        try sandbox.execute(RevokeLicense(license: license, cause: .breachOfTerms, evidence: testHash("facts")))
        #expect(try sandbox.balance("bob") == 1_000_000 && sandbox.verdict(license).state == .revoked)
        #expect(try sandbox.totals().held == .zero)
    }

    /// As of sealed content: nobody pays for what turned out to be harmful before the price came to rest.
    @Test func whatIsRecalledDuringTheTrialIsNotPaidFor() throws {
        let sandbox = try Sandbox()
        let inft = try sandbox.mint("score")
        let license = try sandbox.buy(try sandbox.offer(inft, Self.terms(sandbox)))
        try sandbox.recall(inft)
        sandbox.advance(days: 8)
        #expect(try sandbox.drain().contains("license.refunded"))
        #expect(try sandbox.balance("bob") == 1_000_000 && sandbox.totals().held == .zero)
        #expect(try sandbox.verdict(license).state == .refunded)
        #expect(try Vaults.account(of: inft, sandbox.asset, in: sandbox.state).total == .zero)
    }

    @Test func aTrialEndsWithItsLicense() throws {
        let sandbox = try Sandbox()
        let inft = try sandbox.mint("score")
        let terms = Self.terms(sandbox) { $0.grant.durationMilliseconds = 7 * Self.day }
        let license = try sandbox.buy(try sandbox.offer(inft, terms))
        sandbox.advance(days: 7)
        #expect(
            try reason { try sandbox.execute(SurrenderLicense(license: license), as: "bob") } == "license_not_in_force")
        sandbox.advance(milliseconds: 60_000)
        #expect(try sandbox.drain().sorted() == ["license.distributed", "license.expired", "revenue.paid"])
        #expect(try Vaults.account(of: inft, sandbox.asset, in: sandbox.state).total == Amount(500))
    }

    @Test func anExclusiveLicenseOnTrialIsExclusiveUntilItIsReturned() throws {
        let sandbox = try Sandbox()
        let inft = try sandbox.mint("score")
        let exclusive = try sandbox.offer(inft, Self.terms(sandbox) { $0.grant.isExclusive = true })
        let plain = try sandbox.offer(inft, Self.terms(sandbox))
        let license = try sandbox.buy(exclusive)
        #expect(try reason { try sandbox.buy(plain, as: "carol") } == "exclusively_licensed")
        try sandbox.execute(SurrenderLicense(license: license), as: "bob")
        #expect(try reason { try sandbox.buy(plain, as: "carol") } == nil)
    }
}
