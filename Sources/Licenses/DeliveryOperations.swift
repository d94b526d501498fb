public import Consents
public import Cryptography
public import Encoding
import INFTs
import Identities
public import Primitives
public import StateModel

/// Binds one delivery of sealed content: checks terms and consent anew, fixes what the completion is checked against,
/// commits to it, and records the disclosure. From here nothing that happens to INFT, license or consent undoes it.
/// `[delivery, sealingKey, commitment, answers]`
public struct BeginDelivery: DomainOperation {
    public static let name = "license.begin"

    /// Of a purchase: the license's id, as a delivery.
    public let delivery: DeliveryID
    /// A, from which D was made: refused if the content key was sealed to another meanwhile, since that could never be
    /// completed.
    public let sealingKey: CompressedPoint
    /// Tagged hash of D and its proof, which stay unknown until this is final.
    public let commitment: Hash
    /// To what consents need to know.
    public let answers: [NeedAnswer]

    public init(
        delivery: DeliveryID, sealingKey: CompressedPoint, commitment: Hash, answers: [NeedAnswer] = []
    ) {
        self.delivery = delivery
        self.sealingKey = sealingKey
        self.commitment = commitment
        self.answers = answers
    }

    /// As of a purchase, and what the release asks and writes.
    public var weight: UInt64 {
        10 + 4 * 21 + ConsentGate.storedWeight + Admission.weight
            + Release.weight(decisions: LicenseLimits.statedDecisions, answers: answers) + Mandates.weight
            + INFTsWeights.standing
    }

    public struct Plan {
        let delivery: DeliveryRecord
        let mandate: MandateUse?
        let release: ReleasePlan?
        let until: Timestamp?
    }

    public func check(in context: OperationContext) throws(Refusal) -> Plan {
        let state = context.state
        let time = context.block.time
        let (delivery, license) = try LicenseDelivery.open(self.delivery, in: state)
        try Deliveries.requireRequested(delivery, at: time, field: "delivery")
        let ready = try LicenseDelivery.ready(delivery, license, at: time, in: state)
        let mandate = try Authority.require(
            ready.deliverer, for: .licensing, orMandate: .beginLicense, in: context, field: "delivery")
        try Deliveries.requireSealed(to: sealingKey, ready.custody, field: "sealingKey")
        var release: ReleasePlan?
        if let set = ready.consentSet {
            release = try Release.check(
                set: set, requests: ready.requests, answers: answers, subject: delivery.id.bytes,
                recipient: delivery.to, at: context.block, in: state)
        } else if !answers.isEmpty {
            throw LicenseRejection.answersUnneeded.at("answers", "no consent stands behind the INFT")
        }
        return Plan(
            delivery: Deliveries.begun(
                delivery, by: ready.deliverer, custody: ready.custody, commitment: commitment, in: context),
            mandate: mandate, release: release, until: ready.until)
    }

    public func apply(_ plan: Plan, in context: OperationContext) throws(Refusal) {
        try Deliveries.store(plan.delivery, in: context)
        if let begun = plan.delivery.begun {
            try LicenseDue.schedule(.deliveryCompletion, delivery.bytes, at: begun.completeBy, in: context.state)
        }
        try Mandates.use(plan.mandate, in: context)
        if let release = plan.release {
            let id = Release.record(release, as: .license, of: plan.delivery.inft, until: plan.until, in: context)
            context.state.set(LicenseKeys.disclosure(plan.delivery.id), id)
        }
        context.emit(LicenseEvent.deliveryBegun(DeliveryChanged(plan.delivery)))
    }

    public func words(_ names: any NameResolver) -> [String] {
        [
            "Begin the delivery \(names.identifier(delivery.description)): this binds",
            "Send the completion within the hour, once this is final",
        ]
    }

    private enum CodingKeys: String, CodingKey { case delivery, sealingKey, commitment, answers }

    /// In JSON answers may be left out.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            delivery: try container.decode(DeliveryID.self, forKey: .delivery),
            sealingKey: try container.decode(CompressedPoint.self, forKey: .sealingKey),
            commitment: try container.decode(Hash.self, forKey: .commitment),
            answers: try container.decodeIfPresent([NeedAnswer].self, forKey: .answers) ?? [])
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(4)
        writer.write(delivery)
        writer.write(sealingKey)
        writer.write(commitment)
        writer.write(answers)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 4) { (reader) throws(EncodingFailure) in
            BeginDelivery(
                delivery: try reader.value("delivery"), sealingKey: try reader.value("sealingKey"),
                commitment: try reader.value("commitment"),
                answers: try reader.list("answers", max: ConsentsLimits.answersPerRelease))
        }
    }
}

/// Publishes what `license.begin` committed to; anyone may. The license is active from here. Of the reserved lane.
/// `[delivery, sealedKey, proof]`
public struct CompleteDelivery: DomainOperation {
    public static let name = "license.complete"

    public let delivery: DeliveryID
    /// D
    public let sealedKey: SealedKey
    public let proof: DeliveryProof

    public init(delivery: DeliveryID, sealedKey: SealedKey, proof: DeliveryProof) {
        self.delivery = delivery
        self.sealedKey = sealedKey
        self.proof = proof
    }

    public var weight: UInt64 { 10 + 4 * 23 + INFTsWeights.delivery + INFTsWeights.standing }

    public struct Plan {
        let delivery: DeliveryRecord
    }

    public func check(in context: OperationContext) throws(Refusal) -> Plan {
        let (delivery, _) = try LicenseDelivery.open(self.delivery, in: context.state)
        return Plan(
            delivery: try Deliveries.completed(delivery, sealedKey, proof, field: "delivery", in: context))
    }

    public func apply(_ plan: Plan, in context: OperationContext) throws(Refusal) {
        try LicenseDelivery.complete(plan.delivery, in: context)
    }

    public func words(_ names: any NameResolver) -> [String] {
        [
            "Complete the delivery \(names.identifier(delivery.description)): its receiver can open the content, "
                + "and what was paid for it is held or distributed"
        ]
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(3)
        writer.write(delivery)
        writer.write(sealedKey)
        writer.write(proof)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 3) { (reader) throws(EncodingFailure) in
            CompleteDelivery(
                delivery: try reader.value("delivery"), sealedKey: try reader.value("sealedKey"),
                proof: try reader.value("proof"))
        }
    }
}
