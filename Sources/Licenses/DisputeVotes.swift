public import Encoding
import INFTs
import Identities
public import Primitives
import Revenue
public import StateModel

/// An arbiter who was shown the key commits to a vote. `[dispute, commitment]`
public struct CommitDisputeVote: DomainOperation {
    public static let name = "dispute.commitVote"

    public let dispute: DisputeID
    /// ``DisputeCommitments/vote(_:salt:by:in:round:)``
    public let commitment: Hash

    public init(dispute: DisputeID, commitment: Hash) {
        self.dispute = dispute
        self.commitment = commitment
    }

    public var weight: UInt64 { 10 + 4 * 6 }

    public struct Plan {
        let dispute: DisputeRecord
        let seat: Int
    }

    public func check(in context: OperationContext) throws(Refusal) -> Plan {
        var dispute = try DisputeAct.open(self.dispute, in: .voting, context: context)
        let seat = try DisputeAct.seat(.shown, of: dispute, in: context)
        dispute.round.seats[seat].state = .committed
        dispute.round.seats[seat].commitment = commitment
        return Plan(dispute: dispute, seat: seat)
    }

    public func apply(_ plan: Plan, in context: OperationContext) throws(Refusal) {
        var dispute = plan.dispute
        context.emit(LicenseEvent.disputeVoteCommitted(DisputeSeatChanged(dispute, dispute.round.seats[plan.seat])))
        if dispute.round.activeSeats.allSatisfy({ $0.state == .committed }) {
            try DisputeMachine.enter(.revealing, &dispute, in: context)
            context.emit(LicenseEvent.disputeChanged(DisputeChanged(dispute)))
        }
        DisputeMachine.store(dispute, in: context)
    }

    public func words(_ names: any NameResolver) -> [String] {
        ["Commit to your vote in the dispute \(names.identifier(dispute.description)); it is secret until revealed"]
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(dispute)
        writer.write(commitment)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 2) { (reader) throws(EncodingFailure) in
            CommitDisputeVote(dispute: try reader.value("dispute"), commitment: try reader.value("commitment"))
        }
    }
}

/// An arbiter reveals its vote. With the last one the panel has decided. `[dispute, vote, salt]`
public struct RevealDisputeVote: DomainOperation {
    public static let name = "dispute.revealVote"

    public let dispute: DisputeID
    public let vote: DisputeVote
    public let salt: Hash

    public init(dispute: DisputeID, vote: DisputeVote, salt: Hash) {
        self.dispute = dispute
        self.vote = vote
        self.salt = salt
    }

    /// The last vote may end the dispute, and move the money.
    public var weight: UInt64 { 10 + 4 * 32 + INFTsWeights.standing }

    public struct Plan {
        let dispute: DisputeRecord
        let seat: Int
    }

    public func check(in context: OperationContext) throws(Refusal) -> Plan {
        var dispute = try DisputeAct.open(self.dispute, in: .revealing, context: context)
        let index = try DisputeAct.seat(.committed, of: dispute, in: context)
        let seat = dispute.round.seats[index]
        let made = DisputeCommitments.vote(
            vote, salt: salt, by: seat.arbiter, in: dispute.id, round: dispute.rounds.count - 1)
        guard made == seat.commitment else {
            throw LicenseRejection.revealDiffers.at("vote", "vote and salt are not what was committed to")
        }
        dispute.round.seats[index].state = .revealed
        dispute.round.seats[index].vote = vote
        return Plan(dispute: dispute, seat: index)
    }

    public func apply(_ plan: Plan, in context: OperationContext) throws(Refusal) {
        var dispute = plan.dispute
        let seat = dispute.round.seats[plan.seat]
        try Arbiters.note(seat.arbiter, .revealed, in: context)
        context.emit(LicenseEvent.disputeVoteRevealed(DisputeSeatChanged(dispute, seat)))
        if dispute.round.activeSeats.allSatisfy({ $0.state == .revealed }) {
            try DisputeMachine.count(&dispute, in: context)
        }
        DisputeMachine.store(dispute, in: context)
    }

    public func words(_ names: any NameResolver) -> [String] {
        [
            "Reveal your vote in the dispute \(names.identifier(dispute.description)): \(vote.name) the claim"
        ]
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(3)
        writer.write(dispute)
        writer.write(vote)
        writer.write(salt)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 3) { (reader) throws(EncodingFailure) in
            RevealDisputeVote(
                dispute: try reader.value("dispute"), vote: try reader.value("vote"), salt: try reader.value("salt"))
        }
    }
}

/// Who lost asks another, larger panel, once, with twice the bond. `[dispute, nonceCommitment, evidence?]`
public struct AppealDispute: DomainOperation {
    public static let name = "dispute.appeal"

    public let dispute: DisputeID
    public let nonceCommitment: Hash
    public let evidence: Hash?

    public init(dispute: DisputeID, nonceCommitment: Hash, evidence: Hash? = nil) {
        self.dispute = dispute
        self.nonceCommitment = nonceCommitment
        self.evidence = evidence
    }

    public var weight: UInt64 { 10 + 4 * 16 + DisputeAct.drawWeight + INFTsWeights.standing }

    public struct Plan {
        let dispute: DisputeRecord
    }

    public func check(in context: OperationContext) throws(Refusal) -> Plan {
        var dispute = try DisputeAct.open(self.dispute, in: .appeal, context: context)
        let side = try DisputeAct.side(dispute, in: context)
        guard side == dispute.mayAppeal else {
            throw LicenseRejection.notSide.at("dispute", "only who lost may appeal")
        }
        try DisputeAct.requireNew(evidence, in: context.state)
        guard let bond = DisputeLimits.appealBond(after: dispute.round.bond) else {
            throw LicenseRejection.noPanelPossible.at("dispute", "the bond would exceed what an amount can be")
        }
        try Authority.require(context.actor, for: .treasury, in: context, field: "dispute")
        try Balances.checkSpend(bond, of: dispute.asset, from: context.actor, in: context.state)
        try DisputeDraw.requirePanel(
            round: dispute.rounds.count, of: dispute.id,
            conflicts: DisputeConflicts(
                claimant: dispute.claimant, respondent: dispute.respondent, inft: dispute.inft, in: context.state),
            seated: dispute.seated, in: context)
        dispute.rounds.append(
            DisputeRound(
                opener: side, openedAt: context.block.time, bond: bond,
                opening: DisputePleading(commitment: nonceCommitment, evidence: evidence),
                slots: try Arbiters.pool(in: context.state).slots))
        return Plan(dispute: dispute)
    }

    public func apply(_ plan: Plan, in context: OperationContext) throws(Refusal) {
        var dispute = plan.dispute
        try Reserves.put(
            dispute.round.bond, of: dispute.asset, from: context.actor, kind: .bond,
            for: dispute.bondSubject(round: dispute.rounds.count - 1), in: context)
        DisputeAct.note(evidence, of: dispute.id, in: context)
        try DisputeMachine.enter(.response, &dispute, in: context)
        DisputeMachine.store(dispute, in: context)
        context.emit(LicenseEvent.disputeAppealed(DisputeChanged(dispute)))
    }

    public func words(_ names: any NameResolver) -> [String] {
        [
            "Appeal against the verdict in the dispute \(names.identifier(dispute.description)): another panel decides "
                + "for good",
            "Set twice the first bond aside; who loses, loses it",
        ]
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(3)
        writer.write(dispute)
        writer.write(nonceCommitment)
        writer.write(evidence)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 3) { (reader) throws(EncodingFailure) in
            AppealDispute(
                dispute: try reader.value("dispute"), nonceCommitment: try reader.value("nonceCommitment"),
                evidence: try reader.optional("evidence"))
        }
    }
}

/// Does what follows from a deadline that has passed; anyone may. Due work does it within a minute or two by itself.
/// `[dispute]`
public struct AdvanceDispute: DomainOperation {
    public static let name = "dispute.advance"

    public let dispute: DisputeID

    public init(dispute: DisputeID) { self.dispute = dispute }

    public var weight: UInt64 { 10 + 4 * 48 + DisputeAct.drawWeight + INFTsWeights.standing + DisputeShow.weight }

    public struct Plan {
        let dispute: DisputeRecord
    }

    public func check(in context: OperationContext) throws(Refusal) -> Plan {
        let dispute = try Disputes.require(self.dispute, in: context.state)
        guard let deadline = dispute.deadline else {
            throw LicenseRejection.disputeStage.at("dispute", "the dispute has ended")
        }
        guard context.block.time >= deadline else {
            throw LicenseRejection.disputeStage.at(
                "dispute", "the stage \(dispute.stage.name) lasts until \(deadline.text)", retryable: true)
        }
        guard try !DisputeMachine.awaitsCompletion(dispute, in: context) else {
            throw LicenseRejection.disputeStage.at(
                "dispute", "what was begun for the panel can still be completed", retryable: true)
        }
        return Plan(dispute: dispute)
    }

    public func apply(_ plan: Plan, in context: OperationContext) throws(Refusal) {
        var dispute = plan.dispute
        try DisputeMachine.advance(&dispute, in: context)
        DisputeMachine.store(dispute, in: context)
    }

    public func words(_ names: any NameResolver) -> [String] {
        ["End the stage of the dispute \(names.identifier(dispute.description)) whose time is over"]
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(1)
        writer.write(dispute)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 1) { (reader) throws(EncodingFailure) in
            AdvanceDispute(dispute: try reader.value("dispute"))
        }
    }
}
