internal import Identities

/// Every bound of the domain, with its reason.
public enum ConsentsLimits {
    /// A rule, its exception, and the exception's exception: deeper, nobody can say what they agreed to.
    public static let provisionDepth = 3
    /// Siblings under one parent; the published templates need at most three.
    public static let provisionsPerLevel = 8
    /// Provisions of one policy in all: `decide` visits each at most once.
    public static let provisionsPerPolicy = 24
    /// Named parties; a wider circle is a credential type.
    public static let actorsPerProvision = 16
    /// Enough for the countries of the EEA and their larger subdivisions.
    public static let jurisdictionsPerProvision = 64
    /// Codes of one provision or one request; a dataset about more is described by their common ancestors.
    public static let codesPerList = 32
    /// Of parties, projects or institutions that one data-use modifier names.
    public static let partiesPerModifier = 16
    /// One committed restriction for each kind of record or disease group that a subject sets apart.
    public static let commitmentsPerConsent = 8
    /// A request for more has not decided what it is for.
    public static let purposesPerRequest = 16
    /// Diseases of one research; who researches more names what they have in common, or asks for HMB.
    public static let diseasesPerRequest = 8
    /// From a disease up to a root of the ontology; disease ontologies are about twenty levels deep.
    public static let ontologyPath = 32
    /// UTF-8 bytes of a code inside its system: the longest in use, a SNOMED CT identifier, has 18.
    public static let codeBytes = 32
    /// `CC-SSS`, ISO 3166-2.
    public static let jurisdictionBytes = 6
    /// Withdrawal marks each set of a consent in its own block, so their number bounds that block's work.
    public static let setsPerConsent = 16
    /// Different policies that a set's meet holds; consents made from templates share a few.
    public static let policiesPerSet = 16
    /// Types of credential that the policies of a set ask an actor for together; where institutions are named, affiliation
    /// is one.
    public static let credentialTypes = 3
    /// Canonical bytes of one policy.
    public static let policyBytes = 4 * 1024
    /// Canonical bytes of a set's policies together: each decision reads them all.
    public static let setPolicyBytes = 8 * 1024
    /// A cohort's size; members have keys of their own, so only the counters grow.
    public static let membersPerSet = 65_536
    /// Each changes two records; 256 stay within a transaction's bytes.
    public static let membersPerOperation = 256
    /// Each touches itself and up to sixteen sets.
    public static let withdrawalsPerOperation = 128
    /// Time-limit modifier: a century.
    public static let months: UInt64 = 1_200
    /// What one release asks for: a license's territories, with and without training, purposes sixteen at a time.
    public static let requestsPerRelease = 64
    /// One for each committed restriction, each disease that descends, and the three kinds of signature.
    public static let answersPerRelease = 48
    /// Of an organization whose policy asks for several members.
    public static let signaturesPerAnswer = 16
    /// Sibling hashes of one edge: an ontology of 2^32 edges.
    public static let ontologyProof = 32
    /// A board of reviewers.
    public static let reviewersPerCustodian = 16
    /// Each keeps a policy of the past, which a question about the past walks.
    public static let narrowingsPerConsent: UInt64 = 32
    /// Three days: a long weekend's emergency.
    public static let breakGlassMilliseconds: UInt64 = 72 * 3_600_000
    /// Two weeks for a reviewer's answer.
    public static let reviewMilliseconds: UInt64 = 14 * 86_400_000
    /// From so many people on a set may be described by codes and text: below, they could be told apart.
    public static let manySubjects: UInt64 = 20
    /// What the genesis file may contain.
    public static let genesisConsents = 1_000
}

/// What asking consents costs, in units of operation weight: of the largest sets and the requests that take longest, which
/// `DecisionCostTests` measures.
public enum ConsentWeights {
    /// To read and decode a set, ``ConsentsLimits/setPolicyBytes`` long.
    public static let set: UInt64 = 300

    /// The credentials of an actor that decisions ask for, read once for all of them.
    public static let actor: UInt64 = UInt64(ConsentsLimits.credentialTypes) * CredentialWeights.holds

    /// So many decisions over a set that was read; `diseases`: that each request names.
    public static func decisions(_ requests: Int, diseases: Int = ConsentsLimits.diseasesPerRequest) -> UInt64 {
        UInt64(requests) * (80 + 20 * UInt64(diseases))
    }

    /// Whether a signer is the guardian of a consent's subject.
    static let subject = CredentialWeights.holds
    /// To read and write a consent, ``ConsentsLimits/policyBytes`` long, which `ConsentCostTests` measures.
    public static let consent: UInt64 = 100
    /// To take one into a set: beside it a membership, its other sets, and whether the set has its policy.
    public static let member: UInt64 = consent + 4 * 10
    /// To compare what a consent is narrowed to with what it was, and to keep that.
    public static let narrowing: UInt64 = 2 * consent
    /// To mark a set stale, and to tell of it; up to sixteen INFTs that cite it have licenses that it suspends.
    public static let staleSet: UInt64 = 4 * 3 + 8
    /// What a consent's end, or its narrowing, means for all of its sets.
    public static let staleSets: UInt64 = UInt64(ConsentsLimits.setsPerConsent) * staleSet

    /// Reading it included.
    public static func ask(_ requests: Int, diseases: Int = ConsentsLimits.diseasesPerRequest) -> UInt64 {
        set + actor + decisions(requests, diseases: diseases)
    }
}
