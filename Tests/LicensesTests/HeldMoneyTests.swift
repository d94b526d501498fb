import INFTs
import Licenses
import Primitives
import Revenue
import StateModel
import TestSupport
import Testing

extension Sandbox {
    /// Pays into the vault until its cumulative total is the largest there is: the same money comes round by claims.
    func fill(_ inft: INFTID) throws {
        let half = UInt64.max / 2
        try execute(AssetIssue(asset: asset, to: party("dave"), amount: Amount(half)), as: "issuer")
        while true {
            let room = try UInt64.max - Vaults.account(of: inft, asset, in: state).total.units
            guard room > 0 else { return }
            let amount = Amount(min(room, half))
            try execute(RevenuePay(inft: .id(inft), asset: asset, amount: amount), as: "dave")
            try execute(RevenueClaim(inft: inft, asset: asset))
            try execute(RevenueTransfer(to: party("dave"), asset: asset, amount: amount))
        }
    }
}

/// Money that was set aside comes to rest, whatever has become of the vault that it was for and of the license.
@Suite struct HeldMoneyTests {
    @Test("What a vault at the largest total can't take goes back to the buyer, and the license ends as refunded")
    func fullVault() throws {
        let sandbox = try Sandbox()
        let license = try sandbox.delivered()
        try sandbox.fill(sandbox.license(license).inft)
        #expect(try sandbox.balance("bob") == 999_500 && sandbox.totals().held == Amount(500))
        sandbox.advance(milliseconds: 2 * Sandbox.hour)
        #expect(try sandbox.drain().contains("license.refunded"))
        #expect(try sandbox.balance("bob") == 1_000_000 && sandbox.totals().held == .zero)
        #expect(try sandbox.verdict(license).state == .refunded && sandbox.isConserved())
    }

    @Test("A dispute over such a payment ends too, and the bond goes where the verdict says")
    func fullVaultInDispute() throws {
        let sandbox = try Sandbox()
        try sandbox.enroll(0..<5)
        let id = try sandbox.raise(sandbox.delivered())
        try sandbox.fill(sandbox.dispute(id).inft)
        try sandbox.respond(id)
        try sandbox.reveal(id, as: "alice")
        try sandbox.expire(id)
        #expect(try sandbox.dispute(id).ending?.outcome == .dismissed)
        // The bond of 100 is lost, the price is not.
        #expect(try sandbox.balance("bob") == 999_900)
        #expect(try sandbox.totals().held == .zero && sandbox.totals().bonds == .zero && sandbox.isConserved())
    }

    @Test("The price of a trial, and one that waits for outcomes, go back likewise")
    func fullVaultAfterTrial() throws {
        let sandbox = try Sandbox()
        let inft = try sandbox.mint("score")
        let license = try sandbox.buy(try sandbox.offer(inft, TrialTests.terms(sandbox)))
        var terms = TermsPreset.commercial.terms(asset: sandbox.asset, fee: .zero)
        terms.payment.outcome = OutcomePrice(
            measure: testHash("measure"), threshold: percent(50), amount: Amount(700),
            withinMilliseconds: 10 * millisecondsPerDay, isDueWithoutReports: true)
        let waiting = try sandbox.buy(try sandbox.offer(inft, terms), as: "carol")
        try sandbox.fill(inft)
        sandbox.advance(days: 11)
        #expect(try Set(sandbox.drain()).isSuperset(of: ["license.refunded", "license.outcomePriceSettled"]))
        #expect(try sandbox.balance("bob") == 1_000_000 && sandbox.balance("carol") == 1_000_000)
        #expect(try sandbox.state.record(LicenseKeys.outcomeHold(waiting))?.settlement?.isPaid == false)
        #expect(try sandbox.verdict(license).state == .refunded)
        #expect(try sandbox.totals().held == .zero && sandbox.isConserved())
    }

    @Test("A license that was used for a derivative is paid for, recalled or not: the link stays")
    func consumedAndRecalled() throws {
        let sandbox = try Sandbox()
        let inft = try sandbox.mint("root")
        var terms = derivativeTerms(sandbox.asset, share: 10)
        terms.payment.fee = Amount(500)
        terms.grant.trialMilliseconds = 7 * millisecondsPerDay
        let license = try sandbox.buy(try sandbox.offer(inft, terms))
        let child = try sandbox.derive("child", from: [license], as: "bob")
        try sandbox.recall(inft)
        sandbox.advance(days: 8)
        #expect(try sandbox.drain().contains("license.distributed"))
        #expect(try Vaults.account(of: inft, sandbox.asset, in: sandbox.state).total == Amount(500))
        #expect(try sandbox.balance("bob") == 999_500 && sandbox.totals().held == .zero)
        #expect(try sandbox.verdict(license).state == .consumed)
        #expect(try LicenseLedger.link(of: child, in: sandbox.state) != nil)
    }

    @Test("The same of sealed content, whose payment is held for disputes")
    func consumedSealedAndRecalled() throws {
        let sandbox = try Sandbox()
        var terms = derivativeTerms(sandbox.asset, share: 10)
        terms.payment.fee = Amount(500)
        let license = try sandbox.delivered(terms, use: StatedUse(isCommercial: true, trainsModels: true))
        let inft = try sandbox.license(license).inft
        _ = try sandbox.derive("child", from: [license], as: "bob")
        try sandbox.recall(inft)
        sandbox.advance(milliseconds: 2 * Sandbox.hour)
        #expect(try sandbox.drain().contains("license.distributed"))
        #expect(try Vaults.account(of: inft, sandbox.asset, in: sandbox.state).total == Amount(500))
        #expect(try sandbox.balance("bob") == 999_500 && sandbox.totals().held == .zero)
    }
}
