public import Primitives

/// The version of node and wallet: what `--version` prints, what status and metrics say.
public enum ProgramVersion {
    public static let text = "0.1.0"

    /// Of what node and wallet both read: keys, records, proofs, words of the RPC. They understand each other if theirs are
    /// the same. It grows with what changes there; a schema of homes that changes nothing of it leaves it.
    public static let ledger: UInt64 = 5

    /// What `--version` prints.
    public static let description = "\(text) (ledger \(ledger))"

    /// The same, to compare with what an upgrade of the network asks for.
    public static var release: Release {
        guard let release = Release(text) else { preconditionFailure("the version is three numbers") }
        return release
    }
}
