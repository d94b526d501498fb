public import Encoding
import INFTs
public import Primitives
import StateModel

/// What a sublicense hangs from. `[license, depth, seats?, fee, share]`
public struct Sublicense: CBORCodable, Codable, Hashable, Sendable {
    /// The license above, without which nothing of this one is left.
    public let license: LicenseID
    /// 1 under a license that was bought.
    public let depth: UInt64
    /// How many seats of the license above are this one's.
    public let seats: UInt64?
    /// Of the price, what the vault gets as it did of the license that was bought.
    public let fee: Amount
    /// Of the rest, what the vault gets by the revenue share of the terms.
    public let share: Amount

    public init(license: LicenseID, depth: UInt64, seats: UInt64?, fee: Amount, share: Amount) {
        self.license = license
        self.depth = depth
        self.seats = seats
        self.fee = fee
        self.share = share
    }

    /// What who granted it gets of `price`.
    public func margin(of price: Amount) -> Amount {
        guard let beyond = price.subtracting(fee), let margin = beyond.subtracting(share) else {
            preconditionFailure("the price of a sublicense covers fee and share")
        }
        return margin
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(5)
        writer.write(license)
        writer.write(depth)
        writer.write(seats)
        writer.write(fee)
        writer.write(share)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 5) { (reader) throws(EncodingFailure) in
            Sublicense(
                license: try reader.value("license"), depth: try reader.unsigned("depth"),
                seats: try reader.optional("seats"), fee: try reader.value("fee"),
                share: try reader.value("share"))
        }
    }
}

extension LicenseRecord {
    /// How many named accounts may use it; nil: whoever acts for the licensee.
    func seats(_ terms: Terms) -> UInt64? { under == nil ? terms.grant.seats : under?.seats }
}

/// The licenses above a sublicense. Whatever ends or suspends one of them ends or suspends what hangs from it, by reading
/// alone: nothing is written for each.
enum LicenseChain {
    /// The nearest first; empty of a license that was bought.
    static func above(_ license: LicenseRecord, in state: any StateReader) throws(Refusal) -> [LicenseRecord] {
        var found: [LicenseRecord] = []
        var next = license.under
        while let under = next {
            guard found.count < LicenseLimits.sublicenseDepth,
                let record = try LicenseLedger.license(under.license, in: state)
            else { throw .failed(StateFailure("the license \(under.license) above a sublicense is missing")) }
            found.append(record)
            next = record.under
        }
        return found
    }

    /// The first license above that is not in force at `time`, and what it is then.
    static func ended(
        _ license: LicenseRecord, at time: Timestamp, in state: any StateReader
    ) throws(Refusal) -> (license: LicenseRecord, state: LicenseState)? {
        for record in try above(license, in: state) {
            let own = record.ownState(at: time) ?? .pending
            if own != .active { return (record, own) }
        }
        return nil
    }

    /// A sublicense has come to its end: the license above has its seats again, and one sublicense less. Once.
    static func release(_ under: Sublicense, in state: StateOverlay) throws(Refusal) {
        guard var above = try LicenseLedger.license(under.license, in: state), above.sublicenses > 0,
            above.seatsTaken >= under.seats ?? 0
        else { throw .failed(StateFailure("the sublicenses of \(under.license) are miscounted")) }
        above.sublicenses -= 1
        above.seatsTaken -= under.seats ?? 0
        state.set(LicenseKeys.license(above.id), above)
    }

    /// The price of a sublicense went back: its share does not count towards the ceiling of the license above.
    static func takeBack(_ license: LicenseRecord, in state: StateOverlay) throws(Refusal) {
        guard let under = license.under, under.share > .zero else { return }
        guard var above = try LicenseLedger.license(under.license, in: state),
            let shared = above.shared.subtracting(under.share)
        else { throw .failed(StateFailure("what sublicenses of \(under.license) share is miscounted")) }
        above.shared = shared
        state.set(LicenseKeys.license(above.id), above)
    }
}

/// A sublicense was granted. `[license, above, inft, licensor, licensee, asset?, price, expiresAt?]`
public struct LicenseSublicensed: CBORCodable, Codable, Hashable, Sendable {
    public let license: LicenseID
    public let above: LicenseID
    public let inft: INFTID
    /// Who granted it.
    public let licensor: Party
    public let licensee: Party
    public let asset: AssetID?
    public let price: Amount
    public let expiresAt: Timestamp?

    init(_ record: LicenseRecord, under above: LicenseID) {
        self.init(
            license: record.id, above: above, inft: record.inft, licensor: record.licensor, licensee: record.buyer,
            asset: record.asset, price: record.price, expiresAt: record.expiresAt)
    }

    private init(
        license: LicenseID, above: LicenseID, inft: INFTID, licensor: Party, licensee: Party, asset: AssetID?,
        price: Amount, expiresAt: Timestamp?
    ) {
        self.license = license
        self.above = above
        self.inft = inft
        self.licensor = licensor
        self.licensee = licensee
        self.asset = asset
        self.price = price
        self.expiresAt = expiresAt
    }

    public func encode(into writer: inout CBORWriter) {
        writer.array(8)
        writer.write(license)
        writer.write(above)
        writer.write(inft)
        writer.write(licensor)
        writer.write(licensee)
        writer.write(asset)
        writer.write(price)
        writer.write(expiresAt)
    }

    public init(from reader: inout CBORReader) throws(EncodingFailure) {
        self = try reader.record(count: 8) { (reader) throws(EncodingFailure) in
            LicenseSublicensed(
                license: try reader.value("license"), above: try reader.value("above"),
                inft: try reader.value("inft"), licensor: try reader.value("licensor"),
                licensee: try reader.value("licensee"), asset: try reader.optional("asset"),
                price: try reader.value("price"), expiresAt: try reader.optional("expiresAt"))
        }
    }
}
