import Consents
import Cryptography
import Encoding
import INFTs
import Licenses
import Primitives
import Revenue
import StateModel
import TestSupport
import Testing

/// Disputes that come to a verdict, and what each act asks.
struct DisputeTests {
    @Test(
        "Bad content: raised, answered, drawn, shown, voted, not appealed: the price goes back, the license is annulled"
    )
    func upheld() throws {
        let sandbox = try Sandbox()
        try sandbox.enroll(0..<9)
        let license = try sandbox.delivered()
        #expect(try sandbox.balance("bob") == 999_500)
        let id = try sandbox.raise(license)
        // A tenth of 500 is less than the least bond.
        #expect(try sandbox.balance("bob") == 999_400 && sandbox.totals().bonds == Amount(100))
        #expect(try sandbox.dispute(id).duties.map(\.act) == ["dispute.respond"])
        #expect(try sandbox.dispute(id).duties.map(\.party) == [sandbox.party("alice")])
        #expect(try sandbox.reasons(license) == [.suspendedByDispute])
        sandbox.advance(milliseconds: 300_000)
        try sandbox.respond(id, evidence: testHash("answer"))
        #expect(try sandbox.dispute(id).duties.map(\.act) == ["dispute.revealNonce", "dispute.revealNonce"])
        try sandbox.reveal(id, as: "alice")
        #expect(try sandbox.dispute(id).duties.map(\.party) == [sandbox.party("bob")])
        #expect(try sandbox.reveal(id, as: "bob") == ["dispute.nonceRevealed", "dispute.panelDrawn"])
        let panel = try sandbox.seats(.drawn, id)
        #expect(panel.count == 3 && Set(panel).count == 3 && !panel.contains("nobody"))
        try sandbox.show(id)
        for name in panel {
            // Each arbiter opens the very key that was bought, with a sealing key that nobody else has.
            let seat = try #require(try sandbox.dispute(id).round.seats.first { $0.arbiter == testAddress(name) })
            let show = try sandbox.delivery(try #require(seat.show))
            #expect(try opens(try #require(show.ending?.sealedKey), "judge \(name) \(id)", to: "a"))
            #expect(show.act == .dispute && show.from == sandbox.party("bob") && show.license == nil)
        }
        #expect(try sandbox.dispute(id).stage == .voting)
        try sandbox.vote(id, upholding: 2)
        #expect(try sandbox.dispute(id).stage == .appeal && sandbox.dispute(id).round.finding?.outcome == .upheld)
        #expect(try sandbox.balance("bob") == 999_400)
        #expect(try sandbox.dispute(id).duties.map(\.party) == [sandbox.party("alice")])
        let events = try sandbox.expire(id)
        #expect(Array(events.suffix(3)) == ["license.annulled", "license.refunded", "dispute.ended"])
        #expect(try sandbox.balance("bob") == 1_000_000)
        #expect(try sandbox.totals().bonds == .zero && sandbox.totals().held == .zero)
        let dispute = try sandbox.dispute(id)
        #expect(dispute.ending?.outcome == .upheld && dispute.ending?.cause == .majority && dispute.duties.isEmpty)
        #expect(
            try sandbox.license(license).ending == .annulled(at: dispute.ending?.at ?? testStart, dispute: id))
        #expect(try sandbox.reasons(license) == [.annulled] && sandbox.verdict(license).state == .annulled)
        #expect(try sandbox.delivery(of: license).payment?.settledAt == dispute.ending?.at)
        // While it was open the license was suspended: the record of today says so of then.
        #expect(try sandbox.reasons(license, at: dispute.raisedAt) == [.suspendedByDispute])
        #expect(try sandbox.reasons(license, at: Timestamp(dispute.raisedAt.milliseconds - 1)).isEmpty)
        #expect(try LiveLicenses(of: dispute.inft, in: sandbox).count == 0)
        for name in panel {
            let record = try #require(try Arbiters.record(testAddress(name), in: sandbox.state))
            #expect(record.served == 1 && record.drawn == 1 && record.absences == 0)
        }
        #expect(try sandbox.isConserved())
    }

    @Test(
        "Good content: the price is distributed as of any sale, the bond goes to the licensor, the license is in force")
    func dismissed() throws {
        let sandbox = try Sandbox()
        try sandbox.enroll(0..<5)
        let license = try sandbox.delivered(
            TermsPreset.commercial.terms(asset: sandbox.asset, fee: Amount(20_000)), window: 60_000)
        let before = try sandbox.balance("alice")
        let id = try sandbox.drawn(license)
        #expect(try sandbox.totals().bonds == Amount(2_000))
        // The window has passed; only the dispute keeps the money.
        sandbox.advance(milliseconds: 590_000)
        try sandbox.show(id)
        try sandbox.vote(id, upholding: 1)
        #expect(try sandbox.drain().isEmpty && sandbox.totals().held == Amount(20_000))
        #expect(Array(try sandbox.expire(id).suffix(3)) == ["revenue.paid", "license.distributed", "dispute.ended"])
        #expect(try sandbox.vaultTotal(id) == 20_000 && sandbox.balance("alice") == before + 2_000)
        #expect(try sandbox.balance("bob") == 1_000_000 - 22_000)
        #expect(try sandbox.verdict(license).isValid)
        #expect(try sandbox.dispute(id).ending?.outcome == .dismissed)
        // What the dispute window would have done long ago finds nothing to do.
        sandbox.advance(days: 1)
        #expect(try sandbox.drain().isEmpty && sandbox.vaultTotal(id) == 20_000)
        #expect(try reason { try sandbox.raise(license, evidence: "other") } == "disputed_already")
        #expect(try sandbox.isConserved())
    }

    @Test("Only a buyer who holds the license disputes, once, while the payment is held, with new evidence")
    func raising() throws {
        let sandbox = try Sandbox()
        let license = try sandbox.delivered()
        #expect(try reason { try sandbox.raise(license) } == "no_panel_possible")
        try sandbox.enroll(0..<2)
        let refused = try rejection { try sandbox.raise(license) }
        #expect(refused?.reason == "no_panel_possible" && refused?.retryable == true)
        #expect(refused?.message.hasPrefix("2 arbiters") == true)
        #expect(try sandbox.totals().bonds == .zero)
        try sandbox.enroll(2..<4)
        #expect(try reason { try sandbox.raise(license, as: "alice") } == "not_licensee")
        for ground in DisputeGround.allCases where ground != .content {
            let raise = RaiseDispute(
                license: license, ground: ground, evidence: testHash("e"), nonceCommitment: testHash("n"))
            #expect(try reason { try sandbox.execute(raise, as: "bob") } == "ground_not_admitted")
        }
        try sandbox.raise(license)
        #expect(try reason { try sandbox.raise(license, evidence: "other") } == "disputed_already")

        // Another buyer names the same evidence.
        let offer = try sandbox.license(license).offer
        let inft = try sandbox.license(license).inft
        let other: LicenseID = try sandbox.execute(
            sandbox.purchase(offer, "a", of: inft, key: "carol", by: "carol"), as: "carol"
        ).madeIdentifier()
        #expect(try reason { try sandbox.raise(other, as: "carol") } == "license_not_in_force")
        let delivery = DeliveryID(other.bytes)
        let made = try sandbox.deliver(delivery, with: "alice")
        try sandbox.begin(delivery, made, key: "alice")
        try sandbox.complete(delivery, made)
        #expect(try reason { try sandbox.raise(other, as: "carol") } == "evidence_used")
        let until = try #require(try sandbox.delivery(delivery).payment?.heldUntil)
        sandbox.advance(milliseconds: until.milliseconds - sandbox.time.milliseconds)
        #expect(try reason { try sandbox.raise(other, as: "carol", evidence: "new") } == "dispute_window_over")
    }

    @Test("What was not held, given up or used up can't be disputed; what the licensor revoked can")
    func notDisputable() throws {
        let sandbox = try Sandbox()
        try sandbox.enroll(0..<5)
        let unheld = try sandbox.delivered(window: 0)
        let refused = try rejection { try sandbox.raise(unheld) }
        #expect(refused?.reason == "not_disputable" && refused?.message.contains("no dispute window") == true)

        let open = try sandbox.buy(try sandbox.offer(sandbox.mint("open"), TermsPreset.openScience.terms))
        #expect(try reason { try sandbox.raise(open) } == "not_disputable")

        let second = try Sandbox()
        try second.enroll(0..<5)
        let givenUp = try second.delivered()
        try second.execute(SurrenderLicense(license: givenUp), as: "bob")
        #expect(try reason { try second.raise(givenUp) } == "license_not_in_force")

        let third = try Sandbox()
        try third.enroll(0..<5)
        var terms = TermsPreset.commercial.terms(asset: third.asset, fee: Amount(500))
        terms.grant.revocableFor = CodeList([.breachOfTerms])
        let revoked = try third.delivered(terms)
        try third.execute(RevokeLicense(license: revoked, cause: .breachOfTerms, evidence: testHash("breach")))
        let id = try third.raise(revoked)
        try third.expire(id)
        // Not appealed either.
        try third.expire(id)
        // Not answered: the buyer has the price back, and the ending stays what it was.
        #expect(try third.balance("bob") == 1_000_000)
        #expect(try third.license(revoked).ownState(at: third.time) == .revoked)
    }

    @Test(
        "A disputed license is suspended: not handed on, not linked, no newer version; it can be given up and revoked")
    func suspended() throws {
        let sandbox = try Sandbox()
        try sandbox.enroll(0..<5)
        var terms = TermsPreset.derivativesAllowed.terms(asset: sandbox.asset, fee: Amount(500))
        terms.grant.isTransferable = true
        terms.grant.coversRevisions = true
        let license = try sandbox.delivered(terms)
        let id = try sandbox.raise(license)
        let inft = try sandbox.dispute(id).inft
        try sandbox.revise(inft, "b", key: "second")
        #expect(
            try reason {
                try sandbox.execute(
                    RequestVersion(
                        license: license,
                        delivery: sandbox.request(
                            "b", of: inft, version: 2, act: .licenseRevision, key: "new", by: "bob")), as: "bob")
            } == "license_not_in_force")
        #expect(
            try reason {
                try sandbox.execute(
                    TransferLicense(
                        license: license, to: sandbox.party("carol"),
                        delivery: sandbox.request(
                            "a", of: inft, act: .licenseTransfer, key: "carol", by: "carol", sender: "bob")), as: "bob",
                    cosigners: ["carol"])
            } == "license_not_in_force")
        #expect(try reason { _ = try sandbox.derive("child", from: [license], as: "bob") } == "license_not_in_force")
        // The deliveries of sales know nothing of the arbiters'.
        try sandbox.execute(SurrenderLicense(license: license), as: "bob")
        try sandbox.respond(id)
        try sandbox.reveal(id, as: "bob")
        try sandbox.reveal(id, as: "alice")
        try sandbox.show(id)
        try sandbox.vote(id, upholding: 3)
        try sandbox.expire(id)
        #expect(try sandbox.balance("bob") == 1_000_000)
        #expect(try sandbox.license(license).ownState(at: sandbox.time) == .surrendered)
    }

    @Test("Each side answers and reveals for itself, once, what it committed to")
    func nonces() throws {
        let sandbox = try Sandbox()
        try sandbox.enroll(0..<5)
        let id = try sandbox.raise(sandbox.delivered())
        #expect(try reason { try sandbox.reveal(id, as: "bob") } == "dispute_stage")
        #expect(try reason { try sandbox.respond(id, as: "bob") } == "not_side")
        #expect(try reason { try sandbox.respond(id, as: "carol") } == "not_side")
        #expect(try reason { try sandbox.respond(id, evidence: testHash("evidence")) } == "evidence_used")
        // Alice copies what bob committed to: it binds bob, so she can never reveal it.
        try sandbox.execute(RespondDispute(dispute: id, nonceCommitment: sandbox.commitment("bob")), as: "alice")
        #expect(try reason { try sandbox.respond(id) } == "dispute_stage")
        try sandbox.reveal(id, as: "bob")
        #expect(try reason { try sandbox.reveal(id, as: "bob") } == "revealed_already")
        #expect(
            try reason {
                try sandbox.execute(
                    RevealDisputeNonce(dispute: id, nonce: sandbox.nonce("bob")), as: "alice")
            } == "reveal_differs")
        #expect(try reason { try sandbox.reveal(id, as: "carol") } == "not_side")
        #expect(try reason { try sandbox.accept(id, as: Sandbox.arbiter(0)) } == "dispute_stage")
        try sandbox.expire(id)
        #expect(try sandbox.dispute(id).ending?.cause == .nonceWithheld)
        #expect(try sandbox.dispute(id).ending?.outcome == .upheld)
    }

    @Test("An arbiter proves its own fresh key; only the claimant begins to show; only what was committed to is shown")
    func showing() throws {
        let sandbox = try Sandbox()
        try sandbox.enroll(0..<5)
        let id = try sandbox.drawn(sandbox.delivered())
        let panel = try sandbox.seats(.drawn, id)
        let outside = try #require((0..<5).map { Sandbox.arbiter($0) }.first { !panel.contains($0) })
        #expect(try reason { try sandbox.accept(id, as: outside) } == "not_on_panel")
        #expect(try reason { try sandbox.accept(id, as: panel[0], key: "bob") } == "sealing_key_used")
        let dispute = try sandbox.dispute(id)
        let stolen = sandbox.request("a", of: dispute.inft, act: .dispute, key: "fresh", by: panel[1])
        #expect(
            try reason { try sandbox.execute(AcceptDispute(dispute: id, delivery: stolen), as: panel[0]) }
                == "proof_invalid")
        let sale = sandbox.request("a", of: dispute.inft, act: .license, key: "fresh", by: panel[0])
        #expect(
            try reason { try sandbox.execute(AcceptDispute(dispute: id, delivery: sale), as: panel[0]) }
                == "proof_invalid")
        let unread = sandbox.request("b", of: dispute.inft, act: .dispute, key: "fresh", by: panel[0])
        #expect(
            try reason { try sandbox.execute(AcceptDispute(dispute: id, delivery: unread), as: panel[0]) }
                == "fetched_root_differs")
        try sandbox.accept(id, as: panel[0])
        #expect(try reason { try sandbox.accept(id, as: panel[0], key: "second") } == "dispute_stage")
        // The first can be shown while others still think.
        #expect(try reason { try sandbox.completeShow(id, to: panel[0]) } == "delivery_not_begun")
        #expect(try reason { try sandbox.beginShow(id, to: panel[0], as: "alice") } == "not_authorized")
        #expect(try sandbox.beginShow(id, to: panel[0]) == ["dispute.showBegun"])
        #expect(try reason { try sandbox.beginShow(id, to: panel[0]) } == "delivery_begun")
        try sandbox.completeShow(id, to: panel[0], as: "dave")
        #expect(try reason { try sandbox.commit(.uphold, id, as: panel[0]) } == "dispute_stage")
        try sandbox.accept(id, as: panel[1])
        try sandbox.accept(id, as: panel[2])
        #expect(try sandbox.dispute(id).stage == .showing)
        #expect(try sandbox.dispute(id).duties.map(\.act) == ["dispute.beginShow"])
        let (show, made) = try sandbox.showing(id, to: panel[1])
        // Neither by the acts of sales, nor with a key that bob made up.
        #expect(
            try reason {
                try sandbox.execute(
                    BeginDelivery(delivery: show, sealingKey: sealingSecret("bob").key, commitment: made.commitment),
                    as: "bob")
            } == "no_license_delivery")
        #expect(
            try reason { try sandbox.execute(RefundDelivery(delivery: show), as: "bob") } == "no_license_delivery")
        let license = try #require(dispute.license)
        #expect(
            try reason {
                try sandbox.execute(
                    BeginShow(
                        show: DeliveryID(license.bytes), sealingKey: sealingSecret("bob").key,
                        commitment: made.commitment), as: "bob")
            } == "no_show")
        let (fake, _) = try SealedKeys.seal(
            contentPoint("noise"), to: sealingSecret("bob").key, randomness: testHash("fake").bytes)
        let wrong = try sandbox.deliver(show, from: fake, with: "bob", by: "bob")
        // Named as in the other begins, so that what can't be completed is refused before anybody waits for it.
        #expect(
            try reason {
                try sandbox.execute(
                    BeginShow(show: show, sealingKey: sealingSecret("alice").key, commitment: wrong.commitment),
                    as: "bob")
            } == "resealed_since")
        try sandbox.execute(
            BeginShow(show: show, sealingKey: sealingSecret("bob").key, commitment: wrong.commitment), as: "bob")
        #expect(
            try reason {
                try sandbox.execute(
                    CompleteShow(show: show, sealedKey: wrong.sealedKey, proof: wrong.proof), as: "bob")
            } == "proof_invalid")
        #expect(try reason { try sandbox.completeShow(id, to: panel[1]) } == "commitment_differs")
    }

    @Test("Votes are secret until revealed, bound to who made them, and counted once")
    func voting() throws {
        let sandbox = try Sandbox()
        try sandbox.enroll(0..<5)
        let id = try sandbox.drawn(sandbox.delivered())
        try sandbox.show(id)
        let panel = try sandbox.seats(.shown, id)
        #expect(try reason { try sandbox.commit(.uphold, id, as: "bob") } == "not_on_panel")
        try sandbox.commit(.uphold, id, as: panel[0])
        #expect(try reason { try sandbox.commit(.dismiss, id, as: panel[0]) } == "dispute_stage")
        #expect(try reason { try sandbox.revealVote(.uphold, id, as: panel[0]) } == "dispute_stage")
        // The second copies the first's commitment, and can't reveal it.
        let copied = try #require(try sandbox.dispute(id).round.seats.first { $0.state == .committed }?.commitment)
        try sandbox.execute(CommitDisputeVote(dispute: id, commitment: copied), as: panel[1])
        try sandbox.commit(.dismiss, id, as: panel[2])
        #expect(try sandbox.dispute(id).stage == .revealing)
        let copy = RevealDisputeVote(dispute: id, vote: .uphold, salt: testHash("salt \(panel[0])"))
        #expect(try reason { try sandbox.execute(copy, as: panel[1]) } == "reveal_differs")
        #expect(try reason { try sandbox.revealVote(.dismiss, id, as: panel[0]) } == "reveal_differs")
        try sandbox.revealVote(.uphold, id, as: panel[0])
        #expect(try reason { try sandbox.revealVote(.uphold, id, as: panel[0]) } == "dispute_stage")
        try sandbox.revealVote(.dismiss, id, as: panel[2])
        // One against one: nobody decided; the claimant may ask others.
        try sandbox.expire(id)
        #expect(try sandbox.dispute(id).round.finding?.outcome == .undecided)
        #expect(try sandbox.dispute(id).round.finding?.cause == .noMajority)
        #expect(try Arbiters.record(testAddress(panel[1]), in: sandbox.state)?.absences == 1)
        #expect(try sandbox.dispute(id).stage == .appeal)
        let offered = try sandbox.balance("bob")
        try sandbox.expire(id)
        #expect(try sandbox.balance("bob") == offered + 100 && sandbox.vaultTotal(id) == 500)
        #expect(try sandbox.isConserved())
    }

    @Test("The content key is nowhere in what the ledger holds, tells or is sent, and each arbiter can open it")
    func secrecy() throws {
        let sandbox = try Sandbox()
        try sandbox.enroll(0..<9)
        let id = try sandbox.drawn(sandbox.delivered())
        try sandbox.show(id)
        try sandbox.vote(id, upholding: 1)
        try sandbox.appeal(id, as: "bob")
        try sandbox.respond(id, round: 1)
        try sandbox.reveal(id, as: "bob", round: 1)
        try sandbox.reveal(id, as: "alice", round: 1)
        try sandbox.show(id)
        try sandbox.vote(id, upholding: 5)
        #expect(try sandbox.dispute(id).ending?.outcome == .upheld)
        let license = try #require(try sandbox.dispute(id).license)
        let bought = try sandbox.delivery(of: license)
        let point = try SealedKeys.open(try #require(bought.ending?.sealedKey), with: sealingSecret("bob"))
        let secret = point.compressed.copy()
        #expect(secret.count == 33)
        // The key without its sign too, and the sealing secrets.
        let needles =
            [Array(secret.dropFirst())] + ["alice", "bob"].map { testHash("sealing secret \($0)").bytes.array }
        var bytes = sandbox.state.changes.flatMap { $0.key.bytes + ($0.value ?? []) }
        bytes += sandbox.seen
        #expect(bytes.count > 10_000)
        for needle in needles { #expect(!bytes.holds(needle)) }
        // The search finds what is there.
        let seat = try #require(try sandbox.dispute(id).round.seats.first)
        #expect(bytes.holds(seat.arbiter.bytes.array))
        let show = try sandbox.delivery(try #require(seat.show))
        #expect(bytes.holds(try #require(show.ending?.sealedKey).encoded))
    }
}

extension [UInt8] {
    /// Whether `needle` stands anywhere in it.
    func holds(_ needle: [UInt8]) -> Bool {
        guard let first = needle.first, count >= needle.count else { return false }
        var start = startIndex
        while let found = self[start...].firstIndex(of: first) {
            if self[found...].starts(with: needle) { return true }
            start = found + 1
        }
        return false
    }
}

extension LiveLicenses {
    init(of inft: INFTID, in sandbox: Sandbox) throws {
        self = try sandbox.state.record(LicenseKeys.live(inft)) ?? LiveLicenses()
    }
}
