import Consents
import Cryptography
import Encoding
import FoundationEssentials
import Identities
import Primitives
import StateModel
import TestSupport
import Testing

/// What operations on consents take that are as long as the ledger keeps them, beside a signature's verification, of which
/// the weight is 45.
@Suite(.serialized) struct ConsentCostTests {
    /// A policy of almost as many bytes as a policy may have; `number` makes it one of its own.
    static func heavy(_ number: Int, bytes: Int = ConsentsLimits.policyBytes) -> ConsentPolicy {
        var provisions: [Provision] = []
        var best = ConsentPolicy(provisions: [Provision(.permit, actions: [.access])])
        for index in 0..<ConsentsLimits.provisionsPerLevel {
            provisions.append(
                Provision(
                    .permit, actions: [.access],
                    jurisdictions: SortedList(
                        (0..<ConsentsLimits.jurisdictionsPerProvision).map {
                            "Z\(["A", "B", "C", "D"][number / 16 % 4])-\(100 + number % 16 * 40 + $0 + index)"
                        })))
            let policy = ConsentPolicy(provisions: provisions)
            guard policy.encoded.count <= bytes else { break }
            best = policy
        }
        return best
    }

    /// That checking and doing it, and what becomes of its changes in the index, takes what it weighs.
    private func expect(
        _ world: World, _ signers: [Address], weighs operation: any DomainOperation,
        after: (any DomainOperation)? = nil, _ what: Comment
    ) throws {
        let bound = 2 * Double(operation.weight)
        let cost = try ProcessorCost.units(below: bound) {
            let base = StateOverlay(over: world.state)
            if let after {
                try after.execute(in: context(base, signers, world))
            }
            let overlay = StateOverlay(over: base)
            let context = context(overlay, signers, world, "measured")
            return try ProcessorCost.microseconds {
                try operation.execute(in: context)
                for change in overlay.changes {
                    guard let kind = change.key.header?.kind else { continue }
                    for record in [try base.read(change.key), change.value] {
                        guard let record else { continue }
                        _ = try ConsentsDomain.indexEntries(kind: kind, key: change.key, record: record)
                    }
                }
            }
        }
        #expect(cost < bound, what)
    }

    private func context(
        _ overlay: StateOverlay, _ signers: [Address], _ world: World, _ transaction: String = "before"
    ) -> OperationContext {
        makeContext(
            overlay, sender: signers[0], cosigners: Array(signers.dropFirst()), time: world.time,
            transaction: transaction)
    }

    /// Consents of the patient with the longest policies, each in sixteen sets of the longest policies.
    private func crowded(_ world: World, consents: Int) throws -> [ConsentID] {
        let ids = try (0..<consents).map { _ in try world.consent(Self.heavy(0)) }
        let others = try [1, 2].map { try world.consent(Self.heavy($0)) }
        for number in 0..<ConsentsLimits.setsPerConsent {
            let others = number < 15 ? others.prefix(1) : []
            _ = try world.set(ids + others)
        }
        return ids
    }

    @Test("A withdrawal weighs what it takes, however much the sets hold that it makes stale")
    func withdrawal() throws {
        let world = try World()
        let ids = try crowded(world, consents: 4)
        #expect(try ConsentLedger.record(ids[0], in: world.state)?.sets.count == ConsentsLimits.setsPerConsent)
        let one = ConsentWithdraw(consents: [ids[0]])
        try expect(world, [World.patient], weighs: one, "one")
        // All sets are stale by then.
        let other = ConsentWithdraw(consents: [ids[1]], erasure: true)
        try expect(world, [World.patient], weighs: other, after: one, "another")
        let many = ConsentWithdraw(consents: ids)
        try expect(world, [World.patient], weighs: many, "four")
    }

    @Test("So do the longest consents that are given, countersigned, narrowed and gathered")
    func life() throws {
        let world = try World()
        let grant = ConsentGrant(
            scope: .individual, subject: .account(World.patient), custodian: .account(World.hospital),
            policy: Self.heavy(7))
        try expect(world, [World.patient], weighs: grant, "grant")
        let proposed: ConsentID = makeIdentifier(
            transactionHash: try world.execute([World.patient], grant).transactionHash, operationIndex: 0)
        let countersign = ConsentCountersign(consent: .id(proposed))
        try expect(world, [World.hospital], weighs: countersign, "countersign")
        let id = try crowded(world, consents: 1)[0]
        let rest = Self.heavy(0).provisions.dropLast()
        let narrow = ConsentNarrow(consent: id, policy: ConsentPolicy(provisions: Array(rest)))
        try expect(world, [World.patient], weighs: narrow, "narrow")

        let members = try (0..<16).map { try world.consent(Self.heavy($0 % 2)) }
        let create = ConsentSetCreate(custodian: .account(World.hospital), members: members.map { .id($0) })
        try expect(world, [World.hospital], weighs: create, "create")
        let set = try world.set(Array(members.prefix(2)))
        let add = ConsentSetAdd(set: .id(set), members: members.dropFirst(2).map { .id($0) })
        try expect(world, [World.hospital], weighs: add, "add")
        let single = ConsentSetAdd(set: .id(set), members: [.id(members[2])])
        try expect(world, [World.hospital], weighs: single, "add one")
        // Sixteen policies, each longer than the last.
        let several = try (0..<16).map { try world.consent(Self.heavy($0, bytes: 512)) }
        let mixed = ConsentSetCreate(custodian: .account(World.hospital), members: several.map { .id($0) })
        try expect(world, [World.hospital], weighs: mixed, "mixed")
    }
}

@Suite struct PolicyRevisionTests {
    private func revisions(_ set: ConsentSetID, _ world: World) throws -> [UInt64] {
        let standing = try ConsentSets.requireStanding(set, field: "", in: world.state)
        return [standing.revision, standing.policyRevision]
    }

    private func add(_ member: ConsentID, to set: ConsentSetID, _ world: World) throws {
        try world.execute([World.hospital], ConsentSetAdd(set: .id(set), members: [.id(member)]))
    }

    @Test("About a time before a member came a set answers by the policies that it had then, and so does its JSON")
    func past() throws {
        let world = try World()
        let wide = ConsentPolicy(provisions: [Provision(.permit, actions: [.analyze])])
        let narrow = ConsentPolicy(provisions: [Provision(.permit, actions: [.analyze], jurisdictions: ["DE"])])
        let set = try world.set([try world.consent(wide)])
        _ = try world.advance(days: 2)
        let before = world.time
        _ = try world.advance(days: 2)
        // Given and countersigned long after the set was made.
        let late = try world.consent(narrow, of: World.otherPatient)
        _ = try world.advance(days: 1)
        try add(late, to: set, world)
        let added = world.time
        #expect(try world.decide(set, request()).isDeny)
        #expect(try world.decide(set, request(), at: added).isDeny)
        #expect(try world.decide(set, request(), at: Timestamp(added.milliseconds - 1)).isPermit)
        #expect(try world.decide(set, request(), at: before).isPermit)
        #expect(try world.decide(set, request(jurisdiction: "DE"), at: added).isPermit)
        let record = try ConsentSets.require(set, field: "", in: world.state)
        #expect(record.dated.map(\.since).sorted() == [testStart, added] && record.policies.count == 2)
        #expect(record.effectiveAt == testStart)
        let json = try JSONEncoder().encode(record)
        #expect(try JSONDecoder().decode(ConsentSetRecord.self, from: json) == record)
    }

    @Test("A set permits nothing of times before it had members, and its first block counts")
    func beforeMembers() throws {
        let world = try World()
        let consent = try world.consent(ConsentPolicy(provisions: [Provision(.permit, actions: [.analyze])]))
        _ = try world.advance(days: 2)
        let before = world.time
        let empty = try world.set([])
        _ = try world.advance(days: 2)
        try add(consent, to: empty, world)
        let full = try world.set([consent])
        let made = world.time
        for set in [empty, full] {
            #expect(try world.decide(set, request(), at: made).isPermit)
            #expect(try world.decide(set, request(), at: Timestamp(made.milliseconds - 1)).isDeny)
            #expect(try world.decide(set, request(), at: before).isDeny)
            let record = try ConsentSets.require(set, field: "", in: world.state)
            #expect(record.effectiveAt == made && record.dated.map(\.since) == [made])
        }
    }

    @Test("A decision about the past names the policy by its place in the list of now")
    func pastPlaces() throws {
        let world = try World()
        let policies = ["DE", "FR", "IT"].map { place in
            ConsentPolicy(provisions: [Provision(.permit, actions: [.analyze], jurisdictions: [place])])
        }.sorted()
        // What comes before in the list joins after.
        let set = try world.set([try world.consent(policies[2])])
        let before = world.time
        _ = try world.advance(days: 2)
        for policy in policies[..<2] { try add(try world.consent(policy), to: set, world) }
        let record = try ConsentSets.require(set, field: "", in: world.state)
        #expect(record.policies.elements == policies)
        let decision = try world.decide(set, request(jurisdiction: "ES"), at: before)
        #expect(decision.isDeny && decision.basis.policy == 2)
    }

    @Test("A set's policy revision grows with another policy and with restrictions committed to, and with nothing else")
    func revisions() throws {
        let world = try World()
        let same = ConsentPolicy(provisions: [Provision(.permit, actions: [.analyze])])
        let other = ConsentPolicy(provisions: [Provision(.permit, actions: [.analyze], jurisdictions: ["DE"])])
        let set = try world.set([try world.consent(same)])
        #expect(try revisions(set, world) == [0, 0])
        let soon = testStart.adding(milliseconds: 30 * millisecondsPerDay)
        try add(try world.consent(same, of: World.otherPatient, expiresAt: soon), to: set, world)
        #expect(try revisions(set, world) == [1, 0])
        try add(try world.consent(other), to: set, world)
        #expect(try revisions(set, world) == [2, 2])
        try add(try world.consent(same), to: set, world)
        #expect(try revisions(set, world) == [3, 2])

        // The same policy, but what it keeps to is known to the custodian alone.
        let restricted = ConsentPolicy(provisions: [Provision(.permit, actions: [.analyze], restrictions: [0])])
        func committed(_ text: String) throws -> ConsentID {
            try world.consent(
                restricted, commitments: [CommittedRestriction(kind: .recordClass, commitment: testHash(text))])
        }
        let cohort = try world.set([try committed("one")])
        try add(try committed("two"), to: cohort, world)
        #expect(try revisions(cohort, world) == [1, 1])
        #expect(try ConsentSets.record(cohort, in: world.state)?.policies.count == 1)

        // A successor takes nothing from it; what makes it stale neither.
        let leaving = try world.consent(same)
        try add(leaving, to: set, world)
        let successor = try world.set([leaving], succeeds: set)
        #expect(try revisions(set, world) == [5, 2] && revisions(successor, world) == [0, 0])
        try world.execute([World.patient], ConsentWithdraw(consents: [leaving]))
        #expect(try revisions(successor, world) == [1, 0])
    }

    @Test("An answer that was signed is good although members joined since, as long as they bring nothing new")
    func answersUnderWay() throws {
        let world = try World()
        let terms = DataUseTerms(permissions: [.generalResearch], modifiers: [.researchSpecific])
        let same = ConsentPolicy(provisions: [Provision(.permit, actions: [.analyze], dataUse: terms)])
        let other = ConsentPolicy(
            provisions: [Provision(.permit, actions: [.analyze], dataUse: terms, jurisdictions: ["DE"])])
        let set = try world.set([try world.consent(same)])
        let secret = secret("board")
        world.addAccount(secret.address, .institution)
        world.attest(secret.address, .ethicsBoard)
        let asked = request(aims: [.general], jurisdiction: "DE")
        let reference = testHash("reference")
        func disclose() throws -> String? {
            try reason {
                let statement = NeedStatement(
                    network: testHash("network"), basis: .set(set), revision: 0,
                    requests: UseRequest.hash(of: [asked]), subject: reference.bytes,
                    recipient: .account(World.researcher), need: .review, by: .account(secret.address),
                    validUntil: world.time.adding(milliseconds: millisecondsPerDay))
                let signature = Schnorr.sign(
                    message: statement.hash, secret: secret, auxiliary: testHash("fresh").bytes)
                let overlay = StateOverlay(over: world.state)
                let context = makeContext(overlay, sender: World.hospital, time: world.time, transaction: "disclose")
                try ConsentDisclose(
                    basis: .set(set), recipient: .account(World.researcher), requests: [asked],
                    answers: [NeedAnswer(statement, signer: secret.address, signature: signature)],
                    reference: reference
                ).execute(in: context)
            }
        }
        #expect(try disclose() == nil)
        try add(try world.consent(same, of: World.otherPatient), to: set, world)
        #expect(try disclose() == nil)
        try add(try world.consent(other), to: set, world)
        #expect(try disclose() == "answer_invalid")
    }
}
