import Consents
public import Encoding
import INFTs
import Identities
public import Primitives
import Revenue
public import StateModel

/// What acts in a dispute have in common.
enum DisputeAct {
    /// The sender, who acts for nobody else: an arbiter is a person or a service, never an organization.
    static func arbiter(in context: OperationContext) throws(Refusal) -> Address {
        guard case .account(let arbiter) = context.actor else {
            throw LicenseRejection.notArbiter.at("", "an arbiter acts as an account, not for an organization")
        }
        try Authority.require(context.actor, for: .licensing, in: context, field: "")
        return arbiter
    }

    /// The dispute, if it is in `stage` and the stage's time is not over.
    static func open(
        _ id: DisputeID, in stages: DisputeStage..., context: OperationContext
    ) throws(Refusal) -> DisputeRecord {
        let dispute = try Disputes.require(id, in: context.state)
        guard stages.contains(dispute.stage), let deadline = dispute.deadline else {
            throw LicenseRejection.disputeStage.at(
                "dispute",
                dispute.stage == .ended
                    ? "the dispute has ended" : "the dispute waits for something else: \(dispute.stage.name)")
        }
        guard context.block.time < deadline else {
            throw LicenseRejection.disputeLate.at(
                "dispute", "this had to be done before \(deadline.text)", hint: "dispute.advance ends the stage.")
        }
        return dispute
    }

    /// The side that acts, with its signatures.
    static func side(_ dispute: DisputeRecord, in context: OperationContext) throws(Refusal) -> DisputeSide {
        guard let side = dispute.side(of: context.actor) else {
            throw LicenseRejection.notSide.at(
                "dispute", "\(context.actor) is neither the claimant nor the respondent")
        }
        try Authority.require(context.actor, for: .licensing, in: context, field: "dispute")
        return side
    }

    static func requireNew(_ evidence: Hash?, in state: any StateReader) throws(Refusal) {
        guard let evidence, let other = try state.record(LicenseKeys.evidence(evidence)) else { return }
        throw LicenseRejection.evidenceUsed.at(
            "evidence", "the dispute \(other) names this commitment already",
            hint: "Commit to the documents with a fresh salt.")
    }

    static func note(_ evidence: Hash?, of dispute: DisputeID, in context: OperationContext) {
        if let evidence { context.state.set(LicenseKeys.evidence(evidence), dispute) }
    }

    /// Draws, asks those who are drawn for their credentials, and looks up who may not judge.
    static let drawWeight =
        UInt64(DisputeLimits.drawTries) * (4 + CredentialWeights.holds)
        + 4 * UInt64(DisputeLimits.conflictOrganizations + 8)
}

/// The licensee of content that was delivered, and whose payment is held, says that it is bad. A bond is set aside, and
/// the payment stays held until the dispute has ended. `[license, ground, evidence, nonceCommitment]`
public struct RaiseDispute: DomainOperation {
    public static let name = "dispute.raise"

    public let license: LicenseID
    public let ground: DisputeGround
    /// Salted commitment to the documents that state what is wrong; never used before.
    public let evidence: Hash
    /// ``DisputeCommitments/nonce(_:of:network:)`` of the claimant.
    public let nonceCommitment: Hash

    public init(license: LicenseID, ground: DisputeGround, evidence: Hash, nonceCommitment: Hash) {
        self.license = license
        self.ground = ground
        self.evidence = evidence
        self.nonceCommitment = nonceCommitment
    }

    public var weight: UInt64 { 10 + 4 * 24 + DisputeAct.drawWeight }

    public struct Plan {
        let dispute: DisputeRecord
        let delivery: DeliveryRecord
    }

    public func check(in context: OperationContext) throws(Refusal) -> Plan {
        let state = context.state
        let time = context.block.time
        guard ground == .content else {
            throw LicenseRejection.groundNotAdmitted.at(
                "ground", "a delivery is disputed for its content",
                hint: "Claim anything else of the INFT: dispute.claim.")
        }
        let license = try LicenseAct.held(self.license, in: context)
        let claimant = context.actor
        let (delivery, payment, _) = try Self.disputed(license, by: claimant, at: time, in: state)
        try DisputeAct.requireNew(evidence, in: state)
        let bond = DisputeLimits.bond(of: payment.amount)
        try Authority.require(claimant, for: .treasury, in: context, field: "license")
        try Balances.checkSpend(bond, of: payment.asset, from: claimant, in: state)
        let id: DisputeID = context.madeIdentifier()
        try DisputeDraw.requirePanel(
            round: 0, of: id,
            conflicts: DisputeConflicts(
                claimant: claimant, respondent: delivery.from, inft: license.inft, in: state), seated: [],
            in: context)
        let round = DisputeRound(
            opener: .claimant, openedAt: time, bond: bond,
            opening: DisputePleading(commitment: nonceCommitment, evidence: evidence),
            slots: try Arbiters.pool(in: state).slots)
        let dispute = DisputeRecord(
            id: id, ground: ground, inft: license.inft, version: delivery.version, license: license.id,
            delivery: delivery.id, claimant: claimant, respondent: delivery.from, asset: payment.asset,
            amount: payment.amount, raisedAt: time, stage: .response, deadline: nil, rounds: [round])
        return Plan(dispute: dispute, delivery: delivery)
    }

    /// The delivery of the purchase, if its payment is held and nobody disputes it yet, and until when somebody may.
    static func disputed(
        _ license: LicenseRecord, by claimant: Party, at time: Timestamp, in state: any StateReader
    ) throws(Refusal) -> (delivery: DeliveryRecord, payment: DeliveryPayment, until: Timestamp) {
        // A licensor can't escape by revoking; a licensee who used the license up, or gave it up, took the content.
        // While it is in force its sublicensees can't be cut off by it; once it has ended, nothing of theirs is left.
        switch license.ownState(at: time) {
        case .active: try LicenseAct.requireNoSublicenses(license)
        case .expired, .revoked: break
        case let own:
            throw LicenseRejection.licenseNotInForce.at("license", "the license is \(own?.name ?? "not yet bought")")
        }
        try LicenseAct.requireNoDelivery(license)
        try LicenseTrials.requireOver(
            license, at: time,
            hint: "Give it back with license.surrender: the whole price comes back, without a dispute.")
        guard let delivery = try Deliveries.record(DeliveryID(license.id.bytes), in: state),
            let payment = delivery.payment
        else {
            throw LicenseRejection.notDisputable.at(
                "license", "nothing was paid for the delivery of sealed content under it")
        }
        guard payment.windowMilliseconds > 0, let delivered = delivery.ending?.at else {
            throw LicenseRejection.notDisputable.at(
                "license",
                "its payment was not held: the offer has no dispute window, or the consent behind the INFT lets no "
                    + "arbiter see the content", hint: "license_quote says so before a purchase.")
        }
        if let dispute = delivery.dispute {
            throw LicenseRejection.disputedAlready.at("license", "the dispute \(DisputeID(dispute.bytes)) is over it")
        }
        let disputableUntil = delivered.adding(milliseconds: payment.windowMilliseconds)
        guard time < disputableUntil, payment.settledAt == nil else {
            throw LicenseRejection.disputeWindowOver.at("license", "it could be disputed until \(disputableUntil.text)")
        }
        guard delivery.to == claimant else {
            throw LicenseRejection.notDisputable.at("license", "\(delivery.to) bought it and handed it on")
        }
        return (delivery, payment, disputableUntil)
    }

    public func apply(_ plan: Plan, in context: OperationContext) throws(Refusal) {
        var dispute = plan.dispute
        var delivery = plan.delivery
        try Reserves.put(
            dispute.round.bond, of: dispute.asset, from: dispute.claimant, kind: .bond,
            for: dispute.bondSubject(round: 0), in: context)
        delivery.dispute = Hash(dispute.id.bytes)
        try Deliveries.store(delivery, in: context)
        DisputeAct.note(evidence, of: dispute.id, in: context)
        try DisputeMachine.enter(.response, &dispute, in: context)
        DisputeMachine.store(dispute, in: context)
        context.emit(LicenseEvent.disputeRaised(DisputeChanged(dispute)))
    }

    public func words(_ names: any NameResolver) -> [String] {
        [
            "Dispute the license \(names.identifier(license.description)): \(ground.name)",
            "Set a bond aside: a tenth of what is held, and at least "
                + names.amount(DisputeLimits.leastBond, behind: license.bytes, "its asset") + "; who loses, loses it",
            "Show the content key to the arbiters once they are drawn, or lose",
            "Evidence: the documents with the commitment \(evidence)",
        ]
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(4)
        writer.write(license)
        writer.write(ground)
        writer.write(evidence)
        writer.write(nonceCommitment)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 4) { (reader) throws(EncodingFailure) in
            RaiseDispute(
                license: try reader.value("license"), ground: try reader.value("ground"),
                evidence: try reader.value("evidence"), nonceCommitment: try reader.value("nonceCommitment"))
        }
    }
}

/// The side against whom a round was opened answers. `[dispute, nonceCommitment, evidence?]`
public struct RespondDispute: DomainOperation {
    public static let name = "dispute.respond"

    public let dispute: DisputeID
    /// ``DisputeCommitments/nonce(_:of:network:)`` of who answers.
    public let nonceCommitment: Hash
    public let evidence: Hash?

    public init(dispute: DisputeID, nonceCommitment: Hash, evidence: Hash? = nil) {
        self.dispute = dispute
        self.nonceCommitment = nonceCommitment
        self.evidence = evidence
    }

    public var weight: UInt64 { 10 + 4 * 10 }

    public struct Plan {
        let dispute: DisputeRecord
    }

    public func check(in context: OperationContext) throws(Refusal) -> Plan {
        var dispute = try DisputeAct.open(self.dispute, in: .response, context: context)
        guard try DisputeAct.side(dispute, in: context) != dispute.round.opener else {
            throw LicenseRejection.notSide.at("dispute", "the other side is to answer")
        }
        try DisputeAct.requireNew(evidence, in: context.state)
        dispute.round.answer = DisputePleading(commitment: nonceCommitment, evidence: evidence)
        return Plan(dispute: dispute)
    }

    public func apply(_ plan: Plan, in context: OperationContext) throws(Refusal) {
        var dispute = plan.dispute
        DisputeAct.note(evidence, of: dispute.id, in: context)
        try DisputeMachine.enter(.nonces, &dispute, in: context)
        DisputeMachine.store(dispute, in: context)
        context.emit(LicenseEvent.disputeAnswered(DisputeChanged(dispute)))
    }

    public func words(_ names: any NameResolver) -> [String] {
        ["Answer the dispute \(names.identifier(dispute.description)), or lose it"]
            + (evidence.map { ["Evidence: the documents with the commitment \($0)"] } ?? [])
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(3)
        writer.write(dispute)
        writer.write(nonceCommitment)
        writer.write(evidence)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 3) { (reader) throws(EncodingFailure) in
            RespondDispute(
                dispute: try reader.value("dispute"), nonceCommitment: try reader.value("nonceCommitment"),
                evidence: try reader.optional("evidence"))
        }
    }
}

/// A side reveals its nonce. With the second the panel is drawn. `[dispute, nonce]`
public struct RevealDisputeNonce: DomainOperation {
    public static let name = "dispute.revealNonce"

    public let dispute: DisputeID
    /// The 32 bytes that were committed to.
    public let nonce: Hash

    public init(dispute: DisputeID, nonce: Hash) {
        self.dispute = dispute
        self.nonce = nonce
    }

    /// Where no panel is found the dispute ends, and the money moves.
    public var weight: UInt64 { 10 + 4 * 48 + DisputeAct.drawWeight + INFTsWeights.standing }

    public struct Plan {
        let dispute: DisputeRecord
    }

    public func check(in context: OperationContext) throws(Refusal) -> Plan {
        var dispute = try DisputeAct.open(self.dispute, in: .nonces, context: context)
        let side = try DisputeAct.side(dispute, in: context)
        guard var pleading = dispute.round.pleading(of: side), pleading.nonce == nil else {
            throw LicenseRejection.revealedAlready.at("nonce", "the nonce is revealed; the other side's is missing")
        }
        let made = DisputeCommitments.nonce(nonce, of: context.actor, network: context.block.network)
        guard made == pleading.commitment else {
            throw LicenseRejection.revealDiffers.at("nonce", "it is not the nonce that was committed to")
        }
        pleading.nonce = nonce
        if side == dispute.round.opener { dispute.round.opening = pleading } else { dispute.round.answer = pleading }
        return Plan(dispute: dispute)
    }

    public func apply(_ plan: Plan, in context: OperationContext) throws(Refusal) {
        var dispute = plan.dispute
        context.emit(LicenseEvent.disputeNonceRevealed(DisputeChanged(dispute)))
        if dispute.round.opening.nonce != nil, dispute.round.answer?.nonce != nil {
            try DisputeMachine.fill(&dispute, in: context)
        }
        DisputeMachine.store(dispute, in: context)
    }

    public func words(_ names: any NameResolver) -> [String] {
        ["Reveal your nonce in the dispute \(names.identifier(dispute.description)): of both nonces a panel is drawn"]
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(dispute)
        writer.write(nonce)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 2) { (reader) throws(EncodingFailure) in
            RevealDisputeNonce(dispute: try reader.value("dispute"), nonce: try reader.value("nonce"))
        }
    }
}
