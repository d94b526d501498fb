public import Encoding
import INFTs
public import Primitives
import Revenue
import StateModel

/// The license by which a party had its trial of a work. `[license]`
public struct TrialRecord: CBORCodable, Codable, Hashable, Sendable {
    public let license: LicenseID

    public init(license: LicenseID) { self.license = license }

    public func encode(into writer: inout CBORWriter) {
        writer.array(1)
        writer.write(license)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 1) { (reader) throws(EncodingFailure) in
            TrialRecord(license: try reader.value("license"))
        }
    }
}

/// Trials: the price of a license is held until its trial is over, and goes back if the license is given back before.
///
/// A party has one trial of a work (an INFT and its clones together), ever, noted when it buys: else it would buy, use
/// and return for good. A purchase that was never delivered was no trial.
enum LicenseTrials {
    private static func key(
        _ inft: INFTID, _ party: Party, in state: any StateReader
    ) throws(Refusal) -> RecordKey<TrialRecord> {
        LicenseKeys.trial(try INFTRegistry.original(of: inft, in: state), party)
    }

    /// How long `party` may try what the offer sells, if it buys now; nil: not at all.
    static func milliseconds(
        _ open: OpenOffer, for party: Party?, in state: any StateReader
    ) throws(Refusal) -> UInt64? {
        guard let trial = open.terms.grant.trialMilliseconds, open.saleAmount > .zero else { return nil }
        guard let party else { return trial }
        return try state.record(key(open.offer.inft, party, in: state)) == nil ? trial : nil
    }

    static func note(_ license: LicenseRecord, in state: StateOverlay) throws(Refusal) {
        state.set(try key(license.inft, license.buyer, in: state), TrialRecord(license: license.id))
    }

    /// What was bought with a trial was never delivered.
    static func forget(_ license: LicenseRecord, in state: StateOverlay) throws(Refusal) {
        if try isTrial(license, in: state) { state.remove(try key(license.inft, license.buyer, in: state)) }
    }

    private static func isTrial(_ license: LicenseRecord, in state: any StateReader) throws(Refusal) -> Bool {
        try state.record(key(license.inft, license.buyer, in: state))?.license == license.id
    }

    /// When the trial of a license that begins at `start` is over; nil if it has none. It is never longer than the license.
    static func end(
        of license: LicenseRecord, _ terms: Terms, from start: Timestamp, in state: any StateReader
    ) throws(Refusal) -> Timestamp? {
        guard let trial = terms.grant.trialMilliseconds, try isTrial(license, in: state) else { return nil }
        return min(start.adding(milliseconds: trial), license.expiresAt ?? .maximum)
    }

    /// Refused while the licensee may still give the license back: what would outlive that has to wait.
    static func requireOver(_ license: LicenseRecord, at time: Timestamp, hint: String) throws(Refusal) {
        guard license.isOnTrial(at: time), let end = license.trialUntil else { return }
        throw LicenseRejection.trialRunning.at(
            "license", "the license is on trial until \(end.text)", hint: hint, retryable: true)
    }

    /// What of the price is held through the trial: all but what was prepaid for uses.
    static func held(of license: LicenseRecord, in state: any StateReader) throws(Refusal) -> ReserveRecord {
        guard let held = try Reserves.record(.held, license.id.bytes, in: state) else {
            throw .failed(StateFailure("the price of \(license.id) is not held through its trial"))
        }
        return held
    }

    /// Gives the price of a license back that ended within its trial; the offer has one more to sell.
    static func giveBack(_ license: LicenseRecord, in context: OperationContext) throws(Refusal) {
        let subject = license.id.bytes
        let held = try held(of: license, in: context.state)
        try Reserves.release(held.amount, kind: .held, for: subject, to: license.buyer, in: context)
        try OutcomePrices.giveBack(license, in: context)
        if var delivery = try Deliveries.record(DeliveryID(subject), in: context.state) {
            delivery.payment?.settle(at: context.block.time, isReturned: true)
            try Deliveries.store(delivery, in: context)
        }
        try LicenseDelivery.giveBack(license.offer, in: context)
        context.emit(LicenseEvent.refunded(LicenseSettled(license, held.amount)))
    }

    /// Due work: the trial of open content is over, and what was paid for it is distributed. Of sealed content the
    /// delivery's payment is held as long.
    static func distribute(_ id: LicenseID, in context: OperationContext) throws(Refusal) {
        guard let license = try LicenseLedger.license(id, in: context.state), let end = license.trialUntil,
            end <= context.block.time, try Deliveries.record(DeliveryID(id.bytes), in: context.state) == nil,
            let held = try Reserves.record(.held, id.bytes, in: context.state)
        else { return }
        guard try !Distribution.goesBack(held.amount, of: license, in: context.state) else {
            return try payBack(license, held.amount, in: context)
        }
        try Reserves.pay(
            held.amount, kind: .held, for: id.bytes, into: license.inft, reason: .sale, memo: Hash(id.bytes),
            in: context)
        context.emit(LicenseEvent.distributed(LicenseSettled(license, held.amount)))
    }

    /// See ``Distribution``.
    private static func payBack(
        _ license: LicenseRecord, _ amount: Amount, in context: OperationContext
    ) throws(Refusal) {
        var license = license
        let time = context.block.time
        try Reserves.release(amount, kind: .held, for: license.id.bytes, to: license.buyer, in: context)
        if license.ownState(at: time) == .active {
            license.ending = .refunded(at: time)
            try LiveCount.remove(&license, in: context.state)
            context.state.set(LicenseKeys.license(license.id), license)
        }
        try Metering.giveBack(license, in: context)
        try OutcomePrices.giveBack(license, in: context)
        context.emit(LicenseEvent.refunded(LicenseSettled(license, amount)))
    }
}

extension LicenseRecord {
    /// Whether the licensee may give the license back for its price.
    public func isOnTrial(at time: Timestamp) -> Bool {
        guard let trialUntil else { return false }
        return time < trialUntil && ownState(at: time) == .active
    }
}
