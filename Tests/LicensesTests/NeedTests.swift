import Consents
import Cryptography
import Encoding
import INFTs
import Identities
import Licenses
import Primitives
import Revenue
import StateModel
import TestSupport
import Testing

/// Metered uses of content whose consents ask for an answer before they permit: what was answered for the delivery holds
/// for the uses, as far as it goes.
@Suite struct NeedTests {
    private static let stated = StatedUse(
        purposes: [.research], research: ResearchUse(aims: [.general]), territories: ["DE"])

    /// The account of an ethics board that can sign.
    private static func board(_ sandbox: Sandbox) throws -> (secret: SecretKey, address: Address) {
        let secret = try #require(SecretKey(testHash("secret board").bytes))
        sandbox.state.set(
            IdentityKeys.account(secret.address),
            AccountRecord(
                kind: .institution, sponsor: nil, createdAt: testStart, createdHeight: .genesis,
                sponsoredAt: testStart))
        sandbox.attest(.account(secret.address), .ethicsBoard)
        return (secret, secret.address)
    }

    /// Bob's metered license on alice's data, delivered with the board's answer, good for so many days.
    private static func delivered(
        _ sandbox: Sandbox, answerDays: UInt64 = 365
    ) throws -> (license: LicenseID, set: ConsentSetID) {
        let (set, _) = try sandbox.consentSet([.access], modifiers: [.ethicsApprovalRequired])
        var terms = TermsPreset.researchOnly.terms
        terms.scope.researchAims = CodeList([.general])
        terms.payment.asset = sandbox.asset
        terms.payment.fee = Amount(500)
        terms.payment.perUseFee = Amount(3)
        terms.payment.prepaidUses = 10
        terms.grant.isTransferable = true
        let (_, _, license, delivery) = try sandbox.sold(terms, consentSet: set, use: stated)
        let made = try sandbox.deliver(delivery, with: "alice")
        let until = sandbox.time.adding(milliseconds: answerDays * millisecondsPerDay)
        try sandbox.execute(
            BeginDelivery(
                delivery: delivery, sealingKey: sealingSecret("alice").key, commitment: made.commitment,
                answers: try answers(delivery, sandbox, until: until)))
        try sandbox.complete(delivery, made)
        return (license, set)
    }

    private static func answers(
        _ delivery: DeliveryID, _ sandbox: Sandbox, until: Timestamp
    ) throws -> [NeedAnswer] {
        let verdict = try DeliveryCheck.check(delivery, at: sandbox.time, in: sandbox.state)
        #expect(verdict.needs == [.ethicsApproval])
        let (secret, address) = try board(sandbox)
        let statement = NeedStatement(
            network: testHash("network"), basis: .set(try #require(verdict.consentSet)),
            revision: try #require(verdict.consentRevision), requests: UseRequest.hash(of: verdict.requests),
            subject: delivery.bytes, recipient: try sandbox.delivery(delivery).to, need: .ethicsApproval,
            by: .account(address), validUntil: until)
        return [
            NeedAnswer(
                statement, signer: address,
                signature: Schnorr.sign(message: statement.hash, secret: secret, auxiliary: testHash("fresh").bytes))
        ]
    }

    private static func use(_ purpose: PurposeOfUse, _ territory: String = "DE") -> MeteredUse {
        MeteredUse(purpose: purpose, field: .research, territory: territory)
    }

    private static func record(
        _ license: LicenseID, _ sandbox: Sandbox, as name: String = "bob", _ use: MeteredUse? = nil
    ) throws -> String? {
        try reason {
            try sandbox.execute(
                RecordUse(
                    license: license, use: use ?? Self.use(.research),
                    entries: [UseTests.entry()]), as: name)
        }
    }

    @Test("A use is recorded under the answer that was given for the delivery, and for no longer than that")
    func answered() throws {
        let sandbox = try Sandbox()
        let (license, _) = try Self.delivered(sandbox, answerDays: 10)
        #expect(try Self.record(license, sandbox) == nil)
        // A place within the place, a kind of the purpose.
        #expect(
            try Self.record(license, sandbox, Self.use(.biomedicalResearch, "DE-BY")) == nil)
        #expect(
            try Self.record(license, sandbox, Self.use(.treatment)) == "use_not_covered")
        #expect(try sandbox.reasons(license, LicenseUse(purpose: .research, field: .research, territory: "DE")).isEmpty)
        // Before the content was released nothing was answered.
        let bought = try sandbox.license(license).purchasedAt
        #expect(
            try sandbox.reasons(license, LicenseUse(purpose: .research, field: .research, territory: "DE"), at: bought)
                .contains(.consentDoesNotPermit))
        sandbox.advance(days: 10)
        #expect(
            try sandbox.reasons(license, LicenseUse(purpose: .research, field: .research, territory: "DE")) == [
                .consentDoesNotPermit
            ])
        #expect(try Self.record(license, sandbox) == "use_not_covered")
    }

    @Test("An answer dies with the set's revision, as it does before it is used")
    func revised() throws {
        let sandbox = try Sandbox()
        let (license, set) = try Self.delivered(sandbox)
        let record = try ConsentSets.require(set, field: "", in: sandbox.state)
        var larger = record
        larger.revision += 1
        sandbox.state.set(ConsentsKeys.set(set), larger)
        #expect(try Self.record(license, sandbox) == "use_not_covered")
        sandbox.state.set(ConsentsKeys.set(set), record)
        #expect(try Self.record(license, sandbox) == nil)
        // Needs that nobody had answered.
        var narrower = record
        narrower.policies = SortedList(
            record.policies.elements.map { policy in
                ConsentPolicy(
                    provisions: policy.provisions.map { provision in
                        Provision(
                            provision.kind, actions: provision.actions, purposes: provision.purposes,
                            dataUse: provision.dataUse.map {
                                DataUseTerms(
                                    permissions: $0.permissions,
                                    modifiers: SortedList($0.modifiers.elements + [.researchSpecific]))
                            })
                    })
            })
        sandbox.state.set(ConsentsKeys.set(set), narrower)
        #expect(try Self.record(license, sandbox) == "use_not_covered")
    }

    @Test("Who gets the license next needs an answer of their own")
    func handedOn() throws {
        let sandbox = try Sandbox()
        let (license, _) = try Self.delivered(sandbox)
        let inft = try sandbox.license(license).inft
        let request = sandbox.request(
            "a", of: inft, act: .licenseTransfer, key: "carol", by: "carol", sender: "bob")
        let id: DeliveryID = try sandbox.execute(
            TransferLicense(license: license, to: sandbox.party("carol"), delivery: request), as: "bob",
            cosigners: ["carol"]
        ).madeIdentifier()
        let sealed = try sandbox.delivered(DeliveryID(license.bytes))
        let made = try sandbox.deliver(id, from: sealed, with: "bob", by: "bob")
        let answers = try Self.answers(
            id, sandbox, until: sandbox.time.adding(milliseconds: 20 * millisecondsPerDay))
        try sandbox.execute(
            BeginDelivery(
                delivery: id, sealingKey: sealingSecret("bob").key, commitment: made.commitment, answers: answers),
            as: "bob")
        // Begun, but not delivered: the license is still bob's, and so is what was answered for him.
        #expect(try Self.record(license, sandbox) == nil)
        try sandbox.complete(id, made, as: "bob")
        try sandbox.execute(TopUpQuota(license: license, uses: 5, maximumPrice: Amount(15)), as: "carol")
        #expect(try Self.record(license, sandbox, as: "carol") == nil)
        sandbox.advance(days: 20)
        #expect(try Self.record(license, sandbox, as: "carol") == "use_not_covered")
    }
}
