public import Primitives
public import StateModel

/// Refusals of the envelope, 1000 to 1039. (Admission to the pool has 1040 to 1059.)
public enum TransactionRejection: Int, CaseIterable, Sendable {
    case encodingInvalid = 1000
    case transactionTooLarge = 1001
    case wrongNetwork = 1002
    case referenceNotEarlier = 1003
    case signatureInvalid = 1004
    case signaturesNotExact = 1005
    case expired = 1006
    case validUntilRequired = 1007
    case validUntilTooFar = 1008
    case domainPaused = 1009
    case transactionTooHeavy = 1010
    case reservedMixed = 1011
    case unknownOperation = 1012
    case actingForUnused = 1013

    public var reason: String {
        switch self {
        case .encodingInvalid: "encoding_invalid"
        case .transactionTooLarge: "transaction_too_large"
        case .wrongNetwork: "wrong_network"
        case .referenceNotEarlier: "reference_not_earlier"
        case .signatureInvalid: "signature_invalid"
        case .signaturesNotExact: "signatures_not_exact"
        case .expired: "expired"
        case .validUntilRequired: "valid_until_required"
        case .validUntilTooFar: "valid_until_too_far"
        case .domainPaused: "domain_paused"
        case .transactionTooHeavy: "transaction_too_heavy"
        case .reservedMixed: "reserved_mixed"
        case .unknownOperation: "unknown_operation"
        case .actingForUnused: "acting_for_unused"
        }
    }

    var summary: String {
        switch self {
        case .encodingInvalid: "The bytes are not the canonical encoding of a transaction."
        case .transactionTooLarge: "The transaction has more bytes than a transaction may have."
        case .wrongNetwork: "The transaction was signed for another network."
        case .referenceNotEarlier: "A reference names an operation that does not come earlier in the transaction."
        case .signatureInvalid: "A signature does not verify, or its key is not on the curve."
        case .signaturesNotExact: "A needed signature is missing, or one too many is there."
        case .expired: "Block time has passed the transaction's validUntil."
        case .validUntilRequired: "A transaction with several signers must say until when it is valid."
        case .validUntilTooFar: "validUntil lies more than 24 hours ahead."
        case .domainPaused: "The domain is paused by the validators."
        case .transactionTooHeavy: "The transaction alone outweighs what a block may hold."
        case .reservedMixed: "Reserved acts and others cannot share a transaction."
        case .unknownOperation: "No operation is of this domain and kind."
        case .actingForUnused: "The transaction names an organization that none of its operations acts for."
        }
    }

    public func at(_ field: String, _ message: String, hint: String = "", retryable: Bool = false) -> Rejection {
        Rejection(
            code: rawValue, reason: reason, domain: "transaction", field: field, message: message, hint: hint,
            retryable: retryable)
    }

    public static var descriptions: [RejectionDescription] {
        allCases.map { RejectionDescription(code: $0.rawValue, reason: $0.reason, summary: $0.summary) }
    }
}
