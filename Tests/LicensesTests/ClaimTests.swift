import Cryptography
import INFTs
import Licenses
import Primitives
import Revenue
import StateModel
import TestSupport
import Testing

extension Sandbox {
    @discardableResult
    func claim(
        _ inft: INFTID, _ ground: DisputeGround, as name: String = "carol", bond: UInt64 = 10_000,
        evidence: String = "evidence"
    ) throws -> DisputeID {
        try execute(
            RaiseClaim(
                inft: inft, ground: ground, evidence: testHash(evidence), nonceCommitment: commitment(name),
                asset: asset,
                bond: Amount(bond)), as: name
        ).madeIdentifier()
    }

    /// Answered by alice, drawn, accepted without a key, voted: `upholding` of the panel for the claim.
    func judge(_ id: DisputeID, upholding: Int, claimant: String = "carol") throws {
        try respond(id)
        try reveal(id, as: claimant)
        try reveal(id, as: "alice")
        for name in try seats(.drawn, id) { try execute(AcceptDispute(dispute: id), as: name) }
        try vote(id, upholding: upholding)
    }

    /// Nobody appeals.
    func end(_ id: DisputeID) throws {
        advance(days: 8)
        if try dispute(id).ending == nil { try execute(AdvanceDispute(dispute: id), as: "dave") }
    }
}

@Suite("Claims about INFTs") struct ClaimTests {
    /// alice's root; bob's child of it, on which dave holds a license.
    private func family() throws -> (Sandbox, root: INFTID, child: INFTID, offer: OfferID, license: LicenseID) {
        let sandbox = try Sandbox()
        try sandbox.enroll(0..<12)
        let root = try sandbox.mint("root")
        let rootOffer = try sandbox.offer(root, derivativeTerms(sandbox.asset, share: 10))
        let child = try sandbox.derive("child", from: [try sandbox.buy(rootOffer, as: "bob")], as: "bob")
        let offer = try sandbox.offer(child, sandbox.commercial(1_000), as: "bob")
        return (sandbox, root, child, offer, try sandbox.buy(offer, as: "dave"))
    }

    @Test("Complaint of other systems: a tagged descendant is still paid. Here it is not, from the verdict's block on")
    func taggedDescendantIsNotPaid() throws {
        let (sandbox, root, child, offer, license) = try family()
        let before = try sandbox.balance("carol")
        let id = try sandbox.claim(root, .improperRegistration)
        #expect(try sandbox.balance("carol") == before - 10_000)
        // Raising stops nobody: else anyone could stop a sale for the price of a bond.
        #expect(try sandbox.verdict(license).isValid)
        try sandbox.judge(id, upholding: 3)
        #expect(try sandbox.verdict(license).isValid)
        try sandbox.end(id)
        #expect(try sandbox.dispute(id).ending?.outcome == .upheld)
        #expect(try sandbox.balance("carol") == before)
        #expect(try sandbox.reasons(license) == [.suspendedByDispute])
        #expect(try reason { try sandbox.buy(offer, as: "carol") } == "inft_not_active")
        #expect(
            try reason {
                try sandbox.execute(
                    RenewLicense(license: license, offer: offer, maximumPrice: Amount(9_999)), as: "dave")
            }
                == "inft_not_active")
        // What revenue would take in or give out is refused by who knows the tags.
        let paid = try reason {
            try sandbox.transaction(as: "dave") { (context) throws in
                try RevenuePay(inft: .id(child), asset: sandbox.asset, amount: Amount(5), reference: nil)
                    .execute(in: context)
                for event in context.events { try INFTsDomain.react(to: event, in: context) }
            }
        }
        #expect(paid == "inft_not_active")
        let claimed = try reason {
            try sandbox.transaction(as: "alice") { (context) throws in
                try RevenueClaim(
                    inft: root, asset: sandbox.asset, holder: sandbox.party("alice"), descendants: [child]
                ).execute(in: context)
                for event in context.events { try INFTsDomain.react(to: event, in: context) }
            }
        }
        #expect(claimed == "inft_not_active")

        #expect(try reason { try sandbox.execute(SettleDispute(dispute: id), as: "alice") } == "not_side")
        #expect(
            try sandbox.execute(SettleDispute(dispute: id), as: "carol").events.map { $0.name }.contains(
                "dispute.settled"))
        #expect(try sandbox.verdict(license).isValid)
        #expect(try reason { try sandbox.execute(SettleDispute(dispute: id), as: "carol") } == "dispute_stage")
        try sandbox.buy(offer, as: "carol")
    }

    @Test("An unpaid debt stops sales, and not those who paid for their licenses")
    func paymentTag() throws {
        let (sandbox, root, _, offer, license) = try family()
        let id = try sandbox.claim(root, .payment)
        try sandbox.judge(id, upholding: 2)
        try sandbox.end(id)
        #expect(try sandbox.verdict(license).isValid)
        #expect(try reason { try sandbox.buy(offer, as: "carol") } == "inft_not_active")
    }

    @Test("Dismissed, the bond is the owner's, and nothing stands against the INFT")
    func dismissed() throws {
        let (sandbox, root, _, offer, license) = try family()
        let alice = try sandbox.balance("alice")
        let id = try sandbox.claim(root, .usage)
        try sandbox.judge(id, upholding: 1)
        try sandbox.end(id)
        #expect(try sandbox.dispute(id).ending?.outcome == .dismissed)
        #expect(try sandbox.balance("alice") == alice + 10_000)
        #expect(try sandbox.verdict(license).isValid)
        try sandbox.buy(offer, as: "carol")
        #expect(try reason { try sandbox.execute(SettleDispute(dispute: id), as: "carol") } == "dispute_stage")
    }

    @Test("The appeal to another panel decides for good")
    func appealed() throws {
        let (sandbox, root, _, _, license) = try family()
        let id = try sandbox.claim(root, .content)
        try sandbox.judge(id, upholding: 3)
        try sandbox.execute(
            AppealDispute(dispute: id, nonceCommitment: sandbox.commitment("alice", round: 1)), as: "alice")
        try sandbox.respond(id, as: "carol", round: 1)
        try sandbox.reveal(id, as: "alice", round: 1)
        try sandbox.reveal(id, as: "carol", round: 1)
        for name in try sandbox.seats(.drawn, id) { try sandbox.execute(AcceptDispute(dispute: id), as: name) }
        try sandbox.vote(id, upholding: 1)
        #expect(try sandbox.dispute(id).ending?.outcome == .dismissed)
        #expect(try sandbox.verdict(license).isValid)
        #expect(
            try reason {
                try sandbox.execute(
                    AppealDispute(dispute: id, nonceCommitment: sandbox.commitment("carol", round: 2)), as: "carol")
            } == "dispute_stage")
    }

    @Test("An owner who does not answer loses")
    func unanswered() throws {
        let (sandbox, root, _, _, license) = try family()
        let id = try sandbox.claim(root, .improperRegistration)
        try sandbox.end(id)
        // The owner may appeal until then.
        #expect(try sandbox.dispute(id).ending == nil && sandbox.verdict(license).isValid)
        try sandbox.end(id)
        #expect(try sandbox.dispute(id).ending?.cause == .notAnswered)
        #expect(try sandbox.reasons(license) == [.suspendedByDispute])
    }

    @Test(
        "A claim has a bond that somebody answers for, fresh evidence, and is not the owner's; a work is named, not its clone"
    )
    func refused() throws {
        let sandbox = try Sandbox()
        let inft = try sandbox.mint("root")
        #expect(try reason { try sandbox.claim(inft, .usage) } == "no_panel_possible")
        try sandbox.enroll(0..<6)
        #expect(try reason { try sandbox.claim(inft, .usage, bond: 9_999) } == "bond_too_small")
        #expect(try reason { try sandbox.claim(inft, .usage, as: "alice") } == "not_side")
        let clone: INFTID = try sandbox.execute(Clone(inft: inft, seal: nil)).madeIdentifier()
        #expect(try reason { try sandbox.claim(clone, .usage) } == "recall_original")
        let id = try sandbox.claim(inft, .usage)
        #expect(try reason { try sandbox.claim(inft, .payment, as: "dave") } == "evidence_used")
        try sandbox.respond(id)
        try sandbox.reveal(id, as: "carol")
        try sandbox.reveal(id, as: "alice")
        let judge = try #require(try sandbox.seats(.drawn, id).first)
        // Nothing was delivered, so there is no key to show.
        #expect(
            try reason {
                try sandbox.execute(
                    AcceptDispute(
                        dispute: id,
                        delivery: sandbox.request("a", of: inft, act: .dispute, key: "judge", by: judge)), as: judge)
            } == "delivery_unneeded")
    }
}
