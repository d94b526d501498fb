public import Primitives
public import StateModel

/// Why the INFT domain refuses. Codes are stable; new ones go at the end.
public enum INFTRejection: Int, CaseIterable, Sendable {
    case unknownINFT = 1400
    case notActive
    case notOwner
    case sealedNotYet
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
    case transferNotYet
    case genesisInvalid

    private var line: (reason: String, summary: String) {
        switch self {
        case .unknownINFT: ("unknown_inft", "No INFT has this id.")
        case .notActive: ("inft_not_active", "The INFT is disputed, retired or recalled.")
        case .notOwner: ("not_owner", "Only the INFT's owner may do this.")
        case .sealedNotYet:
            ("sealed_not_yet", "Sealed content can't be minted or revised before sealed delivery is in force.")
        case .contentInvalid: ("content_invalid", "Size, media type or location of the content is not well formed.")
        case .titleMissing: ("title_missing", "Every class but case needs a title.")
        case .textInvalid: ("text_invalid", "Text is too long or holds control characters.")
        case .languageInvalid: ("language_invalid", "A language is a BCP 47 tag.")
        case .codeInvalid: ("code_invalid", "A code names its system by URI, and a code without spaces.")
        case .jurisdictionInvalid: ("jurisdiction_invalid", "A jurisdiction is an ISO 3166-1 alpha-2 or 3166-2 code.")
        case .listUnsorted: ("list_unsorted", "The list must be sorted, each element once.")
        case .listTooLong: ("list_too_long", "The list has more elements than the domain's limits allow.")
        case .caseMetadata:
            ("case_metadata", "A case carries closed-vocabulary metadata only: no title, abstract, code or location.")
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
        case .transferNotYet:
            ("transfer_not_yet", "No INFT changes its owner, and none is cloned, before sealed delivery is in force.")
        case .genesisInvalid: ("infts_genesis_invalid", "The genesis names an INFT that the rules refuse.")
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
