public import Consents
public import Cryptography
public import Encoding
public import INFTs
import Identities
public import Primitives
public import StateModel

extension DisputeAct {
    /// The seat of the arbiter who acts, if it is in `state`.
    static func seat(
        _ state: DisputeSeatState, of dispute: DisputeRecord, in context: OperationContext
    ) throws(Refusal) -> Int {
        let arbiter = try arbiter(in: context)
        guard let index = dispute.round.seats.firstIndex(where: { $0.arbiter == arbiter }) else {
            throw LicenseRejection.notOnPanel.at("dispute", "\(arbiter) is not on the panel")
        }
        let found = dispute.round.seats[index].state
        guard found == state else {
            throw LicenseRejection.disputeStage.at("dispute", "\(arbiter) has \(found.name)")
        }
        return index
    }

    /// A delivery to an arbiter, the dispute that it belongs to, and the seat.
    static func show(
        _ id: DeliveryID, in context: OperationContext
    ) throws(Refusal) -> (show: DeliveryRecord, dispute: DisputeRecord, seat: Int) {
        let show = try Deliveries.require(id, field: "show", in: context.state)
        guard show.act == .dispute, let hash = show.dispute else {
            throw LicenseRejection.noShow.at("show", "\(id) is no delivery to an arbiter")
        }
        let dispute = try Disputes.require(DisputeID(hash.bytes), field: "show", in: context.state)
        try Deliveries.requireOpen(show, field: "show")
        guard let seat = dispute.round.seats.firstIndex(where: { $0.show == id }) else {
            throw .failed(StateFailure("the seat for which \(id) is made is missing"))
        }
        return (show, dispute, seat)
    }
}

/// An arbiter who was drawn accepts: where delivered content is disputed with a fresh sealing key and having fetched the
/// ciphertext, else without. `[dispute, delivery?]`
public struct AcceptDispute: DomainOperation {
    public static let name = "dispute.accept"

    public let dispute: DisputeID
    /// To what the content key will be shown: possession is proven for the act dispute. Null where nothing was delivered.
    public let delivery: DeliveryRequest?

    public init(dispute: DisputeID, delivery: DeliveryRequest? = nil) {
        self.dispute = dispute
        self.delivery = delivery
    }

    public var weight: UInt64 { 10 + 4 * 18 + INFTsWeights.keyProof + CredentialWeights.holds }

    public struct Plan {
        let dispute: DisputeRecord
        let seat: Int
        let show: DeliveryRecord?
    }

    public func check(in context: OperationContext) throws(Refusal) -> Plan {
        var dispute = try DisputeAct.open(self.dispute, in: .acceptance, context: context)
        let seat = try DisputeAct.seat(.drawn, of: dispute, in: context)
        let arbiter = context.actor
        let time = context.block.time
        guard try Arbiters.isCredentialed(dispute.round.seats[seat].arbiter, at: time, in: context.state) else {
            throw LicenseRejection.notArbiter.at("", "\(arbiter) no longer holds a credential of an arbiter in force")
        }
        guard dispute.delivery != nil else {
            guard delivery == nil else {
                throw LicenseRejection.deliveryUnneeded.at("delivery", "no key is shown in this dispute; leave it out")
            }
            // Documents and the ledger are all there is to see.
            dispute.round.seats[seat].state = .shown
            return Plan(dispute: dispute, seat: seat, show: nil)
        }
        guard let delivery else {
            throw LicenseRejection.deliveryNeeded.at(
                "delivery", "the content key will be shown to the panel",
                hint: "Fetch the ciphertext, make a fresh sealing key, and carry key, possession and root.")
        }
        let version = try LicenseDelivery.version(dispute.version, of: dispute.inft, in: context.state)
        try Deliveries.check(
            delivery, act: .dispute, inft: dispute.inft, version: version, by: arbiter, field: "delivery", in: context)
        let show = DeliveryRecord(
            id: context.madeIdentifier(), act: .dispute, inft: dispute.inft, version: dispute.version, license: nil,
            from: dispute.claimant, to: arbiter, sealingKey: delivery.sealingKey, requestedAt: time,
            beginBy: dispute.latestShow(on: context.block.networkKind), dispute: Hash(dispute.id.bytes))
        dispute.round.seats[seat].state = .accepted
        dispute.round.seats[seat].show = show.id
        return Plan(dispute: dispute, seat: seat, show: show)
    }

    public func apply(_ plan: Plan, in context: OperationContext) throws(Refusal) {
        var dispute = plan.dispute
        if let show = plan.show { Deliveries.open(show, in: context) }
        context.emit(LicenseEvent.disputeAccepted(DisputeSeatChanged(dispute, dispute.round.seats[plan.seat])))
        try DisputeMachine.panelChanged(&dispute, in: context)
        DisputeMachine.store(dispute, in: context)
    }

    public func words(_ names: any NameResolver) -> [String] {
        [
            "Judge the dispute \(names.identifier(dispute.description)): you have no part in it"
        ]
            + (delivery.map {
                [
                    "You have fetched the ciphertext with the root \($0.fetchedRoot)",
                    "See the content for this alone, and destroy the sealing key afterwards",
                ]
            } ?? [])
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(dispute)
        writer.write(delivery)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 2) { (reader) throws(EncodingFailure) in
            AcceptDispute(dispute: try reader.value("dispute"), delivery: try reader.optional("delivery"))
        }
    }
}

/// An arbiter who was drawn makes room for another, which is no absence. `[dispute]`
public struct DeclineDispute: DomainOperation {
    public static let name = "dispute.decline"

    public let dispute: DisputeID

    public init(dispute: DisputeID) { self.dispute = dispute }

    /// Where nobody else is found the dispute ends, and the money moves.
    public var weight: UInt64 { 10 + 4 * 48 + DisputeAct.drawWeight + INFTsWeights.standing }

    public struct Plan {
        let dispute: DisputeRecord
        let seat: Int
    }

    public func check(in context: OperationContext) throws(Refusal) -> Plan {
        var dispute = try DisputeAct.open(self.dispute, in: .acceptance, context: context)
        let seat = try DisputeAct.seat(.drawn, of: dispute, in: context)
        dispute.round.seats[seat].state = .declined
        return Plan(dispute: dispute, seat: seat)
    }

    public func apply(_ plan: Plan, in context: OperationContext) throws(Refusal) {
        var dispute = plan.dispute
        context.emit(LicenseEvent.disputeDeclined(DisputeSeatChanged(dispute, dispute.round.seats[plan.seat])))
        try DisputeMachine.fill(&dispute, in: context)
        DisputeMachine.store(dispute, in: context)
    }

    public func words(_ names: any NameResolver) -> [String] {
        ["Make room for another arbiter in the dispute \(names.identifier(dispute.description))"]
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(1)
        writer.write(dispute)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 1) { (reader) throws(EncodingFailure) in
            DeclineDispute(dispute: try reader.value("dispute"))
        }
    }
}

/// The claimant binds the delivery of the content key to one arbiter, which is recorded as a disclosure where a consent
/// stands behind the INFT. `[show, sealingKey, commitment, answers]`
public struct BeginShow: DomainOperation {
    public static let name = "dispute.beginShow"

    public let show: DeliveryID
    /// To which the claimant's content key was delivered: from it D was made.
    public let sealingKey: CompressedPoint
    /// Tagged hash of D and its proof.
    public let commitment: Hash
    /// To what consents need to know.
    public let answers: [NeedAnswer]

    public init(show: DeliveryID, sealingKey: CompressedPoint, commitment: Hash, answers: [NeedAnswer] = []) {
        self.show = show
        self.sealingKey = sealingKey
        self.commitment = commitment
        self.answers = answers
    }

    public var weight: UInt64 { 10 + 4 * 16 + Release.weight(answers: answers) }

    public struct Plan {
        let show: DeliveryRecord
        let dispute: DisputeRecord
        let seat: DisputeSeat
        let release: ReleasePlan?
    }

    public func check(in context: OperationContext) throws(Refusal) -> Plan {
        let state = context.state
        let (show, dispute, index) = try DisputeAct.show(self.show, in: context)
        _ = try DisputeAct.open(dispute.id, in: .acceptance, .showing, context: context)
        try Authority.require(dispute.claimant, for: .licensing, in: context, field: "show")
        try Deliveries.requireRequested(show, at: context.block.time, field: "show")
        guard let id = dispute.delivery, let custody = try Deliveries.record(id, in: state)?.custody else {
            throw .failed(StateFailure("the delivery that the dispute \(dispute.id) is over is missing"))
        }
        try Deliveries.requireSealed(to: sealingKey, custody, field: "sealingKey")
        let seat = dispute.round.seats[index]
        let inft = try INFTRegistry.requireKnown(dispute.inft, field: "show", in: state)
        var release: ReleasePlan?
        if let set = inft.consentSet {
            release = try Release.check(
                set: set, requests: [DisputeShow.request(by: seat.arbiter)], answers: answers,
                subject: show.id.bytes, recipient: show.to, at: context.block, in: state)
        } else if !answers.isEmpty {
            throw LicenseRejection.answersUnneeded.at("answers", "no consent stands behind the INFT")
        }
        return Plan(
            show: Deliveries.begun(
                show, by: dispute.claimant, custody: custody, commitment: commitment, in: context),
            dispute: dispute, seat: seat, release: release)
    }

    public func apply(_ plan: Plan, in context: OperationContext) throws(Refusal) {
        try Deliveries.store(plan.show, in: context)
        if let release = plan.release {
            Release.record(release, as: .dispute, of: plan.show.inft, in: context)
        }
        context.emit(LicenseEvent.disputeShowBegun(DisputeSeatChanged(plan.dispute, plan.seat)))
    }

    public func words(_ names: any NameResolver) -> [String] {
        [
            "Begin to show the content key to an arbiter, by the delivery \(names.identifier(show.description)): this "
                + "binds"
        ]
    }

    private enum CodingKeys: String, CodingKey { case show, sealingKey, commitment, answers }

    /// In JSON answers may be left out.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            show: try container.decode(DeliveryID.self, forKey: .show),
            sealingKey: try container.decode(CompressedPoint.self, forKey: .sealingKey),
            commitment: try container.decode(Hash.self, forKey: .commitment),
            answers: try container.decodeIfPresent([NeedAnswer].self, forKey: .answers) ?? [])
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(4)
        writer.write(show)
        writer.write(sealingKey)
        writer.write(commitment)
        writer.write(answers)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 4) { (reader) throws(EncodingFailure) in
            BeginShow(
                show: try reader.value("show"), sealingKey: try reader.value("sealingKey"),
                commitment: try reader.value("commitment"),
                answers: try reader.list("answers", max: ConsentsLimits.answersPerRelease))
        }
    }
}

/// Publishes what `dispute.beginShow` committed to; anyone may. The key stays secret: what is published opens with the
/// arbiter's sealing key alone. Of the reserved lane. `[show, sealedKey, proof]`
public struct CompleteShow: DomainOperation {
    public static let name = "dispute.completeShow"

    public let show: DeliveryID
    /// D
    public let sealedKey: SealedKey
    public let proof: DeliveryProof

    public init(show: DeliveryID, sealedKey: SealedKey, proof: DeliveryProof) {
        self.show = show
        self.sealedKey = sealedKey
        self.proof = proof
    }

    public var weight: UInt64 { 10 + 4 * 14 + INFTsWeights.delivery }

    public struct Plan {
        let show: DeliveryRecord
        let dispute: DisputeRecord
        let seat: Int
    }

    public func check(in context: OperationContext) throws(Refusal) -> Plan {
        let (show, dispute, seat) = try DisputeAct.show(self.show, in: context)
        return Plan(
            show: try Deliveries.completed(show, sealedKey, proof, field: "show", in: context), dispute: dispute,
            seat: seat)
    }

    public func apply(_ plan: Plan, in context: OperationContext) throws(Refusal) {
        var dispute = plan.dispute
        try Deliveries.store(plan.show, in: context)
        dispute.round.seats[plan.seat].state = .shown
        context.emit(LicenseEvent.disputeShown(DisputeSeatChanged(dispute, dispute.round.seats[plan.seat])))
        try DisputeMachine.panelChanged(&dispute, in: context)
        DisputeMachine.store(dispute, in: context)
    }

    public func words(_ names: any NameResolver) -> [String] {
        ["Complete the delivery \(names.identifier(show.description)): the arbiter can open the content"]
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(3)
        writer.write(show)
        writer.write(sealedKey)
        writer.write(proof)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 3) { (reader) throws(EncodingFailure) in
            CompleteShow(
                show: try reader.value("show"), sealedKey: try reader.value("sealedKey"),
                proof: try reader.value("proof"))
        }
    }
}
