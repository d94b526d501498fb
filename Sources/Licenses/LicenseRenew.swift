public import Encoding
import INFTs
import Identities
public import Primitives
import Revenue
public import StateModel

/// Prolongs a license that is still running by the duration of its terms, at the price of an open offer on the same
/// terms. The offer's supply is not used up. `[license, offer, maximumPrice]`
public struct RenewLicense: DomainOperation {
    public static let name = "license.renew"

    public let license: LicenseID
    public let offer: OfferID
    public let maximumPrice: Amount

    public init(license: LicenseID, offer: OfferID, maximumPrice: Amount) {
        self.license = license
        self.offer = offer
        self.maximumPrice = maximumPrice
    }

    public var weight: UInt64 { 10 + 4 * 34 + ConsentGate.storedWeight + INFTsWeights.standing + Admission.weight }

    public struct Plan {
        let record: LicenseRecord
        let renewal: LicenseRenewal
        let terms: Terms
    }

    public func check(in context: OperationContext) throws(Refusal) -> Plan {
        let state = context.state
        let time = context.block.time
        var record = try LicenseAct.held(license, in: context)
        try LicenseAct.requireRunning(record, at: time)
        try LicenseTrials.requireOver(record, at: time, hint: "Renew it once the trial is over.")
        let open = try OpenOffer(offer, field: "offer", at: time, in: state)
        guard open.offer.inft == record.inft, open.offer.terms == record.terms else {
            throw LicenseRejection.termsDiffer.at("offer", "a renewal keeps the INFT and the terms of the license")
        }
        let until = try RenewalObstacle.end(of: record, by: open)
        try requireContent(record, open, in: state)
        try Purchase.checkBuyer(context.actor, open)
        try Purchase.checkLimits(
            open, open.offer.price, maximumPrice: maximumPrice, maximumRevenueShare: .whole, in: state)
        try Admission.check(
            Admission.Case(
                terms: open.terms, inft: open.inft, licensee: context.actor, use: record.use, expiresAt: until),
            at: time, in: state)
        try Purchase.checkPayment(open, open.offer.price, by: context.actor, in: context)
        let renewal = LicenseRenewal(at: time, until: until, price: open.offer.price)
        record.renewals.append(renewal)
        record.expiresAt = until
        return Plan(record: record, renewal: renewal, terms: open.terms)
    }

    /// Nobody pays for more time with what was erased; the newest version is looked at with the offer.
    private func requireContent(
        _ record: LicenseRecord, _ open: OpenOffer, in state: any StateReader
    ) throws(Refusal) {
        guard !open.terms.grant.coversRevisions else { return }
        try Erasures.requireNotErased(
            LicenseDelivery.version(record.version, of: record.inft, in: state), of: record.inft, field: "license",
            in: state)
    }

    public func apply(_ plan: Plan, in context: OperationContext) throws(Refusal) {
        let record = plan.record
        context.state.set(LicenseKeys.license(license), record)
        try LicenseDue.schedule(.licenseExpiry, license.bytes, at: plan.renewal.until, in: context.state)
        let payment = plan.terms.payment
        try Metering.prepay(payment.prepaidUses, of: record, plan.terms, by: context.actor, in: context)
        let sale = plan.renewal.price.subtracting(payment.quotaAmount) ?? .zero
        if let asset = record.asset, sale > .zero {
            try Vaults.pay(
                sale, of: asset, from: context.actor, into: record.inft, reason: .renewal,
                memo: Hash(license.bytes), in: context)
        }
        context.emit(
            LicenseEvent.renewed(
                LicenseRenewed(
                    license: license, inft: record.inft, licensee: record.licensee, until: plan.renewal.until,
                    price: plan.renewal.price)))
    }

    public func words(_ names: any NameResolver) -> [String] {
        [
            "Renew the license \(names.identifier(license.description)) under its own terms",
            "Pay at most \(names.amount(maximumPrice, behind: offer.bytes, "the offer's asset")), by the offer "
                + names.identifier(offer.description),
        ]
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(3)
        writer.write(license)
        writer.write(offer)
        writer.write(maximumPrice)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 3) { (reader) throws(EncodingFailure) in
            RenewLicense(
                license: try reader.value("license"), offer: try reader.value("offer"),
                maximumPrice: try reader.value("maximumPrice"))
        }
    }
}
