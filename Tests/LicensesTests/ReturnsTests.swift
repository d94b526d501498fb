import INFTs
import Licenses
import Primitives
import Revenue
import StateModel
import TestSupport
import Testing

/// What a license tells before it is given up, handed on or renewed is what then happens.
@Suite struct ReturnsTests {
    static func view(_ id: LicenseID, in sandbox: Sandbox) throws -> LicenseView {
        let query = try #require(LicensesDomain.queries.first { $0.name == "license_get" })
        let answer = try query.evaluate(
            decode(LicenseParameters.self, #"{"license":"\#(id)"}"#), PageRequest(after: nil, limit: 1), sandbox.queries
        )
        guard case .value(let view as LicenseView) = answer else { throw StateFailure("no view") }
        return view
    }

    static func tasks(_ name: String, in sandbox: Sandbox) throws -> [PartyTask] {
        var found: [PartyTask] = []
        for source in LicensesDomain.tasks {
            found += try source.page(sandbox.party(name), PageRequest(after: nil, limit: 100), sandbox.queries).items
        }
        return found
    }

    private static func use(_ sold: UseTests.Sold, _ count: UInt64) throws {
        try sold.sandbox.execute(
            RecordUse(license: sold.license, use: MeteredUse(), entries: [UseTests.entry(count: count)]), as: "bob")
    }

    @Test("Giving a license up brings what it says, within the trial and after it", arguments: [true, false])
    func surrender(isOnTrial: Bool) throws {
        let sold = try UseTests.sold { if isOnTrial { $0.grant.trialMilliseconds = 7 * millisecondsPerDay } }
        try Self.use(sold, 8)
        let before = try sold.sandbox.balance("bob")
        let returns = try #require(try Self.view(sold.license, in: sold.sandbox).returns)
        // Twenty of the fifty are the sale, and three each were prepaid for ten uses.
        #expect(returns.held == Amount(isOnTrial ? 20 : 0) && returns.uses == 2 && returns.prepaid == Amount(6))
        #expect(returns.prepaidBy == sold.sandbox.party("bob") && returns.outcome == .zero)
        try sold.sandbox.execute(SurrenderLicense(license: sold.license), as: "bob")
        #expect(try sold.sandbox.balance("bob") - before == returns.total.units)
        #expect(try Self.view(sold.license, in: sold.sandbox).returns == nil)
    }

    @Test("Within the trial what waits for outcomes comes back too")
    func outcomes() throws {
        let sold = try UseTests.sold {
            $0.grant.trialMilliseconds = 7 * millisecondsPerDay
            $0.payment.outcome = OutcomePrice(
                measure: testHash("measure"), threshold: percent(80), amount: Amount(40), basis: .own,
                withinMilliseconds: 20 * millisecondsPerDay)
        }
        let before = try sold.sandbox.balance("bob")
        let returns = try #require(try Self.view(sold.license, in: sold.sandbox).returns)
        #expect(returns.outcome == Amount(40) && returns.total == Amount(90))
        try sold.sandbox.execute(SurrenderLicense(license: sold.license), as: "bob")
        #expect(try sold.sandbox.balance("bob") - before == 90)
    }

    @Test("Handed on, a license has no prepaid uses: both signers read it, and who prepaid gets the sum that was told")
    func transfer() throws {
        let sold = try UseTests.sold()
        try Self.use(sold, 1)
        let returns = try #require(try Self.view(sold.license, in: sold.sandbox).returns)
        #expect(returns.uses == 9 && returns.prepaid == Amount(27))
        let operation = TransferLicense(license: sold.license, to: sold.sandbox.party("carol"))
        #expect(operation.words(PlainNames()).contains { $0.contains("Prepaid uses are not handed on") })
        let before = try sold.sandbox.balance("bob")
        try sold.sandbox.execute(operation, as: "bob", cosigners: ["carol"])
        #expect(try sold.sandbox.balance("bob") - before == 27)
        let view = try Self.view(sold.license, in: sold.sandbox)
        #expect(view.licensee == sold.sandbox.party("carol") && view.returns?.uses == 0 && view.meter?.quota == 0)
    }

    @Test("What can't be renewed is never proposed for it; the refusal says why")
    func renewals() throws {
        func act(_ change: (inout Terms) -> Void = { _ in }) throws -> (String?, RenewalObstacle?, Rejection?) {
            let sold = try UseTests.sold(change)
            sold.sandbox.advance(days: 10)
            let tasks = try Self.tasks("bob", in: sold.sandbox).filter { $0.license == sold.license }
            let obstacle = try Self.view(sold.license, in: sold.sandbox).renewalObstacle
            let refused = try rejection {
                try sold.sandbox.execute(
                    RenewLicense(license: sold.license, offer: sold.offer, maximumPrice: Amount(1_000)), as: "bob")
            }
            return (tasks.first { $0.deadline != nil }?.act, obstacle, refused)
        }
        let renewable = try act()
        #expect(renewable.0 == "license.renew" && renewable.1 == nil && renewable.2 == nil)
        let ending = try act { $0.grant.isRenewable = false }
        #expect(ending.0 == "license.expired" && ending.1 == .notAllowed)
        #expect(ending.2?.reason == "not_renewable" && ending.2?.message == "its terms allow no renewal")
    }

    @Test("A buyer is told what it waits for, and until when it can dispute what came")
    func bought() throws {
        let sandbox = try Sandbox()
        let (inft, _, license, delivery) = try sandbox.sold()
        let waiting = try #require(try Self.tasks("bob", in: sandbox).first)
        #expect(waiting.act == "license.refund" && waiting.license == license && waiting.inft == inft)
        #expect(waiting.deadline == (try sandbox.delivery(delivery)).beginBy && waiting.amount == Amount(500))
        let made = try sandbox.deliver(delivery, with: "alice")
        try sandbox.begin(delivery, made, key: "alice")
        try sandbox.complete(delivery, made)
        let told = try Self.tasks("bob", in: sandbox)
        #expect(told.map(\.act) == ["dispute.raise"] && told.first?.amount == Amount(500))
        let until = try #require(told.first?.deadline)
        #expect(until == (try sandbox.delivery(delivery)).payment?.heldUntil)
        // To the millisecond as long as the act itself is admitted.
        sandbox.advance(milliseconds: until.milliseconds - sandbox.time.milliseconds)
        #expect(try Self.tasks("bob", in: sandbox).isEmpty)
        #expect(try reason { try sandbox.raise(license) } == "dispute_window_over")
    }

    @Test("The bond that is told before signing is the bond that is set aside")
    func bonds() throws {
        #expect(
            DisputeLimits.bond(of: Amount(500)) == Amount(100) && DisputeLimits.bond(of: Amount(9_999)) == Amount(999))
        #expect(DisputeLimits.appealBond(after: Amount(100)) == Amount(200))
        #expect(DisputeLimits.appealBond(after: Amount(.max)) == nil)
        let sandbox = try Sandbox()
        try sandbox.enroll(0..<9)
        let license = try sandbox.delivered()
        let payment = try #require(try Self.view(license, in: sandbox).delivery?.delivery.payment)
        let before = try sandbox.balance("bob")
        let raised = try sandbox.raise(license)
        #expect(try before - sandbox.balance("bob") == DisputeLimits.bond(of: payment.amount).units)
        #expect(try sandbox.dispute(raised).round.bond == DisputeLimits.bond(of: payment.amount))
    }

    @Test("Refusals of prices name amounts of the asset")
    func prices() throws {
        let sandbox = try Sandbox()
        let inft = try sandbox.mint("score")
        let terms = TermsPreset.commercial.terms(asset: sandbox.asset, fee: Amount(500))
        let code = try #require(try Assets.record(sandbox.asset, in: sandbox.state))
        let refused = try rejection { _ = try sandbox.offer(inft, terms, price: 400) }
        #expect(refused?.reason == "price_below_fee")
        #expect(
            refused?.message
                == "\(code.text(Amount(400))) is below the fee of \(code.text(Amount(500))) that the terms set")
    }
}

/// Who knows what one id is priced in.
private struct PricedNames: NameResolver {
    let asset: AssetRecord
    let known: Bytes32

    func party(_ party: Party) -> String { party.description }
    func amount(_ amount: Amount, of asset: AssetID) -> String { self.asset.text(amount) }
    func asset(behind id: Bytes32) -> AssetID? { id == known ? asset.id : nil }
    func identifier(_ text: String) -> String { text }
    func time(_ time: Timestamp) -> String { time.text }
}

/// What is signed names amounts as people do, wherever the asset is known.
@Suite struct PriceWordsTests {
    @Test func everyPriceIsInItsAsset() throws {
        let sandbox = try Sandbox()
        let inft = try sandbox.mint("score")
        let terms = UseTests.metered(sandbox)
        let offer = try sandbox.offer(inft, terms)
        let license = try sandbox.buy(offer)
        let asset = try #require(try Assets.record(sandbox.asset, in: sandbox.state))
        let amount = Amount(2_500)
        let operations: [(LicenseOperation, PriceSource)] = [
            (.createOffer(CreateOffer(inft: .id(inft), terms: terms.id, price: amount)), .terms(terms.id)),
            (.updateOffer(UpdateOffer(offer: offer, price: amount, supply: nil, expiresAt: nil)), .offer(offer)),
            (
                .purchase(
                    PurchaseLicense(
                        offer: .id(offer), maximumPrice: amount, maximumRevenueShare: .zero, use: StatedUse())),
                .offer(offer)
            ),
            (.renew(RenewLicense(license: license, offer: offer, maximumPrice: amount)), .offer(offer)),
            (
                .use(
                    RecordUse(
                        license: license, use: MeteredUse(), entries: [UseTests.entry()], maximumFee: amount)),
                .license(license)
            ),
            (.topUp(TopUpQuota(license: license, uses: 2, maximumPrice: amount)), .license(license)),
            (
                .sublicense(
                    SublicenseLicense(license: license, to: sandbox.party("carol"), use: StatedUse(), price: amount)),
                .license(license)
            ),
        ]
        for (operation, source) in operations {
            #expect(operation.priceSource == source)
            #expect(try source.asset(in: sandbox.state) == asset.id)
            let told = operation.operation.words(PricedNames(asset: asset, known: source.id)).joined(separator: "\n")
            #expect(told.contains(asset.text(amount)) && !told.contains("smallest units"), "\(told)")
            // Who can't be told the asset is told so, never a number alone.
            let untold = operation.operation.words(PlainNames()).joined(separator: "\n")
            #expect(untold.contains("2500 smallest units of"), "\(untold)")
        }
        #expect(asset.text(amount) == "25.00 USD")
        #expect(LicenseOperation.registerTerms(RegisterTerms(terms: terms)).registered?.asset == asset.id)
    }
}
