import Consents
import Encoding
import INFTs
import Licenses
import Primitives
import Revenue
import StateModel
import TestSupport
import Testing

/// INFTs sold as one: Specs/domains/groups.md.
@Suite struct GroupTests {
    /// alice's and bob's works in a group that carol organizes: 50 %, 30 %, and 20 % for carol.
    private struct Group {
        let sandbox: Sandbox
        let first: INFTID
        let second: INFTID
        let terms: TermsID
        let id: INFTID

        init(share: UInt64 = 10, joined: Bool = true) throws {
            sandbox = try Sandbox()
            first = try sandbox.mint("first", as: "alice")
            second = try sandbox.mint("second", as: "bob")
            let terms = derivativeTerms(sandbox.asset, share: share)
            self.terms = try sandbox.register(terms)
            let members = [GroupMember(inft: first, share: percent(50)), GroupMember(inft: second, share: percent(30))]
            id = try sandbox.execute(
                CreateGroup(
                    metadata: INFTMetadata(title: "Both", language: "en"),
                    members: members.sorted { $0.inft < $1.inft },
                    terms: self.terms, joinBy: sandbox.time.adding(milliseconds: 5 * millisecondsPerDay)), as: "carol"
            ).madeIdentifier()
            guard joined else { return }
            try sandbox.execute(JoinGroup(group: id, members: [first]), as: "alice")
            try sandbox.execute(JoinGroup(group: id, members: [second]), as: "bob")
        }

        func offer(_ price: UInt64 = 1_000) throws -> OfferID {
            try sandbox.execute(CreateOffer(inft: .id(id), terms: terms, price: Amount(price)), as: "carol")
                .madeIdentifier()
        }

        /// What a claim brings to `name`.
        func claim(_ inft: INFTID, as name: String, from descendants: [INFTID] = []) throws -> UInt64 {
            let before = try Balances.balance(of: sandbox.party(name), sandbox.asset, in: sandbox.state).units
            try sandbox.execute(
                RevenueClaim(inft: inft, asset: sandbox.asset, descendants: descendants), as: name)
            return try Balances.balance(of: sandbox.party(name), sandbox.asset, in: sandbox.state).units - before
        }

        func tag(_ kind: TagKind, _ inft: INFTID) throws {
            try sandbox.transaction(as: "alice") { (context) throws in
                try Tags.put(kind, for: testHash("tag \(kind)"), on: inft, in: context)
            }
        }

        func untag(_ kind: TagKind, _ inft: INFTID) throws {
            try sandbox.transaction(as: "alice") { (context) throws in
                try Tags.remove(testHash("tag \(kind)"), from: inft, in: context)
            }
        }
    }

    @Test func aGroupIsSoldOnceEveryOwnerHasJoined() throws {
        let group = try Group(joined: false)
        let sandbox = group.sandbox
        #expect(try reason { _ = try group.offer() } == "group_not_formed")
        let both = JoinGroup(group: group.id, members: [group.first, group.second].sorted())
        #expect(try reason { try sandbox.execute(both, as: "alice") } == "not_authorized")
        try sandbox.execute(JoinGroup(group: group.id, members: [group.first]), as: "alice")
        #expect(try reason { _ = try group.offer() } == "group_not_formed")
        let again = JoinGroup(group: group.id, members: [group.first])
        #expect(try reason { try sandbox.execute(again, as: "alice") } == "group_members_invalid")
        let stranger = try sandbox.mint("stranger", as: "dave")
        let uninvited = JoinGroup(group: group.id, members: [stranger])
        #expect(try reason { try sandbox.execute(uninvited, as: "dave") } == "group_members_invalid")
        try sandbox.execute(JoinGroup(group: group.id, members: [group.second]), as: "bob")
        #expect(try Groups.record(group.id, in: sandbox.state)?.formedAt == sandbox.time)
        #expect(try reason { try sandbox.buy(try group.offer(), as: "dave") } == nil)
    }

    @Test func ownersCanJoinUntilTheTimeIsOver() throws {
        let group = try Group(joined: false)
        group.sandbox.advance(days: 6)
        let late = JoinGroup(group: group.id, members: [group.first])
        #expect(try reason { try group.sandbox.execute(late, as: "alice") } == "group_not_formed")
    }

    /// O(1) for the payment, O(1) for each member; the remainder is the organizer's.
    @Test func whatAGroupEarnsIsSplitToTheUnit() throws {
        let group = try Group()
        try group.sandbox.buy(try group.offer(1_001), as: "dave")
        #expect(try group.claim(group.first, as: "alice", from: [group.id]) == 500)
        #expect(try group.claim(group.second, as: "bob", from: [group.id]) == 300)
        #expect(try group.claim(group.id, as: "carol") == 200)
        // Half a unit, three tenths and two tenths wait for the next payment, which completes them.
        try group.sandbox.execute(
            RevenuePay(inft: .id(group.id), asset: group.sandbox.asset, amount: Amount(9)), as: "dave")
        #expect(try group.claim(group.first, as: "alice", from: [group.id]) == 5)
        #expect(try group.claim(group.second, as: "bob", from: [group.id]) == 3)
        #expect(try group.claim(group.id, as: "carol") == 2)
        try expectConserved(group.sandbox)
    }

    /// The group is its only parent, and what it owes the group reaches the members by the same split.
    @Test func aDerivativeOfAGroupPaysItsMembers() throws {
        let group = try Group(share: 20)
        let sandbox = group.sandbox
        let license = try sandbox.buy(try group.offer(0), as: "dave")
        let other = try sandbox.mint("other", as: "alice")
        let another = try sandbox.buy(
            try sandbox.offer(other, derivativeTerms(sandbox.asset, share: 1), as: "alice"), as: "dave")
        #expect(try reason { _ = try sandbox.derive("both", from: [license, another], as: "dave") } == "not_groupable")
        let child = try sandbox.derive("child", from: [license], as: "dave")
        #expect(try Vaults.royalties(of: child, in: sandbox.state).map(\.ancestor) == [group.id])
        try sandbox.execute(RevenuePay(inft: .id(child), asset: sandbox.asset, amount: Amount(10_000)), as: "carol")
        // Nobody waits for the organizer: a member's owner fetches it for the group.
        try sandbox.execute(
            RevenueClaim(inft: group.id, asset: sandbox.asset, descendants: [child]), as: "bob")
        #expect(try group.claim(group.first, as: "alice", from: [group.id]) == 1_000)
        #expect(try group.claim(group.second, as: "bob", from: [group.id]) == 600)
        #expect(try group.claim(group.id, as: "carol") == 400)
        try expectConserved(sandbox)
    }

    @Test func aRecalledMemberStopsSalesAndSuspendsThatMemberAlone() throws {
        let group = try Group()
        let sandbox = group.sandbox
        let offer = try group.offer()
        let license = try sandbox.buy(offer, as: "dave")
        for kind in [TagKind.content, .recalledByOwner] {
            try group.tag(kind, group.second)
            #expect(try reason { try sandbox.buy(offer, as: "dave") } == "group_not_formed")
            #expect(try reason { _ = try sandbox.derive("d", from: [license], as: "dave") } == "group_not_formed")
            #expect(try sandbox.reasons(license).isEmpty)
            #expect(try sandbox.reasons(license, LicenseUse(attributes: true, member: group.first)).isEmpty)
            let expected: LicenseReason = kind.isRecall ? .suspendedByRecall : .suspendedByDispute
            #expect(
                try sandbox.reasons(license, LicenseUse(attributes: true, member: group.second)).contains(expected))
            try group.untag(kind, group.second)
            #expect(try reason { try sandbox.buy(offer, as: "dave") } == nil)
        }
        let stranger = try sandbox.mint("stranger")
        #expect(
            try sandbox.reasons(license, LicenseUse(attributes: true, member: stranger)) == [.memberNotLicensed])
        // Of what was earned, a recalled member's holders still get what they were due.
        try group.tag(.recalledByRegulator, group.second)
        #expect(try group.claim(group.second, as: "bob", from: [group.id]) == 900)
    }

    /// Else a change of one member would rewrite a list of up to a thousand, in each of its groups.
    @Test func aGroupsRecordStaysSmallHoweverManyMembersAreInTrouble() throws {
        let sandbox = try Sandbox()
        let terms = try sandbox.register(derivativeTerms(sandbox.asset, share: 10))
        let members = try (0..<30).map { try sandbox.mint("work \($0)") }.sorted()
        let id: INFTID = try sandbox.execute(
            CreateGroup(
                metadata: INFTMetadata(title: "Thirty", language: "en"),
                members: members.map { GroupMember(inft: $0, share: percent(1)) }, terms: terms,
                joinBy: sandbox.time.adding(milliseconds: millisecondsPerDay)), as: "carol"
        ).madeIdentifier()
        try sandbox.execute(JoinGroup(group: id, members: members))
        let offer: OfferID = try sandbox.execute(
            CreateOffer(inft: .id(id), terms: terms, price: Amount(1_000)), as: "carol"
        ).madeIdentifier()
        func size() throws -> Int { try #require(try Groups.record(id, in: sandbox.state)).encoded.count }
        let before = try size()
        let recalls = try members.map { try sandbox.recall($0) }
        #expect(try Groups.record(id, in: sandbox.state)?.unavailable == 30)
        // One number, of one byte more.
        #expect(try size() <= before + 1)
        #expect(try reason { try sandbox.buy(offer, as: "dave") } == "group_not_formed")
        for recall in recalls.dropFirst() { try sandbox.lift(recall) }
        #expect(try Groups.record(id, in: sandbox.state)?.unavailable == 1)
        #expect(try reason { try sandbox.buy(offer, as: "dave") } == "group_not_formed")
        try sandbox.lift(recalls[0])
        #expect(try Groups.record(id, in: sandbox.state)?.unavailable == 0)
        try sandbox.buy(offer, as: "dave")
    }

    @Test func whatAGroupCannotVouchForDoesNotJoin() throws {
        let sandbox = try Sandbox()
        let root = try sandbox.mint("root")
        let offer = try sandbox.offer(root, derivativeTerms(sandbox.asset, share: 10))
        let child = try sandbox.derive("child", from: [try sandbox.buy(offer, as: "bob")], as: "bob")
        let (set, _) = try sandbox.consentSet([.access])
        let people = try sandbox.mint("people", as: "hospital", consentSet: set)
        let clone: INFTID = try sandbox.execute(Clone(inft: root, seal: nil)).madeIdentifier()
        let exclusive = try sandbox.mint("exclusive")
        try sandbox.buy(try sandbox.offer(exclusive, TermsPreset.exclusiveYear.terms(asset: sandbox.asset, fee: .zero)))
        let terms = try sandbox.register(derivativeTerms(sandbox.asset, share: 10))
        func join(_ member: INFTID, as name: String) throws -> String? {
            let members = [member, root == member ? child : root].sorted()
            let group: INFTID = try sandbox.execute(
                CreateGroup(
                    metadata: INFTMetadata(title: "G", language: "en"),
                    members: members.map { GroupMember(inft: $0, share: percent(10)) }, terms: terms,
                    joinBy: sandbox.time.adding(milliseconds: millisecondsPerDay)), as: "carol"
            ).madeIdentifier()
            return try reason { try sandbox.execute(JoinGroup(group: group, members: [member]), as: name) }
        }
        #expect(try join(child, as: "bob") == "not_groupable")
        #expect(try join(people, as: "hospital") == "not_groupable")
        #expect(try join(clone, as: "alice") == "not_groupable")
        #expect(try join(exclusive, as: "alice") == "exclusively_licensed")
        #expect(try join(root, as: "alice") == nil)
        // And a member is not licensed exclusively afterwards.
        let sole = TermsPreset.exclusiveYear.terms(asset: sandbox.asset, fee: .zero)
        #expect(try reason { try sandbox.buy(try sandbox.offer(root, sole)) } == "member_of_group")
        #expect(try reason { try sandbox.buy(try sandbox.offer(clone, sole)) } == "member_of_group")
    }

    @Test func malformedGroupsAreRefused() throws {
        let sandbox = try Sandbox()
        let infts = try (0..<3).map { try sandbox.mint("work \($0)") }.sorted()
        let terms = try sandbox.register(derivativeTerms(sandbox.asset, share: 10))
        let sole = try sandbox.register(TermsPreset.exclusiveYear.terms(asset: sandbox.asset, fee: .zero))
        func create(
            _ shares: [(INFTID, UInt64)], terms id: TermsID? = nil, days: UInt64 = 1, title: String = "G"
        ) throws -> String? {
            let create = CreateGroup(
                metadata: INFTMetadata(title: title, language: "en"),
                members: shares.map { GroupMember(inft: $0.0, share: percent($0.1)) }, terms: id ?? terms,
                joinBy: sandbox.time.adding(milliseconds: days * millisecondsPerDay))
            return try reason { try sandbox.execute(create, as: "carol") }
        }
        #expect(try create([(infts[0], 10)]) == "group_members_invalid")
        #expect(try create([(infts[1], 10), (infts[0], 10)]) == "group_members_invalid")
        #expect(try create([(infts[0], 10), (infts[0], 10)]) == "group_members_invalid")
        #expect(try create([(infts[0], 60), (infts[1], 41)]) == "royalties_above_whole")
        #expect(try create([(infts[0], 60), (infts[1], 0)]) == "royalty_entry_invalid")
        let unknown: INFTID = testIdentifier("none")
        #expect(try create([(infts[0], 1), (unknown, 1)].sorted { $0.0 < $1.0 }) == "royalty_entry_invalid")
        #expect(try create([(infts[0], 1), (infts[1], 1)], terms: testIdentifier("none")) == "unknown_terms")
        #expect(try create([(infts[0], 1), (infts[1], 1)], terms: sole) == "group_terms_differ")
        #expect(try create([(infts[0], 1), (infts[1], 1)], days: 93) == "invalid_expiry")
        #expect(try create([(infts[0], 1), (infts[1], 1)], days: 0) == "invalid_expiry")
        #expect(try create([(infts[0], 1), (infts[1], 1)], title: "") == "title_missing")
        #expect(try create([(infts[0], 60), (infts[1], 40)]) == nil)
    }

    @Test func aGroupIsFixed() throws {
        let group = try Group()
        let sandbox = group.sandbox
        #expect(
            try reason { try sandbox.execute(Clone(inft: group.id, seal: nil), as: "carol") } == "class_not_allowed")
        let content = ContentVersion.open(
            OpenContent(hash: testHash("x"), size: 1, mediaType: "application/json", location: nil))
        #expect(
            try reason { try sandbox.execute(Revise(inft: group.id, content: content), as: "carol") }
                == "class_not_allowed")
        let terms = try sandbox.register(derivativeTerms(sandbox.asset, share: 50))
        let offer = CreateOffer(inft: .id(group.id), terms: terms)
        #expect(try reason { try sandbox.execute(offer, as: "carol") } == "group_terms_differ")
        // A member stays in it whoever owns it, and gets its share whoever holds it.
        let sale = RevenueTransferShare(inft: group.first, to: sandbox.party("dave"), share: .whole)
        try sandbox.execute(sale, as: "alice")
        try sandbox.buy(try group.offer(), as: "bob")
        #expect(try group.claim(group.first, as: "dave", from: [group.id]) == 500)
    }

    private func expectConserved(_ sandbox: Sandbox) throws {
        var records = sandbox.state.changes.compactMap { change in change.value.map { (key: change.key, value: $0) } }
        let problems = try Conservation.recompute { () throws(StateFailure) in records.popLast() }.map(\.problem)
        #expect(problems.allSatisfy { $0.isEmpty }, "\(problems)")
    }
}
