import Cryptography
import INFTs
import Primitives
import StateModel
import TestSupport
import Testing

/// A change of owner: offered, accepted, begun, completed; and every way in which it comes to nothing.
struct TransferTests {
    @Test("A sealed INFT changes its owner with the proof that the receiver holds its key, and never before")
    func sealed() throws {
        let sandbox = Sandbox()
        let inft = try sandbox.mintSealed("a", key: "one")
        let transfer = try sandbox.offerTransfer(inft, "a")
        let made = try sandbox.deliver(transfer, with: "one", from: "alice", to: "bob")
        let complete = TransferComplete(transfer: transfer, sealedKey: made.sealedKey, proof: made.proof)
        #expect(try reason { try sandbox.execute(complete, as: "carol") } == "delivery_not_begun")
        let begin = TransferBegin(
            transfer: transfer, sealingKey: sealingSecret("one").key, commitment: made.commitment)
        #expect(try reason { try sandbox.execute(begin, as: "bob") } == "not_authorized")
        try sandbox.execute(begin)
        #expect(try sandbox.record(inft).owner == sandbox.party("alice"))
        #expect(try sandbox.delivery(transfer).state == .begun)
        // While it is handed over its owner changes nothing, but can rescue the key.
        let changes: [any DomainOperation] = [
            Freeze(inft: inft), Retire(inft: inft), SetMetadata(inft: inft, metadata: metadata("other")),
        ]
        for operation in changes {
            #expect(try reason { try sandbox.execute(operation) } == "transfer_begun")
        }
        #expect(try reason { try sandbox.execute(TransferCancel(transfer: transfer)) } == "delivery_begun")
        let seal = try sandbox.reseal(inft, from: "one", to: "rescue")
        try sandbox.execute(Reseal(inft: inft, version: 1, seal: seal))
        // A dispute of the INFT that comes now does not undo it either; anyone may relay it.
        try sandbox.transaction(as: "carol") { (context) throws in
            try Tags.put(.usage, for: testHash("verdict"), on: inft, in: context)
        }
        try sandbox.execute(complete, as: "carol")
        let record = try sandbox.record(inft)
        #expect(record.owner == sandbox.party("bob") && record.transfer == nil)
        let custody = try sandbox.custody(of: inft)
        #expect(custody.holder == sandbox.party("bob"))
        #expect(try opens(custody.sealedKey, "bob", to: "a"))
        #expect(try reason { try sandbox.execute(complete, as: "carol") } == "delivery_ended")
        #expect(try sandbox.delivery(transfer).ending?.outcome == .completed)
        let last = try sandbox.state.record(INFTKeys.history(inft, record.historyCount - 1))
        #expect(last?.kind == .transferred && last?.actor == sandbox.party("carol"))
    }

    @Test("Open content is handed over when the receiver accepts it with its hash")
    func open() throws {
        let sandbox = Sandbox()
        let inft = try sandbox.mint("open")
        let expiresAt = sandbox.time.adding(milliseconds: 86_400_000)
        let offer = TransferOffer(inft: inft, to: sandbox.party("bob"), expiresAt: expiresAt)
        let transfer: DeliveryID = try sandbox.execute(offer).madeIdentifier()
        #expect(try reason { try sandbox.execute(offer) } == "transfer_open")
        let accept = TransferAccept(transfer: transfer, fetchedHash: testHash("open"))
        #expect(try reason { try sandbox.execute(accept, as: "carol") } == "not_receiver")
        let wrong = TransferAccept(transfer: transfer, fetchedHash: testHash("other"))
        #expect(try reason { try sandbox.execute(wrong, as: "bob") } == "fetched_root_differs")
        let request = sandbox.request("open", of: inft, key: "bob", by: "bob")
        #expect(
            try reason { try sandbox.execute(TransferAccept(transfer: transfer, delivery: request), as: "bob") }
                == "delivery_unneeded")
        let names = try sandbox.execute(accept, as: "bob").events.map { $0.name }
        #expect(names == ["inft.transferAccepted", "inft.transferred"])
        #expect(try sandbox.record(inft).owner == sandbox.party("bob"))
        #expect(try reason { try sandbox.execute(Freeze(inft: inft)) } == "not_owner")
        #expect(
            try reason {
                try sandbox.execute(
                    TransferOffer(inft: inft, to: sandbox.party("bob"), expiresAt: expiresAt), as: "bob")
            } == "receiver_is_owner")
    }

    @Test("What the receiver signs is checked: the root, the possession, a fresh key, the version")
    func acceptance() throws {
        let sandbox = Sandbox()
        let inft = try sandbox.mintSealed("a", key: "one")
        let expiresAt = sandbox.time.adding(milliseconds: 86_400_000)
        for wrong in [testStart, testStart.adding(milliseconds: 100 * millisecondsPerDay)] {
            let offer = TransferOffer(inft: inft, to: sandbox.party("bob"), expiresAt: wrong)
            #expect(try reason { try sandbox.execute(offer) } == "transfer_expiry_invalid")
        }
        let transfer: DeliveryID = try sandbox.execute(
            TransferOffer(inft: inft, to: sandbox.party("bob"), expiresAt: expiresAt)
        ).madeIdentifier()
        func refused(_ request: DeliveryRequest?, hash: Hash? = nil) throws -> String? {
            try reason {
                try sandbox.execute(
                    TransferAccept(transfer: transfer, delivery: request, fetchedHash: hash), as: "bob")
            }
        }
        #expect(try refused(nil, hash: testHash("a")) == "delivery_needed")
        #expect(try refused(nil) == "delivery_needed")
        #expect(
            try refused(sandbox.request("b", of: inft, key: "bob", by: "bob")) == "fetched_root_differs")
        #expect(try refused(sandbox.request("a", of: inft, key: "one", by: "bob")) == "sealing_key_used")
        #expect(try refused(sandbox.request("a", of: inft, key: "bob", by: "carol")) == "proof_invalid")
        #expect(
            try refused(sandbox.request("a", of: inft, version: 2, key: "bob", by: "bob")) == "proof_invalid")
        #expect(
            try refused(sandbox.request("a", of: inft, key: "bob", by: "bob", act: .license)) == "proof_invalid")
        #expect(try refused(sandbox.request("a", of: inft, key: "bob", by: "bob")) == nil)
        // Revised since, it is not what was accepted.
        try sandbox.revise(inft, "b", key: "two")
        let begin = TransferBegin(
            transfer: transfer, sealingKey: sealingSecret("two").key, commitment: testHash("x"))
        #expect(try reason { try sandbox.execute(begin) } == "revised_since")
        try sandbox.execute(TransferCancel(transfer: transfer), as: "bob")
        #expect(try sandbox.record(inft).transfer == nil)
        #expect(try sandbox.delivery(transfer).ending?.outcome == .canceled)
    }

    @Test("A completion is checked against what begin fixed: commitment, keys, parties, and its hour")
    func completion() throws {
        let sandbox = Sandbox()
        let inft = try sandbox.mintSealed("a", key: "one")
        let transfer = try sandbox.offerTransfer(inft, "a")
        let made = try sandbox.deliver(transfer, with: "one", from: "alice", to: "bob")
        #expect(
            try reason {
                try sandbox.execute(
                    TransferBegin(
                        transfer: transfer, sealingKey: sealingSecret("other").key, commitment: made.commitment))
            } == "resealed_since")
        // A seller who commits to a delivery for others can't complete it.
        let wrong = try sandbox.deliver(transfer, with: "one", from: "alice", to: "carol")
        try sandbox.execute(
            TransferBegin(
                transfer: transfer, sealingKey: sealingSecret("one").key, commitment: wrong.commitment))
        #expect(
            try reason {
                try sandbox.execute(
                    TransferComplete(transfer: transfer, sealedKey: made.sealedKey, proof: made.proof))
            } == "commitment_differs")
        #expect(
            try reason {
                try sandbox.execute(
                    TransferComplete(transfer: transfer, sealedKey: wrong.sealedKey, proof: wrong.proof))
            } == "proof_invalid")
        // The hour alone does not end it; the hour and a hundred blocks do.
        #expect(try sandbox.pass(milliseconds: 2 * 3_600_000) == [])
        #expect(try sandbox.delivery(transfer).state == .begun)
        #expect(try sandbox.pass(milliseconds: 120_000, blocks: 100) == ["inft.transferEnded"])
        #expect(try sandbox.delivery(transfer).ending?.outcome == .notCompleted)
        let record = try sandbox.record(inft)
        #expect(record.owner == sandbox.party("alice") && record.transfer == nil)
    }

    @Test("A completion counts while either the hour or the hundred blocks last, and not after")
    func deadline() throws {
        func outcome(milliseconds: UInt64, blocks: UInt64) throws -> String? {
            let sandbox = Sandbox()
            let inft = try sandbox.mintSealed("a", key: "one")
            let transfer = try sandbox.offerTransfer(inft, "a")
            let made = try sandbox.deliver(transfer, with: "one", from: "alice", to: "bob")
            try sandbox.execute(
                TransferBegin(
                    transfer: transfer, sealingKey: sealingSecret("one").key, commitment: made.commitment))
            // No due work between: the rule itself is asked.
            sandbox.skip(milliseconds: milliseconds, blocks: blocks)
            return try reason {
                try sandbox.execute(
                    TransferComplete(transfer: transfer, sealedKey: made.sealedKey, proof: made.proof))
            }
        }
        #expect(try outcome(milliseconds: 3_600_000 - 1_001, blocks: 500) == nil)
        #expect(try outcome(milliseconds: 9 * 3_600_000, blocks: 98) == nil)
        #expect(try outcome(milliseconds: 3_600_000, blocks: 99) == "delivery_late")
    }

    @Test("A transfer that nobody accepts or begins ends with its offer, and another can follow")
    func expiry() throws {
        let sandbox = Sandbox()
        let inft = try sandbox.mintSealed("a", key: "one")
        let transfer = try sandbox.offerTransfer(inft, "a")
        #expect(try sandbox.pass(milliseconds: 86_400_000 + 120_000) == ["inft.transferEnded"])
        #expect(try sandbox.delivery(transfer).ending?.outcome == .notBegun)
        let begin = TransferBegin(
            transfer: transfer, sealingKey: sealingSecret("one").key, commitment: testHash("x"))
        #expect(try reason { try sandbox.execute(begin) } == "delivery_ended")
        let next: DeliveryID = try sandbox.execute(
            TransferOffer(
                inft: inft, to: sandbox.party("carol"), expiresAt: sandbox.time.adding(milliseconds: 60_000))
        ).madeIdentifier()
        #expect(try reason { try sandbox.execute(TransferCancel(transfer: next), as: "bob") } == "not_owner")
        try sandbox.execute(TransferCancel(transfer: next))
        #expect(try reason { try sandbox.execute(TransferCancel(transfer: next)) } == "delivery_ended")
    }

    @Test("Keys of older versions stay with who holds them; their owner can reseal them no more")
    func olderVersions() throws {
        let sandbox = Sandbox()
        let inft = try sandbox.mintSealed("a", key: "one")
        try sandbox.revise(inft, "b", key: "two")
        let transfer = try sandbox.offerTransfer(inft, "b")
        let made = try sandbox.deliver(transfer, with: "two", from: "alice", to: "bob")
        try sandbox.execute(
            TransferBegin(transfer: transfer, sealingKey: sealingSecret("two").key, commitment: made.commitment))
        try sandbox.execute(
            TransferComplete(transfer: transfer, sealedKey: made.sealedKey, proof: made.proof), as: "bob")
        #expect(try sandbox.custody(1, of: inft).holder == sandbox.party("alice"))
        #expect(try sandbox.custody(2, of: inft).holder == sandbox.party("bob"))
        let seal = try sandbox.reseal(inft, version: 2, from: "bob", to: "bob again", by: "bob")
        try sandbox.execute(Reseal(inft: inft, version: 2, seal: seal), as: "bob")
        let old = try sandbox.reseal(inft, version: 1, from: "one", to: "old", by: "bob")
        #expect(
            try reason { try sandbox.execute(Reseal(inft: inft, version: 1, seal: old), as: "bob") }
                == "content_not_held")
    }

    @Test("Lists show what a party is to deliver, what comes to it, and the deliveries of an INFT")
    func queries() throws {
        let sandbox = Sandbox()
        let inft = try sandbox.mintSealed("a", key: "one")
        let transfer = try sandbox.offerTransfer(inft, "a")
        let context = try sandbox.queries
        for (name, value) in [("from", "alice"), ("to", "bob")] {
            guard let query = INFTsDomain.queries.first(where: { $0.name == "delivery_list" }) else {
                throw StateFailure("no such query")
            }
            let parameters = DeliveryListParameters(
                from: name == "from" ? sandbox.party(value) : nil, to: name == "to" ? sandbox.party(value) : nil,
                inft: nil, onlyOpen: true)
            guard
                case .page(let items, _) = try query.evaluate(
                    parameters, PageRequest(after: nil, limit: 10), context)
            else { throw StateFailure("a list answers with a page") }
            #expect(items.compactMap { ($0 as? DeliveryView)?.delivery.id } == [transfer])
        }
    }
}
