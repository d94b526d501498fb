/// Why the ledger refuses an operation or a transaction: stable code, the field at fault, and what to do about it.
///
/// Codes start at 1000, a hundred per domain (domain number × 100 + 1000); all are listed in Specs/rpc.md.
public struct Rejection: Error, Hashable, Sendable, CustomStringConvertible {
    public let code: Int
    /// The code in words, snake case: `price_above_maximum`. As stable as the number.
    public let reason: String
    /// The domain's name, or `transaction`.
    public let domain: String
    /// Path of the field inside the operation, as in its JSON form: `shares[2].share`. Empty if no single field.
    public let field: String
    /// A sentence for people: what was found and what is allowed. Never holds secrets.
    public let message: String
    /// What to do next, in a sentence; may be empty.
    public let hint: String
    /// True if the same bytes may be accepted later (a sequence ahead, a pool that is full).
    public let retryable: Bool
    /// Which operation of the transaction; set by the transaction's executor.
    public var operation: Int?

    public init(
        code: Int, reason: String, domain: String, field: String = "", message: String, hint: String = "",
        retryable: Bool = false, operation: Int? = nil
    ) {
        self.code = code
        self.reason = reason
        self.domain = domain
        self.field = field
        self.message = message
        self.hint = hint
        self.retryable = retryable
        self.operation = operation
    }

    public var description: String {
        "\(reason) (\(code))" + (field.isEmpty ? "" : " at \(field)") + ": \(message)"
            + (hint.isEmpty ? "" : " \(hint)")
    }
}

/// State could not be read: the store is damaged or gone. Never a statement about the ledger's rules, so the node
/// stops on it instead of voting.
public struct StateFailure: Error, Hashable, Sendable, CustomStringConvertible {
    public let message: String

    public init(_ message: String) { self.message = message }

    public var description: String { message }
}

/// What a check may throw: a refusal of the ledger, or the failure to read what it needs.
public enum Refusal: Error, Sendable, CustomStringConvertible {
    case rejected(Rejection)
    case failed(StateFailure)

    public var description: String {
        switch self {
        case .rejected(let rejection): rejection.description
        case .failed(let failure): failure.description
        }
    }
}

extension Refusal {
    /// For reads that no rule can refuse: whatever went wrong is damage of the state.
    public func asDamage(of what: String) -> StateFailure {
        switch self {
        case .failed(let failure): failure
        case .rejected(let rejection): StateFailure("\(what) can't be read: \(rejection)")
        }
    }
}
