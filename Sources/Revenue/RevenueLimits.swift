/// Bounds of the revenue domain.
public enum RevenueLimits {
    /// Holders of a vault: a consortium's contributors, and still a record of 43 KiB that one transaction can carry.
    public static let holders = 1_000
    /// Entries of a royalty vector: one per ancestor and link that reaches it.
    public static let royaltyEntries = 256
    /// Members of a group, each with a fixed share of what it earns.
    public static let splitEntries = 1_000
    /// Descendants in one claim: 64 reads and writes keep a claim under a millisecond.
    public static let descendantsPerClaim = 64
    /// Descendants that are looked at to tell what they owe in all, an INFT or a page of holdings: what that reads has
    /// room in one proof. A claim takes from any, and `revenue_royalties` lists all.
    public static let descendantsRead = 256
    /// Assets a vault ever received: moving a share settles both sides in each of them.
    public static let assetsPerVault = 32
    /// Letters and digits of an asset's code, like ISO 4217's three with room for token names.
    public static let assetCodeBytes = 3...12
    public static let assetNameBytes = 64
    /// With eight decimals 2^64 smallest units are 184 billion whole ones; more decimals would leave too few.
    public static let assetScale: UInt8 = 8
    /// Assets, issuers and first holders that a genesis may name.
    public static let genesisEntries = 1_000
    /// Balances shown in one answer without an asset named.
    public static let balancesShown = 100
}
