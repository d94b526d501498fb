import Cryptography
import Execution
import INFTs
import Identities
import Primitives
import Revenue
import StateModel
import TestSupport
import Testing
import Transactions

/// An account gets another key, in real blocks: what it holds is where it was, and the key that was replaced does nothing.
struct KeyTests {
    private static func secret(_ number: UInt64) throws -> SecretKey {
        try #require(SecretKey(Bytes32(3, 3, 3, number)))
    }

    private static func proof(_ secret: SecretKey, for name: String, _ ledger: Ledger, changes: UInt64 = 0) -> Signature
    {
        let statement = NewKeyStatement(
            network: ledger.epoch.network, account: Ledger.address(name), key: secret.address, changes: changes)
        return Schnorr.sign(message: statement.hash, secret: secret, auxiliary: .zero)
    }

    /// One transaction of `name`, signed by these secrets, in a block of its own. Throws the refusal.
    private static func act(
        _ operation: Operation, by name: String, signed secrets: [SecretKey], actingFor: OrganizationID? = nil,
        in ledger: Ledger
    ) throws {
        let body = try ledger.body([operation], by: name, actingFor: actingFor, validFor: 3_600_000)
        let signatures = secrets.map { secret in
            AccountSignature(
                account: secret.address, signature: Schnorr.sign(message: body.hash, secret: secret, auxiliary: .zero))
        }
        try ledger.block([
            try VerifiedTransaction(
                try SignedTransaction(body.signed(signatures.sorted { $0.account < $1.account })),
                network: ledger.epoch.network)
        ])
        if let refusal = ledger.refused.first { throw Refusal.rejected(refusal.rejection) }
    }

    @Test("Guardians give alice another key after the delay; money and INFT stay hers, and the chain replays")
    func recovery() throws {
        let ledger = try Ledger()
        let (minted, _) = try ledger.act(Ledger.mint("one", by: "alice"), by: "alice")
        let inft: INFTID = minted.made()
        let policy = GuardianPolicy(
            guardians: [Ledger.party("bob"), .organization(Ledger.hospital)].sorted(), threshold: 2,
            delayMilliseconds: millisecondsPerDay)
        try ledger.act(.identities(.arrangeRecovery(ArrangeRecovery(policy: policy))), by: "alice")
        let fresh = try Self.secret(1)
        let start = StartRecovery(
            account: Ledger.address("alice"), key: fresh.address, proof: Self.proof(fresh, for: "alice", ledger))
        let (hash, _) = try ledger.act(.identities(.startRecovery(start)), by: "bob")
        let record = try INFTRegistry.record(inft, in: ledger.state)
        let balance = try ledger.balance("alice")
        try ledger.act(
            .identities(
                .approveRecovery(
                    ApproveRecovery(recovery: hash.made(), account: Ledger.address("alice"), key: fresh.address))),
            by: "registrar", actingFor: Ledger.hospital)
        let approved = ledger.time
        // The old key acts to the last; the new one not before.
        try ledger.act(Ledger.transfer(1, to: "bob"), by: "alice", after: millisecondsPerDay - 120_000)
        #expect(
            try reason { try Self.act(Ledger.transfer(1, to: "bob"), by: "alice", signed: [fresh], in: ledger) }
                == "sender_not_signed")
        while try AccountKeys.key(of: Ledger.address("alice"), in: ledger.state) != fresh.address {
            try ledger.block([], after: 30_000)
        }
        let delay = ledger.time.milliseconds - approved.milliseconds
        #expect(delay >= millisecondsPerDay && delay < millisecondsPerDay + 200_000)
        #expect(try reason { try ledger.act(Ledger.transfer(1, to: "bob"), by: "alice") } == "key_replaced")
        #expect(try ledger.balance("alice") == balance - 1)
        #expect(try INFTRegistry.record(inft, in: ledger.state) == record)
        try Self.act(Ledger.transfer(5, to: "bob"), by: "alice", signed: [fresh], in: ledger)
        #expect(try ledger.balance("alice") == balance - 6)
        #expect(try ledger.replayDifference() == nil)
        #expect(try ledger.moneyProblems().isEmpty)
    }

    @Test("An account that objects keeps its key, also when its sponsor is gone; a member rotates and signs on")
    func objection() throws {
        let ledger = try Ledger()
        let policy = GuardianPolicy(
            guardians: [Ledger.party("bob")], threshold: 1, delayMilliseconds: millisecondsPerDay)
        try ledger.act(.identities(.arrangeRecovery(ArrangeRecovery(policy: policy))), by: "registrar")
        let thief = try Self.secret(2)
        let start = StartRecovery(
            account: Ledger.address("registrar"), key: thief.address,
            proof: Self.proof(thief, for: "registrar", ledger))
        let (hash, _) = try ledger.act(.identities(.startRecovery(start)), by: "bob")
        let mine = try Self.secret(3)
        // The hospital's only member takes another key, and acts for it with that.
        try ledger.act(
            .identities(.rotateKey(RotateKey(key: mine.address, proof: Self.proof(mine, for: "registrar", ledger)))),
            by: "registrar")
        #expect(try Recoveries.record(hash.made(), in: ledger.state)?.ending?.outcome == .superseded)
        try Self.act(
            .identities(.sponsor(SponsorAccount(account: testAddress("new"), kind: .researcher))), by: "registrar",
            signed: [mine], actingFor: Ledger.hospital, in: ledger)
        #expect(
            try reason {
                try ledger.act(
                    .identities(.sponsor(SponsorAccount(account: testAddress("other"), kind: .researcher))),
                    by: "registrar", actingFor: Ledger.hospital)
            } == "key_replaced")
        let again = StartRecovery(
            account: Ledger.address("registrar"), key: thief.address,
            proof: Self.proof(thief, for: "registrar", ledger, changes: 1))
        let (second, _) = try ledger.act(.identities(.startRecovery(again)), by: "bob")
        try ledger.act(SponsorTests.revocation(of: Ledger.hospital), by: "board")
        try Self.act(
            .identities(.cancelRecovery(CancelRecovery(recovery: second.made()))), by: "registrar", signed: [mine],
            in: ledger)
        for _ in 0..<3 { try ledger.block([], after: millisecondsPerDay) }
        #expect(try AccountKeys.key(of: Ledger.address("registrar"), in: ledger.state) == mine.address)
    }
}
