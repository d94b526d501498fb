public import Primitives

/// The version of node and wallet: what `--version` prints, what status and metrics say.
public enum ProgramVersion {
    public static let text = "0.1.0"

    /// The same, to compare with what an upgrade of the network asks for.
    public static var release: Release {
        guard let release = Release(text) else { preconditionFailure("the version is three numbers") }
        return release
    }
}
