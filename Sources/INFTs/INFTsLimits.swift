/// Bounds of the INFT domain.
public enum INFTsLimits {
    /// As many direct sources as a derivative can name in its metadata without becoming a collection.
    public static let parents = 16
    /// Parents, their parents, and so on: a lookup of all of them stays below a millisecond.
    public static let ancestors = 256
    /// Creators with a contribution; holders of revenue are bounded by the vault.
    public static let creators = 64
    /// The 14 roles of CRediT.
    public static let roles = 14
    public static let titleBytes = 256
    public static let abstractBytes = 2_048
    /// RFC 5646 §4.4.1: 35 bytes hold every practical tag.
    public static let languageBytes = 35
    public static let codes = 32
    public static let codeSystemBytes = 128
    public static let codeBytes = 64
    public static let jurisdictions = 16
    /// `US-CA`; ISO 3166-2 has at most six characters.
    public static let jurisdictionBytes = 6
    public static let mediaTypeBytes = 127
    public static let locationBytes = 512
    /// 16 TiB: what 2^28 chunks of 64 KiB hold.
    public static let contentBytes: UInt64 = 1 << 44
}
