import Consents
import Foundation
import INFTs
import Identities
import Primitives
import StateModel
import TestSupport
import Testing

/// Agents: they run an INFT by its owner's word, for what and until when it says, and by no former owner's.
struct UseAuthorizationTests {
    let sandbox = Sandbox()
    private var until: Timestamp { sandbox.time.adding(milliseconds: 30 * millisecondsPerDay) }

    private func authorize(
        _ inft: INFTID, _ agent: String, _ purposes: [PurposeOfUse] = [.treatment], until: Timestamp? = nil
    ) -> AuthorizeUse {
        AuthorizeUse(inft: inft, agent: sandbox.party(agent), purposes: purposes, until: until ?? self.until)
    }

    private func period(_ agent: String, _ inft: INFTID, at time: Timestamp? = nil) throws -> AuthorizedPeriod? {
        try UseAuthorizations.period(
            of: sandbox.party(agent), for: try sandbox.record(inft), at: time ?? sandbox.time, in: sandbox.state)
    }

    private func shown(_ inft: INFTID) throws -> [Party] {
        let query = try #require(INFTQueries.all.first { $0.name == "inft_authorizations" })
        let parameters = try JSONDecoder().decode(query.parametersType, from: Data(#"{"inft": "\#(inft)"}"#.utf8))
        let answer = try query.evaluate(
            parameters, PageRequest(after: nil, limit: 1),
            makeQueryContext(sandbox.state, MemoryIndex(of: sandbox.state) { (_, _, _) in [] }, time: sandbox.time))
        guard case .value(let value) = answer, let view = value as? AuthorizationsView else {
            throw StateFailure("no answer")
        }
        return view.agents.map(\.agent)
    }

    private func handOver(_ inft: INFTID, from: String, to: String) throws {
        let transfer: DeliveryID = try sandbox.execute(
            TransferOffer(inft: inft, to: sandbox.party(to), expiresAt: until), as: from
        ).madeIdentifier()
        try sandbox.execute(TransferAccept(transfer: transfer, fetchedHash: testHash("score")), as: to)
    }

    @Test("An authorization names an agent, purposes and an end, and is the owner's")
    func rules() throws {
        let inft = try sandbox.mint("score")
        func refused(_ operation: AuthorizeUse, as name: String = "alice") throws -> String? {
            try reason { try sandbox.execute(operation, as: name) }
        }
        #expect(try refused(authorize(inft, "bob"), as: "bob") == "not_owner")
        #expect(try refused(authorize(inft, "alice")) == "authorization_invalid")
        #expect(try refused(authorize(inft, "stranger")) == "unknown_party")
        #expect(try refused(authorize(inft, "bob", [])) == "authorization_invalid")
        #expect(try refused(authorize(inft, "bob", [.treatment, .treatment])) == "authorization_invalid")
        #expect(try refused(authorize(inft, "bob", until: testStart)) == "authorization_invalid")
        let late = sandbox.time.adding(milliseconds: INFTsLimits.authorizationMilliseconds + 60_000)
        #expect(try refused(authorize(inft, "bob", until: late)) == "authorization_invalid")
        #expect(
            try reason { try sandbox.execute(DeauthorizeUse(inft: inft, agent: sandbox.party("bob"))) }
                == "agent_not_authorized")
        let context = try sandbox.execute(authorize(inft, "bob"))
        #expect(context.events.map(\.name) == ["inft.useAuthorized"])
        #expect(Set(context.events.flatMap(\.topics)).isSuperset(of: [.inft(inft), .party(sandbox.party("bob"))]))
        #expect(try shown(inft) == [sandbox.party("bob")])
        // An agent is no owner.
        #expect(try reason { try sandbox.execute(Freeze(inft: inft), as: "bob") } == "not_owner")
    }

    @Test("It holds from its block to its end, a purpose with its kinds, and the past is answered")
    func time() throws {
        let inft = try sandbox.mint("score")
        let before = sandbox.time
        let end = until
        try sandbox.execute(authorize(inft, "bob", [.research], until: end))
        let given = sandbox.time
        let period = try #require(try period("bob", inft))
        #expect(period.covers(.biomedicalResearch) && !period.covers(.treatment))
        #expect(try self.period("bob", inft, at: before) == nil)
        sandbox.skip(milliseconds: millisecondsPerDay)
        try sandbox.execute(DeauthorizeUse(inft: inft, agent: sandbox.party("bob")))
        #expect(try self.period("bob", inft) == nil && shown(inft).isEmpty)
        #expect(try self.period("bob", inft, at: given) != nil)
        try sandbox.execute(authorize(inft, "bob", [.treatment], until: end))
        #expect(try self.period("bob", inft)?.covers(.treatment) == true)
        #expect(try self.period("bob", inft, at: given)?.covers(.treatment) == false)
        sandbox.skip(milliseconds: 31 * millisecondsPerDay)
        #expect(try self.period("bob", inft) == nil && shown(inft).isEmpty)
        #expect(try self.period("bob", inft, at: end) == nil)
    }

    @Test("A change of owner ends every authorization, for good, and the past before it still is answered")
    func owners() throws {
        let inft = try sandbox.mint("score")
        try sandbox.execute(authorize(inft, "carol"))
        let given = sandbox.time
        sandbox.skip(milliseconds: 5_000)
        try handOver(inft, from: "alice", to: "bob")
        #expect(try period("carol", inft) == nil && shown(inft).isEmpty)
        #expect(try period("carol", inft, at: given) != nil)
        sandbox.skip(milliseconds: 5_000)
        try handOver(inft, from: "bob", to: "alice")
        #expect(try period("carol", inft) == nil && shown(inft).isEmpty)
        try sandbox.execute(authorize(inft, "carol"))
        #expect(try period("carol", inft) != nil && shown(inft) == [sandbox.party("carol")])
        #expect(try period("carol", inft, at: given) != nil)
    }

    @Test("A clone begins with no agents")
    func clones() throws {
        let inft = try sandbox.mint("score")
        try sandbox.execute(authorize(inft, "bob"))
        let clone: INFTID = try sandbox.execute(Clone(inft: inft, seal: nil)).madeIdentifier()
        #expect(try period("bob", clone) == nil && shown(clone).isEmpty)
        #expect(try shown(inft) == [sandbox.party("bob")])
    }

    @Test("The owner is told of authorizations that are about to end")
    func told() throws {
        let inft = try sandbox.mint("score")
        let until = self.until
        try sandbox.execute(authorize(inft, "bob", until: until))
        try sandbox.execute(
            authorize(inft, "carol", until: sandbox.time.adding(milliseconds: 90 * millisecondsPerDay)))
        func tasks(of name: String) throws -> [PartyTask] {
            let index = try MemoryIndex(of: sandbox.state) { (kind, key, record) throws in
                key.header?.domain == .infts
                    ? try INFTsDomain.indexEntries(kind: kind, key: key, record: record) : []
            }
            var found: [PartyTask] = []
            for source in INFTsDomain.tasks {
                found += try source.page(
                    sandbox.party(name), PageRequest(after: nil, limit: 50),
                    makeQueryContext(sandbox.state, index, time: sandbox.time)
                ).items
            }
            return found
        }
        let told = try tasks(of: "alice")
        #expect(told.map(\.act) == ["inft.authorizeUse"] && told.map(\.from) == [sandbox.party("bob")])
        #expect(told.map(\.inft) == [inft] && told.map(\.deadline) == [until])
        #expect(try tasks(of: "bob").isEmpty)
    }

    @Test("At most a hundred agents at once, and what one may do changes at most 32 times")
    func bounds() throws {
        let inft = try sandbox.mint("score")
        for index in 0...INFTsLimits.agents {
            sandbox.state.set(
                IdentityKeys.account(testAddress("agent \(index)")),
                AccountRecord(
                    kind: .service, sponsor: nil, createdAt: testStart, createdHeight: .genesis,
                    sponsoredAt: testStart))
        }
        let short = sandbox.time.adding(milliseconds: 200_000)
        for index in 0..<INFTsLimits.agents {
            try sandbox.execute(authorize(inft, "agent \(index)", until: index == 7 ? short : until))
        }
        let one = authorize(inft, "agent \(INFTsLimits.agents)")
        #expect(try reason { try sandbox.execute(one) } == "agents_full")
        // One that is there already is given anew.
        try sandbox.execute(authorize(inft, "agent 3"))
        sandbox.skip(milliseconds: 200_000)
        try sandbox.execute(one)
        #expect(try shown(inft).count == INFTsLimits.agents && shown(inft).sorted() == shown(inft))
        for _ in 2..<INFTsLimits.periodsPerAgent { try sandbox.execute(authorize(inft, "agent 3")) }
        #expect(try reason { try sandbox.execute(authorize(inft, "agent 3")) } == "agents_full")
    }
}
