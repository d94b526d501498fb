public import Encoding
import INFTs
import Identities
public import Primitives
import Revenue
public import StateModel

/// The licensee prepays more uses, at the fee of the terms. `[license, uses, maximumPrice]`
public struct TopUpQuota: DomainOperation {
    public static let name = "license.topUp"

    public let license: LicenseID
    public let uses: UInt64
    /// The most that is set aside for them.
    public let maximumPrice: Amount

    public init(license: LicenseID, uses: UInt64, maximumPrice: Amount) {
        self.license = license
        self.uses = uses
        self.maximumPrice = maximumPrice
    }

    public var weight: UInt64 { 10 + 4 * 18 + INFTsWeights.standing }

    public struct Plan {
        let license: LicenseRecord
        let terms: Terms
        let amount: Amount
        let asset: AssetID
    }

    public func check(in context: OperationContext) throws(Refusal) -> Plan {
        let state = context.state
        let record = try LicenseAct.held(license, in: context)
        try LicenseAct.requireRunning(record, at: context.block.time)
        _ = try LicenseCheck.requireUsable(record, at: context.block.time, in: state)
        let terms = try LicenseLedger.storedTerms(record.terms, in: state)
        guard terms.payment.isMetered, let asset = terms.payment.asset else {
            throw LicenseRejection.notMetered.at("license", "its terms ask nothing for a use")
        }
        let quota = try Metering.meter(of: license, in: state).quota
        guard uses > 0, quota.adding(uses) ?? .max <= LicenseLimits.prepaidUses,
            let amount = terms.payment.perUseFee.times(uses)
        else {
            throw LicenseRejection.useInvalid.at(
                "uses", "at least one, and at most \(LicenseLimits.prepaidUses) prepaid at once")
        }
        guard amount <= maximumPrice else {
            let names = PlainNames(state: state)
            throw LicenseRejection.priceAboveMaximum.at(
                "maximumPrice",
                "\(uses) uses cost \(names.amount(amount, of: asset)), the most accepted is "
                    + names.amount(maximumPrice, of: asset))
        }
        try Authority.require(record.licensee, for: .treasury, in: context, field: "maximumPrice")
        try Vaults.checkPay(amount, of: asset, from: record.licensee, into: record.inft, in: state)
        return Plan(license: record, terms: terms, amount: amount, asset: asset)
    }

    public func apply(_ plan: Plan, in context: OperationContext) throws(Refusal) {
        try Metering.prepay(uses, of: plan.license, plan.terms, by: plan.license.licensee, in: context)
        context.emit(
            LicenseEvent.quotaToppedUp(
                QuotaChanged(
                    license: license, inft: plan.license.inft, party: plan.license.licensee, uses: uses,
                    asset: plan.asset, amount: plan.amount)))
    }

    public func words(_ names: any NameResolver) -> [String] {
        [
            "Prepay \(uses) use\(uses == 1 ? "" : "s") of the license \(names.identifier(license.description))",
            "Set aside at most " + names.amount(maximumPrice, behind: license.bytes, "the terms' asset"),
            "What is not used comes back at the end of the license",
        ]
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(3)
        writer.write(license)
        writer.write(uses)
        writer.write(maximumPrice)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 3) { (reader) throws(EncodingFailure) in
            TopUpQuota(
                license: try reader.value("license"), uses: try reader.unsigned("uses"),
                maximumPrice: try reader.value("maximumPrice"))
        }
    }
}

/// The licensee takes back what is prepaid while the license is suspended: by a recall, a dispute, or a consent that was
/// withdrawn. Nothing is written for each license when that happens, so each licensee asks for its own. `[license]`
public struct ReturnQuota: DomainOperation {
    public static let name = "license.returnQuota"

    public let license: LicenseID

    public init(license: LicenseID) { self.license = license }

    public var weight: UInt64 { 10 + 4 * 18 + INFTsWeights.standing }

    public func check(in context: OperationContext) throws(Refusal) -> LicenseRecord {
        let record = try LicenseAct.held(license, in: context)
        guard try Metering.meter(of: license, in: context.state).quota > 0 else {
            throw LicenseRejection.notMetered.at("license", "no prepaid use is left")
        }
        let state = try LicenseCheck.state(of: record, at: context.block.time, in: context.state)
        guard state == .suspended || state == .endedAbove else {
            throw LicenseRejection.quotaInUse.at(
                "license", "the license is \(state?.name ?? "not yet bought")",
                hint: "A quota comes back by itself with the end of its license; license.surrender ends it.")
        }
        return record
    }

    public func apply(_ plan: LicenseRecord, in context: OperationContext) throws(Refusal) {
        try Metering.giveBack(plan, in: context)
    }

    public func words(_ names: any NameResolver) -> [String] {
        ["Take back what is prepaid and not used of the license \(names.identifier(license.description))"]
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(1)
        writer.write(license)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 1) { (reader) throws(EncodingFailure) in
            ReturnQuota(license: try reader.value("license"))
        }
    }
}
