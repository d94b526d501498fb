import Cryptography
public import Encoding
public import INFTs
import Identities
public import Primitives
public import StateModel

/// Hands a license on, if its terms allow; both sides sign. Seats stay with the license. Of sealed content the licensee
/// then delivers the key, and the license changes hands with that. `[license, to, delivery?]`
public struct TransferLicense: DomainOperation {
    public static let name = "license.transfer"

    public let license: LicenseID
    public let to: Party
    /// What the next licensee brings, exactly where the licensed version is sealed.
    public let delivery: DeliveryRequest?

    public init(license: LicenseID, to: Party, delivery: DeliveryRequest? = nil) {
        self.license = license
        self.to = to
        self.delivery = delivery
    }

    public var weight: UInt64 {
        10 + 4 * 20 + ConsentGate.storedWeight + INFTsWeights.standing + Admission.weight
            + (delivery == nil ? 0 : 4 * 8 + INFTsWeights.keyProof)
    }

    public struct Plan {
        let record: LicenseRecord
        let from: Party
        let delivery: DeliveryRecord?
    }

    public func check(in context: OperationContext) throws(Refusal) -> Plan {
        let state = context.state
        let time = context.block.time
        var record = try LicenseAct.held(license, in: context)
        try LicenseAct.requireRunning(record, at: time)
        try LicenseAct.requireNoDelivery(record)
        try LicenseTrials.requireOver(record, at: time, hint: "Hand it on once the trial is over.")
        let terms = try LicenseLedger.storedTerms(record.terms, in: state)
        guard terms.grant.isTransferable else {
            throw LicenseRejection.notTransferable.at("license", "the terms do not allow a transfer")
        }
        guard to != record.licensee else {
            throw LicenseRejection.nothingChanged.at("to", "\(to) is the licensee")
        }
        try Parties.requireKnown(to, field: "to", in: state)
        try Authority.require(to, for: .licensing, in: context, field: "to")
        let inft = try LicenseCheck.requireUsable(record, at: time, in: state)
        guard record.holders.count <= LicenseLimits.transfers else {
            throw LicenseRejection.historyFull.at("license", "it was transferred \(LicenseLimits.transfers) times")
        }
        let from = record.licensee
        let delivery = try onward(record, in: context)
        try Admission.check(
            Admission.Case(
                terms: terms, inft: inft, licensee: to, use: record.use, expiresAt: record.expiresAt,
                demand: delivery == nil ? .permit : .noDenial),
            at: time, in: state)
        if let delivery {
            record.openDelivery = delivery.id
        } else {
            record.holders.append(LicenseHolder(party: to, since: time))
        }
        return Plan(record: record, from: from, delivery: delivery)
    }

    /// What the licensee is to deliver; nil where the content is open. It is the version that was delivered to them last.
    private func onward(_ record: LicenseRecord, in context: OperationContext) throws(Refusal) -> DeliveryRecord? {
        guard let held = record.delivery else {
            guard delivery == nil else {
                throw LicenseRejection.deliveryUnneeded.at("delivery", "the licensed content is open")
            }
            return nil
        }
        guard let request = delivery else {
            throw LicenseRejection.deliveryNeeded.at(
                "delivery", "the licensed content is sealed",
                hint: "The next licensee names a fresh sealing key, with possession and fetched root.")
        }
        let number = try Deliveries.require(held, field: "license", in: context.state).version
        let version = try LicenseDelivery.version(number, of: record.inft, in: context.state)
        try Deliveries.check(
            request, act: .licenseTransfer, inft: record.inft, version: version, by: to, field: "delivery",
            in: context)
        let time = context.block.time
        return DeliveryRecord(
            id: context.madeIdentifier(), act: .licenseTransfer, inft: record.inft, version: number, license: license,
            from: record.licensee, to: to, sealingKey: request.sealingKey, requestedAt: time,
            beginBy: time.adding(milliseconds: LicenseLimits.onwardMilliseconds))
    }

    public func apply(_ plan: Plan, in context: OperationContext) throws(Refusal) {
        context.state.set(LicenseKeys.license(license), plan.record)
        if let delivery = plan.delivery {
            try LicenseAct.request(delivery, in: context)
            return
        }
        try Metering.giveBack(plan.record, in: context)
        context.emit(
            LicenseEvent.transferred(
                LicenseTransferred(license: license, inft: plan.record.inft, from: plan.from, to: to)))
    }

    public func words(_ names: any NameResolver) -> [String] {
        ["Hand the license \(names.identifier(license.description)) on to \(names.party(to)), who signs too"]
            + ["Prepaid uses are not handed on: what is left of them goes back to who prepaid it, with the transfer"]
            + (delivery == nil ? [] : ["The licensee of today then delivers the content key"])
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(3)
        writer.write(license)
        writer.write(to)
        writer.write(delivery)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 3) { (reader) throws(EncodingFailure) in
            TransferLicense(
                license: try reader.value("license"), to: try reader.value("to"),
                delivery: try reader.optional("delivery"))
        }
    }
}

/// A licensee whose terms cover revisions asks for the key of the newest version. `[license, delivery]`
public struct RequestVersion: DomainOperation {
    public static let name = "license.requestVersion"

    public let license: LicenseID
    public let delivery: DeliveryRequest

    public init(license: LicenseID, delivery: DeliveryRequest) {
        self.license = license
        self.delivery = delivery
    }

    public var weight: UInt64 {
        10 + 4 * 20 + ConsentGate.storedWeight + INFTsWeights.keyProof + INFTsWeights.standing + Admission.weight
    }

    public struct Plan {
        let record: LicenseRecord
        let delivery: DeliveryRecord
    }

    public func check(in context: OperationContext) throws(Refusal) -> Plan {
        let state = context.state
        let time = context.block.time
        var record = try LicenseAct.held(license, in: context)
        try LicenseAct.requireRunning(record, at: time)
        try LicenseAct.requireNoDelivery(record)
        let terms = try LicenseLedger.storedTerms(record.terms, in: state)
        guard terms.grant.coversRevisions else {
            throw LicenseRejection.versionNotCovered.at("license", "the terms cover version \(record.version) alone")
        }
        let newest = try INFTRegistry.requireKnown(record.inft, field: "license", in: state).versionCount
        let inft = try LicenseCheck.requireUsable(record, version: newest, at: time, in: state)
        let source = try self.source(record, inft, in: state)
        let held = try record.delivery.map { (id) throws(Refusal) in
            try Deliveries.require(id, field: "license", in: state).version
        }
        guard held ?? 0 < source.version else {
            throw LicenseRejection.versionHeld.at("license", "version \(source.version) is the newest")
        }
        let version = try LicenseDelivery.version(source.version, of: inft.id, in: state)
        try Deliveries.check(
            delivery, act: .licenseRevision, inft: inft.id, version: version, by: record.licensee, field: "delivery",
            in: context)
        try Admission.check(
            Admission.Case(
                terms: terms, inft: inft, licensee: record.licensee, use: record.use, expiresAt: record.expiresAt,
                demand: .noDenial),
            at: time, in: state)
        let asked = DeliveryRecord(
            id: context.madeIdentifier(), act: .licenseRevision, inft: inft.id, version: version.number,
            license: license, from: source.party, to: record.licensee, sealingKey: delivery.sealingKey,
            requestedAt: time, beginBy: time.adding(milliseconds: LicenseLimits.onwardMilliseconds))
        record.openDelivery = asked.id
        return Plan(record: record, delivery: asked)
    }

    /// Who has the newest version to give: the owner, or the licensee above what was delivered to them last.
    private func source(
        _ record: LicenseRecord, _ inft: INFTRecord, in state: any StateReader
    ) throws(Refusal) -> (party: Party, version: UInt64) {
        guard let above = try LicenseChain.above(record, in: state).first else {
            return (inft.owner, inft.versionCount)
        }
        let held = try above.delivery.map { (id) throws(Refusal) in
            try Deliveries.require(id, field: "license", in: state).version
        }
        return (above.licensee, held ?? above.version)
    }

    public func apply(_ plan: Plan, in context: OperationContext) throws(Refusal) {
        context.state.set(LicenseKeys.license(license), plan.record)
        try LicenseAct.request(plan.delivery, in: context)
    }

    public func words(_ names: any NameResolver) -> [String] {
        ["Ask for the newest version under the license \(names.identifier(license.description))"]
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(license)
        writer.write(delivery)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 2) { (reader) throws(EncodingFailure) in
            RequestVersion(license: try reader.value("license"), delivery: try reader.value("delivery"))
        }
    }
}

extension LicenseAct {
    /// One delivery of a license at a time: what it is about would change under the other.
    static func requireNoDelivery(_ license: LicenseRecord) throws(Refusal) {
        guard let open = license.openDelivery else { return }
        throw LicenseRejection.deliveryUnderWay.at(
            "license", "the delivery \(open) is under way", hint: "Wait until it has ended, or end it.",
            retryable: true)
    }

    /// Stores a delivery without money, with its deadline.
    static func request(_ delivery: DeliveryRecord, in context: OperationContext) throws(Refusal) {
        Deliveries.open(delivery, in: context)
        try LicenseDue.schedule(.deliveryBegin, delivery.id.bytes, at: delivery.beginBy, in: context.state)
        context.emit(LicenseEvent.deliveryRequested(DeliveryChanged(delivery)))
    }
}
