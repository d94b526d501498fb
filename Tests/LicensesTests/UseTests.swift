import Consents
import Encoding
import INFTs
import Identities
import Licenses
import Primitives
import Revenue
import StateModel
import TestSupport
import Testing

/// Metered uses: checked as license_check checks, paid to the unit, and what is prepaid comes back.
@Suite struct UseTests {
    /// Twenty for the license, ten uses at three prepaid in it.
    static func metered(_ sandbox: Sandbox, _ change: (inout Terms) -> Void = { _ in }) -> Terms {
        var terms = TermsPreset.commercial.terms(asset: sandbox.asset, fee: Amount(50))
        terms.payment.perUseFee = Amount(3)
        terms.payment.prepaidUses = 10
        terms.grant.isTransferable = true
        terms.grant.isRenewable = true
        terms.grant.durationMilliseconds = 30 * millisecondsPerDay
        change(&terms)
        return terms
    }

    static func entry(_ index: Int = 0, count: UInt64 = 1) -> UseEntry {
        UseEntry(input: testHash("input \(index)"), output: testHash("output \(index)"), count: count)
    }

    struct Sold {
        let sandbox: Sandbox
        let inft: INFTID
        let offer: OfferID
        let license: LicenseID
    }

    static func sold(_ change: (inout Terms) -> Void = { _ in }) throws -> Sold {
        let sandbox = try Sandbox()
        let inft = try sandbox.mint("score")
        let offer = try sandbox.offer(inft, metered(sandbox, change))
        return Sold(sandbox: sandbox, inft: inft, offer: offer, license: try sandbox.buy(offer))
    }

    private func use(
        _ sold: Sold, _ count: UInt64 = 1, as name: String = "bob", maximumFee: UInt64 = 0,
        _ use: MeteredUse = MeteredUse(isCommercial: false)
    ) throws {
        try sold.sandbox.execute(
            RecordUse(
                license: sold.license, use: use, entries: [Self.entry(count: count)], maximumFee: Amount(maximumFee)),
            as: name)
    }

    private func balance(_ sold: Sold, _ name: String = "bob") throws -> UInt64 {
        try Balances.balance(of: sold.sandbox.party(name), sold.sandbox.asset, in: sold.sandbox.state).units
    }

    private func vault(_ sold: Sold) throws -> UInt64 {
        try Vaults.account(of: sold.inft, sold.sandbox.asset, in: sold.sandbox.state).total.units
    }

    private func meter(_ sold: Sold) throws -> LicenseMeter {
        try sold.sandbox.state.record(LicenseKeys.meter(sold.license)) ?? LicenseMeter(license: sold.license)
    }

    private func reserve(_ sold: Sold) throws -> UInt64 {
        try Reserves.record(.prepaid, sold.license.bytes, in: sold.sandbox.state)?.amount.units ?? 0
    }

    @Test func buyingPrepaysTheQuotaOutOfThePrice() throws {
        let sold = try Self.sold()
        #expect(try balance(sold) == 999_950 && vault(sold) == 20 && reserve(sold) == 30)
        #expect(try meter(sold).quota == 10)
        let quote = try sold.sandbox.quote(sold.offer)
        #expect(quote.price == Amount(50) && quote.sale == Amount(20) && quote.uses?.prepaid == 10)
        #expect(quote.uses?.prepaidAmount == Amount(30) && quote.uses?.perUse.amount == Amount(3))
        #expect(quote.uses?.perUse.holders.map(\.amount) == [Amount(3)])
        try Conservation.check(sold.sandbox.asset, in: sold.sandbox.state)
    }

    @Test func usesSpendTheQuotaAndThenTheLicenseesMoney() throws {
        let sold = try Self.sold()
        try use(sold, 7)
        #expect(try meter(sold).quota == 3 && reserve(sold) == 9 && vault(sold) == 41 && balance(sold) == 999_950)
        // Five more: three prepaid, two from the balance, up to what the licensee accepts.
        let refused = try rejection { try use(sold, 5, maximumFee: 5) }
        #expect(refused?.reason == "fee_above_maximum" && refused?.field == "maximumFee")
        #expect(try meter(sold).quota == 3)
        try use(sold, 5, maximumFee: 6)
        #expect(try meter(sold).quota == 0 && reserve(sold) == 0 && vault(sold) == 56 && balance(sold) == 999_944)
        let meter = try meter(sold)
        #expect(meter.uses == 12 && meter.receipts == 2 && meter.fees == Amount(36))
        let receipt = try #require(try sold.sandbox.state.record(LicenseKeys.receipt(sold.license, 1)))
        #expect(receipt.uses == 5 && receipt.prepaid == 3 && receipt.fee == Amount(15) && receipt.version == 1)
        #expect(receipt.root == UseEntry.root([Self.entry(count: 5)]))
        let version = try #require(try sold.sandbox.state.record(LicenseKeys.versionUses(sold.inft, 1)))
        #expect(version.uses == 12 && version.receipts == 2 && version.ownUses == 0)
        try Conservation.check(sold.sandbox.asset, in: sold.sandbox.state)
    }

    @Test func royaltiesFollowUses() throws {
        let sandbox = try Sandbox()
        let parent = try sandbox.mint("parent")
        let offer = try sandbox.offer(parent, derivativeTerms(sandbox.asset, share: 10))
        let child = try sandbox.derive(
            "child", from: [sandbox.buy(offer, use: StatedUse(isCommercial: true))], as: "bob")
        let terms = Self.metered(sandbox) {
            $0.payment.perUseFee = Amount(100)
            $0.payment.fee = Amount(1_000)
        }
        let license = try sandbox.buy(try sandbox.offer(child, terms, as: "bob"), as: "carol")
        try sandbox.execute(
            RecordUse(license: license, use: MeteredUse(), entries: [Self.entry(count: 4)]), as: "carol")
        let due = try Vaults.claimable(by: parent, from: child, sandbox.asset, in: sandbox.state)
        #expect(due.due == Amount(40))
    }

    @Test func whatIsLeftComesBackWithEachEnd() throws {
        // Surrender.
        var sold = try Self.sold()
        try use(sold, 4)
        try sold.sandbox.execute(SurrenderLicense(license: sold.license), as: "bob")
        #expect(try balance(sold) == 999_968 && reserve(sold) == 0 && meter(sold).quota == 0 && vault(sold) == 32)
        // Expiry, by nobody's call.
        sold = try Self.sold()
        try use(sold, 1)
        sold.sandbox.advance(days: 31)
        #expect(try reason { try use(sold) } == "use_not_covered")
        #expect(try sold.sandbox.drain().contains("license.quotaReturned"))
        #expect(try balance(sold) == 999_977 && reserve(sold) == 0)
        // Revocation.
        sold = try Self.sold { $0.grant.revocableFor = CodeList([.patientSafety]) }
        try sold.sandbox.execute(
            RevokeLicense(license: sold.license, cause: .patientSafety, evidence: testHash("e")))
        #expect(try balance(sold) == 999_980 && reserve(sold) == 0)
        // Turned into the link of a derivative.
        sold = try Self.sold {
            $0.derivatives = DerivativeTerms(isAllowed: true)
            $0.grant.isTransferable = false
        }
        _ = try sold.sandbox.derive("child", from: [sold.license], as: "bob")
        #expect(try balance(sold) == 999_980 && reserve(sold) == 0)
        // Handed on: to who prepaid it, and the next licensee tops up.
        sold = try Self.sold()
        try use(sold, 1)
        try sold.sandbox.execute(
            TransferLicense(license: sold.license, to: sold.sandbox.party("carol")), as: "bob", cosigners: ["carol"])
        #expect(try balance(sold) == 999_977 && meter(sold).quota == 0)
        try sold.sandbox.execute(
            TopUpQuota(license: sold.license, uses: 2, maximumPrice: Amount(6)), as: "carol")
        try use(sold, 2, as: "carol")
        #expect(try balance(sold, "carol") == 999_994 && vault(sold) == 29)
        try Conservation.check(sold.sandbox.asset, in: sold.sandbox.state)
    }

    @Test func topUpsAndRenewalsAddToTheQuota() throws {
        let sold = try Self.sold()
        func topUp(_ uses: UInt64, _ maximum: UInt64, as name: String = "bob") throws -> String? {
            try reason {
                try sold.sandbox.execute(
                    TopUpQuota(license: sold.license, uses: uses, maximumPrice: Amount(maximum)), as: name)
            }
        }
        #expect(try topUp(5, 14) == "price_above_maximum")
        #expect(try topUp(0, 14) == "use_invalid")
        #expect(try topUp(.max, .max) == "use_invalid")
        #expect(try topUp(400_000, 1_200_000) == "insufficient_balance")
        #expect(try topUp(5, 15, as: "carol") == "not_licensee")
        #expect(try topUp(5, 15) == nil)
        #expect(try meter(sold).quota == 15 && reserve(sold) == 45)
        try sold.sandbox.execute(
            RenewLicense(license: sold.license, offer: sold.offer, maximumPrice: Amount(50)), as: "bob")
        #expect(try meter(sold).quota == 25 && reserve(sold) == 75 && vault(sold) == 40)
        let free = try Self.sold {
            $0.payment.perUseFee = .zero
            $0.payment.prepaidUses = 0
        }
        #expect(
            try reason {
                try free.sandbox.execute(
                    TopUpQuota(license: free.license, uses: 1, maximumPrice: Amount(9)), as: "bob")
            } == "not_metered")
        try use(free, 3)
        #expect(try meter(free).uses == 3 && meter(free).fees == .zero)
    }

    @Test func aUseIsCheckedAgainstEveryTerm() throws {
        let sold = try Self.sold {
            $0.scope.purposes = CodeList([.treatment])
            $0.scope.fieldsOfUse = CodeList([.clinical])
            $0.scope.territories = TextList(["DE"])
            $0.scope.languages = TextList(["de"])
            $0.grant.coversRevisions = false
        }
        let good = MeteredUse(purpose: .treatment, field: .clinical, territory: "DE", language: "de")
        func refused(_ change: (inout MeteredUse) -> Void) throws -> String {
            var use = good
            change(&use)
            let found = try rejection { try self.use(sold, 1, use) }
            #expect(found?.reason == "use_not_covered")
            return found?.message ?? ""
        }
        try use(sold, 1, good)
        #expect(try refused { $0.purpose = nil }.contains("purposeNotStated"))
        #expect(try refused { $0.purpose = .research }.contains("purposeNotLicensed"))
        #expect(try refused { $0.field = .education }.contains("fieldNotLicensed"))
        #expect(try refused { $0.territory = "FR" }.contains("territoryNotLicensed"))
        #expect(try refused { $0.language = "fr" }.contains("languageNotLicensed"))
        #expect(try refused { $0.version = 2 }.contains("versionNotLicensed"))
        #expect(try refused { $0.isCommercial = true }.contains("commercialUseNotLicensed"))
        #expect(try refused { $0.trainsModels = true }.contains("trainingNotLicensed"))
        #expect(try rejection { try use(sold, 1, as: "dave", good) }?.message.contains("userNotLicensed") == true)
    }

    @Test func entriesAreBounded() throws {
        let sold = try Self.sold()
        func refused(_ entries: [UseEntry]) throws -> String? {
            try reason {
                try sold.sandbox.execute(
                    RecordUse(license: sold.license, use: MeteredUse(), entries: entries, maximumFee: Amount(.max)),
                    as: "bob")
            }
        }
        #expect(try refused([]) == "use_invalid")
        #expect(try refused((0...64).map { Self.entry($0) }) == "use_invalid")
        #expect(try refused([Self.entry(count: 0)]) == "use_invalid")
        #expect(try refused([Self.entry(count: 1_000_001)]) == "use_invalid")
        #expect(try refused([UseEntry(input: .zero, output: testHash("o"))]) == "use_invalid")
        #expect(try refused([Self.entry(count: 1_000_000)]) == "insufficient_balance")
        #expect(try refused((0..<64).map { Self.entry($0) }) == nil)
        // Revisions are covered, but there is none yet.
        #expect(try reason { try use(sold, 1, maximumFee: 100, MeteredUse(version: 2)) } == "use_invalid")
    }

    @Test func whatSuspendsALicenseStopsItsUseAndTheQuotaCanBeTakenBack() throws {
        let sold = try Self.sold()
        func back() throws -> String? {
            try reason { try sold.sandbox.execute(ReturnQuota(license: sold.license), as: "bob") }
        }
        #expect(try back() == "quota_in_use")
        let recall = try sold.sandbox.recall(sold.inft)
        #expect(try rejection { try use(sold) }?.message.contains("suspendedByRecall") == true)
        #expect(
            try reason {
                try sold.sandbox.execute(
                    TopUpQuota(license: sold.license, uses: 1, maximumPrice: Amount(3)), as: "bob")
            } == "license_not_in_force")
        #expect(
            try reason { try sold.sandbox.execute(ReturnQuota(license: sold.license), as: "carol") } == "not_licensee")
        #expect(try back() == nil)
        #expect(try balance(sold) == 999_980 && reserve(sold) == 0)
        #expect(try back() == "not_metered")
        // Once it is over the license is used again, and paid singly.
        try sold.sandbox.lift(recall)
        try use(sold, 1, maximumFee: 3)
        #expect(try balance(sold) == 999_977)
    }

    @Test func anAgentNeedsTheOwnersWordAndTheLicensees() throws {
        let sold = try Self.sold()
        let sandbox = sold.sandbox
        let until = sandbox.time.adding(milliseconds: 20 * millisecondsPerDay)
        let treat = MeteredUse(purpose: .treatment)
        func tried(_ use: MeteredUse, _ count: UInt64 = 1, maximumFee: UInt64 = 0) throws -> Rejection? {
            try rejection { try self.use(sold, count, as: "dave", maximumFee: maximumFee, use) }
        }
        #expect(try tried(treat)?.message.contains("userNotLicensed") == true)
        try sandbox.execute(
            AuthorizeUse(inft: sold.inft, agent: sandbox.party("dave"), purposes: [.treatment], until: until))
        #expect(try tried(treat)?.message.contains("userNotLicensed") == true)
        #expect(
            try reason {
                try sandbox.execute(NameAgent(license: sold.license, agent: sandbox.party("dave")), as: "alice")
            } == "not_licensee")
        try sandbox.execute(NameAgent(license: sold.license, agent: sandbox.party("dave"), allowance: 4), as: "bob")
        #expect(try tried(MeteredUse())?.message.contains("agentNotAuthorized") == true)
        #expect(try tried(MeteredUse(purpose: .research))?.message.contains("agentNotAuthorized") == true)
        #expect(try tried(treat, 3) == nil)
        #expect(try tried(treat, 2)?.reason == "quota_spent")
        #expect(try sandbox.state.record(LicenseKeys.agent(sold.license, sandbox.party("dave")))?.allowance == 1)
        // It spends what is prepaid, and never the licensee's balance, whatever it says.
        try sandbox.execute(NameAgent(license: sold.license, agent: sandbox.party("dave")), as: "bob")
        #expect(try tried(treat, 8, maximumFee: 1_000)?.reason == "quota_spent")
        #expect(try tried(treat, 7) == nil)
        #expect(try balance(sold) == 999_950 && balance(sold, "dave") == 1_000_000)
        try sandbox.execute(TopUpQuota(license: sold.license, uses: 5, maximumPrice: Amount(15)), as: "bob")
        // The owner takes the word back, the licensee dismisses, the owner's word ends: each is enough.
        try sandbox.execute(DeauthorizeUse(inft: sold.inft, agent: sandbox.party("dave")))
        #expect(try tried(treat)?.message.contains("agentNotAuthorized") == true)
        try sandbox.execute(
            AuthorizeUse(inft: sold.inft, agent: sandbox.party("dave"), purposes: [.treatment], until: until))
        #expect(try tried(treat) == nil)
        let then = sandbox.time
        sandbox.advance(milliseconds: 1_000)
        try sandbox.execute(DismissAgent(license: sold.license, agent: sandbox.party("dave")), as: "bob")
        #expect(try tried(treat)?.message.contains("userNotLicensed") == true)
        #expect(
            try reason {
                try sandbox.execute(DismissAgent(license: sold.license, agent: sandbox.party("dave")), as: "bob")
            } == "agent_not_named")
        let asked = LicenseUse(user: sandbox.party("dave"), purpose: .treatment)
        #expect(try sandbox.verdict(sold.license, asked, at: then).isValid)
        #expect(try !sandbox.verdict(sold.license, asked).isValid)
        try sandbox.execute(NameAgent(license: sold.license, agent: sandbox.party("dave")), as: "bob")
        sandbox.advance(days: 21)
        #expect(try tried(treat)?.message.contains("agentNotAuthorized") == true)
    }

    @Test func theNextLicenseeNamesTheirOwnAgents() throws {
        let sold = try Self.sold()
        let sandbox = sold.sandbox
        let until = sandbox.time.adding(milliseconds: 20 * millisecondsPerDay)
        try sandbox.execute(
            AuthorizeUse(inft: sold.inft, agent: sandbox.party("dave"), purposes: [.treatment], until: until))
        try sandbox.execute(NameAgent(license: sold.license, agent: sandbox.party("dave")), as: "bob")
        try sandbox.execute(
            TransferLicense(license: sold.license, to: sandbox.party("carol")), as: "bob", cosigners: ["carol"])
        try sandbox.execute(TopUpQuota(license: sold.license, uses: 5, maximumPrice: Amount(15)), as: "carol")
        let treat = MeteredUse(purpose: .treatment)
        #expect(try rejection { try use(sold, 1, as: "dave", treat) }?.message.contains("userNotLicensed") == true)
        try sandbox.execute(NameAgent(license: sold.license, agent: sandbox.party("dave")), as: "carol")
        try use(sold, 1, as: "dave", treat)
    }

    @Test func whereSeatsAreCountedAnAgentTakesOne() throws {
        let sold = try Self.sold { $0.grant.seats = 1 }
        let dave = sold.sandbox.party("dave")
        let refused = try rejection {
            try sold.sandbox.execute(NameAgent(license: sold.license, agent: dave), as: "bob")
        }
        #expect(refused?.reason == "agent_invalid" && refused?.hint.contains("assignSeat") == true)
        #expect(try reason { try use(sold, 1, as: "dave") } == "use_not_covered")
        try sold.sandbox.execute(AssignSeat(license: sold.license, account: testAddress("dave")), as: "bob")
        try use(sold, 2, as: "dave")
        #expect(try reason { try use(sold, 9, as: "dave", maximumFee: 1_000) } == "quota_spent")
    }

    @Test func aQuotaIsPartOfTheFee() throws {
        let sandbox = try Sandbox()
        let terms = Self.metered(sandbox) { $0.payment.fee = Amount(29) }
        let refused = try rejection { try sandbox.execute(RegisterTerms(terms: terms)) }
        #expect(refused?.reason == "inconsistent_terms" && refused?.field == "terms.payment.fee")
        let huge = Self.metered(sandbox) {
            $0.payment.perUseFee = Amount(.max)
            $0.payment.prepaidUses = 2
        }
        #expect(try rejection { try sandbox.execute(RegisterTerms(terms: huge)) }?.field == "terms.payment.fee")
    }

    @Test func receiptsAndAgentsAreListed() throws {
        let sold = try Self.sold()
        for index in 0..<5 { try use(sold, UInt64(index + 1), maximumFee: 100) }
        let first = try sold.sandbox.page("license_uses", #"{"license": "\#(sold.license)"}"#, limit: 3)
        let receipts = first.items.compactMap { $0 as? UseReceipt }
        #expect(receipts.map(\.number) == [4, 3, 2])
        let rest = try sold.sandbox.page(
            "license_uses", #"{"license": "\#(sold.license)"}"#, after: first.next, limit: 3)
        #expect(rest.items.compactMap { ($0 as? UseReceipt)?.number } == [1, 0] && rest.next == nil)
        try sold.sandbox.execute(NameAgent(license: sold.license, agent: sold.sandbox.party("dave")), as: "bob")
        for asked in [#"{"license": "\#(sold.license)"}"#, #"{"agent": "\#(sold.sandbox.party("dave"))"}"#] {
            let page = try sold.sandbox.page("license_agents", asked)
            let agents = page.items.compactMap { $0 as? LicenseAgentView }
            #expect(agents.map(\.isNamed) == [true] && agents[0].agent.license == sold.license)
        }
    }
}

extension Sandbox {
    func page(
        _ name: String, _ parameters: String, after: IndexKey? = nil, limit: Int = 10
    ) throws -> (items: [any Codable & Sendable], next: IndexKey?) {
        guard let query = LicenseQueries.all.first(where: { $0.name == name }) else { throw StateFailure("no query") }
        func decoded<Value: Decodable>(_ type: Value.Type) throws -> Value { try decode(type, parameters) }
        let answer = try query.evaluate(
            try decoded(query.parametersType), PageRequest(after: after, limit: limit), try queries)
        guard case .page(let items, let next) = answer else { throw StateFailure("no page") }
        return (items, next)
    }

    func value<Value>(_ name: String, _ parameters: String, as type: Value.Type = Value.self) throws -> Value {
        guard let query = LicenseQueries.all.first(where: { $0.name == name }) else { throw StateFailure("no query") }
        func decoded<Parameters: Decodable>(_ type: Parameters.Type) throws -> Parameters {
            try decode(type, parameters)
        }
        let answer = try query.evaluate(
            try decoded(query.parametersType), PageRequest(after: nil, limit: 1), try queries)
        guard case .value(let value) = answer, let found = value as? Value else { throw StateFailure("no answer") }
        return found
    }
}
