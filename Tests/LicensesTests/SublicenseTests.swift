import Consents
import Cryptography
import INFTs
import Identities
import Licenses
import Primitives
import Revenue
import StateModel
import TestSupport
import Testing

/// Sublicenses: never wider than what is above them, paid for like a license, over with what is above them.
@Suite struct SublicenseTests {
    static let day = millisecondsPerDay

    static func terms(_ sandbox: Sandbox, fee: UInt64 = 100, _ change: (inout Terms) -> Void = { _ in }) -> Terms {
        var terms = TermsPreset.commercial.terms(asset: sandbox.asset, fee: Amount(fee))
        terms.grant.isSublicensable = true
        change(&terms)
        return terms
    }

    /// Of bob, from alice, on open content.
    static func bought(
        _ sandbox: Sandbox, use: StatedUse = StatedUse(isCommercial: true), _ change: (inout Terms) -> Void = { _ in }
    ) throws -> LicenseID {
        try sandbox.buy(try sandbox.offer(try sandbox.mint("score"), terms(sandbox, change)), use: use)
    }

    @discardableResult
    static func grant(
        _ license: LicenseID, _ sandbox: Sandbox, from name: String = "bob", to next: String = "carol",
        use: StatedUse = StatedUse(), seats: UInt64? = nil, expiresAt: Timestamp? = nil, price: UInt64 = 100,
        delivery: DeliveryRequest? = nil, cosigners: [String]? = nil
    ) throws -> LicenseID {
        try sandbox.execute(
            SublicenseLicense(
                license: license, to: sandbox.party(next), use: use, seats: seats, expiresAt: expiresAt,
                price: Amount(price), delivery: delivery), as: name, cosigners: cosigners ?? [next]
        ).madeIdentifier()
    }

    // MARK: Granting

    @Test func sublicensesNeedTermsAndBothSignatures() throws {
        let sandbox = try Sandbox()
        let fixed = try Self.bought(sandbox) { $0.grant.isSublicensable = false }
        #expect(try reason { try Self.grant(fixed, sandbox) } == "not_sublicensable")
        let license = try Self.bought(sandbox)
        #expect(try reason { try Self.grant(license, sandbox, cosigners: []) } == "not_authorized")
        #expect(try reason { try Self.grant(license, sandbox, from: "dave") } == "not_licensee")
        #expect(try reason { try Self.grant(license, sandbox, to: "alice") } == "own_license")
        #expect(try reason { try Self.grant(license, sandbox, to: "bob") } == "invalid_buyer")
        #expect(try reason { try Self.grant(license, sandbox, to: "nobody") } == "unknown_party")
        let below = try Self.grant(license, sandbox)
        let record = try sandbox.license(below)
        #expect(record.licensor == sandbox.party("bob") && record.licensee == sandbox.party("carol"))
        #expect(record.expiresAt == (try sandbox.license(license).expiresAt))
        #expect(try sandbox.verdict(below).isValid && sandbox.license(license).sublicenses == 1)
        #expect(sandbox.told.contains { $0.name == "license.sublicensed" })
        // A recall of the work reaches it as it reaches the license above.
        let recall = try sandbox.recall(record.inft)
        #expect(try sandbox.answers(recall).map(\.license) == [license, below])
        try sandbox.lift(recall)
        // Sublicenses of sublicenses, so deep and no deeper.
        let second = try Self.grant(below, sandbox, from: "carol", to: "dave")
        let third = try Self.grant(second, sandbox, from: "dave", to: "hospital")
        #expect(try sandbox.license(third).under?.depth == 3)
        #expect(
            try reason { try Self.grant(third, sandbox, from: "hospital", to: "issuer", price: 0) }
                == "not_sublicensable")
    }

    @Test func sublicensesAreNeverWiderThanTheLicenseAbove() throws {
        let sandbox = try Sandbox()
        let license = try Self.bought(
            sandbox, use: StatedUse(purposes: [.research], territories: ["DE"], isCommercial: true)
        ) {
            $0.scope.territories = TextList(["DE", "FR"])
            $0.scope.allowsTraining = true
            $0.scope.requiredCredentials = []
        }
        func refused(_ use: StatedUse, expiresAt: Timestamp? = nil) throws -> (String?, String?) {
            let found = try rejection { try Self.grant(license, sandbox, use: use, expiresAt: expiresAt) }
            return (found?.reason, found?.field)
        }
        let good = StatedUse(purposes: [.biomedicalResearch], territories: ["DE-BY"])
        for (field, use) in [
            ("use.purposes", StatedUse(territories: ["DE"])),
            ("use.purposes", StatedUse(purposes: [.treatment], territories: ["DE"])),
            ("use.territories", StatedUse(purposes: [.research])),
            ("use.territories", StatedUse(purposes: [.research], territories: ["FR"])),
            ("use.trainsModels", StatedUse(purposes: [.research], territories: ["DE"], trainsModels: true)),
            (
                "use.research",
                StatedUse(purposes: [.research], research: ResearchUse(aims: [.methods]), territories: ["DE"])
            ),
        ] {
            #expect(try refused(use) == ("wider_than_license", field))
        }
        let end = try #require(try sandbox.license(license).expiresAt)
        #expect(try refused(good, expiresAt: end.adding(milliseconds: 1)) == ("wider_than_license", "expiresAt"))
        #expect(try refused(good, expiresAt: sandbox.time) == ("invalid_expiry", "expiresAt"))
        let below = try Self.grant(license, sandbox, use: good, expiresAt: Timestamp(end.milliseconds - 1))
        let use = LicenseUse(purpose: .biomedicalResearch, territory: "DE-BY")
        #expect(try sandbox.verdict(below, use).isValid)
        #expect(
            try sandbox.reasons(below, LicenseUse(purpose: .research, territory: "DE"))
                == [.purposeNotLicensed, .territoryNotLicensed])
        // Non-commercial below a commercial license stays non-commercial.
        var commercial = use
        commercial.isCommercial = true
        commercial.attributes = true
        #expect(try sandbox.reasons(below, commercial) == [.commercialUseNotLicensed])
        let strict = try Self.bought(sandbox, use: StatedUse())
        #expect(
            try rejection { try Self.grant(strict, sandbox, use: StatedUse(isCommercial: true)) }?.field
                == "use.isCommercial")
    }

    @Test func sublicenseesAreAdmittedAsBuyersAre() throws {
        let sandbox = try Sandbox()
        sandbox.attest("bob", .researcherStatus)
        let license = try Self.bought(sandbox) {
            $0.scope.requiredCredentials = [CredentialRequirement(type: .researcherStatus)]
        }
        #expect(try reason { try Self.grant(license, sandbox) } == "missing_credential")
        let end = testStart.adding(milliseconds: 30 * Self.day)
        sandbox.attest("carol", .researcherStatus)
        let below = try Self.grant(license, sandbox)
        #expect(try sandbox.verdict(below).isValid)
        // Who passes on what they have needs what it takes to have it.
        sandbox.attest("bob", .researcherStatus, until: end)
        sandbox.advance(days: 31)
        #expect(try sandbox.reasons(below) == [.credentialMissing])
        // Consent is asked with the sublicensee.
        let other = try Sandbox()
        let (set, consent) = try other.consentSet([.access], jurisdictions: ["DE"])
        let inft = try other.mint("data", as: "hospital", consentSet: set)
        var terms = TermsPreset.researchOnly.terms
        terms.grant.isSublicensable = true
        terms.scope.territories = TextList(["DE"])
        let use = StatedUse(purposes: [.research], territories: ["DE"])
        let above = try other.buy(try other.offer(inft, terms, as: "hospital"), use: use)
        let given = try Self.grant(above, other, use: use, price: 0)
        #expect(try other.verdict(given, LicenseUse(purpose: .research, field: .research, territory: "DE")).isValid)
        try other.execute(ConsentWithdraw(consents: [consent]), as: "patient")
        #expect(try other.verdict(given).state == .suspended)
        #expect(try reason { try Self.grant(above, other, to: "dave", use: use, price: 0) } == "license_not_in_force")
    }

    // MARK: Money

    /// Nobody gets around the vault, and with it the royalties, by sublicensing.
    @Test func theVaultIsPaidForEachSublicense() throws {
        let sandbox = try Sandbox()
        let root = try sandbox.mint("root")
        let child = try sandbox.derive(
            "child", from: [try sandbox.buy(try sandbox.offer(root, derivativeTerms(sandbox.asset, share: 10)))],
            as: "bob")
        let offer = try sandbox.offer(
            child,
            Self.terms(sandbox) {
                $0.commercial.revenueShare = percent(20)
                $0.commercial.revenueCeiling = Amount(30)
            }, price: 300, as: "bob")
        let license = try sandbox.buy(offer, as: "carol", use: StatedUse(isCommercial: true))
        func total() throws -> UInt64 { try Vaults.account(of: child, sandbox.asset, in: sandbox.state).total.units }
        func grant(_ price: UInt64) throws -> String? {
            try reason { try Self.grant(license, sandbox, from: "carol", to: "dave", price: price) }
        }
        #expect(try grant(299) == "price_below_fee")
        // What the license cost, and a fifth of the 100 beyond.
        var before = try (total(), sandbox.balance("carol"), sandbox.balance("dave"))
        #expect(try grant(400) == nil)
        #expect(
            try (total(), sandbox.balance("carol"), sandbox.balance("dave"))
                == (before.0 + 320, before.1 + 80, before.2 - 400))
        // The ceiling has 10 left of 30.
        before = try (total(), sandbox.balance("carol"), sandbox.balance("dave"))
        #expect(try grant(400) == nil)
        #expect(
            try (total(), sandbox.balance("carol"), sandbox.balance("dave"))
                == (before.0 + 310, before.1 + 90, before.2 - 400))
        #expect(try sandbox.license(license).shared == Amount(30))
        // The ancestor's share is of all that came in.
        let (due, _) = try Vaults.claimable(by: root, from: child, sandbox.asset, in: sandbox.state)
        #expect(due == Amount((300 + 320 + 310) / 10))
        // Two levels down the vault is paid the same.
        let below = try Self.grant(
            license, sandbox, from: "carol", to: "dave", use: StatedUse(isCommercial: true), price: 500)
        #expect(
            try reason { try Self.grant(below, sandbox, from: "dave", to: "hospital", price: 299) } == "price_below_fee"
        )
        // Non-commercial licensees earn nothing.
        let plain = try sandbox.buy(offer, as: "carol")
        #expect(
            try reason { try Self.grant(plain, sandbox, from: "carol", to: "dave", price: 301) }
                == "commercial_use_not_allowed")
        #expect(try reason { try Self.grant(plain, sandbox, from: "carol", to: "dave", price: 300) } == nil)
    }

    @Test func seatsOfASublicenseAreThoseOfTheLicense() throws {
        let sandbox = try Sandbox()
        let license = try Self.bought(sandbox) { $0.grant.seats = 3 }
        func assign(_ license: LicenseID, _ name: String, as actor: String) throws -> String? {
            try reason { try sandbox.execute(AssignSeat(license: license, account: testAddress(name)), as: actor) }
        }
        #expect(try reason { try Self.grant(license, sandbox, price: 0) } == "wider_than_license")
        #expect(try reason { try Self.grant(license, sandbox, seats: 4, price: 0) } == "seats_taken")
        // They were paid for with the license.
        let below = try Self.grant(license, sandbox, seats: 2, price: 0)
        #expect(try sandbox.license(license).seatsTaken == 2)
        #expect(try assign(license, "dave", as: "bob") == nil)
        #expect(try assign(license, "hospital", as: "bob") == "seats_taken")
        // Who holds a sublicense has its seats, and not one more of themselves.
        #expect(try sandbox.reasons(below, LicenseUse()) == [.withoutSeat])
        #expect(try assign(below, "carol", as: "carol") == nil && assign(below, "hospital", as: "carol") == nil)
        #expect(try assign(below, "dave", as: "carol") == "seats_taken")
        #expect(try sandbox.verdict(below, LicenseUse()).isValid)
        #expect(
            try reason { try Self.grant(below, sandbox, from: "carol", to: "dave", seats: 1, price: 0) }
                == "seats_taken")
        // They come back with its end.
        try sandbox.execute(SurrenderLicense(license: below), as: "carol")
        #expect(try sandbox.license(license).seatsTaken == 1 && sandbox.license(license).sublicenses == 0)
        let short = try Self.grant(
            license, sandbox, seats: 2, expiresAt: sandbox.time.adding(milliseconds: Self.day), price: 0)
        sandbox.advance(days: 2)
        #expect(try sandbox.drain() == ["license.expired"] && sandbox.verdict(short).state == .expired)
        #expect(try sandbox.license(license).seatsTaken == 1)
    }

    // MARK: What is above

    @Test func aSublicenseEndsWithTheLicenseAboveAtOnce() throws {
        for ending in ["revoked", "expired"] {
            let sandbox = try Sandbox()
            let license = try Self.bought(sandbox)
            let below = try Self.grant(license, sandbox)
            let deepest = try Self.grant(below, sandbox, from: "carol", to: "dave")
            let before = sandbox.time
            let untouched = try sandbox.license(deepest)
            if ending == "revoked" {
                sandbox.advance(days: 1)
                try sandbox.execute(
                    RevokeLicense(license: license, cause: .breachOfTerms, evidence: testHash("facts")))
                #expect(try sandbox.reasons(deepest) == [.endedAbove] && sandbox.verdict(deepest).state == .endedAbove)
                #expect(
                    try reason { try Self.grant(below, sandbox, from: "carol", to: "hospital") }
                        == "license_not_in_force")
            } else {
                sandbox.advance(days: 366)
                #expect(try sandbox.reasons(deepest) == [.expired, .endedAbove])
            }
            // Nothing was written for it, and the past is answered as it was.
            #expect(try sandbox.license(deepest) == untouched)
            #expect(try sandbox.verdict(deepest, at: before).isValid)
            // What was granted before its license was revoked is counted off as usual.
            sandbox.advance(days: 366)
            #expect(try sandbox.drain().allSatisfy { $0 == "license.expired" })
            #expect(try sandbox.license(license).sublicenses == 0 && sandbox.license(below).sublicenses == 0)
        }
    }

    /// A dispute suspends what is below, and an upheld one ends it.
    @Test func whatIsSublicensedIsNotDisputedAway() throws {
        let sandbox = try Sandbox()
        try sandbox.enroll(0..<5)
        let terms = Self.terms(sandbox) { $0.grant.durationMilliseconds = 365 * Self.day }
        let license = try sandbox.delivered(terms, window: 20 * Self.day, use: StatedUse(isCommercial: true))
        let inft = try sandbox.license(license).inft
        let request = sandbox.request("a", of: inft, act: .license, key: "carol", by: "carol", sender: "bob")
        let below = try Self.grant(license, sandbox, delivery: request)
        #expect(try reason { try sandbox.raise(license) } == "sublicenses_live")
        // Never delivered, it is over after a week, and the window is open still.
        sandbox.advance(days: 8)
        try sandbox.execute(RefundDelivery(delivery: DeliveryID(below.bytes)), as: "carol")
        #expect(try sandbox.license(license).sublicenses == 0)
        try sandbox.raise(license)
    }

    @Test func whatIsSublicensedIsNotTakenAwayAtWill() throws {
        let sandbox = try Sandbox()
        var terms = derivativeTerms(sandbox.asset, share: 10)
        terms.grant.isSublicensable = true
        terms.grant.isTransferable = true
        terms.grant.durationMilliseconds = 365 * Self.day
        terms.grant.isRenewable = true
        terms.grant.revocableFor = CodeList([.breachOfTerms])
        let offer = try sandbox.offer(try sandbox.mint("root"), terms)
        let license = try sandbox.buy(offer)
        let below = try Self.grant(license, sandbox, price: 0)
        #expect(try reason { try sandbox.execute(SurrenderLicense(license: license), as: "bob") } == "sublicenses_live")
        #expect(try reason { _ = try sandbox.derive("child", from: [license], as: "bob") } == "sublicenses_live")
        // A sublicense is no base of a derivative, and not renewed: the licensee above grants another.
        #expect(try reason { _ = try sandbox.derive("child", from: [below], as: "carol") } == "derivatives_not_allowed")
        #expect(
            try sandbox.reasons(below, LicenseUse(makesDerivative: true, attributes: true)) == [.derivativesNotLicensed]
        )
        #expect(
            try reason {
                try sandbox.execute(RenewLicense(license: below, offer: offer, maximumPrice: .zero), as: "carol")
            } == "not_renewable")
        // Renewed above, it ends when it was to end.
        let end = try sandbox.license(below).expiresAt
        try sandbox.execute(RenewLicense(license: license, offer: offer, maximumPrice: .zero), as: "bob")
        #expect(try sandbox.license(below).expiresAt == end)
        // Handed on above, it stays; the next licensee stands above it, and may revoke it for the terms' causes.
        try sandbox.execute(
            TransferLicense(license: license, to: sandbox.party("dave")), as: "bob", cosigners: ["dave"])
        #expect(try sandbox.verdict(below).isValid)
        func revoke(_ name: String) throws -> String? {
            try reason {
                try sandbox.execute(
                    RevokeLicense(license: below, cause: .breachOfTerms, evidence: testHash("facts")), as: name)
            }
        }
        #expect(try revoke("bob") == "not_licensor")
        #expect(try revoke("dave") == nil)
        #expect(try sandbox.license(license).sublicenses == 0)
        #expect(try reason { try sandbox.execute(SurrenderLicense(license: license), as: "dave") } == nil)
    }

    @Test func sublicensesStayWithinAnExclusiveLicense() throws {
        let sandbox = try Sandbox()
        let inft = try sandbox.mint("score")
        var terms = TermsPreset.exclusiveYear.terms(asset: sandbox.asset, fee: Amount(100))
        terms.grant.isSublicensable = true
        let exclusive = try sandbox.offer(inft, terms)
        let license = try sandbox.buy(exclusive)
        let below = try Self.grant(license, sandbox)
        #expect(try sandbox.verdict(below).isValid)
        // Neither is another sold while it lasts, nor is the work free before the license is over.
        #expect(try reason { try sandbox.buy(exclusive, as: "dave") } == "exclusively_licensed")
        try sandbox.execute(SurrenderLicense(license: below), as: "carol")
        #expect(try reason { try sandbox.buy(exclusive, as: "dave") } == "exclusively_licensed")
        try sandbox.execute(SurrenderLicense(license: license), as: "bob")
        #expect(try reason { try sandbox.buy(exclusive, as: "dave") } == nil)
    }

    @Test func nothingIsSublicensedOnTrial() throws {
        let sandbox = try Sandbox()
        let license = try Self.bought(sandbox) { $0.grant.trialMilliseconds = Self.day }
        #expect(try reason { try Self.grant(license, sandbox) } == "trial_running")
        sandbox.advance(days: 1)
        let below = try Self.grant(license, sandbox)
        // A sublicense has no trial of its own.
        #expect(try sandbox.license(below).trialUntil == nil)
    }

    // MARK: Sealed content

    static func sealed(_ sandbox: Sandbox, window: UInt64 = Sandbox.hour) throws -> (
        inft: INFTID, license: LicenseID
    ) {
        let (inft, _, license, delivery) = try sandbox.sold(
            terms(sandbox, fee: 500) { $0.commercial.revenueShare = percent(50) }, window: window,
            use: StatedUse(isCommercial: true))
        let made = try sandbox.deliver(delivery, with: "alice")
        try sandbox.begin(delivery, made, key: "alice")
        try sandbox.complete(delivery, made)
        sandbox.advance(days: 1)
        _ = try sandbox.drain()
        return (inft, license)
    }

    static func ask(
        _ sandbox: Sandbox, _ inft: INFTID, _ license: LicenseID, key: String = "carol", price: UInt64 = 700
    ) throws -> LicenseID {
        try grant(
            license, sandbox, price: price,
            delivery: sandbox.request("a", of: inft, key: key, by: "carol", sender: "bob"))
    }

    @Test func theLicenseeDeliversASublicenseOfSealedContent() throws {
        let sandbox = try Sandbox()
        let (inft, license) = try Self.sealed(sandbox)
        #expect(try reason { try Self.grant(license, sandbox, price: 700) } == "delivery_needed")
        let before = try (sandbox.balance("bob"), sandbox.balance("carol"))
        let below = try Self.ask(sandbox, inft, license)
        let delivery = DeliveryID(below.bytes)
        #expect(try sandbox.verdict(below).state == .pending)
        #expect(try sandbox.totals().escrows == Amount(700) && sandbox.balance("carol") == before.1 - 700)
        let made = try sandbox.deliver(
            delivery, from: sandbox.delivered(DeliveryID(license.bytes)), with: "bob", by: "bob")
        // The owner of the INFT has no part in it.
        #expect(try reason { try sandbox.begin(delivery, made, key: "bob", as: "alice") } == "not_authorized")
        try sandbox.begin(delivery, made, key: "bob", as: "bob")
        try sandbox.complete(delivery, made, as: "dave")
        #expect(try sandbox.verdict(below).state == .active && opens(sandbox.delivered(delivery), "carol", to: "a"))
        #expect(try sandbox.totals().held == Amount(700))
        sandbox.advance(days: 1)
        #expect(try sandbox.drain() == ["revenue.paid", "revenue.released", "license.distributed"])
        // 500 as the license cost, and half of the 200 beyond.
        #expect(try Vaults.account(of: inft, sandbox.asset, in: sandbox.state).total == Amount(500 + 600))
        #expect(try sandbox.balance("bob") == before.0 + 100 && sandbox.totals().held == .zero)
    }

    @Test func aSublicenseThatIsNotDeliveredIsRefunded() throws {
        let sandbox = try Sandbox()
        let (inft, license) = try Self.sealed(sandbox)
        let before = try sandbox.balance("carol")
        let sold = try LicenseLedger.offer(sandbox.license(license).offer, in: sandbox.state)?.sold
        let below = try Self.ask(sandbox, inft, license)
        #expect(try sandbox.license(license).shared == Amount(100))
        // Over above: it can't be begun any more, and its buyer need not wait.
        try sandbox.execute(RevokeLicense(license: license, cause: .breachOfTerms, evidence: testHash("facts")))
        let delivery = DeliveryID(below.bytes)
        let made = try sandbox.deliver(
            delivery, from: sandbox.delivered(DeliveryID(license.bytes)), with: "bob", by: "bob")
        #expect(try reason { try sandbox.begin(delivery, made, key: "bob", as: "bob") } == "license_not_in_force")
        try sandbox.execute(RefundDelivery(delivery: delivery), as: "carol")
        #expect(try sandbox.balance("carol") == before && sandbox.totals().escrows == .zero)
        #expect(try sandbox.verdict(below).state == .refunded)
        let record = try sandbox.license(license)
        #expect(record.shared == .zero && record.sublicenses == 0)
        #expect(try LicenseLedger.offer(record.offer, in: sandbox.state)?.sold == sold)
    }

    @Test func aSublicenseeGetsNewerVersionsFromTheLicenseeAbove() throws {
        let sandbox = try Sandbox()
        let (inft, license) = try Self.sealed(sandbox)
        let below = try Self.ask(sandbox, inft, license)
        let delivery = DeliveryID(below.bytes)
        try sandbox.revise(inft, "b", key: "second")
        func newest(_ license: LicenseID, as name: String) throws -> DeliveryID {
            try sandbox.execute(
                RequestVersion(
                    license: license,
                    delivery: sandbox.request(
                        "b", of: inft, version: 2, act: .licenseRevision, key: "\(name) 2", by: name)), as: name
            ).madeIdentifier()
        }
        let own = try newest(license, as: "bob")
        let made = try sandbox.deliver(own, with: "second")
        try sandbox.begin(own, made, key: "second")
        try sandbox.complete(own, made)
        // Bob holds version 2 now; what was asked of version 1 is never delivered as something else.
        let stale = try sandbox.deliver(
            delivery, from: sandbox.delivered(DeliveryID(license.bytes)), with: "bob", by: "bob")
        #expect(try reason { try sandbox.begin(delivery, stale, key: "bob", as: "bob") } == "version_not_covered")
        try sandbox.execute(RefundDelivery(delivery: delivery), as: "carol")
        // Anew, of version 2.
        let again = try Self.grant(
            license, sandbox, price: 500,
            delivery: sandbox.request("b", of: inft, version: 2, key: "carol 2", by: "carol", sender: "bob"))
        let next = DeliveryID(again.bytes)
        let good = try sandbox.deliver(next, from: sandbox.delivered(own), with: "bob 2", by: "bob")
        try sandbox.begin(next, good, key: "bob 2", as: "bob")
        try sandbox.complete(next, good)
        #expect(try opens(sandbox.delivered(next), "carol 2", to: "b"))
        #expect(try reason { _ = try newest(again, as: "carol") } == "version_held")
    }
}
