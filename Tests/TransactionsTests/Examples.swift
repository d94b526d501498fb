import Consents
import Cryptography
import Encoding
import Governance
import INFTs
import Identities
import Licenses
import Primitives
import Revenue
import TestSupport
import Transactions

/// One operation of every type there is, with every optional field present.
enum Examples {
    static let alice = Party.account(testAddress("alice"))
    static let bob = Party.account(testAddress("bob"))
    static let clinic: OrganizationID = testIdentifier("clinic")
    static let inft: INFTID = testIdentifier("inft")
    static let asset: AssetID = testIdentifier("asset")
    static let offer: OfferID = testIdentifier("offer")
    static let license: LicenseID = testIdentifier("license")
    static let consent: ConsentID = testIdentifier("consent")
    static let later = testStart.adding(milliseconds: millisecondsPerDay)

    static let point = CompressedPoint(isOdd: false, abscissa: testHash("point").bytes)
    static let sealedKey = SealedKey(first: point, second: point)
    static let proof = KeyProof(challenge: testHash("challenge"), response: testHash("response"))
    static let sealed = SealedContent(
        root: testHash("root"), size: 1_000, mediaType: "application/fhir+json", cipherSuite: .aes256GCMStream,
        keyCommitment: testHash("commitment"), salt: testHash("salt"), sealingKey: point, sealedKey: sealedKey,
        possession: proof, origin: proof)
    static let deliveryProof = DeliveryProof(
        challenge: testHash("challenge"), ownerResponse: testHash("owner"), deliveryResponse: testHash("delivery"))
    static let seal = Resealing(sealingKey: point, sealedKey: sealedKey, possession: proof, proof: deliveryProof)
    static let request = DeliveryRequest(sealingKey: point, possession: proof, fetchedRoot: testHash("root"))
    static let delivery: DeliveryID = testIdentifier("delivery")
    static let dispute: DisputeID = testIdentifier("dispute")
    static let answers = [NeedAnswer(need: .review, evidence: .ontology([]))]
    static let content = OpenContent(
        hash: testHash("content"), size: 2_000, mediaType: "application/json", location: "https://example.org/score")
    static let metadata = INFTMetadata(
        title: "Score", abstract: "What it is for.", language: "en", field: .cardiology, evidence: .three,
        codes: [MetadataCode(system: "http://snomed.info/sct", code: "49436004")], jurisdictions: ["DE"])

    static let organizationProfile = OrganizationProfile(
        kind: .institution, name: "Clinic", jurisdiction: "DE",
        identifiers: [InstitutionIdentifier(scheme: .lei, value: "213800KUD8LAJWSQ9D15")],
        members: [Member(account: testAddress("alice"), role: .administrator)],
        policies: [
            ClassPolicy(.administration, threshold: 1), ClassPolicy(.treasury, threshold: 1, roles: [.administrator]),
        ], messageKey: ByteString(point.bytes))
    static let claim = CredentialClaim(
        subject: bob, credentialType: .guardianship,
        scope: CredentialScope(jurisdictions: ["DE"], specialties: ["207R00000X"], role: .staff), validFrom: testStart,
        validUntil: later, evidence: testHash("evidence"),
        identifiers: [PersonCommitment(scheme: .orcid, commitment: testHash("orcid"))], concerning: alice,
        resource: testHash("resource"))
    static let grant = DelegationGrant(
        delegate: .organization(clinic), types: [.medicalLicense, .specialty], jurisdictions: ["DE"],
        mayDelegate: true, validFrom: testStart, validUntil: later)

    static let newKeyProof = Signature(noncePoint: Bytes32(1, 2, 3, 4), scalar: Bytes32(5, 6, 7, 8))

    static let identities: [IdentityOperation] = [
        .sponsor(SponsorAccount(account: testAddress("bob"), kind: .researcher)),
        .changeSponsor(ChangeSponsor(sponsor: clinic, kind: .professional)),
        .createOrganization(CreateOrganization(profile: organizationProfile)),
        .updateOrganization(
            UpdateOrganization(
                organization: clinic, members: organizationProfile.members, policies: organizationProfile.policies,
                messageKey: organizationProfile.messageKey)),
        .offerCredential(OfferCredential(delegation: testIdentifier("delegation"), claim: claim)),
        .acceptCredential(AcceptCredential(credential: .operation(0))),
        .declineCredential(DeclineCredential(credential: .id(testIdentifier("credential")))),
        .revokeCredential(RevokeCredential(credential: testIdentifier("credential"), reason: .superseded)),
        .grantDelegation(GrantDelegation(parent: testIdentifier("delegation"), grant: grant)),
        .revokeDelegation(RevokeDelegation(delegation: testIdentifier("delegation"), reason: .error)),
        .grantMandate(
            GrantMandate(
                grant: MandateGrant(
                    delegate: testAddress("bob"), operations: [.beginLicense, .purchaseLicense], uses: 5,
                    validUntil: later, limit: MandateLimit(asset: asset, amount: Amount(500))))),
        .revokeMandate(RevokeMandate(mandate: testIdentifier("mandate"))),
        .arrangeRecovery(
            ArrangeRecovery(
                policy: GuardianPolicy(
                    guardians: [bob, .organization(clinic)].sorted(), threshold: 2, delayMilliseconds: 259_200_000))),
        .startRecovery(
            StartRecovery(account: testAddress("bob"), key: testAddress("key"), proof: newKeyProof)),
        .approveRecovery(
            ApproveRecovery(
                recovery: testIdentifier("recovery"), account: testAddress("bob"), key: testAddress("key"))),
        .withdrawRecovery(WithdrawRecovery(recovery: testIdentifier("recovery"))),
        .cancelRecovery(CancelRecovery(recovery: testIdentifier("recovery"))),
        .rotateKey(RotateKey(key: testAddress("key"), proof: newKeyProof)),
    ]

    static let policy = ConsentPolicy(
        provisions: [
            Provision(
                .permit, actors: [.holder(.researcherStatus, jurisdiction: "DE"), .party(bob)],
                actions: [.access, .analyze], purposes: [.research],
                dataUse: DataUseTerms(permissions: [.generalResearch]), jurisdictions: ["DE"],
                validity: Period(from: testStart, until: later),
                provisions: [Provision(.deny, actions: [.analyze], purposes: [.research])])
        ])

    static let consents: [ConsentOperation] = [
        .grant(
            ConsentGrant(
                scope: .individual, subject: alice, guardian: testAddress("bob"), custodian: .organization(clinic),
                policy: policy,
                commitments: [CommittedRestriction(kind: .disease, commitment: testHash("restriction"))],
                expiresAt: later)),
        .countersign(ConsentCountersign(consent: .operation(0))),
        .withdraw(ConsentWithdraw(consents: [consent])),
        .createSet(
            ConsentSetCreate(
                custodian: .organization(clinic), members: [.id(consent)], succeeds: testIdentifier("set"))),
        .addToSet(ConsentSetAdd(set: .id(testIdentifier("set")), members: [.operation(0)])),
        .nameReviewers(ConsentNameReviewers(custodian: .organization(clinic), reviewers: [alice])),
        .narrow(ConsentNarrow(consent: consent, policy: policy, expiresAt: later)),
        .disclose(
            ConsentDisclose(
                basis: .consent(consent), recipient: alice,
                requests: [UseRequest(actor: alice, action: .access, purposes: [.treatment])],
                answers: [
                    NeedAnswer(
                        need: .review,
                        evidence: .signed(by: .organization(clinic), validUntil: later, signatures: []))
                ], reference: testHash("case"))),
        .breakGlass(
            ConsentBreakGlass(
                consent: consent, clinician: testAddress("alice"), reason: testHash("emergency"), until: later,
                jurisdiction: "DE", inft: testIdentifier("inft"))),
        .review(
            ConsentReview(
                disclosure: testIdentifier("glass"), reviewer: .organization(clinic), outcome: .unjustified,
                evidence: testHash("report"))),
    ]

    static let revenue: [RevenueOperation] = [
        .createAsset(
            AssetCreate(
                code: "EURX", title: "Euro", scale: 2, freezePolicy: .balances, terms: testHash("asset terms"))),
        .issue(AssetIssue(asset: asset, to: alice, amount: Amount(1_000), reference: testHash("order"))),
        .redeem(AssetRedeem(asset: asset, holder: alice, amount: Amount(10), reference: testHash("order"))),
        .freeze(AssetFreeze(asset: asset, party: bob, isFrozen: true)),
        .transfer(
            RevenueTransfer(
                from: alice, to: .organization(clinic), asset: asset, amount: Amount(.max), reference: testHash("memo"))
        ),
        .pay(
            RevenuePay(
                from: alice, inft: .id(inft), asset: asset, amount: Amount(500), reference: testHash("memo"))),
        .transferShare(
            RevenueTransferShare(
                inft: inft, from: alice, to: bob, share: .whole, price: SharePrice(asset: asset, amount: Amount(9)))),
        .claim(RevenueClaim(inft: inft, asset: asset, holder: alice, descendants: [testIdentifier("child")])),
    ]

    static let infts: [INFTOperation] = [
        .mint(
            Mint(
                inftClass: .algorithm, content: .open(content), metadata: metadata,
                creators: [Creator(party: alice, contribution: .whole, roles: [.conceptualization, .software])],
                holders: [ShareHolder(party: alice, share: .whole)], parents: [testIdentifier("parent")],
                hasHumanData: true, consentSet: testIdentifier("set"))),
        .revise(Revise(inft: inft, content: .sealed(sealed), consentSet: testIdentifier("set"))),
        .setMetadata(SetMetadata(inft: inft, metadata: metadata)),
        .freeze(Freeze(inft: inft)),
        .retire(Retire(inft: inft)),
        .transfer(TransferOffer(inft: inft, to: bob, expiresAt: later)),
        .clone(Clone(inft: inft, seal: seal)),
        .reseal(Reseal(inft: inft, version: 2, seal: seal)),
        .acceptTransfer(TransferAccept(transfer: delivery, delivery: request, fetchedHash: testHash("hash"))),
        .beginTransfer(
            TransferBegin(
                transfer: delivery, sealingKey: point, commitment: testHash("commitment"), answers: answers)),
        .completeTransfer(TransferComplete(transfer: delivery, sealedKey: sealedKey, proof: deliveryProof)),
        .cancelTransfer(TransferCancel(transfer: delivery)),
        .setKeyCustodians(
            SetKeyCustodians(
                inft: inft, threshold: 2, custodians: [testAddress("vault a"), testAddress("vault b")].sorted())),
        .erase(Erase(inft: inft, version: 2, sealingKey: point, consents: [testIdentifier("consent")])),
        .recall(
            Recall(inft: inft, reason: .harm, notice: testHash("notice"), answerBy: testStart)),
        .liftRecall(LiftRecall(recall: testIdentifier("recall"), reason: .corrected)),
        .authorizeUse(AuthorizeUse(inft: inft, agent: bob, purposes: [.research], until: later)),
        .deauthorizeUse(DeauthorizeUse(inft: inft, agent: bob)),
    ]

    static let terms = Terms(
        commercial: CommercialTerms(
            isAllowed: true, requiresAttribution: true, revenueShare: .whole, revenueCeiling: Amount(9)),
        derivatives: DerivativeTerms(
            isAllowed: true, requiresAttribution: true, requiresApproval: true, isReciprocal: true,
            revenueCeiling: Amount(8), royaltyPolicy: .relative),
        grant: GrantTerms(
            isTransferable: true, isSublicensable: true, isExclusive: true, seats: 3, durationMilliseconds: 4,
            trialMilliseconds: 5, coversRevisions: true, isRenewable: true, revocableFor: [.breachOfTerms]),
        payment: PaymentTerms(
            asset: asset, fee: Amount(6), perUseFee: Amount(7), prepaidUses: 8,
            outcome: OutcomePrice(
                measure: testHash("measure"), threshold: .whole, amount: Amount(10), basis: .own, minimumReports: 11,
                withinMilliseconds: 12, isDueWithoutReports: true)),
        scope: ScopeTerms(
            purposes: [.research], fieldsOfUse: [.clinical], territories: ["DE"], languages: ["en"],
            requiredCredentials: [CredentialRequirement(type: .medicalLicense, jurisdiction: "DE")],
            allowsTraining: true),
        legalText: LegalText(hash: testHash("legal"), uri: "https://example.org/terms"))

    static let licenses: [LicenseOperation] = [
        .registerTerms(RegisterTerms(terms: terms)),
        .createOffer(
            CreateOffer(
                inft: .operation(0), terms: terms.id, price: Amount(100), supply: 7, buyer: bob, expiresAt: later,
                delivery: .usual)),
        .updateOffer(UpdateOffer(offer: offer, price: Amount(90), supply: 6, expiresAt: later)),
        .cancelOffer(CancelOffer(offer: offer)),
        .purchase(
            PurchaseLicense(
                offer: .id(offer), maximumPrice: Amount(100), maximumRevenueShare: .whole,
                use: StatedUse(purposes: [.research], territories: ["DE"], isCommercial: true, trainsModels: true),
                delivery: request, buyer: bob)),
        .link(LinkLicenses(derivative: .operation(0), licenses: [.id(license)])),
        .surrender(SurrenderLicense(license: license)),
        .revoke(RevokeLicense(license: license, cause: .patientSafety, evidence: testHash("evidence"))),
        .renew(RenewLicense(license: license, offer: offer, maximumPrice: Amount(100))),
        .transfer(TransferLicense(license: license, to: bob, delivery: request)),
        .assignSeat(AssignSeat(license: license, account: testAddress("bob"))),
        .releaseSeat(ReleaseSeat(license: license, account: testAddress("bob"))),
        .use(
            RecordUse(
                license: license,
                use: MeteredUse(
                    purpose: .treatment, field: .clinical, territory: "DE", language: "de", version: 2,
                    isCommercial: true, trainsModels: true, attributes: true),
                entries: [UseEntry(input: testHash("input"), output: testHash("output"), count: 3)],
                maximumFee: Amount(9))),
        .topUp(TopUpQuota(license: license, uses: 5, maximumPrice: Amount(15))),
        .returnQuota(ReturnQuota(license: license)),
        .nameAgent(NameAgent(license: license, agent: bob, allowance: 7)),
        .dismissAgent(DismissAgent(license: license, agent: bob)),
        .reportOutcome(
            ReportOutcome(
                license: license, receipt: 3, index: 2, entry: UseEntry(input: testHash("i"), output: testHash("o")),
                path: [testHash("sibling")],
                opening: OutcomeOpening(salt: testHash("salt"), bin: 7, inner: testHash("inner")),
                measure: testHash("measure"), nullifier: testHash("nullifier"), agrees: true, observed: false)),
        .begin(
            BeginDelivery(
                delivery: delivery, sealingKey: point, commitment: testHash("commitment"), answers: answers)),
        .complete(CompleteDelivery(delivery: delivery, sealedKey: sealedKey, proof: deliveryProof)),
        .refund(RefundDelivery(delivery: delivery)),
        .requestVersion(RequestVersion(license: license, delivery: request)),
        .raiseDispute(
            RaiseDispute(
                license: license, ground: .content, evidence: testHash("evidence"),
                nonceCommitment: testHash("commitment"))),
        .respondDispute(
            RespondDispute(
                dispute: dispute, nonceCommitment: testHash("commitment"), evidence: testHash("evidence"))),
        .revealDisputeNonce(RevealDisputeNonce(dispute: dispute, nonce: testHash("nonce"))),
        .acceptDispute(AcceptDispute(dispute: dispute, delivery: request)),
        .declineDispute(DeclineDispute(dispute: dispute)),
        .beginShow(
            BeginShow(
                show: delivery, sealingKey: point, commitment: testHash("commitment"), answers: answers)),
        .completeShow(CompleteShow(show: delivery, sealedKey: sealedKey, proof: deliveryProof)),
        .commitDisputeVote(CommitDisputeVote(dispute: dispute, commitment: testHash("commitment"))),
        .revealDisputeVote(RevealDisputeVote(dispute: dispute, vote: .uphold, salt: testHash("salt"))),
        .appealDispute(
            AppealDispute(
                dispute: dispute, nonceCommitment: testHash("commitment"), evidence: testHash("evidence"))),
        .advanceDispute(AdvanceDispute(dispute: dispute)),
        .enrollArbiter(EnrollArbiter()),
        .leaveArbiter(LeaveArbiter(arbiter: testAddress("bob"))),
        .createGroup(
            CreateGroup(
                metadata: INFTMetadata(title: "Both", language: "en"),
                members: [GroupMember(inft: inft, share: PartsPerMillion(250_000) ?? .whole)],
                terms: testIdentifier("terms"), joinBy: testStart)),
        .joinGroup(JoinGroup(group: testIdentifier("group"), members: [inft])),
        .acknowledgeRecall(
            AcknowledgeRecall(license: license, recall: testIdentifier("recall"), answer: .destroyed)),
        .raiseClaim(
            RaiseClaim(
                inft: testIdentifier("inft"), ground: .improperRegistration, evidence: testHash("evidence"),
                nonceCommitment: testHash("commitment"), asset: testIdentifier("asset"), bond: Amount(10_000))),
        .settleDispute(SettleDispute(dispute: dispute)),
        .sublicense(
            SublicenseLicense(
                license: license, to: bob, use: StatedUse(purposes: [.research], territories: ["DE"]), seats: 2,
                expiresAt: later, price: Amount(120), delivery: request)),
        .answerNeeds(AnswerNeeds(license: license, answers: answers)),
    ]

    static let enrollment = EnrollmentRequest.signed(
        network: testHash("network"), name: "node", institution: .organization(clinic), validatorSecret: secretKey(1),
        transportSecret: secretKey(2), auxiliary: .zero)

    static let governance: [GovernanceOperation] = [
        .propose(
            GovernancePropose(
                institution: .organization(clinic), change: .enroll(enrollment), deadline: later,
                rationale: testHash("reasons"))),
        .vote(GovernanceVote(proposal: .operation(0), institution: .organization(clinic), approves: true)),
    ]

    static let all: [Operation] =
        identities.map { .identities($0) } + consents.map { .consents($0) } + revenue.map { .revenue($0) }
        + infts.map { .infts($0) } + licenses.map { .licenses($0) } + governance.map { .governance($0) }
}

/// The secret key that is the number `index`.
func secretKey(_ index: UInt64) -> SecretKey {
    guard let key = SecretKey(Bytes32(0, 0, 0, index)) else { preconditionFailure("small numbers are keys") }
    return key
}

func signature(of hash: Hash, by key: SecretKey) -> AccountSignature {
    AccountSignature(
        account: key.address, signature: Schnorr.sign(message: hash, secret: key, auxiliary: .zero))
}

extension TransactionBody {
    func signed(by keys: [SecretKey]) -> RawTransaction {
        let hash = hash
        return signed(keys.map { signature(of: hash, by: $0) })
    }
}
