public import Consents
public import Cryptography
public import Encoding
internal import Identities
public import Primitives
public import StateModel

/// `inft.beginTransfer`: the owner commits to the delivery; from here it can't be undone.
/// `[transfer, sealingKey, commitment, answers]`
public struct TransferBegin: DomainOperation {
    public static let name = "inft.beginTransfer"
    public let transfer: DeliveryID
    /// A, from which D was made: refused if the content key was sealed to another meanwhile.
    public let sealingKey: CompressedPoint
    /// Tagged hash of D and its proof, which stay unknown until this is final.
    public let commitment: Hash
    /// To what consents need to know.
    public let answers: [NeedAnswer]

    public init(
        transfer: DeliveryID, sealingKey: CompressedPoint, commitment: Hash, answers: [NeedAnswer] = []
    ) {
        self.transfer = transfer
        self.sealingKey = sealingKey
        self.commitment = commitment
        self.answers = answers
    }

    public var weight: UInt64 {
        10 + 4 * 16 + Release.weight(answers: answers) + Mandates.weight
    }

    public struct Plan {
        let delivery: DeliveryRecord
        let mandate: MandateUse?
        let release: ReleasePlan?
    }

    public func check(in context: OperationContext) throws(Refusal) -> Plan {
        let open = try Transfers.open(transfer, in: context.state)
        let owner = open.record.owner
        try Deliveries.requireRequested(open.delivery, at: context.block.time, field: "transfer")
        let mandate = try Authority.require(
            owner, for: .content, orMandate: .beginTransfer, in: context, field: "transfer")
        try Transfers.checkStanding(open.record, in: context.state)
        guard open.delivery.version == open.record.versionCount else {
            throw INFTRejection.revisedSince.at(
                "transfer", "version \(open.record.versionCount) is the newest, \(open.delivery.version) was accepted",
                hint: "Cancel the transfer and offer it again.")
        }
        let custody = try Deliveries.custody(
            of: open.delivery.version, of: open.record.id, heldBy: owner, field: "transfer", in: context.state)
        try Deliveries.requireSealed(to: sealingKey, custody, field: "sealingKey")
        return Plan(
            delivery: Deliveries.begun(
                open.delivery, by: owner, custody: custody, commitment: commitment, in: context),
            mandate: mandate,
            release: try Transfers.release(open.record, by: open.delivery, answers: answers, in: context))
    }

    public func apply(_ plan: Plan, in context: OperationContext) throws(Refusal) {
        try Deliveries.store(plan.delivery, in: context)
        if let begun = plan.delivery.begun {
            try INFTDue.schedule(.transferCompletion, transfer.bytes, at: begun.completeBy, in: context.state)
        }
        try Mandates.use(plan.mandate, in: context)
        if let release = plan.release {
            Release.record(release, as: .transfer, of: plan.delivery.inft, in: context)
        }
        context.emit(INFTEvent.transferBegun(DeliveryChanged(plan.delivery)))
    }

    public func words(_ names: any NameResolver) -> [String] {
        [
            "Begin to hand the INFT of the transfer \(names.identifier(transfer.description)) over: this binds",
            "Send the completion within the hour, once this is final",
        ]
    }

    private enum CodingKeys: String, CodingKey { case transfer, sealingKey, commitment, answers }

    /// In JSON answers may be left out.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            transfer: try container.decode(DeliveryID.self, forKey: .transfer),
            sealingKey: try container.decode(CompressedPoint.self, forKey: .sealingKey),
            commitment: try container.decode(Hash.self, forKey: .commitment),
            answers: try container.decodeIfPresent([NeedAnswer].self, forKey: .answers) ?? [])
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(4)
        writer.write(transfer)
        writer.write(sealingKey)
        writer.write(commitment)
        writer.write(answers)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 4) { (reader) throws(EncodingFailure) in
            TransferBegin(
                transfer: try reader.value("transfer"), sealingKey: try reader.value("sealingKey"),
                commitment: try reader.value("commitment"),
                answers: try reader.list("answers", max: ConsentsLimits.answersPerRelease))
        }
    }
}

/// `inft.completeTransfer`: anyone publishes what `begin` committed to, and the INFT is the receiver's. Of the reserved
/// lane. `[transfer, sealedKey, proof]`
public struct TransferComplete: DomainOperation {
    public static let name = "inft.completeTransfer"
    public let transfer: DeliveryID
    /// D
    public let sealedKey: SealedKey
    public let proof: DeliveryProof

    public init(transfer: DeliveryID, sealedKey: SealedKey, proof: DeliveryProof) {
        self.transfer = transfer
        self.sealedKey = sealedKey
        self.proof = proof
    }

    public var weight: UInt64 { 10 + 4 * 10 + INFTsWeights.delivery }

    public struct Plan {
        let record: INFTRecord
        let delivery: DeliveryRecord
    }

    public func check(in context: OperationContext) throws(Refusal) -> Plan {
        let open = try Transfers.open(transfer, in: context.state)
        return Plan(
            record: open.record,
            delivery: try Deliveries.completed(open.delivery, sealedKey, proof, field: "transfer", in: context))
    }

    public func apply(_ plan: Plan, in context: OperationContext) throws(Refusal) {
        try Deliveries.store(plan.delivery, in: context)
        try Transfers.move(plan.record, by: plan.delivery, in: context)
    }

    public func words(_ names: any NameResolver) -> [String] {
        [
            "Complete the transfer \(names.identifier(transfer.description)): its receiver becomes owner and can open "
                + "the content"
        ]
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(3)
        writer.write(transfer)
        writer.write(sealedKey)
        writer.write(proof)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 3) { (reader) throws(EncodingFailure) in
            TransferComplete(
                transfer: try reader.value("transfer"), sealedKey: try reader.value("sealedKey"),
                proof: try reader.value("proof"))
        }
    }
}
