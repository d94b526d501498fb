public import Cryptography
internal import Interface
public import Primitives

/// Why the wallet could not do what it was asked to, and what to do next.
public struct WalletFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kinds that a script must tell apart; each is an exit code of the program.
    public enum Kind: Int32, Hashable, Sendable {
        /// What was asked for had happened before: it is done, and nothing new was signed.
        case alreadyDone = 0
        case refused = 1
        case usage = 2
        case unreachable = 3
        /// It may have happened or not. Never repeated by itself.
        case outcomeUnknown = 4
        case key = 5
        case proofInvalid = 6

        public var exitCode: Int32 { rawValue }
    }

    /// What the ledger or the server said, where it said something.
    public struct Answer: Hashable, Sendable, Codable {
        public let code: Int
        public let reason: String
        public let domain: String
        public let operation: Int?
        public let field: String
        public let message: String
        public let hint: String
        public let retryable: Bool

        public init(
            code: Int, reason: String, domain: String, operation: Int?, field: String, message: String, hint: String,
            retryable: Bool
        ) {
            self.code = code
            self.reason = reason
            self.domain = domain
            self.operation = operation
            self.field = field
            self.message = message
            self.hint = hint
            self.retryable = retryable
        }

        public init(_ rejection: Rejection) {
            self.init(
                code: rejection.code, reason: rejection.reason, domain: rejection.domain,
                operation: rejection.operation, field: rejection.field, message: rejection.message,
                hint: rejection.hint, retryable: rejection.retryable)
        }
    }

    public let kind: Kind
    public let message: String
    public let hint: String
    public let answer: Answer?
    /// For ``Kind/unreachable``: false if the request surely never left.
    public let mayHaveArrived: Bool

    public init(
        _ kind: Kind, _ message: String, hint: String = "", answer: Answer? = nil, mayHaveArrived: Bool = false
    ) {
        self.kind = kind
        self.message = message
        self.hint = hint
        self.answer = answer
        self.mayHaveArrived = mayHaveArrived
    }

    public static func refused(_ rejection: Rejection) -> WalletFailure {
        WalletFailure(.refused, rejection.message, hint: rejection.hint, answer: Answer(rejection))
    }

    public static func keystore(_ failure: KeystoreFailure, path: String) -> WalletFailure {
        WalletFailure(.key, "\(path): \(failure)")
    }

    public var description: String {
        var text = message
        if let answer {
            text = "\(answer.reason) (\(answer.code))"
            if let operation = answer.operation { text += " in operation \(operation)" }
            if !answer.field.isEmpty { text += " at \(answer.field)" }
            text += ": \(message)"
        }
        return hint.isEmpty ? text : text + "\n" + hint
    }
}
