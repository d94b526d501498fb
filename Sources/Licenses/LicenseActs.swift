import Consents
public import Encoding
import INFTs
import Identities
public import Primitives
public import StateModel

/// What acts on a license have in common.
enum LicenseAct {
    /// The license, if the actor holds it and signed with what its policy asks.
    static func held(_ id: LicenseID, in context: OperationContext) throws(Refusal) -> LicenseRecord {
        let license = try LicenseLedger.requireLicense(id, field: "license", in: context.state)
        guard license.licensee == context.actor else {
            throw LicenseRejection.notLicensee.at("license", "the license is \(license.licensee)'s")
        }
        try Authority.require(context.actor, for: .licensing, in: context, field: "license")
        return license
    }

    /// What would end a license is refused while its sublicenses are in force: who granted them can't take them away at
    /// will.
    static func requireNoSublicenses(_ license: LicenseRecord) throws(Refusal) {
        guard license.sublicenses == 0 else {
            throw LicenseRejection.sublicensesLive.at(
                "license",
                license.sublicenses == 1
                    ? "a sublicense of it is in force" : "\(license.sublicenses) sublicenses of it are in force",
                hint: "Wait until they end, or let the sublicensees surrender them; license_list(above) has them.",
                retryable: true)
        }
    }

    /// Refused unless the license is in force by its own record; what suspends it, or is above it, is not asked.
    static func requireRunning(_ license: LicenseRecord, at time: Timestamp) throws(Refusal) {
        let state = license.ownState(at: time)
        guard state == .active else {
            throw LicenseRejection.licenseNotInForce.at(
                "license", "the license is \(state?.name ?? "not yet bought")")
        }
    }
}

/// The licensee gives the license up. Within its trial the price comes back, after it nothing does but what is prepaid and
/// not used. `[license]`
public struct SurrenderLicense: DomainOperation {
    public static let name = "license.surrender"

    public let license: LicenseID

    public init(license: LicenseID) { self.license = license }

    /// As of a refund: license, reserves, totals, balance, delivery, offer, live count, meter.
    public var weight: UInt64 { 10 + 4 * 26 }

    public struct Plan {
        let record: LicenseRecord
    }

    public func check(in context: OperationContext) throws(Refusal) -> Plan {
        let time = context.block.time
        var record = try LicenseAct.held(license, in: context)
        try LicenseAct.requireRunning(record, at: time)
        try LicenseAct.requireNoSublicenses(record)
        record.ending = record.isOnTrial(at: time) ? .returned(at: time) : .surrendered(at: time)
        return Plan(record: record)
    }

    public func apply(_ plan: Plan, in context: OperationContext) throws(Refusal) {
        var record = plan.record
        try LiveCount.remove(&record, in: context.state)
        context.state.set(LicenseKeys.license(license), record)
        try Metering.giveBack(record, in: context)
        let state = record.ending?.state ?? .surrendered
        context.emit(LicenseEvent.surrendered(LicenseEnded(record, state, at: context.block.time)))
        if state == .returned { try LicenseTrials.giveBack(record, in: context) }
    }

    public func words(_ names: any NameResolver) -> [String] {
        [
            "Give up the license \(names.identifier(license.description)), at once; within its trial what is held of the price "
                + "comes back, after it nothing of it does",
            "What was prepaid for uses that are left comes back to who prepaid it",
        ]
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(1)
        writer.write(license)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 1) { (reader) throws(EncodingFailure) in
            SurrenderLicense(license: try reader.value("license"))
        }
    }
}

/// The licensor, which is the INFT's owner of today, and of a sublicense the licensee above too, ends a license for a cause that its terms name; within its trial the
/// price goes back. `[license, cause, evidence]`
public struct RevokeLicense: DomainOperation {
    public static let name = "license.revoke"

    public let license: LicenseID
    public let cause: RevocationCause
    /// Hash of the document that states the facts.
    public let evidence: Hash

    public init(license: LicenseID, cause: RevocationCause, evidence: Hash) {
        self.license = license
        self.cause = cause
        self.evidence = evidence
    }

    public var weight: UInt64 { 10 + 4 * 28 + Admission.weight }

    public struct Plan {
        let record: LicenseRecord
        let isOnTrial: Bool
    }

    public func check(in context: OperationContext) throws(Refusal) -> Plan {
        var record = try LicenseLedger.requireLicense(license, field: "license", in: context.state)
        // The right goes with the INFT: who has sold it has no say in its licenses any more.
        let owner = try INFTRegistry.requireKnown(record.inft, field: "license", in: context.state).owner
        let above = try LicenseChain.above(record, in: context.state).first?.licensee
        guard context.actor == owner || context.actor == above else {
            throw LicenseRejection.notLicensor.at(
                "license", "\(record.inft) is \(owner)'s, who may revoke licenses on it")
        }
        try Authority.require(context.actor, for: .licensing, in: context, field: "license")
        try LicenseAct.requireRunning(record, at: context.block.time)
        let terms = try LicenseLedger.storedTerms(record.terms, in: context.state)
        guard terms.grant.revocableFor.contains(cause) else {
            let causes = terms.grant.revocableFor.codes.map(\.name).joined(separator: ", ")
            throw LicenseRejection.notRevocable.at(
                "cause",
                causes.isEmpty ? "the terms make the license irrevocable" : "the terms allow revocation for: \(causes)")
        }
        if cause == .lossOfCredential {
            try requireLoss(terms, licensee: record.licensee, in: context)
        }
        let isOnTrial = record.isOnTrial(at: context.block.time)
        record.ending = .revoked(at: context.block.time, cause: cause, evidence: evidence)
        return Plan(record: record, isOnTrial: isOnTrial)
    }

    /// This cause the ledger can check itself.
    private func requireLoss(_ terms: Terms, licensee: Party, in context: OperationContext) throws(Refusal) {
        let memo = DecisionMemo(licensee, at: context.block.time, in: context.state)
        for requirement in terms.scope.requiredCredentials {
            guard try Admission.holds(memo, requirement) else { return }
        }
        throw LicenseRejection.notRevocable.at("cause", "\(licensee) holds every credential that the terms require")
    }

    public func apply(_ plan: Plan, in context: OperationContext) throws(Refusal) {
        var record = plan.record
        try LiveCount.remove(&record, in: context.state)
        context.state.set(LicenseKeys.license(license), record)
        try Metering.giveBack(record, in: context)
        context.emit(LicenseEvent.revoked(LicenseEnded(record, .revoked, at: context.block.time)))
        if plan.isOnTrial { try LicenseTrials.giveBack(record, in: context) }
    }

    public func words(_ names: any NameResolver) -> [String] {
        [
            "Revoke the license \(names.identifier(license.description)) for \(cause.name)",
            "Evidence: the document with hash \(evidence)",
        ]
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(3)
        writer.write(license)
        writer.write(cause)
        writer.write(evidence)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 3) { (reader) throws(EncodingFailure) in
            RevokeLicense(
                license: try reader.value("license"), cause: try reader.value("cause"),
                evidence: try reader.value("evidence"))
        }
    }
}
