import INFTs
import Primitives
import StateModel
import TestSupport
import Testing

@Suite struct LineageTests {
    let sandbox = Sandbox()

    @Test func aMintWithParentsAndNoLinkIsRefused() throws {
        let parent = try sandbox.mint("parent")
        let mint = sampleMint("child", owner: sandbox.party("alice"), parents: [parent])
        #expect(try reason { try sandbox.execute(mint) } == "parents_not_linked")
    }

    @Test func ancestorsAreTheUnionOfAllPaths() throws {
        let root = try sandbox.mint("root")
        let left = try sandbox.mint("left", parents: [root])
        let right = try sandbox.mint("right", parents: [root], as: "bob")
        let child = try sandbox.mint("child", parents: [left, right])
        #expect(try INFTRegistry.ancestors(of: child, in: sandbox.state) == [root, left, right].sorted())
        #expect(try sandbox.record(child).parents == [left, right].sorted())
    }

    @Test func theLinkNamesExactlyTheParentsOfTheMintAndOnce() throws {
        let parent = try sandbox.mint("parent")
        let other = try sandbox.mint("other")
        let mint = sampleMint("child", owner: sandbox.party("alice"), parents: [parent])
        func link(_ parents: [[INFTID]]) throws -> String? {
            try reason {
                try sandbox.transaction(as: "alice") { (context) throws in
                    try mint.execute(in: context)
                    for list in parents {
                        try INFTRegistry.linkParents(of: context.madeIdentifier(), to: list, in: context)
                    }
                }
            }
        }
        #expect(try link([[other]]) == "parents_differ")
        #expect(try link([[parent, other]]) == "parents_differ")
        #expect(try link([[parent], [parent]]) == "already_linked")
        #expect(try link([[parent]]) == nil)
        let late = try reason {
            try sandbox.transaction(as: "alice") { (context) throws in
                try INFTRegistry.linkParents(of: parent, to: [other], in: context)
            }
        }
        #expect(late == "parents_differ")
    }

    /// A parent must exist before its child, and is linked in the transaction that mints it, so the only candidate
    /// for a
    /// cycle is the child itself.
    @Test func nothingDerivesFromItselfOrFromWhatDoesNotExist() throws {
        let id: INFTID = testIdentifier("self")
        #expect(
            try reason {
                _ = try INFTRegistry.ancestorUnion(of: id, parents: [id], field: "parents", in: sandbox.state)
            } == "unknown_inft")
        let parent = try sandbox.mint("parent")
        let child = try sandbox.mint("child", parents: [parent])
        #expect(
            try reason {
                _ = try INFTRegistry.ancestorUnion(of: parent, parents: [child], field: "parents", in: sandbox.state)
            } == "derivation_cycle")
    }

    @Test func retiredParentsBearNoChildren() throws {
        let parent = try sandbox.mint("parent")
        try sandbox.execute(Retire(inft: parent))
        #expect(try reason { try sandbox.mint("child", parents: [parent]) } == "inft_not_active")
    }

    @Test func parentsAndAncestorsAreBounded() throws {
        var parents: [INFTID] = []
        for index in 0..<17 { parents.append(try sandbox.mint("parent \(index)")) }
        #expect(try reason { try sandbox.mint("child", parents: parents) } == "parents_invalid")
        let duplicate = sampleMint("child", owner: sandbox.party("alice"), parents: [parents[0], parents[0]])
        #expect(try reason { try sandbox.execute(duplicate) } == "parents_invalid")
        // A chain: each has all before it as ancestors.
        var last = try sandbox.mint("link 0")
        for index in 1...256 { last = try sandbox.mint("link \(index)", parents: [last]) }
        #expect(try INFTRegistry.ancestors(of: last, in: sandbox.state).count == 256)
        #expect(try reason { try sandbox.mint("link 257", parents: [last]) } == "too_many_ancestors")
    }

    @Test func listsAreNewestFirstAndPageStably() throws {
        var minted: [INFTID] = []
        for index in 0..<5 { minted.append(try sandbox.mint("score \(index)", as: index == 2 ? "bob" : "alice")) }
        let context = try sandbox.queries
        func list(_ parameters: INFTListParameters, after: IndexKey? = nil, limit: Int) throws -> ([INFTID], IndexKey?)
        {
            guard let query = INFTsDomain.queries.first(where: { $0.name == "inft_list" }),
                case .page(let items, let next) = try query.evaluate(
                    parameters, PageRequest(after: after, limit: limit), context)
            else { return ([], nil) }
            return (items.compactMap { ($0 as? INFTSummary)?.id }, next)
        }
        let all = INFTListParameters(owner: nil, inftClass: nil, creator: nil, parent: nil)
        let (first, next) = try list(all, limit: 3)
        #expect(first == [minted[4], minted[3], minted[2]])
        let (second, end) = try list(all, after: next, limit: 3)
        #expect(second == [minted[1], minted[0]] && end == nil)
        let ofBob = INFTListParameters(owner: sandbox.party("bob"), inftClass: nil, creator: nil, parent: nil)
        #expect(try list(ofBob, limit: 10).0 == [minted[2]])
        let models = INFTListParameters(owner: nil, inftClass: .model, creator: nil, parent: nil)
        #expect(try list(models, limit: 10).0.isEmpty)
        let algorithms = INFTListParameters(owner: nil, inftClass: .algorithm, creator: nil, parent: nil)
        #expect(try list(algorithms, limit: 10).0.count == 5)
    }

    @Test func lineageAndHistoryAreAnswered() throws {
        let parent = try sandbox.mint("parent")
        let child = try sandbox.mint("child", parents: [parent])
        try sandbox.execute(Revise(inft: parent, content: content("two")))
        try sandbox.execute(Retire(inft: parent))
        let context = try sandbox.queries
        func answer(_ name: String, _ inft: INFTID) throws -> Query.Answer? {
            try INFTsDomain.queries.first { $0.name == name }?.evaluate(
                INFTParameters(inft: inft), PageRequest(after: nil, limit: 100), context)
        }
        guard case .value(let lineage as LineageView) = try answer("inft_lineage", child) else {
            Issue.record("no lineage")
            return
        }
        #expect(lineage.ancestors == [parent] && lineage.inactiveAncestors == [parent])
        guard case .value(let below as LineageView) = try answer("inft_lineage", parent) else { return }
        #expect(below.children == [child] && !below.hasMoreChildren)
        guard case .page(let history, _) = try answer("inft_history", parent) else { return }
        #expect(history.compactMap { ($0 as? HistoryEntry)?.kind } == [.minted, .revised, .statusChanged])
        guard case .page(let versions, _) = try answer("inft_versions", parent) else { return }
        #expect(versions.compactMap { ($0 as? VersionRecord)?.number } == [1, 2])
        #expect(try reason { _ = try answer("inft_get", testIdentifier("none")) } == "unknown_inft")
    }
}
