import Consents
import Encoding
import FoundationEssentials
import INFTs
import Licenses
import Primitives
import StateModel
import TestSupport
import Testing

/// What is told of licenses under consent before anybody relies on it: whether they can be renewed, and which a withdrawal
/// would suspend.
@Suite("Promises under consent") struct ConsentPromiseTests {
    private func renewal(_ license: LicenseID, _ sandbox: Sandbox) throws -> Rejection? {
        let offer = try sandbox.license(license).offer
        return try rejection {
            try sandbox.execute(
                RenewLicense(license: license, offer: offer, maximumPrice: Amount(1_000)), as: "bob")
        }
    }

    private func quote(_ offer: OfferID, _ use: StatedUse, _ sandbox: Sandbox) throws -> LicenseQuote {
        let query = try #require(LicensesDomain.queries.first { $0.name == "license_quote" })
        let stated = String(decoding: try JSONEncoder().encode(use), as: UTF8.self)
        let parameters = try decode(
            QuoteParameters.self, #"{"offer":"\#(offer)","buyer":"\#(sandbox.party("bob"))","use":\#(stated)}"#)
        guard
            case .value(let quote as LicenseQuote) = try query.evaluate(
                parameters, PageRequest(after: nil, limit: 1), sandbox.queries)
        else { throw StateFailure("no quote") }
        return quote
    }

    private func ends(_ sandbox: Sandbox) throws -> [PartyTask] {
        try ReturnsTests.tasks("bob", in: sandbox).filter { ["license.renew", "license.expired"].contains($0.act) }
    }

    @Test("Where consents ask for answers no renewal is promised: in quote, license and inbox; and refused")
    func asking() throws {
        let sandbox = try Sandbox()
        let (license, set) = try NeedTests.delivered(sandbox, answerDays: 900)
        let record = try sandbox.license(license)
        let terms = try LicenseLedger.requireTerms(record.terms, field: "", in: sandbox.state).terms
        #expect(terms.grant.isRenewable)
        #expect(try quote(record.offer, record.use, sandbox).renewalObstacle == .consentsAsk)
        #expect(try ReturnsTests.view(license, in: sandbox).renewalObstacle == .consentsAsk)
        #expect(try renewal(license, sandbox)?.reason == "consent_does_not_permit")
        let end = try #require(record.expiresAt)
        sandbox.advance(milliseconds: end.milliseconds - sandbox.time.milliseconds - 20 * millisecondsPerDay)
        #expect(try ends(sandbox).map(\.act) == ["license.expired"])
        #expect(try ends(sandbox).map(\.obstacle) == [RenewalObstacle.consentsAsk.words])

        // Consents that ask for nothing, and those that were withdrawn.
        let before = try ConsentSets.require(set, field: "", in: sandbox.state)
        ConsentSets.store(try Self.asksNothing(before), in: sandbox.state)
        #expect(try quote(record.offer, record.use, sandbox).renewalObstacle == nil)
        #expect(try ReturnsTests.view(license, in: sandbox).renewalObstacle == nil)
        #expect(try ends(sandbox).map(\.act) == ["license.renew"])
        var stale = before
        stale.stale = StaleMark(since: sandbox.time, reason: .withdrawal)
        ConsentSets.store(stale, in: sandbox.state)
        #expect(try ReturnsTests.view(license, in: sandbox).renewalObstacle == .consentsDeny)
        #expect(try renewal(license, sandbox)?.reason == "consent_does_not_permit")
        ConsentSets.store(try Self.asksNothing(before), in: sandbox.state)
        #expect(try renewal(license, sandbox) == nil)
    }

    private static func asksNothing(_ record: ConsentSetRecord) throws -> ConsentSetRecord {
        ConsentSetRecord(
            record.standing,
            policies: SortedList(
                record.policies.elements.map { policy in
                    ConsentPolicy(
                        provisions: policy.provisions.map {
                            Provision(
                                $0.kind, actions: $0.actions, purposes: $0.purposes,
                                dataUse: $0.dataUse.map { DataUseTerms(permissions: $0.permissions) })
                        })
                }))
    }

    private func impact(_ set: ConsentSetID, _ sandbox: Sandbox) throws -> ConsentImpactView {
        let member = try sandbox.state.changes.compactMap { change -> SetMember? in
            guard let value = change.value, change.key.header?.domain == .consents, change.key.header?.kind == 2
            else { return nil }
            return try SetMember(decoding: value)
        }.first { $0.set == set }
        return try sandbox.impact(of: try #require(member).consent)
    }

    @Test("A withdrawal suspends licenses of the version under it, and all where the newest stands under it")
    func olderVersions() throws {
        let sandbox = try Sandbox()
        let (license, first) = try NeedTests.delivered(sandbox)
        let inft = try sandbox.license(license).inft
        let offer = try sandbox.license(license).offer
        #expect(try impact(first, sandbox).licenses == 1)
        let (second, _) = try sandbox.consentSet([.access], modifiers: [.ethicsApprovalRequired])
        try sandbox.revise(inft, "b", key: "second", consentSet: second)
        // Bought after the revision, and waiting: of the second version alone.
        let purchase = try sandbox.purchase(
            offer, "b", of: inft, version: 2, key: "carol", by: "carol", use: sandbox.license(license).use)
        let waiting: LicenseID = try sandbox.execute(purchase, as: "carol").madeIdentifier()
        // An offer from before tells the second set of nothing; its version does.
        for (set, count) in [(first, UInt64(1)), (second, 2)] {
            let told = try impact(set, sandbox)
            #expect(told.licenses == count && !told.hasMoreLicenses, "\(count)")
            #expect(told.sets.first?.infts == [ImpactedINFT(inft: inft, licenses: count)])
        }
        // What is told is what then happens.
        for (set, suspended) in [(first, [license]), (second, [license])] {
            let before = try ConsentSets.require(set, field: "", in: sandbox.state)
            var stale = before
            stale.stale = StaleMark(since: sandbox.time, reason: .withdrawal)
            ConsentSets.store(stale, in: sandbox.state)
            #expect(try sandbox.verdict(license).state == (suspended.contains(license) ? .suspended : .active))
            let standing = try #require(try ReturnsTests.view(waiting, in: sandbox).refund)
            #expect(standing.isDue == (set == second))
            #expect(try impact(set, sandbox).licenses == 0)
            ConsentSets.store(before, in: sandbox.state)
        }
        // With the newer version the licensee is out of the first consent's reach.
        let delivery = try NeedTests.askedForSecond(license, of: inft, sandbox)
        try NeedTests.deliverSecond(delivery, answerDays: 30, sandbox)
        #expect(try impact(first, sandbox).licenses == 0 && impact(second, sandbox).licenses == 2)
    }
}
