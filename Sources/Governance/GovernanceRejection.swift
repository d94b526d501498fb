internal import Primitives
internal import StateModel

/// Refusals of governance, 1600 to 1699.
public enum GovernanceRejection: Int, CaseIterable, Sendable {
    case parameterOutOfBounds = 1600
    case validatorsInvalid = 1601
    case nameInvalid = 1602

    public var reason: String {
        switch self {
        case .parameterOutOfBounds: "parameter_out_of_bounds"
        case .validatorsInvalid: "validators_invalid"
        case .nameInvalid: "name_invalid"
        }
    }

    var summary: String {
        switch self {
        case .parameterOutOfBounds: "A parameter lies outside its declared bounds."
        case .validatorsInvalid: "The validators are none, too many, or share a key or an institution."
        case .nameInvalid: "A validator's name is empty or too long."
        }
    }

    func at(_ field: String, _ message: String, hint: String = "") -> Refusal {
        .rejected(
            Rejection(
                code: rawValue, reason: reason, domain: DomainNumber.governance.name, field: field, message: message,
                hint: hint))
    }
}
