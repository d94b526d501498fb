import Cryptography
import INFTs
import Identities
import Primitives
import StateModel
import TestSupport
import Testing

/// Key custodians: named with their own signatures, and as many as their threshold asks for sign an erasure.
struct KeyCustodiansTests {
    let sandbox = Sandbox()

    private func name(_ names: [String], _ threshold: UInt64, of inft: INFTID) -> SetKeyCustodians {
        SetKeyCustodians(inft: inft, threshold: threshold, custodians: names.map { testAddress($0) }.sorted())
    }

    private func refused(_ operation: some DomainOperation, _ cosigners: [String] = []) throws -> String? {
        try reason { try sandbox.execute(operation, cosigners: cosigners) }
    }

    private func known(_ names: [String], _ kind: PartyKind = .researcher) {
        for name in names {
            sandbox.state.set(
                IdentityKeys.account(testAddress(name)),
                AccountRecord(
                    kind: kind, sponsor: nil, createdAt: testStart, createdHeight: .genesis, sponsoredAt: testStart))
        }
    }

    @Test("Nobody is named against their will, and the list is well formed")
    func naming() throws {
        let inft = try sandbox.mintSealed("a", key: "one")
        known(["patient"], .patient)
        let many = (0...INFTsLimits.keyCustodians).map { "custodian \($0)" }
        known(many)
        #expect(try refused(name(["bob"], 1, of: inft)) == "key_custodian_unsigned")
        #expect(try refused(name(["bob", "carol"], 1, of: inft), ["bob"]) == "key_custodian_unsigned")
        #expect(try refused(name(["bob", "carol"], 3, of: inft), ["bob", "carol"]) == "key_custodians_invalid")
        #expect(try refused(name(["bob"], 0, of: inft), ["bob"]) == "key_custodians_invalid")
        #expect(try refused(name([], 1, of: inft)) == "key_custodians_invalid")
        #expect(try refused(name([], 0, of: inft)) == "key_custodians_unchanged")
        #expect(try refused(name(many, 1, of: inft), many) == "key_custodians_invalid")
        #expect(try refused(name(["stranger"], 1, of: inft), ["stranger"]) == "unknown_party")
        #expect(try refused(name(["patient"], 1, of: inft), ["patient"]) == "key_custodians_invalid")
        let twice = SetKeyCustodians(
            inft: inft, threshold: 1, custodians: [testAddress("bob"), testAddress("bob")])
        #expect(try refused(twice, ["bob"]) == "key_custodians_invalid")
        #expect(
            try reason { try sandbox.execute(name(["bob"], 1, of: inft), as: "bob") } == "not_owner")
        let context = try sandbox.execute(name(["bob", "carol"], 2, of: inft), cosigners: ["bob", "carol"])
        #expect(context.unneededSigner == nil)
        #expect(context.events.map(\.name) == ["inft.keyCustodiansSet"])
        #expect(Set(context.events.flatMap(\.topics)).isSuperset(of: [.inft(inft), .party(sandbox.party("carol"))]))
        #expect(try refused(name(["bob", "carol"], 2, of: inft), ["bob", "carol"]) == "key_custodians_unchanged")
    }

    @Test("Who was named before signs a change or a removal, as many as their threshold asks for")
    func changes() throws {
        let inft = try sandbox.mintSealed("a", key: "one")
        known(["dave"])
        try sandbox.execute(name(["bob", "carol"], 2, of: inft), cosigners: ["bob", "carol"])
        #expect(try refused(name(["bob", "carol"], 1, of: inft), ["bob"]) == "key_custodians_missing")
        #expect(try refused(name([], 0, of: inft)) == "key_custodians_missing")
        #expect(try refused(name(["dave"], 1, of: inft), ["dave"]) == "key_custodians_missing")
        // They need not sign that they stay.
        try sandbox.execute(name(["bob", "carol"], 1, of: inft), cosigners: ["bob", "carol"])
        try sandbox.execute(name(["bob", "carol", "dave"], 1, of: inft), cosigners: ["carol", "dave"])
        try sandbox.execute(name([], 0, of: inft), cosigners: ["dave"])
        #expect(
            try sandbox.state.record(INFTKeys.keyCustodians(inft, of: sandbox.party("alice"))) == nil)
    }

    @Test("An erasure carries as many of their signatures as the threshold asks for, and says whose")
    func erasure() throws {
        let inft = try sandbox.mintSealed("a", key: "one")
        known(["dave"])
        try sandbox.execute(name(["bob", "carol", "dave"], 2, of: inft), cosigners: ["bob", "carol", "dave"])
        let erase = Erase(inft: inft, version: 1, sealingKey: sealingSecret("one").key)
        #expect(try refused(erase) == "key_custodians_missing")
        #expect(try refused(erase, ["bob"]) == "key_custodians_missing")
        // Without the holder the custodians decide nothing.
        #expect(
            try reason { try sandbox.execute(erase, as: "bob", cosigners: ["carol", "dave"]) } == "not_authorized")
        let context = try sandbox.execute(erase, cosigners: ["carol", "dave"])
        #expect(context.unneededSigner == nil)
        let record = try Erasures.require(context.madeIdentifier(), field: "erasure", in: sandbox.state)
        #expect(record.threshold == 2)
        #expect(record.custodians == ["carol", "dave"].map { testAddress($0) }.sorted())
    }

    @Test("They are the holder's: the next owner's keys are none of theirs")
    func nextOwner() throws {
        let inft = try sandbox.mintSealed("a", key: "one")
        try sandbox.execute(name(["carol"], 1, of: inft), cosigners: ["carol"])
        let transfer = try sandbox.offerTransfer(inft, "a")
        let made = try sandbox.deliver(transfer, with: "one", from: "alice", to: "bob")
        try sandbox.execute(
            TransferBegin(transfer: transfer, sealingKey: sealingSecret("one").key, commitment: made.commitment))
        try sandbox.execute(TransferComplete(transfer: transfer, sealedKey: made.sealedKey, proof: made.proof))
        let context = try sandbox.execute(
            Erase(inft: inft, version: 1, sealingKey: sealingSecret("bob").key), as: "bob")
        let record = try Erasures.require(context.madeIdentifier(), field: "erasure", in: sandbox.state)
        #expect(record.threshold == 0 && record.custodians.isEmpty)
    }
}
