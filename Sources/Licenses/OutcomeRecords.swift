public import Encoding
public import Primitives
import StateModel

/// How one use ended, as an institution reported it.
/// `[license, receipt, entry, inft, version, measure, institution, nullifier, agrees, bin?, observed?, at]`
public struct OutcomeRecord: CBORCodable, Codable, Hashable, Sendable {
    public let license: LicenseID
    /// The receipt's number, and the entry in it.
    public let receipt: UInt64
    public let entry: UInt64
    public let inft: INFTID
    public let version: UInt64
    /// Hash of the document that defines what is measured, and how.
    public let measure: Hash
    public let institution: Party
    /// The case, to the institution alone.
    public let nullifier: Hash
    /// What came out agrees with what was found.
    public let agrees: Bool
    /// The tenth that was predicted, fixed when the use was recorded; nil if nothing was.
    public let bin: UInt8?
    /// Whether what was predicted came about.
    public let observed: Bool?
    public let at: Timestamp

    public init(
        license: LicenseID, receipt: UInt64, entry: UInt64, inft: INFTID, version: UInt64, measure: Hash,
        institution: Party, nullifier: Hash, agrees: Bool, bin: UInt8?, observed: Bool?, at: Timestamp
    ) {
        self.license = license
        self.receipt = receipt
        self.entry = entry
        self.inft = inft
        self.version = version
        self.measure = measure
        self.institution = institution
        self.nullifier = nullifier
        self.agrees = agrees
        self.bin = bin
        self.observed = observed
        self.at = at
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(12)
        writer.write(license)
        writer.write(receipt)
        writer.write(entry)
        writer.write(inft)
        writer.write(version)
        writer.write(measure)
        writer.write(institution)
        writer.write(nullifier)
        writer.write(agrees)
        writer.write(bin.map { UInt64($0) })
        if let observed { writer.write(observed) } else { writer.writeNull() }
        writer.write(at)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 12) { (reader) throws(EncodingFailure) in
            OutcomeRecord(
                license: try reader.value("license"), receipt: try reader.unsigned("receipt"),
                entry: try reader.unsigned("entry"), inft: try reader.value("inft"),
                version: try reader.unsigned("version"), measure: try reader.value("measure"),
                institution: try reader.value("institution"), nullifier: try reader.value("nullifier"),
                agrees: try reader.boolean("agrees"), bin: try OutcomeBin.index(&reader),
                observed: reader.null() ? nil : try reader.boolean("observed"), at: try reader.value("at"))
        }
    }
}

/// Which use a case was reported under. `[license, receipt, entry]`
public struct OutcomeCase: CBORCodable, Codable, Hashable, Sendable {
    public let license: LicenseID
    public let receipt: UInt64
    public let entry: UInt64

    public init(license: LicenseID, receipt: UInt64, entry: UInt64) {
        self.license = license
        self.receipt = receipt
        self.entry = entry
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(3)
        writer.write(license)
        writer.write(receipt)
        writer.write(entry)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 3) { (reader) throws(EncodingFailure) in
            OutcomeCase(
                license: try reader.value("license"), receipt: try reader.unsigned("receipt"),
                entry: try reader.unsigned("entry"))
        }
    }
}

/// Cases whose prediction lay in one tenth, and in how many of them it came about. `[predicted, observed]`
public struct OutcomeBin: CBORCodable, Codable, Hashable, Sendable {
    public static let count = 10

    public var predicted: UInt64
    public var observed: UInt64

    public init(predicted: UInt64 = 0, observed: UInt64 = 0) {
        self.predicted = predicted
        self.observed = observed
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(predicted)
        writer.write(observed)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 2) { (reader) throws(EncodingFailure) in
            OutcomeBin(predicted: try reader.unsigned("predicted"), observed: try reader.unsigned("observed"))
        }
    }

    /// 0 to 9, or null.
    static func index(_ reader: inout CBORReader) throws(EncodingFailure) -> UInt8? {
        reader.null() ? nil : UInt8(truncatingIfNeeded: try reader.unsigned("bin", max: UInt64(count - 1)))
    }
}

/// What was reported of a version under a measure: by all, or by one institution.
/// `[inft, version, measure, institution?, reports, agreeing, bins, firstAt, lastAt]`
public struct OutcomeTotals: CBORCodable, Codable, Hashable, Sendable {
    public let inft: INFTID
    public let version: UInt64
    public let measure: Hash
    /// Nil: all of them.
    public let institution: Party?
    public var reports: UInt64
    public var agreeing: UInt64
    /// Ten.
    public var bins: [OutcomeBin]
    public let firstAt: Timestamp
    public var lastAt: Timestamp

    public init(
        inft: INFTID, version: UInt64, measure: Hash, institution: Party?, reports: UInt64 = 0, agreeing: UInt64 = 0,
        bins: [OutcomeBin] = Array(repeating: OutcomeBin(), count: OutcomeBin.count), firstAt: Timestamp,
        lastAt: Timestamp
    ) {
        self.inft = inft
        self.version = version
        self.measure = measure
        self.institution = institution
        self.reports = reports
        self.agreeing = agreeing
        self.bins = bins
        self.firstAt = firstAt
        self.lastAt = lastAt
    }

    /// Each report is a transaction's operation: 64 bits are never reached.
    mutating func add(_ outcome: OutcomeRecord) {
        reports += 1
        if outcome.agrees { agreeing += 1 }
        if let bin = outcome.bin {
            bins[Int(bin)].predicted += 1
            if outcome.observed == true { bins[Int(bin)].observed += 1 }
        }
        lastAt = outcome.at
    }

    /// In millionths; nil of no reports.
    public var agreement: PartsPerMillion? {
        guard reports > 0 else { return nil }
        return PartsPerMillion(UInt64(UInt128(agreeing) * 1_000_000 / UInt128(reports)))
    }

    /// How far, on average over the cases that were predicted, what came about lies from the middle of the predicted tenth:
    /// ⌊Σ |10⁶ · observed − middle · predicted| ÷ Σ predicted⌋, in millionths. Nil if nothing was predicted.
    public var calibrationError: PartsPerMillion? {
        var cases: UInt128 = 0
        var distance: UInt128 = 0
        for (index, bin) in bins.enumerated() where bin.predicted > 0 {
            cases += UInt128(bin.predicted)
            let came = UInt128(bin.observed) * 1_000_000
            let expected = UInt128(bin.predicted) * (UInt128(index) * 100_000 + 50_000)
            distance += came > expected ? came - expected : expected - came
        }
        return cases == 0 ? nil : PartsPerMillion(UInt64(distance / cases))
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(9)
        writer.write(inft)
        writer.write(version)
        writer.write(measure)
        writer.write(institution)
        writer.write(reports)
        writer.write(agreeing)
        writer.write(bins)
        writer.write(firstAt)
        writer.write(lastAt)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 9) { (reader) throws(EncodingFailure) in
            let totals = OutcomeTotals(
                inft: try reader.value("inft"), version: try reader.unsigned("version"),
                measure: try reader.value("measure"), institution: try reader.optional("institution"),
                reports: try reader.unsigned("reports"), agreeing: try reader.unsigned("agreeing"),
                bins: try reader.list("bins", max: OutcomeBin.count), firstAt: try reader.value("firstAt"),
                lastAt: try reader.value("lastAt"))
            guard totals.bins.count == OutcomeBin.count else { throw reader.failure(.wrongCount, "bins") }
            return totals
        }
    }
}

/// What was reported of a version under a measure with a party's hand in it. `[reports, agreeing]`
public struct OutcomeHand: CBORCodable, Codable, Hashable, Sendable {
    public private(set) var reports: UInt64
    public private(set) var agreeing: UInt64

    public init(reports: UInt64 = 0, agreeing: UInt64 = 0) {
        self.reports = reports
        self.agreeing = agreeing
    }

    mutating func add(_ outcome: OutcomeRecord) {
        reports += 1
        if outcome.agrees { agreeing += 1 }
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(2)
        writer.write(reports)
        writer.write(agreeing)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 2) { (reader) throws(EncodingFailure) in
            OutcomeHand(reports: try reader.unsigned("reports"), agreeing: try reader.unsigned("agreeing"))
        }
    }
}

/// What became of an outcome price. `[at, isPaid, reports, agreeing]`
public struct OutcomeSettlement: CBORCodable, Codable, Hashable, Sendable {
    public let at: Timestamp
    /// Into the vault; false: back to the buyer.
    public let isPaid: Bool
    /// By which it was decided.
    public let reports: UInt64
    public let agreeing: UInt64

    public init(at: Timestamp, isPaid: Bool, reports: UInt64, agreeing: UInt64) {
        self.at = at
        self.isPaid = isPaid
        self.reports = reports
        self.agreeing = agreeing
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(4)
        writer.write(at)
        writer.write(isPaid)
        writer.write(reports)
        writer.write(agreeing)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 4) { (reader) throws(EncodingFailure) in
            OutcomeSettlement(
                at: try reader.value("at"), isPaid: try reader.boolean("isPaid"),
                reports: try reader.unsigned("reports"), agreeing: try reader.unsigned("agreeing"))
        }
    }
}

/// The part of a license's price that waits for outcomes, held until its deadline.
/// `[license, asset, amount, deadline?, reports, agreeing, settlement?]`
public struct OutcomeHold: CBORCodable, Codable, Hashable, Sendable {
    public let license: LicenseID
    public let asset: AssetID
    public let amount: Amount
    /// Nil until the license is active.
    public var deadline: Timestamp?
    /// Under this license, of the version that was bought, under the measure of the terms.
    public var reports: UInt64
    public var agreeing: UInt64
    public var settlement: OutcomeSettlement?

    public init(
        license: LicenseID, asset: AssetID, amount: Amount, deadline: Timestamp?, reports: UInt64 = 0,
        agreeing: UInt64 = 0, settlement: OutcomeSettlement? = nil
    ) {
        self.license = license
        self.asset = asset
        self.amount = amount
        self.deadline = deadline
        self.reports = reports
        self.agreeing = agreeing
        self.settlement = settlement
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(7)
        writer.write(license)
        writer.write(asset)
        writer.write(amount)
        writer.write(deadline)
        writer.write(reports)
        writer.write(agreeing)
        writer.write(settlement)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 7) { (reader) throws(EncodingFailure) in
            OutcomeHold(
                license: try reader.value("license"), asset: try reader.value("asset"),
                amount: try reader.value("amount"), deadline: try reader.optional("deadline"),
                reports: try reader.unsigned("reports"), agreeing: try reader.unsigned("agreeing"),
                settlement: try reader.optional("settlement"))
        }
    }
}
