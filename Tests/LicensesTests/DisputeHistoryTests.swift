import INFTs
import Licenses
import Primitives
import Revenue
import StateModel
import TestSupport
import Testing

/// Random histories of disputes: whoever does what, or nothing, every unit stays where it is counted, and every dispute
/// comes to its end.
struct DisputeHistoryTests {
    struct Outcome {
        var endings: Set<String> = []
        var appeals = 0
    }

    /// One dispute, whose participants act, act wrongly or sleep as the seed has it.
    static func play(seed: UInt64, _ outcome: inout Outcome) throws {
        var random = SeededRandom(seed: seed)
        func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }
        let diligence = [60, 92, 97, 100].randomElement(using: &random) ?? 100
        let sandbox = try Sandbox()
        try sandbox.enroll(0..<Int.random(in: 3...14, using: &random))
        let price = UInt64.random(in: 1...9_999, using: &random)
        let license = try sandbox.delivered(
            TermsPreset.commercial.terms(asset: sandbox.asset, fee: Amount(price)))
        let id = try sandbox.raise(license)
        var isVoting: [String: DisputeVote] = [:]
        var steps = 0
        while try sandbox.dispute(id).ending == nil {
            steps += 1
            guard steps < 400 else { throw StateFailure("the dispute of seed \(seed) does not end") }
            let dispute = try sandbox.dispute(id)
            let round = dispute.rounds.count - 1
            var acted = false
            for duty in dispute.duties where chance(diligence) {
                guard case .account(let account) = duty.party else { continue }
                let side = duty.party == dispute.claimant ? "bob" : "alice"
                let name = sandbox.name(account)
                switch duty.act {
                case "dispute.respond": try sandbox.respond(id, as: side, round: round)
                case "dispute.revealNonce": try sandbox.reveal(id, as: side, round: round)
                case "dispute.accept":
                    // The panel may have changed since the duties were read.
                    guard try sandbox.seats(.drawn, id).contains(name) else { continue }
                    if chance(10) {
                        try sandbox.execute(DeclineDispute(dispute: id), as: name)
                    } else {
                        try sandbox.accept(id, as: name)
                    }
                case "dispute.beginShow":
                    for name in try sandbox.seats(.accepted, id) where chance(diligence) {
                        let (show, _) = try sandbox.showing(id, to: name)
                        if try sandbox.delivery(show).begun == nil { try sandbox.beginShow(id, to: name) }
                        if chance(diligence) { try sandbox.completeShow(id, to: name) }
                    }
                case "dispute.commitVote":
                    let vote: DisputeVote = chance(50) ? .uphold : .dismiss
                    isVoting[name] = vote
                    try sandbox.commit(vote, id, as: name)
                case "dispute.revealVote": try sandbox.revealVote(isVoting[name] ?? .uphold, id, as: name)
                case "dispute.appeal":
                    guard chance(60) else { continue }
                    let refusal = try reason { try sandbox.appeal(id, as: side) }
                    guard refusal == nil || refusal == "no_panel_possible" else {
                        throw StateFailure("an appeal was refused: \(refusal ?? "")")
                    }
                    outcome.appeals += refusal == nil ? 1 : 0
                default: throw StateFailure("nobody knows \(duty.act)")
                }
                acted = true
                guard try sandbox.dispute(id).stage == dispute.stage else { break }
            }
            if !acted || chance(20) {
                sandbox.advance(blocks: 60)
                try sandbox.expire(id)
            }
            guard try sandbox.isConserved() else { throw StateFailure("units were made or lost by seed \(seed)") }
        }
        try check(id, price: price, in: sandbox, seed: seed)
        let ending = try sandbox.dispute(id).ending
        outcome.endings.insert("\(ending?.outcome.name ?? "") \(ending?.cause.name ?? "")")
    }

    /// At the end nothing is set aside, and each side has what the rules give it.
    private static func check(_ id: DisputeID, price: UInt64, in sandbox: Sandbox, seed: UInt64) throws {
        let dispute = try sandbox.dispute(id)
        let totals = try sandbox.totals()
        var bob = Int(1_000_000 - price)
        var alice = 1_000_000
        if dispute.ending?.outcome == .upheld { bob += Int(price) }
        for (index, round) in dispute.rounds.enumerated() {
            let bond = Int(round.bond.units)
            let isUndecided =
                dispute.ending?.outcome == .undecided || (index == 1 && round.finding?.outcome == .undecided)
            let winner: DisputeSide = dispute.ending?.outcome == .upheld ? .claimant : .respondent
            if isUndecided || winner == round.opener { continue }
            bob += round.opener == .claimant ? -bond : bond
            alice += round.opener == .claimant ? bond : -bond
        }
        let vault = try sandbox.vaultTotal(id)
        guard totals.bonds == .zero, totals.held == .zero, totals.escrows == .zero,
            try Int(sandbox.balance("bob")) == bob, try Int(sandbox.balance("alice")) == alice,
            vault == (dispute.ending?.outcome == .upheld ? 0 : price)
        else { throw StateFailure("seed \(seed) ends with the money elsewhere: \(dispute)") }
        let shows = try dispute.rounds.flatMap(\.seats).compactMap(\.show).map { try sandbox.delivery($0) }
        guard shows.allSatisfy({ $0.ending != nil }) else { throw StateFailure("seed \(seed) leaves a delivery open") }
    }

    @Test("In 300 random disputes no unit is made or lost, all of them end, and every way of ending is seen")
    func conservation() throws {
        var outcome = Outcome()
        for seed in 0..<300 { try Self.play(seed: UInt64(seed), &outcome) }
        for expected in [
            "upheld majority", "dismissed majority", "upheld notAnswered", "upheld nonceWithheld",
            "dismissed nonceWithheld", "undecided nonceWithheld", "dismissed notShown", "undecided noPanel",
            "undecided noMajority",
        ] {
            #expect(outcome.endings.contains(expected), "\(outcome.endings.sorted())")
        }
        #expect(outcome.appeals > 10)
    }
}
