public import Primitives
import Revenue
import StateModel

/// What a sublicense would cost, and where the money would go, before anyone signs.
public struct SublicenseQuote: Codable, Hashable, Sendable {
    public let license: LicenseID
    public let asset: AssetID?
    public let price: Amount
    /// Into the vault: what the license above cost; the least that can be asked.
    public let fee: Amount
    /// Into the vault too: the revenue share of the terms, of what is asked beyond.
    public let share: Amount
    /// Who grants it, and what they get.
    public let licensee: Party
    public let margin: Amount
    /// Of fee and share.
    public let royalties: [QuotedRoyalty]
    public let holders: [QuotedHolder]
    public let rounding: Amount
    /// When a sublicense without an end of its own would end.
    public let expiresAt: Timestamp?
    /// Seats that are free to be given; null where the terms count none.
    public let freeSeats: UInt64?
}

public struct SublicenseQuoteParameters: Codable, Sendable {
    public let license: LicenseID
    public let price: Amount?
}

extension LicenseQueries {
    static let sublicenseQuote = Query(
        "license_quoteSublicense",
        "What a sublicense of a license costs and everyone whom the money reaches, before signing.",
        [
            QueryParameter("license", "The license above."),
            QueryParameter(
                "price", "What is asked, in smallest units; the least that can be if left out.", required: false),
        ],
        from: SublicenseQuoteParameters.self, to: SublicenseQuote.self
    ) { (parameters, context) throws(Refusal) in
        let state = context.state
        let above = try LicenseLedger.requireLicense(parameters.license, field: "license", in: state)
        let terms = try LicenseLedger.storedTerms(above.terms, in: state)
        guard terms.grant.isSublicensable else {
            throw LicenseRejection.notSublicensable.at("license", "the terms do not allow sublicenses")
        }
        let price = parameters.price ?? SublicensePrice.least(above, terms)
        let split = try SublicensePrice(price, above, terms, in: state)
        let due = Amount(split.fee.units + split.share.units)
        let shares = try Quote.shares(of: due, above.asset, above.inft, in: state)
        return SublicenseQuote(
            license: above.id, asset: above.asset, price: price, fee: split.fee, share: split.share,
            licensee: above.licensee, margin: Amount(price.units - due.units), royalties: shares.royalties,
            holders: shares.holders, rounding: shares.rounding, expiresAt: above.expiresAt,
            freeSeats: above.seats(terms).map { $0 - min($0, above.seatsTaken) })
    }
}
