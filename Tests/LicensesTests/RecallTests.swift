import INFTs
import Identities
import Licenses
import Primitives
import Revenue
import StateModel
import TestSupport
import Testing

extension Sandbox {
    @discardableResult
    func recall(
        _ inft: INFTID, as name: String = "alice", answerWithin: UInt64 = 86_400_000, reason: RecallReason = .harm
    ) throws -> RecallID {
        try execute(
            Recall(
                inft: inft, reason: reason, notice: testHash("notice"),
                answerBy: time.adding(milliseconds: answerWithin)), as: name
        ).madeIdentifier()
    }

    func lift(_ recall: RecallID, as name: String = "alice") throws {
        try execute(LiftRecall(recall: recall, reason: .corrected), as: name)
    }

    func answer(_ recall: RecallID, _ license: LicenseID, _ answer: RecallAnswer = .stopped, as name: String) throws {
        try execute(AcknowledgeRecall(license: license, recall: recall, answer: answer), as: name)
    }

    /// A page of what a recall reaches, from nothing but the state.
    func answers(_ recall: RecallID, _ inft: INFTID? = nil) throws -> [RecalledLicense] {
        let query = try #require(LicenseQueries.all.first { $0.name == "recall_answers" })
        let answer = try query.evaluate(
            RecallAnswersParameters(recall: recall, inft: inft), PageRequest(after: nil, limit: 100),
            makeQueryContext(state, time: time))
        guard case .page(let items, _) = answer else { throw StateFailure("no page") }
        return items.compactMap { $0 as? RecalledLicense }
    }

    func commercial(_ fee: UInt64 = 0) -> Terms { TermsPreset.commercial.terms(asset: asset, fee: Amount(fee)) }
}

@Suite struct RecallTests {
    /// alice's root, of which bob's child and carol's grandchild derive; dave holds a license on the grandchild.
    private struct Family {
        let sandbox: Sandbox
        let root: INFTID
        let child: INFTID
        let grandchild: INFTID
        let rootOffer: OfferID
        let childOffer: OfferID
        let grandchildOffer: OfferID
        let license: LicenseID

        init() throws {
            sandbox = try Sandbox()
            root = try sandbox.mint("root")
            rootOffer = try sandbox.offer(root, derivativeTerms(sandbox.asset, share: 10))
            child = try sandbox.derive("child", from: [try sandbox.buy(rootOffer, as: "bob")], as: "bob")
            childOffer = try sandbox.offer(child, derivativeTerms(sandbox.asset, share: 20), as: "bob")
            grandchild = try sandbox.derive(
                "grandchild", from: [try sandbox.buy(childOffer, as: "carol")], as: "carol")
            grandchildOffer = try sandbox.offer(grandchild, sandbox.commercial(1_000), as: "carol")
            license = try sandbox.buy(grandchildOffer, as: "dave")
        }
    }

    @Test("A recall takes effect on every descendant in its own block, and ends with its lifting")
    func descendants() throws {
        let family = try Family()
        let sandbox = family.sandbox
        #expect(try sandbox.verdict(family.license).isValid)
        let before = sandbox.time
        let recall = try sandbox.recall(family.root)
        let during = sandbox.time
        #expect(try sandbox.reasons(family.license) == [.suspendedByRecall])
        #expect(try sandbox.verdict(family.license).state == .suspended)
        for (offer, name) in [
            (family.rootOffer, "dave"), (family.childOffer, "dave"), (family.grandchildOffer, "bob"),
        ] { #expect(try reason { try sandbox.buy(offer, as: name) } == "inft_not_active") }
        #expect(
            try reason { _ = try sandbox.offer(family.grandchild, sandbox.commercial(2_000), as: "carol") }
                == "inft_not_active")
        #expect(
            try reason {
                try sandbox.execute(
                    TransferOffer(
                        inft: family.grandchild, to: sandbox.party("dave"),
                        expiresAt: sandbox.time.adding(milliseconds: 1_000)), as: "carol")
            } == "inft_not_active")
        try sandbox.lift(recall)
        #expect(try sandbox.verdict(family.license).isValid)
        try sandbox.buy(family.grandchildOffer, as: "bob")
        // The past is answered from the records of today.
        #expect(try sandbox.reasons(family.license, at: during) == [.suspendedByRecall])
        #expect(try sandbox.verdict(family.license, at: before).isValid)
        #expect(try reason { try sandbox.lift(recall) } == "recall_lifted")
    }

    @Test("A derivative of a clone is recalled with what the clone is a clone of")
    func clones() throws {
        let sandbox = try Sandbox()
        let original = try sandbox.mint("original")
        let clone: INFTID = try sandbox.execute(Clone(inft: original, seal: nil)).madeIdentifier()
        let offer = try sandbox.offer(clone, derivativeTerms(sandbox.asset, share: 10))
        let child = try sandbox.derive("child", from: [try sandbox.buy(offer)], as: "bob")
        let license = try sandbox.buy(try sandbox.offer(child, sandbox.commercial(), as: "bob"), as: "carol")
        let recall = try sandbox.recall(original)
        #expect(try sandbox.reasons(license) == [.suspendedByRecall])
        #expect(try reason { try sandbox.buy(offer, as: "dave") } == "inft_not_active")
        // All of a work's licenses are in one list, whichever of its tokens they are on.
        #expect(try sandbox.answers(recall).map(\.derivative) == [child])
        #expect(try sandbox.answers(recall, child).map(\.license) == [license])
        // The clone alone does not take the original with it.
        try sandbox.lift(recall)
        try sandbox.recall(clone)
        #expect(try sandbox.reasons(license) == [.suspendedByRecall])
        #expect(try Tags.recall(on: original, in: sandbox.state) == nil)
    }

    @Test("Owners, regulators in force, and nobody else recall; who recalled lifts")
    func authority() throws {
        let sandbox = try Sandbox()
        let inft = try sandbox.mint("protocol")
        let clone: INFTID = try sandbox.execute(Clone(inft: inft, seal: nil)).madeIdentifier()
        #expect(try reason { try sandbox.recall(inft, as: "bob") } == "may_not_recall")
        sandbox.attest("carol", .regulator, until: sandbox.time.adding(milliseconds: 10 * millisecondsPerDay))
        #expect(try reason { try sandbox.recall(clone, as: "carol") } == "recall_original")
        let regulators = try sandbox.recall(inft, as: "carol")
        #expect(try reason { try sandbox.recall(inft, as: "carol") } == "recalled_already")
        #expect(try reason { try sandbox.lift(regulators) } == "may_not_recall")
        // The owner's own stands beside it, so lifting one leaves the other.
        let owners = try sandbox.recall(inft)
        try sandbox.lift(owners)
        #expect(try Tags.recall(on: clone, in: sandbox.state)?.tag.kind == .recalledByRegulator)
        sandbox.advance(days: 11)
        #expect(try reason { try sandbox.lift(regulators, as: "carol") } == "may_not_recall")
        sandbox.attest("carol", .regulator)
        try sandbox.lift(regulators, as: "carol")
        #expect(try INFTRegistry.requireActive(inft, field: "", in: sandbox.state).status == .active)
    }

    @Test("A retired INFT is retired again once its recall is lifted")
    func retired() throws {
        let sandbox = try Sandbox()
        let inft = try sandbox.mint("protocol")
        try sandbox.execute(Retire(inft: inft))
        let recall = try sandbox.recall(inft)
        #expect(try INFTRegistry.record(inft, in: sandbox.state)?.status == .recalled)
        try sandbox.lift(recall)
        #expect(try INFTRegistry.record(inft, in: sandbox.state)?.status == .retired)
    }

    @Test("Answers are bounded in time and number, and an owner can't use up the room of others")
    func bounds() throws {
        let sandbox = try Sandbox()
        let inft = try sandbox.mint("protocol")
        #expect(try reason { try sandbox.recall(inft, answerWithin: 1_000) } == "answer_time_invalid")
        #expect(
            try reason { try sandbox.recall(inft, answerWithin: 400 * millisecondsPerDay) } == "answer_time_invalid")
        for _ in 0..<INFTsLimits.ownerTags { try sandbox.lift(try sandbox.recall(inft)) }
        #expect(try reason { try sandbox.recall(inft) } == "tags_full")
        sandbox.attest("carol", .regulator)
        try sandbox.recall(inft, as: "carol")
    }

    @Test("The owner puts right what was recalled, and nobody else changes it meanwhile")
    func revision() throws {
        let sandbox = try Sandbox()
        let inft = try sandbox.mint("protocol")
        let recall = try sandbox.recall(inft)
        let content = ContentVersion.open(
            OpenContent(hash: testHash("corrected"), size: 100, mediaType: "application/json", location: nil))
        try sandbox.execute(Revise(inft: inft, content: content))
        try sandbox.lift(recall)
        #expect(try INFTRegistry.requireActive(inft, field: "", in: sandbox.state).versionCount == 2)
    }

    // MARK: Money

    @Test("A payment that is held when the recall comes goes back, and the license ends")
    func heldPaymentsGoBack() throws {
        let sandbox = try Sandbox()
        let (inft, _, license, delivery) = try sandbox.sold()
        let bought = try sandbox.balance("bob")
        let made = try sandbox.deliver(delivery, with: "alice")
        try sandbox.begin(delivery, made, key: "alice")
        try sandbox.complete(delivery, made)
        try sandbox.recall(inft)
        sandbox.advance(milliseconds: Sandbox.hour + 60_000)
        #expect(try sandbox.drain().contains("license.refunded"))
        let price = try sandbox.license(license).price.units
        #expect(price > 0)
        #expect(try sandbox.balance("bob") == bought + price)
        #expect(try sandbox.license(license).ownState(at: sandbox.time) == .refunded)
        #expect(try sandbox.drain().isEmpty)
    }

    @Test("Lifted before the window is over, the payment is distributed as of any sale")
    func liftedInTime() throws {
        let sandbox = try Sandbox()
        let (inft, _, license, delivery) = try sandbox.sold()
        let made = try sandbox.deliver(delivery, with: "alice")
        try sandbox.begin(delivery, made, key: "alice")
        try sandbox.complete(delivery, made)
        try sandbox.lift(try sandbox.recall(inft))
        sandbox.advance(milliseconds: Sandbox.hour + 60_000)
        #expect(try sandbox.drain().contains("license.distributed"))
        #expect(try sandbox.verdict(license).isValid)
    }

    @Test("What is not begun can't be begun any more, and the buyer has the price back at once")
    func pendingDeliveries() throws {
        let sandbox = try Sandbox()
        let before = try sandbox.balance("bob")
        let (inft, _, license, delivery) = try sandbox.sold()
        let made = try sandbox.deliver(delivery, with: "alice")
        try sandbox.recall(inft)
        #expect(try reason { try sandbox.begin(delivery, made, key: "alice") } == "inft_not_active")
        try sandbox.execute(RefundDelivery(delivery: delivery), as: "bob")
        #expect(try sandbox.balance("bob") == before)
        #expect(try sandbox.license(license).ownState(at: sandbox.time) == .refunded)
    }

    @Test("What was begun is completed, and its price goes back where nothing holds it")
    func begunDeliveries() throws {
        let sandbox = try Sandbox()
        let before = try sandbox.balance("bob")
        let (inft, _, license, delivery) = try sandbox.sold(window: 0)
        let made = try sandbox.deliver(delivery, with: "alice")
        try sandbox.begin(delivery, made, key: "alice")
        try sandbox.recall(inft)
        #expect(try sandbox.complete(delivery, made).contains("license.refunded"))
        #expect(try sandbox.balance("bob") == before)
        #expect(try sandbox.license(license).ownState(at: sandbox.time) == .refunded)
    }

    @Test("A dispute that is dismissed while the INFT is recalled pays nobody for it")
    func disputed() throws {
        let sandbox = try Sandbox()
        try sandbox.enroll(0..<6)
        let license = try sandbox.delivered()
        let before = try sandbox.balance("bob")
        let dispute = try sandbox.drawn(license)
        try sandbox.show(dispute)
        try sandbox.recall(try sandbox.license(license).inft)
        try sandbox.vote(dispute, upholding: 0)
        sandbox.advance(milliseconds: 2 * Sandbox.hour)
        try sandbox.drain()
        let record = try sandbox.dispute(dispute)
        #expect(record.ending?.outcome == .dismissed)
        // The bond is lost, the price is back.
        #expect(try sandbox.balance("bob") == before - record.rounds[0].bond.units + record.amount.units)
    }

    // MARK: Answers

    @Test("Who has not answered is read from the state alone, down to the last descendant")
    func unanswered() throws {
        let family = try Family()
        let sandbox = family.sandbox
        let direct = try sandbox.buy(family.rootOffer, as: "dave")
        let given = try sandbox.buy(family.rootOffer, as: "dave")
        try sandbox.execute(SurrenderLicense(license: given), as: "dave")
        let recall = try sandbox.recall(family.root)
        let top = try sandbox.answers(recall)
        #expect(top.map(\.standing) == [.awaited, .awaited, .notAsked])
        #expect(top.map(\.derivative) == [family.child, nil, nil] && top[1].license == direct)
        #expect(try sandbox.answers(recall, family.child).map(\.derivative) == [family.grandchild])
        #expect(try sandbox.answers(recall, family.grandchild).map(\.license) == [family.license])
        let other = try sandbox.mint("other")
        #expect(try reason { _ = try sandbox.answers(recall, other) } == "recall_unrelated")

        try sandbox.answer(recall, direct, as: "dave")
        try sandbox.answer(recall, direct, .destroyed, as: "dave")
        #expect(try reason { try sandbox.answer(recall, direct, .destroyed, as: "dave") } == "nothing_changed")
        #expect(try reason { try sandbox.answer(recall, direct, as: "bob") } == "not_licensee")
        // For what became a derivative its owner answers.
        #expect(try sandbox.answers(recall, family.child).map(\.party) == [sandbox.party("carol")])
        try sandbox.answer(recall, top[0].license, .neverUsed, as: "bob")
        sandbox.advance(days: 2)
        #expect(try sandbox.answers(recall, family.grandchild).map(\.standing) == [.missing])
        try sandbox.answer(recall, family.license, as: "dave")
        let late = try #require(try sandbox.answers(recall, family.grandchild).first)
        #expect(late.standing == .answered && late.isLate && late.answer == .stopped)
        let first = try sandbox.answers(recall)[1]
        #expect(first.answer == .destroyed && !first.isLate)
    }

    @Test("Answers to a recall that does not reach the license, or was lifted, are refused")
    func foreignAnswers() throws {
        let sandbox = try Sandbox()
        let inft = try sandbox.mint("protocol")
        let license = try sandbox.buy(try sandbox.offer(inft, sandbox.commercial()))
        let other = try sandbox.recall(try sandbox.mint("other"))
        #expect(try reason { try sandbox.answer(other, license, as: "bob") } == "recall_unrelated")
        try sandbox.lift(other)
        #expect(try reason { try sandbox.answer(other, license, as: "bob") } == "recall_lifted")
    }
}
