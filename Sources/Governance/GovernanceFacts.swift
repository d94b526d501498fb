public import Encoding
public import Identities
public import Primitives
public import Votes

/// What an event says of a new proposal. Bytes: `[proposal, proposer, institution / null, deadline]`.
public struct ProposalMade: CBORCodable, Codable, Hashable, Sendable {
    public let proposal: ProposalID
    public let proposer: Party
    /// Whom the change is about; null of what is about nobody.
    public let institution: Party?
    public let deadline: Timestamp

    public init(proposal: ProposalID, proposer: Party, institution: Party?, deadline: Timestamp) {
        self.proposal = proposal
        self.proposer = proposer
        self.institution = institution
        self.deadline = deadline
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(4)
        writer.write(proposal)
        writer.write(proposer)
        writer.write(institution)
        writer.write(deadline)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 4) { (reader) throws(EncodingFailure) in
            ProposalMade(
                proposal: try reader.value("proposal"), proposer: try reader.value("proposer"),
                institution: try reader.optional("institution"), deadline: try reader.value("deadline"))
        }
    }
}

/// A vote, and the count after it. Bytes: `[proposal, institution, approves, yes, no]`.
public struct ProposalVoted: CBORCodable, Codable, Hashable, Sendable {
    public let proposal: ProposalID
    /// Who voted.
    public let institution: Party
    public let approves: Bool
    public let yes: UInt64
    public let no: UInt64

    public init(proposal: ProposalID, institution: Party, approves: Bool, yes: UInt64, no: UInt64) {
        self.proposal = proposal
        self.institution = institution
        self.approves = approves
        self.yes = yes
        self.no = no
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(5)
        writer.write(proposal)
        writer.write(institution)
        writer.write(approves)
        writer.write(yes)
        writer.write(no)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 5) { (reader) throws(EncodingFailure) in
            ProposalVoted(
                proposal: try reader.value("proposal"), institution: try reader.value("institution"),
                approves: try reader.boolean("approves"), yes: try reader.unsigned("yes"),
                no: try reader.unsigned("no"))
        }
    }
}

/// A proposal is accepted, rejected or expired, by this count. Bytes: `[proposal, proposer, institution / null, yes, no]`.
public struct ProposalDecision: CBORCodable, Codable, Hashable, Sendable {
    public let proposal: ProposalID
    public let proposer: Party
    /// Whom the change is about; null of what is about nobody.
    public let institution: Party?
    public let yes: UInt64
    public let no: UInt64

    public init(proposal: ProposalID, proposer: Party, institution: Party?, yes: UInt64, no: UInt64) {
        self.proposal = proposal
        self.proposer = proposer
        self.institution = institution
        self.yes = yes
        self.no = no
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(5)
        writer.write(proposal)
        writer.write(proposer)
        writer.write(institution)
        writer.write(yes)
        writer.write(no)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 5) { (reader) throws(EncodingFailure) in
            ProposalDecision(
                proposal: try reader.value("proposal"), proposer: try reader.value("proposer"),
                institution: try reader.optional("institution"), yes: try reader.unsigned("yes"),
                no: try reader.unsigned("no"))
        }
    }
}

/// An accepted change that no longer fit at the epoch's end. Bytes: `[proposal, proposer, institution / null, conflict]`.
public struct ProposalSuperseded: CBORCodable, Codable, Hashable, Sendable {
    public let proposal: ProposalID
    public let proposer: Party
    /// Whom the change is about; null of what is about nobody.
    public let institution: Party?
    public let conflict: ChangeConflict

    public init(proposal: ProposalID, proposer: Party, institution: Party?, conflict: ChangeConflict) {
        self.proposal = proposal
        self.proposer = proposer
        self.institution = institution
        self.conflict = conflict
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(4)
        writer.write(proposal)
        writer.write(proposer)
        writer.write(institution)
        writer.write(conflict)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 4) { (reader) throws(EncodingFailure) in
            ProposalSuperseded(
                proposal: try reader.value("proposal"), proposer: try reader.value("proposer"),
                institution: try reader.optional("institution"), conflict: try reader.value("conflict"))
        }
    }
}

/// A change that took effect at once. Bytes: `[proposal, proposer, institution / null]`.
public struct ProposalApplied: CBORCodable, Codable, Hashable, Sendable {
    public let proposal: ProposalID
    public let proposer: Party
    /// Whom the change is about; null of what is about nobody.
    public let institution: Party?

    public init(proposal: ProposalID, proposer: Party, institution: Party?) {
        self.proposal = proposal
        self.proposer = proposer
        self.institution = institution
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(3)
        writer.write(proposal)
        writer.write(proposer)
        writer.write(institution)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 3) { (reader) throws(EncodingFailure) in
            ProposalApplied(
                proposal: try reader.value("proposal"), proposer: try reader.value("proposer"),
                institution: try reader.optional("institution"))
        }
    }
}

/// The set of an epoch that differs from the one before. Bytes: `[epoch, validatorSet, count, joined, left, rotated]`.
public struct ValidatorSetChanged: CBORCodable, Codable, Hashable, Sendable {
    /// The first epoch with the set.
    public let epoch: Epoch
    /// Its hash, as headers have it.
    public let validatorSet: Hash
    public let count: UInt64
    /// Institutions, ascending, here and below.
    public let joined: [Party]
    public let left: [Party]
    /// With other keys.
    public let rotated: [Party]

    public init(
        epoch: Epoch, validatorSet: Hash, count: UInt64, joined: [Party], left: [Party], rotated: [Party]
    ) {
        self.epoch = epoch
        self.validatorSet = validatorSet
        self.count = count
        self.joined = joined
        self.left = left
        self.rotated = rotated
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(6)
        writer.write(epoch)
        writer.write(validatorSet)
        writer.write(count)
        writer.write(joined)
        writer.write(left)
        writer.write(rotated)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        func parties(_ field: String, _ reader: inout CBORReader) throws(EncodingFailure) -> [Party] {
            try reader.sortedList(field, max: WireLimits.validators, by: { (party: Party) in party })
        }
        self = try reader.record(count: 6) { (reader) throws(EncodingFailure) in
            ValidatorSetChanged(
                epoch: try reader.value("epoch"), validatorSet: try reader.value("validatorSet"),
                count: try reader.unsigned("count"), joined: try parties("joined", &reader),
                left: try parties("left", &reader), rotated: try parties("rotated", &reader))
        }
    }
}

/// The parameters from an epoch on. Bytes: `[epoch, parameters, identities]`.
public struct ParametersChanged: CBORCodable, Codable, Hashable, Sendable {
    /// The first epoch with them.
    public let epoch: Epoch
    public let parameters: LedgerParameters
    /// Those that identities own.
    public let identities: IdentityParameters

    public init(epoch: Epoch, parameters: LedgerParameters, identities: IdentityParameters) {
        self.epoch = epoch
        self.parameters = parameters
        self.identities = identities
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(3)
        writer.write(epoch)
        writer.write(parameters)
        writer.write(identities)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 3) { (reader) throws(EncodingFailure) in
            ParametersChanged(
                epoch: try reader.value("epoch"), parameters: try reader.value("parameters"),
                identities: try reader.value("identities"))
        }
    }
}
