/// The version of node and wallet: what `--version` prints, what status and metrics say.
public enum ProgramVersion {
    public static let text = "0.1.0"
}
