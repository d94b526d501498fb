import INFTs
import Primitives
import StateModel

/// What this domain leaves to the due queue. Validity follows from block time alone; this work writes down what has
/// become true, tells those concerned, and takes expired licenses off the count.
enum LicenseDue: UInt8 {
    case offerExpiry = 0
    case licenseExpiry = 1
    /// T of a delivery.
    case deliveryBegin = 2
    /// E of a delivery.
    case deliveryCompletion = 3
    /// The end of a dispute window.
    case distribution = 4
    /// The deadline of an outcome price.
    case outcomePrice = 5
    /// The end of the trial of open content.
    case trial = 6
    /// The end of a stage of a dispute.
    case dispute = 20

    /// As of the operation that does the same: the keys that it touches, the tags of all ancestors where a price comes to
    /// rest, and the draw of a panel.
    var weight: UInt64 {
        switch self {
        case .offerExpiry: 40
        case .licenseExpiry: 4 * 20
        case .deliveryBegin, .deliveryCompletion: 4 * 30
        case .distribution, .outcomePrice, .trial: 4 * 30 + INFTsWeights.standing
        case .dispute: 4 * 48 + DisputeAct.drawWeight + INFTsWeights.standing + DisputeShow.weight
        }
    }

    static func schedule(
        _ kind: LicenseDue, _ subject: Bytes32, at time: Timestamp, in state: StateOverlay
    ) throws(Refusal) {
        try DueQueue.schedule(DueItem(domain: .licenses, kind: kind.rawValue, subject: subject), at: time, in: state)
    }

    func perform(_ subject: Bytes32, in context: OperationContext) throws(Refusal) {
        switch self {
        case .offerExpiry: try Self.expireOffer(OfferID(subject), in: context)
        case .licenseExpiry: try Self.expireLicense(LicenseID(subject), in: context)
        case .deliveryBegin, .deliveryCompletion: try endDelivery(DeliveryID(subject), in: context)
        case .distribution: try LicenseDelivery.distribute(DeliveryID(subject), in: context)
        case .outcomePrice: try OutcomePrices.decide(LicenseID(subject), in: context)
        case .trial: try LicenseTrials.distribute(LicenseID(subject), in: context)
        case .dispute: try Self.advanceDispute(DisputeID(subject), in: context)
        }
    }

    private func endDelivery(_ id: DeliveryID, in context: OperationContext) throws(Refusal) {
        guard let delivery = try Deliveries.record(id, in: context.state), delivery.license != nil,
            delivery.ending == nil
        else { return }
        guard let outcome = Deliveries.failure(of: delivery, in: context.block) else {
            // The hour is over, the hundred blocks are not.
            if self == .deliveryCompletion {
                try Self.schedule(.deliveryCompletion, id.bytes, at: context.block.time, in: context.state)
            }
            return
        }
        try LicenseDelivery.fail(delivery, outcome, in: context)
    }

    private static func advanceDispute(_ id: DisputeID, in context: OperationContext) throws(Refusal) {
        guard var dispute = try Disputes.record(id, in: context.state), let deadline = dispute.deadline,
            deadline <= context.block.time
        else { return }
        guard try !DisputeMachine.awaitsCompletion(dispute, in: context) else {
            try schedule(.dispute, id.bytes, at: context.block.time, in: context.state)
            return
        }
        try DisputeMachine.advance(&dispute, in: context)
        DisputeMachine.store(dispute, in: context)
    }

    private static func expireOffer(_ id: OfferID, in context: OperationContext) throws(Refusal) {
        guard var offer = try LicenseLedger.offer(id, in: context.state), offer.closing == nil,
            let expiresAt = offer.expiresAt, expiresAt <= context.block.time
        else { return }
        offer.closing = OfferClosing(reason: .expired, at: expiresAt)
        context.state.set(LicenseKeys.offer(id), offer)
        context.emit(LicenseEvent.offerClosed(OfferClosed(offer, .expired)))
    }

    private static func expireLicense(_ id: LicenseID, in context: OperationContext) throws(Refusal) {
        guard var license = try LicenseLedger.license(id, in: context.state), license.isLive,
            let expiresAt = license.expiresAt, expiresAt <= context.block.time
        else { return }
        try LiveCount.remove(&license, in: context.state)
        context.state.set(LicenseKeys.license(id), license)
        try Metering.giveBack(license, in: context)
        context.emit(LicenseEvent.expired(LicenseEnded(license, .expired, at: expiresAt)))
    }
}
