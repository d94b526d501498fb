public import Encoding
public import Primitives
public import Votes

/// Where a proposal stands.
public enum ProposalState: UInt8, NamedCode, CBORCodable {
    case open = 0
    /// A quorum voted yes; it takes effect at the epoch's end, or has done so at once.
    case accepted = 1
    /// So many voted no that no quorum is left.
    case rejected = 2
    /// Its deadline came first.
    case expired = 3
    /// In effect.
    case applied = 4
    /// Accepted, and no longer possible when it was to take effect.
    case superseded = 5
}

/// Why a change does not fit the validators or parameters as they are, or as the accepted changes will leave them.
public enum ChangeConflict: UInt8, NamedCode, CBORCodable {
    /// The institution is not enrolled in identities.
    case notEnrolled = 0
    /// The key is, or was, a validator's: journals and signing guards of its past may still be about.
    case keyUsed = 1
    case nameTaken = 2
    /// The institution runs a validator already.
    case institutionTaken = 3
    case transportKeyTaken = 4
    case setFull = 5
    /// A network without validators could never decide anything again.
    case lastValidator = 6
    /// The institution runs no validator, or none of this name.
    case validatorUnknown = 7
    /// All is already as the change would make it.
    case nothingChanged = 8
    case parameterOutOfBounds = 9
    /// The party is not registered.
    case partyUnknown = 10
    /// Such a party can't be an accreditor, or was revoked as one; or its types or jurisdictions are not well formed.
    case accreditationInvalid = 11
    /// An institution that runs a validator would lose its accreditation.
    case validatorsDisenrolled = 12
    /// The height is too near, or past.
    case upgradeTooSoon = 13
    /// Another upgrade lies ahead.
    case upgradePending = 14
    /// No upgrade lies ahead.
    case noUpgrade = 15
    /// The release is not newer than that of the last upgrade.
    case releaseNotNewer = 16
    case pauseOutOfBounds = 17
    /// The INFT is unknown, a clone or recalled so already; or the recall is unknown or lifted.
    case recallImpossible = 18
    /// No verdict of the dispute stands against an INFT.
    case verdictUnknown = 19
}

/// What an institution thinks of a proposal. Bytes: `[institution, approves, at]`.
public struct Ballot: CBORCodable, Codable, Hashable, Sendable {
    public let institution: Party
    public let approves: Bool
    public let at: Timestamp

    public init(institution: Party, approves: Bool, at: Timestamp) {
        self.institution = institution
        self.approves = approves
        self.at = at
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(3)
        writer.write(institution)
        writer.write(approves)
        writer.write(at)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("ballot", count: 3) { (reader) throws(EncodingFailure) in
            Ballot(
                institution: try reader.value("institution"), approves: try reader.boolean("approves"),
                at: try reader.value("at"))
        }
    }
}

/// A proposal, kept for good.
///
/// Bytes: `[id, proposer, change, rationale, proposedAt, proposedHeight, deadline, ballots, state, decidedAt / null,
/// epoch / null, conflict / null]`.
public struct ProposalRecord: CBORCodable, Codable, Hashable, Sendable {
    public let id: ProposalID
    public let proposer: Party
    public let change: GovernanceChange
    /// Commitment to the reasons, which stand elsewhere.
    public let rationale: Hash
    public let proposedAt: Timestamp
    public let proposedHeight: Height
    /// Votes count in blocks before it.
    public let deadline: Timestamp
    /// Ascending by institution. Once decided: those that counted.
    public internal(set) var ballots: [Ballot] = []
    public internal(set) var state = ProposalState.open
    public internal(set) var decidedAt: Timestamp?
    /// The first epoch with the change, or the one that began without it; null while that is ahead or will never be.
    public internal(set) var epoch: Epoch?
    /// Of a superseded proposal.
    public internal(set) var conflict: ChangeConflict?

    public init(
        id: ProposalID, proposer: Party, change: GovernanceChange, rationale: Hash, proposedAt: Timestamp,
        proposedHeight: Height, deadline: Timestamp
    ) {
        self.id = id
        self.proposer = proposer
        self.change = change
        self.rationale = rationale
        self.proposedAt = proposedAt
        self.proposedHeight = proposedHeight
        self.deadline = deadline
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(12)
        writer.write(id)
        writer.write(proposer)
        writer.write(change)
        writer.write(rationale)
        writer.write(proposedAt)
        writer.write(proposedHeight)
        writer.write(deadline)
        writer.write(ballots)
        writer.write(state)
        writer.write(decidedAt)
        writer.write(epoch)
        writer.write(conflict)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("proposal", count: 12) { (reader) throws(EncodingFailure) in
            var record = ProposalRecord(
                id: try reader.value("id"), proposer: try reader.value("proposer"),
                change: try reader.value("change"), rationale: try reader.value("rationale"),
                proposedAt: try reader.value("proposedAt"), proposedHeight: try reader.value("proposedHeight"),
                deadline: try reader.value("deadline"))
            record.ballots = try reader.sortedList(
                "ballots", max: WireLimits.validators, by: { (ballot: Ballot) in ballot.institution })
            record.state = try reader.value("state")
            record.decidedAt = try reader.optional("decidedAt")
            record.epoch = try reader.optional("epoch")
            record.conflict = try reader.optional("conflict")
            return record
        }
    }
}

/// A proposal that is not over, and who made it. Bytes: `[proposal, proposer]`.
public struct PendingProposal: CBORCodable, Codable, Hashable, Sendable {
    public let proposal: ProposalID
    public let proposer: Party

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(proposal)
        writer.write(proposer)
    }

    public init(proposal: ProposalID, proposer: Party) {
        self.proposal = proposal
        self.proposer = proposer
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("pending", count: 2) { (reader) throws(EncodingFailure) in
            PendingProposal(proposal: try reader.value("proposal"), proposer: try reader.value("proposer"))
        }
    }
}

/// The proposals that are not over. Bytes: `[open, queued]`.
public struct AgendaRecord: CBORCodable, Codable, Hashable, Sendable {
    /// In the order in which they were made.
    public internal(set) var open: [PendingProposal] = []
    /// Accepted ones, in the order in which they were: so they are applied at the epoch's end.
    public internal(set) var queued: [PendingProposal] = []

    public init(open: [PendingProposal] = [], queued: [PendingProposal] = []) {
        self.open = open
        self.queued = queued
    }

    var count: Int { open.count + queued.count }

    func count(of proposer: Party) -> Int {
        open.count { $0.proposer == proposer } + queued.count { $0.proposer == proposer }
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(open)
        writer.write(queued)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("agenda", count: 2) { (reader) throws(EncodingFailure) in
            AgendaRecord(
                open: try reader.list("open", max: GovernanceLimits.pendingProposals),
                queued: try reader.list("queued", max: GovernanceLimits.pendingProposals))
        }
    }
}

/// A key that is or was a validator's: it never becomes one's again. Bytes: `[institution, since]`.
public struct UsedKeyRecord: CBORCodable, Codable, Hashable, Sendable {
    public let institution: Party
    public let since: Timestamp

    public init(institution: Party, since: Timestamp) {
        self.institution = institution
        self.since = since
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(institution)
        writer.write(since)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record("usedKey", count: 2) { (reader) throws(EncodingFailure) in
            UsedKeyRecord(institution: try reader.value("institution"), since: try reader.value("since"))
        }
    }
}
