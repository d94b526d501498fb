import Consents
import INFTs
public import Primitives
public import StateModel

/// What other rooms and queries read of disputes.
public enum Disputes {
    public static func record(_ id: DisputeID, in state: any StateReader) throws(Refusal) -> DisputeRecord? {
        try state.record(LicenseKeys.dispute(id))
    }

    public static func require(
        _ id: DisputeID, field: String = "dispute", in state: any StateReader
    ) throws(Refusal) -> DisputeRecord {
        guard let record = try record(id, in: state) else {
            throw LicenseRejection.unknownDispute.at(field, "there is no dispute \(id)")
        }
        return record
    }

    /// The dispute over what was delivered for a license, open or ended; nil if there never was one.
    public static func dispute(
        over license: LicenseRecord, in state: any StateReader
    ) throws(Refusal) -> DisputeRecord? {
        // Open content is not delivered, and nothing is held for it.
        guard license.delivery != nil,
            let id = try Deliveries.record(DeliveryID(license.id.bytes), in: state)?.dispute
        else { return nil }
        guard let record = try record(DisputeID(id.bytes), in: state) else {
            throw .failed(StateFailure("the dispute over the license \(license.id) is missing"))
        }
        return record
    }
}

/// What somebody is to do in a dispute.
public struct DisputeDuty: Codable, Hashable, Sendable {
    public let party: Party
    /// The operation that does it.
    public let act: String
    /// When it is too late.
    public let deadline: Timestamp
}

extension DisputeRecord {
    /// For whom the dispute waits. Who lost may appeal, and need not.
    public var duties: [DisputeDuty] {
        guard let deadline else { return [] }
        func duty(_ party: Party, _ act: String) -> DisputeDuty {
            DisputeDuty(party: party, act: act, deadline: deadline)
        }
        func seats(_ state: DisputeSeatState, _ act: String) -> [DisputeDuty] {
            round.seats.filter { $0.state == state }.map { duty(.account($0.arbiter), act) }
        }
        let showing =
            round.seats.contains { $0.state == .accepted } ? [duty(claimant, BeginShow.name)] : []
        switch stage {
        case .response: return [duty(party(of: round.opener.other), RespondDispute.name)]
        case .nonces:
            return [DisputeSide.claimant, .respondent].filter { round.pleading(of: $0)?.nonce == nil }
                .map { duty(party(of: $0), RevealDisputeNonce.name) }
        case .acceptance: return seats(.drawn, AcceptDispute.name) + showing
        case .showing: return showing
        case .voting: return seats(.shown, CommitDisputeVote.name)
        case .revealing: return seats(.committed, RevealDisputeVote.name)
        case .appeal: return [duty(party(of: mayAppeal), AppealDispute.name)]
        case .ended: return []
        }
    }

    /// Who lost the first round. Where nobody decided the payment would be distributed, so that is the claimant.
    var mayAppeal: DisputeSide { round.finding?.outcome == .upheld ? .respondent : .claimant }

    /// What the rounds come to: the appeal decides, unless nobody decided it.
    var result: DisputeFinding? {
        guard let last = rounds.last?.finding else { return nil }
        if last.outcome == .undecided, rounds.count > 1, let first = rounds.first?.finding { return first }
        return last
    }
}

/// The steps of a dispute. Each changes the record that it is given; ``store(_:in:)`` writes it.
enum DisputeMachine {
    static func store(_ dispute: DisputeRecord, in context: OperationContext) {
        context.state.set(LicenseKeys.dispute(dispute.id), dispute)
    }

    static func enter(
        _ stage: DisputeStage, _ dispute: inout DisputeRecord, in context: OperationContext
    ) throws(Refusal) {
        let deadline = context.block.time.adding(
            milliseconds: DisputeLimits.milliseconds(of: stage, on: context.block.networkKind))
        dispute.stage = stage
        dispute.deadline = deadline
        try LicenseDue.schedule(.dispute, dispute.id.bytes, at: deadline, in: context.state)
    }

    // MARK: The panel

    /// Fills the seats that are empty; a round whose seats are used up, or for which nobody is found, ends undecided.
    static func fill(_ dispute: inout DisputeRecord, in context: OperationContext) throws(Refusal) {
        let index = dispute.rounds.count - 1
        let panel = DisputeLimits.panel(round: index)
        let missing = panel - dispute.round.activeSeats.count
        guard missing > 0 else {
            try panelChanged(&dispute, in: context)
            return
        }
        guard dispute.round.seats.count + missing <= panel * DisputeLimits.fillings else {
            try conclude(&dispute, .undecided, .noPanel, in: context)
            return
        }
        guard let one = dispute.round.pleading(of: .claimant)?.nonce,
            let other = dispute.round.pleading(of: .respondent)?.nonce
        else { preconditionFailure("a panel is drawn of two nonces") }
        let conflicts = try DisputeConflicts(
            claimant: dispute.claimant, respondent: dispute.respondent, inft: dispute.inft, in: context.state)
        let time = context.block.time
        let found = try DisputeDraw.draw(
            missing, seed: DisputeCommitments.seed(of: dispute.id, round: index, claimant: one, respondent: other),
            slots: dispute.round.slots, enrolledBefore: dispute.round.openedAt, draws: &dispute.round.draws,
            conflicts: conflicts, seated: dispute.seated, at: time, in: context.state)
        guard found.count == missing else {
            try conclude(&dispute, .undecided, .noPanel, in: context)
            return
        }
        for arbiter in found {
            dispute.round.seats.append(DisputeSeat(arbiter: arbiter, drawnAt: time))
            try Arbiters.note(arbiter, .drawn, in: context)
        }
        try enter(.acceptance, &dispute, in: context)
        try setShowDeadlines(dispute, until: dispute.latestShow(on: context.block.networkKind), in: context)
        context.emit(LicenseEvent.disputeDrawn(DisputeChanged(dispute)))
    }

    /// After somebody accepted, or was shown the key: goes on once all have.
    static func panelChanged(_ dispute: inout DisputeRecord, in context: OperationContext) throws(Refusal) {
        let states = dispute.round.activeSeats.map(\.state)
        guard states.count == DisputeLimits.panel(round: dispute.rounds.count - 1), !states.contains(.drawn) else {
            return
        }
        if states.contains(.accepted) {
            guard dispute.stage != .showing else { return }
            try enter(.showing, &dispute, in: context)
            if let deadline = dispute.deadline { try setShowDeadlines(dispute, until: deadline, in: context) }
        } else {
            try enter(.voting, &dispute, in: context)
        }
        context.emit(LicenseEvent.disputeChanged(DisputeChanged(dispute)))
    }

    /// When the deliveries to arbiters can be begun at the latest: until `showing` ends, or could end.
    private static func setShowDeadlines(
        _ dispute: DisputeRecord, until deadline: Timestamp, in context: OperationContext
    ) throws(Refusal) {
        for seat in dispute.round.seats where seat.state == .accepted {
            guard let show = try show(of: seat, in: context.state), show.begun == nil else { continue }
            try Deliveries.store(show.waiting(until: deadline), in: context)
        }
    }

    static func show(of seat: DisputeSeat, in state: any StateReader) throws(Refusal) -> DeliveryRecord? {
        guard let id = seat.show else { return nil }
        return try Deliveries.require(id, field: "show", in: state)
    }

    // MARK: Time

    /// What follows from a deadline that has passed; nothing before.
    static func advance(_ dispute: inout DisputeRecord, in context: OperationContext) throws(Refusal) {
        guard let deadline = dispute.deadline, context.block.time >= deadline else { return }
        let round = dispute.round
        switch dispute.stage {
        case .response: try conclude(&dispute, wonBy: round.opener, .notAnswered, in: context)
        case .nonces:
            let isOpenersMissing = round.opening.nonce == nil
            if isOpenersMissing, round.answer?.nonce == nil {
                try conclude(&dispute, .undecided, .nonceWithheld, in: context)
            } else {
                let winner = isOpenersMissing ? round.opener.other : round.opener
                try conclude(&dispute, wonBy: winner, .nonceWithheld, in: context)
            }
        case .acceptance:
            try setAbsent(.drawn, &dispute, in: context)
            try fill(&dispute, in: context)
        case .showing: try endShowing(&dispute, in: context)
        case .voting:
            try setAbsent(.shown, &dispute, in: context)
            if round.seats.count(where: { $0.state == .committed })
                >= DisputeLimits.quorum(round: dispute.rounds.count - 1)
            {
                try enter(.revealing, &dispute, in: context)
                context.emit(LicenseEvent.disputeChanged(DisputeChanged(dispute)))
            } else {
                try conclude(&dispute, .undecided, .noMajority, in: context)
            }
        case .revealing:
            try setAbsent(.committed, &dispute, in: context)
            try count(&dispute, in: context)
        case .appeal:
            guard let result = dispute.result else { preconditionFailure("what can be appealed was decided") }
            try DisputeSettlement.settle(&dispute, result, in: context)
        case .ended: return
        }
    }

    /// Whether every delivery to the panel that is missing is begun and can be completed still: the stage goes on until
    /// the hour and the hundred blocks are over.
    static func awaitsCompletion(_ dispute: DisputeRecord, in context: OperationContext) throws(Refusal) -> Bool {
        guard dispute.stage == .showing else { return false }
        for seat in dispute.round.seats where seat.state == .accepted {
            guard let begun = try show(of: seat, in: context.state)?.begun,
                !begun.isLate(at: context.block.time, height: context.block.height)
            else { return false }
        }
        return true
    }

    private static func setAbsent(
        _ state: DisputeSeatState, _ dispute: inout DisputeRecord, in context: OperationContext
    ) throws(Refusal) {
        for index in dispute.round.seats.indices where dispute.round.seats[index].state == state {
            dispute.round.seats[index].state = .absent
            let seat = dispute.round.seats[index]
            try Arbiters.note(seat.arbiter, .absent, in: context)
            context.emit(LicenseEvent.disputeAbsent(DisputeSeatChanged(dispute, seat)))
        }
    }

    /// Who did not show the key loses, unless consent stands in the way, or all that is missing can still be completed.
    private static func endShowing(_ dispute: inout DisputeRecord, in context: OperationContext) throws(Refusal) {
        guard try !awaitsCompletion(dispute, in: context) else { return }
        let set = try DisputeShow.consentSet(behind: dispute, in: context)
        for seat in dispute.round.seats where seat.state == .accepted {
            guard try show(of: seat, in: context.state)?.begun == nil,
                try !DisputeShow.isAllowed(to: seat.arbiter, under: set, in: context)
            else { continue }
            try conclude(&dispute, .undecided, .consentChanged, in: context)
            return
        }
        try conclude(&dispute, wonBy: .respondent, .notShown, in: context)
    }

    // MARK: The verdict

    /// Counts the votes that were revealed.
    static func count(_ dispute: inout DisputeRecord, in context: OperationContext) throws(Refusal) {
        let votes = dispute.round.seats.compactMap(\.vote)
        let upholding = votes.count { $0 == .uphold }
        let dismissing = votes.count - upholding
        guard votes.count >= DisputeLimits.quorum(round: dispute.rounds.count - 1), upholding != dismissing else {
            try conclude(&dispute, .undecided, .noMajority, in: context)
            return
        }
        try conclude(&dispute, upholding > dismissing ? .upheld : .dismissed, .majority, in: context)
    }

    private static func conclude(
        _ dispute: inout DisputeRecord, wonBy side: DisputeSide, _ cause: DisputeCause, in context: OperationContext
    ) throws(Refusal) {
        try conclude(&dispute, side == .claimant ? .upheld : .dismissed, cause, in: context)
    }

    /// Ends a round. What a panel decided in the first, or could not decide, can be appealed, and so can what nobody
    /// answered: whoever overlooked a dispute is heard once. Everything else is final.
    private static func conclude(
        _ dispute: inout DisputeRecord, _ outcome: DisputeOutcome, _ cause: DisputeCause,
        in context: OperationContext
    ) throws(Refusal) {
        dispute.round.finding = DisputeFinding(outcome: outcome, cause: cause, at: context.block.time)
        try DisputeShow.close(dispute, in: context)
        context.emit(LicenseEvent.disputeDecided(DisputeChanged(dispute)))
        let isAppealable = cause == .majority || cause == .noMajority || cause == .notAnswered
        if dispute.rounds.count < DisputeLimits.rounds, isAppealable {
            try enter(.appeal, &dispute, in: context)
        } else if let result = dispute.result {
            try DisputeSettlement.settle(&dispute, result, in: context)
        }
    }
}

extension DisputeRecord {
    /// Everyone who was drawn for any panel of it.
    var seated: [Address] { rounds.flatMap { $0.seats.map(\.arbiter) } }
}

extension DisputeRecord {
    /// While arbiters accept: when the time for showing would end at the latest.
    func latestShow(on kind: NetworkKind) -> Timestamp {
        (deadline ?? raisedAt).adding(milliseconds: DisputeLimits.milliseconds(of: .showing, on: kind))
    }
}

extension DeliveryRecord {
    /// The same, to be begun before `deadline`.
    func waiting(until deadline: Timestamp) -> DeliveryRecord {
        DeliveryRecord(
            id: id, act: act, inft: inft, version: version, license: license, from: from, to: to,
            sealingKey: sealingKey, requestedAt: requestedAt, beginBy: deadline, payment: payment, begun: begun,
            ending: ending, dispute: dispute)
    }
}
