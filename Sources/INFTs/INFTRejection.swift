public import Primitives
public import StateModel

/// Why the INFT domain refuses. Codes are stable; new ones go at the end.
public enum INFTRejection: Int, CaseIterable, Sendable {
    case unknownINFT = 1400
    case notActive
    case notOwner
    case sealedInvalid
    case contentInvalid
    case titleMissing
    case textInvalid
    case languageInvalid
    case codeInvalid
    case jurisdictionInvalid
    case listUnsorted
    case listTooLong
    case caseMetadata
    case creatorsInvalid
    case contributionsNotWhole
    case humanDataRequired
    case consentSetMissing
    case consentSetUnknown
    case consentSetStale
    case consentDenied
    case consentSetUnneeded
    case parentsInvalid
    case parentsNotLinked
    case parentsDiffer
    case alreadyLinked
    case tooManyAncestors
    case cycle
    case frozen
    case contentUnchanged
    case metadataUnchanged
    case classNotAllowed
    case proofInvalid
    case genesisInvalid
    case keyNotRotated
    case sealingKeyUsed
    case contentNotSealed
    case contentNotHeld
    case unknownDelivery
    case deliveryNeeded
    case deliveryUnneeded
    case fetchedRootDiffers
    case deliveryNotAccepted
    case deliveryBegun
    case deliveryNotBegun
    case deliveryLate
    case deliveryEnded
    case commitmentDiffers
    case transferOpen
    case transferBegun
    case transferExpiryInvalid
    case notReceiver
    case receiverIsOwner
    case revisedSince
    case resealedSince
    case cloneBound
    case parameterMissing
    case fewPeople
    case contentErased
    case rootClaimed
    case deliveriesBegun
    case erasureNotAsked
    case consentUnrelated
    case erasureDisputed
    case unknownErasure
    case keyCustodiansInvalid
    case keyCustodianUnsigned
    case keyCustodiansMissing
    case keyCustodiansUnchanged
    case unknownRecall
    case mayNotRecall
    case recalledAlready
    case recallLifted
    case recallOriginal
    case answerTimeInvalid
    case tagsFull
    case authorizationInvalid
    case agentsFull
    case agentNotAuthorized

    private var line: (reason: String, summary: String) {
        switch self {
        case .unknownINFT: ("unknown_inft", "No INFT has this id.")
        case .notActive:
            ("inft_not_active", "The INFT, or what it derives from or is a clone of, is disputed, retired or recalled.")
        case .notOwner: ("not_owner", "Only the INFT's owner may do this.")
        case .sealedInvalid: ("sealed_invalid", "Size or media type of the sealed content is not well formed.")
        case .contentInvalid: ("content_invalid", "Size, media type or location of the content is not well formed.")
        case .titleMissing: ("title_missing", "Every class but case needs a title.")
        case .textInvalid: ("text_invalid", "Text is too long or holds control characters.")
        case .languageInvalid: ("language_invalid", "A language is a BCP 47 tag.")
        case .codeInvalid: ("code_invalid", "A code names its system by URI, and a code without spaces.")
        case .jurisdictionInvalid: ("jurisdiction_invalid", "A jurisdiction is an ISO 3166-1 alpha-2 or 3166-2 code.")
        case .listUnsorted: ("list_unsorted", "The list must be sorted, each element once.")
        case .listTooLong: ("list_too_long", "The list has more elements than the domain's limits allow.")
        case .caseMetadata:
            (
                "case_metadata",
                "A case, or an INFT about fewer than twenty people, carries closed-vocabulary metadata only: no title, "
                    + "abstract, code or location."
            )
        case .creatorsInvalid: ("creators_invalid", "1 to 64 known creators, sorted by party, each once.")
        case .contributionsNotWhole:
            ("contributions_not_whole", "Contributions are above zero and sum to 1,000,000 parts per million.")
        case .humanDataRequired: ("human_data_required", "A case is always data about a person.")
        case .consentSetMissing: ("consent_set_missing", "Data about people must cite a consent set.")
        case .consentSetUnknown: ("consent_set_unknown", "No consent set has this id.")
        case .consentSetStale: ("consent_set_stale", "A consent of the set was withdrawn, narrowed or has expired.")
        case .consentDenied: ("consent_denied", "The consent set does not permit this.")
        case .consentSetUnneeded: ("consent_set_unneeded", "Only data about people cites a consent set.")
        case .parentsInvalid: ("parents_invalid", "At most 16 parents, sorted, each once, all active.")
        case .parentsNotLinked:
            ("parents_not_linked", "A mint with parents needs a license.link for them in the same transaction.")
        case .parentsDiffer: ("parents_differ", "The links name other parents than the mint.")
        case .alreadyLinked: ("already_linked", "Parents are linked once, in the transaction of the mint.")
        case .tooManyAncestors: ("too_many_ancestors", "An INFT has at most 256 ancestors.")
        case .cycle: ("derivation_cycle", "An INFT can't derive from itself.")
        case .frozen: ("inft_frozen", "The INFT was frozen: its content and metadata never change again.")
        case .contentUnchanged: ("content_unchanged", "A revision needs other content than the latest version's.")
        case .metadataUnchanged: ("metadata_unchanged", "The metadata is the same.")
        case .classNotAllowed: ("class_not_allowed", "The class can't carry this.")
        case .proofInvalid:
            ("proof_invalid", "A proof about a sealing key or a sealed key does not hold for this operation.")
        case .genesisInvalid: ("infts_genesis_invalid", "The genesis names an INFT that the rules refuse.")
        case .keyNotRotated:
            ("key_not_rotated", "A revision needs another root, key commitment, salt and sealing key than the latest.")
        case .sealingKeyUsed: ("sealing_key_used", "A sealing key serves once on the ledger.")
        case .contentNotSealed: ("content_not_sealed", "The content is open, so there is no key to seal or deliver.")
        case .contentNotHeld: ("content_not_held", "The content key of this version is sealed to another party.")
        case .unknownDelivery: ("unknown_delivery", "No delivery has this id.")
        case .deliveryNeeded: ("delivery_needed", "Sealed content needs the receiver's sealing key, proof and root.")
        case .deliveryUnneeded: ("delivery_unneeded", "Open content is not delivered: anyone can read it.")
        case .fetchedRootDiffers:
            ("fetched_root_differs", "What the receiver fetched is not the content of the newest version.")
        case .deliveryNotAccepted: ("delivery_not_accepted", "The receiver has not accepted the transfer yet.")
        case .deliveryBegun: ("delivery_begun", "The delivery was begun; it can only be completed.")
        case .deliveryNotBegun: ("delivery_not_begun", "The delivery was not begun.")
        case .deliveryLate: ("delivery_late", "The delivery's deadline has passed.")
        case .deliveryEnded: ("delivery_ended", "The delivery has come to its end.")
        case .commitmentDiffers: ("commitment_differs", "Sealed key and proof are not what begin committed to.")
        case .transferOpen: ("transfer_open", "The INFT is offered to somebody; cancel that transfer first.")
        case .transferBegun: ("transfer_begun", "The INFT is being handed over; its owner can't change it meanwhile.")
        case .transferExpiryInvalid: ("transfer_expiry_invalid", "A transfer is offered for at most 92 days.")
        case .notReceiver: ("not_receiver", "Only the party to whom it is offered may do this.")
        case .receiverIsOwner: ("receiver_is_owner", "The receiver owns the INFT.")
        case .revisedSince: ("revised_since", "The INFT was revised after the transfer was accepted.")
        case .resealedSince:
            ("resealed_since", "The content key was sealed to another key after the delivery was made.")
        case .cloneBound:
            ("clone_bound", "One of several clones changes hands only where nobody else is due its revenue.")
        case .parameterMissing: ("parameter_missing", "The query names nothing to look for.")
        case .fewPeople:
            (
                "few_people",
                "An INFT about fewer than twenty people names no disease and no code, not by its set either."
            )
        case .contentErased: ("content_erased", "The content was erased; the receipt says when, why and by whom.")
        case .rootClaimed:
            ("root_claimed", "Another version names this ciphertext; each version is encrypted anew.")
        case .deliveriesBegun:
            ("deliveries_begun", "Deliveries of the version were begun; it can be erased once they have ended.")
        case .erasureNotAsked:
            ("erasure_not_asked", "The subject of a named consent has not asked for erasure.")
        case .consentUnrelated:
            ("consent_unrelated", "A named consent is no member of the set that the version was published under.")
        case .erasureDisputed:
            ("erasure_disputed", "The content of a disputed INFT is evidence; only a subject's request erases it.")
        case .unknownErasure: ("unknown_erasure", "No erasure receipt is found by this.")
        case .keyCustodiansInvalid:
            ("key_custodians_invalid", "1 to 15 known accounts, sorted, each once, of which a threshold signs.")
        case .keyCustodianUnsigned:
            ("key_custodian_unsigned", "Who is newly named as a key custodian signs too.")
        case .keyCustodiansMissing:
            ("key_custodians_missing", "Fewer key custodians have signed than their threshold asks for.")
        case .keyCustodiansUnchanged: ("key_custodians_unchanged", "The key custodians and the threshold are the same.")
        case .unknownRecall: ("unknown_recall", "No recall has this id.")
        case .mayNotRecall:
            ("may_not_recall", "An INFT is recalled by its owner, by a regulator, or by a vote of the validators.")
        case .recalledAlready: ("recalled_already", "A recall of the same kind is in force.")
        case .recallLifted: ("recall_lifted", "The recall was lifted.")
        case .recallOriginal: ("recall_original", "The work is recalled, and with it its clones: name the original.")
        case .answerTimeInvalid: ("answer_time_invalid", "Holders have a minute to a year to answer a recall.")
        case .tagsFull: ("tags_full", "The INFT has as many tags of this kind as the ledger keeps.")
        case .authorizationInvalid:
            (
                "authorization_invalid",
                "An authorization names another party than the owner, 1 to 16 purposes, and an end within two years."
            )
        case .agentsFull:
            ("agents_full", "An INFT has at most 100 agents, and what one of them may do changes at most 32 times.")
        case .agentNotAuthorized: ("agent_not_authorized", "The owner has not authorized this agent.")
        }
    }

    public var reason: String { line.reason }
    public var summary: String { line.summary }

    public func at(_ field: String, _ message: String, hint: String = "", retryable: Bool = false) -> Refusal {
        .rejected(rejection(field, message, hint: hint, retryable: retryable))
    }

    package func rejection(
        _ field: String, _ message: String, hint: String = "", retryable: Bool = false
    ) -> Rejection {
        Rejection(
            code: rawValue, reason: reason, domain: DomainNumber.infts.name, field: field, message: message,
            hint: hint, retryable: retryable)
    }

    public static var descriptions: [RejectionDescription] {
        allCases.map { RejectionDescription(code: $0.rawValue, reason: $0.reason, summary: $0.summary) }
    }
}
