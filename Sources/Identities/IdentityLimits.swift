/// Bounds of the domain.
public enum IdentityLimits {
    /// Members of an organization. A quorum needs ≤ 16 signatures; 64 leaves room for shifts and deputies.
    public static let members = 64
    /// A policy for each class at most.
    public static let policies = OperationClass.allCases.count
    /// The public name of an organization, in bytes of UTF-8; the longest registered hospital names stay below.
    public static let nameBytes = 160
    /// One identifier per scheme.
    public static let institutionIdentifiers = InstitutionScheme.allCases.count
    public static let personIdentifiers = PersonScheme.allCases.count
    /// Jurisdictions of a credential or a delegation: the states of a federation fit.
    public static let jurisdictions = 64
    /// `US-CA`: two letters, hyphen, three.
    public static let jurisdictionBytes = 6
    public static let specialties = 16
    /// A code such as NUCC's 207R00000X or SNOMED's 394579002.
    public static let specialtyBytes = 18
    /// Links between a genesis accreditor and an issuer; a check walks them all.
    public static let delegationDepth = 4
    /// Accepted credentials of one type that count at a time: a check may read them all, and the chain of each. Places and
    /// specialties of a profession fit into one. What is over makes room.
    public static let credentialsThatCount = 8
    /// Those before them, which a question about the past may read: a yearly renewal lasts a century.
    public static let credentialsPerType = 128
    public static let accreditors = 64
    /// Two years, one of them a leap year: who acts for others is looked at again that often.
    public static let mandateMilliseconds: UInt64 = 731 * 86_400_000
    /// A mandate for more uses than this counts nothing that anyone would run into.
    public static let mandateUses: UInt64 = 1_000_000
    /// Mandates in force of one grantor to one delegate; a check reads them all, in one record.
    public static let openMandates = 8
    /// Guardians of an account; each can have one recovery open, so that as many may be.
    public static let guardians = 8
    /// How long the account can at least object to a recovery, and for how long it may ask to be able to.
    public static let recoveryDelayMilliseconds: ClosedRange<UInt64> = 86_400_000...(30 * 86_400_000)
    /// A recovery that has not found enough guardians by then has lapsed.
    public static let recoveryMilliseconds: UInt64 = 30 * 86_400_000
    /// Entries of each list of the genesis.
    public static let genesisEntries = 10_000
    /// Compressed point of secp256k1.
    public static let messageKeyBytes = 33
}
