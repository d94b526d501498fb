import Consents
import Cryptography
import Encoding
import Foundation
import INFTs
import Licenses
import Primitives
import StateModel
import TestSupport
import Testing

@Suite struct CheckTests {
    /// Every reason that a stated use can be turned down for, one by one.
    @Test func usesAreCheckedAgainstTermsAndWhatWasStated() throws {
        let sandbox = try Sandbox()
        let inft = try sandbox.mint("score")
        var terms = TermsPreset.derivativesAllowed.terms
        terms.scope = ScopeTerms(
            purposes: [.research], fieldsOfUse: [.research], territories: ["DE"], languages: ["pt"],
            allowsTraining: true)
        terms.grant.coversRevisions = false
        let offer = try sandbox.offer(inft, terms)
        let license = try sandbox.buy(offer, use: StatedUse(territories: ["DE-BY"], isCommercial: true))
        let good = LicenseUse(
            purpose: .biomedicalResearch, field: .research, territory: "DE-BY", language: "pt-BR", isCommercial: true,
            makesDerivative: true, attributes: true)
        #expect(try sandbox.verdict(license, good).isValid)
        #expect(
            try sandbox.reasons(license, LicenseUse())
                == [.purposeNotStated, .fieldNotStated, .territoryNotStated, .languageNotStated])
        func change(_ body: (inout LicenseUse) -> Void) throws -> [LicenseReason] {
            var use = good
            body(&use)
            return try sandbox.reasons(license, use)
        }
        #expect(try change { $0.purpose = .treatment } == [.purposeNotLicensed])
        #expect(try change { $0.field = .clinical } == [.fieldNotLicensed])
        #expect(try change { $0.territory = "DE" } == [.territoryNotLicensed])
        #expect(try change { $0.language = "ptx" } == [.languageNotLicensed])
        #expect(try change { $0.version = 2 } == [.versionNotLicensed])
        #expect(try change { $0.trainsModels = true } == [.trainingNotLicensed])
        #expect(try change { $0.attributes = false } == [.attributionMissing])
        #expect(try change { $0.user = sandbox.party("carol") } == [.userNotLicensed])
        // Of research nothing was said when it was bought, so nothing stands against any.
        #expect(try change { $0.aim = .methods } == [])
        #expect(try change { $0.disease = CodedTerm(system: .mondo, code: "0005148") } == [])
        let free = try sandbox.buy(try sandbox.offer(inft, TermsPreset.commercial.terms))
        #expect(
            try sandbox.reasons(free, LicenseUse(isCommercial: true, makesDerivative: true, attributes: true))
                == [.commercialUseNotLicensed, .derivativesNotLicensed])
    }

    @Test func listsShowOffersAndLicenses() throws {
        let sandbox = try Sandbox()
        let inft = try sandbox.mint("score")
        var offers: [OfferID] = []
        for _ in 0..<3 { offers.append(try sandbox.offer(inft, TermsPreset.openAccess.terms)) }
        let licenses = [try sandbox.buy(offers[0]), try sandbox.buy(offers[0], as: "carol")]
        try sandbox.execute(CancelOffer(offer: offers[1]))
        func items(_ name: String, _ json: String) throws -> [any Codable & Sendable] {
            let query = try #require(LicensesDomain.queries.first { $0.name == name })
            let type = query.parametersType
            func parameters<P: Codable & Sendable>(_ type: P.Type) throws -> any Codable & Sendable {
                try decode(P.self, json)
            }
            guard
                case .page(let items, _) = try query.evaluate(
                    try parameters(type), PageRequest(after: nil, limit: 10), sandbox.queries)
            else { return [] }
            return items
        }
        func offerList(_ json: String) throws -> [OfferID] {
            try items("offer_list", json).compactMap { ($0 as? OfferView)?.offer.id }
        }
        func licenseList(_ json: String) throws -> [LicenseID] {
            try items("license_list", json).compactMap { ($0 as? LicenseView)?.license.id }
        }
        #expect(try offerList("{}") == [offers[2], offers[0]])
        #expect(try offerList(#"{"inft":"\#(inft)","onlyOpen":false}"#) == offers.reversed())
        #expect(try licenseList(#"{"inft":"\#(inft)"}"#) == licenses.reversed())
        #expect(try licenseList(#"{"licensee":"\#(sandbox.party("carol"))"}"#) == [licenses[1]])
        #expect(try licenseList(#"{"licensor":"\#(sandbox.party("alice"))"}"#).count == 2)
        #expect(try reason { _ = try licenseList("{}") } == "missing_parameter")
    }

    @Test func operationsRoundTripInBytesAndJSON() throws {
        for operation in samples {
            #expect(try LicenseOperation(decoding: operation.encoded) == operation)
            let json = try JSONEncoder().encode(operation)
            #expect(try JSONDecoder().decode(LicenseOperation.self, from: json) == operation)
            #expect(operation.weight > 0 && !operation.operation.words(PlainNames()).isEmpty)
        }
        #expect(Set(samples.map { type(of: $0.operation).name }) == Set(LicenseOperation.names))
    }

    @Test func recordsAndEventsRoundTrip() throws {
        let sandbox = try Sandbox()
        let offer = try sandbox.offer(try sandbox.mint("score"), TermsPreset.commercial.terms, supply: 1)
        let context = try sandbox.execute(
            PurchaseLicense(
                offer: .id(offer), maximumPrice: .zero, maximumRevenueShare: .zero,
                use: StatedUse(territories: ["DE"])),
            as: "bob")
        for event in context.events.compactMap({ $0 as? LicenseEvent }) {
            #expect(try LicenseEvent(decoding: event.encoded) == event)
            #expect(try JSONDecoder().decode(LicenseEvent.self, from: try JSONEncoder().encode(event)) == event)
        }
        var record = try sandbox.license(context.madeIdentifier())
        for ending in [
            LicenseEnding.revoked(at: testStart, cause: .patientSafety, evidence: testHash("e")),
            .consumed(at: testStart, derivative: testIdentifier("d")), .surrendered(at: testStart),
            .refunded(at: testStart), .annulled(at: testStart, dispute: testIdentifier("dispute")),
            .returned(at: testStart),
        ] {
            record.ending = ending
            record.renewals = [LicenseRenewal(at: testStart, until: testStart, price: Amount(1))]
            #expect(try LicenseRecord(decoding: record.encoded) == record)
            #expect(try JSONDecoder().decode(LicenseRecord.self, from: try JSONEncoder().encode(record)) == record)
        }
    }

    /// Random bytes and mutations of every operation: errors only, and what decodes is canonical.
    @Test func hostileOperationsOnlyThrow() {
        let result = exerciseDecoder(LicenseOperation.self, samples: samples, count: 10_000, seed: 21)
        #expect(result.mismatches == 0 && result.decoded > 0)
    }

    @Test func refusalCodesAreUniqueAndInTheDomainsHundred() {
        let codes = LicensesDomain.rejections.map(\.code)
        #expect(
            Set(codes).count == codes.count
                && codes.allSatisfy { (1500..<1600).contains($0) || (1700..<1800).contains($0) })
        #expect(LicenseRejection.trialRunning.reason == "trial_running")
    }

    @Test func genesisTermsAreRegisteredAndChecked() throws {
        let sandbox = try Sandbox()
        func apply(_ terms: [Terms]) throws -> String? {
            try reason {
                try sandbox.transaction(as: "alice") { (context) throws in
                    try LicensesDomain.applyGenesis(LicensesGenesis(terms: terms), in: context)
                }
            }
        }
        #expect(try apply([TermsPreset.commercial.terms, TermsPreset.commercial.terms]) == "invalid_genesis")
        var bad = TermsPreset.commercial.terms
        bad.payment.fee = Amount(1)
        #expect(try apply([bad]) == "invalid_genesis")
        #expect(try apply(TermsPreset.all.map(\.terms)) == nil)
        #expect(try LicenseLedger.terms(TermsPreset.openAccess.terms.id, in: sandbox.state) != nil)
    }

    private static let sealedKey = SealedKey(first: sealingSecret("c").key, second: sealingSecret("d").key)
    private static let dispute: DisputeID = testIdentifier("dispute")
    private static let request = DeliveryRequest(
        sealingKey: sealingSecret("bob").key,
        possession: KeyProof(challenge: testHash("e"), response: testHash("z")), fetchedRoot: testHash("root"))

    private var samples: [LicenseOperation] {
        let license: LicenseID = testIdentifier("license")
        let offer: OfferID = testIdentifier("offer")
        return [
            .registerTerms(RegisterTerms(terms: TermsPreset.clinicalUse.terms)),
            .createOffer(
                CreateOffer(
                    inft: .operation(0), terms: testIdentifier("terms"), price: Amount(5), supply: 3,
                    buyer: .account(testAddress("bob")), expiresAt: testStart)),
            .updateOffer(UpdateOffer(offer: offer, price: Amount(7), supply: nil, expiresAt: testStart)),
            .cancelOffer(CancelOffer(offer: offer)),
            .purchase(
                PurchaseLicense(
                    offer: .id(offer), maximumPrice: Amount(5), maximumRevenueShare: percent(10),
                    use: StatedUse(
                        purposes: [.research], research: ResearchUse(aims: [.methods], undertakings: [.publish]),
                        territories: ["DE", "FR"], isCommercial: true, trainsModels: true))),
            .link(LinkLicenses(derivative: .operation(0), licenses: [.id(license), .operation(2)])),
            .surrender(SurrenderLicense(license: license)),
            .revoke(RevokeLicense(license: license, cause: .regulatoryOrder, evidence: testHash("order"))),
            .renew(RenewLicense(license: license, offer: offer, maximumPrice: Amount(5))),
            .transfer(TransferLicense(license: license, to: .account(testAddress("carol")))),
            .assignSeat(AssignSeat(license: license, account: testAddress("carol"))),
            .releaseSeat(ReleaseSeat(license: license, account: testAddress("carol"))),
            .use(RecordUse(license: license, use: MeteredUse(), entries: [UseTests.entry(count: 2)])),
            .use(
                RecordUse(
                    license: license,
                    use: MeteredUse(
                        purpose: .treatment, field: .clinical, territory: "DE", language: "de", version: 2,
                        isCommercial: true, trainsModels: true, attributes: true), entries: [],
                    maximumFee: Amount(7))),
            .topUp(TopUpQuota(license: license, uses: 3, maximumPrice: Amount(9))),
            .returnQuota(ReturnQuota(license: license)),
            .nameAgent(NameAgent(license: license, agent: .account(testAddress("carol")), allowance: 4)),
            .nameAgent(NameAgent(license: license, agent: .account(testAddress("carol")))),
            .dismissAgent(DismissAgent(license: license, agent: .account(testAddress("carol")))),
            .reportOutcome(Runs(license: license, bins: [nil, 3]).report(0, 0)),
            .reportOutcome(Runs(license: license, bins: [nil, 3]).report(0, 1, observed: false)),
            .begin(
                BeginDelivery(
                    delivery: DeliveryID(license.bytes), sealingKey: sealingSecret("alice").key,
                    commitment: testHash("commitment"), answers: [])),
            .complete(
                CompleteDelivery(
                    delivery: DeliveryID(license.bytes), sealedKey: Self.sealedKey,
                    proof: DeliveryProof(
                        challenge: testHash("e"), ownerResponse: testHash("a"), deliveryResponse: testHash("s")))),
            .refund(RefundDelivery(delivery: DeliveryID(license.bytes))),
            .requestVersion(RequestVersion(license: license, delivery: Self.request)),
            .raiseDispute(
                RaiseDispute(
                    license: license, ground: .usage, evidence: testHash("e"), nonceCommitment: testHash("n"))),
            .respondDispute(
                RespondDispute(dispute: Self.dispute, nonceCommitment: testHash("n"), evidence: testHash("f"))),
            .respondDispute(RespondDispute(dispute: Self.dispute, nonceCommitment: testHash("n"))),
            .revealDisputeNonce(RevealDisputeNonce(dispute: Self.dispute, nonce: testHash("nonce"))),
            .acceptDispute(AcceptDispute(dispute: Self.dispute, delivery: Self.request)),
            .declineDispute(DeclineDispute(dispute: Self.dispute)),
            .acceptDispute(AcceptDispute(dispute: Self.dispute)),
            .acknowledgeRecall(
                AcknowledgeRecall(license: license, recall: testIdentifier("recall"), answer: .neverUsed)),
            .raiseClaim(
                RaiseClaim(
                    inft: testIdentifier("inft"), ground: .payment, evidence: testHash("e"),
                    nonceCommitment: testHash("n"), asset: testIdentifier("asset"), bond: Amount(10_000))),
            .settleDispute(SettleDispute(dispute: Self.dispute)),
            .beginShow(
                BeginShow(
                    show: DeliveryID(license.bytes), sealingKey: sealingSecret("bob").key,
                    commitment: testHash("commitment"))),
            .completeShow(
                CompleteShow(
                    show: DeliveryID(license.bytes), sealedKey: Self.sealedKey,
                    proof: DeliveryProof(
                        challenge: testHash("e"), ownerResponse: testHash("a"), deliveryResponse: testHash("s")))),
            .commitDisputeVote(CommitDisputeVote(dispute: Self.dispute, commitment: testHash("c"))),
            .revealDisputeVote(RevealDisputeVote(dispute: Self.dispute, vote: .dismiss, salt: testHash("s"))),
            .appealDispute(AppealDispute(dispute: Self.dispute, nonceCommitment: testHash("n"), evidence: nil)),
            .advanceDispute(AdvanceDispute(dispute: Self.dispute)), .enrollArbiter(EnrollArbiter()),
            .leaveArbiter(LeaveArbiter(arbiter: testAddress("carol"))),
            .createGroup(
                CreateGroup(
                    metadata: INFTMetadata(title: "Both", language: "en"),
                    members: [GroupMember(inft: testIdentifier("member"), share: percent(5))],
                    terms: testIdentifier("terms"), joinBy: testStart)),
            .joinGroup(JoinGroup(group: testIdentifier("group"), members: [testIdentifier("member")])),
            .answerNeeds(
                AnswerNeeds(
                    license: license,
                    answers: [NeedAnswer(need: .review, evidence: .ontology([]))])),
            .sublicense(
                SublicenseLicense(
                    license: license, to: .account(testAddress("carol")), use: StatedUse(territories: ["DE"]), seats: 2,
                    expiresAt: testStart, price: Amount(5), delivery: Self.request)),
            .transfer(TransferLicense(license: license, to: .account(testAddress("carol")), delivery: Self.request)),
        ]
    }
}
