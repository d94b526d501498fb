import Cryptography
import Encoding
import Identities
import Primitives
import StateModel
import TestSupport
import Testing

/// Anna named bert, dora and the institute as guardians: two of them, three days.
struct RecoveryTests {
    static let threeDays = 3 * millisecondsPerDay
    static let policy = GuardianPolicy(
        guardians: [Party.account(World.bert), .account(World.dora), .organization(World.institute)].sorted(),
        threshold: 2, delayMilliseconds: threeDays)

    static func secret(_ number: UInt64) throws -> SecretKey { try #require(SecretKey(Bytes32(7, 7, 7, number))) }

    static func proof(
        _ secret: SecretKey, for account: Address = World.anna, key: Address? = nil, changes: UInt64 = 0,
        network: Hash = testHash("network")
    ) -> Signature {
        let statement = NewKeyStatement(
            network: network, account: account, key: key ?? secret.address, changes: changes)
        return Schnorr.sign(message: statement.hash, secret: secret, auxiliary: .zero)
    }

    static func arrange(
        _ world: World, _ policy: GuardianPolicy? = RecoveryTests.policy, for account: Address = World.anna,
        day: UInt64 = 0
    ) throws {
        try ArrangeRecovery(policy: policy).execute(in: world.context(account, day: day))
    }

    @discardableResult
    static func start(
        _ world: World, by guardian: Address = World.bert, for organization: OrganizationID? = nil,
        _ number: UInt64 = 1,
        changes: UInt64 = 0, day: UInt64 = 1
    ) throws -> RecoveryID {
        let context = world.context(guardian, for: organization, day: day, "start \(guardian) \(number) \(day)")
        let secret = try secret(number)
        try StartRecovery(account: World.anna, key: secret.address, proof: proof(secret, changes: changes))
            .execute(in: context)
        return context.madeIdentifier()
    }

    static func approve(
        _ world: World, _ id: RecoveryID, by guardian: Address, for organization: OrganizationID? = nil, day: UInt64 = 1
    ) throws {
        let record = try Recoveries.record(id, in: world.state)
        let approval = ApproveRecovery(
            recovery: id, account: record?.account ?? World.anna, key: record?.key ?? testAddress("none"))
        try approval.execute(in: world.context(guardian, for: organization, day: day))
    }

    /// Performs what is due of the recovery in a block of that day.
    static func due(_ world: World, _ id: RecoveryID, day: UInt64) throws -> [any LedgerEvent] {
        let context = world.context(Address(.zero), day: day)
        try IdentitiesDomain.performDue(kind: 0, subject: id.bytes, in: context)
        return context.events
    }

    private func key(_ world: World, _ account: Address = World.anna) throws -> Address {
        try AccountKeys.key(of: account, in: world.state)
    }

    private func record(_ world: World, _ id: RecoveryID) throws -> RecoveryRecord {
        try #require(try Recoveries.record(id, in: world.state))
    }

    @Test("Enough guardians and the delay give an account another key; party, sequence and sponsor stay")
    func recovery() throws {
        let world = try World()
        try Self.arrange(world)
        let before = try #require(try Accounts.record(World.anna, in: world.state))
        let id = try Self.start(world)
        #expect(try record(world, id).completesAt == nil)
        try Self.approve(world, id, by: World.dora, for: World.institute, day: 2)
        #expect(try record(world, id).completesAt == World.day(5))
        let fresh = try Self.secret(1).address
        #expect(try AccountKeys.account(of: fresh, in: world.state) == nil)
        #expect(try Self.due(world, id, day: 4).isEmpty)
        #expect(try key(world) == World.anna)
        let events = try Self.due(world, id, day: 5).compactMap { $0 as? IdentityEvent }
        #expect(events.map(\.name) == ["recovery.ended", "key.replaced"])
        #expect(events[1].topics == [.party(.account(World.anna))])
        var after = try #require(try Accounts.record(World.anna, in: world.state))
        #expect(after.laterKey == LaterKey(key: fresh, since: World.day(5), changes: 1))
        after.laterKey = nil
        #expect(after == before)
        #expect(try AccountKeys.account(of: fresh, in: world.state) == World.anna)
        #expect(try AccountKeys.account(of: World.anna, in: world.state) == nil)
        // The first key answers for the past, and another due item changes nothing.
        let first = try #require(try world.state.record(IdentityKeys.key(World.anna)))
        #expect(first == KeyRecord(account: World.anna, since: before.createdAt, until: World.day(5)))
        #expect(try Self.due(world, id, day: 6).isEmpty)
        #expect(try record(world, id).ending == RecoveryEnding(at: World.day(5), outcome: .completed))
    }

    @Test("The new key signs as the account, the old one is refused, and others' signatures are what they were")
    func signatures() throws {
        let world = try World()
        try Self.arrange(world)
        let id = try Self.start(world)
        try Self.approve(world, id, by: World.dora)
        let fresh = try Self.secret(1).address
        func signers(_ keys: [Address], sender: Address = World.anna) throws -> [Address] {
            let sequence = try #require(try Accounts.record(sender, in: world.state)).sequence
            return try Accounts.takeSequence(sequence, of: sender, signedBy: keys, in: world.state)
        }
        #expect(try signers([World.anna]) == [World.anna])
        #expect(try reason { _ = try signers([fresh]) } == "sender_not_signed")
        #expect(try reason { _ = try signers([World.bert]) } == "sender_not_signed")
        _ = try Self.due(world, id, day: 4)
        #expect(try signers([fresh]) == [World.anna])
        #expect(try reason { _ = try signers([World.anna]) } == "key_replaced")
        #expect(try reason { _ = try signers([World.anna, fresh].sorted()) } == "key_replaced")
        // Beside another sender, too.
        #expect(try signers([World.bert, fresh].sorted(), sender: World.bert) == [World.anna, World.bert].sorted())
        #expect(
            try reason { _ = try signers([World.anna, World.bert].sorted(), sender: World.bert) } == "key_replaced")
        #expect(
            try reason {
                _ = try Accounts.takeSequence(0, of: fresh, signedBy: [fresh], in: world.state)
            } == "unknown_account")
    }

    @Test("What the account may do it may do with the new key: membership, mandates, guardianship of others")
    func standing() throws {
        let world = try World()
        try Self.arrange(world)
        let id = try Self.start(world)
        try Self.approve(world, id, by: World.dora)
        _ = try Self.due(world, id, day: 4)
        // Rules see accounts: a context of anna is what the new key makes.
        let keys = [try Self.secret(1).address, World.bert].sorted()
        let signers = try Accounts.takeSequence(0, of: World.bert, signedBy: keys, in: world.state)
        let context = OperationContext(
            block: world.context(World.bert, day: 5).block, transactionHash: testHash("joint"), sender: World.bert,
            signers: signers, actingFor: World.clinic, state: world.state)
        try Authority.require(.organization(World.clinic), for: .administration, in: context, field: "")
        #expect(context.unneededSigner == nil && context.isActingForProven)
    }

    @Test("Never within the delay, which the last approval that was needed begins")
    func delay() throws {
        let world = try World()
        try Self.arrange(world)
        let id = try Self.start(world)
        for day in UInt64(1)...20 { #expect(try Self.due(world, id, day: day).isEmpty) }
        try Self.approve(world, id, by: World.dora, day: 20)
        try Self.approve(world, id, by: World.dora, for: World.institute, day: 21)
        #expect(try record(world, id).completesAt == World.day(23))
        // One of three may withdraw; with one left the delay begins anew.
        try WithdrawRecovery(recovery: id).execute(in: world.context(World.dora, day: 22))
        #expect(try record(world, id).completesAt == World.day(23))
        try WithdrawRecovery(recovery: id).execute(in: world.context(World.bert, day: 22))
        #expect(try record(world, id).completesAt == nil)
        #expect(try Self.due(world, id, day: 23).isEmpty)
        try Self.approve(world, id, by: World.dora, day: 24)
        #expect(try Self.due(world, id, day: 26).isEmpty)
        #expect(try Self.due(world, id, day: 27).count == 2)
    }

    @Test("The account objects, and what it objected to never comes back")
    func cancel() throws {
        let world = try World()
        try Self.arrange(world)
        let id = try Self.start(world)
        try Self.approve(world, id, by: World.dora)
        #expect(
            try reason { try CancelRecovery(recovery: id).execute(in: world.context(World.bert, day: 2)) }
                == "not_authorized")
        try CancelRecovery(recovery: id).execute(in: world.context(World.anna, day: 3))
        #expect(try record(world, id).ending?.outcome == .canceled)
        for day in UInt64(3)...40 { #expect(try Self.due(world, id, day: day).isEmpty) }
        #expect(try key(world) == World.anna)
        #expect(
            try reason { try Self.approve(world, id, by: World.dora, for: World.institute, day: 5) } == "recovery_ended"
        )
        #expect(
            try reason { try CancelRecovery(recovery: id).execute(in: world.context(World.anna, day: 5)) }
                == "recovery_ended")
        #expect(IdentityOperation.cancelRecovery(CancelRecovery(recovery: id)).isReserved)
        // The key that was asked for is free again, for another try or for an account of its own.
        try Self.start(world, day: 6)
    }

    @Test("A recovery that finds too few guardians lapses; when the last guardian withdraws it is over")
    func lapse() throws {
        let world = try World()
        try Self.arrange(world)
        let id = try Self.start(world)
        #expect(try Self.due(world, id, day: 30).isEmpty)
        #expect(try reason { try Self.approve(world, id, by: World.dora, day: 31) } == "recovery_ended")
        #expect(try Self.due(world, id, day: 31).count == 1)
        #expect(try record(world, id).ending?.outcome == .lapsed)
        let second = try Self.start(world, day: 32)
        try WithdrawRecovery(recovery: second).execute(in: world.context(World.bert, day: 33))
        #expect(try record(world, second).ending?.outcome == .superseded)
        #expect(try Recoveries.guardians(of: World.anna, in: world.state)?.open.isEmpty == true)
    }

    @Test("Guardians who disagree have a recovery each; whichever completes ends the others")
    func competition() throws {
        let world = try World()
        try Self.arrange(world)
        let first = try Self.start(world, by: World.bert, 1)
        let second = try Self.start(world, by: World.dora, 2)
        #expect(try reason { try Self.start(world, by: World.bert, 3, day: 2) } == "recovery_open")
        #expect(try reason { try Self.start(world, by: World.dora, for: World.institute, 1) } == "recovery_open")
        try Self.approve(world, second, by: World.dora, for: World.institute, day: 2)
        try Self.approve(world, first, by: World.dora, for: World.institute, day: 3)
        #expect(try Self.due(world, second, day: 5).count == 3)
        #expect(try record(world, first).ending?.outcome == .superseded)
        #expect(try Self.due(world, first, day: 9).isEmpty)
        #expect(try key(world) == Self.secret(2).address)
        // The loser's key belongs to nobody; the winner's proof is spent.
        #expect(try world.state.record(IdentityKeys.key(Self.secret(1).address)) == nil)
        #expect(try reason { try Self.start(world, by: World.bert, 3, day: 10) } == "key_not_proven")
        try Self.start(world, by: World.bert, 3, changes: 1, day: 10)
    }

    @Test("Only guardians take part, and an organization only by its threshold")
    func outsiders() throws {
        let world = try World()
        #expect(try reason { try Self.start(world) } == "no_guardians")
        try Self.arrange(
            world,
            GuardianPolicy(
                guardians: [.account(World.dora), .organization(World.clinic)].sorted(), threshold: 1,
                delayMilliseconds: Self.threeDays))
        for outsider in [World.bert, World.anna, World.patient] {
            #expect(try reason { try Self.start(world, by: outsider) } == "not_guardian")
        }
        let id = try Self.start(world, by: World.bert, for: World.clinic)
        #expect(try reason { try Self.approve(world, id, by: World.cleo) } == "not_guardian")
        #expect(
            try reason { try Self.approve(world, id, by: World.dora, for: World.clinic) } == "threshold_not_met")
        #expect(
            try reason { try Self.approve(world, id, by: World.bert, for: World.clinic) } == "nothing_changed")
        #expect(
            try reason { try Self.approve(world, testIdentifier("none"), by: World.dora) } == "unknown_recovery")
    }

    @Test("An approval names the account and the key that it is for; of another it is refused")
    func approvalsName() throws {
        let world = try World()
        try Self.arrange(world)
        let id = try Self.start(world)
        let key = try Self.secret(1).address
        func refusal(_ account: Address, _ key: Address) throws -> Rejection? {
            try rejection {
                try ApproveRecovery(recovery: id, account: account, key: key)
                    .execute(in: world.context(World.dora, day: 1))
            }
        }
        #expect(try refusal(World.bert, key)?.field == "account")
        #expect(try refusal(World.anna, testAddress("thief"))?.field == "key")
        #expect(try Recoveries.record(id, in: world.state)?.approvals.count == 1)
        #expect(try refusal(World.anna, key) == nil)
    }

    @Test("Who has the key ends what is under way by naming other guardians, or none: nobody can be kept from it")
    func arrangingObjects() throws {
        let world = try World()
        try Self.arrange(world)
        #expect(try reason { try Self.arrange(world) } == "nothing_changed")
        let id = try Self.start(world)
        let other = try Self.start(world, by: World.dora, 2, day: 2)
        try Self.arrange(world, nil, day: 2)
        for ended in [id, other] {
            let record = try #require(try Recoveries.record(ended, in: world.state))
            #expect(record.ending?.outcome == .canceled)
            #expect(try world.state.record(IdentityKeys.key(record.key)) == nil, "the key is free again")
        }
        #expect(try reason { try Self.start(world, day: 3) } == "no_guardians")
    }

    @Test("A policy names guardians who may be, a threshold that they reach, and a delay of one day to thirty")
    func policies() throws {
        let world = try World()
        func code(
            _ guardians: [Party], _ threshold: UInt64 = 1, delay: UInt64 = RecoveryTests.threeDays,
            for account: Address = World.anna
        ) throws -> String? {
            try reason {
                try Self.arrange(
                    world, GuardianPolicy(guardians: guardians, threshold: threshold, delayMilliseconds: delay),
                    for: account)
            }
        }
        let bert = Party.account(World.bert)
        #expect(try code([]) == "no_guardians")
        #expect(try code([.account(World.anna)]) == "self_issued")
        #expect(try code([.account(World.stranger)]) == "unknown_party")
        #expect(try code([.account(World.patient)]) == "kind_not_allowed")
        #expect(try code([bert, bert]) == "list_not_ascending")
        #expect(try code([bert], 0) == "threshold_unreachable")
        #expect(try code([bert], 2) == "threshold_unreachable")
        #expect(try code([bert], delay: millisecondsPerDay - 1) == "invalid_delay")
        #expect(try code([bert], delay: 30 * millisecondsPerDay + 1) == "invalid_delay")
        // A patient's pseudonym is tied to institutions alone.
        #expect(try code([bert], for: World.patient) == "kind_not_allowed")
        #expect(try code([.organization(World.clinic)], for: World.patient) == nil)
    }

    @Test("A new key is fresh, proven for this account, this network and this change, and can't be registered besides")
    func newKeys() throws {
        let world = try World()
        try Self.arrange(world)
        let secret = try Self.secret(1)
        func code(_ key: Address, _ proof: Signature) throws -> String? {
            try reason {
                try StartRecovery(account: World.anna, key: key, proof: proof).execute(
                    in: world.context(World.bert, day: 1))
            }
        }
        #expect(try code(World.cleo, Self.proof(secret, key: World.cleo)) == "key_not_new")
        #expect(try code(World.anna, Self.proof(secret, key: World.anna)) == "key_not_new")
        #expect(try code(secret.address, Self.proof(secret, for: World.bert)) == "key_not_proven")
        #expect(try code(secret.address, Self.proof(secret, changes: 1)) == "key_not_proven")
        #expect(try code(secret.address, Self.proof(secret, network: testHash("other"))) == "key_not_proven")
        #expect(try code(secret.address, Self.proof(try Self.secret(2), key: secret.address)) == "key_not_proven")
        try Self.start(world)
        #expect(
            try reason {
                try SponsorAccount(account: secret.address, kind: .researcher).execute(
                    in: world.context(World.anna, for: World.clinic))
            } == "account_exists")
        // Nor can another account ask for it.
        try Self.arrange(world, Self.policy, for: World.cleo)
        #expect(
            try reason {
                try StartRecovery(account: World.cleo, key: secret.address, proof: Self.proof(secret, for: World.cleo))
                    .execute(in: world.context(World.dora, day: 1))
            } == "key_not_new")
    }

    @Test("An account rotates its own key at once; that ends recoveries, and no key comes back")
    func rotation() throws {
        let world = try World()
        try Self.arrange(world)
        let id = try Self.start(world, 1)
        let keys = try (UInt64(1)...3).map { try Self.secret($0) }
        // The key that guardians asked for may be the very one.
        try RotateKey(key: keys[0].address, proof: Self.proof(keys[0])).execute(in: world.context(World.anna, day: 2))
        #expect(try record(world, id).ending?.outcome == .superseded)
        #expect(try key(world) == keys[0].address)
        try RotateKey(key: keys[1].address, proof: Self.proof(keys[1], changes: 1))
            .execute(in: world.context(World.anna, day: 3))
        #expect(try AccountKeys.account(of: keys[0].address, in: world.state) == nil)
        #expect(try AccountKeys.account(of: keys[1].address, in: world.state) == World.anna)
        for old in [keys[0], keys[1]] {
            #expect(
                try reason {
                    try RotateKey(key: old.address, proof: Self.proof(old, changes: 2))
                        .execute(in: world.context(World.anna, day: 4))
                } == "key_not_new")
        }
        let former = try #require(try world.state.record(IdentityKeys.key(keys[0].address)))
        #expect(former == KeyRecord(account: World.anna, since: World.day(2), until: World.day(3)))
        for day in UInt64(2)...40 { #expect(try Self.due(world, id, day: day).isEmpty) }
    }
}
