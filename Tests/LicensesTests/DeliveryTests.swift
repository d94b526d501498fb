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

/// The sale of sealed content: bought, begun, completed, held, distributed.
struct DeliveryTests {
    @Test("Bought, begun, completed, held, distributed: the money is where the delivery is")
    func story() throws {
        let sandbox = try Sandbox()
        let (inft, offer, license, delivery) = try sandbox.sold()
        #expect(try sandbox.balance("bob") == 999_500)
        #expect(try sandbox.totals().escrows == Amount(500))
        #expect(try sandbox.license(license).ownState(at: sandbox.time) == .pending)
        #expect(try sandbox.reasons(license) == [.pending])
        #expect(try LicenseLedger.requireOffer(offer, field: "", in: sandbox.state).sold == 1)

        let made = try sandbox.deliver(delivery, with: "alice")
        #expect(try reason { try sandbox.complete(delivery, made) } == "delivery_not_begun")
        #expect(try sandbox.begin(delivery, made, key: "alice") == ["license.deliveryBegun"])
        #expect(try sandbox.license(license).ownState(at: sandbox.time) == .pending)
        #expect(try reason { try sandbox.begin(delivery, made, key: "alice") } == "delivery_begun")
        // Anyone may publish what was committed to.
        let names = try sandbox.complete(delivery, made, as: "carol")
        #expect(names == ["license.deliveryCompleted", "license.sold"])
        let record = try sandbox.license(license)
        #expect(record.activeFrom == sandbox.time && record.ownState(at: sandbox.time) == .active)
        #expect(record.delivery == delivery && record.openDelivery == nil)
        #expect(try sandbox.verdict(license).isValid)
        #expect(try opens(sandbox.delivered(delivery), "bob", to: "a"))
        #expect(try sandbox.totals().held == Amount(500) && sandbox.totals().escrows == .zero)
        #expect(try Vaults.account(of: inft, sandbox.asset, in: sandbox.state).total == .zero)
        #expect(try reason { try sandbox.complete(delivery, made) } == "delivery_ended")

        sandbox.advance(milliseconds: Sandbox.hour - 120_000)
        #expect(try sandbox.drain() == [])
        sandbox.advance(milliseconds: 240_000)
        #expect(try sandbox.drain() == ["revenue.paid", "license.distributed"])
        #expect(try Vaults.account(of: inft, sandbox.asset, in: sandbox.state).total == Amount(500))
        #expect(try sandbox.totals().held == .zero && sandbox.totals().vaults == Amount(500))
        #expect(try sandbox.delivery(delivery).payment?.settledAt == sandbox.time)
        #expect(try sandbox.drain() == [])
    }

    @Test("The duration of a license counts from its activation")
    func duration() throws {
        let sandbox = try Sandbox()
        var terms = TermsPreset.commercial.terms(asset: sandbox.asset, fee: Amount(500))
        terms.grant.durationMilliseconds = 10 * Sandbox.hour
        let (_, _, license, delivery) = try sandbox.sold(terms)
        #expect(try sandbox.license(license).expiresAt == nil)
        sandbox.advance(milliseconds: 30 * 60_000)
        let made = try sandbox.deliver(delivery, with: "alice")
        try sandbox.begin(delivery, made, key: "alice")
        try sandbox.complete(delivery, made)
        #expect(
            try sandbox.license(license).expiresAt == sandbox.time.adding(milliseconds: 10 * Sandbox.hour))
    }

    @Test("Without a dispute window, and without a price, nothing is held")
    func immediate() throws {
        let sandbox = try Sandbox()
        let (inft, _, _, delivery) = try sandbox.sold(window: 0)
        let made = try sandbox.deliver(delivery, with: "alice")
        try sandbox.begin(delivery, made, key: "alice")
        #expect(
            try sandbox.complete(delivery, made)
                == ["license.deliveryCompleted", "license.sold", "revenue.paid", "license.distributed"])
        #expect(try Vaults.account(of: inft, sandbox.asset, in: sandbox.state).total == Amount(500))

        let free = try Sandbox()
        let gift = try free.sold(TermsPreset.openScience.terms)
        #expect(try free.delivery(gift.delivery).payment == nil)
        let given = try free.deliver(gift.delivery, with: "alice")
        try free.begin(gift.delivery, given, key: "alice")
        try free.complete(gift.delivery, given)
        #expect(try free.verdict(gift.license).state == .active)
    }

    @Test("Not begun by T: refunded by due work or by anyone, and the offer has one more to sell")
    func notBegun() throws {
        for isDue in [true, false] {
            let sandbox = try Sandbox()
            let (_, offer, license, delivery) = try sandbox.sold(supply: 1)
            let made = try sandbox.deliver(delivery, with: "alice")
            #expect(try reason { try sandbox.purchaseAgain(offer) } == "sold_out")
            #expect(
                try reason { try sandbox.execute(RefundDelivery(delivery: delivery), as: "carol") } == "refund_not_due")
            #expect(
                try reason { try sandbox.execute(RefundDelivery(delivery: delivery), as: "bob") } == "refund_not_due")
            sandbox.advance(milliseconds: Sandbox.hour)
            // The deadline counts by block time alone, whether or not due work came by.
            #expect(try reason { try sandbox.begin(delivery, made, key: "alice") } == "delivery_late")
            if isDue {
                sandbox.advance(milliseconds: 120_000)
                #expect(try sandbox.drain().contains("license.refunded"))
            } else {
                try sandbox.execute(RefundDelivery(delivery: delivery), as: "carol")
            }
            #expect(try sandbox.balance("bob") == 1_000_000 && sandbox.totals().escrows == .zero)
            #expect(try sandbox.license(license).ownState(at: sandbox.time) == .refunded)
            #expect(try sandbox.reasons(license) == [.refunded])
            #expect(try sandbox.delivery(delivery).ending?.outcome == .notBegun)
            let left = try LicenseLedger.requireOffer(offer, field: "", in: sandbox.state)
            #expect(left.sold == 0 && left.closing == nil)
            #expect(
                try reason { try sandbox.execute(RefundDelivery(delivery: delivery), as: "bob") } == "delivery_ended")
            #expect(try reason { try sandbox.begin(delivery, made, key: "alice") } == "delivery_ended")
            try sandbox.purchaseAgain(offer)
        }
    }

    @Test("Begun and not completed by E, which is an hour and a hundred blocks: refunded")
    func notCompleted() throws {
        let sandbox = try Sandbox()
        let (_, _, license, delivery) = try sandbox.sold()
        let made = try sandbox.deliver(delivery, with: "alice")
        try sandbox.begin(delivery, made, key: "alice")
        #expect(try reason { try sandbox.execute(RefundDelivery(delivery: delivery), as: "bob") } == "refund_not_due")
        sandbox.advance(milliseconds: 3 * Sandbox.hour)
        #expect(try sandbox.drain() == [])
        #expect(try reason { try sandbox.execute(RefundDelivery(delivery: delivery), as: "bob") } == "refund_not_due")
        sandbox.advance(blocks: 100)
        sandbox.advance(milliseconds: 120_000)
        #expect(try sandbox.drain().contains("license.refunded"))
        #expect(try sandbox.license(license).ending == .refunded(at: sandbox.time))
        #expect(try reason { try sandbox.complete(delivery, made) } == "delivery_ended")
        #expect(try sandbox.balance("bob") == 1_000_000)
        #expect(try sandbox.delivery(delivery).ending?.outcome == .notCompleted)
    }

    @Test("A completion as late as E is refused though no due work came by")
    func late() throws {
        let sandbox = try Sandbox()
        let (_, _, _, delivery) = try sandbox.sold()
        let made = try sandbox.deliver(delivery, with: "alice")
        try sandbox.begin(delivery, made, key: "alice")
        sandbox.advance(milliseconds: Sandbox.hour)
        sandbox.advance(blocks: 100)
        #expect(try reason { try sandbox.complete(delivery, made) } == "delivery_late")
        try sandbox.execute(RefundDelivery(delivery: delivery), as: "carol")
        #expect(try sandbox.balance("bob") == 1_000_000)
    }

    @Test("After begin nothing undoes the delivery: reseal, revision, dispute, recall, retirement, the owner's change")
    func binding() throws {
        let changes: [(Sandbox, INFTID) throws -> Void] = [
            { sandbox, inft in try sandbox.revise(inft, "b", key: "second") },
            { sandbox, inft in try sandbox.execute(Freeze(inft: inft)) },
            { sandbox, inft in try sandbox.execute(Retire(inft: inft)) },
            { sandbox, inft in
                try sandbox.transaction(as: "carol") { (context) throws in
                    try Tags.put(.recalledByOwner, for: testHash("recall"), on: inft, in: context)
                }
            },
            { sandbox, inft in try sandbox.reseal(inft, from: "alice", to: "rescue") },
        ]
        for change in changes {
            let sandbox = try Sandbox()
            let (inft, _, license, delivery) = try sandbox.sold()
            let made = try sandbox.deliver(delivery, with: "alice")
            try sandbox.begin(delivery, made, key: "alice")
            try change(sandbox, inft)
            try sandbox.complete(delivery, made, as: "carol")
            #expect(try sandbox.license(license).activeFrom == sandbox.time)
            #expect(try opens(sandbox.delivered(delivery), "bob", to: "a"))
        }
    }

    @Test("Before begin they do: the delivery can't be begun, and the buyer need not wait")
    func impossible() throws {
        let sandbox = try Sandbox()
        let (inft, _, _, delivery) = try sandbox.sold()
        let made = try sandbox.deliver(delivery, with: "alice")
        try sandbox.execute(Retire(inft: inft))
        #expect(try reason { try sandbox.begin(delivery, made, key: "alice") } == "inft_not_active")
        #expect(try reason { try sandbox.execute(RefundDelivery(delivery: delivery), as: "carol") } == "refund_not_due")
        try sandbox.execute(RefundDelivery(delivery: delivery), as: "bob")
        #expect(try sandbox.balance("bob") == 1_000_000)
        #expect(try sandbox.delivery(delivery).ending?.outcome == .impossible)
    }

    @Test("A revision after the purchase: the version that was bought is delivered")
    func revised() throws {
        let sandbox = try Sandbox()
        let (inft, _, license, delivery) = try sandbox.sold()
        try sandbox.revise(inft, "b", key: "second")
        let made = try sandbox.deliver(delivery, with: "alice")
        try sandbox.begin(delivery, made, key: "alice")
        try sandbox.complete(delivery, made)
        #expect(try sandbox.license(license).version == 1 && sandbox.delivery(delivery).version == 1)
        #expect(try opens(sandbox.delivered(delivery), "bob", to: "a"))
    }

    @Test("A reseal between making a delivery and beginning it is noticed at begin, not after the hour")
    func resealedSince() throws {
        let sandbox = try Sandbox()
        let (inft, _, _, delivery) = try sandbox.sold()
        let made = try sandbox.deliver(delivery, with: "alice")
        try sandbox.reseal(inft, from: "alice", to: "rescue")
        #expect(try reason { try sandbox.begin(delivery, made, key: "alice") } == "resealed_since")
        let again = try sandbox.deliver(delivery, with: "rescue")
        try sandbox.begin(delivery, again, key: "rescue")
        try sandbox.complete(delivery, again)
    }

    @Test(
        "Only the owner begins, only what was committed to completes, and a proof for others or of another key does not"
    )
    func dishonest() throws {
        let sandbox = try Sandbox()
        let (_, _, _, delivery) = try sandbox.sold()
        let made = try sandbox.deliver(delivery, with: "alice")
        #expect(try reason { try sandbox.begin(delivery, made, key: "alice", as: "bob") } == "not_authorized")
        // Alice commits to a proof from a key that she made up: the content key would be another.
        let (fake, _) = try SealedKeys.seal(
            contentPoint("noise"), to: sealingSecret("alice").key, randomness: testHash("fake").bytes)
        let wrong = try sandbox.deliver(delivery, from: fake, with: "alice", by: "alice")
        try sandbox.begin(delivery, wrong, key: "alice")
        #expect(try reason { try sandbox.complete(delivery, made) } == "commitment_differs")
        #expect(try reason { try sandbox.complete(delivery, wrong) } == "proof_invalid")
        #expect(try sandbox.delivery(delivery).state == .begun)
    }

    @Test("A purchase of sealed content carries what it needs, of open content nothing; a sealing key serves once")
    func purchases() throws {
        let sandbox = try Sandbox()
        let (inft, offer, _, _) = try sandbox.sold()
        func refused(_ request: DeliveryRequest?) throws -> String? {
            try reason {
                try sandbox.execute(
                    PurchaseLicense(
                        offer: .id(offer), maximumPrice: Amount(500), maximumRevenueShare: .whole, use: StatedUse(),
                        delivery: request), as: "carol")
            }
        }
        #expect(try refused(nil) == "delivery_needed")
        #expect(try refused(sandbox.request("b", of: inft, key: "carol", by: "carol")) == "fetched_root_differs")
        #expect(try refused(sandbox.request("a", of: inft, key: "bob", by: "carol")) == "sealing_key_used")
        #expect(try refused(sandbox.request("a", of: inft, key: "alice", by: "carol")) == "sealing_key_used")
        #expect(try refused(sandbox.request("a", of: inft, key: "carol", by: "dave")) == "proof_invalid")
        #expect(
            try refused(sandbox.request("a", of: inft, act: .transfer, key: "carol", by: "carol")) == "proof_invalid")
        #expect(try sandbox.balance("carol") == 1_000_000)
        // The owner revised between fetching and buying.
        let old = sandbox.request("a", of: inft, key: "carol", by: "carol")
        try sandbox.revise(inft, "b", key: "second")
        #expect(try refused(old) == "fetched_root_differs")

        let open = try sandbox.mint("open")
        let other = try sandbox.offer(open, TermsPreset.openScience.terms)
        #expect(
            try reason {
                try sandbox.execute(sandbox.purchase(other, "open", of: open, key: "carol", by: "carol"), as: "carol")
            } == "delivery_unneeded")
    }

    @Test("An offer on sealed content says how it is delivered, within bounds; on open content it can't")
    func offers() throws {
        let sandbox = try Sandbox()
        let inft = try sandbox.mintSealed("a", key: "alice")
        let terms = TermsPreset.openScience.terms
        let usual = try sandbox.offer(inft, terms)
        #expect(try LicenseLedger.requireOffer(usual, field: "", in: sandbox.state).delivery == .usual)
        let month: UInt64 = 30 * 86_400_000
        for (begin, window, field) in [
            (59_999, 0, "delivery.beginWithinMilliseconds"), (month + 1, 0, "delivery.beginWithinMilliseconds"),
            (60_000, month + 1, "delivery.disputeWindowMilliseconds"),
        ] as [(UInt64, UInt64, String)] {
            let found = try rejection {
                _ = try sandbox.offer(
                    inft, terms,
                    delivery: OfferDelivery(beginWithinMilliseconds: begin, disputeWindowMilliseconds: window))
            }
            #expect(found?.reason == "invalid_delivery" && found?.field == field)
        }
        let open = try sandbox.mint("open")
        #expect(try reason { _ = try sandbox.offer(open, terms, delivery: .usual) } == "invalid_delivery")
        // An offer from before the content was sealed says nothing of delivery.
        let before = try sandbox.offer(open, terms)
        try sandbox.revise(open, "now sealed", key: "later")
        #expect(
            try reason {
                try sandbox.execute(
                    sandbox.purchase(before, "now sealed", of: open, version: 2, key: "bob"), as: "bob")
            } == "offer_closed")
    }

    @Test("A pending purchase counts for exclusivity, and can't be used, handed on, given up, revoked or linked")
    func pending() throws {
        let sandbox = try Sandbox()
        var terms = TermsPreset.commercial.terms(asset: sandbox.asset, fee: Amount(500))
        terms.grant.isExclusive = true
        terms.grant.isTransferable = true
        let (_, offer, license, delivery) = try sandbox.sold(terms)
        #expect(try reason { try sandbox.purchaseAgain(offer) } == "exclusively_licensed")
        #expect(
            try reason { try sandbox.execute(SurrenderLicense(license: license), as: "bob") } == "license_not_in_force")
        #expect(
            try reason {
                try sandbox.execute(
                    TransferLicense(license: license, to: sandbox.party("carol")), as: "bob", cosigners: ["carol"])
            } == "license_not_in_force")
        sandbox.advance(milliseconds: 2 * Sandbox.hour)
        try sandbox.execute(RefundDelivery(delivery: delivery), as: "bob")
        try sandbox.purchaseAgain(offer)
    }
}

extension Sandbox {
    /// By carol, of the content "a".
    func purchaseAgain(_ offer: OfferID) throws {
        let inft = try LicenseLedger.requireOffer(offer, field: "", in: state).inft
        try execute(purchase(offer, "a", of: inft, key: "carol", by: "carol"), as: "carol")
    }

    func reseal(_ inft: INFTID, version: UInt64 = 1, from key: String, to newKey: String) throws {
        let secret = sealingSecret(newKey)
        let alice = party("alice")
        let statement = statement(.reseal, inft.bytes, version: version, sender: "alice", from: alice, to: alice)
        guard let custody = try INFTRegistry.version(version, of: inft, in: state)?.custody else {
            throw StateFailure("the version is open")
        }
        let made = try SealedKeys.deliver(
            custody.sealedKey, from: sealingSecret(key), to: secret.key, statement: statement,
            randomness: testHash("reseal \(newKey)").bytes)
        let seal = Resealing(
            sealingKey: secret.key, sealedKey: made.sealedKey,
            possession: SealedKeys.provePossession(
                secret, statement: statement, randomness: testHash("possession \(newKey)").bytes), proof: made.proof)
        try execute(Reseal(inft: inft, version: version, seal: seal))
    }
}
