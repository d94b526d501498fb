import Consents
import Cryptography
public import Encoding
import INFTs
import Identities
public import Primitives
public import StateModel

/// Whether the price of what was bought and is not delivered can be had back, by the buyer: as `license.refund` itself
/// decides.
public struct RefundStanding: Codable, Hashable, Sendable {
    /// Now.
    public let isDue: Bool
    /// Else from then on, unless it is delivered before; of what is begun, once the blocks that it was given have passed
    /// too.
    public let from: Timestamp
    /// Why it can't be delivered, in the ledger's words; nil where nothing is known to stand against it, or its time is over.
    public let obstacle: String?

    /// Nil of what waits for no delivery that somebody paid for.
    static func of(
        _ license: LicenseRecord, in block: BlockContext, _ state: any StateReader
    ) throws(Refusal) -> RefundStanding? {
        guard license.ownState(at: block.time) == .pending, let id = license.openDelivery,
            let delivery = try Deliveries.record(id, in: state), delivery.ending == nil
        else { return nil }
        let from = delivery.begun?.completeBy ?? delivery.beginBy
        guard Deliveries.failure(of: delivery, in: block) == nil else {
            return RefundStanding(isDue: true, from: from, obstacle: nil)
        }
        guard delivery.begun == nil,
            let obstacle = try RefundDelivery.obstacle(delivery, license, at: block.time, in: state)
        else { return RefundStanding(isDue: false, from: from, obstacle: nil) }
        return RefundStanding(isDue: true, from: from, obstacle: obstacle.message)
    }
}

/// Ends a delivery that comes to nothing, and gives back what was paid: anyone once its time is over, its receiver as soon
/// as it can't be begun any more; and before it is begun, who would deliver at any time, and where no money waits the
/// receiver too. Of the reserved lane. `[delivery]`
public struct RefundDelivery: DomainOperation {
    public static let name = "license.refund"

    public let delivery: DeliveryID

    public init(delivery: DeliveryID) { self.delivery = delivery }

    public var weight: UInt64 {
        10 + 4 * 30 + ConsentGate.storedWeight + INFTsWeights.standing + Admission.weight
    }

    public struct Plan {
        let delivery: DeliveryRecord
        let outcome: DeliveryOutcome
    }

    public func check(in context: OperationContext) throws(Refusal) -> Plan {
        let (delivery, license) = try LicenseDelivery.open(self.delivery, in: context.state)
        if let outcome = Deliveries.failure(of: delivery, in: context.block) {
            return Plan(delivery: delivery, outcome: outcome)
        }
        guard delivery.begun == nil else {
            throw LicenseRejection.refundNotDue.at(
                "delivery", "it was begun and can still be completed", retryable: true)
        }
        let isReceiver = context.actor == delivery.to
        if try mayCancel(delivery, license, in: context) {
            try Authority.require(context.actor, for: .licensing, in: context, field: "delivery")
            return Plan(delivery: delivery, outcome: .canceled)
        }
        guard isReceiver else {
            throw LicenseRejection.refundNotDue.at(
                "delivery", "it can be begun until \(delivery.beginBy.text)", retryable: true)
        }
        try Authority.require(delivery.to, for: .licensing, in: context, field: "delivery")
        guard try Self.obstacle(delivery, license, at: context.block.time, in: context.state) == nil else {
            return Plan(delivery: delivery, outcome: .impossible)
        }
        throw LicenseRejection.refundNotDue.at(
            "delivery", "nothing stands against beginning it until \(delivery.beginBy.text)",
            hint: "Who would deliver can give the price back before.", retryable: true)
    }

    /// What was paid for is waited for, unless who would deliver declines; what was not, either side may end.
    private func mayCancel(
        _ delivery: DeliveryRecord, _ license: LicenseRecord, in context: OperationContext
    ) throws(Refusal) -> Bool {
        if delivery.act != .license { return context.actor == delivery.to || context.actor == delivery.from }
        return try context.actor == LicenseDelivery.deliverer(delivery, license, in: context.state)
    }

    /// What stands against beginning a delivery, so that its receiver need not wait.
    static func obstacle(
        _ delivery: DeliveryRecord, _ license: LicenseRecord, at time: Timestamp, in state: any StateReader
    ) throws(Refusal) -> Rejection? {
        do throws(Refusal) {
            _ = try LicenseDelivery.ready(delivery, license, at: time, in: state)
            return nil
        } catch {
            guard case .rejected(let rejection) = error else { throw error }
            return rejection
        }
    }

    public func apply(_ plan: Plan, in context: OperationContext) throws(Refusal) {
        try LicenseDelivery.fail(plan.delivery, plan.outcome, in: context)
    }

    public func words(_ names: any NameResolver) -> [String] {
        ["End the delivery \(names.identifier(delivery.description)) and give back what was paid for it"]
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(1)
        writer.write(delivery)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 1) { (reader) throws(EncodingFailure) in
            RefundDelivery(delivery: try reader.value("delivery"))
        }
    }
}
