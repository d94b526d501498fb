import Consents
import Encoding
import Foundation
import Primitives
import StateModel
import TestSupport
import Testing

@Suite struct ConsentProperties {
    /// Withdrawal changes no answer about the time before it, and permits nothing from it on.
    @Test func decisionsAreMonotoneUnderWithdrawal() throws {
        let world = try World()
        var permitted = 0
        for seed in 0..<4_000 as Range<UInt64> {
            var make = RandomConsents(seed: seed)
            let record = make.record("consent")
            var withdrawn = record
            withdrawn.withdrawnAt = make.time()
            for _ in 0..<6 {
                let request = make.request()
                let time = make.time()
                let before = try ConsentLedger.decide(record, request, at: time, in: world.state)
                let after = try ConsentLedger.decide(withdrawn, request, at: time, in: world.state)
                if before.isPermit { permitted += 1 }
                if let at = withdrawn.withdrawnAt, time >= at {
                    #expect(after.isDeny, "seed \(seed)")
                } else {
                    #expect(after == before, "seed \(seed)")
                }
            }
        }
        #expect(permitted > 100, "the property must meet permits; it met \(permitted)")
    }

    /// What a set permits, every member permits; what a member denies, the set denies.
    @Test func setsNeverPermitWhatAMemberDenies() throws {
        let world = try World()
        var counts = [0, 0, 0]
        for seed in 0..<8_000 as Range<UInt64> {
            var make = RandomConsents(seed: seed ^ 0xa5a5)
            let members = (0..<Int.random(in: 1...3, using: &make.random)).map { make.record("member \($0)") }
            let set = setRecord(members)
            for _ in 0..<6 {
                let request = make.request()
                let time = make.time()
                let decision = try ConsentSets.decide(set, request, at: time, in: world.state)
                counts[rank(decision)] += 1
                for member in members {
                    let own = try ConsentLedger.decide(member, request, at: time, in: world.state)
                    #expect(rank(decision) <= rank(own), "seed \(seed)")
                }
            }
        }
        #expect(counts[1] > 20 && counts[2] > 50, "the property must meet every outcome; it met \(counts)")
    }

    /// A further denial beside the others never widens what a policy permits.
    @Test func denialsOnlyNarrow() throws {
        let world = try World()
        for seed in 0..<3_000 as Range<UInt64> {
            var make = RandomConsents(seed: seed ^ 0x5a5a)
            let record = make.record("consent")
            let denial = Provision(
                .deny, actions: [make.request().action], jurisdictions: Bool.random(using: &make.random) ? ["DE"] : [])
            let narrowed = record.with(ConsentPolicy(provisions: record.policy.provisions + [denial]))
            for _ in 0..<4 {
                let request = make.request()
                let time = make.time()
                let wide = try ConsentLedger.decide(record, request, at: time, in: world.state)
                let narrow = try ConsentLedger.decide(narrowed, request, at: time, in: world.state)
                #expect(rank(narrow) <= rank(wide), "seed \(seed)")
            }
        }
    }

    /// A request that leaves place, period or codes open is never permitted more than one that names them.
    @Test func sayingLessGainsNothing() throws {
        let world = try World()
        for seed in 0..<4_000 as Range<UInt64> {
            var make = RandomConsents(seed: seed ^ 0x3c3c)
            let record = make.record("consent")
            for _ in 0..<4 {
                let full = make.request()
                guard full.action != .deposit else { continue }
                let less = UseRequest(
                    actor: full.actor, action: full.action, purposes: full.purposes, dataUse: full.dataUse,
                    jurisdiction: Bool.random(using: &make.random) ? full.jurisdiction : nil,
                    commercial: full.commercial,
                    dataPeriod: Bool.random(using: &make.random) ? full.dataPeriod : nil,
                    usePeriod: full.usePeriod, codes: Bool.random(using: &make.random) ? full.codes : [])
                let time = make.time()
                let said = try ConsentLedger.decide(record, full, at: time, in: world.state)
                let unsaid = try ConsentLedger.decide(record, less, at: time, in: world.state)
                #expect(rank(unsaid) <= rank(said), "seed \(seed)")
            }
        }
    }

    /// Every record, operation, request and need is decoded to itself; anything else throws, and nothing traps.
    @Test func hostileBytesOnlyThrowAndEncodingsAreUnique() throws {
        var make = RandomConsents(seed: 7)
        let records = (0..<12).map { make.record("record \($0)") }
        let requests = (0..<12).map { _ in make.request() }
        let operations: [ConsentOperation] = [
            .grant(
                ConsentGrant(
                    scope: .aggregate, subject: records[0].subject, guardian: World.guardian,
                    custodian: records[0].custodian, policy: records[0].policy,
                    commitments: records[0].commitments, expiresAt: testStart)),
            .countersign(ConsentCountersign(consent: .operation(3))),
            .withdraw(ConsentWithdraw(consents: records.map(\.id))),
            .createSet(
                ConsentSetCreate(
                    custodian: records[0].custodian, members: [.id(records[0].id), .operation(1)],
                    succeeds: testIdentifier("old"))),
            .addToSet(ConsentSetAdd(set: .id(testIdentifier("set")), members: [.id(records[1].id)])),
        ]
        let events: [ConsentEvent] = [
            .withdrawn(
                ConsentFact(
                    consent: records[0].id, subject: records[0].subject, custodian: records[0].custodian,
                    at: testStart, revision: 3)),
            .setStale(
                SetStaleFact(
                    set: testIdentifier("set"), custodian: records[0].custodian,
                    mark: StaleMark(since: testStart, reason: .expiry))),
        ]
        for record in records { #expect(try ConsentRecord(decoding: record.encoded) == record) }
        for request in requests { #expect(try UseRequest(decoding: request.encoded) == request) }
        for operation in operations { #expect(try ConsentOperation(decoding: operation.encoded) == operation) }
        for event in events { #expect(try ConsentEvent(decoding: event.encoded) == event) }
        let set = setRecord(records)
        #expect(try SetStanding(decoding: set.standing.encoded) == set.standing)
        let policies = SetPolicies(set.dated)
        #expect(try SetPolicies(decoding: policies.encoded) == policies)
        let json = try JSONEncoder().encode(set)
        #expect(try JSONDecoder().decode(ConsentSetRecord.self, from: json) == set)

        #expect(exerciseDecoder(ConsentRecord.self, samples: records, count: 2_000, seed: 1).mismatches == 0)
        #expect(exerciseDecoder(UseRequest.self, samples: requests, count: 2_000, seed: 2).mismatches == 0)
        #expect(exerciseDecoder(ConsentOperation.self, samples: operations, count: 4_000, seed: 3).mismatches == 0)
        #expect(exerciseDecoder(ConsentEvent.self, samples: events, count: 4_000, seed: 4).mismatches == 0)
        #expect(exerciseDecoder(SetStanding.self, samples: [set.standing], count: 4_000, seed: 5).mismatches == 0)
        #expect(exerciseDecoder(SetPolicies.self, samples: [policies], count: 4_000, seed: 7).mismatches == 0)
        let needs: [Need] = [
            .review, .restriction(index: 1, commitment: testHash("x")),
            .ontologyPath(disease: RandomConsents.codes[0], ancestor: RandomConsents.codes[1]),
        ]
        #expect(exerciseDecoder(Need.self, samples: needs, count: 4_000, seed: 6).mismatches == 0)
    }
}

extension ConsentRecord {
    func with(_ policy: ConsentPolicy) -> ConsentRecord {
        ConsentRecord(
            id: id, scope: scope, subject: subject, grantedBy: grantedBy, custodian: custodian, policy: policy,
            commitments: commitments, grantedAt: grantedAt, effectiveAt: effectiveAt, expiresAt: expiresAt,
            withdrawnAt: withdrawnAt, revision: revision, sets: sets)
    }
}
