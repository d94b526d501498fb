import Consents
import Cryptography
import Encoding
import INFTs
import Identities
import Licenses
import Primitives
import Revenue
import StateModel
import TestSupport
import Testing

/// Uses whose commitments can be opened, and how they ended.
struct Runs {
    let license: LicenseID
    let bins: [UInt8?]

    func inner(_ index: Int) -> Hash { UseCommitments.inner(salt: testHash("salt \(index)"), digest: testHash("out")) }

    func entry(_ index: Int, count: UInt64 = 1) -> UseEntry {
        UseEntry(
            input: UseCommitments.input(salt: testHash("in \(index)"), digest: testHash("case \(index)")),
            output: UseCommitments.output(
                salt: testHash("bin \(index)"), bin: bins[index], inner: inner(index)), count: count)
    }

    var entries: [UseEntry] { bins.indices.map { entry($0) } }

    func report(
        _ receipt: UInt64 = 0, _ index: Int, agrees: Bool = true, observed: Bool? = nil,
        nullifier: String? = nil, measure: String = "measure"
    ) -> ReportOutcome {
        ReportOutcome(
            license: license, receipt: receipt, index: UInt64(index), entry: entry(index),
            path: MerkleLog.inclusionProof(of: index, in: entries.map { MerkleLog.leafHash($0.encoded) }) ?? [],
            opening: OutcomeOpening(salt: testHash("bin \(index)"), bin: bins[index], inner: inner(index)),
            measure: testHash(measure), nullifier: testHash(nullifier ?? "case \(receipt) \(index)"), agrees: agrees,
            observed: bins[index] == nil ? nil : observed ?? true)
    }
}

extension Sandbox {
    /// Records a batch as `name`.
    func record(_ runs: Runs, as name: String = "hospital") throws {
        try execute(
            RecordUse(
                license: runs.license, use: MeteredUse(purpose: .treatment), entries: runs.entries,
                maximumFee: Amount(1_000)), as: name)
    }

    func outcomeRefusal(_ operation: ReportOutcome, as name: String = "hospital") throws -> String? {
        try reason { try execute(operation, as: name) }
    }
}

/// Outcomes: of recorded uses, once each, by enrolled institutions that gain nothing by them; and what is paid by them.
@Suite struct OutcomeTests {
    /// Sold by alice to the hospital, which is enrolled.
    private func sold(_ change: (inout Terms) -> Void = { _ in }) throws -> UseTests.Sold {
        let sandbox = try Sandbox()
        sandbox.attest("hospital", .accreditation)
        let inft = try sandbox.mint("score")
        let offer = try sandbox.offer(inft, UseTests.metered(sandbox, change))
        return UseTests.Sold(
            sandbox: sandbox, inft: inft, offer: offer, license: try sandbox.buy(offer, as: "hospital"))
    }

    private func totals(_ sold: UseTests.Sold) throws -> OutcomeTotals? {
        try sold.sandbox.state.record(LicenseKeys.outcomeTotals(sold.inft, 1, testHash("measure")))
    }

    @Test func outcomesAreCountedPerVersionAndInstitution() throws {
        let sold = try sold()
        let runs = Runs(license: sold.license, bins: [nil, 2, 2, 7])
        try sold.sandbox.record(runs)
        let context = try sold.sandbox.execute(runs.report(0, 0, agrees: false), as: "hospital")
        #expect(context.events.map { $0.name } == ["license.outcomeReported"])
        try sold.sandbox.execute(runs.report(0, 1, observed: false), as: "hospital")
        try sold.sandbox.execute(runs.report(0, 3, observed: true), as: "hospital")
        let totals = try #require(try totals(sold))
        #expect(totals.reports == 3 && totals.agreeing == 2)
        #expect(totals.bins[2] == OutcomeBin(predicted: 1) && totals.bins[7] == OutcomeBin(predicted: 1, observed: 1))
        #expect(totals.agreement == PartsPerMillion(666_666))
        // |0 − 0.25| and |1 − 0.75|, over two cases.
        #expect(totals.calibrationError == PartsPerMillion(250_000))
        let page = try sold.sandbox.page("inft_outcomes", #"{"inft": "\#(sold.inft)", "version": 1}"#)
        let views = page.items.compactMap { $0 as? OutcomesView }
        #expect(views.map(\.totals.institution) == [nil, sold.sandbox.party("hospital")])
        #expect(views.allSatisfy { $0.totals.reports == 3 && $0.uses == 4 })
        let receipt: ReceiptOutcomes = try sold.sandbox.value(
            "license_outcomes", #"{"license": "\#(sold.license)", "receipt": 0}"#)
        #expect(receipt.outcomes.map(\.entry) == [0, 1, 3] && receipt.receipt.reported == 0b1011)
    }

    @Test func aUseAndACaseCountOnce() throws {
        let sold = try sold()
        let runs = Runs(license: sold.license, bins: [nil, nil])
        try sold.sandbox.record(runs)
        try sold.sandbox.record(runs)
        try sold.sandbox.execute(runs.report(0, 0, nullifier: "one"), as: "hospital")
        #expect(try sold.sandbox.outcomeRefusal(runs.report(0, 0, nullifier: "two")) == "outcome_reported")
        #expect(try sold.sandbox.outcomeRefusal(runs.report(0, 1, nullifier: "one")) == "outcome_reported")
        #expect(try sold.sandbox.outcomeRefusal(runs.report(1, 1, nullifier: "one")) == "outcome_reported")
        #expect(
            try sold.sandbox.outcomeRefusal(runs.report(1, 1, nullifier: "one", measure: "x")) == "outcome_reported")
        #expect(try sold.sandbox.outcomeRefusal(runs.report(1, 1, nullifier: "two")) == nil)
        #expect(try totals(sold)?.reports == 2)
    }

    @Test func anOutcomeIsOfARecordedSingleUseAndItsPrediction() throws {
        let sold = try sold()
        let runs = Runs(license: sold.license, bins: [3, nil, nil])
        try sold.sandbox.record(runs)
        #expect(try sold.sandbox.outcomeRefusal(runs.report(1, 0)) == "outcome_invalid")
        let other = Runs(license: sold.license, bins: [4, nil, nil])
        #expect(try sold.sandbox.outcomeRefusal(other.report(0, 0)) == "outcome_invalid")
        func changed(_ opening: OutcomeOpening, observed: Bool?) -> ReportOutcome {
            let good = runs.report(0, 0)
            return ReportOutcome(
                license: good.license, receipt: 0, index: 0, entry: good.entry, path: good.path, opening: opening,
                measure: good.measure, nullifier: good.nullifier, agrees: true, observed: observed)
        }
        let opening = runs.report(0, 0).opening
        // Nobody changes afterwards what was predicted, or hides it.
        let better = OutcomeOpening(salt: opening.salt, bin: 9, inner: opening.inner)
        let none = OutcomeOpening(salt: opening.salt, bin: nil, inner: opening.inner)
        #expect(try sold.sandbox.outcomeRefusal(changed(better, observed: true)) == "outcome_invalid")
        #expect(try sold.sandbox.outcomeRefusal(changed(none, observed: nil)) == "outcome_invalid")
        #expect(try sold.sandbox.outcomeRefusal(changed(opening, observed: nil)) == "outcome_invalid")
        #expect(try sold.sandbox.outcomeRefusal(changed(opening, observed: false)) == nil)
        let many = UseEntry(input: testHash("i"), output: runs.entry(1).output, count: 2)
        try sold.sandbox.execute(
            RecordUse(
                license: sold.license, use: MeteredUse(), entries: [many], maximumFee: Amount(100)), as: "hospital")
        let report = ReportOutcome(
            license: sold.license, receipt: 1, index: 0, entry: many, path: [], opening: runs.report(0, 1).opening,
            measure: testHash("measure"), nullifier: testHash("n"), agrees: true, observed: nil)
        #expect(try sold.sandbox.outcomeRefusal(report) == "outcome_invalid")
    }

    @Test func onlyEnrolledInstitutionsReportOrWhoActsForTheLicensee() throws {
        let sandbox = try Sandbox()
        let inft = try sandbox.mint("score")
        let license = try sandbox.buy(try sandbox.offer(inft, UseTests.metered(sandbox)))
        let runs = Runs(license: license, bins: [nil, nil])
        try sandbox.record(runs, as: "bob")
        #expect(try sandbox.outcomeRefusal(runs.report(0, 0), as: "bob") == "not_enrolled")
        sandbox.attest("bob", .accreditation)
        // A researcher is no institution, whatever it was given.
        #expect(try sandbox.outcomeRefusal(runs.report(0, 0), as: "bob") == "not_enrolled")
        #expect(try sandbox.outcomeRefusal(runs.report(0, 0)) == "not_enrolled")
        sandbox.attest("hospital", .accreditation)
        #expect(try sandbox.outcomeRefusal(runs.report(0, 0)) == "not_licensee")
        try sandbox.execute(NameAgent(license: license, agent: sandbox.party("hospital")), as: "bob")
        #expect(try sandbox.outcomeRefusal(runs.report(0, 0)) == nil)
        // Its organization reports for a member.
        let clinic: OrganizationID = testIdentifier("clinic")
        sandbox.state.set(
            IdentityKeys.organization(clinic),
            OrganizationRecord(
                profile: OrganizationProfile(
                    kind: .institution, name: "Clinic", jurisdiction: "DE",
                    members: [Member(account: testAddress("bob"), role: .administrator)],
                    policies: [ClassPolicy(.administration, threshold: 1)]),
                createdAt: testStart, createdHeight: .genesis, updatedAt: testStart, revision: 0))
        func reported() throws -> String? {
            try reason {
                try sandbox.transaction(as: "bob", actingFor: clinic) { (context) throws in
                    try runs.report(0, 1).execute(in: context)
                }
            }
        }
        #expect(try reported() == "not_enrolled")
        sandbox.attest(.organization(clinic), .accreditation)
        #expect(try reported() == nil)
    }

    @Test func whoGainsByAnINFTReportsNothingAboutIt() throws {
        for gain in ["owner", "holder", "creator"] {
            let sold = try sold()
            let runs = Runs(license: sold.license, bins: [nil])
            try sold.sandbox.record(runs)
            let hospital = sold.sandbox.party("hospital")
            switch gain {
            case "owner":
                let until = sold.sandbox.time.adding(milliseconds: millisecondsPerDay)
                let transfer: DeliveryID = try sold.sandbox.execute(
                    TransferOffer(inft: sold.inft, to: hospital, expiresAt: until)
                ).madeIdentifier()
                try sold.sandbox.execute(
                    TransferAccept(transfer: transfer, fetchedHash: testHash("score")), as: "hospital")
            case "holder":
                try sold.sandbox.execute(
                    RevenueTransferShare(inft: sold.inft, from: nil, to: hospital, share: percent(1)))
            default:
                var record = try INFTRegistry.requireKnown(sold.inft, field: "", in: sold.sandbox.state)
                record = record.made(by: hospital)
                sold.sandbox.state.set(INFTKeys.inft(sold.inft), record)
            }
            #expect(try sold.sandbox.outcomeRefusal(runs.report(0, 0)) == "outcome_interested", "\(gain)")
        }
    }

    // MARK: The outcome price

    private func priced(
        basis: OutcomeBasis = .own, minimum: UInt64 = 2, isDueWithoutReports: Bool = false
    ) throws -> UseTests.Sold {
        try sold {
            $0.payment.outcome = OutcomePrice(
                measure: testHash("measure"), threshold: percent(50), amount: Amount(700), basis: basis,
                minimumReports: minimum, withinMilliseconds: 10 * millisecondsPerDay,
                isDueWithoutReports: isDueWithoutReports)
        }
    }

    private func report(_ sold: UseTests.Sold, _ agree: [Bool], as name: String = "hospital") throws {
        let runs = Runs(license: sold.license, bins: agree.map { _ in nil })
        try sold.sandbox.record(runs, as: name)
        for (index, agrees) in agree.enumerated() {
            try sold.sandbox.execute(runs.report(0, index, agrees: agrees), as: name)
        }
    }

    /// Past the deadline: whether the price was paid into the vault, by what the vault and the buyer have. `beside`: what other
    /// licenses' outcome prices bring the vault at the same time.
    private func settled(_ sold: UseTests.Sold, beside: UInt64 = 0) throws -> Bool {
        let sandbox = sold.sandbox
        let before = try sandbox.balance("hospital")
        let vault = try Vaults.account(of: sold.inft, sandbox.asset, in: sandbox.state).total.units
        sandbox.advance(days: 11)
        #expect(try sandbox.drain().contains("license.outcomePriceSettled"))
        let after = try Vaults.account(of: sold.inft, sandbox.asset, in: sandbox.state).total.units
        let hold = try #require(try sandbox.state.record(LicenseKeys.outcomeHold(sold.license)))
        let settlement = try #require(hold.settlement)
        let isPaid = settlement.isPaid
        #expect(try sandbox.balance("hospital") - before == (isPaid ? 0 : 700))
        #expect(after - vault == (isPaid ? 700 : 0) + beside)
        #expect(try sandbox.totals().held == .zero && sandbox.isConserved())
        // Once, whatever comes later.
        sandbox.advance(days: 11)
        #expect(try !sandbox.drain().contains("license.outcomePriceSettled"))
        return isPaid
    }

    @Test func theBuyerAcceptsThePriceWithWhatWaitsForOutcomes() throws {
        let sold = try priced()
        #expect(try sold.sandbox.balance("hospital") == 1_000_000 - 50 - 700)
        #expect(try sold.sandbox.totals().held == Amount(700))
        let quote = try sold.sandbox.quote(sold.offer)
        #expect(quote.price == Amount(50) && quote.total == Amount(750) && quote.outcome?.split.amount == Amount(700))
        #expect(quote.outcome?.split.holders.map(\.amount) == [Amount(700)])
        #expect(try reason { try sold.sandbox.buy(sold.offer, maximumPrice: 749) } == "price_above_maximum")
        #expect(try reason { try sold.sandbox.buy(sold.offer, maximumPrice: 750) } == nil)
    }

    @Test func theOutcomePriceFollowsTheLicensesOwnReports() throws {
        var sold = try priced()
        try report(sold, [true, false])
        #expect(try settled(sold))
        sold = try priced()
        try report(sold, [true, false, false])
        #expect(try !settled(sold))
        // What comes after the deadline changes nothing.
        sold = try priced()
        try report(sold, [false, false])
        #expect(try !settled(sold))
    }

    @Test func withoutEnoughReportsTheTermsSayWhoBearsTheDoubt() throws {
        var sold = try priced()
        try report(sold, [true])
        #expect(try !settled(sold))
        sold = try priced(isDueWithoutReports: true)
        try report(sold, [false])
        #expect(try settled(sold))
    }

    @Test func aLicenseesOwnReportsDoNotCountWhereOthersDecide() throws {
        func second(_ sold: UseTests.Sold) throws -> UseTests.Sold {
            sold.sandbox.attest("issuer", .accreditation)
            try sold.sandbox.execute(
                RevenueTransfer(
                    from: nil, to: sold.sandbox.party("issuer"), asset: sold.sandbox.asset, amount: Amount(2_000)),
                as: "dave")
            return UseTests.Sold(
                sandbox: sold.sandbox, inft: sold.inft, offer: sold.offer,
                license: try sold.sandbox.buy(sold.offer, as: "issuer"))
        }
        var sold = try priced(basis: .others)
        try report(sold, [false, false, false])
        try report(second(sold), [true, true], as: "issuer")
        #expect(try settled(sold))
        sold = try priced(basis: .others)
        try report(sold, [true, true, true])
        try report(second(sold), [false, false], as: "issuer")
        // The other licensee pays by the first one's reports.
        #expect(try !settled(sold, beside: 700))
        sold = try priced(basis: .others)
        try report(sold, [true, true, true])
        #expect(try !settled(sold))
    }

    /// Neither under a second license of the same buyer, nor where the buyer reports for another licensee.
    @Test func aBuyersOtherReportsAreNoReportsOfOthers() throws {
        func refused(_ report: (UseTests.Sold) throws -> Void) throws {
            let sold = try priced(basis: .others, isDueWithoutReports: true)
            try report(sold)
            // The other license is the buyer's too, or its price waits likewise for what others report.
            let hold = try #require(try sold.sandbox.state.record(LicenseKeys.outcomeHold(sold.license)))
            sold.sandbox.advance(days: 11)
            try sold.sandbox.drain()
            let settled = try #require(try sold.sandbox.state.record(LicenseKeys.outcomeHold(sold.license)))
            #expect(hold.settlement == nil && settled.settlement?.reports == 0)
        }
        try refused { sold in
            let second = try sold.sandbox.buy(sold.offer, as: "hospital")
            try report(
                UseTests.Sold(sandbox: sold.sandbox, inft: sold.inft, offer: sold.offer, license: second),
                [false, false, false])
        }
        try refused { sold in
            let second = try sold.sandbox.buy(sold.offer, as: "carol")
            try sold.sandbox.execute(NameAgent(license: second, agent: sold.sandbox.party("hospital")), as: "carol")
            let runs = Runs(license: second, bins: [nil, nil])
            try sold.sandbox.record(runs, as: "carol")
            for index in 0..<2 {
                try sold.sandbox.execute(runs.report(0, index, agrees: false), as: "hospital")
            }
        }
    }

    @Test func nobodyEscapesTheOutcomePriceByEndingTheLicense() throws {
        let sold = try priced()
        try report(sold, [true, true])
        try sold.sandbox.execute(SurrenderLicense(license: sold.license), as: "hospital")
        #expect(try settled(sold))
        let recalled = try priced()
        try report(recalled, [true, true])
        try recalled.sandbox.recall(recalled.inft)
        #expect(try !settled(recalled))
    }

    private func sealedTerms(_ sandbox: Sandbox) -> Terms {
        UseTests.metered(sandbox) {
            $0.payment.outcome = OutcomePrice(
                measure: testHash("measure"), threshold: percent(50), amount: Amount(700),
                withinMilliseconds: 60 * millisecondsPerDay, isDueWithoutReports: true)
        }
    }

    @Test func whatIsNeverDeliveredComesBackWhole() throws {
        let sandbox = try Sandbox()
        let (_, _, license, _) = try sandbox.sold(sealedTerms(sandbox))
        #expect(try sandbox.balance("bob") == 999_250)
        let totals = try sandbox.totals()
        #expect(totals.escrows == Amount(20) && totals.prepaid == Amount(30) && totals.held == Amount(700))
        #expect(try reason { try sandbox.record(Runs(license: license, bins: [nil]), as: "bob") } == "use_not_covered")
        sandbox.advance(milliseconds: 2 * Sandbox.hour)
        let events = try sandbox.drain()
        #expect(
            Set(events).isSuperset(of: ["license.refunded", "license.quotaReturned", "license.outcomePriceSettled"]))
        #expect(try sandbox.balance("bob") == 1_000_000 && sandbox.isConserved())
    }

    @Test func whatIsRecalledBeforeThePriceCameToRestComesBackWhole() throws {
        let sandbox = try Sandbox()
        let license = try sandbox.delivered(sealedTerms(sandbox))
        #expect(try sandbox.balance("bob") == 999_250)
        try sandbox.recall(try sandbox.license(license).inft)
        sandbox.advance(milliseconds: 2 * Sandbox.hour)
        let events = try sandbox.drain()
        #expect(
            Set(events).isSuperset(of: ["license.refunded", "license.quotaReturned", "license.outcomePriceSettled"]))
        #expect(try sandbox.balance("bob") == 1_000_000 && sandbox.isConserved())
    }

    @Test func aPriceThatIsAllQuotaHoldsNothingForTheDelivery() throws {
        let sandbox = try Sandbox()
        let terms = UseTests.metered(sandbox) { $0.payment.fee = Amount(30) }
        let license = try sandbox.delivered(terms)
        let totals = try sandbox.totals()
        #expect(totals.prepaid == Amount(30) && totals.escrows == .zero && totals.held == .zero)
        try sandbox.record(Runs(license: license, bins: [nil]), as: "bob")
        try sandbox.execute(SurrenderLicense(license: license), as: "bob")
        #expect(try sandbox.balance("bob") == 999_997 && sandbox.isConserved())
    }

    @Test func anAnnulledLicenseGivesBackQuotaAndOutcomePrice() throws {
        let sandbox = try Sandbox()
        try sandbox.enroll(0..<9)
        let license = try sandbox.delivered(sealedTerms(sandbox), window: 20 * Sandbox.hour)
        try sandbox.execute(
            RecordUse(license: license, use: MeteredUse(), entries: [UseTests.entry(count: 2)]), as: "bob")
        let id = try sandbox.drawn(license)
        #expect(try reason { try sandbox.record(Runs(license: license, bins: [nil]), as: "bob") } == "use_not_covered")
        try sandbox.show(id)
        try sandbox.vote(id, upholding: 3)
        #expect(try sandbox.expire(id).contains("license.annulled"))
        // All but the two uses that were made.
        #expect(try sandbox.balance("bob") == 1_000_000 - 6 && sandbox.isConserved())
        #expect(try sandbox.totals().prepaid == .zero && sandbox.totals().held == .zero)
    }
}

extension INFTRecord {
    /// The same, with another creator.
    fileprivate func made(by party: Party) -> INFTRecord {
        INFTRecord(
            id: id, inftClass: inftClass, owner: owner,
            creators: [Creator(party: party, contribution: .whole, roles: [])], versionCount: versionCount,
            latest: latest, metadata: metadata, frozenAt: frozenAt, parents: parents, status: status,
            statusSince: statusSince, hasHumanData: hasHumanData, consentSet: consentSet, createdAt: createdAt,
            createdHeight: createdHeight, historyCount: historyCount, ownerSince: ownerSince, cloneOf: cloneOf,
            cloneCount: cloneCount, transfer: transfer)
    }
}
