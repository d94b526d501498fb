public import Encoding
public import Primitives
import StateModel

/// How a use ended was reported. `[license, inft, licensor, institution, receipt, entry, version, measure, agrees]`
public struct OutcomeReported: CBORCodable, Codable, Hashable, Sendable {
    public let license: LicenseID
    public let inft: INFTID
    public let licensor: Party
    public let institution: Party
    public let receipt: UInt64
    public let entry: UInt64
    public let version: UInt64
    public let measure: Hash
    public let agrees: Bool

    init(_ license: LicenseRecord, _ outcome: OutcomeRecord) {
        self.init(
            license: license.id, inft: license.inft, licensor: license.licensor, institution: outcome.institution,
            receipt: outcome.receipt, entry: outcome.entry, version: outcome.version, measure: outcome.measure,
            agrees: outcome.agrees)
    }

    private init(
        license: LicenseID, inft: INFTID, licensor: Party, institution: Party, receipt: UInt64, entry: UInt64,
        version: UInt64, measure: Hash, agrees: Bool
    ) {
        self.license = license
        self.inft = inft
        self.licensor = licensor
        self.institution = institution
        self.receipt = receipt
        self.entry = entry
        self.version = version
        self.measure = measure
        self.agrees = agrees
    }

    var topics: [Topic] { [.license(license), .inft(inft), .party(licensor), .party(institution)] }

    public func encode(into writer: inout CBORWriter) {
        writer.array(9)
        writer.write(license)
        writer.write(inft)
        writer.write(licensor)
        writer.write(institution)
        writer.write(receipt)
        writer.write(entry)
        writer.write(version)
        writer.write(measure)
        writer.write(agrees)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 9) { (reader) throws(EncodingFailure) in
            OutcomeReported(
                license: try reader.value("license"), inft: try reader.value("inft"),
                licensor: try reader.value("licensor"), institution: try reader.value("institution"),
                receipt: try reader.unsigned("receipt"), entry: try reader.unsigned("entry"),
                version: try reader.unsigned("version"), measure: try reader.value("measure"),
                agrees: try reader.boolean("agrees"))
        }
    }
}

/// The outcome price of a license was paid or given back.
/// `[license, inft, licensor, buyer, asset, amount, isPaid, reports, agreeing]`
public struct OutcomePriceSettled: CBORCodable, Codable, Hashable, Sendable {
    public let license: LicenseID
    public let inft: INFTID
    public let licensor: Party
    public let buyer: Party
    public let asset: AssetID
    public let amount: Amount
    /// Into the vault; false: back to the buyer.
    public let isPaid: Bool
    /// By which it was decided.
    public let reports: UInt64
    public let agreeing: UInt64

    init(_ license: LicenseRecord, _ hold: OutcomeHold, _ settlement: OutcomeSettlement) {
        self.init(
            license: license.id, inft: license.inft, licensor: license.licensor, buyer: license.buyer,
            asset: hold.asset, amount: hold.amount, isPaid: settlement.isPaid, reports: settlement.reports,
            agreeing: settlement.agreeing)
    }

    private init(
        license: LicenseID, inft: INFTID, licensor: Party, buyer: Party, asset: AssetID, amount: Amount,
        isPaid: Bool, reports: UInt64, agreeing: UInt64
    ) {
        self.license = license
        self.inft = inft
        self.licensor = licensor
        self.buyer = buyer
        self.asset = asset
        self.amount = amount
        self.isPaid = isPaid
        self.reports = reports
        self.agreeing = agreeing
    }

    var topics: [Topic] { [.license(license), .inft(inft), .party(licensor), .party(buyer)] }

    public func encode(into writer: inout CBORWriter) {
        writer.array(9)
        writer.write(license)
        writer.write(inft)
        writer.write(licensor)
        writer.write(buyer)
        writer.write(asset)
        writer.write(amount)
        writer.write(isPaid)
        writer.write(reports)
        writer.write(agreeing)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 9) { (reader) throws(EncodingFailure) in
            OutcomePriceSettled(
                license: try reader.value("license"), inft: try reader.value("inft"),
                licensor: try reader.value("licensor"), buyer: try reader.value("buyer"),
                asset: try reader.value("asset"), amount: try reader.value("amount"),
                isPaid: try reader.boolean("isPaid"), reports: try reader.unsigned("reports"),
                agreeing: try reader.unsigned("agreeing"))
        }
    }
}
