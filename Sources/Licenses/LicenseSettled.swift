public import Encoding
public import Primitives

/// The price of a purchase of sealed content came to rest. `[license, inft, licensor, buyer, asset?, amount]`
public struct LicenseSettled: CBORCodable, Codable, Hashable, Sendable {
    public let license: LicenseID
    public let inft: INFTID
    public let licensor: Party
    public let buyer: Party
    /// Null where the license cost nothing.
    public let asset: AssetID?
    /// The price without what was set aside for uses.
    public let amount: Amount

    init(_ record: LicenseRecord, _ amount: Amount) {
        self.init(
            license: record.id, inft: record.inft, licensor: record.licensor, buyer: record.buyer,
            asset: record.asset, amount: amount)
    }

    private init(
        license: LicenseID, inft: INFTID, licensor: Party, buyer: Party, asset: AssetID?, amount: Amount
    ) {
        self.license = license
        self.inft = inft
        self.licensor = licensor
        self.buyer = buyer
        self.asset = asset
        self.amount = amount
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(6)
        writer.write(license)
        writer.write(inft)
        writer.write(licensor)
        writer.write(buyer)
        writer.write(asset)
        writer.write(amount)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 6) { (reader) throws(EncodingFailure) in
            LicenseSettled(
                license: try reader.value("license"), inft: try reader.value("inft"),
                licensor: try reader.value("licensor"), buyer: try reader.value("buyer"),
                asset: try reader.optional("asset"), amount: try reader.value("amount"))
        }
    }
}
