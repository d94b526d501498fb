public import Primitives

/// The version of node and wallet: what `--version` prints, what status and metrics say.
public enum ProgramVersion {
    public static let text = "0.1.0"

    /// Of the bytes and rules of the ledger: node and wallet understand each other if theirs are the same. It is the
    /// schema of homes, since what is proven to a wallet is what a home holds.
    public static let ledger: UInt64 = 4

    /// What `--version` prints.
    public static let description = "\(text) (ledger \(ledger))"

    /// The same, to compare with what an upgrade of the network asks for.
    public static var release: Release {
        guard let release = Release(text) else { preconditionFailure("the version is three numbers") }
        return release
    }
}
