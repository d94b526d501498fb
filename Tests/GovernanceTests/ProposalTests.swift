import Encoding
import Governance
import Primitives
import TestSupport
import Testing
import Votes

/// Who may propose and vote, what is refused, and when a proposal is decided.
struct ProposalTests {
    static let longerEpoch = GovernanceChange.parameters([ParameterChange(.epochLength, 20)])

    @Test("Only an institution that runs a validator proposes and votes, and only by its own members")
    func authority() throws {
        let world = try World(["one", "two"])
        #expect(try reason { try world.propose(Self.longerEpoch, by: "three") } == "no_validator")
        #expect(try reason { try world.propose(Self.longerEpoch, by: "three", as: "one") } == "threshold_not_met")
        let proposal = try world.propose(Self.longerEpoch, by: "one")
        #expect(try reason { try world.vote(on: proposal, by: "three") } == "no_validator")
        #expect(try reason { try world.vote(on: proposal, by: "three", as: "two") } == "threshold_not_met")
        #expect(try world.view(proposal).yes == 0, "proposing is not voting")
    }

    @Test("A deadline lies a minute to thirty days ahead, bounds included")
    func deadlines() throws {
        let world = try World(["one"])
        let month: UInt64 = 30 * millisecondsPerDay
        for duration in [0, 59_999, month + 1, .max] {
            #expect(try reason { try world.propose(Self.longerEpoch, by: "one", for: duration) } == "deadline_invalid")
        }
        for duration in [60_000, month] { try world.propose(Self.longerEpoch, by: "one", for: duration) }
    }

    @Test("n − f yes accept at once, for every number of validators up to six")
    func acceptance() throws {
        for (count, quorum) in [(1, 1), (2, 2), (3, 3), (4, 3), (5, 4), (6, 5)] {
            let names = Array(World.names.prefix(count))
            let world = try World(names)
            let proposal = try world.propose(Self.longerEpoch, by: "one")
            #expect(try world.view(proposal).needed == UInt64(quorum))
            for (index, name) in names.prefix(quorum).enumerated() {
                #expect(try world.record(proposal).state == .open)
                let events = try world.vote(on: proposal, by: name)
                #expect(events.map(\.name).contains("governance.accepted") == (index + 1 == quorum))
            }
            let view = try world.view(proposal)
            #expect(view.proposal.state == .accepted && view.yes == UInt64(quorum) && view.needed == nil)
            #expect(view.proposal.decidedAt == world.time)
            #expect(try world.overview().queued.map(\.proposal) == [proposal] && world.overview().open.isEmpty)
        }
    }

    @Test("Rejected at once when no quorum is left; f no are not enough")
    func rejected() throws {
        for (count, blocking) in [(1, 1), (3, 1), (4, 2), (6, 2)] {
            let names = Array(World.names.prefix(count))
            let world = try World(names)
            let proposal = try world.propose(Self.longerEpoch, by: "one")
            for (index, name) in names.prefix(blocking).enumerated() {
                #expect(try world.record(proposal).state == .open, "\(count)")
                let events = try world.vote(false, on: proposal, by: name)
                #expect(events.map(\.name).contains("governance.rejected") == (index + 1 == blocking))
            }
            #expect(try world.record(proposal).state == .rejected && world.overview().open.isEmpty)
            try world.endEpoch()
            #expect(try Parameters.current(in: world.state) == World.parameters)
        }
    }

    @Test("A vote can be changed until the decision, not repeated, and not cast after it")
    func changes() throws {
        let world = try World(["one", "two", "three", "four"])
        let proposal = try world.propose(Self.longerEpoch, by: "one")
        try world.vote(false, on: proposal, by: "one")
        #expect(try reason { try world.vote(false, on: proposal, by: "one") } == "already_voted")
        try world.vote(true, on: proposal, by: "one")
        #expect(try world.view(proposal).yes == 1 && world.view(proposal).no == 0)
        try world.vote(on: proposal, by: "two")
        try world.vote(on: proposal, by: "three")
        #expect(try reason { try world.vote(on: proposal, by: "four") } == "proposal_decided")
        let unknown: ProposalID = testIdentifier("nothing")
        #expect(try reason { try world.vote(on: unknown, by: "four") } == "unknown_proposal")
    }

    @Test("At its deadline a proposal expires by itself, and votes are refused from that moment on")
    func expiry() throws {
        let world = try World(["one", "two", "three", "four"])
        let proposal = try world.propose(Self.longerEpoch, by: "one", for: 90_000)
        try world.vote(on: proposal, by: "one")
        #expect(try world.endBlock(after: 89_999).isEmpty)
        try world.vote(false, on: proposal, by: "one")
        try world.vote(true, on: proposal, by: "one")
        #expect(try world.endBlock(after: 1).isEmpty)
        #expect(try reason { try world.vote(on: proposal, by: "two") } == "voting_over")
        let events = try world.endBlock(after: 60_000)
        #expect(events.map(\.name) == ["governance.expired"])
        #expect(try world.record(proposal).state == .expired && world.view(proposal).yes == 1)
        #expect(try reason { try world.vote(on: proposal, by: "two") } == "proposal_decided")
    }

    @Test("The deadline of a decided proposal changes nothing")
    func lateDeadline() throws {
        let world = try World(["one"])
        let proposal = try world.propose(Self.longerEpoch, by: "one", for: 60_000)
        try world.vote(on: proposal, by: "one")
        #expect(try world.endBlock(after: 300_000).isEmpty)
        #expect(try world.record(proposal).state == .accepted)
    }

    @Test("Six proposals of an institution are pending at most, accepted ones among them, 256 in all")
    func pending() throws {
        let world = try World(["one", "two"])
        for _ in 0..<GovernanceLimits.pendingProposalsPerInstitution { try world.propose(Self.longerEpoch, by: "one") }
        let refusal = try rejection { try world.propose(Self.longerEpoch, by: "one") }
        #expect(refusal?.reason == "too_many_proposals" && refusal?.retryable == true)
        let first = try world.overview().open[0]
        try world.vote(on: first, by: "one")
        try world.vote(on: first, by: "two")
        let other = GovernanceChange.parameters([ParameterChange(.blockWeight, 20_000)])
        #expect(try reason { try world.propose(other, by: "one") } == "too_many_proposals")
        try world.propose(other, by: "two")
        try world.endEpoch()
        try world.propose(other, by: "one")
        // A third of a hundred validators can't keep the others from proposing.
        #expect(33 * GovernanceLimits.pendingProposalsPerInstitution < GovernanceLimits.pendingProposals)
    }

    @Test("A request proves that its maker holds both keys, on this network")
    func proofs() throws {
        let world = try World(["one"])
        let request = world.request("two")
        #expect(request.isProven)
        func refused(_ request: EnrollmentRequest) throws -> String? {
            try reason { try world.propose(.enroll(request), by: "one") }
        }
        func changed(
            name: String? = nil, institution: Party? = nil, key: Address? = nil, transportKey: TransportKey? = nil,
            proof: EnrollmentProof? = nil
        ) -> EnrollmentRequest {
            EnrollmentRequest(
                network: request.network, name: name ?? request.name, institution: institution ?? request.institution,
                key: key ?? request.key, transportKey: transportKey ?? request.transportKey,
                proof: proof ?? request.proof)
        }
        let other = world.request("three")
        #expect(try refused(changed(name: "other")) == "proof_invalid")
        #expect(try refused(changed(institution: other.institution)) == "proof_invalid")
        #expect(try refused(changed(key: other.key)) == "proof_invalid")
        #expect(try refused(changed(transportKey: other.transportKey)) == "proof_invalid")
        let swapped = EnrollmentProof(key: request.proof.transportKey, transportKey: request.proof.key)
        #expect(try refused(changed(proof: swapped)) == "proof_invalid")
        let half = EnrollmentProof(key: request.proof.key, transportKey: other.proof.transportKey)
        #expect(try refused(changed(proof: half)) == "proof_invalid")
        #expect(try refused(world.request("two", network: testHash("elsewhere"))) == "foreign_request")
        #expect(try refused(world.request("two", transportKey: "two")) == "keys_equal")
        #expect(try refused(world.request("")) == "name_invalid")
        #expect(try refused(world.request("a\nb")) == "name_invalid")
        #expect(try refused(request) == nil)
    }

    @Test("Each conflict of a change with the set is refused by its name when it is proposed")
    func conflicts() throws {
        let world = try World(["one", "two"])
        func refused(_ change: GovernanceChange) throws -> String? {
            try reason { try world.propose(change, by: "one") }
        }
        #expect(try refused(.enroll(world.request("stranger"))) == "institution_not_enrolled")
        #expect(try refused(.enroll(world.request("x", institution: "one"))) == "institution_taken")
        #expect(try refused(.enroll(world.request("one", institution: "three", key: "three"))) == "name_taken")
        #expect(try refused(.enroll(world.request("three", key: "two"))) == "key_used")
        #expect(try refused(.enroll(world.request("three", transportKey: "two transport"))) == "transport_key_taken")
        #expect(try refused(.remove(World.institution("three"))) == "validator_unknown")
        #expect(try refused(.rotate(world.request("three"))) == "validator_unknown")
        #expect(try refused(.rotate(world.request("other", institution: "one", key: "new"))) == "validator_unknown")
        #expect(try refused(.rotate(world.request("one"))) == "nothing_changed")
        #expect(try refused(.rotate(world.request("one", key: "two"))) == "key_used")
        #expect(try refused(.rotate(world.request("one", transportKey: "two transport"))) == "transport_key_taken")
        #expect(try refused(.parameters([ParameterChange(.epochLength, 10)])) == "nothing_changed")
        #expect(try refused(.parameters([ParameterChange(.epochLength, 9)])) == "parameter_out_of_bounds")
        #expect(try refused(.parameters([ParameterChange(.blockWeight, .max)])) == "parameter_out_of_bounds")
    }

    @Test("A change is tried upon what is accepted already")
    func upcoming() throws {
        let world = try World(["one"])
        func accept(_ change: GovernanceChange) throws {
            try world.vote(on: try world.propose(change, by: "one"), by: "one")
        }
        #expect(try reason { try world.propose(.remove(World.institution("one")), by: "one") } == "last_validator")
        try accept(.enroll(world.request("two")))
        #expect(try reason { try world.propose(.enroll(world.request("two")), by: "one") } == "institution_taken")
        #expect(
            try reason { try world.propose(.enroll(world.request("three", key: "two")), by: "one") } == "key_used")
        try accept(.remove(World.institution("one")))
        #expect(try reason { try world.propose(.remove(World.institution("two")), by: "one") } == "last_validator")
        try world.endEpoch()
        #expect(try world.validators == ["two"])
    }

    @Test("Proposals are listed newest first, by state, page by page")
    func lists() throws {
        let world = try World(["one"])
        var made: [ProposalID] = []
        for _ in 0..<5 {
            made.append(try world.propose(Self.longerEpoch, by: "one"))
            try world.endBlock()
        }
        try world.vote(false, on: made[1], by: "one")
        #expect(try world.list().items.map(\.proposal.id) == made.reversed())
        #expect(try world.list(.rejected).items.map(\.proposal.id) == [made[1]])
        #expect(try world.list(.open).items.map(\.proposal.id) == [made[4], made[3], made[2], made[0]])
        let (first, next) = try world.list(limit: 3)
        let (rest, end) = try world.list(after: next, limit: 3)
        #expect((first + rest).map(\.proposal.id) == made.reversed() && end == nil)
        #expect(try world.list(.superseded).items.isEmpty)
    }
}
