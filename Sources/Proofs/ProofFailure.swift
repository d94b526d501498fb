/// Why evidence proves nothing. `field` names the part, as Specs/proofs.md does.
public struct ProofFailure: Error, Hashable, Sendable, CustomStringConvertible {
    public let field: String
    public let message: String

    public init(_ field: String, _ message: String) {
        self.field = field
        self.message = message
    }

    public var description: String { "\(field): \(message)" }
}
