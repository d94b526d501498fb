import Consents
import Cryptography
import Encoding
import FoundationEssentials
import Governance
import Identities
import Primitives
import StateModel
import TestSupport
import Testing
import Votes

/// What happens at an epoch's end, and that nothing happens before.
struct EpochTests {
    private func accept(_ change: GovernanceChange, by voters: [String] = ["one"], in world: World) throws -> ProposalID
    {
        let proposal = try world.propose(change, by: voters[0])
        for voter in voters { try world.vote(on: proposal, by: voter) }
        #expect(try world.record(proposal).state == .accepted)
        return proposal
    }

    @Test("Epochs follow each other without a gap, each as long as the parameters then said")
    func spans() throws {
        let world = try World(["one"])
        _ = try accept(.parameters([ParameterChange(.epochLength, 15)]), in: world)
        var spans: [ClosedRange<UInt64>] = []
        for number in 0..<4 {
            let epoch = try Epochs.current(in: world.state)
            #expect(epoch.number.value == UInt64(number) && epoch.firstHeight == world.height)
            spans.append(epoch.firstHeight.value...epoch.lastHeight.value)
            if number == 1 { _ = try accept(.parameters([ParameterChange(.epochLength, 10)]), in: world) }
            try world.endEpoch()
        }
        #expect(spans == [1...10, 11...25, 26...35, 36...45])
    }

    @Test("The ontology is set at the epoch's end, once; a root without edges does not fit")
    func ontology() throws {
        let world = try World(["one"])
        let change = GovernanceChange.ontology(root: testHash("edges"), count: 3)
        #expect(
            try reason { _ = try world.propose(.ontology(root: testHash("edges"), count: 0), by: "one") }
                == "parameter_out_of_bounds")
        _ = try accept(change, in: world)
        #expect(try Ontology.current(in: world.state) == nil)
        #expect(try reason { _ = try world.propose(change, by: "one") } == "nothing_changed")
        try world.endEpoch()
        let root = try #require(try Ontology.current(in: world.state))
        #expect(root.root == testHash("edges") && root.count == 3 && root.since < world.time)
        try world.endEpoch()
        #expect(try Ontology.current(in: world.state) == root)
    }

    @Test("Accepted changes take effect at the epoch's end, in the order of their acceptance, and not before")
    func changes() throws {
        let world = try World(["one"])
        let enroll = try accept(.enroll(world.request("two")), in: world)
        let weight = try accept(.parameters([ParameterChange(.blockWeight, 30_000)]), in: world)
        let delta = try accept(.parameters([ParameterChange(.deltaMilliseconds, 50)]), in: world)
        while try Epochs.current(in: world.state).lastHeight > world.height {
            #expect(try world.endBlock().isEmpty && world.validators == ["one"])
            #expect(try Parameters.current(in: world.state) == World.parameters)
        }
        let events = try world.endBlock()
        #expect(events.map(\.name) == ["governance.parametersChanged", "governance.validatorSetChanged"])
        #expect(try world.validators == ["one", "two"])
        let parameters = try Parameters.current(in: world.state)
        #expect(parameters.blockWeight == 30_000 && parameters.deltaMilliseconds == 50)
        #expect(parameters.epochLength == World.parameters.epochLength)
        for proposal in [enroll, weight, delta] {
            let record = try world.record(proposal)
            #expect(record.state == .applied && record.epoch == Epoch(1) && record.conflict == nil)
        }
        let set = try Validators.currentSet(in: world.state)
        guard case .validatorSetChanged(let fact) = events[1] else {
            Issue.record("no set")
            return
        }
        #expect(fact.epoch == Epoch(1) && fact.validatorSet == set.hash && fact.count == 2)
        #expect(fact.joined == [World.institution("two")] && fact.left.isEmpty && fact.rotated.isEmpty)
        #expect(events[1].topics == [.party(World.institution("two"))])
        #expect(try world.overview().queued.isEmpty)
        #expect(try world.endEpoch().isEmpty, "nothing is made twice")
    }

    @Test("A rotation keeps the index, the name and the enrollment; an enrolled validator comes last")
    func order() throws {
        let world = try World(["one", "two"])
        _ = try accept(.rotate(world.request("one", key: "one new")), by: ["one", "two"], in: world)
        _ = try accept(.rotate(world.request("two", transportKey: "two new")), by: ["one", "two"], in: world)
        _ = try accept(.enroll(world.request("three")), by: ["one", "two"], in: world)
        let events = try world.endEpoch()
        let records = try Validators.records(in: world.state)
        #expect(records.map(\.name) == ["one", "two", "three"])
        #expect(records[0].key == World.secret("one new").address && records[0].enrolledAt == testStart)
        #expect(records[0].transportKey == World.validator("one").transportKey)
        #expect(records[1].key == World.secret("two").address)
        #expect(records[1].transportKey?.bytes == World.secret("two new").compressedPublicKey)
        #expect(records[2].enrolledAt > testStart)
        guard case .validatorSetChanged(let fact)? = events.last else {
            Issue.record("no set")
            return
        }
        #expect(fact.rotated == [World.institution("one"), World.institution("two")].sorted())
    }

    @Test("A retired key never comes back: not the rotated one, not the removed one, not by another institution")
    func retiredKeys() throws {
        let world = try World(["one", "two"])
        _ = try accept(.rotate(world.request("one", key: "one new")), by: ["one", "two"], in: world)
        try world.endEpoch()
        #expect(try reason { try world.propose(.rotate(world.request("one")), by: "one") } == "key_used")
        let old = world.request("three", key: "one", transportKey: "three transport")
        #expect(try reason { try world.propose(.enroll(old), by: "one") } == "key_used")
        _ = try accept(.remove(World.institution("two")), by: ["one", "two"], in: world)
        try world.endEpoch()
        #expect(try reason { try world.propose(.enroll(world.request("two")), by: "one") } == "key_used")
        // With a fresh key the institution may come back.
        _ = try accept(.enroll(world.request("two", key: "two new")), in: world)
        try world.endEpoch()
        #expect(try world.validators == ["one", "two"])
    }

    @Test("A change that no longer fits at the epoch's end is superseded with its reason, and the others are made")
    func superseded() throws {
        let world = try World(["one"])
        let enroll = try accept(.enroll(world.request("two")), in: world)
        let rotate = try accept(.rotate(world.request("two", key: "two new")), in: world)
        let weight = try accept(.parameters([ParameterChange(.blockWeight, 30_000)]), in: world)
        world.disenroll("two")
        let events = try world.endEpoch()
        #expect(
            events.map(\.name)
                == ["governance.superseded", "governance.superseded", "governance.parametersChanged"])
        #expect(try world.record(enroll).state == .superseded && world.record(enroll).conflict == .notEnrolled)
        #expect(try world.record(rotate).conflict == .validatorUnknown && world.record(rotate).epoch == Epoch(1))
        #expect(try world.record(weight).state == .applied && world.validators == ["one"])
        // The key of an enrollment that never took effect was never a validator's.
        #expect(
            try reason { try world.propose(.enroll(world.request("three", key: "two")), by: "one") } == nil)
    }

    @Test("Two proposals that each fit alone: the second to be accepted is refused a place at the epoch's end")
    func race() throws {
        let world = try World(["one", "two"])
        let removals = try ["one", "two"].map { try world.propose(.remove(World.institution($0)), by: "one") }
        for proposal in removals { for voter in ["one", "two"] { try world.vote(on: proposal, by: voter) } }
        try world.endEpoch()
        #expect(try world.validators == ["two"], "never an empty set")
        #expect(try world.record(removals[1]).conflict == .lastValidator)
    }

    @Test("Votes of an institution that left no longer count; a smaller set may decide an open proposal")
    func leavers() throws {
        let world = try World(["one", "two", "three", "four", "five"])
        let voters = ["one", "two", "three", "four", "five"]
        let kept = try world.propose(.parameters([ParameterChange(.blockWeight, 30_000)]), by: "one")
        let lost = try world.propose(.parameters([ParameterChange(.deltaMilliseconds, 60)]), by: "one")
        // Four of five are needed; three of four will be.
        for voter in ["one", "two", "three"] { try world.vote(on: kept, by: voter) }
        for voter in ["one", "two", "five"] { try world.vote(on: lost, by: voter) }
        _ = try accept(.remove(World.institution("five")), by: voters.dropLast(), in: world)
        let events = try world.endEpoch()
        #expect(events.map(\.name) == ["governance.validatorSetChanged", "governance.accepted"])
        #expect(try world.record(kept).state == .accepted)
        #expect(try world.view(lost).yes == 2 && world.record(lost).state == .open)
        #expect(try reason { try world.vote(false, on: lost, by: "five") } == "no_validator")
        try world.vote(on: lost, by: "three")
        #expect(try world.record(lost).ballots.count == 3 && world.record(lost).state == .accepted)
        try world.endEpoch()
        let parameters = try Parameters.current(in: world.state)
        #expect(parameters.blockWeight == 30_000 && parameters.deltaMilliseconds == 60)
    }

    @Test("A hundred validators are the most; their change is one block's work")
    func full() throws {
        let world = try World(["one"])
        var records = try Validators.records(in: world.state)
        for index in 1..<WireLimits.validators {
            records.append(
                ValidatorRecord(
                    name: "v\(index)", institution: World.institution("v\(index)"), key: testAddress("v\(index)"),
                    transportKey: nil, enrolledAt: testStart))
        }
        world.state.set(RecordKey<ValidatorsRecord>(StateKey(.governance, 1)), ValidatorsRecord(records))
        #expect(try reason { try world.propose(.enroll(world.request("two")), by: "one") } == "set_full")
    }

    @Test("A queue that names a missing proposal is damage, not a block to refuse")
    func damage() throws {
        let world = try World(["one"])
        let agenda = AgendaRecord(
            open: [], queued: [PendingProposal(proposal: testIdentifier("x"), proposer: World.institution("one"))])
        world.state.set(RecordKey<AgendaRecord>(StateKey(.governance, 4)), agenda)
        var isDamage = false
        do {
            try world.endEpoch()
        } catch Refusal.failed {
            isDamage = true
        }
        #expect(isDamage)
    }
}
