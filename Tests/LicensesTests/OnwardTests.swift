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

/// Deliveries without money, deliveries under consent, and what a change of owner means for them.
struct OnwardTests {
    /// An active license of bob.
    static func active(
        _ sandbox: Sandbox, _ change: (inout Terms) -> Void = { _ in }
    ) throws -> (inft: INFTID, license: LicenseID) {
        var terms = TermsPreset.commercial.terms(asset: sandbox.asset, fee: Amount(500))
        change(&terms)
        let (inft, _, license, delivery) = try sandbox.sold(terms)
        let made = try sandbox.deliver(delivery, with: "alice")
        try sandbox.begin(delivery, made, key: "alice")
        try sandbox.complete(delivery, made)
        return (inft, license)
    }

    static func handOn(_ sandbox: Sandbox, _ license: LicenseID, _ inft: INFTID) throws -> DeliveryID {
        let request = sandbox.request(
            "a", of: inft, act: .licenseTransfer, key: "carol", by: "carol", sender: "bob")
        return try sandbox.execute(
            TransferLicense(license: license, to: sandbox.party("carol"), delivery: request), as: "bob",
            cosigners: ["carol"]
        ).madeIdentifier()
    }

    @Test("A license of sealed content changes hands with the licensee's own delivery")
    func transfer() throws {
        let sandbox = try Sandbox()
        let (inft, license) = try Self.active(sandbox) { $0.grant.isTransferable = true }
        #expect(
            try reason {
                try sandbox.execute(
                    TransferLicense(license: license, to: sandbox.party("carol")), as: "bob", cosigners: ["carol"])
            } == "delivery_needed")
        let delivery = try Self.handOn(sandbox, license, inft)
        #expect(try sandbox.license(license).licensee == sandbox.party("bob"))
        #expect(try reason { _ = try Self.handOn(sandbox, license, inft) } == "delivery_under_way")
        let held = try sandbox.delivered(DeliveryID(license.bytes))
        let made = try sandbox.deliver(delivery, from: held, with: "bob", by: "bob")
        // The owner of the INFT has no part in it.
        #expect(try reason { try sandbox.begin(delivery, made, key: "bob", as: "alice") } == "not_authorized")
        try sandbox.begin(delivery, made, key: "bob", as: "bob")
        // Given up meanwhile, what was begun is completed all the same.
        try sandbox.execute(SurrenderLicense(license: license), as: "bob")
        try sandbox.complete(delivery, made, as: "dave")
        let record = try sandbox.license(license)
        #expect(record.licensee == sandbox.party("carol") && record.delivery == delivery)
        #expect(record.ownState(at: sandbox.time) == .surrendered)
        #expect(try opens(sandbox.delivered(delivery), "carol", to: "a"))
    }

    @Test("A license that is not handed on in time stays; either side may end that before it is begun")
    func transferEnds() throws {
        let sandbox = try Sandbox()
        let (inft, license) = try Self.active(sandbox) { $0.grant.isTransferable = true }
        let delivery = try Self.handOn(sandbox, license, inft)
        #expect(try reason { try sandbox.execute(RefundDelivery(delivery: delivery), as: "dave") } == "refund_not_due")
        try sandbox.execute(RefundDelivery(delivery: delivery), as: "bob")
        #expect(try sandbox.delivery(delivery).ending?.outcome == .canceled)
        #expect(try sandbox.license(license).openDelivery == nil)
        #expect(try sandbox.verdict(license).isValid && sandbox.license(license).licensee == sandbox.party("bob"))
        #expect(try sandbox.totals().escrows == .zero)
    }

    @Test("A licensee whose terms cover revisions gets the key of the newest version; others don't")
    func revisions() throws {
        let sandbox = try Sandbox()
        let (inft, license) = try Self.active(sandbox) { $0.grant.coversRevisions = true }
        func ask(_ content: String, _ version: UInt64) throws -> RequestVersion {
            RequestVersion(
                license: license,
                delivery: sandbox.request(
                    content, of: inft, version: version, act: .licenseRevision, key: "bob \(version)", by: "bob"))
        }
        #expect(try reason { try sandbox.execute(ask("a", 1), as: "bob") } == "version_held")
        try sandbox.revise(inft, "b", key: "second")
        let delivery: DeliveryID = try sandbox.execute(ask("b", 2), as: "bob").madeIdentifier()
        let made = try sandbox.deliver(delivery, with: "second")
        try sandbox.begin(delivery, made, key: "second")
        try sandbox.complete(delivery, made)
        #expect(try opens(sandbox.delivered(delivery), "bob 2", to: "b"))
        #expect(try sandbox.license(license).delivery == delivery)
        #expect(try !sandbox.reasons(license, LicenseUse(version: 2)).contains(.versionNotLicensed))

        let other = try Sandbox()
        let bought = try Self.active(other) { $0.grant.coversRevisions = false }
        try other.revise(bought.inft, "b", key: "second")
        let request = RequestVersion(
            license: bought.license,
            delivery: other.request(
                "b", of: bought.inft, version: 2, act: .licenseRevision, key: "bob 2", by: "bob"))
        #expect(try reason { try other.execute(request, as: "bob") } == "version_not_covered")
    }

    // MARK: Consent

    static let use = StatedUse(purposes: [.research])
    static var terms: Terms { TermsPreset.researchOnly.terms }

    @Test("A withdrawal before begin stops the delivery and refunds it; after begin it does not undo it")
    func withdrawal() throws {
        for isBegun in [false, true] {
            let sandbox = try Sandbox()
            let (set, consent) = try sandbox.consentSet([.access])
            let (_, _, license, delivery) = try sandbox.sold(Self.terms, consentSet: set, use: Self.use)
            let made = try sandbox.deliver(delivery, with: "alice")
            if isBegun {
                #expect(
                    try sandbox.begin(delivery, made, key: "alice")
                        == ["consent.disclosed", "license.deliveryBegun"])
            }
            try sandbox.execute(ConsentWithdraw(consents: [consent]), as: "patient")
            if isBegun {
                try sandbox.complete(delivery, made)
                #expect(try sandbox.verdict(license).state == .suspended)
            } else {
                #expect(try reason { try sandbox.begin(delivery, made, key: "alice") } == "consent_does_not_permit")
                try sandbox.execute(RefundDelivery(delivery: delivery), as: "bob")
                #expect(try sandbox.delivery(delivery).ending?.outcome == .impossible)
            }
        }
    }

    @Test("A consent that lets no arbiter see the data leaves nothing to hold, and the quote says so")
    func disputability() throws {
        let sandbox = try Sandbox()
        let (set, _) = try sandbox.consentSet([.access])
        var terms = Self.terms
        terms.payment.asset = sandbox.asset
        terms.payment.fee = .zero
        let arbiters = try Sandbox.setForArbiters(in: sandbox)
        for (consents, isDisputable) in [(set, false), (arbiters, true)] {
            let inft = try sandbox.mintSealed(
                "content \(isDisputable)", key: "key \(isDisputable)", consentSet: consents)
            let offer = try sandbox.offer(inft, terms, price: 500)
            let query = try #require(LicensesDomain.queries.first { $0.name == "license_quote" })
            let parameters = try decode(QuoteParameters.self, #"{"offer":"\#(offer)"}"#)
            guard
                case .value(let quote as LicenseQuote) = try query.evaluate(
                    parameters, PageRequest(after: nil, limit: 1), sandbox.queries)
            else { throw StateFailure("no quote") }
            #expect(quote.isDisputable == isDisputable)
            let held = isDisputable ? OfferDelivery.usual.disputeWindowMilliseconds : 0
            let quoted = try #require(quote.delivery)
            #expect(quoted.heldMilliseconds == held && quoted.root == testHash("root content \(isDisputable)"))
            let purchase = try sandbox.purchase(
                offer, "content \(isDisputable)", of: inft, key: "bob \(isDisputable)", use: Self.use)
            let license: LicenseID = try sandbox.execute(purchase, as: "bob").madeIdentifier()
            #expect(try sandbox.delivery(of: license).payment?.windowMilliseconds == held)
        }
    }

    // MARK: Another owner

    @Test("Who owns the INFT by then delivers what was bought before, if they hold that version's key")
    func newOwner() throws {
        let sandbox = try Sandbox()
        let (inft, _, license, delivery) = try sandbox.sold()
        try sandbox.handOver(inft, key: "alice", to: "dave")
        let made = try sandbox.deliver(delivery, with: "dave", by: "dave")
        #expect(try reason { try sandbox.begin(delivery, made, key: "dave", as: "alice") } == "not_authorized")
        try sandbox.begin(delivery, made, key: "dave", as: "dave")
        try sandbox.complete(delivery, made)
        #expect(try sandbox.verdict(license).isValid)
        #expect(try sandbox.delivery(delivery).from == sandbox.party("dave"))
    }

    @Test("A version whose key did not go with the INFT can't be delivered any more; the buyer is refunded")
    func olderVersion() throws {
        let sandbox = try Sandbox()
        let (inft, offer, _, delivery) = try sandbox.sold()
        try sandbox.revise(inft, "b", key: "second")
        try sandbox.handOver(inft, "b", version: 2, key: "second", to: "dave")
        let made = try sandbox.deliver(delivery, with: "alice")
        for name in ["alice", "dave"] {
            #expect(try reason { try sandbox.begin(delivery, made, key: "alice", as: name) } == "content_not_held")
        }
        try sandbox.execute(RefundDelivery(delivery: delivery), as: "bob")
        #expect(try sandbox.balance("bob") == 1_000_000)
        // Offers of the former owner are closed, also once the INFT comes back.
        #expect(
            try reason {
                try sandbox.execute(sandbox.purchase(offer, "b", of: inft, version: 2, key: "x"), as: "bob")
            } == "offer_closed")
    }

    @Test("Clones share exclusivity and the licenses they rest on")
    func clones() throws {
        let sandbox = try Sandbox()
        var terms = TermsPreset.commercial.terms(asset: sandbox.asset, fee: Amount(500))
        terms.grant.isExclusive = true
        let original = try sandbox.mint("a")
        let clone: INFTID = try sandbox.execute(INFTs.Clone(inft: original, seal: nil)).madeIdentifier()
        let offer = try sandbox.offer(original, terms)
        let other = try sandbox.offer(clone, TermsPreset.openScience.terms)
        let license = try sandbox.buy(offer)
        #expect(try reason { try sandbox.buy(other, as: "carol") } == "exclusively_licensed")
        try sandbox.execute(SurrenderLicense(license: license), as: "bob")
        try sandbox.buy(other, as: "carol")
        #expect(try reason { try sandbox.buy(offer, as: "dave") } == "other_licenses_live")

        // A clone of a derivative is sold only as the derivative may be.
        let parent = try sandbox.mint("parent")
        var limited = derivativeTerms(sandbox.asset, share: 10)
        limited.grant.durationMilliseconds = 2 * Sandbox.hour
        let bought = try sandbox.buy(sandbox.offer(parent, limited, price: 10), as: "bob")
        let child = try sandbox.derive("child", from: [bought], as: "bob")
        let copy: INFTID = try sandbox.execute(INFTs.Clone(inft: child, seal: nil), as: "bob").madeIdentifier()
        let link = try #require(try LicenseLedger.link(of: copy, in: sandbox.state))
        #expect(link.parents == [parent] && link.expiresAt != nil && link.derivative == copy)
        #expect(try Vaults.royalties(of: copy, in: sandbox.state).map(\.ancestor) == [parent])
        sandbox.advance(milliseconds: 3 * Sandbox.hour)
        #expect(
            try reason { _ = try sandbox.offer(copy, derivativeTerms(sandbox.asset, share: 10), as: "bob") }
                == "derivative_expired")
    }
}

extension Sandbox {
    /// A set that lets whoever holds an arbiter's credential see the data for a dispute.
    static func setForArbiters(in sandbox: Sandbox) throws -> ConsentSetID {
        let policy = ConsentPolicy(
            provisions: [
                Provision(.permit, actions: [.deposit]),
                Provision(.permit, actions: [.access], purposes: [.research]),
                Provision(
                    .permit, actors: [.holder(.arbiter, jurisdiction: nil)], actions: [.access], purposes: [.legal]),
            ])
        return try sandbox.execute(
            ConsentGrant(
                scope: .individual, subject: sandbox.party("patient"), custodian: sandbox.party("hospital"),
                policy: policy),
            ConsentCountersign(consent: .operation(0)),
            ConsentSetCreate(custodian: sandbox.party("hospital"), members: [.operation(0)]), as: "patient",
            cosigners: ["hospital"]
        ).madeIdentifier()
    }

    /// From alice, who opens the newest version with `key`; the next owner's key has their name.
    func handOver(_ inft: INFTID, _ content: String = "a", version: UInt64 = 1, key: String, to name: String) throws {
        let transfer: DeliveryID = try execute(
            TransferOffer(inft: inft, to: party(name), expiresAt: time.adding(milliseconds: 86_400_000))
        ).madeIdentifier()
        let request = request(content, of: inft, version: version, act: .transfer, key: name, by: name)
        try execute(TransferAccept(transfer: transfer, delivery: request), as: name)
        let made = try deliver(transfer, with: key)
        try execute(
            TransferBegin(transfer: transfer, sealingKey: sealingSecret(key).key, commitment: made.commitment))
        try execute(TransferComplete(transfer: transfer, sealedKey: made.sealedKey, proof: made.proof), as: name)
    }
}
