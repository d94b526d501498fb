import Cryptography
public import Encoding
import INFTs
import Identities
public import Primitives
import Revenue
public import StateModel

/// What opens the output's commitment, as far as anybody needs to see: the predicted tenth, not the output.
/// `[salt, bin?, inner]`
public struct OutcomeOpening: CBORCodable, Codable, Hashable, Sendable {
    public let salt: Hash
    public let bin: UInt8?
    /// The salted commitment to the output itself.
    public let inner: Hash

    public init(salt: Hash, bin: UInt8?, inner: Hash) {
        self.salt = salt
        self.bin = bin
        self.inner = inner
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(3)
        writer.write(salt)
        writer.write(bin.map { UInt64($0) })
        writer.write(inner)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 3) { (reader) throws(EncodingFailure) in
            OutcomeOpening(
                salt: try reader.value("salt"), bin: try OutcomeBin.index(&reader), inner: try reader.value("inner"))
        }
    }
}

/// An enrolled institution reports how a use ended: the licensee, or for it whoever has it as a member or was named as its
/// agent. Once for each use, once for each case, and by nobody who is paid for the INFT.
/// `[license, receipt, index, entry, path, opening, measure, nullifier, agrees, observed?]`
public struct ReportOutcome: DomainOperation {
    public static let name = "license.reportOutcome"

    public let license: LicenseID
    /// The receipt's number.
    public let receipt: UInt64
    /// Which of its entries.
    public let index: UInt64
    public let entry: UseEntry
    /// From the entry to the receipt's root.
    public let path: [Hash]
    public let opening: OutcomeOpening
    /// Hash of the document that defines what is measured, and how.
    public let measure: Hash
    /// Of the case; see ``UseCommitments/nullifier(secret:inft:version:measure:caseName:)``.
    public let nullifier: Hash
    public let agrees: Bool
    /// Exactly where something was predicted: whether it came about.
    public let observed: Bool?

    public init(
        license: LicenseID, receipt: UInt64, index: UInt64, entry: UseEntry, path: [Hash], opening: OutcomeOpening,
        measure: Hash, nullifier: Hash, agrees: Bool, observed: Bool?
    ) {
        self.license = license
        self.receipt = receipt
        self.index = index
        self.entry = entry
        self.path = path
        self.opening = opening
        self.measure = measure
        self.nullifier = nullifier
        self.agrees = agrees
        self.observed = observed
    }

    /// License, receipt, INFT, credentials, organizations of owner and creators, the vault's holders, totals, and those
    /// of up to three parties with a hand in it.
    public var weight: UInt64 { 10 + 4 * (30 + 66 + 6) + 150 + CredentialWeights.holds }

    public struct Plan {
        let license: LicenseRecord
        let receipt: UseReceipt
        let outcome: OutcomeRecord
    }

    public func check(in context: OperationContext) throws(Refusal) -> Plan {
        let state = context.state
        let time = context.block.time
        let institution = context.actor
        let record = try LicenseLedger.requireLicense(license, field: "license", in: state)
        try Authority.require(institution, for: .licensing, in: context, field: "license")
        guard var receipt = try state.record(LicenseKeys.receipt(license, receipt)) else {
            throw LicenseRejection.outcomeInvalid.at("receipt", "the license has no receipt \(self.receipt)")
        }
        try requireInstitution(institution, at: time, in: state)
        let licensee = record.licensee(at: receipt.at) ?? record.licensee
        try requireReporter(institution, for: licensee, record, at: time, in: state)
        try OutcomeInterests.requireNone(institution, licensee, record, in: state)
        try requireEntry(of: receipt)
        guard receipt.reported & (1 << index) == 0 else {
            throw LicenseRejection.outcomeReported.at("index", "an outcome of this use was reported already")
        }
        guard nullifier != .zero, measure != .zero else {
            throw LicenseRejection.outcomeInvalid.at(nullifier == .zero ? "nullifier" : "measure", "is zero")
        }
        guard try state.record(LicenseKeys.outcomeCase(record.inft, institution, nullifier)) == nil else {
            throw LicenseRejection.outcomeReported.at(
                "nullifier", "\(institution) reported this case already", hint: "A case counts once for a version.")
        }
        receipt.reported |= 1 << index
        return Plan(
            license: record, receipt: receipt,
            outcome: OutcomeRecord(
                license: license, receipt: receipt.number, entry: index, inft: record.inft,
                version: receipt.version, measure: measure, institution: institution, nullifier: nullifier,
                agrees: agrees, bin: opening.bin, observed: observed, at: time))
    }

    private func requireInstitution(
        _ party: Party, at time: Timestamp, in state: any StateReader
    ) throws(Refusal) {
        guard try Parties.kind(of: party, in: state) == .institution,
            try Credentials.holds(party, .accreditation, jurisdiction: nil, at: time, in: state)
        else {
            throw LicenseRejection.notEnrolled.at(
                "", "\(party) is no enrolled institution",
                hint: "An institution with an accreditation in force reports.")
        }
    }

    private func requireReporter(
        _ institution: Party, for licensee: Party, _ license: LicenseRecord, at time: Timestamp,
        in state: any StateReader
    ) throws(Refusal) {
        if try LicenseCheck.isOf(institution, licensee, in: state) { return }
        if try LicenseAgents.isNamed(institution, of: license, at: time, in: state) { return }
        throw LicenseRejection.notLicensee.at(
            "license", "\(institution) neither is \(licensee), nor has it as a member, nor was named as its agent",
            hint: "The licensee can name who reports for it: license.nameAgent.")
    }

    /// The entry is in the receipt, was one run, and its output was committed to with this prediction.
    private func requireEntry(of receipt: UseReceipt) throws(Refusal) {
        guard index < receipt.entries,
            MerkleLog.verifyInclusion(
                of: MerkleLog.leafHash(entry.encoded), at: index, count: receipt.entries, path: path,
                root: receipt.root)
        else {
            throw LicenseRejection.outcomeInvalid.at("entry", "it is not entry \(index) of the receipt")
        }
        guard entry.count == 1 else {
            throw LicenseRejection.outcomeInvalid.at(
                "entry", "it stands for \(entry.count) runs; an outcome is of one")
        }
        guard UseCommitments.output(salt: opening.salt, bin: opening.bin, inner: opening.inner) == entry.output else {
            throw LicenseRejection.outcomeInvalid.at(
                "opening", "it does not open the output that was committed to when the use was recorded")
        }
        guard (opening.bin == nil) == (observed == nil) else {
            throw LicenseRejection.outcomeInvalid.at(
                "observed", opening.bin == nil ? "nothing was predicted" : "say whether what was predicted came about")
        }
    }

    public func apply(_ plan: Plan, in context: OperationContext) throws(Refusal) {
        let outcome = plan.outcome
        let state = context.state
        state.set(LicenseKeys.receipt(license, receipt), plan.receipt)
        state.set(LicenseKeys.outcome(license, receipt, index), outcome)
        state.set(
            LicenseKeys.outcomeCase(outcome.inft, outcome.institution, nullifier),
            OutcomeCase(license: license, receipt: receipt, entry: index))
        let all = LicenseKeys.outcomeTotals(outcome.inft, outcome.version, measure)
        let own = LicenseKeys.outcomeTotals(outcome.inft, outcome.version, measure, by: outcome.institution)
        for (key, institution) in [(all, Party?.none), (own, outcome.institution)] {
            var totals =
                try state.record(key)
                ?? OutcomeTotals(
                    inft: outcome.inft, version: outcome.version, measure: measure, institution: institution,
                    firstAt: outcome.at, lastAt: outcome.at)
            totals.add(outcome)
            state.set(key, totals)
        }
        for party in hands(in: plan) {
            let key = LicenseKeys.outcomeHand(outcome.inft, outcome.version, measure, party)
            var hand = try state.record(key) ?? OutcomeHand()
            hand.add(outcome)
            state.set(key, hand)
        }
        try OutcomePrices.note(outcome, plan.license, in: context)
        context.emit(LicenseEvent.outcomeReported(OutcomeReported(plan.license, outcome)))
    }

    /// Each once: who bought the license, who used it, who reports.
    private func hands(in plan: Plan) -> [Party] {
        let license = plan.license
        var parties = [license.buyer]
        for party in [license.licensee(at: plan.receipt.at) ?? license.licensee, plan.outcome.institution]
        where !parties.contains(party) {
            parties.append(party)
        }
        return parties
    }

    public func words(_ names: any NameResolver) -> [String] {
        var lines = [
            "Report how a use of the license \(names.identifier(license.description)) ended: receipt \(receipt), entry "
                + "\(index)",
            "The output \(agrees ? "agrees" : "does not agree") with what was found, as the document \(measure) measures",
        ]
        if let bin = opening.bin {
            let came = observed == true ? "came about" : "did not come about"
            lines.append("Predicted with \(Int(bin) * 10) to \(Int(bin) * 10 + 10) %: it \(came)")
        }
        return lines + ["Everyone will see this and the institution's name; not the case, and not who it is about"]
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(10)
        writer.write(license)
        writer.write(receipt)
        writer.write(index)
        writer.write(entry)
        writer.write(path)
        writer.write(opening)
        writer.write(measure)
        writer.write(nullifier)
        writer.write(agrees)
        if let observed { writer.write(observed) } else { writer.writeNull() }
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 10) { (reader) throws(EncodingFailure) in
            ReportOutcome(
                license: try reader.value("license"), receipt: try reader.unsigned("receipt"),
                index: try reader.unsigned("index", max: UInt64(LicenseLimits.useEntries - 1)),
                entry: try reader.value("entry"),
                path: try reader.list("path", max: LicenseLimits.usePath), opening: try reader.value("opening"),
                measure: try reader.value("measure"), nullifier: try reader.value("nullifier"),
                agrees: try reader.boolean("agrees"),
                observed: reader.null() ? nil : try reader.boolean("observed"))
        }
    }
}

/// Who gains by an INFT's good name reports nothing about it: its owner, who sold the license, its creators, whoever shares
/// in its revenue, and organizations with their members.
enum OutcomeInterests {
    static func requireNone(
        _ institution: Party, _ licensee: Party, _ license: LicenseRecord, in state: any StateReader
    ) throws(Refusal) {
        let inft = try INFTRegistry.requireKnown(license.inft, field: "license", in: state)
        let makers = Set([inft.owner, license.licensor] + inft.creators.map(\.party))
        let gainers = try makers.union(Vaults.holders(of: inft.id, in: state).map(\.party))
        for party in institution == licensee ? [institution] : [institution, licensee] {
            guard try !isOne(party, of: gainers, makers: makers, in: state) else {
                throw LicenseRejection.outcomeInterested.at(
                    "license", "\(party) owns, made, sold or shares in \(inft.id), or belongs to who does",
                    hint: "Outcomes are reported by those who gain nothing by them.")
            }
        }
    }

    private static func isOne(
        _ party: Party, of gainers: Set<Party>, makers: Set<Party>, in state: any StateReader
    ) throws(Refusal) -> Bool {
        if gainers.contains(party) { return true }
        switch party {
        case .organization(let id):
            return try Organizations.record(id, in: state)?.profile.members.contains {
                gainers.contains(.account($0.account))
            } ?? false
        case .account:
            // The order in which a set is asked does not matter: any of them will do.
            for case .organization(let id) in makers.sorted() {
                if try LicenseCheck.isOf(.organization(id), party, in: state) { return true }
            }
            return false
        }
    }
}
