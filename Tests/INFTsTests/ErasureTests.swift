import Consents
import Cryptography
import INFTs
import Identities
import Primitives
import StateModel
import TestSupport
import Testing

/// Erasure: attested once, by who held the key and its custodians; and what is refused ever after.
struct ErasureTests {
    let sandbox = Sandbox()

    private func erase(
        _ inft: INFTID, version: UInt64 = 1, key: String, consents: [ConsentID] = []
    ) -> Erase {
        Erase(inft: inft, version: version, sealingKey: sealingSecret(key).key, consents: consents)
    }

    @Test("A receipt says what was destroyed; nothing that needs the content happens ever after")
    func receipts() throws {
        let inft = try sandbox.mintSealed("a", key: "one")
        let offered = try sandbox.offerTransfer(inft, "a")
        let operation = erase(inft, key: "one")
        #expect(try reason { try sandbox.execute(operation, as: "bob") } == "not_authorized")
        #expect(try reason { try sandbox.execute(erase(inft, key: "two")) } == "resealed_since")
        #expect(try reason { try sandbox.execute(erase(inft, version: 2, key: "one")) } == "content_not_sealed")
        let open = try sandbox.mint("open")
        #expect(try reason { try sandbox.execute(erase(open, key: "one")) } == "content_not_sealed")
        #expect(try reason { try sandbox.execute(erase(testIdentifier("none"), key: "one")) } == "unknown_inft")
        let context = try sandbox.execute(operation)
        let id: ErasureID = context.madeIdentifier()
        let record = try Erasures.require(id, field: "erasure", in: sandbox.state)
        #expect(record.inft == inft && record.version == 1 && record.root == testHash("root a"))
        #expect(record.sealingKey == sealingSecret("one").key && record.holder == sandbox.party("alice"))
        #expect(record.consents.isEmpty && record.requestedAt == nil && record.mandate == nil)
        #expect(record.custodians.isEmpty && record.threshold == 0 && record.delivered == 0)
        #expect(record.at == context.block.time && record.height == context.block.height)
        #expect(record.transaction == context.transactionHash)
        #expect(try sandbox.version(of: inft).erasure == id)
        #expect(try Erasures.receipt(of: 1, of: inft, in: sandbox.state) == id)
        #expect(try Erasures.receipt(ofRoot: record.root, in: sandbox.state) == id)
        #expect(context.events.map(\.name) == ["inft.erased"])
        #expect(context.events.flatMap(\.topics) == [.inft(inft), .party(sandbox.party("alice"))])
        let history = try sandbox.record(inft).historyCount
        #expect(try sandbox.state.record(INFTKeys.history(inft, history - 1))?.kind == .erased)

        let begin = TransferBegin(
            transfer: offered, sealingKey: sealingSecret("one").key, commitment: testHash("x"))
        let seal = try sandbox.reseal(inft, from: "one", to: "two")
        let clone = try sandbox.reseal(inft, act: .clone, from: "one", to: "three")
        let refused: [any DomainOperation] = [
            operation, begin, Reseal(inft: inft, version: 1, seal: seal), Clone(inft: inft, seal: clone),
        ]
        for operation in refused { #expect(try reason { try sandbox.execute(operation) } == "content_erased") }
        // The offer that stood comes to nothing, and there is no new one.
        try sandbox.execute(TransferCancel(transfer: offered))
        let offer = TransferOffer(
            inft: inft, to: sandbox.party("bob"), expiresAt: sandbox.time.adding(milliseconds: 9_000_000))
        #expect(try reason { try sandbox.execute(offer) } == "content_erased")
        // A newer version is not concerned.
        try sandbox.revise(inft, "b", key: "four")
        let transfer: DeliveryID = try sandbox.execute(offer).madeIdentifier()
        let accept = TransferAccept(
            transfer: transfer, delivery: sandbox.request("b", of: inft, version: 2, key: "six", by: "bob"))
        try sandbox.execute(accept, as: "bob")
        #expect(try sandbox.delivery(transfer).version == 2)
        #expect(try sandbox.version(1, of: inft).custody?.sealingKey == record.sealingKey)
    }

    @Test("Asking for what was erased is refused, whoever asks and for whatever")
    func requests() throws {
        let inft = try sandbox.mintSealed("a", key: "one")
        let offer = TransferOffer(
            inft: inft, to: sandbox.party("bob"), expiresAt: sandbox.time.adding(milliseconds: 9_000_000))
        let transfer: DeliveryID = try sandbox.execute(offer).madeIdentifier()
        try sandbox.execute(erase(inft, key: "one"))
        for act in [SealingAct.license, .licenseTransfer, .licenseRevision, .transfer] {
            let request = sandbox.request("a", of: inft, key: "bob", by: "bob", act: act)
            let found = try reason {
                try sandbox.transaction(as: "bob") { (context) throws in
                    try Deliveries.check(
                        request, act: act, inft: inft, version: try sandbox.version(of: inft),
                        by: sandbox.party("bob"), field: "delivery", in: context)
                }
            }
            #expect(found == "content_erased")
        }
        let accept = TransferAccept(
            transfer: transfer, delivery: sandbox.request("a", of: inft, key: "bob", by: "bob"))
        #expect(try reason { try sandbox.execute(accept, as: "bob") } == "content_erased")
    }

    @Test("A delivery that was begun binds: no erasure before it has ended, and it is counted when it was completed")
    func begun() throws {
        let inft = try sandbox.mintSealed("a", key: "one")
        let transfer = try sandbox.offerTransfer(inft, "a")
        let made = try sandbox.deliver(transfer, with: "one", from: "alice", to: "bob")
        try sandbox.execute(
            TransferBegin(transfer: transfer, sealingKey: sealingSecret("one").key, commitment: made.commitment))
        let found = try rejection { try sandbox.execute(erase(inft, key: "one")) }
        #expect(found?.reason == "deliveries_begun" && found?.retryable == true)
        try sandbox.execute(
            TransferComplete(transfer: transfer, sealedKey: made.sealedKey, proof: made.proof), as: "carol")
        // The key is the next owner's, who alone can say that it is gone.
        #expect(try reason { try sandbox.execute(erase(inft, key: "one")) } == "not_authorized")
        let id: ErasureID = try sandbox.execute(erase(inft, key: "bob"), as: "bob").madeIdentifier()
        let record = try Erasures.require(id, field: "erasure", in: sandbox.state)
        #expect(record.delivered == 1 && record.holder == sandbox.party("bob"))
    }

    @Test("A delivery that was begun and came to nothing stands in no erasure's way, and is not counted")
    func failed() throws {
        let inft = try sandbox.mintSealed("a", key: "one")
        let transfer = try sandbox.offerTransfer(inft, "a")
        try sandbox.execute(
            TransferBegin(transfer: transfer, sealingKey: sealingSecret("one").key, commitment: testHash("x")))
        #expect(try reason { try sandbox.execute(erase(inft, key: "one")) } == "deliveries_begun")
        #expect(
            try sandbox.pass(milliseconds: INFTsLimits.completeMilliseconds + 120_000, blocks: 100) == [
                "inft.transferEnded"
            ])
        let id: ErasureID = try sandbox.execute(erase(inft, key: "one")).madeIdentifier()
        #expect(try Erasures.require(id, field: "erasure", in: sandbox.state).delivered == 0)
    }

    @Test("Who holds an older version's key erases it, though another owns the INFT by now")
    func formerHolder() throws {
        let inft = try sandbox.mintSealed("a", key: "one")
        try sandbox.revise(inft, "b", key: "two")
        let transfer = try sandbox.offerTransfer(inft, "b")
        let made = try sandbox.deliver(transfer, with: "two", from: "alice", to: "bob")
        try sandbox.execute(
            TransferBegin(transfer: transfer, sealingKey: sealingSecret("two").key, commitment: made.commitment))
        try sandbox.execute(TransferComplete(transfer: transfer, sealedKey: made.sealedKey, proof: made.proof))
        #expect(try reason { try sandbox.execute(erase(inft, key: "one"), as: "bob") } == "not_authorized")
        try sandbox.execute(erase(inft, key: "one"))
        #expect(try sandbox.version(1, of: inft).erasure != nil)
        #expect(try sandbox.version(2, of: inft).erasure == nil)
    }

    @Test("Each version is encrypted for itself: no other version names its ciphertext, erased or not")
    func roots() throws {
        let inft = try sandbox.mintSealed("a", key: "one")
        func refused(as name: String) throws -> Rejection? {
            let sealed = try sandbox.sealed(
                "b", to: "copy", sandbox.statement(.mint, by: name), root: testHash("root a"))
            return try rejection {
                try sandbox.execute(
                    sampleMint("b", owner: sandbox.party(name), content: .sealed(sealed)), as: name)
            }
        }
        #expect(try refused(as: "bob")?.reason == "root_claimed")
        #expect(try refused(as: "bob")?.field == "content.root")
        try sandbox.revise(inft, "b", key: "two")
        // An older version's is no newer one's either.
        let sealed = try sandbox.sealed(
            "c", to: "three", sandbox.statement(.revise, inft.bytes, version: 3, by: "alice"), root: testHash("root a"))
        #expect(
            try reason { try sandbox.execute(Revise(inft: inft, content: .sealed(sealed))) } == "root_claimed")
        try sandbox.execute(erase(inft, key: "one"))
        #expect(try refused(as: "alice")?.reason == "root_claimed")
    }

    @Test("A clone's erasure by its owner's own decision leaves the ciphertext to those that live; the last takes it")
    func clones() throws {
        let inft = try sandbox.mintSealed("a", key: "one")
        let clone: INFTID = try sandbox.execute(
            Clone(inft: inft, seal: try sandbox.reseal(inft, act: .clone, from: "one", to: "two"))
        ).madeIdentifier()
        let root = testHash("root a")
        try sandbox.execute(erase(clone, key: "two"))
        #expect(try Erasures.receipt(ofRoot: root, in: sandbox.state) == nil)
        // The original lives on.
        try sandbox.execute(
            Reseal(inft: inft, version: 1, seal: try sandbox.reseal(inft, from: "one", to: "three")))
        let last: ErasureID = try sandbox.execute(erase(inft, key: "three")).madeIdentifier()
        #expect(try Erasures.receipt(ofRoot: root, in: sandbox.state) == last)
        let claim = try sandbox.state.record(INFTKeys.root(root))
        #expect(claim == RootClaim(inft: inft, versions: 2, erased: 2, erasure: last))
    }

    @Test("What is disputed is evidence: its holder alone does not erase it")
    func disputes() throws {
        let inft = try sandbox.mintSealed("a", key: "one")
        let clone: INFTID = try sandbox.execute(
            Clone(inft: inft, seal: try sandbox.reseal(inft, act: .clone, from: "one", to: "two"))
        ).madeIdentifier()
        try sandbox.transaction(as: "carol") { (context) throws in
            try Tags.put(.usage, for: testHash("verdict"), on: inft, in: context)
        }
        #expect(try reason { try sandbox.execute(erase(inft, key: "one")) } == "erasure_disputed")
        #expect(try reason { try sandbox.execute(erase(clone, key: "two")) } == "erasure_disputed")
        try sandbox.transaction(as: "carol") { (context) throws in
            try Tags.remove(testHash("verdict"), from: inft, in: context)
        }
        try sandbox.execute(erase(inft, key: "one"))
    }

    @Test("A mandate for erasure does, and is counted; for anything else it does not")
    func mandates() throws {
        let inft = try sandbox.mintSealed("a", key: "one")
        func grant(_ act: MandatedAct, to name: String) throws -> MandateID {
            try sandbox.execute(
                GrantMandate(
                    grant: MandateGrant(
                        delegate: testAddress(name), operations: [act], uses: 1,
                        validUntil: testStart.adding(milliseconds: 9 * millisecondsPerDay)))
            ).madeIdentifier()
        }
        _ = try grant(.beginTransfer, to: "bob")
        #expect(try reason { try sandbox.execute(erase(inft, key: "one"), as: "bob") } == "not_authorized")
        let mandate = try grant(.eraseContent, to: "carol")
        let context = try sandbox.execute(erase(inft, key: "one"), as: "carol")
        #expect(context.events.map(\.name) == ["mandate.used", "inft.erased"])
        let record = try Erasures.require(context.madeIdentifier(), field: "erasure", in: sandbox.state)
        #expect(record.mandate == mandate && record.holder == sandbox.party("alice"))
        #expect(try Mandates.record(mandate, in: sandbox.state)?.used == 1)
    }
}
