import Revenue

/// Bounds of this domain. Each list that a block may carry is bounded before anything is allocated for it.
public enum LicenseLimits {
    /// Every purpose-of-use code of the published set, with room for later ones.
    public static let purposes = 64
    /// ISO 3166-1 has 249 countries; whoever needs more than 64 of them means the world (an empty list).
    public static let territories = 64
    /// Longest code of ISO 3166-2, `XX-XXX`.
    public static let territoryBytes = 6
    /// Territories that one buyer states; each is asked of the consents.
    public static let statedTerritories = 8
    /// What checking an offer against a consent set may weigh (``ConsentWeights``): 32 decisions, for purposes by sixteen,
    /// times territories, times actions; or ten about eight diseases. Terms that need more name fewer of them.
    public static let offeredDecisions: UInt64 = 2_560
    /// What the decisions about a stated use may weigh (``ConsentWeights``): sixteen, or five about eight diseases. Each
    /// delivery and renewal asks for all of them anew.
    public static let statedDecisions: UInt64 = 1_280
    public static let languages = 32
    /// BCP 47 asks implementations for 35 characters.
    public static let languageBytes = 35
    public static let requiredCredentials = 8
    /// Of so many types: who holds them is asked with each use, up to the first license of a chain.
    public static let requiredCredentialTypes = 3
    /// A URI of the legal text; longer ones are not what a person opens.
    public static let uriBytes = 256
    /// A century: whoever wants more leaves the duration out.
    public static let durationMilliseconds: UInt64 = 100 * 366 * 86_400_000
    /// Due work counts minutes, so nothing shorter can be kept.
    public static let shortestDurationMilliseconds: UInt64 = 60_000
    /// Named users of one license: a large hospital's staff.
    public static let seats: UInt64 = 100_000
    /// Times a seat may be given to the same account and taken back; each is dated in one record.
    public static let seatPeriods = 32
    public static let prepaidUses: UInt64 = 1_000_000_000_000
    /// Entries of one batch of uses: as many as one number says of which were reported on.
    public static let useEntries = 64
    /// Hashes from an entry to the root of 64.
    public static let usePath = 6
    /// For which an outcome price is held at the longest: five years.
    public static let outcomeMilliseconds: UInt64 = 5 * 366 * 86_400_000
    /// Until an outcome price is looked at again whose license is disputed.
    public static let outcomeRetryMilliseconds: UInt64 = 3_600_000
    /// Runs that one entry stands for.
    public static let usesPerEntry: UInt64 = 1_000_000
    /// Times an agent may be named for a license and dismissed; each is dated in one record.
    public static let agentPeriods = 32
    public static let supply: UInt64 = 1_000_000_000
    /// Terms in a genesis file.
    public static let genesisTerms = 1_000
    /// Parents of a derivative, as of the mint.
    public static let parents = 16
    /// Entries of a royalty vector: one per ancestor and link that reaches it.
    public static let royaltyEntries = 256
    /// Renewals and transfers of one license; each is dated in its record.
    public static let renewals = 64
    public static let transfers = 64
    /// Licenses above a sublicense: whoever wants to know whether it holds reads them all.
    public static let sublicenseDepth = 3
    /// The least time that a seller takes to begin a delivery; less is somebody's mistake, but on a test network.
    public static let shortestBeginMilliseconds: UInt64 = 600_000
    public static let shortestBeginOnTestNetworks: UInt64 = 60_000
    /// The most for that, and for the dispute window: nobody's money waits longer than a month.
    public static let deliveryMilliseconds: UInt64 = 30 * 86_400_000
    /// Within which a license that is handed on, or a newer version, is to be begun; no money waits for it.
    public static let onwardMilliseconds: UInt64 = 7 * 86_400_000
    /// INFTs of one consent set whose licensees are told when the set goes stale. A set backs a dataset and its
    /// revisions; more than these are found by reading.
    public static let notifiedINFTs = 16
    /// INFTs sold as one: each has an entry in the vector of the group's vault.
    public static let groupMembers = RevenueLimits.splitEntries
    /// Members that join by one operation.
    public static let joinsPerOperation = 64
    /// Groups that an INFT is in: each is told when it can't be licensed any more.
    public static let groupsPerMember = 16
    /// How long owners may take to join: a quarter.
    public static let joinMilliseconds: UInt64 = 92 * 86_400_000
}
