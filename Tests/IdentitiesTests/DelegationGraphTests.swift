import Identities
import Primitives
import StateModel
import TestSupport
import Testing

/// Random graphs of delegation beside a model that knows each link's whole way up as a list of days.
struct DelegationGraphTests {
    private static let people = [World.anna, World.bert, World.cleo, World.dora, World.emil, World.frida]

    private struct Link {
        let id: DelegationID
        /// Index of the link above; nil: the board's own.
        let parent: Int?
        let grantor: Address
        let delegate: Address
        var revokedOn: UInt64?
    }

    private struct Attested {
        let id: CredentialID
        let link: Int?
        let issuer: Address
        let subject: Address
        var acceptedOn: UInt64?
        var revokedOn: UInt64?
    }

    /// The link and all above it, nearest first.
    private static func way(_ link: Int?, _ links: [Link]) -> [Link] {
        var way: [Link] = []
        var next = link
        while let index = next {
            way.append(links[index])
            next = links[index].parent
        }
        return way
    }

    private static func isWhole(_ link: Int?, _ links: [Link], on day: UInt64) -> Bool {
        way(link, links).allSatisfy { link in link.revokedOn.map { day < $0 } ?? true }
    }

    @Test(
        "A credential holds exactly while it is accepted and no link above it is cut, on every day past and present",
        arguments: UInt64(0)..<150)
    func cascade(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let world = try World()
        var links: [Link] = []
        var attested: [Attested] = []
        for day in UInt64(0)..<30 {
            switch Int.random(in: 0..<8, using: &random) {
            case 0...2: try grow(world, &links, day: day, &random)
            case 3...5: try attest(world, links, &attested, day: day, &random)
            case 6: try cut(world, &links, day: day, &random)
            default:
                guard let index = attested.indices.randomElement(using: &random), attested[index].revokedOn == nil
                else { continue }
                try RevokeCredential(credential: attested[index].id, reason: .error)
                    .execute(in: world.context(attested[index].issuer, day: day))
                attested[index].revokedOn = day
            }
        }
        for one in attested {
            let record = try #require(try Credentials.record(one.id, in: world.state))
            for day in UInt64(0)...30 {
                let expected =
                    one.acceptedOn.map { $0 <= day } ?? false && one.revokedOn.map { day < $0 } ?? true
                    && Self.isWhole(one.link, links, on: day)
                #expect(
                    try Credentials.isInForce(record, at: World.day(day), in: world.state) == expected, "day \(day)")
            }
        }
        for person in Self.people {
            let expected = attested.contains { one in
                one.subject == person && one.acceptedOn != nil && one.revokedOn == nil
                    && Self.isWhole(one.link, links, on: 30)
            }
            #expect(try world.holds(.account(person), .medicalLicense, day: 30) == expected)
        }
    }

    private func grow(
        _ world: World, _ links: inout [Link], day: UInt64, _ random: inout SeededRandom
    ) throws {
        let parent = Bool.random(using: &random) ? links.indices.randomElement(using: &random) : nil
        let grantor = parent.map { links[$0].delegate } ?? World.board
        let delegate = Self.people[Int.random(in: 0..<Self.people.count, using: &random)]
        let refusal = try reason {
            let id = try world.grant(
                from: grantor, to: .account(delegate), parent: parent.map { links[$0].id }, day: day)
            links.append(Link(id: id, parent: parent, grantor: grantor, delegate: delegate))
        }
        let expected: String? =
            if delegate == grantor {
                "self_issued"
            } else if !Self.isWhole(parent, links, on: day) {
                "delegation_not_in_force"
            } else {
                Self.way(parent, links).count >= IdentityLimits.delegationDepth ? "delegation_too_deep" : nil
            }
        #expect(refusal == expected)
    }

    private func attest(
        _ world: World, _ links: [Link], _ attested: inout [Attested], day: UInt64, _ random: inout SeededRandom
    ) throws {
        let link = Int.random(in: 0..<4, using: &random) == 0 ? nil : links.indices.randomElement(using: &random)
        let issuer = link.map { links[$0].delegate } ?? World.board
        let subject = Self.people[Int.random(in: 0..<Self.people.count, using: &random)]
        let refusal = try reason {
            let id = try world.offer(
                from: issuer, world.license(subject), by: link.map { links[$0].id }, day: day)
            attested.append(Attested(id: id, link: link, issuer: issuer, subject: subject))
        }
        let isOwn = issuer == subject || Self.way(link, links).contains { $0.grantor == subject }
        let expected: String? =
            if issuer == subject {
                "self_issued"
            } else if !Self.isWhole(link, links, on: day) {
                "delegation_not_in_force"
            } else {
                isOwn ? "self_issued" : nil
            }
        #expect(refusal == expected)
        guard refusal == nil, Bool.random(using: &random) else { return }
        try world.accept(attested[attested.count - 1].id, by: subject, day: day)
        attested[attested.count - 1].acceptedOn = day
    }

    private func cut(
        _ world: World, _ links: inout [Link], day: UInt64, _ random: inout SeededRandom
    ) throws {
        guard let index = links.indices.randomElement(using: &random) else { return }
        let way = Self.way(index, links)
        // Anyone up the chain may, and the delegate, who gives it up.
        let actor = way[Int.random(in: 0..<way.count, using: &random)].grantor
        let isOwn = actor == links[index].delegate
        let refusal = try reason {
            try RevokeDelegation(delegation: links[index].id, reason: isOwn ? .surrendered : .ended)
                .execute(in: world.context(actor, day: day))
        }
        #expect(refusal == (links[index].revokedOn == nil ? nil : "delegation_revoked"))
        if refusal == nil { links[index].revokedOn = day }
    }
}
