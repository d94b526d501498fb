import Blocks
import Consents
import Cryptography
import Execution
import Identities
import Primitives
import Revenue
import StateModel
import TestSupport
import Testing
import Transactions

/// Who answers for an account, how much it may take, and that nobody can be gagged.
struct SponsorTests {
    static func revocation(of organization: OrganizationID) -> Operation {
        let accreditation = CredentialID(HashTag.identifier.hash(organization.bytes.array).bytes)
        return .identities(.revokeCredential(RevokeCredential(credential: accreditation, reason: .misconduct)))
    }

    static func changeSponsor(to organization: OrganizationID) -> Operation {
        .identities(.changeSponsor(ChangeSponsor(sponsor: organization)))
    }

    @Test(
        "Accounts of an institution that is no longer enrolled are refused from that transaction on, reserved acts not")
    func admission() throws {
        let ledger = try Ledger()
        let (hash, _) = try ledger.act(Ledger.mint("one", by: "alice"), by: "alice")
        try ledger.act(
            .revenue(.pay(RevenuePay(inft: .id(hash.made()), asset: Ledger.euro, amount: Amount(50)))), by: "bob")
        // bob is admitted by alice's transaction, until the board's event puts it into doubt.
        let first = try ledger.transaction([Ledger.transfer(1, to: "bob")], by: "alice")
        let revoke = try ledger.transaction([Self.revocation(of: Ledger.hospital)], by: "board")
        let second = try ledger.transaction([Ledger.transfer(1, to: "alice")], by: "bob")
        let other = try ledger.transaction([Ledger.transfer(1, to: "alice")], by: "dave")
        let claim = try ledger.transaction(
            [.revenue(.claim(RevenueClaim(inft: hash.made(), asset: Ledger.euro)))], by: "alice", ahead: 1)
        let executed = try ledger.block([first, revoke, second, other, claim])
        #expect(ledger.refused.map(\.transaction) == [second.hash])
        #expect(ledger.refused.map(\.rejection.reason) == ["not_enrolled"] && executed.transactions.count == 4)

        #expect(try reason { try ledger.act(Ledger.transfer(1, to: "bob"), by: "alice") } == "not_enrolled")
        try ledger.act(Self.changeSponsor(to: Ledger.clinic), by: "alice", cosigners: ["director"])
        try ledger.act(Ledger.transfer(1, to: "bob"), by: "alice")
        #expect(
            try reason { try ledger.act(Self.changeSponsor(to: Ledger.hospital), by: "dave", cosigners: ["registrar"]) }
                == "not_enrolled")
    }

    @Test("An account that nobody sponsored can't act")
    func unknown() throws {
        let ledger = try Ledger()
        let key = try #require(SecretKey(Bytes32(0, 0, 0, 99)))
        let body = TransactionBody(
            network: ledger.epoch.network, sender: key.address, sequence: 0, validUntil: nil,
            operations: [Ledger.transfer(1, to: "bob")])
        let signature = AccountSignature(
            account: key.address, signature: Schnorr.sign(message: body.hash, secret: key, auxiliary: .zero))
        try ledger.block([
            try VerifiedTransaction(try SignedTransaction(body.signed([signature])), network: ledger.epoch.network)
        ])
        #expect(ledger.refused.map(\.rejection.reason) == ["unknown_account"])
        try ledger.act(
            .identities(.sponsor(SponsorAccount(account: key.address, kind: .researcher))), by: "registrar",
            actingFor: Ledger.hospital)
        try ledger.block([
            try VerifiedTransaction(try SignedTransaction(body.signed([signature])), network: ledger.epoch.network)
        ])
        #expect(ledger.refused.map(\.rejection.reason) == ["insufficient_balance"])
    }

    /// Bytes of keys and values of the state, the sponsors' own records aside.
    static func stateBytes(_ ledger: Ledger) throws -> Int {
        try ledger.records().filter { $0.key.header?.domain != .identities || $0.key.header?.kind != 6 }
            .reduce(0) { $0 + $1.key.bytes.count + $1.value.count }
    }

    @Test("What a transaction adds to the state is counted for its sender's sponsor, to the byte")
    func accounting() throws {
        let ledger = try Ledger()
        func counted(_ organization: OrganizationID) throws -> Int {
            Int(try Sponsorship.record(.organization(organization), in: ledger.state).stateBytes)
        }
        #expect(try counted(Ledger.hospital) == 0)
        var expected = 0
        var size = try Self.stateBytes(ledger)
        func check(_ operations: [Operation], by name: String, actingFor: OrganizationID? = nil) throws {
            try ledger.block([try ledger.transaction(operations, by: name, actingFor: actingFor)])
            #expect(ledger.refused.isEmpty)
            let after = try Self.stateBytes(ledger)
            expected += after - size
            size = after
            #expect(try counted(Ledger.hospital) == expected)
        }
        try check([Ledger.mint("one", by: "alice")], by: "alice")
        #expect(expected > 500)
        try check([Ledger.transfer(5, to: "dave"), Ledger.transfer(5, to: "board")], by: "bob")
        try check(
            [.identities(.sponsor(SponsorAccount(account: testAddress("new"), kind: .patient)))], by: "registrar",
            actingFor: Ledger.hospital)
        #expect(try counted(Ledger.clinic) == 0)
        try ledger.act(Ledger.transfer(5, to: "patient"), by: "dave")
        #expect(try counted(Ledger.clinic) > 0 && counted(Ledger.hospital) == expected)
    }

    @Test("Above the quota a sponsor's accounts can't add to the state; others can, and reserved acts still pass")
    func quota() throws {
        let ledger = try Ledger(Ledger.genesis(stateBytesPerSponsor: 3_000))
        var mints: [Hash] = []
        var refusal: Rejection?
        while refusal == nil, mints.count < 20 {
            let operation = Ledger.mint("score \(mints.count)", by: "alice")
            refusal = try rejection { mints.append(try ledger.act(operation, by: "alice").hash) }
        }
        #expect(refusal?.reason == "sponsor_storage_exhausted" && !mints.isEmpty)
        #expect(try Sponsorship.record(.organization(Ledger.hospital), in: ledger.state).stateBytes <= 3_000)
        try ledger.act(Ledger.mint("other", by: "dave"), by: "dave")
        try ledger.act(
            .revenue(.pay(RevenuePay(inft: .id(mints[0].made()), asset: Ledger.euro, amount: Amount(50)))), by: "dave")
        // Fill what is left, then a reserved act adds to the state all the same.
        while try reason({ try ledger.act(Ledger.transfer(1, to: "carol"), by: "bob") }) == nil {}
        let size = try Self.stateBytes(ledger)
        try ledger.act(.revenue(.claim(RevenueClaim(inft: mints[0].made(), asset: Ledger.euro))), by: "alice")
        #expect(try Self.stateBytes(ledger) > size && ledger.balance("alice") == 1_000_050)
        try ledger.act(Self.changeSponsor(to: Ledger.clinic), by: "alice", cosigners: ["director"])
        try ledger.act(Ledger.transfer(1, to: "bob"), by: "alice")
    }
}

/// What a block may weigh, and whose share of it is how large.
struct WeightTests {
    static let limit: UInt64 = 20_000

    static func transfers(_ count: Int, by name: String, on ledger: Ledger) throws -> [VerifiedTransaction] {
        try (0..<count).map { index in
            try ledger.transaction(
                [Ledger.transfer(UInt64(index) + 1, to: "carol")], by: name, ahead: UInt64(index))
        }
    }

    @Test("Ordinary transactions fill 19/20 of a block and no more; the reserved lane is left for reserved acts")
    func reservedLane() throws {
        let ledger = try Ledger(Ledger.genesis(blockWeight: Self.limit))
        let (hash, _) = try ledger.act(Ledger.mint("one", by: "alice"), by: "alice")
        try ledger.act(
            .revenue(.pay(RevenuePay(inft: .id(hash.made()), asset: Ledger.euro, amount: Amount(50)))), by: "bob")
        let transfers = try Self.transfers(240, by: "bob", on: ledger)
        let claim = try ledger.transaction(
            [.revenue(.claim(RevenueClaim(inft: hash.made(), asset: Ledger.euro)))], by: "alice")
        let (executed, refused) = try BlockTests.propose(transfers + [claim], on: ledger)
        let ordinary = executed.transactions.filter { !$0.signed.isReserved }
        // Whether bob's sponsor is enrolled is asked once.
        let weight = ordinary.reduce(Sponsorship.admissionWeight) { $0 + $1.weight }
        #expect(refused.isEmpty && executed.transactions.last?.hash == claim.hash)
        #expect(weight <= Self.limit * 19 / 20 && weight + transfers[0].weight > Self.limit * 19 / 20)
        #expect(try BlockTests.defect(executed.block, executed.transactions, on: ledger) == nil)
        let tooHeavy = Array(transfers[...ordinary.count])
        #expect(try BlockTests.defect(BlockTests.handmade(tooHeavy, on: ledger), tooHeavy, on: ledger) == .tooHeavy)
    }

    @Test(
        "Above half-full no sponsor has more than its share: the proposer packs so, other blocks are refused"
    )
    func shares() throws {
        let ledger = try Ledger(Ledger.genesis(blockWeight: Self.limit))
        let own = try Self.transfers(150, by: "bob", on: ledger)
        let others = try Self.transfers(40, by: "dave", on: ledger)
        // Alone, a sponsor may have all of it.
        let alone = try BlockTests.propose(own, on: ledger).executed
        #expect(alone.transactions.count == 150 && alone.transactions.reduce(0) { $0 + $1.weight } > Self.limit / 2)
        // Beside another it has half.
        let shared = try BlockTests.propose(others + own, on: ledger).executed
        let taken = shared.transactions.filter { $0.body.sender == Ledger.address("bob") }
        let count = taken.count
        let weight = taken.reduce(Sponsorship.admissionWeight) { $0 + $1.weight }
        #expect(weight <= Self.limit / 2 && weight + own[count].weight > Self.limit / 2)
        #expect(shared.transactions.count == 40 + count)
        #expect(try BlockTests.defect(shared.block, shared.transactions, on: ledger) == nil)
        let unfair = others + own[..<(count + 1)]
        #expect(
            try BlockTests.defect(BlockTests.handmade(unfair, on: ledger), unfair, on: ledger) == .sponsorAboveShare)
        // Below half-full nobody counts shares.
        let light = Array(others[..<1] + own[..<(count / 2)])
        #expect(try BlockTests.defect(BlockTests.handmade(light, on: ledger), light, on: ledger) == .wrongReceipts)
    }

    @Test("Whether a sponsor is enrolled weighs once in a block, and again after what puts it into doubt")
    func admission() throws {
        let ledger = try Ledger(Ledger.genesis(blockWeight: Self.limit))
        let transfers = try Self.transfers(240, by: "bob", on: ledger)
        /// How many of them weigh at most so much together.
        func fitting(_ weight: UInt64) -> Int {
            var sum: UInt64 = 0
            return transfers.firstIndex { transfer in
                sum += transfer.weight
                return sum > weight
            } ?? transfers.count
        }
        func count(_ candidates: [VerifiedTransaction]) throws -> Int {
            let executed = try BlockTests.propose(candidates, on: ledger).executed
            #expect(try BlockTests.defect(executed.block, executed.transactions, on: ledger) == nil)
            return executed.transactions.count { $0.body.sender == Ledger.address("bob") }
        }
        // As many as there is room for beside one question.
        let ordinary = Self.limit * 19 / 20
        #expect(try count(transfers) == fitting(ordinary - Sponsorship.admissionWeight))
        #expect(fitting(ordinary - Sponsorship.admissionWeight) < fitting(ordinary))
        // What tells of identities raises it again, for whoever comes behind. Beside another sponsor half is bob's.
        let mandate = try ledger.transaction(
            [
                .identities(
                    .grantMandate(
                        GrantMandate(
                            grant: MandateGrant(
                                delegate: Ledger.address("alice"), operations: [.beginLicense],
                                validUntil: ledger.time.adding(milliseconds: millisecondsPerDay)))))
            ], by: "dave")
        let half = Self.limit / 2
        let (once, twice) = (Sponsorship.admissionWeight, 2 * Sponsorship.admissionWeight)
        #expect(try count([mandate] + transfers) == fitting(half - once))
        #expect(try count(Array(transfers[..<1]) + [mandate] + transfers[1...]) == fitting(half - twice))
        #expect(fitting(half - twice) < fitting(half - once))
    }

    @Test("1010: what no block can hold is refused, not kept")
    func tooHeavy() throws {
        let ledger = try Ledger(Ledger.genesis(blockWeight: Self.limit))
        let share = Operation.revenue(
            .transferShare(
                RevenueTransferShare(inft: testIdentifier("x"), to: Ledger.party("bob"), share: .whole)))
        let heavy = try ledger.transaction([Operation](repeating: share, count: 64), by: "alice")
        #expect(heavy.weight > Self.limit * 19 / 20)
        try ledger.block([heavy])
        #expect(ledger.refused.map(\.rejection.code) == [1010])
    }

    @Test("The weights add up, without overflow, and a share is a quarter at least")
    func arithmetic() {
        let sponsors = (0..<10).map { Party.account(testAddress("sponsor \($0)")) }
        var weight = BlockWeight(limit: 1_000)
        #expect(weight.dueItems == 6 && weight.ordinaryLimit == 950)
        let quarters = sponsors[..<3].map { weight.addFairly(250, sponsor: $0) }
        // The first has its quarter; the fourth fills the ordinary part; then only the reserved lane has room.
        let part = weight.addFairly(100, sponsor: sponsors[3])
        let beyond = weight.addFairly(1, sponsor: sponsors[0])
        let fourth = part && weight.addFairly(100, sponsor: sponsors[3])
        #expect(quarters == [true, true, true] && !beyond && fourth && weight.ordinary == 950 && weight.isFair)
        let late = [weight.add(1, sponsor: sponsors[4]), weight.add(50, sponsor: nil), weight.add(1, sponsor: nil)]
        #expect(late == [false, true, false] && weight.total == 1_000)
        let overflow = weight.add(.max, sponsor: nil) || weight.addFairly(.max, sponsor: sponsors[0])
        #expect(!overflow && weight.total == 1_000)
        var unfair = BlockWeight(limit: 1_000)
        var isFair: [Bool] = []
        for (sponsor, share) in zip(sponsors, [500, 100, 100] as [UInt64]) {
            let isAdded = unfair.add(share, sponsor: sponsor)
            isFair.append(isAdded && unfair.isFair)
        }
        #expect(isFair == [true, true, false])
        #expect(!unfair.fitsEmptyBlock(951, isReserved: false) && unfair.fitsEmptyBlock(951, isReserved: true))
    }
}
