import INFTs
import Identities
import Licenses
import Primitives
import Revenue
import StateModel
import TestSupport
import Testing

/// The pool of arbiters, and who is drawn from it.
struct ArbiterTests {
    @Test("A credentialed account enrolls once and leaves; without a credential it can't, and anyone may take it out")
    func enrolling() throws {
        let sandbox = try Sandbox()
        #expect(try reason { try sandbox.execute(EnrollArbiter(), as: "carol") } == "not_arbiter")
        sandbox.attest("carol", .arbiter, until: testStart.adding(milliseconds: 10 * millisecondsPerDay))
        try sandbox.execute(EnrollArbiter(), as: "carol")
        #expect(try reason { try sandbox.execute(EnrollArbiter(), as: "carol") } == "arbiter_enrolled")
        let carol = LeaveArbiter(arbiter: testAddress("carol"))
        #expect(try reason { try sandbox.execute(carol, as: "dave") } == "not_authorized")
        try sandbox.execute(carol, as: "carol")
        #expect(try reason { try sandbox.execute(carol, as: "carol") } == "not_in_pool")
        try sandbox.execute(EnrollArbiter(), as: "carol")
        sandbox.advance(days: 11)
        try sandbox.execute(carol, as: "dave")
        #expect(try Arbiters.pool(in: sandbox.state) == ArbiterPool(slots: 1, enrolled: 0, firstFree: 0))
    }

    @Test("Places never move: a free one is taken by the next, the last one freed first")
    func places() throws {
        let sandbox = try Sandbox()
        try sandbox.enroll(0..<5)
        for number in [1, 3] {
            try sandbox.execute(
                LeaveArbiter(arbiter: testAddress(Sandbox.arbiter(number))), as: Sandbox.arbiter(number))
        }
        #expect(try Arbiters.pool(in: sandbox.state) == ArbiterPool(slots: 5, enrolled: 3, firstFree: 3))
        try sandbox.enroll(5..<8)
        #expect(try Arbiters.pool(in: sandbox.state) == ArbiterPool(slots: 6, enrolled: 6))
        let slots = try [5, 6, 7, 0, 4].map {
            try Arbiters.record(testAddress(Sandbox.arbiter($0)), in: sandbox.state)?.slot
        }
        #expect(slots == [3, 1, 5, 0, 4])
    }

    @Test("After three absences an arbiter is out of the pool for half a year, and then begins anew")
    func exclusion() throws {
        let sandbox = try Sandbox()
        try sandbox.enroll(0..<3)
        for number in 1...3 {
            let buyer = ["bob", "carol", "dave"][number - 1]
            let inft = try sandbox.mintSealed("content \(number)", key: "seller \(number)")
            let offer = try sandbox.offer(
                inft, TermsPreset.commercial.terms(asset: sandbox.asset, fee: Amount(500)),
                delivery: OfferDelivery(
                    beginWithinMilliseconds: Sandbox.hour, disputeWindowMilliseconds: Sandbox.hour))
            let license: LicenseID = try sandbox.execute(
                sandbox.purchase(offer, "content \(number)", of: inft, key: "buyer \(number)", by: buyer), as: buyer
            ).madeIdentifier()
            let delivery = DeliveryID(license.bytes)
            let made = try sandbox.deliver(delivery, with: "seller \(number)")
            try sandbox.begin(delivery, made, key: "seller \(number)")
            try sandbox.complete(delivery, made)
            let id = try sandbox.raise(license, as: buyer, evidence: "evidence \(number)")
            try sandbox.respond(id)
            try sandbox.reveal(id, as: buyer)
            try sandbox.reveal(id, as: "alice")
            let events = try sandbox.expire(id)
            #expect(events.contains("dispute.arbiterAbsent"))
            #expect(events.contains("arbiter.left") == (number == 3))
        }
        let record = try #require(try Arbiters.record(testAddress(Sandbox.arbiter(0)), in: sandbox.state))
        #expect(record.absences == 3 && record.slot == nil && record.drawn == 3 && record.served == 0)
        #expect(try Arbiters.pool(in: sandbox.state).enrolled == 0)
        #expect(
            try reason { try sandbox.execute(EnrollArbiter(), as: Sandbox.arbiter(0)) } == "arbiter_excluded")
        sandbox.advance(days: 180)
        try sandbox.execute(EnrollArbiter(), as: Sandbox.arbiter(0))
        let again = try #require(try Arbiters.record(testAddress(Sandbox.arbiter(0)), in: sandbox.state))
        #expect(again.absences == 0 && again.excludedUntil == nil && again.slot != nil)
    }

    @Test(
        "Sides, owner, creators, holders, members of their organizations, and whom they credentialed don't judge"
    )
    func conflicts() throws {
        let sandbox = try Sandbox()
        for name in ["alice", "bob", "carol", "dave", "member"] {
            sandbox.attest(name, .arbiter)
            try sandbox.execute(EnrollArbiter(), as: name)
        }
        // The hospital's own arbiter, where the hospital is a holder.
        let organization: OrganizationID = testIdentifier("clinic")
        sandbox.state.set(
            IdentityKeys.organization(organization),
            OrganizationRecord(
                profile: OrganizationProfile(
                    kind: .institution, name: "Clinic", jurisdiction: "DE",
                    members: [Member(account: testAddress("member"), role: .administrator)],
                    policies: [ClassPolicy(.administration, threshold: 1)]),
                createdAt: testStart, createdHeight: .genesis, updatedAt: testStart, revision: 0))
        let inft = try sandbox.mintSealed("a", key: "alice")
        let shares = [
            ShareHolder(party: sandbox.party("alice"), share: percent(90)),
            ShareHolder(party: sandbox.party("dave"), share: percent(5)),
            ShareHolder(party: .organization(organization), share: percent(5)),
        ].sorted { $0.party < $1.party }
        sandbox.state.set(RevenueKeys.holders(inft), HoldersRecord(holders: shares))
        let offer = try sandbox.offer(
            inft, TermsPreset.commercial.terms(asset: sandbox.asset, fee: Amount(500)), delivery: .usual)
        let license: LicenseID = try sandbox.execute(
            sandbox.purchase(offer, "a", of: inft, key: "bob"), as: "bob"
        ).madeIdentifier()
        let made = try sandbox.deliver(DeliveryID(license.bytes), with: "alice")
        try sandbox.begin(DeliveryID(license.bytes), made, key: "alice")
        try sandbox.complete(DeliveryID(license.bytes), made)
        // Of five in the pool only carol is part of it in no way.
        let refused = try rejection { try sandbox.raise(license) }
        #expect(refused?.message.hasPrefix("1 arbiters") == true)
        // Two more, but bob gave them their credentials.
        for name in ["friend", "other friend"] {
            let id: CredentialID = testIdentifier("credential \(name)")
            sandbox.state.set(
                IdentityKeys.accreditor(sandbox.party("bob")),
                AccreditorRecord(
                    party: sandbox.party("bob"), types: [.arbiter], jurisdictions: [], accreditedAt: testStart))
            sandbox.state.set(
                IdentityKeys.credential(id),
                CredentialRecord(
                    id: id, issuer: sandbox.party("bob"), delegation: nil,
                    claim: CredentialClaim(
                        subject: sandbox.party(name), credentialType: .arbiter, validFrom: testStart, validUntil: nil,
                        concerning: nil), offeredAt: testStart, acceptedAt: testStart))
            sandbox.state.set(IdentityKeys.accepted(sandbox.party(name), .arbiter), AcceptedCredentials(ids: [id]))
            try sandbox.execute(EnrollArbiter(), as: name)
        }
        #expect(try rejection { try sandbox.raise(license) }?.message.hasPrefix("1 arbiters") == true)
        try sandbox.enroll(0..<2)
        let id = try sandbox.drawn(license)
        let panel = Set(try sandbox.dispute(id).round.seats.map(\.arbiter))
        #expect(panel == Set(["carol", Sandbox.arbiter(0), Sandbox.arbiter(1)].map { testAddress($0) }))
    }

    @Test(
        "Who enrolls after a dispute was raised is not drawn for it, in whatever place; who lost its credential neither"
    )
    func steering() throws {
        let sandbox = try Sandbox()
        try sandbox.enroll(0..<6)
        sandbox.attest("brief", .arbiter, until: testStart.adding(milliseconds: Sandbox.hour))
        try sandbox.execute(EnrollArbiter(), as: "brief")
        let id = try sandbox.raise(sandbox.delivered())
        for number in 0..<3 {
            try sandbox.execute(
                LeaveArbiter(arbiter: testAddress(Sandbox.arbiter(number))), as: Sandbox.arbiter(number))
        }
        // Into the freed places, and behind.
        try sandbox.enroll(20..<40)
        sandbox.advance(milliseconds: 300_000)
        try sandbox.respond(id)
        try sandbox.reveal(id, as: "bob")
        sandbox.attest("brief", .arbiter, until: sandbox.time)
        try sandbox.reveal(id, as: "alice")
        #expect(Set(try sandbox.seats(.drawn, id)) == Set((3..<6).map { Sandbox.arbiter($0) }))
    }

    @Test("Every arbiter is drawn about as often as any other")
    func fairness() throws {
        let sandbox = try Sandbox()
        try sandbox.enroll(0..<8)
        let license = try sandbox.delivered()
        let id = try sandbox.raise(license)
        try sandbox.respond(id)
        try sandbox.reveal(id, as: "bob")
        var counts: [Address: Int] = [:]
        for seed in 0..<400 {
            // The same moment again and again, with another nonce of alice's.
            let overlay = StateOverlay(over: sandbox.state)
            let nonce = testHash("seed \(seed)")
            var dispute = try sandbox.dispute(id)
            dispute.round.answer = DisputePleading(
                commitment: DisputeCommitments.nonce(nonce, of: sandbox.party("alice"), network: testHash("network")),
                evidence: nil)
            overlay.set(LicenseKeys.dispute(id), dispute)
            let context = makeContext(
                overlay, sender: testAddress("alice"), time: sandbox.time, transaction: "draw \(seed)")
            try RevealDisputeNonce(dispute: id, nonce: nonce).execute(in: context)
            for seat in try Disputes.require(id, in: overlay).round.seats { counts[seat.arbiter, default: 0] += 1 }
        }
        // 150 each are expected; the standard deviation is below ten.
        #expect(counts.count == 8 && counts.values.reduce(0, +) == 1_200)
        #expect(counts.values.allSatisfy { (100...200).contains($0) }, "\(counts.values)")
    }
}
