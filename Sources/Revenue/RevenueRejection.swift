public import Primitives
public import StateModel

/// Why the revenue domain refuses. Codes are stable; new ones go at the end.
public enum RevenueRejection: Int, CaseIterable, Sendable {
    case unknownAsset = 1300
    case assetFrozen
    case balanceFrozen
    case assetCodeInvalid
    case assetCodeTaken
    case assetNameInvalid
    case scaleTooLarge
    case issuerNotAdmitted
    case freezeNotAllowed
    case freezeUnchanged
    case amountZero
    case insufficientBalance
    case supplyOverflow
    case totalOverflow
    case sameParty
    case unknownVault
    case vaultExists
    case tooManyHolders
    case sharesNotWhole
    case shareZero
    case holdersUnsorted
    case notAHolder
    case shareTooLarge
    case tooManyAssets
    case tooManyRoyalties
    case royaltiesAboveWhole
    case royaltiesSet
    case royaltyEntryInvalid
    case vaultAlreadyPaid = 1329
    case notAnAncestor
    case nothingToClaim
    case tooManyDescendants
    case descendantsUnsorted
    case unknownReserve
    case reserveMismatch
    case genesisInvalid

    /// Reason in snake case, and what it means.
    private var line: (reason: String, summary: String) {
        switch self {
        case .unknownAsset: ("unknown_asset", "No asset has this id or code.")
        case .assetFrozen: ("asset_frozen", "The issuer has frozen the asset under its declared policy.")
        case .balanceFrozen: ("balance_frozen", "The issuer has frozen this party's balance of the asset.")
        case .assetCodeInvalid: ("asset_code_invalid", "A code is 3 to 12 capital letters or digits, a letter first.")
        case .assetCodeTaken: ("asset_code_taken", "Another asset has this code.")
        case .assetNameInvalid: ("asset_name_invalid", "A name is 1 to 64 bytes of text without control characters.")
        case .scaleTooLarge: ("scale_too_large", "An asset has at most eight decimals.")
        case .issuerNotAdmitted:
            ("issuer_not_admitted", "The party holds no assetIssuer credential and was not admitted.")
        case .freezeNotAllowed: ("freeze_not_allowed", "The asset's declared policy does not allow this freeze.")
        case .freezeUnchanged: ("freeze_unchanged", "It is already in that state.")
        case .amountZero: ("amount_zero", "An amount must be at least one smallest unit.")
        case .insufficientBalance: ("insufficient_balance", "The balance is smaller than the amount.")
        case .supplyOverflow: ("supply_overflow", "More than 2^64 − 1 smallest units of an asset can't exist.")
        case .totalOverflow: ("total_overflow", "The vault's cumulative total would exceed 2^64 − 1.")
        case .sameParty: ("same_party", "Payer and payee, or giver and taker, are the same party.")
        case .unknownVault: ("unknown_vault", "No INFT with a vault has this id.")
        case .vaultExists: ("vault_exists", "The INFT has a vault already.")
        case .tooManyHolders: ("too_many_holders", "A vault has at most 1,000 holders.")
        case .sharesNotWhole: ("shares_not_whole", "The holders' shares must sum to 1,000,000 parts per million.")
        case .shareZero: ("share_zero", "A share must be at least one part per million.")
        case .holdersUnsorted: ("holders_unsorted", "Holders must be sorted by party, each once.")
        case .notAHolder: ("not_a_holder", "The party has neither a share nor an accrual in this vault.")
        case .shareTooLarge: ("share_too_large", "The party holds a smaller share than it would give.")
        case .tooManyAssets: ("too_many_assets", "A vault takes payments in at most 32 assets.")
        case .tooManyRoyalties: ("too_many_royalties", "A royalty vector has at most 256 entries.")
        case .royaltiesAboveWhole: ("royalties_above_whole", "The royalty shares exceed 100 %.")
        case .royaltiesSet: ("royalties_set", "The royalty vector was set at mint and never changes.")
        case .royaltyEntryInvalid:
            ("royalty_entry_invalid", "A royalty entry needs another INFT, a share, and a ceiling that is not zero.")
        case .vaultAlreadyPaid: ("vault_already_paid", "A royalty vector can't be set after the first payment.")
        case .notAnAncestor: ("not_an_ancestor", "The descendant owes this INFT no royalties.")
        case .nothingToClaim: ("nothing_to_claim", "Nothing has accrued since the last claim.")
        case .tooManyDescendants: ("too_many_descendants", "A claim names at most 64 descendants.")
        case .descendantsUnsorted: ("descendants_unsorted", "Descendants must be sorted, each once.")
        case .unknownReserve: ("unknown_reserve", "Nothing is reserved for this.")
        case .reserveMismatch: ("reserve_mismatch", "The reserve is of another asset, or smaller than the amount.")
        case .genesisInvalid: ("revenue_genesis_invalid", "The genesis names an asset or issue that the rules refuse.")
        }
    }

    public var reason: String { line.reason }
    public var summary: String { line.summary }

    public func at(_ field: String, _ message: String, hint: String = "", retryable: Bool = false) -> Refusal {
        .rejected(
            Rejection(
                code: rawValue, reason: reason, domain: DomainNumber.revenue.name, field: field, message: message,
                hint: hint, retryable: retryable))
    }

    public static var descriptions: [RejectionDescription] {
        allCases.map { RejectionDescription(code: $0.rawValue, reason: $0.reason, summary: $0.summary) }
    }
}
