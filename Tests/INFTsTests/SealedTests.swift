import Cryptography
import INFTs
import Primitives
import Revenue
import StateModel
import TestSupport
import Testing

/// Publishing, revising, resealing and cloning sealed content.
struct SealedTests {
    @Test("A sealed mint proves possession and origin for its own operation alone")
    func mints() throws {
        let sandbox = Sandbox()
        let inft = try sandbox.mintSealed("a", key: "one")
        let custody = try sandbox.custody(of: inft)
        #expect(custody.holder == sandbox.party("alice") && custody.sealingKey == sealingSecret("one").key)
        #expect(try opens(custody.sealedKey, "one", to: "a"))

        func refused(_ sealed: SealedContent, as name: String = "alice") throws -> String? {
            try reason {
                try sandbox.execute(
                    sampleMint("b", owner: sandbox.party(name), content: .sealed(sealed)), as: name)
            }
        }
        // Each needs its own statement; `sandbox.sequence` goes on with every attempt.
        let good = { try sandbox.sealed("b", to: "two", sandbox.statement(.mint, by: "alice")) }
        var other = sandbox.statement(.mint, by: "alice")
        #expect(try refused(try sandbox.sealed("b", to: "two", other)) == nil)
        // Sent again: the sequence differs. By somebody else: the sender differs.
        #expect(try refused(try sandbox.sealed("b", to: "three", other)) == "proof_invalid")
        #expect(
            try refused(try sandbox.sealed("b", to: "three", sandbox.statement(.mint, by: "alice")), as: "bob")
                == "proof_invalid")
        other = sandbox.statement(.revise, by: "alice")
        #expect(try refused(try sandbox.sealed("b", to: "three", other)) == "proof_invalid")
        other = sandbox.statement(.mint, version: 2, by: "alice")
        #expect(try refused(try sandbox.sealed("b", to: "three", other)) == "proof_invalid")
        // A sealing key serves once.
        #expect(try refused(try good()) == "sealing_key_used")
        // Somebody else's sealed key, with all that its owner published, is not mine.
        guard case .sealed(let published) = try sandbox.record(inft).latest else { throw StateFailure("open") }
        let mine = try SealedSample("b", to: "four", statement: sandbox.statement(.mint, by: "bob"))
        let stolen = SealedContent(
            root: published.root, size: published.size, mediaType: published.mediaType,
            cipherSuite: published.cipherSuite, keyCommitment: published.keyCommitment, salt: published.salt,
            sealingKey: mine.sealingKey, sealedKey: published.sealedKey, possession: mine.possession,
            origin: mine.origin)
        #expect(try refused(stolen, as: "bob") == "proof_invalid")
        #expect(try refused(published, as: "bob") == "sealing_key_used")
    }

    @Test("A sealed mint that is badly formed is refused by its field")
    func forms() throws {
        let sandbox = Sandbox()
        let good = try sandbox.sealed("a", to: "one", sandbox.statement(.mint, by: "alice"))
        func changed(size: UInt64 = 100, mediaType: String = "a/b") -> SealedContent {
            SealedContent(
                root: good.root, size: size, mediaType: mediaType, cipherSuite: good.cipherSuite,
                keyCommitment: good.keyCommitment, salt: good.salt, sealingKey: good.sealingKey,
                sealedKey: good.sealedKey, possession: good.possession, origin: good.origin)
        }
        for (content, field) in [
            (changed(size: 0), "content.size"), (changed(mediaType: "dicom"), "content.mediaType"),
        ] {
            let found = try rejection {
                try sandbox.execute(sampleMint("a", owner: sandbox.party("alice"), content: .sealed(content)))
            }
            #expect(found?.reason == "sealed_invalid" && found?.field == field)
        }
    }

    @Test("A revision rotates root, key commitment, salt and sealing key; the older version stays as it was")
    func rotation() throws {
        let sandbox = Sandbox()
        let inft = try sandbox.mintSealed("a", key: "one")
        guard case .sealed(let old) = try sandbox.record(inft).latest else { throw StateFailure("open") }
        func new(_ change: (SealedContent) -> SealedContent) throws -> String? {
            let sealed = try sandbox.sealed(
                "b", to: "two", sandbox.statement(.revise, inft.bytes, version: 2, by: "alice"))
            return try rejection {
                try sandbox.execute(Revise(inft: inft, content: .sealed(change(sealed))))
            }?.field
        }
        func with(
            _ one: SealedContent, root: Hash? = nil, keyCommitment: Hash? = nil, salt: Hash? = nil
        ) -> SealedContent {
            SealedContent(
                root: root ?? one.root, size: one.size, mediaType: one.mediaType, cipherSuite: one.cipherSuite,
                keyCommitment: keyCommitment ?? one.keyCommitment, salt: salt ?? one.salt,
                sealingKey: one.sealingKey, sealedKey: one.sealedKey, possession: one.possession, origin: one.origin)
        }
        #expect(try new { with($0, root: old.root) } == "content.root")
        #expect(try new { with($0, keyCommitment: old.keyCommitment) } == "content.keyCommitment")
        #expect(try new { with($0, salt: old.salt) } == "content.salt")
        let same = try sandbox.sealed(
            "b", to: "one", sandbox.statement(.revise, inft.bytes, version: 2, by: "alice"))
        #expect(try reason { try sandbox.execute(Revise(inft: inft, content: .sealed(same))) } == "key_not_rotated")
        try sandbox.revise(inft, "b", key: "two")
        #expect(try sandbox.record(inft).versionCount == 2)
        #expect(try opens(sandbox.custody(1, of: inft).sealedKey, "one", to: "a"))
        #expect(try opens(sandbox.custody(2, of: inft).sealedKey, "two", to: "b"))
    }

    @Test("A reseal keeps the content key, for another key of the same owner, and is bound to its operation")
    func reseals() throws {
        let sandbox = Sandbox()
        let inft = try sandbox.mintSealed("a", key: "one")
        let seal = try sandbox.reseal(inft, from: "one", to: "two")
        try sandbox.execute(Reseal(inft: inft, version: 1, seal: seal))
        let custody = try sandbox.custody(of: inft)
        #expect(custody.sealingKey == sealingSecret("two").key && custody.holder == sandbox.party("alice"))
        #expect(try opens(custody.sealedKey, "two", to: "a"))
        #expect(try !opens(custody.sealedKey, "one", to: "a"))
        // As published it stays what it was.
        guard case .sealed(let published) = try sandbox.record(inft).latest else { throw StateFailure("open") }
        #expect(published.sealingKey == sealingSecret("one").key)

        #expect(
            try reason { try sandbox.execute(Reseal(inft: inft, version: 1, seal: seal)) } == "sealing_key_used")
        let wrongAct = try sandbox.reseal(inft, act: .clone, from: "two", to: "three")
        #expect(
            try reason { try sandbox.execute(Reseal(inft: inft, version: 1, seal: wrongAct)) } == "proof_invalid")
        let bobs = try sandbox.reseal(inft, from: "two", to: "three", by: "bob")
        #expect(
            try reason { try sandbox.execute(Reseal(inft: inft, version: 1, seal: bobs), as: "bob") } == "not_owner")
        let wrongVersion = try sandbox.reseal(inft, from: "two", to: "three")
        #expect(
            try reason { try sandbox.execute(Reseal(inft: inft, version: 2, seal: wrongVersion)) }
                == "content_not_sealed")
        let open = try sandbox.mint("open")
        #expect(
            try reason { try sandbox.execute(Reseal(inft: open, version: 1, seal: seal)) } == "content_not_sealed")
    }

    @Test("A clone is a token of its own with the same content key, and owes what the original owes")
    func clones() throws {
        let sandbox = Sandbox()
        let parent = try sandbox.mint("parent")
        let inft = try sandbox.mintSealed("a", key: "one")
        let seal = try sandbox.reseal(inft, act: .clone, from: "one", to: "two")
        let clone: INFTID = try sandbox.execute(Clone(inft: inft, seal: seal)).madeIdentifier()
        let record = try sandbox.record(clone)
        let original = try sandbox.record(inft)
        #expect(record.cloneOf == inft && original.cloneCount == 1 && record.latest == original.latest)
        #expect(try opens(sandbox.custody(of: clone).sealedKey, "two", to: "a"))
        #expect(try opens(sandbox.custody(of: inft).sealedKey, "one", to: "a"))

        // A clone of a clone is one of the original.
        let again = try sandbox.reseal(clone, act: .clone, from: "two", to: "three")
        let second: INFTID = try sandbox.execute(Clone(inft: clone, seal: again)).madeIdentifier()
        #expect(try sandbox.record(second).cloneOf == inft && sandbox.record(inft).cloneCount == 2)

        let child = try sandbox.mint("child", parents: [parent])
        try sandbox.transaction(as: "alice") { (context) throws in
            try Vaults.setRoyalties(
                child, [RoyaltyEntry(ancestor: parent, share: percent(10), ceiling: nil)], in: context)
        }
        let copy: INFTID = try sandbox.execute(Clone(inft: child, seal: nil)).madeIdentifier()
        #expect(try sandbox.record(copy).parents == [parent])
        #expect(try INFTRegistry.ancestors(of: copy, in: sandbox.state) == [parent])
        #expect(try Vaults.royalties(of: copy, in: sandbox.state).map(\.ancestor) == [parent])
        #expect(try Vaults.holders(of: copy, in: sandbox.state) == Vaults.holders(of: child, in: sandbox.state))
        // None of several tokens leaves while others are due a part of what it earns.
        for one in [child, copy] {
            let offer = TransferOffer(
                inft: one, to: sandbox.party("bob"), expiresAt: sandbox.time.adding(milliseconds: 60_000))
            #expect(try reason { try sandbox.execute(offer) } == "clone_bound")
        }
        // The original disputed, its clone is not active.
        try sandbox.transaction(as: "alice") { (context) throws in
            try Tags.put(.usage, for: testHash("verdict"), on: inft, in: context)
        }
        #expect(
            try reason { try INFTRegistry.requireActive(clone, field: "inft", in: sandbox.state) }
                == "inft_not_active")
        #expect(try reason { try sandbox.execute(Clone(inft: child, seal: seal)) } == "content_not_sealed")
        #expect(try reason { try sandbox.execute(Clone(inft: second, seal: nil)) } == "inft_not_active")
    }
}

private func percent(_ count: UInt64) -> PartsPerMillion { PartsPerMillion(count * 10_000) ?? .whole }
