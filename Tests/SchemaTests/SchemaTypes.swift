import Blocks
import Consents
import ContentFormat
import Cryptography
import Encoding
import Governance
import INFTs
import Identities
import Licenses
import Primitives
import Proofs
import Replica
import Revenue
import StateModel
import Transactions
import Votes

/// Which type reads and writes the bytes of which rule of Specs/ledger.cddl.
enum SchemaTypes {
    static var all: [String: any CBORCodable.Type] {
        [
            ledger, votes, network, state, identities, consents, revenue, infts, licenses, governance, proofs, content,
        ]
        .reduce(into: [:]) { all, some in all.merge(some) { _, _ in preconditionFailure("a rule has one type") } }
    }

    /// Rules without a type of their own: parts of other records, what is hashed and never read, and what purchases
    /// of sealed versions will store.
    static let withoutType: Set<String> = [
        "included-transactions", "transaction", "vote-message", "epoch-restart-message", "peer-address-message",
        "content-request",
        "proof-terminal", "proof-subject",
        "iso-3166-codes", "need-statement", "ontology-leaf", "ontology-change",
        "credential-types", "mandated-acts", "organization-members", "organization-policies",
    ]

    static var ledger: [String: any CBORCodable.Type] {
        [
            "party": Party.self,
            "transaction-body": TransactionBody.self,
            "account-signature": AccountSignature.self,
            "operation": Transactions.Operation.self,
            "block-header": BlockHeader.self,
            "block": Block.self,
            "finalized-block": FinalizedBlock.self,
            "event-record": EventRecord.self,
            "receipt": Receipt.self,
            "block-receipts": BlockReceipts.self,
            "genesis": Genesis.self,
        ]
    }

    static var proofs: [String: any CBORCodable.Type] {
        [
            "proof": Proof.self,
            "erasure-bundle": ErasureBundle.self,
            "chain-evidence": ChainEvidence.self,
            "validator-set-hop": ValidatorSetHop.self,
            "proven-read": ProvenRead.self,
            "proven-question": ProvenQuestion.self,
            "index-hints": IndexHints.self,
            "index-get": IndexHints.Get.self,
            "index-scan": IndexHints.Scan.self,
            "transaction-inclusion": TransactionInclusion.self,
            "snapshot-manifest": SnapshotManifest.self,
        ]
    }

    static var content: [String: any CBORCodable.Type] {
        ["content-header": ContentHeader.self, "content-range-proof": ContentRangeProof.self]
    }

    static var network: [String: any CBORCodable.Type] {
        [
            "peer-status": PeerStatus.self,
            "certificates-request": CertificatesRequest.self,
            "block-range": BlockRange.self,
            "chunk-position": ChunkPosition.self, "content-chunk-range": ContentChunkRange.self,
            "content-chunks": ContentChunks.self,
            "peer-address": PeerAddressRecord.self,
            "included-transaction": CompactProposal.Included.self,
            "compact-proposal": CompactProposal.self,
            "peer-message": PeerMessage.self,
        ]
    }

    static var votes: [String: any CBORCodable.Type] {
        [
            "vote": Vote.self,
            "signed-vote": SignedVote.self,
            "certificate": Certificate.self,
            "evidence": Evidence.self,
            "epoch-restart": EpochRestart.self,
            "validator": Validator.self,
            "validator-set": ValidatorSet.self,
            "proposal": Proposal.self,
            "certification": Certification.self,
            "journal-record": JournalRecord.self,
            "guard-record": GuardRecord.self,
        ]
    }

    static var state: [String: any CBORCodable.Type] {
        [
            "state-proof": StateProof.self,
            "state-chunk": StateChunk.self,
            "state-chunk-entry": StateChunk.Entry.self,
            "due-item": DueItem.self,
        ]
    }

    static var identities: [String: any CBORCodable.Type] {
        [
            "account-record": AccountRecord.self,
            "institution-identifier": InstitutionIdentifier.self,
            "member": Member.self,
            "class-policy": ClassPolicy.self,
            "organization-profile": OrganizationProfile.self,
            "organization-record": OrganizationRecord.self,
            "credential-scope": CredentialScope.self,
            "person-commitment": PersonCommitment.self,
            "credential-claim": CredentialClaim.self,
            "revocation": Revocation.self,
            "credential-record": CredentialRecord.self,
            "accepted-credentials": AcceptedCredentials.self,
            "delegation-grant": DelegationGrant.self,
            "delegation-record": DelegationRecord.self,
            "mandate-grant": MandateGrant.self,
            "mandate-record": MandateRecord.self,
            "open-mandate": OpenMandate.self,
            "open-mandates": OpenMandates.self,
            "accreditor-record": AccreditorRecord.self,
            "sponsor-record": SponsorRecord.self,
            "identity-parameters": IdentityParameters.self,
            "identity-operation": IdentityOperation.self,
            "identity-sponsor": SponsorAccount.self,
            "identity-change-sponsor": ChangeSponsor.self,
            "organization-create": CreateOrganization.self,
            "organization-update": UpdateOrganization.self,
            "credential-offer": OfferCredential.self,
            "credential-accept": AcceptCredential.self,
            "credential-decline": DeclineCredential.self,
            "credential-revoke": RevokeCredential.self,
            "delegation-grant-operation": GrantDelegation.self,
            "delegation-revoke": RevokeDelegation.self,
            "mandate-grant-operation": GrantMandate.self,
            "mandate-revoke": RevokeMandate.self,
            "identity-event": IdentityEvent.self,
            "sponsor-step": SponsorStep.self,
            "organization-step": OrganizationStep.self,
            "credential-step": CredentialStep.self,
            "delegation-step": DelegationStep.self,
            "mandate-step": MandateStep.self,
            "identities-genesis": IdentitiesGenesis.self,
            "genesis-account": GenesisAccount.self,
            "genesis-organization": GenesisOrganization.self,
            "genesis-accreditor": GenesisAccreditor.self,
            "genesis-delegation": GenesisDelegation.self,
            "genesis-credential": GenesisCredential.self,
        ]
    }

    static var consents: [String: any CBORCodable.Type] {
        [
            "coded-term": CodedTerm.self,
            "period": Period.self,
            "actor-selector": ActorSelector.self,
            "data-use-terms": DataUseTerms.self,
            "provision": Provision.self,
            "consent-policy": ConsentPolicy.self,
            "committed-restriction": CommittedRestriction.self,
            "consent-record": ConsentRecord.self,
            "stale-mark": StaleMark.self,
            "consent-set-record": ConsentSetRecord.self,
            "set-member": SetMember.self,
            "disease-aim": DiseaseAim.self,
            "research-use": ResearchUse.self,
            "use-request": UseRequest.self,
            "need": Need.self,
            "decision-basis": DecisionBasis.self,
            "consent-operation": ConsentOperation.self,
            "consent-grant": ConsentGrant.self,
            "consent-countersign": ConsentCountersign.self,
            "consent-withdraw": ConsentWithdraw.self,
            "consent-set-create": ConsentSetCreate.self,
            "consent-set-add": ConsentSetAdd.self,
            "consent-name-reviewers": ConsentNameReviewers.self,
            "consent-narrow": ConsentNarrow.self,
            "consent-disclose": ConsentDisclose.self,
            "consent-break-glass": ConsentBreakGlass.self,
            "consent-review": ConsentReview.self,
            "consent-basis": ConsentBasis.self,
            "answer-signature": AnswerSignature.self,
            "ontology-edge": OntologyEdge.self,
            "need-evidence": NeedEvidence.self,
            "need-answer": NeedAnswer.self,
            "met-need": MetNeed.self,
            "disclosure-record": DisclosureRecord.self,
            "ontology-root": OntologyRoot.self,
            "reviewers-record": ReviewersRecord.self,
            "erasure-mark": ErasureMark.self,
            "earlier-policy": EarlierPolicy.self,
            "review-closing": ReviewClosing.self,
            "review-record": ReviewRecord.self,
            "review-book": ReviewBook.self,
            "review-lapse": ReviewLapse.self,
            "review-fact": ReviewFact.self,
            "disclosure-fact": DisclosureFact.self,
            "consent-event": ConsentEvent.self,
            "consent-fact": ConsentFact.self,
            "set-fact": SetFact.self,
            "set-stale-fact": SetStaleFact.self,
            "set-succession": SetSuccession.self,
            "genesis-consent": GenesisConsent.self,
            "consents-genesis": ConsentsGenesis.self,
        ]
    }

    static var revenue: [String: any CBORCodable.Type] {
        [
            "asset-record": AssetRecord.self,
            "asset-totals": AssetTotals.self,
            "balance-record": BalanceRecord.self,
            "counterpart": Counterpart.self,
            "statement-entry": StatementEntry.self,
            "share-holder": ShareHolder.self,
            "royalty-entry": RoyaltyEntry.self,
            "vault-record": VaultRecord.self,
            "holders-record": HoldersRecord.self,
            "royalties-record": RoyaltiesRecord.self,
            "vault-account": VaultAccount.self,
            "holder-account": HolderAccount.self,
            "reserve-record": ReserveRecord.self,
            "asset-create": AssetCreate.self,
            "asset-issue": AssetIssue.self,
            "asset-redeem": AssetRedeem.self,
            "asset-freeze": AssetFreeze.self,
            "revenue-transfer": RevenueTransfer.self,
            "revenue-pay": RevenuePay.self,
            "revenue-transfer-share": RevenueTransferShare.self,
            "share-price": SharePrice.self,
            "revenue-claim": RevenueClaim.self,
            "revenue-operation": RevenueOperation.self,
            "asset-created": AssetCreated.self,
            "moved": Moved.self,
            "freeze-changed": FreezeChanged.self,
            "paid": Paid.self,
            "royalty-taken": RoyaltyTaken.self,
            "claimed": Claimed.self,
            "share-transferred": ShareTransferred.self,
            "reserved": Reserved.self,
            "revenue-event": RevenueEvent.self,
            "genesis-issue": GenesisIssue.self,
            "genesis-asset": GenesisAsset.self,
            "revenue-genesis": RevenueGenesis.self,
        ]
    }

    static var infts: [String: any CBORCodable.Type] {
        [
            "sealed-key": SealedKey.self,
            "key-proof": KeyProof.self,
            "delivery-proof": DeliveryProof.self,
            "sealing-statement": SealingStatement.self,
            "open-content": OpenContent.self,
            "sealed-content": SealedContent.self,
            "content-version": ContentVersion.self,
            "version-record": VersionRecord.self,
            "custody": Custody.self,
            "sealing-key-use": SealingKeyUse.self,
            "delivery-request": DeliveryRequest.self,
            "delivery-begun": DeliveryBegun.self,
            "delivery-ending": DeliveryEnding.self,
            "delivery-payment": DeliveryPayment.self,
            "delivery-record": DeliveryRecord.self,
            "key-custodians": KeyCustodians.self,
            "version-use": VersionUse.self,
            "root-claim": RootClaim.self,
            "erasure-record": ErasureRecord.self,
            "erasure-fact": ErasureFact.self,
            "inft-set-key-custodians": SetKeyCustodians.self,
            "inft-erase": Erase.self,
            "resealing": Resealing.self,
            "inft-accept-transfer": TransferAccept.self,
            "inft-begin-transfer": TransferBegin.self,
            "inft-complete-transfer": TransferComplete.self,
            "inft-cancel-transfer": TransferCancel.self,
            "inft-cloned": INFTCloned.self,
            "delivery-changed": DeliveryChanged.self,
            "metadata-code": MetadataCode.self,
            "inft-metadata": INFTMetadata.self,
            "creator": Creator.self,
            "inft-record": INFTRecord.self,
            "ancestors-record": AncestorsRecord.self,
            "history-entry": HistoryEntry.self,
            "inft-mint": Mint.self,
            "inft-revise": Revise.self,
            "inft-set-metadata": SetMetadata.self,
            "inft-freeze": Freeze.self,
            "inft-retire": Retire.self,
            "inft-transfer": TransferOffer.self,
            "inft-clone": INFTs.Clone.self,
            "inft-reseal": Reseal.self,
            "inft-operation": INFTOperation.self,
            "inft-changed": INFTChanged.self,
            "inft-linked": INFTLinked.self,
            "inft-event": INFTEvent.self,
            "infts-genesis": INFTsGenesis.self,
        ]
    }

    static var licenses: [String: any CBORCodable.Type] {
        [
            "terms": Terms.self,
            "commercial-terms": CommercialTerms.self,
            "derivative-terms": DerivativeTerms.self,
            "grant-terms": GrantTerms.self,
            "payment-terms": PaymentTerms.self,
            "outcome-price": OutcomePrice.self,
            "scope-terms": ScopeTerms.self,
            "credential-requirement": CredentialRequirement.self,
            "legal-text": LegalText.self,
            "terms-record": TermsRecord.self,
            "offer-closing": OfferClosing.self,
            "offer-delivery": OfferDelivery.self,
            "offer-record": OfferRecord.self,
            "stated-use": StatedUse.self,
            "license-holder": LicenseHolder.self,
            "license-renewal": LicenseRenewal.self,
            "license-ending": LicenseEnding.self,
            "license-record": LicenseRecord.self,
            "seat-record": SeatRecord.self,
            "live-licenses": LiveLicenses.self,
            "derivative-link": DerivativeLink.self,
            "set-infts": SetINFTs.self,
            "license-operation": LicenseOperation.self,
            "terms-register": RegisterTerms.self,
            "offer-create": CreateOffer.self,
            "offer-update": UpdateOffer.self,
            "offer-cancel": CancelOffer.self,
            "license-purchase": PurchaseLicense.self,
            "license-link": LinkLicenses.self,
            "license-surrender": SurrenderLicense.self,
            "license-revoke": RevokeLicense.self,
            "license-renew": RenewLicense.self,
            "license-transfer": TransferLicense.self,
            "license-seat": AssignSeat.self,
            "group-create": CreateGroup.self,
            "group-join": JoinGroup.self,
            "group-member": GroupMember.self,
            "group-record": GroupRecord.self,
            "group-changed": GroupChanged.self,
            "memberships": Memberships.self,
            "license-begin": BeginDelivery.self,
            "license-complete": CompleteDelivery.self,
            "license-refund": RefundDelivery.self,
            "license-request-version": RequestVersion.self,
            "license-settled": LicenseSettled.self,
            "dispute-seat": DisputeSeat.self,
            "dispute-finding": DisputeFinding.self,
            "dispute-pleading": DisputePleading.self,
            "dispute-round": DisputeRound.self,
            "dispute-record": DisputeRecord.self,
            "arbiter-pool": ArbiterPool.self,
            "arbiter-slot": ArbiterSlot.self,
            "arbiter-record": ArbiterRecord.self,
            "dispute-raise": RaiseDispute.self,
            "dispute-respond": RespondDispute.self,
            "dispute-reveal-nonce": RevealDisputeNonce.self,
            "dispute-accept": AcceptDispute.self,
            "dispute-decline": DeclineDispute.self,
            "dispute-begin-show": BeginShow.self,
            "dispute-complete-show": CompleteShow.self,
            "dispute-commit-vote": CommitDisputeVote.self,
            "dispute-reveal-vote": RevealDisputeVote.self,
            "dispute-appeal": AppealDispute.self,
            "dispute-advance": AdvanceDispute.self,
            "arbiter-enroll": EnrollArbiter.self,
            "arbiter-leave": LeaveArbiter.self,
            "dispute-changed": DisputeChanged.self,
            "dispute-seat-changed": DisputeSeatChanged.self,
            "arbiter-changed": ArbiterChanged.self,
            "license-event": LicenseEvent.self,
            "terms-registered": TermsRegistered.self,
            "offer-changed": OfferChanged.self,
            "offer-closed": OfferClosed.self,
            "license-sold": LicenseSold.self,
            "license-renewed": LicenseRenewed.self,
            "license-transferred": LicenseTransferred.self,
            "seat-changed": SeatChanged.self,
            "license-ended": LicenseEnded.self,
            "licenses-suspended": LicensesSuspended.self,
            "derivative-linked": DerivativeLinked.self,
            "licenses-genesis": LicensesGenesis.self,
        ]
    }

    static var governance: [String: any CBORCodable.Type] {
        [
            "ledger-parameters": LedgerParameters.self,
            "validator-record": ValidatorRecord.self,
            "validators-record": ValidatorsRecord.self,
            "domain-control": DomainControl.self,
            "epoch-record": EpochRecord.self,
            "enrollment-proof": EnrollmentProof.self,
            "enrollment-request": EnrollmentRequest.self,
            "parameter-change": ParameterChange.self,
            "governance-change": GovernanceChange.self,
            "ballot": Ballot.self,
            "proposal-record": ProposalRecord.self,
            "pending-proposal": PendingProposal.self,
            "agenda-record": AgendaRecord.self,
            "used-key-record": UsedKeyRecord.self,
            "governance-operation": GovernanceOperation.self,
            "governance-propose": GovernancePropose.self,
            "governance-vote": GovernanceVote.self,
            "governance-event": GovernanceEvent.self,
            "proposal-made": ProposalMade.self,
            "proposal-voted": ProposalVoted.self,
            "proposal-decision": ProposalDecision.self,
            "proposal-superseded": ProposalSuperseded.self,
            "validator-set-changed": ValidatorSetChanged.self,
            "parameters-changed": ParametersChanged.self,
            "genesis-validator": GenesisValidator.self,
            "governance-genesis": GovernanceGenesis.self,
        ]
    }
}
