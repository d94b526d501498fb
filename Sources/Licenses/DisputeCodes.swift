internal import Cryptography
public import Encoding
import INFTs
public import Primitives

/// What a dispute is about. New grounds go at the end.
public enum DisputeGround: UInt8, NamedCode, CBORCodable {
    /// What was delivered is not what was described.
    case content = 0
    case improperRegistration = 1
    case usage = 2
    case payment = 3

    /// What stands against an INFT once a panel has upheld it.
    var tag: TagKind {
        switch self {
        case .content: .content
        case .improperRegistration: .improperRegistration
        case .usage: .usage
        case .payment: .payment
        }
    }

    /// What is claimed, for people.
    public var claim: String {
        switch self {
        case .content: "its content is not what it says it is"
        case .improperRegistration: "who registered it had no right to"
        case .usage: "it is used, or uses what it derives from, beyond the license"
        case .payment: "what is due for it is not paid"
        }
    }
}

public enum DisputeSide: UInt8, NamedCode, CBORCodable {
    case claimant = 0
    case respondent = 1

    public var other: DisputeSide { self == .claimant ? .respondent : .claimant }
}

public enum DisputeStage: UInt8, NamedCode, CBORCodable {
    /// The side against whom the round was opened is to answer.
    case response = 0
    /// Both sides are to reveal their nonces, of which the panel is drawn.
    case nonces = 1
    /// Arbiters who were drawn are to accept.
    case acceptance = 2
    /// The claimant is to show the content key to each of them.
    case showing = 3
    /// They are to commit to their votes,
    case voting = 4
    /// and to reveal them.
    case revealing = 5
    /// Who lost may ask another panel.
    case appeal = 6
    case ended = 7
}

/// What an arbiter says of the claim. Of content: uphold means that it is bad, dismiss that it is good.
public enum DisputeVote: UInt8, NamedCode, CBORCodable {
    case dismiss = 0
    case uphold = 1
}

public enum DisputeOutcome: UInt8, NamedCode, CBORCodable {
    case dismissed = 0
    case upheld = 1
    /// Nobody decided: everything stays as if there had been no dispute.
    case undecided = 2
}

/// Why a round came out as it did. New ones go at the end.
public enum DisputeCause: UInt8, NamedCode, CBORCodable {
    case majority = 0
    /// The other side did not answer.
    case notAnswered = 1
    /// A side did not reveal its nonce.
    case nonceWithheld = 2
    /// The claimant did not show the content key to the panel.
    case notShown = 3
    /// Too few arbiters who are part of it in no way accepted.
    case noPanel = 4
    /// Too few votes were revealed, or as many for as against.
    case noMajority = 5
    /// Consent no longer lets an arbiter see the content.
    case consentChanged = 6
}

public enum DisputeSeatState: UInt8, NamedCode, CBORCodable {
    case drawn = 0
    case accepted = 1
    /// The content key was delivered to the arbiter.
    case shown = 2
    case committed = 3
    case revealed = 4
    /// The arbiter made room for another.
    case declined = 5
    /// The arbiter did not do what it was to do in time.
    case absent = 6

    /// False of an arbiter who has no part in it any more.
    public var isActive: Bool { rawValue <= DisputeSeatState.revealed.rawValue }
}

/// What the sides and arbiters of a dispute commit to. Each binds who made it, so that no commitment serves another.
public enum DisputeCommitments {
    private static let nonceTag = HashTag("mednexus/dispute/nonce")
    private static let voteTag = HashTag("mednexus/dispute/vote")
    private static let seedTag = HashTag("mednexus/dispute/seed")
    private static let evidenceTag = HashTag("mednexus/dispute/evidence")

    /// Tagged hash of the salt (32 random bytes) and the SHA-256 of a document. The ledger asks no form of it; this is the
    /// one that wallets make and check.
    public static func evidence(_ document: Hash, salt: Hash) -> Hash {
        evidenceTag.hash(salt.bytes.array + document.bytes.array)
    }

    /// Tagged hash of the network's genesis hash, the party (CBOR), and the nonce: 32 random bytes, used once.
    public static func nonce(_ nonce: Hash, of party: Party, network: Hash) -> Hash {
        nonceTag.hash(network.bytes.array + party.encoded + nonce.bytes.array)
    }

    /// Tagged hash of dispute, round (one byte, from 0), arbiter, vote (one byte) and salt: 32 random bytes, used once.
    public static func vote(
        _ vote: DisputeVote, salt: Hash, by arbiter: Address, in dispute: DisputeID, round: Int
    ) -> Hash {
        voteTag.hash(
            dispute.bytes.array + [UInt8(truncatingIfNeeded: round)] + arbiter.bytes.array + [vote.rawValue]
                + salt.bytes.array)
    }

    /// Of what a panel is drawn: neither side knew the other's nonce when it chose its own.
    static func seed(of dispute: DisputeID, round: Int, claimant: Hash, respondent: Hash) -> Hash {
        seedTag.hash(
            dispute.bytes.array + [UInt8(truncatingIfNeeded: round)] + claimant.bytes.array + respondent.bytes.array)
    }
}
