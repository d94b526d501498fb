import Cryptography
import Encoding
import Foundation
import Identities
import Primitives
import StateModel
import TestSupport
import Testing

struct EncodingTests {
    static let claim = CredentialClaim(
        subject: .account(World.anna), credentialType: .guardianship,
        scope: CredentialScope(jurisdictions: ["DE", "US-CA"], specialties: ["207R00000X"], role: .staff),
        validFrom: World.day(0), validUntil: World.day(9), evidence: testHash("evidence"),
        identifiers: [
            PersonCommitment(scheme: .npi, commitment: testHash("npi")),
            PersonCommitment(scheme: .orcid, commitment: testHash("orcid")),
        ], concerning: .account(World.patient), resource: testHash("resource"))
    static let grant = DelegationGrant(
        delegate: .organization(World.clinic), types: [.medicalLicense, .specialty], jurisdictions: ["DE"],
        mayDelegate: true, validFrom: World.day(0), validUntil: World.day(9))
    static let operations: [IdentityOperation] = [
        .sponsor(SponsorAccount(account: World.anna, kind: .patient)),
        .changeSponsor(ChangeSponsor(sponsor: World.clinic)),
        .changeSponsor(ChangeSponsor(sponsor: World.clinic, kind: .researcher)),
        .createOrganization(CreateOrganization(profile: World.clinicProfile)),
        .updateOrganization(
            UpdateOrganization(
                organization: World.clinic, members: World.clinicProfile.members,
                policies: World.clinicProfile.policies, messageKey: ByteString([UInt8](repeating: 2, count: 33)))),
        .offerCredential(OfferCredential(delegation: testIdentifier("link"), claim: claim)),
        .acceptCredential(AcceptCredential(credential: .operation(3))),
        .declineCredential(DeclineCredential(credential: .id(testIdentifier("credential")))),
        .revokeCredential(RevokeCredential(credential: testIdentifier("credential"), reason: .surrendered)),
        .grantDelegation(GrantDelegation(parent: testIdentifier("link"), grant: grant)),
        .revokeDelegation(RevokeDelegation(delegation: testIdentifier("link"), reason: .misconduct)),
        .grantMandate(GrantMandate(grant: mandate.grant)),
        .grantMandate(
            GrantMandate(
                grant: MandateGrant(delegate: World.bert, operations: [.eraseContent], validUntil: World.day(9)))),
        .revokeMandate(RevokeMandate(mandate: testIdentifier("mandate"))),
        .arrangeRecovery(ArrangeRecovery(policy: RecoveryTests.policy)),
        .arrangeRecovery(ArrangeRecovery(policy: nil)),
        .startRecovery(
            StartRecovery(
                account: World.anna, key: testAddress("key"), proof: Signature(noncePoint: .zero, scalar: .zero))),
        .approveRecovery(ApproveRecovery(recovery: recovery.id, account: recovery.account, key: recovery.key)),
        .withdrawRecovery(WithdrawRecovery(recovery: recovery.id)),
        .cancelRecovery(CancelRecovery(recovery: recovery.id)),
        .rotateKey(RotateKey(key: testAddress("key"), proof: Signature(noncePoint: .zero, scalar: .zero))),
    ]
    static let recovery = RecoveryRecord(
        id: testIdentifier("recovery"), account: World.anna, key: testAddress("key"), startedBy: .account(World.bert),
        startedAt: World.day(1), approvals: [RecoveryApproval(guardian: .account(World.bert), at: World.day(1))],
        completesAt: World.day(4), ending: RecoveryEnding(at: World.day(2), outcome: .canceled))
    static let account = AccountRecord(
        sequence: 7, kind: .professional, sponsor: .organization(World.clinic), createdAt: World.day(0),
        createdHeight: Height(1), sponsoredAt: World.day(0),
        laterKey: LaterKey(key: testAddress("key"), since: World.day(3), changes: 2))
    static let key = KeyRecord(account: World.anna, since: World.day(1), until: World.day(3))
    static let guardians = GuardianRecord(
        policy: RecoveryTests.policy, since: World.day(1), open: [testIdentifier("recovery")])
    static let credential = CredentialRecord(
        id: testIdentifier("credential"), issuer: .account(World.board), delegation: nil, claim: claim,
        offeredAt: World.day(0), acceptedAt: World.day(1), declinedAt: nil,
        revocation: Revocation(at: World.day(2), by: .account(World.board), reason: .error))
    static let delegation = DelegationRecord(
        id: testIdentifier("link"), grantor: .account(World.board), parent: testIdentifier("parent"), depth: 2,
        grant: grant, grantedAt: World.day(0))
    static let mandate = MandateRecord(
        id: testIdentifier("mandate"), grantor: .organization(World.clinic),
        grant: MandateGrant(
            delegate: World.dora, operations: MandatedAct.allCases, uses: 3, validUntil: World.day(9),
            limit: MandateLimit(asset: testIdentifier("euro"), amount: Amount(9))),
        grantedAt: World.day(0), used: 2, spent: Amount(4), lastUsedAt: World.day(1),
        revocation: Revocation(at: World.day(2), by: .account(World.dora), reason: .surrendered))
    static let open = OpenMandates(mandates: [
        OpenMandate(mandate: testIdentifier("one"), operations: [.beginLicense], validUntil: World.day(1)),
        OpenMandate(
            mandate: testIdentifier("two"), operations: MandatedAct.allCases, validUntil: World.day(2),
            left: MandateLimit(asset: testIdentifier("euro"), amount: Amount(5))),
    ])

    private static func recoveries(_ world: World) throws -> [IdentityEvent] {
        try RecoveryTests.arrange(world)
        let id = try RecoveryTests.start(world)
        let guardian = world.context(World.dora, day: 2)
        let approval = ApproveRecovery(
            recovery: id, account: World.anna, key: try RecoveryTests.secret(1).address)
        try approval.execute(in: guardian)
        try WithdrawRecovery(recovery: id).execute(in: guardian)
        try approval.execute(in: guardian)
        let started = world.context(World.bert, day: 1, "again")
        try ArrangeRecovery(policy: RecoveryTests.policy).execute(in: world.context(World.cleo))
        let arranged = world.context(World.frida)
        try ArrangeRecovery(policy: RecoveryTests.policy).execute(in: arranged)
        let secret = try RecoveryTests.secret(2)
        try StartRecovery(
            account: World.cleo, key: secret.address, proof: RecoveryTests.proof(secret, for: World.cleo)
        ).execute(in: started)
        let ended = try RecoveryTests.due(world, id, day: 9)
        return (arranged.events + started.events + guardian.events + ended).compactMap { $0 as? IdentityEvent }
    }

    /// Every event that a walk through the domain raises.
    static func events() throws -> [IdentityEvent] {
        let world = try World()
        let context = world.context(World.anna, [World.bert, World.board, World.dora], for: World.clinic)
        try SponsorAccount(account: World.stranger, kind: .patient).execute(in: context)
        try CreateOrganization(profile: World.clinicProfile).execute(in: context)
        try UpdateOrganization(
            organization: World.clinic, members: World.clinicProfile.members,
            policies: [ClassPolicy(.administration, threshold: 1)]
        ).execute(in: context)
        try ChangeSponsor(sponsor: World.institute).execute(in: context)
        let other = world.context(World.board, [World.anna])
        try OfferCredential(claim: world.license(World.anna)).execute(in: other)
        try AcceptCredential(credential: .operation(0)).execute(
            in: {
                other.operationIndex = 1
                return other
            }())
        try RevokeCredential(
            credential: makeIdentifier(transactionHash: other.transactionHash, operationIndex: 0),
            reason: .error
        ).execute(in: other)
        other.operationIndex = 2
        try OfferCredential(claim: world.license(World.bert)).execute(in: other)
        let declining = world.context(World.bert)
        try DeclineCredential(credential: .id(other.madeIdentifier())).execute(in: declining)
        try GrantDelegation(
            grant: DelegationGrant(delegate: .account(World.anna), types: [.specialty], validFrom: World.day(0))
        ).execute(in: other)
        try RevokeDelegation(delegation: other.madeIdentifier(), reason: .ended).execute(in: other)
        try GrantMandate(
            grant: MandateGrant(delegate: World.anna, operations: [.eraseContent], validUntil: World.day(9))
        ).execute(in: other)
        let using = world.context(World.anna)
        try Mandates.use(
            try Authority.require(
                .account(World.board), for: .content, orMandate: .eraseContent, in: using, field: "inft"), in: using)
        try RevokeMandate(mandate: other.madeIdentifier()).execute(in: other)
        try Accreditors.accredit(.account(World.anna), [.specialty], ["DE"], in: other)
        return (context.events + other.events + using.events + declining.events).compactMap { $0 as? IdentityEvent }
            + (try recoveries(world))
    }

    @Test("Every operation comes back from its bytes and from its JSON, under its name")
    func operations() throws {
        #expect(Set(Self.operations.map { type(of: $0.operation).name }) == Set(IdentityOperation.names))
        for operation in Self.operations {
            #expect(try IdentityOperation(decoding: operation.encoded) == operation)
            let json = try JSONEncoder().encode(operation)
            #expect(try JSONDecoder().decode(IdentityOperation.self, from: json) == operation)
            let object = try #require(try JSONSerialization.jsonObject(with: json) as? [String: Any])
            #expect(object["type"] as? String == type(of: operation.operation).name)
            #expect(operation.weight >= 10)
            #expect(!operation.operation.words(PlainNames()).isEmpty)
        }
    }

    @Test("Every event comes back from its bytes and from its JSON, under its name, with topics")
    func events() throws {
        let events = try Self.events()
        #expect(Set(events.map(\.name)) == Set(IdentityEvent.names))
        for event in events {
            var reader = CBORReader(event.encoded)
            #expect(try IdentitiesDomain.decodeEvent(&reader) == event)
            #expect(try JSONDecoder().decode(IdentityEvent.self, from: try JSONEncoder().encode(event)) == event)
            #expect(!event.topics.isEmpty)
        }
    }

    @Test("Names of another domain are not decoded; unknown kinds are refused")
    func unknown() throws {
        let json = Data(#"{"type": "inft.mint"}"#.utf8)
        #expect(throws: DecodingError.self) { try JSONDecoder().decode(IdentityOperation.self, from: json) }
        #expect(throws: EncodingFailure.self) { try IdentityOperation(decoding: [0x82, 0x18, 0x63, 0x80]) }
        #expect(throws: EncodingFailure.self) { try IdentityEvent(decoding: [0x82, 0x18, 0x63, 0x80]) }
    }

    @Test("Records and genesis come back from their bytes and their JSON")
    func records() throws {
        func check<Value: CBORCodable & Codable & Equatable>(_ value: Value) throws {
            #expect(try Value(decoding: value.encoded) == value)
            #expect(try JSONDecoder().decode(Value.self, from: try JSONEncoder().encode(value)) == value)
        }
        let world = try World()
        try check(Self.credential)
        try check(Self.delegation)
        try check(Self.mandate)
        try check(Self.open)
        try check(Self.recovery)
        try check(Self.account)
        try check(Self.key)
        try check(Self.guardians)
        try check(try #require(try Accounts.record(World.anna, in: world.state)))
        try check(try #require(try Accounts.record(World.board, in: world.state)))
        try check(try #require(try Organizations.record(World.clinic, in: world.state)))
        try check(try #require(try world.state.record(IdentityKeys.accreditor(.account(World.board)))))
        try check(try Sponsorship.record(.organization(World.clinic), in: world.state))
        try check(World.genesis())
        try check(
            IdentitiesGenesis(
                parameters: IdentityParameters(accountsPerSponsor: 1, stateBytesPerSponsor: 2), accounts: [],
                organizations: [], accreditors: [],
                delegations: [
                    GenesisDelegation(
                        id: testIdentifier("link"), grantor: .account(World.board), parent: nil, grant: Self.grant)
                ],
                credentials: [
                    GenesisCredential(
                        id: testIdentifier("one"), issuer: .account(World.board), delegation: nil, claim: Self.claim)
                ]))
    }

    @Test("Decoders throw on random and mutated bytes, and accept only what they would write")
    func hostileBytes() throws {
        func check<Value: CBORCodable>(_ samples: [Value]) {
            let result = exerciseDecoder(Value.self, samples: samples, count: 3_000, seed: 7)
            #expect(result.mismatches == 0)
        }
        check(Self.operations)
        check(try Self.events())
        check([Self.credential])
        check([Self.delegation])
        check([Self.mandate])
        check([Self.open])
        check([Self.recovery])
        check([Self.account])
        check([Self.key])
        check([Self.guardians])
        check([World.genesis()])
        let world = try World()
        check([try #require(try Accounts.record(World.anna, in: world.state))])
        check([try #require(try Organizations.record(World.clinic, in: world.state))])
        check([AcceptedCredentials(ids: [testIdentifier("one"), testIdentifier("two")])])
        check([try Sponsorship.record(.organization(World.clinic), in: world.state)])
    }

    @Test("Lists that are not ascending are not bytes of the ledger")
    func unsorted() {
        var writer = CBORWriter()
        writer.array(3)
        writer.array(2)
        writer.write("FR")
        writer.write("DE")
        writer.array(0)
        writer.writeNull()
        #expect(throws: EncodingFailure.self) { try CredentialScope(decoding: writer.bytes) }
    }
}
