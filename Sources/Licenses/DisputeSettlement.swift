import Consents
import INFTs
public import Primitives
import Revenue
public import StateModel

/// What the end of a dispute means for the money and the license. Runs once, when nothing can be appealed any more.
///
/// No fee is taken for arbiters: only the claimant sets a bond aside in the first round, so a fee out of what the loser
/// forfeits would pay arbiters for dismissing.
enum DisputeSettlement {
    static func settle(
        _ dispute: inout DisputeRecord, _ result: DisputeFinding, in context: OperationContext
    ) throws(Refusal) {
        let time = context.block.time
        dispute.ending = DisputeFinding(outcome: result.outcome, cause: result.cause, at: time)
        dispute.stage = .ended
        dispute.deadline = nil
        for (index, round) in dispute.rounds.enumerated() where round.bond > .zero {
            try Reserves.release(
                round.bond, kind: .bond, for: dispute.bondSubject(round: index),
                to: dispute.party(of: bondGoes(index, round, result.outcome)), in: context)
        }
        try pay(dispute, result.outcome, in: context)
        context.emit(LicenseEvent.disputeEnded(DisputeChanged(dispute)))
    }

    /// Back to who set it aside, unless the other side won. Of an appeal that nobody decided it goes back too.
    private static func bondGoes(_ index: Int, _ round: DisputeRound, _ outcome: DisputeOutcome) -> DisputeSide {
        let isUndecided = outcome == .undecided || (index > 0 && round.finding?.outcome == .undecided)
        if isUndecided { return round.opener }
        return outcome == .upheld ? .claimant : .respondent
    }

    /// Upheld: the buyer has the price back, and the license is annulled. Otherwise the price is distributed as that of
    /// any sale: where nobody decided, the delivery that was proved stands. But who keeps the panel from seeing the content,
    /// by erasing it or by what its consents say, gains nothing by that.
    private static func pay(
        _ dispute: DisputeRecord, _ outcome: DisputeOutcome, in context: OperationContext
    ) throws(Refusal) {
        guard let id = dispute.delivery, let licenseID = dispute.license else {
            if outcome == .upheld { try DisputeVerdicts.put(dispute, in: context) }
            return
        }
        guard var delivery = try Deliveries.record(id, in: context.state), delivery.payment?.settledAt == nil,
            let license = try LicenseLedger.license(licenseID, in: context.state)
        else { throw .failed(StateFailure("what the dispute \(dispute.id) is over is missing, or paid already")) }
        let isWithheld = outcome == .undecided ? try isWithheld(dispute, in: context.state) : false
        guard outcome == .upheld || isWithheld else {
            try LicenseDelivery.distribute(&delivery, license, from: .held, in: context)
            try Deliveries.store(delivery, in: context)
            return
        }
        try LicenseDelivery.payBack(
            &delivery, license, from: .held, .annulled(at: context.block.time, dispute: dispute.id), in: context)
        try Deliveries.store(delivery, in: context)
    }

    /// Whether the panel could not see the content because of what the claimant has no hand in.
    private static func isWithheld(_ dispute: DisputeRecord, in state: any StateReader) throws(Refusal) -> Bool {
        if dispute.ending?.cause == .consentChanged { return true }
        return try INFTRegistry.version(dispute.version, of: dispute.inft, in: state)?.erasure != nil
    }
}

/// What a verdict about an INFT leaves behind: a tag, which comes down to all that derives from it.
public enum DisputeVerdicts {
    /// Where the INFT has no room for another tag the verdict stands on record alone.
    static func put(_ dispute: DisputeRecord, in context: OperationContext) throws(Refusal) {
        let kind = dispute.ground.tag
        guard try Tags.hasRoom(for: kind, on: dispute.inft, in: context.state) else { return }
        try Tags.put(kind, for: Hash(dispute.id.bytes), on: dispute.inft, in: context)
    }

    /// Whether the tag of an upheld dispute is in force.
    public static func isInForce(_ dispute: DisputeRecord, in state: any StateReader) throws(Refusal) -> Bool {
        guard dispute.delivery == nil, dispute.ending?.outcome == .upheld else { return false }
        return try Tags.isInForce(Hash(dispute.id.bytes), on: dispute.inft, in: state)
    }

    /// Takes the tag off: the claimant's act, or a vote of the validators.
    public static func lift(_ dispute: DisputeRecord, in context: OperationContext) throws(Refusal) {
        try Tags.remove(Hash(dispute.id.bytes), from: dispute.inft, in: context)
        context.emit(LicenseEvent.disputeSettled(DisputeChanged(dispute)))
    }
}

/// How the claimant shows the content key to an arbiter: by the two phases of every delivery.
enum DisputeShow {
    /// To see the content for a legal purpose.
    static func request(by arbiter: Address) -> UseRequest {
        UseRequest(actor: .account(arbiter), action: .access, purposes: [.legal])
    }

    /// Whether consent lets the arbiter see the content now without anybody's further word: as it did for any arbiter when
    /// the payment was held, so that the claimant depends on nobody for it.
    static func isAllowed(
        to arbiter: Address, under set: ConsentSetRecord?, in context: OperationContext
    ) throws(Refusal) -> Bool {
        guard let set else { return true }
        return try ConsentSets.decide(set, request(by: arbiter), at: context.block.time, in: context.state).isPermit
    }

    /// To ask for every arbiter of a panel.
    static let weight =
        ConsentWeights.set
        + UInt64(DisputeLimits.appealPanel) * (ConsentWeights.actor + ConsentWeights.decisions(1, diseases: 0))

    /// What stands behind the content that is disputed, to ask it for each arbiter.
    static func consentSet(
        behind dispute: DisputeRecord, in context: OperationContext
    ) throws(Refusal) -> ConsentSetRecord? {
        let inft = try INFTRegistry.requireKnown(dispute.inft, field: "dispute", in: context.state)
        return try inft.consentSet.map { (set) throws(Refusal) in
            try ConsentSets.require(set, field: "dispute", in: context.state)
        }
    }

    /// Ends the deliveries to arbiters that have not come to an end: with the round nobody needs to see the content.
    static func close(_ dispute: DisputeRecord, in context: OperationContext) throws(Refusal) {
        for seat in dispute.round.seats {
            guard let show = try DisputeMachine.show(of: seat, in: context.state), show.ending == nil else { continue }
            try Deliveries.store(
                Deliveries.failed(
                    show, Deliveries.failure(of: show, in: context.block) ?? .canceled, at: context.block.time),
                in: context)
        }
    }
}
