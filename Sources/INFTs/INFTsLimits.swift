internal import Consents

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
    /// From `begin` on, this long and this many blocks, whichever ends later: a standstill of the chain takes nobody's
    /// time, and a fast chain leaves an hour.
    public static let completeMilliseconds: UInt64 = 3_600_000
    public static let completeHeights: UInt64 = 100
    /// A transaction carries sixteen signatures: the holder's, and theirs.
    public static let keyCustodians = 15
    /// Consents that one erasure names; their subjects learn of it by the event.
    public static let consentsPerErasure = 32
    /// Tags that an INFT ever gets: by its owners, who can recall and lift as they like, and by all others together.
    public static let ownerTags = 16
    public static let otherTags = 48
    public static let tags = ownerTags + otherTags
    /// From a recall to the time by which holders answer: below a minute nobody can, after a year nobody asks any more.
    public static let answerMilliseconds: ClosedRange<UInt64> = 60_000...366 * 86_400_000
    /// Agents that run one INFT at once: the list is one record.
    public static let agents = 100
    public static let purposesPerAgent = 16
    /// Times that what one agent may do can change; each is dated in its record.
    public static let periodsPerAgent = 32
    /// An authorization that nobody remembers ends by itself: two years.
    public static let authorizationMilliseconds: UInt64 = 2 * 366 * 86_400_000
    /// How long a transfer may be offered: a quarter.
    public static let transferMilliseconds: UInt64 = 92 * 86_400_000
}

/// What proofs cost, in units of about a microsecond of the reference machine.
public enum INFTsWeights {
    /// One proof of knowledge of one scalar: two multiplications.
    public static let keyProof: UInt64 = 90
    /// Possession and origin.
    public static let ownProofs: UInt64 = 2 * keyProof
    /// Looks up the tags of all ancestors; most have none.
    public static let standing: UInt64 = UInt64(INFTsLimits.ancestors) + 4
    /// What others keep of an INFT that stops or begins to be sold: up to sixteen groups of it.
    public static let groups: UInt64 = 16 * 8
    /// Citing a consent set: it is read twice, and asked for deposit and publication.
    public static let consent: UInt64 = ConsentWeights.ask(2, diseases: 0) + ConsentWeights.set
    /// One delivery: seven multiplications.
    public static let delivery: UInt64 = 300
}
