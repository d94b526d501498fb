import Encoding
import FoundationEssentials
import Governance
import INFTs
import Identities
import Primitives
import StateModel
import TestSupport
import Testing
import Votes

/// Every record, operation and event comes back from its bytes and its JSON; hostile bytes raise errors.
struct CodecTests {
    static let request = EnrollmentRequest.signed(
        network: testHash("network"), name: "one", institution: World.institution("one"),
        validatorSecret: World.secret("one"), transportSecret: World.secret("two"), auxiliary: .zero)
    static let changes: [GovernanceChange] = [
        .enroll(request), .remove(World.institution("two")), .rotate(request),
        .parameters(LedgerParameter.allCases.map { ParameterChange($0, 7) }),
        .ontology(root: testHash("edges"), count: 7),
        .accredit(
            Accreditation(
                party: World.party("two"), types: [.accreditation, .arbiter], jurisdictions: ["DE", "US-CA"])),
        .revokeAccreditor(World.party("two")), .admitIssuer(World.party("two")), .dismissIssuer(World.party("two")),
        .upgrade(UpgradePlan(height: Height(1_000), release: Release(1, 2, 3))), .cancelUpgrade,
        .pause(PauseOrder(domain: .licenses, milliseconds: 60_000)), .liftPause(.consents),
        .recall(
            RecallPlan(
                inft: testIdentifier("inft"), reason: .unreliable, notice: testHash("notice"),
                answerMilliseconds: 60_000)),
        .liftRecall(RecallLift(recall: testIdentifier("recall"), reason: .corrected)),
        .liftVerdict(testIdentifier("dispute")),
    ]
    static let operations: [GovernanceOperation] =
        changes.map {
            .propose(
                GovernancePropose(
                    institution: World.institution("one"), change: $0, deadline: testStart, rationale: testHash("why")))
        } + [
            .vote(GovernanceVote(proposal: .operation(3), institution: World.institution("one"), approves: false)),
            .vote(
                GovernanceVote(
                    proposal: .id(testIdentifier("p")), institution: World.institution("one"), approves: true)),
        ]

    /// Of a history in which every kind of event comes up.
    static func events() throws -> [GovernanceEvent] {
        let world = try World(["one", "two"])
        var events: [GovernanceEvent] = []
        func propose(_ change: GovernanceChange, for duration: UInt64 = World.hour) throws -> ProposalID {
            let operation = GovernancePropose(
                institution: World.institution("one"), change: change,
                deadline: world.time.adding(milliseconds: duration), rationale: testHash("why"))
            let (id, raised) = try world.act(.propose(operation), by: "one")
            events += raised
            return id
        }
        let short = try propose(.parameters([ParameterChange(.blockWeight, 30_000)]), for: 60_000)
        events += try world.vote(on: short, by: "one")
        let refused = try propose(.rotate(world.request("one", key: "new")))
        events += try world.vote(false, on: refused, by: "one")
        for change in [
            GovernanceChange.enroll(world.request("three")), .enroll(world.request("four")),
            .parameters([ParameterChange(.deltaMilliseconds, 40)]),
        ] {
            let proposal = try propose(change)
            for voter in ["one", "two"] { events += try world.vote(on: proposal, by: voter) }
        }
        let pause = try propose(.pause(PauseOrder(domain: .licenses, milliseconds: 60_000)))
        for voter in ["one", "two"] { events += try world.vote(on: pause, by: voter) }
        world.disenroll("four")
        events += try world.endEpoch()
        for _ in 0..<3 { events += try world.endBlock(after: 60_000) }
        return events
    }

    private func check<Value: CBORCodable & Codable & Equatable>(_ values: [Value], seed: UInt64) throws {
        for value in values {
            #expect(try Value(decoding: value.encoded) == value)
            #expect(try JSONDecoder().decode(Value.self, from: JSONEncoder().encode(value)) == value)
        }
        #expect(exerciseDecoder(Value.self, samples: values, count: 2_000, seed: seed).mismatches == 0)
    }

    @Test("Operations, changes and requests")
    func operations() throws {
        try check(Self.operations, seed: 1)
        try check(Self.changes, seed: 2)
        try check([Self.request], seed: 3)
        #expect(Set(Self.operations.map(\.name)) == Set(GovernanceOperation.names))
    }

    @Test("Events, each of which a history raises")
    func events() throws {
        let events = try Self.events()
        #expect(Set(events.map(\.name)).count == 9)
        try check(events, seed: 4)
        for event in events { #expect(Set(event.topics).count == event.topics.count) }
    }

    @Test("Records")
    func records() throws {
        let world = try World(["one", "two"])
        let proposal = try world.propose(ProposalTests.longerEpoch, by: "one")
        try world.vote(on: proposal, by: "one")
        let open = try world.record(proposal)
        try world.vote(on: proposal, by: "two")
        let accepted = try world.record(proposal)
        try world.endEpoch()
        try check([open, accepted, try world.record(proposal)], seed: 5)
        try check([try Epochs.current(in: world.state)], seed: 6)
        let pending = PendingProposal(proposal: proposal, proposer: World.institution("one"))
        try check([AgendaRecord(open: [pending], queued: [pending]), AgendaRecord()], seed: 7)
        try check([UsedKeyRecord(institution: World.institution("one"), since: testStart)], seed: 8)
    }

    @Test("Parameter changes are ascending, without duplicates, and at least one: in bytes and in JSON")
    func order() throws {
        let weight = ParameterChange(.blockWeight, 1)
        let length = ParameterChange(.epochLength, 2)
        for wrong in [[], [weight, length], [weight, weight]] {
            let change = GovernanceChange.parameters(wrong)
            #expect(throws: EncodingFailure.self) { try GovernanceChange(decoding: change.encoded) }
            let json = try JSONEncoder().encode(change)
            #expect(throws: DecodingError.self) { try JSONDecoder().decode(GovernanceChange.self, from: json) }
        }
    }

    @Test("A transport key that is no compressed point is refused by the decoder; one off the curve by its proof")
    func transportKeys() throws {
        var bytes = Self.request.encoded
        let position = try #require(bytes.indices.first { bytes[$0...].starts(with: Self.request.transportKey.bytes) })
        bytes[position] = 4
        #expect(throws: EncodingFailure.self) { try EnrollmentRequest(decoding: bytes) }
        // No point has the x coordinate 5.
        let off = try #require(TransportKey([2] + [UInt8](repeating: 0, count: 31) + [5]))
        let request = EnrollmentRequest(
            network: Self.request.network, name: "one", institution: Self.request.institution, key: Self.request.key,
            transportKey: off, proof: Self.request.proof)
        #expect(!request.isProven)
    }

    @Test("What is signed is said in words: who, what, which keys, until when")
    func words() {
        let names = PlainNames()
        let lines = Self.operations.map { $0.operation.words(names).joined(separator: "\n") }
        #expect(
            lines[0].contains("Enroll the validator “one”") && lines[0].contains(Self.request.transportKey.description))
        #expect(lines[1].contains("Remove the validator of \(World.institution("two"))"))
        #expect(lines[2].contains("Change the keys") && lines[3].contains("Set epochLength to 7"))
        #expect(lines[4].contains("the ontology of 7 edges"))
        // As nodes, join and status write the key; and a length of time in its largest unit.
        #expect(lines[0].contains("Validator key: \(Self.request.key.description)"))
        #expect(lines[13].contains("have 1 minute to answer"))
        #expect(
            lines.suffix(2).map { $0.contains("vote no") } == [true, false] && lines.last?.contains("vote yes") == true)
        // Each change is said in words of its own.
        #expect(Set(lines).count == lines.count)
    }
}
