import Consents
public import Encoding
import INFTs
import Identities
public import Primitives
import Revenue
public import StateModel

/// Records a batch of uses of a license, checks them by ``LicenseCheck`` as any use is checked, and pays for them: with the
/// prepaid quota first, then from the licensee's balance, if the licensee itself says so.
/// `[license, use, entries, maximumFee]`
public struct RecordUse: DomainOperation {
    public static let name = "license.use"

    public let license: LicenseID
    public let use: MeteredUse
    /// 1 to 64.
    public let entries: [UseEntry]
    /// The most that is paid beyond the prepaid quota.
    public let maximumFee: Amount

    public init(license: LicenseID, use: MeteredUse, entries: [UseEntry], maximumFee: Amount = .zero) {
        self.license = license
        self.use = use
        self.entries = entries
        self.maximumFee = maximumFee
    }

    private enum CodingKeys: String, CodingKey { case license, use, entries, maximumFee }

    /// In JSON the use may be left out, and the most to pay beyond the quota: nothing.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            license: try container.decode(LicenseID.self, forKey: .license),
            use: try container.decodeIfPresent(MeteredUse.self, forKey: .use) ?? MeteredUse(),
            entries: try container.decode([UseEntry].self, forKey: .entries),
            maximumFee: try container.decodeIfPresent(Amount.self, forKey: .maximumFee) ?? .zero)
    }

    /// Standing, license, terms, INFT, credentials, consent, meter, reserve, balance, vault and totals once; two hashes an entry.
    public var weight: UInt64 {
        10 + 4 * 32 + 20 + INFTsWeights.standing + UInt64(entries.count)
            // The set, and the disclosure of the delivery.
            + 2 * ConsentWeights.set + ConsentWeights.actor + decisions
            // Its holder's, and those of whoever has passed it on.
            + UInt64(LicenseLimits.sublicenseDepth + 1) * Admission.weight
    }

    /// As many decisions as what is recorded of the license takes, or one where this says for what and where.
    private var decisions: UInt64 {
        let one: UInt64 = use.trainsModels ? 2 : 1
        return use.purpose == nil || use.territory == nil
            ? one * LicenseLimits.statedDecisions : one * ConsentWeights.decisions(1)
    }

    public struct Plan {
        let license: LicenseRecord
        let terms: Terms
        let meter: LicenseMeter
        let receipt: UseReceipt
        let agent: LicenseAgent?
        let isOwn: Bool
        /// What the reserve pays, and what the licensee's balance.
        let prepaid: Amount
        let single: Amount
    }

    public func check(in context: OperationContext) throws(Refusal) -> Plan {
        let state = context.state
        let time = context.block.time
        let count = try counted()
        let record = try LicenseLedger.requireLicense(license, field: "license", in: state)
        let terms = try LicenseLedger.storedTerms(record.terms, in: state)
        try Authority.require(context.actor, for: .licensing, in: context, field: "license")
        try requireCovered(at: time, by: context.actor, in: state)
        var meter = try Metering.meter(of: license, in: state)
        let fromQuota = terms.payment.isMetered ? min(meter.quota, count) : 0
        let bill = try bill(count, fromQuota: fromQuota, record, terms, in: context)
        guard let uses = meter.uses.adding(count), let total = bill.prepaid.adding(bill.single),
            let fees = meter.fees.adding(total)
        else { throw LicenseRejection.useInvalid.at("entries", "more was used than 64 bits count") }
        let receipt = UseReceipt(
            license: license, number: meter.receipts, user: context.actor, at: time,
            version: use.version ?? record.version, use: use, entries: UInt64(entries.count),
            root: UseEntry.root(entries), uses: count, prepaid: fromQuota, fee: total)
        meter.quota -= fromQuota
        meter.uses = uses
        meter.receipts += 1
        meter.fees = fees
        let inft = try INFTRegistry.requireKnown(record.inft, field: "license", in: state)
        guard receipt.version <= inft.versionCount else {
            throw LicenseRejection.useInvalid.at("use.version", "the INFT has \(inft.versionCount) versions")
        }
        return Plan(
            license: record, terms: terms, meter: meter, receipt: receipt,
            agent: try agent(count, record, terms, in: context), isOwn: record.licensee == inft.owner,
            prepaid: bill.prepaid, single: bill.single)
    }

    /// The sum of the counts.
    private func counted() throws(Refusal) -> UInt64 {
        guard (1...LicenseLimits.useEntries).contains(entries.count) else {
            throw LicenseRejection.useInvalid.at(
                "entries", "1 to \(LicenseLimits.useEntries) entries are recorded at once")
        }
        var sum: UInt64 = 0
        for (index, entry) in entries.enumerated() {
            guard (1...LicenseLimits.usesPerEntry).contains(entry.count) else {
                throw LicenseRejection.useInvalid.at(
                    "entries[\(index)].count", "1 to \(LicenseLimits.usesPerEntry) uses")
            }
            guard entry.input != .zero, entry.output != .zero else {
                throw LicenseRejection.useInvalid.at("entries[\(index)]", "a commitment of zero commits to nothing")
            }
            sum += entry.count
        }
        return sum
    }

    private func requireCovered(at time: Timestamp, by user: Party, in state: any StateReader) throws(Refusal) {
        let verdict = try LicenseCheck.check(license, use.use(by: user), at: time, in: state)
        guard !verdict.isValid else { return }
        throw LicenseRejection.useNotCovered.at(
            "use", verdict.reasons.map { "\($0.reason.name): \($0.message)" }.joined(separator: "; "),
            hint: "license_check says for each use what stands against it.")
    }

    private func bill(
        _ count: UInt64, fromQuota: UInt64, _ record: LicenseRecord, _ terms: Terms, in context: OperationContext
    ) throws(Refusal) -> (prepaid: Amount, single: Amount) {
        guard terms.payment.isMetered, let asset = terms.payment.asset else { return (.zero, .zero) }
        guard let prepaid = terms.payment.perUseFee.times(fromQuota),
            let single = terms.payment.perUseFee.times(count - fromQuota), let sum = prepaid.adding(single)
        else { throw LicenseRejection.useInvalid.at("entries", "they cost more than 64 bits hold") }
        if single > .zero {
            guard context.actor == record.licensee else {
                throw LicenseRejection.quotaSpent.at(
                    "entries", "\(fromQuota) prepaid uses are left; only the licensee itself pays for more",
                    hint: "The licensee adds uses with license.topUp.")
            }
            guard single <= maximumFee else {
                let names = PlainNames(state: context.state)
                throw LicenseRejection.feeAboveMaximum.at(
                    "maximumFee",
                    "\(fromQuota) prepaid uses are left; the others cost \(names.amount(single, of: asset)), the most "
                        + "accepted is \(names.amount(maximumFee, of: asset))")
            }
            try Authority.require(record.licensee, for: .treasury, in: context, field: "maximumFee")
            try Vaults.checkPay(single, of: asset, from: record.licensee, into: record.inft, in: context.state)
        }
        if sum > .zero { try Vaults.checkDeposit(sum, of: asset, into: record.inft, in: context.state) }
        return (prepaid, single)
    }

    /// The agent's record after this, where an agent records it.
    private func agent(
        _ count: UInt64, _ record: LicenseRecord, _ terms: Terms, in context: OperationContext
    ) throws(Refusal) -> LicenseAgent? {
        guard terms.grant.seats == nil,
            try !LicenseCheck.isOf(record.licensee, context.actor, in: context.state),
            var agent = try LicenseAgents.record(context.actor, of: license, in: context.state)
        else { return nil }
        if let allowance = agent.allowance {
            guard count <= allowance else {
                throw LicenseRejection.quotaSpent.at(
                    "entries", "the licensee lets \(context.actor) use it \(allowance) times more",
                    hint: "The licensee names it anew with license.nameAgent.")
            }
            agent.allowance = allowance - count
        }
        agent.uses = agent.uses.adding(count) ?? .max
        return agent
    }

    public func apply(_ plan: Plan, in context: OperationContext) throws(Refusal) {
        let record = plan.license
        context.state.set(LicenseKeys.meter(license), plan.meter)
        context.state.set(LicenseKeys.receipt(license, plan.receipt.number), plan.receipt)
        if let agent = plan.agent { context.state.set(LicenseKeys.agent(license, agent.agent), agent) }
        if plan.prepaid > .zero {
            try Reserves.pay(
                plan.prepaid, kind: .prepaid, for: license.bytes, into: record.inft, reason: .use,
                memo: Hash(license.bytes), in: context)
        }
        if plan.single > .zero, let asset = plan.terms.payment.asset {
            try Vaults.pay(
                plan.single, of: asset, from: record.licensee, into: record.inft, reason: .use,
                memo: Hash(license.bytes), in: context)
        }
        let key = LicenseKeys.versionUses(record.inft, plan.receipt.version)
        var version =
            try context.state.record(key) ?? VersionUses(inft: record.inft, version: plan.receipt.version)
        version.uses = version.uses.adding(plan.receipt.uses) ?? .max
        version.receipts += 1
        if plan.isOwn { version.ownUses = version.ownUses.adding(plan.receipt.uses) ?? .max }
        context.state.set(key, version)
        context.emit(LicenseEvent.used(LicenseUsed(record, plan.receipt, left: plan.meter.quota)))
    }

    public func words(_ names: any NameResolver) -> [String] {
        var said: [String] = []
        if let purpose = use.purpose { said.append("for \(purpose.name)") }
        if let field = use.field { said.append("in the field \(field.name)") }
        if let territory = use.territory { said.append("in \(territory)") }
        if let language = use.language { said.append("in the language \(language)") }
        if let version = use.version { said.append("of version \(version)") }
        if use.isCommercial { said.append("commercially") }
        if use.trainsModels { said.append("to train models") }
        // Saturating: whoever shows words has checked nothing yet.
        let count = entries.reduce(UInt64(0)) { $0.adding($1.count) ?? .max }
        return [
            "Record \(count) use\(count == 1 ? "" : "s") of the license \(names.identifier(license.description))"
                + (said.isEmpty ? "" : ", " + said.joined(separator: ", ")),
            "Inputs and outputs: \(entries.count) pair\(entries.count == 1 ? "" : "s") of commitments, no content",
            maximumFee == .zero
                ? "Paid by the prepaid quota, or free by the terms; nothing else is paid"
                : "Beyond the prepaid quota pay at most "
                    + names.amount(maximumFee, behind: license.bytes, "the terms' asset"),
        ]
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(4)
        writer.write(license)
        writer.write(use)
        writer.write(entries)
        writer.write(maximumFee)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 4) { (reader) throws(EncodingFailure) in
            RecordUse(
                license: try reader.value("license"), use: try reader.value("use"),
                entries: try reader.list("entries", max: LicenseLimits.useEntries),
                maximumFee: try reader.value("maximumFee"))
        }
    }
}
