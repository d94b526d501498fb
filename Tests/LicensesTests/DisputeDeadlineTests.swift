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

/// What follows when somebody does not act in time; appeals; consent.
struct DisputeDeadlineTests {
    /// The two ways in which a deadline's consequence comes about.
    private func end(_ id: DisputeID, due: Bool, _ sandbox: Sandbox) throws {
        if due {
            try sandbox.expire(id)
        } else {
            let stage = try sandbox.dispute(id).stage
            #expect(try reason { try sandbox.execute(AdvanceDispute(dispute: id), as: "dave") } == "dispute_stage")
            sandbox.advance(milliseconds: DisputeLimits.milliseconds(of: stage, on: .test))
            try sandbox.execute(AdvanceDispute(dispute: id), as: "dave")
        }
    }

    @Test("Not answered in time, and not appealed: upheld", arguments: [true, false])
    func notAnswered(due: Bool) throws {
        let sandbox = try Sandbox()
        try sandbox.enroll(0..<5)
        let id = try sandbox.raise(sandbox.delivered())
        try end(id, due: due, sandbox)
        #expect(try sandbox.dispute(id).stage == .appeal && sandbox.dispute(id).round.finding?.outcome == .upheld)
        #expect(try sandbox.balance("bob") == 999_400)
        #expect(try sandbox.dispute(id).duties.map(\.party) == [sandbox.party("alice")])
        #expect(try reason { try sandbox.appeal(id, as: "bob") } == "not_side")
        try end(id, due: due, sandbox)
        #expect(try sandbox.dispute(id).ending?.outcome == .upheld)
        #expect(try sandbox.dispute(id).ending?.cause == .notAnswered)
        #expect(try sandbox.balance("bob") == 1_000_000)
        #expect(try reason { try sandbox.respond(id) } == "dispute_stage")
        #expect(try reason { try sandbox.appeal(id, as: "alice") } == "dispute_stage")
        #expect(try reason { try sandbox.execute(AdvanceDispute(dispute: id), as: "dave") } == "dispute_stage")
        #expect(try sandbox.isConserved())
    }

    @Test("A deadline counts by block time alone, whether or not due work came by")
    func late() throws {
        let sandbox = try Sandbox()
        try sandbox.enroll(0..<5)
        let id = try sandbox.raise(sandbox.delivered())
        sandbox.advance(milliseconds: 600_000)
        #expect(try reason { try sandbox.respond(id) } == "dispute_late")
    }

    @Test("Who keeps its nonce to itself loses; if both do, nobody decided", arguments: ["bob", "alice", "nobody"])
    func nonces(revealing: String) throws {
        let sandbox = try Sandbox()
        try sandbox.enroll(0..<5)
        let id = try sandbox.raise(sandbox.delivered())
        try sandbox.respond(id)
        if revealing != "nobody" { try sandbox.reveal(id, as: revealing) }
        try sandbox.expire(id)
        let ending = try #require(try sandbox.dispute(id).ending)
        #expect(ending.cause == .nonceWithheld)
        switch revealing {
        case "bob":
            #expect(ending.outcome == .upheld)
            #expect(try sandbox.balance("bob") == 1_000_000 && sandbox.balance("alice") == 1_000_000)
        case "alice":
            #expect(ending.outcome == .dismissed)
            #expect(try sandbox.balance("bob") == 999_400 && sandbox.balance("alice") == 1_000_100)
            #expect(try sandbox.vaultTotal(id) == 500)
        default:
            #expect(ending.outcome == .undecided)
            #expect(try sandbox.balance("bob") == 999_500 && sandbox.balance("alice") == 1_000_000)
            #expect(try sandbox.vaultTotal(id) == 500)
        }
        #expect(try sandbox.isConserved())
    }

    @Test("Who does not accept is replaced, and so is who declines; in the end nobody decided, and the sale stands")
    func replaced() throws {
        let sandbox = try Sandbox()
        try sandbox.enroll(0..<12)
        let license = try sandbox.delivered()
        let id = try sandbox.drawn(license)
        let first = try sandbox.seats(.drawn, id)
        try sandbox.accept(id, as: first[0])
        try sandbox.execute(DeclineDispute(dispute: id), as: first[1])
        #expect(try reason { try sandbox.accept(id, as: first[1]) } == "dispute_stage")
        #expect(try sandbox.seats(.drawn, id).count == 2 && sandbox.seats(.declined, id) == [first[1]])
        try sandbox.expire(id)
        #expect(try sandbox.seats(.absent, id).count == 2)
        #expect(try Arbiters.record(testAddress(first[2]), in: sandbox.state)?.absences == 1)
        #expect(try Arbiters.record(testAddress(first[1]), in: sandbox.state)?.absences == 0)
        let second = try sandbox.seats(.drawn, id)
        #expect(second.count == 2 && Set(second).isDisjoint(with: first))
        try sandbox.expire(id)
        #expect(try sandbox.seats(.drawn, id).count == 2 && sandbox.dispute(id).round.seats.count == 8)
        // Nine seats are the most for a panel of three.
        try sandbox.expire(id)
        let dispute = try sandbox.dispute(id)
        #expect(dispute.ending?.outcome == .undecided && dispute.ending?.cause == .noPanel)
        #expect(try sandbox.balance("bob") == 999_500 && sandbox.vaultTotal(id) == 500)
        #expect(try sandbox.verdict(license).isValid)
        // The one who accepted is shown nothing any more.
        let show = try #require(dispute.round.seats.first { $0.state == .accepted }?.show)
        #expect(try sandbox.delivery(show).ending?.outcome == .canceled)
        #expect(try reason { try sandbox.beginShow(id, to: first[0]) } == "delivery_ended")
        #expect(try sandbox.isConserved())
    }

    @Test("A pool that runs out of arbiters while a panel is filled ends the dispute undecided")
    func exhausted() throws {
        let sandbox = try Sandbox()
        try sandbox.enroll(0..<3)
        let id = try sandbox.drawn(sandbox.delivered())
        try sandbox.execute(DeclineDispute(dispute: id), as: try sandbox.seats(.drawn, id)[0])
        #expect(try sandbox.dispute(id).ending?.cause == .noPanel)
        #expect(try sandbox.totals().bonds == .zero && sandbox.totals().held == .zero)
    }

    @Test("A claimant who does not show the key to the whole panel loses", arguments: [0, 1, 2])
    func notShown(shown: Int) throws {
        let sandbox = try Sandbox()
        try sandbox.enroll(0..<5)
        let id = try sandbox.drawn(sandbox.delivered())
        let panel = try sandbox.seats(.drawn, id)
        for name in panel { try sandbox.accept(id, as: name) }
        for name in panel.prefix(shown) {
            try sandbox.beginShow(id, to: name)
            try sandbox.completeShow(id, to: name)
        }
        try sandbox.expire(id)
        #expect(try sandbox.dispute(id).ending?.outcome == .dismissed)
        #expect(try sandbox.dispute(id).ending?.cause == .notShown)
        #expect(try sandbox.balance("bob") == 999_400 && sandbox.balance("alice") == 1_000_100)
        let shows = try sandbox.dispute(id).round.seats.compactMap(\.show).map { try sandbox.delivery($0) }
        #expect(shows.count == 3 && shows.allSatisfy { $0.ending != nil })
        #expect(try reason { try sandbox.beginShow(id, to: panel[2]) } == "delivery_ended")
    }

    @Test("What was begun in time may be completed within the hour and the hundred blocks, not after")
    func begunInTime() throws {
        for isCompleted in [true, false] {
            let sandbox = try Sandbox()
            try sandbox.enroll(0..<5)
            let id = try sandbox.drawn(sandbox.delivered())
            let panel = try sandbox.seats(.drawn, id)
            for name in panel { try sandbox.accept(id, as: name) }
            for name in panel { try sandbox.beginShow(id, to: name) }
            try sandbox.completeShow(id, to: panel[0])
            try sandbox.expire(id)
            #expect(try sandbox.dispute(id).stage == .showing)
            #expect(try reason { try sandbox.execute(AdvanceDispute(dispute: id), as: "dave") } == "dispute_stage")
            if isCompleted {
                try sandbox.completeShow(id, to: panel[1])
                try sandbox.completeShow(id, to: panel[2])
                #expect(try sandbox.dispute(id).stage == .voting)
            } else {
                sandbox.advance(milliseconds: Sandbox.hour)
                try sandbox.drain()
                #expect(try sandbox.dispute(id).stage == .showing)
                sandbox.advance(blocks: 100)
                sandbox.advance(milliseconds: 120_000)
                try sandbox.drain()
                #expect(try sandbox.dispute(id).ending?.cause == .notShown)
            }
        }
    }

    @Test("Arbiters who don't commit, or don't reveal, are absent; two of three decide, one alone does not")
    func absent() throws {
        let sandbox = try Sandbox()
        try sandbox.enroll(0..<5)
        let id = try sandbox.drawn(sandbox.delivered())
        try sandbox.show(id)
        let panel = try sandbox.seats(.shown, id)
        try sandbox.commit(.uphold, id, as: panel[0])
        try sandbox.commit(.uphold, id, as: panel[1])
        try sandbox.expire(id)
        #expect(try sandbox.dispute(id).stage == .revealing && sandbox.seats(.absent, id) == [panel[2]])
        try sandbox.revealVote(.uphold, id, as: panel[0])
        try sandbox.revealVote(.uphold, id, as: panel[1])
        #expect(try sandbox.dispute(id).round.finding?.outcome == .upheld)

        let other = try Sandbox()
        try other.enroll(0..<5)
        let second = try other.drawn(other.delivered())
        try other.show(second)
        try other.commit(.uphold, second, as: try other.seats(.shown, second)[0])
        try other.expire(second)
        #expect(try other.dispute(second).round.finding?.cause == .noMajority)
        #expect(try other.seats(.absent, second).count == 2)
    }

    // MARK: Appeals

    @Test("Who lost appeals once, with twice the bond; five others decide for good")
    func appeal() throws {
        let sandbox = try Sandbox()
        try sandbox.enroll(0..<7)
        let license = try sandbox.delivered()
        let id = try sandbox.drawn(license)
        let first = try sandbox.seats(.drawn, id)
        try sandbox.show(id)
        try sandbox.vote(id, upholding: 3)
        #expect(try reason { try sandbox.appeal(id, as: "bob") } == "not_side")
        #expect(try reason { try sandbox.appeal(id, as: "carol") } == "not_side")
        // Four others are no panel of five.
        #expect(try reason { try sandbox.appeal(id, as: "alice") } == "no_panel_possible")
        try sandbox.enroll(7..<8)
        try sandbox.appeal(id, as: "alice")
        #expect(try sandbox.balance("alice") == 999_800 && sandbox.totals().bonds == Amount(300))
        #expect(try sandbox.dispute(id).duties.map(\.party) == [sandbox.party("bob")])
        try sandbox.respond(id, as: "bob", round: 1)
        try sandbox.reveal(id, as: "bob", round: 1)
        try sandbox.reveal(id, as: "alice", round: 1)
        let second = try sandbox.seats(.drawn, id)
        #expect(second.count == 5 && Set(second).isDisjoint(with: first))
        try sandbox.show(id)
        try sandbox.vote(id, upholding: 2)
        // Final: nothing waits for an appeal, and all the money moves at once.
        let dispute = try sandbox.dispute(id)
        #expect(dispute.stage == .ended && dispute.ending?.outcome == .dismissed)
        #expect(try sandbox.balance("alice") == 1_000_100 && sandbox.balance("bob") == 999_400)
        #expect(try sandbox.vaultTotal(id) == 500 && sandbox.totals().bonds == .zero)
        #expect(try sandbox.verdict(license).isValid)
        #expect(try sandbox.isConserved())
    }

    @Test("An appeal that fails costs both bonds; one that nobody decides leaves the first verdict and goes back")
    func failedAppeals() throws {
        let sandbox = try Sandbox()
        try sandbox.enroll(0..<9)
        let id = try sandbox.drawn(sandbox.delivered())
        try sandbox.show(id)
        try sandbox.vote(id, upholding: 0)
        try sandbox.appeal(id, as: "bob")
        try sandbox.respond(id, round: 1)
        try sandbox.reveal(id, as: "alice", round: 1)
        // The appellant keeps its nonce to itself.
        try sandbox.expire(id)
        #expect(try sandbox.dispute(id).ending?.outcome == .dismissed)
        #expect(try sandbox.balance("bob") == 999_500 - 300 && sandbox.balance("alice") == 1_000_300)

        let other = try Sandbox()
        try other.enroll(0..<8)
        let second = try other.drawn(other.delivered())
        try other.show(second)
        try other.vote(second, upholding: 3)
        try other.appeal(second, as: "alice")
        try other.respond(second, as: "bob", round: 1)
        try other.reveal(second, as: "alice", round: 1)
        try other.reveal(second, as: "bob", round: 1)
        try other.execute(DeclineDispute(dispute: second), as: try other.seats(.drawn, second)[0])
        #expect(try other.dispute(second).round.finding?.cause == .noPanel)
        #expect(try other.dispute(second).ending?.outcome == .upheld)
        #expect(try other.dispute(second).ending?.cause == .majority)
        #expect(try other.balance("bob") == 1_000_000 && other.balance("alice") == 1_000_000)
        #expect(try other.isConserved())
    }

    @Test("Who overlooked a dispute is heard on appeal, once, with twice the bond")
    func appealOfNotAnswered() throws {
        let sandbox = try Sandbox()
        try sandbox.enroll(0..<5)
        let license = try sandbox.delivered()
        let id = try sandbox.raise(license)
        try sandbox.expire(id)
        try sandbox.appeal(id, as: "alice")
        #expect(try sandbox.balance("alice") == 999_800)
        try sandbox.respond(id, as: "bob", round: 1)
        try sandbox.reveal(id, as: "bob", round: 1)
        try sandbox.reveal(id, as: "alice", round: 1)
        try sandbox.show(id)
        try sandbox.vote(id, upholding: 1)
        #expect(try sandbox.dispute(id).ending?.outcome == .dismissed)
        #expect(try sandbox.balance("alice") == 1_000_100 && sandbox.balance("bob") == 999_400)
        #expect(try sandbox.verdict(license).isValid && sandbox.vaultTotal(id) == 500 && sandbox.isConserved())
        // Not answered again, it is over.
        let other = try Sandbox()
        try other.enroll(0..<5)
        let second = try other.raise(other.delivered())
        try other.expire(second)
        try other.appeal(second, as: "alice")
        try other.expire(second)
        #expect(try other.dispute(second).ending?.outcome == .dismissed)
        #expect(try other.dispute(second).ending?.cause == .notAnswered)
    }

    @Test("Who is not there to answer an appeal loses it")
    func unansweredAppeal() throws {
        let sandbox = try Sandbox()
        try sandbox.enroll(0..<8)
        let id = try sandbox.drawn(sandbox.delivered())
        try sandbox.show(id)
        try sandbox.vote(id, upholding: 3)
        try sandbox.appeal(id, as: "alice")
        try sandbox.expire(id)
        #expect(try sandbox.dispute(id).ending?.outcome == .dismissed)
        #expect(try sandbox.balance("alice") == 1_000_100 && sandbox.vaultTotal(id) == 500)
    }

    // MARK: Consent

    /// The patient permits what a sealed sale for research needs, and lets arbiters look.
    private func consented(_ sandbox: Sandbox, arbiters: Bool) throws -> (license: LicenseID, consent: ConsentID) {
        var provisions = [
            Provision(.permit, actions: [.deposit]),
            Provision(
                .permit, actions: [.publish], purposes: [.research],
                dataUse: DataUseTerms(permissions: [.generalResearch])),
            Provision(.permit, actions: [.access], purposes: [.research]),
        ]
        if arbiters {
            provisions.append(
                Provision(
                    .permit, actors: [.holder(.arbiter, jurisdiction: nil)], actions: [.access], purposes: [.legal]))
        }
        let context = try sandbox.execute(
            ConsentGrant(
                scope: .individual, subject: sandbox.party("patient"), custodian: sandbox.party("hospital"),
                policy: ConsentPolicy(provisions: provisions)),
            ConsentCountersign(consent: .operation(0)),
            ConsentSetCreate(custodian: sandbox.party("hospital"), members: [.operation(0)]), as: "patient",
            cosigners: ["hospital"])
        var terms = TermsPreset.researchOnly.terms
        terms.payment.asset = sandbox.asset
        terms.payment.fee = Amount(500)
        let license = try sandbox.delivered(
            terms, consentSet: context.madeIdentifier(), use: StatedUse(purposes: [.research]))
        return (license, context.firstMade())
    }

    @Test("Each showing is a recorded disclosure; without consent nothing is held, so nothing is disputed")
    func disclosures() throws {
        let sandbox = try Sandbox()
        try sandbox.enroll(0..<5)
        let (license, _) = try consented(sandbox, arbiters: true)
        let id = try sandbox.drawn(license)
        let panel = try sandbox.seats(.drawn, id)
        for name in panel { try sandbox.accept(id, as: name) }
        for name in panel {
            #expect(try sandbox.beginShow(id, to: name) == ["consent.disclosed", "dispute.showBegun"])
        }
        let disclosures = sandbox.state.changes.compactMap { change -> DisclosureRecord? in
            guard change.key.header?.domain == .consents, let value = change.value,
                let record = try? DisclosureRecord(decoding: value)
            else { return nil }
            return record
        }.filter { $0.occasion == .dispute }
        #expect(Set(disclosures.map(\.recipient)) == Set(panel.map { sandbox.party($0) }))
        #expect(disclosures.allSatisfy { $0.requests.map(\.purposes) == [[.legal]] })

        let other = try Sandbox()
        try other.enroll(0..<5)
        let (unheld, _) = try consented(other, arbiters: false)
        let refused = try rejection { try other.raise(unheld) }
        #expect(refused?.reason == "not_disputable" && refused?.message.contains("consent") == true)
        #expect(try other.delivery(of: unheld).payment?.settledAt != nil)
    }

    @Test("A consent that is withdrawn keeps the content from the panel: nobody decided, and the claimant did not fail")
    func withdrawn() throws {
        let sandbox = try Sandbox()
        try sandbox.enroll(0..<5)
        let (license, consent) = try consented(sandbox, arbiters: true)
        let id = try sandbox.drawn(license)
        for name in try sandbox.seats(.drawn, id) { try sandbox.accept(id, as: name) }
        try sandbox.execute(ConsentWithdraw(consents: [consent]), as: "patient")
        let panel = try sandbox.seats(.accepted, id)
        #expect(try reason { try sandbox.beginShow(id, to: panel[0]) } == "release_denied")
        try sandbox.expire(id)
        #expect(try sandbox.dispute(id).ending?.cause == .consentChanged)
        // Nobody gains by keeping the content from the panel.
        #expect(try sandbox.balance("bob") == 1_000_000 && sandbox.vaultTotal(id) == 0)
        #expect(try sandbox.isConserved())
    }

    @Test("A seller who erases what is disputed is not paid for it")
    func erased() throws {
        let sandbox = try Sandbox()
        try sandbox.enroll(0..<3)
        let id = try sandbox.drawn(try sandbox.delivered())
        let inft = try sandbox.dispute(id).inft
        try sandbox.execute(
            Erase(inft: inft, version: 1, sealingKey: sealingSecret("alice").key, consents: []))
        let seat = try sandbox.seats(.drawn, id)[0]
        #expect(try reason { try sandbox.accept(id, as: seat) } == "content_erased")
        for _ in 0..<4 where try sandbox.dispute(id).ending == nil { try sandbox.expire(id) }
        #expect(try sandbox.dispute(id).ending?.outcome == .undecided)
        #expect(try sandbox.balance("bob") == 1_000_000 && sandbox.vaultTotal(id) == 0)
        #expect(try sandbox.isConserved())
    }
}
