public import Primitives
public import StateModel

/// Why the pool does not take a transaction. Codes 1040–1059.
public enum MempoolRejection: Int, CaseIterable, Sendable {
    case poolFull = 1040
    case duplicate = 1041
    case sequenceUsed = 1042
    case sequenceTooFar = 1043
    case sequenceTaken = 1044
    case expired = 1045
    case tooHeavy = 1046
    case reservedTooSoon = 1047
    case nothingToActOn = 1048
    case evicted = 1049
    case replaced = 1050

    public var reason: String {
        switch self {
        case .poolFull: "pool_full"
        case .duplicate: "already_pooled"
        case .sequenceUsed: "pool_sequence_used"
        case .sequenceTooFar: "sequence_too_far"
        case .sequenceTaken: "sequence_taken"
        case .expired: "pool_expired"
        case .tooHeavy: "too_heavy_for_block"
        case .reservedTooSoon: "reserved_too_soon"
        case .nothingToActOn: "nothing_to_act_on"
        case .evicted: "pool_evicted"
        case .replaced: "pool_replaced"
        }
    }

    public var summary: String {
        switch self {
        case .poolFull: "The pool is full, and the sponsor has its share of it."
        case .duplicate: "The transaction is in the pool already."
        case .sequenceUsed: "The account has used this sequence number."
        case .sequenceTooFar: "The sequence number is too far ahead of the account's next one."
        case .sequenceTaken: "Another transaction of the account with this sequence number waits."
        case .expired: "The transaction's validUntil has passed."
        case .tooHeavy: "The transaction weighs more than a block may hold."
        case .reservedTooSoon: "The account's last reserved act is less than ten minutes ago, and it has no sponsor."
        case .nothingToActOn: "The ledger holds nothing that the reserved act could act on."
        case .evicted: "The transaction gave way to those of sponsors with less in the pool."
        case .replaced: "Another transaction took this one's sequence number."
        }
    }

    public func at(_ field: String, _ message: String, hint: String = "", retryable: Bool = false) -> Rejection {
        Rejection(
            code: rawValue, reason: reason, domain: "mempool", field: field, message: message, hint: hint,
            retryable: retryable)
    }

    public static var descriptions: [RejectionDescription] {
        allCases.map { RejectionDescription(code: $0.rawValue, reason: $0.reason, summary: $0.summary) }
    }
}
