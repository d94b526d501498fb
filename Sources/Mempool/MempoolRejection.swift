public import Primitives

/// Refusals of admission, 1040 to 1059. Nothing of them is final: the ledger itself never saw the transaction.
public enum MempoolRejection: Int, CaseIterable, Sendable {
    case poolFull = 1040
    case sequenceUsed = 1041
    case sequenceTooFarAhead = 1042
    case sequenceTaken = 1043
    case accountUnknown = 1044
    case reservedTooOften = 1045
    case tooManyReplacements = 1046
    case tooHeavyForBlock = 1047

    public var reason: String {
        switch self {
        case .poolFull: "pool_full"
        case .sequenceUsed: "sequence_used"
        case .sequenceTooFarAhead: "sequence_too_far_ahead"
        case .sequenceTaken: "sequence_taken"
        case .accountUnknown: "account_unknown"
        case .reservedTooOften: "reserved_too_often"
        case .tooManyReplacements: "too_many_replacements"
        case .tooHeavyForBlock: "too_heavy_for_block"
        }
    }

    public var summary: String {
        switch self {
        case .poolFull: "The pool is full, and the sponsor has its share of it."
        case .sequenceUsed: "A final transaction has this sequence already."
        case .sequenceTooFarAhead: "The sequence lies too far past the account's next."
        case .sequenceTaken: "Another transaction with this sequence waits, and this one may not replace it."
        case .accountUnknown: "The sender has no account on this ledger."
        case .reservedTooOften: "The account sent reserved acts less than ten minutes ago."
        case .tooManyReplacements: "This place was filled anew too often."
        case .tooHeavyForBlock: "The transaction outweighs what a block may hold."
        }
    }

    public func at(_ field: String, _ message: String, hint: String = "", retryable: Bool = false) -> Rejection {
        Rejection(
            code: rawValue, reason: reason, domain: "mempool", field: field, message: message, hint: hint,
            retryable: retryable)
    }
}
