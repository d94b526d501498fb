import Identities
import Primitives
import StateModel
import TestSupport
import Testing

struct OrganizationTests {
    static let clinic = Party.organization(World.clinic)

    @Test("An organization speaks by the threshold of the class, of the roles that its policy names")
    func thresholds() throws {
        let world = try World()
        func require(_ operationClass: OperationClass, _ signers: [Address]) throws -> String? {
            try reason {
                try Authority.require(
                    Self.clinic, for: operationClass, in: world.context(signers[0], Array(signers.dropFirst())),
                    field: "party")
            }
        }
        #expect(try require(.administration, [World.anna]) == "threshold_not_met")
        #expect(try require(.administration, [World.anna, World.bert]) == nil)
        #expect(try require(.administration, [World.anna, World.dora]) == "threshold_not_met")
        #expect(try require(.treasury, [World.anna, World.bert]) == "threshold_not_met")
        #expect(try require(.treasury, [World.cleo]) == nil)
        #expect(try require(.credentials, [World.bert]) == nil)
        // No policy for content: decided as administration is.
        #expect(try require(.content, [World.bert]) == "threshold_not_met")
        #expect(try require(.content, [World.bert, World.cleo]) == nil)
    }

    @Test("Authority marks the signatures that count, and leaves those that do not")
    func usedSigners() throws {
        let world = try World()
        let counted = world.context(World.anna, [World.bert, World.cleo])
        try Authority.require(Self.clinic, for: .administration, in: counted, field: "party")
        #expect(counted.unneededSigner == nil)
        let surplus = world.context(World.cleo, [World.anna])
        try Authority.require(Self.clinic, for: .treasury, in: surplus, field: "party")
        #expect(surplus.unneededSigner == World.anna)
    }

    @Test("An account speaks by its signature; unknown organizations do not speak")
    func accounts() throws {
        let world = try World()
        let context = world.context(World.anna)
        try Authority.require(.account(World.anna), for: .treasury, in: context, field: "party")
        let refused = try #require(
            try rejection {
                try Authority.require(.account(World.bert), for: .treasury, in: context, field: "payer")
            })
        #expect(refused.reason == "not_authorized" && refused.field == "payer")
        #expect(
            try reason {
                try Authority.require(
                    .organization(testIdentifier("none")), for: .treasury, in: context, field: "party")
            } == "unknown_organization")
    }

    @Test("Founders sign as their own policy asks")
    func founding() throws {
        let world = try World()
        let create = CreateOrganization(profile: World.clinicProfile)
        #expect(try reason { try create.execute(in: world.context(World.anna)) } == "threshold_not_met")
        #expect(try reason { try create.execute(in: world.context(World.dora, [World.anna])) } == "threshold_not_met")
        let context = world.context(World.anna, [World.cleo])
        try create.execute(in: context)
        let id: OrganizationID = context.madeIdentifier()
        #expect(try Parties.kind(of: .organization(id), in: world.state) == .institution)
        // Kind and name are claims; without accreditation nothing is enrolled.
        #expect(try !Organizations.isEnrolled(id, at: World.day(0), in: world.state))
    }

    @Test("Members, policies and keys change by the administration threshold; the id stays")
    func update() throws {
        let world = try World()
        let key = ByteString([2] + hexadecimal("79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"))
        let update = UpdateOrganization(
            organization: World.clinic,
            members: World.members([(World.anna, .administrator), (World.dora, .researcher)]),
            policies: [ClassPolicy(.administration, threshold: 1)], messageKey: key)
        #expect(try reason { try update.execute(in: world.context(World.anna)) } == "threshold_not_met")
        let context = world.context(World.anna, [World.bert], day: 1)
        try update.execute(in: context)
        let record = try #require(try Organizations.record(World.clinic, in: world.state))
        #expect(record.revision == 1 && record.updatedAt == World.day(1) && record.createdAt == World.day(0))
        #expect(record.profile.messageKey == key && record.profile.name == "Clinic")
        guard case .organizationUpdated(let step)? = context.events.first as? IdentityEvent else {
            Issue.record("no event")
            return
        }
        #expect(step.joined == [World.dora] && Set(step.left) == [World.bert, World.cleo])
        #expect(try reason { try update.execute(in: world.context(World.anna)) } == "nothing_changed")
        #expect(
            try reason {
                try Authority.require(
                    Self.clinic, for: .treasury, in: world.context(World.bert, [World.cleo]), field: "")
            } == "threshold_not_met")
        try Authority.require(Self.clinic, for: .treasury, in: world.context(World.dora), field: "")
    }

    private func hexadecimal(_ text: String) -> [UInt8] { Hexadecimal.decode(text) ?? [] }

    /// The clinic's profile with one thing wrong.
    private func refused(
        kind: PartyKind = .institution, name: String = "Clinic", jurisdiction: String = "DE",
        identifiers: [InstitutionIdentifier] = [], members: [Member]? = nil,
        policies: [ClassPolicy] = [ClassPolicy(.administration, threshold: 1)], messageKey: ByteString? = nil
    ) throws -> String? {
        let world = try World()
        let profile = OrganizationProfile(
            kind: kind, name: name, jurisdiction: jurisdiction, identifiers: identifiers,
            members: members ?? World.members([(World.anna, .administrator)]), policies: policies,
            messageKey: messageKey)
        return try reason { try CreateOrganization(profile: profile).execute(in: world.context(World.anna)) }
    }

    @Test("A profile with a wrong name, place, identifier, member, policy or key is refused")
    func profiles() throws {
        #expect(try refused() == nil)
        #expect(try refused(kind: .patient) == "kind_not_allowed")
        for name in ["", " Clinic", "Clinic ", "Cli\nnic", String(repeating: "x", count: 161)] {
            #expect(try refused(name: name) == "invalid_name")
        }
        #expect(try refused(jurisdiction: "XX") == "invalid_jurisdiction")
        let wrong = InstitutionIdentifier(scheme: .lei, value: "213800KUD8LXJWSQ9D15")
        #expect(try refused(identifiers: [wrong]) == "invalid_identifier")
        let right = InstitutionIdentifier(scheme: .lei, value: "213800KUD8LAJWSQ9D15")
        #expect(try refused(identifiers: [right, right]) == "list_not_ascending")
        #expect(try refused(members: []) == "too_few_members")
        #expect(try refused(members: World.members([(World.stranger, .service)])) == "unknown_party")
        #expect(try refused(members: World.members([(World.patient, .service)])) == "kind_not_allowed")
        let anna = Member(account: World.anna, role: .administrator)
        #expect(try refused(members: [anna, anna]) == "list_not_ascending")
        #expect(try refused(policies: []) == "missing_administration")
        #expect(try refused(policies: [ClassPolicy(.treasury, threshold: 1)]) == "missing_administration")
        for policy in [
            ClassPolicy(.administration, threshold: 0), ClassPolicy(.administration, threshold: 2),
            ClassPolicy(.administration, threshold: 1, roles: [.clinician]),
        ] {
            #expect(try refused(policies: [policy]) == "threshold_unreachable")
        }
        #expect(try refused(messageKey: ByteString([2] + [UInt8](repeating: 0, count: 32))) == "invalid_message_key")
        #expect(try refused(messageKey: ByteString([1, 2, 3])) == "invalid_message_key")
    }
}
