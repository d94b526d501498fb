public import Cryptography
internal import Identities
public import Primitives
public import StateModel

/// The one machine by which content changes hands, in two phases: nothing leaks before the ledger has bound both sides.
///
/// 1. *requested*: the receiver names a fresh sealing key, proves that it holds it, and signs that it has the ciphertext.
/// 2. *begun*: the deliverer commits to D and its proof; sealing key A, sealed key C and receiver's key B are fixed.
/// 3. *completed*: D and the proof become public, and are checked against what `begin` fixed and nothing else.
///
/// Transfers of INFTs are this room's; licenses use it too. Each `check…` only reads; who may act, and what follows, is
/// the caller's.
public enum Deliveries {
    public static func record(_ id: DeliveryID, in state: any StateReader) throws(Refusal) -> DeliveryRecord? {
        try state.record(INFTKeys.delivery(id))
    }

    public static func require(
        _ id: DeliveryID, field: String, in state: any StateReader
    ) throws(Refusal) -> DeliveryRecord {
        guard let record = try record(id, in: state) else {
            throw INFTRejection.unknownDelivery.at(field, "there is no delivery \(id)")
        }
        return record
    }

    // MARK: Asking

    /// Rules of a request for the content of `version`, by `receiver`.
    public static func check(
        _ request: DeliveryRequest, act: SealingAct, inft: INFTID, version: VersionRecord, by receiver: Party,
        field: String, in context: OperationContext
    ) throws(Refusal) {
        guard case .sealed(let content) = version.content else {
            throw INFTRejection.deliveryUnneeded.at(
                field, "version \(version.number) of \(inft) is open; anyone can read it")
        }
        try Erasures.requireNotErased(version, of: inft, field: field, in: context.state)
        guard request.fetchedRoot == content.root else {
            throw INFTRejection.fetchedRootDiffers.at(
                "\(field).fetchedRoot", "the ciphertext of version \(version.number) has the root \(content.root)",
                hint: "Fetch the ciphertext of the newest version and compute its root.")
        }
        try SealingKeys.requireFresh(request.sealingKey, field: field, in: context.state)
        try Sealing.checkPossession(
            of: request.sealingKey, request.possession,
            Sealing.ownStatement(act, inft: inft.bytes, version: version.number, of: receiver, in: context),
            field: field)
    }

    /// Stores a delivery that passed its checks.
    public static func open(_ delivery: DeliveryRecord, in context: OperationContext) {
        if let key = delivery.sealingKey { note(key, of: delivery, in: context) }
        context.state.set(INFTKeys.delivery(delivery.id), delivery)
    }

    static func note(_ key: CompressedPoint, of delivery: DeliveryRecord, in context: OperationContext) {
        SealingKeys.note(key, inft: delivery.inft, version: delivery.version, holder: delivery.to, in: context)
    }

    public static func store(_ delivery: DeliveryRecord, in context: OperationContext) throws(Refusal) {
        try Erasures.note(
            delivery, after: try record(delivery.id, in: context.state), in: context.state)
        context.state.set(INFTKeys.delivery(delivery.id), delivery)
    }

    // MARK: Beginning

    /// Refused unless the delivery waits for `begin`, and its time has not passed.
    public static func requireRequested(
        _ delivery: DeliveryRecord, at time: Timestamp, field: String
    ) throws(Refusal) {
        try requireOpen(delivery, field: field)
        guard delivery.begun == nil else {
            throw INFTRejection.deliveryBegun.at(field, "the delivery was begun; complete it")
        }
        guard delivery.sealingKey != nil else {
            throw INFTRejection.deliveryNotAccepted.at(field, "\(delivery.to) has not accepted yet", retryable: true)
        }
        guard time < delivery.beginBy else {
            throw INFTRejection.deliveryLate.at(field, "it had to be begun before \(delivery.beginBy.text)")
        }
    }

    /// The delivery as `begin` leaves it: with what its completion will be checked against.
    public static func begun(
        _ delivery: DeliveryRecord, by deliverer: Party, custody: Custody, commitment: Hash,
        in context: OperationContext
    ) -> DeliveryRecord {
        var delivery = delivery
        delivery.from = deliverer
        delivery.begun = DeliveryBegun(
            sealingKey: custody.sealingKey, sealedKey: custody.sealedKey, commitment: commitment,
            at: context.block.time, height: context.block.height)
        return delivery
    }

    /// To what the content key of a version is sealed, if `owner` holds it.
    public static func custody(
        of version: UInt64, of inft: INFTID, heldBy owner: Party, field: String, in state: any StateReader
    ) throws(Refusal) -> Custody {
        guard let record = try INFTRegistry.version(version, of: inft, in: state), let custody = record.custody else {
            throw INFTRejection.contentNotSealed.at(field, "version \(version) of \(inft) is not sealed")
        }
        guard custody.holder == owner else {
            throw INFTRejection.contentNotHeld.at(
                field, "the key of version \(version) is sealed to \(custody.holder), not to \(owner)")
        }
        try Erasures.requireNotErased(record, of: inft, field: field, in: state)
        return custody
    }

    /// What is committed to was made from the key that the content is sealed to still: else it could never be completed,
    /// and the receiver would wait for nothing.
    public static func requireSealed(
        to key: CompressedPoint, _ custody: Custody, field: String
    ) throws(Refusal) {
        guard custody.sealingKey == key else {
            throw INFTRejection.resealedSince.at(
                field, "the content key is sealed to another key since \(custody.since)",
                hint: "Make the delivery anew, from the sealing key of today.")
        }
    }

    // MARK: Completing

    /// The delivery as its completion leaves it. Asks the delivery alone: whatever happened to INFT, license, consent or
    /// parties since `begin` does not matter.
    public static func completed(
        _ delivery: DeliveryRecord, _ sealedKey: SealedKey, _ proof: DeliveryProof, field: String,
        in context: OperationContext
    ) throws(Refusal) -> DeliveryRecord {
        try requireOpen(delivery, field: field)
        guard let begun = delivery.begun, let key = delivery.sealingKey else {
            throw INFTRejection.deliveryNotBegun.at(
                field, "the delivery was not begun", hint: "Never show a delivery before its begin is final.")
        }
        guard !begun.isLate(at: context.block.time, height: context.block.height) else {
            throw INFTRejection.deliveryLate.at(
                field, "it had to be complete before \(begun.completeBy.text) and block \(begun.completeByHeight)")
        }
        // Before the curve is touched: what does not match costs next to nothing.
        guard SealedKeys.deliveryCommitment(sealedKey, proof) == begun.commitment else {
            throw INFTRejection.commitmentDiffers.at(
                "sealedKey", "sealed key and proof are not what begin committed to")
        }
        try Sealing.checkDelivery(
            from: (begun.sealingKey, begun.sealedKey), to: key, sealedKey, proof,
            SealingStatement(
                network: context.block.network, act: delivery.act, inft: delivery.inft.bytes,
                version: delivery.version, subject: delivery.id.bytes, from: delivery.from, to: delivery.to),
            field: "proof")
        var delivery = delivery
        delivery.ending = DeliveryEnding(outcome: .completed, at: context.block.time, sealedKey: sealedKey)
        return delivery
    }

    // MARK: Ending without delivery

    public static func requireOpen(_ delivery: DeliveryRecord, field: String) throws(Refusal) {
        guard let ending = delivery.ending else { return }
        throw INFTRejection.deliveryEnded.at(
            field, "the delivery ended at \(ending.at): \(ending.outcome.name)")
    }

    /// How an open delivery has failed by now; nil while it still can succeed.
    public static func failure(of delivery: DeliveryRecord, in block: BlockContext) -> DeliveryOutcome? {
        guard delivery.ending == nil else { return nil }
        guard let begun = delivery.begun else { return block.time >= delivery.beginBy ? .notBegun : nil }
        return begun.isLate(at: block.time, height: block.height) ? .notCompleted : nil
    }

    public static func failed(
        _ delivery: DeliveryRecord, _ outcome: DeliveryOutcome, at time: Timestamp
    ) -> DeliveryRecord {
        var delivery = delivery
        delivery.ending = DeliveryEnding(outcome: outcome, at: time)
        return delivery
    }
}
