import Primitives
import Revenue
import StateModel
import TestSupport
import Testing

@Suite struct RoyaltyTests {
    let sandbox: Sandbox

    init() throws { sandbox = try Sandbox() }

    private func entry(_ ancestor: INFTID, _ parts: UInt64, ceiling: UInt64? = nil) -> RoyaltyEntry {
        RoyaltyEntry(ancestor: ancestor, share: share(parts), ceiling: ceiling.map { Amount($0) })
    }

    @Test func royaltiesFlowToTheAncestorAndTheRestToTheHolders() throws {
        let parent = try sandbox.vault("parent", holders: [("bob", 1_000_000)])
        let child = try sandbox.vault(
            "child", holders: [("carol", 1_000_000)], royalties: [entry(parent, 100_000)])
        try sandbox.pay(1_005, into: child)
        #expect(try sandbox.claim(parent, as: "bob", descendants: [child]) == 100)
        #expect(try sandbox.claim(child, as: "carol") == 904)
        // Of the unit left over a tenth each is the other's; both get it once the total assigns it.
        try sandbox.pay(5, into: child)
        #expect(try sandbox.claim(parent, as: "bob", descendants: [child]) == 1)
        #expect(try sandbox.claim(child, as: "carol") == 5)
        #expect(try sandbox.problems().isEmpty)
    }

    @Test func whatACeilingCutsOffStaysWithTheHolders() throws {
        let parent = try sandbox.vault("parent", holders: [("bob", 1_000_000)])
        let child = try sandbox.vault(
            "child", holders: [("carol", 1_000_000)], royalties: [entry(parent, 500_000, ceiling: 100)])
        try sandbox.pay(150, into: child)
        #expect(try sandbox.claim(parent, as: "bob", descendants: [child]) == 75)
        try sandbox.pay(1_000, into: child)
        #expect(try sandbox.claim(parent, as: "bob", descendants: [child]) == 25)
        #expect(try sandbox.claim(child, as: "carol") == 1_050)
        try sandbox.pay(1_000, into: child)
        #expect(try sandbox.claim(parent, as: "bob", descendants: [child]) == 0)
        #expect(try sandbox.claim(child, as: "carol") == 1_000)
    }

    /// Rounded entry by entry, the holders would be due 9 of 9 units here and the ancestors 10 of the 10th.
    @Test func noOrderOfClaimsLeavesAVaultUnableToPay() throws {
        let parents = try (0..<10).map { try sandbox.vault("parent \($0)", holders: [("bob", 1_000_000)]) }
        let child = try sandbox.vault(
            "child", holders: [("carol", 1_000_000)], royalties: parents.map { entry($0, 100_000) })
        try sandbox.pay(9, into: child)
        #expect(try sandbox.claim(child, as: "carol") == 0)
        try sandbox.pay(1, into: child)
        for parent in parents { #expect(try sandbox.claim(parent, as: "bob", descendants: [child]) == 1) }
        #expect(try sandbox.problems().isEmpty)
    }

    @Test func receivedRoyaltiesPayNoRoyaltiesThemselves() throws {
        let grandparent = try sandbox.vault("grandparent", holders: [("alice", 1_000_000)])
        let parent = try sandbox.vault(
            "parent", holders: [("bob", 1_000_000)], royalties: [entry(grandparent, 500_000)])
        let child = try sandbox.vault(
            "child", holders: [("carol", 1_000_000)],
            royalties: [entry(grandparent, 200_000), entry(parent, 300_000)])
        try sandbox.pay(1_000, into: child, as: "carol")
        #expect(try sandbox.claim(parent, as: "bob", descendants: [child]) == 300)
        #expect(try sandbox.claim(grandparent, as: "alice", descendants: [child, parent]) == 200)
        #expect(try sandbox.claim(child, as: "carol") == 500)
    }

    @Test func anAncestorReachedTwiceIsDueOfBothEntries() throws {
        let parent = try sandbox.vault("parent", holders: [("bob", 1_000_000)])
        let child = try sandbox.vault(
            "child", holders: [("carol", 1_000_000)],
            royalties: [entry(parent, 100_000, ceiling: 10), entry(parent, 200_000)])
        try sandbox.pay(1_000, into: child)
        #expect(try sandbox.claim(parent, as: "bob", descendants: [child]) == 210)
        #expect(try sandbox.claim(child, as: "carol") == 790)
    }

    @Test func malformedVectorsAreRefused() throws {
        let parent = try sandbox.vault("parent", holders: [("bob", 1_000_000)])
        let child = try sandbox.vault("child", holders: [("carol", 1_000_000)])
        func set(_ entries: [RoyaltyEntry]) throws -> String? {
            try reason {
                try sandbox.transaction(as: "issuer") { (context) throws in
                    try Vaults.setRoyalties(child, entries, in: context)
                }
            }
        }
        #expect(try set([entry(parent, 600_000), entry(parent, 400_001)]) == "royalties_above_whole")
        #expect(try set([entry(child, 1)]) == "royalty_entry_invalid")
        #expect(try set([entry(parent, 0)]) == "royalty_entry_invalid")
        #expect(try set([entry(parent, 1, ceiling: 0)]) == "royalty_entry_invalid")
        #expect(try set([entry(testIdentifier("none"), 1)]) == "royalty_entry_invalid")
        #expect(try set(Array(repeating: entry(parent, 1), count: 257)) == "too_many_royalties")
        let inflated = RoyaltyEntry(ancestor: parent, agreed: share(1), share: share(2), ceiling: nil)
        #expect(try set([inflated]) == "royalty_entry_invalid")
        #expect(try set(Array(repeating: entry(parent, 1), count: 256)) == nil)
        #expect(try set([entry(parent, 1)]) == "royalties_set")
        let paid = try sandbox.vault("paid", holders: [("carol", 1_000_000)])
        try sandbox.pay(1, into: paid)
        let late = try reason {
            try sandbox.transaction(as: "issuer") { (context) throws in
                try Vaults.setRoyalties(paid, [entry(parent, 1)], in: context)
            }
        }
        #expect(late == "vault_already_paid")
    }

    @Test func aClaimNamesItsDescendantsOnceAndOnlyThose() throws {
        let parent = try sandbox.vault("parent", holders: [("bob", 1_000_000)])
        let other = try sandbox.vault("other", holders: [("carol", 1_000_000)])
        let child = try sandbox.vault("child", holders: [("carol", 1_000_000)], royalties: [entry(parent, 1)])
        func claim(_ descendants: [INFTID]) throws -> String? {
            try reason {
                try sandbox.execute(
                    RevenueClaim(inft: parent, asset: sandbox.asset, descendants: descendants), as: "bob")
            }
        }
        #expect(try claim([other]) == "not_an_ancestor")
        #expect(try claim([child, child]) == "descendants_unsorted")
        #expect(try claim(Array(repeating: child, count: 65)) == "too_many_descendants")
        #expect(try claim([child]) == "nothing_to_claim")
    }
}
