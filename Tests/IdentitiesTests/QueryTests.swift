import Cryptography
import Foundation
import Identities
import Primitives
import StateModel
import TestSupport
import Testing

struct QueryTests {
    private func query(_ name: String) throws -> Query {
        try #require(IdentitiesDomain.queries.first { $0.name == name })
    }

    private func context(_ world: World, day: UInt64 = 0) throws -> QueryContext {
        let index = try MemoryIndex(of: world.state) { kind, key, record in
            // The due queue's records are another domain's.
            guard key.header?.domain == .identities else { return [] }
            return try IdentitiesDomain.indexEntries(kind: kind, key: key, record: record)
        }
        return makeQueryContext(world.state, index, time: World.day(day))
    }

    private func ask(
        _ name: String, _ parameters: String, _ context: QueryContext, after: IndexKey? = nil, limit: Int = 100
    ) throws -> Query.Answer {
        let query = try query(name)
        let decoded = try JSONDecoder().decode(query.parametersType, from: Data(parameters.utf8))
        return try query.evaluate(decoded, PageRequest(after: after, limit: limit), context)
    }

    private func value<Value>(_ answer: Query.Answer, as type: Value.Type = Value.self) throws -> Value {
        guard case .value(let value) = answer else { throw StateFailure("a list") }
        return try #require(value as? Value)
    }

    private func items<Item>(_ answer: Query.Answer, as type: Item.Type = Item.self) throws -> [Item] {
        guard case .page(let items, _) = answer else { throw StateFailure("no list") }
        return try items.map { try #require($0 as? Item) }
    }

    @Test("Every query describes itself, and every list has an index")
    func descriptions() {
        let names = IdentitiesDomain.queries.map(\.name)
        #expect(Set(names).count == names.count)
        for name in ["account_get", "account_sequence", "identity_get", "identity_credentials"] {
            #expect(names.contains(name))
        }
        for query in IdentitiesDomain.queries { #expect(!query.summary.isEmpty) }
        #expect(IdentitiesDomain.rejections.count == IdentityRejection.allCases.count)
        #expect(Set(IdentitiesDomain.rejections.map(\.reason)).count == IdentityRejection.allCases.count)
        #expect(IdentitiesDomain.rejections.allSatisfy { (1100..<1200).contains($0.code) && !$0.summary.isEmpty })
    }

    @Test("An account and its sequence")
    func accounts() throws {
        let world = try World()
        try Accounts.takeSequence(0, of: World.anna, in: world.state)
        let context = try context(world)
        let account: AccountView = try value(ask("account_get", #"{"address": "\#(World.anna)"}"#, context))
        #expect(account.sequence == 1 && account.isSponsorEnrolled && account.kind == .professional)
        let sequence: SequenceView = try value(ask("account_sequence", #"{"address": "\#(World.anna)"}"#, context))
        #expect(sequence.sequence == 1)
        #expect(
            try reason { _ = try ask("account_get", #"{"address": "\#(World.stranger)"}"#, context) }
                == "unknown_account")
    }

    @Test("A party with its credentials")
    func parties() throws {
        let world = try World()
        try world.accept(try world.offer(from: World.board, world.license(World.anna)), by: World.anna)
        let context = try context(world)
        let anna: PartyView = try value(ask("identity_get", #"{"party": "\#(World.anna)"}"#, context))
        #expect(anna.account?.address == World.anna && anna.credentials.map(\.credentialType) == [.medicalLicense])
        let clinic: PartyView = try value(ask("identity_get", #"{"party": "\#(World.clinic)"}"#, context))
        #expect(clinic.isEnrolled && clinic.organization?.profile.name == "Clinic")
        #expect(clinic.sponsored?.accounts == 4)
        let board: PartyView = try value(ask("identity_get", #"{"party": "\#(World.board)"}"#, context))
        #expect(board.accreditor?.types == CredentialType.allCases)
    }

    @Test("Credentials are listed by subject and by issuer with their status, page by page")
    func credentials() throws {
        let world = try World()
        let link = try world.grant(from: World.board, to: .account(World.bert))
        let offered = try world.offer(from: World.board, world.license(World.anna), day: 1)
        let expired = try world.offer(from: World.board, world.license(World.anna, until: 3), day: 1)
        let accepted = try world.offer(from: World.board, world.license(World.anna), day: 2)
        try world.accept(accepted, by: World.anna, day: 2)
        let withdrawn = try world.offer(from: World.bert, world.license(World.anna), by: link, day: 2)
        try world.accept(withdrawn, by: World.anna, day: 2)
        let declined = try world.offer(from: World.board, world.license(World.anna), day: 3)
        try DeclineCredential(credential: .id(declined)).execute(in: world.context(World.anna, day: 3))
        let revoked = try world.offer(from: World.board, world.license(World.anna), day: 4)
        try RevokeCredential(credential: revoked, reason: .error).execute(in: world.context(World.board, day: 4))
        try RevokeDelegation(delegation: link, reason: .ended).execute(in: world.context(World.board, day: 5))
        let context = try context(world, day: 6)
        let views: [CredentialView] = try items(
            ask("identity_credentials", #"{"subject": "\#(World.anna)"}"#, context))
        func status(_ id: CredentialID) -> CredentialStatus? { views.first { $0.credential.id == id }?.status }
        #expect(views.count == 6)
        #expect(status(offered) == .offered && status(expired) == .expired && status(accepted) == .accepted)
        #expect(status(withdrawn) == .withdrawn && status(declined) == .declined && status(revoked) == .revoked)
        let issued: [CredentialView] = try items(
            ask("identity_credentials", #"{"issuer": "\#(World.bert)"}"#, context))
        #expect(issued.map(\.credential.id) == [withdrawn])
        let none: [CredentialView] = try items(
            ask("identity_credentials", #"{"subject": "\#(World.anna)", "credentialType": "specialty"}"#, context))
        #expect(none.isEmpty)
        #expect(try reason { _ = try ask("identity_credentials", "{}", context) } == "ambiguous_filter")
        var seen: [CredentialID] = []
        var after: IndexKey?
        repeat {
            let answer = try ask(
                "identity_credentials", #"{"subject": "\#(World.anna)"}"#, context, after: after, limit: 4)
            guard case .page(let items, let next) = answer else { break }
            seen += items.compactMap { ($0 as? CredentialView)?.credential.id }
            after = next
        } while after != nil
        #expect(seen == views.map(\.credential.id))
        let one: CredentialView = try value(ask("identity_credential", #"{"credential": "\#(accepted)"}"#, context))
        #expect(one.status == .accepted)
    }

    @Test("A question about the past is answered from the current state")
    func holds() throws {
        let world = try World()
        let id = try world.offer(from: World.board, world.license(World.anna, in: ["DE"]))
        try world.accept(id, by: World.anna, day: 2)
        try RevokeCredential(credential: id, reason: .ended).execute(in: world.context(World.board, day: 8))
        let context = try context(world, day: 20)
        func holds(day: UInt64?, _ jurisdiction: String = "DE") throws -> HoldingView {
            let at = day.map { #", "at": \#(World.day($0).milliseconds)"# } ?? ""
            return try value(
                ask(
                    "identity_holds",
                    #"{"party": "\#(World.anna)", "credentialType": "medicalLicense", "#
                        + #""jurisdiction": "\#(jurisdiction)"\#(at)}"#,
                    context))
        }
        #expect(try holds(day: 5).credential == id)
        #expect(try !holds(day: 5, "FR").holds)
        #expect(try !holds(day: 1).holds && !holds(day: 8).holds && !holds(day: nil).holds)
    }

    @Test("Organizations, delegations, accreditors and sponsored accounts are listed")
    func lists() throws {
        let world = try World()
        let link = try world.grant(from: World.board, to: .account(World.bert), until: 5)
        let context = try context(world, day: 6)
        let ofMember: [OrganizationView] = try items(
            ask("identity_organizations", #"{"member": "\#(World.anna)"}"#, context))
        #expect(ofMember.map(\.id) == [World.clinic])
        let ofIdentifier: [OrganizationView] = try items(
            ask("identity_organizations", #"{"identifier": {"scheme": "ror", "value": "00f54p054"}}"#, context))
        #expect(ofIdentifier.map(\.id) == [World.institute] && ofIdentifier.allSatisfy(\.isEnrolled))
        let ofKind: [OrganizationView] = try items(
            ask("identity_organizations", #"{"kind": "institution"}"#, context))
        #expect(ofKind.count == 2)
        #expect(try reason { _ = try ask("identity_organizations", "{}", context) } == "ambiguous_filter")
        let to: [DelegationView] = try items(
            ask("identity_delegations", #"{"delegate": "\#(World.bert)"}"#, context))
        #expect(to.map(\.delegation.id) == [link] && !to[0].isInForce)
        let by: [DelegationView] = try items(
            ask("identity_delegations", #"{"grantor": "\#(World.board)"}"#, context))
        #expect(by == to)
        let accreditors: [AccreditorRecord] = try items(ask("identity_accreditors", "{}", context))
        #expect(accreditors.map(\.party) == [.account(World.board)])
        let sponsored: [AccountView] = try items(
            ask("identity_sponsored", #"{"party": "\#(World.institute)"}"#, context))
        #expect(sponsored.map(\.address) == [World.dora])
    }

    @Test("Mandates are listed by grantor and by delegate, with what became of each")
    func mandates() throws {
        let world = try World()
        func grant(_ name: String, uses: UInt64? = nil, until: UInt64 = 30) throws -> MandateID {
            let context = world.context(World.board, [], name)
            try GrantMandate(
                grant: MandateGrant(
                    delegate: World.dora, operations: [.eraseContent], uses: uses, validUntil: World.day(until))
            ).execute(in: context)
            return context.madeIdentifier()
        }
        let spent = try grant("spent", uses: 1, until: 5)
        let using = world.context(World.dora)
        try Mandates.use(
            try Authority.require(
                .account(World.board), for: .content, orMandate: .eraseContent, in: using, field: ""), in: using)
        let (open, counted) = (try grant("open"), try grant("counted", uses: 4))
        let (expired, revoked) = (try grant("expired", until: 6), try grant("revoked"))
        try RevokeMandate(mandate: revoked).execute(in: world.context(World.dora))
        let context = try context(world, day: 6)
        let views: [MandateView] = try items(
            ask("identity_mandates", #"{"delegate": "\#(World.dora)"}"#, context))
        func view(_ id: MandateID) throws -> MandateView { try #require(views.first { $0.mandate.id == id }) }
        #expect(views.count == 5)
        #expect(try view(spent).status == .spent && view(spent).usesLeft == 0)
        #expect(try view(open).status == .inForce && view(open).usesLeft == nil)
        #expect(try view(counted).status == .inForce && view(counted).usesLeft == 4)
        #expect(try view(expired).status == .expired && view(revoked).status == .revoked)
        let by: [MandateView] = try items(ask("identity_mandates", #"{"grantor": "\#(World.board)"}"#, context))
        #expect(by == views)
        let none: [MandateView] = try items(
            ask("identity_mandates", #"{"grantor": "\#(World.clinic)"}"#, context))
        #expect(none.isEmpty)
        let both = #"{"grantor": "\#(World.board)", "delegate": "\#(World.dora)"}"#
        for parameters in ["{}", both] {
            #expect(try reason { _ = try ask("identity_mandates", parameters, context) } == "ambiguous_filter")
        }
    }

    @Test("Guardians and what is under way, every recovery, whom a party guards, whose key it is")
    func recoveries() throws {
        let world = try World()
        try RecoveryTests.arrange(world)
        let id = try RecoveryTests.start(world)
        try RecoveryTests.approve(world, id, by: World.dora)
        let fresh = try RecoveryTests.secret(1).address
        func view(_ key: Address) throws -> KeyView? {
            try value(ask("identity_key", #"{"key": "\#(key)"}"#, try context(world, day: 9)), as: KeyView?.self)
        }
        func guarded(_ guardian: String) throws -> [RecoveryView] {
            try items(ask("identity_guarded", #"{"guardian": "\#(guardian)"}"#, try context(world, day: 2)))
        }
        #expect(try view(fresh)?.speaks == false && view(fresh)?.account == World.anna)
        let before: RecoveryView = try value(
            ask("identity_recovery", #"{"account": "\#(World.anna)"}"#, try context(world, day: 2)))
        #expect(before.policy == RecoveryTests.policy && before.open.map(\.id) == [id] && before.key == World.anna)
        for guardian in [World.bert.description, World.dora.description, World.institute.description] {
            #expect(try guarded(guardian) == [before])
        }
        #expect(try guarded(World.cleo.description).isEmpty)
        _ = try RecoveryTests.due(world, id, day: 4)
        #expect(try view(fresh)?.speaks == true && view(fresh)?.changes == 1)
        #expect(try view(World.anna)?.until == World.day(4) && view(World.anna)?.speaks == false)
        #expect(try view(World.bert)?.speaks == true && view(World.stranger) == nil)
        let all: [RecoveryRecord] = try items(
            ask("identity_recoveries", #"{"account": "\#(World.anna)"}"#, try context(world, day: 9)))
        #expect(all.map(\.ending?.outcome) == [.completed])
        let account: AccountView = try value(
            ask("account_get", #"{"address": "\#(World.anna)"}"#, try context(world, day: 9)))
        #expect(account.key == fresh && account.keySince == World.day(4) && account.address == World.anna)
    }
}
